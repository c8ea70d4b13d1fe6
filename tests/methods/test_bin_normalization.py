"""Batch normalisation of bins: the numbers of Keras' own layer, and of the plain formulas in float64."""

import keras
import numpy as np
import pytest
import reference_network
import tensorflow

from seldnet.methods.bin_normalization import BinNormalization

SHAPE = 4, 10, 16, 6


@pytest.fixture
def arrays():
    """x with other means and deviations in each bin, weights, and gradients of the output."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=SHAPE) * rng.uniform(0.5, 3, (16, 1)) + rng.normal(0, 1, (16, 1))
    return x, rng.uniform(0.5, 2, 16), rng.normal(size=16), rng.normal(size=SHAPE)


def results(layer, x, gamma, beta, d_y):
    """Output, gradients of x, gamma and beta, and the moving moments after a training step."""
    layer.build(SHAPE)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    x = tensorflow.Variable(x, dtype='float32')
    with tensorflow.GradientTape() as tape:
        y = layer(x, training=True)
        loss = tensorflow.reduce_sum(tensorflow.cast(y, 'float32') * tensorflow.constant(d_y, 'float32'))
    gradients = tape.gradient(loss, [x, layer.gamma.value, layer.beta.value])
    values = y, *gradients, layer.moving_mean, layer.moving_variance
    return [np.asarray(value, np.float32) for value in values]


def test_numbers_are_those_of_keras_and_of_the_plain_formulas(arrays):
    x, gamma, beta, d_y = arrays
    y, backward, mean, variance = reference_network.normalisation_in_training(x, gamma, beta)
    expected = [y, *backward(d_y), 0.01 * mean, 0.99 + 0.01 * variance]
    of_keras = results(keras.layers.BatchNormalization(axis=2), *arrays)
    ours = results(BinNormalization(), *arrays)
    for value, plain, keras_value in zip(ours, expected, of_keras):
        tolerance = 1e-6 * np.abs(plain).max()
        np.testing.assert_allclose(value, plain, rtol=0, atol=tolerance)
        # Keras' own gradients are off by up to 1.5e-6.
        np.testing.assert_allclose(value, keras_value, rtol=0, atol=3 * tolerance)


@pytest.mark.parametrize('mean', [10, 1000])
def test_a_mean_far_from_0_costs_hardly_more_digits_than_in_keras(arrays, mean):
    x, gamma, beta, d_y = arrays
    x = (x + mean).astype(np.float32)
    y, backward, *_ = reference_network.normalisation_in_training(x.astype(float), gamma, beta)
    plain = [y, *backward(d_y)]
    ours, of_keras = ([np.abs(value - expected).max() for value, expected in zip(
        results(layer, x, gamma, beta, d_y), plain)] for layer in (
            BinNormalization(), keras.layers.BatchNormalization(axis=2)))
    assert all(error < 3 * error_of_keras for error, error_of_keras in zip(ours, of_keras))


def test_in_half_precision_it_computes_in_single_precision(arrays):
    x, *others = arrays
    x = x * 100  # squares beyond float16
    got = results(BinNormalization(dtype='mixed_float16'), x, *others)
    expected = results(keras.layers.BatchNormalization(axis=2, dtype='mixed_float16'), x, *others)
    for value, keras_value in zip(got, expected):
        assert np.isfinite(value).all()
        np.testing.assert_allclose(value, keras_value, rtol=0, atol=2e-3 * np.abs(keras_value).max())


def test_outside_training_and_when_frozen_the_moving_moments_count(arrays):
    x, gamma, beta, _ = (array.astype(np.float32) for array in arrays)
    ours, of_keras = BinNormalization(), keras.layers.BatchNormalization(axis=2)
    weights = [gamma, beta, beta, gamma]
    for layer in (ours, of_keras):
        layer.build(SHAPE)
        layer.set_weights(weights)
    np.testing.assert_array_equal(ours(x), of_keras(x))
    ours.trainable = False
    np.testing.assert_array_equal(ours(x, training=True), of_keras(x))
    for weight, before in zip(ours.get_weights(), weights):
        np.testing.assert_array_equal(weight, before)


@pytest.mark.parametrize('options', [{'center': False}, {'scale': False}, {'renorm': True}])
def test_other_arguments_are_keras_own(arrays, options):
    x = arrays[0].astype(np.float32)
    outputs = [layer(x, training=True) for layer in (
        BinNormalization(**options), keras.layers.BatchNormalization(axis=2, **options))]
    np.testing.assert_allclose(*outputs, rtol=0, atol=1e-5)


def test_another_axis_is_refused():
    with pytest.raises(ValueError, match='axis -1, where bins are axis 2'):
        BinNormalization(axis=-1)


def test_double_precision_stays_double(arrays):
    x, gamma, beta, _ = arrays
    layer = BinNormalization(dtype='float64')
    layer.build(SHAPE)
    layer.set_weights([gamma, beta, beta, gamma])
    expected = reference_network.normalisation_in_training(x, gamma, beta)[0]
    np.testing.assert_allclose(layer(x, training=True), expected, rtol=0, atol=1e-12)


def test_a_saved_layer_is_the_same(arrays):
    layer = BinNormalization(momentum=0.9, name='bn0')
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(again) is BinNormalization
    assert again.get_config() == layer.get_config()
