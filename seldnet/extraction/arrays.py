"""Arrays on disk: features and labels as .npy files, checked and memory-mapped."""

import contextlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from seldnet.common.errors import InputError
from seldnet.common.files import Stamp, atomic_path, file_stamp
from seldnet.extraction.digests import PIECE_BYTES, Digest, kind_of_array
from seldnet.extraction.features import DTYPES

COMMAND = 'python batch_feature_extraction.py'  # that the messages say to run


@contextlib.contextmanager
def reading(path: str | Path, what: str) -> Iterator[None]:
    """Around reading arrays from a file: NumPy has a dozen kinds of exceptions for a damaged one.

    Parameters
    ----------
    path : path
    what : str
        Such as 'a scaler of this project'.

    Raises
    ------
    InputError
        That the file is not `what` it should be; errors of the system (OSError) pass.
    """
    try:
        yield
    except OSError:  # the system's
        raise
    except Exception as error:
        raise InputError(f'{path}: not {what}; remove it and run `{COMMAND}`') from error


class StoredArray(NamedTuple):
    """A two-dimensional array on disk whose header has been read: what is needed to read it, and no more.

    Headers are text that NumPy lets Python parse, and Python before 3.11.8 and 3.12.2 cannot parse in several
    threads at once (gh-106905, a SystemError once in many hours). So they are parsed once; threads read rows.

    Attributes
    ----------
    path : Path
    dtype : np.dtype
    shape : (frames, columns)
    offset : int
        Bytes of the header.
    stamp : Stamp
        Of the file when its header was read.
    """

    path: Path
    dtype: np.dtype
    shape: tuple[int, int]
    offset: int
    stamp: Stamp

    def open(self) -> np.memmap:
        """Map it, read-only.

        Returns
        -------
        np.memmap

        Raises
        ------
        InputError
            If the file has become another since its header was read.
        """
        self._check_unchanged()
        with reading(self.path, 'as long as it was'):
            return np.memmap(self.path, self.dtype, 'r', self.offset, self.shape)

    def read_into(self, rows: np.ndarray, first: int) -> None:
        """Read as many frames as an array has rows; copying them from a map takes longer, page by page.

        Parameters
        ----------
        rows : array, (number, columns)
            Of any type; C-contiguous.
        first : int
            The first frame.

        Raises
        ------
        InputError
            As `open`.
        """
        self._check_unchanged()
        read = rows if rows.dtype == self.dtype else np.empty(rows.shape, self.dtype)
        with reading(self.path, 'as long as it was'), self.path.open('rb') as file:
            file.seek(self.offset + first * self.shape[1] * self.dtype.itemsize)
            if file.readinto(read.reshape(-1).view(np.uint8)) < read.nbytes:
                raise EOFError
        if read is not rows:
            rows[:] = read

    def _check_unchanged(self) -> None:
        if not self.path.is_file() or not _is_the_same(file_stamp(self.path), self.stamp):
            raise InputError(f'{self.path}: was removed or changed meanwhile; run `{COMMAND}`')


def _is_the_same(stamp: Stamp, before: Stamp) -> bool:
    """Whether nobody replaced a file meanwhile; a link to it, as a backup may make, changes its ctime."""
    return stamp._replace(ctime_ns=before.ctime_ns) == before


def stored_features(path: str | Path) -> StoredArray:
    """Normalised features of a recording: (frames, columns), float32 or float16.

    Parameters
    ----------
    path : path

    Returns
    -------
    StoredArray

    Raises
    ------
    InputError
        If there is no such file, or it is no .npy file of two dimensions and such a type, rows innermost.
    """
    return _stored_array(Path(path), 'features', DTYPES)


def stored_labels(path: str | Path) -> StoredArray:
    """Labels of a recording: (frames, 3 * classes): activities, azimuths, elevations (degrees).

    int16, or float32 where directions are free.

    Parameters
    ----------
    path : path

    Returns
    -------
    StoredArray

    Raises
    ------
    InputError
        If there is no such file, or it is no .npy file of two dimensions and such a type, rows innermost.
    """
    return _stored_array(Path(path), 'labels', ('int16', 'float32'))


def open_features(path: str | Path) -> np.memmap:
    """The features that `stored_features` finds, memory-mapped read-only.

    Parameters
    ----------
    path : path

    Returns
    -------
    np.memmap, shape (frames, columns)
        float32 or float16.

    Raises
    ------
    InputError
        As `stored_features`.
    """
    return stored_features(path).open()


def open_labels(path: str | Path) -> np.memmap:
    """The labels that `stored_labels` finds, memory-mapped read-only.

    Parameters
    ----------
    path : path

    Returns
    -------
    np.memmap, shape (frames, 3 * classes)
        int16 or float32.

    Raises
    ------
    InputError
        As `stored_labels`.
    """
    return stored_labels(path).open()


