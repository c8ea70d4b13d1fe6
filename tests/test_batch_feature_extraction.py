"""The extraction as a whole: golden numbers, what is redone and what is kept, kills, bad input."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn.preprocessing import StandardScaler

import batch_feature_extraction
import cls_feature_class as features
from cls_feature_class import FeatureClass, extract
from parameter import InputError

GOLDEN = Path(__file__).parent / 'golden'

SCRIPT = Path(batch_feature_extraction.__file__)
NAMES = ['split1_ir0_ov1_1', 'split2_ir1_ov2_2', 'split3_ir2_ov1_3']
DESCRIPTION = 'sound_event_recording,start_time,end_time,ele,azi,dist\ncough,0.5,1.5,-10,-10,2\n'


@pytest.fixture
def short(monkeypatch):
    """Recordings of two seconds instead of a minute, to be quick; in this process only."""
    monkeypatch.setattr(features, 'NB_SAMPLES', 96_000)
    monkeypatch.setattr(features, 'NB_FRAMES', 100)


def write_recording(folder: Path, name: str, *, ending='wav', seed=0, subtype='PCM_16',
                    gains=(1, 1, 1, 1)) -> Path:
    """A second of noise that depends on name and seed."""
    rng = np.random.default_rng([*name.encode(), seed])
    folder.mkdir(parents=True, exist_ok=True)
    audio = rng.uniform(-0.5, 0.5, (48_000, 4)) * gains
    soundfile.write(folder / f'{name}.{ending}', audio, 48000, subtype=subtype)
    return folder / f'{name}.{ending}'


def make_dataset(folder: Path, names=NAMES, evaluation=()) -> Path:
    for name in names:
        write_recording(folder / 'foa_dev', name)
        (folder / 'metadata_dev').mkdir(exist_ok=True)
        (folder / 'metadata_dev' / f'{name}.csv').write_text(DESCRIPTION)
    for name in evaluation:
        write_recording(folder / 'foa_eval', name)
    return folder


@pytest.fixture
def dataset(tmp_path):
    return make_dataset(tmp_path / 'data')


@pytest.fixture
def run(tmp_path, dataset, short):
    """Function that extracts the development set, in this process, and returns the summary."""
    def extract_with(is_eval=False, **settings):
        return extract([FeatureClass(dataset, tmp_path / 'out', is_eval=is_eval, n_jobs=1, **settings)])
    return extract_with


def stored(folder: Path) -> dict[str, bytes]:
    """Content of all files but the state, whose times differ, and the lock."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob('*'))
            if path.is_file() and path.suffix != '.json' and path.name != '.extraction.lock'}


def times(folder: Path) -> dict[str, int]:
    return {f'{path.parent.name}/{path.stem}': path.stat().st_mtime_ns for path in folder.rglob('*.np[yz]')}


def redone(before: dict[str, int], after: dict[str, int]) -> set[str]:
    return {name for name in after if before.get(name) != after[name]}


def files_of(kinds: str, names) -> set[str]:
    return {f'foa_dev_{kind}/{name}' for kind in kinds.split() for name in names}


# ---- the whole of it ----


