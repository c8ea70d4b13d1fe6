"""A recording, or an endless stream, and a trained model (or several) -> rows and events, in one call.

    from seldnet.prediction.predict import predict, predict_stream

    prediction = predict('street.wav', 'models/4_first_foa_dev_split1_model.keras')
    for event in prediction.events:
        ...
    for part in predict_stream(blocks_of_a_sound_card, 'models/4_first_foa_dev_split1_model.keras'):
        part.rows, part.events
"""

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seldnet.annotations.dataset import NB_CHANNELS, Dataset
from seldnet.annotations.descriptions import Event
from seldnet.common.errors import InputError
from seldnet.common.scripts import stderr_held_back
from seldnet.extraction.ambisonics import full_scale_of, to_n3d
from seldnet.extraction.audio import (
    CHUNK_S,
    check_recording,
    convention_of,
    padded,
    resampled_chunks,
    used_channels,
)
from seldnet.extraction.levels import Magnitudes, SampleLevels, level_warnings
from seldnet.extraction.likeness import Likeness
from seldnet.extraction.resampling import resampled
from seldnet.extraction.spectra import stft_blocks
from seldnet.methods.soft_scores import Scores, Thresholds
from seldnet.prediction.ensemble import Ensemble, Models
from seldnet.prediction.event_list import EventFinder, find_events
from seldnet.prediction.trained_model import Network

Networks = Network | Sequence[Network]  # one a model


class Prediction(NamedTuple):
    """What a model finds in a recording.

    Attributes
    ----------
    rows : int32 array, shape (rows, 4)
        Frame (20 ms), class index, azimuth and elevation in degrees, a row an active class of a frame.
    events : list of Event
        With times in seconds, one direction each, and a confidence.
    warnings : list of str
        What is odd about the recording: its levels, or that it looks like one of another format.
    scores : Scores or None
        Activities and directions of all classes in all frames, where they were asked for.
    """

    rows: np.ndarray
    events: list[Event]
    warnings: list[str]
    scores: Scores | None = None


class StreamPart(NamedTuple):
    """What has become final since the part before.

    Attributes
    ----------
    rows : int array, shape (rows, 4)
        As of `Prediction`.
    events : list of Event
        That have ended.
    nb_frames : int
        Frames that are final by now.
    """

    rows: np.ndarray
    events: list[Event]
    nb_frames: int


def predict(recording: str | Path, model: Models | Ensemble, *, overlap: int | None = None,
            network: Networks | None = None, progress: Callable[[float], None] | None = None,
            thresholds: Thresholds | None = None, gain_db: float = 0,
            keep_scores: bool = False) -> Prediction:
    """Run a trained model on a recording of any length and rate.

    Nothing is printed or written, and it may be called from any folder and thread. While a network is loaded,
    at the first call for it, nothing of what the process writes to stderr is shown: TensorFlow logs about
    itself there, whatever its log level.

    Parameters
    ----------
    recording : path
        With the four channels of the model's format.
    model : path, TrainedModel, Ensemble, or sequence of paths or TrainedModels
        A file `..._model.keras` of `seld.py`, with the run's other files beside it. Of several models the
        activities are averaged, and the directions as vectors.
    overlap : int, optional
        Frames that neighbouring sequences share, by default half a sequence. With 0 they stand end to end, as
        in `seld.py`; where the data set's recordings are of one length, a recording not longer than that (and
        its grace) is then cut or zero-padded to it: the output is that of `seld.py`.
    network : function or sequence of functions, optional
        Of `model.load_network()`, to load it once for many recordings; one a model. Of a path, the network
        that was loaded last is kept.
    progress : function, optional
        Called with the seconds of sound that were read since the last call.
    thresholds : float or mapping of class names to floats, optional
        A class is active where its activity is above it, from 0 to 1; by default that of the method.
    gain_db : float
        By which the recording is made louder, or weaker, before.
    keep_scores : bool
        Whether `scores` are kept, 24 bytes a class and frame.

    Returns
    -------
    Prediction

    Raises
    ------
    InputError
        If a model or the recording cannot be read, they do not suit each other, or an argument is none.
    """
    path = Path(recording)
    ensemble = _ensemble(model, overlap, thresholds)
    gain = gain_of(gain_db)
    networks = _networks(ensemble, network)
    dataset = ensemble.dataset
    options = {'dataset': dataset, 'audio_format': ensemble.audio_format}
    check_recording(path, any_rate=True, **options)
    notes = _Notes(dataset, convention_of(path, **options))
    chunks = notes.samples.passing(resampled_chunks(path, **options))
    if progress:
        chunks = _reporting(chunks, dataset.sample_rate_hz, progress)
    if (ensemble.is_end_to_end and dataset.nb_samples is not None
            and recording_facts(path).seconds <= dataset.recording_s + dataset.grace_s):
        chunks = padded(chunks, dataset.nb_samples, CHUNK_S * dataset.sample_rate_hz)
    parts, kept, nb_frames = [], [], 0
    try:
        spectra = stft_blocks(_louder(chunks, gain), dataset=dataset, precision=ensemble.precision)
        for scores in ensemble.scores(notes.passing(spectra), networks, notes.magnitudes):
            parts.append(ensemble.rows(scores, nb_frames))
            nb_frames += len(scores.activity)
            if keep_scores:
                kept.append(scores)
    except ValueError as error:
        # What reads the file names it; functions that get arrays cannot.
        named = isinstance(error, InputError) and str(error).startswith(str(path))
        raise error if named else InputError(f'{path}: {error}') from error
    rows = np.concatenate([np.zeros((0, 4), np.int32), *(rows.astype(np.int32) for rows, _ in parts)])
    activity = np.concatenate([np.zeros(0), *(activity for _, activity in parts)])
    return Prediction(rows, find_events(rows, activity, dataset=dataset), notes.warnings(ensemble, gain),
                      Scores(*map(np.concatenate, zip(*kept))) if kept else None)


