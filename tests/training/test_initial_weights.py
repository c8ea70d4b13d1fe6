"""A training that starts with the weights of a trained model."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from tiny_training import DATASET, make_run

import parameter
from seldnet.common.errors import InputError
from seldnet.methods.registry import METHODS
from seldnet.training import network
from seldnet.training.initial_weights import first_model, start_from

CHANGED = {'nb_cnn2d_filt': 2, 'pool_size': [4], 'rnn_size': [3], 'fnn_size': [3]}
PARAMS = parameter.get_params(**CHANGED)
SHAPE = (2, 20, 16, 8)


def build(method='paper', nb_classes=11, seed=1, **settings):
    return network.build(METHODS[method], SHAPE, nb_classes, PARAMS | settings, seed)


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A model in a file."""
    path = tmp_path_factory.mktemp('trained') / 'a_model.keras'
    network.save(build(seed=7), path)
    return path


def same_layers(model, path):
    source = network.load(path)
    return [layer.name for layer in model.layers if layer.weights
            and all(map(np.array_equal, layer.get_weights(), source.get_layer(layer.name).get_weights()))]


def test_all_weights_of_a_model_of_the_same_classes(trained):
    model = build()
    line = start_from(model, trained)
    assert line.startswith(f'Start from {trained}: taken conv0, bn0, gru0, ') and line.endswith('; new none')
    assert same_layers(model, trained) == [layer.name for layer in model.layers if layer.weights]


@pytest.mark.parametrize('nb_classes', [4, 20])
def test_of_other_classes_the_heads_are_new(trained, nb_classes):
    model, untouched = build(nb_classes=nb_classes), build(nb_classes=nb_classes)
    assert start_from(model, trained).endswith('; new sed_out, doa_out')
    assert {'conv0', 'gru0', 'sed_dense0'} <= set(same_layers(model, trained))
    for name in ('sed_out', 'doa_out'):
        for weight, expected in zip(model.get_layer(name).get_weights(),
                                    untouched.get_layer(name).get_weights()):
            np.testing.assert_array_equal(weight, expected)


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize(('classes', 'are_new'), [(DATASET.classes[::-1], True), (DATASET.classes, False),
                                                   (None, False)])
def test_of_as_many_other_classes_the_heads_are_new(method, classes, are_new, tiny_features, tmp_path):
    """By the JSON beside the model; without one they are those of 2019."""
    path = tmp_path / 'a_model.keras'
    network.save(build(method, seed=7), path)
    if classes:
        facts = dataclasses.replace(DATASET, classes=classes).facts()
        (tmp_path / 'a.json').write_text(json.dumps({'params': {}, 'dataset_facts': facts}))
    lines = []
    run = make_run(tmp_path, tiny_features, **{name: PARAMS[name] for name in CHANGED},
                   model_variant=method, initial_model=str(path))
    run = dataclasses.replace(run, say=lines.append)
    state = {'history': [], 'best_round': None, 'results': None}
    model = first_model(run, state, SHAPE)
    new = lines[0].partition('; new ')[2].split(', ')
    heads = [] if new == ['none'] else new
    assert len(heads) == (len(model.outputs) if are_new else 0)
    trained = [layer.name for layer in model.layers if layer.weights]
    assert same_layers(model, path) == [name for name in trained if name not in heads]


def test_a_model_of_which_nothing_fits(trained):
    with pytest.raises(InputError, match='a_model.keras: none of its layers .* expected a model of the same'):
        start_from(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name='conv0')]), trained)


def test_a_file_that_is_no_model(tmp_path):
    (tmp_path / 'm.keras').write_text('no model')
    with pytest.raises(InputError, match='m.keras: not a model that can be loaded'):
        start_from(build(), tmp_path / 'm.keras')
