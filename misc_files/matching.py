"""References and predictions of recordings, paired frame by frame, and what can be counted of the pairs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from metrics import doa
from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.scoring.counting import frame_directions, string_together


class Matches(NamedTuple):
    """What became of each frame of each reference event, and the predictions that are left over.

    Arrays of shape (reference frames,), and the false alarms of shape (false alarms,).
    """

    dataset: Dataset
    class_index: np.ndarray  # of the reference
    azimuth_deg: np.ndarray
    elevation_deg: np.ndarray
    since_onset: np.ndarray  # frames
    predicted_class: np.ndarray  # `nothing` where the reference was missed
    distance_deg: np.ndarray  # NaN where it was missed
    false_alarms: np.ndarray  # classes of the predictions that were not paired
    recording: np.ndarray  # place of the reference's recording among all

    @property
    def nothing(self) -> int:
        """Stands for the class where a reference or a prediction stays alone."""
        return self.dataset.nb_classes

    def wrong_frames(self) -> np.ndarray:
        """Reference frames of each recording that were missed or taken for another class."""
        return np.bincount(self.recording, self.predicted_class != self.class_index)


def match(references: Sequence[np.ndarray], since_onset: Sequence[np.ndarray],
          predictions: Sequence[np.ndarray], *, dataset: Dataset = TAU2019,
          nb_frames: Sequence[int] | None = None) -> Matches:
    """Pair the events of recordings, frame by frame: those of the same class first, then what is left.

    Parameters
    ----------
    references, predictions : sequences of arrays, shape (rows, 4)
        For each recording the rows (frame, class, azimuth, elevation); frames beyond the recording are
        ignored.
    since_onset : sequence of int arrays, shape (rows,)
        For each reference row the frames since its event began.
    dataset : Dataset
    nb_frames : sequence of int, optional
        Of each recording; by default those of the data set.
    """
    reference, reference_places = _in_order(references, dataset, nb_frames)
    prediction, _ = _in_order(predictions, dataset, nb_frames)
    predicted_class = np.full(len(reference), dataset.nb_classes)
    distance_deg = np.full(len(reference), np.nan)
    alone_r, alone_p = np.arange(len(reference)), np.arange(len(prediction))
    for within_class in (True, False):
        pairs = doa.pair(*(_cells(rows, dataset if within_class else None)
                           for rows in (reference[alone_r], prediction[alone_p])))
        predicted_class[alone_r[pairs.reference]] = prediction[alone_p[pairs.prediction], 1]
        distance_deg[alone_r[pairs.reference]] = pairs.distance_deg
        alone_r, alone_p = (np.delete(alone_r, pairs.reference), np.delete(alone_p, pairs.prediction))
    false_alarms = prediction[alone_p, 1]
    class_index, azimuth_deg, elevation_deg = reference[:, 1:].T
    return Matches(dataset, class_index.astype(int), azimuth_deg, elevation_deg,
                   np.concatenate(since_onset)[reference_places], predicted_class, distance_deg, false_alarms,
                   np.searchsorted(np.cumsum([len(rows) for rows in references]), reference_places,
                                   side='right'))


def _in_order(recordings: Sequence[np.ndarray], dataset: Dataset,
              nb_frames: Sequence[int] | None) -> tuple[np.ndarray, np.ndarray]:
    """The rows of all recordings with running frame numbers, ascending, and their places in the input.

    Within a frame the classes ascend.
    """
    rows, places = string_together(recordings, dataset=dataset, nb_frames=nb_frames)
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    return rows[order], places[order]


def _cells(rows: np.ndarray, dataset: Dataset | None) -> doa.Directions:
    """What is to be paired within a frame or, of a data set, within a frame and class."""
    if dataset is not None:
        rows = np.column_stack((rows[:, 0] * dataset.nb_classes + rows[:, 1], rows[:, 1:]))
    return frame_directions(rows)


def confusion(matches: Matches) -> np.ndarray:
    """Frames of each reference class (or none: false alarms) that were taken for each class (or missed).

    Returns
    -------
    int array, shape (classes + 1, classes + 1)
        Rows: the true class, the last are false alarms; columns: the predicted class, the last is missed.
    """
    from sklearn.metrics import confusion_matrix  # a second that --help need not wait for

    true_class = np.append(matches.class_index, np.full(len(matches.false_alarms), matches.nothing))
    predicted_class = np.append(matches.predicted_class, matches.false_alarms)
    return confusion_matrix(true_class, predicted_class, labels=np.arange(matches.nothing + 1))


class Quartiles(NamedTuple):
    """Of the values in each bin, NaN where a bin is empty."""

    low: np.ndarray
    median: np.ndarray
    high: np.ndarray


def quartiles(values: np.ndarray, bins: np.ndarray, nb_bins: int) -> Quartiles:
    """Quartiles of the values of each bin 0..nb_bins - 1; NaN among the values is passed over."""
    known = np.isfinite(values) & (bins >= 0) & (bins < nb_bins)
    order = np.argsort(bins[known], kind='stable')
    borders = np.searchsorted(bins[known][order], np.arange(1, nb_bins))
    parts = np.split(values[known][order], borders)
    return Quartiles(*np.transpose([np.quantile(part, (0.25, 0.5, 0.75)) if len(part) else [np.nan] * 3
                                    for part in parts]))
