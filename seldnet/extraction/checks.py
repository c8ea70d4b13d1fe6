"""What stands in the way of an extraction, found before anything is written; and what of a training."""

import contextlib
import dataclasses
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seldnet.annotations.dataset import NB_CHANNELS, Dataset
from seldnet.annotations.dataset_file import FILE_NAME, dataset_of_facts, fact_differences, unused_splits
from seldnet.annotations.descriptions import description_problems
from seldnet.annotations.labels import COLUMNS_A_CLASS
from seldnet.common.errors import InputError, and_more
from seldnet.common.files import list_files
from seldnet.extraction.arrays import COMMAND
from seldnet.extraction.audio import SUFFIXES, check_recording, nb_samples_of
from seldnet.extraction.recording_set import RecordingSet
from seldnet.extraction.scaler import scaler_digest
from seldnet.extraction.spectra import nb_bins
from seldnet.extraction.state import ExtractionState

_LOG = logging.getLogger(__name__)


class Pending(NamedTuple):
    """Names of the recordings of which something is still to be made."""

    moments: list[str]
    raw_spectra: list[str]
    features: list[str]
    labels: list[str]
    scaler: bool  # whether the scaler is to be fitted anew

    @property
    def nb_passes(self) -> int:
        """Passes over a recording."""
        return len({*self.moments, *self.raw_spectra}) + len(self.features)


def find_pending(recordings: RecordingSet, state: ExtractionState, *, new_scaler: bool = False) -> Pending:
    """What is still to be made; `new_scaler` if that of the development set is about to change.

    Parameters
    ----------
    recordings : RecordingSet
    state : ExtractionState
        Of these recordings.
    new_scaler : bool
        Only of an evaluation set; a development set's own moments show it.

    Returns
    -------
    Pending
        Names in order.

    Raises
    ------
    InputError
        If the scaler is damaged.
    """
    sources = recordings.recording_sources()
    moments = [] if recordings.is_eval else state.missing('moments', sources)
    if not recordings.is_eval:
        new_scaler = bool(moments or state.missing('scaler', recordings.scaler_source()))
    features = list(sources)
    if not new_scaler and recordings.scaler_file.exists():
        digest = scaler_digest(recordings.scaler())
        features = state.missing('features', recordings.feature_sources(digest))
    raw_spectra = state.missing('raw_spectra', sources) if recordings.save_spectra else []
    labels = state.missing('labels', recordings.label_sources())
    return Pending(moments, raw_spectra, features, labels, new_scaler)


def find_pending_of_sets(sets: Sequence[RecordingSet], states: Sequence[ExtractionState]) -> list[Pending]:
    """What is still to be made of sets that share a scaler, the development set first.

    Parameters
    ----------
    sets : sequence of RecordingSet
    states : sequence of ExtractionState
        Of these sets.

    Returns
    -------
    list of Pending
        Of each set.

    Raises
    ------
    InputError
        As `find_pending`.
    """
    pending: list[Pending] = []
    for recordings, state in zip(sets, states):
        pending.append(find_pending(recordings, state, new_scaler=any(of_set.scaler for of_set in pending)))
    return pending


