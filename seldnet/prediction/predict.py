"""A recording and a trained model -> rows and events, in one call.

    from seldnet.prediction.predict import predict

    prediction = predict('street.wav', 'models/4_first_foa_dev_split1_model.keras')
    for event in prediction.events:
        ...
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seldnet.annotations.dataset import NB_CHANNELS
from seldnet.annotations.descriptions import Event
from seldnet.common.errors import InputError
from seldnet.common.scripts import stderr_held_back
from seldnet.extraction.audio import CHUNK_S, check_recording, padded, resampled_chunks
from seldnet.prediction.event_list import find_events
from seldnet.prediction.levels import Levels
from seldnet.prediction.sequences import feature_blocks, predict_rows
from seldnet.prediction.trained_model import Network, TrainedModel, read_trained_model

LEAST_RATE_HZ = 40000  # with a lower one a part of what can be heard is missing


class Prediction(NamedTuple):
    """What a model finds in a recording.

    Attributes
    ----------
    rows : int32 array, shape (rows, 4)
        Frame (20 ms), class index, azimuth and elevation in degrees, a row an active class of a frame.
    events : list of Event
        With times in seconds, and one direction each.
    warnings : list of str
        What is odd about the recording's levels.
    """

    rows: np.ndarray
    events: list[Event]
    warnings: list[str]


def predict(recording: str | Path, model: str | Path | TrainedModel, *, overlap: int | None = None,
            network: Network | None = None, progress: Callable[[float], None] | None = None) -> Prediction:
    """Run a trained model on a recording of any length and rate.

    Nothing is printed or written, and it may be called from any folder and thread. While a network is loaded,
    at the first call for it, nothing of what the process writes to stderr is shown: TensorFlow logs about
    itself there, whatever its log level.

    Parameters
    ----------
    recording : path
        With the four channels of the model's format.
    model : path or TrainedModel
        A file `..._model.keras` of `seld.py`, with the run's other files beside it.
    overlap : int, optional
        Frames that neighbouring sequences share, by default half a sequence. With 0 they stand end to end, as
        in `seld.py`, and a recording not longer than the data set's (and its grace) is cut or zero-padded to
        that: the output is that of `seld.py`.
    network : function, optional
        Of `model.load_network()`, to load it once for many recordings. Of a path, the network that was loaded
        last is kept.
    progress : function, optional
        Called with the seconds of sound that were read since the last call.

    Returns
    -------
    Prediction

    Raises
    ------
    InputError
        If the model or the recording cannot be read, or do not suit each other.
    """
    path = Path(recording)
    if not isinstance(model, TrainedModel):
        model = read_trained_model(model)
    network = network or _network_of(model)
    dataset = model.dataset
    overlap = check_overlap(model, overlap)
    check_recording(path, any_rate=True, dataset=dataset)
    seconds, _, _ = recording_facts(path)
    levels = Levels(model.usual_magnitude, model.method.kind)
    chunks = levels.add_samples(resampled_chunks(path, dataset=dataset))
    if progress:
        chunks = _reporting(chunks, dataset.sample_rate_hz, progress)
    if overlap == 0 and seconds <= dataset.longest_s:
        chunks = padded(chunks, dataset.nb_samples, CHUNK_S * dataset.sample_rate_hz)
    try:
        rows = predict_rows(feature_blocks(chunks, model, levels), model, network, overlap)
    except ValueError as error:
        # What reads the file names it; functions that get arrays cannot.
        named = isinstance(error, InputError) and str(error).startswith(str(path))
        raise error if named else InputError(f'{path}: {error}') from error
    return Prediction(rows, find_events(rows, dataset=dataset), levels.warnings())


def check_overlap(model: TrainedModel, overlap: int | None) -> int:
    """The overlap in frames, by default half a sequence.

    Parameters
    ----------
    model : TrainedModel
    overlap : int or None

    Returns
    -------
    int
        0..sequence_length - 1.

    Raises
    ------
    InputError
        If it is negative, or not shorter than a sequence.
    """
    overlap = model.sequence_length // 2 if overlap is None else overlap
    if not 0 <= overlap < model.sequence_length:
        raise InputError(f'--overlap: got {overlap}, expected 0 to {model.sequence_length - 1}: the '
                         f'sequences of this model are {model.sequence_length} frames long')
    return overlap


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


def recording_notes(path: Path, model: TrainedModel) -> Iterator[str]:
    """What is done to a recording because it is not of the data set's rate, or has more channels.

    Parameters
    ----------
    path : Path
        That `check_recording` has passed.
    model : TrainedModel
        Whose data set's rate holds.

    Yields
    ------
    str
        At most two; none for a recording as the data set has them.
    """
    _, rate_hz, nb_channels = recording_facts(path)
    if rate_hz != model.dataset.sample_rate_hz:
        yield (f'resampled from {rate_hz} to {model.dataset.sample_rate_hz} Hz by soxr'
               + (f'; it has nothing above {rate_hz / 2000:g} kHz, where the model expects sound'
                  if rate_hz < LEAST_RATE_HZ else ''))
    if nb_channels > NB_CHANNELS:
        yield f'{nb_channels} channels, only the first {NB_CHANNELS} are used'


_LOADED: dict[tuple[Path, int], Network] = {}  # the network that was loaded last, by file and its time
_LOADING = threading.Lock()  # stderr belongs to the whole process


def _network_of(model: TrainedModel) -> Network:
    """The network of a model, which is loaded if it is not the last one, or if its file has changed."""
    key = model.path.resolve(), model.path.stat().st_mtime_ns
    with _LOADING:
        if key not in _LOADED:
            with stderr_held_back():
                network = model.load_network()
            _LOADED.clear()
            _LOADED[key] = network
        return _LOADED[key]


def _reporting(chunks: Iterable[np.ndarray], rate_hz: int,
               progress: Callable[[float], None]) -> Iterator[np.ndarray]:
    for chunk in chunks:
        yield chunk
        progress(len(chunk) / rate_hz)
