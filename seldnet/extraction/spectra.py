"""Short-time Fourier transform of recordings that come in pieces.

Adavanne et al., arXiv 1807.00129, section III-A, with the numbers of the 2019 release: hop 20 ms, a periodic
Hann window of two hops centred in the next power of two of points, the recording reflected at both ends so
that frame k is centred on sample k * hop. Bin 0 (DC) is dropped.

In double precision the numbers are those of `librosa.stft` to the bit (a test); this transform streams, and
takes a fifth of its time, which is why it is our own. In single precision it takes a third of that again, and
errs by some 1e-7 of the largest number of a frame: enough for features that sum over bins.
"""

import functools
import math
from collections.abc import Iterable, Iterator

import numpy as np

from seldnet.annotations.dataset import TAU2019, Dataset

# Frames that are transformed at a time, few enough for their spectra and features to stay in the processor's
# cache.
_BLOCK_FRAMES = {'float64': 25, 'float32': 50}


def window_length(dataset: Dataset = TAU2019) -> int:
    """Samples of the window: two hops, 40 ms.

    Parameters
    ----------
    dataset : Dataset
        Its rate.

    Returns
    -------
    int
        1920 at 48 kHz.
    """
    return 2 * dataset.hop_length


def transform_length(dataset: Dataset = TAU2019) -> int:
    """Points of the Fourier transform: the next power of two of the window's length.

    Parameters
    ----------
    dataset : Dataset
        Its rate.

    Returns
    -------
    int
        2048 at 48 kHz.
    """
    return 2 ** math.ceil(math.log2(window_length(dataset)))


def nb_bins(dataset: Dataset = TAU2019) -> int:
    """Bins of a spectrum, DC left out.

    Parameters
    ----------
    dataset : Dataset
        Its rate.

    Returns
    -------
    int
        1024 at 48 kHz.
    """
    return transform_length(dataset) // 2


def stft(audio: np.ndarray, *, dataset: Dataset = TAU2019) -> np.ndarray:
    """Short-time Fourier transform of each channel, without DC.

    Parameters
    ----------
    audio : np.ndarray
        Real, (samples, channels).
    dataset : Dataset
        Its rate.

    Returns
    -------
    np.ndarray
        complex64, (ceil(samples / hop), bins, channels): frame k is centred on sample k * hop.

    Examples
    --------
    >>> stft(np.zeros((48000, 4))).shape
    (50, 1024, 4)
    """
    empty = np.empty((0, nb_bins(dataset), audio.shape[1]), np.complex64)
    return np.concatenate([empty, *stft_blocks([audio], dataset=dataset)])


def stft_blocks(chunks: Iterable[np.ndarray], *, dataset: Dataset = TAU2019,
                precision: str = 'float64') -> Iterator[np.ndarray]:
    """The frames of `stft`, to the bit, at most 50 at a time, of a recording that comes in pieces.

    Memory is that of the largest piece, however long the recording is.

    Parameters
    ----------
    chunks : iterable of arrays, shape (samples, channels)
        Real, of any lengths.
    dataset : Dataset
        Its rate.
    precision : {'float64', 'float32'}
        In which is computed. The numbers of 2019 are those of the first.

    Yields
    ------
    complex64 array, shape (at most 25, in single precision 50, bins, channels)
        Nothing for a recording without samples.
    """
    nfft, hop = transform_length(dataset), dataset.hop_length
    margin = nfft // 2  # how far the windows of the first and the last frame reach beyond the recording
    waiting = None
    nb_samples = nb_frames = 0
    at_start = True
    for chunk in chunks:
        nb_samples += len(chunk)
        waiting = chunk if waiting is None else np.concatenate([waiting, chunk])
        if at_start and len(waiting) <= margin:
            continue  # not enough to reflect
        if at_start:
            waiting = np.pad(waiting, ((margin, 0), (0, 0)), mode='reflect')
            at_start = False
        if len(waiting) < nfft:
            continue  # not enough for a frame
        nb_ready = (len(waiting) - nfft) // hop + 1
        yield from _spectra(waiting, nb_ready, dataset, precision)
        nb_frames += nb_ready
        waiting = waiting[nb_ready * hop:]
    if nb_samples:
        waiting = np.pad(waiting, ((margin * at_start, margin), (0, 0)), mode='reflect')
        yield from _spectra(waiting, math.ceil(nb_samples / hop) - nb_frames, dataset, precision)


def _spectra(samples: np.ndarray, nb_frames: int, dataset: Dataset, precision: str) -> Iterator[np.ndarray]:
    """Blocks of spectra of the first `nb_frames` frames, of which the first starts at sample 0."""
    from scipy.fft import rfft  # its import takes a fifth of a second

    nfft, hop = transform_length(dataset), dataset.hop_length
    # For each channel anew, so that NumPy multiplies all samples of a frame in one go.
    window = hann_window(window_length(dataset), nfft).astype(precision).repeat(samples.shape[1])
    window = window.reshape(nfft, samples.shape[1])
    frames = np.lib.stride_tricks.sliding_window_view(samples, nfft, axis=0)[::hop]
    block_frames = _BLOCK_FRAMES[precision]
    windowed = np.empty((min(nb_frames, block_frames), nfft, samples.shape[1]), precision)
    for start in range(0, nb_frames, block_frames):
        block = frames[start:min(start + block_frames, nb_frames)].transpose(0, 2, 1)  # channels last
        # In double precision and rounded afterwards, which gives the numbers of 2019 to the bit. In single
        # precision the phases of frame 0 would differ: mirrored at the recording's start, its spectrum is
        # real but for rounding, whose sign decides between pi and -pi. SciPy's transform gives the numbers of
        # NumPy's, and computes those of several channels at a time. In single precision the bins of a channel
        # lie side by side in memory, for features that take channels one by one.
        np.multiply(block, window, out=windowed[:len(block)], casting='same_kind')
        if precision == 'float32':
            yield rfft(windowed[:len(block)].transpose(0, 2, 1))[..., 1:].transpose(0, 2, 1)
        else:
            yield rfft(windowed[:len(block)], axis=1)[:, 1:].astype(np.complex64)


@functools.cache
def hann_window(length: int, nfft: int) -> np.ndarray:
    """A periodic Hann window in the middle of `nfft` points, float64, as SciPy computes it to the last bit.

    (`librosa.filters.get_window` gives the same; importing it takes a second.)

    Parameters
    ----------
    length, nfft : int
        Of the window, and of the array around it.

    Returns
    -------
    float64 array, (nfft,)
    """
    angles = np.linspace(-np.pi, np.pi, length + 1)[:-1]
    return np.pad(0.5 + 0.5 * np.cos(angles), (nfft - length) // 2)
