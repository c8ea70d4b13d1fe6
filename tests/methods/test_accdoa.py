"""ACCDOA: targets, outputs and the network."""

import keras
import numpy as np
import pytest

import parameter
from seldnet.annotations.dataset import TAU2019
from seldnet.methods.accdoa import METHOD, TIME_STRIDE
from seldnet.methods.registry import METHODS
from seldnet.training import network

PARAMS = parameter.get_params('6', nb_cnn2d_filt=8, rnn_size=[8], fnn_size=[8])
SHAPE = (2, 32, 64, 7)


def small_network(**changes):
    return network.build(METHOD, SHAPE, 11, PARAMS | changes, seed=1)


def test_targets_are_unit_vectors_of_active_classes_and_zero_for_silence():
    activity = np.array([[1.0, 0, 1]])
    vectors, = METHOD.make_targets(activity, np.array([[90.0, 180, 0]]), np.array([[0.0, 50, -40]]))
    x, y, z = np.split(vectors, 3, axis=-1)
    np.testing.assert_allclose([x[0], y[0], z[0]], [[0, 0, np.cos(np.radians(40))], [1, 0, 0],
                                                    [0, 0, -np.sin(np.radians(40))]], atol=1e-7)
    assert vectors.dtype == np.float32 and METHOD.target_sizes(11) == (33,)


def test_reading_targets_gives_what_they_were_made_from():
    rng = np.random.default_rng(0)
    activity = (rng.random((4, 50, 11)) < 0.3).astype(float)
    azimuth_deg, elevation_deg = (rng.integers(low, high, activity.shape) * 10.0
                                  for low, high in ((-18, 18), (-4, 5)))
    read = METHOD.read_outputs(METHOD.make_targets(activity, azimuth_deg, elevation_deg))
    np.testing.assert_allclose(read[0], activity, atol=1e-6)
    active = activity > 0
    difference = np.degrees(read[1])[active] - azimuth_deg[active]
    np.testing.assert_allclose((difference + 180) % 360 - 180, 0, atol=1e-4)
    np.testing.assert_allclose(np.degrees(read[2])[active], elevation_deg[active], atol=1e-4)


def test_a_class_is_active_where_its_vector_is_longer_than_two_fifths():
    vectors = np.zeros((1, 2, 33))
    vectors[0, 0, 3], vectors[0, 1, 3] = 0.39, 0.41
    active, directions_rad = METHOD.read_frames([vectors])
    assert active[:, 3].tolist() == [False, True] and active.sum() == 1
    np.testing.assert_array_equal(directions_rad[1, [3, 14]], 0)


def test_the_network_repeats_each_output_and_stays_in_range():
    outputs = network.predict(small_network(), FewBatches())
    vectors, = outputs
    assert vectors.shape == (2, 32, 33) and np.abs(vectors).max() <= 1
    blocks = vectors.reshape(2, 32 // TIME_STRIDE, TIME_STRIDE, 33)
    np.testing.assert_array_equal(blocks, np.broadcast_to(blocks[:, :, :1], blocks.shape))


class FewBatches:
    """A batch of noise."""

    per_epoch, first_epoch = 1, 0

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)


def test_number_of_parameters_at_full_size():
    model = network.build(METHOD, (16, 128, 64, 7), 11, parameter.get_params('6'), seed=1)
    assert model.count_params() == FULL_SIZE


FULL_SIZE = 498_273


def test_recurrent_layers_are_what_cudnn_can_run():
    layer = small_network(dropout_rate=0.2).get_layer('gru0').forward_layer
    assert (layer.reset_after, layer.recurrent_dropout, layer.dropout) == (True, 0, 0)
    assert layer.activation is keras.activations.tanh
    assert layer.recurrent_activation is keras.activations.sigmoid


def test_training_lowers_the_loss():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(8, 32, 64, 7)).astype(np.float32)
    vectors = np.repeat(np.tanh(features[:, ::4, :33, 0]), 4, axis=1)
    model = small_network(learning_rate=1e-2)
    history = model.fit(features, vectors, batch_size=4, epochs=25, verbose=0).history['loss']
    assert history[-1] < 0.8 * history[0]


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(pool_size=[8, 8, 4]), 'but 4 does not divide the 1 bins'),
    (dict(sequence_length=130), 'sequence_length: got 130, expected a multiple of 4')])
def test_sizes_that_do_not_suit_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        METHOD.check_sizes(64, PARAMS | changes)


def test_defaults_of_the_method_and_what_goes_before_them():
    params = parameter.get_params('6')
    assert params['pool_size'] == [4, 4, 2] and params['rotate'] and params['schedule'] == 'cosine'
    assert parameter.get_params('4', model_variant='accdoa') == params
    assert parameter.get_params('6', rotate=False, batch_size=2)['batch_size'] == 2
    assert parameter.get_params('4')['pool_size'] == [8, 8, 4] and not parameter.get_params('4')['rotate']


def test_a_falling_learning_rate_is_not_stopped_early():
    assert parameter.get_params('6', nb_epochs=70)['patience'] == 70
    assert parameter.get_params('6', schedule='constant')['patience'] == 4
    assert parameter.get_params('6', patience=2)['patience'] == 2


def test_predictions_of_the_data_set_are_written_on_its_grid():
    vectors, = METHOD.make_targets(np.array([[1.0, 1, 0]]), np.array([[27.0, -178, 0]]),
                                   np.array([[-7.0, 33, 0]]))
    active, azimuth_deg, elevation_deg = METHOD.read_degrees([vectors], TAU2019)
    assert active.tolist() == [[True, True, False]]
    assert azimuth_deg[0, :2].tolist() == [30, -180] and elevation_deg[0, :2].tolist() == [-10, 30]
    released = METHODS['released']
    targets = released.make_targets(*(np.array([[value]]) for value in (1.0, 27.0, -7.0)))
    np.testing.assert_allclose(released.read_degrees(targets, TAU2019)[1:], [[[27]], [[-7]]])