def test_golden_set_through_the_script(tmp_path, golden, capsys):
    """At full length, with two workers and with one: the same to the bit, and the numbers of 2019."""
    shutil.copytree(GOLDEN / 'wav', tmp_path / 'data')
    (tmp_path / 'data' / 'metadata_dev').mkdir()
    shutil.copy(GOLDEN / 'description' / 'split1_ir0_ov1_1.csv', tmp_path / 'data' / 'metadata_dev')
    (tmp_path / 'data' / 'metadata_dev' / 'split2_ir3_ov2_47.csv').touch()
    arguments = ['script', '4', '--dataset_dir', str(tmp_path / 'data')]
    for n_jobs in '1', '2':
        out = tmp_path / f'out{n_jobs}'
        options = ['--feat_label_dir', str(out), '--n_jobs', n_jobs]
        assert batch_feature_extraction.main([*arguments, *options]) == 0
        printed = capsys.readouterr()
        assert printed.out.startswith('foa_dev and foa_eval: 3 of 3 recordings extracted, 296 MB written to ')
        assert not printed.err  # no bar where nobody watches
    assert stored(tmp_path / 'out1') == stored(out)

    assert batch_feature_extraction.main([*arguments, '--feat_label_dir', str(out)]) == 0
    assert capsys.readouterr().out == (
        f'foa_dev and foa_eval: nothing to do, all 3 recordings are up to date in {out}\n')

    expected = golden('features')
    with np.load(out / 'foa_wts.npz', allow_pickle=False) as scaler:
        scale = scaler['scale']
        for name in 'mean', 'var', 'scale':
            np.testing.assert_allclose(scaler[name], expected[f'scaler_{name}'], rtol=1e-6, atol=1e-12)
    for path in out.glob('foa_*_norm/*.npy'):
        name = path.stem
        assert path.stat().st_size == 3000 * 8192 * 4 + 128
        rows = features.open_features(path)
        assert rows.shape == tuple(expected[f'{name}/shape'])
        error = np.abs(rows[expected['rows']] - expected[f'{name}/normalized'])
        turn = 2 * np.pi / scale[4096:]  # the phases of frame 0 are pi or -pi by rounding
        error[0, 4096:] = np.minimum(error[0, 4096:], np.abs(error[0, 4096:] - turn))
        assert error.max() < 2e-3
    labels = features.open_labels(out / 'foa_dev_label' / 'split1_ir0_ov1_1.npy')
    azimuths, elevations = golden('labels')['split1_ir0_ov1_1/azi'], golden('labels')['split1_ir0_ov1_1/ele']
    np.testing.assert_array_equal(labels[:, 11:], np.hstack([azimuths, elevations]))
    assert not (out / 'foa_eval_label').exists()
    for is_eval in False, True:
        FeatureClass('', out, 'foa', is_eval).check_ready()


def test_the_methods_of_2019_in_their_order(run, dataset, tmp_path):
    run()
    write_recording(dataset / 'foa_eval', 'split0_1')
    extract([FeatureClass(dataset, tmp_path / 'out', 'foa', True, n_jobs=1)])
    for is_eval in False, True:
        feat_cls = FeatureClass(dataset, tmp_path / 'old', 'foa', is_eval, n_jobs=1)
        feat_cls.extract_all_feature()
        feat_cls.preprocess_features()
        if not is_eval:
            with pytest.raises(InputError, match='the features of foa_dev are not complete'):
                feat_cls.check_ready()
            feat_cls.extract_all_labels()
        feat_cls.check_ready()
    assert stored(tmp_path / 'old') == stored(tmp_path / 'out')


def test_normalising_needs_the_first_stage(dataset, tmp_path, short):
    with pytest.raises(InputError, match='no moments of split1_ir0_ov1_1 and 2 more; call extract_all'):
        FeatureClass(dataset, tmp_path / 'out').preprocess_features()


def test_labels_need_no_recordings(dataset, tmp_path):
    shutil.rmtree(dataset / 'foa_dev')
    feat_cls = FeatureClass(dataset, tmp_path / 'out')
    feat_cls.extract_all_labels()
    assert len(list((tmp_path / 'out' / 'foa_dev_label').iterdir())) == 3
    with pytest.raises(InputError, match='the features of foa_dev are not complete'):
        feat_cls.check_ready()


def test_the_scaler_is_scikit_learns_over_the_whole_set(run, dataset, tmp_path):
    write_recording(dataset / 'foa_dev', NAMES[0], gains=(0.01, 1, 0, 1))
    run(save_spectra=True)
    spectra = [np.load(tmp_path / 'out' / 'foa_dev' / f'{name}.npy').astype(np.complex128) for name in NAMES]
    rows = np.concatenate([np.hstack([np.abs(spectrum), np.angle(spectrum)]) for spectrum in spectra])
    expected = StandardScaler().fit(rows)
    with np.load(tmp_path / 'out' / 'foa_wts.npz') as scaler:
        np.testing.assert_allclose(scaler['mean'], expected.mean_, rtol=1e-6)
        np.testing.assert_allclose(scaler['scale'], expected.scale_, rtol=1e-6)
    folder = tmp_path / 'out' / 'foa_dev_norm'
    stored_rows = np.concatenate([np.load(folder / f'{name}.npy') for name in NAMES])
    np.testing.assert_allclose(stored_rows, expected.transform(rows), rtol=1e-5, atol=1e-6)


