"""The networks: golden numbers of the released code, what differs between the methods, training."""

import keras
import numpy as np
import pytest
from golden_network import small_model, with_golden_weights

import parameter
from seldnet.methods.layers import hard_sigmoid_2019
from seldnet.methods.registry import METHODS


@pytest.fixture
def arrays(golden):
    return golden('model')


@pytest.fixture
def released(arrays):
    """The released network with the golden weights."""
    return with_golden_weights(arrays)


def test_outputs_and_loss_are_those_of_the_released_network(released, arrays):
    sed, doa = released.predict(arrays['input_channels_last'], verbose=0)
    np.testing.assert_allclose(sed, arrays['sed'], atol=1e-5)
    np.testing.assert_allclose(doa, arrays['doa'], atol=1e-5)
    targets = [arrays['target_sed'], arrays['target_doa']]
    loss = released.evaluate(arrays['input_channels_last'], targets, verbose=0)
    np.testing.assert_allclose(loss[0], arrays['loss'], rtol=1e-5)


def test_outputs_in_training_are_those_of_the_released_network(released, arrays):
    """Normalised with the batch's own statistics, which the moving ones then follow by a hundredth."""
    norm = released.get_layer('bn0')
    before = keras.ops.convert_to_numpy(norm.moving_mean)
    outputs = [keras.ops.convert_to_numpy(output)
               for output in released(arrays['input_channels_last'], training=True)]
    for output, name in zip(outputs, ('train_sed', 'train_doa')):
        np.testing.assert_allclose(output, arrays[name], rtol=0, atol=1e-5)
    assert not np.allclose(outputs[0], arrays['sed'], atol=1e-3)  # or it would show nothing
    convolved = keras.Model(released.input, released.get_layer('conv0').output)
    mean = convolved.predict(arrays['input_channels_last'], verbose=0).mean(axis=(0, 1, 3))
    np.testing.assert_allclose(norm.moving_mean, 0.99 * before + 0.01 * mean, atol=1e-5)


@pytest.mark.parametrize('variant', ['released', 'paper'])
def test_output_shapes_and_ranges(variant):
    model = small_model(variant)
    sed, doa = model.predict(np.random.default_rng(0).normal(size=(3, 16, 64, 8)), verbose=0)
    assert sed.shape == (3, 16, 11) and doa.shape == (3, 16, 22)
    assert sed.min() >= 0 and sed.max() <= 1


def test_quirk_batch_normalisation_is_per_frequency_bin():
    model = small_model()
    assert [model.get_layer(f'bn{i}').gamma.shape for i in range(3)] == [(64,), (16,), (4,)]
    model = small_model('paper')
    assert [model.get_layer(f'bn{i}').gamma.shape for i in range(3)] == [(4,), (4,), (4,)]


def test_quirk_gru_of_keras_2_2_4():
    gru = small_model().get_layer('gru0').forward_layer
    assert not gru.reset_after and gru.recurrent_activation is hard_sigmoid_2019
    gru = small_model('paper').get_layer('gru0').forward_layer
    assert gru.reset_after and gru.recurrent_activation is keras.activations.sigmoid


def test_quirk_hard_sigmoid_is_not_that_of_keras_3():
    x = np.array([-3, -2.5, -1, 0, 1, 2.5, 3], np.float32)
    np.testing.assert_allclose(hard_sigmoid_2019(x), [0, 0, 0.3, 0.5, 0.7, 1, 1], atol=1e-6)
    assert not np.allclose(keras.activations.hard_sigmoid(x), hard_sigmoid_2019(x))


def test_quirk_dense_layers_of_the_heads_have_no_activation():
    model = small_model()
    assert all(model.get_layer(name).activation is keras.activations.linear
               for name in ('sed_dense0', 'doa_dense0', 'doa_out'))


def test_paper_variant_sees_magnitude_and_phase_planes():
    """A row is magnitudes, then phases, bins outermost: plane p of bin b is column p // 4, b, p % 4."""
    row = np.arange(64 * 8, dtype=np.float32)
    model = small_model('paper')
    planes = keras.Model(model.input, model.get_layer('planes').output)
    seen = planes.predict(np.broadcast_to(row.reshape(64, 8), (1, 16, 64, 8)), verbose=0)[0, 3]
    assert all(seen[b, p] == row[(p // 4) * 64 * 4 + b * 4 + p % 4] for b in range(64) for p in range(8))


@pytest.mark.slow  # the steps of training are compared with the reference's in test_training_steps.py
@pytest.mark.parametrize('variant', ['released', 'paper'])
def test_training_lowers_the_loss(variant):
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    features = rng.normal(size=(8, 16, 64, 8)).astype(np.float32)
    sed = (features[:, :, :11, 0] > 0).astype(np.float32)
    doa = np.concatenate((sed, -sed), axis=-1)
    model = small_model(variant, learning_rate=1e-2)
    history = model.fit(features, [sed, doa], batch_size=4, epochs=15, verbose=0).history['loss']
    assert history[-1] < 0.75 * history[0]


def test_keras_settings_of_other_projects_are_not_taken():
    before = keras.config.epsilon(), keras.config.image_data_format()
    keras.config.set_epsilon(1e-3)
    keras.config.set_image_data_format('channels_first')
    try:
        assert small_model().get_layer('conv0').data_format == 'channels_last'
        assert (keras.config.epsilon(), keras.config.image_data_format()) == (1e-7, 'channels_last')
    finally:
        keras.config.set_epsilon(before[0])
        keras.config.set_image_data_format(before[1])


def test_pooling_before_relu_changes_nothing():
    """The order of the paper is ReLU, then pooling; both orders give the same numbers."""
    x = np.random.default_rng(0).normal(size=(2, 3, 16, 4)).astype(np.float32)
    pool, relu = keras.layers.MaxPooling2D((1, 4)), keras.layers.ReLU()
    np.testing.assert_array_equal(pool(relu(x)), relu(pool(x)))


@pytest.mark.parametrize(('variant', 'momentum', 'dropout'), [
    ('released', 0.99, 0.3), ('paper', 0.99, 0.3), ('accdoa', 0.95, 0)])
def test_what_no_output_of_an_untrained_network_shows(variant, momentum, dropout):
    """Of Keras 2.2.4 for the networks of 2019; each default has moved since, or may."""
    if variant == 'accdoa':
        params = parameter.get_params('6', dropout_rate=0.3)
        model = METHODS[variant].build((2, 48, 64, 7), 11, params)
    else:
        model = small_model(variant, dropout_rate=0.3)
    assert model.optimizer.epsilon == 1e-7
    assert (model.optimizer.beta_1, model.optimizer.beta_2) == (0.9, 0.999)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert norms and {(norm.momentum, norm.epsilon) for norm in norms} == {(momentum, 1e-3)}
    recurrent = [layer for layer in model.layers if isinstance(layer, keras.layers.Bidirectional)]
    assert recurrent and {(part.dropout, part.recurrent_dropout) for layer in recurrent for part in (
        layer.forward_layer, layer.backward_layer)} == {(dropout, dropout)}
