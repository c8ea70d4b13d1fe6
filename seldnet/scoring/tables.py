"""Scores as text: the tables that are printed, and files of CSV and JSON."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seldnet.common.files import atomic_path, without_nonfinite, write_json
from seldnet.scoring.scores import FAMILIES, by_family

_HEADS_2019 = ('ER', 'F', 'DOA', 'FR', 'SELD')
_HEADS_JOINT = ('ER20', 'F20', 'LE', 'LR', 'SELD')
_UNITS = 'F, F20, frame recall FR, localization recall LR: percent; DOA error, localization error LE: degrees'
_FORMATS = {'ER': '{:.2f}', 'F': '{:.1%}', 'DOA': '{:.1f}', 'FR': '{:.1%}', 'LE': '{:.1f}', 'LR': '{:.1%}',
            'SELD': '{:.3f}'}


def format_results(results: Mapping[str, Any]) -> str:
    """The tables of all scores.

    Parameters
    ----------
    results : mapping
        As of `score_folders`.

    Returns
    -------
    str
        ASCII, lines of at most 110 characters: a row a group, two for the confidence interval of the totals,
        and a row a class; a dash where a score is undefined.
    """
    settings = results['settings']
    lines = [f'predictions: {settings["predictions"]}', f'references:  {settings["references"]}', '']
    if settings['quick_test']:
        lines += ['QUICK TEST: these predictions come from a quick test, their scores mean nothing.', '']
    if settings['left_out']:
        lines += [f'{settings["left_out"]} references have no prediction and are left out.', '']
    if not settings['has_grid']:
        lines += ['The data set has no grid of directions: the 2019 scores round them down to multiples of '
                  '10 degrees.', '']
    if settings['unknown_lengths']:
        lines += [f'The length of {settings["unknown_lengths"]} recordings is not known (they were not '
                  'found): they are taken to end with their last row.', '']
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


def format_comparison(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The scores of all recordings of several systems, a row a system.

    Parameters
    ----------
    results : mapping
        Name of each system to its results, as of `score_folders`.

    Returns
    -------
    str
        ASCII; the widest name sets the width.
    """
    width, label = 29, max(map(len, results)) + 2
    lines = [f'{"":{label}}{"":>10} | {"2019":^{width}} | {"joint, macro":^{width}}']
    heads = [' '.join(f'{head:>5}' for head in block) for block in (_HEADS_2019, _HEADS_JOINT)]
    lines += [' | '.join((f'{"":{label}}{"recordings":>10}', *heads)), '-' * (label + 10 + 2 * (width + 3))]
    for name, of_system in results.items():
        blocks = [' '.join(f'{cell:>5}' for cell in block)
                  for block in _cells(of_system['groups']['all'])[:len(heads)]]
        lines.append(' | '.join((f'{name:{label}}{of_system["recordings"]["all"]:10}', *blocks)))
    return '\n'.join((*lines, '', _UNITS))


def _row(label: str, number: Any, *blocks: Sequence[str]) -> str:
    cells = (' '.join(f'{cell:>5}' for cell in block) for block in blocks)
    return ' | '.join((f'{label}{number:>{14 - len(label)}}', *cells)).rstrip()


def _cells(scores: Mapping[str, Any]) -> list[list[str]]:
    return [_values(family.part_of(scores)) for family in FAMILIES]


def _values(scores: Mapping[str, float]) -> list[str]:
    return [_value(name, value) for name, value in scores.items()]


def _value(name: str, value: float) -> str:
    if math.isnan(value):
        return '-'
    return _FORMATS[name].format(value).removesuffix('%')


def write_table(path: str | Path, results: Mapping[str, Any]) -> None:
    """Write results as CSV, atomically.

    A row a group, two for the confidence interval of the totals, and a row a class. A class has no DOA error,
    frame recall or SELD score of 2019; its joint scores stand under macro, the mean over this one class. What
    is undefined or infinite stays empty.

    Parameters
    ----------
    path : path
    results : mapping
        As of `score_folders` or `score`.
    """
    results = without_nonfinite(results)
    heads = [f'{family.keys[-1]}_{name}' for family in FAMILIES
             for name in family.part_of(results['groups']['all'])]
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
    return [value for family in FAMILIES for value in family.part_of(scores).values()]


def _end(intervals: Mapping[str, Any], end: int) -> dict[str, Any]:
    """The low (0) or high (1) ends of the intervals, as a group's scores."""
    return by_family(lambda family: {name: ends[end] for name, ends in family.part_of(intervals).items()})


def write_scores_json(path: str | Path, results: Mapping[str, Any]) -> None:
    """Write results as JSON, atomically; None (null) stands for what is undefined or infinite.

    Parameters
    ----------
    path : path
    results : mapping
        As of `score_folders` or `score`.
    """
    write_json(path, results)
