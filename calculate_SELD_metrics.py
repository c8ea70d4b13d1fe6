"""Score a folder of predictions, one CSV file of the output format a recording, against the descriptions.

Prints the scores of DCASE 2019 and the joint scores of 2020 and later: for all recordings, each split,
overlap and room, and each class, with 95 % confidence intervals (jackknife over the recordings) for the
totals.
"""

import argparse
import csv
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cls_feature_class import event_frames, read_description
from evaluation_metrics import RecordingCounts, count_recordings, read_output_rows, within_grid
from metrics import Record, jackknife, joint, sed, seld
from parameter import (
    CLASSES,
    OUTPUT_SETTINGS,
    TASKS,
    InputError,
    add_settings,
    atomic_path,
    exit_with_one_line,
    get_params,
    parse_recording_name,
    predictions_folder,
    read_json,
    recording_order,
    references_folder,
    script_parser,
    settings_given,
    write_json,
)

EXAMPLES = """examples:
  python calculate_SELD_metrics.py                          the dumps of task 1 against its references
  python calculate_SELD_metrics.py --task 5                 those of task 5 (evaluation set)
  python calculate_SELD_metrics.py results/1_foa_dev data/metadata_dev --json scores.json --csv scores.csv
  python calculate_SELD_metrics.py --allow-missing          only what was predicted (quick test)
"""


def main(argv: Sequence[str] | None = None) -> int:
    args = _parse_arguments(argv)
    params = get_params(args.task, **settings_given(args))
    predictions = args.predictions or predictions_folder(args.task, params)
    references = args.references or references_folder(params)
    check_outputs(args.json, args.csv, (predictions, references))

    names, left_out = find_recordings(predictions, references, allow_missing=args.allow_missing)
    reference_rows = [read_reference_rows(references / f'{name}.csv') for name in names]
    prediction_rows = [read_output_rows(predictions / f'{name}.csv') for name in names]
    results = score(names, count_recordings(reference_rows, prediction_rows))
    results['settings'] = {
        'predictions': str(predictions), 'references': str(references), 'recordings': len(names),
        'left_out': left_out, 'quick_test': is_quick_test(predictions),
        'off_grid_rows': sum(int((~within_grid(rows)).sum()) for rows in reference_rows),
        'confidence': CONFIDENCE, 'joint_threshold_deg': joint.THRESHOLD_DEG,
    }
    if args.json:
        write_json(args.json, _without_nonfinite(results))
    if args.csv:
        write_table(args.csv, results)
    print(format_results(results))
    for path in filter(None, (args.json, args.csv)):
        print(f'written: {path}')
    return 0


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__, epilog=EXAMPLES)
    parser.add_argument('predictions', nargs='?', type=Path, help="folder of predictions [the task's dumps]")
    parser.add_argument('references', nargs='?', type=Path, help="folder of descriptions [the task's]")
    parser.add_argument('--task', default='1', choices=tuple(TASKS), metavar='ID',
                        help='task of parameter.py whose folders are the defaults [%(default)s]')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write all scores as JSON')
    parser.add_argument('--csv', type=Path, metavar='FILE', help='write all scores as a table')
    parser.add_argument('--allow-missing', action='store_true',
                        help='leave out the recordings that have no prediction')
    add_settings(parser, ('dataset', 'mode', 'dataset_dir', 'dcase_dir'))
    return parser.parse_args(argv)


# ------------------------------------------------------------------------------------------------------------
# Recordings
# ------------------------------------------------------------------------------------------------------------


def find_recordings(predictions: Path, references: Path, *, allow_missing: bool) -> tuple[list[str], int]:
    """Names of the recordings to score, and how many references are left out for want of a prediction.

    Raises
    ------
    InputError
        If a folder is missing or holds no CSV file, if a prediction has no reference, or (unless
        `allow_missing`) if a reference has no prediction.
    """
    predicted = _csv_names(predictions, 'predictions', 'run seld.py first, or name the folder')
    described = _csv_names(references, 'descriptions', 'name the folder, or set --dataset_dir')
    missing = sorted(described - predicted, key=recording_order)
    surplus = sorted(predicted - described, key=recording_order)
    if surplus or (missing and not allow_missing):
        remedy = '' if surplus else '; --allow-missing scores the others'
        raise InputError(f'{predictions}: {len(predicted)} predictions for {len(described)} references in '
                         f'{references}, missing: {_listed(missing)}; surplus: {_listed(surplus)}{remedy}')
    return sorted(predicted, key=recording_order), len(missing)


