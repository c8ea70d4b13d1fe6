"""Batches: order, random access, quirks, bad input; from stand-ins for features and labels."""

import ast
import dataclasses
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from small_datasets import recording_set, write_generator_features

from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError
from seldnet.methods.registry import METHODS
from seldnet.training.batches import FILL_FEATURE, open_batches


@pytest.fixture(scope='module')
def golden_folder(golden, tmp_path_factory):
    """Tiny stand-ins for stored features and labels: 75 frames of 16 columns."""
    return write_generator_features(golden('generator'), tmp_path_factory.mktemp('features'))


def open_of(folder, splits, *, is_eval=False, **options):
    """The batches of a folder's features for the released method."""
    recordings = recording_set(Path(), folder, is_eval, dataset=TAU2019)
    return open_batches(recordings, METHODS['released'], splits, **options)


TRAIN = dict(splits=[1, 2, 3], batch_size=2, seq_len=16)
VAL = dict(splits=[4], batch_size=4, seq_len=8)


def test_quirk_sequences_run_across_recordings_and_the_rest_is_dropped(golden_folder):
    """75 frames are not a multiple of 16: sequence 4 holds the end of file 0 and the start of file 1."""
    batches = open_of(golden_folder, **TRAIN)
    first_column = np.concatenate([batches[i][0][:, :, 0, 0].ravel() for i in range(len(batches))])
    assert len(first_column) == 5 * 75 // 32 * 32 == 352
    files, frames = np.divmod(first_column, 10000)
    assert files[74] == 0 and files[75] == 1 and frames[75] == 0


def test_shuffling_moves_whole_recordings_and_depends_on_seed_and_epoch_alone(golden_folder):
    def order(seed, epoch):
        batches = open_of(golden_folder, [1, 2, 3], batch_size=1, seq_len=25, rng_seed=[seed])
        batches = batches.epochs(epoch, 1)
        column = np.concatenate([batches[i][0][:, :, 0, 0].ravel() for i in range(len(batches))])
        files = column.reshape(5, 75) // 10000
        assert (files == files[:, :1]).all()
        return tuple(files[:, 0])

    orders = {(seed, epoch): order(seed, epoch) for seed in (1, 2) for epoch in range(4)}
    assert all(sorted(files) == sorted(orders[1, 0]) for files in orders.values())
    assert len(set(orders.values())) > 4
    assert order(1, 3) == orders[1, 3]


def test_several_epochs_are_their_batches_strung_together(golden_folder):
    batches = open_of(golden_folder, **TRAIN, rng_seed=[3])
    several = batches.epochs(4, 3)
    assert len(several) == 3 * len(batches)
    for k in reversed(range(len(several))):
        epoch, index = divmod(k, len(batches))
        np.testing.assert_array_equal(several[k][0], batches.epochs(4 + epoch, 1)[index][0])


def test_targets_without_features_are_the_same(golden_folder):
    batches = open_of(golden_folder, **TRAIN)
    for i in range(len(batches)):
        for target, alone in zip(batches[i][1], batches.targets(i)):
            np.testing.assert_array_equal(target, alone)


@pytest.mark.parametrize('per_file', [False, True])
def test_an_epoch_stops_after_so_many_batches(per_file, golden_folder):
    whole = open_of(golden_folder, **TRAIN, per_file=per_file)
    batches = open_of(golden_folder, **TRAIN, per_file=per_file, max_batches=2)
    assert len(whole) > len(batches) == 2
    np.testing.assert_array_equal(batches[1][0], whole[1][0])
    assert len(open_of(golden_folder, **TRAIN, per_file=per_file, max_batches=99)) == len(whole)
    assert len(batches.names) == (2 if per_file else 5)


def test_there_is_no_batch_before_the_first_or_after_the_last(golden_folder):
    batches = open_of(golden_folder, **TRAIN).epochs(0, 2)
    assert len(list(batches)) == len(batches) == 22
    for index in (-1, 22):
        with pytest.raises(IndexError, match=f'^batch {index} of 22$'):
            batches[index]


def test_one_recording_is_a_batch_of_its_own(golden_folder):
    batches = open_of(golden_folder, **VAL, per_file=True)
    assert (len(batches), batches.batch_size, batches.input_shape) == (1, 10, (10, 8, 2, 8))


def test_float16_features_come_out_as_float32(golden_folder, tmp_path):
    for subfolder in ('foa_dev_norm', 'foa_dev_label'):
        (tmp_path / subfolder).mkdir()
        for path in (golden_folder / subfolder).glob('*.npy'):
            array = np.load(path)
            dtype = np.float16 if 'norm' in subfolder else array.dtype
            np.save(tmp_path / subfolder / path.name, array.astype(dtype))
    features, _ = open_of(tmp_path, **VAL)[0]
    assert features.dtype == np.float32


