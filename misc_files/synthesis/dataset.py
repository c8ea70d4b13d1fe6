"""A data set on disk: planned, made, finished where a run was interrupted, never mixed with another."""

import functools
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from misc_files.synthesis import office
from misc_files.synthesis.plan import plan_recordings, recording_paths
from misc_files.synthesis.recordings import synthesize_recording
from parameter import SETTINGS
from seldnet.annotations.dataset import FORMATS, MODES, TAU2019, Dataset, RecordingName
from seldnet.annotations.dataset_file import FILE_NAME, write_dataset
from seldnet.common.errors import InputError
from seldnet.common.files import clear_leftovers, create_folder, write_json
from seldnet.common.processes import locked, run_in_processes
from seldnet.common.saved_json import ANYTHING, Entries, Fields, read_saved_json

MADE_BY = 'synthesize_dataset.py'
SCRIPT_VERSION = 1  # part of the settings: raise it whenever the same settings come to give other bytes
SETTINGS_FILE = 'synthesis.json'  # written last: where it stands, the data set is whole
_RECORD = Fields({'settings': Entries(ANYTHING)})
UNFINISHED_FILE = '.synthesis-unfinished.json'  # the settings while the data set is in the making

Progress = Callable[[Iterable[Any], int], Iterable[Any]]


def synthesize_dataset(folder: str | Path, *, recordings: int, eval_recordings: int,
                       seconds: float | None = None, seed: int = SETTINGS['seed'].default,
                       formats: Sequence[str] = FORMATS, n_jobs: int = -1,
                       progress: Progress = lambda finished, _: finished,
                       dataset: Dataset = TAU2019) -> int:
    """Make a data set, or what an interrupted run left to do of it.

    Parameters
    ----------
    folder : str or Path
        Made where it is missing.
    recordings, eval_recordings : int
        Number in each of the development splits, and in the evaluation set.
    seconds : float, optional
        Length of a recording, at least `events.MIN_SECONDS`; by default the data set's, or where that has
        none for each recording another one of `office.LENGTHS_S`.
    seed : int
        Another seed, another data set.
    formats : sequence of str
        Some of `FORMATS`.
    n_jobs : int
        Processes, -1 for one a core. The files do not depend on it.
    progress : function
        Gets what yields an item for every finished recording, and their number; what it gives back is
        iterated over. A place for a progress bar.
    dataset : Dataset
        `TAU2019` or `OFFICE`, or another of their classes. All but TAU 2019 get a `dataset.toml`.

    Returns
    -------
    int
        How many recordings were made: 0 where all were there already.

    Raises
    ------
    InputError
        If the folder holds recordings that were not made with the same settings.
    """
    folder = Path(folder)
    formats = sorted(set(formats))
    seconds = dataset.recording_s if seconds is None else seconds
    settings = {'script_version': SCRIPT_VERSION, 'recordings': recordings,
                'eval_recordings': eval_recordings, 'seconds': seconds, 'seed': seed, 'formats': formats,
                **({} if dataset is TAU2019 else {'example': dataset.name})}
    _refuse_other_content(folder, settings, dataset)  # before anything is written
    with locked(folder / '.synthesis.lock', f'synthesizing into {folder}'):
        _refuse_other_content(folder, settings, dataset)
        return _synthesize_missing(folder, settings, n_jobs, progress, dataset)


def _synthesize_missing(folder: Path, settings: dict, n_jobs: int, progress: Progress,
                        dataset: Dataset) -> int:
    formats, seconds, seed = settings['formats'], settings['seconds'], settings['seed']
    planned = plan_recordings(settings['recordings'], settings['eval_recordings'], dataset=dataset)
    plan = {recording: recording_paths(folder, recording, formats, dataset=dataset).values()
            for recording in planned}
    missing = [recording for recording, paths in plan.items() if not all(path.exists() for path in paths)]
    if not missing and (folder / SETTINGS_FILE).exists():
        return 0

    for parent in {path.parent for paths in plan.values() for path in paths}:
        create_folder(parent)
        clear_leftovers(parent)
    libraries = {name: version(name) for name in ('numpy', 'scipy', 'pyroomacoustics')}
    content = {'made_by': MADE_BY, 'settings': settings, 'libraries': libraries}
    write_json(folder / UNFINISHED_FILE, content)
    (folder / SETTINGS_FILE).unlink(missing_ok=True)
    jobs = [functools.partial(synthesize_recording, folder, recording, formats,
                              seconds or _draw_seconds(seed, recording), seed, dataset=dataset)
            for recording in missing]
    for _ in progress(run_in_processes(jobs, n_jobs, folder), len(jobs)):
        pass
    if dataset is not TAU2019:
        write_dataset(folder / FILE_NAME, dataset, with_folds=False)
    write_json(folder / SETTINGS_FILE, content)
    (folder / UNFINISHED_FILE).unlink()
    return len(missing)


def _draw_seconds(seed: int, recording: RecordingName) -> float:
    rng = np.random.default_rng([seed, recording.split, recording.number, 0])
    return round(rng.uniform(*office.LENGTHS_S), 2)


def _refuse_other_content(folder: Path, settings: dict, dataset: Dataset) -> None:
    """InputError if the folder holds recordings that were not made with these settings."""
    remedy = 'choose another folder, or remove this one'
    for file in (folder / SETTINGS_FILE, folder / UNFINISHED_FILE):
        if file.exists():
            found = read_saved_json(file, _RECORD, remedy=remedy)['settings']
            differing = [name for name in settings if found.get(name) != settings[name]]
            if differing:
                found, wanted = ({name: of.get(name) for name in differing} for of in (found, settings))
                raise InputError(f'{folder}: holds another data set, {file.name} says {found}, expected '
                                 f'{wanted}; {remedy}')
            return
    wav_folders = [dataset.audio_folder(folder, audio_format, mode)
                   for audio_format in FORMATS for mode in MODES]
    for parent in (*wav_folders, *(dataset.description_folder(folder, mode) for mode in MODES)):
        if parent.is_dir() and any(parent.iterdir()):
            raise InputError(f'{folder}: {parent.name}/ holds files that this script did not make; {remedy}')
