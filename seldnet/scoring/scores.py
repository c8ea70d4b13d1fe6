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
from seldnet.annotations.descriptions import Event, read_description
from seldnet.annotations.output_format import read_output_rows
from seldnet.annotations.stored_facts import check_dataset
from seldnet.scoring.counting import RecordingCounts, count_recordings
from seldnet.scoring.notes import count_beyond, find_notes
from seldnet.scoring.recordings import (
    csv_files,
    find_groups,
    find_recordings,
    is_quick_test,
    recording_frames,
    rows_of_events,
)

CONFIDENCE = 0.95
FEWEST_RECORDINGS = 10  # for an interval: from fewer the jackknife says nothing reliable
JOINT_RULE = 'DCASE 2020 to 2023'
INTERVALS = 'jackknife over recordings, t distribution'
NO_INTERVALS = f'none: fewer than {FEWEST_RECORDINGS} recordings'


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

    def totals(self, counts: RecordingCounts) -> dict[str, float]:
        """The scores of all recordings together, by their names.

        Parameters
        ----------
        counts : RecordingCounts

        Returns
        -------
        dict of str to float
        """
        scores = self.scores(*(record.total() for record in self.records(counts)))
        return {name: float(value) for name, value in _named(scores).items()}

    def leave_one_out(self, counts: RecordingCounts) -> dict[str, np.ndarray]:
        """The scores of all recordings but one, for each that is left out.

        Parameters
        ----------
        counts : RecordingCounts

        Returns
        -------
        dict of str to array, shape (recordings,)
        """
        return _named(self.scores(*(jackknife.leave_one_out(record) for record in self.records(counts))))


FAMILIES = (
    Family(('2019',), lambda counts: (counts.sed, counts.doa), seld.scores),
    Family(('joint', 'macro'), lambda counts: (counts.joint,), joint.macro_scores),
    Family(('joint', 'micro'), lambda counts: (counts.joint,), joint.micro_scores),
)


# The least and the greatest value of each score.
LIMITS = {'ER': (0, np.inf), 'F': (0, 1), 'DOA': (0, 180), 'FR': (0, 1), 'LE': (0, 180), 'LR': (0, 1),
          'SELD': (0, np.inf)}


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
        As of `score`; 'notes': sentences about what is odd (`find_notes`); 'settings': what was scored, and
        how.

    Raises
    ------
    InputError
        As `find_recordings`, `read_description` and `read_output_rows` do.
    """
    predictions, references = Path(predictions), Path(references)
    check_dataset(predictions, dataset)
    names, left_out = find_recordings(predictions, references, allow_missing=allow_missing)
    described = read_references(references, names, [predictions], dataset=dataset, nb_frames=nb_frames)
    return score_predictions(predictions, described, left_out=left_out, dataset=dataset)[0]


class References(NamedTuple):
    """The recordings that are scored, and what is true of them.

    Attributes
    ----------
    folder : Path
    names : list of str
        Of the recordings.
    events : list of lists of Event
    rows : list of arrays, shape (rows, 4)
    nb_frames : list of int
    nb_unknown : int
        How many of the recordings have no length that is known: they end with their last row.
    """

    folder: Path
    names: list[str]
    events: list[list[Event]]
    rows: list[np.ndarray]
    nb_frames: list[int]
    nb_unknown: int


def read_references(folder: Path, names: Sequence[str], predictions: Sequence[Path], *,
                    dataset: Dataset = TAU2019, nb_frames: Mapping[str, int] | None = None) -> References:
    """Read descriptions, and find how long the recordings are.

    Parameters
    ----------
    folder : Path
    names : sequence of str
        Of the recordings that have one.
    predictions : sequence of Path
        The folders of predictions that are to be scored: they tell the ends of recordings whose length is not
        known.
    dataset : Dataset
    nb_frames : mapping, optional
        Frames of each recording by name, where each is as long as it is.

    Returns
    -------
    References

    Raises
    ------
    InputError
        As `read_description` and, where lengths are not known, `read_output_rows` do.
    """
    files = csv_files(folder, 'descriptions')
    events = [read_description(files[name], dataset=dataset) for name in names]
    rows = [rows_of_events(some, dataset=dataset) for some in events]
    unknown = [name for name in names if dataset.nb_frames is None and name not in (nb_frames or {})]
    others = [[np.zeros((0, 4), int)] * len(names)]
    if unknown:
        others = [_read_predictions(other, names, dataset) for other in predictions]
    lengths = np.max([recording_frames(names, rows, other, nb_frames, dataset=dataset) for other in others],
                     axis=0)
    return References(folder, list(names), events, rows, lengths.tolist(), len(unknown))


def _read_predictions(folder: Path, names: Sequence[str], dataset: Dataset) -> list[np.ndarray]:
    files = csv_files(folder, 'predictions')
    return [read_output_rows(files[name], dataset=dataset) for name in names]


def score_predictions(folder: Path, references: References, *, left_out: int = 0,
                      dataset: Dataset = TAU2019) -> tuple[dict[str, Any], RecordingCounts]:
    """Score the predictions of recordings whose references are read.

    Parameters
    ----------
    folder : Path
        With a prediction for each of the recordings.
    references : References
    left_out : int
        How many references have no prediction.
    dataset : Dataset

    Returns
    -------
    results : dict
        As of `score_folders`.
    counts : RecordingCounts
        That they were made of.

    Raises
    ------
    InputError
        As `read_output_rows` does.
    """
    names = references.names
    rows = _read_predictions(folder, names, dataset)
    counts = count_recordings(references.rows, rows, dataset=dataset, nb_frames=references.nb_frames)
    results = score(names, counts, dataset=dataset)
    results['notes'] = find_notes(names, references.rows, rows, references.nb_frames, left_out=left_out,
                                  events=references.events, nb_unknown=references.nb_unknown,
                                  dataset=dataset)
    results['settings'] = {
        'predictions': str(folder), 'references': str(references.folder), 'recordings': len(names),
        'left_out': left_out, 'quick_test': is_quick_test(folder), 'confidence': CONFIDENCE,
        'intervals': INTERVALS if len(names) >= FEWEST_RECORDINGS else NO_INTERVALS,
        'joint_threshold_deg': joint.THRESHOLD_DEG, 'joint_rule': JOINT_RULE,
        'off_grid_rows': count_beyond(references.rows, dataset), 'has_grid': dataset.grid is not None,
        'unknown_lengths': references.nb_unknown,
    }
    return results, counts


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
        group's scores, with [low, high] for each score, NaN with fewer than ten recordings; 'recordings':
        name of the group to the number of its recordings. F-scores and recalls are fractions, angles are in
        degrees, what is undefined is NaN.

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
    return by_family(lambda family: family.totals(counts))


def _intervals(counts: RecordingCounts) -> dict[str, Any]:
    def intervals_of(family: Family) -> dict[str, list[float]]:
        totals, others = family.totals(counts), family.leave_one_out(counts)
        if len(counts.sed) < FEWEST_RECORDINGS:
            return {name: [np.nan, np.nan] for name in totals}
        return {name: list(jackknife.interval(total, others[name], CONFIDENCE, LIMITS[name]))
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
