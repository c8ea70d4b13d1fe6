"""Arrays of activities and directions counted, as networks give them and as 2019 scored them.

References come first, as everywhere in `metrics/`. A batch is strung together to one stream of frames.
"""

import numpy as np

from metrics import doa, sed
from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.output_format import classification_rows
from seldnet.scoring.counting import frame_directions


def checked_activities(*arrays: np.ndarray) -> list[np.ndarray]:
    """Activities as bool arrays.

    Parameters
    ----------
    *arrays : arrays of 0 and 1 (or bool), shape (frames, classes) or (batch, frames, classes)

    Returns
    -------
    list of bool arrays, shape (frames, classes)
        A batch is strung together.

    Raises
    ------
    ValueError
        If arrays are no activities, or of unequal shapes.
    """
    arrays = [np.asarray(array) for array in arrays]
    if len({array.shape for array in arrays}) > 1:
        shapes = ' and '.join(str(array.shape) for array in arrays)
        raise ValueError(f'expected activities of equal shapes, got {shapes}')
    for array in arrays:
        if array.ndim not in (2, 3):
            raise ValueError('expected activities of shape (frames, classes) or (batch, frames, classes), '
                             f'got {array.shape}')
        if array.dtype != bool:
            wrong = array[(array != 0) & (array != 1)]
            if wrong.size:
                raise ValueError(f'expected activities 0 or 1, got {wrong[0]} (threshold probabilities)')
    return [array.reshape(-1, array.shape[-1]).astype(bool) for array in arrays]


def count_framewise(reference: np.ndarray, prediction: np.ndarray) -> sed.SedCounts:
    """Count activities (as `checked_activities` takes them) frame by frame: a record without axes.

    Parameters
    ----------
    reference, prediction : arrays
        As `checked_activities` takes them.

    Returns
    -------
    SedCounts
        Each frame is a segment of its own.

    Raises
    ------
    ValueError
        As `checked_activities`.
    """
    prediction, reference = checked_activities(prediction, reference)
    return sed.count_activity(reference, prediction)


def count_segments(reference: np.ndarray, prediction: np.ndarray, segment_frames: int) -> sed.SedCounts:
    """Count activities in segments of `segment_frames` frames, the last frame of each left out.

    Parameters
    ----------
    reference, prediction : arrays
        As `checked_activities` takes them.
    segment_frames : int

    Returns
    -------
    SedCounts
        A record without axes.

    Raises
    ------
    ValueError
        As `checked_activities` does.
    """
    prediction, reference = checked_activities(prediction, reference)
    return sed.count_activity(sed.segment_activity(reference, segment_frames),
                              sed.segment_activity(prediction, segment_frames))


def count_regression(reference_rad: np.ndarray, prediction_rad: np.ndarray, reference_active: np.ndarray,
                     prediction_active: np.ndarray) -> doa.DoaCounts:
    """Count the directions of regression outputs: one direction a class.

    Parameters
    ----------
    reference_rad, prediction_rad : arrays, shape (frames, 2 * classes)
        Azimuths of all classes, then their elevations, radians.
    reference_active, prediction_active : arrays
        As `checked_activities` takes them; only the directions of active classes count.

    Returns
    -------
    DoaCounts
        A record without axes.

    Raises
    ------
    ValueError
        Shapes do not fit, activities are not 0 and 1, or the direction of an active class is not finite.
    """
    prediction_active, reference_active = checked_activities(prediction_active, reference_active)
    prediction = _regression_directions(prediction_rad, prediction_active)
    reference = _regression_directions(reference_rad, reference_active)
    return doa.count(reference, prediction, nb_frames=len(reference_active)).total()


def _regression_directions(doa_rad: np.ndarray, active: np.ndarray) -> doa.Directions:
    frames, classes = active.shape
    if np.shape(doa_rad) != (frames, 2 * classes):
        raise ValueError(f'expected directions of shape {(frames, 2 * classes)}, azimuths, elevations, '
                         f'got {np.shape(doa_rad)}')
    frame, class_index = np.nonzero(active)
    directions = doa.Directions(frame, doa_rad[frame, class_index], doa_rad[frame, classes + class_index])
    finite = np.isfinite(directions.azimuth_rad) & np.isfinite(directions.elevation_rad)
    if not finite.all():
        raise ValueError('expected finite directions of active classes, got another in frame '
                         f'{frame[~finite][0]}')
    return directions


def count_classification(reference: np.ndarray, prediction: np.ndarray, *,
                         dataset: Dataset = TAU2019) -> doa.DoaCounts:
    """Count the directions of classification labels: any directions of the grid for each class.

    Parameters
    ----------
    reference, prediction : arrays of 0 and 1, shape (frames, classes, directions of the grid)
    dataset : Dataset
        Its grid.

    Returns
    -------
    DoaCounts
        A record without axes.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if np.shape(prediction) != np.shape(reference):
        raise ValueError(f'expected labels of equal shapes, got {np.shape(prediction)} and '
                         f'{np.shape(reference)}')
    directions = (frame_directions(classification_rows(labels, dataset=dataset))
                  for labels in (reference, prediction))
    return doa.count(*directions, nb_frames=len(reference)).total()