def predict_stream(blocks: Iterable[np.ndarray], model: Models | Ensemble, *,
                   sample_rate_hz: int | None = None, overlap: int | None = None, batch_sequences: int = 1,
                   network: Networks | None = None, thresholds: Thresholds | None = None,
                   gain_db: float = 0) -> Iterator[StreamPart]:
    """Run a trained model on blocks of sound as they come, however many, in constant memory.

    A row is given at most `Ensemble(model).delay_frames(batch_sequences)` frames of 20 ms after its frame has
    begun (for sequences of 128 frames 130, 2.6 s; soxr adds a few hundredths of a second where it resamples),
    and then waits for the end of the block that it is in. An event is given with the piece of rows that shows
    that it has ended: that of the fifth frame after its last one. Together the parts are what `predict` finds
    in a recording of the same samples: with `batch_sequences` as of `TrainedModel` to the bit, with another
    number but for rounding in the last bits of the network's output.

    Parameters
    ----------
    blocks : iterable of float arrays, shape (samples, channels)
        One after the other, of any lengths; full scale is 1. Channels and convention as of the model's data
        set.
    model : path, TrainedModel, Ensemble, or sequence of paths or TrainedModels
        As of `predict`.
    sample_rate_hz : int, optional
        Of the blocks, by default the data set's.
    overlap : int, optional
        Frames that neighbouring sequences share, by default half a sequence.
    batch_sequences : int
        Sequences that the network is given at a time, at least 1: more take less time and wait longer.
    network : function or sequence of functions, optional
        As of `predict`.
    thresholds : float or mapping of class names to floats, optional
    gain_db : float

    Yields
    ------
    StreamPart
        For each piece of frames that has become final, also where nothing is found in it, and one at the end.

    Raises
    ------
    InputError
        As `predict`, and for blocks that are no such arrays; when the generator runs.
    """
    ensemble = _ensemble(model, overlap, thresholds)
    gain = gain_of(gain_db)
    dataset = ensemble.dataset
    rate_hz = dataset.sample_rate_hz if sample_rate_hz is None else sample_rate_hz
    for name, value in (('sample_rate_hz', rate_hz), ('batch_sequences', batch_sequences)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise InputError(f'{name}: got {value!r}, expected a whole number from 1')
    networks = _networks(ensemble, network)
    chunks = resampled(_checked_blocks(blocks, ensemble), rate_hz, dataset.sample_rate_hz)
    finder, nb_frames = EventFinder(dataset), 0
    spectra = stft_blocks(_louder(chunks, gain), dataset=dataset, precision=ensemble.precision)
    for scores in ensemble.scores(spectra, networks, batch_sequences=batch_sequences):
        rows, activity = ensemble.rows(scores, nb_frames)
        nb_frames += len(scores.activity)
        yield StreamPart(rows, finder.add(rows, activity, nb_frames), nb_frames)
    yield StreamPart(np.zeros((0, 4), int), finder.finish(), nb_frames)


def gain_of(gain_db: float) -> float:
    """The factor of a gain.

    Parameters
    ----------
    gain_db : float

    Returns
    -------
    float

    Raises
    ------
    InputError
        If it is not finite, or beyond what can be meant.
    """
    if not (math.isfinite(gain_db) and abs(gain_db) <= _LARGEST_GAIN_DB):
        raise InputError(f'--gain_db: got {gain_db}, expected -{_LARGEST_GAIN_DB} to {_LARGEST_GAIN_DB}')
    return 10 ** (gain_db / 20)


_LARGEST_GAIN_DB = 200  # 32-bit integers are 187 dB above full scale


class RecordingFacts(NamedTuple):
    """What a recording's header says."""

    seconds: float
    sample_rate_hz: int
    nb_channels: int


def recording_facts(path: Path) -> RecordingFacts:
    """Length, rate and channels of a recording.

    Parameters
    ----------
    path : Path
        That `check_recording` has passed: what cannot be decoded is soundfile's error here.

    Returns
    -------
    RecordingFacts
    """
    import soundfile

    info = soundfile.info(path)
    return RecordingFacts(info.frames / info.samplerate, info.samplerate, info.channels)


class _Notes:
    """What is noted about a recording while it passes."""

    def __init__(self, dataset: Dataset, convention: str):
        self.samples = SampleLevels(full_scale_of(convention))
        self.magnitudes = Magnitudes()
        self._likeness = Likeness(dataset)

    def passing(self, spectra: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for spectrum in spectra:
            self._likeness.add(spectrum)
            yield spectrum

    def warnings(self, ensemble: Ensemble, gain: float) -> list[str]:
        model = ensemble.models[0]
        warnings = self.samples.warnings(gain)
        if self.samples.peak:
            far = level_warnings(self.magnitudes.levels(), model.usual_magnitude,
                                 'what the model was trained on')
            warnings += [f'{warning}; bring the recording to that level (--gain_db)' for warning in far]
        looks_like = self._likeness.warning(model.audio_format)
        return warnings + ([looks_like] if looks_like else [])


def _ensemble(model: Models | Ensemble, overlap: int | None, thresholds: Thresholds | None) -> Ensemble:
    if isinstance(model, Ensemble):
        if overlap is not None or thresholds is not None:
            raise InputError('overlap and thresholds: got some beside an Ensemble, expected them in it')
        return model
    return Ensemble(model, overlap=overlap, thresholds=thresholds)


def _checked_blocks(blocks: Iterable[np.ndarray], ensemble: Ensemble) -> Iterator[np.ndarray]:
    """The four channels of blocks, as those of a recording."""
    dataset = ensemble.dataset
    convention = dataset.ambisonics if ensemble.audio_format == 'foa' else 'n3d'
    for number, block in enumerate(blocks):
        block = np.asarray(block)
        where = f'block {number} of the stream'
        if block.ndim != 2 or not np.issubdtype(block.dtype, np.floating):
            raise InputError(f'{where}: {block.dtype} of shape {block.shape}, expected floating-point '
                             f'numbers of shape (samples, {NB_CHANNELS}), full scale 1')
        channels = used_channels(where, block.shape[1], dataset, ensemble.audio_format)
        chunk = block[:, channels].astype(np.float32)
        if not np.isfinite(chunk).all():
            sample, channel = np.argwhere(~np.isfinite(chunk))[0]
            raise InputError(f'{where}: sample {sample} of channel {channels[channel] + 1} is '
                             f'{chunk[sample, channel]}, expected a finite number')
        yield to_n3d(chunk, convention)


def _louder(chunks: Iterable[np.ndarray], gain: float) -> Iterable[np.ndarray]:
    return chunks if gain == 1 else (chunk * np.float32(gain) for chunk in chunks)


_LOADED: dict[tuple[Path, int], Network] = {}  # the networks of the last call, by file and its time
_LOADING = threading.Lock()  # stderr belongs to the whole process


def _networks(ensemble: Ensemble, given: Networks | None) -> list[Network]:
    """The networks of the models; what is not among those of the last call, or has changed, is loaded."""
    if given is not None:
        return [given] if callable(given) else list(given)
    keys = [(model.path.resolve(), model.path.stat().st_mtime_ns) for model in ensemble.models]
    with _LOADING:
        for key in _LOADED.keys() - set(keys):
            del _LOADED[key]
        for key, model in zip(keys, ensemble.models):
            if key not in _LOADED:
                with stderr_held_back():
                    _LOADED[key] = model.load_network()
        return [_LOADED[key] for key in keys]


def _reporting(chunks: Iterable[np.ndarray], rate_hz: int,
               progress: Callable[[float], None]) -> Iterator[np.ndarray]:
    for chunk in chunks:
        yield chunk
        progress(len(chunk) / rate_hz)
