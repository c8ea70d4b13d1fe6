"""Scores as text: the tables that are printed, and files of CSV and JSON."""

import csv
import math
import string
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seldnet.common.files import atomic_path, write_json
from seldnet.scoring.scores import CONFIDENCE, FAMILIES, FEWEST_RECORDINGS, JOINT_RULE, Family, by_family

WIDTH = 110  # of a line, at most
_HEADS_2019 = ('ER', 'F', 'DOA', 'FR', 'SELD')
_HEADS_JOINT = ('ER20', 'F20', 'LE', 'LR', 'SELD')
HEADS = {FAMILIES[0]: _HEADS_2019, FAMILIES[1]: _HEADS_JOINT, FAMILIES[2]: _HEADS_JOINT}
_EXPLAINED = (
    'ER20, F20: error rate, F within 20 degrees; LE, LR: distance of the events found, share that is found.',
    'macro: mean of the classes; micro: all events together. F, FR, LR in percent, DOA error, LE in degrees.',
    f'Joint scores by the rule of {JOINT_RULE}; 2024 counts classes without a match differently.',
)
_FORMATS = {'ER': '{:.2f}', 'F': '{:.1%}', 'DOA': '{:.1f}', 'FR': '{:.1%}', 'LE': '{:.1f}', 'LR': '{:.1%}',
            'SELD': '{:.3f}'}
_ENDS = ('95 % from', '95 % to')
_LABEL_WIDTH, _BLOCK_WIDTH, _LONGEST_CLASS = 14, 29, 70

# ------------------------------------------------------------------------------------------------------------
# Printed: one system
# ------------------------------------------------------------------------------------------------------------


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
        a row a class, what the columns mean, and the notes; a dash where a score is undefined.
    """
    settings = results['settings']
    lines = [f'predictions: {settings["predictions"]}', f'references:  {settings["references"]}', '']
    lines += _quick_test(settings)
    lines += _head('recordings')
    for group, scores in results['groups'].items():
        lines.append(_row(group, results['recordings'][group], *_cells(scores)))
        if group == 'all':
            lines += _interval_rows(results['ci95'])

    lines += ['', *_class_rows(results['classes']), '']
    lines += [_about_intervals(results['recordings']['all']), *_EXPLAINED]
    return '\n'.join((*lines, *_notes(results['notes'])))


def _class_rows(classes: Mapping[str, Any]) -> list[str]:
    """A row a class, as wide as the names need it; what is left of the line for them is 70 letters."""
    labels = [name if len(name) <= _LONGEST_CLASS else f'{name[:_LONGEST_CLASS - 3]}...' for name in classes]
    width = max(_LABEL_WIDTH, *map(len, labels))
    widths = (len(_HEADS_2019[:2]) * 6 - 1, len(_HEADS_JOINT[1:]) * 6 - 1)
    lines = [_blocks(' ' * width, '2019'.center(widths[0]), 'joint'.center(widths[1])),
             _row('class'.ljust(width), '', _HEADS_2019[:2], _HEADS_JOINT[1:])]
    return [*lines, '-' * len(lines[-1]), *(
        _row(label.ljust(width), '', _values(scores['2019']), _values(scores['joint'])[1:])
        for label, scores in zip(labels, classes.values()))]


def _quick_test(settings: Mapping[str, Any], whose: str = 'these predictions come') -> list[str]:
    if not settings['quick_test']:
        return []
    return [f'QUICK TEST: {whose} from a quick test, their scores mean nothing.', '']


def _about_intervals(nb_recordings: int) -> str:
    if nb_recordings < FEWEST_RECORDINGS:
        number = '1 recording is' if nb_recordings == 1 else f'{nb_recordings} recordings are'
        return f'No intervals: {number} too few, {FEWEST_RECORDINGS} are needed.'
    return f'{_percent()} intervals: jackknife over the {nb_recordings} recordings, t distribution.'


def _percent() -> str:
    return f'{100 * CONFIDENCE:g} %'


def _notes(notes: Sequence[str]) -> list[str]:
    if not notes:
        return []
    return ['', 'Notes', *(line for note in notes for line in textwrap.wrap(
        note, WIDTH, initial_indent='- ', subsequent_indent='  ', break_long_words=False,
        break_on_hyphens=False))]


def _head(number: str) -> list[str]:
    lines = [_blocks('', *(title.center(_BLOCK_WIDTH) for title in ('2019', 'joint, macro', 'joint, micro'))),
             _row('', number, *HEADS.values())]
    return [*lines, '-' * len(lines[-1])]


def _interval_rows(intervals: Mapping[str, Any]) -> list[str]:
    """Two rows, or none where there are no intervals at all."""
    rows = [_cells(_end(intervals, end)) for end in (0, 1)]
    if all(cell == '-' for blocks in rows for block in blocks for cell in block):
        return []
    return [_row(label, '', *blocks) for label, blocks in zip(_ENDS, rows)]


def _row(label: str, number: Any, *blocks: Sequence[str]) -> str:
    cells = (' '.join(f'{cell:>5}' for cell in block) for block in blocks)
    return _blocks(f'{label}{str(number).rjust(_LABEL_WIDTH - len(label))}', *cells)


def _blocks(label: str, *blocks: str) -> str:
    return ' | '.join((f'{label:{_LABEL_WIDTH}}', *blocks)).rstrip()


def _cells(scores: Mapping[str, Any]) -> list[list[str]]:
    return [_values(family.part_of(scores)) for family in FAMILIES]


def _values(scores: Mapping[str, float]) -> list[str]:
    return ['-' if math.isnan(value) else _FORMATS[name].format(value).removesuffix('%')
            for name, value in scores.items()]


def _end(intervals: Mapping[str, Any], end: int) -> dict[str, Any]:
    """The low (0) or high (1) ends of the intervals, as a group's scores."""
    return by_family(lambda family: {name: ends[end] for name, ends in family.part_of(intervals).items()})


