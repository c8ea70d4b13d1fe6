"""Keras' side of training: resumption to the same numbers, losses, models in files, errors explained."""

from unittest.mock import Mock

import keras
import numpy as np
import pytest
from tiny_training import BINS, SIZES, STAND_IN, make_run

import parameter
from seldnet.common.errors import InputError
from seldnet.methods import layers
from seldnet.methods.registry import METHODS
from seldnet.training import network
from seldnet.training.batches import open_batches
from seldnet.training.keras_classes import KerasBatches

INPUT, NB_CLASSES = (4, 50, BINS, 8), 11
PARAMS = parameter.get_params(**SIZES)
SMALL = PARAMS | {'nb_cnn2d_filt': 3, 'pool_size': [4], 'rnn_size': [4], 'fnn_size': [4], 'dropout_rate': 0.2}


@pytest.fixture
def batches(tiny_features, tmp_path):
    """Of the development recordings of split 1."""
    recordings = make_run(tmp_path, tiny_features).recordings()
    return open_batches(recordings, STAND_IN, [1], batch_size=4, seq_len=50)


def build(method=STAND_IN, params=PARAMS):
    return network.build(method, INPUT, NB_CLASSES, params, seed=1)


def fit(model, batches, round_number=1):
    return network.fit(model, batches, round_number=round_number, seed=1, title='', remedy='go on')


# ---- training ----


