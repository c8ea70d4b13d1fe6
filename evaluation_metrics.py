"""The scores of DCASE 2019 under their 2019 names, and the output format: reading, writing and converting it.

Scores: the functions and the class take arrays as in 2019; the arithmetic is in `metrics/`, where the
definitions and their quirks are described. Two ways of 2019 lead to a SELD score, and they are different
numbers:

- in training, `compute_sed_scores` and `compute_doa_scores_regr`, from the network's outputs strung together
  to one stream, with one direction a class;
- officially, from the output format on the grid of directions, a recording at a time, so that segments never
  cross recordings: `SELDMetrics` from label arrays, `seldnet/scoring/` from the files themselves.

Output format: a text file a recording, in memory a dictionary from frame to a list of [class, azimuth,
elevation] (`load_output_format_file`); see `seldnet/annotations/output_format.py`.

Arguments called `feat_cls` and `data_gen` are kept so that calls of 2019 still work. They need not be given
where they have a default, and are never looked into: classes, frames and grid are the argument `dataset`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from metrics import Record, doa, sed, seld
from seldnet.annotations import directions, output_format
from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.event_frames import output_format_frames
from seldnet.annotations.output_format import OutputDict
from seldnet.scoring import arrays
from seldnet.scoring.counting import count_recordings

# ------------------------------------------------------------------------------------------------------------
# Detection
# ------------------------------------------------------------------------------------------------------------


def reshape_3Dto2D(A: np.ndarray) -> np.ndarray:  # noqa: N802 (a name of 2019)
    """(batch, frames, values) strung together to (batch * frames, values)."""
    return A.reshape(-1, A.shape[-1])


def f1_overall_framewise(O: np.ndarray, T: np.ndarray) -> float:  # noqa: E741 (a name of 2019)
    """F-score, 0..1, counted frame by frame.

    Parameters
    ----------
    O, T : arrays of 0 and 1 (or bool), shape (frames, classes) or (batch, frames, classes)
        Activities of the output and of the truth.
    """
    return float(sed.f_score(arrays.count_framewise(T, O)))


def er_overall_framewise(O: np.ndarray, T: np.ndarray) -> float:  # noqa: E741
    """Error rate as of `f1_overall_framewise`: without references infinite, or NaN if there are no errors."""
    return float(sed.error_rate(arrays.count_framewise(T, O)))


def f1_overall_1sec(O: np.ndarray, T: np.ndarray, block_size: int) -> float:  # noqa: E741
    """F-score, 0..1, counted in segments of `block_size` frames, the last frame of each left out.

    Other arguments as of `f1_overall_framewise`; a batch is strung together first.
    """
    return float(sed.f_score(arrays.count_segments(T, O, block_size)))


def er_overall_1sec(O: np.ndarray, T: np.ndarray, block_size: int) -> float:  # noqa: E741
    """Error rate counted in segments; arguments as of `f1_overall_1sec`, without references as framewise."""
    return float(sed.error_rate(arrays.count_segments(T, O, block_size)))


def compute_sed_scores(pred: np.ndarray, gt: np.ndarray, nb_frames_1s: int) -> list[float]:
    """[error rate, F-score] in segments of `nb_frames_1s` frames; arrays as of `f1_overall_framewise`."""
    counts = arrays.count_segments(gt, pred, nb_frames_1s)
    return [float(sed.error_rate(counts)), float(sed.f_score(counts))]


# ------------------------------------------------------------------------------------------------------------
# Directions
# ------------------------------------------------------------------------------------------------------------


class DoaScores(NamedTuple):
    """What 2019's functions of direction scores return, in this order."""

    doa_error_deg: float  # 0 where nothing was predicted
    frame_recall: float
    predicted: int  # predicted directions
    good_frames: int  # frames with as many predictions as references
    surplus: int  # predictions beyond the number of references, summed over frames
    shortfall: int  # references beyond the number of predictions


