"""Work in several processes, and the lock against doing the same twice."""

import errno
import fcntl
import functools
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import joblib
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


def test_workers_that_cannot_start_are_explained(monkeypatch):
    """As where a container's /dev/shm has no room for the semaphores of the workers' queues."""
    def full(self, pieces):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(joblib.Parallel, '__call__', full)
    with pytest.raises(InputError, match=r'data/foa_dev: no worker processes can be started \(No space left '
                                         r'on device\), .* --shm-size 1g\), or set n_jobs to 1'):
        list(run_in_processes([int, int], 2, 'data/foa_dev'))


def test_a_lock_is_held_by_one_at_a_time(tmp_path):
    lock = tmp_path / 'new' / '.lock'
    with (locked(lock, 'extracting into features'),
          pytest.raises(InputError, match='.lock: process .* is extracting into features; wait until'),
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


def test_who_holds_a_lock_is_named(tmp_path):
    with (locked(tmp_path / '.lock', 'working'),
          pytest.raises(InputError, match=f'.lock: process {os.getpid()} on {platform.node()} is working.*'
                                          'if there is no such process any more, remove this file'),
          locked(tmp_path / '.lock', 'working')):
        raise AssertionError('not reached')


@pytest.mark.parametrize('content', ['', 'x', '1\n\x1b[31m\n', '9' * 200 + '\nhost'])
def test_what_stands_in_a_lock_file_is_not_trusted(content, tmp_path):
    with locked(tmp_path / '.lock', 'working'):
        (tmp_path / '.lock').write_text(content)
        with (pytest.raises(InputError, match='.lock: another process is working'),
              locked(tmp_path / '.lock', 'working')):
            raise AssertionError('not reached')


@pytest.mark.parametrize('number', [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_a_disk_without_locks(number, tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(number, os.strerror(number))
    monkeypatch.setattr(fcntl, 'flock', flock)
    with (pytest.raises(InputError, match=r'.lock: cannot be locked \(.*\), expected a file system'),
          locked(tmp_path / '.lock', 'working')):
        raise AssertionError('not reached')


def test_a_disk_that_knows_no_locks_at_all(tmp_path, monkeypatch):
    """The file itself is the lock then, and one that a process on another machine left is never released."""
    def flock(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    monkeypatch.setattr(fcntl, 'flock', flock)
    with locked(tmp_path / '.lock', 'working'):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / '.lock').write_text('4242\nelsewhere\n')
    with (pytest.raises(InputError, match='.lock: process 4242 on elsewhere is working; .* remove this file'),
          locked(tmp_path / '.lock', 'working')):
        raise AssertionError('not reached')


def test_workers_are_started_with_signals_held_back():
    """Ctrl-C reaches all processes of a terminal; a worker that is importing would end in a traceback."""
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
    ask = functools.partial(signal.pthread_sigmask, signal.SIG_BLOCK, ())
    results = list(run_in_processes([ask, ask], 2, 'here'))
    assert all({signal.SIGINT, signal.SIGTERM} <= blocked for _, blocked in results)


FAULTS = """
import ctypes, resource, sys, threading
from seldnet.common.processes import keep_freed_memory
keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
def fill(nb_buffers, nb_bytes):
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        buffers = [ctypes.c_void_p(libc.malloc(ctypes.c_size_t(nb_bytes))) for _ in range(nb_buffers)]
        for buffer in buffers:
            ctypes.memset(buffer, 1, nb_bytes)
        for buffer in buffers:
            libc.free(buffer)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
if sys.argv[1] == 'first':
    fill(1, 100_000_000)
else:
    thread = threading.Thread(target=fill, args=(12, 10_000_000))
    thread.start()
    thread.join()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='another C library')
@pytest.mark.parametrize('thread', ['first', 'another'])
@pytest.mark.parametrize(('setting', 'is_kept'), [({}, True), ({'MALLOC_MMAP_THRESHOLD_': '1000000'}, False)])
def test_freed_memory_is_kept_for_what_is_needed_next(thread, setting, is_kept):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(('MALLOC_', 'GLIBC_'))}
    done = subprocess.run([sys.executable, '-c', FAULTS, thread], capture_output=True, text=True, check=True,
                          cwd=ROOT, env=environment | setting)
    first, second = map(int, done.stdout.split())
    assert first > 0
    assert (second < first / 4) == is_kept
