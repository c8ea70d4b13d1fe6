"""The script that makes the synthetic data set, run for real."""

import re
import subprocess
import sys
import time

import pytest

from misc_files import synthesize_dataset


def run_script(*args, cwd):
    command = [sys.executable, synthesize_dataset.__file__, *args]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


def test_command_line(tmp_path):
    args = ('set', '--recordings=1', '--eval-recordings=0', '--seconds=6', '--formats', 'foa', '--n-jobs=2')
    first = run_script(*args, cwd=tmp_path)
    assert (first.returncode, first.stderr) == (0, '')  # no progress bar where stderr is no terminal
    assert first.stdout == ('set: 4 development and 0 evaluation recordings of 6 s (foa)\n'
                            'Next:\n  python batch_feature_extraction.py --dataset_dir set\n')
    assert len(list((tmp_path / 'set' / 'foa_dev').iterdir())) == 4

    other = run_script(*args, '--seed', '1', cwd=tmp_path)
    assert (other.returncode, other.stdout) == (1, '')
    assert other.stderr.startswith('synthesize_dataset.py: error: set: holds another data set')
    assert other.stderr.count('\n') == 1


@pytest.mark.slow
def test_the_second_of_two_at_once_refuses(tmp_path):
    args = ('set', '--recordings=4', '--eval_recordings=0', '--formats', 'foa', '--n_jobs=1')
    first = subprocess.Popen([sys.executable, synthesize_dataset.__file__, *args], cwd=tmp_path)
    try:
        while first.poll() is None and not list(tmp_path.glob('set/metadata_dev/*.csv')):
            time.sleep(0.01)
        second = run_script(*args, cwd=tmp_path)
        assert first.poll() is None
        assert (second.returncode, second.stdout) == (1, '')
        assert re.fullmatch(r'synthesize_dataset\.py: error: set/\.synthesis\.lock: process \d+ on \S+ is '
                            r'synthesizing into set; wait until it has finished, or stop it; .*\n',
                            second.stderr)
    finally:
        first.terminate()
        assert first.wait() == 143


@pytest.mark.parametrize('args', [
    ['--seconds', '5'], ['--recordings', '0'], ['--recordings', 'x'], ['--seed', '-1'], ['--formats', 'wxyz'],
    ['--n_jobs', '0'], ['--unknown', '1']])
def test_wrong_arguments_end_with_status_2(tmp_path, args):
    with pytest.raises(SystemExit) as error:
        synthesize_dataset.main([str(tmp_path / 'set'), *args])
    assert error.value.code == 2
    assert not (tmp_path / 'set').exists()
