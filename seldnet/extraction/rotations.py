"""Rotations and mirror images of the recorded space that only exchange channels and turn signs: exact, free.

Azimuth by multiples of 90 degrees, mirrored or not, upside down or not. First-order Ambisonics have all 16
(Mazzon et al., "First order Ambisonics domain spatial augmentation", DCASE 2019, arXiv 1910.04388); the
tetrahedral array has the 8 that put each microphone where another was (Wang et al., "A four-stage data
augmentation approach", arXiv 2101.02919).
"""

import functools
import itertools
from dataclasses import dataclass

import numpy as np

from seldnet.annotations.dataset import NB_CHANNELS
from seldnet.annotations.directions import wrap_azimuth_deg
from seldnet.annotations.labels import split_labels


@dataclass(frozen=True)
class Rotation:
    """A rotation of the space around the array, perhaps mirrored.

    Parameters
    ----------
    quarter_turns : int
        By which azimuths grow, of 90 degrees.
    mirrored : bool
        Whether azimuths change their sign before that.
    upside_down : bool
        Whether elevations change their sign.
    """

    quarter_turns: int = 0
    mirrored: bool = False
    upside_down: bool = False

    @property
    def matrix(self) -> np.ndarray:
        """Integers (3, 3): a direction (x, y, z) -> where it is afterwards."""
        cosine, sine = ((1, 0), (0, 1), (-1, 0), (0, -1))[self.quarter_turns % 4]
        side = -1 if self.mirrored else 1
        return np.array([[cosine, -sine * side, 0], [sine, cosine * side, 0],
                         [0, 0, -1 if self.upside_down else 1]])

    def rotate_directions(self, azimuth_deg: np.ndarray, elevation_deg: np.ndarray) -> tuple[np.ndarray, ...]:
        """Where directions are afterwards.

        Parameters
        ----------
        azimuth_deg, elevation_deg : arrays of one shape

        Returns
        -------
        azimuth_deg, elevation_deg : arrays
            Azimuths -180..180, 180 left out.
        """
        azimuth_deg = 90 * self.quarter_turns + np.where(self.mirrored, -1, 1) * azimuth_deg
        return wrap_azimuth_deg(azimuth_deg), np.where(self.upside_down, -1, 1) * elevation_deg

    def rotate_labels(self, labels: np.ndarray) -> np.ndarray:
        """Regression labels afterwards; silent classes keep their label of silence.

        Parameters
        ----------
        labels : array, (..., 3 * classes)

        Returns
        -------
        array, (..., 3 * classes)
        """
        activity, azimuth_deg, elevation_deg = split_labels(labels)
        turned = self.rotate_directions(azimuth_deg, elevation_deg)
        azimuth_deg, elevation_deg = (np.where(activity > 0, after, before) for after, before in
                                      zip(turned, (azimuth_deg, elevation_deg)))
        return np.concatenate((activity, azimuth_deg, elevation_deg), axis=-1)


ALL_ROTATIONS = tuple(itertools.starmap(Rotation, itertools.product(range(4), (False, True), (False, True))))
# Capsules M1..M4 stand in these corners of a cube (x, y, z).
_CORNERS = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
_AMBISONIC_AXES = (1, 2, 0)  # of Y, Z, X: places in (x, y, z)


@dataclass(frozen=True)
class ChannelMap:
    """What a rotation does to channels: new channel c is channel `source[c]` times `sign[c]`.

    Parameters
    ----------
    source, sign : tuple of int
        An entry a channel.
    """

    source: tuple[int, ...]
    sign: tuple[int, ...]

    def apply(self, channels: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Channels (or planes of features) afterwards.

        Parameters
        ----------
        channels : array, (..., channels)
        out : array of the same shape and type, optional
            Where they go; it may be `channels`.

        Returns
        -------
        array of the same shape and type
        """
        return np.multiply(channels[..., list(self.source)], np.asarray(self.sign, channels.dtype), out=out)


@functools.lru_cache
def channel_map(rotation: Rotation, audio_format: str) -> ChannelMap | None:
    """The channels of a format after a rotation.

    Parameters
    ----------
    rotation : Rotation
    audio_format : {'foa', 'mic'}

    Returns
    -------
    ChannelMap or None
        None if the rotation is not a matter of exchanging channels.
    """
    if audio_format == 'foa':
        axes = rotation.matrix[np.ix_(_AMBISONIC_AXES, _AMBISONIC_AXES)]
        source = np.abs(axes).argmax(axis=1)
        signs = axes[np.arange(3), source]
        return ChannelMap((0, *(1 + source).tolist()), (1, *signs.tolist()))
    corners = [tuple(corner) for corner in (rotation.matrix @ np.transpose(_CORNERS)).T.tolist()]
    if set(corners) != set(_CORNERS):
        return None
    return ChannelMap(tuple(corners.index(corner) for corner in _CORNERS), (1,) * NB_CHANNELS)


def rotations_of(audio_format: str) -> tuple[Rotation, ...]:
    """The rotations that a format has.

    Parameters
    ----------
    audio_format : {'foa', 'mic'}

    Returns
    -------
    tuple of Rotation
        The one that changes nothing first; 16 for foa, 8 for mic.
    """
    return tuple(rotation for rotation in ALL_ROTATIONS if channel_map(rotation, audio_format))
