"""Whether four channels look like Ambisonics or like microphones: how alike they are at low frequencies.

The capsules of a small array pick up the same below some hundred hertz, where a wave is much longer than the
array. The channels of Ambisonics differ in gain and sign with the direction, and in a room they are hardly
coherent. A recording of TAU 2019 has 0.95 (mic) and -0.38 (foa), those of the demo, with noise of its own in
each channel, from 0.78 (mic) and at most 0.07 (foa); a single source in the open can be anything in foa.
"""

import itertools

import numpy as np

from seldnet.annotations.dataset import NB_CHANNELS, TAU2019, Dataset
from seldnet.extraction.spectra import transform_length

BAND_HZ = (100, 500)
MICROPHONES_FROM = 0.7
AMBISONICS_UP_TO = 0.4
_PAIRS = tuple(itertools.combinations(range(NB_CHANNELS), 2))


class Likeness:
    """Cross-spectra of a recording, gathered while its spectra pass.

    Parameters
    ----------
    dataset : Dataset
        Its rate.
    """

    def __init__(self, dataset: Dataset = TAU2019):
        spacing_hz = dataset.sample_rate_hz / transform_length(dataset)
        first, end = (round(edge_hz / spacing_hz) for edge_hz in BAND_HZ)
        self._bins = slice(max(first, 1) - 1, max(end, 2) - 1)  # DC is left out of spectra
        self._cross = np.zeros((NB_CHANNELS, NB_CHANNELS), complex)

    def add(self, spectra: np.ndarray) -> None:
        """Note a block of spectra.

        Parameters
        ----------
        spectra : complex array, shape (frames, bins, channels)
        """
        channels = spectra[:, self._bins].reshape(-1, NB_CHANNELS).astype(complex)
        self._cross += channels.T @ channels.conj()

    @property
    def lowest(self) -> float:
        """How alike the two channels are that are least so; NaN where both are silent.

        The real part of their cross-spectrum by their mean power: 1 for equal ones, -1 for opposite ones, 0
        for those that have nothing in common or of which one is silent.
        """
        power = self._cross.diagonal().real
        with np.errstate(invalid='ignore'):
            return float(min(2 * self._cross[first, second].real / (power[first] + power[second])
                             for first, second in _PAIRS))

    def warning(self, audio_format: str) -> str | None:
        """A sentence if the recording looks like one of the other format.

        Parameters
        ----------
        audio_format : {'foa', 'mic'}
            That it is said to be.

        Returns
        -------
        str or None
        """
        lowest = self.lowest
        band = f'likeness {lowest:.2f} of 1 at {BAND_HZ[0]} to {BAND_HZ[1]} Hz'
        if audio_format == 'foa' and lowest >= MICROPHONES_FROM:
            return f'looks like microphone signals rather than Ambisonics: all channels are alike ({band})'
        if audio_format == 'mic' and lowest <= AMBISONICS_UP_TO:
            return f'looks like Ambisonics rather than signals of a small array: channels differ ({band})'
        return None
