"""The eleven sounds: each fills a length in samples with a new variation."""

from collections.abc import Callable

import numpy as np

from misc_files.synthesis import office
from misc_files.synthesis.synthesizer import Synthesizer, arch
from seldnet.annotations.dataset import TAU2019, Dataset


def _knock(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """A row of wooden blows, about seven a second: a few low modes and a short click."""
    sound = np.zeros(nb_samples)
    modes_hz = synth.vary(500) * np.array([1, 1.58, 2.31, 3.2])
    for piece in synth.pieces(nb_samples, synth.vary(7), jitter=0.2):
        length = piece.stop - piece.start
        click = synth.noise(length, (2500, 1.0, 1)) * np.exp(-synth.time_s(length) / 0.015)
        sound[piece] = synth.uniform(0.7, 1) * (synth.ringing(length, modes_hz, 0.06) + 1.5 * click)
    return sound


def _drawer(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """A rolling rumble that rattles about 30 times a second and gets brighter, and a thud at the end."""
    progress = np.linspace(0, 1, nb_samples)
    rattles = np.cumsum(synth.vary(28) * (1 + 0.4 * progress)) / synth.sample_rate_hz
    dull = synth.noise(nb_samples, (synth.vary(260), 0.5, 1))
    bright = synth.noise(nb_samples, (synth.vary(1300), 0.4, 1), (5000, 0.8, 0.2))
    sound = (0.25 + np.abs(np.sin(np.pi * rattles)) ** 3) * (dull + (0.3 + progress) * bright)
    thud = nb_samples // 8
    sound[-thud:] += 0.5 * synth.ringing(thud, (synth.vary(130), 210, 340), 0.05)
    return sound


def _clearthroat(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """A growl: a very low, rough voice with a little hiss."""
    pitch_hz = synth.vary(82) * synth.steps(nb_samples, 100, 0.85, 1.15)
    roughness = 0.4 + 0.6 * np.abs(np.sin(np.pi * synth.vary(17) * synth.time_s(nb_samples)))
    growl = synth.voice(pitch_hz, (synth.vary(450), 0.3, 1), (synth.vary(2300), 0.25, 3))
    hiss = synth.noise(nb_samples, (3200, 0.5, 0.05))
    return roughness * (growl + hiss) * np.sqrt(arch(nb_samples, 0.08))


def _phone(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """An electronic bell: two tones with many overtones take turns."""
    tone_hz = synth.vary(1500)
    is_high = np.sin(2 * np.pi * synth.vary(9) * synth.time_s(nb_samples)) > 0
    phase = 2 * np.pi * np.cumsum(np.where(is_high, 1.26 * tone_hz, tone_hz)) / synth.sample_rate_hz
    bell = sum(np.sin(overtone * phase + synth.uniform(0, 2 * np.pi)) / overtone ** 0.7
               for overtone in range(1, 9))
    return bell + synth.noise(nb_samples, (6000, 1, 0.05))


def _keys_drop(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """Jingling metal: blows in quick succession, each of which strikes a new set of high modes."""
    sound = np.zeros(nb_samples)
    for piece in synth.pieces(nb_samples, 25, jitter=0.8):
        modes_hz = np.sort(synth.uniform(3500, 15000, 12))
        length = nb_samples - piece.start
        sound[piece.start:] += synth.uniform(0.6, 1) * synth.ringing(length, modes_hz, 0.05)
    return sound


def _speech(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """Syllables, four to five a second: a hissed consonant, then a vowel of its own formants and melody."""
    sound = np.zeros(nb_samples)
    speaker_hz = synth.vary(150, 0.4)
    for piece in synth.pieces(nb_samples, synth.vary(4.5), jitter=0.4):
        length = piece.stop - piece.start
        pitch_hz = speaker_hz * np.linspace(synth.vary(1.1), synth.vary(0.95), length)
        formants = ((synth.uniform(300, 800), 0.2, 1), (synth.uniform(1000, 2300), 0.15, 0.7),
                    (2900, 0.2, 0.3))
        hiss = synth.noise(length, (synth.vary(5500), 0.3, 0.35))
        sound[piece] = (synth.voice(pitch_hz, *formants) * arch(length, 0.35) ** 0.7
                        + hiss * arch(length, 0.02) ** synth.uniform(3, 5))
    return sound


def _keyboard(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """Typing: dry clicks, about twelve a second, each with a smaller one as the key comes back."""
    sound = np.zeros(nb_samples)
    tone_hz = synth.vary(3000)
    for piece in synth.pieces(nb_samples, synth.vary(12), jitter=0.6):
        time_s = synth.time_s(piece.stop - piece.start)
        envelope = np.exp(-time_s / 0.012) + 0.6 * np.exp(-np.abs(time_s - synth.uniform(0.03, 0.05)) / 0.008)
        click = synth.noise(len(time_s), (synth.vary(tone_hz), 0.35, 1), (synth.vary(8000), 0.3, 0.3))
        sound[piece] = synth.uniform(0.6, 1) * envelope * click
    return sound


def _pageturn(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """Paper: swishes of high noise that crackle, about two a second."""
    sound = np.zeros(nb_samples)
    for piece in synth.pieces(nb_samples, synth.vary(2), jitter=0.4):
        length = piece.stop - piece.start
        swish = synth.noise(length, (synth.vary(9500), 0.6, 1), (2500, 0.8, 0.15))
        sound[piece] = swish * (0.15 + arch(length, synth.uniform(0.3, 0.7)))
    return sound * synth.steps(nb_samples, 200, 0.5, 1) ** 2


def _cough(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """Barks of noise, two to three a second: a hard beginning, then a slower breath."""
    sound = np.zeros(nb_samples)
    bumps = (synth.vary(750), 0.4, 1), (synth.vary(1900), 0.3, 0.9), (synth.vary(4200), 0.5, 0.35)
    for piece in synth.pieces(nb_samples, synth.vary(2.6), jitter=0.3):
        length = piece.stop - piece.start
        envelope = np.exp(-synth.time_s(length) / 0.07) + 0.3 * arch(length, 0.3)
        sound[piece] = synth.uniform(0.7, 1) * envelope * synth.noise(length, *bumps)
    return sound


def _doorslam(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """A heavy, low blow with a crack, and the rattle of the frame."""
    time_s = synth.time_s(nb_samples)
    modes_hz = synth.vary(75) * np.array([1, 1.5, 2.1, 3.3])
    crack = synth.noise(nb_samples, (1500, 1.2, 1)) * np.exp(-time_s / 0.03)
    rumble = synth.noise(nb_samples, (synth.vary(170), 0.5, 3)) * np.exp(-time_s / 0.2)
    rattle = synth.noise(nb_samples, (1800, 1.2, 0.3)) * np.exp(-time_s / 0.25)
    return synth.ringing(nb_samples, modes_hz, 0.25) + crack + rumble + rattle


def _laughter(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """Ha-ha-ha: five to six high, falling bursts of voice a second, with breath between them."""
    sound = np.zeros(nb_samples)
    pitch_hz = synth.vary(400, 0.25)
    formants = (synth.vary(1100, 0.1), 0.4, 1), (synth.vary(3100, 0.1), 0.25, 0.8)
    for piece in synth.pieces(nb_samples, synth.vary(5.5), jitter=0.15):
        length = piece.stop - piece.start
        burst = synth.voice(pitch_hz * np.linspace(1.15, 0.85, length), *formants) * arch(length, 0.2)
        sound[piece] = burst + synth.noise(length, (2000, 0.8, 0.12))
        pitch_hz *= 0.985
    return sound


SOUNDS: dict[str, Callable[[Synthesizer, int], np.ndarray]] = {
    'knock': _knock, 'drawer': _drawer, 'clearthroat': _clearthroat, 'phone': _phone, 'keysDrop': _keys_drop,
    'speech': _speech, 'keyboard': _keyboard, 'pageturn': _pageturn, 'cough': _cough, 'doorslam': _doorslam,
    'laughter': _laughter,
}

_OF_ALL_EXAMPLES = SOUNDS | office.SOUNDS | {'door': _doorslam}

LEVEL_DB = -34.0  # of an event as it arrives from 1 m, full scale = 0 dB; from 2 m it is 6 dB weaker
LEVEL_RANGE_DB = 3.0  # each event is up to this much louder or softer
PEAK = 0.25  # from 1 m: leaves room for the sqrt(3) of FOA, for reflections and for a second event
FADE_S = (0.001, 0.005)  # in, out: no click where a sound is cut off


def make_sound(rng: np.random.Generator, name: str, duration_s: float, *,
               dataset: Dataset = TAU2019) -> np.ndarray:
    """A new variation of the sound of class `name`, at the data set's sample rate.

    Returns
    -------
    np.ndarray
        round(duration_s * rate) samples, float64, at the level at which they arrive from 1 m.
    """
    rate_hz = dataset.sample_rate_hz
    sound = _OF_ALL_EXAMPLES[name](Synthesizer(rng, rate_hz), round(duration_s * rate_hz))
    fade_in, fade_out = (round(fade_s * rate_hz) for fade_s in FADE_S)
    sound[:fade_in] *= np.linspace(0, 1, fade_in)
    sound[-fade_out:] *= np.linspace(1, 0, fade_out)
    level = 10 ** ((LEVEL_DB + rng.uniform(-LEVEL_RANGE_DB, LEVEL_RANGE_DB)) / 20)
    return sound * min(level / np.sqrt(np.mean(sound ** 2)), PEAK / np.abs(sound).max())
