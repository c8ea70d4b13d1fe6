"""What is odd about the files that are scored, in sentences: nothing is left out or changed without a word.

The scores are what they are: rows beyond the recording do not count, the 2019 rule brings directions to its
grid, a class without references has a score all the same. Here it is counted how often that happened. And
where all files look as if they followed another convention, a hint says which.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seldnet.annotations.dataset import FRAMES_PER_SECOND, Dataset
from seldnet.annotations.descriptions import Event
from seldnet.common.errors import listed
from seldnet.scoring import conventions
from seldnet.scoring.counting import within_grid


def find_notes(names: Sequence[str], references: Sequence[np.ndarray], predictions: Sequence[np.ndarray],
               nb_frames: Sequence[int], *, events: Sequence[Sequence[Event]] = (), left_out: int = 0,
               nb_unknown: int = 0, dataset: Dataset) -> list[str]:
    """What to know about the recordings that are scored; nothing where nothing is odd.

    Parameters
    ----------
    names : sequence of str
        Of the recordings.
    references, predictions : sequences of arrays, shape (rows, 4)
        For each recording the rows (frame, class, azimuth, elevation), as they are counted.
    nb_frames : sequence of int
        Of each recording.
    events : sequence of sequences of Event
        The descriptions that the references come from.
    left_out : int
        How many references are left out, as they have no prediction.
    nb_unknown : int
        How many recordings are taken to end with their last row, as their length is not known.
    dataset : Dataset
        Its classes and grid; without a grid the 2019 scores round to one of 10 degrees.

    Returns
    -------
    list of str
        Sentences: first what is left out or counted twice, then directions, classes, and hints.
    """
    notes = []
    if left_out:
        notes.append(f'{left_out} references have no prediction and are left out.')
    if nb_unknown:
        notes.append(f'The length of {nb_unknown} of {len(names)} recordings is not known (they were not '
                     'found): they are taken to end with their last row.')
    notes += _silent(names, references, predictions)
    notes += _events_beyond(events, nb_frames, dataset)
    notes += _rows_beyond(names, predictions, nb_frames)
    seen, seen_references = ([_within(rows, frames) for rows, frames in zip(recordings, nb_frames)]
                             for recordings in (predictions, references))
    notes += _repeated(names, seen, seen_references, events, dataset)
    notes += _directions(seen, seen_references, dataset)
    notes += _classes_without_reference(seen_references, dataset)
    return notes + conventions.find_hints(references, predictions, nb_frames, dataset=dataset)


def _within(rows: np.ndarray, nb_frames: int) -> np.ndarray:
    """The rows before a recording's end; no copy where these are all."""
    is_within = rows[:, 0] < nb_frames
    return rows if is_within.all() else rows[is_within]


def _silent(names: Sequence[str], references: Sequence[np.ndarray],
            predictions: Sequence[np.ndarray]) -> list[str]:
    silent = [name for name, reference, prediction in zip(names, references, predictions)
              if len(reference) and not len(prediction)]
    if not silent:
        return []
    if len(silent) == sum(map(bool, map(len, references))):
        return [f'Nothing is predicted, in none of the {len(names)} recordings.']
    return [f'{len(silent)} of {len(names)} recordings have events, but nothing is predicted: '
            f'{listed(silent, 3)}.']


def _events_beyond(events: Sequence[Sequence[Event]], nb_frames: Sequence[int],
                   dataset: Dataset) -> list[str]:
    """Events that are left out as a whole, or cut by more than the data set's grace."""
    late = cut = 0
    for of_recording, frames in zip(events, nb_frames):
        seconds = frames / FRAMES_PER_SECOND
        late += sum(event.start_s >= seconds for event in of_recording)
        cut += sum(event.start_s < seconds and event.end_s > seconds + dataset.grace_s
                   for event in of_recording)
    notes = []
    if late:
        notes.append(f'{late} events of the references begin after the end of their recording and are left '
                     'out.')
    if cut:
        notes.append(f'{cut} events of the references end more than {dataset.grace_s:g} s after their '
                     'recording; they are cut.')
    return notes


def _rows_beyond(names: Sequence[str], predictions: Sequence[np.ndarray],
                 nb_frames: Sequence[int]) -> list[str]:
    beyond = np.array([np.count_nonzero(rows[:, 0] >= frames)
                       for rows, frames in zip(predictions, nb_frames)], int)
    if not beyond.any():
        return []
    where = [name for name, number in zip(names, beyond) if number]
    last = f' (frame {max(nb_frames) - 1})' if len(set(nb_frames)) == 1 else ''
    return [f'{_share(beyond.sum(), predictions)} lie beyond the last frame{last} of their recording and are '
            f'ignored: {listed(where, 3)}.']


def _repeated(names: Sequence[str], predictions: Sequence[np.ndarray], references: Sequence[np.ndarray],
              events: Sequence[Sequence[Event]], dataset: Dataset) -> list[str]:
    """Predicted rows that stand twice, beyond what the reference itself repeats (events that touch)."""
    repeated = np.array([_nb_repeated(rows, dataset) for rows in predictions], int)
    for place in np.flatnonzero(repeated):
        repeated[place] = max(0, repeated[place] - _nb_repeated(references[place], dataset))
    notes = []
    if repeated.any():
        where = [name for name, number in zip(names, repeated) if number]
        notes.append(f'{_share(repeated.sum(), predictions)} repeat another row; the 2019 scores count them '
                     f'once, the joint scores each time: {listed(where, 3)}.')
    if doubled := sum(map(_nb_repeated_events, events)):
        notes.append(f'{doubled} events of the references repeat another one; the 2019 scores count them '
                     'once, the joint scores each time.')
    return notes


