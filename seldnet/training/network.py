"""Keras' side of training: building, fitting, predicting, saving.

Keras takes seconds to load, so nothing here loads it before it is needed: `--help` and mistakes in the
arguments need not wait. What must be a class of Keras' stands in keras_classes.py.
"""

import contextlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seldnet.common.errors import InputError, first_line
from seldnet.common.files import atomic_path
from seldnet.methods.averaging import average_outputs
from seldnet.methods.method import Method
from seldnet.training import devices
from seldnet.training.backend import import_keras
from seldnet.training.batches import Batches, Rotated

if TYPE_CHECKING:
    import keras

MOST_OF_AN_OUTPUT = 1e6  # radians, or what a vector may have: far beyond what means anything

def build(method: Method, input_shape: Sequence[int], nb_classes: int, params: Mapping[str, Any],
          seed: int) -> 'keras.Model':
    """A new network, compiled, its weights drawn from `seed`; on several GPUs if there are.

    Parameters
    ----------
    method : Method
    input_shape : (batch, frames, bins, planes)
    nb_classes : int
    params : mapping
        Settings of `parameter.py`.
    seed : int

    Returns
    -------
    keras.Model
        Compiled.
    """
    keras = import_keras()
    with _all_gpus() as strategy:
        keras.utils.set_random_seed(seed)
        return method.build(input_shape, nb_classes, params, jit_compile='auto' if strategy else None)


def load(path: Path, *, for_training: bool = False) -> 'keras.Model':
    """Load a model in Keras' safe mode: a file cannot bring code of its own.

    Parameters
    ----------
    path : Path
    for_training : bool
        Whether it is to be spread over several GPUs, if there are.

    Returns
    -------
    keras.Model

    Raises
    ------
    InputError
        If there is no such file, or it is no model.
    """
    if not path.is_file():
        raise InputError(f'{path}: no such model; train it again (--overwrite)')
    keras = import_keras()
    from seldnet.methods import layers  # what models are made of is registered there

    layers.use_own_keras_settings()
    try:
        with _all_gpus() if for_training else contextlib.nullcontext():
            model = keras.models.load_model(path, safe_mode=True)
    except Exception as error:  # Keras raises many kinds for a file that is not one of its models
        raise InputError(f'{path}: not a model that can be loaded: {first_line(error)}') from error
    model.jit_compile = None  # Keras chooses anew: the file has what it chose where the model was compiled
    return model


def set_learning_rate(model: 'keras.Model', rate: float) -> None:
    """Let a compiled model go on with another learning rate.

    Parameters
    ----------
    model : keras.Model
    rate : float
    """
    model.optimizer.learning_rate = rate


def save(model: 'keras.Model', path: Path) -> None:
    """Write a model, atomically.

    Parameters
    ----------
    model : keras.Model
    path : Path
        With the ending .keras.

    Raises
    ------
    InputError, OSError
        As `atomic_path`.
    """
    with atomic_path(path) as temporary:
        model.save(temporary)


def fit(model: 'keras.Model', batches: Batches, *, round_number: int, seed: int, title: str,
        remedy: str, rate_of: Callable[[int], float] | None = None,
        report_pace: Callable[[float], None] | None = None) -> float:
    """Train on batches, of one or several epochs strung together; shows a bar where a terminal is.

    Parameters
    ----------
    model : keras.Model
        Compiled.
    batches : Batches
    round_number : int
        Counted from 1: what is drawn in a round depends on it and the seed alone.
    seed : int
    title : str
        Of the bar.
    remedy : str
        End of the message of an InputError.
    rate_of : function, optional
        Number of the batch, counted from the first of these -> learning rate; by default it stays.
    report_pace : function, optional
        Called once, after the first batches, with the seconds that a batch takes.

    Returns
    -------
    float
        Mean loss of the last epoch.

    Raises
    ------
    InputError
        If the loss is not a number, or features cannot be read.
    """
    from seldnet.training.keras_classes import FirstBatches, KerasBatches, LearningRate, ProgressBar

    _seed_round(model, seed, round_number)
    callbacks = [ProgressBar(batches, title, remedy)]
    if rate_of:
        callbacks.append(LearningRate(rate_of))
    if report_pace:
        callbacks.append(FirstBatches(report_pace, len(batches)))
    sequence = KerasBatches(batches)
    # Keras would shuffle batches by default; here only the order of the recordings changes, as in 2019.
    with sequence.original_errors():
        _create_variables(model, sequence)
        history = model.fit(sequence, initial_epoch=round_number - 1, epochs=round_number, shuffle=False,
                            verbose=0, callbacks=callbacks)
    return float(history.history['loss'][-1])


def _create_variables(model: 'keras.Model', batches: Sequence[Any]) -> None:
    """Those of optimizer and losses, before the first step: TensorFlow traces a step that makes any twice."""
    strategy = getattr(model, 'distribute_strategy', None)  # only with TensorFlow
    if strategy and strategy.num_replicas_in_sync == 1 and model.train_function is None:
        features, targets = batches[0]
        model.optimizer.build(model.trainable_variables)
        zeros = [np.zeros((len(features), *output.shape[1:]), output.dtype) for output in model.outputs]
        model.compute_loss(features, targets, zeros if len(zeros) > 1 else zeros[0])


