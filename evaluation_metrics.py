"""The scores of DCASE 2019 under their 2019 names, and the output format: reading, writing and converting it.

Scores: the functions and the class take arrays as in 2019; all counting is done in `metrics/`, where the
definitions and their quirks are described. Two ways of 2019 lead to a SELD score, and they are different
numbers:

- in training, `compute_sed_scores` and `compute_doa_scores_regr`, from the network's outputs strung together
  to one stream, with one direction a class;
- officially, from the output format on the grid of directions, a recording at a time, so that segments never
  cross recordings: `SELDMetrics` from label arrays, `count_recordings` from the rows themselves.

Output format: a text file a recording, without a header, one line an active event of a frame: frame number
(20 ms), class index, azimuth and elevation in degrees, whole numbers with commas between them. In memory it
is an array of such rows (`read_output_rows`) or, as in 2019, a dictionary from frame to a list of [class,
azimuth, elevation] (`load_output_format_file`).

Arguments called `feat_cls` and `data_gen` are kept so that calls of 2019 still work. They need not be given
where they have a default, and are never looked into: classes, frames and grid are facts of the data set
(`parameter.py`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from metrics import Record, doa, joint, sed, seld
from parameter import (
    AZIMUTHS_DEG,
    CLASSES,
    ELEVATIONS_DEG,
    GRID_STEP_DEG,
    NB_CLASSES,
    NB_FRAMES,
    NB_FRAMES_1S,
    InputError,
    atomic_path,
    check_regular_file,
)

OutputDict = dict[int, list[list[int]]]

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
    return float(sed.f_score(_count_framewise(O, T)))


def er_overall_framewise(O: np.ndarray, T: np.ndarray) -> float:  # noqa: E741
    """Error rate counted frame by frame, arguments as of `f1_overall_framewise`.

    Without any active reference it is infinite, or NaN if there are no errors either.
    """
    return float(sed.error_rate(_count_framewise(O, T)))


def f1_overall_1sec(O: np.ndarray, T: np.ndarray, block_size: int) -> float:  # noqa: E741
    """F-score, 0..1, counted in segments of `block_size` frames, the last frame of each left out.

    Other arguments as of `f1_overall_framewise`; a batch is strung together first.
    """
    return float(sed.f_score(_count_segments(O, T, block_size)))


def er_overall_1sec(O: np.ndarray, T: np.ndarray, block_size: int) -> float:  # noqa: E741
    """Error rate counted in segments; arguments as of `f1_overall_1sec`, without references as framewise."""
    return float(sed.error_rate(_count_segments(O, T, block_size)))


def compute_sed_scores(pred: np.ndarray, gt: np.ndarray, nb_frames_1s: int) -> list[float]:
    """[error rate, F-score] in segments of `nb_frames_1s` frames; arrays as of `f1_overall_framewise`."""
    counts = _count_segments(pred, gt, nb_frames_1s)
    return [float(sed.error_rate(counts)), float(sed.f_score(counts))]


def _count_framewise(O, T) -> sed.SedCounts:  # noqa: E741
    output, truth = _activities(O, T)
    return sed.count_activity(truth, output)


def _count_segments(O, T, segment_frames: int) -> sed.SedCounts:  # noqa: E741
    output, truth = _activities(O, T)
    return sed.count_activity(sed.segment_activity(truth, segment_frames),
                              sed.segment_activity(output, segment_frames))


def _activities(*arrays: np.ndarray) -> list[np.ndarray]:
    """Each as a bool array (frames, classes); ValueError if they are no activities or of unequal shapes."""
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
    return [reshape_3Dto2D(array).astype(bool) for array in arrays]


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
    pred_active, gt_active = _activities(pred_sed, gt_sed)
    prediction, reference = (_regression_directions(*pair) for pair in
                             ((pred_doa_rad, pred_active), (gt_doa_rad, gt_active)))
    return _doa_scores(doa.count(reference, prediction, nb_frames=len(gt_active)).total())


def compute_doa_scores_clas(pred_doa: np.ndarray, gt_doa: np.ndarray, data_gen: Any = None) -> DoaScores:
    """Direction scores of classification labels: any directions of the grid for each class.

    Parameters
    ----------
    pred_doa, gt_doa : arrays of 0 and 1, shape (frames, classes, directions of the grid)
    """
    return _doa_scores(_count_classification(pred_doa, gt_doa).total())


def _doa_scores(counts: doa.DoaCounts) -> DoaScores:
    return DoaScores(float(doa.doa_error(counts, if_none=0)), float(doa.frame_recall(counts)),
                     *(int(number) for number in (counts.predicted, counts.good_frames, counts.surplus,
                                                  counts.shortfall)))


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


def _count_classification(pred_doa: np.ndarray, gt_doa: np.ndarray) -> doa.DoaCounts:
    if np.shape(pred_doa) != np.shape(gt_doa):
        raise ValueError(f'expected labels of equal shapes, got {np.shape(pred_doa)} and {np.shape(gt_doa)}')
    prediction, reference = (_classification_rows(labels) for labels in (pred_doa, gt_doa))
    return doa.count(_row_directions(reference), _row_directions(prediction), nb_frames=len(gt_doa))


def _row_directions(rows: np.ndarray) -> doa.Directions:
    """The directions of rows (frame, class, azimuth, elevation), to be paired within a frame."""
    return doa.directions(rows[:, 0].astype(int), rows[:, 2], rows[:, 3])


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
    in_plane = r * np.cos(elevation)
    return in_plane * np.cos(azimuth), in_plane * np.sin(azimuth), r * np.sin(elevation)


def cart2sph(x, y, z):
    """(azimuth -pi..pi, elevation -pi/2..pi/2, r) of Cartesian coordinates, radians."""
    return np.arctan2(y, x), np.arctan2(z, np.sqrt(x ** 2 + y ** 2)), np.sqrt(x ** 2 + y ** 2 + z ** 2)


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
        Frames of a segment.
    data_gen : optional
        Kept for calls of 2019.
    """

    def __init__(self, nb_frames_1s: int | None = None, data_gen: Any = None):
        self._segment_frames = nb_frames_1s or NB_FRAMES_1S
        self.reset()

    def reset(self) -> None:
        """Forget all recordings."""
        self._sed: sed.SedCounts | None = None
        self._doa: doa.DoaCounts | None = None

    def update_sed_scores(self, pred: np.ndarray, gt: np.ndarray) -> None:
        """Add the activities of a recording, 0 and 1 of shape (frames, classes)."""
        self._sed = _added(self._sed, _count_segments(pred, gt, self._segment_frames))

    def compute_sed_scores(self) -> tuple[float, float]:
        """Error rate and F-score of all recordings so far, (NaN, 0) before the first."""
        if self._sed is None:
            return np.nan, 0.0
        return float(sed.error_rate(self._sed)), float(sed.f_score(self._sed))

    def update_doa_scores(self, pred_doa: np.ndarray, gt_doa: np.ndarray) -> None:
        """Add the labels of a recording, 0 and 1 of shape (frames, classes, directions of the grid)."""
        self._doa = _added(self._doa, _count_classification(pred_doa, gt_doa).total())

    def compute_doa_scores(self) -> tuple[float, float]:
        """DOA error (degrees) and frame recall of all recordings so far; NaN where nothing was predicted."""
        if self._doa is None:
            return np.nan, np.nan
        return float(doa.doa_error(self._doa, if_none=np.nan)), float(doa.frame_recall(self._doa))

    def f1_overall_framewise(self, O: np.ndarray, T: np.ndarray) -> float:  # noqa: E741
        """The function of this name; nothing is added to the counts."""
        return f1_overall_framewise(O, T)

    def er_overall_framewise(self, O: np.ndarray, T: np.ndarray) -> float:  # noqa: E741
        """The function of this name; nothing is added to the counts."""
        return er_overall_framewise(O, T)

    def f1_overall_1sec(self, O: np.ndarray, T: np.ndarray) -> float:  # noqa: E741
        """The function of this name; nothing is added to the counts."""
        return f1_overall_1sec(O, T, self._segment_frames)

    def er_overall_1sec(self, O: np.ndarray, T: np.ndarray) -> float:  # noqa: E741
        """The function of this name; nothing is added to the counts."""
        return er_overall_1sec(O, T, self._segment_frames)