def compute_doa_scores_regr(pred_doa_rad: np.ndarray, gt_doa_rad: np.ndarray, pred_sed: np.ndarray,
                            gt_sed: np.ndarray) -> DoaScores:
    """Direction scores of regression outputs: one direction a class.

    Parameters
    ----------
    pred_doa_rad, gt_doa_rad : arrays, shape (frames, 2 * classes)
        Azimuths of all classes, then their elevations, radians.
    pred_sed, gt_sed : arrays of 0 and 1 (or bool), shape (frames, classes)
        Only the directions of active classes count.

    Raises
    ------
    ValueError
        Shapes do not fit, activities are not 0 and 1, or the direction of an active class is not finite.
    """
    return _doa_scores(arrays.count_regression(gt_doa_rad, pred_doa_rad, gt_sed, pred_sed))


def compute_doa_scores_clas(pred_doa: np.ndarray, gt_doa: np.ndarray, data_gen: Any = None, *,
                            dataset: Dataset = TAU2019) -> DoaScores:
    """Direction scores of classification labels: any directions of the grid for each class.

    Parameters
    ----------
    pred_doa, gt_doa : arrays of 0 and 1, shape (frames, classes, directions of the grid)
    """
    return _doa_scores(arrays.count_classification(gt_doa, pred_doa, dataset=dataset))


def _doa_scores(counts: doa.DoaCounts) -> DoaScores:
    return DoaScores(float(doa.doa_error(counts, if_none=0)), float(doa.frame_recall(counts)),
                     *(int(number) for number in (counts.predicted, counts.good_frames, counts.surplus,
                                                  counts.shortfall)))


def distance_between_gt_pred(gt_list_rad: np.ndarray, pred_list_rad: np.ndarray) -> float:
    """Least total great-circle distance between two sets of directions, degrees.

    Parameters
    ----------
    gt_list_rad, pred_list_rad : arrays, shapes (n, 2) and (m, 2)
        Azimuth and elevation, radians. The surplus of the larger set stays alone and costs nothing.
    """
    reference, prediction = (doa.Directions(np.zeros(len(listed), int), *np.reshape(listed, (-1, 2)).T)
                             for listed in (gt_list_rad, pred_list_rad))
    return float(doa.pair(reference, prediction).distance_deg.sum())


def distance_between_spherical_coordinates_rad(az1, ele1, az2, ele2):
    """Angle between directions in degrees, 0..180; numbers or arrays, radians."""
    return doa.great_circle_deg(az1, ele1, az2, ele2)


def distance_between_cartesian_coordinates(x1, y1, z1, x2, y2, z2):
    """Angle between vectors of any length in degrees, 0..180; numbers or arrays. NaN for the zero vector."""
    lengths = np.sqrt((x1 ** 2 + y1 ** 2 + z1 ** 2) * (x2 ** 2 + y2 ** 2 + z2 ** 2))
    cosine = np.divide(x1 * x2 + y1 * y2 + z1 * z2, lengths, out=np.full(np.shape(lengths), np.nan),
                       where=lengths != 0)
    return np.arccos(np.clip(cosine, -1, 1)) * 180 / np.pi


def sph2cart(azimuth, elevation, r):
    """(x, y, z) of spherical coordinates, radians; x points to the front, y to the left, z upwards."""
    return directions.spherical_to_cartesian(azimuth, elevation, r)


def cart2sph(x, y, z):
    """(azimuth -pi..pi, elevation -pi/2..pi/2, r) of Cartesian coordinates, radians."""
    return directions.cartesian_to_spherical(x, y, z)


# ------------------------------------------------------------------------------------------------------------
# The SELD score, and the official accumulator
# ------------------------------------------------------------------------------------------------------------


def compute_seld_metric(sed_error: Sequence[float], doa_error: Sequence[float]) -> float:
    """SELD score, 0 at best, from [error rate, F-score] and [DOA error in degrees, frame recall, ...]."""
    return float(seld.seld_score(sed_error[0], sed_error[1], doa_error[0], doa_error[1]))


