"""What procedural sounds are made of. A sound is one channel, float64, of any level."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq

Bump = tuple[float, float, float]  # a spectrum's bell over octaves: centre (Hz), half width (octaves), gain


class Synthesizer(NamedTuple):
    """Sounds and random values at a sample rate, drawn from a generator."""

    rng: np.random.Generator
    sample_rate_hz: int

    def uniform(self, low: float, high: float, size: int | None = None) -> float | np.ndarray:
        """A random value, or so many, between `low` and `high`."""
        return self.rng.uniform(low, high, size)

    def vary(self, value: float, octaves: float = 0.2) -> float:
        """A value up to so many octaves above or below."""
        return value * 2 ** self.uniform(-octaves, octaves)

    def time_s(self, nb_samples: int) -> np.ndarray:
        """The time of each sample."""
        return np.arange(nb_samples) / self.sample_rate_hz

    def coloured(self, sound: np.ndarray, *bumps: Bump) -> np.ndarray:
        """The sound with its spectrum weighted by a sum of bumps."""
        nb_fft = next_fast_len(len(sound), real=True)
        octave = np.log2(np.maximum(rfftfreq(nb_fft, 1 / self.sample_rate_hz), 1.0))
        weight = sum(gain * np.exp(-0.5 * ((octave - math.log2(hz)) / width) ** 2)
                     for hz, width, gain in bumps)
        return irfft(rfft(sound, nb_fft) * weight, nb_fft)[:len(sound)]

    def noise(self, nb_samples: int, *bumps: Bump) -> np.ndarray:
        """Noise of a spectrum that is a sum of bumps."""
        return self.coloured(self.rng.standard_normal(nb_samples), *bumps)

    def voice(self, pitch_hz: np.ndarray, *formants: Bump) -> np.ndarray:
        """A sawtooth that follows `pitch_hz` (a value for each sample), through formants."""
        phase = np.cumsum(pitch_hz) / self.sample_rate_hz
        return self.coloured(2 * (phase % 1) - 1, *formants)

    def ringing(self, nb_samples: int, modes_hz: Sequence[float], decay_s: float) -> np.ndarray:
        """Decaying sines, struck together; the higher a mode, the faster it decays."""
        time_s = self.time_s(nb_samples)
        return sum(np.exp(-time_s / (decay_s * math.sqrt(modes_hz[0] / hz)))
                   * np.sin(2 * np.pi * (hz * time_s + self.rng.random())) for hz in modes_hz)

    def steps(self, nb_samples: int, rate_hz: float, low: float, high: float) -> np.ndarray:
        """A random value between `low` and `high`, drawn anew `rate_hz` times a second."""
        length = round(self.sample_rate_hz / rate_hz)
        return np.repeat(self.uniform(low, high, nb_samples // length + 1), length)[:nb_samples]

    def pieces(self, nb_samples: int, rate_hz: float, jitter: float) -> list[slice]:
        """A length cut into about `rate_hz` pieces a second, borders off by up to half of `jitter` pieces."""
        count = max(1, round(nb_samples / self.sample_rate_hz * rate_hz))
        borders = np.arange(count + 1.0)
        borders[1:-1] += self.uniform(-jitter / 2, jitter / 2, count - 1)
        borders = np.round(borders * nb_samples / count).astype(int)
        return [slice(start, stop) for start, stop in pairwise(borders)]


def arch(nb_samples: int, rise: float) -> np.ndarray:
    """An envelope that goes up over the share `rise` of its length and down over the rest."""
    position = (np.arange(nb_samples) + 0.5) / nb_samples
    return np.minimum(position / rise, (1 - position) / (1 - rise))
