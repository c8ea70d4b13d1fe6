"""What spreadsheets and other programs do to CSV files: what is harmless, and what to say of the rest."""

import codecs
from collections.abc import Sequence
from pathlib import Path

from seldnet.common.errors import InputError

_MARKS = {codecs.BOM_UTF32_LE: 'UTF-32', codecs.BOM_UTF32_BE: 'UTF-32', codecs.BOM_UTF16_LE: 'UTF-16',
          codecs.BOM_UTF16_BE: 'UTF-16'}  # the mark of UTF-16 begins that of UTF-32: the longer ones first
_SEPARATORS = {';': 'semicolons', '\t': 'tabs'}


def wide_encoding(content: bytes) -> str | None:
    """'UTF-16' or 'UTF-32' for the bytes of a text of several bytes a letter; None for others.

    Parameters
    ----------
    content : bytes
        Of the file, or its beginning.

    Returns
    -------
    str or None

    Examples
    --------
    >>> wide_encoding('1,2'.encode('utf-16')), wide_encoding('1,2'.encode('utf-16-be')), wide_encoding(b'1,2')
    ('UTF-16', 'UTF-16', None)
    """
    for mark, name in _MARKS.items():
        if content.startswith(mark):
            return name
    even, odd = content[0:40:2], content[1:40:2]  # without a mark: one half of the bytes is zero
    for zeros, letters in ((even, odd), (odd, even)):
        if zeros and letters and not any(zeros) and all(letters):
            return 'UTF-16'
    return None


def check_encoding(path: str | Path, content: bytes) -> None:
    """Raise an InputError if a file's bytes are a text of several bytes a letter.

    Parameters
    ----------
    path : path
        Named in the message.
    content : bytes

    Raises
    ------
    InputError
    """
    if encoding := wide_encoding(content):
        raise InputError(f'{path}:1: found text in {encoding}, expected UTF-8: save it as "CSV UTF-8", or '
                         "with encoding='utf-8'")


def without_blank_ends(cells: Sequence[str]) -> list[str]:
    """The cells of a row without white space around them, and without the empty ones at its ends.

    Parameters
    ----------
    cells : sequence of str

    Returns
    -------
    list of str
        None of a row of nothing but separators.

    Examples
    --------
    >>> without_blank_ends(['1', ' 2', '', '']), without_blank_ends(['', ''])
    (['1', '2'], [])
    """
    cells = [cell.strip() for cell in cells]
    filled = [place for place, cell in enumerate(cells) if cell]
    return cells[filled[0]:filled[-1] + 1] if filled else []


def cells_below(header: Sequence[str], row: Sequence[str]) -> list[str]:
    """The cells of a row that stand below those of a header, without the empty ones on either side of it.

    Parameters
    ----------
    header, row : sequences of str
        As the file has them.

    Returns
    -------
    list of str
        Without white space around them; none of a row of nothing but separators. Cells that are filled are
        kept wherever they stand, and so are empty ones below the header.

    Examples
    --------
    >>> cells_below(['a', 'b', ''], ['1', '', '']), cells_below(['', 'a'], ['', '1']), cells_below('a', [''])
    (['1', ''], ['1'], [])
    """
    cells = [cell.strip() for cell in row]
    if not any(cells):
        return []
    filled = [place for place, cell in enumerate(header) if cell.strip()]
    while len(cells) > filled[-1] + 1 and not cells[-1]:
        cells.pop()
    return cells if any(cells[:filled[0]]) else cells[filled[0]:]


def other_separator(line: str, at_least: int) -> str | None:
    """'semicolons' or 'tabs' for a line whose cells they separate; None for others.

    Parameters
    ----------
    line : str
    at_least : int
        How many of them there must be.

    Returns
    -------
    str or None

    Examples
    --------
    >>> other_separator('1;2;3;4', at_least=3), other_separator('1,2,3,4', at_least=3)
    ('semicolons', None)
    """
    return next((name for separator, name in _SEPARATORS.items() if line.count(separator) >= at_least), None)
