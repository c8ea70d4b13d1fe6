"""Directions: the grid's indices as numbers and as arrays, angles and vectors."""

import numpy as np
import pytest
from small_datasets import OWN

from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.directions import (
    cartesian_to_spherical,
    mean_direction_deg,
    spherical_to_cartesian,
    wrap_azimuth_deg,
)
from seldnet.common.errors import InputError


def directions_of(grid):
    return [(azimuth, elevation) for azimuth in grid.azimuths_deg for elevation in grid.elevations_deg]


@pytest.mark.parametrize('grid, number', [(TAU2019.grid, 324), (OWN.grid, 18 * 5)])
def test_indices_run_through_the_grid(grid, number):
    directions = directions_of(grid)
    assert grid.nb_directions == number == len(directions)
    assert [int(grid.index(*direction)) for direction in directions] == list(range(number))
    assert [grid.direction(index) for index in range(number)] == directions


@pytest.mark.parametrize('grid', [TAU2019.grid, OWN.grid])
def test_numbers_and_arrays_agree(grid):
    rng = np.random.default_rng(1)
    azimuths, elevations = rng.uniform(-200, 200, 500), rng.uniform(-90, 90, 500)
    covered = grid.covers(azimuths, elevations)
    assert 0 < covered.sum() < 500
    assert covered.tolist() == [bool(grid.covers(*direction)) for direction in zip(azimuths, elevations)]
    clipped = grid.clipped_index(azimuths, elevations)
    assert clipped.dtype == int
    assert clipped.tolist() == [
        int(grid.clipped_index(*direction)) for direction in zip(azimuths, elevations)]
    indices = grid.index(azimuths[covered], elevations[covered])
    assert indices.tolist() == clipped[covered].tolist() == [
        int(grid.index(*direction)) for direction in zip(azimuths[covered], elevations[covered])]
    below = grid.direction(indices)
    assert [tuple(map(int, direction)) for direction in zip(*below)] == [
        tuple(map(int, grid.direction(int(index)))) for index in indices]
    for angle, lower in zip((azimuths[covered], elevations[covered]), below):
        assert ((lower <= angle) & (angle < lower + grid.step_deg)).all()


def test_directions_between_grid_points_belong_to_the_lower():
    grid = TAU2019.grid
    assert grid.index(19, 0) == grid.index(10, 0)
    assert grid.index(0, -7) == grid.index(0, -10)


def test_quirk_directions_beyond_the_range_are_brought_to_its_edge():
    grid = TAU2019.grid
    assert grid.clipped_index(175, 0) == grid.index(170, 0)  # not -180
    assert grid.clipped_index(-300, -90) == grid.index(-180, -40) == 0
    assert grid.clipped_index(300, 90) == grid.index(170, 40) == 323


def test_index_refuses_what_is_off_the_grid():
    with pytest.raises(InputError, match=r'direction \(180, 0\) is off the grid, expected azimuth -180'):
        TAU2019.grid.index(180, 0)
    with pytest.raises(InputError, match=r'direction \(10, -50\) is off the grid'):
        TAU2019.grid.index(np.array([0, 10, 300]), np.array([0, -50, 0]))
    with pytest.raises(InputError, match=r'direction \(0, 80\) .*azimuth -180..160 and elevation -20..60'):
        OWN.grid.index(0, np.array([0, 80]))


def test_vectors_there_and_back():
    assert spherical_to_cartesian(np.pi / 2, 0) == pytest.approx((0, 1, 0))  # left
    assert spherical_to_cartesian(0, np.pi / 2, 3) == pytest.approx((0, 0, 3))  # up
    rng = np.random.default_rng(1)
    spherical = rng.uniform(-np.pi, np.pi, 50), rng.uniform(-1.5, 1.5, 50), rng.uniform(0.1, 5, 50)
    np.testing.assert_allclose(cartesian_to_spherical(*spherical_to_cartesian(*spherical)), spherical)


def test_directions_around_the_back():
    wrapped = wrap_azimuth_deg(np.array([180, -180, 190, -190, 720]))
    assert wrapped.tolist() == [-180, -180, -170, 170, 0]
    azimuth, elevation = mean_direction_deg(np.array([170, -160]), np.array([0, 0]))
    assert (azimuth, elevation) == pytest.approx((-175, 0))


def test_nearest_directions_of_the_grid():
    azimuths = np.array([-180, -176, -175.1, 4.9, 5.1, 174.9, 175.1, 179.9, 540, -14])
    azimuth_deg, elevation_deg = TAU2019.grid.nearest(azimuths, np.linspace(-90, 90, 10))
    np.testing.assert_array_equal(azimuth_deg, [-180, -180, -180, 0, 10, 170, -180, -180, -180, -10])
    np.testing.assert_array_equal(elevation_deg, [-40, -40, -40, -30, -10, 10, 30, 40, 40, 40])
    # So the quirk of rounding down has nothing left to do.
    np.testing.assert_array_equal(TAU2019.grid.direction(TAU2019.grid.index(azimuth_deg, elevation_deg)),
                                  (azimuth_deg, elevation_deg))
