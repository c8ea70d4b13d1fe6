"""`mel`: log-mel levels, and what says where a sound comes from; about 5 MB a recording.

For first-order Ambisonics (`foa`) seven planes: the log of the mel-weighted power of W, Y, Z and X, and the
active intensity vector, the real part of conj(W) times Y, Z and X, mel-weighted and divided by the
mel-weighted energy (|W|^2 + (|X|^2 + |Y|^2 + |Z|^2) / 3), so that each component lies within -1..1 (Cao et
al., "Polyphonic sound event detection and localization using a two-stage strategy", DCASE 2019, arXiv
1905.00268).

For the microphone array (`mic`) ten planes: the log-mel power of the four channels, and the same products,
real and imaginary part, of W, Y, Z and X as a tetrahedral array has them: the sum of the microphones, and the
differences between left and right, above and below, front and back (Gerzon, "The design of precisely
coincident microphone arrays for stereo and surround sound", AES 1975; without the equalisation, which depends
on the array's size). While the array is small beside the wavelength, the differences are a quarter of a
period before or behind the sum, and the imaginary parts point to the source; at higher frequencies both parts
say something. They are divided by twice the mel-weighted power of all four, and so within -1..1.

From `THINNED_FROM_HZ` on every second bin is left out, and the others count twice: a Hann window spreads each
frequency over four bins, so that those between two others say little that these do not.

A stored row holds, for one frame, bands outermost and planes innermost. Levels are standardised by one mean
and one scale a band, the same for all channels, so that differences between channels remain what they are and
channels may be exchanged; the other planes are divided by their root mean square over all bands and planes.
"""

import functools
import itertools
import math
import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seldnet.annotations.dataset import NB_CHANNELS, Dataset
from seldnet.extraction.features import FeatureKind
from seldnet.extraction.rotations import ChannelMap, Rotation, channel_map
from seldnet.extraction.scaler import Moments
from seldnet.extraction.spectra import transform_length

NB_BANDS = 64
LOWEST_HZ = 50
POWER_FLOOR = 1e-8  # below the quantisation noise of 16 bits; keeps silence finite
NB_PLANES = {'foa': NB_CHANNELS + 3, 'mic': NB_CHANNELS + 2 * 3}
THINNED_FROM_HZ = 3000


class _Filters(NamedTuple):
    """Triangular filters, those of some neighbouring bands over the bins that they reach: (bins, bands)."""

    bins: slice
    bands: slice
    weights: np.ndarray


