"""Work in several processes, and the lock against doing the same twice."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seldnet.common.errors import InputError
from seldnet.common.processes import locked, run_in_processes

ROOT = Path(__file__).resolve().parents[2]


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

COUNT_WITH_A_LOCK = '''
import sys
from pathlib import Path
from seldnet.common.processes import locked
counter = Path(sys.argv[1], 'counter')
for _ in range(60):
    with locked(Path(sys.argv[1], '.lock'), 'counting', timeout_s=60):
        counter.write_text(str(int(counter.read_text()) + 1))
'''


def test_a_lock_leaves_no_file_and_two_processes_never_hold_it_at_once(tmp_path):
    """A file that vanishes while another process waits for it must not let both in."""
    (tmp_path / 'counter').write_text('0')
    processes = [subprocess.Popen([sys.executable, '-c', COUNT_WITH_A_LOCK, tmp_path],
                                  env=os.environ | {'PYTHONPATH': str(ROOT)}) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert (tmp_path / 'counter').read_text() == '180'
    assert [path.name for path in tmp_path.iterdir()] == ['counter']


def test_a_lock_goes_when_its_block_fails(tmp_path):
    with pytest.raises(RuntimeError), locked(tmp_path / '.lock', 'working'):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