def test_headers_are_parsed_once(golden_folder, monkeypatch):
    """Reading threads parse nothing: Python before 3.11.8 raises a SystemError once in many hours."""
    batches = open_of(golden_folder, **TRAIN)
    expected = batches[1]
    monkeypatch.setattr(ast, 'literal_eval', None)
    monkeypatch.setattr(ast, 'parse', None)
    np.testing.assert_array_equal(batches[1][0], expected[0])


@pytest.mark.parametrize('change', [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-64]),
                                    lambda path: os.utime(path, (1, 1))])
@pytest.mark.parametrize('subfolder', ['foa_dev_norm', 'foa_dev_label'])
def test_files_that_change_meanwhile(golden_folder, tmp_path, change, subfolder):
    folder = shutil.copytree(golden_folder, tmp_path / 'features')
    batches = open_of(folder, **VAL)
    path = next((folder / subfolder).glob('split4*'))
    change(path)
    with pytest.raises(InputError, match=f'{path}: was removed or changed meanwhile; run `python batch'):
        batches[0]


def test_files_are_not_written(golden_folder):
    before = {path: path.read_bytes() for path in golden_folder.rglob('*.npy')}
    features, (sed, doa) = open_of(golden_folder, **TRAIN)[0]
    features[:], sed[:], doa[:] = 0, 0, 0
    assert before == {path: path.read_bytes() for path in golden_folder.rglob('*.npy')}


def test_a_split_without_recordings_is_named(golden_folder):
    with pytest.raises(InputError, match='6 recordings, none of them of split 7, 8; run batch_'):
        open_of(golden_folder, [7, 8], batch_size=32, seq_len=64)


def test_a_folder_without_features_is_named(tmp_path):
    (tmp_path / 'foa_dev_norm').mkdir()
    with pytest.raises(InputError, match=f'^{tmp_path}/foa_dev_norm: no features; run batch_'):
        open_of(tmp_path, [1], batch_size=1, seq_len=8)


def test_other_files_beside_the_features_are_passed_over(golden_folder, tmp_path):
    folder = shutil.copytree(golden_folder, tmp_path / 'features')
    (folder / 'foa_dev_norm' / 'state.json').touch()
    assert open_of(folder, **TRAIN).names == open_of(golden_folder, **TRAIN).names


def test_too_few_frames_for_a_batch(golden_folder):
    with pytest.raises(InputError, match=f'^{golden_folder}/foa_dev_norm: 1 recordings of 75 frames '
                                         'together are too few for one batch of 16 sequences of 8'):
        open_of(golden_folder, [4], batch_size=16, seq_len=8)


def test_missing_labels_are_named(golden_folder, tmp_path):
    folder = shutil.copytree(golden_folder, tmp_path / 'features')
    (folder / 'foa_dev_label' / 'split4_ir4_ov2_5.npy').unlink()
    with pytest.raises(InputError, match='split4_ir4_ov2_5.npy'):
        open_of(folder, [4], batch_size=1, seq_len=8)


@pytest.mark.parametrize('subfolder', ['foa_dev_norm', 'foa_dev_label'])
def test_another_shape_is_named(subfolder, golden_folder, tmp_path):
    folder = shutil.copytree(golden_folder, tmp_path / 'features')
    path = folder / subfolder / 'split1_ir1_ov2_12.npy'
    np.save(path, np.load(path)[:70])
    with pytest.raises(InputError, match=r'split1_ir1_ov2_12.npy: 70 frames .* expected 75'):
        open_of(folder, [1], batch_size=1, seq_len=8)


def test_non_finite_features_are_described(golden_folder, tmp_path):
    folder = shutil.copytree(golden_folder, tmp_path / 'features')
    assert open_of(folder, **TRAIN).describe_non_finite() == 'all features are finite'
    path = folder / 'foa_dev_norm' / 'split1_ir1_ov2_12.npy'
    array = np.load(path)
    array[7, 3] = np.nan
    np.save(path, array)
    assert open_of(folder, **TRAIN).describe_non_finite() == f'{path}: non-finite features in frame 7'


def test_a_batch_a_recording_is_filled_up_and_the_fill_is_taken_off_again(golden_folder):
    batches = open_of(golden_folder, [1, 2, 3], batch_size=99, seq_len=16, per_file=True)
    assert (len(batches), batches.batch_size, batches.nb_frames) == (5, 5, 75)
    features, (sed, doa) = batches[1]
    assert features.shape == (5, 16, 2, 8)
    assert (features[-1, -5:] == np.float32(FILL_FEATURE)).all() and (features[-1, -6] != FILL_FEATURE).any()
    assert not sed[-1, -5:].any()
    np.testing.assert_allclose(doa[-1, -5:], np.pi)  # silent: 180 and 50 degrees, scaled
    sequences = np.concatenate([batches[i][0].reshape(5, 16, 16) for i in range(5)])
    whole = batches.without_fill(sequences)
    assert [frames.shape for frames in whole] == [(75, 16)] * 5
    np.testing.assert_array_equal(whole[1], np.load(golden_folder / 'foa_dev_norm' / batches.names[1]))
    assert batches.all_targets()[0].shape == (25, 16, 11)


