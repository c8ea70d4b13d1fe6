"""`mel`: log-mel levels, and what says where a sound comes from; about 5 MB a recording.

For first-order Ambisonics (`foa`) seven planes: the log of the mel-weighted power of W, Y, Z and X, and the
active intensity vector, the real part of conj(W) times Y, Z and X, mel-weighted and divided by the
mel-weighted energy (|W|^2 + (|X|^2 + |Y|^2 + |Z|^2) / 3), so that each component lies within -1..1 (Cao et
al., "Polyphonic sound event detection and localization using a two-stage strategy", DCASE 2019, arXiv
1905.00268).

For the microphone array (`mic`) sixteen planes: the log-mel power of the four channels, and for each of their
six pairs the mel-weighted cross-spectrum, real and imaginary part, divided by the root of the product of both
mel-weighted powers (a coherence, within the unit circle; its angle is the difference of phase).

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
PAIRS = tuple(itertools.combinations(range(NB_CHANNELS), 2))  # of microphones
NB_PLANES = {'foa': NB_CHANNELS + 3, 'mic': NB_CHANNELS + 2 * len(PAIRS)}


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
    from librosa.filters import mel  # its import takes a second

    filters = mel(sr=sample_rate_hz, n_fft=nfft, n_mels=NB_BANDS, fmin=LOWEST_HZ, fmax=sample_rate_hz / 2,
                  norm=None)
    return np.ascontiguousarray(filters[:, 1:].T)


@functools.lru_cache
def _filter_blocks(sample_rate_hz: int, nfft: int) -> list[_Filters]:
    """The filters cut into ranges of bins, each with the few bands that it touches: a third of the work."""
    filters = mel_filters(sample_rate_hz, nfft)
    edges = np.round(np.array(_RANGES) * len(filters)).astype(int)
    blocks = []
    for first, end in itertools.pairwise(edges.tolist()):
        bands = np.flatnonzero(filters[first:end].any(axis=0))
        touched = slice(int(bands[0]), int(bands[-1]) + 1)
        blocks.append(_Filters(slice(first, end), touched, np.ascontiguousarray(filters[first:end, touched])))
    return blocks


_RANGES = (0, 3 / 32, 3 / 16, 3 / 8, 5 / 8, 1)  # of the bins


def _mel_weighted(planes: np.ndarray, blocks: Sequence[_Filters]) -> np.ndarray:
    """Planes (..., bins) -> (..., bands)."""
    weighted = np.zeros((*planes.shape[:-1], NB_BANDS), np.float32)
    for bins, bands, weights in blocks:
        weighted[..., bands] += planes[..., bins] @ weights
    return weighted


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


def _power_and_products(spectrum: np.ndarray, audio_format: str) -> np.ndarray:
    """Of each bin, (planes, frames, bins): the power of the channels, and the products of W with the others
    (foa, their real part) or of each pair (mic, real parts, imaginary parts). Valid until the next call."""
    channels = spectrum.transpose(2, 0, 1)
    real, imaginary, other = (_WORKSPACE.array(name, channels.shape) for name in ('real', 'imag', 'other'))
    np.copyto(real, channels.real)
    np.copyto(imaginary, channels.imag)
    planes = _WORKSPACE.array('planes', (NB_PLANES[audio_format], *channels.shape[1:]))
    np.multiply(real, real, out=planes[:NB_CHANNELS])
    planes[:NB_CHANNELS] += np.multiply(imaginary, imaginary, out=other)
    if audio_format == 'foa':
        np.multiply(real[0], real[1:], out=planes[NB_CHANNELS:])
        planes[NB_CHANNELS:] += np.multiply(imaginary[0], imaginary[1:], out=other[1:])
        return planes
    for place, (first, second) in enumerate(PAIRS, NB_CHANNELS):
        np.multiply(real[first], real[second], out=planes[place])
        planes[place] += np.multiply(imaginary[first], imaginary[second], out=other[0])
        np.multiply(imaginary[first], real[second], out=planes[place + len(PAIRS)])
        planes[place + len(PAIRS)] -= np.multiply(real[first], imaginary[second], out=other[0])
    return planes


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
    blocks = _filter_blocks(dataset.sample_rate_hz, transform_length(dataset))
    planes = _power_and_products(spectrum, audio_format)
    weighted = _mel_weighted(planes, blocks)
    power, others = weighted[:NB_CHANNELS], weighted[NB_CHANNELS:]
    if audio_format == 'foa':
        others /= power[0] + power[1:].sum(axis=0) / 3 + POWER_FLOOR
    else:
        first, second = np.transpose(PAIRS)
        others /= np.tile(np.sqrt(power[first] * power[second]) + POWER_FLOOR, (2, 1, 1))
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
        Of 7 or 16 planes.
    """
    channels = channel_map(rotation, audio_format)
    levels = (1,) * NB_CHANNELS
    if audio_format == 'foa':  # the intensity's components follow Y, Z and X
        return ChannelMap((*channels.source, *(place + NB_CHANNELS - 1 for place in channels.source[1:])),
                          (*levels, *channels.sign[1:]))
    pairs = [tuple(sorted(pair)) for pair in
             ((channels.source[first], channels.source[second]) for first, second in PAIRS)]
    places = [PAIRS.index(pair) for pair in pairs]
    # Exchanging the two channels of a pair conjugates its cross-spectrum.
    signs = [1 if channels.source[first] < channels.source[second] else -1 for first, second in PAIRS]
    return ChannelMap((*channels.source, *(NB_CHANNELS + place for place in places),
                       *(NB_CHANNELS + len(PAIRS) + place for place in places)),
                      (*levels, *levels[:1] * len(PAIRS), *signs))


MEL = FeatureKind('mel', '_mel', _shape, spectrum_to_mel, _mean_magnitude, pool_moments=_pooled_moments,
                  keeps_unscaled=True, plane_map=plane_map, precision='float32')
