"""Scripts as processes of their own, which can be killed. Loading this module loads what they need.

Processes are forked from a server that has loaded the libraries already, so that each starts at once.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import keras  # noqa: F401 - loaded by the server, once for all its processes
import workplace
from joblib.externals.loky import get_reusable_executor

import batch_feature_extraction
import seld
from seldnet.common.scripts import exit_with_one_line

MAINS = {'seld.py': seld.main, 'batch_feature_extraction.py': batch_feature_extraction.main}
TIME_LIMIT_S = 60


def start(command: str, folder: Path) -> multiprocessing.Process:
    """Start a script in `folder`; its output goes to `log_of(folder)`."""
    paths = [str(Path(__file__).parent), str(workplace.ROOT)]
    os.environ['PYTHONPATH'] = os.pathsep.join(paths)  # of the server, which starts with the first process
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['processes'])
    process = context.Process(target=_main, args=(command.split(), folder))
    process.start()
    return process


def run(command: str, folder: Path) -> None:
    """Run a script to its end, which must be a good one."""
    process = start(command, folder)
    process.join(TIME_LIMIT_S)
    if process.is_alive():
        kill(process, with_workers=True)
    assert process.exitcode == 0, log_of(folder).read_text()


def measure(command: str, folder: Path, sign: str) -> tuple[float, float]:
    """Run a script to its end: seconds until a file that matches `sign` is there, and from then on."""
    started = time.monotonic()
    process = start(command, folder)
    wait_until(lambda: any(folder.glob(sign)))
    working = time.monotonic()
    process.join(TIME_LIMIT_S)
    assert process.exitcode == 0, log_of(folder).read_text()
    return working - started, time.monotonic() - working


def log_of(folder: Path) -> Path:
    return folder.with_suffix('.log')


def wait_until(condition: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < TIME_LIMIT_S
        time.sleep(0.005)


def kill(process: multiprocessing.Process, *, with_workers: bool) -> None:
    """SIGKILL to a script, and to its workers or not."""
    try:
        (os.killpg if with_workers else os.kill)(process.pid, signal.SIGKILL)
    except ProcessLookupError:  # it has not made its group yet
        process.kill()
    process.join()


def _main(command: list[str], folder: Path) -> None:
    os.setsid()  # it and its workers are a group, to be killed together
    log = os.open(log_of(folder), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number, name in ((1, 'stdout'), (2, 'stderr')):
        os.dup2(log, number)
        setattr(sys, name, os.fdopen(number, 'w', closefd=False))
    workplace.register()
    os.chdir(folder)
    try:
        with exit_with_one_line(command[0]):
            sys.exit(MAINS[command[0]](command, dataset=workplace.DATASET))
    finally:  # as at the end of any other Python process
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
