"""The state: what is made again and what is kept, after changes and kills; its file and older ones."""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_datasets import (
    DESCRIPTION,
    HEADER,
    NAMES,
    SHORT,
    files_of,
    make_data,
    recording_set,
    redone,
    stored,
    times,
    write_recording,
)

from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError
from seldnet.common.files import file_stamp
from seldnet.extraction.checks import check_ready
from seldnet.extraction.digests import file_digest
from seldnet.extraction.stages import extract, measure
from seldnet.extraction.state import ExtractionState
from seldnet.extraction.state_file import FILE_KINDS, VERSION

# ---- what is made again ----


def test_a_finished_run_does_nothing(run, tmp_path):
    assert run().made == 3
    before = times(tmp_path / 'out')
    summary = run()
    assert (summary.made, summary.recordings, summary.megabytes) == (0, 3, 0)
    assert times(tmp_path / 'out') == before


def same_as_anew(data: Path, out: Path) -> bool:
    """Whether a folder holds what an extraction into an empty folder gives."""
    anew = out.with_name('anew')
    shutil.rmtree(anew, ignore_errors=True)
    extract([recording_set(data, anew)])
    return stored(anew) == stored(out)


def test_an_added_recording(run, data, tmp_path):
    run()
    before = times(tmp_path / 'out')
    make_data(data, ['split4_ir4_ov1_4'])
    assert run().made == 4
    assert redone(before, times(tmp_path / 'out')) == (
        files_of('norm', [*NAMES, 'split4_ir4_ov1_4']) | files_of('moments label', ['split4_ir4_ov1_4'])
        | {'out/foa_wts'})
    assert same_as_anew(data, tmp_path / 'out')


def test_a_removed_recording(run, data, tmp_path):
    run()
    before = times(tmp_path / 'out')
    (data / 'foa_dev' / f'{NAMES[1]}.wav').unlink()
    (data / 'metadata_dev' / f'{NAMES[1]}.csv').unlink()
    run()
    left = [NAMES[0], NAMES[2]]
    assert redone(before, times(tmp_path / 'out')) == files_of('norm', left) | {'out/foa_wts'}
    assert same_as_anew(data, tmp_path / 'out')


def test_a_changed_recording(run, data, tmp_path):
    run()
    before = times(tmp_path / 'out')
    write_recording(data / 'foa_dev', NAMES[1], seed=1)
    run()
    assert redone(before, times(tmp_path / 'out')) == (
        files_of('norm', NAMES) | files_of('moments', [NAMES[1]]) | {'out/foa_wts'})
    assert same_as_anew(data, tmp_path / 'out')


def test_a_recording_written_anew_with_the_same_content(run, data, tmp_path):
    """Size and time say nothing of what is in a file: it is looked into, and nothing is made again."""
    run()
    before = times(tmp_path / 'out')
    write_recording(data / 'foa_dev', NAMES[1])
    assert run().made == 0
    assert times(tmp_path / 'out') == before


def test_a_recording_that_was_replaced_under_its_size_and_time(run, data, tmp_path):
    """As by `cp -p`: the time that no program sets, and the file's number, are others."""
    run()
    before = times(tmp_path / 'out')
    path = data / 'foa_dev' / f'{NAMES[1]}.wav'
    status = path.stat()
    write_recording(data / 'foa_dev', NAMES[1], seed=1)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file_stamp(path)[:2] == (status.st_size, status.st_mtime_ns)
    run()
    assert redone(before, times(tmp_path / 'out')) == (
        files_of('norm', NAMES) | files_of('moments', [NAMES[1]]) | {'out/foa_wts'})
    assert run().made == 0
    assert same_as_anew(data, tmp_path / 'out')


@pytest.mark.parametrize('what', ['data', 'out'])
def test_lost_times_cost_nothing(what, run, data, tmp_path):
    """As by `cp -r`: contents are compared, and the new stamps noted."""
    run()
    shutil.copytree(tmp_path / what, tmp_path / 'copy', copy_function=shutil.copyfile)
    shutil.rmtree(tmp_path / what)
    (tmp_path / 'copy').rename(tmp_path / what)
    before = times(tmp_path / 'out')
    assert run().made == 0
    assert times(tmp_path / 'out') == before
    state = recording_set(data, tmp_path / 'out').state()
    assert state.damaged(*FILE_KINDS) == [] and not state.has_news


