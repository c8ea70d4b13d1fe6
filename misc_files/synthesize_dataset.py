"""Make a small data set in the layout of TAU Spatial Sound Events 2019, to run everything without a download.

    python misc_files/synthesize_dataset.py                               # 24 + 4 recordings into demo/data/
    python misc_files/synthesize_dataset.py FOLDER --recordings 4 --eval_recordings 2 --formats foa
    python misc_files/synthesize_dataset.py FOLDER --seconds 10 --seed 7  # short recordings, another draw

A one-minute recording takes 23 MB a format. What stands in for what:

Rooms     Five shoebox rooms (ir0 to ir4), simulated by image sources with pyroomacoustics.
FOA       Coincident omnidirectional and figure-of-eight microphones at the array's centre: W, Y, Z, X with
          N3D gains.
MIC       Four directional capsules at the real positions (radius 4.2 cm), facing outwards. They approximate
          the rigid sphere of the real array: its delays are those of open air, and its shadow, which truly
          grows with frequency, is one sub-cardioid pattern for all frequencies.
Classes   Eleven procedural sounds, each event a new variation. None is a recording of what it is named after.
Ambience  Independent noise in each channel, average event SNR 30 dB. For FOA this is an isotropic diffuse
          field (its N3D channels are uncorrelated and equally strong); for MIC that holds only above the
          2.5 kHz or so from which neighbouring capsules hear a diffuse field independently.
Labels    Onset = arrival of the direct sound at the array's centre (3 ms a metre after it was emitted).
          Offset = end of the dry sound; the room rings on.

The same seed writes the same bytes, whatever the number of processes (and with the same versions of the
libraries, which synthesis.json names). A run that was interrupted is finished by running it again.
"""

import argparse
import functools
import math
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyroomacoustics as pra
import soundfile
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq
from scipy.signal import fftconvolve, lfilter
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from cls_feature_class import Event, create_folder, exclusive, run_in_processes, write_description
from parameter import (
    AZIMUTHS_DEG,
    CLASSES,
    ELEVATIONS_DEG,
    FORMATS,
    NB_CHANNELS,
    NB_CLASSES,
    RECORDING_S,
    SAMPLE_RATE_HZ,
    SETTINGS,
    InputError,
    RecordingName,
    atomic_path,
    clear_leftovers,
    exit_with_one_line,
    read_json,
    script_parser,
    write_json,
)

SCRIPT_VERSION = 1  # part of the settings: raise it whenever the same settings come to give other bytes
SETTINGS_FILE = 'synthesis.json'  # written last: where it stands, the data set is whole
UNFINISHED_FILE = '.synthesis-unfinished.json'  # the settings while the data set is in the making

# ------------------------------------------------------------------------------------------------------------
# Who sounds when and where: measured on the real development set's 400 descriptions (15,798 events)
# ------------------------------------------------------------------------------------------------------------

# A recording is one layer of events (ov1) or two independent ones (ov2; the description lists one after the
# other). In a layer the first event starts within a second, and the silences between events are uniform.
FIRST_START_S = (0.0, 1.0)
GAP_S = (0.5, 1.5)
OV1_MARGIN_S = 1.0  # ov1: events end before 59 s. ov2: events start before 60 s, and the last are cut off

# All classes are equally frequent. Shortest, median and longest event of each:
DURATIONS_S = {
    'knock': (0.50, 0.74, 1.09), 'drawer': (0.61, 0.96, 1.63), 'clearthroat': (0.37, 0.74, 1.62),
    'phone': (0.80, 2.04, 3.24), 'keysDrop': (0.21, 0.28, 0.49), 'speech': (1.31, 1.77, 3.34),
    'keyboard': (1.10, 1.77, 3.05), 'pageturn': (0.67, 1.03, 2.12), 'cough': (0.69, 0.97, 2.19),
    'doorslam': (0.31, 0.46, 0.66), 'laughter': (0.53, 1.65, 2.74),
}

# Half of the events are at 1 m, half at 2 m; all directions of a distance are equally frequent.
ELEVATIONS_BY_DISTANCE_DEG = {1: ELEVATIONS_DEG, 2: tuple(ele for ele in ELEVATIONS_DEG if abs(ele) <= 20)}


