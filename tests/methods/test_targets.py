"""Targets of the methods and how outputs are read; what a method refuses."""

import numpy as np
import pytest

from seldnet.annotations.labels import INACTIVE_AZIMUTH_DEG, INACTIVE_ELEVATION_DEG
from seldnet.methods.registry import METHODS

NB_CLASSES = 11


def random_labels(*frames):
    """Activities, azimuths and elevations of TAU 2019's grid, and its direction of what is not active."""
    rng = np.random.default_rng(0)
    shape = (*frames, NB_CLASSES)
    active = rng.random(shape) < 0.3
    azimuth_deg = np.where(active, rng.integers(-18, 18, shape) * 10, INACTIVE_AZIMUTH_DEG)
    elevation_deg = np.where(active, rng.integers(-4, 5, shape) * 10, INACTIVE_ELEVATION_DEG)
    return active.astype(float), azimuth_deg, elevation_deg


def assert_same_angles(found_deg, expected_deg):
    """Up to whole turns and single precision."""
    np.testing.assert_allclose((found_deg - expected_deg + 180) % 360, 180, atol=1e-4)


@pytest.mark.parametrize('variant', METHODS)
def test_targets_are_read_as_the_labels_that_they_were_made_from(variant):
    method = METHODS[variant]
    activity, azimuth_deg, elevation_deg = random_labels(2, 50)
    targets = method.make_targets(activity, azimuth_deg, elevation_deg)
    assert tuple(target.shape[-1] for target in targets) == method.target_sizes(NB_CLASSES)
    read = method.read_outputs(targets)
    assert [array.shape for array in read] == [(2, 50, NB_CLASSES)] * 3
    np.testing.assert_allclose(read[0], activity, atol=1e-6)
    active = activity == 1  # a direction need not be kept where there is none
    assert_same_angles(np.degrees(read[1])[active], azimuth_deg[active])
    assert_same_angles(np.degrees(read[2])[active], elevation_deg[active])


@pytest.mark.parametrize('variant', METHODS)
def test_targets_of_single_precision_are_read_in_double(variant):
    method = METHODS[variant]
    targets = method.make_targets(*(array.astype(np.float32) for array in random_labels(2, 50)))
    assert targets[0].dtype == np.float32
    read = method.read_outputs([target.astype(np.float32) for target in targets])
    assert [array.dtype for array in read[1:]] == [np.float64, np.float64]


@pytest.mark.parametrize('variant', METHODS)
def test_frames_are_sequences_strung_together(variant):
    method = METHODS[variant]
    labels = random_labels(3, 20)
    active, directions_rad = method.read_frames(method.make_targets(*labels))
    np.testing.assert_array_equal(active, labels[0].reshape(60, NB_CLASSES) == 1)
    assert directions_rad.shape == (60, 2 * NB_CLASSES)
    assert_same_angles(np.degrees(directions_rad[:, NB_CLASSES:])[active],
                       labels[2].reshape(60, NB_CLASSES)[active])


@pytest.mark.parametrize('variant', METHODS)
def test_pooling_must_divide_the_bins(variant):
    METHODS[variant].check_sizes(64, {'pool_size': [4, 4, 2], 'sequence_length': 128})
    with pytest.raises(ValueError, match=r'^pool_size: got \[4, 4, 3\], but 3 does not divide the 4 bins'):
        METHODS[variant].check_sizes(64, {'pool_size': [4, 4, 3], 'sequence_length': 128})
