"""The extraction stage by stage: what it writes, its settings, its progress and its warnings."""

import shutil

import numpy as np
import pytest
import soundfile
from sklearn.preprocessing import StandardScaler
from small_datasets import (
    DESCRIPTION,
    NAMES,
    files_of,
    recording_set,
    redone,
    stored,
    times,
    write_recording,
)

from seldnet.common.errors import InputError
from seldnet.common.processes import locked
from seldnet.extraction.arrays import open_features, open_labels
from seldnet.extraction.audio import load_recording
from seldnet.extraction.checks import check_ready
from seldnet.extraction.features import spectrum_to_features
from seldnet.extraction.scaler import load_mean_and_scale, normalize
from seldnet.extraction.spectra import stft
from seldnet.extraction.stages import extract, label, normalize_set

# ---- stages ----


def test_normalising_needs_the_first_stage(data, tmp_path):
    with pytest.raises(InputError, match='no moments of split1_ir0_ov1_1 and 2 more; call extract_all'):
        extract([recording_set(data, tmp_path / 'out')], stages=[normalize_set])


def test_labels_need_no_recordings(data, tmp_path):
    shutil.rmtree(data / 'foa_dev')
    recordings = recording_set(data, tmp_path / 'out')
    extract([recordings], stages=[label])
    assert len(list((tmp_path / 'out' / 'foa_dev_label').iterdir())) == 3
    with pytest.raises(InputError, match='the features of foa_dev are not complete'):
        check_ready(recordings)


def test_the_scaler_is_scikit_learns_over_the_whole_set(run, data, tmp_path):
    write_recording(data / 'foa_dev', NAMES[0], gains=(0.01, 1, 0, 1))
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


def test_quirk_the_evaluation_set_uses_the_development_sets_scaler(run, data, tmp_path):
    write_recording(data / 'foa_eval', 'split0_1', gains=(0.1, 0.1, 0.1, 0.1))
    with pytest.raises(InputError, match='foa_wts.npz: no scaler, and the evaluation set is normalised with '
                                         'that of the development set; run `python batch_feature_extraction'
                                         '.py` with foa_dev/ in dataset_dir first'):
        run(is_eval=True)
    run()
    run(is_eval=True)
    scaler = load_mean_and_scale(tmp_path / 'out' / 'foa_wts.npz')
    audio = np.pad(load_recording(data / 'foa_eval' / 'split0_1.wav'), ((0, 48_000), (0, 0)))
    rows = normalize(spectrum_to_features(stft(audio)), scaler)
    stored_rows = open_features(tmp_path / 'out' / 'foa_eval_norm' / 'split0_1.npy')
    np.testing.assert_allclose(stored_rows, rows, rtol=1e-6)
    assert stored_rows[10, :4096].mean() < -0.5  # quieter than the development set


def test_evaluation_labels_where_there_are_descriptions(run, data, tmp_path):
    run()
    write_recording(data / 'foa_eval', 'split0_1')
    run(is_eval=True)
    evaluation = recording_set(data, tmp_path / 'out', is_eval=True)
    with pytest.raises(InputError, match='metadata_eval: no such folder of descriptions'):
        extract([evaluation], stages=[label])
    (data / 'metadata_eval').mkdir()
    (data / 'metadata_eval' / 'split0_1.csv').write_text(DESCRIPTION)
    assert run(is_eval=True).made == 1
    labels = open_labels(evaluation.file('labels', 'split0_1'))
    assert labels[25:77, 8].tolist() == [1] * 51 + [0]


def test_flac_recordings_and_hidden_files(run, data, tmp_path, caplog):
    (data / 'foa_dev' / f'{NAMES[1]}.wav').unlink()
    write_recording(data / 'foa_dev', NAMES[1], ending='flac', subtype='PCM_24')
    (data / 'foa_dev' / '._split1_ir0_ov1_1.wav').write_bytes(b'of another system')
    (data / 'foa_dev' / 'README.txt').write_text('about the recordings')
    assert run().recordings == 3
    assert caplog.messages == [f'{data}/foa_dev/README.txt: passed over, recordings are .wav or .flac']


# ---- settings ----


