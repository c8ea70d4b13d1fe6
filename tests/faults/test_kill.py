"""SIGKILL to processes at any moment: the same command then ends with the files of an undisturbed run."""

import contextlib
import csv
import json
import os
import re
import shutil
import signal
import zipfile

import numpy as np
import processes
import pytest
import workplace

from cls_feature_class import FeatureClass
from seldnet.common.errors import InputError
from seldnet.training import run

NAMES = [f'split{1 + number % 4}_ir0_ov1_{number}' for number in range(12)]
EXTRACT = 'batch_feature_extraction.py tiny --n_jobs 2'
TRAIN = 'seld.py tiny job --split 1 --nb_epochs 4 --resume'
# Once these are there, something is done and something is still to do.
EXTRACTS, TRAINS = 'features/foa_dev_state.json', 'models/*_state.json'
FEW = pytest.param(2, id='few')
MANY = pytest.param(20, id='many', marks=pytest.mark.slow)


@pytest.fixture(scope='module')
def undisturbed(tmp_path_factory):
    """A folder of an extraction and a training that nothing disturbed, and `measure` of each."""
    folder = tmp_path_factory.mktemp('kill') / 'undisturbed'
    workplace.write_recordings(folder / 'data', NAMES)
    processes.run('seld.py --help', folder)  # so that the server has started and is not in the times
    return folder, processes.measure(EXTRACT, folder, EXTRACTS), processes.measure(TRAIN, folder, TRAINS)


def wait_for_a_moment(process, place, number, nb_moments, sign, seconds):
    """Every second moment is anywhere in the run, start included; the others are spread evenly over its work.

    The first of these comes at once, so that it is certainly midway.
    """
    if number % 2:
        process.join(np.random.default_rng(number).uniform(0, sum(seconds)))
    else:
        processes.wait_until(lambda: any(place.glob(sign)))
        process.join(number / nb_moments * seconds[1])


def content(folder, names):
    """What the files of some folders hold, without times and what depends on them."""
    return {str(path.relative_to(folder)): _content(path) for name in names
            for path in sorted((folder / name).rglob('*')) if path.is_file()}


def _content(path):
    if path.suffix == '.json':  # times of files, seconds of rounds, state of the code
        text = json.dumps(json.loads(path.read_text()), sort_keys=True)
        return re.sub(r'"(time_ns|ctime_ns|inode)": \d+|"seconds": [\d.e-]+|"git": "[^"]*"', '', text)
    if path.suffix == '.log':  # says when, and each command there was: that the last has come to its end
        return re.sub(rb'^\S+ \S+ +', b'', path.read_bytes().splitlines()[-1])
    if path.name.endswith('_metrics.csv'):
        with path.open(newline='') as file:
            return [{**row, 'seconds': None} for row in csv.DictReader(file)]
    if path.suffix in ('.keras', '.npz'):  # archives keep times; Keras' JSON beside the weights has addresses
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith('.json')}
    return path.read_bytes()


