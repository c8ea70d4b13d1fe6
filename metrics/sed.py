"""Detection scores of DCASE 2019: error rate and F-score of class activities in segments of one second.

Definition: Mesaros, Heittola, Virtanen, "Metrics for polyphonic sound event detection", Applied Sciences
2016; computed as the 2019 baseline released them.

Known differences from the definition, both kept because the challenge's scores were made so
- A class is active in a segment if it is active in one of its first 49 frames: the last frame of each
  segment of 50 is left out. Events that touch a segment by its last frame alone are not seen.
- The F-score adds the float64 machine epsilon to each of its three denominators. It changes nothing but 0/0,
  which becomes 0.

An error rate without references is infinite, and NaN if there are no errors either.
"""

from dataclasses import dataclass

import numpy as np

from metrics import Record, ratio, segment_of

EPS = np.finfo(float).eps


@dataclass(frozen=True)
class SedCounts(Record):
    """Segments counted: class by class (shape (..., classes)), and errors over all classes (shape (...))."""

    true_positives: np.ndarray  # class by class: active in both
    predicted: np.ndarray  # class by class: active in the prediction
    reference: np.ndarray  # class by class: active in the reference
    substitutions: np.ndarray  # a false positive and a miss of one segment make one substitution
    deletions: np.ndarray  # the misses left over
    insertions: np.ndarray  # the false positives left over


def count(reference: np.ndarray, prediction: np.ndarray, *, nb_frames: int, nb_classes: int,
          segment_frames: int, nb_recordings: int = 1) -> SedCounts:
    """Count the segments of `nb_recordings` recordings.

    Parameters
    ----------
    reference, prediction : array, shape (rows, 2 or more)
        Frame and class index of every active event; further columns are not looked at. Rows may repeat.
    nb_frames : int
        Frames of a recording.
    nb_classes : int
        Number of classes.
    segment_frames : int
        Frames of a segment, of which all but the last are looked at.
    nb_recordings : int
        One after the other: frame f of recording r is `r * nb_frames + f`.

    Returns
    -------
    SedCounts
        With a leading axis of `nb_recordings`.
    """
    sizes = {'nb_frames': nb_frames, 'nb_classes': nb_classes, 'segment_frames': segment_frames,
             'nb_recordings': nb_recordings}
    return count_activity(_segments_of_rows(reference, **sizes), _segments_of_rows(prediction, **sizes))


def _segments_of_rows(rows: np.ndarray, nb_frames: int, nb_classes: int, segment_frames: int,
                      nb_recordings: int) -> np.ndarray:
    """Activity of each segment, bool of shape (nb_recordings, segments, classes)."""
    frame, class_index = rows[:, :2].astype(int).T
    # 2019 quirk: the last frame of a segment is left out.
    seen = (frame % nb_frames) % segment_frames < segment_frames - 1
    segments = -(-nb_frames // segment_frames)
    active = np.zeros((nb_recordings * segments, nb_classes), bool)
    active[segment_of(frame[seen], nb_frames, segment_frames), class_index[seen]] = True
    return active.reshape(nb_recordings, segments, nb_classes)


def segment_activity(activity: np.ndarray, segment_frames: int) -> np.ndarray:
    """Activity of the segments of one stream of frames.

    Parameters
    ----------
    activity : array of 0 and 1 (or bool), shape (frames, classes)
    segment_frames : int
        Frames of a segment, of which all but the last are looked at. The last segment may be shorter.

    Returns
    -------
    bool array, shape (ceil(frames / segment_frames), classes)
    """
    frames, classes = activity.shape
    segments = -(-frames // segment_frames)
    padded = np.zeros((segments * segment_frames, classes), bool)
    padded[:frames] = activity
    # 2019 quirk: the last frame of a segment is left out.
    return padded.reshape(segments, segment_frames, classes)[:, :segment_frames - 1].any(axis=1)


def count_activity(reference: np.ndarray, prediction: np.ndarray) -> SedCounts:
    """Count activities, bool arrays of shape (..., segments, classes): a record of shape (...)."""
    false_positives = (prediction & ~reference).sum(axis=-1)
    misses = (reference & ~prediction).sum(axis=-1)
    return SedCounts(
        true_positives=(reference & prediction).sum(axis=-2),
        predicted=prediction.sum(axis=-2),
        reference=reference.sum(axis=-2),
        substitutions=np.minimum(false_positives, misses).sum(axis=-1),
        deletions=np.maximum(0, misses - false_positives).sum(axis=-1),
        insertions=np.maximum(0, false_positives - misses).sum(axis=-1),
    )


def error_rate(counts: SedCounts) -> np.ndarray:
    """(S + D + I) / references, 0 at best; without references infinite, or NaN if there are no errors."""
    errors = counts.substitutions + counts.deletions + counts.insertions
    return _error_rate(errors, counts.reference.sum(axis=-1))


def class_error_rates(counts: SedCounts) -> np.ndarray:
    """Error rate of each class alone, shape (..., classes): misses and insertions, without substitutions."""
    errors = counts.predicted + counts.reference - 2 * counts.true_positives
    return _error_rate(errors, counts.reference)


def _error_rate(errors: np.ndarray, references: np.ndarray) -> np.ndarray:
    return ratio(errors, references, if_zero=np.where(errors > 0, np.inf, np.nan))


def f_score(counts: SedCounts) -> np.ndarray:
    """F-score over all classes, 0 to 1 at best; 0 if nothing was found or there was nothing to find."""
    per_class = counts.true_positives, counts.predicted, counts.reference
    return _f_score(*(value.sum(axis=-1) for value in per_class))


def class_f_scores(counts: SedCounts) -> np.ndarray:
    """F-score of each class, shape (..., classes)."""
    return _f_score(counts.true_positives, counts.predicted, counts.reference)


def _f_score(true_positives: np.ndarray, predicted: np.ndarray, reference: np.ndarray) -> np.ndarray:
    precision = true_positives / (predicted + EPS)
    recall = true_positives / (reference + EPS)
    return 2 * precision * recall / (precision + recall + EPS)
