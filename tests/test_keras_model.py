"""The network: golden numbers of the released code, weights, variants, saving."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_model

SMALL = dict(
    dropout_rate=0.0, nb_cnn2d_filt=4, pool_size=[4, 4, 2], rnn_size=[6, 6], fnn_size=[5], weights=[1, 50]
)
SMALL_SHAPES = (2, 16, 64, 8), [(2, 16, 11), (2, 16, 22)]
FULL = dict(dropout_rate=0.0, nb_cnn2d_filt=64, pool_size=[8, 8, 4], rnn_size=[128, 128], fnn_size=[128],
            weights=[1, 50])
FULL_SHAPES = (16, 128, 1024, 8), [(16, 128, 11), (16, 128, 22)]


def small_model(**changes):
    return keras_model.get_model(*SMALL_SHAPES, **(SMALL | changes))


def set_golden_weights(model, arrays):
    for i in range(3):
        model.get_layer(f'conv{i}').set_weights([arrays[f'conv{i}/{role}'] for role in ('kernel', 'bias')])
        model.get_layer(f'bn{i}').set_weights(
            [arrays[f'bn{i}/{role}'] for role in ('gamma', 'beta', 'moving_mean', 'moving_variance')])
    for i in range(2):
        model.get_layer(f'gru{i}').set_weights([
            arrays[f'gru{i}/{direction}_{role}'] for direction in ('fwd', 'bwd')
            for role in ('kernel', 'recurrent', 'bias')])
    for head in ('sed', 'doa'):
        for layer, role in ((f'{head}_dense0', 'dense0'), (f'{head}_out', 'dense1')):
            model.get_layer(layer).set_weights(
                [arrays[f'{head}_out/{role}/{name}'] for name in ('kernel', 'bias')])


def test_outputs_and_loss_are_those_of_the_released_network(golden):
    arrays = golden('model')
    model = small_model()
    set_golden_weights(model, arrays)
    sed, doa = model.predict(arrays['input_channels_last'], verbose=0)
    np.testing.assert_allclose(sed, arrays['sed'], atol=1e-5)
    np.testing.assert_allclose(doa, arrays['doa'], atol=1e-5)
    targets = [arrays['target_sed'], arrays['target_doa']]
    loss = model.evaluate(arrays['input_channels_last'], targets, verbose=0)
    np.testing.assert_allclose(loss[0], arrays['loss'], rtol=1e-5)


@pytest.mark.parametrize('variant', keras_model.VARIANTS)
def test_output_shapes_and_ranges(variant):
    model = small_model(model_variant=variant)
    sed, doa = model.predict(np.random.default_rng(0).normal(size=(3, 16, 64, 8)), verbose=0)
    assert sed.shape == (3, 16, 11) and doa.shape == (3, 16, 22)
    assert sed.min() >= 0 and sed.max() <= 1


def test_number_of_parameters_at_full_size():
    model = keras_model.get_model(*FULL_SHAPES, **FULL)
    assert model.count_params() == 613_537
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == 611_201


def test_quirk_batch_normalisation_is_per_frequency_bin():
    model = small_model()
    assert [model.get_layer(f'bn{i}').gamma.shape for i in range(3)] == [(64,), (16,), (4,)]
    model = small_model(model_variant='paper')
    assert [model.get_layer(f'bn{i}').gamma.shape for i in range(3)] == [(4,), (4,), (4,)]


def test_quirk_gru_of_keras_2_2_4():
    gru = small_model().get_layer('gru0').forward_layer
    assert not gru.reset_after and gru.recurrent_activation is keras_model.hard_sigmoid_2019
    gru = small_model(model_variant='paper').get_layer('gru0').forward_layer
    assert gru.reset_after and gru.recurrent_activation is keras.activations.sigmoid


def test_quirk_hard_sigmoid_is_not_that_of_keras_3():
    x = np.array([-3, -2.5, -1, 0, 1, 2.5, 3], np.float32)
    np.testing.assert_allclose(keras_model.hard_sigmoid_2019(x), [0, 0, 0.3, 0.5, 0.7, 1, 1], atol=1e-6)
    assert not np.allclose(keras.activations.hard_sigmoid(x), keras_model.hard_sigmoid_2019(x))


def test_quirk_dense_layers_of_the_heads_have_no_activation():
    model = small_model()
    assert all(model.get_layer(name).activation is keras.activations.linear
               for name in ('sed_dense0', 'doa_dense0', 'doa_out'))


def test_paper_variant_sees_magnitude_and_phase_planes():
    """A row is magnitudes, then phases, bins outermost: plane p of bin b is column p // 4, b, p % 4."""
    row = np.arange(64 * 8, dtype=np.float32)
    model = small_model(model_variant='paper')
    planes = keras.Model(model.input, model.get_layer('planes').output)
    seen = planes.predict(np.broadcast_to(row.reshape(64, 8), (1, 16, 64, 8)), verbose=0)[0, 3]
    assert all(seen[b, p] == row[(p // 4) * 64 * 4 + b * 4 + p % 4] for b in range(64) for p in range(8))


@pytest.mark.parametrize('variant', keras_model.VARIANTS)
def test_training_lowers_the_loss(variant):
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    features = rng.normal(size=(8, 16, 64, 8)).astype(np.float32)
    sed = (features[:, :, :11, 0] > 0).astype(np.float32)
    doa = np.concatenate((sed, -sed), axis=-1)
    model = small_model(model_variant=variant, learning_rate=1e-2)
    history = model.fit(features, [sed, doa], batch_size=4, epochs=15, verbose=0).history['loss']
    assert history[-1] < 0.75 * history[0]


def test_pooling_before_relu_changes_nothing(golden):
    """The order of the paper is ReLU, then pooling; both orders give the same numbers."""
    x = np.random.default_rng(0).normal(size=(2, 3, 16, 4)).astype(np.float32)
    pool, relu = keras.layers.MaxPooling2D((1, 4)), keras.layers.ReLU()
    np.testing.assert_array_equal(pool(relu(x)), relu(pool(x)))


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