def test_batches_of_the_evaluation_set_are_features_alone(golden_folder):
    batches = open_of(golden_folder, [0], is_eval=True, batch_size=1, seq_len=16, per_file=True)
    assert isinstance(batches[0], np.ndarray) and batches[0].shape == batches.input_shape == (5, 16, 2, 8)


# ---- recordings of lengths of their own ----

FREE = dataclasses.replace(TAU2019, recording_s=None)
LENGTHS = {'split1_1': 70, 'split1_2': 5, 'split1_3': 33, 'split1_4': 16}  # frames


@pytest.fixture
def own_lengths(tmp_path):
    """Features (recording, frame) that can be told apart, with labels."""
    for folder in ('foa_dev_norm', 'foa_dev_label'):
        (tmp_path / folder).mkdir()
    for number, (name, length) in enumerate(LENGTHS.items()):
        frames = 1000 * number + np.arange(length)
        features = np.tile(frames[:, None], (1, 16)).astype(np.float32)
        np.save(tmp_path / 'foa_dev_norm' / f'{name}.npy', features)
        labels = np.zeros((length, 33), np.int16)
        labels[:, 0] = frames % 2
        np.save(tmp_path / 'foa_dev_label' / f'{name}.npy', labels)
    return tmp_path


def open_free(folder, **options):
    return open_batches(recording_set(Path(), folder, dataset=FREE), METHODS['released'], [1], **options)


@pytest.mark.parametrize(('batch_size', 'seq_len'), [(2, 16), (1, 7), (3, 40), (4, 31)])
def test_recordings_of_own_lengths_are_strung_together_as_in_2019(batch_size, seq_len, own_lengths):
    batches = open_free(own_lengths, batch_size=batch_size, seq_len=seq_len)
    strung = np.concatenate([1000 * number + np.arange(length)
                             for number, length in enumerate(LENGTHS.values())])
    nb_batches = len(strung) // (batch_size * seq_len)
    assert len(batches) == nb_batches
    found = [(features[:, :, 0, 0], sed[:, :, 0])
             for features, (sed, _) in (batches[i] for i in range(nb_batches))]
    expected = strung[:nb_batches * batch_size * seq_len].reshape(nb_batches, batch_size, seq_len)
    np.testing.assert_array_equal([features for features, _ in found], expected)
    np.testing.assert_array_equal([sed for _, sed in found], expected % 2)


@pytest.mark.parametrize(('batch_size', 'seq_len'), [(2, 16), (1, 7), (3, 40), (8, 4)])
def test_each_recording_of_its_own_length_is_filled_up(batch_size, seq_len, own_lengths):
    batches = open_free(own_lengths, batch_size=batch_size, seq_len=seq_len, per_file=True)
    sequences = []  # by a plain loop
    for number, length in enumerate(LENGTHS.values()):
        for start in range(0, length, seq_len):
            frames = 1000 * number + np.arange(start, min(start + seq_len, length), dtype=np.float32)
            sequences.append([*frames, *[np.float32(FILL_FEATURE)] * (seq_len - len(frames))])
    while len(sequences) % batch_size:
        sequences.append([np.float32(FILL_FEATURE)] * seq_len)
    found = np.concatenate([batches[index][0] for index in range(len(batches))])
    assert {batches[index][0].shape[0] for index in range(len(batches))} == {batch_size}
    np.testing.assert_array_equal(found[:, :, 0, 0], sequences)
    whole = batches.without_fill(found.reshape(*found.shape[:2], -1))
    assert [len(frames) for frames in whole] == list(LENGTHS.values())
    for number, frames in enumerate(whole):
        np.testing.assert_array_equal(frames[:, 0], 1000 * number + np.arange(len(frames)))
    with pytest.raises(ValueError, match=f'^{len(found) - 1} sequences, expected {len(found)}$'):
        batches.without_fill(found[1:].reshape(len(found) - 1, seq_len, -1))


def test_labels_of_another_length_than_their_features_are_named(own_lengths):
    np.save(own_lengths / 'foa_dev_label' / 'split1_3.npy', np.zeros((32, 33), np.int16))
    with pytest.raises(InputError, match='split1_3.npy: 32 frames of 33 columns, expected 33 of 33'):
        open_free(own_lengths, batch_size=2, seq_len=16)


def test_labels_of_another_number_of_classes_are_named(own_lengths):
    np.save(own_lengths / 'foa_dev_label' / 'split1_1.npy', np.zeros((70, 12), np.int16))
    with pytest.raises(InputError, match='split1_1.npy: 70 frames of 12 columns, expected 70 of 33'):
        open_free(own_lengths, batch_size=2, seq_len=16)