def predict(model: 'keras.Model', batches: Batches) -> list[np.ndarray]:
    """The network's outputs for all batches, (sequences, frames, columns) each.

    Parameters
    ----------
    model : keras.Model
    batches : Batches
        With or without labels.

    Returns
    -------
    list of arrays
        In the order of the network's outputs.

    Raises
    ------
    InputError
        If features cannot be read.
    """
    from seldnet.training.keras_classes import KerasBatches

    sequence = KerasBatches(batches)
    with sequence.original_errors():
        outputs = model.predict(sequence, verbose=0)
    return outputs if isinstance(outputs, list | tuple) else [outputs]


def predict_averaged(model: 'keras.Model', batches: Batches, method: Method,
                     rotations: Sequence[Rotated]) -> Sequence[np.ndarray]:
    """As `predict`, but the mean over rotations of the recordings, if any.

    Parameters
    ----------
    model : keras.Model
    batches : Batches
    method : Method
        That reads the outputs.
    rotations : sequence of Rotated

    Returns
    -------
    sequence of arrays, (sequences, frames, columns)
        An array an output.
    """
    if not rotations:
        return predict(model, batches)
    return average_outputs(method, ((predict(model, batches.rotated_by(rotated)), rotated.rotation)
                                    for rotated in rotations))


def refuse_diverged(outputs: Sequence[np.ndarray], model: Path, describe: Callable[[], str] | None = None,
                    ) -> None:
    """Raise an InputError for outputs that are no activities and directions any more.

    Parameters
    ----------
    outputs : sequence of arrays
        Of a network.
    model : Path
        Its file, for the message.
    describe : function, optional
        -> what the features are like, in words, if outputs are not finite; by default these pass.

    Raises
    ------
    InputError
        If they are not finite, or beyond `MOST_OF_AN_OUTPUT`.
    """
    if describe and not all(np.isfinite(output).all() for output in outputs):
        raise InputError(f'{model}: predictions that are not finite; {describe()}')
    largest = max((float(np.abs(output).max(initial=0)) for output in outputs), default=0)
    if largest > MOST_OF_AN_OUTPUT:
        raise InputError(f'{model}: predictions of up to {largest:.0e}, expected radians, or parts of a '
                         'vector: its training has diverged; train anew with a lower learning_rate')


def validation_losses(method: Method, outputs: Sequence[np.ndarray], targets: Sequence[np.ndarray],
                      params: Mapping[str, Any], batches: Batches, *, round_number: int,
                      remedy: str) -> dict[str, float]:
    """The losses of a validation.

    Parameters
    ----------
    method : Method
    outputs : sequence of arrays
        Of the network.
    targets : sequence of arrays
        Of the same shapes.
    params : mapping
        Settings of `parameter.py`.
    batches : Batches
        Searched for features that are not finite if the loss is not a number.
    round_number : int
        Counted from 1.
    remedy : str
        End of the message of an InputError.

    Returns
    -------
    dict of float
        As of `Method.losses`.

    Raises
    ------
    InputError
        If the validation loss is not finite.
    """
    losses = method.losses(outputs, targets, params)
    if not math.isfinite(losses['validation_loss']):
        raise InputError(f'the validation loss is {losses["validation_loss"]} after round {round_number}: '
                         f'{batches.describe_non_finite()}; {remedy}')
    return losses


@contextlib.contextmanager
def memory_errors_explained(params: Mapping[str, Any]) -> Iterator[None]:
    """Around a training: backends report a lack of memory in a hundred lines and exceptions of their own.

    Parameters
    ----------
    params : mapping
        Settings batch_size and sequence_length.

    Raises
    ------
    InputError
        Instead of an exception that is about memory; others pass.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, MemoryError) and not _OUT_OF_MEMORY.search(str(error)):
            raise
        raise InputError(f'out of memory with batch_size {params["batch_size"]} and sequence_length '
                         f'{params["sequence_length"]}; start anew (--overwrite) with less') from error


_OUT_OF_MEMORY = re.compile('out of memory|RESOURCE_EXHAUSTED|OOM when allocating|bad_alloc', re.IGNORECASE)


def _seed_round(model: 'keras.Model', seed: int, round_number: int) -> None:
    """Let what a round draws (dropout) depend on the seed and its number alone: a resumed run draws the same.

    Keras counts its draws in variables of the layers, which it does not save with the model.
    """
    rng = np.random.default_rng([seed, round_number])
    weights = {id(weight) for weight in model.weights}
    for variable in model.variables:
        if id(variable) not in weights:
            variable.assign(rng.integers(2**31, size=variable.shape))


def _all_gpus() -> contextlib.AbstractContextManager:
    """In this scope a network is built on every GPU, if there are several, and batches are shared out."""
    import keras

    if keras.backend.backend() == 'tensorflow':
        import tensorflow

        names = [device.name for device in tensorflow.config.list_logical_devices(devices.SHARED_DEVICES)]
        if len(names) > 1:
            return tensorflow.distribute.MirroredStrategy(names).scope()
    return contextlib.nullcontext()
