"""What is odd about the levels of a recording: silence, clipping, too weak or too loud."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from seldnet.annotations.dataset import NB_CHANNELS
from seldnet.extraction.features import SPECTRA, FeatureKind


class Levels:
    """Levels of a recording, gathered while its samples and features pass.

    Parameters
    ----------
    usual_magnitude : float
        Mean magnitude of the spectra of the recordings that the model was trained on.
    kind : FeatureKind
        Of the features that are added.

    Attributes
    ----------
    magnitudes : list of float
        Mean magnitude of each block of frames; `warnings` needs one at least.
    """

    FULL_SCALE = 0.9999  # 32767 of 16 bits is 0.99997
    CLIPPED_PAIRS = 20  # of neighbouring samples at full scale: fewer may be chance
    LARGEST = 2.0  # floating-point samples may go a little beyond full scale
    TOLERANCE_DB = 20  # features change with the level, and training has had little more than that

    def __init__(self, usual_magnitude: float, kind: FeatureKind = SPECTRA):
        self._usual_magnitude = usual_magnitude
        self._kind = kind
        self._is_silent = np.ones(NB_CHANNELS, bool)
        self._nb_clipped = np.zeros(NB_CHANNELS, int)
        self._largest = 0.0
        self.magnitudes: list[float] = []  # of each block of frames, a second or so

    def add_samples(self, chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Pass samples (samples, channels) on and note them.

        Parameters
        ----------
        chunks : iterable of float arrays, shape (samples, 4)

        Yields
        ------
        float array
            The chunks themselves.
        """
        for chunk in chunks:
            self._is_silent &= ~chunk.any(axis=0)
            size = np.abs(chunk)
            self._largest = max(self._largest, float(size.max(initial=0)))
            is_full = size >= self.FULL_SCALE
            self._nb_clipped += (is_full[1:] & is_full[:-1]).sum(axis=0)
            yield chunk

    def add_features(self, features: np.ndarray) -> None:
        """Note a block of features (frames, columns), not normalised.

        Parameters
        ----------
        features : array, shape (frames, columns)
        """
        self.magnitudes.append(self._kind.mean_magnitude(features))

    def warnings(self) -> list[str]:
        """What a user should know, a sentence each."""
        if self._is_silent.all():
            return ['all channels are silent']
        warnings = []
        if self._is_silent.any():
            warnings.append(f'silent: channel {_numbers(self._is_silent)}')
        clipped = self._nb_clipped >= self.CLIPPED_PAIRS
        if self._largest > self.LARGEST:
            warnings.append(f'samples of up to {self._largest:.3g}, expected at most 1, which is full scale')
        elif clipped.any():
            warnings.append(f'clipped: channel {_numbers(clipped)}, where {self._nb_clipped.sum()} times '
                            'neighbouring samples are at full scale')
        loudest_db, mean_db = (20 * math.log10(value / self._usual_magnitude)
                               for value in (max(self.magnitudes), np.mean(self.magnitudes)))
        training = 'what the model was trained on; bring the recording to that level'
        if loudest_db < -self.TOLERANCE_DB:
            warnings.append(f'weak: the loudest second is {-loudest_db:.0f} dB below the mean of {training}')
        if mean_db > self.TOLERANCE_DB:
            warnings.append(f'loud: the mean is {mean_db:.0f} dB above that of {training}')
        return warnings


def _numbers(channels: np.ndarray) -> str:
    return ', '.join(map(str, np.flatnonzero(channels) + 1))
