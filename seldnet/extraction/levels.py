"""What is odd about the levels of a recording: silence, clipping, too weak, too loud."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from seldnet.annotations.dataset import NB_CHANNELS

FULL_SCALE = 0.9999  # 32767 of 16 bits is 0.99997
CLIPPED_PAIRS = 20  # of neighbouring samples at full scale: fewer may be chance
LARGEST = 2.0  # floating-point samples may go a little beyond full scale
FAR_BEYOND = 10.0  # 20 dB beyond full scale: on another scale, such as that of 16-bit integers
TOLERANCE_DB = 20  # features change with the level, and training has had little more than that


class SampleLevels:
    """Levels of a recording's samples, gathered while they pass.

    Parameters
    ----------
    full_scale : sequence of four numbers
        What full scale has become in each channel, where channels were multiplied since they were read.

    Attributes
    ----------
    peak : float
        The largest sample so far; 1 is full scale.
    """

    def __init__(self, full_scale: Sequence[float] = (1,) * NB_CHANNELS):
        self._full_scale = np.asarray(full_scale, np.float32)
        self._peaks = np.zeros(NB_CHANNELS, np.float32)
        self._nb_clipped = np.zeros(NB_CHANNELS, int)

    @property
    def peak(self) -> float:
        return float(self._peaks.max())

    def passing(self, chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Pass samples on and note them.

        Parameters
        ----------
        chunks : iterable of float arrays, shape (samples, 4)

        Yields
        ------
        float array
            The chunks themselves.
        """
        for chunk in chunks:
            peaks = np.maximum(chunk.max(axis=0, initial=0), -chunk.min(axis=0, initial=0)) / self._full_scale
            self._peaks = np.maximum(self._peaks, peaks)
            for channel in np.flatnonzero(peaks >= FULL_SCALE):
                is_full = np.abs(chunk[:, channel]) >= FULL_SCALE * self._full_scale[channel]
                self._nb_clipped[channel] += np.count_nonzero(is_full[1:] & is_full[:-1])
            yield chunk

    def warnings(self, gain: float = 1) -> list[str]:
        """What a user should know, a sentence each.

        Parameters
        ----------
        gain : float
            By which the samples are multiplied afterwards.

        Returns
        -------
        list of str
        """
        is_silent = self._peaks == 0
        if is_silent.all():
            return ['all channels are silent']
        warnings = [f'silent: channel {_numbers(is_silent)}'] if is_silent.any() else []
        clipped = self._nb_clipped >= CLIPPED_PAIRS
        if self.peak * gain > LARGEST:
            warnings.append(beyond_full_scale(self.peak * gain))
        elif clipped.any() and self.peak <= LARGEST:
            warnings.append(f'clipped: channel {_numbers(clipped)}, where {self._nb_clipped[clipped].sum()} '
                            'times neighbouring samples are at full scale')
        return warnings


def beyond_full_scale(peak: float) -> str:
    """A sentence about samples beyond full scale.

    Parameters
    ----------
    peak : float
        The largest.

    Returns
    -------
    str
        With the scale that it may be on instead.

    Examples
    --------
    >>> beyond_full_scale(5060)
    'samples of up to 5.06e+03, expected at most 1, which is full scale (of 16-bit integers divide by 32768)'
    """
    bits = next((bits for bits in (16, 24, 32) if peak <= 2 ** (bits - 1)), None)
    scale = f' (of {bits}-bit integers divide by {2 ** (bits - 1)})' if bits and peak > FAR_BEYOND else ''
    return f'samples of up to {peak:.3g}, expected at most 1, which is full scale{scale}'


def _numbers(channels: np.ndarray) -> str:
    return ', '.join(map(str, np.flatnonzero(channels) + 1))


class MeanAndLoudest(NamedTuple):
    """Mean magnitude of all of a recording, and of its loudest block of frames, half a second or so."""

    mean: float
    loudest: float


class Magnitudes:
    """Mean magnitudes of a recording's blocks of frames; of as many as there are, in constant memory."""

    def __init__(self) -> None:
        self._sum = self._loudest = 0.0
        self._nb_frames = 0

    def add(self, magnitude: float, nb_frames: int) -> None:
        """Note a block.

        Parameters
        ----------
        magnitude : float
            Its mean magnitude, as of `FeatureKind.mean_magnitude`.
        nb_frames : int
        """
        self._sum += magnitude * nb_frames
        self._nb_frames += nb_frames
        self._loudest = max(self._loudest, magnitude)

    def levels(self) -> MeanAndLoudest:
        """Of the blocks so far; zeros without any."""
        return MeanAndLoudest(self._sum / max(self._nb_frames, 1), self._loudest)


def level_warnings(levels: MeanAndLoudest, usual: float, whose: str) -> list[str]:
    """Whether a recording is much weaker or louder than others.

    A recording with long pauses is not weak: its loudest block counts.

    Parameters
    ----------
    levels : MeanAndLoudest
        Of the recording.
    usual : float
        Mean magnitude of the others.
    whose : str
        The others, for the sentence.

    Returns
    -------
    list of str
        At most one sentence; none for a recording without any sound.
    """
    if min(*levels, usual) <= 0:
        return []
    mean_db, loudest_db = (20 * math.log10(value / usual) for value in levels)
    if loudest_db < -TOLERANCE_DB:
        return [f'weak: the loudest second is {-loudest_db:.0f} dB below the mean of {whose}']
    if mean_db > TOLERANCE_DB:
        return [f'loud: the mean is {mean_db:.0f} dB above that of {whose}']
    return []


def usual_magnitude(levels: Iterable[MeanAndLoudest]) -> float:
    """The level that recordings usually have.

    Parameters
    ----------
    levels : iterable of MeanAndLoudest
        Of each.

    Returns
    -------
    float
        The median of the means, between the two of an even number by their ratio; 0 if all are silent. Few
        that are far off do not move it, nor does silence that fills recordings up.
    """
    means = [of_one.mean for of_one in levels if of_one.mean > 0]
    return float(np.exp(np.median(np.log(means)))) if means else 0.0


def unlike_the_set(levels: Mapping[str, MeanAndLoudest]) -> dict[str, list[str]]:
    """The recordings of a set that are much weaker or louder than the others.

    Parameters
    ----------
    levels : mapping
        Of all recordings by name.

    Returns
    -------
    dict of list of str
        By name, as of `level_warnings`. Of two both are named.
    """
    usual = usual_magnitude(levels.values())
    warnings = {name: level_warnings(of_one, usual, 'the set') for name, of_one in levels.items()}
    return {name: of_one for name, of_one in warnings.items() if of_one}
