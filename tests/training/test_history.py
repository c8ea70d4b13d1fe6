"""The rounds of a training: which is best."""

import math

import pytest

from seldnet.training.history import find_best_round

NAN = math.nan


@pytest.mark.parametrize(('scores', 'best'), [
    ([], None), ([0.5], 1), ([0.5, 0.4, 0.4, 0.6], 2), ([NAN, NAN], 2), ([NAN, 0.9, NAN], 2)])
def test_best_round_of_a_history(scores, best):
    assert find_best_round([{'SELD': score} for score in scores]) == best