def draw_events(rng: np.random.Generator, overlap: int, seconds: float) -> list[Event]:
    """Draw the events of a recording with at most `overlap` (1 or 2) at once, layer after layer."""
    events = []
    for _ in range(overlap):
        start_s = rng.uniform(*FIRST_START_S)
        while True:
            class_index = int(rng.integers(NB_CLASSES))
            end_s = start_s + _draw_duration_s(rng, CLASSES[class_index])
            if start_s >= seconds or (overlap == 1 and end_s > seconds - OV1_MARGIN_S):
                break
            distance_m = int(rng.integers(1, 3))
            elevation_deg = int(rng.choice(ELEVATIONS_BY_DISTANCE_DEG[distance_m]))
            azimuth_deg = int(rng.choice(AZIMUTHS_DEG))
            events.append(Event(class_index, start_s, end_s, azimuth_deg, elevation_deg, distance_m))
            start_s = end_s + rng.uniform(*GAP_S)
    return events


def _draw_duration_s(rng: np.random.Generator, name: str) -> float:
    shortest, median, longest = DURATIONS_S[name]
    low, high = (shortest, median) if rng.random() < 0.5 else (median, longest)
    return low * (high / low) ** rng.random()


# ------------------------------------------------------------------------------------------------------------
# What the eleven sounds are made of. A sound is one channel, float64, of any level
# ------------------------------------------------------------------------------------------------------------

Bump = tuple[float, float, float]  # a spectrum's bell over octaves: centre (Hz), half width (octaves), gain


def _vary(rng: np.random.Generator, value: float, octaves: float = 0.2) -> float:
    return value * 2 ** rng.uniform(-octaves, octaves)


def _time_s(nb_samples: int) -> np.ndarray:
    return np.arange(nb_samples) / SAMPLE_RATE_HZ


def _coloured(sound: np.ndarray, *bumps: Bump) -> np.ndarray:
    """The sound with its spectrum weighted by a sum of bumps."""
    nb_fft = next_fast_len(len(sound), real=True)
    octave = np.log2(np.maximum(rfftfreq(nb_fft, 1 / SAMPLE_RATE_HZ), 1.0))
    weight = sum(gain * np.exp(-0.5 * ((octave - math.log2(hz)) / width) ** 2) for hz, width, gain in bumps)
    return irfft(rfft(sound, nb_fft) * weight, nb_fft)[:len(sound)]


def _noise(rng: np.random.Generator, nb_samples: int, *bumps: Bump) -> np.ndarray:
    return _coloured(rng.standard_normal(nb_samples), *bumps)


def _voice(pitch_hz: np.ndarray, *formants: Bump) -> np.ndarray:
    """A sawtooth that follows `pitch_hz` (a value for each sample), through formants."""
    phase = np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    return _coloured(2 * (phase % 1) - 1, *formants)


def _ringing(rng: np.random.Generator, nb_samples: int, modes_hz: Sequence[float],
             decay_s: float) -> np.ndarray:
    """Decaying sines, struck together; the higher a mode, the faster it decays."""
    time_s = _time_s(nb_samples)
    return sum(np.exp(-time_s / (decay_s * math.sqrt(modes_hz[0] / hz)))
               * np.sin(2 * np.pi * (hz * time_s + rng.random())) for hz in modes_hz)


