"""A network in which nothing is active: what is said of it, and which round is the best."""

import math

import numpy as np
import pytest

import seld
from metrics.seld import scores as seld_scores
from seldnet.methods.registry import METHODS
from seldnet.scoring.counting import count_recordings
from seldnet.training.history import choice_score, is_better
from seldnet.training.summary import round_line, score_line

SILENT = {'round': 1, 'ER': 1.0, 'F': 0.0, 'DOA': math.nan, 'FR': 0.6, 'SELD': math.nan, 'predicted_peaks': 0,
          'training_loss': 1, 'validation_loss': 1, 'seconds': 3}
BEGINNER = {**SILENT, 'round': 2, 'ER': 1.1, 'F': 0.2, 'DOA': 60.0, 'FR': 0.5, 'SELD': 0.683,
            'predicted_peaks': 500}


@pytest.mark.parametrize(('method', 'is_silence_best'),
                         [('released', True), ('paper', False), ('accdoa', False)])
def test_silence_is_the_best_round_by_the_rule_of_2019_only(method, is_silence_best):
    if_silent = METHODS[method].doa_error_if_silent
    assert choice_score(BEGINNER, if_silent) == BEGINNER['SELD']
    for first, second, is_better_than in ((SILENT, BEGINNER, not is_silence_best),
                                          (BEGINNER, SILENT, is_silence_best)):
        state = {'history': [first], 'best_round': 1}
        assert is_better(second, state, if_silent) == is_better_than


def test_lines_say_that_nothing_is_active():
    assert score_line(SILENT) == ('ER 1.000  F  0.0 %  DOA error     - deg  frame recall 60.0 %  SELD     -'
                                  '  NOTHING ACTIVE')
    assert 'NOTHING ACTIVE' not in score_line(BEGINNER)
    assert round_line(SILENT, {'history': [SILENT], 'best_round': 1}, 3).endswith('best - (round 1)')


@pytest.mark.parametrize('method', METHODS)
def test_both_scripts_give_silence_one_number(method):
    """Of the same frames: a network's outputs, and the empty file that is written of them."""
    rng = np.random.default_rng(0)
    active = np.repeat(rng.random((60, 11)) < 0.2, 50, axis=0)
    directions = np.where(np.tile(active, 2), 10.0 * rng.integers(-4, 5, (1, 22)), 0)
    reference = METHODS[method].make_targets(active, directions[:, :11], directions[:, 11:])
    silence = [np.zeros_like(target) for target in reference]
    trained = seld.score_predictions(silence, reference, METHODS[method])
    frames, classes = np.nonzero(active)
    rows = np.column_stack((frames, classes, directions[:, :11][active], directions[:, 11:][active]))
    counts = count_recordings([rows], [np.zeros((0, 4), int)])
    official = seld_scores(counts.sed.total(), counts.doa.total())
    assert trained['predicted_peaks'] == 0 and math.isnan(trained['DOA']) and math.isnan(trained['SELD'])
    for name in ('ER', 'F', 'DOA', 'FR', 'SELD'):
        assert trained[name] == pytest.approx(float(getattr(official, name)), nan_ok=True), name
