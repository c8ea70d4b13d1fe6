"""Averages over rotations and models."""

import numpy as np
import pytest

from seldnet.extraction.rotations import Rotation, rotations_of
from seldnet.methods.averaging import average_outputs
from seldnet.methods.registry import METHODS


def some_frames(seed=0):
    rng = np.random.default_rng(seed)
    activity = (rng.random((6, 20, 11)) < 0.4).astype(float)
    return activity, rng.integers(-18, 18, activity.shape) * 10.0, rng.integers(-4, 5, activity.shape) * 10.0


@pytest.mark.parametrize('name', METHODS)
def test_a_network_that_follows_every_rotation_predicts_the_same_as_without(name):
    method = METHODS[name]
    activity, azimuth_deg, elevation_deg = some_frames()
    predictions = [(method.make_targets(activity, *rotation.rotate_directions(azimuth_deg, elevation_deg)),
                    rotation) for rotation in rotations_of('foa')]
    read = method.read_outputs(average_outputs(method, predictions))
    np.testing.assert_allclose(read[0], activity, atol=1e-6)
    active = activity > 0
    difference = np.degrees(read[1])[active] - azimuth_deg[active]
    np.testing.assert_allclose((difference + 180) % 360 - 180, 0, atol=1e-4)
    np.testing.assert_allclose(np.degrees(read[2])[active], elevation_deg[active], atol=1e-4)


def test_directions_are_averaged_as_vectors_as_long_as_the_activities():
    method = METHODS['accdoa']

    def outputs(activity, azimuth_deg):
        return method.make_targets(*(np.full((1, 1, 1), value) for value in (activity, azimuth_deg, 0.0)))

    for first, second, expected in (((1.0, 170.0), (1.0, -170.0), 180), ((1.0, 0.0), (1.0, 90.0), 45),
                                    ((0.9, 30.0), (0.0, 80.0), 30)):
        mean = average_outputs(method, [(outputs(*first), Rotation()), (outputs(*second), Rotation())])
        activity, azimuth_rad, _ = method.read_outputs(mean)
        assert np.abs(np.degrees(azimuth_rad.item())) == pytest.approx(expected, abs=1e-4)
        assert activity.item() == pytest.approx((first[0] + second[0]) / 2, abs=1e-6)