def _steps(rng: np.random.Generator, nb_samples: int, rate_hz: float, low: float, high: float) -> np.ndarray:
    """A random value between `low` and `high`, drawn anew `rate_hz` times a second."""
    length = round(SAMPLE_RATE_HZ / rate_hz)
    return np.repeat(rng.uniform(low, high, nb_samples // length + 1), length)[:nb_samples]


def _pieces(rng: np.random.Generator, nb_samples: int, rate_hz: float, jitter: float) -> list[slice]:
    """Cut a length into about `rate_hz` pieces a second; borders are off by up to half of `jitter` pieces."""
    count = max(1, round(nb_samples / SAMPLE_RATE_HZ * rate_hz))
    borders = np.arange(count + 1.0)
    borders[1:-1] += rng.uniform(-jitter / 2, jitter / 2, count - 1)
    borders = np.round(borders * nb_samples / count).astype(int)
    return [slice(start, stop) for start, stop in pairwise(borders)]


def _arch(nb_samples: int, rise: float) -> np.ndarray:
    """An envelope that goes up over the share `rise` of its length and down over the rest."""
    position = (np.arange(nb_samples) + 0.5) / nb_samples
    return np.minimum(position / rise, (1 - position) / (1 - rise))


# ------------------------------------------------------------------------------------------------------------
# The eleven sounds: each fills a length in samples with a new variation
# ------------------------------------------------------------------------------------------------------------


def _knock(rng: np.random.Generator, nb_samples: int) -> np.ndarray:
    """A row of wooden blows, about seven a second: a few low modes and a short click."""
    sound = np.zeros(nb_samples)
    modes_hz = _vary(rng, 500) * np.array([1, 1.58, 2.31, 3.2])
    for piece in _pieces(rng, nb_samples, _vary(rng, 7), jitter=0.2):
        length = piece.stop - piece.start
        click = _noise(rng, length, (2500, 1.0, 1)) * np.exp(-_time_s(length) / 0.015)
        sound[piece] = rng.uniform(0.7, 1) * (_ringing(rng, length, modes_hz, 0.06) + 1.5 * click)
    return sound


def _drawer(rng: np.random.Generator, nb_samples: int) -> np.ndarray:
    """A rolling rumble that rattles about 30 times a second and gets brighter, and a thud at the end."""
    progress = np.linspace(0, 1, nb_samples)
    rattles = np.cumsum(_vary(rng, 28) * (1 + 0.4 * progress)) / SAMPLE_RATE_HZ
    dull = _noise(rng, nb_samples, (_vary(rng, 260), 0.5, 1))
    bright = _noise(rng, nb_samples, (_vary(rng, 1300), 0.4, 1), (5000, 0.8, 0.2))
    sound = (0.25 + np.abs(np.sin(np.pi * rattles)) ** 3) * (dull + (0.3 + progress) * bright)
    thud = nb_samples // 8
    sound[-thud:] += 0.5 * _ringing(rng, thud, (_vary(rng, 130), 210, 340), 0.05)
    return sound


def _clearthroat(rng: np.random.Generator, nb_samples: int) -> np.ndarray:
    """A growl: a very low, rough voice with a little hiss."""
    pitch_hz = _vary(rng, 82) * _steps(rng, nb_samples, 100, 0.85, 1.15)
    roughness = 0.4 + 0.6 * np.abs(np.sin(np.pi * _vary(rng, 17) * _time_s(nb_samples)))
    growl = _voice(pitch_hz, (_vary(rng, 450), 0.3, 1), (_vary(rng, 2300), 0.25, 3))
    hiss = _noise(rng, nb_samples, (3200, 0.5, 0.05))
    return roughness * (growl + hiss) * np.sqrt(_arch(nb_samples, 0.08))


def _phone(rng: np.random.Generator, nb_samples: int) -> np.ndarray:
    """An electronic bell: two tones with many overtones take turns."""
    tone_hz = _vary(rng, 1500)
    is_high = np.sin(2 * np.pi * _vary(rng, 9) * _time_s(nb_samples)) > 0
    phase = 2 * np.pi * np.cumsum(np.where(is_high, 1.26 * tone_hz, tone_hz)) / SAMPLE_RATE_HZ
    bell = sum(np.sin(overtone * phase + rng.uniform(0, 2 * np.pi)) / overtone ** 0.7
               for overtone in range(1, 9))
    return bell + _noise(rng, nb_samples, (6000, 1, 0.05))


def _keys_drop(rng: np.random.Generator, nb_samples: int) -> np.ndarray:
    """Jingling metal: blows in quick succession, each of which strikes a new set of high modes."""
    sound = np.zeros(nb_samples)
    for piece in _pieces(rng, nb_samples, 25, jitter=0.8):
        modes_hz = np.sort(rng.uniform(3500, 15000, 12))
        sound[piece.start:] += rng.uniform(0.6, 1) * _ringing(rng, nb_samples - piece.start, modes_hz, 0.05)
    return sound


def _speech(rng: np.random.Generator, nb_samples: int) -> np.ndarray:
    """Syllables, four to five a second: a hissed consonant, then a vowel of its own formants and melody."""
    sound = np.zeros(nb_samples)
    speaker_hz = _vary(rng, 150, 0.4)
    for piece in _pieces(rng, nb_samples, _vary(rng, 4.5), jitter=0.4):
        length = piece.stop - piece.start
        pitch_hz = speaker_hz * np.linspace(_vary(rng, 1.1), _vary(rng, 0.95), length)
        formants = (rng.uniform(300, 800), 0.2, 1), (rng.uniform(1000, 2300), 0.15, 0.7), (2900, 0.2, 0.3)
        hiss = _noise(rng, length, (_vary(rng, 5500), 0.3, 0.35))
        sound[piece] = (_voice(pitch_hz, *formants) * _arch(length, 0.35) ** 0.7
                        + hiss * _arch(length, 0.02) ** rng.uniform(3, 5))
    return sound


def _keyboard(rng: np.random.Generator, nb_samples: int) -> np.ndarray:
    """Typing: dry clicks, about twelve a second, each with a smaller one as the key comes back."""
    sound = np.zeros(nb_samples)
    tone_hz = _vary(rng, 3000)
    for piece in _pieces(rng, nb_samples, _vary(rng, 12), jitter=0.6):
        time_s = _time_s(piece.stop - piece.start)
        envelope = np.exp(-time_s / 0.012) + 0.6 * np.exp(-np.abs(time_s - rng.uniform(0.03, 0.05)) / 0.008)
        click = _noise(rng, len(time_s), (_vary(rng, tone_hz), 0.35, 1), (_vary(rng, 8000), 0.3, 0.3))
        sound[piece] = rng.uniform(0.6, 1) * envelope * click
    return sound


def _pageturn(rng: np.random.Generator, nb_samples: int) -> np.ndarray:
    """Paper: swishes of high noise that crackle, about two a second."""
    sound = np.zeros(nb_samples)
    for piece in _pieces(rng, nb_samples, _vary(rng, 2), jitter=0.4):
        length = piece.stop - piece.start
        swish = _noise(rng, length, (_vary(rng, 9500), 0.6, 1), (2500, 0.8, 0.15))
        sound[piece] = swish * (0.15 + _arch(length, rng.uniform(0.3, 0.7)))
    return sound * _steps(rng, nb_samples, 200, 0.5, 1) ** 2


def _cough(rng: np.random.Generator, nb_samples: int) -> np.ndarray:
    """Barks of noise, two to three a second: a hard beginning, then a slower breath."""
    sound = np.zeros(nb_samples)
    bumps = (_vary(rng, 750), 0.4, 1), (_vary(rng, 1900), 0.3, 0.9), (_vary(rng, 4200), 0.5, 0.35)
    for piece in _pieces(rng, nb_samples, _vary(rng, 2.6), jitter=0.3):
        length = piece.stop - piece.start
        envelope = np.exp(-_time_s(length) / 0.07) + 0.3 * _arch(length, 0.3)
        sound[piece] = rng.uniform(0.7, 1) * envelope * _noise(rng, length, *bumps)
    return sound


def _doorslam(rng: np.random.Generator, nb_samples: int) -> np.ndarray:
    """A heavy, low blow with a crack, and the rattle of the frame."""
    time_s = _time_s(nb_samples)
    modes_hz = _vary(rng, 75) * np.array([1, 1.5, 2.1, 3.3])
    crack = _noise(rng, nb_samples, (1500, 1.2, 1)) * np.exp(-time_s / 0.03)
    rumble = _noise(rng, nb_samples, (_vary(rng, 170), 0.5, 3)) * np.exp(-time_s / 0.2)
    rattle = _noise(rng, nb_samples, (1800, 1.2, 0.3)) * np.exp(-time_s / 0.25)
    return _ringing(rng, nb_samples, modes_hz, 0.25) + crack + rumble + rattle


def _laughter(rng: np.random.Generator, nb_samples: int) -> np.ndarray:
    """Ha-ha-ha: five to six high, falling bursts of voice a second, with breath between them."""
    sound = np.zeros(nb_samples)
    pitch_hz = _vary(rng, 400, 0.25)
    formants = (_vary(rng, 1100, 0.1), 0.4, 1), (_vary(rng, 3100, 0.1), 0.25, 0.8)
    for piece in _pieces(rng, nb_samples, _vary(rng, 5.5), jitter=0.15):
        length = piece.stop - piece.start
        burst = _voice(pitch_hz * np.linspace(1.15, 0.85, length), *formants) * _arch(length, 0.2)
        sound[piece] = burst + _noise(rng, length, (2000, 0.8, 0.12))
        pitch_hz *= 0.985
    return sound


SOUNDS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    'knock': _knock, 'drawer': _drawer, 'clearthroat': _clearthroat, 'phone': _phone, 'keysDrop': _keys_drop,
    'speech': _speech, 'keyboard': _keyboard, 'pageturn': _pageturn, 'cough': _cough, 'doorslam': _doorslam,
    'laughter': _laughter,
}

LEVEL_DB = -34.0  # of an event as it arrives from 1 m, full scale = 0 dB; from 2 m it is 6 dB weaker
LEVEL_RANGE_DB = 3.0  # each event is up to this much louder or softer
PEAK = 0.25  # from 1 m: leaves room for the sqrt(3) of FOA, for reflections and for a second event
FADE_S = (0.001, 0.005)  # in, out: no click where a sound is cut off


def make_sound(rng: np.random.Generator, name: str, duration_s: float) -> np.ndarray:
    """A new variation of the sound of class `name`.

    Returns
    -------
    np.ndarray
        round(duration_s * rate) samples, float64, at the level at which they arrive from 1 m.
    """
    sound = SOUNDS[name](rng, round(duration_s * SAMPLE_RATE_HZ))
    fade_in, fade_out = (round(fade_s * SAMPLE_RATE_HZ) for fade_s in FADE_S)
    sound[:fade_in] *= np.linspace(0, 1, fade_in)
    sound[-fade_out:] *= np.linspace(1, 0, fade_out)
    level = 10 ** ((LEVEL_DB + rng.uniform(-LEVEL_RANGE_DB, LEVEL_RANGE_DB)) / 20)
    return sound * min(level / np.sqrt(np.mean(sound ** 2)), PEAK / np.abs(sound).max())


# ------------------------------------------------------------------------------------------------------------
# Rooms and microphones. x is azimuth 0 (front), y is azimuth 90 (left), z is up
# ------------------------------------------------------------------------------------------------------------


class Room(NamedTuple):
    """A shoebox room. Its array is more than 2 m from the side walls, so sources fit in all around it."""

    size_m: tuple[float, float, float]
    array_m: tuple[float, float, float]
    absorption: float  # share of the energy that a wall swallows, at all frequencies
    ambience_hz: float  # the ambience gets weaker above


ROOMS = (
    Room((9.8, 7.4, 3.6), (4.3, 3.4, 1.6), 0.35, 400),
    Room((6.3, 5.4, 2.9), (2.9, 2.5, 1.5), 0.45, 800),
    Room((5.6, 5.0, 2.6), (2.6, 2.7, 1.3), 0.55, 1500),
    Room((8.2, 6.1, 3.2), (4.5, 2.8, 1.4), 0.40, 600),
    Room((7.1, 5.8, 3.0), (3.2, 3.1, 1.6), 0.50, 1000),
)
MAX_ORDER = 12  # reflections on a path at most

CAPSULES_DEG = ((45, 35), (-45, -35), (135, -35), (-135, 35))  # M1..M4: azimuth, elevation
CAPSULE_RADIUS_M = 0.042
# 0, -3.1, -8 dB at the front, side and back; a rigid sphere of this radius has 0, -3.6, -8.5 dB at 4 kHz.
CAPSULE_OMNI_SHARE = 0.7

# The simulator's fractional-delay filters are symmetric about this sample: everything comes so much later
# than it should, and begins to be heard (faintly) so much before its arrival.
LEAD = pra.constants.get('frac_delay_length') // 2


def unit_vector(azimuth_deg: float, elevation_deg: float) -> np.ndarray:
    """A direction as x, y, z: azimuth counter-clockwise from x, elevation upwards."""
    azi_rad, ele_rad = math.radians(azimuth_deg), math.radians(elevation_deg)
    return np.array([math.cos(azi_rad) * math.cos(ele_rad), math.sin(azi_rad) * math.cos(ele_rad),
                     math.sin(ele_rad)])


def _microphones(audio_format: str) -> list[tuple[np.ndarray, pra.directivities.Directivity]]:
    """Offset from the array's centre (m) and directivity of each channel."""
    if audio_format == 'foa':
        w = pra.directivities.CardioidFamily([1, 0, 0], p=1)  # omnidirectional
        y, z, x = (pra.directivities.FigureEight(axis, gain=math.sqrt(3))  # positive where the axis points
                   for axis in ([0, 1, 0], [0, 0, 1], [1, 0, 0]))
        return [(np.zeros(3), directivity) for directivity in (w, y, z, x)]
    outwards = [unit_vector(*direction) for direction in CAPSULES_DEG]
    return [(CAPSULE_RADIUS_M * axis, pra.directivities.CardioidFamily(axis, p=CAPSULE_OMNI_SHARE))
            for axis in outwards]


def room_responses(room: Room, events: Sequence[Event], audio_format: str) -> list[np.ndarray]:
    """Impulse responses from where events are to the array's channels.

    Parameters
    ----------
    room : Room
    events : sequence of Event
        Their directions and distances are what counts.
    audio_format : str
        One of `FORMATS`.

    Returns
    -------
    list of np.ndarray
        For each event channels x samples, float32. Direct sound reaches the array's centre at sample `LEAD`,
        and an omnidirectional microphone there hears it from 1 m with gain 1.
    """
    pra.constants.set('num_threads', 1)  # each number of threads adds up the reflections in another order
    pra.constants.set('rir_hpf_enable', False)  # a zero-phase filter: sound would be heard before its time
    shoebox = pra.ShoeBox(room.size_m, fs=SAMPLE_RATE_HZ, materials=pra.Material(room.absorption),
                          max_order=MAX_ORDER)
    centre_m = np.array(room.array_m)
    for event in events:
        direction = unit_vector(event.azimuth_deg, event.elevation_deg)
        shoebox.add_source(centre_m + event.distance_m * direction)
    offsets_m, directivities = zip(*_microphones(audio_format))
    shoebox.add_microphone_array(np.stack([centre_m + offset_m for offset_m in offsets_m], axis=1),
                                 directivity=list(directivities))
    shoebox.compute_rir()

    responses = []
    for source, event in enumerate(events):
        arrival = round(event.distance_m / shoebox.c * SAMPLE_RATE_HZ)
        channels = [of_channel[source][arrival:] for of_channel in shoebox.rir]
        length = max(map(len, channels))
        responses.append(np.stack([np.pad(channel, (0, length - len(channel))) for channel in channels]))
    return responses


# ------------------------------------------------------------------------------------------------------------
# A recording
# ------------------------------------------------------------------------------------------------------------

SNR_DB = 30.0  # mean over events of the power over their labelled time, in the mean of the channels
AMBIENCE_FLOOR = 0.03  # of the ambience's amplitude at low frequencies: what remains of it at high ones


def render(events: Sequence[Event], sounds: Sequence[np.ndarray], room: Room, audio_format: str,
           seconds: float, rng: np.random.Generator) -> np.ndarray:
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

    Returns
    -------
    np.ndarray
        (seconds * rate) x 4 samples, float64, full scale = 1.
    """
    nb_samples = round(seconds * SAMPLE_RATE_HZ)
    # A response is heard LEAD samples before the arrival, so the scene begins as much before the recording.
    scene = np.zeros((NB_CHANNELS, LEAD + nb_samples))
    powers = []
    for event, sound, response in zip(events, sounds, room_responses(room, events, audio_format)):
        wet = fftconvolve(response, sound[np.newaxis, :], axes=1)
        powers.append(np.mean(wet[:, LEAD:LEAD + len(sound)] ** 2))
        heard = scene[:, round(event.start_s * SAMPLE_RATE_HZ):][:, :wet.shape[1]]
        heard += wet[:, :heard.shape[1]]
    ambience_db = np.mean(10 * np.log10(powers)) - SNR_DB
    ambience = 10 ** (ambience_db / 20) * _ambience(rng, nb_samples, room.ambience_hz)
    return (scene[:, LEAD:] + ambience).T


def _ambience(rng: np.random.Generator, nb_samples: int, cutoff_hz: float) -> np.ndarray:
    """Independent noise of power 1, channels x samples, that falls by 6 dB an octave above `cutoff_hz`."""
    pole = math.exp(-2 * math.pi * cutoff_hz / SAMPLE_RATE_HZ)
    white = rng.standard_normal((NB_CHANNELS, nb_samples))
    noise = lfilter([1 - pole], [1, -pole], white) + AMBIENCE_FLOOR * white
    return noise / np.sqrt(np.mean(noise ** 2))


# ------------------------------------------------------------------------------------------------------------
# A data set on disk
# ------------------------------------------------------------------------------------------------------------

EVAL_SPLIT = 0
MIN_SECONDS = 6  # has place for the longest first event of ov1


def plan_recordings(recordings: int, eval_recordings: int) -> list[RecordingName]:
    """Split, room, overlap and number of each recording; split 0 is the evaluation set.

    Ten recordings in a row have each pair of room and overlap once; each fold begins elsewhere in that row.
    """
    counts = dict.fromkeys((1, 2, 3, 4), recordings) | {EVAL_SPLIT: eval_recordings}
    return [RecordingName(split, (3 * split + index) % len(ROOMS), 1 + (3 * split + index) % 2, index + 1)
            for split, count in counts.items() for index in range(count)]


def recording_paths(folder: str | Path, recording: RecordingName, formats: Sequence[str]) -> dict[str, Path]:
    """Where the files of a recording are: 'metadata', and each of `formats`."""
    split, room, overlap, number = recording
    if split == EVAL_SPLIT:  # these names do not give room and overlap away
        part, stem = 'eval', f'split{split}_{number}'
    else:
        part, stem = 'dev', f'split{split}_ir{room}_ov{overlap}_{number}'
    wavs = {audio_format: Path(folder, f'{audio_format}_{part}', f'{stem}.wav') for audio_format in formats}
    return wavs | {'metadata': Path(folder, f'metadata_{part}', f'{stem}.csv')}


def synthesize_recording(folder: str | Path, recording: RecordingName, formats: Sequence[str], seconds: float,
                         seed: int) -> None:
    """Make one recording and write its files, which depend on nothing but the arguments."""
    paths = recording_paths(folder, recording, formats)
    seeds = [seed, recording.split, recording.number]  # a generator of its own: the order does not matter
    rng = np.random.default_rng(seeds)
    events = draw_events(rng, recording.overlap, seconds)
    sounds = [make_sound(rng, CLASSES[event.class_index], event.end_s - event.start_s) for event in events]
    for audio_format in formats:
        ambience_rng = np.random.default_rng([*seeds, 1 + FORMATS.index(audio_format)])
        signals = render(events, sounds, ROOMS[recording.room], audio_format, seconds, ambience_rng)
        samples = np.clip(np.round(signals * 32768), -32768, 32767).astype(np.int16)
        with atomic_path(paths[audio_format]) as temporary:
            try:
                soundfile.write(temporary, samples, SAMPLE_RATE_HZ, subtype='PCM_16')
            except soundfile.LibsndfileError as error:  # tells no reason
                raise OSError(f'{error.error_string.rstrip(".")}') from error
    write_description(paths['metadata'], events)


def synthesize_dataset(folder: str | Path, *, recordings: int, eval_recordings: int,
                       seconds: float = RECORDING_S, seed: int = SETTINGS['seed'].default,
                       formats: Sequence[str] = FORMATS, n_jobs: int = -1) -> int:
    """Make a data set, or what an interrupted run left to do of it.

    Parameters
    ----------
    folder : str or Path
        Made where it is missing.
    recordings, eval_recordings : int
        Number in each of the folds 1 to 4, and in the evaluation set.
    seconds : float
        Length of a recording, at least `MIN_SECONDS`.
    seed : int
        Another seed, another data set.
    formats : sequence of str
        Some of `FORMATS`.
    n_jobs : int
        Processes, -1 for one a core. The files do not depend on it.

    Returns
    -------
    int
        How many recordings were made: 0 where all were there already.

    Raises
    ------
    InputError
        If the folder holds recordings that were not made with the same settings.
    """
    folder = Path(folder)
    formats = sorted(set(formats))
    settings = {'script_version': SCRIPT_VERSION, 'recordings': recordings,
                'eval_recordings': eval_recordings, 'seconds': seconds, 'seed': seed, 'formats': formats}
    _refuse_other_content(folder, settings)  # before anything is written
    with exclusive(folder / '.synthesis.lock', f'synthesizing into {folder}'):
        _refuse_other_content(folder, settings)
        return _synthesize_missing(folder, settings, n_jobs)


def _synthesize_missing(folder: Path, settings: dict, n_jobs: int) -> int:
    formats, seconds, seed = settings['formats'], settings['seconds'], settings['seed']
    plan = {recording: recording_paths(folder, recording, formats).values()
            for recording in plan_recordings(settings['recordings'], settings['eval_recordings'])}
    missing = [recording for recording, paths in plan.items() if not all(path.exists() for path in paths)]
    if not missing and (folder / SETTINGS_FILE).exists():
        return 0

    for parent in {path.parent for paths in plan.values() for path in paths}:
        create_folder(parent)
        clear_leftovers(parent)
    libraries = {name: version(name) for name in ('numpy', 'scipy', 'pyroomacoustics')}
    content = {'made_by': Path(__file__).name, 'settings': settings, 'libraries': libraries}
    write_json(folder / UNFINISHED_FILE, content)
    (folder / SETTINGS_FILE).unlink(missing_ok=True)
    jobs = [functools.partial(synthesize_recording, folder, recording, formats, seconds, seed)
            for recording in missing]
    done = run_in_processes(jobs, n_jobs, folder)
    for _ in tqdm(done, total=len(jobs), desc='recordings', file=sys.stdout, disable=None):
        pass
    write_json(folder / SETTINGS_FILE, content)
    (folder / UNFINISHED_FILE).unlink()
    return len(missing)


def _refuse_other_content(folder: Path, settings: dict) -> None:
    """InputError if the folder holds recordings that were not made with these settings."""
    remedy = 'choose another folder, or remove this one'
    for file in (folder / SETTINGS_FILE, folder / UNFINISHED_FILE):
        if file.exists():
            content = read_json(file)
            found = content.get('settings', {}) if isinstance(content, dict) else {}
            differing = [name for name in settings if found.get(name) != settings[name]]
            if differing:
                found, wanted = ({name: of.get(name) for name in differing} for of in (found, settings))
                raise InputError(f'{folder}: holds another data set, {file.name} says {found}, expected '
                                 f'{wanted}; {remedy}')
            return
    for name in (f'{content}_{part}' for content in (*FORMATS, 'metadata') for part in ('dev', 'eval')):
        if (folder / name).is_dir() and any((folder / name).iterdir()):
            raise InputError(f'{folder}: {name}/ holds files that this script did not make; {remedy}')


# ------------------------------------------------------------------------------------------------------------
# Command line
# ------------------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> None:
    args = _parse_arguments(argv)
    nb_made = synthesize_dataset(**vars(args))
    what = (f'{4 * args.recordings} development and {args.eval_recordings} evaluation recordings of '
            f'{args.seconds} s ({", ".join(args.formats)})')
    print(f'{args.folder}: {what}' if nb_made else f'{args.folder}: holds {what} already, nothing to do')


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('folder', nargs='?', default='demo/data/', help='where to make it [%(default)s]')
    parser.add_argument('--recordings', type=_at_least(1), default=6, metavar='N',
                        help='recordings in each of the four development folds [%(default)s]')
    parser.add_argument('--eval_recordings', '--eval-recordings', type=_at_least(0), default=4, metavar='N',
                        help='recordings in the evaluation set [%(default)s]')
    parser.add_argument('--seconds', type=_at_least(MIN_SECONDS), default=RECORDING_S, metavar='S',
                        help='length of a recording [%(default)s]')
    parser.add_argument('--seed', type=_at_least(0), default=SETTINGS['seed'].default, metavar='K',
                        help='another seed, another data set [%(default)s]')
    parser.add_argument('--formats', nargs='+', choices=FORMATS, default=list(FORMATS), help='[both]')
    parser.add_argument('--n_jobs', '--n-jobs', type=_at_least(-1), default=SETTINGS['n_jobs'].default,
                        metavar='N', help='processes, -1 for one a core [%(default)s]')
    args = parser.parse_args(argv)
    if args.n_jobs == 0:
        parser.error('argument --n_jobs: got 0, expected -1 or at least 1')
    return args


def _at_least(minimum: int) -> Callable[[str], int]:
    def whole_number(text: str) -> int:
        if not text.removeprefix('-').isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f'got {text!r}, expected a whole number, at least {minimum}')
        return int(text)
    return whole_number


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        main()