def _added(so_far: Record | None, record: Record) -> Record:
    return record if so_far is None else so_far + record


def compute_seld_metrics_from_output_format_dict(
        pred_dict: Mapping[int, Sequence], gt_dict: Mapping[int, Sequence],
        feat_cls: Any = None) -> tuple[float, float, float, float, float]:
    """SELD score, error rate, F-score, DOA error and frame recall of a recording.

    Both sides are put on the grid first, as in the official scores; the DOA error is in degrees, and 0 if
    nothing was predicted.
    """
    counts = count_recordings([rows_on_grid(_dict_rows(gt_dict))], [_dict_rows(pred_dict)])
    doa_counts = counts.doa.total()
    scores = seld.scores(counts.sed.total(), doa_counts)
    doa_error_deg = float(doa.doa_error(doa_counts, if_none=0))
    score = seld.seld_score(scores.ER, scores.F, doa_error_deg, scores.FR)
    return float(score), float(scores.ER), float(scores.F), doa_error_deg, float(scores.FR)


class RecordingCounts(NamedTuple):
    """The records of several recordings, each with a leading axis of recordings."""

    sed: sed.SedCounts
    doa: doa.DoaCounts
    joint: joint.JointCounts


def count_recordings(references: Sequence[np.ndarray], predictions: Sequence[np.ndarray]) -> RecordingCounts:
    """Count everything that the official scores of 2019 and the joint scores need, a recording at a time.

    Parameters
    ----------
    references, predictions : sequences of arrays, shape (rows, 4)
        For each recording the rows (frame, class, azimuth, elevation); frames from 3000 on are ignored. The
        joint scores take them as they are. For the 2019 scores predictions go to the grid (`rows_on_grid`),
        and so do references within its range; others are left out: classification labels cannot hold them.
    """
    batches = [_count_batch(references[first:first + _BATCH], predictions[first:first + _BATCH])
               for first in range(0, len(references), _BATCH)]
    return RecordingCounts(*(type(records[0]).concatenate(records) for records in zip(*batches)))