def check_ready(recordings: RecordingSet, task_id: str | int = '') -> Dataset:
    """Raise an InputError, saying what to run, unless all features and labels are there and usable.

    Parameters
    ----------
    recordings : RecordingSet
    task_id : str or int
        For the command in the message.

    Returns
    -------
    Dataset
        Of the recordings, with the channels and the convention that the extraction was told.

    Raises
    ------
    InputError
        If they are missing, not complete, damaged, or of another type or scaler than expected; or if the
        state or the scaler cannot be read.
    """
    folder, name = recordings.feat_label_dir, recordings.name
    remedy = f'run `{f"{COMMAND} {task_id}".strip()}`'
    if not recordings.state_file.exists():
        raise InputError(f'{folder}: no features of {name}; {remedy}')
    state = recordings.state()
    if not state.complete:
        raise InputError(f'{folder}: the features of {name} are not complete (their extraction is at '
                         f'work, or was stopped); {remedy} to finish them')
    differences = fact_differences(state.dataset_facts, recordings.dataset, chosen_in_extraction=False)
    if differences:
        raise InputError(f'{folder}: the features of {name} were made for another data set: '
                         f'{"; ".join(differences)} as {recordings.dataset.name} has it; set dataset_dir to '
                         f'the folder of their {FILE_NAME}, or {remedy}')
    if state.feature_dtype != recordings.feature_dtype:
        raise InputError(f'{folder}: the features of {name} are {state.feature_dtype}, the setting '
                         f'feature_dtype is {recordings.feature_dtype}; change it or {remedy}')
    damaged = state.damaged('features', 'labels')
    if damaged:
        raise InputError(f'{damaged[0]}{and_more(damaged)}: missing or damaged; {remedy}')
    extracted = recordings.dataset
    if state.dataset_facts is not None:
        stored = dataset_of_facts(state.dataset_facts, f'{recordings.state_file}: dataset')
        extracted = dataclasses.replace(extracted, channels=stored.channels, ambisonics=stored.ambisonics)
    if scaler_digest(dataclasses.replace(recordings, dataset=extracted).scaler()) != state.scaler_digest:
        raise InputError(f'{recordings.folder("features")}: normalised with another scaler than '
                         f'{recordings.scaler_file}; {remedy}')
    return extracted


def input_problems(sets: Sequence[RecordingSet], *, with_features: bool, with_scaler: bool) -> list[str]:
    """All that stands in the way of an extraction, one line each.

    Parameters
    ----------
    sets : sequence of RecordingSet
    with_features : bool
        Whether recordings are to be read at all, and not only descriptions.
    with_scaler : bool
        Whether features are to be normalised.

    Returns
    -------
    list of str
        Empty if nothing does.

    Raises
    ------
    InputError
        If the state or the scaler of a set cannot be read.
    """
    problems = []
    for recordings in sets:
        if with_features:
            problems += recording_problems(recordings)
        # The evaluation set's descriptions were published after the challenge, and may be missing.
        if not with_features or not recordings.is_eval or recordings.has_descriptions():
            problems += annotation_problems(recordings)
    # What lengths of their own take is known only where all can be read.
    if with_features and not (problems and sets[0].dataset.nb_frames is None):
        problems += disk_problems(sets)
    if with_scaler and sets[0].is_eval and not sets[0].scaler_file.is_file():
        problems.append(f'{sets[0].scaler_file}: no scaler, and the evaluation set is normalised with that '
                        f'of the development set; run `{COMMAND}` with {sets[0].audio_format}_dev/ in '
                        'dataset_dir first')
    return problems


def recording_problems(recordings: RecordingSet) -> list[str]:
    """Everything that is wrong with the recordings as far as folders, names and headers say.

    Parameters
    ----------
    recordings : RecordingSet

    Returns
    -------
    list of str
        Empty if nothing is. Files that are no recordings are passed over, with a warning in the log.

    Raises
    ------
    InputError
        If the state cannot be read.
    """
    folder = recordings.audio_folder
    if not recordings.has_recordings():
        return [f'{folder}: no such folder of recordings; set dataset_dir']
    by_name = recordings.recordings()
    if not by_name:
        return [f'{folder}: no recordings ({", ".join(SUFFIXES)}) in this folder']
    problems = []
    raw_spectra = recordings.folder('raw_spectra')
    if recordings.save_spectra and raw_spectra.resolve() == folder.resolve():
        problems.append(f'{raw_spectra}: raw spectra would stand among the recordings, expected a '
                        'feat_label_dir other than dataset_dir')
    # Of the development set, descriptions without a recording show what cannot be read.
    for path in sorted(folder.iterdir()) if recordings.is_eval else ():
        if path.suffix.lower() in SUFFIXES and not path.is_file() and not path.name.startswith('.'):
            problems.append(f'{path}: not a file, expected a recording')
    for path in list_files(folder):
        if path.suffix.lower() not in SUFFIXES:
            _LOG.warning('%s: passed over, recordings are %s', path, ' or '.join(SUFFIXES))
            continue
        if path != by_name[path.stem]:
            problems.append(f'{path}: a second recording of this name, beside {by_name[path.stem].name}')
        try:
            recordings.dataset.parse_name(path)
            check_recording(path, any_rate=recordings.resample, dataset=recordings.dataset,
                            audio_format=recordings.audio_format)
        except InputError as error:
            problems.append(str(error))
    for split, number in unused_splits(recordings.recordings(), recordings.dataset, recordings.mode).items():
        _LOG.warning('%s: split %s (%s recordings) is in no fold; it takes part in the scaler only', folder,
                     split, number)
    return problems + _foreign_files(recordings)


