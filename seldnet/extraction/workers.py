"""What a worker process does for a recording."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seldnet.annotations.dataset import NB_CHANNELS
from seldnet.common.errors import InputError
from seldnet.extraction.arrays import array_file, open_features, write_array
from seldnet.extraction.digests import file_digest
from seldnet.extraction.features import rounded
from seldnet.extraction.levels import Magnitudes, level_warnings
from seldnet.extraction.likeness import Likeness
from seldnet.extraction.recording_set import RecordingSet
from seldnet.extraction.scaler import (
    block_moments,
    load_mean_and_scale,
    merge_moments,
    moments_row,
    normalize,
)
from seldnet.extraction.spectra import nb_bins, stft_blocks

_BLOCK_NUMBERS = 25 * 8192  # that are normalised at a time, few enough to stay in the processor's cache


class Made(NamedTuple):
    """What came of the work.

    Attributes
    ----------
    warnings : list of str
        What is odd about the recording.
    files : dict of str
        Digest of each file that was written, by its kind.
    recording : str or None
        Digest of the recording, where it was read for the first time.
    """

    warnings: list[str]
    files: dict[str, str]
    recording: str | None = None


def measure_recording(recordings: RecordingSet, recording: Path, targets: Mapping[str, Path]) -> Made:
    """Write what the first pass makes of a recording.

    Parameters
    ----------
    recordings : RecordingSet
        Whose data set and kind of features hold.
    recording : Path
    targets : mapping
        Kind of file to where it goes, some of 'moments' (as of `moments_row`), 'unscaled' (features, float32,
        (frames, columns), only with moments) and 'raw_spectra' (complex64, (frames, bins * channels)).

    Returns
    -------
    Made

    Raises
    ------
    InputError
        As `recording_chunks`.
    """
    dataset, kind = recordings.dataset, recordings.kind
    digest = file_digest(recording)  # first: what changes meanwhile is then noticed
    audio = recordings.audio(recording)
    likeness = Likeness(dataset)
    magnitudes = Magnitudes()
    moments = None
    precision = 'float64' if 'raw_spectra' in targets else kind.precision  # raw spectra are those of 2019
    row_files = {'unscaled': (recordings.nb_columns, 'float32'),
                 'raw_spectra': (nb_bins(dataset) * NB_CHANNELS, 'complex64')}
    with contextlib.ExitStack() as stack:
        files = {of_file: stack.enter_context(array_file(targets[of_file],
                                                         (recordings.nb_frames(recording), columns), dtype))
                 for of_file, (columns, dtype) in row_files.items() if of_file in targets}
        for block in stft_blocks(audio, dataset=dataset, precision=precision):
            likeness.add(block)
            if 'raw_spectra' in files:
                files['raw_spectra'].append(block)
            if 'moments' not in targets:
                continue
            features = kind.compute(block, dataset, recordings.audio_format)
            of_block = block_moments(features)
            magnitudes.add(kind.mean_magnitude(of_block.mean), len(features))
            moments = of_block if moments is None else merge_moments(moments, of_block)
            if not (np.isfinite(moments.mean).all() and np.isfinite(moments.deviations).all()):
                raise InputError(f'{recording}: too loud: its spectra are beyond the range of {block.dtype}, '
                                 'expected samples of at most 1 (full scale), or some more')
            if 'unscaled' in files:
                files['unscaled'].append(features)
    digests = {of_file: file.digest for of_file, file in files.items()}
    if 'moments' in targets:
        digests['moments'] = write_array(targets['moments'], moments_row(moments, magnitudes.levels()))
    looks_like = likeness.warning(recordings.audio_format)
    warnings = audio.warnings + ([f'{recording}: {looks_like}'] if looks_like else [])
    return Made(warnings, digests, digest)


def normalize_recording(recordings: RecordingSet, recording: Path, features_file: Path, scaler_file: Path,
                        unscaled_file: Path | None = None) -> Made:
    """Write the normalised features of a recording, from its unscaled features if there are.

    Else the spectra are computed a second time here. To keep the features of 2019 between the two passes is
    to write and to read 98 MB a recording more, which takes longer (benchmarks/extraction.py has both).

    Parameters
    ----------
    recordings : RecordingSet
        Whose data set, kind and type of features hold.
    recording : Path
    features_file : Path
    scaler_file : Path
    unscaled_file : Path, optional
        What the first pass left.

    Returns
    -------
    Made

    Raises
    ------
    InputError
        As `recording_chunks` and `load_scaler`; or if a feature is beyond the range of the type.
    """
    dataset, kind, dtype = recordings.dataset, recordings.kind, recordings.feature_dtype
    audio = recordings.audio(recording)
    scaler = load_mean_and_scale(scaler_file, recordings.nb_columns)
    magnitudes = Magnitudes()
    if unscaled_file:
        unscaled = open_features(unscaled_file)
        nb_rows = max(1, _BLOCK_NUMBERS // recordings.nb_columns)
        blocks = (unscaled[start:start + nb_rows] for start in range(0, len(unscaled), nb_rows))
    else:
        blocks = (kind.compute(block, dataset, recordings.audio_format)
                  for block in stft_blocks(audio, dataset=dataset, precision=kind.precision))
    shape = recordings.nb_frames(recording), recordings.nb_columns
    with array_file(features_file, shape, dtype) as file:
        for features in blocks:
            try:
                file.append(rounded(normalize(features, scaler), dtype, 'the development set'))
            except InputError as error:
                raise InputError(f'{recording}: {error}') from error
            if recordings.is_eval:  # the development set's are compared once its moments are there
                magnitudes.add(kind.mean_magnitude(features), len(features))
    usual = kind.mean_magnitude(scaler.mean) if scaler.usual_magnitude is None else scaler.usual_magnitude
    odd = level_warnings(magnitudes.levels(), usual, 'the development set')
    warnings = audio.warnings + [f'{recording}: {warning}' for warning in odd]
    return Made(warnings, {'features': file.digest})


def attempt(work: Callable[[], Made]) -> tuple[Made, str | None]:
    """Do the work of a task.

    Parameters
    ----------
    work : function

    Returns
    -------
    made : Made
    problem : str or None
        Of the InputError, if there was one.
    """
    try:
        with np.errstate(over='ignore', invalid='ignore'):  # what overflows is named by the work itself
            return work(), None
    except InputError as error:  # raised by the main process, together with those of the other recordings
        return Made([], {}), str(error)
