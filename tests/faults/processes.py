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

import workplace
from joblib.externals.loky import get_reusable_executor

import batch_feature_extraction
import cls_feature_class
import parameter
import seld

try:
    from joblib.externals import cloudpickle
except ImportError:  # newer ones use the package itself
    import cloudpickle

MAINS = {'seld.py': seld.main, 'batch_feature_extraction.py': batch_feature_extraction.main}
TIME_LIMIT_S = 60


def start(command: str, folder: Path) -> multiprocessing.Process:
    """Start a script in `folder`; what it says goes to `log_of(folder)`."""
    paths = [str(Path(__file__).parent), str(workplace.ROOT)]
    os.environ['PYTHONPATH'] = os.pathsep.join(paths)  # of the server, which starts with the first process
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['processes'])
    process = context.Process(target=_main, args=(command.split(), folder))
    process.start()
    return process


def run(command: str, folder: Path) -> float:
    """Run a script to its end, which must be a good one; returns seconds."""
    started = time.monotonic()
    process = start(command, folder)
    process.join(TIME_LIMIT_S)
    if process.is_alive():
        kill(process, with_workers=True)
    assert process.exitcode == 0, log_of(folder).read_text()
    return time.monotonic() - started


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
    workplace.shorten()
    # Workers load the module anew: functions take its shortened minute along.
    cloudpickle.register_pickle_by_value(cls_feature_class)
    os.chdir(folder)
    try:
        with parameter.exit_with_one_line(command[0]):
            sys.exit(MAINS[command[0]](command))
    finally:  # as at the end of any other Python process
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
