"""`get_model` of 2019: its arguments, the network at full size, saved models."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import keras_model
from seldnet.methods.registry import METHODS

SMALL = dict(
    dropout_rate=0.0, nb_cnn2d_filt=4, pool_size=[4, 4, 2], rnn_size=[6, 6], fnn_size=[5], weights=[1, 50]
)
SMALL_SHAPES = (2, 16, 64, 8), [(2, 16, 11), (2, 16, 22)]
FULL = dict(dropout_rate=0.0, nb_cnn2d_filt=64, pool_size=[8, 8, 4], rnn_size=[128, 128], fnn_size=[128],
            weights=[1, 50])
FULL_SHAPES = (16, 128, 1024, 8), [(16, 128, 11), (16, 128, 22)]


def small_model(**changes):
    return keras_model.get_model(*SMALL_SHAPES, **(SMALL | changes))


def test_number_of_parameters_at_full_size():
    model = keras_model.get_model(*FULL_SHAPES, **FULL)
    assert model.count_params() == 613_537
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == 611_201


@pytest.mark.parametrize('variant', ['released', 'paper'])
def test_both_networks_of_2019_can_be_had(variant):
    model = small_model(model_variant=variant, learning_rate=0.25, dropout_rate=0.5, weights=[2, 3])
    assert model.name == f'seldnet_{variant}'
    assert model.input_shape == (None, 16, 64, 8)
    assert model.output_shape == [(None, 16, 11), (None, 16, 22)]
    assert float(model.optimizer.learning_rate) == 0.25
    assert model.get_layer('conv_dropout0').rate == 0.5
    assert model.get_compile_config()['loss_weights'] == [2, 3]


def test_every_method_can_be_had():
    for variant in METHODS:
        assert small_model(model_variant=variant).input_shape == (None, 16, 64, 8)


@pytest.mark.parametrize('changes, message', [
    (dict(pool_size=[4, 4, 3]), 'but 3 does not divide the 4 bins'),
    (dict(model_variant='keras'), "got 'keras', expected one of released, paper")])
def test_wrong_arguments_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        small_model(**changes)


def test_a_saved_model_loads_in_safe_mode_with_nothing_but_keras_model(tmp_path):
    model = small_model()
    model.save(tmp_path / 'm.keras')
    x = np.random.default_rng(0).normal(size=(1, 16, 64, 8)).astype(np.float32)
    np.save(tmp_path / 'x.npy', x)
    code = ('import sys, keras, keras_model, numpy as np\n'
            'model = keras.models.load_model("m.keras", safe_mode=True)\n'
            'np.save("sed.npy", model.predict(np.load("x.npy"), verbose=0)[0])\n'
            'assert not {"seld", "parameter", "cls_feature_class"} & set(sys.modules)\n')
    search_path = os.pathsep.join((str(Path(keras_model.__file__).parent), os.environ.get('PYTHONPATH', '')))
    subprocess.run([sys.executable, '-c', code], cwd=tmp_path, check=True,
                   env=os.environ | {'PYTHONPATH': search_path})
    np.testing.assert_allclose(np.load(tmp_path / 'sed.npy'), model.predict(x, verbose=0)[0], atol=1e-6)
