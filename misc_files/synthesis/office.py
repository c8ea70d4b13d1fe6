"""An example of a data set of one's own: four sounds of an office, as its `dataset.toml` describes it.

It differs from TAU 2019 wherever a data set can: other classes, 24 kHz, recordings of 8 to 20 s that are as
long as they are, directions off any grid, two splits.
"""

from collections.abc import Callable

import numpy as np

from misc_files.synthesis.synthesizer import Synthesizer, arch
from seldnet.annotations.dataset import Dataset, Fold

OFFICE = Dataset(
    name='office',
    classes=('dog', 'door', 'drill', 'bell'),
    folds={'dev': (Fold(test=(1,), val=(2,), train=(2,)), Fold(test=(2,), val=(1,), train=(1,))),
           'eval': (Fold(test=(0,), val=(1,), train=(2,)),)},
    grid=None, sample_rate_hz=24000, recording_s=None, grace_s=1)
LENGTHS_S = (8, 20)  # shortest and longest recording
MAX_ELEVATION_DEG = 60
# Shortest, median and longest event of each class; the door sounds as TAU 2019's doorslam.
DURATIONS_S = {'dog': (0.4, 0.9, 2.0), 'door': (0.31, 0.46, 0.66), 'drill': (0.8, 1.6, 3.0),
               'bell': (0.6, 1.2, 2.4)}


def _dog(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """Barks, about three a second: a voice that rises and falls, with breath."""
    sound = np.zeros(nb_samples)
    formants = (synth.vary(700, 0.1), 0.5, 1), (synth.vary(1700, 0.1), 0.4, 0.7)
    pitch_hz = synth.vary(300)
    for piece in synth.pieces(nb_samples, synth.vary(3), jitter=0.3):
        length = piece.stop - piece.start
        bark = synth.voice(pitch_hz * (0.8 + 0.4 * arch(length, 0.3)), *formants)
        sound[piece] = arch(length, 0.15) ** 2 * (bark + synth.noise(length, (1200, 0.8, 0.2)))
    return sound


def _drill(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """A whining motor that comes up to speed, and its chatter."""
    speed = 1 - 0.5 * np.exp(-synth.time_s(nb_samples) / 0.2)
    motor = synth.voice(synth.vary(180) * speed, (synth.vary(2200), 0.6, 1), (synth.vary(5200), 0.5, 0.7))
    return motor * synth.steps(nb_samples, 60, 0.7, 1) + synth.noise(nb_samples, (4000, 0.8, 0.4))


def _bell(synth: Synthesizer, nb_samples: int) -> np.ndarray:
    """Strokes on a small bell, about two a second: inharmonic sines that decay slowly."""
    sound = np.zeros(nb_samples)
    modes_hz = synth.vary(1500) * np.array([1, 1.51, 2.26, 2.95, 4.1])
    for piece in synth.pieces(nb_samples, synth.vary(2), jitter=0.2):
        length = piece.stop - piece.start
        sound[piece] = synth.uniform(0.7, 1) * synth.ringing(length, modes_hz, 0.4)
    return sound


SOUNDS: dict[str, Callable[[Synthesizer, int], np.ndarray]] = {'dog': _dog, 'drill': _drill, 'bell': _bell}