class SELDMetrics:
    """The official scores of 2019: counts of one recording after another, from classification labels.

    Parameters
    ----------
    nb_frames_1s : int, optional
        Frames of a segment; one second if not given.
    """

    def __init__(self, nb_frames_1s: int | None = None, data_gen: Any = None, *,
                 dataset: Dataset = TAU2019):
        self.segment_frames = nb_frames_1s or dataset.nb_frames_1s
        self.dataset = dataset
        self.reset()

    def reset(self) -> None:
        """Forget all recordings."""
        self.sed_counts: sed.SedCounts | None = None
        self.doa_counts: doa.DoaCounts | None = None

    def update_sed_scores(self, pred: np.ndarray, gt: np.ndarray) -> None:
        """Add the activities of a recording, 0 and 1 of shape (frames, classes)."""
        self.sed_counts = _added(self.sed_counts, arrays.count_segments(gt, pred, self.segment_frames))

    def compute_sed_scores(self) -> tuple[float, float]:
        """Error rate and F-score of all recordings so far, (NaN, 0) before the first."""
        if self.sed_counts is None:
            return np.nan, 0.0
        return float(sed.error_rate(self.sed_counts)), float(sed.f_score(self.sed_counts))

    def update_doa_scores(self, pred_doa: np.ndarray, gt_doa: np.ndarray) -> None:
        """Add the labels of a recording, 0 and 1 of shape (frames, classes, directions of the grid)."""
        self.doa_counts = _added(self.doa_counts,
                                 arrays.count_classification(gt_doa, pred_doa, dataset=self.dataset))

    def compute_doa_scores(self) -> tuple[float, float]:
        """DOA error (degrees) and frame recall of all recordings so far; NaN where nothing was predicted."""
        if self.doa_counts is None:
            return np.nan, np.nan
        return float(doa.doa_error(self.doa_counts, if_none=np.nan)), float(doa.frame_recall(self.doa_counts))

    def f1_overall_framewise(self, O: np.ndarray, T: np.ndarray) -> float:  # noqa: E741
        """The function of this name; nothing is added to the counts."""
        return f1_overall_framewise(O, T)

    def er_overall_framewise(self, O: np.ndarray, T: np.ndarray) -> float:  # noqa: E741
        """The function of this name; nothing is added to the counts."""
        return er_overall_framewise(O, T)

    def f1_overall_1sec(self, O: np.ndarray, T: np.ndarray) -> float:  # noqa: E741
        """The function of this name; nothing is added to the counts."""
        return f1_overall_1sec(O, T, self.segment_frames)

    def er_overall_1sec(self, O: np.ndarray, T: np.ndarray) -> float:  # noqa: E741
        """The function of this name; nothing is added to the counts."""
        return er_overall_1sec(O, T, self.segment_frames)


def _added(so_far: Record | None, record: Record) -> Record:
    return record if so_far is None else so_far + record


def compute_seld_metrics_from_output_format_dict(
        pred_dict: Mapping[int, Sequence], gt_dict: Mapping[int, Sequence],
        feat_cls: Any = None, *, dataset: Dataset = TAU2019) -> tuple[float, float, float, float, float]:
    """SELD score, error rate, F-score, DOA error and frame recall of a recording.

    Both sides are put on the grid first, as in the official scores; the DOA error is in degrees, and 0 if
    nothing was predicted.
    """
    reference, prediction = (output_format.dict_to_rows(output_dict, dataset=dataset)
                             for output_dict in (gt_dict, pred_dict))
    counts = count_recordings([output_format.rows_on_grid(reference, dataset=dataset)], [prediction],
                              dataset=dataset)
    doa_counts = counts.doa.total()
    scores = seld.scores(counts.sed.total(), doa_counts)
    doa_error_deg = float(doa.doa_error(doa_counts, if_none=0))
    score = seld.seld_score(scores.ER, scores.F, doa_error_deg, scores.FR)
    return float(score), float(scores.ER), float(scores.F), doa_error_deg, float(scores.FR)


