"""The output format of DCASE 2019: a text file a recording, one line an active event of a frame.

No header; frame number (20 ms), class index, azimuth and elevation in degrees: whole numbers with commas
between them. In memory it is an array of such rows (`read_output_rows`) or, as in 2019, a dictionary from
frame to a list of [class, azimuth, elevation] (`rows_to_dict`).
"""

import codecs
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.descriptions import Event
from seldnet.annotations.directions import wrap_azimuth_deg
from seldnet.annotations.event_frames import output_format_frames
from seldnet.annotations.output_text import (
    are_legal,
    have_frame_and_class,
    parse_line_by_line,
    parse_plain,
    what_is_wrong,
)
from seldnet.common.files import atomic_path, check_regular_file

OutputDict = dict[int, list[list[int]]]
SETTINGS_FILE = 'settings.json'  # in a folder of predictions: the task, job, settings and data they come from


def predictions_folder(dcase_dir: str | Path, task_id: str | int, audio_format: str, mode: str) -> Path:
    """Where the predictions of a task's recordings are: written by `seld.py`, looked for by the tools.

    Parameters
    ----------
    dcase_dir : path
    task_id : str or int
    audio_format, mode : str
        Such as 'foa', 'dev'.

    Returns
    -------
    Path
    """
    return Path(dcase_dir) / f'{task_id}_{audio_format}_{mode}'


# ------------------------------------------------------------------------------------------------------------
# Files
# ------------------------------------------------------------------------------------------------------------


def write_output_rows(path: str | Path, rows: np.ndarray, *, dataset: Dataset = TAU2019) -> None:
    """Write rows as `read_output_rows` gives them, atomically.

    Parameters
    ----------
    path : path
    rows : int array, shape (rows, 4)
        They stay in their order.
    dataset : Dataset

    Raises
    ------
    ValueError
        If the rows are nothing that `read_output_rows` would read; nothing is written then.
    """
    for row in rows[~are_legal(rows, dataset)]:
        raise ValueError(what_is_wrong(row, dataset))
    with atomic_path(path) as temporary, temporary.open('wb') as file:
        for block in np.split(rows, range(_BLOCK_ROWS, len(rows), _BLOCK_ROWS)):
            text = ''.join('{},{},{},{}\n'.format(*row) for row in block.tolist())
            file.write(text.encode('ascii'))


_BLOCK_ROWS = 10_000  # written at a time: as text, rows take many times their memory


def read_output_rows(path: str | Path, *, dataset: Dataset = TAU2019) -> np.ndarray:
    """The rows of a file of the output format.

    Parameters
    ----------
    path : path
    dataset : Dataset
        Its classes.

    Returns
    -------
    int array, shape (rows, 4)
        Frame, class index, azimuth and elevation in degrees, in the order of the file; an empty file has no
        rows. Azimuths are as they stand in the file: a network may write any multiple of the full turn.

    Raises
    ------
    InputError
        If a line is not four whole numbers of legal size, with the file, the line and the reason. Whole
        numbers may be written in any notation (`12.0`, `1.2e+01`); spaces, quotes, blank lines, lines and
        columns of nothing but commas, Windows line ends and a byte-order mark are fine.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_output_rows(Path(folder, 'a.csv'), np.array([[49, 8, -30, 10]]))
    ...     read_output_rows(Path(folder, 'a.csv'))
    array([[ 49,   8, -30,  10]])
    """
    check_regular_file(path)
    content = Path(path).read_bytes().removeprefix(codecs.BOM_UTF8).replace(b'\r\n', b'\n')
    rows = parse_plain(content)
    if rows is None or not are_legal(rows, dataset).all():
        rows = parse_line_by_line(path, content, dataset)
    return rows


# ------------------------------------------------------------------------------------------------------------
# In memory
# ------------------------------------------------------------------------------------------------------------


def rows_to_dict(rows: np.ndarray) -> OutputDict:
    """Frame to a list of [class, azimuth, elevation], in the order of the rows.

    Parameters
    ----------
    rows : int array, shape (rows, 4)

    Returns
    -------
    dict of int to list of lists
        Frames as they first come; those without an active event are not in it.

    Examples
    --------
    >>> rows_to_dict(np.array([[49, 8, -30, 10], [49, 3, 20, 0]]))
    {49: [[8, -30, 10], [3, 20, 0]]}
    """
    output_dict: OutputDict = {}
    for frame, *event in rows.tolist():
        output_dict.setdefault(frame, []).append(event)
    return output_dict


def dict_to_rows(output_dict: Mapping[int, Sequence], rounding: Callable = np.floor, *,
                 dataset: Dataset = TAU2019) -> np.ndarray:
    """The rows of a dictionary, as integers.

    Parameters
    ----------
    output_dict : mapping
        Frame to entries [class, azimuth, elevation]; what follows in an entry is ignored.
    rounding : function
        Rounding down leaves a direction in its cell of the grid.
    dataset : Dataset

    Returns
    -------
    int array, shape (rows, 4)
        In the order of the dictionary.

    Raises
    ------
    ValueError
        If a number is not finite, or there is no such frame or class.

    Examples
    --------
    >>> dict_to_rows({49: [[8, -30.5, 10]]}).tolist()
    [[49, 8, -31, 10]]
    """
    rows = np.array([(frame, *event[:3]) for frame, events in output_dict.items() for event in events],
                    float).reshape(-1, 4)
    if not np.isfinite(rows).all():
        raise ValueError('expected frames, classes and directions that are finite')
    rows = rounding(rows).astype(int)
    for row in rows[~have_frame_and_class(rows, dataset)]:
        raise ValueError(what_is_wrong(row, dataset))
    return rows