def check_outputs(json: Path | None, table: Path | None, folders: Sequence[Path]) -> None:
    """InputError if one file would replace the other, or stand in one of `folders` as one of its files."""
    if json and table and json.resolve() == table.resolve():
        raise InputError(f'{table}: both --json and --csv, expected two files')
    for path in filter(None, (json, table)):
        is_among = path.resolve().parent in [folder.resolve() for folder in folders]
        if is_among and (path.resolve().suffix == '.csv' or path.resolve().name == OUTPUT_SETTINGS):
            raise InputError(f'{path}: would stand among the files that are scored, expected another folder')


def _csv_names(folder: Path, what: str, remedy: str) -> set[str]:
    if not folder.is_dir():
        raise InputError(f'{folder}: no such folder of {what}: {remedy}')
    names = {path.stem for path in folder.glob('*.csv') if not path.name.startswith('.')}
    if not names:
        raise InputError(f'{folder}: no {what} (*.csv) in this folder: {remedy}')
    return names


def _listed(names: Sequence[str], at_most: int = 20) -> str:
    more = f' and {len(names) - at_most} more' if len(names) > at_most else ''
    return ', '.join(names[:at_most]) + more if names else 'none'


def read_reference_rows(path: Path) -> np.ndarray:
    """Rows (frame, class, azimuth, elevation) of a description by the labels' frame rule, event by event."""
    events = read_description(path)
    frames = event_frames(events)
    nb_frames = np.maximum(0, frames[:, 1] - frames[:, 0] + 1)  # 0 for an event after the 60 seconds
    event = np.repeat(np.arange(len(events)), nb_frames)
    place_in_event = np.arange(len(event)) - np.repeat(np.cumsum(nb_frames) - nb_frames, nb_frames)
    properties = np.array([(one.class_index, one.azimuth_deg, one.elevation_deg) for one in events])
    return np.column_stack((frames[event, 0] + place_in_event, properties.reshape(-1, 3)[event]))


def is_quick_test(predictions: Path) -> bool | None:
    """Whether the settings that `seld.py` leaves beside its dumps say quick_test; None if there are none."""
    path = predictions / OUTPUT_SETTINGS
    if not path.exists():
        return None
    settings = read_json(path)
    try:
        return bool(settings['params']['quick_test'])
    except (KeyError, TypeError):
        raise InputError(f'{path}: found no quick_test, expected the settings that seld.py writes') from None


# ------------------------------------------------------------------------------------------------------------
# Scores
# ------------------------------------------------------------------------------------------------------------

CONFIDENCE = 0.95


class Family(NamedTuple):
    """A family of scores: of what records, and how."""

    keys: tuple[str, ...]  # place in the results
    records: Callable[[RecordingCounts], tuple[Record, ...]]
    scores: Callable[..., Any]


FAMILIES = (
    Family(('2019',), lambda counts: (counts.sed, counts.doa), seld.scores),
    Family(('joint', 'macro'), lambda counts: (counts.joint,), joint.macro_scores),
    Family(('joint', 'micro'), lambda counts: (counts.joint,), joint.micro_scores),
)


def score(names: Sequence[str], counts: RecordingCounts) -> dict[str, Any]:
    """Scores of all recordings, of each group and each class, and the confidence intervals of the totals.

    Returns
    -------
    dict
        'groups': name of the group to its scores; 'classes': name of the class to its scores; 'ci95': as a
        group's scores, with [low, high] for each score; 'recordings': name of the group to the number of its
        recordings. F-scores and recalls are fractions, angles are in degrees, what is undefined is NaN.
    """
    groups = find_groups(names)
    return {
        'groups': {group: _group_scores(RecordingCounts(*(record[members] for record in counts)))
                   for group, members in groups.items()},
        'classes': _class_scores(counts),
        'ci95': _intervals(counts),
        'recordings': {group: len(members) for group, members in groups.items()},
    }