@functools.lru_cache
def mel_filters(sample_rate_hz: int, nfft: int) -> np.ndarray:
    """Triangular filters of librosa's (Slaney's) mel scale, peak 1, without DC.

    Parameters
    ----------
    sample_rate_hz, nfft : int
        Of the samples, and points of the Fourier transform.

    Returns
    -------
    float32 array, (bins, bands)
    """
    # `librosa.filters.mel` gives the same (a test), but its import takes a second more, and 70 MB.
    from librosa import mel_frequencies

    edges_hz = mel_frequencies(NB_BANDS + 2, fmin=LOWEST_HZ, fmax=sample_rate_hz / 2)
    widths_hz = np.diff(edges_hz)
    bins_hz = np.arange(1, nfft // 2 + 1)[:, np.newaxis] * (sample_rate_hz / nfft)
    rising = (bins_hz - edges_hz[:-2]) / widths_hz[:-1]
    falling = (edges_hz[2:] - bins_hz) / widths_hz[1:]
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def nb_unthinned_bins(sample_rate_hz: int, nfft: int) -> int:
    """Bins without DC below `THINNED_FROM_HZ`, all of which are used; of the others only every second is.

    Parameters
    ----------
    sample_rate_hz, nfft : int
        As of `mel_filters`.

    Returns
    -------
    int
        128 of 1024 at 48 kHz. The first bin after them is left out, the second used, and so on.
    """
    return min(THINNED_FROM_HZ * nfft // sample_rate_hz, nfft // 2)


@functools.lru_cache
def _filter_blocks(sample_rate_hz: int, nfft: int) -> list[_Filters]:
    """The filters of the bins that are used, cut into ranges, each with the few bands that it touches."""
    filters = mel_filters(sample_rate_hz, nfft)
    nb_unthinned = nb_unthinned_bins(sample_rate_hz, nfft)
    filters = np.concatenate((filters[:nb_unthinned], 2 * filters[nb_unthinned + 1::2]))
    edges = np.round(np.array(_RANGES) * len(filters)).astype(int)
    blocks = []
    for first, end in itertools.pairwise(edges.tolist()):
        bands = np.flatnonzero(filters[first:end].any(axis=0))
        touched = slice(int(bands[0]), int(bands[-1]) + 1)
        blocks.append(_Filters(slice(first, end), touched, np.ascontiguousarray(filters[first:end, touched])))
    return blocks


_RANGES = (0, 0.15, 0.35, 0.65, 1)  # of the bins: a quarter of the work that whole filters are


def _mel_weighted(planes: np.ndarray, blocks: Sequence[_Filters]) -> np.ndarray:
    """Planes (..., bins) -> (..., bands)."""
    rows = planes.reshape(-1, planes.shape[-1])  # one product of matrices a block, not one a plane
    weighted = np.zeros((len(rows), NB_BANDS), np.float32)
    for bins, bands, weights in blocks:
        weighted[:, bands] += rows[:, bins] @ weights
    return weighted.reshape(*planes.shape[:-1], NB_BANDS)


_CACHE_LINE = 64  # bytes


class _Workspace(threading.local):
    """Arrays that a thread fills anew with each block: new memory would take longer than the arithmetic.

    They start where a line of the processor's cache starts, or products would take nearly twice as long.
    """

    def __init__(self):
        self._memory: dict[str, np.ndarray] = {}

    def array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """A float32 array with what it was last filled with, or anything."""
        size = math.prod(shape)
        if name not in self._memory or self._memory[name].size < size:
            longer = np.empty(size + _CACHE_LINE // 4, np.float32)
            first = -longer.ctypes.data % _CACHE_LINE // 4
            self._memory[name] = longer[first:first + size]
        return self._memory[name][:size].reshape(shape)


_WORKSPACE = _Workspace()


def _power_and_products(spectrum: np.ndarray, nb_unthinned: int, audio_format: str) -> np.ndarray:
    """Of each bin that is used, (planes, frames, bins): the power of the channels, and conj(W) times Y, Z and
    X, real parts and, for mic, imaginary parts. Valid until the next call."""
    nb_frames, nb_bins, nb_channels = spectrum.shape
    nb_used = nb_unthinned + (nb_bins - nb_unthinned) // 2
    real, imaginary, other = (_WORKSPACE.array(name, (nb_channels, nb_frames, nb_used))
                              for name in ('real', 'imag', 'other'))
    for part, numbers in ((real, spectrum.real), (imaginary, spectrum.imag)):
        by_channel = numbers.transpose(2, 0, 1)
        part[..., :nb_unthinned] = by_channel[..., :nb_unthinned]
        part[..., nb_unthinned:] = by_channel[..., nb_unthinned + 1::2]
    planes = _WORKSPACE.array('planes', (NB_PLANES[audio_format], *real.shape[1:]))
    powers, real_products, imaginary_products = np.split(planes, (NB_CHANNELS, NB_CHANNELS + 3))
    np.multiply(real, real, out=powers)
    powers += np.multiply(imaginary, imaginary, out=other)
    if audio_format == 'mic':
        _sum_and_differences(real, other)
        _sum_and_differences(imaginary, other)
    np.multiply(real[0], real[1:], out=real_products)
    real_products += np.multiply(imaginary[0], imaginary[1:], out=other[1:])
    if audio_format == 'mic':
        np.multiply(real[0], imaginary[1:], out=imaginary_products)
        imaginary_products -= np.multiply(imaginary[0], real[1:], out=other[1:])
    return planes


def _sum_and_differences(microphones: np.ndarray, other: np.ndarray) -> None:
    """Make W, Y, Z and X, in place, of four microphones in the corners of a cube (`rotations` has them)."""
    sums, differences = other[:2], other[2:]
    np.add(microphones[::2], microphones[1::2], out=sums)  # of M1 and M2, and of M3 and M4
    np.subtract(microphones[::2], microphones[1::2], out=differences)
    np.add(sums[0], sums[1], out=microphones[0])
    np.add(differences[0], differences[1], out=microphones[1])
    np.subtract(differences[0], differences[1], out=microphones[2])
    np.subtract(sums[0], sums[1], out=microphones[3])


def spectrum_to_mel(spectrum: np.ndarray, dataset: Dataset, audio_format: str) -> np.ndarray:
    """Mel features of a spectrum.

    Parameters
    ----------
    spectrum : complex array, (frames, bins, channels)
    dataset : Dataset
        Its rate.
    audio_format : {'foa', 'mic'}

    Returns
    -------
    float32 array, (frames, bands * planes)
        Levels as natural logarithms of power, the other planes within -1..1.
    """
    rate_and_length = dataset.sample_rate_hz, transform_length(dataset)
    planes = _power_and_products(spectrum, nb_unthinned_bins(*rate_and_length), audio_format)
    weighted = _mel_weighted(planes, _filter_blocks(*rate_and_length))
    power, others = weighted[:NB_CHANNELS], weighted[NB_CHANNELS:]
    others /= POWER_FLOOR + (power[0] + power[1:].sum(axis=0) / 3 if audio_format == 'foa'
                             else 2 * power.sum(axis=0))
    weighted[:NB_CHANNELS] = np.log(power + POWER_FLOOR)
    return weighted.transpose(1, 2, 0).reshape(len(spectrum), -1)


def _shape(dataset: Dataset, audio_format: str) -> tuple[int, int]:
    return NB_BANDS, NB_PLANES[audio_format]


def _pooled_moments(moments: Moments) -> Moments:
    """Moments that give the levels of a band one mean and scale, and all other planes one scale."""
    mean, deviations = (column.reshape(NB_BANDS, -1).copy() for column in moments[1:])
    levels = mean[:, :NB_CHANNELS]
    of_band = levels.mean(axis=1, keepdims=True)
    apart = moments.count * (levels - of_band) ** 2
    pooled = (deviations[:, :NB_CHANNELS] + apart).mean(axis=1, keepdims=True)
    mean[:, :NB_CHANNELS], deviations[:, :NB_CHANNELS] = of_band, pooled
    # Around zero, which is where the others stay when the space is mirrored.
    around_zero = deviations[:, NB_CHANNELS:] + moments.count * mean[:, NB_CHANNELS:] ** 2
    deviations[:, NB_CHANNELS:] = around_zero.mean()
    mean[:, NB_CHANNELS:] = 0
    return Moments(moments.count, mean.ravel(), deviations.ravel())


def _mean_magnitude(rows: np.ndarray) -> float:
    """What of the levels' mean is nearest to a mean magnitude: the root of a power."""
    levels = rows.reshape(*rows.shape[:-1], NB_BANDS, -1)[..., :NB_CHANNELS]
    return float(np.exp(levels.mean() / 2))


@functools.lru_cache
def plane_map(rotation: Rotation, audio_format: str) -> ChannelMap:
    """The planes of features after a rotation of the space, as `ChannelMap` says it of channels.

    Parameters
    ----------
    rotation : Rotation
        One of `rotations_of(audio_format)`.
    audio_format : {'foa', 'mic'}

    Returns
    -------
    ChannelMap
        Of 7 or 10 planes.
    """
    channels, axes = channel_map(rotation, audio_format), channel_map(rotation, 'foa')
    source, sign = [*channels.source], [1] * NB_CHANNELS  # levels have no sign
    for first in range(NB_CHANNELS, NB_PLANES[audio_format], 3):  # planes that follow Y, Z and X
        source += [first + place - 1 for place in axes.source[1:]]
        sign += axes.sign[1:]
    return ChannelMap(tuple(source), tuple(sign))


MEL = FeatureKind('mel', '_mel', _shape, spectrum_to_mel, _mean_magnitude, pool_moments=_pooled_moments,
                  keeps_unscaled=True, plane_map=plane_map, precision='float32',
                  dtypes={'mic': 'float16'},  # ten planes: in float32 3.1 GB for 400 recordings
                  revision=2)
