"""Which activity to call active: F of all thresholds at once, as the 2019 scores count it.

In the 2019 scores a class is active in a segment of a second if it is in one of its frames. That is so for a
threshold exactly if the largest activity of the segment is above it, so the segments' maxima tell all
thresholds.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

THRESHOLDS = np.arange(1, 100) / 100


class Curves(NamedTuple):
    """F by threshold.

    Attributes
    ----------
    thresholds : array, shape (thresholds,)
        Ascending.
    of_all : array, shape (thresholds,)
        F of all classes together, as in the table of scores; 0..1.
    of_classes : array, shape (thresholds, classes)
        NaN for a class that is neither in the references nor predicted.
    """

    thresholds: np.ndarray
    of_all: np.ndarray
    of_classes: np.ndarray

    def best(self) -> float:
        """The threshold of the highest F of all, the middle one of several."""
        return float(self.thresholds[_middle_best(self.of_all)])

    def best_of_classes(self, usual: float) -> np.ndarray:
        """The threshold of the highest F of each class; `usual` where there is nothing to choose by.

        Parameters
        ----------
        usual : float

        Returns
        -------
        array, shape (classes,)
        """
        return np.array([self.thresholds[_middle_best(column)] if np.nanmax(column, initial=0) > 0 else usual
                         for column in self.of_classes.T])


def f_by_threshold(activities: Sequence[np.ndarray], references: Sequence[np.ndarray],
                   segment_frames: int, thresholds: np.ndarray = THRESHOLDS) -> Curves:
    """F of each threshold over some recordings.

    Parameters
    ----------
    activities : sequence of arrays, shape (frames, classes)
        Of each recording.
    references : sequence of arrays of the same shapes
        True where a class is active.
    segment_frames : int
        Frames of a second.
    thresholds : array
        Ascending.

    Returns
    -------
    Curves
    """
    highest = np.concatenate([_segments(activity, segment_frames, -np.inf) for activity in activities])
    is_there = np.concatenate([_segments(np.asarray(reference, bool), segment_frames, False)
                               for reference in references])
    true_positives = np.stack([((highest > value) & is_there).sum(axis=0) for value in thresholds])
    predicted = np.stack([(highest > value).sum(axis=0) for value in thresholds])
    return Curves(thresholds, _f(true_positives.sum(axis=1), predicted.sum(axis=1), is_there.sum()),
                  _f(true_positives, predicted, is_there.sum(axis=0)))


def _segments(frames: np.ndarray, length: int, fill: float) -> np.ndarray:
    """The highest value of each segment, (segments, classes); the last segment may be short."""
    nb_fill = -len(frames) % length
    filled = np.concatenate((frames, np.full((nb_fill, frames.shape[1]), fill, frames.dtype)))
    return filled.reshape(-1, length, frames.shape[1]).max(axis=1)


def _f(true_positives: np.ndarray, predicted: np.ndarray, there: np.ndarray) -> np.ndarray:
    both = predicted + there
    return np.divide(2 * true_positives, both, out=np.full(both.shape, np.nan), where=both > 0)


def _middle_best(values: np.ndarray) -> int:
    best = np.flatnonzero(np.nan_to_num(values, nan=-1) >= np.nanmax(values) - 1e-12)
    return int(best[len(best) // 2])
