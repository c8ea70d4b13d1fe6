"""Work in several processes, and locks against two processes doing the same work."""

import contextlib
import os
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
        If a worker process dies.
    """
    from concurrent.futures.process import BrokenProcessPool

    from joblib import Parallel, delayed, effective_n_jobs

    if not work:
        return
    # One piece a task, no batches of them: what is finished is handed over at once.
    parallel = Parallel(n_jobs=min(effective_n_jobs(n_jobs), len(work)), return_as='generator_unordered',
                        batch_size=1, initializer=_end_with, initargs=[os.getpid()])
    results = parallel(delayed(_numbered)(number, piece) for number, piece in enumerate(work))
    try:
        for result in results:  # noqa: UP028 - "yield from" would close them itself, with a warning
            yield result
    except BrokenProcessPool as error:
        raise InputError(f'{where}: a worker process died, perhaps for want of memory; what is finished is '
                         'kept, so run the same again, with a smaller n_jobs') from error
    finally:
        with catch_warnings(action='ignore'):  # of cancelled work: whoever interrupts wants that
            results.close()


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
        If another process holds the lock, and does not release it in time.
    """
    from filelock import FileLock, SoftFileLock, Timeout

    create_folder(Path(lock_file).parent)
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        raise InputError(f'{lock_file}: another process is {activity}; wait until it has finished, or stop '
                         'it') from None
    try:
        yield
    finally:
        if not isinstance(lock, SoftFileLock):  # where the file is the lock, releasing removes it
            with contextlib.suppress(OSError):  # Windows keeps a file that is open
                Path(lock_file).unlink()
        lock.release()
