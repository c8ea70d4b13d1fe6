"""From recordings and descriptions to features and labels on disk.

    features = FeatureClass(dataset_dir='data/', feat_label_dir='features/', dataset='foa')
    features.extract_all_feature()      # moments of every column, and the raw spectra if asked for
    features.preprocess_features()      # the scaler, and the normalised features
    features.extract_all_labels()

or all of it at once with `extract`, which `batch_feature_extraction.py` runs.

**Features** (Adavanne et al., arXiv 1807.00129, section III-A, with the numbers of the 2019 release). A
recording is cut or zero-padded to 60 s. Each channel has a short-time Fourier transform: hop 960 samples
(20 ms), a periodic Hann window of 1920 samples centred in 2048 points, the recording reflected at both ends
so that frame k is centred on sample 960 k. Bin 0 (DC) is dropped and the first 3000 frames are kept. A stored
row holds, for one frame, all magnitudes and then all phases (radians), bins outermost and channels innermost:
column 4 b + c is the magnitude of bin b + 1 in channel c, column 4096 + 4 b + c its phase. Each column is
brought to zero mean and unit variance by one scaler a format, fitted on all development recordings. All is
computed in double precision (the spectra rounded to single, as in 2019) and rounded once when it is stored.

**Labels** (2019 release). Frames floor(start * 50) to ceil(end * 50) of an event are active, both included.

**On disk**, under `feat_label_dir`, for the format `foa` (and `mic` alike):

    foa_dev_norm/NAME.npy    normalised features, float32 (or float16), 3000 x 8192
    foa_dev_label/NAME.npy   labels, int16, 3000 x 33: 11 activities, 11 azimuths, 11 elevations (degrees)
    foa_wts.npz              the scaler: mean, var, scale (float64, 8192 each), nb_frames
    foa_dev_moments/NAME.npy mean and summed squared deviations of each column, float64, 2 x 8192 (131 kB)
    foa_dev/NAME.npy         raw spectra, complex64, 3000 x 4096; only with `save_spectra`
    foa_dev_state.json       which of these are finished, and what each was made from

and likewise `foa_eval_...` for the evaluation set, which is normalised with the development set's scaler.
"""

import contextlib
import csv
import functools
import hashlib
import logging
import math
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from warnings import catch_warnings

import numpy as np

from parameter import (
    AZIMUTHS_DEG,
    CLASSES,
    ELEVATIONS_DEG,
    FORMATS,
    GRID_STEP_DEG,
    HOP_LENGTH,
    HOP_LENGTH_S,
    INACTIVE_AZIMUTH_DEG,
    INACTIVE_ELEVATION_DEG,
    NB_BINS,
    NB_CHANNELS,
    NB_CLASSES,
    NB_FRAMES,
    NB_FRAMES_1S,
    NFFT,
    RECORDING_S,
    SAMPLE_RATE_HZ,
    SETTINGS,
    WIN_LENGTH,
    InputError,
    atomic_path,
    check_regular_file,
    clear_leftovers,
    parse_recording_name,
    read_json,
    recording_order,
    write_json,
)

# soundfile and joblib are imported where they are used: scoring and training import this module too, want to
# start at once, and need neither.

NB_COLUMNS = 2 * NB_BINS * NB_CHANNELS  # of a row of features
NB_SAMPLES = RECORDING_S * SAMPLE_RATE_HZ
SUFFIXES = ('.wav', '.flac')
COMMAND = 'python batch_feature_extraction.py'  # what the messages tell to run

# Frames that are transformed at a time, few enough for their spectra and features to stay in the processor's
# cache.
_BLOCK_FRAMES = 25
# Samples that are read at a time. With much smaller pieces the memory allocator gives the blocks' memory back
# to the system and asks for it again all the time, and everything takes a third longer.
_CHUNK_SAMPLES = 10 * SAMPLE_RATE_HZ
# Raised when the stored numbers change, so that a folder of an older version is extracted anew.
_VERSION = 1
# Events of the data set may outlast the recording a little (118 of 15,798 do); more than this is a mistake.
_OUTLAST_S = 5
# Of a description of any recording: a day. Some readers go through an event frame by frame.
_LONGEST_S = 24 * 3600

_LOG = logging.getLogger(__name__)


# ------------------------------------------------------------------------------------------------------------
# Descriptions: events
# ------------------------------------------------------------------------------------------------------------


class Event(NamedTuple):
    """One row of a description."""

    class_index: int  # place in CLASSES
    start_s: float
    end_s: float
    azimuth_deg: float  # counter-clockwise, -180..180
    elevation_deg: float  # upwards, -90..90
    distance_m: float


DESCRIPTION_COLUMNS = ('sound_event_recording', 'start_time', 'end_time', 'ele', 'azi', 'dist')


def read_description(path: str | Path) -> list[Event]:
    """Read a description: one row an event, under a header with `DESCRIPTION_COLUMNS` in any order.

    A completely empty file is a recording without events. Directions off the data set's grid are legal here;
    `description_problems` is stricter.

    Raises
    ------
    InputError
        With file and line: a column is missing, unknown or double; a row has too few or too many cells; a
        class is unknown; a number is none, not finite or out of its range; an event ends before it starts.
    """
    return [_parse_event(row, where) for where, row in _description_rows(path)]


def description_problems(path: str | Path) -> list[str]:
    """What is wrong with a description of the data set, one line a row; an empty list if nothing is.

    Beyond what `read_description` asks, directions must be on the grid, and events must start within the
    minute and end at most 5 s after it (a few of the data set's do; they are cut).
    """
    problems = []
    try:
        for where, row in _description_rows(path):
            try:
                _check_event(_parse_event(row, where), where)
            except InputError as error:
                problems.append(str(error))
    except InputError as error:  # of the file as a whole
        problems.append(str(error))
    return problems


def write_description(path: str | Path, events: Iterable[Event]) -> None:
    """Write a description in the form of the data set's own, atomically: a header, then a row an event."""
    with atomic_path(path) as temporary, temporary.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(DESCRIPTION_COLUMNS)
        for class_index, start_s, end_s, azimuth_deg, elevation_deg, distance_m in events:
            writer.writerow([CLASSES[class_index], f'{start_s:.10f}', f'{end_s:.10f}',
                             elevation_deg, azimuth_deg, distance_m])


def event_frames(events: Sequence[Event]) -> np.ndarray:
    """First and last active frame of each event: int64, (events, 2); the last is at most `NB_FRAMES`.

    2019 quirk: the last frame is ceil(end * 50) *inclusive*, one more than a half-open range would give.
    """
    frames = [_frames(event) for event in events]
    return np.array([(start, min(end, NB_FRAMES)) for start, end in frames], dtype=np.int64).reshape(-1, 2)


def _frames(event: Event) -> tuple[int, int]:
    return math.floor(event.start_s * NB_FRAMES_1S), math.ceil(event.end_s * NB_FRAMES_1S)


