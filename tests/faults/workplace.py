"""A small place to break things in: recordings of a second, and what the scripts make of them.

`make(folder)` lets the real scripts fill `folder` with everything that a user has after a run: `data/`,
`features/`, `models/`, `results/`, the folders of the default settings. So that this takes seconds, the
minute of a recording is shortened to a second (`shorten`), and the network is a stand-in: what training does
with a network does not depend on which one it is.
"""

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

import cls_feature_class
import parameter

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 1
NAMES = [f'split{split}_ir0_ov1_{split}' for split in (1, 2, 3, 4)]
HEADER = 'sound_event_recording,start_time,end_time,ele,azi,dist\n'
TIME_LIMIT_S = 20


def shorten() -> None:
    """Let recordings be a second long, task `tiny` be there and the network a stand-in, for good."""
    cls_feature_class.NB_SAMPLES = SECONDS * parameter.SAMPLE_RATE_HZ
    cls_feature_class.NB_FRAMES = SECONDS * parameter.NB_FRAMES_1S
    parameter.TASKS['tiny'] = TINY_TASK
    import keras_model

    keras_model.get_model = stand_in_model


@contextmanager
def shortened() -> Iterator[None]:
    """`shorten`, for a while."""
    import keras_model

    kept = cls_feature_class.NB_SAMPLES, cls_feature_class.NB_FRAMES, keras_model.get_model
    shorten()
    try:
        yield
    finally:
        cls_feature_class.NB_SAMPLES, cls_feature_class.NB_FRAMES, keras_model.get_model = kept
        del parameter.TASKS['tiny']


def stand_in_model(data_in, data_out, dropout_rate, *sizes_and_weights, learning_rate, **variant):
    """Two linear heads over a handful of pooled features, with dropout."""
    import keras

    features = keras.Input(data_in[1:])
    pooled = keras.layers.AveragePooling2D((1, data_in[2] // 16))(features)
    frames = keras.layers.Dropout(dropout_rate)(keras.layers.Reshape((data_in[1], -1))(pooled))
    model = keras.Model(features, [keras.layers.Dense(11, 'sigmoid', name='sed_out')(frames),
                                   keras.layers.Dense(22, name='doa_out')(frames)])
    model.compile(keras.optimizers.Adam(learning_rate), ['binary_crossentropy', 'mse'], [1, 50])
    return model


def write_recordings(folder: Path, names: Sequence[str] = NAMES, seconds: float = SECONDS) -> None:
    """Recordings of noise under `folder`/foa_dev and their descriptions, an event each."""
    (folder / 'foa_dev').mkdir(parents=True, exist_ok=True)
    (folder / 'metadata_dev').mkdir(exist_ok=True)
    for number, name in enumerate(names):
        noise = np.random.default_rng(number).normal(0, 0.05, (int(seconds * 48000), 4))
        soundfile.write(folder / 'foa_dev' / f'{name}.wav', noise, 48000, 'PCM_16')
        (folder / 'metadata_dev' / f'{name}.csv').write_text(
            f'{HEADER}{parameter.CLASSES[number % 11]},0.1,0.8,{10 * (number % 5)},{20 * (number % 9)},1\n')


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


def run(command: str | Sequence[str], folder: Path, *, time_limit_s: int = TIME_LIMIT_S) -> Outcome:
    """Run a command line of a script in `folder`, as the script's last lines do, within this process.

    Other exceptions than those which end a script come through, with their traceback, and so does an
    AssertionError after `time_limit_s`.
    """
    script, *arguments = shlex.split(command) if isinstance(command, str) else command
    module = importlib.import_module(script.removesuffix('.py').replace('/', '.'))
    argv = [script, *arguments] if script in ('seld.py', 'batch_feature_extraction.py') else arguments
    stdout, stderr = StringIO(), StringIO()
    before = Path.cwd(), sys.argv
    os.chdir(folder)
    sys.argv = [script, *arguments]
    try:
        with (redirect_stdout(stdout), redirect_stderr(stderr), _time_limit(time_limit_s),
              parameter.exit_with_one_line(script)):
            status = module.main(argv)
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
    """Everything under a folder, with what changes when it is written; locks, which are empty, aside."""
    content = {}
    for path in folder.rglob('*'):
        status = path.lstat()
        is_folder = path.is_dir() and not path.is_symlink()
        content[str(path.relative_to(folder))] = None if is_folder else (
            status.st_size, status.st_mtime_ns, status.st_ino)
    return {name: found for name, found in content.items() if not name.endswith('.lock')}


def temporary_files(folder: Path) -> list[Path]:
    """What a writer has left half-written."""
    return list(folder.rglob(f'{parameter.TEMPORARY_PREFIX}*'))
