"""Two processes that would write the same files: the second refuses, the files are those of the first."""

import shutil
import socket
import time

import numpy as np
import processes
import pytest
import workplace

NAMES = [f'split{1 + number % 4}_ir0_ov1_{number}' for number in range(24)]


@pytest.mark.parametrize(('command', 'sign', 'folder', 'reason'), [
    ('batch_feature_extraction.py tiny --n_jobs 2', 'features/foa_dev_moments', 'features',
     'features/.extraction.lock: process {} on {} is extracting into features; wait until'),
    ('seld.py tiny both --split 1 --resume --nb_epochs 5 --dcase_dir new',
     'models/tiny_both_foa_dev_split1_state.json', 'models',
     'models/tiny_both_foa_dev_split1.lock: process {} on {} is training tiny_both_foa_dev_split1; wait')])
def test_the_second_refuses(place, command, sign, folder, reason):
    if folder == 'features':
        shutil.rmtree(place / 'features')
        workplace.write_recordings(place / 'data', NAMES)
    first = processes.start(command, place)
    processes.wait_until((place / sign).exists)
    refused = 0
    while first.is_alive():
        outcome = workplace.run(command, place)
        if outcome.status == 0:  # the first has just finished
            assert 'nothing to do' in outcome.stdout or 'Already finished' in outcome.stdout
            break
        assert outcome.status == 1 and outcome.stderr.count('\n') == 1
        assert reason.format(first.pid, socket.gethostname()) in outcome.stderr
        refused += 1
        time.sleep(0.2)
    assert refused
    first.join()
    assert first.exitcode == 0, processes.log_of(place).read_text()
    assert not workplace.temporary_files(place)
    if folder == 'features':
        assert 'nothing to do' in workplace.run(command, place).stdout
        for path in (place / 'features/foa_dev_norm').iterdir():
            assert np.load(path, allow_pickle=False).shape == (50, 8192)


def test_another_job_of_the_same_task_refuses_while_the_first_trains(place):
    """Their predictions would go to one folder, and be scored as one."""
    shutil.rmtree(place / 'results')
    first = processes.start('seld.py tiny one --split 1 --nb_epochs 5', place)
    processes.wait_until((place / 'models/tiny_one_foa_dev_split1_state.json').exists)
    outcome = workplace.run('seld.py tiny two --split 2', place)
    assert first.is_alive() and outcome.status == 1
    assert outcome.stderr == ("seld.py: error: results/tiny_foa_dev: is for the predictions of job 'one'; "
                              'choose another dcase_dir, or --overwrite them\n')
    first.join()
    assert first.exitcode == 0, processes.log_of(place).read_text()
    assert [path.name for path in (place / 'results/tiny_foa_dev').glob('*.csv')] == ['split1_ir0_ov1_1.csv']
