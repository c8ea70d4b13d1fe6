"""What several tests share: the folder of golden numbers, and quiet, CPU-only network tests."""

import contextlib
import ctypes
import gc
import os
import signal
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, Phase, settings

from seldnet.training.backend import TENSORFLOW_SETTINGS

for _name, _value in (TENSORFLOW_SETTINGS | {'CUDA_VISIBLE_DEVICES': '-1'}).items():
    os.environ.setdefault(_name, _value)  # before a test imports Keras

# What a shell without a terminal starts in the background ignores Ctrl-C, and so would the scripts it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

GOLDEN = Path(__file__).parent / 'golden'

# For `make mutants`: the same examples each time, however slow; none is made smaller once a mutant is seen.
settings.register_profile('mutants', derandomize=True, database=None, deadline=None,
                          phases=(Phase.explicit, Phase.generate),
                          suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope='session')
def golden():
    """Function name -> the arrays of tests/golden/<name>.npz."""
    def load(name: str) -> dict[str, np.ndarray]:
        with np.load(GOLDEN / f'{name}.npz', allow_pickle=False) as arrays:
            return dict(arrays)
    return load


@pytest.fixture(scope='session')
def tiny_features(tmp_path_factory):
    """Folder of features of 300 frames and 32 bins, which no test may change (see tiny_training.py)."""
    import tiny_training

    return tiny_training.make_features(tmp_path_factory.mktemp('tiny'))


@pytest.fixture(scope='session')
def untrained(tmp_path_factory):
    """An untrained model, which no test may change (see untrained_model.py)."""
    import untrained_model

    return untrained_model.make(tmp_path_factory.mktemp('untrained'))


@pytest.fixture
def empty_curves(monkeypatch):
    """The curves of a round are an empty file: to draw them (tests/plots) takes longer than a tiny round."""
    from seldnet.training import run

    monkeypatch.setattr(run, 'plot_history', lambda path, state, *, quick_test: path.touch())


# Files that one process runs one after the other: of networks that are compiled, for each of which TensorFlow
# keeps memory until the process ends; and of data that take long to make.
NETWORKS = ('tests/methods/', 'tests/prediction/', 'tests/training/')
SYNTHETIC_DATA = ('tests/misc_files/test_synthesis_',)
# Those that need much memory, which there is as long as the process has built no networks; and files of few
# tests that take long, which would keep one process waiting for the other.
FIRST_FILES = (*SYNTHETIC_DATA, 'tests/misc_files/test_predict_recording.py', 'tests/test_pipeline.py',
               'tests/test_own_data_page.py', 'tests/faults/test_kill.py',
               'tests/faces/test_methods_through_the_scripts.py',
               'tests/faces/test_own_dataset_through_the_scripts.py', 'tests/faces/test_seld.py',
               'tests/faces/test_seld_resuming.py', 'tests/extraction/test_features.py')


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: [not item.nodeid.startswith(first) for first in (NETWORKS, FIRST_FILES)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With `-n 2` each process takes a file at a time, for its fixtures, or all that belong together."""
    from xdist.scheduler import LoadFileScheduling

    if config.option.dist != 'load':  # what `-n` alone is
        return None

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            groups = (group[0] for group in (NETWORKS, SYNTHETIC_DATA) if nodeid.startswith(group))
            return next(groups, super()._split_scope(nodeid))

    config.option.loadscopereorder = False  # the order is that of `pytest_collection_modifyitems`
    return Scheduling(config, log)


GROWTH_MB = 100  # of a process since it last forgot its networks, from which forgetting is worth its seconds
resident_mb = 0.0


@pytest.fixture(scope='module', autouse=True)
def forget_networks():
    """Keras keeps what a module's tests have built: together gigabytes."""
    global resident_mb
    yield
    process = psutil.Process()
    if 'keras' in sys.modules and process.memory_info().rss / 1e6 > resident_mb + GROWTH_MB:
        sys.modules['keras'].utils.clear_session()
        gc.collect()
        with contextlib.suppress(AttributeError, OSError, TypeError):  # where the C library is another
            ctypes.CDLL(None).malloc_trim(0)  # what is freed goes back to the system
        resident_mb = process.memory_info().rss / 1e6
