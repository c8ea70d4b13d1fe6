"""Work in several processes, locks against two processes doing the same work, and the memory of one."""

import contextlib
import ctypes
import errno
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from warnings import catch_warnings

from seldnet.common.errors import InputError
from seldnet.common.files import create_folder

# joblib and filelock are imported where they are used: scoring imports neither and starts at once.


def run_in_processes(work: Sequence[Callable[[], Any]], n_jobs: int, where: str | Path,
                     ) -> Iterator[tuple[int, Any]]:
    """Do pieces of work in parallel.

    Parameters
    ----------
    work : sequence of callables
        That can be pickled.
    n_jobs : int
        Processes, -1 for one a core; more than there is work for are not started.
    where : path
        Named in the message if a process dies.

    Yields
    ------
    number, result
        Of each piece, in the order in which they are finished.

    Raises
    ------
    InputError
        If a worker process dies, or none can be started.
    """
    from concurrent.futures.process import BrokenProcessPool

    from joblib import Parallel, delayed, effective_n_jobs

    if not work:
        return
    # One piece a task, no batches of them: what is finished is handed over at once.
    parallel = Parallel(n_jobs=min(effective_n_jobs(n_jobs), len(work)), return_as='generator_unordered',
                        batch_size=1, initializer=_end_with, initargs=[os.getpid()])
    try:
        with _signals_held_back():
            results = parallel(delayed(_numbered)(number, piece) for number, piece in enumerate(work))
    except OSError as error:
        raise InputError(f'{where}: no worker processes can be started ({error.strerror or error}), perhaps '
                         'because /dev/shm is too small or missing; make it larger (docker run --shm-size '
                         '1g), or set n_jobs to 1') from error
    try:
        for result in results:  # noqa: UP028 - "yield from" would close them itself, with a warning
            yield result
    except BrokenProcessPool as error:
        raise InputError(f'{where}: a worker process died, perhaps for want of memory; what is finished is '
                         'kept, so run the same again, with a smaller n_jobs') from error
    finally:
        with catch_warnings(action='ignore'):  # of cancelled work: whoever interrupts wants that
            results.close()


@contextlib.contextmanager
def _signals_held_back() -> Iterator[None]:
    """While workers start: Ctrl-C and SIGTERM, which reach them too, wait; with the workers for good.

    Else each would end in a traceback of whatever it was importing. It is this process that stops them.
    """
    if not hasattr(signal, 'pthread_sigmask'):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _numbered(number: int, piece: Callable[[], Any]) -> tuple[int, Any]:
    return number, piece()


def _end_with(parent: int) -> None:
    """Let this worker process end when the one that started it is gone, however it went.

    Idle workers would wait for work, for minutes, with the terminal or the log file open.
    """
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)
    threading.Thread(target=watch, daemon=True).start()


# What file systems say that have no locks, or whose locks do not work (network disks).
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO, errno.ENOSYS}


def _holder(lock_file: str | Path) -> str:
    """Who holds a lock, as far as its file says."""
    with contextlib.suppress(OSError, ValueError):
        number, host = Path(lock_file).read_text(encoding='utf-8').splitlines()[:2]
        if number.isdecimal() and host.isprintable() and len(number) + len(host) < 100:
            return f'process {number} on {host}'
    return 'another process'


@contextlib.contextmanager
def locked(lock_file: str | Path, activity: str, timeout_s: float = 0) -> Iterator[None]:
    """Make sure that no other process does the same: it would mix its files with ours.

    The lock is the operating system's: it vanishes with the process, however that ends. The file goes while
    the lock is still held: whoever waits opens it anew for each attempt, and filelock lets go of a file that
    has lost its name meanwhile. Only the file of a process that was killed stays, and does no harm.

    Parameters
    ----------
    lock_file : path
        Made if need be, and removed when the lock is released.
    activity : str
        For the message, such as 'extracting into features/'.
    timeout_s : float
        How long to wait for another process, in seconds.

    Raises
    ------
    InputError
        If another process holds the lock, and does not release it in time: with its number and host. Or if
        the file system has no locks.
    """
    from filelock import FileLock, SoftFileLock, Timeout

    create_folder(Path(lock_file).parent)
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        raise InputError(f'{lock_file}: {_holder(lock_file)} is {activity}; wait until it has finished, or '
                         'stop it; if there is no such process any more, remove this file') from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise InputError(f'{lock_file}: cannot be locked ({error.strerror}), expected a file system with '
                         f'locks; choose a folder on another disk than {Path(lock_file).parent}') from None
    if not isinstance(lock, SoftFileLock):  # which notes this itself
        with contextlib.suppress(OSError):  # Windows keeps a file that is locked; it is for the message only
            Path(lock_file).write_text(f'{os.getpid()}\n{platform.node()}\n', encoding='utf-8')
    try:
        yield
    finally:
        if not isinstance(lock, SoftFileLock):  # where the file is the lock, releasing removes it
            with contextlib.suppress(OSError):  # Windows keeps a file that is open
                Path(lock_file).unlink()
        lock.release()


def keep_freed_memory() -> None:
    """Let this process keep the memory that it frees, for what it needs next.

    glibc gives large buffers back to the system at once. A step of training frees and needs the same ones
    again and again, and the system clears each page of them before it hands them out. Nothing happens with
    another C library, or where the environment sets what glibc is to do.
    """
    if not sys.platform.startswith('linux') or any(
            name.startswith(('MALLOC_', 'GLIBC_TUNABLES')) for name in os.environ):
        return
    with contextlib.suppress(AttributeError, OSError):  # musl
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _AS_LARGE_AS_CAN_BE)
        mallopt(_M_TRIM_THRESHOLD, _AS_LARGE_AS_CAN_BE)
        # Other threads than the first have their memory in heaps. One that is empty goes back whatever the
        # threshold says, unless what is to stay on top is as much as a heap holds.
        mallopt(_M_TOP_PAD, _HEAP_BYTES)


_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # of malloc.h
_AS_LARGE_AS_CAN_BE = 2**31 - 1  # bytes, in a C int
_HEAP_BYTES = 64 * 2**20  # at most, of a thread
