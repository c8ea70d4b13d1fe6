"""Directions: the grid that labels and the 2019 scores know, vectors and angles.

Azimuth grows counter-clockwise (+90 degrees is left), elevation upwards; x points to the front, y to the
left, z upwards. Every function takes numbers or arrays of shapes that broadcast.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from seldnet.common.errors import InputError


@dataclass(frozen=True)
class DirectionGrid:
    """Azimuths and elevations in equal steps. A direction's index counts azimuths outermost.

    Parameters
    ----------
    step_deg : int
        Between neighbours, in both angles.
    azimuths_deg, elevations_deg : tuple of int
        Ascending.
    """

    step_deg: int
    azimuths_deg: tuple[int, ...]
    elevations_deg: tuple[int, ...]

    @property
    def nb_directions(self) -> int:
        """Number of all directions."""
        return len(self.azimuths_deg) * len(self.elevations_deg)

    def covers(self, azimuth_deg: Any, elevation_deg: Any) -> np.ndarray:
        """Whether directions lie within the grid's range, on a point of the grid or between: bool.

        Parameters
        ----------
        azimuth_deg, elevation_deg : numbers or arrays

        Returns
        -------
        bool or bool array
            Of the shape that the two broadcast to; False for NaN.
        """
        azimuth_deg, elevation_deg = np.asarray(azimuth_deg), np.asarray(elevation_deg)
        return ((azimuth_deg >= self.azimuths_deg[0]) & (azimuth_deg <= self.azimuths_deg[-1])
                & (elevation_deg >= self.elevations_deg[0]) & (elevation_deg <= self.elevations_deg[-1]))

    def index(self, azimuth_deg: Any, elevation_deg: Any) -> np.ndarray:
        """Index of the grid's direction at or below each direction: int, 0..nb_directions - 1.

        Parameters
        ----------
        azimuth_deg, elevation_deg : numbers or arrays

        Returns
        -------
        int or int array
            Of the shape that the two broadcast to.

        Raises
        ------
        InputError
            If a direction is not within the grid's range.

        Examples
        --------
        >>> from seldnet.annotations.dataset import TAU2019
        >>> int(TAU2019.grid.index(-180, -40)), int(TAU2019.grid.index(-170, -40))
        (0, 9)
        """
        outside = ~self.covers(azimuth_deg, elevation_deg)
        if outside.any():
            azimuth, elevation = (np.broadcast_to(angle, outside.shape)[outside].flat[0]
                                  for angle in (azimuth_deg, elevation_deg))
            raise InputError(f'direction ({azimuth}, {elevation}) is off the grid, expected azimuth '
                             f'{self.azimuths_deg[0]}..{self.azimuths_deg[-1]} and elevation '
                             f'{self.elevations_deg[0]}..{self.elevations_deg[-1]} degrees')
        return self.clipped_index(azimuth_deg, elevation_deg)

    def clipped_index(self, azimuth_deg: Any, elevation_deg: Any) -> np.ndarray:
        """As `index`, but directions beyond the grid's range are brought to its edge.

        2019 quirk: clipped, then rounded *down*: an azimuth of 175 becomes 170, not -180, and -7 becomes -10.

        Parameters
        ----------
        azimuth_deg, elevation_deg : numbers or arrays
            Finite.

        Returns
        -------
        int or int array
            0..nb_directions - 1, of the shape that the two broadcast to.

        Examples
        --------
        >>> from seldnet.annotations.dataset import TAU2019
        >>> index = TAU2019.grid.clipped_index(175, -7)
        >>> [int(angle_deg) for angle_deg in TAU2019.grid.direction(index)]
        [170, -10]
        """
        azimuth = _clip(azimuth_deg, self.azimuths_deg) // self.step_deg
        elevation = _clip(elevation_deg, self.elevations_deg) // self.step_deg
        return (azimuth * len(self.elevations_deg) + elevation).astype(int)

    def nearest(self, azimuth_deg: Any, elevation_deg: Any) -> tuple[np.ndarray, np.ndarray]:
        """The grid's directions that are nearest in both angles.

        Parameters
        ----------
        azimuth_deg, elevation_deg : numbers or arrays
            Of shapes that broadcast; azimuths of any number of turns.

        Returns
        -------
        azimuth_deg, elevation_deg : arrays
            On the grid; elevations beyond its range are brought to its edge.

        Examples
        --------
        >>> from seldnet.annotations.dataset import TAU2019
        >>> [float(angle) for angle in TAU2019.grid.nearest(176, 87)]
        [-180.0, 40.0]
        """
        azimuth_deg = wrap_azimuth_deg(np.round(np.asarray(azimuth_deg) / self.step_deg) * self.step_deg)
        elevation_deg = np.round(np.asarray(elevation_deg) / self.step_deg) * self.step_deg
        return azimuth_deg, np.clip(elevation_deg, self.elevations_deg[0], self.elevations_deg[-1])

    def direction(self, index: Any) -> tuple[np.ndarray, np.ndarray]:
        """Azimuth and elevation in degrees of indices.

        Parameters
        ----------
        index : int or int array
            0..nb_directions - 1, which is not checked.

        Returns
        -------
        azimuth_deg, elevation_deg : int or int array
            Of the shape of `index`.
        """
        azimuth, elevation = np.divmod(index, len(self.elevations_deg))
        return (self.azimuths_deg[0] + azimuth * self.step_deg,
                self.elevations_deg[0] + elevation * self.step_deg)


def _clip(angle_deg: Any, points_deg: tuple[int, ...]) -> np.ndarray:
    """Degrees above the first point, not beyond the last."""
    return np.clip(angle_deg, points_deg[0], points_deg[-1]) - points_deg[0]


def wrap_azimuth_deg(azimuth_deg: Any) -> Any:
    """Azimuths of any number of turns as -180..180, 180 itself left out.

    Parameters
    ----------
    azimuth_deg : number or array
        Degrees.

    Returns
    -------
    number or array
        Of the same type.

    Examples
    --------
    >>> wrap_azimuth_deg(190), wrap_azimuth_deg(180), wrap_azimuth_deg(-720.5)
    (-170, -180, -0.5)
    """
    return (azimuth_deg + 180) % 360 - 180


def spherical_to_cartesian(azimuth_rad: Any, elevation_rad: Any, radius: Any = 1) -> tuple[Any, Any, Any]:
    """(x, y, z) of spherical coordinates.

    Parameters
    ----------
    azimuth_rad, elevation_rad : numbers or arrays
    radius : number or array

    Returns
    -------
    x, y, z : float or float array
        In the unit of `radius`; z has the shape of elevation and radius alone.
    """
    in_plane = radius * np.cos(elevation_rad)
    return in_plane * np.cos(azimuth_rad), in_plane * np.sin(azimuth_rad), radius * np.sin(elevation_rad)


def cartesian_to_spherical(x: Any, y: Any, z: Any) -> tuple[Any, Any, Any]:
    """(azimuth -pi..pi, elevation -pi/2..pi/2, radius) of Cartesian coordinates; angles in radians.

    Parameters
    ----------
    x, y, z : numbers or arrays
        In any unit.

    Returns
    -------
    azimuth_rad, elevation_rad, radius : float or float array
        The radius in the unit of x; azimuth has the shape of x and y alone. The origin has the angles 0.
    """
    return np.arctan2(y, x), np.arctan2(z, np.sqrt(x ** 2 + y ** 2)), np.sqrt(x ** 2 + y ** 2 + z ** 2)


def mean_direction_deg(azimuth_deg: np.ndarray, elevation_deg: np.ndarray) -> tuple[float, float]:
    """Azimuth -180..180 and elevation of the mean of directions, taken as unit vectors.

    Parameters
    ----------
    azimuth_deg, elevation_deg : arrays, shape (directions,)
        At least one direction.

    Returns
    -------
    azimuth_deg, elevation_deg : float
        Of directions that cancel each other, whatever rounding leaves.
    """
    axes = spherical_to_cartesian(np.radians(azimuth_deg), np.radians(elevation_deg))
    azimuth, elevation, _ = np.degrees(cartesian_to_spherical(*(np.mean(axis) for axis in axes)))
    return float(azimuth), float(elevation)
