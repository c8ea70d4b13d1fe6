"""Recordings counted: everything that the official scores of 2019 and the joint scores are made of."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from metrics import doa, joint, sed
from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.output_format import rows_on_grid


class RecordingCounts(NamedTuple):
    """The records of several recordings, each with a leading axis of recordings."""

    sed: sed.SedCounts
    doa: doa.DoaCounts
    joint: joint.JointCounts


RECORDINGS_AT_ONCE = 10  # enough to hide the cost of NumPy's calls, few enough for the processor's cache


def count_recordings(references: Sequence[np.ndarray], predictions: Sequence[np.ndarray], *,
                     dataset: Dataset = TAU2019,
                     nb_frames: Sequence[int] | None = None) -> RecordingCounts:
    """Count everything that the official scores of 2019 and the joint scores need, a recording at a time.

    Parameters
    ----------
    references, predictions : sequences of arrays, shape (rows, 4)
        For each recording (one at least) the rows (frame, class, azimuth, elevation); frames beyond the
        recording are ignored. The joint scores take them as they are. For the 2019 scores predictions go to
        the grid (`rows_on_grid`), and so do references within its range; others are left out: classification
        labels cannot hold them.
    dataset : Dataset
        Its classes, grid, and frames of a recording and of a second.
    nb_frames : sequence of int, optional
        Frames of each recording, needed where the data set does not say.

    Returns
    -------
    RecordingCounts
        Counts, and sums of distances in degrees.

    Examples
    --------
    A prediction in two frames, of which the first lies 10 degrees to the left of the reference:

    >>> references = [np.array([(0, 5, 0, 0)])]
    >>> predictions = [np.array([(0, 5, 10, 0), (1, 5, 10, 0)])]
    >>> counts = count_recordings(references, predictions)
    >>> counts.doa.predicted.tolist(), counts.doa.distance_deg.round(6).tolist()
    ([2], [10.0])
    """
    nb_frames = np.full(len(references), dataset.nb_frames) if nb_frames is None else np.asarray(nb_frames)
    parts = [slice(first, first + RECORDINGS_AT_ONCE)
             for first in range(0, len(references), RECORDINGS_AT_ONCE)]
    batches = [_count_batch(references[part], predictions[part], nb_frames[part], dataset) for part in parts]
    return RecordingCounts(*(type(records[0]).concatenate(records) for records in zip(*batches)))


def _count_batch(references: Sequence[np.ndarray], predictions: Sequence[np.ndarray],
                 nb_frames: np.ndarray, dataset: Dataset) -> RecordingCounts:
    (reference, _), (prediction, _) = (string_together(recordings, dataset=dataset, nb_frames=nb_frames)
                                       for recordings in (references, predictions))
    in_range = within_grid(reference, dataset)
    reference_on_grid = rows_on_grid(reference[in_range], dataset=dataset)
    prediction_on_grid = rows_on_grid(prediction, dataset=dataset)
    longest = int(nb_frames.max())
    recordings = {'nb_frames': longest, 'nb_recordings': len(references)}
    segments = recordings | {'nb_classes': dataset.nb_classes, 'segment_frames': dataset.nb_frames_1s}
    return RecordingCounts(
        sed.count(reference_on_grid, prediction_on_grid, **segments),
        _without_fill(doa.count(frame_directions(reference_on_grid), frame_directions(prediction_on_grid),
                                **recordings), longest - nb_frames),
        joint.count(reference, prediction, **segments),
    )


def within_grid(reference: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Which reference rows take part in the 2019 scores.

    Parameters
    ----------
    reference : array, shape (rows, 4)
    dataset : Dataset

    Returns
    -------
    bool array, shape (rows,)
        2019 quirk: not those off the grid; all where the data set has none.
    """
    if dataset.grid is None:
        return np.ones(len(reference), bool)
    return dataset.grid.covers(reference[:, 2], reference[:, 3])


def _without_fill(counts: doa.DoaCounts, nb_fill: np.ndarray) -> doa.DoaCounts:
    """Counts without the frames after each recording's end, in which there is nothing on either side."""
    return dataclasses.replace(counts, good_frames=counts.good_frames - nb_fill,
                               frames=counts.frames - nb_fill)


def string_together(recordings: Sequence[np.ndarray], *, dataset: Dataset = TAU2019,
                    nb_frames: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The rows of all recordings with running frame numbers, as `metrics/` counts them.

    Parameters
    ----------
    recordings : sequence of arrays, shape (rows, 4)
        For each recording the rows (frame, class, azimuth, elevation).
    dataset : Dataset
        Its frames of a recording.
    nb_frames : sequence of int, optional
        Frames of each recording, needed where the data set does not say.

    Returns
    -------
    rows : array, shape (rows, 4)
        Frame f of recording r is now r times the frames of the longest recording + f; frames beyond a
        recording are left out.
    places : int array, shape (rows,)
        Of the rows in the recordings' concatenation.
    """
    rows = np.concatenate(recordings)
    recording = np.repeat(np.arange(len(recordings)), [len(of_recording) for of_recording in recordings])
    nb_frames = np.full(len(recordings), dataset.nb_frames) if nb_frames is None else np.asarray(nb_frames)
    places = np.flatnonzero(rows[:, 0] < nb_frames[recording])
    rows = rows[places]
    rows[:, 0] += recording[places] * nb_frames.max()
    return rows, places


def frame_directions(rows: np.ndarray) -> doa.Directions:
    """The directions of rows (frame, class, azimuth, elevation), to be paired within a frame.

    Parameters
    ----------
    rows : array, shape (rows, 4)
        Degrees, in any order.

    Returns
    -------
    Directions
        Ascending frames; angles in radians.
    """
    return doa.directions(rows[:, 0].astype(int), rows[:, 2], rows[:, 3])
