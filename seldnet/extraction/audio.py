"""Recordings: checked, and read piece by piece at the data set's rate."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from seldnet.annotations.dataset import NB_CHANNELS, TAU2019, Dataset
from seldnet.common.errors import InputError

# soundfile and soxr are imported where they are used: training imports this room too and needs neither.

SUFFIXES = ('.wav', '.flac')
# Read at a time. With much smaller pieces the memory allocator returns the blocks' memory to the system
# and requests it anew all the time, and everything takes a third longer.
CHUNK_S = 10


def check_recording(path: str | Path, *, any_rate: bool = False, dataset: Dataset = TAU2019) -> None:
    """Read a recording's header and raise an InputError unless the network can be given the recording.

    It must be decodable, at the data set's rate (or `any_rate`, for those who resample), with at least four
    channels, not empty, and as long as its header says.

    Parameters
    ----------
    path : path
    any_rate : bool
    dataset : Dataset
        Its rate.

    Raises
    ------
    InputError
        With the file, what was found and what was expected.
    """
    import soundfile

    if not Path(path).is_file():
        raise InputError(f'{path}: no such recording')
    try:
        info = soundfile.info(path)
    except soundfile.LibsndfileError as error:
        raise InputError(f'{path}: cannot be decoded: {error.error_string}') from error
    if info.samplerate != dataset.sample_rate_hz and not any_rate:
        raise InputError(f'{path}: sampling rate {info.samplerate} Hz, expected '
                         f'{dataset.sample_rate_hz}')
    if info.channels < NB_CHANNELS:
        raise InputError(f'{path}: {info.channels} channels, expected {NB_CHANNELS}')
    # libsndfile takes what there is of a WAV file that breaks off, but notes it. Lengths at the end of what
    # 32 bits hold stand for "unknown" (a stream).
    noted = re.search(r'^data : (\d+) \(should be (\d+)\)', info.extra_info, re.MULTILINE)
    if noted and int(noted[2]) < int(noted[1]) < 2**32 - 2**16:
        raise InputError(f'{path}: breaks off after {noted[2]} bytes of sound, expected {noted[1]} by its '
                         'header; copy or download it again')
    if info.frames == 0:
        raise InputError(f'{path}: no samples')


def recording_chunks(path: str | Path, chunk_samples: int | None = None, nb_samples: int | None = None, *,
                     any_rate: bool = False, dataset: Dataset = TAU2019) -> Iterator[np.ndarray]:
    """A recording piece by piece, for those too long for memory.

    Parameters
    ----------
    path : path
    chunk_samples : int, optional
        Samples of a piece, by default those of `CHUNK_S`.
    nb_samples : int, optional
        How much to read, by default all of it.
    any_rate : bool
        Whether a rate other than the data set's is fine.
    dataset : Dataset
        Its rate.

    Yields
    ------
    np.ndarray
        float32, (at most chunk_samples, 4), full scale is 1. Of more than four channels the first four.

    Raises
    ------
    InputError
        As `check_recording`, and if samples cannot be decoded, break off or are not finite.
    """
    import soundfile

    check_recording(path, any_rate=any_rate, dataset=dataset)
    chunk_samples = chunk_samples or CHUNK_S * dataset.sample_rate_hz
    with soundfile.SoundFile(path) as file:
        end = file.frames if nb_samples is None else min(nb_samples, file.frames)
        for start in range(0, end, chunk_samples):
            expected = min(chunk_samples, end - start)
            try:
                chunk = file.read(expected, dtype='float32', always_2d=True)[:, :NB_CHANNELS]
            except soundfile.LibsndfileError as error:
                raise InputError(f'{path}: cannot be decoded from sample {start} on: {error.error_string}; '
                                 'copy or download it again') from error
            if len(chunk) != expected:
                raise InputError(f'{path}: breaks off after {start + len(chunk)} samples, expected '
                                 f'{file.frames} by its header; copy or download it again')
            if not np.isfinite(chunk).all():
                sample, channel = np.argwhere(~np.isfinite(chunk))[0]
                raise InputError(f'{path}: sample {start + sample} of channel {channel + 1} is '
                                 f'{chunk[sample, channel]}, expected a finite number')
            yield chunk


def load_recording(path: str | Path, nb_samples: int | None = None, *,
                   dataset: Dataset = TAU2019) -> np.ndarray:
    """A whole recording.

    Parameters
    ----------
    path : path
    nb_samples : int, optional
        How much to read, from 1; by default all of it.
    dataset : Dataset
        Its rate.

    Returns
    -------
    float32 array, shape (samples, 4)
        Full scale is 1. Of more than four channels the first four.

    Raises
    ------
    InputError
        As `recording_chunks`.
    """
    return np.concatenate(list(recording_chunks(path, nb_samples=nb_samples, dataset=dataset)))


class PaddedRecording:
    """A recording of the data set in pieces, cut or zero-padded to the data set's length.

    Iterate once; `warnings` then says what was odd about it.

    Parameters
    ----------
    path : Path
    dataset : Dataset
        Its rate and length.

    Attributes
    ----------
    warnings : list of str
        Of channels without any sound; empty before the iteration has ended.
    """

    def __init__(self, path: Path, dataset: Dataset = TAU2019):
        self._path = path
        self._dataset = dataset
        self.warnings: list[str] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        nb_samples = self._dataset.nb_samples
        is_silent = np.ones(NB_CHANNELS, dtype=bool)

        def noting_silence(chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
            for chunk in chunks:
                if is_silent.any():
                    is_silent[:] &= ~chunk.any(axis=0)
                yield chunk

        chunks = recording_chunks(self._path, nb_samples=nb_samples, dataset=self._dataset)
        yield from padded(noting_silence(chunks), nb_samples, CHUNK_S * self._dataset.sample_rate_hz)
        self.warnings = [f'{self._path}: channel {channel + 1} is silent'
                         for channel in np.flatnonzero(is_silent)]


def padded(chunks: Iterable[np.ndarray], nb_samples: int, chunk_samples: int) -> Iterator[np.ndarray]:
    """Samples in pieces, cut or zero-padded to `nb_samples`; zeros come at most `chunk_samples` at a time.

    Parameters
    ----------
    chunks : iterable of float32 arrays, shape (samples, 4)
    nb_samples : int
    chunk_samples : int
        At least 1.

    Yields
    ------
    float32 array, shape (samples, 4)
        A view of each chunk (empty ones once there is enough), then zeros.
    """
    missing = nb_samples
    for chunk in chunks:
        yield chunk[:missing]
        missing -= len(chunk[:missing])
    for start in range(0, missing, chunk_samples):
        yield np.zeros((min(chunk_samples, missing - start), NB_CHANNELS), dtype=np.float32)


def resampled_chunks(path: Path, *, dataset: Dataset = TAU2019) -> Iterator[np.ndarray]:
    """The samples of a recording of any rate, brought to the data set's by soxr, piece by piece.

    Parameters
    ----------
    path : Path
        That `check_recording` has passed: what cannot be decoded is soundfile's error here.
    dataset : Dataset
        Its rate.

    Yields
    ------
    np.ndarray
        float32, (samples, 4), full scale is 1; a few seconds each.

    Raises
    ------
    InputError
        As `recording_chunks`, but for the rate.
    """
    import soundfile
    import soxr

    rate_hz = soundfile.info(path).samplerate
    chunks = recording_chunks(path, CHUNK_S * rate_hz, any_rate=True, dataset=dataset)
    if rate_hz == dataset.sample_rate_hz:
        yield from chunks
        return
    resampler = soxr.ResampleStream(rate_hz, dataset.sample_rate_hz, NB_CHANNELS, dtype='float32',
                                    quality='HQ')
    for chunk in chunks:
        yield resampler.resample_chunk(np.ascontiguousarray(chunk))
    yield resampler.resample_chunk(np.empty((0, NB_CHANNELS), np.float32), last=True)
