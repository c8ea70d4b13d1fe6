"""Targets of 2019: the activity of each class, and its azimuth and elevation as numbers to be regressed.

The scale of the direction targets stands here alone: azimuth in radians, and elevation
* pi / 50, which stretches it to azimuth's range and turns the inactive pair (180, 50) into (pi, pi).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seldnet.annotations.labels import INACTIVE_AZIMUTH_DEG, INACTIVE_ELEVATION_DEG
from seldnet.methods.method import Arrays

ELEVATION_STRETCH = INACTIVE_AZIMUTH_DEG / INACTIVE_ELEVATION_DEG


def scale_directions(directions_deg: np.ndarray) -> np.ndarray:
    """Azimuths, then elevations (..., 2 * classes) in degrees -> targets of the same shape.

    Parameters
    ----------
    directions_deg : array, shape (..., 2 * classes)

    Returns
    -------
    float64 array of the same shape
        Directions of the grid, and the inactive pair, become -pi..pi.

    Raises
    ------
    ValueError
        If the columns are an odd number.
    """
    azimuths_deg, elevations_deg = np.split(np.asarray(directions_deg, np.float64), 2, axis=-1)
    return np.concatenate((azimuths_deg * np.pi / INACTIVE_AZIMUTH_DEG,
                           elevations_deg * np.pi / INACTIVE_ELEVATION_DEG), axis=-1)


def directions_rad(targets: np.ndarray) -> np.ndarray:
    """Targets or outputs (..., 2 * classes) -> azimuths, then elevations in true radians.

    Parameters
    ----------
    targets : array, shape (..., 2 * classes)

    Returns
    -------
    float64 array of the same shape
        An untrained network may be beyond the poles or a full turn.

    Raises
    ------
    ValueError
        If the columns are an odd number.
    """
    azimuths, elevations = np.split(np.asarray(targets, np.float64), 2, axis=-1)
    return np.concatenate((azimuths, elevations / ELEVATION_STRETCH), axis=-1)


def make_targets(activity: np.ndarray, azimuth_deg: np.ndarray,
                 elevation_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Activities float32 (..., classes); directions float64 (..., 2 * classes), scaled.

    Parameters
    ----------
    activity : array of 0 and 1, shape (..., classes)
    azimuth_deg, elevation_deg : arrays, shape (..., classes)
        180 and 50 where a class is silent.

    Returns
    -------
    activity : float32 array, shape (..., classes)
    directions : float64 array, shape (..., 2 * classes)
    """
    directions_deg = np.concatenate((azimuth_deg, elevation_deg), axis=-1)
    return activity.astype(np.float32), scale_directions(directions_deg)


def target_sizes(nb_classes: int) -> tuple[int, int]:
    """Columns of activities and directions.

    Parameters
    ----------
    nb_classes : int

    Returns
    -------
    activities, directions : int
    """
    return nb_classes, 2 * nb_classes


def read_outputs(outputs: Arrays) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Activities as they come; azimuths and elevations in radians.

    Parameters
    ----------
    outputs : two arrays, shapes (..., classes) and (..., 2 * classes)

    Returns
    -------
    activity, azimuth_rad, elevation_rad : arrays, shape (..., classes)
        The angles float64, unlimited.

    Raises
    ------
    ValueError
        If there are not two arrays, or the columns of directions are an odd number.
    """
    activity, directions = outputs
    return activity, *np.split(directions_rad(directions), 2, axis=-1)


def losses(outputs: Arrays, targets: Arrays, params: Mapping[str, Any]) -> dict[str, float]:
    """Binary cross-entropy and mean squared error (all outputs, inactive ones included), and their sum.

    Parameters
    ----------
    outputs : two arrays, shapes (..., classes) and (..., 2 * classes)
        Activities 0..1, directions in the scale of the targets.
    targets : two arrays of these shapes
    params : mapping
        Setting loss_weights: of the two losses in the sum.

    Returns
    -------
    dict of float
        'validation_loss', the weighted sum; 'sed_loss' and 'doa_loss' without weights.
    """
    import keras  # here: it takes seconds to load, and reading outputs needs none of it

    weights = params['loss_weights']
    sed = float(np.mean(keras.ops.convert_to_numpy(
        keras.losses.binary_crossentropy(targets[0], outputs[0]))))
    doa = float(np.mean(np.square(targets[1] - outputs[1])))
    return {'validation_loss': weights[0] * sed + weights[1] * doa, 'sed_loss': sed, 'doa_loss': doa}
