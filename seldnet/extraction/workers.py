"""What a worker process does for a recording; each function returns what is odd about it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from seldnet.common.errors import InputError
from seldnet.extraction.arrays import reading, write_array
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
from seldnet.extraction.spectra import stft_blocks


def measure_recording(recordings: RecordingSet, recording: Path, targets: Mapping[str, Path]) -> list[str]:
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
    list of str
        Warnings.

    Raises
    ------
    InputError
        As `recording_chunks`.
    """
    dataset, kind = recordings.dataset, recordings.kind
    audio = recordings.audio(recording)
    likeness = Likeness(dataset)
    magnitudes = Magnitudes()
    spectra, unscaled = [], []
    moments = None
    for block in stft_blocks(audio, dataset=dataset):
        likeness.add(block)
        if 'raw_spectra' in targets:
            spectra.append(block)
        if 'moments' in targets:
            features = kind.compute(block, dataset, recordings.audio_format)
            of_block = block_moments(features)
            magnitudes.add(kind.mean_magnitude(of_block.mean), len(features))
            moments = of_block if moments is None else merge_moments(moments, of_block)
            if 'unscaled' in targets:
                unscaled.append(features.astype(np.float32))
    if 'raw_spectra' in targets:
        write_array(targets['raw_spectra'], _rows(np.concatenate(spectra)))
    if 'unscaled' in targets:
        write_array(targets['unscaled'], np.concatenate(unscaled))
    if 'moments' in targets:
        write_array(targets['moments'], moments_row(moments, magnitudes.levels()))
    looks_like = likeness.warning(recordings.audio_format)
    return audio.warnings + ([f'{recording}: {looks_like}'] if looks_like else [])


def _rows(spectra: np.ndarray) -> np.ndarray:
    return spectra.reshape(len(spectra), -1)


def normalize_recording(recordings: RecordingSet, recording: Path, features_file: Path, scaler_file: Path,
                        unscaled_file: Path | None = None) -> list[str]:
    """Write the normalised features of a recording, from its unscaled features if there are.

    Else the spectra are computed a second time here. To keep the features of 2019 between the two passes is a
    third less work while they stay in memory, but for the 40 GB of a whole format it means to write and to
    read 98 MB a recording more, which takes longer on most disks.

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
    list of str
        Warnings.

    Raises
    ------
    InputError
        As `recording_chunks` and `load_scaler`; or if a feature is beyond the range of the type.
    """
    dataset, kind, dtype = recordings.dataset, recordings.kind, recordings.feature_dtype
    audio = recordings.audio(recording)
    scaler = load_mean_and_scale(scaler_file, recordings.nb_columns)
    magnitudes = Magnitudes()
    rows = np.empty((recordings.nb_frames(recording), recordings.nb_columns), dtype)
    if unscaled_file:
        with reading(unscaled_file, 'a .npy file of features'):
            blocks = [np.load(unscaled_file, allow_pickle=False)]
    else:
        blocks = (kind.compute(block, dataset, recordings.audio_format)
                  for block in stft_blocks(audio, dataset=dataset))
    start = 0
    for features in blocks:
        try:
            rounded(normalize(features, scaler), dtype, 'the development set',
                    out=rows[start:start + len(features)])
        except InputError as error:
            raise InputError(f'{recording}: {error}') from error
        if recordings.is_eval:  # the development set's are compared once its moments are there
            magnitudes.add(kind.mean_magnitude(features), len(features))
        start += len(features)
    write_array(features_file, rows)
    usual = kind.mean_magnitude(scaler.mean) if scaler.usual_magnitude is None else scaler.usual_magnitude
    odd = level_warnings(magnitudes.levels(), usual, 'the development set')
    return audio.warnings + [f'{recording}: {warning}' for warning in odd]


def attempt(work: Callable[[], list[str]]) -> tuple[list[str], str | None]:
    """Do the work of a task.

    Parameters
    ----------
    work : function
        -> warnings.

    Returns
    -------
    warnings : list of str
    problem : str or None
        Of the InputError, if there was one.
    """
    try:
        return work(), None
    except InputError as error:  # raised by the main process, together with those of the other recordings
        return [], str(error)
