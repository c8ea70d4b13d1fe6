"""Files that are converted: found, and written unless they are there."""

import errno
import filecmp
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seldnet.common.errors import InputError
from seldnet.common.files import atomic_path, clear_leftovers, create_folder, list_entries


class Output(NamedTuple):
    """A file to be written: its text, or the recording that it is."""

    path: Path
    source: Path | None  # that it is made from
    text: bytes | None  # None for a recording


def find_files(folder: Path, *suffixes: str, subfolders: bool = True,
               skip: Path | None = None) -> dict[str, Path]:
    """The files of a folder, and of its subfolders (but `skip`), by their names without ending.

    Raises
    ------
    InputError
        If two have the same name, or there are none.
    """
    places = [path for path in list_entries(folder) if path.is_dir() and path.suffix.lower() not in suffixes
              and not (skip and is_same_file(path, skip))] if subfolders else []
    paths = [path for place in (folder, *places) for path in list_entries(place, *suffixes)]
    if not paths:
        what = f'no files ({", ".join(suffixes)}) in it' if folder.is_dir() else 'no such folder'
        raise InputError(f'{folder}: {what}')
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            raise InputError(f'{path}: has the name of {found[path.stem]}, expected different names')
        found[path.stem] = path
    return found


def convert_each(paths: Mapping[str, Path], convert: Callable[[Path], Any]) -> dict[str, Any]:
    """What `convert` makes of each file.

    Raises
    ------
    InputError
        About the first file that cannot be converted, and how many others cannot.
    """
    converted, problems = {}, []
    for name, path in paths.items():
        try:
            converted[name] = convert(path)
        except InputError as error:
            problems.append(str(error))
    raise_first(problems)
    return converted


def raise_first(problems: Sequence[str]) -> None:
    """Raise an InputError with the first of several problems, in a line with the number of the others."""
    if problems:
        raise InputError(problems[0] + (f' (and {len(problems) - 1} more files)' if problems[1:] else ''))


def text_of(write: Callable[..., None], *args: Any, **options: Any) -> bytes:
    """What a function writes to a file whose path is its first argument."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'text')
        write(path, *args, **options)
        return path.read_bytes()


def write_outputs(outputs: Sequence[Output], *, overwrite: bool) -> Counter:
    """Write what is not there yet; how many were 'written', 'linked', 'copied', and 'there' before.

    Raises
    ------
    InputError
        If something else is there, unless it may be overwritten, or a file would replace its own source.
        Nothing is written then.
    """
    missing, problems = [], []
    for output in outputs:
        if not os.path.lexists(output.path):
            missing.append(output)
        elif output.text is not None and output.source and is_same_file(output.path, output.source):
            raise InputError(f'{output.path}: is the file that is to be converted, expected another folder')
        elif not _is_there(output):
            missing.append(output)
            problems.append(f'{output.path}: exists and is another; --overwrite replaces it, or choose '
                            'another folder')
    if not overwrite:
        raise_first(problems)
    for folder in dict.fromkeys(output.path.parent for output in outputs):
        create_folder(folder)
        clear_leftovers(folder)
    done = Counter(_write(output) for output in missing)
    return done + Counter(there=len(outputs) - len(missing))


def is_same_file(path: Path, other: Path) -> bool:
    """Whether two paths lead to one file or folder that exists."""
    return path.exists() and other.exists() and path.samefile(other)


def _is_there(output: Output) -> bool:
    if not output.path.is_file():
        return False
    if output.text is not None:
        return output.path.read_bytes() == output.text
    return output.path.samefile(output.source) or filecmp.cmp(output.path, output.source)


def _write(output: Output) -> str:
    with atomic_path(output.path) as temporary:
        if output.text is not None:
            temporary.write_bytes(output.text)
            return 'written'
        source = os.path.realpath(output.source)
        temporary.unlink()
        try:
            os.link(source, temporary)
            return 'linked'
        except OSError as error:  # another disk, or a file system without hard links
            if error.errno in (errno.ENOENT, errno.ENOSPC):
                raise
        shutil.copy2(source, temporary)  # with its time: run again, it is known by it
        return 'copied'
