"""FeatureClass: the constants, folders and methods of 2019, and a data set of one's own."""

import subprocess
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from sklearn.preprocessing import StandardScaler
from small_datasets import HEADER, OWN, SHORT, make_data, recording_set, stored, write_recording

from cls_feature_class import FeatureClass
from seldnet.common.errors import InputError
from seldnet.extraction.arrays import open_features, open_labels
from seldnet.extraction.stages import extract

GOLDEN = Path(__file__).parents[1] / 'golden'


def test_constants_of_2019():
    feat_cls = FeatureClass()
    assert feat_cls.get_classes() == {
        'knock': 0, 'drawer': 1, 'clearthroat': 2, 'phone': 3, 'keysDrop': 4, 'speech': 5, 'keyboard': 6,
        'pageturn': 7, 'cough': 8, 'doorslam': 9, 'laughter': 10}
    assert feat_cls.get_nb_frames() == 3000 and feat_cls.nb_frames_1s() == 50
    assert feat_cls.get_hop_len_sec() == 0.02 and feat_cls.get_nb_channels() == 4
    assert feat_cls.get_default_azi_ele_regr() == (180, 50)


def test_folders_of_2019(tmp_path):
    feat_cls = FeatureClass(dataset_dir='data', feat_label_dir=str(tmp_path), dataset='mic', is_eval=False)
    assert feat_cls.get_audio_dir() == 'data/mic_dev'
    assert feat_cls.get_description_dir() == 'data/metadata_dev'
    assert feat_cls.get_unnormalized_feat_dir() == f'{tmp_path}/mic_dev'
    assert feat_cls.get_normalized_feat_dir() == f'{tmp_path}/mic_dev_norm'
    assert feat_cls.get_label_dir() == f'{tmp_path}/mic_dev_label'
    evaluation = FeatureClass('data', tmp_path, 'foa', True)
    assert evaluation.get_audio_dir() == 'data/foa_eval'
    assert evaluation.get_description_dir() == 'data/metadata_eval'
    assert evaluation.get_normalized_feat_dir() == f'{tmp_path}/foa_eval_norm'
    assert evaluation.get_label_dir() == f'{tmp_path}/foa_eval_label'
    # One scaler a format.
    assert evaluation.get_normalized_wts_file() == f'{tmp_path}/foa_wts.npz'
    assert FeatureClass('data', tmp_path, 'foa').get_normalized_wts_file() == f'{tmp_path}/foa_wts.npz'


@pytest.mark.parametrize('arguments, message', [
    ({'dataset': 'binaural'}, "dataset 'binaural', expected one of foa, mic"),
    ({'feature_dtype': 'float64'}, "feature_dtype 'float64', expected one of float32, float16"),
    ({'n_jobs': 0}, 'n_jobs 0, expected a number of processes, or -1 for one a core'),
])
def test_unknown_settings_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        FeatureClass(**arguments)


def test_the_import_is_light():
    code = ('import sys, cls_feature_class; '
            'print(*({"soundfile", "joblib", "scipy", "sklearn", "librosa", "keras"} & set(sys.modules)))')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ''


def test_direction_indices_run_through_the_grid():
    feat_cls = FeatureClass()
    azimuths, elevations = feat_cls.get_azi_ele_list()
    assert azimuths == list(range(-180, 180, 10)) and elevations == list(range(-40, 50, 10))
    grid = [(azimuth, elevation) for azimuth in azimuths for elevation in elevations]
    assert [feat_cls.get_list_index(*direction) for direction in grid] == list(range(324))
    assert [feat_cls.get_matrix_index(index) for index in range(324)] == grid


def test_labels_by_the_methods_of_2019():
    feat_cls = FeatureClass()
    path = GOLDEN / 'description' / 'split1_ir0_ov1_1.csv'
    description = feat_cls.read_desc_file(path)
    in_seconds = feat_cls.read_desc_file(path, in_sec=True)
    assert description['class'] == in_seconds['class'] and description['azi'] == in_seconds['azi']
    assert description['start'] == [int(start_s * 50) for start_s in in_seconds['start']]
    assert feat_cls.get_labels_for_file(description).shape == (3000, 33)
    assert feat_cls.get_clas_labels_for_file(description).shape == (3000, 11, 324)


def test_the_methods_of_2019_in_their_order(tmp_path):
    data = make_data(tmp_path / 'data')
    write_recording(data / 'foa_eval', 'split0_1')
    extract([recording_set(data, tmp_path / 'out', is_eval) for is_eval in (False, True)])
    for is_eval in False, True:
        feat_cls = FeatureClass(data, tmp_path / 'old', 'foa', is_eval, n_jobs=1, dataset_facts=SHORT)
        feat_cls.extract_all_feature()
        feat_cls.preprocess_features()
        if not is_eval:
            with pytest.raises(InputError, match='the features of foa_dev are not complete'):
                feat_cls.check_ready()
            feat_cls.extract_all_labels()
        feat_cls.check_ready()
    assert stored(tmp_path / 'old') == stored(tmp_path / 'out')


def test_a_data_set_of_ones_own(tmp_path):
    """Another rate, length, grid and classes, from recordings to features and labels."""
    names = ['split1_1', 'split2_1']
    data = make_data(tmp_path / 'data', names, description=HEADER + 'car,0.5,0.7,60,160,1\n', rate_hz=24000)
    feat_cls = FeatureClass(data, tmp_path / 'out', n_jobs=1, dataset_facts=OWN)
    assert feat_cls.get_classes() == {'bird': 0, 'car': 1} and feat_cls.get_nb_frames() == 50
    assert feat_cls.get_azi_ele_list()[1] == [-20, 0, 20, 40, 60]
    assert feat_cls.get_list_index(160, 60) == 89 and feat_cls.get_matrix_index(89) == (160, 60)
    feat_cls.extract_all_feature()
    feat_cls.preprocess_features()
    feat_cls.extract_all_labels()
    feat_cls.check_ready()

    rows = []
    for name in names:  # of two seconds each, of which one counts
        audio, _ = soundfile.read(data / 'foa_dev' / f'{name}.wav', dtype='float32', frames=24_000)
        spectrum = np.stack([librosa.stft(channel, n_fft=1024, hop_length=480, win_length=960, window='hann',
                                          center=True, pad_mode='reflect') for channel in audio.T], axis=-1)
        spectrum = spectrum[1:, :50].swapaxes(0, 1).astype(np.complex128)
        rows.append(np.hstack([np.abs(spectrum).reshape(50, -1), np.angle(spectrum).reshape(50, -1)]))
    expected = StandardScaler().fit_transform(np.concatenate(rows))
    for name, features in zip(names, np.split(expected, 2)):
        stored_rows = open_features(tmp_path / 'out' / 'foa_dev_norm' / f'{name}.npy')
        np.testing.assert_allclose(stored_rows, features, rtol=1e-5, atol=1e-6)
        labels = open_labels(tmp_path / 'out' / 'foa_dev_label' / f'{name}.npy')
        assert labels.shape == (50, 6)
        assert labels[[24, 25, 35, 36]].tolist() == [
            [0, 0, 180, 180, 50, 50], [0, 1, 180, 160, 50, 60], [0, 1, 180, 160, 50, 60],
            [0, 0, 180, 180, 50, 50]]
    with pytest.raises(InputError, match=r'split1_1.wav: sampling rate 24000 Hz, expected 48000'):
        FeatureClass(data, tmp_path / 'new', dataset_facts=SHORT).extract_all_feature()
