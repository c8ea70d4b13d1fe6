"""TensorBoard's logs: losses, all scores of validation, and the settings."""

import contextlib
import importlib.util
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from seldnet.common.errors import InputError


def require_tensorboard() -> None:
    """Raise an InputError unless TensorBoard is installed, and TensorFlow, which writes its files."""
    for package in ('tensorboard', 'tensorflow'):
        if not importlib.util.find_spec(package):
            raise InputError(f'setting tensorboard: the package is not installed; `pip install {package}`')


@contextlib.contextmanager
def board(folder: Path | None, params: Mapping[str, Any]) -> Iterator[Callable[[Mapping[str, float]], None]]:
    """While a training is at work: where its rounds are logged.

    Parameters
    ----------
    folder : Path or None
        Gets the folders `training` and `validation`, whose losses TensorBoard draws over each other; with
        None nothing is written.
    params : mapping
        Settings of `parameter.py`: the hyperparameters.

    Yields
    ------
    function
        Takes the scores of a round by their names, with 'round'.
    """
    if folder is None:
        yield lambda scores: None
        return
    import tensorflow
    from tensorboard.plugins.hparams import api as hparams

    with contextlib.ExitStack() as stack:
        training, validation = (tensorflow.summary.create_file_writer(str(folder / name))
                                for name in ('training', 'validation'))
        for writer in (training, validation):
            stack.callback(writer.close)
        with validation.as_default():
            hparams.hparams({name: value if isinstance(value, bool | int | float) else str(value)
                             for name, value in params.items()}, trial_id=folder.name)

        def add(scores: Mapping[str, float]) -> None:
            of_validation = [name for name in scores if name not in (*_TRAINING, 'round')]
            for writer, names in ((training, _TRAINING), (validation, of_validation)):
                with writer.as_default(step=scores['round']):
                    for name in names:
                        if math.isfinite(scores[name]):
                            tensorflow.summary.scalar('loss' if name in _LOSSES else name, scores[name])
                writer.flush()
        yield add


_TRAINING = ('training_loss', 'seconds', 'learning_rate')
_LOSSES = ('training_loss', 'validation_loss')