def test_quirk_the_evaluation_set_uses_the_development_sets_scaler(run, dataset, tmp_path):
    write_recording(dataset / 'foa_eval', 'split0_1', gains=(0.1, 0.1, 0.1, 0.1))
    with pytest.raises(InputError, match='foa_wts.npz: no scaler, and the evaluation set is normalised with '
                                         'that of the development set; run `python batch_feature_extraction'
                                         '.py` with foa_dev/ in dataset_dir first'):
        run(is_eval=True)
    run()
    run(is_eval=True)
    mean, scale = features.load_scaler(tmp_path / 'out' / 'foa_wts.npz')
    audio = np.pad(features.load_recording(dataset / 'foa_eval' / 'split0_1.wav'), ((0, 48_000), (0, 0)))
    rows = features.normalize(features.spectrum_to_features(features.stft(audio)), mean, scale)
    stored_rows = features.open_features(tmp_path / 'out' / 'foa_eval_norm' / 'split0_1.npy')
    np.testing.assert_allclose(stored_rows, rows, rtol=1e-6)
    assert stored_rows[10, :4096].mean() < -0.5  # quieter than the development set


def test_evaluation_labels_where_there_are_descriptions(run, dataset, tmp_path):
    run()
    write_recording(dataset / 'foa_eval', 'split0_1')
    run(is_eval=True)
    evaluation = FeatureClass(dataset, tmp_path / 'out', is_eval=True)
    with pytest.raises(InputError, match='metadata_eval: no such folder of descriptions'):
        evaluation.extract_all_labels()
    (dataset / 'metadata_eval').mkdir()
    (dataset / 'metadata_eval' / 'split0_1.csv').write_text(DESCRIPTION)
    assert run(is_eval=True).made == 1
    labels = features.open_labels(Path(evaluation.get_label_dir()) / 'split0_1.npy')
    assert labels[25:77, 8].tolist() == [1] * 51 + [0]


def test_flac_recordings_and_hidden_files(run, dataset, tmp_path, caplog):
    (dataset / 'foa_dev' / f'{NAMES[1]}.wav').unlink()
    write_recording(dataset / 'foa_dev', NAMES[1], ending='flac', subtype='PCM_24')
    (dataset / 'foa_dev' / '._split1_ir0_ov1_1.wav').write_bytes(b'of another system')
    (dataset / 'foa_dev' / 'README.txt').write_text('about the recordings')
    assert run().recordings == 3
    assert caplog.messages == [f'{dataset}/foa_dev/README.txt: passed over, recordings are .wav or .flac']


# ---- settings ----


def test_float16_halves_the_disk(run, tmp_path):
    run()
    exact = np.load(tmp_path / 'out' / 'foa_dev_norm' / f'{NAMES[0]}.npy')
    before = times(tmp_path / 'out')
    run(feature_dtype='float16')
    assert redone(before, times(tmp_path / 'out')) == files_of('norm', NAMES)
    rounded = features.open_features(tmp_path / 'out' / 'foa_dev_norm' / f'{NAMES[0]}.npy')
    assert rounded.dtype == np.float16
    np.testing.assert_allclose(rounded, exact, rtol=2**-11, atol=2**-25)


def test_float16_that_cannot_hold_the_features_is_told(run, dataset, tmp_path):
    for name in NAMES:  # barely audible in the third channel: its scale is tiny
        write_recording(dataset / 'foa_dev', name, subtype='FLOAT', gains=(1, 1, 1e-6, 1))
    loud = write_recording(dataset / 'foa_eval', 'split0_1', subtype='FLOAT')
    run(feature_dtype='float16')
    with pytest.raises(InputError, match=f'{loud}: features beyond the range of float16, expected levels'):
        run(is_eval=True, feature_dtype='float16')
    run()
    assert run(is_eval=True).made == 1


def test_spectra_only_where_asked_for(run, dataset, tmp_path):
    run()
    assert not (tmp_path / 'out' / 'foa_dev').exists()
    before = times(tmp_path / 'out')
    run(save_spectra=True)
    assert redone(before, times(tmp_path / 'out')) == {f'foa_dev/{name}' for name in NAMES}
    spectra = np.load(tmp_path / 'out' / 'foa_dev' / f'{NAMES[0]}.npy')
    assert spectra.dtype == np.complex64 and spectra.shape == (100, 4096)
    assert run().made == 0  # they are kept
    write_recording(dataset / 'foa_dev', NAMES[1], seed=1)
    run()  # but not those of a recording that was changed
    left = {path.stem for path in (tmp_path / 'out' / 'foa_dev').iterdir()}
    assert left == {NAMES[0], NAMES[2]}