_BATCH = 10  # recordings counted at once: enough to hide the cost of NumPy's calls, few enough for the cache


def _count_batch(references: Sequence[np.ndarray], predictions: Sequence[np.ndarray]) -> RecordingCounts:
    nb_recordings = len(references)
    reference, prediction = _string_together(references), _string_together(predictions)
    reference_on_grid = rows_on_grid(reference[within_grid(reference)])
    prediction_on_grid = rows_on_grid(prediction)
    sizes = {'nb_frames': NB_FRAMES, 'nb_classes': NB_CLASSES, 'segment_frames': NB_FRAMES_1S,
             'nb_recordings': nb_recordings}
    return RecordingCounts(
        sed.count(reference_on_grid, prediction_on_grid, **sizes),
        doa.count(_row_directions(reference_on_grid), _row_directions(prediction_on_grid),
                  nb_frames=NB_FRAMES, nb_recordings=nb_recordings),
        joint.count(reference, prediction, **sizes),
    )


def _string_together(recordings: Sequence[np.ndarray]) -> np.ndarray:
    """The rows of all recordings with running frame numbers, without frames beyond the 60 seconds."""
    rows = np.concatenate(recordings)
    recording = np.repeat(np.arange(len(recordings)), [len(one) for one in recordings])
    inside = rows[:, 0] < NB_FRAMES
    rows, recording = rows[inside], recording[inside]
    rows[:, 0] += recording * NB_FRAMES
    return rows


# ------------------------------------------------------------------------------------------------------------
# The grid of directions
# ------------------------------------------------------------------------------------------------------------

_NB_DIRECTIONS = len(AZIMUTHS_DEG) * len(ELEVATIONS_DEG)