# ------------------------------------------------------------------------------------------------------------
# Printed: systems compared
# ------------------------------------------------------------------------------------------------------------


def format_comparison(comparison: Mapping[str, Any]) -> str:
    """The scores of several systems, and the differences of each two of them.

    Parameters
    ----------
    comparison : mapping
        As of `compare_folders`.

    Returns
    -------
    str
        ASCII, lines of at most 110 characters if the names allow: a row a system, a row a pair, each with two
        for its interval, and for a pair one with a star where the difference is not chance.
    """
    letters = letters_of(comparison)
    nb_recordings = comparison['settings']['recordings']
    lines = [f'{letter}: {name}' for name, letter in letters.items()]
    lines += [f'references: {comparison["settings"]["references"]}', '']
    for name, results in comparison['systems'].items():
        lines += _quick_test(results['settings'], f'the predictions of {letters[name]} come')
    lines += _head('recordings')
    for name, results in comparison['systems'].items():
        lines.append(_row(letters[name], nb_recordings, *_cells(results['groups']['all'])))
        lines += _interval_rows(results['ci95'])
    sentences = []
    if comparison['differences']:
        lines += ['', 'differences', *_head('')[1:]]
    for pair in comparison['differences']:
        a, b = letters[pair['a']], letters[pair['b']]
        lines += _difference_rows(f'{b} - {a}', pair['scores'])
        if nb_recordings >= FEWEST_RECORDINGS:
            sentences += textwrap.wrap(f'{b} against {a}: {_verdict(pair["scores"])}', WIDTH,
                                       subsequent_indent='  ')
    lines += ['', *sentences, *([''] if sentences else []), _about_intervals(nb_recordings)]
    if sentences:
        lines += ['Those of differences are paired; they say what other recordings would give, not other '
                  'trainings.', 'Not chance (*): at 5 % for all differences of this table together (Holm).']
    return '\n'.join((*lines, *_EXPLAINED, *_notes(comparison['notes'])))


def letters_of(comparison: Mapping[str, Any]) -> dict[str, str]:
    """The letter by which tables name each system.

    Parameters
    ----------
    comparison : mapping
        As of `compare_folders`.

    Returns
    -------
    dict of str to str
        Name to A, B, C.
    """
    return dict(zip(comparison['systems'], string.ascii_uppercase))


def _difference_rows(label: str, scores: Mapping[str, Any]) -> list[str]:
    def cells(key: str) -> list[list[str]]:
        return [[_signed(name, found[key]) for name, found in family.part_of(scores).items()]
                for family in FAMILIES]

    rows = [_row(label, '', *cells('difference'))]
    found = [found for family in FAMILIES for found in family.part_of(scores).values()]
    if not all(math.isnan(one['low']) for one in found):
        rows += [_row(end, '', *cells(key)) for end, key in zip(_ENDS, ('low', 'high'))]
    if any(one['chance'] is False for one in found):
        rows.append(_row('not chance', '', *([('*' if one['chance'] is False else '')
                                              for one in family.part_of(scores).values()]
                                             for family in FAMILIES)))
    return rows


def _signed(name: str, value: float) -> str:
    """With its sign; in five characters."""
    if math.isnan(value):
        return '-'
    text = _FORMATS[name].replace(':', ':+').format(value).removesuffix('%')
    return text.replace('0.', '.', 1) if name == 'SELD' and abs(value) < 1 else text


