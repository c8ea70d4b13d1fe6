"""Descriptions: the events of a recording, as a CSV file with one row an event."""

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.event_frames import label_frames
from seldnet.common.csv_text import cells_below, other_separator, wide_encoding, without_blank_ends
from seldnet.common.errors import InputError
from seldnet.common.files import atomic_path, check_regular_file

COLUMNS = ('sound_event_recording', 'start_time', 'end_time', 'ele', 'azi', 'dist')
SOURCE_COLUMN = 'source'  # that a description may have too: which source it is that sounds
CONFIDENCE_COLUMN = 'confidence'  # of a predicted event, 0..1
OPTIONAL_COLUMNS = (SOURCE_COLUMN, CONFIDENCE_COLUMN)
UNKNOWN_DISTANCE_M = math.nan  # an empty cell of the file

# Of a description of any recording: a day. Some readers go through an event frame by frame.
_LONGEST_S = 24 * 3600


class Event(NamedTuple):
    """One row of a description."""

    class_index: int  # place in the data set's classes
    start_s: float
    end_s: float
    azimuth_deg: float  # counter-clockwise, -180..180
    elevation_deg: float  # upwards, -90..90
    distance_m: float  # or UNKNOWN_DISTANCE_M
    source: int | None = None  # events of one number and class are those of one source, which may move
    confidence: float | None = None  # of a prediction, 0..1


def read_description(path: str | Path, *, dataset: Dataset = TAU2019) -> list[Event]:
    """Read a description: one row an event, under a header with `COLUMNS` in any order.

    Parameters
    ----------
    path : path
        It may have `OPTIONAL_COLUMNS` too.
    dataset : Dataset
        Its classes.

    Returns
    -------
    list of Event
        In the order of the file. A completely empty file is a recording without events. Directions off the
        data set's grid are legal here; `description_problems` is stricter. An empty distance is unknown, and
        an empty source or confidence is None.

    Raises
    ------
    InputError
        With file and line: a column is missing, unknown or double; a row has too few or too many cells; a
        class is unknown; a number is none, not finite or out of its range; an event ends before it starts;
        the file is metadata of a later year's DCASE Challenge.

    Examples
    --------
    >>> events = read_description('misc_files/examples/split1_ir3_ov2_1.csv')
    >>> len(events), TAU2019.classes[events[0].class_index], events[0].azimuth_deg
    (59, 'laughter', -120.0)
    """
    events = []
    for where, row in _rows(path):
        event, problems = _parse_event(row, dataset)
        if problems:
            raise InputError(f'{where}: {problems[0]}')
        events.append(event)
    return events


def described_classes(path: str | Path) -> list[str]:
    """The names of classes that a description has, whatever the data set.

    Parameters
    ----------
    path : path

    Returns
    -------
    list of str
        One an event, in the order of the file.

    Raises
    ------
    InputError
        If its columns are not those of a description.
    """
    return [row['sound_event_recording'] for _, row in _rows(path)]


