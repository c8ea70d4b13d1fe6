"""Files: written whole or not at all, listed in order, recognised when they change."""

import contextlib
import errno
import glob
import json
import math
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from seldnet.common.errors import InputError

TEMPORARY_PREFIX = '.partial-'
LONGEST_NAME = 255  # bytes of a name, in most file systems


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place if the block ends well, and else vanishes.

    Readers see the old file or the new one, never a part of either. The temporary name keeps the ending,
    since libraries choose a format by it, and starts with `TEMPORARY_PREFIX` and the stem of `path`, so that
    listings pass it over, and the owner of `path` can clear what a killed process has left. Of a link, the
    file that it leads to is replaced; a pipe or a device (/dev/stdout) is an InputError. The rights of a file
    that is replaced stay.

    Parameters
    ----------
    path : path
        In a folder that exists.

    Yields
    ------
    Path
        Of an empty file in the same folder.

    Raises
    ------
    InputError
        If `path` is a pipe or a device.
    OSError
        If the file cannot be written: it names `path`. What the block raises about other files passes.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(Path(folder, 'scores.txt')) as temporary:
    ...         _ = temporary.write_text('all of it')
    ...     Path(folder, 'scores.txt').read_text()
    'all of it'
    """
    check_regular_file(path)
    temporary = None
    target = Path(os.path.realpath(path))
    try:
        temporary = _new_file_beside(target)
        yield temporary
        with contextlib.suppress(OSError):  # there is none yet, or the disk knows no rights
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except OSError as error:  # names the temporary file, none at all, or one that is copied
        is_full = error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
        named = Path(error.filename or TEMPORARY_PREFIX).name
        if not is_full and not named.startswith(TEMPORARY_PREFIX):
            raise
        reason = error.strerror or f'cannot be written ({error}); is the disk full?'
        raise OSError(error.errno, reason, str(path)) from error
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


def _new_file_beside(target: Path) -> Path:
    """An empty file of a name that nobody has, with the rights of any file that the user makes."""
    while True:
        path = target.with_name(_temporary_name(target))
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
            return path


def _temporary_name(target: Path) -> str:
    """As long as the name of `target` where that is long: longer ones the disk may not take."""
    ending = f'-{secrets.token_hex(4)}{target.suffix}'
    left = max(len(os.fsencode(target.name)), 64) - len(TEMPORARY_PREFIX) - len(os.fsencode(ending))
    stem = os.fsencode(target.stem)[:max(left, 0)].decode('utf-8', 'ignore')
    return f'{TEMPORARY_PREFIX}{stem}{ending}'


def clear_leftovers(folder: str | Path, stem: str = '') -> None:
    """Remove what killed processes left half-written in a folder, of files whose names start with `stem`.

    Parameters
    ----------
    folder : path
        That may be missing.
    stem : str
        By default of all files.
    """
    for path in Path(folder).glob(f'{TEMPORARY_PREFIX}{glob.escape(stem)}*'):
        path.unlink(missing_ok=True)


def create_folder(folder: str | Path) -> None:
    """Create a folder and those above it, unless it exists.

    Parameters
    ----------
    folder : path

    Raises
    ------
    OSError
        If it cannot be made, or something else has its name.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)


def list_files(folder: Path, *suffixes: str) -> list[Path]:
    """The files of a folder in order, hidden ones aside; none if there is no such folder.

    With `suffixes` (lower case, `.wav`) only those that end so, in whatever case. In plain order of text, as
    2019 sorted: `_10` comes before `_2`.

    Parameters
    ----------
    folder : Path
    *suffixes : str

    Returns
    -------
    list of Path
        Sorted by `name_order`; of files and links to files, not of folders.
    """
    return [path for path in list_entries(folder, *suffixes) if path.is_file()]


