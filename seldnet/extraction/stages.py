"""The extraction: measure the recordings, normalise their features, write their labels.

Each recording is read twice: once for the moments of its columns, once the scaler is known for its features.
"""

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seldnet.annotations.dataset import FORMATS
from seldnet.annotations.descriptions import description_dict, read_description
from seldnet.annotations.labels import regression_labels
from seldnet.common.errors import InputError, and_more, raise_problems
from seldnet.common.files import clear_leftovers, create_folder
from seldnet.common.processes import run_in_processes
from seldnet.extraction.arrays import reading, write_array_if_new
from seldnet.extraction.checks import (
    find_pending,
    find_pending_of_sets,
    input_problems,
    locked_folder,
    loss_problems,
)
from seldnet.extraction.digests import file_digest
from seldnet.extraction.levels import MeanAndLoudest, unlike_the_set, usual_magnitude
from seldnet.extraction.recording_set import RecordingSet
from seldnet.extraction.scaler import (
    Moments,
    fit_scaler,
    levels_of_row,
    merge_moments,
    moments_of_row,
    save_scaler,
    scaler_digest,
)
from seldnet.extraction.state import ExtractionState, Source
from seldnet.extraction.workers import Made, attempt, measure_recording, normalize_recording

_LOG = logging.getLogger(__name__)


class Summary(NamedTuple):
    """What a run of `extract` did."""

    recordings: int  # of the sets
    made: int  # recordings of which something was made
    megabytes: float  # written
    seconds: float


class ProgressReport:
    """Counts passes over recordings, and logs each warning once.

    Parameters
    ----------
    nb_passes : int
        That are to be made.
    progress : function, optional
        Called after each pass with the number of passes that are done, and of all.
    """

    def __init__(self, nb_passes: int, progress: Callable[[int, int], None] | None = None):
        self._nb_passes = nb_passes
        self._progress = progress
        self._nb_done = 0
        self._warnings: set[str] = set()

    def add_pass(self, warnings: Sequence[str]) -> None:
        """A pass over a recording is done, with these warnings.

        Parameters
        ----------
        warnings : sequence of str
            Those that are new are logged.
        """
        self.warn(warnings)
        self._nb_done += 1
        if self._progress:
            self._progress(self._nb_done, self._nb_passes)

    def warn(self, warnings: Sequence[str]) -> None:
        """Log those warnings that are new.

        Parameters
        ----------
        warnings : sequence of str
        """
        for warning in warnings:
            if warning not in self._warnings:
                _LOG.warning(warning)
        self._warnings.update(warnings)


# ------------------------------------------------------------------------------------------------------------
# The stages
# ------------------------------------------------------------------------------------------------------------


class _Task(NamedTuple):
    """Work of one pass over a recording."""

    work: Callable[[], Made]  # for a worker
    name: str
    makes: dict[str, Source]  # kind of file -> what it is made from


def measure(recordings: RecordingSet, state: ExtractionState, report: ProgressReport) -> None:
    """Moments of every column of each development recording, and raw spectra if asked for.

    Parameters
    ----------
    recordings : RecordingSet
    state : ExtractionState
        Of these recordings: what is finished is noted there.
    report : ProgressReport

    Raises
    ------
    InputError
        With all recordings that cannot be read, once the others are finished; or if a worker process
        dies.
    """
    sources = recordings.recording_sources(state)
    for kind in ('moments', 'unscaled', 'raw_spectra'):
        state.discard_outdated(kind, sources)
    pending = find_pending(recordings, state)
    if not recordings.is_eval:
        state.discard_outdated('scaler', recordings.scaler_source(state))
    tasks = []
    for name, recording in recordings.recordings().items():
        kinds = [kind for kind in ('moments', 'raw_spectra') if name in getattr(pending, kind)]
        if 'moments' in kinds and recordings.kind.keeps_unscaled:
            kinds.append('unscaled')
        targets = {kind: recordings.file(kind, name).absolute() for kind in kinds}
        if targets:
            work = functools.partial(measure_recording, recordings, recording.absolute(), targets)
            tasks.append(_Task(work, name, dict.fromkeys(targets, sources[name])))
    _run(tasks, recordings, state, report)


