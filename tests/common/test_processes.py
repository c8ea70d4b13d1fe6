"""Work in several processes, and the lock against doing the same twice."""

import functools
import os

import pytest

from seldnet.common.errors import InputError
from seldnet.common.processes import locked, run_in_processes


def test_all_results_come_with_the_number_of_their_work():
    work = [functools.partial(pow, 2, k) for k in range(5)]
    for n_jobs in (1, 2):
        assert sorted(run_in_processes(work, n_jobs, 'somewhere')) == [(k, 2**k) for k in range(5)]
    assert list(run_in_processes([], 2, 'somewhere')) == []


def test_a_worker_that_dies_is_reported():
    work = [functools.partial(os._exit, 1)] * 2
    with pytest.raises(InputError, match='data/foa_dev: a worker process died, perhaps for want of memory'):
        list(run_in_processes(work, 2, 'data/foa_dev'))


def test_a_lock_is_held_by_one_at_a_time(tmp_path):
    lock = tmp_path / 'new' / '.lock'
    with (locked(lock, 'extracting into features'),
          pytest.raises(InputError, match='.lock: another process is extracting into features; wait until'),
          locked(lock, 'extracting into features', timeout_s=0.1)):
        raise AssertionError('not reached')
    with locked(lock, 'extracting into features'):  # it is free again
        pass
