"""The eleven procedural sounds."""

import numpy as np
import pytest

from misc_files.synthesis.events import DURATIONS_S, draw_duration_s
from misc_files.synthesis.sounds import SOUNDS, make_sound
from seldnet.annotations.dataset import TAU2019

CLASSES = TAU2019.classes
SAMPLE_RATE_HZ = TAU2019.sample_rate_hz


def fingerprint(sound):
    """Levels of half-octave bands, and how much the envelope goes up and down: crude on purpose."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    octave = np.log2(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ)[1:] / 60)
    bands = np.histogram(octave, np.arange(0, 8.5, 0.5), weights=power[1:])[0]
    envelope = np.sqrt(np.mean(sound[:len(sound) // 480 * 480].reshape(-1, 480) ** 2, axis=1))
    return np.r_[np.sqrt(bands / bands.sum()), np.std(envelope) / np.mean(envelope) / 3]


def test_eleven_sounds_differ_and_never_the_same():
    rng = np.random.default_rng(11)
    fingerprints = {}
    for name in CLASSES:
        sounds = [make_sound(rng, name, draw_duration_s(rng, name)) for _ in range(20)]
        fingerprints[name] = np.stack([fingerprint(sound) for sound in sounds])
        assert np.unique(fingerprints[name].round(6), axis=0).shape[0] == 20  # each a variation of its own
    known = np.stack([of_class[:10].mean(axis=0) for of_class in fingerprints.values()])
    for index, name in enumerate(CLASSES):
        distances = np.linalg.norm(fingerprints[name][10:, np.newaxis] - known, axis=2)
        recognised = np.mean(np.argmin(distances, axis=1) == index)
        assert recognised >= 0.8, f'{name}: only {recognised:.0%} of new variations are nearest to it'


@pytest.mark.parametrize('name', CLASSES)
def test_a_sound_fills_its_label(name):
    rng = np.random.default_rng(3)
    for duration_s in DURATIONS_S[name]:
        sound = make_sound(rng, name, duration_s)
        assert sound.shape == (round(duration_s * SAMPLE_RATE_HZ),) and np.isfinite(sound).all()
        assert sound[0] == sound[-1] == 0
        frames = np.mean(sound[:len(sound) // 960 * 960].reshape(-1, 960) ** 2, axis=1)
        assert np.mean(frames > np.mean(sound ** 2) / 100) > 0.7  # within 20 dB of its mean power
        assert np.mean(sound[len(sound) * 3 // 4:] ** 2) > np.mean(sound ** 2) / 100
        level_db = 10 * np.log10(np.mean(sound ** 2))
        assert level_db < -31 + 1e-6 and np.abs(sound).max() <= 0.25 + 1e-9
        assert level_db > -37 - 1e-6 or np.abs(sound).max() == pytest.approx(0.25)


def test_every_class_has_its_sound():
    assert tuple(SOUNDS) == tuple(DURATIONS_S) == CLASSES
    assert len(set(SOUNDS.values())) == 11
