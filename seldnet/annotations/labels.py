"""Labels: descriptions as arrays with a row a frame.

Three forms, all of 2019:

- *regression labels*, (frames, 3 * classes): activities, then azimuths, then elevations in degrees, one
  direction a class; what is stored and trained on (`split_labels` takes the columns apart);
- *classification labels*, (frames, classes, directions of the grid): any directions for each class; what
  the official scores of 2019 compare;
- a *description in memory*, a dictionary of lists (`descriptions.description_dict`): both are made from it.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from seldnet.annotations.dataset import TAU2019, Dataset

# Where a class is silent: a direction that TAU 2019's grid does not contain.
INACTIVE_AZIMUTH_DEG = 180
INACTIVE_ELEVATION_DEG = 50
COLUMNS_A_CLASS = 3  # of regression labels


def split_labels(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Activities, azimuths and elevations (degrees) of regression labels, each (..., classes).

    Parameters
    ----------
    labels : array, shape (..., 3 * classes)

    Returns
    -------
    activity, azimuth_deg, elevation_deg : arrays, shape (..., classes)
        Views of `labels`.

    Raises
    ------
    ValueError
        If the columns cannot be split into three equal parts.
    """
    return tuple(np.split(labels, COLUMNS_A_CLASS, axis=-1))


def silent_label(nb_classes: int) -> np.ndarray:
    """A row of regression labels in which nothing is active.

    Parameters
    ----------
    nb_classes : int

    Returns
    -------
    int array, shape (3 * nb_classes,)
        Activities 0, azimuths 180, elevations 50.
    """
    return np.repeat([0, INACTIVE_AZIMUTH_DEG, INACTIVE_ELEVATION_DEG], nb_classes)


def regression_labels(description: Mapping[str, Sequence], *, dataset: Dataset = TAU2019,
                      nb_frames: int | None = None) -> np.ndarray:
    """Activities and directions of each class in each frame.

    Parameters
    ----------
    description : mapping
        As of `description_dict`, times in frames; what lies after the recording's end is left out.
    dataset : Dataset
        Its classes, frames and grid.
    nb_frames : int, optional
        Of the recording; by default the data set's, or those up to the last event.

    Returns
    -------
    np.ndarray
        float64, (frames, 3 * classes): activities (0 or 1), azimuths, elevations (degrees). Where a class is
        not active, azimuth is 180 and elevation 50. Where it overlaps itself the later row wins (this format
        holds one direction a class). An event off the grid's range is active without a direction.

    Raises
    ------
    ValueError
        If a class is unknown, or the lists are of unequal lengths.

    Examples
    --------
    >>> description = {'class': ['speech'], 'start': [10], 'end': [12], 'azi': [-30], 'ele': [20]}
    >>> labels = regression_labels(description)
    >>> labels.shape, labels[12, [5, 16, 27]].tolist(), labels[13, [5, 16, 27]].tolist()
    ((3000, 33), [1.0, -30.0, 20.0], [0.0, 180.0, 50.0])
    """
    labels = np.tile(silent_label(dataset.nb_classes).astype(np.float64),
                     (_nb_frames(description, dataset, nb_frames), 1))
    activity, azimuth, elevation = split_labels(labels)  # views
    for name, frames, azimuth_deg, elevation_deg in _active_frames(description):
        class_index = dataset.classes.index(name)
        activity[frames, class_index] = 1
        if dataset.grid is None or dataset.grid.covers(azimuth_deg, elevation_deg):
            azimuth[frames, class_index] = azimuth_deg
            elevation[frames, class_index] = elevation_deg
    return labels


def classification_labels(description: Mapping[str, Sequence], *, dataset: Dataset = TAU2019,
                          nb_frames: int | None = None) -> np.ndarray:
    """1 at (frame, class, direction index), else 0: int8; times of `description` in frames.

    A class may hold several directions at once. An event off the grid's range has no place here.

    Parameters
    ----------
    description : mapping
        As of `description_dict`, times in frames; what lies after the recording's end is left out.
    dataset : Dataset
        Its classes and frames, and the grid to which its directions are rounded.
    nb_frames : int, optional
        As of `regression_labels`.

    Returns
    -------
    int8 array, shape (frames, classes, directions of the grid)

    Raises
    ------
    ValueError
        If a class is unknown, or the lists are of unequal lengths.
    """
    grid = dataset.scoring_grid
    shape = _nb_frames(description, dataset, nb_frames), dataset.nb_classes, grid.nb_directions
    labels = np.zeros(shape, dtype=np.int8)
    for name, frames, azimuth_deg, elevation_deg in _active_frames(description):
        if grid.covers(azimuth_deg, elevation_deg):
            labels[frames, dataset.classes.index(name), grid.index(azimuth_deg, elevation_deg)] = 1
    return labels


def _nb_frames(description: Mapping[str, Sequence], dataset: Dataset, nb_frames: int | None) -> int:
    return nb_frames or dataset.nb_frames or max(description['end'], default=-1) + 1


def _active_frames(description: Mapping[str, Sequence]) -> Iterator[tuple[str, slice, float, float]]:
    columns = (description[key] for key in ('class', 'start', 'end', 'azi', 'ele'))
    for name, start, end, azimuth_deg, elevation_deg in zip(*columns, strict=True):
        yield name, slice(start, end + 1), azimuth_deg, elevation_deg  # 2019 quirk: the end's frame too
