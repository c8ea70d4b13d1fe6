"""Is A better than B? The scores of several systems, and of each two the differences with their intervals.

The systems have answered the same recordings, so differences are paired: the jackknife leaves a recording out
of both. That is far sharper than to compare two intervals, since a hard recording is hard for both.

Of fifteen differences one in twenty lies beyond its 95 % interval by chance alone. Which are *not* chance is
therefore decided for all differences of a comparison together (Holm, "A simple sequentially rejective
multiple test procedure", Scandinavian Journal of Statistics 1979): in 95 of 100 comparisons of equals there
is none.

The intervals tell how a difference would move with other recordings. They know nothing of how much a system
moves when it is trained again: for that, compare several seeds of each.
"""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from metrics import jackknife
from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.stored_facts import check_dataset
from seldnet.common.errors import InputError
from seldnet.common.files import name_order
from seldnet.scoring.counting import RecordingCounts
from seldnet.scoring.recordings import find_recordings
from seldnet.scoring.scores import (
    CONFIDENCE,
    FAMILIES,
    FEWEST_RECORDINGS,
    INTERVALS,
    NO_INTERVALS,
    Family,
    by_family,
    read_references,
    score_predictions,
)

MOST_SYSTEMS = 26  # tables name them by letters


def compare_folders(systems: Mapping[str, str | Path], references: str | Path, *, allow_missing: bool = False,
                    dataset: Dataset = TAU2019,
                    nb_frames: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Score several systems on the recordings that all of them have, and compare each two.

    Parameters
    ----------
    systems : mapping
        Name of each to its folder of predictions.
    references : path
        Folder with a description a recording.
    allow_missing : bool
        Leave out the recordings for which a system has no prediction.
    dataset : Dataset
    nb_frames : mapping, optional
        Frames of each recording by name, where each is as long as it is.

    Returns
    -------
    dict
        'systems': name to results as of `score_folders`; 'differences': for each two systems that hold the
        same recordings 'a', 'b', 'recordings' and 'scores', as of `differences`; 'notes': sentences;
        'settings'.

    Raises
    ------
    InputError
        As `score_folders`; if no recording is common to all.
    """
    if len(systems) > MOST_SYSTEMS:
        raise InputError(f'{len(systems)} systems, expected at most {MOST_SYSTEMS}')
    references = Path(references)
    for folder in systems.values():
        check_dataset(Path(folder), dataset)
    found = {name: find_recordings(Path(folder), references, allow_missing=allow_missing)
             for name, folder in systems.items()}
    common = set.intersection(*(set(names) for names, _ in found.values()))
    if not common:
        raise InputError(f'{references}: no recording has a prediction in all of {", ".join(systems)}')
    described = read_references(references, sorted(common, key=name_order), list(map(Path, systems.values())),
                                dataset=dataset, nb_frames=nb_frames)
    results, counts = {}, {}
    for name, folder in systems.items():
        results[name], counts[name] = score_predictions(Path(folder), described, dataset=dataset)

    pairs, different = [], []
    for a, b in itertools.combinations(systems, 2):
        (different if found[a][0] != found[b][0] else pairs).append((a, b))
    scores = [_difference(counts[a], counts[b]) for a, b in pairs]
    _decide(scores)
    nb_references = len(found[next(iter(found))][0]) + found[next(iter(found))][1]
    return {
        'systems': results,
        'differences': [{'a': a, 'b': b, 'recordings': len(common), 'scores': of_pair}
                        for (a, b), of_pair in zip(pairs, scores)],
        'notes': _notes(results, nb_references - len(common), different),
        'settings': {'references': str(references), 'recordings': len(common), 'confidence': CONFIDENCE,
                     'intervals': (f'paired {INTERVALS}' if len(common) >= FEWEST_RECORDINGS
                                   else NO_INTERVALS), 'not_chance': 'Holm over all differences'},
    }


def differences(counts_a: RecordingCounts, counts_b: RecordingCounts) -> dict[str, Any]:
    """The differences of all scores of two systems, as if they were compared alone.

    Parameters
    ----------
    counts_a, counts_b : RecordingCounts
        Of the same recordings, in the same order.

    Returns
    -------
    nested dict
        As a group's scores; for each score 'difference' (of b from a), 'low' and 'high' of its 95 % interval,
        'p', and 'chance': whether it may be chance, None where that cannot be said.

    Examples
    --------
    >>> from seldnet.scoring.counting import count_recordings
    >>> references = [np.array([(frame, 5, 0, 0)]) for frame in range(12)]
    >>> near = [rows + (0, 0, frame % 3, 0) for frame, rows in enumerate(references)]
    >>> far = [rows + (0, 0, 30 + frame % 4, 0) for frame, rows in enumerate(references)]
    >>> found = differences(count_recordings(references, near), count_recordings(references, far))
    >>> found['joint']['micro']['LE']['chance'], found['joint']['micro']['LR']['chance']
    (False, True)
    """
    scores = _difference(counts_a, counts_b)
    _decide([scores])
    return scores


def _difference(counts_a: RecordingCounts, counts_b: RecordingCounts) -> dict[str, Any]:
    """As `differences`, undecided."""
    is_enough = len(counts_a.sed) >= FEWEST_RECORDINGS

    def of_family(family: Family) -> dict[str, dict[str, Any]]:
        totals = [family.totals(counts) for counts in (counts_a, counts_b)]
        others = [family.leave_one_out(counts) for counts in (counts_a, counts_b)]
        found = {}
        for name in totals[0]:
            with np.errstate(invalid='ignore'):  # infinite error rates of both
                theta, theta_without = totals[1][name] - totals[0][name], others[1][name] - others[0][name]
            low, high = (jackknife.interval(theta, theta_without, CONFIDENCE) if is_enough
                         else (np.nan, np.nan))
            found[name] = {'difference': theta, 'low': low, 'high': high, 'chance': None,
                           'p': jackknife.p_value(theta, theta_without) if is_enough else np.nan}
        return found
    return by_family(of_family)


def _decide(scores: list[dict[str, Any]]) -> None:
    """Set 'chance' of all differences: Holm's procedure over those that have a p."""
    tested = sorted((found for of_pair in scores for family in FAMILIES
                     for found in family.part_of(of_pair).values() if np.isfinite(found['p'])),
                    key=lambda found: found['p'])
    is_chance = False
    for rank, found in enumerate(tested):
        is_chance = is_chance or found['p'] > (1 - CONFIDENCE) / (len(tested) - rank)
        found['chance'] = is_chance


def _notes(results: Mapping[str, Mapping[str, Any]], left_out: int,
           different: list[tuple[str, str]]) -> list[str]:
    notes = []
    if left_out:
        notes.append(f'{left_out} references are left out: not every system has a prediction for them.')
    notes += [f'{a} and {b} hold different recordings: their difference is not given.' for a, b in different]
    said = [note for of_system in results.values() for note in of_system['notes']]
    for note in dict.fromkeys(said):
        whose = [name for name, of_system in results.items() if note in of_system['notes']]
        notes.append(note if len(whose) == len(results) else f'{", ".join(whose)}: {note}')
    return notes