def test_files_that_were_swapped_are_made_again(run, data, tmp_path):
    run()
    content = stored(tmp_path / 'out')
    paths = [tmp_path / 'out' / 'foa_dev_norm' / f'{name}.npy' for name in NAMES[:2]]
    paths[0].rename(tmp_path / 'x')
    paths[1].rename(paths[0])
    (tmp_path / 'x').rename(paths[1])
    with pytest.raises(InputError, match='foa_dev_norm/split1_ir0_ov1_1.npy and 1 more: missing or changed'):
        check_ready(recording_set(data, tmp_path / 'out'))
    assert run().made == 2
    assert stored(tmp_path / 'out') == content


@pytest.mark.parametrize(('settings', 'words'), [
    ({'feature_dtype': 'float16'}, 'foa_dev_norm: 3 finished files (9.8 MB) were made with feature_dtype '
                                   'float32, not float16, and would be made anew; --overwrite does so, '
                                   'another feat_label_dir keeps them'),
    ({'dataset': dataclasses.replace(SHORT, recording_s=1)},
     'foa_dev_norm: 6 finished files (10.2 MB) were made with recording_s 2, not 1, and would be')])
def test_finished_work_of_other_settings_goes_only_where_that_is_asked_for(settings, words, run, tmp_path):
    run()
    before = times(tmp_path / 'out')
    with pytest.raises(InputError, match=re.escape(words)):
        run(**settings)
    assert times(tmp_path / 'out') == before
    assert run().made == 0
    assert run(overwrite=True, **settings).made == 3


def test_labels_of_other_classes_are_made_anew_without_asking(run, tmp_path):
    run()
    before = times(tmp_path / 'out')
    classes = (*SHORT.classes[:-1], 'whistle')
    assert run(dataset=dataclasses.replace(SHORT, classes=classes)).made == 3
    assert redone(before, times(tmp_path / 'out')) == set()  # the same labels: only what they mean is noted


def test_features_without_a_state_go_only_where_that_is_asked_for(run, tmp_path):
    run()
    (tmp_path / 'out' / 'foa_dev_state.json').unlink()
    before = times(tmp_path / 'out')
    with pytest.raises(InputError, match=r'foa_dev_norm: 3 finished files \(9.8 MB\) are there without foa'):
        run()
    assert times(tmp_path / 'out') == before
    assert run(overwrite=True).made == 3


def test_a_changed_description(run, data, tmp_path):
    run()
    before = times(tmp_path / 'out')
    (data / 'metadata_dev' / f'{NAMES[2]}.csv').write_text(DESCRIPTION.replace('cough', 'knock'))
    assert run().made == 1
    assert redone(before, times(tmp_path / 'out')) == files_of('label', [NAMES[2]])


def test_removed_and_replaced_outputs(run, data, tmp_path):
    run()
    before = times(tmp_path / 'out')
    content = stored(tmp_path / 'out')
    (tmp_path / 'out' / 'foa_dev_norm' / f'{NAMES[0]}.npy').unlink()
    np.save(tmp_path / 'out' / 'foa_dev_label' / f'{NAMES[1]}.npy', np.zeros(3))
    assert run().made == 2
    again = redone(before, times(tmp_path / 'out'))
    assert again == files_of('norm', NAMES[:1]) | files_of('label', NAMES[1:2])
    assert stored(tmp_path / 'out') == content


def test_the_evaluation_set_follows_the_scaler(run, data, tmp_path):
    write_recording(data / 'foa_eval', 'split0_1')
    sets = [recording_set(data, tmp_path / 'out', is_eval=is_eval) for is_eval in (False, True)]
    extract(sets)
    write_recording(data / 'foa_dev', NAMES[1], seed=1)
    run()
    with pytest.raises(InputError, match='foa_eval_norm: normalised with another scaler than .*foa_wts.npz'):
        check_ready(sets[1])
    before = times(tmp_path / 'out')
    assert extract(sets).made == 1
    assert redone(before, times(tmp_path / 'out')) == {'foa_eval_norm/split0_1'}
    check_ready(sets[1])

    # While the development set is half extracted there is no scaler.
    write_recording(data / 'foa_dev', NAMES[1], seed=2)
    extract(sets[:1], stages=[measure])
    with pytest.raises(InputError, match='foa_wts.npz: no scaler, and the evaluation set is normalised with'):
        extract(sets[1:])
    extract(sets)

    # The whole work is known from the start: one recording measured, three and the evaluation's normalised.
    write_recording(data / 'foa_dev', NAMES[1], seed=3)
    calls = []
    extract(sets, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(done, 5) for done in range(1, 6)]


