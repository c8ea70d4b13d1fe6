"""Learning rates over a training."""

import numpy as np

from seldnet.training.schedules import rate_function


def test_constant_leaves_the_optimiser_alone():
    assert rate_function('constant', 1e-3, 0, 100) is None


def test_cosine_rises_falls_and_does_not_depend_on_where_rounds_begin():
    rates = np.array([rate_function('cosine', 2e-3, 0, 1000)(batch) for batch in range(1000)])
    assert rates.argmax() == 50 and rates.max() == 2e-3
    assert rates[0] == 2e-4 and (np.diff(rates[:51]) > 0).all() and (np.diff(rates[50:]) < 0).all()
    assert 1e-5 <= rates[-1] < 1.1e-5
    resumed = [rate_function('cosine', 2e-3, 600, 1000)(batch) for batch in range(400)]
    np.testing.assert_array_equal(resumed, rates[600:])