@pytest.mark.parametrize('nb_moments', [FEW, MANY])
def test_extraction_killed_at_any_moment(undisturbed, tmp_path, nb_moments):
    expected_place, seconds, _ = undisturbed
    expected = content(expected_place, ['features'])
    stopped_midway = 0
    for number in range(nb_moments):
        place = tmp_path / f'place{number}'
        shutil.copytree(expected_place / 'data', place / 'data')
        process = processes.start(EXTRACT, place)
        wait_for_a_moment(process, place, number, nb_moments, EXTRACTS, seconds)
        processes.kill(process, with_workers=number % 3 != 2)
        stopped_midway += is_midway(place)
        assert_nothing_half_written(place)
        processes.run(EXTRACT, place)
        found = content(place, ['features'])
        assert found.keys() == expected.keys()
        assert found == expected
        shutil.rmtree(place)
    assert stopped_midway >= max(1, nb_moments // 4)  # or the moments were not what they should be


def is_midway(place):
    """Whether something is there and something is still to come."""
    state = place / EXTRACTS
    return state.exists() and not json.loads(state.read_text())['complete']


def assert_nothing_half_written(place):
    """Every array is whole, and unless all are there the set does not count as ready."""
    for path in (place / 'features').rglob('[!.]*.npy'):
        assert np.load(path, allow_pickle=False).shape in ((50, 8192), (50, 33), (2 * 8192 + 3,))
    features = FeatureClass(place / 'data', place / 'features', 'foa', dataset_facts=workplace.DATASET)
    if len(list((place / 'features').rglob('[!.]*.npy'))) < 3 * len(NAMES):
        with pytest.raises(InputError):
            features.check_ready()


@pytest.mark.parametrize(('signal_number', 'exit_code', 'printed'), [
    (signal.SIGKILL, -signal.SIGKILL, None), (signal.SIGTERM, 128 + signal.SIGTERM, b'\nterminated\n'),
    (signal.SIGINT, 130, b'\ninterrupted\n')])
def test_workers_end_with_the_process_that_started_them(
        undisturbed, tmp_path, signal_number, exit_code, printed):
    """They would go on writing, and whoever reads their output (`| tee log`) would wait for minutes."""
    expected_place, *_ = undisturbed
    place = tmp_path / 'place'
    shutil.copytree(expected_place / 'data', place / 'data')
    os.mkfifo(processes.log_of(place))
    output = os.open(processes.log_of(place), os.O_RDONLY | os.O_NONBLOCK)
    process = processes.start(EXTRACT, place)
    processes.wait_until(lambda: list(place.glob('features/foa_dev_moments/*')))
    os.kill(process.pid, signal_number)
    process.join()
    assert process.exitcode == exit_code
    texts = []

    def all_writers_are_gone():
        with contextlib.suppress(BlockingIOError):
            texts.append(os.read(output, 1000))
            return texts[-1] == b''
        return False
    processes.wait_until(all_writers_are_gone)
    os.close(output)
    if printed is not None:  # of a process that was killed, joblib's resource tracker reports what it cleared
        assert b''.join(texts) == printed
    processes.log_of(place).unlink()
    processes.run(EXTRACT, place)
    assert not workplace.temporary_files(place)
    assert content(place, ['features']) == content(expected_place, ['features'])


@pytest.mark.parametrize('nb_moments', [FEW, MANY])
def test_training_killed_at_any_moment(undisturbed, tmp_path, nb_moments):
    expected_place, _, seconds = undisturbed
    expected = content(expected_place, ['models', 'results'])
    stopped_midway = 0
    for number in range(nb_moments):
        place = tmp_path / f'place{number}'
        place.mkdir()
        (place / 'features').symlink_to(expected_place / 'features')
        process = processes.start(TRAIN, place)
        wait_for_a_moment(process, place, number, nb_moments, TRAINS, seconds)
        processes.kill(process, with_workers=True)
        states = list(place.glob(TRAINS))
        stopped_midway += bool(states) and json.loads(states[0].read_text())['results'] is None
        assert_models_are_whole(place)
        processes.run(TRAIN, place)
        found = content(place, ['models', 'results'])
        assert found.keys() == expected.keys()
        assert found == expected
        shutil.rmtree(place)
    assert stopped_midway >= max(1, nb_moments // 4)


def assert_models_are_whole(place):
    for path in place.glob('models/[!.]*.keras'):
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None


def test_a_kill_between_the_last_rounds_state_and_its_curves(place, monkeypatch):
    """Found by the moments above: the curves stayed those of the round before."""
    class KilledError(BaseException):
        pass

    def die(*arguments):
        raise KilledError
    command = 'seld.py tiny new --split 1 --dcase_output False --resume'
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(run, 'write_history', die)
        patch.setitem(workplace.parameter.TASKS['tiny'], 'nb_epochs', 1)
        workplace.run(command, place)
    assert workplace.run(f'{command} --nb_epochs 1', place).status == 0
    with (place / 'models/tiny_new_foa_dev_split1_metrics.csv').open(newline='') as file:
        assert len(list(csv.DictReader(file))) == 1
    assert (place / 'models/tiny_new_foa_dev_split1.png').exists()
