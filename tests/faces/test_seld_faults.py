"""`seld.py`: what other jobs left, what is refused before the work, and what goes wrong meanwhile."""

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import keras
import numpy as np
import pytest
from seld_runs import NAME, KilledError, history
from tiny_training import NB_COLUMNS, note_as_extracted, write_scaler

import seld
from seldnet.common.errors import InputError

REPOSITORY = Path(seld.__file__).parent


# ---- predictions of other jobs ----


def test_what_another_job_has_left_is_not_mixed_in(run_seld, tmp_path):
    """A folder of predictions is scored as a whole: those of a quick test, or of another job, go."""
    run_seld('--split', 2, job='quick', quick_test=True)
    folder = tmp_path / 'results' / '1_foa_dev'
    (folder / 'notes.csv').write_text('mine')
    run_seld('--split', 1, '--nb_epochs', 1, job='first')
    names = {path.name for path in folder.glob('*.csv')}
    assert names == {'notes.csv', *(f'split1_ir{n}_ov1_{n}.csv' for n in range(3))}
    with pytest.raises(InputError, match="is for the predictions of job 'first'; choose another dcase_dir"):
        run_seld('--split', 4, '--nb_epochs', 1, job='second')
    assert {path.name for path in folder.glob('*.csv')} == names
    assert not list((tmp_path / 'models').glob('1_second*.json'))


def test_a_job_whose_folder_was_taken_does_not_mix_its_predictions_in(run_seld, tmp_path, monkeypatch):
    train_fold = seld.train_fold

    def train_while_another_job_starts(run, state):
        if run.job_id == 'slow':
            run_seld('--split', 1, '--nb_epochs', 1, '--overwrite', job='other')
        return train_fold(run, state)
    monkeypatch.setattr(seld, 'train_fold', train_while_another_job_starts)
    with pytest.raises(InputError, match='1_foa_dev: another job has taken this folder; the model is kept: '):
        run_seld('--split', 2, '--nb_epochs', 1, job='slow')
    assert {path.name[:6] for path in (tmp_path / 'results' / '1_foa_dev').glob('*.csv')} == {'split1'}
    run_seld('--split', 2, '--nb_epochs', 1, '--resume', '--dcase_dir', tmp_path / 'new', job='slow')
    assert len(list((tmp_path / 'new' / '1_foa_dev').glob('*.csv'))) == 3


def test_overwriting_a_fold_removes_its_predictions_and_no_others(run_seld, tmp_path, monkeypatch):
    run_seld('--split', 1, 2, '--nb_epochs', 1)
    monkeypatch.setattr(seld, 'train_fold', Mock(side_effect=KilledError))
    with pytest.raises(KilledError):
        run_seld('--split', 1, '--nb_epochs', 1, '--overwrite')
    assert {path.name[:6] for path in (tmp_path / 'results' / '1_foa_dev').glob('*.csv')} == {'split2'}


# ---- what is refused before the work ----


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--pool_size', 3], r'setting pool_size: got \[3\], but 3 does not divide the 32 bins'),
    (['--rotate', 'True'], 'setting rotate: features of the kind spectra cannot be rotated'),
    (['--test_rotations', 'True'], 'setting test_rotations: features of the kind spectra cannot be rotated'),
    (['--split', 0], r'--split: got 0, expected some of 1, 2, 3, 4')])
