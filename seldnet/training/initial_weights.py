"""What a training starts with: a new network, weights of a trained one, or the model of the last round."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seldnet.common.errors import InputError, listed
from seldnet.training import network
from seldnet.training.history import State
from seldnet.training.run import Run

if TYPE_CHECKING:
    import keras


def first_model(run: Run, state: State, data_in: Sequence[int]) -> 'keras.Model':
    """The model that a training starts with, or goes on with.

    Parameters
    ----------
    run : Run
    state : dict
        As of `Run.load_state`.
    data_in : (batch, frames, bins, planes)
        Shape of a batch of features.

    Returns
    -------
    keras.Model
        Compiled.

    Raises
    ------
    InputError
        If a file is no model, or does not fit.
    """
    rate, history = run.params['learning_rate'], state['history']
    if history:
        model = network.load(run.checkpoint(len(history)), for_training=True)
        if history[-1].get('learning_rate', rate) != rate:
            network.set_learning_rate(model, rate)
        return model
    model = network.build(run.method, data_in, run.dataset.nb_classes, run.params, run.seed)
    if run.params['initial_model']:
        run.say(start_from(model, Path(run.params['initial_model'])))
    return model


def start_from(model: 'keras.Model', path: Path) -> str:
    """Take the weights of the layers that have the same name and shapes; the others stay as they are.

    A model of other classes differs in its last layers alone: these start anew.

    Parameters
    ----------
    model : keras.Model
        Is changed.
    path : Path
        Of a trained model.

    Returns
    -------
    str
        A line that says what was taken and what is new.

    Raises
    ------
    InputError
        If it is no model, or none of its layers fits.
    """
    trained = {layer.name: layer for layer in network.load(path).layers if layer.weights}
    taken, new = [], []
    for layer in model.layers:
        if not layer.weights:
            continue
        source = trained.get(layer.name)
        is_alike = source is not None and ([tuple(weight.shape) for weight in source.weights]
                                           == [tuple(weight.shape) for weight in layer.weights])
        if is_alike:
            layer.set_weights(source.get_weights())
        (taken if is_alike else new).append(layer.name)
    if not taken:
        raise InputError(f'{path}: none of its layers ({listed(list(trained))}) has the name and size of one '
                         f'of the new network ({listed(new)}); expected a model of the same method and sizes')
    return f'Start from {path}: taken {listed(taken)}; new {listed(new)}'