def find_groups(names: Sequence[str]) -> dict[str, list[int]]:
    """'all' and each split, overlap and room that the names speak of, with the places of its recordings."""
    groups: dict[str, list[int]] = {'all': list(range(len(names)))}
    recordings = [parse_recording_name(name) for name in names]
    for label, field in (('split', 'split'), ('ov', 'overlap'), ('ir', 'room')):
        values = [getattr(recording, field) for recording in recordings]
        for value in sorted(set(values) - {None}):
            groups[f'{label} {value}'] = [place for place, one in enumerate(values) if one == value]
    return groups


def _nested(of_family: Callable[[Family], Any]) -> dict[str, Any]:
    """{'2019': ..., 'joint': {'macro': ..., 'micro': ...}}"""
    results: dict[str, Any] = {}
    for family in FAMILIES:
        place = results
        for key in family.keys[:-1]:
            place = place.setdefault(key, {})
        place[family.keys[-1]] = of_family(family)
    return results


def _group_scores(counts: RecordingCounts) -> dict[str, Any]:
    def scores_of(family: Family) -> dict[str, float]:
        scores = family.scores(*(record.total() for record in family.records(counts)))
        return {name: float(value) for name, value in _told(scores).items()}
    return _nested(scores_of)


def _intervals(counts: RecordingCounts) -> dict[str, Any]:
    def intervals_of(family: Family) -> dict[str, list[float]]:
        records = family.records(counts)
        totals = _told(family.scores(*(record.total() for record in records)))
        others = _told(family.scores(*(jackknife.leave_one_out(record) for record in records)))
        return {name: list(jackknife.interval(total, others[name], CONFIDENCE))
                for name, total in totals.items()}
    return _nested(intervals_of)


def _told(scores: Any) -> dict[str, np.ndarray]:
    """Scores by their names; infinite where a joint score has no reference.

    There, its guard against division by zero gives a number of sixteen digits (see metrics/joint.py), which
    nobody should take for a score.
    """
    return {name: np.where(value > _ASTRONOMIC, np.inf, value) for name, value in scores._asdict().items()}


_ASTRONOMIC = 1e6


def _class_scores(counts: RecordingCounts) -> dict[str, Any]:
    of_2019 = counts.sed.total()
    of_joint = _told(joint.class_scores(counts.joint.total()))
    error_rates, f_scores = sed.class_error_rates(of_2019), sed.class_f_scores(of_2019)
    return {name: {'2019': {'ER': float(error_rates[index]), 'F': float(f_scores[index])},
                   'joint': {score: float(values[index]) for score, values in of_joint.items()}}
            for index, name in enumerate(CLASSES)}


# ------------------------------------------------------------------------------------------------------------
# Results as text
# ------------------------------------------------------------------------------------------------------------

_HEADS_2019 = ('ER', 'F', 'DOA', 'FR', 'SELD')
_HEADS_JOINT = ('ER20', 'F20', 'LE', 'LR', 'SELD')
_UNITS = 'F, F20, frame recall FR, localization recall LR: percent; DOA error, localization error LE: degrees'
_FORMATS = {'ER': '{:.2f}', 'F': '{:.1%}', 'DOA': '{:.1f}', 'FR': '{:.1%}', 'LE': '{:.1f}', 'LR': '{:.1%}',
            'SELD': '{:.3f}'}


