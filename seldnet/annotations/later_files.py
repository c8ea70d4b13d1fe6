"""Files of DCASE 2020 to 2024: metadata and predictions of 100 ms frames, read and written.

No header, numbers with commas between them, frames, classes and sources from 0:

| what | columns |
|---|---|
| metadata | frame, class, source, azimuth, elevation, and where it is known the distance in cm |
| predictions of 2020 | frame, class, azimuth, elevation |
| predictions, polar | frame, class, source, azimuth, elevation, perhaps a distance |
| predictions, Cartesian | frame, class, source, x, y, z, perhaps a distance |

In memory all are the same: float arrays with the columns `COLUMNS`, NaN where there is no distance. What
becomes of them in this project's 20 ms frames, and the way back, is in `later_years`.
"""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.descriptions import COLUMNS as DESCRIPTION_COLUMNS
from seldnet.annotations.directions import cartesian_to_spherical, spherical_to_cartesian, wrap_azimuth_deg
from seldnet.common.csv_text import check_encoding, other_separator, without_blank_ends
from seldnet.common.errors import InputError
from seldnet.common.files import atomic_path, check_regular_file

COLUMNS = ('frame', 'class', 'source', 'azimuth', 'elevation', 'distance')
LATER_FRAMES_PER_SECOND = 10

# ------------------------------------------------------------------------------------------------------------
# Reading
# ------------------------------------------------------------------------------------------------------------

_LONGEST_FRAMES = 24 * 3600 * LATER_FRAMES_PER_SECOND  # a day, as of a description
_LARGEST = 10 ** 9  # what no source index, angle or distance reaches
_LONGEST_VECTOR = 2  # of a network with three outputs of -1..1
_NUMBER = re.compile(r'[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?', re.ASCII | re.IGNORECASE)
_METADATA_COLUMNS = {5: ', '.join(COLUMNS[:5]), 6: ', '.join(COLUMNS)}
_PREDICTION_COLUMNS = {4: 'frame, class, azimuth, elevation', 5: _METADATA_COLUMNS[5],
                       6: 'the same and distance, or frame, class, source, x, y, z', 7: 'these and distance'}


class _Table:
    """The numbers of a file, (rows, columns), and what a message says of a row of it."""

    def __init__(self, path: str | Path, expected: Mapping[int, str]):
        check_regular_file(path)
        self.path = path
        self.texts: list[tuple[int, str]] = []  # number and text of each row's line
        rows: list[list[float]] = []
        content = Path(path).read_bytes().removeprefix(b'\xef\xbb\xbf')
        check_encoding(path, content)
        for number, line in enumerate(content.splitlines(), 1):
            text = line.decode('latin-1').strip()  # decodes every byte; what is no number is named below
            cells = without_blank_ends(text.split(','))
            if not cells:
                continue
            self.texts.append((number, text))
            if not all(map(_NUMBER.fullmatch, cells)):
                raise self.error(len(rows), 'expected numbers with commas between them, and no header'
                                 + _hint_at_text(text, cells))
            wanted = (len(rows[0]),) if rows else tuple(expected)
            if len(cells) not in wanted:
                columns = ' or '.join(f'{count} ({expected[count]})' for count in wanted)
                raise self.error(len(rows), f'{len(cells)} columns, expected {columns}')
            rows.append([float(cell) for cell in cells])
            if max(map(abs, rows[-1])) >= _LARGEST:
                raise self.error(len(rows) - 1, f'expected numbers below {_LARGEST}')
        nb_columns = len(rows[0]) if rows else 0
        self.values = np.array(rows, float).reshape(len(rows), nb_columns)

    def error(self, row: int, expected: str) -> InputError:
        number, text = self.texts[row]
        return InputError(f'{self.path}:{number}: found {text[:60]!r}, {expected}')

    def check(self, right: np.ndarray, expected: str) -> None:
        """Raise an error about the first row that is not right."""
        if not right.all():
            raise self.error(int(np.flatnonzero(~right)[0]), f'expected {expected}')

    def check_whole(self, column: int, name: str, most: int, remark: str = '') -> None:
        values = self.values[:, column]
        self.check((values >= 0) & (values <= most) & (values % 1 == 0),
                   f'{name} to be a whole number from 0 to {most}{remark}')

    def check_start(self, dataset: Dataset) -> None:
        """Frame, class, and the source that follows them."""
        self.check_whole(0, 'the frame', _LONGEST_FRAMES - 1)
        classes = dataset.classes
        self.check_whole(1, 'the class', len(classes) - 1,
                         f' ({classes[0]}..{classes[-1]}); choose the year or the classes of the data set')
        self.check_whole(2, 'the source', _LARGEST - 1)

    def check_angles(self, largest_azimuth: int) -> None:
        azimuth, elevation = self.values[:, 3], self.values[:, 4]
        self.check(np.abs(azimuth) <= largest_azimuth,
                   f'an azimuth from {-largest_azimuth} to {largest_azimuth}')
        self.check(np.abs(elevation) <= 90, 'an elevation from -90 to 90')

    def check_distance(self, column: int) -> None:
        self.check(self.values[:, column] >= 0, 'a distance of at least 0')


