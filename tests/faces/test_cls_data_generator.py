"""DataGenerator: golden numbers of the released generator, sizes and names."""

import numpy as np
import pytest
from small_datasets import HEADER, OWN, make_data, recording_set, write_generator_features

from cls_data_generator import DataGenerator
from seldnet.common.errors import InputError
from seldnet.extraction.stages import extract


@pytest.fixture(scope='module')
def golden_folder(golden, tmp_path_factory):
    """Tiny stand-ins for stored features and labels: 75 frames of 16 columns."""
    return write_generator_features(golden('generator'), tmp_path_factory.mktemp('features'))


TAGS = {'train': dict(split=[1, 2, 3], batch_size=2, seq_len=16, shuffle=False),
        'val': dict(split=4, batch_size=4, seq_len=8, shuffle=False),
        'test_per_file': dict(split=[3], seq_len=16, shuffle=False, per_file=True),
        'eval_per_file': dict(split=0, seq_len=16, shuffle=False, per_file=True, is_eval=True)}


@pytest.mark.parametrize('tag', TAGS)
def test_batches_are_those_of_the_released_generator(tag, golden, golden_folder):
    arrays = golden('generator')
    generator = DataGenerator(feat_label_dir=golden_folder, **TAGS[tag])
    nb_batches = int(arrays[f'{tag}/nb_batches'])
    assert generator.get_total_batches_in_data() == nb_batches
    # One more than an epoch has: the first of the next.
    for k, batch in zip(range(nb_batches + 1), generator.generate()):
        features, labels = (batch, None) if tag.startswith('eval') else batch
        np.testing.assert_array_equal(features, arrays[f'{tag}/{k}/feat'].transpose(0, 2, 3, 1))
        if labels is not None:
            np.testing.assert_array_equal(labels[0], arrays[f'{tag}/{k}/sed'])
            np.testing.assert_allclose(labels[1], arrays[f'{tag}/{k}/doa'], rtol=1e-14)
    assert k == nb_batches


def test_sizes_and_names(golden_folder):
    generator = DataGenerator(feat_label_dir=golden_folder, **TAGS['train'])
    assert generator.get_data_sizes() == ((2, 16, 2, 8), [(2, 16, 11), (2, 16, 22)])
    assert generator.get_filelist() == sorted(generator.get_filelist()) and len(generator.get_filelist()) == 5
    assert (generator.get_nb_classes(), generator.get_default_elevation(), generator.get_frame_per_file(),
            generator.nb_frames_1s()) == (11, 50, 75, 50)
    per_file = DataGenerator(feat_label_dir=golden_folder, **TAGS['test_per_file'])
    assert per_file.get_data_sizes()[0] == (5, 16, 2, 8) and per_file.get_frame_per_file() == 80


def test_generate_shuffles_anew_each_epoch_and_labels_follow(golden_folder):
    generator, plain = (DataGenerator(feat_label_dir=golden_folder, split=[1, 2, 3], batch_size=5, seq_len=75,
                                      shuffle=shuffle) for shuffle in (True, False))
    features, (sed, doa) = plain.batches[0]
    orders = set()
    for _, batch in zip(range(5), generator.generate()):
        place = [int(np.flatnonzero((features == sequence).all(axis=(1, 2, 3)))[0]) for sequence in batch[0]]
        np.testing.assert_array_equal(batch[1][0], sed[place])
        np.testing.assert_array_equal(batch[1][1], doa[place])
        orders.add(tuple(place))
    assert len(orders) > 2


def test_max_batches_limits_an_epoch(golden_folder):
    generator = DataGenerator(feat_label_dir=golden_folder, **TAGS['train'], max_batches=2)
    assert generator.get_total_batches_in_data() == 2
    with pytest.raises(IndexError):
        generator.batches[2]


def test_missing_features_say_what_to_run(tmp_path):
    with pytest.raises(InputError, match='foa_dev_norm: no features; run batch_feature_extraction.py'):
        DataGenerator(feat_label_dir=tmp_path, split=1)


def test_a_data_set_of_ones_own(tmp_path):
    data = make_data(tmp_path / 'data', ['split1_1', 'split2_1'], rate_hz=24000,
                     description=HEADER + 'car,0.5,0.7,60,160,1\n')
    extract([recording_set(data, tmp_path / 'out', dataset=OWN)])
    generator = DataGenerator(feat_label_dir=tmp_path / 'out', split=[1, 2], batch_size=2, seq_len=25,
                              shuffle=False, dataset_facts=OWN)
    assert generator.get_data_sizes() == ((2, 25, 512, 8), [(2, 25, 2), (2, 25, 4)])
    assert (generator.get_nb_classes(), generator.get_frame_per_file()) == (2, 50)
    features, (sed, doa) = next(generator.generate())
    assert features.shape == (2, 25, 512, 8)
    assert sed[1].tolist() == [[0, 1]] * 11 + [[0, 0]] * 14
    np.testing.assert_allclose(doa[1, [0, -1]], np.pi * np.array([[1, 160 / 180, 1, 60 / 50], [1, 1, 1, 1]]))
