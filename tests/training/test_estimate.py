"""How long a training will take: from its first batches, and from its rounds."""

import pytest

from seldnet.training.estimate import Clock, readable_time
from seldnet.training.keras_classes import FirstBatches


@pytest.mark.parametrize(('seconds', 'words'), [
    (0.3, '0 s'), (59.4, '59 s'), (59.6, '1 min 00 s'), (3599, '59 min 59 s'), (3600, '1 h 00 min'),
    (7170, '2 h 00 min'), (86_400, '24 h 00 min'), (172_800, '2 d 00 h'), (734_400, '8 d 12 h')])
def test_times_are_readable(seconds, words):
    assert readable_time(seconds) == words


def test_the_estimate_is_said_once_for_all_folds():
    said = []
    clock = Clock(folds_after=3)
    clock.reporter(said.append, 300, 5, 50)(2.0)
    assert said == ['Estimate from the first batches, without validation: 10 min 00 s an epoch, '
                    '50 min 00 s a round, at most 41 h 40 min this fold, 6 d 23 h all 4 folds']
    assert clock.reporter(said.append, 300, 5, 50) is None


def test_the_estimate_of_a_single_fold_that_goes_on():
    said = []
    Clock().reporter(said.append, 30, 2, 50, rounds_before=40)(1.0)
    assert said == ['Estimate from the first batches, without validation: 30 s an epoch, 1 min 00 s a round, '
                    'at most 10 min 00 s this fold']


def test_time_left_comes_from_the_usual_round():
    history = [{'seconds': 100}, {'seconds': 60}, {'seconds': 60}]  # the first compiles
    assert Clock().time_left(history, 10) == 'left: at most 7 min 00 s'
    assert Clock(folds_after=1).time_left(history, 10) == (
        'left: at most 7 min 00 s, 17 min 00 s with the other folds')
    assert Clock().time_left(history, 3) == '' == Clock().time_left(history, 2)


def time_batches(seconds_of_batches, nb_batches=None):
    """The reports after batches that take so long."""
    now, reports = [0.0], []
    nb_batches = nb_batches or len(seconds_of_batches)
    callback = FirstBatches(lambda pace: reports.append((number, pace)), nb_batches, lambda: now[0])
    callback.on_train_begin()
    for number, seconds in enumerate(seconds_of_batches):
        now[0] += seconds
        callback.on_train_batch_end(number)
    return reports


@pytest.mark.parametrize(('seconds_of_batches', 'reports'), [
    ([20, *[1.0] * 9], [(5, 1.0)]),  # the first compiles the network
    ([20, *[0.5] * 9], [(6, 0.5)]),  # three seconds
    ([20, 4, 2], [(2, 3.0)]),  # at the end at the latest
    ([7], [(0, 7.0)])])
def test_the_pace_of_the_first_batches(seconds_of_batches, reports):
    assert time_batches(seconds_of_batches) == reports