def format_results(results: Mapping[str, Any]) -> str:
    """The tables that the script prints."""
    settings = results['settings']
    lines = [f'predictions: {settings["predictions"]}', f'references:  {settings["references"]}', '']
    if settings['quick_test']:
        lines += ['QUICK TEST: these predictions come from a quick test, their scores mean nothing.', '']
    if settings['left_out']:
        lines += [f'{settings["left_out"]} references have no prediction and are left out.', '']
    if settings['off_grid_rows']:
        lines += [f'{settings["off_grid_rows"]} reference rows (events, frame by frame) are off the grid '
                  'of directions and take no part in the 2019 scores.', '']

    width = 29
    lines += [f'{"":14} | {"2019":^{width}} | {"joint, macro":^{width}} | {"joint, micro":^{width}}']
    lines += [_row('', 'recordings', _HEADS_2019, _HEADS_JOINT, _HEADS_JOINT)]
    lines += ['-' * len(lines[-1])]
    for group, scores in results['groups'].items():
        lines += [_row(group, results['recordings'][group], *_cells(scores))]
        if group == 'all':
            lines += [_row(label, '', *_cells(_end(results['ci95'], end)))
                      for end, label in enumerate(('95 % from', '95 % to'))]

    lines += ['', f'{"":14} | {"2019":^{width}} | {"joint":^{width}}']
    lines += [_row('class', '', _HEADS_2019[:2] + ('', '', ''), ('', *_HEADS_JOINT[1:]))]
    lines += ['-' * len(lines[-1])]
    for name, scores in results['classes'].items():
        of_2019, of_joint = _values(scores['2019']), _values(scores['joint'])
        lines += [_row(name, '', (*of_2019, '', '', ''), ('', *of_joint[1:]))]
    return '\n'.join((*lines, '', _UNITS))


def _row(label: str, number: Any, *blocks: Sequence[str]) -> str:
    cells = (' '.join(f'{cell:>5}' for cell in block) for block in blocks)
    return ' | '.join((f'{label}{number:>{14 - len(label)}}', *cells)).rstrip()


def _cells(scores: Mapping[str, Any]) -> list[list[str]]:
    return [_values(_at(scores, family.keys)) for family in FAMILIES]


def _at(results: Mapping[str, Any], keys: Sequence[str]) -> Any:
    for key in keys:
        results = results[key]
    return results


def _values(scores: Mapping[str, float]) -> list[str]:
    return [_value(name, value) for name, value in scores.items()]


def _value(name: str, value: float) -> str:
    if math.isnan(value):
        return '-'
    return _FORMATS[name].format(value).removesuffix('%')


def write_table(path: Path, results: Mapping[str, Any]) -> None:
    """The results as CSV: a row a group, two for the confidence interval of the totals, and a row a class.

    A class has no DOA error, frame recall or SELD score of 2019; its joint scores stand under macro, the mean
    over this one class. What is undefined stays empty.
    """
    results = _without_nonfinite(results)
    heads = [f'{family.keys[-1]}_{name}' for family in FAMILIES
             for name in _at(results['groups']['all'], family.keys)]
    rows = []
    for group, scores in results['groups'].items():
        rows.append((group, results['recordings'][group], *_in_a_row(scores)))
        if group == 'all':
            rows += [(f'all, ci95 {name}', '', *_in_a_row(_end(results['ci95'], end)))
                     for end, name in enumerate(('from', 'to'))]
    for name, scores in results['classes'].items():
        of_2019, of_joint = scores['2019'], scores['joint']
        rows.append((f'class {name}', '', *of_2019.values(), '', '', '', *of_joint.values(), *[''] * 5))
    with atomic_path(path) as temporary, temporary.open('w', encoding='utf-8', newline='') as file:
        csv.writer(file).writerows([('group', 'recordings', *heads), *rows])


def _in_a_row(scores: Mapping[str, Any]) -> list[float]:
    return [value for family in FAMILIES for value in _at(scores, family.keys).values()]


def _end(intervals: Mapping[str, Any], end: int) -> dict[str, Any]:
    """The low (0) or high (1) ends of the intervals, as a group's scores."""
    return _nested(lambda family: {name: ends[end] for name, ends in _at(intervals, family.keys).items()})


def _without_nonfinite(results: Any) -> Any:
    """The results with None (null) for NaN and infinity, which JSON does not have."""
    if isinstance(results, dict):
        return {key: _without_nonfinite(value) for key, value in results.items()}
    if isinstance(results, list):
        return [_without_nonfinite(value) for value in results]
    return None if isinstance(results, float) and not math.isfinite(results) else results


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
