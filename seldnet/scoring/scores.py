"""Scores: of all recordings, of groups of them and of classes, with confidence intervals.

Results are nested dictionaries, so that they can be written as JSON. A family of scores stands in them under
its keys: `results['groups']['all']['joint']['macro']['F']`.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from metrics import Record, jackknife, joint, sed, seld
from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.output_format import read_output_rows
from seldnet.annotations.stored_facts import check_dataset
from seldnet.scoring.counting import RecordingCounts, count_recordings, is_scored
from seldnet.scoring.recordings import (
    find_groups,
    find_recordings,
    is_quick_test,
    read_reference_rows,
    recording_frames,
)

CONFIDENCE = 0.95


class Family(NamedTuple):
    """A family of scores: of what records, and how.

    Attributes
    ----------
    keys : tuple of str
        Its place in the results.
    records : function
        RecordingCounts -> the records that `scores` takes.
    scores : function
        Records -> a NamedTuple of scores.
    """

    keys: tuple[str, ...]  # place in the results
    records: Callable[[RecordingCounts], tuple[Record, ...]]
    scores: Callable[..., Any]

    def part_of(self, results: Any) -> Any:
        """What stands at this family's place in results as `by_family` makes them.

        Parameters
        ----------
        results : nested dict
            Of all families.

        Returns
        -------
        anything

        Raises
        ------
        KeyError
            If the results lack this family.
        """
        for key in self.keys:
            results = results[key]
        return results


FAMILIES = (
    Family(('2019',), lambda counts: (counts.sed, counts.doa), seld.scores),
    Family(('joint', 'macro'), lambda counts: (counts.joint,), joint.macro_scores),
    Family(('joint', 'micro'), lambda counts: (counts.joint,), joint.micro_scores),
)


def by_family(of_family: Callable[[Family], Any]) -> dict[str, Any]:
    """{'2019': ..., 'joint': {'macro': ..., 'micro': ...}} of what a function gives for each family.

    Parameters
    ----------
    of_family : function
        Called with each of `FAMILIES`.

    Returns
    -------
    nested dict
    """
    results: dict[str, Any] = {}
    for family in FAMILIES:
        place = results
        for key in family.keys[:-1]:
            place = place.setdefault(key, {})
        place[family.keys[-1]] = of_family(family)
    return results


def score_folders(predictions: str | Path, references: str | Path, *, allow_missing: bool = False,
                  dataset: Dataset = TAU2019, nb_frames: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Score a folder of predictions against the descriptions.

    Parameters
    ----------
    predictions : path
        Folder with a file of the output format a recording.
    references : path
        Folder with a description a recording.
    allow_missing : bool
        Leave out the recordings that have no prediction.
    dataset : Dataset
    nb_frames : mapping, optional
        Frames of each recording by name, where each is as long as it is.

    Returns
    -------
    dict
        As of `score`, and 'settings': what was scored, and how.

    Raises
    ------
    InputError
        As `find_recordings`, `read_description`, `read_output_rows` and `Dataset.parse_name` do.
    """
    predictions, references = Path(predictions), Path(references)
    check_dataset(predictions, dataset)
    names, left_out = find_recordings(predictions, references, allow_missing=allow_missing)
    reference_rows = [read_reference_rows(references / f'{name}.csv', dataset=dataset) for name in names]
    prediction_rows = [read_output_rows(predictions / f'{name}.csv', dataset=dataset) for name in names]
    lengths = recording_frames(names, reference_rows, prediction_rows, nb_frames, dataset=dataset)
    results = score(names, count_recordings(reference_rows, prediction_rows, dataset=dataset,
                                            nb_frames=lengths), dataset=dataset)
    results['settings'] = {
        'predictions': str(predictions), 'references': str(references), 'recordings': len(names),
        'left_out': left_out, 'has_grid': dataset.grid is not None,
        'unknown_lengths': sum(name not in (nb_frames or {}) for name in names) * (dataset.nb_frames is None),
        'quick_test': is_quick_test(predictions),
        'off_grid_rows': sum(int((~is_scored(rows, dataset)).sum()) for rows in reference_rows),
        'confidence': CONFIDENCE, 'joint_threshold_deg': joint.THRESHOLD_DEG,
    }
    return results


def score(names: Sequence[str], counts: RecordingCounts, *, dataset: Dataset = TAU2019) -> dict[str, Any]:
    """Scores of all recordings, of each group and each class, and the confidence intervals of the totals.

    Parameters
    ----------
    names : sequence of str
        Of the recordings.
    counts : RecordingCounts
        Of the same recordings, in the same order.
    dataset : Dataset
        Its classes and grammar of names.

    Returns
    -------
    dict
        'groups': name of the group to its scores; 'classes': name of the class to its scores; 'ci95': as a
        group's scores, with [low, high] for each score; 'recordings': name of the group to the number of its
        recordings. F-scores and recalls are fractions, angles are in degrees, what is undefined is NaN.

    Raises
    ------
    InputError
        If a name does not follow the data set's grammar.

    Examples
    --------
    >>> reference, prediction = np.array([(0, 5, 0, 0)]), np.array([(0, 5, 10, 0)])
    >>> results = score(['split1_ir0_ov1_1'], count_recordings([reference], [prediction]))
    >>> list(results['groups'])
    ['all', 'split 1', 'ov 1', 'ir 0']
    >>> {name: round(value, 4) for name, value in results['groups']['all']['2019'].items()}
    {'ER': 0.0, 'F': 1.0, 'DOA': 10.0, 'FR': 1.0, 'SELD': 0.0139}
    """
    groups = find_groups(names, dataset=dataset)
    return {
        'groups': {group: _group_scores(RecordingCounts(*(record[members] for record in counts)))
                   for group, members in groups.items()},
        'classes': _class_scores(counts, dataset),
        'ci95': _intervals(counts),
        'recordings': {group: len(members) for group, members in groups.items()},
    }


def _group_scores(counts: RecordingCounts) -> dict[str, Any]:
    def scores_of(family: Family) -> dict[str, float]:
        scores = family.scores(*(record.total() for record in family.records(counts)))
        return {name: float(value) for name, value in _named(scores).items()}
    return by_family(scores_of)


def _intervals(counts: RecordingCounts) -> dict[str, Any]:
    def intervals_of(family: Family) -> dict[str, list[float]]:
        records = family.records(counts)
        totals = _named(family.scores(*(record.total() for record in records)))
        others = _named(family.scores(*(jackknife.leave_one_out(record) for record in records)))
        return {name: list(jackknife.interval(total, others[name], CONFIDENCE))
                for name, total in totals.items()}
    return by_family(intervals_of)


def _named(scores: Any) -> dict[str, np.ndarray]:
    """Scores by their names; infinite where a joint score has no reference.

    There, its guard against division by zero gives a number of sixteen digits (see metrics/joint.py), which
    nobody should take for a score.
    """
    return {name: np.where(value > _ASTRONOMIC, np.inf, value) for name, value in scores._asdict().items()}


_ASTRONOMIC = 1e6


def _class_scores(counts: RecordingCounts, dataset: Dataset) -> dict[str, Any]:
    of_2019 = counts.sed.total()
    of_joint = _named(joint.class_scores(counts.joint.total()))
    error_rates, f_scores = sed.class_error_rates(of_2019), sed.class_f_scores(of_2019)
    return {name: {'2019': {'ER': float(error_rates[index]), 'F': float(f_scores[index])},
                   'joint': {score: float(values[index]) for score, values in of_joint.items()}}
            for index, name in enumerate(dataset.classes)}
