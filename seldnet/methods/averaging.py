"""The mean of several predictions of the same frames: of a recording in several rotations, of several models.

Activities are averaged as they are, directions as vectors that are as long as the activities.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from seldnet.annotations.directions import cartesian_to_spherical, spherical_to_cartesian
from seldnet.extraction.rotations import Rotation
from seldnet.methods.method import Arrays, Method


def average_outputs(method: Method, predictions: Iterable[tuple[Arrays, Rotation]]) -> tuple[np.ndarray, ...]:
    """Average outputs of a network: activities as they are, directions as vectors as long as the activities.

    Parameters
    ----------
    method : Method
        That reads the outputs.
    predictions : iterable of (outputs, rotation)
        Outputs for the same frames, and by what the recording was rotated before.

    Returns
    -------
    tuple of arrays
        In the form of the outputs (or targets) of the method, of the recording as it is.
    """
    total_activity, total_vectors, number = 0, 0, 0
    for outputs, rotation in predictions:
        activity, azimuth_rad, elevation_rad = method.read_outputs(outputs)
        vectors = _vectors(activity, azimuth_rad, elevation_rad)
        total_vectors = total_vectors + vectors @ rotation.matrix  # the transpose of its inverse
        total_activity = total_activity + activity
        number += 1
    return method.make_targets(total_activity / number, *_directions_deg(total_vectors))


def average_degrees(predictions: Sequence[Sequence[np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Average activities and directions of several models.

    Parameters
    ----------
    predictions : sequence of (activity, azimuth_deg, elevation_deg)
        At least one; arrays of one shape, (..., frames, classes).

    Returns
    -------
    activity, azimuth_deg, elevation_deg : arrays of that shape
        Of `accdoa` the direction is that of the mean of the vectors.

    Examples
    --------
    >>> average_degrees([[np.array([0.8]), np.array([0.0]), np.array([0.0])],
    ...                  [np.array([0.8]), np.array([90.0]), np.array([0.0])]])[1].round(6).tolist()
    [45.0]
    """
    activity = sum(prediction[0] for prediction in predictions) / len(predictions)
    vectors = sum(_vectors(activity, np.radians(azimuth_deg), np.radians(elevation_deg))
                  for activity, azimuth_deg, elevation_deg in predictions)
    return activity, *_directions_deg(vectors)


def _vectors(activity: np.ndarray, azimuth_rad: np.ndarray, elevation_rad: np.ndarray) -> np.ndarray:
    return np.stack(spherical_to_cartesian(azimuth_rad, elevation_rad, activity), axis=-1)


def _directions_deg(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    azimuth_rad, elevation_rad, _ = cartesian_to_spherical(*np.moveaxis(vectors, -1, 0))
    return np.degrees(azimuth_rad), np.degrees(elevation_rad)
