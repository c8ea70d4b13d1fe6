"""Ten steps of training: the released network and a plain one in NumPy and float64 get the same weights."""

import numpy as np
import pytest
import reference_network
from golden_network import NAMES, weights_by_name, with_golden_weights

NB_STEPS = 10


@pytest.fixture
def arrays(golden):
    return golden('model')


@pytest.fixture
def weights(arrays):
    return {name: arrays[name].astype(float) for names in NAMES.values() for name in names}


@pytest.fixture
def batch(arrays):
    """The golden input and its two targets."""
    return tuple(arrays[name].astype(float) for name in ('input_channels_last', 'target_sed', 'target_doa'))


@pytest.mark.parametrize('training, prefix', [(False, ''), (True, 'train_')])
def test_the_reference_gives_the_golden_outputs(arrays, weights, batch, training, prefix):
    sed, doa, *_ = reference_network.network(weights, batch[0], training=training)
    np.testing.assert_allclose(sed, arrays[f'{prefix}sed'], rtol=0, atol=1e-5)
    np.testing.assert_allclose(doa, arrays[f'{prefix}doa'], rtol=0, atol=1e-5)
    if not training:
        np.testing.assert_allclose(reference_network.loss(sed, doa, *batch[1:])[0], arrays['loss'], rtol=1e-6)


@pytest.mark.parametrize('gru_scale', [1, 4])
def test_the_gradients_of_the_reference_are_finite_differences(weights, batch, gru_scale):
    """Two weights of each tensor.

    No gate reaches the flat ends of the hard sigmoid with the golden weights; with larger ones, many do.
    """
    rng = np.random.default_rng(2019)
    weights = {name: weight * (gru_scale if name.startswith('gru') else 1)
               for name, weight in weights.items()}
    _, gradients, _ = reference_network.loss_and_gradients(weights, *batch)
    trained = [name for name in weights if '/moving_' not in name]
    assert sorted(gradients) == sorted(trained)
    step = 1e-5
    exact, differences = [], []
    for name in trained:
        assert gradients[name].shape == weights[name].shape
        for place in rng.choice(weights[name].size, 2, replace=False):
            losses = []
            for shift in (step, -step):
                shifted = weights[name].copy()
                shifted.flat[place] += shift
                losses.append(reference_network.loss_and_gradients(weights | {name: shifted}, *batch)[0])
            exact.append(gradients[name].flat[place])
            differences.append((losses[0] - losses[1]) / (2 * step))
    # The losses are near 160, whose rounding makes 3e-9 of such a difference.
    np.testing.assert_allclose(exact, differences, rtol=1e-6, atol=3e-8)
    assert np.median(np.abs(exact)) > 1e-3  # far above that


@pytest.mark.parametrize('jit_compile', [None, pytest.param(True, marks=pytest.mark.slow)])
def test_ten_steps_give_the_weights_of_the_reference(arrays, weights, batch, jit_compile):
    """As `released` is trained by default, and with XLA."""
    expected, expected_losses = reference_network.train(weights, *batch, NB_STEPS)
    model = with_golden_weights(arrays, jit_compile=jit_compile)
    assert model.jit_compile is bool(jit_compile)
    x, *targets = batch
    losses = [model.train_on_batch(x.astype(np.float32), targets)[0] for _ in range(NB_STEPS)]
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-6)

    got = weights_by_name(model)
    changes = {name: np.abs(expected[name] - weights[name]) for name in weights}
    for name, change in changes.items():
        # Relative to the largest change in the tensor, not to the weights: these are up to a hundred times
        # larger, so that even untrained ones would be within a few percent. Nor to each weight's own change:
        # Adam moves all by up to 1e-3 a step whatever their gradients, so a change is near 1e-2, or chance
        # left it near 0. Weights near 1 are rounded by up to 6e-8 in each step, 2e-5 of the change after ten:
        # this is the difference there is.
        np.testing.assert_allclose(got[name], expected[name], rtol=0, atol=1e-4 * change.max(), err_msg=name)
        assert change.max() > 5e-3, name
    # Not a few large changes that hide the rest: nearly all weights moved by a hundred times the tolerance.
    assert np.mean(np.concatenate([change.ravel() for change in changes.values()]) > 1e-4) > 0.8
