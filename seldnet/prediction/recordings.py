"""Which recordings there are in files and folders of one's own, and what is passed over."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.common.errors import InputError, listed
from seldnet.common.files import list_entries
from seldnet.extraction.audio import check_recording
from seldnet.extraction.headers import PERHAPS_READABLE, READABLE


class Found(NamedTuple):
    """What was found.

    Attributes
    ----------
    recordings : dict of Path
        By name: without ending, and with the folders below the one that was named.
    problems : list of str
        Of recordings that cannot be used, as far as names and headers say.
    passed_over : list of str
        A line for each folder in which something is no recording.
    """

    recordings: dict[str, Path]
    problems: list[str]
    passed_over: list[str]


def find_recordings(paths: Sequence[Path], *, recursive: bool = False, dataset: Dataset = TAU2019,
                    audio_format: str = 'foa') -> Found:
    """The files among some paths, and the recordings of the folders among them.

    Parameters
    ----------
    paths : sequence of Path
    recursive : bool
        Whether recordings in folders of folders are taken too; of links to folders they are not.
    dataset : Dataset
        Its channels.
    audio_format : {'foa', 'mic'}

    Returns
    -------
    Found
    """
    found = Found({}, [], [])
    for path in paths:
        by_name: list[tuple[str, Path]] = []
        if path.is_dir():
            _look_into(path, Path(), recursive, by_name, found.passed_over)
            if not by_name:
                hint = '' if recursive else '; --recursive looks into its folders'
                found.problems.append(f'{path}: no recordings ({", ".join(READABLE[:8])} ...) in this folder'
                                      f'{hint}')
        else:
            by_name.append((path.stem, path))
        for name, recording in by_name:
            try:
                check_recording(recording, any_rate=True, dataset=dataset, audio_format=audio_format)
                if name in found.recordings:
                    raise InputError(f'{recording}: has the name of {found.recordings[name]}, expected '
                                     'different names')
                found.recordings[name] = recording
            except InputError as error:
                found.problems.append(str(error))
    return found


def _look_into(folder: Path, below: Path, recursive: bool, by_name: list[tuple[str, Path]],
               passed_over: list[str]) -> None:
    others = []
    for path in list_entries(folder):
        ending = path.suffix.lower()
        if path.is_dir():
            if recursive and not path.is_symlink():
                _look_into(path, below / path.name, recursive, by_name, passed_over)
            else:
                others.append(f'{path.name}/')
        elif ending in READABLE or (ending in PERHAPS_READABLE and _is_sound(path)):
            by_name.append(((below / path.stem).as_posix(), path))
        else:
            others.append(path.name)
    if others:
        remedy = ' (--recursive looks into folders)' if not recursive and any(
            name.endswith('/') for name in others) else ''
        passed_over.append(f'{folder}: passed over: {listed(others)}{remedy}')


def _is_sound(path: Path) -> bool:
    """Whether libsndfile can open it."""
    import soundfile

    try:
        return path.is_file() and soundfile.info(path).frames > 0
    except (soundfile.LibsndfileError, RuntimeError, TypeError):
        return False