# ---- what is redone ----


def test_a_finished_run_does_nothing(run, tmp_path):
    assert run().made == 3
    before = times(tmp_path / 'out')
    summary = run()
    assert (summary.made, summary.recordings, summary.megabytes) == (0, 3, 0)
    assert times(tmp_path / 'out') == before


def same_as_anew(dataset: Path, out: Path) -> bool:
    """Whether a folder holds what an extraction into an empty folder gives."""
    anew = out.with_name('anew')
    shutil.rmtree(anew, ignore_errors=True)
    extract([FeatureClass(dataset, anew, n_jobs=1)])
    return stored(anew) == stored(out)


def test_an_added_recording(run, dataset, tmp_path):
    run()
    before = times(tmp_path / 'out')
    make_dataset(dataset, ['split4_ir4_ov1_4'])
    # The new recording is written again with the same content as the others: made_dataset touches it alone.
    assert run().made == 4
    assert redone(before, times(tmp_path / 'out')) == (
        files_of('norm', [*NAMES, 'split4_ir4_ov1_4']) | files_of('moments label', ['split4_ir4_ov1_4'])
        | {'out/foa_wts'})
    assert same_as_anew(dataset, tmp_path / 'out')


def test_a_removed_recording(run, dataset, tmp_path):
    run()
    before = times(tmp_path / 'out')
    (dataset / 'foa_dev' / f'{NAMES[1]}.wav').unlink()
    (dataset / 'metadata_dev' / f'{NAMES[1]}.csv').unlink()
    run()
    left = [NAMES[0], NAMES[2]]
    assert redone(before, times(tmp_path / 'out')) == files_of('norm', left) | {'out/foa_wts'}
    assert same_as_anew(dataset, tmp_path / 'out')


def test_a_changed_recording(run, dataset, tmp_path):
    run()
    before = times(tmp_path / 'out')
    write_recording(dataset / 'foa_dev', NAMES[1], seed=1)
    run()
    assert redone(before, times(tmp_path / 'out')) == (
        files_of('norm', NAMES) | files_of('moments', [NAMES[1]]) | {'out/foa_wts'})
    assert same_as_anew(dataset, tmp_path / 'out')


def test_a_recording_written_anew_with_the_same_content(run, dataset, tmp_path):
    """Only its own files are made again: the scaler comes out the same, so the others stay."""
    run()
    before = times(tmp_path / 'out')
    write_recording(dataset / 'foa_dev', NAMES[1])
    run()
    assert redone(before, times(tmp_path / 'out')) == files_of('moments norm', [NAMES[1]]) | {'out/foa_wts'}


def test_a_changed_description(run, dataset, tmp_path):
    run()
    before = times(tmp_path / 'out')
    (dataset / 'metadata_dev' / f'{NAMES[2]}.csv').write_text(DESCRIPTION.replace('cough', 'knock'))
    assert run().made == 1
    assert redone(before, times(tmp_path / 'out')) == files_of('label', [NAMES[2]])


def test_removed_and_replaced_outputs(run, dataset, tmp_path):
    run()
    before = times(tmp_path / 'out')
    content = stored(tmp_path / 'out')
    (tmp_path / 'out' / 'foa_dev_norm' / f'{NAMES[0]}.npy').unlink()
    np.save(tmp_path / 'out' / 'foa_dev_label' / f'{NAMES[1]}.npy', np.zeros(3))
    assert run().made == 2
    again = redone(before, times(tmp_path / 'out'))
    assert again == files_of('norm', NAMES[:1]) | files_of('label', NAMES[1:2])
    assert stored(tmp_path / 'out') == content


