"""The text of the output format: bytes become rows, and a message says what is wrong with them.

`output_format.py` says what the format is, and reads and writes its files.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seldnet.annotations.dataset import TAU2019, Dataset
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
                f'({dataset.classes[0]}..{dataset.classes[-1]})')
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


_WHOLE_NUMBER = re.compile(r'[+-]?([0-9]+)(?:\.0*)?')


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
    rows = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        text = line.decode('latin-1').strip()  # decodes every byte; what is no number is named below
        found = f'{path}:{number}: found {text[:60]!r}'
        fields = text.split(',')
        if len(fields) != 4:
            raise InputError(f'{found}: {len(fields)} columns, expected 4: frame, class, azimuth, elevation')
        matches = [_WHOLE_NUMBER.fullmatch(field.strip()) for field in fields]
        if not all(matches):
            hint = '' if any(matches) else ' (the output format has no header)'
            raise InputError(f'{found}: expected four whole numbers{hint}')
        if any(len(match[1]) > _MAX_DIGITS for match in matches):
            raise InputError(f'{found}: expected numbers of at most {_MAX_DIGITS} digits')
        row = [int(float(match[0])) for match in matches]
        if wrong := what_is_wrong(row, dataset):
            raise InputError(f'{found}: {wrong}')
        rows.append(row)
    return np.array(rows, int).reshape(-1, 4)