def test_settings_that_do_not_suit_the_data(run_seld, tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        run_seld('--split', 1, *arguments)
    assert not list((tmp_path / 'models').glob('*.json'))


@pytest.mark.parametrize('split', [1, 2, 3])
def test_a_fold_without_recordings(run_seld, features, tmp_path, split):
    """Fold 1 tests split 1, validates split 2 and trains on 3 and 4."""
    for path in features.glob(f'*/split{split}*'):
        path.unlink()
    for path in features.glob('*/split4*') if split == 3 else ():
        path.unlink()
    note_as_extracted(features)
    with pytest.raises(InputError, match=f'foa_dev_norm: .* recordings, none of them of split {split}'):
        run_seld('--split', 1, features=features)
    assert not list((tmp_path / 'models').glob('*.json'))


def test_a_file_in_place_of_the_predictions(run_seld, tmp_path, monkeypatch):
    monkeypatch.setattr(seld, 'train_fold', None)
    (tmp_path / 'file').touch()
    with pytest.raises(NotADirectoryError):
        run_seld('--split', 1, '--dcase_dir', tmp_path / 'file')
    assert not list((tmp_path / 'models').glob('*.json'))


def test_resuming_with_other_settings_or_features(run_seld, features):
    run_seld('--split', 1, '--nb_epochs', 1, features=features)
    with pytest.raises(InputError, match='started with learning_rate 0.001, not 0.01'):
        run_seld('--split', 1, '--nb_epochs', 1, '--learning_rate', 0.01, '--resume', features=features)
    write_scaler(features, np.ones(NB_COLUMNS))
    with pytest.raises(InputError, match='split1_wts.npz: this run was started with other features'):
        run_seld('--split', 1, '--nb_epochs', 1, '--resume', features=features)


def test_resume_and_overwrite_exclude_each_other(run_seld, capsys):
    with pytest.raises(SystemExit, match='2'):
        run_seld('--resume', '--overwrite')
    assert 'not allowed with argument --resume' in capsys.readouterr().err


def test_a_job_name_is_part_of_file_names(run_seld, capsys):
    with pytest.raises(SystemExit) as exit_info:
        run_seld(job='a/b')
    assert exit_info.value.code == 2 and 'job-id' in capsys.readouterr().err


def test_nothing_prepared_says_what_to_run(tmp_path):
    with pytest.raises(InputError, match='no features of foa_dev; run `python batch_feature_extraction.py 4'):
        seld.main(['seld.py', '4', '--feat_label_dir', str(tmp_path)])


def test_tensorboard_that_is_not_installed(run_seld, tmp_path, monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(InputError, match='setting tensorboard: .* not installed; `pip install tensorboard`'):
        run_seld('--split', 1, '--tensorboard', True)
    assert not (tmp_path / 'models').exists()


# ---- what goes wrong meanwhile ----


@pytest.mark.parametrize(('moment', 'name'), [('fit', 'split3_ir1_ov1_1'), ('predict', 'split2_ir1_ov1_1')])
def test_features_that_vanish_while_training(run_seld, features, tmp_path, monkeypatch, moment, name):
    """Backends wrap what the reading threads raise; the user sees the line that names the file."""
    path = features / 'foa_dev_norm' / f'{name}.npy'
    fit_round = seld.fit_round

    def fit_without_the_file(model, training, run, number):
        if number == 2:
            path.unlink()
        return fit_round(model, training, run, number)
    monkeypatch.setattr(seld, 'fit_round', fit_without_the_file)
    with pytest.raises(InputError, match=f'{path}: was removed or changed meanwhile'):
        run_seld('--split', 1, '--nb_epochs', 3, features=features)
    assert len(history(tmp_path)) == 1


@pytest.mark.parametrize(('after_fit', 'message'), [
    (True, 'the validation loss is nan after round 2: all features are finite'),
    (False, 'the loss is nan in epoch 2, batch 1: all features are finite')])
def test_a_model_that_has_become_nan_is_not_kept(run_seld, tmp_path, monkeypatch, after_fit, message):
    """The last step of a round may spoil the weights, too: its loss was computed before."""
    fit_round = seld.fit_round

    def poison(model):
        model.get_layer('sed_out').bias.assign(np.full(11, np.nan))

    def fit_and_poison(model, training, run, number):
        if number == 2 and not after_fit:
            poison(model)
        loss = fit_round(model, training, run, number)
        if number == 2 and after_fit:
            poison(model)
        return loss
    monkeypatch.setattr(seld, 'fit_round', fit_and_poison)
    with pytest.raises(InputError, match=message):
        run_seld('--split', 1, '--nb_epochs', 3)
    assert len(history(tmp_path)) == 1
    assert (tmp_path / 'models' / f'{NAME}_round1.keras').exists()


def spoil(path):
    array = np.load(path)
    array[30, 5] = np.nan
    np.save(path, array)
    note_as_extracted(path.parents[1])  # not a file that was damaged later: that is found before


def test_nan_features_of_a_test_recording(run_seld, features, tmp_path):
    path = features / 'foa_dev_norm' / 'split1_ir1_ov1_1.npy'
    spoil(path)
    with pytest.raises(InputError, match=f'not finite; {path}: non-finite features in frame 30'):
        run_seld('--split', 1, '--nb_epochs', 1, features=features)
    assert not list((tmp_path / 'results').rglob('*.csv'))


def test_nan_features_stop_training_and_name_the_file(run_seld, features):
    path = features / 'foa_dev_norm' / 'split3_ir1_ov1_1.npy'
    spoil(path)
    with pytest.raises(InputError, match=f'the loss is nan .*{path}: non-finite features in frame 30'):
        run_seld('--split', 1, features=features)


def test_running_out_of_memory(run_seld, monkeypatch):
    monkeypatch.setattr(keras.Model, 'fit', Mock(
        side_effect=RuntimeError('CUDA out of memory. Tried to allocate 20.00 MiB')))
    with pytest.raises(InputError, match='^out of memory with batch_size .* and sequence_length .*less$'):
        run_seld('--split', 1, '--nb_epochs', 1)


# ---- Keras is loaded when training starts, and importing changes nothing ----


@pytest.mark.parametrize(('arguments', 'status', 'words'), [
    (['--help'], 0, 'usage: seld.py'),
    (['no_such_task'], 1, "unknown task id 'no_such_task', expected one of 1, 2,"),
    (['--no_such_option'], 2, 'unknown option --no_such_option, --help lists all'),
    (['--batch_size', 'many'], 2, "argument --batch_size: invalid int value: 'many'"),
    (['--feat_label_dir', 'nowhere'], 1, 'nowhere: no features of foa_dev')])
def test_help_and_mistakes_do_not_wait_for_keras(tmp_path, arguments, status, words):
    done = subprocess.run([sys.executable, '-X', 'importtime', REPOSITORY / 'seld.py', *arguments],
                          cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == status
    assert words in done.stdout + done.stderr
    imported = {line.split('|')[-1].strip().split('.')[0] for line in done.stderr.splitlines() if '|' in line}
    assert 'seldnet' in imported
    assert not imported & {'keras', 'tensorflow', 'matplotlib', 'sklearn'}


IMPORT_IN_A_THREAD = '''
import os, signal, sys, threading

def surroundings():
    streams = sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__
    return (dict(os.environ), [*map(id, streams)], [stream.errors for stream in streams],
            [signal.getsignal(number) for number in signal.valid_signals()], os.getcwd(), sys.path[:])

def load():
    try:
        import seld
        loaded.append(seld)
    except BaseException as error:
        loaded.append(error)

loaded = []
before = surroundings()
thread = threading.Thread(target=load)
thread.start()
thread.join()
assert loaded[0] is sys.modules['seld'], loaded
assert surroundings() == before
heavy = {'keras', 'tensorflow', 'matplotlib'} & set(sys.modules)
assert not heavy, heavy
'''


def test_importing_in_a_thread_changes_nothing(tmp_path):
    done = subprocess.run([sys.executable, '-c', IMPORT_IN_A_THREAD], cwd=tmp_path, capture_output=True,
                          text=True, env=os.environ | {'PYTHONPATH': str(REPOSITORY)})
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
