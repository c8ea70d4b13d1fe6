"""Direction scores of DCASE 2019: DOA error and frame recall. And the pairing of directions for all scores.

Definition: Adavanne, Politis, Virtanen, "Direction of arrival estimation for multiple sound sources using
convolutional recurrent neural network", EUSIPCO 2018; computed as the 2019 baseline released them.

In each frame the references and the predictions, of whatever class, are paired so that the total of their
great-circle distances is least.

Known difference from the definition, kept because the challenge's scores were made so: the DOA error divides
by *all* predicted directions, paired or not, so that a false alarm lowers it.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from metrics import Record, ratio


@dataclass(frozen=True)
class DoaCounts(Record):
    """Directions and frames counted; every field of shape (...)."""

    distance_deg: np.ndarray  # sum over all pairs
    predicted: np.ndarray  # predicted directions, paired or not
    good_frames: np.ndarray  # frames with as many predictions as references (none and none counts)
    frames: np.ndarray
    surplus: np.ndarray  # predictions beyond the number of references, frame by frame
    shortfall: np.ndarray  # references beyond the number of predictions


class Directions(NamedTuple):
    """Directions, each in a cell (a frame, say); directions are paired within a cell."""

    cell: np.ndarray  # int, shape (n,), ascending
    azimuth_rad: np.ndarray  # shape (n,), any multiple of the full turn
    elevation_rad: np.ndarray  # shape (n,)


class Pairs(NamedTuple):
    """Reference and prediction paired: positions in the two `Directions`, and the distance between them."""

    reference: np.ndarray
    prediction: np.ndarray
    distance_deg: np.ndarray


def directions(cell: np.ndarray, azimuth_deg: np.ndarray, elevation_deg: np.ndarray) -> Directions:
    """`Directions` in order of cells, from degrees; directions of one cell stay in the order given."""
    order = np.argsort(cell, kind='stable')
    return Directions(cell[order], azimuth_deg[order] * np.pi / 180, elevation_deg[order] * np.pi / 180)


def count(reference: Directions, prediction: Directions, *, nb_frames: int,
          nb_recordings: int = 1) -> DoaCounts:
    """Count the frames of `nb_recordings` recordings.

    Parameters
    ----------
    reference, prediction : Directions
        Whose cells are frames.
    nb_frames : int
        Frames of a recording.
    nb_recordings : int
        One after the other: frame f of recording r is `r * nb_frames + f`.

    Returns
    -------
    DoaCounts
        With a leading axis of `nb_recordings`.
    """
    all_frames = nb_recordings * nb_frames
    pairs = pair(reference, prediction)
    recording = reference.cell[pairs.reference] // nb_frames
    predicted = np.bincount(prediction.cell, minlength=all_frames).reshape(nb_recordings, nb_frames)
    excess = predicted - np.bincount(reference.cell, minlength=all_frames).reshape(nb_recordings, nb_frames)
    return DoaCounts(
        distance_deg=np.bincount(recording, pairs.distance_deg, nb_recordings),
        predicted=predicted.sum(axis=1),
        good_frames=(excess == 0).sum(axis=1),
        frames=np.full(nb_recordings, nb_frames),
        surplus=np.maximum(0, excess).sum(axis=1),
        shortfall=np.maximum(0, -excess).sum(axis=1),
    )


def doa_error(counts: DoaCounts, *, if_none: float) -> np.ndarray:
    """Sum of the distances / number of predicted directions, degrees; `if_none` where nothing was predicted.

    2019 had both policies: its functions gave 0, its accumulating class NaN.
    """
    return ratio(counts.distance_deg, counts.predicted, if_zero=if_none)


def frame_recall(counts: DoaCounts) -> np.ndarray:
    """Share of the frames that hold as many predictions as references, 0 to 1 at best; NaN without frames."""
    return ratio(counts.good_frames, counts.frames, if_zero=np.nan)


# ------------------------------------------------------------------------------------------------------------
# Distances and pairs
# ------------------------------------------------------------------------------------------------------------


def great_circle_deg(azimuth1_rad: np.ndarray, elevation1_rad: np.ndarray, azimuth2_rad: np.ndarray,
                     elevation2_rad: np.ndarray) -> np.ndarray:
    """Angle between directions in degrees, 0..180; arguments in radians, of shapes that broadcast.

    The arc cosine leaves up to 2e-6 degrees between equal directions; 2019 computed it so.
    """
    cosine = (np.sin(elevation1_rad) * np.sin(elevation2_rad)
              + np.cos(elevation1_rad) * np.cos(elevation2_rad) * np.cos(np.abs(azimuth1_rad - azimuth2_rad)))
    return np.arccos(np.clip(cosine, -1, 1)) * 180 / np.pi


def pair(reference: Directions, prediction: Directions) -> Pairs:
    """Pair the directions of each cell by least total distance; the surplus of either side stays alone.

    Cells of equal numbers of directions are worked on together.
    """
    in_reference, in_prediction = runs(reference.cell), runs(prediction.cell)
    place = np.searchsorted(in_prediction.value, in_reference.value)
    shared = place < len(in_prediction.value)
    shared[shared] = in_prediction.value[place[shared]] == in_reference.value[shared]
    starts_r, sizes_r = in_reference.start[shared], in_reference.size[shared]
    starts_p, sizes_p = in_prediction.start[place[shared]], in_prediction.size[place[shared]]

    pairs = [Pairs(np.zeros(0, int), np.zeros(0, int), np.zeros(0))]
    shapes = sizes_r * (sizes_p.max(initial=0) + 1) + sizes_p
    for shape in np.flatnonzero(np.bincount(shapes)):
        cells = np.flatnonzero(shapes == shape)
        size_r, size_p = sizes_r[cells[0]], sizes_p[cells[0]]
        in_r = starts_r[cells][:, None] + np.arange(size_r)  # (cells, size_r)
        in_p = starts_p[cells][:, None] + np.arange(size_p)
        distance_deg = great_circle_deg(
            reference.azimuth_rad[in_r][:, :, None], reference.elevation_rad[in_r][:, :, None],
            prediction.azimuth_rad[in_p][:, None, :], prediction.elevation_rad[in_p][:, None, :])
        chosen_r, chosen_p = assign(distance_deg)
        pairs.append(Pairs(np.take_along_axis(in_r, chosen_r, 1).ravel(),
                           np.take_along_axis(in_p, chosen_p, 1).ravel(),
                           distance_deg[np.arange(len(in_r))[:, None], chosen_r, chosen_p].ravel()))
    return Pairs(*(np.concatenate(column) for column in zip(*pairs)))


class Runs(NamedTuple):
    value: np.ndarray
    start: np.ndarray
    size: np.ndarray


def runs(ascending: np.ndarray) -> Runs:
    """The runs of equal values."""
    start = np.flatnonzero(np.diff(ascending, prepend=-1))  # cells are never negative
    return Runs(ascending[start], start, np.diff(start, append=len(ascending)))


def assign(cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Assignments of least total cost.

    Parameters
    ----------
    cost : array, shape (problems, n, m)

    Returns
    -------
    rows, columns : int arrays, shape (problems, min(n, m))
        Row `rows[i, k]` of problem i is assigned column `columns[i, k]`. Where several assignments cost the
        same, it is the one that `scipy.optimize.linear_sum_assignment` finds.
    """
    problems, n, m = cost.shape
    if n > m:
        columns, rows = assign(cost.transpose(0, 2, 1))
        return rows, columns
    if n == 1:
        columns = cost[:, 0].argmin(axis=1)[:, None]
    elif n == 2:
        columns = _assign_two_rows(cost)
    else:
        # Rare, and the import would double the start-up time where it is not needed.
        from scipy.optimize import linear_sum_assignment
        columns = np.array([linear_sum_assignment(problem)[1] for problem in cost]).reshape(problems, n)
    return np.broadcast_to(np.arange(n), (problems, n)), columns