def test_the_evaluation_set_follows_the_scaler(run, dataset, tmp_path):
    write_recording(dataset / 'foa_eval', 'split0_1')
    sets = [FeatureClass(dataset, tmp_path / 'out', is_eval=is_eval, n_jobs=1) for is_eval in (False, True)]
    extract(sets)
    write_recording(dataset / 'foa_dev', NAMES[1], seed=1)
    run()
    with pytest.raises(InputError, match='foa_eval_norm: normalised with another scaler than .*foa_wts.npz'):
        sets[1].check_ready()
    before = times(tmp_path / 'out')
    assert extract(sets).made == 1
    assert redone(before, times(tmp_path / 'out')) == {'foa_eval_norm/split0_1'}
    sets[1].check_ready()

    # While the development set is half extracted there is no scaler.
    write_recording(dataset / 'foa_dev', NAMES[1], seed=2)
    sets[0].extract_all_feature()
    with pytest.raises(InputError, match='foa_wts.npz: no scaler, and the evaluation set is normalised with'):
        extract(sets[1:])
    extract(sets)

    # The whole work is known from the start: one recording measured, three and the evaluation's normalised.
    write_recording(dataset / 'foa_dev', NAMES[1], seed=3)
    told = []
    extract(sets, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 5) for done in range(1, 6)]


def test_an_added_evaluation_recording_that_fails(run, dataset, tmp_path):
    run()
    write_recording(dataset / 'foa_eval', 'split0_1')
    run(is_eval=True)
    soundfile.write(dataset / 'foa_eval' / 'split0_2.wav', np.full((100, 4), np.inf), 48000, subtype='FLOAT')
    with pytest.raises(InputError, match='split0_2.wav: sample 0 of channel 1 is inf'):
        run(is_eval=True)
    with pytest.raises(InputError, match='the features of foa_eval are not complete'):
        FeatureClass(dataset, tmp_path / 'out', is_eval=True).check_ready()


def test_a_folder_of_another_version_is_extracted_anew(run, tmp_path, monkeypatch):
    run()
    monkeypatch.setattr(features, '_VERSION', features._VERSION + 1)
    assert run().made == 3


def test_progress_reaches_its_end(dataset, tmp_path, short):
    told = []
    write_recording(dataset / 'foa_eval', 'split0_1')
    sets = [FeatureClass(dataset, tmp_path / 'out', is_eval=is_eval, n_jobs=1) for is_eval in (False, True)]
    extract(sets, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 7) for done in range(1, 8)]  # twice over three recordings, once over the fourth


# ---- killed ----


class Killed(BaseException):
    """Stands for the end of the process: nothing is done after it."""


@contextlib.contextmanager
def killed_at(monkeypatch, place: int, *, before: bool):
    """The process ends just before or just after its `place`-th change of the finished files on disk."""
    state = {'count': 0, 'dead': False}

    def deadly(change):
        def changed(self, *args, **kwargs):
            if state['dead']:
                raise Killed  # not even clearing up
            state['count'] += 1
            at_end = state['count'] == place
            state['dead'] = at_end
            if at_end and before:
                raise Killed
            result = change(self, *args, **kwargs)
            if at_end:
                raise Killed
            return result
        return changed

    with monkeypatch.context() as patch:
        patch.setattr(Path, 'replace', deadly(Path.replace))
        patch.setattr(Path, 'unlink', deadly(Path.unlink))
        with contextlib.suppress(Killed):
            yield state


@pytest.mark.parametrize('before', [True, False])
@pytest.mark.parametrize('scenario', ['new', 'added', 'changed', 'float16'])
def test_killed_at_any_change_and_started_again(scenario, before, tmp_path, short, monkeypatch):
    monkeypatch.setattr(features, 'NB_FRAMES', 10)
    monkeypatch.setattr(features, 'NB_SAMPLES', 9600)
    dataset = make_dataset(tmp_path / 'data', NAMES[:2])
    finished = tmp_path / 'finished'
    if scenario != 'new':
        extract([FeatureClass(dataset, finished, n_jobs=1)])
    if scenario == 'added':
        make_dataset(dataset, NAMES[2:])
    if scenario == 'changed':
        write_recording(dataset / 'foa_dev', NAMES[1], seed=1)
    dtype = 'float16' if scenario == 'float16' else 'float32'
    extract([FeatureClass(dataset, tmp_path / 'undisturbed', feature_dtype=dtype, n_jobs=1)])
    undisturbed = stored(tmp_path / 'undisturbed')

    place, out = 0, tmp_path / 'out'
    while True:
        place += 1
        shutil.rmtree(out, ignore_errors=True)
        if finished.exists():
            shutil.copytree(finished, out)  # with the times of its files
        feat_cls = FeatureClass(dataset, out, feature_dtype=dtype, n_jobs=1)
        with killed_at(monkeypatch, place, before=before) as state:
            extract([feat_cls])
        if not state['dead']:
            break
        # What counts as ready is whole: all of the new, or all of the old where the new was not yet begun.
        with contextlib.suppress(InputError):
            feat_cls.check_ready()
            assert stored(out) in (undisturbed, stored(finished))
        known = finished_times(out, tmp_path / 'undisturbed')
        extract([feat_cls])
        assert stored(out) == undisturbed
        assert known.items() <= times(out).items(), 'a finished file was made again'
        feat_cls.check_ready()
    assert place > 10


