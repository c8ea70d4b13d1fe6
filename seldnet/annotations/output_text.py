"""The text of the output format: bytes become rows, and a message says what is wrong with them.

`output_format.py` says what the format is, and reads and writes its files.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.common.csv_text import check_encoding, other_separator, without_blank_ends
from seldnet.common.errors import InputError

_MAX_DIGITS = 9  # no frame number or angle is as long, and they all fit into the integers


def are_legal(rows: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Which rows the format can hold.

    Parameters
    ----------
    rows : int array, shape (rows, 4)
    dataset : Dataset
        Its classes.

    Returns
    -------
    bool array, shape (rows,)
    """
    in_range = (np.abs(rows) < 10 ** _MAX_DIGITS).all(axis=1)
    return in_range & have_frame_and_class(rows, dataset) & (np.abs(rows[:, 3]) <= 90)


def have_frame_and_class(rows: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Which rows have a frame and a class that there are.

    Parameters
    ----------
    rows : int array, shape (rows, 4)
    dataset : Dataset
        Its classes.

    Returns
    -------
    bool array, shape (rows,)
    """
    return (rows[:, 0] >= 0) & (rows[:, 1] >= 0) & (rows[:, 1] < dataset.nb_classes)


def what_is_wrong(row: Sequence[int], dataset: Dataset) -> str | None:
    """Why a row is not legal; None if it is.

    Parameters
    ----------
    row : sequence of int
        Frame, class, azimuth, elevation.
    dataset : Dataset
        Its classes.

    Returns
    -------
    str or None
        What was found and what was expected.
    """
    if max(map(abs, row)) >= 10 ** _MAX_DIGITS:
        return f'expected numbers of at most {_MAX_DIGITS} digits'
    frame, class_index, _, elevation_deg = row
    if frame < 0:
        return f'frame {frame}, expected 0 or more'
    if not 0 <= class_index < dataset.nb_classes:
        return (f'class {class_index}, expected 0..{dataset.nb_classes - 1} '
                f'({dataset.classes[0]}..{dataset.classes[-1]}); classes count from 0')
    if not -90 <= elevation_deg <= 90:
        return f'elevation {elevation_deg}, expected -90..90 (the order is frame, class, azimuth, elevation)'
    return None


_COMMA, _MINUS, _NEWLINE, _ZERO = (ord(character) for character in ',-\n0')


def parse_plain(content: bytes) -> np.ndarray | None:
    """Rows of a file as the project writes it; None if anything in it is otherwise.

    All numbers are taken apart at once, digit by digit from their ends: several times as fast as a general
    reader.

    Parameters
    ----------
    content : bytes
        Of the file, without a byte-order mark and with plain line ends.

    Returns
    -------
    int array, shape (rows, 4), or None
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


_NUMBER = re.compile(r'[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?')
_COLUMNS = 'frame, class, azimuth, elevation'


def parse_line_by_line(path: str | Path, content: bytes, dataset: Dataset = TAU2019) -> np.ndarray:
    """Rows of a file in any spelling that is legal; an InputError at the first line that is wrong.

    What `read_output_rows` falls back to, and compares its fast way with in tests.

    Parameters
    ----------
    path : path
        Named in messages.
    content : bytes
        Of the file, without a byte-order mark.
    dataset : Dataset

    Returns
    -------
    int array, shape (rows, 4)

    Raises
    ------
    InputError
        As `read_output_rows`.
    """
    check_encoding(path, content)
    rows: list[list[int]] = []
    for number, line in enumerate(content.splitlines(), 1):
        text = line.decode('latin-1').strip()  # decodes every byte; what is no number is named below
        cells = without_blank_ends([_unquoted(cell) for cell in text.split(',')])
        if not cells:
            continue
        found = f'{path}:{number}: found {text[:60]!r}'
        are_numbers = [_NUMBER.fullmatch(cell) is not None for cell in cells]
        if len(cells) != 4 or not all(are_numbers):
            raise InputError(f'{found}: {_what_is_no_row(text, cells, are_numbers, len(rows), dataset)}')
        values = [float(cell) for cell in cells]
        if max(map(abs, values)) >= 10 ** _MAX_DIGITS:
            raise InputError(f'{found}: expected numbers of at most {_MAX_DIGITS} digits')
        for cell, value in zip(cells, values):
            if not value.is_integer():
                raise InputError(f'{found}: {cell} is no whole number, expected four whole numbers: frames '
                                 'of 20 ms, and angles rounded to whole degrees')
        row = [int(value) for value in values]
        if wrong := what_is_wrong(row, dataset):
            raise InputError(f'{found}: {wrong}')
        rows.append(row)
    return np.array(rows, int).reshape(-1, 4)


def _unquoted(cell: str) -> str:
    cell = cell.strip()
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _what_is_no_row(text: str, cells: Sequence[str], are_numbers: Sequence[bool], rows_before: int,
                    dataset: Dataset) -> str:
    """What a line is that is not four numbers, what was expected, and what to do."""
    expected = f'expected 4: {_COLUMNS}'
    if separator := other_separator(text, at_least=3):
        return (f'{separator} between the numbers, expected commas (and decimal points, if any): save it as '
                '"CSV (comma delimited)", or replace them')
    if cells[0] in dataset.classes or 'start_time' in cells:
        return (f'{len(cells)} columns of a description, {expected}; predictions are named first, then '
                'descriptions')
    if len(cells) == 1:
        hint = "; numpy.savetxt writes commas with delimiter=','" if len(text.split()) == 4 else ''
        return f'1 columns, {expected}{hint}'
    if not any(are_numbers):
        return ('expected four whole numbers (the output format has no header; pandas writes none with '
                'header=False, index=False)')
    if all(are_numbers) and 5 <= len(cells) <= 7:
        if len(cells) == 5 and rows_before and float(cells[0]) == rows_before - 1:  # its header was a row
            return f'5 columns, {expected}; the first counts the rows: pandas leaves it out with index=False'
        return (f'{len(cells)} columns, {expected}; predictions of DCASE 2020 and later have 5 to 7: '
                'misc_files/convert_dataset.py predictions SOURCE TARGET --to 2019 converts them')
    return 'expected four whole numbers' if len(cells) == 4 else f'{len(cells)} columns, {expected}'
