"""Scripts in odd surroundings: outputs that are full or gone, a Keras that is set up for something else.

They end in one line, and never in a traceback.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import workplace

from seldnet.annotations.dataset_file import write_dataset
from seldnet.common.files import write_json

DESCRIPTION = f'{workplace.HEADER}knock,0.1,0.8,10,20,1\n'
TOUR = ['misc_files/test_SELD_metrics.py', 'split1_ir0_ov1_1.csv']
FULL = Path('/dev/full')


def run(script, *arguments, cwd, stdout=subprocess.PIPE, **environment):
    """Run a script in a process of its own; its output is buffered unless `environment` says otherwise."""
    kept = {name: value for name, value in os.environ.items() if name != 'PYTHONUNBUFFERED'}
    return subprocess.run([sys.executable, str(workplace.ROOT / script), *arguments], cwd=cwd, stdout=stdout,
                          stderr=subprocess.PIPE, env=kept | environment, timeout=120)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'split1_ir0_ov1_1.csv').write_text(DESCRIPTION)
    return tmp_path


@pytest.mark.parametrize('environment', [{}, {'PYTHONUNBUFFERED': '1'}])
@pytest.mark.skipif(not FULL.exists(), reason='the system has no /dev/full')
def test_standard_output_is_full(folder, environment):
    with FULL.open('wb') as full:
        done = run(*TOUR, cwd=folder, stdout=full, **environment)
    assert done.returncode == 1
    assert_one_line(done)
    assert b'No space left on device' in done.stderr


@pytest.mark.parametrize('environment', [{}, {'PYTHONUNBUFFERED': '1'}])
def test_the_reader_of_standard_output_has_gone(folder, environment):
    reader, writer = os.pipe()
    os.close(reader)
    done = run(*TOUR, cwd=folder, stdout=writer, **environment)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b'')


def test_standard_error_is_closed(folder):
    command = f'{sys.executable} {workplace.ROOT}/seld.py no_such_task 2>&-'
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, timeout=120)
    assert (done.returncode, done.stdout) == (1, b'')


def test_standard_output_and_error_are_closed(folder):
    script = workplace.ROOT / 'misc_files/check_dataset_distribution.py'
    command = f'{sys.executable} {script} {folder} --output new >&- 2>&-'
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, b'', b'')
    assert all(path.read_bytes()[:4] == b'\x89PNG' for path in (folder / 'new').iterdir())
    command = command.replace('new', 'split1_ir0_ov1_1.csv')
    assert subprocess.run(command, shell=True, cwd=folder, capture_output=True, timeout=120).returncode == 1


def test_control_characters_of_names_are_escaped(folder):
    done = run('misc_files/check_dataset_distribution.py', str(folder), '--output', 'red\x1b[31m', cwd=folder)
    assert done.returncode == 0 and b'\x1b' not in done.stdout and b'written: red\\x1b[31m/' in done.stdout


def test_a_terminal_without_the_letters_of_a_name(folder):
    done = run('misc_files/check_dataset_distribution.py', '.', '--output', 'résumé', cwd=folder,
               PYTHONIOENCODING='ascii')
    assert (done.returncode, done.stderr) == (0, b'')
    assert b'r\\xe9sum\\xe9/' in done.stdout


def let_scripts_know_place(place):
    """A script's own process knows neither the stand-in nor the data set of the place.

    Let the settings name a method that it has, and a `dataset.toml` say what the recordings are.
    """
    write_dataset(place / 'data/dataset.toml', workplace.DATASET)
    path = place / 'models/tiny_job_foa_dev_split1.json'
    settings = json.loads(path.read_text())
    settings['params']['model_variant'] = 'released'
    write_json(path, settings)


def test_a_name_that_is_not_utf_8(place):
    let_scripts_know_place(place)
    model, audio = 'models/tiny_job_foa_dev_split1_model.keras', b'caf\xe9.wav'
    try:
        soundfile.write(os.fsencode(place) + b'/' + audio, np.zeros((48000, 4)), 48000, format='WAV')
    except soundfile.LibsndfileError:
        pytest.skip('the file system takes UTF-8 names only')
    done = run('misc_files/predict_recording.py', model, audio, cwd=place)
    assert done.returncode == 1
    assert_one_line(done)
    assert b'not UTF-8; rename the file' in done.stderr
    assert not list(place.glob('results/caf*'))


def assert_one_line(done):
    assert b'Traceback' not in done.stderr
    assert re.fullmatch(rb'[^\n]+: error: [^\n]+\n', done.stderr), done.stderr


@pytest.mark.parametrize('command', [
    ['seld.py', '1'], ['misc_files/predict_recording.py', 'models/tiny_job_foa_dev_split1_model.keras',
                       'data/foa_dev/split1_ir0_ov1_1.wav']])
def test_keras_cannot_be_loaded(place, command):
    let_scripts_know_place(place)
    done = run(*command, cwd=place, KERAS_BACKEND='nonsense')
    assert done.returncode == 1
    assert_one_line(done)
    assert b'nonsense; expected KERAS_BACKEND=tensorflow' in done.stderr


def test_interrupted_while_keras_is_loaded(folder, place):
    """That takes seconds, in which a user notices the wrong argument."""
    let_scripts_know_place(place)
    (folder / 'keras.py').write_text('import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n')
    done = run('seld.py', '1', cwd=place, PYTHONPATH=str(folder))
    assert (done.returncode, done.stderr) == (130, b'\ninterrupted\n')


BUILT = 'keras_model.get_model((2, 10, 8, 8), [(2, 10, 11), (2, 10, 22)], 0, 2, [8], [2], [2], [1, 50])\n'
LOADED = 'network.load(pathlib.Path("models/tiny_job_foa_dev_split1_model.keras"))\n'


@pytest.mark.parametrize('statement', [
    pytest.param(BUILT, marks=pytest.mark.slow, id='built'), pytest.param(LOADED, id='loaded')])
def test_keras_is_set_up_for_something_else(folder, finished_place, statement):
    """The network is that of the reference, whatever ~/.keras/keras.json says."""
    (folder / 'keras.json').write_text(json.dumps(
        {'backend': 'tensorflow', 'floatx': 'float16', 'epsilon': 1e-3,
         'image_data_format': 'channels_first'}))
    code = ('import pathlib, keras, keras_model\n'
            f'from seldnet.training import network\n{statement}'
            'print(keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format(),\n'
            '      keras.config.dtype_policy().name, keras.layers.BatchNormalization().epsilon)')
    done = subprocess.run([sys.executable, '-c', code], cwd=finished_place, capture_output=True, text=True,
                          env=os.environ | {'KERAS_HOME': str(folder), 'KERAS_BACKEND': 'tensorflow',
                                            'PYTHONPATH': str(workplace.ROOT)},
                          timeout=120, check=True)
    assert done.stdout == 'float32 1e-07 channels_last float32 0.001\n'