def _nb_repeated_events(events: Sequence[Event]) -> int:
    return len(events) - len({(event[:5], str(event.distance_m), event.source) for event in events})


def _nb_repeated(rows: np.ndarray, dataset: Dataset) -> int:
    """How many rows are equal to an earlier one."""
    frame, class_index, azimuth_deg, elevation_deg = rows.T
    is_small = rows.dtype.kind == 'i' and (np.abs(azimuth_deg) < 1024).all()
    if not is_small:
        return len(rows) - len(np.unique(rows, axis=0))
    keys = ((frame * dataset.nb_classes + class_index) * 2048 + azimuth_deg + 1024) * 256 + elevation_deg
    keys.sort()  # as np.unique, several times as fast
    return int(np.count_nonzero(keys[1:] == keys[:-1]))


# ------------------------------------------------------------------------------------------------------------
# Directions and classes
# ------------------------------------------------------------------------------------------------------------


def _directions(predictions: Sequence[np.ndarray], references: Sequence[np.ndarray],
                dataset: Dataset) -> list[str]:
    """What the 2019 rule clips to its grid, rounds to it, or leaves out."""
    notes, grid = [], dataset.scoring_grid
    words = (f'the {grid.step_deg}-degree grid of the 2019 scores (azimuth {grid.azimuths_deg[0]}..'
             f'{grid.azimuths_deg[-1]}, elevation {grid.elevations_deg[0]}..{grid.elevations_deg[-1]})')
    for recordings, what, beyond_is in ((predictions, 'predicted rows', 'are clipped to its edge'),
                                        (references, 'reference rows', 'take no part in these scores')):
        beyond, between = _off_grid(recordings, dataset)
        parts = []
        if beyond:
            parts.append(f'{_share(beyond, recordings, what)} are beyond {words} and {beyond_is}')
        if between:
            where = 'its directions' if beyond else f'the directions of {words}'
            parts.append(f'{_share(between, recordings, what)} are between {where} and rounded down')
        if parts:
            notes.append('; '.join(parts) + '.')
        if beyond and recordings is predictions:
            notes += _azimuths_of_a_full_turn(predictions)
    if notes and dataset.grid is None:
        notes.append('The data set has no grid of directions, so that the 2019 scores take one of '
                     f'{grid.step_deg} degrees over the whole sphere.')
    return notes


def count_beyond(references: Sequence[np.ndarray], dataset: Dataset) -> int:
    """How many rows of references lie beyond the data set's grid: they take no part in the 2019 scores.

    Parameters
    ----------
    references : sequence of arrays, shape (rows, 4)
    dataset : Dataset
        Its grid, or None.

    Returns
    -------
    int
    """
    return _off_grid(references, dataset)[0]


def _off_grid(recordings: Sequence[np.ndarray], dataset: Dataset) -> tuple[int, int]:
    """How many rows lie beyond the grid's range, and how many within it but on none of its points."""
    grid = dataset.scoring_grid
    beyond = between = 0
    for rows in recordings:
        azimuth_deg, elevation_deg = rows[:, 2], rows[:, 3]
        is_covered = within_grid(rows, dataset)
        is_point = (((azimuth_deg - grid.azimuths_deg[0]) % grid.step_deg == 0)
                    & ((elevation_deg - grid.elevations_deg[0]) % grid.step_deg == 0))
        beyond += int(np.count_nonzero(~is_covered))
        between += int(np.count_nonzero(is_covered & ~is_point))
    return beyond, between


def _azimuths_of_a_full_turn(predictions: Sequence[np.ndarray]) -> list[str]:
    least, most = (_over_all(predictions, of_array, 2) for of_array in (np.min, np.max))
    if least >= 0 and 180 < most <= 360:
        return ['Hint: no predicted azimuth is negative, and they go up to '
                f'{most}: azimuths of 0..360 degrees? Expected -180..180, to the left positive.']
    return []


def _classes_without_reference(references: Sequence[np.ndarray], dataset: Dataset) -> list[str]:
    nb_rows = sum(np.bincount(rows[:, 1].astype(int), minlength=dataset.nb_classes) for rows in references)
    without = [name for name, number in zip(dataset.classes, nb_rows) if not number]
    if not without:
        return []
    return [f'{len(without)} of {dataset.nb_classes} classes have no reference ({listed(without, 3)}): '
            'whatever is predicted, each counts in the joint macro scores with F20 0 %, LR 0 % and LE 180 '
            'degrees.']


# ------------------------------------------------------------------------------------------------------------
# Words
# ------------------------------------------------------------------------------------------------------------


def _share(number: int, recordings: Sequence[np.ndarray], what: str = 'predicted rows') -> str:
    total = sum(map(len, recordings))
    percent = f' ({100 * number / total:.1f} %)' if 1000 * number >= total else ''
    return f'{number} of {total} {what}{percent}'


def _over_all(recordings: Sequence[np.ndarray], of_array: Callable, column: int) -> Any:
    """The least or greatest value of a column in all recordings."""
    return of_array([of_array(rows[:, column]) for rows in recordings if len(rows)])