def normalize_set(recordings: RecordingSet, state: ExtractionState, report: ProgressReport) -> None:
    """The scaler, from the moments (development set only), and the normalised features.

    Parameters
    ----------
    recordings : RecordingSet
    state : ExtractionState
        Of these recordings: what is finished is noted there.
    report : ProgressReport

    Raises
    ------
    InputError
        As `measure`; and at once if moments are missing, or there is no scaler for the evaluation set.
    """
    if not recordings.is_eval:
        _fit_scaler(recordings, state, report)
    digest = scaler_digest(recordings.scaler())
    sources = recordings.feature_sources(state, digest)
    state.discard_outdated('features', sources)
    state.update(feature_dtype=recordings.feature_dtype, scaler_digest=digest)
    paths = recordings.recordings()
    recomputed = state.missing('unscaled', recordings.recording_sources(state))
    tasks = []
    for name in state.missing('features', sources):
        unscaled = None if name in recomputed else recordings.file('unscaled', name).absolute()
        work = functools.partial(normalize_recording, recordings, paths[name].absolute(),
                                 recordings.file('features', name).absolute(),
                                 recordings.scaler_file.absolute(), unscaled)
        tasks.append(_Task(work, name, {'features': sources[name]}))
    _run(tasks, recordings, state, report)
    state.discard('unscaled', state.names('unscaled'))  # they have served
    if recordings.folder('unscaled').is_dir():
        recordings.folder('unscaled').rmdir()


def _fit_scaler(recordings: RecordingSet, state: ExtractionState, report: ProgressReport) -> None:
    missing = state.missing('moments', recordings.recording_sources(state))
    if missing:
        raise InputError(f'{recordings.folder("moments")}: no moments of {missing[0]}{and_more(missing)}; '
                         'call extract_all_feature() first')
    source = recordings.scaler_source(state)
    if not state.missing('scaler', source):
        return
    kind, paths = recordings.kind, recordings.recordings()
    of_all: Moments | None = None
    levels: dict[str, MeanAndLoudest] = {}
    for name in paths:  # in order, so that the sum does not depend on which worker was first
        moments, of_one = _load_moments(recordings.file('moments', name), recordings)
        levels[name] = of_one or MeanAndLoudest(*[kind.mean_magnitude(moments.mean)] * 2)
        of_all = moments if of_all is None else merge_moments(of_all, moments)
    report.warn([f'{paths[name]}: {warning}' for name, warnings in unlike_the_set(levels).items()
                 for warning in warnings])
    fitted = fit_scaler(kind.pool_moments(of_all) if kind.pool_moments else of_all)
    save_scaler(recordings.scaler_file, fitted, recordings.feature_facts, usual_magnitude(levels.values()))
    state.note('scaler', 'scaler', source['scaler'])


def _load_moments(path: Path, recordings: RecordingSet) -> tuple[Moments, MeanAndLoudest | None]:
    """Moments and levels of a recording from its file."""
    with reading(path, 'a .npy file of moments'):
        row = np.load(path, allow_pickle=False)
        return (moments_of_row(row, recordings.nb_columns, recordings.dataset.nb_frames),
                levels_of_row(row, recordings.nb_columns))


def label(recordings: RecordingSet, state: ExtractionState, report: ProgressReport) -> None:
    """The labels of each description: milliseconds a file, so in this process.

    All kinds of features share them, and each has a state of its own: so a file that holds the right labels
    stays as it is, whoever made it.

    Parameters
    ----------
    recordings : RecordingSet
    state : ExtractionState
        Of these recordings: what is finished is noted there.
    report : ProgressReport
        Not used: no recording is read.

    Raises
    ------
    InputError
        As `read_description`.
    """
    dataset, descriptions = recordings.dataset, recordings.descriptions()
    sources = recordings.label_sources(state)
    state.discard('labels', state.names('labels') - sources.keys())
    missing = state.missing('labels', sources)
    if missing:
        state.update(complete=False)
        create_folder(recordings.folder('labels'))
    for name in missing:
        events = read_description(descriptions[name], dataset=dataset)
        labels = regression_labels(description_dict(events, dataset=dataset), dataset=dataset,
                                   nb_frames=sources[name].get('nb_frames'))
        # int16 holds directions of a grid exactly: whole degrees, as was checked.
        write_array_if_new(recordings.file('labels', name),
                           labels.astype(np.float32 if dataset.grid is None else np.int16))
        state.note_input('description', name, file_digest(descriptions[name]))
        state.note('labels', name, sources[name])
    state.update()