def _hint_at_text(text: str, cells: Sequence[str]) -> str:
    if DESCRIPTION_COLUMNS[0] in cells:
        return '; this is a description in the form of 2019 already'
    separator = other_separator(text, at_least=3)
    return f'; there are {separator} between them: save it as "CSV (comma delimited)"' if separator else ''


def read_metadata(path: str | Path, *, dataset: Dataset = TAU2019) -> np.ndarray:
    """Read a file of metadata.

    Parameters
    ----------
    path : path
    dataset : Dataset
        Its classes.

    Returns
    -------
    float array, shape (rows, 6)
        `COLUMNS`, in the order of the file: whole numbers, azimuths -180..180, distances in cm or NaN.

    Raises
    ------
    InputError
        With file and line, if a row is not five or six whole numbers of their ranges (`12.0` is one).
    """
    table = _Table(path, _METADATA_COLUMNS)
    if not len(table.values):
        return _no_rows()
    table.check((table.values % 1 == 0).all(axis=1), 'whole numbers')
    table.check_start(dataset)
    table.check_angles(360)
    rows = table.values
    if rows.shape[1] == 6:
        table.check_distance(5)
    else:
        rows = np.column_stack((rows, np.full(len(rows), math.nan)))
    rows[:, 3] = np.where(np.abs(rows[:, 3]) > 180, wrap_azimuth_deg(rows[:, 3]), rows[:, 3])
    return rows


def count_columns(path: str | Path) -> int:
    """Number of columns of a file by its first row, 0 of an empty file: predictions of 2019 and 2020 have 4.

    Parameters
    ----------
    path : path

    Returns
    -------
    int

    Raises
    ------
    InputError
        If it is a pipe or a device.
    """
    check_regular_file(path)
    with Path(path).open('rb') as file:
        for line in file:
            if line.strip(b', \t\r\n\xef\xbb\xbf'):
                return line.strip(b', \t\r\n\xef\xbb\xbf').count(b',') + 1
    return 0


def read_predictions(paths: Sequence[Path], *, dataset: Dataset = TAU2019) -> dict[Path, np.ndarray]:
    """Read the predictions of a folder: all polar, or all Cartesian.

    Which they are is told by their numbers, as both may have six columns: vectors have a length about 1.

    Parameters
    ----------
    paths : sequence of Path
        The files; empty ones are fine.
    dataset : Dataset
        Its classes.

    Returns
    -------
    dict of Path to float array, shape (rows, 6)
        `COLUMNS`, in the order of the file. Directions need not be whole degrees, distances are in the unit
        of the file. Where there is no source, several rows of a class in a frame are numbered from 0.

    Raises
    ------
    InputError
        With file and line, if a row is none of the forms, or files have several.
    """
    tables = {path: _Table(path, _PREDICTION_COLUMNS) for path in paths}
    filled = [table for table in tables.values() if len(table.values)]
    if filled:
        first, nb_columns = filled[0], filled[0].values.shape[1]
        for table in filled:
            if table.values.shape[1] != nb_columns:
                raise table.error(0, f'expected {nb_columns} columns as in {first.path}; convert one form '
                                     'at a time')
    is_cartesian = _are_cartesian(filled)
    return {path: _prediction_rows(table, is_cartesian, dataset) if len(table.values) else _no_rows()
            for path, table in tables.items()}


def _no_rows() -> np.ndarray:
    return np.zeros((0, len(COLUMNS)))


