"""What stands in the way of an extraction, and of a training."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_datasets import DESCRIPTION, NAMES, recording_set, write_recording

from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError
from seldnet.extraction.checks import check_ready
from seldnet.extraction.stages import extract

# ---- before an extraction ----


def test_all_problems_are_reported_together(data, tmp_path):
    folder = data / 'foa_dev'
    soundfile.write(folder / f'{NAMES[0]}.wav', np.zeros((100, 4)), 44100)
    soundfile.write(folder / f'{NAMES[1]}.wav', np.zeros((100, 2)), 48000)
    write_recording(folder, NAMES[2], ending='flac')
    write_recording(folder, 'take_7')
    described = data / 'metadata_dev'
    (described / f'{NAMES[0]}.csv').write_text(DESCRIPTION + 'bark,1,2,0,0,1\ncough,2,1,0,0,1\n')
    (described / 'split4_ir0_ov1_9.csv').touch()
    with pytest.raises(InputError) as error:
        extract([recording_set(data, tmp_path / 'out')])
    assert str(error.value).split('\n  ') == [
        '9 problems:',
        f'{folder}/{NAMES[0]}.wav: sampling rate 44100 Hz, expected 48000; --resample brings it there',
        f'{folder}/{NAMES[1]}.wav: 2 channels, expected 4',
        f'{folder}/{NAMES[2]}.flac: a second recording of this name, beside {NAMES[2]}.wav',
        f'{folder}/take_7.wav: not a recording name of the data set, expected '
        'split{S}_ir{R}_ov{O}_{N} or split{S}_{N}',
        f"{described}/{NAMES[0]}.csv:3: class 'bark', expected one of {', '.join(TAU2019.classes)}",
        f'{described}/{NAMES[0]}.csv:4: end_time 1 is before start_time 2',
        f'{described}/{NAMES[0]}.csv:4: start_time 2 is beyond the recording, expected less than 2 s',
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
def test_missing_folders(missing, message, data, tmp_path):
    if missing.endswith('*'):
        for path in data.glob(missing):
            path.unlink()
    else:
        shutil.rmtree(data / missing)
    with pytest.raises(InputError, match=message):
        extract([recording_set(data, tmp_path / 'out')])


def test_a_full_disk_is_reported_before_the_work(data, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=200_000_000)
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage)
    with pytest.raises(InputError, match='out: 0.2 GB free, expected 0.3 GB; set feat_label_dir to another '
                                         'disk, or feature_dtype to float16 for half of it'):
        extract([recording_set(data, tmp_path / 'out', dataset=TAU2019)])
    extract([recording_set(data, tmp_path / 'out')])  # two seconds fit


def test_an_evaluation_recording_that_is_a_dangling_link(data, tmp_path):
    write_recording(data / 'foa_eval', 'split0_1')
    (data / 'foa_eval' / 'split0_2.wav').symlink_to('nowhere.wav')
    with pytest.raises(InputError, match='foa_eval/split0_2.wav: not a file, expected a recording'):
        extract([recording_set(data, tmp_path / 'out', is_eval=is_eval) for is_eval in (False, True)])


def test_features_of_no_recording_are_refused(run, data, tmp_path):
    run()
    foreign = tmp_path / 'out' / 'foa_dev_norm' / 'split1_ir0_ov1_99.npy'
    foreign.touch()
    message = f'{foreign}: belongs to no recording of {data}/foa_dev; remove it'
    with pytest.raises(InputError, match=message):
        run()


# ---- ready or not ----


def test_check_ready(run, data, tmp_path):
    recordings = recording_set(data, tmp_path / 'out')
    with pytest.raises(InputError, match='no features of foa_dev; run `python batch_feature_extraction.py 4'):
        check_ready(recordings, 4)
    run()
    check_ready(recordings)
    check_ready(recording_set(Path(), tmp_path / 'out'))  # without the recordings
    with pytest.raises(InputError, match='out: the features of foa_dev are float32, the setting feature_d'
                                         'type is float16; change it or run `python batch_feature_'):
        check_ready(recording_set(data, tmp_path / 'out', feature_dtype='float16'))
    state = tmp_path / 'out' / 'foa_dev_state.json'
    content = state.read_text()
    state.write_text(content.replace('"complete": true', '"complete": false'))
    with pytest.raises(InputError, match=r'the features of foa_dev are not complete \(their extraction'):
        check_ready(recordings)
    state.write_text(content)
    for folder in 'foa_dev_norm', 'foa_dev_label':
        path = tmp_path / 'out' / folder / f'{NAMES[1]}.npy'
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        with pytest.raises(InputError, match=f'{path}: missing or damaged; run `python batch_feat'):
            check_ready(recordings)
        path.unlink()
        with pytest.raises(InputError, match=f'{path}: missing or damaged'):
            check_ready(recordings)
        path.write_bytes(whole)
    check_ready(recordings)
    (tmp_path / 'out' / 'foa_wts.npz').unlink()
    with pytest.raises(InputError, match='foa_wts.npz: no scaler'):
        check_ready(recordings)