def description_problems(path: str | Path, *, dataset: Dataset = TAU2019,
                         seconds: float | None = None) -> list[str]:
    """All that is wrong with a description of the data set, a line each; an empty list if nothing is.

    Beyond what `read_description` asks, directions must be on the grid, and events must start within the
    recording and end at most the data set's grace after it (a few of TAU 2019's do; they are cut).

    Parameters
    ----------
    path : path
    dataset : Dataset
        Its classes, grid, length and grace.
    seconds : float, optional
        Length of the recording; by default the data set's, if it has one.

    Returns
    -------
    list of str
        Each with file and line, in the order of the file.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    seconds = dataset.recording_s if seconds is None else seconds
    problems = []
    try:
        for where, row in _rows(path):
            event, of_row = _parse_event(row, dataset)
            of_row += _not_of_the_dataset(event, dataset, seconds)
            problems += [f'{where}: {problem}' for problem in of_row]
    except InputError as error:  # of the file as a whole
        problems.append(str(error))
    return problems


def write_description(path: str | Path, events: Iterable[Event], *, dataset: Dataset = TAU2019,
                      decimals: int = 10) -> None:
    """Write a description in the form of the data set's own, atomically: a header, then a row an event.

    Parameters
    ----------
    path : path
    events : iterable of Event
        In the order in which they are written. Other numbers than times and confidences (three decimals)
        stay as they are; an unknown distance is an empty cell. There is a column `source` or `confidence` if
        an event has one.
    dataset : Dataset
        Its classes.
    decimals : int
        Of times, in seconds.

    Raises
    ------
    InputError, OSError
        As `atomic_path`.
    IndexError
        If the data set has no class of that index; nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_description(Path(folder, 'a.csv'), [Event(5, 0.5, 1.5, -30, 10, 1)])
    ...     read_description(Path(folder, 'a.csv'))[0]._asdict()  # doctest: +NORMALIZE_WHITESPACE
    {'class_index': 5, 'start_s': 0.5, 'end_s': 1.5, 'azimuth_deg': -30.0, 'elevation_deg': 10.0,
     'distance_m': 1.0, 'source': None, 'confidence': None}
    """
    events = list(events)
    has_sources = any(event.source is not None for event in events)
    has_confidences = any(event.confidence is not None for event in events)
    with atomic_path(path) as temporary, temporary.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow([*COLUMNS, *[SOURCE_COLUMN] * has_sources, *[CONFIDENCE_COLUMN] * has_confidences])
        for event in events:
            distance_m = '' if math.isnan(event.distance_m) else event.distance_m
            confidence = '' if event.confidence is None else f'{event.confidence:.3f}'
            writer.writerow([  # None is an empty cell
                dataset.classes[event.class_index], f'{event.start_s:.{decimals}f}',
                f'{event.end_s:.{decimals}f}', event.elevation_deg, event.azimuth_deg, distance_m,
                *[event.source] * has_sources, *[confidence] * has_confidences])


def description_dict(events: Sequence[Event], in_sec: bool = False, *,
                     dataset: Dataset = TAU2019) -> dict[str, list]:
    """Events as the 2019 release kept them in memory.

    Parameters
    ----------
    events : sequence of Event
    in_sec : bool
        Times in seconds, not in frames.
    dataset : Dataset
        Its classes.

    Returns
    -------
    dict of lists
        One entry an event in each: 'class' (names), 'start' and 'end' (frames by the labels' rule, or
        seconds; not cut to the recording), 'ele' and 'azi' (degrees).

    Raises
    ------
    IndexError
        If the data set has no class of that index.

    Examples
    --------
    >>> description_dict([Event(5, 0.5, 1.01, -30.0, 10.0, 1.0)])
    {'class': ['speech'], 'start': [25], 'end': [51], 'ele': [10], 'azi': [-30]}
    """
    times = [event[1:3] if in_sec else label_frames(*event[1:3]) for event in events]
    return {
        'class': [dataset.classes[event.class_index] for event in events],
        'start': [start for start, _ in times],
        'end': [end for _, end in times],
        'ele': [_plain(event.elevation_deg) for event in events],
        'azi': [_plain(event.azimuth_deg) for event in events],
    }


def _plain(angle_deg: float) -> int | float:
    """Whole degrees as the integers that 2019 had."""
    return int(angle_deg) if angle_deg == int(angle_deg) else angle_deg


def _rows(path: str | Path) -> Iterator[tuple[str, dict[str, str]]]:
    """For each row 'file:line' and its cells by column."""
    check_regular_file(path)
    content = Path(path).read_bytes()
    text, wrong = '', wide_encoding(content)
    try:
        text = content.decode('utf-8-sig')  # with or without a byte order mark
    except UnicodeDecodeError as error:
        wrong = wrong or f'{error.reason} at byte {error.start}'
    if wrong:
        raise InputError(f'{path}: not UTF-8 text ({wrong}), expected a CSV file; a spreadsheet saves it as '
                         '"CSV UTF-8"')
    rows = csv.reader(text.splitlines())
    try:
        first = next(rows, [])
        header = without_blank_ends(first)
        if not header and not text.strip():
            return
        if sorted(set(header) - {*OPTIONAL_COLUMNS}) != sorted(COLUMNS) or len(set(header)) < len(header):
            raise InputError(_message_about_header(path, header))
        for row in rows:
            row = cells_below(first, row)  # spreadsheets write rows and columns that have no text
            if not row:
                continue
            if len(row) != len(header):
                hint = ' (decimals have points, not commas)' if len(row) > len(header) else ''
                raise InputError(f'{path}:{rows.line_num}: {len(row)} cells, expected {len(header)}{hint}')
            if decimals := [cell for cell in row if re.fullmatch(r'-?\d+,\d+', cell)]:
                raise InputError(f'{path}:{rows.line_num}: {decimals[0]!r}, expected a point, not a comma')
            yield f'{path}:{rows.line_num}', dict(zip(header, row))
    except csv.Error as error:
        raise InputError(f'{path}:{rows.line_num}: not a row of a CSV file: {error}') from error


def _message_about_header(path: str | Path, header: Sequence[str]) -> str:
    found, expected = ','.join(header), ','.join(COLUMNS)
    if len(header) in (5, 6) and all(map(_NUMBER.fullmatch, header)):
        return (f'{path}:1: metadata of DCASE 2020 or later, found {found!r}, expected {expected!r}; '
                'misc_files/convert_dataset.py converts it')
    separator = other_separator(found, at_least=len(COLUMNS) - 1)
    hint = f': {separator} between them, expected commas, and decimal points' if separator else ''
    return f'{path}:1: columns {found!r}, expected {expected!r}{hint}'


_NUMBER = re.compile(r'[+-]?[0-9]+(\.[0-9]*)?(e[+-]?[0-9]+)?', re.ASCII | re.IGNORECASE)


def _parse_event(row: Mapping[str, str], dataset: Dataset) -> tuple[Event, list[str]]:
    """The event of a row, and all that is wrong with it; what cannot be read is NaN, an unknown class -1."""
    problems: list[str] = []
    name = row['sound_event_recording']
    if name not in dataset.classes:
        problems.append(f'class {name!r}, expected one of {", ".join(dataset.classes)}')
    start_s = _parse_number(row, 'start_time', 0, _LONGEST_S, problems)
    end_s = _parse_number(row, 'end_time', 0, _LONGEST_S, problems)
    if end_s < start_s:
        problems.append(f'end_time {end_s:g} is before start_time {start_s:g}')
    event = Event(
        dataset.classes.index(name) if name in dataset.classes else -1, start_s, end_s,
        _parse_number(row, 'azi', -180, 180, problems), _parse_number(row, 'ele', -90, 90, problems),
        _parse_number(row, 'dist', 0, math.inf, problems) if row['dist'] else UNKNOWN_DISTANCE_M,
        _parse_source(row, problems),
        _parse_number(row, CONFIDENCE_COLUMN, 0, 1, problems) if row.get(CONFIDENCE_COLUMN) else None)
    return event, problems


def _parse_source(row: Mapping[str, str], problems: list[str]) -> int | None:
    text = row.get(SOURCE_COLUMN, '')
    found = _SOURCE.fullmatch(text)
    if text and not found:
        problems.append(f'{SOURCE_COLUMN} {text!r}, expected a whole number from 0 to 999999999, or an empty '
                        'cell')
    return int(found[1]) if found else None


_SOURCE = re.compile(r'([0-9]{1,9})(?:\.0*)?', re.ASCII)


def _parse_number(row: Mapping[str, str], column: str, least: float, most: float,
                  problems: list[str]) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if math.isfinite(value) and least <= value <= most:
        return value
    limits = f'from {least} to {most}' if math.isfinite(most) else f'of at least {least}'
    problems.append(f'{column} {row[column]!r}, expected a number {limits}')
    return math.nan


def _not_of_the_dataset(event: Event, dataset: Dataset, seconds: float | None) -> list[str]:
    """What an event of the data set must be beyond being an event; nothing is said of what is NaN."""
    grid = dataset.grid
    problems = [f'{column} {value:g} is off the grid, expected a multiple of {grid.step_deg} from '
                f'{points[0]} to {points[-1]}'
                for column, value, points in (('azi', event.azimuth_deg, grid and grid.azimuths_deg),
                                              ('ele', event.elevation_deg, grid and grid.elevations_deg))
                if points and not math.isnan(value) and value not in points]
    if seconds is not None and event.start_s >= seconds:
        problems.append(f'start_time {event.start_s:g} is beyond the recording, expected less than '
                        f'{seconds:g} s')
    if seconds is not None and event.end_s > seconds + dataset.grace_s:
        problems.append(f'end_time {event.end_s:g} is beyond the recording, expected at most '
                        f'{seconds + dataset.grace_s:g} s ({seconds:g} s and a little)')
    return problems