def _direction_index(azimuth_deg: np.ndarray, elevation_deg: np.ndarray) -> np.ndarray:
    """Index of the grid's direction: clipped to the grid's range, then rounded down to the grid.

    2019 quirk: an azimuth of 175 so becomes 170, not -180, and -7 becomes -10.
    """
    azimuth = np.clip(azimuth_deg, AZIMUTHS_DEG[0], AZIMUTHS_DEG[-1]) - AZIMUTHS_DEG[0]
    elevation = np.clip(elevation_deg, ELEVATIONS_DEG[0], ELEVATIONS_DEG[-1]) - ELEVATIONS_DEG[0]
    return (azimuth // GRID_STEP_DEG * len(ELEVATIONS_DEG) + elevation // GRID_STEP_DEG).astype(int)


def _direction_deg(index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Azimuth and elevation of the grid's directions, degrees."""
    azimuth, elevation = np.divmod(index, len(ELEVATIONS_DEG))
    return AZIMUTHS_DEG[0] + azimuth * GRID_STEP_DEG, ELEVATIONS_DEG[0] + elevation * GRID_STEP_DEG


def within_grid(rows: np.ndarray) -> np.ndarray:
    """Which rows (frame, class, azimuth, elevation) point into the grid's range: bool, shape (rows,)."""
    azimuth_deg, elevation_deg = rows[:, 2], rows[:, 3]
    return ((azimuth_deg >= AZIMUTHS_DEG[0]) & (azimuth_deg <= AZIMUTHS_DEG[-1])
            & (elevation_deg >= ELEVATIONS_DEG[0]) & (elevation_deg <= ELEVATIONS_DEG[-1]))


def rows_on_grid(rows: np.ndarray) -> np.ndarray:
    """Rows (frame, class, azimuth, elevation) as the classification labels of 2019 see them.

    Directions go to the grid, and rows of one frame, class and direction count once. Returns ascending rows.
    """
    frame, class_index, azimuth_deg, elevation_deg = rows.T
    label = (frame * NB_CLASSES + class_index) * _NB_DIRECTIONS + _direction_index(azimuth_deg, elevation_deg)
    label = doa.runs(np.sort(label.astype(int))).value  # as np.unique, several times as fast
    frame_class, direction = np.divmod(label, _NB_DIRECTIONS)
    return np.stack((*np.divmod(frame_class, NB_CLASSES), *_direction_deg(direction)), axis=1)


def _classification_rows(labels: np.ndarray) -> np.ndarray:
    """Rows of classification labels (frames, classes, directions of the grid), ascending."""
    frame, class_index, direction = np.nonzero(labels)
    return np.stack((frame, class_index, *_direction_deg(direction)), axis=1)


# ------------------------------------------------------------------------------------------------------------
# Conversions
# ------------------------------------------------------------------------------------------------------------


def output_format_dict_to_classification_labels(output_dict: Mapping[int, Sequence],
                                                feat_cls: Any = None) -> np.ndarray:
    """Labels 0 and 1 of shape (3000, 11, 324) from the output format; frames from 3000 on are ignored."""
    rows = _dict_rows(output_dict)
    rows = rows[rows[:, 0] < NB_FRAMES]
    labels = np.zeros((NB_FRAMES, NB_CLASSES, _NB_DIRECTIONS))
    labels[rows[:, 0], rows[:, 1], _direction_index(rows[:, 2], rows[:, 3])] = 1
    return labels


def classification_label_format_to_output_format(feat_cls: Any, labels: np.ndarray) -> OutputDict:
    """Output format of labels 0 and 1 of shape (frames, classes, directions of the grid)."""
    return _rows_dict(_classification_rows(labels))


def regression_label_format_to_output_format(feat_cls: Any, sed_labels: np.ndarray,
                                             doa_labels_deg: np.ndarray) -> OutputDict:
    """Output format of regression outputs.

    Parameters
    ----------
    sed_labels : array of 0 and 1 (or bool), shape (frames, classes)
    doa_labels_deg : array, shape (frames, 2 * classes)
        Azimuths of all classes, then their elevations, degrees. They are truncated toward zero. An untrained
        network can point beyond the poles: such elevations become +-90, which is all that the format can
        hold.

    Raises
    ------
    ValueError
        If the direction of an active class is not finite.
    """
    active, = _activities(sed_labels)
    frame, class_index = np.nonzero(active)
    azimuth_deg = doa_labels_deg[frame, class_index]
    elevation_deg = doa_labels_deg[frame, active.shape[1] + class_index]
    if not (np.isfinite(azimuth_deg).all() and np.isfinite(elevation_deg).all()):
        raise ValueError('directions that are not finite: the network that made them has diverged')
    return _rows_dict(np.stack((frame, class_index, np.trunc(azimuth_deg).astype(int),
                                np.trunc(np.clip(elevation_deg, -90, 90)).astype(int)), axis=1))


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
    2019 quirk: the frame rule is not that of the labels. Frames int(start / hop) .. int(end / hop) are
    active, both included, and events may run beyond the 60 seconds.
    """
    output_dict: OutputDict = {}
    events = zip(*(desc_file_dict[key] for key in ('class', 'start', 'end', 'azi', 'ele')))
    for name, start_s, end_s, azimuth_deg, elevation_deg in events:
        for frame in range(int(start_s / hop_length_sec), int(end_s / hop_length_sec) + 1):
            output_dict.setdefault(frame, []).append([unique_classes[name], azimuth_deg, elevation_deg])
    return output_dict


def _rows_dict(rows: np.ndarray) -> OutputDict:
    """Frame to a list of [class, azimuth, elevation], in the order of the rows."""
    output_dict: OutputDict = {}
    for frame, *event in rows.tolist():
        output_dict.setdefault(frame, []).append(event)
    return output_dict


def _dict_rows(output_dict: Mapping[int, Sequence], rounding: Callable = np.floor) -> np.ndarray:
    """The rows of a dictionary, as integers; ValueError if there is no such frame or class.

    Rounding down leaves a direction in its cell of the grid. What follows in an entry is ignored.
    """
    rows = np.array([(frame, *event[:3]) for frame, events in output_dict.items() for event in events],
                    float).reshape(-1, 4)
    if not np.isfinite(rows).all():
        raise ValueError('expected frames, classes and directions that are finite')
    rows = rounding(rows).astype(int)
    for row in rows[~_has_frame_and_class(rows)]:
        raise ValueError(_what_is_wrong(row))
    return rows


# ------------------------------------------------------------------------------------------------------------
# Files of the output format
# ------------------------------------------------------------------------------------------------------------


def load_output_format_file(path: str | Path) -> OutputDict:
    """Frame number to a list of [class, azimuth, elevation]; what is accepted, see `read_output_rows`."""
    return _rows_dict(read_output_rows(path))


def write_output_format_file(path: str | Path, output_format_dict: Mapping[int, Sequence]) -> None:
    """Write a file of the output format, atomically; angles are truncated toward zero.

    Raises
    ------
    ValueError
        If the content is nothing that `read_output_rows` would read.
    """
    write_output_rows(path, _dict_rows(output_format_dict, np.trunc))


def write_output_rows(path: str | Path, rows: np.ndarray) -> None:
    """Write rows as `read_output_rows` gives them; otherwise as `write_output_format_file`."""
    for row in rows[~_is_legal(rows)]:
        raise ValueError(_what_is_wrong(row))
    with atomic_path(path) as temporary, temporary.open('wb') as file:
        for block in np.split(rows, range(_BLOCK_ROWS, len(rows), _BLOCK_ROWS)):
            text = ''.join('{},{},{},{}\n'.format(*row) for row in block.tolist())
            file.write(text.encode('ascii'))


_BLOCK_ROWS = 10_000  # written at a time: as text, rows take many times their memory


def read_output_rows(path: str | Path) -> np.ndarray:
    """The rows of a file of the output format.

    Returns
    -------
    int array, shape (rows, 4)
        Frame, class index, azimuth and elevation in degrees, in the order of the file; an empty file has no
        rows. Azimuths are as they stand in the file: a network may write any multiple of the full turn.

    Raises
    ------
    InputError
        If a line is not four whole numbers of legal size, with the file, the line and the reason. Whole
        numbers may be written `12.0`; spaces, blank lines, Windows line ends and a byte-order mark are fine.
    """
    check_regular_file(path)
    content = Path(path).read_bytes().removeprefix(b'\xef\xbb\xbf').replace(b'\r\n', b'\n')
    rows = _parse_plain(content)
    if rows is None or not _is_legal(rows).all():
        rows = _parse_any(path, content)
    return rows


_MAX_DIGITS = 9  # no frame number or angle is as long, and they all fit into the integers


def _is_legal(rows: np.ndarray) -> np.ndarray:
    in_range = (np.abs(rows) < 10 ** _MAX_DIGITS).all(axis=1)
    return in_range & _has_frame_and_class(rows) & (np.abs(rows[:, 3]) <= 90)


def _has_frame_and_class(rows: np.ndarray) -> np.ndarray:
    return (rows[:, 0] >= 0) & (rows[:, 1] >= 0) & (rows[:, 1] < NB_CLASSES)


def _what_is_wrong(row: Sequence[int]) -> str | None:
    """Why a row is not legal; None if it is."""
    if max(map(abs, row)) >= 10 ** _MAX_DIGITS:
        return f'expected numbers of at most {_MAX_DIGITS} digits'
    frame, class_index, _, elevation_deg = row
    if frame < 0:
        return f'frame {frame}, expected 0 or more'
    if not 0 <= class_index < NB_CLASSES:
        return f'class {class_index}, expected 0..{NB_CLASSES - 1} ({CLASSES[0]}..{CLASSES[-1]})'
    if not -90 <= elevation_deg <= 90:
        return f'elevation {elevation_deg}, expected -90..90 (the order is frame, class, azimuth, elevation)'
    return None


_COMMA, _MINUS, _NEWLINE, _ZERO = (ord(character) for character in ',-\n0')


def _parse_plain(content: bytes) -> np.ndarray | None:
    """Rows of a file as the project writes it; None if anything in it is otherwise.

    All numbers are taken apart at once, digit by digit from their ends: several times as fast as a general
    reader.
    """
    if content and not content.endswith(b'\n'):
        content += b'\n'
    characters = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero((characters == _COMMA) | (characters == _NEWLINE))
    if len(ends) % 4 or (characters[ends].reshape(-1, 4) != (_COMMA, _COMMA, _COMMA, _NEWLINE)).any():
        return None
    starts = np.concatenate(([0], ends[:-1] + 1))[:len(ends)]
    negative = characters[starts] == _MINUS
    nb_digits = ends - starts - negative
    digits = characters - np.uint8(_ZERO)  # wraps around, so that everything but a digit is above 9
    if (nb_digits < 1).any() or (nb_digits > _MAX_DIGITS).any() or (digits <= 9).sum() != nb_digits.sum():
        return None
    values = np.zeros(len(ends), int)
    for place in range(nb_digits.max(initial=0)):
        values += np.where(nb_digits > place, digits[ends - 1 - place].astype(int) * 10 ** place, 0)
    return np.where(negative, -values, values).reshape(-1, 4)


_WHOLE_NUMBER = re.compile(r'[+-]?([0-9]+)(?:\.0*)?')


def _parse_any(path: str | Path, content: bytes) -> np.ndarray:
    """Rows of a file, line by line; InputError at the first line that is wrong."""
    rows = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        text = line.decode('latin-1').strip()  # knows every byte; what is no number is named below
        found = f'{path}, line {number}: found {text[:60]!r}'
        fields = text.split(',')
        if len(fields) != 4:
            raise InputError(f'{found}: {len(fields)} columns, expected 4: frame, class, azimuth, elevation')
        matches = [_WHOLE_NUMBER.fullmatch(field.strip()) for field in fields]
        if not all(matches):
            hint = '' if any(matches) else ' (the output format has no header)'
            raise InputError(f'{found}: expected four whole numbers{hint}')
        if any(len(match[1]) > _MAX_DIGITS for match in matches):
            raise InputError(f'{found}: expected numbers of at most {_MAX_DIGITS} digits')
        row = [int(float(match[0])) for match in matches]
        if wrong := _what_is_wrong(row):
            raise InputError(f'{found}: {wrong}')
        rows.append(row)
    return np.array(rows, int).reshape(-1, 4)