_HIGHER_IS_BETTER = ('F', 'FR', 'LR')


def _verdict(scores: Mapping[str, Any]) -> str:
    """Which differences of the second system from the first are not chance, in words."""
    words = {'better': [], 'worse': []}
    for family in FAMILIES:
        for head, (name, found) in zip(HEADS[family], family.part_of(scores).items()):
            if found['chance'] is False:
                is_better = (found['difference'] > 0) == (name in _HIGHER_IS_BETTER)
                words['better' if is_better else 'worse'].append(f'{_title(family)} {head}')
    parts = [f'{how} in {", ".join(names)}' for how, names in words.items() if names]
    if not parts:
        return 'every difference may be chance.'
    return f'{"; ".join(parts)}; any other difference may be chance.'


def _title(family: Family) -> str:
    return ' '.join(family.keys)


# ------------------------------------------------------------------------------------------------------------
# Files
# ------------------------------------------------------------------------------------------------------------

_COLUMNS = ('group', 'family', 'score', 'value', 'low', 'high', 'n')


def write_table(path: str | Path, results: Mapping[str, Any]) -> None:
    """Write results as CSV, atomically: a row a score, as pandas and R like it.

    The columns are group, family, score, value, low, high (of the confidence interval, of 'all' only) and n,
    the number of recordings. Fractions and degrees. A class has no error rates of its own but those of 2019;
    its joint scores are of the family 'joint'. What is undefined or infinite stays empty.

    Parameters
    ----------
    path : path
    results : mapping
        As of `score_folders`.
    """
    _write_rows(path, [_COLUMNS, *_score_rows(results)])


def write_comparison_table(path: str | Path, comparison: Mapping[str, Any]) -> None:
    """Write a comparison as CSV, atomically: as `write_table`, with the system as first column.

    Rows of the system 'B - A' (names in full) are differences.

    Parameters
    ----------
    path : path
    comparison : mapping
        As of `compare_folders`.
    """
    rows: list[tuple] = [('system', *_COLUMNS)]
    for name, results in comparison['systems'].items():
        rows += [(name, *row) for row in _score_rows(results)]
    for pair in comparison['differences']:
        for family in FAMILIES:
            rows += [(f'{pair["b"]} - {pair["a"]}', 'all', _title(family), score, found['difference'],
                      found['low'], found['high'], pair['recordings'])
                     for score, found in family.part_of(pair['scores']).items()]
    _write_rows(path, rows)


def _score_rows(results: Mapping[str, Any]) -> Iterator[tuple]:
    for group, scores in results['groups'].items():
        for family in FAMILIES:
            for score, value in family.part_of(scores).items():
                ends = family.part_of(results['ci95'])[score] if group == 'all' else (math.nan, math.nan)
                yield group, _title(family), score, value, *ends, results['recordings'][group]
    for name, scores in results['classes'].items():
        for family, of_family in scores.items():
            for score, value in of_family.items():
                if (family, score) != ('joint', 'ER'):  # it is that of all classes together
                    yield (f'class {name}', family, score, value, math.nan, math.nan,
                           results['recordings']['all'])


def _write_rows(path: str | Path, rows: Sequence[Sequence]) -> None:
    with atomic_path(path) as temporary, temporary.open('w', encoding='utf-8', newline='') as file:
        csv.writer(file).writerows([['' if isinstance(cell, float) and not math.isfinite(cell) else cell
                                     for cell in row] for row in rows])


def scores_with_intervals(results: Mapping[str, Any]) -> dict[str, dict[str, tuple[float, float, float]]]:
    """The scores of all recordings, as pictures take them.

    Parameters
    ----------
    results : mapping
        As of `score_folders`.

    Returns
    -------
    dict of dict of tuple
        Family, and head with its unit, to value, low and high; F-scores and recalls in percent.
    """
    return {_title(family): {
        head + {'F': ' (%)', 'F20': ' (%)', 'FR': ' (%)', 'LR': ' (%)', 'DOA': ' error (degrees)',
                'LE': ' (degrees)'}.get(head, ''):
        tuple((100 if name in _HIGHER_IS_BETTER else 1) * value
              for value in (family.part_of(results['groups']['all'])[name],
                            *family.part_of(results['ci95'])[name]))
        for name, head in zip(family.part_of(results['groups']['all']), HEADS[family])}
        for family in FAMILIES}


def write_scores_json(path: str | Path, results: Mapping[str, Any]) -> None:
    """Write results as JSON, atomically; None (null) stands for what is undefined or infinite.

    Parameters
    ----------
    path : path
    results : mapping
        As of `score_folders`, `score` or `compare_folders`.
    """
    write_json(path, results)