def _foreign_files(recordings: RecordingSet) -> list[str]:
    """Features without a recording that are not ours to remove: they would be trained on."""
    known = recordings.recordings().keys() | recordings.state().names('features')
    return [f'{path}: belongs to no recording of {recordings.audio_folder}; remove it'
            for path in list_files(recordings.folder('features'), '.npy') if path.stem not in known]


def annotation_problems(recordings: RecordingSet) -> list[str]:
    """Everything that is wrong with the descriptions, and files of either kind without the other.

    Parameters
    ----------
    recordings : RecordingSet

    Returns
    -------
    list of str
    """
    folder = recordings.description_folder
    if not recordings.has_descriptions():
        return [f'{folder}: no such folder of descriptions']
    audio, descriptions = recordings.recordings(), recordings.descriptions()
    problems = [problem for name, path in descriptions.items()
                for problem in description_problems(path, dataset=recordings.dataset,
                                                    seconds=_seconds(audio.get(name), recordings))]
    if audio:
        problems += [f'{audio[name]}: no description {folder / name}.csv'
                     for name in audio if name not in descriptions]
        problems += [f'{descriptions[name]}: no recording {recordings.audio_folder / name}.wav'
                     for name in descriptions if name not in audio]
    elif not descriptions:
        problems.append(f'{folder}: no descriptions (.csv) in this folder')
    return problems


def _seconds(recording: Path | None, recordings: RecordingSet) -> float | None:
    """Length of a recording where each has its own; None for one that is missing or cannot be read."""
    dataset = recordings.dataset
    if dataset.nb_frames is not None or recording is None:
        return None
    with contextlib.suppress(InputError):  # which is reported with the recordings
        return nb_samples_of(recording, dataset) / dataset.sample_rate_hz
    return None


def disk_problems(sets: Sequence[RecordingSet]) -> list[str]:
    """Whether the disk is too small for what is still to be made.

    Parameters
    ----------
    sets : sequence of RecordingSet
        That share a folder of features, the development set first.

    Returns
    -------
    list of str
        At most one.

    Raises
    ------
    InputError
        If the state or the scaler of a set cannot be read.
    """
    folder = sets[0].feat_label_dir.absolute()
    pending = find_pending_of_sets(sets, [recordings.state() for recordings in sets])
    needed = sum(map(_nb_bytes, sets, pending))
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if needed <= free:
        return []
    return [f'{folder}: {free / 1e9:.1f} GB free, expected {needed / 1e9:.1f} GB; set feat_label_dir to '
            'another disk, or feature_dtype to float16 for half of it']


def _nb_bytes(recordings: RecordingSet, pending: Pending) -> int:
    """Disk space that the pending files need beyond what they take already."""
    dataset, columns = recordings.dataset, recordings.nb_columns
    of_a_frame = {'raw_spectra': nb_bins(dataset) * NB_CHANNELS * 8,
                  'features': columns * np.dtype(recordings.feature_dtype).itemsize,
                  'labels': COLUMNS_A_CLASS * dataset.nb_classes * (4 if dataset.grid is None else 2)}
    paths = recordings.recordings()
    nb_frames = {name: recordings.nb_frames(paths[name]) if name in paths else dataset.nb_frames or 0
                 for name in {*pending.raw_spectra, *pending.features, *pending.labels}}
    needed = 0
    for kind in ('moments', *of_a_frame):
        names = getattr(pending, kind)
        files: list[Path] = [recordings.file(kind, name) for name in names]
        sizes = [(2 * columns + 3) * 8 if kind == 'moments' else of_a_frame[kind] * nb_frames[name]
                 for name in names]
        needed += sum(sizes) - sum(file.stat().st_size for file in files if file.exists())
    return needed
