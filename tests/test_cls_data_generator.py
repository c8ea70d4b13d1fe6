"""Batches: golden numbers of the released generator, scaling, order, random access, bad input."""

import ast
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from cls_data_generator import DataGenerator, directions_rad, scale_directions
from parameter import InputError


@pytest.fixture(scope='module')
def golden_folder(golden, tmp_path_factory):
    """The tiny stand-ins for stored features and labels: 75 frames of 16 columns."""
    folder = tmp_path_factory.mktemp('features')
    for key, array in golden('generator').items():
        kind, _, name = key.removeprefix('in/').partition('/')
        subfolder = {'feat': 'foa_dev_norm', 'label': 'foa_dev_label', 'evalfeat': 'foa_eval_norm'}.get(kind)
        if key.startswith('in/'):
            (folder / subfolder).mkdir(exist_ok=True)
            np.save(folder / subfolder / f'{name}.npy', array)
    return folder


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


def test_quirk_elevation_is_stretched_to_the_range_of_azimuth():
    degrees = np.array([[180, -90, 50, -40]])
    targets = scale_directions(degrees)
    np.testing.assert_allclose(targets, [[np.pi, -np.pi / 2, np.pi, -0.8 * np.pi]])
    np.testing.assert_allclose(np.degrees(directions_rad(targets)), degrees)


def test_quirk_sequences_run_across_recordings_and_the_rest_is_dropped(golden_folder):
    """75 frames are not a multiple of 16: sequence 4 holds the end of file 0 and the start of file 1."""
    batches = DataGenerator(feat_label_dir=golden_folder, **TAGS['train']).batches
    first_column = np.concatenate([batches[i][0][:, :, 0, 0].ravel() for i in range(len(batches))])
    assert len(first_column) == 5 * 75 // 32 * 32 == 352
    files, frames = np.divmod(first_column, 10000)
    assert files[74] == 0 and files[75] == 1 and frames[75] == 0


def test_shuffling_moves_whole_recordings_and_depends_on_seed_and_epoch_alone(golden_folder):
    def order(seed, epoch):
        batches = DataGenerator(feat_label_dir=golden_folder, split=[1, 2, 3], batch_size=1, seq_len=25,
                                shuffle=True, seed=seed).batches.epochs(epoch, 1)
        column = np.concatenate([batches[i][0][:, :, 0, 0].ravel() for i in range(len(batches))])
        files = column.reshape(5, 75) // 10000
        assert (files == files[:, :1]).all()
        return tuple(files[:, 0])

    orders = {(seed, epoch): order(seed, epoch) for seed in (1, 2) for epoch in range(4)}
    assert all(sorted(each) == sorted(orders[1, 0]) for each in orders.values())
    assert len(set(orders.values())) > 4
    assert order(1, 3) == orders[1, 3]


def test_generate_shuffles_anew_each_epoch_and_labels_follow(golden_folder):
    generator, plain = (DataGenerator(feat_label_dir=golden_folder, split=[1, 2, 3], batch_size=5, seq_len=75,
                                      shuffle=shuffle) for shuffle in (True, False))
    features, (sed, doa) = plain.batches[0]
    orders = set()
    for _, batch in zip(range(5), generator.generate()):
        place = [int(np.flatnonzero((features == each).all(axis=(1, 2, 3)))[0]) for each in batch[0]]
        np.testing.assert_array_equal(batch[1][0], sed[place])
        np.testing.assert_array_equal(batch[1][1], doa[place])
        orders.add(tuple(place))
    assert len(orders) > 2


def test_several_epochs_are_their_batches_strung_together(golden_folder):
    batches = DataGenerator(feat_label_dir=golden_folder, split=[1, 2, 3], batch_size=2, seq_len=16,
                            seed=3).batches
    several = batches.epochs(4, 3)
    assert len(several) == 3 * len(batches)
    for k in reversed(range(len(several))):
        epoch, index = divmod(k, len(batches))
        np.testing.assert_array_equal(several[k][0], batches.epochs(4 + epoch, 1)[index][0])


def test_targets_without_features_are_the_same(golden_folder):
    batches = DataGenerator(feat_label_dir=golden_folder, **TAGS['train']).batches
    for i in range(len(batches)):
        for one, other in zip(batches[i][1], batches.targets(i)):
            np.testing.assert_array_equal(one, other)