def test_an_added_evaluation_recording_that_fails(run, data, tmp_path):
    run()
    write_recording(data / 'foa_eval', 'split0_1')
    run(is_eval=True)
    soundfile.write(data / 'foa_eval' / 'split0_2.wav', np.full((100, 4), np.inf), 48000, subtype='FLOAT')
    with pytest.raises(InputError, match='split0_2.wav: sample 0 of channel 1 is inf'):
        run(is_eval=True)
    with pytest.raises(InputError, match='the features of foa_eval are not complete'):
        check_ready(recording_set(data, tmp_path / 'out', is_eval=True))


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
def test_killed_at_any_change_and_started_again(scenario, before, tmp_path, monkeypatch):
    short = dataclasses.replace(TAU2019, recording_s=0.2)
    description = HEADER + 'cough,0.05,0.1,-10,-10,2\n'
    data = make_data(tmp_path / 'data', NAMES[:2], description=description)
    finished = tmp_path / 'finished'
    if scenario != 'new':
        extract([recording_set(data, finished, dataset=short)])
    if scenario == 'added':
        make_data(data, NAMES[2:], description=description)
    if scenario == 'changed':
        write_recording(data / 'foa_dev', NAMES[1], seed=1)
    dtype = 'float16' if scenario == 'float16' else 'float32'
    extract([recording_set(data, tmp_path / 'undisturbed', feature_dtype=dtype, dataset=short)])
    undisturbed = stored(tmp_path / 'undisturbed')

    place, out = 0, tmp_path / 'out'
    while True:
        place += 1
        shutil.rmtree(out, ignore_errors=True)
        if finished.exists():
            shutil.copytree(finished, out)  # with the times of its files
        recordings = recording_set(data, out, feature_dtype=dtype, dataset=short,
                                   overwrite=scenario == 'float16')
        with killed_at(monkeypatch, place, before=before) as state:
            extract([recordings])
        if not state['dead']:
            break
        # What counts as ready is whole: all of the new, or all of the old where the new was not yet begun.
        with contextlib.suppress(InputError):
            check_ready(recordings)
            assert stored(out) in (undisturbed, stored(finished))
        known = finished_times(out, tmp_path / 'undisturbed')
        extract([recordings])
        assert stored(out) == undisturbed
        assert known.items() <= times(out).items(), 'a finished file was made again'
        check_ready(recordings)
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
        for name, entry in state.get(kind, {}).items():
            file = f'foa_dev{ending}/{name}'
            if entry['time_ns'] == now.get(file) and entry['source'] == expected[kind][name]['source']:
                finished[file] = now[file]
    return finished


# ---- the file ----


def test_the_file_of_many_is_not_written_after_each(tmp_path):
    """A twentieth of the time at most; `update` saves what is left."""
    def file_of(kind, name):
        return tmp_path / 'a.npy'
    np.save(file_of('features', ''), np.zeros(1))
    path = tmp_path / 'state.json'
    state = ExtractionState(path, file_of)
    written = set()
    for number in range(200):
        state.note('features', f'recording{number}', {}, digest='0' * 16)
        written.add(path.stat().st_mtime_ns)
    state.update()
    assert len(ExtractionState(path, file_of).names('features')) == 200
    assert len(written) < 100


def test_the_file_holds_fields(run, data, tmp_path):
    run()
    state = json.loads((tmp_path / 'out' / 'foa_dev_state.json').read_text())
    assert state.keys() == {'version', 'complete', 'feature_dtype', 'scaler_digest', 'moments', 'scaler',
                            'features', 'labels', 'dataset', 'inputs'}
    assert (state['version'], state['complete'], state['feature_dtype']) == (VERSION, True, 'float32')
    paths = tmp_path / 'out' / 'foa_dev_norm' / f'{NAMES[0]}.npy', data / 'foa_dev' / f'{NAMES[0]}.wav'
    features, recording = (path.stat() for path in paths)
    assert state['inputs']['recording'][NAMES[0]] == {
        'size': recording.st_size, 'time_ns': recording.st_mtime_ns, 'ctime_ns': recording.st_ctime_ns,
        'inode': recording.st_ino, 'digest': file_digest(paths[1]),
        'identity': [recording.st_size, recording.st_mtime_ns]}
    assert state['features'][NAMES[0]] == {
        'size': features.st_size, 'time_ns': features.st_mtime_ns, 'ctime_ns': features.st_ctime_ns,
        'inode': features.st_ino, 'digest': file_digest(paths[0]),
        'source': {'recording': [recording.st_size, recording.st_mtime_ns], 'recording_s': 2,
                   'feature_dtype': 'float32', 'scaler': state['scaler_digest']}}
    assert state['dataset'] == SHORT.facts()
    assert state['labels'].keys() == set(NAMES) and state['scaler'].keys() == {'scaler'}


