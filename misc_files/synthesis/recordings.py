"""A recording: events in a room with ambience, as files."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import fftconvolve, lfilter

from misc_files.synthesis.events import draw_events
from misc_files.synthesis.plan import recording_paths
from misc_files.synthesis.rooms import LEAD, ROOMS, Room, room_responses
from misc_files.synthesis.sounds import make_sound
from seldnet.annotations.dataset import FORMATS, NB_CHANNELS, TAU2019, Dataset, RecordingName
from seldnet.annotations.descriptions import Event, write_description
from seldnet.common.files import atomic_path

SNR_DB = 30.0  # mean over events of the power over their labelled time, in the mean of the channels
AMBIENCE_FLOOR = 0.03  # of the ambience's amplitude at low frequencies: what remains of it at high ones


def render(events: Sequence[Event], sounds: Sequence[np.ndarray], room: Room, audio_format: str,
           seconds: float, rng: np.random.Generator, *, dataset: Dataset = TAU2019) -> np.ndarray:
    """Play events in a room with ambience.

    Parameters
    ----------
    events : sequence of Event
        At least one.
    sounds : sequence of np.ndarray
        The sound of each event, at the level at which it arrives from 1 m.
    room : Room
    audio_format : str
        One of `FORMATS`.
    seconds : float
        Length of the recording; what sounds later is cut off.
    rng : np.random.Generator
        Draws the ambience.
    dataset : Dataset
        Its sample rate.

    Returns
    -------
    np.ndarray
        (seconds * rate) x 4 samples, float64, full scale = 1.
    """
    rate_hz = dataset.sample_rate_hz
    nb_samples = round(seconds * rate_hz)
    # A response begins LEAD samples before the arrival, so the scene begins as much before the recording.
    scene = np.zeros((NB_CHANNELS, LEAD + nb_samples))
    powers = []
    responses = room_responses(room, events, audio_format, dataset=dataset)
    for event, sound, response in zip(events, sounds, responses):
        wet = fftconvolve(response, sound[np.newaxis, :], axes=1)
        powers.append(np.mean(wet[:, LEAD:LEAD + len(sound)] ** 2))
        place = scene[:, round(event.start_s * rate_hz):][:, :wet.shape[1]]
        place += wet[:, :place.shape[1]]
    ambience_db = np.mean(10 * np.log10(powers)) - SNR_DB
    ambience = 10 ** (ambience_db / 20) * draw_ambience(rng, nb_samples, room.ambience_hz, dataset=dataset)
    return (scene[:, LEAD:] + ambience).T


def draw_ambience(rng: np.random.Generator, nb_samples: int, cutoff_hz: float, *,
                  dataset: Dataset = TAU2019) -> np.ndarray:
    """Independent noise of power 1, channels x samples, that falls by 6 dB an octave above `cutoff_hz`."""
    pole = math.exp(-2 * math.pi * cutoff_hz / dataset.sample_rate_hz)
    white = rng.standard_normal((NB_CHANNELS, nb_samples))
    noise = lfilter([1 - pole], [1, -pole], white) + AMBIENCE_FLOOR * white
    return noise / np.sqrt(np.mean(noise ** 2))


def synthesize_recording(folder: str | Path, recording: RecordingName, formats: Sequence[str], seconds: float,
                         seed: int, *, dataset: Dataset = TAU2019) -> None:
    """Make a recording and write its files, which depend on nothing but the arguments.

    Parameters
    ----------
    folder : str or Path
        Of the data set; its folders must exist.
    recording : RecordingName
        Of `plan_recordings`: room and overlap are never None.
    formats : sequence of str
        Some of `FORMATS`.
    seconds : float
        Length of the recording.
    seed : int
        Of the whole data set.
    dataset : Dataset
        Its classes, directions, sample rate and folders.
    """
    paths = recording_paths(folder, recording, formats, dataset=dataset)
    seeds = [seed, recording.split, recording.number]  # a generator of its own: the order does not matter
    rng = np.random.default_rng(seeds)
    events = draw_events(rng, recording.overlap, seconds, dataset=dataset)
    sounds = [make_sound(rng, dataset.classes[event.class_index], event.end_s - event.start_s,
                         dataset=dataset) for event in events]
    for audio_format in formats:
        ambience_rng = np.random.default_rng([*seeds, 1 + FORMATS.index(audio_format)])
        signals = render(events, sounds, ROOMS[recording.room], audio_format, seconds, ambience_rng,
                         dataset=dataset)
        samples = np.clip(np.round(signals * 32768), -32768, 32767).astype(np.int16)
        with atomic_path(paths[audio_format]) as temporary:
            try:
                soundfile.write(temporary, samples, dataset.sample_rate_hz, subtype='PCM_16')
            except soundfile.LibsndfileError as error:  # its text alone says why
                raise OSError(f'{error.error_string.rstrip(".")}') from error
    write_description(paths['metadata'], events, dataset=dataset)