def test_float16_features_come_out_as_float32(golden_folder, tmp_path):
    for subfolder in ('foa_dev_norm', 'foa_dev_label'):
        (tmp_path / subfolder).mkdir()
        for path in (golden_folder / subfolder).glob('*.npy'):
            array = np.load(path)
            dtype = np.float16 if 'norm' in subfolder else array.dtype
            np.save(tmp_path / subfolder / path.name, array.astype(dtype))
    features, _ = DataGenerator(feat_label_dir=tmp_path, **TAGS['val']).batches[0]
    assert features.dtype == np.float32


def test_max_batches_limits_an_epoch(golden_folder):
    generator = DataGenerator(feat_label_dir=golden_folder, **TAGS['train'], max_batches=2)
    assert generator.get_total_batches_in_data() == 2
    with pytest.raises(IndexError):
        generator.batches[2]


def test_headers_are_parsed_once(golden_folder, monkeypatch):
    """Reading threads parse nothing: Python before 3.11.8 raises a SystemError once in many hours."""
    batches = DataGenerator(feat_label_dir=golden_folder, **TAGS['train']).batches
    expected = batches[1]
    monkeypatch.setattr(ast, 'literal_eval', None)
    monkeypatch.setattr(ast, 'parse', None)
    np.testing.assert_array_equal(batches[1][0], expected[0])


@pytest.mark.parametrize('change', [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-64]),
                                    lambda path: os.utime(path, (1, 1))])
@pytest.mark.parametrize('subfolder', ['foa_dev_norm', 'foa_dev_label'])
def test_files_that_change_meanwhile(golden_folder, tmp_path, change, subfolder):
    folder = shutil.copytree(golden_folder, tmp_path / 'features')
    batches = DataGenerator(feat_label_dir=folder, **TAGS['val']).batches
    path = next((folder / subfolder).glob('split4*'))
    change(path)
    with pytest.raises(InputError, match=f'{path}: was removed or changed meanwhile; run `python batch'):
        batches[0]


def test_files_are_not_written(golden_folder):
    before = {path: path.read_bytes() for path in golden_folder.rglob('*.npy')}
    features, (sed, doa) = DataGenerator(feat_label_dir=golden_folder, **TAGS['train']).batches[0]
    features[:], sed[:], doa[:] = 0, 0, 0
    assert before == {path: path.read_bytes() for path in golden_folder.rglob('*.npy')}


def copy_features(source, target):
    for path in source.rglob('*.npy'):
        (target / path.parent.name).mkdir(exist_ok=True)
        (target / path.parent.name / path.name).write_bytes(path.read_bytes())
    return target


def test_missing_features_say_what_to_run(tmp_path):
    with pytest.raises(InputError, match='foa_dev_norm: no features; run batch_feature_extraction.py'):
        DataGenerator(feat_label_dir=tmp_path, split=1)


def test_a_split_without_recordings_is_named(golden_folder):
    with pytest.raises(InputError, match='6 recordings, none of them of split 7'):
        DataGenerator(feat_label_dir=golden_folder, split=7)


def test_too_few_frames_for_a_batch(golden_folder):
    with pytest.raises(InputError, match='1 recordings of 75 frames are too few for one batch of 16'):
        DataGenerator(feat_label_dir=golden_folder, split=4, batch_size=16, seq_len=8)


def test_missing_labels_are_named(golden_folder, tmp_path):
    folder = copy_features(golden_folder, tmp_path)
    (folder / 'foa_dev_label' / 'split4_ir4_ov2_5.npy').unlink()
    with pytest.raises(InputError, match='split4_ir4_ov2_5.npy'):
        DataGenerator(feat_label_dir=folder, split=4, batch_size=1, seq_len=8)


@pytest.mark.parametrize('subfolder', ['foa_dev_norm', 'foa_dev_label'])
def test_another_shape_is_named(subfolder, golden_folder, tmp_path):
    folder = copy_features(golden_folder, tmp_path)
    path = folder / subfolder / 'split1_ir1_ov2_12.npy'
    np.save(path, np.load(path)[:70])
    with pytest.raises(InputError, match=r'split1_ir1_ov2_12.npy: 70 frames .* expected 75'):
        DataGenerator(feat_label_dir=folder, split=1, batch_size=1, seq_len=8)


def test_non_finite_features_are_described(golden_folder, tmp_path):
    folder = copy_features(golden_folder, tmp_path)
    generator = DataGenerator(feat_label_dir=folder, **TAGS['train'])
    assert generator.describe_non_finite() == 'all features are finite'
    path = folder / 'foa_dev_norm' / 'split1_ir1_ov2_12.npy'
    array = np.load(path)
    array[7, 3] = np.nan
    np.save(path, array)
    generator = DataGenerator(feat_label_dir=folder, **TAGS['train'])
    assert f'{path}: non-finite features in frame 7' in generator.describe_non_finite()


