"""The mean of several predictions of the same frames, as of a recording that is turned in several ways."""

from collections.abc import Iterable

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
        vectors = np.stack(spherical_to_cartesian(azimuth_rad, elevation_rad, activity), axis=-1)
        total_vectors = total_vectors + vectors @ rotation.matrix  # the transpose of its inverse
        total_activity = total_activity + activity
        number += 1
    azimuth_rad, elevation_rad, _ = cartesian_to_spherical(*np.moveaxis(total_vectors, -1, 0))
    return method.make_targets(total_activity / number, np.degrees(azimuth_rad), np.degrees(elevation_rad))