def finished_times(out: Path, undisturbed: Path) -> dict[str, int]:
    """When the files were made that the state has as finished, from the same as in an undisturbed run."""
    paths = [folder / 'foa_dev_state.json' for folder in (out, undisturbed)]
    if not paths[0].exists():
        return {}
    state, expected = (json.loads(path.read_text()) for path in paths)
    now = times(out)
    finished = {}
    for kind, ending in {'moments': '_moments', 'features': '_norm', 'labels': '_label'}.items():
        for name, line in state.get(kind, {}).items():
            file = f'foa_dev{ending}/{name}'
            made, source = line.split(' from ')
            if made.endswith(f' {now.get(file)}') and expected[kind][name].endswith(f' from {source}'):
                finished[file] = now[file]
    return finished


@pytest.mark.slow
@pytest.mark.parametrize('kind, at_least', [('moments', 1), ('moments', 4), ('norm', 4)])
def test_a_real_kill_of_the_process_and_its_workers(kind, at_least, tmp_path):
    names = [*NAMES, 'split4_ir3_ov1_4', 'split1_ir1_ov1_5', 'split2_ir1_ov1_6']
    dataset = make_dataset(tmp_path / 'data', names)
    extract([FeatureClass(dataset, tmp_path / 'undisturbed', n_jobs=2)])
    command = [sys.executable, str(SCRIPT), '--dataset_dir', str(dataset), '--feat_label_dir',
               str(tmp_path / 'out'), '--n_jobs', '2']
    process = subprocess.Popen(command, start_new_session=True)
    folder = tmp_path / 'out' / f'foa_dev_{kind}'
    while not folder.exists() or len(list(folder.glob('split*.npy'))) < at_least:
        assert process.poll() is None
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(InputError, match='no features of foa_dev|not complete'):
        FeatureClass(dataset, tmp_path / 'out').check_ready()
    known = finished_times(tmp_path / 'out', tmp_path / 'undisturbed')
    assert len(known) >= at_least - 2  # those that the two workers had just finished may not be noted yet
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert '6 recordings' in done.stdout
    assert stored(tmp_path / 'out') == stored(tmp_path / 'undisturbed')
    assert known.items() <= times(tmp_path / 'out').items()
    assert not list((tmp_path / 'out').rglob('.partial-*'))


def test_leftovers_of_a_killed_run_are_cleared(run, tmp_path):
    run()
    leftovers = [tmp_path / 'out' / '.partial-1.json', tmp_path / 'out' / 'foa_dev_norm' / '.partial-2.npy']
    foreign = tmp_path / 'out' / 'elsewhere' / '.partial-3.npy'
    foreign.parent.mkdir()
    for path in (*leftovers, foreign):
        path.touch()
    run()
    assert foreign.exists() and not any(path.exists() for path in leftovers)


def test_a_second_run_into_the_folder_is_refused(run, dataset, tmp_path):
    run()
    with features.exclusive(tmp_path / 'out' / '.extraction.lock', 'doing something'):
        done = subprocess.run([sys.executable, str(SCRIPT), '--dataset_dir', str(dataset), '--feat_label_dir',
                               str(tmp_path / 'out')], capture_output=True, text=True)
    assert done.returncode == 1
    assert f'another process is extracting into {tmp_path}/out; wait until it has finished' in done.stderr
    assert run().made == 0  # the lock is gone with its owner


# ---- bad input ----