def _run(tasks: Sequence[_Task], recordings: RecordingSet, state: ExtractionState,
         report: ProgressReport) -> None:
    """Do the tasks in parallel and note what is finished; an InputError names all problems at the end."""
    if not tasks:
        return
    state.update(complete=False)
    for kind in {kind for task in tasks for kind in task.makes}:
        create_folder(recordings.folder(kind))
    problems = []
    work = [functools.partial(attempt, task.work) for task in tasks]
    try:
        for number, (made, problem) in run_in_processes(work, recordings.n_jobs, recordings.audio_folder):
            if problem:
                problems.append(problem)
            else:
                name = tasks[number].name
                if made.recording:
                    state.note_input('recording', name, made.recording)
                for kind, source in tasks[number].makes.items():
                    state.note(kind, name, source, made.files[kind])
            report.add_pass(made.warnings)
    finally:
        state.update()
    raise_problems(sorted(problems))


Stage = Callable[[RecordingSet, ExtractionState, ProgressReport], None]
STAGES: tuple[Stage, ...] = (measure, normalize_set, label)


def extract(sets: Sequence[RecordingSet], *, stages: Sequence[Stage] = STAGES,
            progress: Callable[[int, int], None] | None = None) -> Summary:
    """Make the features and labels of sets that share a folder, as far as they are not there and up to date.

    It may be killed at any moment and run again: what was finished is kept, and the result is the same.

    Parameters
    ----------
    sets : sequence of RecordingSet
        The development set, if among them, first: the evaluation set is normalised with its scaler.
    stages : sequence
        Some of `STAGES`, in their order.
    progress : function, optional
        Called after each pass over a recording (there are two) with how many are done and how many there are.

    Returns
    -------
    Summary

    Raises
    ------
    InputError
        Before anything is written, with all problems of the input together, a line each, or finished files
        that other settings made, where `overwrite` is not set; or, for problems
        that were found in the recordings' samples, once the other recordings are finished.
    """
    start_s = time.monotonic()
    raise_problems(input_problems(sets, with_features=list(stages) != [label],
                                  with_scaler=normalize_set in stages))
    with _extracting_into(sets[0].feat_label_dir):
        states = [recordings.state() for recordings in sets]
        if list(stages) != [label]:
            raise_problems(loss_problems(sets, states))
        pending = find_pending_of_sets(sets, states)
        report = ProgressReport(sum(of_set.nb_passes for of_set in pending), progress)
        for recordings, state in zip(sets, states):
            for stage in stages:
                stage(recordings, state, report)
            state.update(dataset=recordings.dataset.facts(), complete=bool(recordings.recordings())
                         and not any(find_pending(recordings, state)))
    return Summary(recordings=sum(len(recordings.recordings()) for recordings in sets),
                   made=sum(len({*of_set.moments, *of_set.raw_spectra, *of_set.features, *of_set.labels})
                            for of_set in pending),
                   megabytes=sum(state.bytes_noted for state in states) / 1e6,
                   seconds=time.monotonic() - start_s)


@contextlib.contextmanager
def _extracting_into(folder: Path) -> Iterator[None]:
    """The lock of a folder of features; what killed processes left there half-written is cleared."""
    with locked_folder(folder):
        for place in (folder, *(sub for name in FORMATS for sub in folder.glob(f'{name}_*/'))):
            clear_leftovers(place)
        yield