def test_a_folder_of_a_later_version_is_extracted_anew_where_that_is_asked_for(run, tmp_path):
    run()
    path = tmp_path / 'out' / 'foa_dev_state.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | {'version': VERSION + 1}))
    before = times(tmp_path / 'out')
    with pytest.raises(InputError, match=rf'state.json: version: found {VERSION + 1}, expected at most'):
        run()
    assert times(tmp_path / 'out') == before
    assert run(overwrite=True).made == 3


def test_a_folder_of_version_2_is_read(run, tmp_path):
    run()
    path = tmp_path / 'out' / 'foa_dev_state.json'
    state = json.loads(path.read_text()) | {'version': 2}
    del state['inputs']
    for kind in FILE_KINDS:
        for entry in state.get(kind, {}).values():
            for key in ('ctime_ns', 'inode', 'digest'):
                del entry[key]
    path.write_text(json.dumps(state))
    before = times(tmp_path / 'out')
    assert run().made == 0
    assert times(tmp_path / 'out') == before


def state_of_version_1(data: Path, out: Path) -> dict:
    """The state of a folder of features with raw spectra as version 1 wrote it."""
    def stamp(path):
        return f'{path.stat().st_size} bytes of {path.stat().st_mtime_ns}'

    def lines(ending, sources, more=''):
        return {name: f'{stamp(out / f"foa_dev{ending}" / f"{name}.npy")} from {source}{more}'
                for name, source in sources.items()}

    recordings = {path.stem: stamp(path) for path in sorted((data / 'foa_dev').iterdir())}
    descriptions = {path.stem: stamp(path) for path in sorted((data / 'metadata_dev').iterdir())}
    moments = '\n'.join(f'{name} {source}' for name, source in recordings.items())
    with np.load(out / 'foa_wts.npz') as scaler:
        scaler_digest = hashlib.sha256(scaler['mean'].tobytes() + scaler['scale'].tobytes()).hexdigest()[:16]
    return {
        'version': 1,
        'complete': True,
        'moments': lines('_moments', recordings),
        'spectra': lines('', recordings),
        'scaler': {'scaler': f'{stamp(out / "foa_wts.npz")} from '
                             f'{hashlib.sha256(moments.encode()).hexdigest()[:16]}'},
        'feature_dtype': 'float32',
        'scaler_digest': scaler_digest,
        'features': lines('_norm', recordings, f', float32, scaler {scaler_digest}'),
        'labels': lines('_label', descriptions),
    }


def test_a_state_of_version_1_is_read_and_written_anew_with_the_next_change(run, data, tmp_path):
    run(save_spectra=True)
    path, out = tmp_path / 'out' / 'foa_dev_state.json', tmp_path / 'out'
    version_2 = json.loads(path.read_text())
    version_1 = state_of_version_1(data, out)
    path.write_text(json.dumps(version_1, indent=2))

    # Version 1 knew TAU 2019 only, and noted no facts of a data set.
    del version_2['dataset']
    version_3 = {**version_2, 'inputs': {}}
    for kind in FILE_KINDS:
        for entry in version_2.get(kind, {}).values():
            entry['source'].pop('recording_s', None)
            entry |= {'ctime_ns': None, 'inode': None, 'digest': None}
    version_2['scaler']['scaler']['source']['moments'] = version_1['scaler']['scaler'].split()[-1]

    state = ExtractionState(path, recording_set(data, out).file)
    assert state.complete and state.dataset_facts is None
    for kind in ('moments', 'raw_spectra', 'features', 'labels', 'scaler'):
        expected = {name: entry['source'] for name, entry in version_2[kind].items()}
        assert expected and state.missing(kind, expected) == []
    assert json.loads(path.read_text()) == version_1
    state.update(complete=False)
    assert json.loads(path.read_text()) == version_3 | {'complete': False}


def test_a_folder_of_version_1_is_of_tau_2019(run, data, tmp_path):
    run()
    path = tmp_path / 'out' / 'foa_dev_state.json'
    state = json.loads(path.read_text())
    del state['dataset']
    path.write_text(json.dumps(state))
    with pytest.raises(InputError, match='made for another data set: recording_s 60, not 2'):
        check_ready(recording_set(data, tmp_path / 'out'))


@pytest.mark.parametrize('line', [
    'x', '', None, 3, [], '1 bytes of 2', '1 bytes of 2 from ', '1 bytes of 2 from 3 bytes of 4, float32',
    '-1 bytes of 2 from 3 bytes of 4', f'{"9" * 5000} bytes of 2 from 3 bytes of 4'])