def active_rows(active: np.ndarray, azimuth_deg: np.ndarray, elevation_deg: np.ndarray) -> np.ndarray:
    """Rows of the active classes of each frame.

    Parameters
    ----------
    active : bool array, shape (frames, classes)
    azimuth_deg, elevation_deg : arrays, shape (frames, classes)
        Truncated toward zero. An untrained network can point beyond the poles: such elevations become +-90,
        which is all that the format can hold.

    Returns
    -------
    int array, shape (rows, 4)
        Ascending frames, and classes within a frame.

    Raises
    ------
    ValueError
        If the direction of an active class is not finite.
    """
    frame, class_index = np.nonzero(active)
    azimuth_deg, elevation_deg = azimuth_deg[frame, class_index], elevation_deg[frame, class_index]
    if not (np.isfinite(azimuth_deg).all() and np.isfinite(elevation_deg).all()):
        raise ValueError('directions that are not finite: the network that made them has diverged')
    elevation_deg = np.clip(elevation_deg, -90, 90)
    return np.stack((frame, class_index, *np.trunc((azimuth_deg, elevation_deg)).astype(int)), axis=1)


def description_rows(events: Sequence[Event]) -> np.ndarray:
    """Rows of a description for pictures: float, shape (rows, 4), frame by frame as they first come.

    2019 quirk: the frame rule is that of `output_format_frames`, not the labels'.

    Parameters
    ----------
    events : sequence of Event

    Returns
    -------
    float array, shape (rows, 4)
    """
    by_frame: dict[int, list[tuple]] = {}
    for event in events:
        for frame in output_format_frames(event.start_s, event.end_s):
            row = (frame, event.class_index, event.azimuth_deg, event.elevation_deg)
            by_frame.setdefault(frame, []).append(row)
    return np.array([row for rows in by_frame.values() for row in rows], float).reshape(-1, 4)


# ------------------------------------------------------------------------------------------------------------
# On the grid of directions
# ------------------------------------------------------------------------------------------------------------


def rows_on_grid(rows: np.ndarray, *, dataset: Dataset = TAU2019) -> np.ndarray:
    """Rows (frame, class, azimuth, elevation) as the classification labels of 2019 see them.

    Directions go to the grid (`clipped_index`), and rows of one frame, class and direction count once.

    Parameters
    ----------
    rows : array, shape (rows, 4)
        Frames from 0, classes of the data set; directions finite.
    dataset : Dataset
        Its classes and grid.

    Returns
    -------
    int array, shape (at most rows, 4)
        Ascending by frame, class, azimuth and elevation.

    Examples
    --------
    >>> rows_on_grid(np.array([[0, 5, 175, -7], [0, 5, 179, -2]])).tolist()
    [[0, 5, 170, -10]]
    """
    frame, class_index, azimuth_deg, elevation_deg = rows.T
    grid = dataset.scoring_grid
    if dataset.grid is None:  # all of the sphere is scored, also what lies above the last azimuth
        azimuth_deg = wrap_azimuth_deg(azimuth_deg)
    label = ((frame * dataset.nb_classes + class_index) * grid.nb_directions
             + grid.clipped_index(azimuth_deg, elevation_deg))
    label = np.sort(label.astype(int))
    label = label[np.flatnonzero(np.diff(label, prepend=-1))]  # as np.unique, several times as fast
    frame_class, direction = np.divmod(label, grid.nb_directions)
    return np.stack((*np.divmod(frame_class, dataset.nb_classes), *grid.direction(direction)), axis=1)


def classification_rows(labels: np.ndarray, *, dataset: Dataset = TAU2019) -> np.ndarray:
    """Rows of classification labels, ascending.

    Parameters
    ----------
    labels : array of 0 and 1, shape (frames, classes, directions)
    dataset : Dataset
        Its grid.

    Returns
    -------
    int array, shape (rows, 4)
    """
    frame, class_index, direction = np.nonzero(labels)
    return np.stack((frame, class_index, *dataset.scoring_grid.direction(direction)), axis=1)


def rows_to_classification_labels(rows: np.ndarray, *, dataset: Dataset = TAU2019) -> np.ndarray:
    """Labels 0 and 1 (frames, classes, directions) of rows; frames beyond the recording are ignored.

    Parameters
    ----------
    rows : int array, shape (rows, 4)
        Directions off the grid go to it (`clipped_index`).
    dataset : Dataset
        Its classes, frames and grid.

    Returns
    -------
    float64 array, shape (frames, classes, directions)

    Raises
    ------
    IndexError
        If the data set has no such class.
    """
    nb_frames = dataset.nb_frames or int(rows[:, 0].max(initial=-1)) + 1
    frame, class_index, *direction_deg = rows[rows[:, 0] < nb_frames].T
    labels = np.zeros((nb_frames, dataset.nb_classes, dataset.scoring_grid.nb_directions))
    labels[frame, class_index, dataset.scoring_grid.clipped_index(*direction_deg)] = 1
    return labels
