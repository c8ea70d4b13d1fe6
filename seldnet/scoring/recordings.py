"""Which recordings are scored, what their descriptions say frame by frame, and the groups they form."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.descriptions import Event, read_description
from seldnet.annotations.event_frames import cut_label_frames
from seldnet.annotations.output_format import SETTINGS_FILE
from seldnet.common.errors import InputError, listed
from seldnet.common.files import list_entries, name_order, read_json

# ------------------------------------------------------------------------------------------------------------
# Folders
# ------------------------------------------------------------------------------------------------------------


def find_recordings(predictions: Path, references: Path, *,
                    allow_missing: bool = False) -> tuple[list[str], int]:
    """The recordings to score: those with a prediction and a description.

    Parameters
    ----------
    predictions, references : path
        Folders with a CSV file a recording, named after it; other files and hidden ones are passed over.
    allow_missing : bool
        Leave out the recordings that have no prediction.

    Returns
    -------
    names : list of str
        In order.
    left_out : int
        How many references are left out for want of a prediction.

    Raises
    ------
    InputError
        As `csv_files`; if a prediction has no reference, or (unless `allow_missing`) if a reference has no
        prediction.
    """
    predicted = set(csv_files(predictions, 'predictions', 'run seld.py first, or name the folder'))
    described = set(csv_files(references, 'descriptions', 'name the folder, or set --dataset_dir'))
    missing = sorted(described - predicted, key=name_order)
    surplus = sorted(predicted - described, key=name_order)
    if surplus or (missing and not allow_missing):
        remedy = '' if surplus else '; --allow-missing scores the others'
        raise InputError(f'{predictions}: {len(predicted)} predictions for {len(described)} references in '
                         f'{references}, missing: {listed(missing)}; surplus: {listed(surplus)}{remedy}')
    return sorted(predicted, key=name_order), len(missing)


def csv_files(folder: Path, what: str = 'files', remedy: str = 'name the folder') -> dict[str, Path]:
    """The CSV files of a folder by their names without ending (.csv or .CSV), hidden ones aside.

    Parameters
    ----------
    folder : Path
    what, remedy : str
        What they are, and what to do if there are none, for messages.

    Returns
    -------
    dict of str to Path
        One at least, in order.

    Raises
    ------
    InputError
        If the folder is missing or holds no CSV file, or two of one name.
    """
    if not folder.is_dir():
        raise InputError(f'{folder}: no such folder of {what}: {remedy}')
    files: dict[str, Path] = {}
    for path in list_entries(folder, '.csv'):
        if path.stem in files:
            raise InputError(f'{path}: a second file of this name, beside {files[path.stem].name}')
        files[path.stem] = path
    if not files:
        raise InputError(f'{folder}: no {what} (*.csv) in this folder: {remedy}')
    return files


def holds_descriptions(folder: Path) -> bool:
    """Whether a folder is one of descriptions, not of predictions: by the header of its files.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    bool
        True unless a file begins with a row of numbers: to a folder that is missing or holds something else
        the reader of descriptions has the right thing to say.

    Raises
    ------
    InputError
        If all files are empty, so that nothing tells.
    """
    files = list_entries(folder, '.csv')
    is_filled = False
    for path in files:
        if not path.is_file():
            continue
        with path.open('rb') as file:
            beginning = file.read(200).replace(b'\0', b'').strip()  # of UTF-16, too
        is_filled = is_filled or bool(beginning)
        if b'start_time' in beginning:
            return True
        if re.match(rb'[\W]*[0-9]', beginning):
            return False
    if files and not is_filled:
        raise InputError(f'{folder}: all files are empty: predictions or descriptions? Name the folder of '
                         'descriptions by --references')
    return True


def is_quick_test(predictions: Path) -> bool | None:
    """Whether the settings that `seld.py` leaves beside predictions say quick_test; None without settings.

    Parameters
    ----------
    predictions : Path
        A folder of predictions.

    Returns
    -------
    bool or None

    Raises
    ------
    InputError
        If there is a file of settings without that setting, or it is no JSON.
    """
    path = predictions / SETTINGS_FILE
    if not path.exists():
        return None
    settings = read_json(path)
    try:
        return bool(settings['params']['quick_test'])
    except (KeyError, TypeError):
        raise InputError(f'{path}: found no quick_test, expected the settings that seld.py writes') from None


def recording_frames(names: Sequence[str], references: Sequence[np.ndarray],
                     predictions: Sequence[np.ndarray], known: Mapping[str, int] | None = None, *,
                     dataset: Dataset = TAU2019) -> list[int]:
    """How many frames of each recording are scored.

    Parameters
    ----------
    names : sequence of str
    references, predictions : sequences of arrays, shape (rows, 4)
        Of the same recordings.
    known : mapping, optional
        Frames of recordings by name.
    dataset : Dataset

    Returns
    -------
    list of int
        Those of the data set; else what is known, or what lies before the end of the last row of either.
    """
    if dataset.nb_frames is not None:
        return [dataset.nb_frames] * len(names)
    known = known or {}
    return [known.get(name) or max(1, *(int(rows[:, 0].max(initial=-1)) + 1 for rows in both))
            for name, *both in zip(names, references, predictions)]


# ------------------------------------------------------------------------------------------------------------
# Descriptions, frame by frame
# ------------------------------------------------------------------------------------------------------------


def read_reference_rows(path: str | Path, *, dataset: Dataset = TAU2019) -> np.ndarray:
    """The rows of a description by the labels' frame rule.

    Parameters
    ----------
    path : path
        Of a description.
    dataset : Dataset
        Its classes and the length of its recordings.

    Returns
    -------
    float array, shape (rows, 4)
        Frame, class index, azimuth and elevation in degrees; event by event, and ascending frames within an
        event. The last frame may be the first beyond the recording, or any where recordings are as long as
        they are.

    Raises
    ------
    InputError
        As `read_description` does.
    """
    return rows_of_events(read_description(path, dataset=dataset), dataset=dataset)


def rows_of_events(events: Sequence[Event], *, dataset: Dataset = TAU2019) -> np.ndarray:
    """The rows of a description's events, as of `read_reference_rows`.

    Parameters
    ----------
    events : sequence of Event
    dataset : Dataset
        The length of its recordings.

    Returns
    -------
    float array, shape (rows, 4)
    """
    first, event, since_onset = _frames_of_events(events, dataset)
    properties = np.array([(event.class_index, event.azimuth_deg, event.elevation_deg) for event in events])
    return np.column_stack((first[event] + since_onset, properties.reshape(-1, 3)[event]))


def read_since_onset(path: str | Path, *, dataset: Dataset = TAU2019) -> np.ndarray:
    """Frames since its event began, for each row of `read_reference_rows`: int, shape (rows,).

    Parameters
    ----------
    path : path
        Of a description.
    dataset : Dataset
        Its classes and the length of its recordings.

    Returns
    -------
    int array, shape (rows,)
        0 in the first frame of an event.

    Raises
    ------
    InputError
        As `read_description`.
    """
    return _frames_of_events(read_description(path, dataset=dataset), dataset)[2]


def _frames_of_events(events: Sequence[Event], dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First frame of each event; for each row of frames its event, and the frames since it began."""
    first, last = cut_label_frames([event[1:3] for event in events], dataset.nb_frames).T
    nb_frames = np.maximum(0, last - first + 1)  # 0 for an event that starts after the recording
    event = np.repeat(np.arange(len(events)), nb_frames)
    return first, event, np.arange(len(event)) - np.repeat(np.cumsum(nb_frames) - nb_frames, nb_frames)