@pytest.mark.parametrize('variant', ['released', pytest.param('paper', marks=pytest.mark.slow)])
def test_a_loaded_network_goes_on_to_the_same_numbers(batches, tmp_path, variant):
    """Normalisation's statistics, Adam's moments and dropout go on, too. Both are compiled once."""
    model = build(METHODS[variant], SMALL)
    model.train_step = step = Mock(side_effect=model.train_step)
    fit(model, batches)
    network.save(model, tmp_path / 'm.keras')
    loss = fit(model, batches.epochs(1, 2), 2)
    resumed = network.load(tmp_path / 'm.keras', for_training=True)
    resumed.train_step = resumed_step = Mock(side_effect=resumed.train_step)
    assert fit(resumed, batches.epochs(1, 2), 2) == loss
    assert step.call_count == resumed_step.call_count == 1
    for weight, expected in zip(resumed.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_targets_may_have_other_columns_than_outputs(batches):
    """As those of a method of one's own: its loss knows what to make of them."""
    def loss(targets, outputs):
        return keras.ops.mean(keras.ops.square(targets[..., :3] - outputs), axis=-1)
    features = keras.Input(INPUT[1:])
    frames = keras.layers.Reshape((INPUT[1], -1))(features)
    model = keras.Model(features, [keras.layers.Dense(3)(frames), keras.layers.Dense(3)(frames)])
    model.compile('sgd', [loss, loss], run_eagerly=True)
    assert np.isfinite(fit(model, batches))


def test_a_network_of_an_earlier_version_goes_on(batches, tmp_path, monkeypatch):
    """It has Keras' own batch normalisation, and its file says that it was compiled with XLA."""
    monkeypatch.setattr(layers, 'BinNormalization', keras.layers.BatchNormalization)
    earlier = METHODS['released'].build(INPUT, NB_CLASSES, SMALL | {'dropout_rate': 0}, jit_compile=True)
    monkeypatch.undo()
    now = METHODS['released'].build(INPUT, NB_CLASSES, SMALL | {'dropout_rate': 0})
    now.set_weights(earlier.get_weights())
    network.save(earlier, tmp_path / 'm.keras')
    loaded = network.load(tmp_path / 'm.keras', for_training=True)
    assert type(loaded.get_layer('bn0')) is keras.layers.BatchNormalization
    assert earlier.jit_compile and not loaded.jit_compile
    features = batches[0][0]
    np.testing.assert_array_equal(loaded.predict_on_batch(features)[0], now.predict_on_batch(features)[0])
    assert fit(loaded, batches) == pytest.approx(fit(now, batches), rel=1e-4)


def test_a_round_draws_the_same_whatever_was_drawn_before(batches):
    losses = []
    for rounds in ([2], [2], [1, 2], [3]):
        model = build(params=PARAMS | {'dropout_rate': 0.5})
        weights = model.get_weights()
        for number in rounds:
            model.set_weights(weights)
            model.optimizer.learning_rate = 0  # what is drawn is the only difference
            losses.append(fit(model, batches, number))
    first, again, other, after_another, third = losses
    assert first == again == after_another
    assert len({first, other, third}) == 3


def test_the_loss_of_a_round_is_that_of_its_last_epoch(batches):
    """Not the mean over its epochs: it starts anew with each."""
    several, one_by_one = build(), build()
    loss = fit(several, batches.epochs(0, 3))
    losses = [fit(one_by_one, batches.epochs(epoch, 1)) for epoch in range(3)]
    np.testing.assert_allclose(several.get_weights()[0], one_by_one.get_weights()[0], rtol=1e-5)
    assert loss == pytest.approx(losses[-1], rel=1e-5)
    assert abs(np.mean(losses) - losses[-1]) > 0.01 * losses[-1]  # or it would show nothing


def test_the_weights_of_a_new_network_depend_on_the_seed():
    first, again, other = (network.build(STAND_IN, INPUT, NB_CLASSES, PARAMS, seed).get_weights()
                           for seed in (1, 1, 2))
    assert all(map(np.array_equal, first, again))
    assert not all(map(np.array_equal, first, other))


def test_a_loss_that_is_no_number_names_the_batch(batches):
    model = build()
    model.get_layer('sed_out').bias.assign(np.full(NB_CLASSES, np.nan))
    with pytest.raises(InputError, match='the loss is nan in epoch 3, batch 1: all features are finite; go'):
        fit(model, batches.epochs(2, 1), 2)


def test_losses_of_finished_predictions_are_those_of_keras(batches):
    model = build()
    outputs = network.predict(model, batches)
    losses = network.validation_losses(STAND_IN, outputs, batches.all_targets(), PARAMS, batches,
                                       round_number=1, remedy='')
    evaluated = model.evaluate(KerasBatches(batches), verbose=0, return_dict=True)
    assert list(losses) == ['validation_loss', 'sed_loss', 'doa_loss']
    expected = [evaluated[key] for key in ('loss', 'sed_out_loss', 'doa_out_loss')]
    np.testing.assert_allclose(list(losses.values()), expected, rtol=1e-4)


def test_validation_losses_that_are_no_numbers(batches):
    targets = batches.all_targets()
    outputs = [np.full_like(target, np.nan) for target in targets]
    with pytest.raises(InputError, match='^the validation loss is nan after round 7: all features are fin'):
        network.validation_losses(STAND_IN, outputs, targets, PARAMS, batches, round_number=7, remedy='go on')


@pytest.mark.parametrize('error', [
    MemoryError(), RuntimeError('CUDA out of memory. Tried to allocate 20.00 MiB'),
    ValueError('RESOURCE_EXHAUSTED: OOM when allocating tensor\nand more')])
def test_running_out_of_memory_is_explained(error):
    with (pytest.raises(InputError, match='^out of memory with batch_size 8 and sequence_length 50; .*less$'),
          network.memory_errors_explained(PARAMS)):
        raise error


def test_other_errors_come_as_they_are():
    with pytest.raises(ValueError, match='^something else$'), network.memory_errors_explained(PARAMS):
        raise ValueError('something else')


# ---- models in files ----


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04 no archive', b'\x89HDF'])
def test_a_file_that_is_not_a_model(content, tmp_path):
    (tmp_path / 'm.keras').write_bytes(content)
    with pytest.raises(InputError, match='m.keras: not a model that can be loaded'):
        network.load(tmp_path / 'm.keras')


def test_a_model_with_a_lambda_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)])
    model.save(tmp_path / 'm.keras')
    with pytest.raises(InputError, match='m.keras: not a model that can be loaded'):
        network.load(tmp_path / 'm.keras')


def test_no_file(tmp_path):
    with pytest.raises(InputError, match=r'm\.keras: no such model; train it again'):
        network.load(tmp_path / 'm.keras')


def test_a_model_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError):
        network.save(Mock(save=Mock(side_effect=RuntimeError)), tmp_path / 'm.keras')
    assert not list(tmp_path.iterdir())