def _description_rows(path: str | Path) -> Iterator[tuple[str, dict[str, str]]]:
    """For each row 'file:line' and its cells by column."""
    check_regular_file(path)
    try:
        text = Path(path).read_text(encoding='utf-8-sig')  # with or without a byte order mark
    except UnicodeDecodeError as error:
        raise InputError(f'{path}: not UTF-8 text ({error.reason} at byte {error.start}), expected a CSV '
                         'file') from error
    rows = csv.reader(text.splitlines())
    try:
        header = [cell.strip() for cell in next(rows, [])]
        if not header and not text.strip():
            return
        if sorted(header) != sorted(DESCRIPTION_COLUMNS):
            raise InputError(f'{path}:1: columns {",".join(header)!r}, expected '
                             f'{",".join(DESCRIPTION_COLUMNS)!r}')
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                raise InputError(f'{path}:{rows.line_num}: {len(row)} cells, expected {len(header)}')
            yield f'{path}:{rows.line_num}', dict(zip(header, map(str.strip, row)))
    except csv.Error as error:
        raise InputError(f'{path}:{rows.line_num}: not a row of a CSV file: {error}') from error


def _parse_event(row: Mapping[str, str], where: str) -> Event:
    name = row['sound_event_recording']
    if name not in CLASSES:
        raise InputError(f'{where}: class {name!r}, expected one of {", ".join(CLASSES)}')
    start_s = _parse_number(row, 'start_time', 0, _LONGEST_S, where)
    end_s = _parse_number(row, 'end_time', 0, _LONGEST_S, where)
    if end_s < start_s:
        raise InputError(f'{where}: end_time {end_s:g} is before start_time {start_s:g}')
    return Event(CLASSES.index(name), start_s, end_s, _parse_number(row, 'azi', -180, 180, where),
                 _parse_number(row, 'ele', -90, 90, where), _parse_number(row, 'dist', 0, math.inf, where))


def _parse_number(row: Mapping[str, str], column: str, least: float, most: float, where: str) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and least <= value <= most):
        limits = f'from {least} to {most}' if math.isfinite(most) else f'of at least {least}'
        raise InputError(f'{where}: {column} {row[column]!r}, expected a number {limits}')
    return value


def _check_event(event: Event, where: str) -> None:
    """What an event of the data set must be beyond being an event."""
    for column, value, grid in (('azi', event.azimuth_deg, AZIMUTHS_DEG),
                                ('ele', event.elevation_deg, ELEVATIONS_DEG)):
        if value not in grid:
            raise InputError(f'{where}: {column} {value:g} is off the grid, expected a multiple of '
                             f'{GRID_STEP_DEG} from {grid[0]} to {grid[-1]}')
    if event.start_s >= RECORDING_S:
        raise InputError(f'{where}: start_time {event.start_s:g} is beyond the recording, expected less than '
                         f'{RECORDING_S} s')
    if event.end_s > RECORDING_S + _OUTLAST_S:
        raise InputError(f'{where}: end_time {event.end_s:g} is beyond the recording, expected at most '
                         f'{RECORDING_S + _OUTLAST_S} s ({RECORDING_S} s and a little)')


# ------------------------------------------------------------------------------------------------------------
# Labels
#
# A description in memory is what the 2019 release made of it: a dictionary of equally long lists, 'class'
# (names), 'start', 'end' (frames, or seconds), 'ele', 'azi' (degrees), with one entry an event.
# ------------------------------------------------------------------------------------------------------------


def description_dict(events: Sequence[Event], in_sec: bool = False) -> dict[str, list]:
    """Events as the 2019 release kept them, times in frames or in seconds; ends are not cut to 60 s."""
    times = [event[1:3] if in_sec else _frames(event) for event in events]
    return {
        'class': [CLASSES[event.class_index] for event in events],
        'start': [start for start, _ in times],
        'end': [end for _, end in times],
        'ele': [_plain(event.elevation_deg) for event in events],
        'azi': [_plain(event.azimuth_deg) for event in events],
    }


def _plain(angle_deg: float) -> int | float:
    """Whole degrees as the integers that 2019 had."""
    return int(angle_deg) if angle_deg == int(angle_deg) else angle_deg


def regression_labels(description: Mapping[str, Sequence]) -> np.ndarray:
    """Activities and directions of each class in each frame.

    Parameters
    ----------
    description : mapping
        As of `description_dict`, times in frames.

    Returns
    -------
    np.ndarray
        float64, (3000, 33): 11 activities (0 or 1), 11 azimuths, 11 elevations (degrees). Where a class is
        not active, azimuth is 180 and elevation 50. Where it overlaps itself the later row wins (this format
        holds one direction a class). An event off the grid's range is active without a direction.
    """
    labels = np.zeros((NB_FRAMES, 3, NB_CLASSES))
    labels[:, 1] = INACTIVE_AZIMUTH_DEG
    labels[:, 2] = INACTIVE_ELEVATION_DEG
    for name, frames, azimuth, elevation in _active_frames(description):
        class_index = CLASSES.index(name)
        labels[frames, 0, class_index] = 1
        if _within_grid(azimuth, elevation):
            labels[frames, 1, class_index] = azimuth
            labels[frames, 2, class_index] = elevation
    return labels.reshape(NB_FRAMES, 3 * NB_CLASSES)


def classification_labels(description: Mapping[str, Sequence]) -> np.ndarray:
    """1 at (frame, class, direction index), else 0: int8, (3000, 11, 324); times of `description` in frames.

    A class may hold several directions at once. An event off the grid's range has no place here.
    """
    labels = np.zeros((NB_FRAMES, NB_CLASSES, len(AZIMUTHS_DEG) * len(ELEVATIONS_DEG)), dtype=np.int8)
    for name, frames, azimuth, elevation in _active_frames(description):
        if _within_grid(azimuth, elevation):
            labels[frames, CLASSES.index(name), direction_index(azimuth, elevation)] = 1
    return labels


def _active_frames(description: Mapping[str, Sequence]) -> Iterator[tuple[str, slice, float, float]]:
    columns = (description[key] for key in ('class', 'start', 'end', 'azi', 'ele'))
    for name, start, end, azimuth, elevation in zip(*columns, strict=True):
        yield name, slice(start, end + 1), azimuth, elevation  # 2019 quirk: the end's frame is active as well


def _within_grid(azimuth_deg: float, elevation_deg: float) -> bool:
    return (AZIMUTHS_DEG[0] <= azimuth_deg <= AZIMUTHS_DEG[-1]
            and ELEVATIONS_DEG[0] <= elevation_deg <= ELEVATIONS_DEG[-1])


