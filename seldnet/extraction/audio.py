"""Recordings: checked, and read piece by piece: the four channels, at the data set's rate, in N3D."""

import contextlib
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from seldnet.annotations.dataset import FORMATS, NB_CHANNELS, TAU2019, Dataset
from seldnet.common.errors import InputError
from seldnet.common.files import list_files
from seldnet.extraction.ambisonics import declared_convention, full_scale_of, to_n3d
from seldnet.extraction.decoding import read_samples
from seldnet.extraction.headers import UNKNOWN_FRAMES, unfinished_bytes
from seldnet.extraction.levels import FAR_BEYOND, SampleLevels, beyond_full_scale
from seldnet.extraction.resampling import resampled

# soundfile and soxr are imported where they are used: training imports this room too and needs neither.

SUFFIXES = ('.wav', '.flac')
# Read at a time. With much smaller pieces the memory allocator returns memory to the system and requests it
# anew all the time, and everything takes a third longer.
CHUNK_S = 10
LEAST_RATE = 0.8  # of the data set's; with a lower one a part of what can be heard is missing
FULL_ORDERS = (9, 16, 25, 36, 49, 64)  # channels of Ambisonics of orders 2 to 7: their first four are order 1


def check_recording(path: str | Path, *, any_rate: bool = False, dataset: Dataset = TAU2019,
                    audio_format: str = 'foa') -> None:
    """Read a recording's header and raise an InputError unless the network can be given the recording.

    It must be decodable, at the data set's rate (or `any_rate`, for those who resample), with the channels
    that `used_channels` expects, not empty, and as long as its header says.

    Parameters
    ----------
    path : path
    any_rate : bool
    dataset : Dataset
        Its rate and channels.
    audio_format : {'foa', 'mic'}

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
    problems = []
    if info.samplerate != dataset.sample_rate_hz and not any_rate:
        problems.append(f'sampling rate {info.samplerate} Hz, expected {dataset.sample_rate_hz}; --resample '
                        'brings it there')
    try:
        used_channels(path, info.channels, dataset, audio_format)
    except InputError as error:
        problems.append(str(error).removeprefix(f'{path}: '))
    # libsndfile takes what there is of a WAV file that breaks off, but notes it. Lengths at the end of what
    # 32 bits hold stand for "unknown" (a stream).
    noted = re.search(r'^data : (\d+) \(should be (\d+)\)', info.extra_info, re.MULTILINE)
    if noted and int(noted[2]) < int(noted[1]) < 2**32 - 2**16:
        problems.append(f'breaks off after {noted[2]} bytes of sound, expected {noted[1]} by its header; '
                        'copy or download it again')
    if info.frames == 0:
        unfinished = unfinished_bytes(path)
        problems.append(f'unfinished: its header says no samples, but {unfinished} bytes of sound follow; a '
                        'sound editor that opens raw data (Audacity: Import) can save it anew' if unfinished
                        else 'no samples')
    if info.frames > UNKNOWN_FRAMES:
        problems.append('unfinished: its header does not say how long it is; decode and save it anew')
    if problems:
        raise InputError(f'{path}: {"; and ".join(problems)}')


def used_channels(path: str | Path, nb_channels: int, dataset: Dataset = TAU2019,
                  audio_format: str = 'foa') -> list[int]:
    """Which channels of a recording are used.

    Parameters
    ----------
    path : path
        Named in the message.
    nb_channels : int
        That the recording has.
    dataset : Dataset
        Its `channels`.
    audio_format : {'foa', 'mic'}

    Returns
    -------
    list of int
        Four, counted from 0: those of the data set; else all of four, or the first four of a full Ambisonic
        order.

    Raises
    ------
    InputError
        If it has not these, or more than four and nothing says which.
    """
    if dataset.channels is not None:
        if max(dataset.channels) > nb_channels:
            raise InputError(f'{path}: {nb_channels} channels, expected at least {max(dataset.channels)}: '
                             f'channels {", ".join(map(str, dataset.channels))} are asked for')
        return [channel - 1 for channel in dataset.channels]
    if nb_channels == NB_CHANNELS or (audio_format == 'foa' and nb_channels in FULL_ORDERS):
        return list(range(NB_CHANNELS))
    remedy = f'; --channels says which {NB_CHANNELS}' if nb_channels > NB_CHANNELS else ''
    raise InputError(f'{path}: {nb_channels} channels, expected {NB_CHANNELS}{remedy}')


def convention_of(path: str | Path, dataset: Dataset = TAU2019, audio_format: str = 'foa') -> str:
    """The Ambisonic convention of a recording: as its header declares, or else the data set's.

    Parameters
    ----------
    path : path
    dataset : Dataset
        Its convention.
    audio_format : {'foa', 'mic'}

    Returns
    -------
    {'n3d', 'sn3d', 'fuma'}
        'n3d', of which nothing is changed, for microphones.
    """
    return 'n3d' if audio_format != 'foa' else declared_convention(path) or dataset.ambisonics


def recording_notes(path: str | Path, dataset: Dataset = TAU2019, audio_format: str = 'foa') -> list[str]:
    """What is done to a recording because it is not as TAU 2019's are, or odd about its header.

    Parameters
    ----------
    path : path
        That `check_recording` has passed: what cannot be decoded is soundfile's error here.
    dataset : Dataset
        Its rate, channels and convention.
    audio_format : {'foa', 'mic'}

    Returns
    -------
    list of str
        A sentence each, without the path.
    """
    import soundfile

    info = soundfile.info(path)
    notes = []
    if info.samplerate != dataset.sample_rate_hz:
        nothing = (f'; it has nothing above {info.samplerate / 2000:g} kHz'
                   if info.samplerate < LEAST_RATE * dataset.sample_rate_hz else '')
        notes.append(f'resampled from {info.samplerate} to {dataset.sample_rate_hz} Hz by soxr{nothing}')
    if dataset.channels is None and info.channels > NB_CHANNELS:
        notes.append(f'{info.channels} channels, taken as Ambisonics of order '
                     f'{math.isqrt(info.channels) - 1}: its first {NB_CHANNELS} are used')
    declared = declared_convention(path)
    if declared and audio_format == 'foa':
        notes.append(f'the header declares B-format: converted from {declared} to n3d')
    elif declared:
        notes.append('the header declares B-format, expected microphone signals')
    return notes


def nb_samples_of(path: str | Path, dataset: Dataset = TAU2019) -> int:
    """Samples of a recording as the data set has it: at its rate, cut or padded to its length.

    Parameters
    ----------
    path : path
    dataset : Dataset
        Its rate and length.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    InputError
        If its length is to be read, and it cannot be decoded.
    """
    if dataset.nb_samples is not None:
        return dataset.nb_samples
    import soundfile

    try:
        info = soundfile.info(path)
    except soundfile.LibsndfileError as error:
        raise InputError(f'{path}: cannot be decoded: {error.error_string}') from error
    return max(1, round(info.frames * dataset.sample_rate_hz / info.samplerate))


def frames_of_recordings(descriptions: str | Path, dataset: Dataset = TAU2019) -> dict[str, int]:
    """How long recordings are, for those who score them.

    Parameters
    ----------
    descriptions : path
        Folder of their descriptions; the recordings are looked for beside it, in both formats.
    dataset : Dataset

    Returns
    -------
    dict of int
        Frames by name; empty where all are as long as the data set says. What cannot be decoded is left out.
    """
    frames: dict[str, int] = {}
    if dataset.nb_frames is None:
        for audio_format in FORMATS:
            name = Path(descriptions).name.replace('metadata', audio_format, 1)
            for path in list_files(Path(descriptions).with_name(name), *SUFFIXES):
                with contextlib.suppress(InputError):
                    frames[path.stem] = dataset.nb_frames_of(nb_samples_of(path, dataset))
    return frames


def recording_chunks(path: str | Path, chunk_samples: int | None = None, nb_samples: int | None = None, *,
                     any_rate: bool = False, dataset: Dataset = TAU2019,
                     audio_format: str = 'foa') -> Iterator[np.ndarray]:
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
        Its rate, channels and convention.
    audio_format : {'foa', 'mic'}

    Yields
    ------
    np.ndarray
        float32, (at most chunk_samples, 4), full scale is 1; Ambisonics in ACN order with N3D gains.

    Raises
    ------
    InputError
        As `check_recording`, and if samples cannot be decoded, break off or are not finite.
    """
    import soundfile

    check_recording(path, any_rate=any_rate, dataset=dataset, audio_format=audio_format)
    chunk_samples = chunk_samples or CHUNK_S * dataset.sample_rate_hz
    convention = convention_of(path, dataset, audio_format)
    with soundfile.SoundFile(path) as file:
        channels: Any = used_channels(path, file.channels, dataset, audio_format)
        if channels == list(range(NB_CHANNELS)):
            channels = slice(NB_CHANNELS)  # a view
        end = file.frames if nb_samples is None else min(nb_samples, file.frames)
        for start in range(0, end, chunk_samples):
            chunk = read_samples(file, min(chunk_samples, end - start), channels)
            yield to_n3d(chunk, convention)


