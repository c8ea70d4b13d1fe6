"""Digests of what files hold: fast enough to be taken of everything that an extraction reads and writes.

Bytes are taken as lanes of 64-bit words, side by side: every 25 rows of words are added up, and what came
before is multiplied by an odd number. Any byte that is another makes another digest, and so does another
order of such pieces. That takes a hundredth of an extraction's time, SHA-256 of the same bytes a tenth; a
digest is to notice what went wrong, not to withstand whoever forges files.
"""

import functools
import hashlib
from pathlib import Path

import numpy as np

from seldnet.common.files import Stamp, file_stamp

_LANES = 4096  # words beside each other: those of a frame of features of 2019
_PIECE = 25 * _LANES * 8  # bytes: 25 frames, what is computed at a time, so that they are in the cache
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, so that nothing that came before is lost


class _Lanes:
    """What pieces of bytes, one after the other, come to."""

    def __init__(self) -> None:
        self._sums = np.zeros(_LANES, np.uint64)
        self._nb_bytes = 0

    def add(self, piece: np.ndarray) -> None:
        """Add bytes: `_PIECE` of them, or at the end fewer."""
        self._nb_bytes += len(piece)
        surplus = len(piece) % (8 * _LANES)
        if surplus:
            piece = np.concatenate([piece, np.zeros(8 * _LANES - surplus, np.uint8)])
        self._sums *= _FACTOR
        self._sums += np.add.reduce(piece.view(np.uint64).reshape(-1, _LANES), axis=0)

    def digest(self, what: str) -> str:
        text = f'{self._nb_bytes} bytes of {what}'
        return hashlib.sha256(self._sums.astype('<u8').tobytes() + text.encode()).hexdigest()[:16]


class ArrayDigest:
    """The digest of an array that is filled row by row.

    Parameters
    ----------
    array : np.ndarray
        C-contiguous, of numbers.
    """

    def __init__(self, array: np.ndarray):
        self._array = array
        self._bytes = array.reshape(-1).view(np.uint8)
        self._lanes = _Lanes()
        self._done = 0

    def advance(self, nb_rows: int) -> None:
        """Take in what is filled, while it is in the processor's cache.

        Parameters
        ----------
        nb_rows : int
            That are filled, from the first; they change no more.
        """
        end = nb_rows * (self._bytes.size // max(1, len(self._array)))
        while end - self._done >= _PIECE:
            self._lanes.add(self._bytes[self._done:self._done + _PIECE])
            self._done += _PIECE

    def digest(self) -> str:
        """The digest, once all rows are filled; the same as `file_digest` of the array's .npy file.

        Returns
        -------
        str
            16 hexadecimal digits.
        """
        self.advance(len(self._array))
        if self._done < self._bytes.size:
            self._lanes.add(self._bytes[self._done:])
            self._done = self._bytes.size
        return self._lanes.digest(f'{self._array.dtype.str} {self._array.shape}')


def file_digest(path: Path) -> str:
    """The digest of what a file holds: of a .npy file the array's.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        16 hexadecimal digits.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    return _digest_of(path, file_stamp(path))


@functools.lru_cache(maxsize=100_000)
def _digest_of(path: Path, stamp: Stamp) -> str:
    lanes = _Lanes()
    with path.open('rb') as file:
        what = _header(file) if path.suffix == '.npy' else 'bytes'
        while len(piece := np.fromfile(file, np.uint8, _PIECE)):
            lanes.add(piece)
    return lanes.digest(what)


def _header(file) -> str:
    """Type and shape of a .npy file, as `ArrayDigest` has them; of what is none, nothing is read."""
    try:
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    except ValueError:
        file.seek(0)
        return 'bytes'
    return f'{dtype.str} {shape}'