def _assign_two_rows(cost: np.ndarray) -> np.ndarray:
    """Columns of least total cost for two rows, shape (problems, 2).

    The first row takes its cheapest column. So does the second, and if it is the same one, either the second
    row takes another or the first row makes room, whichever is cheaper: the steps of the shortest augmenting
    path, by which SciPy goes as well.
    """
    problem, column = np.arange(len(cost)), np.arange(cost.shape[2])
    first, second = cost[:, 0], cost[:, 1]
    wanted = first.argmin(axis=1)
    free = second.copy()
    free[problem, wanted] = np.inf
    other = free.argmin(axis=1)
    wanted_by_both = second[problem, wanted] < free[problem, other]

    # Second row takes `wanted`, first row moves on: what that costs beyond the first row's own choice.
    detour = second[problem, wanted][:, None] + first - first[problem, wanted][:, None]
    detour[problem, wanted] = np.inf
    costs = np.minimum(free, detour)
    cheaper = costs.argmin(axis=1)
    # Of pairs that cost the same those of SciPy, which the baselines use: joint scores have their distances.
    # It takes column 0 only after those from 1 to before `wanted`.
    if len(column) > 2:
        between = np.where((column > 0) & (column < wanted[:, None]), costs, np.inf)
        cheaper = np.where(between.min(axis=1) == costs[problem, cheaper], between.argmin(axis=1), cheaper)
    makes_room = detour[problem, cheaper] < free[problem, cheaper]

    first_moves = (wanted_by_both & makes_room)[:, None]
    other = np.where(wanted_by_both, cheaper, other)
    return np.where(first_moves, np.stack((cheaper, wanted), axis=1), np.stack((wanted, other), axis=1))