def test_float16_halves_the_disk(run, tmp_path):
    run()
    exact = np.load(tmp_path / 'out' / 'foa_dev_norm' / f'{NAMES[0]}.npy')
    before = times(tmp_path / 'out')
    run(feature_dtype='float16', overwrite=True)
    assert redone(before, times(tmp_path / 'out')) == files_of('norm', NAMES)
    rounded = open_features(tmp_path / 'out' / 'foa_dev_norm' / f'{NAMES[0]}.npy')
    assert rounded.dtype == np.float16
    np.testing.assert_allclose(rounded, exact, rtol=2**-11, atol=2**-25)


def test_float16_that_cannot_hold_the_features_is_refused(run, data, tmp_path):
    for name in NAMES:  # barely audible in the third channel: its scale is tiny
        write_recording(data / 'foa_dev', name, subtype='FLOAT', gains=(1, 1, 1e-6, 1))
    loud = write_recording(data / 'foa_eval', 'split0_1', subtype='FLOAT')
    run(feature_dtype='float16')
    with pytest.raises(InputError, match=f'{loud}: features beyond the range of float16, expected levels'):
        run(is_eval=True, feature_dtype='float16')
    run(overwrite=True)
    assert run(is_eval=True, overwrite=True).made == 1


def test_spectra_only_where_asked_for(run, data, tmp_path):
    run()
    assert not (tmp_path / 'out' / 'foa_dev').exists()
    before = times(tmp_path / 'out')
    run(save_spectra=True)
    assert redone(before, times(tmp_path / 'out')) == {f'foa_dev/{name}' for name in NAMES}
    spectra = np.load(tmp_path / 'out' / 'foa_dev' / f'{NAMES[0]}.npy')
    assert spectra.dtype == np.complex64 and spectra.shape == (100, 4096)
    assert run().made == 0  # they are kept
    write_recording(data / 'foa_dev', NAMES[1], seed=1)
    run()  # but not those of a recording that was changed
    left = {path.stem for path in (tmp_path / 'out' / 'foa_dev').iterdir()}
    assert left == {NAMES[0], NAMES[2]}


# ---- progress, warnings, problems ----


def test_progress_reaches_its_end(data, tmp_path):
    calls = []
    write_recording(data / 'foa_eval', 'split0_1')
    sets = [recording_set(data, tmp_path / 'out', is_eval=is_eval) for is_eval in (False, True)]
    extract(sets, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(done, 7) for done in range(1, 8)]  # twice over three recordings, once over the fourth


def test_silent_channels_are_warned_of_once(run, data, caplog):
    path = write_recording(data / 'foa_dev', NAMES[0], gains=(1, 0, 1, 0))
    run()
    assert caplog.messages == [f'{path}: silent: channel 2, 4']


def test_problems_in_the_samples_are_reported_once_the_others_are_finished(run, data, tmp_path):
    broken = [data / 'foa_dev' / f'{name}.wav' for name in NAMES[:2]]
    for path in broken:
        soundfile.write(path, np.full((100, 4), np.nan), 48000, subtype='FLOAT')
    with pytest.raises(InputError) as error:
        run()
    assert str(error.value).split('\n  ') == [
        '2 problems:',
        *(f'{path}: sample 0 of channel 1 is nan, expected a finite number' for path in broken)]
    assert times(tmp_path / 'out').keys() == files_of('moments', NAMES[2:])
    with pytest.raises(InputError, match='the features of foa_dev are not complete'):
        check_ready(recording_set(data, tmp_path / 'out'))
    before = times(tmp_path / 'out')
    for path in broken:
        write_recording(path.parent, path.stem)
    run()
    assert before.items() <= times(tmp_path / 'out').items()
    extract([recording_set(data, tmp_path / 'anew')])
    assert stored(tmp_path / 'out') == stored(tmp_path / 'anew')


def test_leftovers_of_a_killed_run_are_cleared(run, tmp_path):
    run()
    leftovers = [tmp_path / 'out' / '.partial-1.json', tmp_path / 'out' / 'foa_dev_norm' / '.partial-2.npy']
    foreign = tmp_path / 'out' / 'elsewhere' / '.partial-3.npy'
    foreign.parent.mkdir()
    for path in (*leftovers, foreign):
        path.touch()
    run()
    assert foreign.exists() and not any(path.exists() for path in leftovers)


def test_a_folder_is_extracted_into_by_one_process_at_a_time(run, tmp_path):
    run()
    with (locked(tmp_path / 'out' / '.extraction.lock', 'doing something'),
          pytest.raises(InputError, match=f'process .* is extracting into {tmp_path}/out; wait until')):
        run()
    assert run().made == 0