def load_recording(path: str | Path, nb_samples: int | None = None, *, dataset: Dataset = TAU2019,
                   audio_format: str = 'foa') -> np.ndarray:
    """A whole recording.

    Parameters
    ----------
    path : path
    nb_samples : int, optional
        How much to read, from 1; by default all of it.
    dataset : Dataset
        Its rate, channels and convention.
    audio_format : {'foa', 'mic'}

    Returns
    -------
    float32 array, shape (samples, 4)
        Full scale is 1.

    Raises
    ------
    InputError
        As `recording_chunks`.
    """
    return np.concatenate(list(recording_chunks(path, nb_samples=nb_samples, dataset=dataset,
                                                audio_format=audio_format)))


class RecordingAudio:
    """The samples of a recording of the data set in pieces: cut or zero-padded where it has a length.

    Iterate once; `warnings` then says what was odd about it.

    Parameters
    ----------
    path : Path
    dataset : Dataset
        Its rate, length, channels and convention.
    audio_format : {'foa', 'mic'}
    resample : bool
        Bring a recording of another rate to the data set's.

    Attributes
    ----------
    warnings : list of str
        Of what is done to it, and of its levels; empty before the iteration has ended.
    """

    def __init__(self, path: Path, dataset: Dataset = TAU2019, audio_format: str = 'foa', *,
                 resample: bool = False):
        self._path = path
        self._dataset = dataset
        self._audio_format = audio_format
        self._resample = resample
        self.warnings: list[str] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        options = {'dataset': self._dataset, 'audio_format': self._audio_format}
        check_recording(self._path, any_rate=self._resample, **options)
        nb_samples = nb_samples_of(self._path, self._dataset)
        chunks = (resampled_chunks(self._path, **options) if self._resample
                  else recording_chunks(self._path, nb_samples=nb_samples, **options))
        levels = SampleLevels(full_scale_of(convention_of(self._path, **options)))
        yield from padded(levels.passing(chunks), nb_samples, CHUNK_S * self._dataset.sample_rate_hz)
        if levels.peak > FAR_BEYOND:
            raise InputError(f'{self._path}: {beyond_full_scale(levels.peak)}')
        notes = recording_notes(self._path, self._dataset, self._audio_format)
        self.warnings = [f'{self._path}: {note}' for note in (*notes, *levels.warnings())]


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


def resampled_chunks(path: Path, *, dataset: Dataset = TAU2019,
                     audio_format: str = 'foa') -> Iterator[np.ndarray]:
    """The samples of a recording of any rate, brought to the data set's by soxr, piece by piece.

    Parameters
    ----------
    path : Path
        That `check_recording` has passed: what cannot be decoded is soundfile's error here.
    dataset : Dataset
        Its rate, channels and convention.
    audio_format : {'foa', 'mic'}

    Returns
    -------
    iterator of float32 arrays, shape (samples, 4)
        Full scale is 1; a few seconds each.

    Raises
    ------
    InputError
        As `recording_chunks`, but for the rate; when the samples are read.
    """
    import soundfile

    rate_hz = soundfile.info(path).samplerate
    chunks = recording_chunks(path, CHUNK_S * rate_hz, any_rate=True, dataset=dataset,
                              audio_format=audio_format)
    return resampled(chunks, rate_hz, dataset.sample_rate_hz)
