"""The targets of 2019: activities as they are, directions scaled."""

import numpy as np

from seldnet.methods.regression import (
    directions_rad,
    losses,
    make_targets,
    read_outputs,
    scale_directions,
    target_sizes,
)


def test_quirk_elevation_is_stretched_to_the_range_of_azimuth():
    degrees = np.array([[180, -90, 50, -40]])
    targets = scale_directions(degrees)
    np.testing.assert_allclose(targets, [[np.pi, -np.pi / 2, np.pi, -0.8 * np.pi]])
    np.testing.assert_allclose(np.degrees(directions_rad(targets)), degrees)


def test_targets_are_read_back_as_activities_and_radians():
    rng = np.random.default_rng(1)
    activity = rng.integers(0, 2, (2, 5, 11))
    azimuth_deg, elevation_deg = rng.uniform(-180, 180, (2, 5, 11)), rng.uniform(-40, 50, (2, 5, 11))
    targets = make_targets(activity, azimuth_deg, elevation_deg)
    assert [target.shape[-1] for target in targets] == list(target_sizes(11)) == [11, 22]
    assert [target.dtype for target in targets] == [np.float32, np.float64]
    assert scale_directions(azimuth_deg.astype(np.float32)[..., :10]).dtype == np.float64
    read = read_outputs(targets)
    np.testing.assert_array_equal(read[0], activity)
    np.testing.assert_allclose(np.degrees(read[1]), azimuth_deg)
    np.testing.assert_allclose(np.degrees(read[2]), elevation_deg)


def test_losses_by_hand():
    outputs = np.full((1, 4, 2), 0.5, np.float32), np.ones((1, 4, 4))
    targets = np.array([[[0, 1]] * 4], np.float32), np.full((1, 4, 4), 3.0)
    found = losses(outputs, targets, {'loss_weights': [1.0, 50.0]})
    assert list(found) == ['validation_loss', 'sed_loss', 'doa_loss']
    np.testing.assert_allclose(list(found.values()), [np.log(2) + 200, np.log(2), 4], rtol=1e-6)