def direction_index(azimuth_deg: float, elevation_deg: float) -> int:
    """Index 0..323 of the grid cell at or below a direction: azimuths outermost, elevations innermost."""
    if not _within_grid(azimuth_deg, elevation_deg):
        raise InputError(f'direction ({azimuth_deg}, {elevation_deg}) is off the grid, expected azimuth '
                         f'{AZIMUTHS_DEG[0]}..{AZIMUTHS_DEG[-1]} and elevation '
                         f'{ELEVATIONS_DEG[0]}..{ELEVATIONS_DEG[-1]} degrees')
    azimuth_index = int((azimuth_deg - AZIMUTHS_DEG[0]) // GRID_STEP_DEG)
    return azimuth_index * len(ELEVATIONS_DEG) + int((elevation_deg - ELEVATIONS_DEG[0]) // GRID_STEP_DEG)


# ------------------------------------------------------------------------------------------------------------
# Recordings
# ------------------------------------------------------------------------------------------------------------


def check_recording(path: str | Path, *, any_rate: bool = False) -> None:
    """Read a recording's header and raise an InputError unless the network can be given the recording.

    It must be decodable, at 48 kHz (or `any_rate`, for those who resample), with at least four channels, not
    empty, and as long as its header says.
    """
    import soundfile

    if not Path(path).is_file():
        raise InputError(f'{path}: no such recording')
    try:
        info = soundfile.info(path)
    except soundfile.LibsndfileError as error:
        raise InputError(f'{path}: cannot be decoded: {error.error_string}') from error
    if info.samplerate != SAMPLE_RATE_HZ and not any_rate:
        raise InputError(f'{path}: sampling rate {info.samplerate} Hz, expected {SAMPLE_RATE_HZ}')
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


def recording_chunks(path: str | Path, chunk_samples: int = _CHUNK_SAMPLES,
                     nb_samples: int | None = None, *, any_rate: bool = False) -> Iterator[np.ndarray]:
    """A recording piece by piece, for those too long for memory.

    Yields
    ------
    np.ndarray
        float32, (at most chunk_samples, 4), full scale is 1; `nb_samples` together, or by default the whole
        recording. Of more than four channels the first four.

    Raises
    ------
    InputError
        As `check_recording`, and if samples cannot be decoded, break off or are not finite.
    """
    import soundfile

    check_recording(path, any_rate=any_rate)
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


def load_recording(path: str | Path, nb_samples: int | None = None) -> np.ndarray:
    """A whole recording, float32 (samples, 4), full scale is 1; raises as `recording_chunks` does."""
    return np.concatenate(list(recording_chunks(path, nb_samples=nb_samples)))


class _Minute:
    """A recording of the data set in pieces, cut or zero-padded to 60 s; afterwards it knows what was odd."""

    def __init__(self, path: Path):
        self._path = path
        self.warnings: list[str] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        missing = NB_SAMPLES
        silent = np.ones(NB_CHANNELS, dtype=bool)
        for chunk in recording_chunks(self._path, nb_samples=NB_SAMPLES):
            if silent.any():
                silent &= ~chunk.any(axis=0)
            missing -= len(chunk)
            yield chunk
        for start in range(0, missing, _CHUNK_SAMPLES):
            yield np.zeros((min(_CHUNK_SAMPLES, missing - start), NB_CHANNELS), dtype=np.float32)
        self.warnings = [f'{self._path}: channel {channel + 1} is silent'
                         for channel in np.flatnonzero(silent)]


# ------------------------------------------------------------------------------------------------------------
# Spectra and features
# ------------------------------------------------------------------------------------------------------------


def stft(audio: np.ndarray) -> np.ndarray:
    """Short-time Fourier transform of each channel, without DC.

    Parameters
    ----------
    audio : np.ndarray
        Real, (samples, 4).

    Returns
    -------
    np.ndarray
        complex64, (ceil(samples / 960), 1024, 4): frame k is centred on sample 960 k.
    """
    return np.concatenate([np.empty((0, NB_BINS, audio.shape[1]), np.complex64), *stft_blocks([audio])])


def stft_blocks(chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The frames of `stft`, to the bit, at most 25 at a time, of a recording that comes in pieces.

    Memory is that of the largest piece, however long the recording is.
    """
    margin = NFFT // 2  # how far the windows of the first and the last frame reach beyond the recording
    waiting = None
    nb_samples = nb_frames = 0
    at_start = True
    for chunk in chunks:
        nb_samples += len(chunk)
        waiting = chunk if waiting is None else np.concatenate([waiting, chunk])
        if at_start and len(waiting) <= margin:
            continue  # not enough to reflect
        if at_start:
            waiting = np.pad(waiting, ((margin, 0), (0, 0)), mode='reflect')
            at_start = False
        if len(waiting) < NFFT:
            continue  # not enough for a frame
        nb_ready = (len(waiting) - NFFT) // HOP_LENGTH + 1
        yield from _spectra(waiting, nb_ready)
        nb_frames += nb_ready
        waiting = waiting[nb_ready * HOP_LENGTH:]
    if nb_samples:
        waiting = np.pad(waiting, ((margin * at_start, margin), (0, 0)), mode='reflect')
        yield from _spectra(waiting, math.ceil(nb_samples / HOP_LENGTH) - nb_frames)


def _spectra(samples: np.ndarray, nb_frames: int) -> Iterator[np.ndarray]:
    """Blocks of spectra of the first `nb_frames` frames, of which the first starts at sample 0."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, NFFT, axis=0)[::HOP_LENGTH]
    for start in range(0, nb_frames, _BLOCK_FRAMES):
        block = frames[start:min(start + _BLOCK_FRAMES, nb_frames)].transpose(0, 2, 1)  # channels last
        # In double precision and rounded afterwards, which gives the numbers of 2019 to the bit. In single
        # precision the phases of frame 0 would differ: mirrored at the recording's start, its spectrum is
        # real but for rounding, whose sign decides between pi and -pi.
        yield np.fft.rfft(block * _WINDOW[:, np.newaxis], axis=1)[:, 1:].astype(np.complex64)


def _hann_window() -> np.ndarray:
    """A periodic Hann window in the middle of NFFT points, computed as SciPy does, to the last bit."""
    angles = np.linspace(-np.pi, np.pi, WIN_LENGTH + 1)[:-1]
    return np.pad(0.5 + 0.5 * np.cos(angles), (NFFT - WIN_LENGTH) // 2)


_WINDOW = _hann_window()


def spectrum_to_features(spectrum: np.ndarray) -> np.ndarray:
    """Magnitudes and phases of a spectrum (frames, 1024, 4) as rows of features: float64, (frames, 8192)."""
    features = np.empty((len(spectrum), 2, *spectrum.shape[1:]))
    # As np.abs and np.angle, but faster: on contiguous parts, and squares of single precision cannot overflow
    # in double.
    real, imaginary = spectrum.real.astype(np.float64), spectrum.imag.astype(np.float64)
    np.arctan2(imaginary, real, out=features[:, 1])
    np.sqrt(real * real + imaginary * imaginary, out=features[:, 0])
    return features.reshape(len(spectrum), -1)


# ------------------------------------------------------------------------------------------------------------
# The scaler
# ------------------------------------------------------------------------------------------------------------


class Moments(NamedTuple):
    """Frames, their mean and their summed squared deviations from it, for each column (float64)."""

    count: int
    mean: np.ndarray
    deviations: np.ndarray


def block_moments(features: np.ndarray) -> Moments:
    """Moments of the rows of a block."""
    mean = features.mean(axis=0)
    deviations = features - mean
    return Moments(len(features), mean, np.einsum('ij,ij->j', deviations, deviations))


def merge_moments(one: Moments, other: Moments) -> Moments:
    """Moments of two sets of frames together (Chan, Golub, LeVeque 1983; unlike sums of squares these do not
    cancel)."""
    count = one.count + other.count
    difference = other.mean - one.mean
    return Moments(count, one.mean + difference * (other.count / count),
                   one.deviations + other.deviations + difference**2 * (one.count * other.count / count))


def _load_moments(path: Path) -> Moments:
    """Moments of a recording from its file."""
    with _told_if_damaged(path, 'a .npy file of moments'):
        return Moments(NB_FRAMES, *np.load(path, allow_pickle=False).reshape(2, NB_COLUMNS))


def fit_scaler(moments: Moments) -> dict[str, np.ndarray]:
    """Mean, variance and scale as scikit-learn's StandardScaler has them.

    The scale is the standard deviation, or 1 for a column that does not vary: whose variance is within the
    rounding error of computing it (Chan, Golub, LeVeque 1983), the bound that scikit-learn uses.
    """
    var = moments.deviations / moments.count
    rounding = moments.count * np.finfo(np.float64).eps
    constant = var <= rounding * var + (rounding * moments.mean) ** 2
    return {'mean': moments.mean, 'var': var, 'scale': np.where(constant, 1, np.sqrt(var)),
            'nb_frames': np.array(moments.count)}


def load_scaler(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scale of each column, float64 (8192,) each, from `foa_wts.npz` or `mic_wts.npz`."""
    if not Path(path).is_file():
        raise InputError(f'{path}: no scaler; run `{COMMAND}` on the development set first')
    with _told_if_damaged(path, 'a scaler of this project'), np.load(path, allow_pickle=False) as stored:
        mean, scale = (stored[name].astype(np.float64, casting='same_kind') for name in ('mean', 'scale'))
    if not mean.shape == scale.shape == (NB_COLUMNS,):
        raise InputError(f'{path}: scaler of shapes {mean.shape} and {scale.shape}, expected '
                         f'{(NB_COLUMNS,)}; remove it and run `{COMMAND}`')
    if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()):
        raise InputError(f'{path}: scaler with numbers that are not finite or scales that are not positive; '
                         f'remove it and run `{COMMAND}`')
    return mean, scale


def normalize(features: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Rows of features with zero mean and unit variance a column, float64."""
    normalized = features - mean
    normalized /= scale
    return normalized


# ------------------------------------------------------------------------------------------------------------
# Features and labels on disk
# ------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _told_if_damaged(path: str | Path, what: str) -> Iterator[None]:
    """Around reading arrays from a file: NumPy tells in a dozen kinds of exceptions that it cannot."""
    try:
        yield
    except OSError:  # the system's
        raise
    except Exception as error:
        raise InputError(f'{path}: not {what}; remove it and run `{COMMAND}`') from error


class StoredArray(NamedTuple):
    """A two-dimensional array on disk whose header has been read: what is needed to map it, and no more.

    Headers are text that NumPy lets Python parse, and Python before 3.11.8 and 3.12.2 cannot parse in several
    threads at once (gh-106905, a SystemError once in many hours). So they are read once, and threads map.
    """

    path: Path
    dtype: np.dtype
    shape: tuple[int, int]
    offset: int
    stamp: tuple[int, int]  # size and time of the file

    def open(self) -> np.memmap:
        """Map it, read-only. InputError if the file has become another since its header was read."""
        if not self.path.is_file() or _size_and_time(self.path) != self.stamp:
            raise InputError(f'{self.path}: was removed or changed meanwhile; run `{COMMAND}`')
        with _told_if_damaged(self.path, 'as long as it was'):
            return np.memmap(self.path, self.dtype, 'r', self.offset, self.shape)


def stored_features(path: str | Path) -> StoredArray:
    """Normalised features of a recording: (frames, columns), float32 or float16."""
    return _stored_array(Path(path), 'features', ('float32', 'float16'))


def stored_labels(path: str | Path) -> StoredArray:
    """Labels of a recording: (frames, 33), int16: 11 activities, 11 azimuths, 11 elevations (degrees)."""
    return _stored_array(Path(path), 'labels', ('int16',))


def open_features(path: str | Path) -> np.memmap:
    """The features that `stored_features` finds, memory-mapped read-only."""
    return stored_features(path).open()


def open_labels(path: str | Path) -> np.memmap:
    """The labels that `stored_labels` finds, memory-mapped read-only."""
    return stored_labels(path).open()


def _stored_array(path: Path, what: str, dtypes: Sequence[str]) -> StoredArray:
    if not path.is_file():
        raise InputError(f'{path}: no such {what}; run `{COMMAND}`')
    stamp = _size_and_time(path)
    with _told_if_damaged(path, f'a .npy file of {what}'):
        array = np.lib.format.open_memmap(path, mode='r')
    if array.ndim != 2 or array.dtype.name not in dtypes or not array.flags.c_contiguous:
        order = '' if array.flags.c_contiguous else ' in Fortran order'
        raise InputError(f'{path}: {what} of type {array.dtype} and shape {array.shape}{order}, expected '
                         f'{" or ".join(dtypes)} in two dimensions; remove it and run `{COMMAND}`')
    return StoredArray(path, array.dtype, array.shape, array.offset, stamp)


def _size_and_time(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _write_array(path: Path, array: np.ndarray) -> None:
    with atomic_path(path) as temporary:
        np.save(temporary, array, allow_pickle=False)


def create_folder(folder: str | Path) -> None:
    """Create a folder and those above it, unless it exists."""
    Path(folder).mkdir(parents=True, exist_ok=True)


# What a worker does for one recording; each returns what is odd about it.


def _measure_recording(recording: Path, moments_file: Path | None, spectra_file: Path | None) -> list[str]:
    """Write the moments of a recording's columns (development) and its raw spectra (if asked for)."""
    audio = _Minute(recording)
    spectra = []
    moments = None
    for block in stft_blocks(audio):
        if spectra_file:
            spectra.append(block)
        if moments_file:
            of_block = block_moments(spectrum_to_features(block))
            moments = of_block if moments is None else merge_moments(moments, of_block)
    if spectra_file:
        _write_array(spectra_file, np.concatenate(spectra).reshape(NB_FRAMES, -1))
    if moments_file:
        _write_array(moments_file, np.stack([moments.mean, moments.deviations]))
    return audio.warnings


def _normalize_recording(recording: Path, features_file: Path, scaler_file: Path, dtype: str) -> list[str]:
    """Write the normalised features of a recording.

    The spectra are computed a second time here. To keep the features between the two passes is a third less
    work while they stay in memory, but for the 40 GB of a whole format it means to write and to read 98 MB a
    recording more, which takes longer on most disks.
    """
    audio = _Minute(recording)
    mean, scale = load_scaler(scaler_file)
    rows = np.empty((NB_FRAMES, NB_COLUMNS), dtype)
    start = 0
    for block in stft_blocks(audio):
        with np.errstate(over='ignore'):  # is told below
            rows[start:start + len(block)] = normalize(spectrum_to_features(block), mean, scale)
        start += len(block)
    if not np.isfinite(rows).all():
        raise InputError(f'{recording}: features beyond the range of {dtype}, expected levels like those '
                         'of the development set')
    _write_array(features_file, rows)
    return audio.warnings


def _attempt(work: Callable[[], list[str]]) -> tuple[list[str], str | None]:
    """Do the work of a task: its warnings, and the problem if there was one."""
    try:
        return work(), None
    except InputError as error:  # told by the main process, together with those of the other recordings
        return [], str(error)


# ------------------------------------------------------------------------------------------------------------
# Work in processes
# ------------------------------------------------------------------------------------------------------------


def run_in_processes(work: Sequence[Callable[[], Any]], n_jobs: int, where: str | Path,
                     ) -> Iterator[tuple[int, Any]]:
    """Do pieces of work in parallel; their numbers and results, in the order in which they are finished.

    Parameters
    ----------
    work : sequence of callables
        That can be pickled.
    n_jobs : int
        Processes, -1 for one a core; more than there is work for are not started.
    where : path
        For the message of the InputError if a process dies.
    """
    from concurrent.futures.process import BrokenProcessPool

    from joblib import Parallel, delayed, effective_n_jobs

    if not work:
        return
    # A piece a task, and no batches of them: what is finished is to be told at once.
    parallel = Parallel(n_jobs=min(effective_n_jobs(n_jobs), len(work)), return_as='generator_unordered',
                        batch_size=1, initializer=_end_with, initargs=[os.getpid()])
    results = parallel(delayed(_numbered)(number, one) for number, one in enumerate(work))
    try:
        for result in results:  # noqa: UP028 - "yield from" would close them itself, with a warning
            yield result
    except BrokenProcessPool as error:
        raise InputError(f'{where}: a worker process died, perhaps for want of memory; what is finished is '
                         'kept, so run the same again, with a smaller n_jobs') from error
    finally:
        with catch_warnings(action='ignore'):  # of cancelled work: whoever interrupts wants that
            results.close()


def _numbered(number: int, work: Callable[[], Any]) -> tuple[int, Any]:
    return number, work()


def _end_with(parent: int) -> None:
    """Let this worker process end when the one that started it is gone, however it went.

    Idle workers would wait for work, for minutes, with the terminal or the log file in their hands.
    """
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)
    threading.Thread(target=watch, daemon=True).start()


# ------------------------------------------------------------------------------------------------------------
# Keeping books: what is finished, and who is at work
# ------------------------------------------------------------------------------------------------------------


class _Ledger:
    """What is finished of a set (say foa_dev) and what each file was made from, in a small JSON file.

    As with make, a file is up to date if it was made from what there is now. A line of text says what that
    was; in it stand the file's own size and time too, so that a file which was replaced behind the ledger's
    back (by a run that was killed between writing and noting it) does not count as finished. While something
    is missing, 'complete' is false, and nobody reads the features.
    """

    def __init__(self, path: Path, file_of: Callable[[str, str], Path]):
        self._path = path
        self._file_of = file_of
        self.bytes_noted = 0
        content = read_json(path) if path.exists() else None
        if not _is_ledger(content):
            content = {'version': _VERSION, 'complete': False}
        self.content = content

    def missing(self, kind: str, expected: Mapping[str, str]) -> list[str]:
        """Names of the files of a kind that are to be made, given what each is to be made from."""
        return [name for name, made_from in expected.items() if not self._is_current(kind, name, made_from)]

    def discard_outdated(self, kind: str, expected: Mapping[str, str]) -> None:
        """Remove the files that were made from something else, those of vanished recordings among them."""
        outdated = [name for name in self.content.get(kind, {})
                    if name not in expected or not self._is_current(kind, name, expected[name])]
        if outdated:
            self.update(complete=False)  # first, for those who read
            for name in outdated:
                self._file_of(kind, name).unlink(missing_ok=True)
                del self.content[kind][name]
            self._save()

    def note(self, kind: str, name: str, made_from: str) -> None:
        """A file is finished; call `save` after it."""
        self.content.setdefault(kind, {})[name] = self._line(kind, name, made_from)
        self.bytes_noted += self._file_of(kind, name).stat().st_size
        self._save()

    def update(self, **facts: Any) -> None:
        """Set facts of the set as a whole, and write them if they are new."""
        if self.content | facts != self.content:
            self.content |= facts
            self._save()

    def _is_current(self, kind: str, name: str, made_from: str) -> bool:
        line = self.content.get(kind, {}).get(name)
        exists = self._file_of(kind, name).is_file()
        return line is not None and exists and line == self._line(kind, name, made_from)

    def _line(self, kind: str, name: str, made_from: str) -> str:
        return f'{_stamp(self._file_of(kind, name))} from {made_from}'

    def _save(self) -> None:
        write_json(self._path, self.content)


def _is_ledger(content: Any) -> bool:
    """Whether JSON is a ledger of this version: lines of text for each kind, and all facts if complete."""
    if not isinstance(content, dict) or content.get('version') != _VERSION:
        return False
    facts = {'feature_dtype', 'scaler_digest'} if content.get('complete') else set()
    kinds = [content.get(kind, {}) for kind in (*_FOLDER_ENDINGS, 'scaler')]
    lines = [line for of_kind in kinds
             for line in (of_kind.values() if isinstance(of_kind, dict) else [None])]
    return ('complete' in content and facts <= content.keys()
            and all(isinstance(line, str) and re.match(r'\d+ bytes', line, re.ASCII) for line in lines))


def _stamp(path: Path) -> str:
    """Size and time of a file: other content has another stamp."""
    status = path.stat()
    return f'{status.st_size} bytes of {status.st_mtime_ns}'


@contextlib.contextmanager
def exclusive(lock_file: str | Path, doing: str, patience_s: float = 0) -> Iterator[None]:
    """Make sure that no other process does the same: it would mix its files with ours.

    The lock is the operating system's: it vanishes with the process, however that ends.

    Parameters
    ----------
    lock_file : path
        Made if need be, and left there, empty.
    doing : str
        For the message, such as 'extracting into features/'.
    patience_s : float
        How long to wait for another process, in seconds.

    Raises
    ------
    InputError
        If another process holds the lock, and does not let it go while there is patience.
    """
    from filelock import FileLock, Timeout

    create_folder(Path(lock_file).parent)
    try:
        lock = FileLock(lock_file, timeout=patience_s).acquire()
    except Timeout:
        raise InputError(f'{lock_file}: another process is {doing}; wait until it has finished, or stop '
                         'it') from None
    with lock:
        yield


@contextlib.contextmanager
def _extracting_into(folder: Path) -> Iterator[None]:
    """The lock of a folder of features; what killed processes left there half-written is cleared."""
    with exclusive(folder / '.extraction.lock', f'extracting into {folder}'):
        for place in (folder, *(each for dataset in FORMATS for each in folder.glob(f'{dataset}_*/'))):
            clear_leftovers(place)
        yield


# ------------------------------------------------------------------------------------------------------------
# A set of recordings, and its extraction
# ------------------------------------------------------------------------------------------------------------


_FOLDER_ENDINGS = {'spectra': '', 'moments': '_moments', 'features': '_norm', 'labels': '_label'}


class _Task(NamedTuple):
    """Work of one pass over a recording."""

    work: Callable[[], list[str]]  # for a worker; returns warnings
    name: str
    makes: dict[str, str]  # kind of file -> what it is made from


class _Pending(NamedTuple):
    """Names of the recordings of which something is still to be made."""

    moments: list[str]
    spectra: list[str]
    features: list[str]
    labels: list[str]
    scaler: bool  # whether the scaler is to be fitted anew

    @property
    def nb_passes(self) -> int:
        """Passes over a recording."""
        return len({*self.moments, *self.spectra}) + len(self.features)


class Summary(NamedTuple):
    """What a run of `extract` did."""

    recordings: int  # of the sets
    made: int  # recordings of which something was made
    megabytes: float  # written
    seconds: float


class FeatureClass:
    """Settings and paths of the development or evaluation set in one format, with the method names of 2019.

    Parameters
    ----------
    dataset_dir : str or Path
        Folder with `foa_dev/`, `mic_dev/`, `metadata_dev/` and, for evaluation, `foa_eval/`, `mic_eval/` and
        perhaps `metadata_eval/`.
    feat_label_dir : str or Path
        Folder for features and labels.
    dataset : {'foa', 'mic'}
        Format of the recordings.
    is_eval : bool
        The evaluation set rather than the development set.
    feature_dtype : {'float32', 'float16'}
        Type of the normalised features: 98 or 49 MB a recording.
    save_spectra : bool
        Also write the raw spectra, 98 MB a recording.
    n_jobs : int
        Processes, -1 for one a core (joblib's rules).

    Raises
    ------
    InputError
        If an argument is none of these.
    """

    def __init__(self, dataset_dir: str | Path = '', feat_label_dir: str | Path = '', dataset: str = 'foa',
                 is_eval: bool = False, *, feature_dtype: str = 'float32', save_spectra: bool = False,
                 n_jobs: int = -1):
        for name, value, legal in (('dataset', dataset, FORMATS),
                                   ('feature_dtype', feature_dtype, SETTINGS['feature_dtype'].choices)):
            if value not in legal:
                raise InputError(f'{name} {value!r}, expected one of {", ".join(legal)}')
        if n_jobs == 0:
            raise InputError('n_jobs 0, expected a number of processes, or -1 for one a core')
        self._dataset = dataset
        self._is_eval = is_eval
        self._feature_dtype = feature_dtype
        self._save_spectra = save_spectra
        self._n_jobs = n_jobs
        part = 'eval' if is_eval else 'dev'
        self.name = f'{dataset}_{part}'
        self._feat_label_dir = Path(feat_label_dir)
        self._audio_dir = Path(dataset_dir) / self.name
        self._description_dir = Path(dataset_dir) / f'metadata_{part}'
        self._scaler_file = self._feat_label_dir / f'{dataset}_wts.npz'
        self._state_file = self._feat_label_dir / f'{self.name}_state.json'

    # ---- the methods of 2019 ----

    def extract_all_feature(self) -> None:
        """Check all input; then the moments of every column, and the raw spectra if asked for."""
        extract([self], stages=(FeatureClass._measure,))

    def preprocess_features(self) -> None:
        """Fit the scaler (development set) and write the normalised features."""
        extract([self], stages=(FeatureClass._normalize,))

    def extract_all_labels(self) -> None:
        """Write the regression labels of all descriptions; needs no recordings."""
        extract([self], stages=(FeatureClass._label,))

    @staticmethod
    def read_desc_file(path: str | Path, in_sec: bool = False) -> dict[str, list]:
        """A description as a dictionary of lists (see `description_dict`)."""
        return description_dict(read_description(path), in_sec)

    @staticmethod
    def get_labels_for_file(description: Mapping[str, Sequence]) -> np.ndarray:
        """Labels (3000, 33) of what `read_desc_file` gave (see `regression_labels`)."""
        return regression_labels(description)

    @staticmethod
    def get_clas_labels_for_file(description: Mapping[str, Sequence]) -> np.ndarray:
        """Labels (3000, 11, 324) of what `read_desc_file` gave (see `classification_labels`)."""
        return classification_labels(description)

    @staticmethod
    def get_list_index(azi: float, ele: float) -> int:
        """Direction index 0..323 of degrees (see `direction_index`)."""
        return direction_index(azi, ele)

    @staticmethod
    def get_matrix_index(ind: int) -> tuple[int, int]:
        """Azimuth and elevation in degrees of a direction index."""
        return AZIMUTHS_DEG[ind // len(ELEVATIONS_DEG)], ELEVATIONS_DEG[ind % len(ELEVATIONS_DEG)]

    @staticmethod
    def get_classes() -> dict[str, int]:
        """Class name to class index."""
        return {name: index for index, name in enumerate(CLASSES)}

    @staticmethod
    def get_azi_ele_list() -> tuple[list[int], list[int]]:
        """Azimuths and elevations of the grid in degrees."""
        return list(AZIMUTHS_DEG), list(ELEVATIONS_DEG)

    @staticmethod
    def get_default_azi_ele_regr() -> tuple[int, int]:
        """Azimuth and elevation in degrees of a class that is not active."""
        return INACTIVE_AZIMUTH_DEG, INACTIVE_ELEVATION_DEG

    @staticmethod
    def get_nb_frames() -> int:
        """Frames of a recording."""
        return NB_FRAMES

    @staticmethod
    def nb_frames_1s() -> int:
        """Frames of a second."""
        return NB_FRAMES_1S

    @staticmethod
    def get_hop_len_sec() -> float:
        """Seconds from a frame to the next."""
        return HOP_LENGTH_S

    @staticmethod
    def get_nb_channels() -> int:
        """Channels of a recording."""
        return NB_CHANNELS

    # ---- where things are ----
    # Strings, as in 2019, so that code which adds to them goes on working.

    def get_audio_dir(self) -> str:
        """Folder of the recordings."""
        return str(self._audio_dir)

    def get_description_dir(self) -> str:
        """Folder of the descriptions."""
        return str(self._description_dir)

    def get_unnormalized_feat_dir(self) -> str:
        """Folder of the raw spectra, which is there if `save_spectra` was set."""
        return str(self._folder('spectra'))

    def get_normalized_feat_dir(self) -> str:
        """Folder of the normalised features."""
        return str(self._folder('features'))

    def get_label_dir(self) -> str:
        """Folder of the labels."""
        return str(self._folder('labels'))

    def get_normalized_wts_file(self) -> str:
        """File of the scaler, which development and evaluation set share."""
        return str(self._scaler_file)

    def has_recordings(self) -> bool:
        """Whether there is a folder of recordings of this set."""
        return self._audio_dir.is_dir()

    def has_descriptions(self) -> bool:
        """Whether there is a folder of descriptions of this set."""
        return self._description_dir.is_dir()

    # ---- reading what was extracted ----

    def check_ready(self, task_id: str | int = '') -> None:
        """Raise an InputError, saying what to run, unless all features and labels are there and usable."""
        folder, name = self._feat_label_dir, self.name
        remedy = f'run `{f"{COMMAND} {task_id}".strip()}`'
        if not self._state_file.exists():
            raise InputError(f'{folder}: no features of {name}; {remedy}')
        ledger = self._ledger().content
        if not ledger['complete']:
            raise InputError(f'{folder}: the features of {name} are not complete (their extraction is at '
                             f'work, or was stopped); {remedy} to finish them')
        if ledger['feature_dtype'] != self._feature_dtype:
            raise InputError(f'{folder}: the features of {name} are {ledger["feature_dtype"]}, the setting '
                             f'feature_dtype is {self._feature_dtype}; change it or {remedy}')
        lines = [(self._file(kind, name), line) for kind in ('features', 'labels')
                 for name, line in ledger.get(kind, {}).items()]
        damaged = [path for path, line in lines if not _has_size(path, line)]
        if damaged:
            raise InputError(f'{damaged[0]}{_and_more(damaged)}: missing or damaged; {remedy}')
        if _digest(*load_scaler(self._scaler_file)) != ledger['scaler_digest']:
            raise InputError(f'{self._folder("features")}: normalised with another scaler than '
                             f'{self._scaler_file}; {remedy}')

    # ---- files, and what each is made from ----

    def _folder(self, kind: str) -> Path:
        return self._feat_label_dir / f'{self.name}{_FOLDER_ENDINGS[kind]}'

    def _file(self, kind: str, name: str) -> Path:
        return self._scaler_file if kind == 'scaler' else self._folder(kind) / f'{name}.npy'

    def _ledger(self) -> _Ledger:
        return _Ledger(self._state_file, self._file)

    def _recordings(self) -> dict[str, Path]:
        """Path of each recording by name, in order."""
        return {path.stem: path for path in _files(self._audio_dir) if path.suffix.lower() in SUFFIXES}

    def _descriptions(self) -> dict[str, Path]:
        return {path.stem: path for path in _files(self._description_dir) if path.suffix.lower() == '.csv'}

    def _sources(self) -> dict[str, str]:
        """What the moments and spectra of each recording are made from."""
        return {name: _stamp(path) for name, path in self._recordings().items()}

    def _scaler_source(self) -> dict[str, str]:
        """What the scaler is made from: the moments of every development recording."""
        sources = '\n'.join(f'{name} {source}' for name, source in self._sources().items())
        return {'scaler': hashlib.sha256(sources.encode()).hexdigest()[:16]}

    def _feature_sources(self, scaler_digest: str) -> dict[str, str]:
        return {name: f'{source}, {self._feature_dtype}, scaler {scaler_digest}'
                for name, source in self._sources().items()}

    def _label_sources(self) -> dict[str, str]:
        return {name: _stamp(path) for name, path in self._descriptions().items()}

    def _pending(self, ledger: _Ledger, *, new_scaler: bool = False) -> _Pending:
        """What is still to be made; `new_scaler` if that of the development set is about to change."""
        sources = self._sources()
        moments = [] if self._is_eval else ledger.missing('moments', sources)
        if not self._is_eval:
            new_scaler = bool(moments or ledger.missing('scaler', self._scaler_source()))
        features = list(sources)
        if not new_scaler and self._scaler_file.exists():
            digest = _digest(*load_scaler(self._scaler_file))
            features = ledger.missing('features', self._feature_sources(digest))
        spectra = ledger.missing('spectra', sources) if self._save_spectra else []
        labels = ledger.missing('labels', self._label_sources())
        return _Pending(moments, spectra, features, labels, new_scaler)

    def _nb_bytes(self, pending: _Pending) -> int:
        """Disk space that the pending files need beyond what they take already."""
        sizes = {'moments': 2 * NB_COLUMNS * 8, 'spectra': NB_FRAMES * NB_BINS * NB_CHANNELS * 8,
                 'features': NB_FRAMES * NB_COLUMNS * np.dtype(self._feature_dtype).itemsize,
                 'labels': NB_FRAMES * 3 * NB_CLASSES * 2}
        needed = 0
        for kind, size in sizes.items():
            files = [self._file(kind, name) for name in getattr(pending, kind)]
            needed += size * len(files) - sum(file.stat().st_size for file in files if file.exists())
        return needed

    # ---- the stages of the extraction ----

    def _measure(self, ledger: _Ledger, on_done: Callable[[list[str]], None]) -> None:
        """Moments of every column of each development recording, and raw spectra if asked for."""
        recordings, sources = self._recordings(), self._sources()
        for kind in ('moments', 'spectra'):
            ledger.discard_outdated(kind, sources)
        pending = self._pending(ledger)
        if not self._is_eval:
            ledger.discard_outdated('scaler', self._scaler_source())
        tasks = []
        for name, recording in recordings.items():
            targets = {kind: self._file(kind, name).absolute() for kind in ('moments', 'spectra')
                       if name in getattr(pending, kind)}
            if targets:
                work = functools.partial(_measure_recording, recording.absolute(), targets.get('moments'),
                                         targets.get('spectra'))
                tasks.append(_Task(work, name, dict.fromkeys(targets, sources[name])))
        self._run(tasks, ledger, on_done)

    def _normalize(self, ledger: _Ledger, on_done: Callable[[list[str]], None]) -> None:
        """The scaler, from the moments (development set only), and the normalised features."""
        recordings = self._recordings()
        if not self._is_eval:
            self._fit_scaler(ledger)
        digest = _digest(*load_scaler(self._scaler_file))
        sources = self._feature_sources(digest)
        ledger.discard_outdated('features', sources)
        ledger.update(feature_dtype=self._feature_dtype, scaler_digest=digest)
        tasks = []
        for name in ledger.missing('features', sources):
            work = functools.partial(_normalize_recording, recordings[name].absolute(),
                                     self._file('features', name).absolute(), self._scaler_file.absolute(),
                                     self._feature_dtype)
            tasks.append(_Task(work, name, {'features': sources[name]}))
        self._run(tasks, ledger, on_done)

    def _fit_scaler(self, ledger: _Ledger) -> None:
        source = self._scaler_source()
        missing = ledger.missing('moments', self._sources())
        if missing:
            raise InputError(f'{self._folder("moments")}: no moments of {missing[0]}{_and_more(missing)}; '
                             'call extract_all_feature() first')
        if not ledger.missing('scaler', source):
            return
        # In the order of the names, so that the sum does not depend on which worker was first.
        moments = (_load_moments(self._file('moments', name)) for name in self._sources())
        with atomic_path(self._scaler_file) as temporary:
            np.savez(temporary, **fit_scaler(functools.reduce(merge_moments, moments)))
        ledger.note('scaler', 'scaler', source['scaler'])

    def _label(self, ledger: _Ledger, on_done: Callable[[list[str]], None]) -> None:
        """The labels of each description: milliseconds a file, so in this process."""
        descriptions, sources = self._descriptions(), self._label_sources()
        ledger.discard_outdated('labels', sources)
        missing = ledger.missing('labels', sources)
        if missing:
            ledger.update(complete=False)
            create_folder(self._folder('labels'))
        for name in missing:
            labels = regression_labels(self.read_desc_file(descriptions[name]))
            # int16 holds them exactly: all directions are on the grid, as was checked.
            _write_array(self._file('labels', name), labels.astype(np.int16))
            ledger.note('labels', name, sources[name])

    def _run(self, tasks: Sequence[_Task], ledger: _Ledger, on_done: Callable[[list[str]], None]) -> None:
        """Do the tasks in parallel and note each; an InputError tells all problems at the end."""
        if not tasks:
            return
        ledger.update(complete=False)
        for kind in {kind for task in tasks for kind in task.makes}:
            create_folder(self._folder(kind))
        problems = []
        work = [functools.partial(_attempt, task.work) for task in tasks]
        for number, (warnings, problem) in run_in_processes(work, self._n_jobs, self._audio_dir):
            if problem:
                problems.append(problem)
            else:
                for kind, made_from in tasks[number].makes.items():
                    ledger.note(kind, tasks[number].name, made_from)
            on_done(warnings)
        _refuse(sorted(problems))

    # ---- checks before the work ----

    def _recording_problems(self) -> list[str]:
        """Everything that is wrong with the recordings as far as folders, names and headers tell."""
        if not self.has_recordings():
            return [f'{self._audio_dir}: no such folder of recordings; set dataset_dir']
        recordings = self._recordings()
        if not recordings:
            return [f'{self._audio_dir}: no recordings ({", ".join(SUFFIXES)}) in this folder']
        problems = []
        spectra = self._folder('spectra')
        if self._save_spectra and spectra.resolve() == self._audio_dir.resolve():
            problems.append(f'{spectra}: raw spectra would stand among the recordings, expected a '
                            'feat_label_dir other than dataset_dir')
        # Of the development set, descriptions without a recording tell what cannot be read.
        for path in sorted(self._audio_dir.iterdir()) if self._is_eval else ():
            if path.suffix.lower() in SUFFIXES and not path.is_file() and not path.name.startswith('.'):
                problems.append(f'{path}: not a file, expected a recording')
        for path in _files(self._audio_dir):
            if path.suffix.lower() not in SUFFIXES:
                _LOG.warning('%s: passed over, recordings are %s', path, ' or '.join(SUFFIXES))
                continue
            if path != recordings[path.stem]:
                problems.append(f'{path}: a second recording of this name, beside '
                                f'{recordings[path.stem].name}')
            try:
                parse_recording_name(path)
                check_recording(path)
            except InputError as error:
                problems.append(str(error))
        return problems + self._foreign_files()

    def _foreign_files(self) -> list[str]:
        """Features without a recording that are not ours to remove: they would be trained on."""
        known = {*self._recordings(), *self._ledger().content.get('features', {})}
        return [f'{path}: belongs to no recording of {self._audio_dir}; remove it'
                for path in _files(self._folder('features'))
                if path.suffix == '.npy' and path.stem not in known]

    def _description_problems(self) -> list[str]:
        """Everything that is wrong with the descriptions, and files of either kind without the other."""
        if not self.has_descriptions():
            return [f'{self._description_dir}: no such folder of descriptions']
        recordings, descriptions = self._recordings(), self._descriptions()
        problems = [problem for path in descriptions.values() for problem in description_problems(path)]
        if recordings:
            problems += [f'{recordings[name]}: no description {self._description_dir / name}.csv'
                         for name in recordings if name not in descriptions]
            problems += [f'{descriptions[name]}: no recording {self._audio_dir / name}.wav'
                         for name in descriptions if name not in recordings]
        elif not descriptions:
            problems.append(f'{self._description_dir}: no descriptions (.csv) in this folder')
        return problems


_Stage = Callable[[FeatureClass, _Ledger, Callable[[list[str]], None]], None]
STAGES: tuple[_Stage, ...] = (FeatureClass._measure, FeatureClass._normalize, FeatureClass._label)


def extract(sets: Sequence[FeatureClass], *, stages: Sequence[_Stage] = STAGES,
            progress: Callable[[int, int], None] | None = None) -> Summary:
    """Make the features and labels of sets that share a folder, as far as they are not there and up to date.

    It may be killed at any moment and run again: what was finished is kept, and the result is the same.

    Parameters
    ----------
    sets : sequence of FeatureClass
        The development set, if among them, first: the evaluation set is normalised with its scaler.
    stages : sequence
        Some of `STAGES`, in their order.
    progress : callable or None
        Told, after each pass over a recording (there are two), how many are done and how many there are.

    Raises
    ------
    InputError
        Before anything is written, with all problems of the input together, a line each; or, for problems
        that were found in the recordings' samples, once the other recordings are finished.
    """
    start_s = time.monotonic()
    _refuse(_problems(sets, stages))
    with _extracting_into(sets[0]._feat_label_dir):
        ledgers = [one._ledger() for one in sets]
        pending = _pending_of_sets(sets, ledgers)
        tell = _Teller(sum(one.nb_passes for one in pending), progress)
        for one, ledger in zip(sets, ledgers):
            for stage in stages:
                stage(one, ledger, tell)
            ledger.update(complete=bool(one._recordings()) and not any(one._pending(ledger)))
    return Summary(recordings=sum(len(one._recordings()) for one in sets),
                   made=sum(len({*one.moments, *one.spectra, *one.features, *one.labels}) for one in pending),
                   megabytes=sum(ledger.bytes_noted for ledger in ledgers) / 1e6,
                   seconds=time.monotonic() - start_s)


class _Teller:
    """Tells the progress, and each warning once."""

    def __init__(self, nb_passes: int, progress: Callable[[int, int], None] | None):
        self._nb_passes = nb_passes
        self._progress = progress
        self._nb_done = 0
        self._warnings: set[str] = set()

    def __call__(self, warnings: Sequence[str]) -> None:
        """A pass over a recording is done, with these warnings."""
        for warning in warnings:
            if warning not in self._warnings:
                _LOG.warning(warning)
        self._warnings.update(warnings)
        self._nb_done += 1
        if self._progress:
            self._progress(self._nb_done, self._nb_passes)


def _pending_of_sets(sets: Sequence[FeatureClass], ledgers: Sequence[_Ledger]) -> list[_Pending]:
    pending = []
    for one, ledger in zip(sets, ledgers):
        pending.append(one._pending(ledger, new_scaler=any(before.scaler for before in pending)))
    return pending


def _problems(sets: Sequence[FeatureClass], stages: Sequence[_Stage]) -> list[str]:
    """All that stands in the way of the stages, one line each."""
    with_features = list(stages) != [FeatureClass._label]
    problems = []
    for one in sets:
        if with_features:
            problems += one._recording_problems()
        # The evaluation set's descriptions were published after the challenge, and may be missing.
        if not with_features or not one._is_eval or one.has_descriptions():
            problems += one._description_problems()
    if with_features:
        problems += _disk_problems(sets)
    if FeatureClass._normalize in stages and sets[0]._is_eval and not sets[0]._scaler_file.is_file():
        problems.append(f'{sets[0]._scaler_file}: no scaler, and the evaluation set is normalised with that '
                        f'of the development set; run `{COMMAND}` with {sets[0]._dataset}_dev/ in '
                        'dataset_dir first')
    return problems


def _disk_problems(sets: Sequence[FeatureClass]) -> list[str]:
    folder = sets[0]._feat_label_dir.absolute()
    pending = _pending_of_sets(sets, [one._ledger() for one in sets])
    needed = sum(one._nb_bytes(of_one) for one, of_one in zip(sets, pending))
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if needed <= free:
        return []
    return [f'{folder}: {free / 1e9:.1f} GB free, expected {needed / 1e9:.1f} GB; set feat_label_dir to '
            'another disk, or feature_dtype to float16 for half of it']


def _refuse(problems: Sequence[str]) -> None:
    if len(problems) == 1:
        raise InputError(problems[0])
    if problems:
        raise InputError('\n  '.join([f'{len(problems)} problems:', *problems]))


def _files(folder: Path) -> list[Path]:
    """The files of a folder in order, hidden ones aside; none if there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if path.is_file() and not path.name.startswith('.')),
                  key=recording_order)


def _digest(*arrays: np.ndarray) -> str:
    """Short name of some numbers: others have another."""
    return hashlib.sha256(b''.join(array.tobytes() for array in arrays)).hexdigest()[:16]


def _has_size(path: Path, line: str) -> bool:
    """Whether a file is there in the size that its line in the ledger says."""
    return path.is_file() and path.stat().st_size == int(line.split()[0])


def _and_more(items: Sequence) -> str:
    return f' and {len(items) - 1} more' if len(items) > 1 else ''