def _stored_array(path: Path, what: str, dtypes: Sequence[str]) -> StoredArray:
    if not path.is_file():
        raise InputError(f'{path}: no such {what}; run `{COMMAND}`')
    stamp = file_stamp(path)
    with reading(path, f'a .npy file of {what}'):
        array = np.lib.format.open_memmap(path, mode='r')
    if array.ndim != 2 or array.dtype.name not in dtypes or not array.flags.c_contiguous:
        order = '' if array.flags.c_contiguous else ' in Fortran order'
        raise InputError(f'{path}: {what} of type {array.dtype} and shape {array.shape}{order}, expected '
                         f'{" or ".join(dtypes)} in two dimensions; remove it and run `{COMMAND}`')
    return StoredArray(path, array.dtype, array.shape, array.offset, stamp)


class RowWriter:
    """Rows that go to a .npy file as they come; made by `array_file`.

    They are gathered in pieces that the processor's cache holds, so that they are read from there for the
    digest and for the disk, and memory does not grow with the recording.

    Parameters
    ----------
    file : binary file
        Empty, open for writing.
    shape : tuple of int
        Of all rows together.
    dtype : np.dtype

    Attributes
    ----------
    digest : str
        Of the array, as of `file_digest`, once the file is finished.
    """

    def __init__(self, file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype):
        self.digest = ''
        self._file, self._shape, self._dtype = file, shape, dtype
        self._sum = Digest()
        self._nb_missing = math.prod(shape) * dtype.itemsize  # bytes
        self._gathered = np.empty(PIECE_BYTES, np.uint8)
        self._nb_gathered = 0
        header = {'shape': shape, 'fortran_order': False, 'descr': np.lib.format.dtype_to_descr(dtype)}
        np.lib.format.write_array_header_1_0(file, header)

    def append(self, rows: np.ndarray) -> None:
        """Write rows.

        Parameters
        ----------
        rows : array
            Of the file's type; the next ones, however many.
        """
        waiting = np.ascontiguousarray(rows, self._dtype).reshape(-1).view(np.uint8)
        self._nb_missing -= len(waiting)
        while len(waiting):
            if not self._nb_gathered and len(waiting) >= PIECE_BYTES:  # nothing to copy
                self._write(waiting[:PIECE_BYTES])
                waiting = waiting[PIECE_BYTES:]
                continue
            end = min(self._nb_gathered + len(waiting), PIECE_BYTES)
            taken = end - self._nb_gathered
            self._gathered[self._nb_gathered:end] = waiting[:taken]
            self._nb_gathered, waiting = end, waiting[taken:]
            if end == PIECE_BYTES:
                self._write(self._gathered)
                self._nb_gathered = 0

    def _write(self, piece: np.ndarray) -> None:
        self._sum.add(piece)
        self._file.write(piece.data)

    def finish(self) -> None:
        """Write what is gathered, and take the digest; `array_file` does it.

        Raises
        ------
        InputError
            If there are more or fewer rows than the header says.
        """
        if self._nb_missing:
            raise InputError(f'{"fewer" if self._nb_missing > 0 else "more"} frames came than the '
                             f'{self._shape[0]} that were expected: its recording was changed meanwhile; '
                             'run the command again')
        if self._nb_gathered:
            self._write(self._gathered[:self._nb_gathered])
        self.digest = self._sum.text(kind_of_array(self._dtype, self._shape))


@contextlib.contextmanager
def array_file(path: Path, shape: tuple[int, ...], dtype: str) -> Iterator[RowWriter]:
    """A .npy file that is written row by row, atomically: it is there once the block has ended well.

    Parameters
    ----------
    path : Path
        With the ending .npy.
    shape : tuple of int
        Of all rows together.
    dtype : str

    Yields
    ------
    RowWriter

    Raises
    ------
    InputError, OSError
        As `atomic_path`; an InputError too if there were more or fewer rows.
    """
    with atomic_path(path) as temporary, temporary.open('wb') as file:  # buffered: it writes all or raises
        writer = RowWriter(file, shape, np.dtype(dtype))
        yield writer
        try:
            writer.finish()
        except InputError as error:
            raise InputError(f'{path}: {error}') from error


def write_array(path: Path, array: np.ndarray) -> str:
    """Write an array as .npy, atomically.

    Parameters
    ----------
    path : Path
        With the ending .npy.
    array : np.ndarray
        Of numbers, in any shape, C-contiguous.

    Returns
    -------
    str
        The digest of what is written, as of `file_digest`.

    Raises
    ------
    InputError, OSError
        As `atomic_path`.
    """
    with array_file(path, array.shape, array.dtype.str) as file:
        file.append(array)
    return file.digest


def write_array_if_new(path: Path, array: np.ndarray) -> None:
    """As `write_array`, but a file that holds the array already is left as it is.

    Parameters
    ----------
    path : Path
        Ends in `.npy`.
    array : np.ndarray
    """
    with contextlib.suppress(OSError, ValueError, EOFError):  # there is none, or it is damaged
        stored = np.load(path, allow_pickle=False)
        if stored.dtype == array.dtype and np.array_equal(stored, array):
            return
    write_array(path, array)