def _are_cartesian(tables: Sequence[_Table]) -> bool:
    """Whether most rows are vectors; a polar row that is as small points to the front, from very near."""
    if not tables or tables[0].values.shape[1] < 6:
        return False
    if tables[0].values.shape[1] == 7:
        return True
    vectors = [np.linalg.norm(table.values[:, 3:6], axis=1) <= _LONGEST_VECTOR for table in tables]
    is_cartesian = bool(np.concatenate(vectors).mean() > 0.5)
    for table, are_short in zip(tables, vectors):
        if not is_cartesian and are_short.all() and (table.values[:, 3:6] % 1 != 0).any():
            raise table.error(0, 'expected azimuth, elevation and distance as in most files here, not x, y, '
                                 'z; convert one form at a time')
    return is_cartesian


def _prediction_rows(table: _Table, is_cartesian: bool, dataset: Dataset) -> np.ndarray:
    if table.values.shape[1] == 4:
        source = ranks(table.values[:, :2])
        table.values = np.column_stack((table.values[:, :2], source, table.values[:, 2:]))
    table.check_start(dataset)
    rows, nb_columns = table.values, table.values.shape[1]
    if is_cartesian:
        length = np.linalg.norm(rows[:, 3:6], axis=1)
        table.check((length > 0) & (length <= _LONGEST_VECTOR), 'x, y, z of a vector of length 1')
        azimuth, elevation, _ = cartesian_to_spherical(*rows[:, 3:6].T)
        rows = np.column_stack((rows[:, :3], wrap_azimuth_deg(np.degrees(azimuth)), np.degrees(elevation),
                                rows[:, 6:]))
    else:
        table.check_angles(_LARGEST - 1)
    if nb_columns == 6 + is_cartesian:
        table.check_distance(nb_columns - 1)
        return rows
    return np.column_stack((rows, np.full(len(rows), math.nan)))


# ------------------------------------------------------------------------------------------------------------
# Writing
# ------------------------------------------------------------------------------------------------------------


def write_polar(path: str | Path, rows: np.ndarray) -> None:
    """Write metadata, or polar predictions: directions are rounded to whole degrees; atomically.

    Parameters
    ----------
    path : path
    rows : float array, shape (rows, 6)
        They stay in their order. Distances are written if all are known.

    Raises
    ------
    InputError, OSError
        As `atomic_path`.
    """
    _write(path, rows, [[str(round(angle)) for angle in row[3:5]] for row in rows.tolist()])


def write_cartesian(path: str | Path, rows: np.ndarray) -> None:
    """Write Cartesian predictions: unit vectors with six decimals; atomically.

    Parameters
    ----------
    path : path
    rows : float array, shape (rows, 6)
        They stay in their order. Distances are written if all are known.

    Raises
    ------
    InputError, OSError
        As `atomic_path`.
    """
    vectors = np.column_stack(spherical_to_cartesian(*np.radians(rows[:, 3:5].T)))
    vectors = vectors.round(6) + 0.0  # no -0.000000
    _write(path, rows, [[f'{axis:.6f}' for axis in vector] for vector in vectors.tolist()])


def _write(path: str | Path, rows: np.ndarray, directions: Sequence[list[str]]) -> None:
    has_distances = np.isfinite(rows[:, 5]).all()
    lines = []
    for (*start, _, _, distance), direction in zip(rows.tolist(), directions):
        end = [f'{distance:.0f}' if distance % 1 == 0 else repr(distance)] if has_distances else []
        lines.append(','.join([*(str(int(number)) for number in start), *direction, *end]) + '\n')
    with atomic_path(path) as temporary:
        temporary.write_bytes(''.join(lines).encode('ascii'))


def ranks(keys: np.ndarray) -> np.ndarray:
    """The number of each row among equal rows, in their order, from 0.

    Parameters
    ----------
    keys : array, shape (rows, columns)

    Returns
    -------
    int array, shape (rows,)

    Examples
    --------
    >>> ranks(np.array([[0, 5], [1, 5], [0, 5]])).tolist()
    [0, 0, 1]
    """
    _, group, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    rank = np.empty(len(keys), int)
    rank[np.argsort(group.ravel(), kind='stable')] = np.arange(len(keys)) - np.repeat(
        np.cumsum(counts) - counts, counts)
    return rank
