"""What prediction writes of a recording: files, and a record of them so that others' are not replaced.

    NAME.csv          rows of the output format
    NAME.npz          activities and directions of all classes in all frames, if asked for
    NAME.png          the picture, if asked for
    events/NAME.csv   events in the form of descriptions
    events/NAME.txt   labels for Audacity, if asked for
    events/NAME.json  events with classes and models, if asked for

The record, predict_recording.json, says what was written, and what it holds.
"""

import hashlib
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from seldnet.annotations.dataset import FRAMES_PER_SECOND, TAU2019, Dataset
from seldnet.annotations.descriptions import Event
from seldnet.annotations.output_format import SETTINGS_FILE
from seldnet.common.errors import InputError, raise_problems
from seldnet.common.files import atomic_path, create_folder, write_json
from seldnet.common.saved_json import TEXT, Entries, Fields, OrNone, read_saved_json
from seldnet.prediction.ensemble import Ensemble

RECORD = 'predict_recording.json'
_RECORD = Fields({'files': Entries(TEXT)}, {'begun': OrNone(TEXT)})


class OutputFiles:
    """The files of a folder that prediction has written, or is about to write.

    A file may be replaced if the record says that prediction has written it and it still holds what was
    written: so corrections by hand are not lost either. Nothing is written before `begin`.

    Parameters
    ----------
    folder : Path
        That may be missing.
    facts : mapping
        For the record, as JSON has it, such as of `facts_of`.
    overwrite : bool
        Replace files of others.

    Raises
    ------
    InputError
        If it is a folder of `seld.py`, or its record cannot be read.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any], *, overwrite: bool = False):
        if (folder / SETTINGS_FILE).exists():
            raise InputError(f'{folder}: holds the predictions of seld.py, which are scored as they are; '
                             'choose another --output')
        self.folder = folder
        self._facts = dict(facts)
        self._overwrite = overwrite
        self._digests: dict[str, str] = {}
        self._begun: str | None = None  # a file that the script was about to write when it was stopped
        record = folder / RECORD
        if record.exists():
            content = read_saved_json(record, _RECORD, remedy='choose another --output')
            self._digests, self._begun = content['files'], content.get('begun')

    def check(self, names: Iterable[str], endings: Sequence[str]) -> None:
        """Refuse what would replace a file of others.

        Parameters
        ----------
        names : iterable of str
            Of recordings, perhaps with folders.
        endings : sequence of str
            As of `path`: '.csv', 'events/.csv' ...

        Raises
        ------
        InputError
            With all files that are there and not prediction's, or that two recordings would write.
        """
        targets: dict[str, str] = {}
        problems = []
        for name in names:
            for ending in endings:
                path = self.path(name, ending)
                key = self._key(path)
                if key in targets:
                    problems.append(f'{path}: would be written for {targets[key]} and for {name}; predict '
                                    'them into different folders (--output)')
                elif not self._overwrite and os.path.lexists(path) and not self._is_ours(path):
                    problems.append(f'{path}: is there, and not as predict_recording.py has written it; '
                                    'choose another --output, or replace it with --overwrite')
                targets[key] = name
        raise_problems(problems)

    def path(self, name: str, ending: str) -> Path:
        """Where a file of a recording is.

        Parameters
        ----------
        name : str
        ending : str
            Such as '.csv', or 'events/.csv' for that in the folder of events.

        Returns
        -------
        Path
        """
        folder, _, suffix = ending.rpartition('/')
        return self.folder / folder / f'{name}{suffix}'

    def begin(self, path: Path) -> None:
        """Note a file that is about to be written, and create its folder.

        Parameters
        ----------
        path : Path
        """
        create_folder(path.parent)
        self._begun = self._key(path)
        self._write_record()

    def note(self, path: Path) -> None:
        """Note a file that is finished.

        Parameters
        ----------
        path : Path
        """
        self._digests[self._key(path)] = _digest(path)
        self._begun = None
        self._write_record()

    def _key(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _is_ours(self, path: Path) -> bool:
        key = self._key(path)
        return path.is_file() and (key == self._begun or self._digests.get(key) == _digest(path))

    def _write_record(self) -> None:
        write_json(self.folder / RECORD, {**self._facts, 'begun': self._begun, 'files': self._digests})


def _digest(path: Path) -> str:
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()[:16]


def write_audacity_labels(path: Path, events: Sequence[Event], *, dataset: Dataset = TAU2019) -> None:
    """Write events as a label track that Audacity imports (File, Import, Labels), atomically.

    Parameters
    ----------
    path : Path
    events : sequence of Event
    dataset : Dataset
        Its classes.
    """
    with atomic_path(path) as temporary, temporary.open('w', encoding='utf-8', newline='\n') as file:
        for event in events:
            name = ' '.join(dataset.classes[event.class_index].split())
            confidence = '' if event.confidence is None else f' ({event.confidence:.2f})'
            file.write(f'{event.start_s:.2f}\t{event.end_s:.2f}\t{name} az {event.azimuth_deg:g} '
                       f'el {event.elevation_deg:g}{confidence}\n')


def write_events_json(path: Path, events: Sequence[Event], facts: Mapping[str, Any], *,
                      dataset: Dataset = TAU2019) -> None:
    """Write events as JSON, atomically; an unknown distance is null.

    Parameters
    ----------
    path : Path
    events : sequence of Event
    facts : mapping
        That stand before them, such as of `facts_of`.
    dataset : Dataset
        Its classes.
    """
    write_json(path, {**facts, 'events': [
        {'class': dataset.classes[event.class_index], 'start_s': round(event.start_s, 2),
         'end_s': round(event.end_s, 2), 'azimuth_deg': event.azimuth_deg,
         'elevation_deg': event.elevation_deg,
         'distance_m': None if math.isnan(event.distance_m) else event.distance_m,
         'confidence': None if event.confidence is None else round(event.confidence, 3)}
        for event in events]})


def facts_of(ensemble: Ensemble) -> dict[str, Any]:
    """What a prediction was made with, as JSON has it.

    Parameters
    ----------
    ensemble : Ensemble

    Returns
    -------
    dict
    """
    classes = ensemble.dataset.classes
    return {'models': [model.path.name for model in ensemble.models],
            'methods': [model.method.name for model in ensemble.models], 'format': ensemble.audio_format,
            'classes': list(classes), 'thresholds': dict(zip(classes, ensemble.thresholds.tolist())),
            'frames_per_second': FRAMES_PER_SECOND}
