"""Hints at predictions that follow another convention as a whole: another unit of time, base or angle.

A hint compares what is predicted with the references, as it stands and as it would mean under another
convention. A system that is merely bad agrees with neither; one that fits far better under another convention
was most likely written in it. Some recordings tell as much as all, so that this takes no time.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from metrics import doa
from seldnet.annotations.dataset import Dataset

_RECORDINGS = 20  # that are looked at, at most
_FEWEST_ROWS = 10  # from which anything can be said


class _Pair(NamedTuple):
    """A recording: its predicted rows, and for each frame and class what the reference says."""

    rows: np.ndarray  # int, shape (rows, 4)
    active: np.ndarray  # bool, shape (frames, classes)
    azimuth_deg: np.ndarray  # shape (frames, classes)
    elevation_deg: np.ndarray


def find_hints(references: Sequence[np.ndarray], predictions: Sequence[np.ndarray], nb_frames: Sequence[int],
               *, dataset: Dataset) -> list[str]:
    """What all predictions look like, if not like the output format of 2019.

    Parameters
    ----------
    references, predictions : sequences of arrays, shape (rows, 4)
        For each recording the rows (frame, class, azimuth, elevation).
    nb_frames : sequence of int
        Of each recording.
    dataset : Dataset
        Its classes, and samples of a frame.

    Returns
    -------
    list of str
        Sentences that begin with 'Hint: '.
    """
    filled = [place for place, (reference, prediction) in enumerate(zip(references, predictions))
              if len(reference) and len(prediction)]
    hints = _header(predictions)
    places = filled[::-(-len(filled) // _RECORDINGS) or 1]
    pairs = [_pair(references[place], predictions[place], nb_frames[place], dataset.nb_classes)
             for place in places]
    if sum(len(pair.rows) for pair in pairs) < _FEWEST_ROWS:
        return hints
    # Directions are compared where times and classes agree: while these are in doubt, that is by accident.
    return hints + (_times_and_classes(pairs, dataset) or _angles(pairs, predictions))


def _header(predictions: Sequence[np.ndarray]) -> list[str]:
    firsts = [rows[0].tolist() for rows in predictions if len(rows)]
    if firsts and all(first == [0, 1, 2, 3] for first in firsts):
        return ['Hint: the first row of every file is 0,1,2,3: a header of pandas? It is scored as an event; '
                'header=False leaves it out.']
    return []


def _pair(reference: np.ndarray, prediction: np.ndarray, nb_frames: int, nb_classes: int) -> _Pair:
    reference = reference[reference[:, 0] < nb_frames]
    frame, class_index = reference[:, :2].astype(int).T
    active = np.zeros((nb_frames, nb_classes), bool)
    active[frame, class_index] = True
    azimuth_deg, elevation_deg = np.zeros((2, nb_frames, nb_classes))
    azimuth_deg[frame, class_index], elevation_deg[frame, class_index] = reference[:, 2:].T
    return _Pair(prediction, active, azimuth_deg, elevation_deg)


# ------------------------------------------------------------------------------------------------------------
# Frames and classes
# ------------------------------------------------------------------------------------------------------------


class _Reading(NamedTuple):
    """A way to read frames and classes."""

    words: str
    frames: Callable[[np.ndarray], np.ndarray]  # to frames of 20 ms
    first_frame: int
    first_class: int


def _readings(dataset: Dataset) -> Iterator[_Reading]:
    """As the format is, and then in other ways, those that differ in one thing before others."""
    units: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        '': lambda frame: frame,
        'frames of 100 ms': lambda frame: frame * 5,
        'frames of 80 ms': lambda frame: frame * 4,
        'frames of 40 ms': lambda frame: frame * 2,
        'frames of 10 ms': lambda frame: frame // 2,
        'seconds': lambda frame: frame * 50,
        'milliseconds': lambda frame: frame // 20,
        'samples': lambda frame: frame // dataset.hop_length,
    }
    ways = itertools.product(units.items(), (0, 1), (0, 1))
    for (unit, to_frames), first_frame, first_class in sorted(
            ways, key=lambda way: bool(way[0][0]) + way[1] + way[2]):
        words = [unit and f'times as {unit}', first_frame and 'frames as counted from 1',
                 first_class and 'classes as counted from 1']
        yield _Reading(' and '.join(filter(None, words)), to_frames, first_frame, first_class)


def _agreement(pairs: Sequence[_Pair], reading: _Reading) -> float:
    """Share of the predicted rows whose class is active in the reference."""
    hits = 0
    for pair in pairs:
        frame = reading.frames(pair.rows[:, 0] - reading.first_frame)
        class_index = pair.rows[:, 1] - reading.first_class
        exists = (frame >= 0) & (frame < len(pair.active)) & (class_index >= 0)
        hits += np.count_nonzero(pair.active[frame[exists], class_index[exists]])
    return hits / sum(len(pair.rows) for pair in pairs)


def _times_and_classes(pairs: Sequence[_Pair], dataset: Dataset) -> list[str]:
    plain, *others = _readings(dataset)
    as_it_is = _agreement(pairs, plain)
    best, best_share = plain, as_it_is
    if as_it_is < 0.7:
        for other in others:
            share = _agreement(pairs, other)
            if share > best_share + 0.05:
                best, best_share = other, share
        if best_share < 0.5 or best_share < as_it_is + 0.25:
            return []
    else:  # one frame makes little difference, and explains nearly all of it or nothing
        best = next(other for other in others if other.first_frame and other.words.startswith('frames as'))
        best_share = _agreement(pairs, best)
        if 1 - best_share > 0.1 * (1 - as_it_is) or as_it_is == 1:
            return []
    return [f'Hint: {_percent(best_share)} of the predicted rows agree with the reference if one reads '
            f'{best.words}, as they stand {_percent(as_it_is)}; expected: frames of 20 ms and classes, both '
            'counted from 0.']


def _percent(share: float) -> str:
    """Rounded down, so that 100 % is all."""
    return f'{int(1000 * share) / 10:g} %'


# ------------------------------------------------------------------------------------------------------------
# Angles
# ------------------------------------------------------------------------------------------------------------

_ANGLES: dict[str, Callable] = {
    'azimuths as growing clockwise': lambda azimuth, elevation: (-azimuth, elevation),
    'azimuth and elevation as exchanged': lambda azimuth, elevation: (elevation, azimuth),
    'azimuths as counted from the back': lambda azimuth, elevation: (azimuth + 180, elevation),
    'azimuths as counted from the left': lambda azimuth, elevation: (azimuth + 90, elevation),
    'azimuths as counted from the right': lambda azimuth, elevation: (azimuth - 90, elevation),
}


def _angles(pairs: Sequence[_Pair], predictions: Sequence[np.ndarray]) -> list[str]:
    largest = max(np.abs(pair.rows[:, 2:]).max() for pair in pairs)
    in_reference = max(np.abs(pair.azimuth_deg).max() for pair in pairs)
    if largest <= 3 < in_reference / 3:
        if all(np.abs(rows[:, 2:]).max(initial=0) <= 3 for rows in predictions):
            return [f'Hint: no predicted angle is beyond -{largest}..{largest}: radians, or Cartesian '
                    'coordinates? Expected azimuth and elevation in degrees.']
        return []
    azimuth_deg, elevation_deg, true_azimuth_deg, true_elevation_deg = _found_directions(pairs)
    if len(azimuth_deg) < _FEWEST_ROWS:
        return []

    def distance_deg(azimuth: np.ndarray, elevation: np.ndarray) -> float:
        return float(doa.great_circle_deg(*np.radians(
            (azimuth, elevation, true_azimuth_deg, true_elevation_deg))).mean())

    as_it_is = distance_deg(azimuth_deg, elevation_deg)
    if as_it_is < 30:
        return []
    words, best = min(((words, distance_deg(*reading(azimuth_deg, elevation_deg)))
                       for words, reading in _ANGLES.items()), key=lambda found: found[1])
    if best > as_it_is / 2:
        return []
    return [f'Hint: the predicted directions are {best:.0f} degrees off on average if one reads {words}, as '
            f'they stand {as_it_is:.0f}; expected: azimuth, then elevation, 0 in front, 90 to the left and '
            'upwards.']


def _found_directions(pairs: Sequence[_Pair]) -> np.ndarray:
    """Azimuths and elevations of the predicted rows whose class is active, and the reference's: (4, rows)."""
    found = []
    for pair in pairs:
        rows = pair.rows[pair.rows[:, 0] < len(pair.active)]
        rows = rows[pair.active[rows[:, 0], rows[:, 1]]]
        found.append((rows[:, 2], rows[:, 3], pair.azimuth_deg[rows[:, 0], rows[:, 1]],
                      pair.elevation_deg[rows[:, 0], rows[:, 1]]))
    return np.concatenate(found, axis=1)
