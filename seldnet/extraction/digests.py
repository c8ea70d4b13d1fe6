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
PIECE_BYTES = 25 * _LANES * 8  # 25 such frames, what is computed at a time, so that they are in the cache
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, so that nothing that came before is lost


class Digest:
    """What pieces of bytes, one after the other, come to."""

    def __init__(self) -> None:
        self._sums = np.zeros(_LANES, np.uint64)
        self._nb_bytes = 0

    def add(self, piece: np.ndarray) -> None:
        """Add bytes.

        Parameters
        ----------
        piece : uint8 array
            `PIECE_BYTES` of them, or at the end fewer.
        """
        self._nb_bytes += len(piece)
        surplus = len(piece) % (8 * _LANES)
        if surplus:
            piece = np.concatenate([piece, np.zeros(8 * _LANES - surplus, np.uint8)])
        self._sums *= _FACTOR
        self._sums += np.add.reduce(piece.view(np.uint64).reshape(-1, _LANES), axis=0)

    def text(self, what: str) -> str:
        """The digest of all bytes that were added, and of what they are.

        Parameters
        ----------
        what : str
            Of an array as `kind_of_array` says it.

        Returns
        -------
        str
            16 hexadecimal digits; of an array the same as `file_digest` of its .npy file.
        """
        text = f'{self._nb_bytes} bytes of {what}'
        return hashlib.sha256(self._sums.astype('<u8').tobytes() + text.encode()).hexdigest()[:16]


def kind_of_array(dtype: np.dtype, shape: tuple[int, ...]) -> str:
    """Type and shape of an array, for its digest.

    Parameters
    ----------
    dtype : np.dtype
    shape : tuple of int

    Returns
    -------
    str
    """
    return f'{dtype.str} {shape}'


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
    digest = Digest()
    with path.open('rb') as file:
        what = _header(file) if path.suffix == '.npy' else 'bytes'
        while len(piece := np.fromfile(file, np.uint8, PIECE_BYTES)):
            digest.add(piece)
    return digest.text(what)


def _header(file) -> str:
    """Type and shape of a .npy file; of what is none, nothing is read."""
    try:
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    except ValueError:
        file.seek(0)
        return 'bytes'
    return kind_of_array(dtype, shape)