def list_entries(folder: Path, *suffixes: str) -> list[Path]:
    """As `list_files`, but with folders, pipes and broken links, of which the reader is to raise an error.

    Parameters
    ----------
    folder : Path
    *suffixes : str
        As of `list_files`.

    Returns
    -------
    list of Path
    """
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if not path.name.startswith('.')
                   and (not suffixes or path.suffix.lower() in suffixes)), key=name_order)


def name_order(name: str | Path) -> tuple[str, str]:
    """Sorting key of recordings and of files named after them: their name without folder and ending.

    Parameters
    ----------
    name : str or path

    Returns
    -------
    stem, name : str
        The whole name decides between equal stems.

    Examples
    --------
    >>> sorted(['a_2.wav', 'a_10.wav', 'a.wav'], key=name_order)
    ['a.wav', 'a_10.wav', 'a_2.wav']
    """
    return Path(name).stem, str(name)


class Stamp(NamedTuple):
    """What a system notes of a file without looking into it: other content has another stamp.

    `cp -p` and `rsync -t` keep size and time, but not the other two; those also change where the content does
    not (a copy, a new name, new rights), so who finds another stamp compares contents.

    Attributes
    ----------
    size : int
        Bytes.
    time_ns : int
        Of the last change of the content, since 1970; programs may set it.
    ctime_ns : int
        Of the last change of the file in whatever way, which programs cannot set. (Windows has the time of
        its making here.)
    inode : int
        The file's number on its disk.
    """

    size: int  # bytes
    time_ns: int
    ctime_ns: int
    inode: int


def file_stamp(path: Path) -> Stamp:
    """The stamp that a file has now.

    Parameters
    ----------
    path : Path
        Of a file, or of a link to it.

    Returns
    -------
    Stamp

    Raises
    ------
    OSError
        If there is no such file.
    """
    status = path.stat()
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def check_regular_file(path: str | Path) -> None:
    """Raise an InputError for a pipe or a device: to read one may never end, to replace one is no writing.

    A path that is missing, a folder or unreadable passes: opening it raises the right error.

    Parameters
    ----------
    path : path

    Raises
    ------
    InputError
        If it is neither a file nor a folder.
    """
    with contextlib.suppress(OSError):
        mode = Path(path).stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise InputError(f'{path}: a pipe or a device, expected a file')


def write_json(path: str | Path, content: Any, *, indent: int | None = 2) -> None:
    """Write `content` as JSON, atomically; without an indent in one line, which is several times as fast.

    Parameters
    ----------
    path : path
    content : dict, list, str, number, bool or None
        Null stands in the file for numbers that are not finite, which JSON does not have.
    indent : int or None
        Spaces a level.

    Raises
    ------
    InputError, OSError
        As `atomic_path`.
    TypeError
        If `content` has something that JSON has not; nothing is written then.
    """
    with atomic_path(path) as temporary:
        try:
            text = json.dumps(content, indent=indent, allow_nan=False)
        except ValueError:  # there are such numbers
            text = json.dumps(without_nonfinite(content), indent=indent, allow_nan=False)
        temporary.write_text(f'{text}\n', encoding='utf-8')


def without_nonfinite(content: Any) -> Any:
    """JSON with None (null) for NaN and infinity, which JSON does not have.

    Parameters
    ----------
    content : dict, list, str, number, bool or None

    Returns
    -------
    dict, list, str, number, bool or None
        New where it is a dict or a list.
    """
    if isinstance(content, dict):
        return {key: without_nonfinite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [without_nonfinite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def is_plain_name(name: str) -> bool:
    """Whether a name that was read from a file can only be that of a file in the folder it is meant for.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_plain_name(name) for name in ('split1_1.npy', '../split1_1.npy', '')]
    [True, False, False]
    """
    try:
        nb_bytes = len(os.fsencode(name))
    except UnicodeEncodeError:  # half of a pair of UTF-16, which JSON can hold
        return False
    return (name == Path(name).name and name not in ('', '..') and not set(name) & {'/', '\\', '\0'}
            and nb_bytes <= LONGEST_NAME)