# ------------------------------------------------------------------------------------------------------------
# Groups
# ------------------------------------------------------------------------------------------------------------


def find_groups(names: Sequence[str], *, dataset: Dataset = TAU2019) -> dict[str, list[int]]:
    """'all' and each split, overlap and room in the names, with the places of its recordings in `names`.

    Parameters
    ----------
    names : sequence of str
        Of the recordings.
    dataset : Dataset
        Its grammar of names.

    Returns
    -------
    dict of lists of int
        Ascending numbers of splits, then of overlaps and rooms. A recording whose name has no room or
        overlap is in none of these groups, and one whose name does not follow the grammar is in 'all' only.

    Examples
    --------
    >>> find_groups(['split1_ir0_ov1_1', 'split1_ir0_ov2_2', 'street'])
    {'all': [0, 1, 2], 'split 1': [0, 1], 'ov 1': [0], 'ov 2': [1], 'ir 0': [0, 1]}
    """
    groups: dict[str, list[int]] = {'all': list(range(len(names)))}
    recordings = [dataset.parse_name(name) if dataset.is_name(name) else None for name in names]
    for label, field in (('split', 'split'), ('ov', 'overlap'), ('ir', 'room')):
        values = [getattr(recording, field, None) for recording in recordings]
        for value in sorted(set(values) - {None}):
            groups[f'{label} {value}'] = [place for place, found in enumerate(values) if found == value]
    return groups
