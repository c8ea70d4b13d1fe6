"""Joint scores of 2020 and later: a detection counts only if it points the right way.

Definition: Mesaros et al., "Joint measurement of localization and detection of sound events", WASPAA 2019;
Politis et al., "Overview and evaluation of sound event localization and detection in DCASE 2019", IEEE/ACM
TASLP 2020 (arXiv 2009.02792). Computed as the DCASE baselines from 2022 on do, on segments of one second:

- The *tracks* of a class in a segment are the largest number of its directions in one frame.
- Where reference and prediction both have the class, the directions of the frames that both have are paired
  by least total distance. The k-th reference direction of a frame is track k; a matched track's distance is
  the mean over its pairs. Within 20 degrees it is a true positive, beyond them a spatial false positive, and
  either way it is one matched track, whose distance enters the localization error.
- Predicted tracks beyond the reference's are false positives, missing ones are misses. A class on one side
  only: all its tracks are false positives or misses.

Known differences from the definition, kept to give the same numbers as those baselines
- Reference and prediction both have the class but share no frame of the segment: the number of *predicted*
  tracks counts as misses, and nothing as false positives.
- Substitutions, deletions and insertions are made of a segment's errors over all classes, so an error rate
  of one class does not exist; the macro average holds the micro error rate.
- Denominators are guarded by the float64 machine epsilon: an error rate without references is 0 or
  astronomically large, not NaN or infinite. A class that never occurs has F20 0, localization error 180
  degrees and recall 0, and takes part in the macro average.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from metrics import Record, doa, ratio, segment_of

EPS = np.finfo(float).eps
THRESHOLD_DEG = 20


@dataclass(frozen=True)
class JointCounts(Record):
    """Tracks counted class by class (shape (..., classes)), and errors over all classes (shape (...))."""

    true_positives: np.ndarray  # matched, within the threshold
    spatial_false_positives: np.ndarray  # matched, beyond the threshold
    false_positives: np.ndarray
    misses: np.ndarray
    reference: np.ndarray
    distance_deg: np.ndarray  # sum of the matched tracks' mean distances
    substitutions: np.ndarray
    deletions: np.ndarray
    insertions: np.ndarray


class JointScores(NamedTuple):
    """The joint scores; each a float, or an array with one value a record (or a record and class)."""

    ER: np.ndarray  # ER20, 0 at best
    F: np.ndarray  # F20, 1 at best
    LE: np.ndarray  # localization error in degrees, 0 at best
    LR: np.ndarray  # localization recall, 1 at best
    SELD: np.ndarray  # mean of ER, 1 - F, LE / 180, 1 - LR, 0 at best


def count(reference: np.ndarray, prediction: np.ndarray, *, nb_frames: int, nb_classes: int,
          segment_frames: int, nb_recordings: int = 1) -> JointCounts:
    """Count the segments of `nb_recordings` recordings.

    Parameters
    ----------
    reference, prediction : array, shape (rows, 4)
        Frame, class index, azimuth and elevation in degrees. Equal rows stay as many as they are; the order
        of the reference's rows in a frame numbers the tracks.
    nb_frames, nb_classes, segment_frames : int
        Frames of a recording, number of classes, frames of a segment (all of them are looked at).
    nb_recordings : int
        One after the other: frame f of recording r is `r * nb_frames + f`.

    Returns
    -------
    JointCounts
        With a leading axis of `nb_recordings`.
    """
    segments = -(-nb_frames // segment_frames)
    shape = (nb_recordings, segments, nb_classes)

    def segment_class(cell):  # a cell is a frame and class, numbered frame * nb_classes + class
        return segment_of(cell // nb_classes, nb_frames, segment_frames) * nb_classes + cell % nb_classes

    def tracks(cell):
        cells = doa.runs(cell)
        most = np.zeros(np.prod(shape), int)
        np.maximum.at(most, segment_class(cells.value), cells.size)
        return most.reshape(shape)

    in_reference, in_prediction = (
        doa.directions((rows[:, 0] * nb_classes + rows[:, 1]).astype(int), rows[:, 2], rows[:, 3])
        for rows in (reference, prediction))
    reference_tracks, predicted_tracks = tracks(in_reference.cell), tracks(in_prediction.cell)

    # The matched tracks: one for each segment, class and track number that has pairs.
    pairs = doa.pair(in_reference, in_prediction)
    most = reference_tracks.max(initial=1)
    cell = in_reference.cell[pairs.reference]
    track = segment_class(cell) * most + pairs.reference - np.searchsorted(in_reference.cell, cell)
    nb_pairs = np.bincount(track, minlength=np.prod(shape) * most).reshape(*shape, most)
    distance_deg = np.bincount(track, pairs.distance_deg, nb_pairs.size).reshape(nb_pairs.shape)
    matched = nb_pairs > 0
    mean_deg = np.divide(distance_deg, nb_pairs, out=np.zeros(nb_pairs.shape), where=matched)
    near = (matched & (mean_deg <= THRESHOLD_DEG)).sum(axis=-1)
    far = matched.sum(axis=-1) - near

    # On one side only all tracks of that side are surplus or shortfall, as the other side has none.
    never_meet = (reference_tracks > 0) & (predicted_tracks > 0) & (near + far == 0)
    false_positives = np.where(never_meet, 0, np.maximum(0, predicted_tracks - reference_tracks))
    misses = np.where(never_meet, predicted_tracks, np.maximum(0, reference_tracks - predicted_tracks))
    segment_false_positives, segment_misses = (far + false_positives).sum(axis=-1), misses.sum(axis=-1)
    return JointCounts(
        true_positives=near.sum(axis=1),
        spatial_false_positives=far.sum(axis=1),
        false_positives=false_positives.sum(axis=1),
        misses=misses.sum(axis=1),
        reference=reference_tracks.sum(axis=1),
        distance_deg=mean_deg.sum(axis=(1, 3)),
        substitutions=np.minimum(segment_false_positives, segment_misses).sum(axis=1),
        deletions=np.maximum(0, segment_misses - segment_false_positives).sum(axis=1),
        insertions=np.maximum(0, segment_false_positives - segment_misses).sum(axis=1),
    )


def class_scores(counts: JointCounts) -> JointScores:
    """Scores of each class, shape (..., classes); the error rate is that of all classes together."""
    error_rate = np.broadcast_to(_error_rate(counts)[..., None], counts.reference.shape)
    return _scores(error_rate, counts.true_positives, counts.spatial_false_positives, counts.false_positives,
                   counts.misses, counts.distance_deg)


def macro_scores(counts: JointCounts) -> JointScores:
    """Mean of the classes' scores, each of shape (...)."""
    return JointScores(*(score.mean(axis=-1) for score in class_scores(counts)))


def micro_scores(counts: JointCounts) -> JointScores:
    """Scores of the counts summed over the classes, each of shape (...)."""
    return _scores(_error_rate(counts), *(value.sum(axis=-1) for value in (
        counts.true_positives, counts.spatial_false_positives, counts.false_positives, counts.misses,
        counts.distance_deg)))


def _error_rate(counts: JointCounts) -> np.ndarray:
    errors = counts.substitutions + counts.deletions + counts.insertions
    return errors / (counts.reference.sum(axis=-1) + EPS)


def _scores(error_rate, true_positives, spatial_false_positives, false_positives, misses,
            distance_deg) -> JointScores:
    matched = true_positives + spatial_false_positives
    f_score = true_positives / (matched + 0.5 * (false_positives + misses) + EPS)
    localization_error_deg = ratio(distance_deg, matched, if_zero=180)
    localization_recall = matched / (matched + misses + EPS)
    seld = (error_rate + (1 - f_score) + localization_error_deg / 180 + (1 - localization_recall)) / 4
    return JointScores(error_rate, f_score, localization_error_deg, localization_recall, seld)
