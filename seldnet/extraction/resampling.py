"""Samples of any rate, piece by piece, brought to another rate by soxr."""

from collections.abc import Iterable, Iterator

import numpy as np


def resampled(chunks: Iterable[np.ndarray], rate_hz: int, to_rate_hz: int) -> Iterator[np.ndarray]:
    """Samples at another rate.

    Parameters
    ----------
    chunks : iterable of float arrays, shape (samples, channels)
        One after the other.
    rate_hz, to_rate_hz : int
        That they have, and that they are to have.

    Yields
    ------
    float32 array, shape (samples, channels)
        The chunks themselves where the rates are the same.
    """
    if rate_hz == to_rate_hz:
        yield from chunks
        return
    import soxr  # training imports this room too and does not need it

    resampler = None
    for chunk in chunks:
        if resampler is None:
            nb_channels = chunk.shape[1]
            resampler = soxr.ResampleStream(rate_hz, to_rate_hz, nb_channels, dtype='float32', quality='HQ')
        yield resampler.resample_chunk(np.ascontiguousarray(chunk, np.float32))
    if resampler is not None:
        yield resampler.resample_chunk(np.empty((0, nb_channels), np.float32), last=True)