def test_lines_of_version_1_that_are_none_are_refused(line, tmp_path):
    with pytest.raises(InputError, match=r'state.json: labels / split1_1: found .*, expected an entry of'):
        state_of(tmp_path, {'version': 1, 'complete': False, 'labels': {'split1_1': line}})


def state_of(folder: Path, content) -> ExtractionState:
    """The state that a file of this content is read as; files are those of a recording_set."""
    (folder / 'state.json').write_text(json.dumps(content))
    return ExtractionState(folder / 'state.json', recording_set(folder, folder / 'out').file)


STAMP = {'size': 1, 'time_ns': 2, 'ctime_ns': 3, 'inode': 4, 'digest': 'a'}
ENTRY = {**STAMP, 'source': {'recording': [3, 4]}}


@pytest.mark.parametrize('content', [
    None, [], 'text', {}, {'version': 2}, {'version': 2, 'complete': 1}, {'version': 2, 'complete': True},
    {'version': 2, 'complete': True, 'feature_dtype': 'float32'},
    {'version': 3, 'complete': False, 'features': []},
    {'version': 3, 'complete': False, 'features': {'a': 'line'}},
    {'version': 3, 'complete': False, 'features': {'a': ENTRY | {'size': '1'}}},
    {'version': 3, 'complete': False, 'features': {'a': ENTRY | {'size': True}}},
    {'version': 3, 'complete': False, 'features': {'a': ENTRY | {'source': 1}}},
    {'version': 3, 'complete': False, 'features': {'a': STAMP}},
    {'version': 1}, {'version': 1, 'complete': True, 'labels': {}},
    {'version': 1, 'complete': False, 'labels': 3}, {'version': 10**30, 'complete': False},
    {'version': 3, 'complete': False, 'inputs': []},
    {'version': 3, 'complete': False, 'inputs': {'recording': {'../a': {**STAMP, 'identity': [1, 2]}}}},
    {'version': 3, 'complete': False, 'inputs': {'recording': {'a': {**STAMP, 'identity': [1]}}}}])
def test_what_is_no_state_is_refused_or_counts_as_none(content, tmp_path):
    with pytest.raises(InputError, match='state.json: .*expected .*; remove it, or --overwrite'):
        state_of(tmp_path, content)
    recordings = recording_set(tmp_path, tmp_path / 'out')
    state = ExtractionState(tmp_path / 'state.json', recordings.file, anew=True)
    assert not state.complete and not state.names('features') and state.damaged(*FILE_KINDS) == []


HOSTILE = ['../x', '..', '', 'a/b', 'a\\b', 'a\0b', '.hidden', '\ud800', 'x' * 300]


@pytest.mark.parametrize('version', [1, 2, VERSION])
@pytest.mark.parametrize('name', [*HOSTILE, '{elsewhere}/x'])
def test_names_that_lead_out_of_the_folder_are_not_obeyed(name, version, run, data, tmp_path):
    """A state is a file that may come from anywhere; what it names is removed when it is outdated."""
    elsewhere, out = tmp_path / 'elsewhere', tmp_path / 'out'
    for folder in (elsewhere, out, out / 'foa_dev_moments' / 'a'):
        folder.mkdir(parents=True)
    precious = [elsewhere / 'x.npy', out / 'x.npy', out / 'foa_dev_moments' / 'a' / 'b.npy',
                out / 'foa_dev_moments' / '.npy']
    for path in precious:
        path.touch()
    entry = ENTRY if version > 1 else '1 bytes of 2 from 3 bytes of 4'
    content = {'version': version, 'complete': False,
               'moments': {name.format(elsewhere=elsewhere): entry, NAMES[0]: entry}}
    (out / 'foa_dev_state.json').write_text(json.dumps(content))
    with pytest.raises(InputError, match='state.json: moments: found the key .*, expected the name of a rec'):
        run()
    assert run(overwrite=True).made == 3
    assert all(path.exists() for path in precious)
    check_ready(recording_set(data, out))


def test_names_of_ones_own_files_are_obeyed(run, data, tmp_path):
    """The other side of the test above: files of recordings that are gone are removed."""
    run()
    path = tmp_path / 'out' / 'foa_dev_state.json'
    gone = tmp_path / 'out' / 'foa_dev_moments' / 'split1_7.npy'
    gone.touch()
    content = json.loads(path.read_text())
    content['moments']['split1_7'] = ENTRY
    path.write_text(json.dumps(content))
    run()
    assert not gone.exists()