def test_all_problems_are_told_together(dataset, tmp_path):
    folder = dataset / 'foa_dev'
    soundfile.write(folder / f'{NAMES[0]}.wav', np.zeros((100, 4)), 44100)
    soundfile.write(folder / f'{NAMES[1]}.wav', np.zeros((100, 2)), 48000)
    write_recording(folder, NAMES[2], ending='flac')
    write_recording(folder, 'take_7')
    described = dataset / 'metadata_dev'
    (described / f'{NAMES[0]}.csv').write_text(DESCRIPTION + 'bark,1,2,0,0,1\ncough,2,1,0,0,1\n')
    (described / 'split4_ir0_ov1_9.csv').touch()
    with pytest.raises(InputError) as error:
        FeatureClass(dataset, tmp_path / 'out').extract_all_feature()
    assert str(error.value).split('\n  ') == [
        '8 problems:',
        f'{folder}/{NAMES[0]}.wav: sampling rate 44100 Hz, expected 48000',
        f'{folder}/{NAMES[1]}.wav: 2 channels, expected 4',
        f'{folder}/{NAMES[2]}.flac: a second recording of this name, beside {NAMES[2]}.wav',
        f'{folder}/take_7.wav: not a recording name of the data set, expected '
        'split{S}_ir{R}_ov{O}_{N} or split{S}_{N}',
        f"{described}/{NAMES[0]}.csv:3: class 'bark', expected one of {', '.join(features.CLASSES)}",
        f'{described}/{NAMES[0]}.csv:4: end_time 1 is before start_time 2',
        f'{folder}/take_7.wav: no description {described}/take_7.csv',
        f'{described}/split4_ir0_ov1_9.csv: no recording {folder}/split4_ir0_ov1_9.wav',
    ]
    assert not (tmp_path / 'out').exists()  # nothing was begun


@pytest.mark.parametrize('missing, message', [
    ('.', 'foa_dev: no such folder of recordings; set dataset_dir'),
    ('foa_dev', 'foa_dev: no such folder of recordings; set dataset_dir'),
    ('metadata_dev', 'metadata_dev: no such folder of descriptions'),
    ('foa_dev/*', r'foa_dev: no recordings \(\.wav, \.flac\) in this folder'),
])
def test_missing_folders(missing, message, dataset, tmp_path):
    if missing.endswith('*'):
        for path in dataset.glob(missing):
            path.unlink()
    else:
        shutil.rmtree(dataset / missing)
    with pytest.raises(InputError, match=message):
        extract([FeatureClass(dataset, tmp_path / 'out')])


def test_a_full_disk_is_told_before_the_work(dataset, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=200_000_000)
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage)
    with pytest.raises(InputError, match='out: 0.2 GB free, expected 0.3 GB; set feat_label_dir to another '
                                         'disk, or feature_dtype to float16 for half of it'):
        extract([FeatureClass(dataset, tmp_path / 'out')])


def test_problems_in_the_samples_are_told_once_the_others_are_finished(run, dataset, tmp_path):
    broken = [dataset / 'foa_dev' / f'{name}.wav' for name in NAMES[:2]]
    for path in broken:
        soundfile.write(path, np.full((100, 4), np.nan), 48000, subtype='FLOAT')
    with pytest.raises(InputError) as error:
        run()
    assert str(error.value).split('\n  ') == [
        '2 problems:',
        *(f'{path}: sample 0 of channel 1 is nan, expected a finite number' for path in broken)]
    assert times(tmp_path / 'out').keys() == files_of('moments', NAMES[2:])
    with pytest.raises(InputError, match='the features of foa_dev are not complete'):
        FeatureClass(dataset, tmp_path / 'out').check_ready()
    before = times(tmp_path / 'out')
    for path in broken:
        write_recording(path.parent, path.stem)
    run()
    assert before.items() <= times(tmp_path / 'out').items()
    assert same_as_anew(dataset, tmp_path / 'out')


def test_silent_channels_are_warned_of_once(run, dataset, caplog):
    path = write_recording(dataset / 'foa_dev', NAMES[0], gains=(1, 0, 1, 0))
    run()
    assert caplog.messages == [f'{path}: channel 2 is silent', f'{path}: channel 4 is silent']


