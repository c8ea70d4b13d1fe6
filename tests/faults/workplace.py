"""A small place to break things in: recordings of a second, and what the scripts make of them.

`make(folder)` lets the real scripts fill `folder` with everything that a user has after a run: `data/`,
`features/`, `models/`, `results/`, the folders of the default settings. So that this takes seconds, the
scripts get a data set whose recordings are a second long (`DATASET`), and task `tiny` trains a small network
(`STAND_IN`): what training does with a network does not depend on which it is.
"""

import dataclasses
import importlib
import os
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the repository, where pytest does not say so

from bad_input import TINY_TASK

import parameter
from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.common.files import TEMPORARY_PREFIX
from seldnet.common.scripts import exit_with_one_line
from seldnet.methods.registry import METHODS

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 1
NAMES = [f'split{split}_ir0_ov1_{split}' for split in (1, 2, 3, 4)]
HEADER = 'sound_event_recording,start_time,end_time,ele,azi,dist\n'
TIME_LIMIT_S = 20
DATASET = dataclasses.replace(TAU2019, recording_s=SECONDS)
# Their `main` takes the script's name as the first argument, as in 2019.
WITH_SCRIPT_NAME = ('seld.py', 'batch_feature_extraction.py')
WITHOUT_DATASET = ('misc_files/synthesize_dataset.py', 'misc_files/test_SELD_metrics.py',
                   'misc_files/convert_dataset.py')


def build_stand_in(data_in, nb_classes, params, *, jit_compile=None):
    """Two linear heads over a handful of pooled features, with dropout."""
    import keras

    features = keras.Input(data_in[1:])
    pooled = keras.layers.AveragePooling2D((1, data_in[2] // 16))(features)
    frames = keras.layers.Dropout(params['dropout_rate'])(keras.layers.Reshape((data_in[1], -1))(pooled))
    model = keras.Model(features, [keras.layers.Dense(nb_classes, 'sigmoid', name='sed_out')(frames),
                                   keras.layers.Dense(2 * nb_classes, name='doa_out')(frames)])
    model.compile(keras.optimizers.Adam(params['learning_rate']), ['binary_crossentropy', 'mse'],
                  params['loss_weights'])
    return model


STAND_IN = dataclasses.replace(METHODS['released'], name='stand_in', build=build_stand_in)


def register() -> None:
    """Let task `tiny` and its network be there, for good."""
    METHODS[STAND_IN.name] = STAND_IN
    parameter.TASKS['tiny'] = TINY_TASK


@contextmanager
def registered() -> Iterator[None]:
    """`register`, for a while."""
    register()
    try:
        yield
    finally:
        del parameter.TASKS['tiny'], METHODS[STAND_IN.name]


def write_recordings(folder: Path, names: Sequence[str] = NAMES, seconds: float = SECONDS) -> None:
    """Recordings of noise under `folder`/foa_dev and their descriptions, an event each."""
    (folder / 'foa_dev').mkdir(parents=True, exist_ok=True)
    (folder / 'metadata_dev').mkdir(exist_ok=True)
    for number, name in enumerate(names):
        noise = np.random.default_rng(number).normal(0, 0.05, (int(seconds * 48000), 4))
        soundfile.write(folder / 'foa_dev' / f'{name}.wav', noise, 48000, 'PCM_16')
        (folder / 'metadata_dev' / f'{name}.csv').write_text(
            f'{HEADER}{DATASET.classes[number % 11]},0.1,0.8,{10 * (number % 5)},{20 * (number % 9)},1\n')


def make(folder: Path) -> None:
    """Recordings, and what the extraction and a training of the fold that tests split 1 make of them."""
    write_recordings(folder / 'data')
    for command in ('batch_feature_extraction.py tiny', 'seld.py tiny job --split 1'):
        outcome = run(command, folder)
        assert outcome.status == 0, outcome
    # The stand-in network may find nothing in noise: so that there is something to read, one row.
    with (folder / 'results' / 'tiny_foa_dev' / f'{NAMES[0]}.csv').open('a') as file:
        file.write('49,3,20,10\n')


class Outcome(NamedTuple):
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


def run(command: str | Sequence[str], folder: Path, *, dataset: Dataset = DATASET,
        time_limit_s: int = TIME_LIMIT_S) -> Outcome:
    """Run a command line of a script in `folder`, as the script's last lines do, within this process.

    Other exceptions than those which end a script come through, with their traceback, and so does an
    AssertionError after `time_limit_s`.
    """
    script, *arguments = shlex.split(command) if isinstance(command, str) else command
    module = importlib.import_module(script.removesuffix('.py').replace('/', '.'))
    argv = [script, *arguments] if script in WITH_SCRIPT_NAME else arguments
    options = {} if script in WITHOUT_DATASET else {'dataset': dataset}
    stdout, stderr = StringIO(), StringIO()
    before = Path.cwd(), sys.argv
    os.chdir(folder)
    sys.argv = [script, *arguments]
    try:
        with (redirect_stdout(stdout), redirect_stderr(stderr), _time_limit(time_limit_s),
              exit_with_one_line(script)):
            status = module.main(argv, **options)
    except SystemExit as error:
        status = error.code
        if isinstance(status, str):  # as Python does with it
            stderr.write(f'{status}\n')
            status = 1
    finally:
        os.chdir(before[0])
        sys.argv = before[1]
    return Outcome(status or 0, stdout.getvalue(), stderr.getvalue())


@contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    def ring(*_):
        raise AssertionError(f'not finished after {seconds} s')
    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def listing(folder: Path) -> dict[str, tuple]:
    """Everything under a folder, with what changes when it is written."""
    content = {}
    for path in folder.rglob('*'):
        status = path.lstat()
        is_folder = path.is_dir() and not path.is_symlink()
        content[str(path.relative_to(folder))] = None if is_folder else (
            status.st_size, status.st_mtime_ns, status.st_ino)
    return content


def temporary_files(folder: Path) -> list[Path]:
    """What a writer has left half-written."""
    return list(folder.rglob(f'{TEMPORARY_PREFIX}*'))
