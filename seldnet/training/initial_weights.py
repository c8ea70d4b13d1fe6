"""What a training starts with: a new network, weights of a trained one, or the model of the last round."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.stored_facts import stored_dataset
from seldnet.common.errors import InputError, listed
from seldnet.common.files import read_json
from seldnet.training import network
from seldnet.training.history import State
from seldnet.training.run import SETTINGS_ENDING, Run

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
        path = Path(run.params['initial_model'])
        heads: Collection[str] = ()
        if classes_of(path) != run.dataset.classes:  # there may be as many of them
            wider = network.build(run.method, data_in, run.dataset.nb_classes + 1, run.params, run.seed)
            heads = {layer.name for layer, other in zip(model.layers, wider.layers)
                     if _shapes(layer) != _shapes(other)}
        run.say(start_from(model, path, new_layers=heads))
    return model


def classes_of(path: Path) -> tuple[str, ...]:
    """The classes of a trained model, as the settings beside it say; those of TAU 2019 if nothing is said.

    Parameters
    ----------
    path : Path
        Of the model.

    Returns
    -------
    tuple of str

    Raises
    ------
    InputError
        If what lies beside it cannot be read.
    """
    beside = path.with_name(re.sub(r'_(model|round\d+)\.keras$', SETTINGS_ENDING, path.name))
    stored = stored_dataset(read_json(beside), beside) if beside != path and beside.is_file() else None
    return (stored or TAU2019).classes


def _shapes(layer: 'keras.Layer') -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]


def start_from(model: 'keras.Model', path: Path, *, new_layers: Collection[str] = ()) -> str:
    """Take the weights of the layers that have the same name and shapes; the others stay as they are.

    A model of another number of classes differs in its last layers alone: these start anew.

    Parameters
    ----------
    model : keras.Model
        Is changed.
    path : Path
        Of a trained model.
    new_layers : collection of str
        Names of layers that start anew in any case.

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
        is_alike = (source is not None and layer.name not in new_layers
                    and _shapes(source) == _shapes(layer))
        if is_alike:
            layer.set_weights(source.get_weights())
        (taken if is_alike else new).append(layer.name)
    if not taken:
        raise InputError(f'{path}: none of its layers ({listed(list(trained))}) has the name and size of one '
                         f'of the new network ({listed(new)}); expected a model of the same method and sizes')
    return f'Start from {path}: taken {listed(taken)}; new {listed(new)}'