# ------------------------------------------------------------------------------------------------------------
# The output format
# ------------------------------------------------------------------------------------------------------------


def output_format_dict_to_classification_labels(output_dict: Mapping[int, Sequence],
                                                feat_cls: Any = None, *,
                                                dataset: Dataset = TAU2019) -> np.ndarray:
    """Labels 0 and 1 of shape (3000, 11, 324) from the output format; frames from 3000 on are ignored."""
    rows = output_format.dict_to_rows(output_dict, dataset=dataset)
    return output_format.rows_to_classification_labels(rows, dataset=dataset)


def classification_label_format_to_output_format(feat_cls: Any, labels: np.ndarray, *,
                                                 dataset: Dataset = TAU2019) -> OutputDict:
    """Output format of labels 0 and 1 of shape (frames, classes, directions of the grid)."""
    return output_format.rows_to_dict(output_format.classification_rows(labels, dataset=dataset))


def regression_label_format_to_output_format(feat_cls: Any, sed_labels: np.ndarray,
                                             doa_labels_deg: np.ndarray) -> OutputDict:
    """Output format of regression outputs.

    Parameters
    ----------
    sed_labels : array of 0 and 1 (or bool), shape (frames, classes)
    doa_labels_deg : array, shape (frames, 2 * classes)
        Azimuths of all classes, then their elevations, degrees. They are truncated toward zero, and
        elevations beyond the poles become +-90.

    Raises
    ------
    ValueError
        If the direction of an active class is not finite.
    """
    active, = arrays.checked_activities(sed_labels)
    nb_classes = active.shape[1]
    return output_format.rows_to_dict(output_format.active_rows(
        active, doa_labels_deg[:, :nb_classes], doa_labels_deg[:, nb_classes:]))


def description_file_to_output_format(desc_file_dict: Mapping[str, Sequence],
                                      unique_classes: Mapping[str, int], hop_length_sec: float) -> OutputDict:
    """Output format of a description, for plots.

    Parameters
    ----------
    desc_file_dict : mapping
        What `FeatureClass.read_desc_file(path, in_sec=True)` gives: lists 'class' (names), 'start' and 'end'
        (seconds), 'ele' and 'azi' (degrees).
    unique_classes : mapping
        Class name to class index, as `FeatureClass.get_classes()` gives it.
    hop_length_sec : float
        Seconds a frame.

    Notes
    -----
    2019 quirk: the frame rule is not that of the labels (see `output_format_frames`).
    """
    output_dict: OutputDict = {}
    events = zip(*(desc_file_dict[key] for key in ('class', 'start', 'end', 'azi', 'ele')))
    for name, start_s, end_s, azimuth_deg, elevation_deg in events:
        for frame in output_format_frames(start_s, end_s, hop_length_sec):
            output_dict.setdefault(frame, []).append([unique_classes[name], azimuth_deg, elevation_deg])
    return output_dict


def load_output_format_file(path: str | Path, *, dataset: Dataset = TAU2019) -> OutputDict:
    """Frame number to a list of [class, azimuth, elevation]; what is accepted, see `read_output_rows`."""
    return output_format.rows_to_dict(output_format.read_output_rows(path, dataset=dataset))


def write_output_format_file(path: str | Path, output_format_dict: Mapping[int, Sequence], *,
                             dataset: Dataset = TAU2019) -> None:
    """Write a file of the output format, atomically; angles are truncated toward zero.

    Raises
    ------
    ValueError
        If the content is nothing that `read_output_rows` would read.
    """
    rows = output_format.dict_to_rows(output_format_dict, np.trunc, dataset=dataset)
    output_format.write_output_rows(path, rows, dataset=dataset)
