"""Batches whose sequences come from anywhere and are rotated: nothing is lost, all can be drawn again."""

import dataclasses

import numpy as np
import pytest

from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.labels import silent_label
from seldnet.common.errors import InputError
from seldnet.extraction.mel import MEL, plane_map
from seldnet.extraction.recording_set import RecordingSet
from seldnet.extraction.rotations import rotations_of
from seldnet.methods.accdoa import METHOD
from seldnet.methods.registry import METHODS
from seldnet.training.batches import find_rotations, open_batches

NB_FRAMES, SEQ_LEN, NB_FILES = 75, 8, 4
# As they are stored, for what the targets were made from to be seen.
LABELS = dataclasses.replace(METHOD, make_targets=lambda *columns: (np.concatenate(columns, axis=-1),))


@pytest.fixture(scope='module')
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp('features')
    rng = np.random.default_rng(0)
    for number in range(1, NB_FILES + 1):
        features = rng.normal(size=(NB_FRAMES, 64, 7)).astype(np.float32)
        features[:, 0, 0] = 1000 * number + np.arange(NB_FRAMES)  # says where a frame comes from
        labels = np.tile(silent_label(11), (NB_FRAMES, 1)).astype(np.int16)
        labels[:, 2], labels[:, 13], labels[:, 24] = 1, 10 * number, 20
        for name, array in (('foa_dev_mel_norm', features.reshape(NB_FRAMES, -1)), ('foa_dev_label', labels)):
            (folder / name).mkdir(exist_ok=True)
            np.save(folder / name / f'split1_ir0_ov1_{number}.npy', array)
    return RecordingSet(folder, folder, kind=MEL)


def batches(recordings, method=LABELS, **settings):
    settings = {'batch_size': 3, 'seq_len': SEQ_LEN, 'rng_seed': [5]} | settings
    return open_batches(recordings, method, [1], **settings)


def origins(read):
    """Frame numbers of all sequences of an epoch, (sequences, frames)."""
    return np.concatenate([read[place][0][..., 0, 0] for place in range(len(read))])


def test_sequences_come_from_anywhere_and_no_frame_twice(recordings):
    read = batches(recordings)
    frames = origins(read)
    assert frames.shape == (len(read) * 3, SEQ_LEN) and len(read) == NB_FILES * NB_FRAMES // 24
    assert len(set(frames.ravel().tolist())) == frames.size
    first = frames[:3, 0] // 1000
    others = [origins(batches(recordings).epochs(epoch, 1))[:, 0] for epoch in (1, 2)]
    assert any(len(set(start[:3] // 1000)) > 1 for start in (frames[:, 0], *others)) and len(first) == 3
    assert not np.array_equal(frames[:, 0], others[0])
    cuts = {tuple(sorted(starts % 1000 % SEQ_LEN)) for starts in (frames[:, 0], *others)}
    assert len(cuts) > 1  # elsewhere in each epoch


def test_an_epoch_starts_at_any_frame_from_which_its_sequences_fit(recordings):
    """Of 300 frames two sequences of 149 leave two: before the first or after the last."""
    every = {1000 * number + frame for number in range(1, NB_FILES + 1) for frame in range(NB_FRAMES)}
    read = batches(recordings, batch_size=1, seq_len=149)
    left_before = set()
    for epoch in range(20):
        left_out = every - set(origins(read.epochs(epoch, 1)).ravel().tolist())
        assert len(left_out) == 2
        left_before.add(sum(frame % 1000 < 2 for frame in left_out))
    assert left_before == {0, 1, 2}


def test_all_sequences_can_be_rotated_alike(recordings):
    plain = batches(recordings, rng_seed=None)
    rotated = find_rotations(MEL, 'foa')[3]
    turned = plain.rotated_by(rotated)
    assert len(turned) == len(plain)
    for place in (0, len(plain) - 1):
        (features, (labels,)), (found, (found_labels,)) = plain[place], turned[place]
        np.testing.assert_array_equal(found, rotated.planes.apply(features))
        np.testing.assert_array_equal(found_labels, rotated.rotation.rotate_labels(labels))
        assert not np.array_equal(found_labels, labels)
        np.testing.assert_array_equal(plain[place][0], features)  # which stay as they are


def test_an_epoch_depends_on_seed_and_number_alone(recordings):
    several = batches(recordings, rotate=True).epochs(0, 3)
    alone = batches(recordings, rotate=True).epochs(2, 1)
    for place in (7, 0, 3):
        for expected, got in zip(alone[place], several[2 * several.per_epoch + place]):
            np.testing.assert_array_equal(got, expected)
    other = batches(recordings, rotate=True, rng_seed=[6])
    assert not np.array_equal(other[0][0], batches(recordings, rotate=True)[0][0])


def test_rotated_sequences_have_the_planes_and_labels_of_one_rotation(recordings):
    """For each sequence there is a rotation that turns the plain sequence into it, features and labels."""
    plain, rotated = batches(recordings), batches(recordings, rotate=True)
    found = []
    for place in range(len(plain)):
        for sequence in range(3):
            features, labels = plain[place][0][sequence], plain[place][1][0][sequence]
            fits = [rotation for rotation in rotations_of('foa')
                    if np.array_equal(plane_map(rotation, 'foa').apply(features), rotated[place][0][sequence])
                    and np.array_equal(rotation.rotate_labels(labels), rotated[place][1][0][sequence])]
            assert len(fits) == 1
            found += fits
    assert len(set(found)) > 8


def test_validation_is_neither_scattered_nor_rotated(recordings):
    read = batches(recordings, rng_seed=None, rotate=True)
    frames = origins(read).ravel()
    assert (np.diff(frames) > 0).all() and frames[0] == 1000
    np.testing.assert_array_equal(read[0][1][0][0, 0, [2, 13, 24]], [1, 10, 20])


def test_the_networks_of_2019_keep_their_order(recordings):
    read = batches(recordings, method=METHODS['released'])
    frames = origins(read).ravel()
    assert (np.diff(frames)[np.diff(frames) != 1] != 0).sum() <= NB_FILES - 1


def test_spectra_cannot_be_rotated(recordings, tmp_path):
    of_2019 = dataclasses.replace(recordings, kind=METHODS['released'].kind)
    (recordings.feat_label_dir / 'foa_dev_norm').mkdir(exist_ok=True)
    np.save(recordings.feat_label_dir / 'foa_dev_norm' / 'split1_ir0_ov1_1.npy',
            np.zeros((NB_FRAMES, 128), np.float32))
    with pytest.raises(InputError, match='setting rotate: features of the kind spectra cannot be rotated'):
        batches(of_2019, method=METHODS['released'], rotate=True)
    assert TAU2019.nb_classes == 11