def test_an_evaluation_recording_that_is_a_dangling_link(dataset, tmp_path):
    write_recording(dataset / 'foa_eval', 'split0_1')
    (dataset / 'foa_eval' / 'split0_2.wav').symlink_to('nowhere.wav')
    with pytest.raises(InputError, match='foa_eval/split0_2.wav: not a file, expected a recording'):
        extract([FeatureClass(dataset, tmp_path / 'out', is_eval=is_eval, n_jobs=1) for is_eval in (0, 1)])


def test_features_of_no_recording_are_refused(run, dataset, tmp_path):
    run()
    foreign = tmp_path / 'out' / 'foa_dev_norm' / 'split1_ir0_ov1_99.npy'
    foreign.touch()
    message = f'{foreign}: belongs to no recording of {dataset}/foa_dev; remove it'
    with pytest.raises(InputError, match=message):
        run()


# ---- ready or not ----


def test_check_ready(run, dataset, tmp_path):
    feat_cls = FeatureClass(dataset, tmp_path / 'out')
    with pytest.raises(InputError, match='no features of foa_dev; run `python batch_feature_extraction.py 4'):
        feat_cls.check_ready(4)
    run()
    feat_cls.check_ready()
    FeatureClass('', tmp_path / 'out').check_ready()  # without the recordings
    with pytest.raises(InputError, match='out: the features of foa_dev are float32, the setting feature_d'
                                         'type is float16; change it or run `python batch_feature_'):
        FeatureClass(dataset, tmp_path / 'out', feature_dtype='float16').check_ready()
    state = tmp_path / 'out' / 'foa_dev_state.json'
    content = state.read_text()
    state.write_text(content.replace('"complete": true', '"complete": false'))
    with pytest.raises(InputError, match=r'the features of foa_dev are not complete \(their extraction'):
        feat_cls.check_ready()
    state.write_text(content)
    for folder in 'foa_dev_norm', 'foa_dev_label':
        path = tmp_path / 'out' / folder / f'{NAMES[1]}.npy'
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        with pytest.raises(InputError, match=f'{path}: missing or damaged; run `python batch_feat'):
            feat_cls.check_ready()
        path.unlink()
        with pytest.raises(InputError, match=f'{path}: missing or damaged'):
            feat_cls.check_ready()
        path.write_bytes(whole)
    feat_cls.check_ready()
    (tmp_path / 'out' / 'foa_wts.npz').unlink()
    with pytest.raises(InputError, match='foa_wts.npz: no scaler'):
        feat_cls.check_ready()


# ---- the script ----


def test_the_script_tells_in_one_line_what_is_missing(tmp_path):
    done = subprocess.run([sys.executable, str(SCRIPT), '2'], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == ('batch_feature_extraction.py: error: 2 problems:\n'
                           '  data/mic_dev: no such folder of recordings; set dataset_dir\n'
                           '  data/metadata_dev: no such folder of descriptions\n')


@pytest.mark.parametrize('arguments, message', [
    (['77'], "unknown task id '77', expected one of 1, 2"),
    (['1', '--feature_dtype', 'float64'], "setting feature_dtype: got 'float64', expected one of float32"),
    (['1', '--n_jobs', '0'], 'n_jobs 0, expected a number of processes, or -1 for one a core'),
])
def test_wrong_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        batch_feature_extraction.main(['script', *arguments])


def test_dask_that_is_not_installed(dataset, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'distributed', None)
    with pytest.raises(InputError, match=r"--dask: Dask is not installed, run `pip install 'dask\[distr"):
        batch_feature_extraction.main(['script', '--dataset_dir', str(dataset), '--dask', 'tcp://127.0.0.1:1'])


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same(dataset, tmp_path, capsys):
    from distributed import LocalCluster

    extract([FeatureClass(dataset, tmp_path / 'here', n_jobs=2)])
    with LocalCluster(n_workers=2, threads_per_worker=1, host='127.0.0.1', dashboard_address=None) as cluster:
        batch_feature_extraction.main(['script', '--dataset_dir', str(dataset), '--feat_label_dir',
                                       str(tmp_path / 'there'), '--dask', cluster.scheduler_address])
    assert '3 of 3 recordings extracted' in capsys.readouterr().out
    assert stored(tmp_path / 'here') == stored(tmp_path / 'there')
