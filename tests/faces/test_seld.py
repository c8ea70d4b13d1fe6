"""`seld.py`: folds, rounds, best model, predictions, resumption, what is refused. On tiny features."""

import csv
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import keras
import numpy as np
import pytest
from tiny_training import DATASET, NB_FRAMES, SIZES, STAND_IN, note_as_extracted, write_scaler

import seld
from seldnet.annotations.output_format import read_output_rows
from seldnet.common.errors import InputError
from seldnet.methods.registry import METHODS
from seldnet.training import network
from seldnet.training import run as run_module
from seldnet.training.run import Run

REPOSITORY = Path(seld.__file__).parent
NAME = '1_job_foa_dev_split1'


def options(settings):
    return [word for name, value in settings.items()
            for word in (f'--{name}', *(map(str, value) if isinstance(value, list) else [str(value)]))]


@pytest.fixture
def run_seld(tiny_features, tmp_path, monkeypatch):
    """Call main with tiny features, sizes and network; files go to tmp_path."""
    monkeypatch.setitem(METHODS, 'stand_in', STAND_IN)

    def run(*arguments, task='1', job='job', quick_test=False, features=tiny_features):
        settings = SIZES | {'model_variant': 'stand_in', 'quick_test': quick_test, 'feat_label_dir': features,
                            'model_dir': tmp_path / 'models', 'dcase_dir': tmp_path / 'results'}
        return seld.main(['seld.py', task, job, *options(settings), *map(str, arguments)], dataset=DATASET)
    return run


@pytest.fixture
def features(tiny_features, tmp_path):
    """A copy of the tiny features, which a test may change."""
    return shutil.copytree(tiny_features, tmp_path / 'features')


def history(tmp_path, name=NAME):
    with (tmp_path / 'models' / f'{name}_metrics.csv').open() as file:
        return list(csv.DictReader(file))


def without_times(rows):
    return [{**row, 'seconds': None} for row in rows]


def predictions(folder, pattern='*.csv'):
    return {path.name: path.read_bytes() for path in folder.glob(pattern)}


# ---- what a run does ----


def test_a_fold_leaves_model_curves_settings_and_predictions(run_seld, tmp_path, capsys):
    assert run_seld('--split', 1, '--nb_epochs', 2, '--epochs_per_fit', 1) == 0
    files = {path.name.removeprefix(NAME) for path in (tmp_path / 'models').iterdir()}
    assert files == {'_model.keras', '.png', '.json', '_wts.npz', '_metrics.csv', '_state.json'}
    saved = json.loads((tmp_path / 'models' / f'{NAME}.json').read_text())
    assert saved['params']['nb_epochs'] == 2 and saved['params']['seed'] == 2019
    assert saved['versions']['keras'] == keras.__version__
    assert len(history(tmp_path)) == 2
    dumps = sorted(path.stem for path in (tmp_path / 'results' / '1_foa_dev').glob('*.csv'))
    assert dumps == ['split1_ir0_ov1_0', 'split1_ir1_ov1_1', 'split1_ir2_ov1_2']
    printed = capsys.readouterr().out
    assert 'train on split 3+4, validate on 2, test on 1' in printed
    assert 'Test scores of the best models' in printed
    assert 'calculate_SELD_metrics.py' in printed and 'quick test' not in printed


def test_four_folds_and_their_mean(run_seld, tmp_path, capsys):
    run_seld('--nb_epochs', 1, '--epochs_per_fit', 1)
    assert len(list((tmp_path / 'results' / '1_foa_dev').glob('*.csv'))) == 12
    assert (tmp_path / 'models' / '1_job_foa_dev_folds.png').stat().st_size > 10_000
    printed = capsys.readouterr().out
    table = printed[printed.index('Test scores of the best'):].splitlines()
    scores = [float(line.split('SELD')[1]) for line in table[1:6]]
    assert scores[4] == pytest.approx(np.mean(scores[:4]), abs=1e-3) and table[5].split()[0] == 'mean'
    assert '--allow-missing' not in printed


def test_quick_test_says_so_beside_every_score(run_seld, tmp_path, capsys):
    run_seld('--split', 2, quick_test=True)
    lines = capsys.readouterr().out.splitlines()
    scores = [line for line in lines if 'SELD ' in line]
    assert len(scores) == 2 + 2 + 2 * 2  # rounds, results, and two tables of a fold and the mean
    assert all('quick test: these scores mean nothing' in line for line in scores)
    assert len(history(tmp_path, '1_job_foa_dev_split2')) == 2
    assert len(list((tmp_path / 'results' / '1_foa_dev').glob('*.csv'))) == 2


@pytest.mark.parametrize(('task', 'epochs'), [('999', 1), ('1', 5)])
def test_epochs_of_a_round(run_seld, tmp_path, task, epochs):
    """By the steps that the best model has gone; a quick test has two batches an epoch."""
    run_seld('--split', 1, task=task, quick_test=True)
    name = tmp_path / 'models' / f'{task}_job_foa_dev_split1'
    best_round = json.loads(Path(f'{name}_state.json').read_text())['best_round']
    model = network.load(Path(f'{name}_model.keras'))
    assert int(model.optimizer.iterations) == 2 * epochs * best_round


def test_eval_mode_predicts_the_evaluation_set_without_scores(run_seld, tmp_path, capsys):
    run_seld('--nb_epochs', 1, task='5')
    assert sorted(path.name for path in (tmp_path / 'results' / '5_foa_eval').glob('*.csv')) == [
        'split0_1.csv', 'split0_2.csv']
    printed = capsys.readouterr().out
    assert 'train on split 2+3+4, validate on 1, test on 0' in printed and 'Test scores' not in printed


def test_the_fill_of_per_file_batches_is_neither_written_nor_scored(run_seld, tmp_path, monkeypatch):
    """300 frames do not fill 128-frame sequences: 84 frames of fill are neither written nor scored."""
    shapes = []

    def read_outputs(outputs):
        shapes.append(outputs[0].shape)
        return STAND_IN.read_outputs(outputs)
    monkeypatch.setitem(METHODS, 'reading', dataclasses.replace(STAND_IN, read_outputs=read_outputs))
    run_seld('--split', 1, '--nb_epochs', 1, '--epochs_per_fit', 12, '--sequence_length', 128,
             '--batch_size', 1, '--learning_rate', '0.01', '--model_variant', 'reading')
    assert shapes[-3:] == [(3, NB_FRAMES, 11)] * 3  # written; outputs and targets scored
    frames = np.concatenate([read_output_rows(path)[:, 0]
                             for path in (tmp_path / 'results' / '1_foa_dev').glob('*.csv')])
    assert len(frames) and frames.max() < NB_FRAMES


def test_the_same_seed_gives_the_same_scores_and_another_does_not(run_seld, tmp_path):
    for job, seed in (('a', 1), ('b', 1), ('c', 2)):
        run_seld('--split', 1, '--nb_epochs', 2, '--epochs_per_fit', 1, '--seed', seed,
                 '--dcase_output', False, job=job)
    losses = {job: [row['validation_loss'] for row in history(tmp_path, f'1_{job}_foa_dev_split1')]
              for job in 'abc'}
    assert losses['a'] == losses['b'] != losses['c']


def test_mixed_precision(run_seld, tmp_path, monkeypatch):
    """Layers compute in bfloat16; weights, outputs and losses stay float32, and the model can be loaded."""
    def build(*arguments, jit_compile=None):
        return METHODS['released'].build(*arguments, jit_compile=False)  # XLA takes longer than the training
    monkeypatch.setitem(METHODS, 'quick', dataclasses.replace(METHODS['released'], name='quick', build=build))
    try:
        run_seld('--split', 1, '--nb_epochs', 1, '--nb_cnn2d_filt', 3, '--rnn_size', 4, '--fnn_size', 4,
                 '--model_variant', 'quick', '--mixed_precision', 'mixed_bfloat16')
    finally:
        keras.config.set_dtype_policy('float32')
    model = network.load(tmp_path / 'models' / f'{NAME}_model.keras')
    assert model.get_layer('conv0').compute_dtype == 'bfloat16'
    assert {weight.dtype for weight in model.weights} == {'float32'}
    assert {output.dtype for output in model.outputs} == {'float32'}


TWO_DEVICES = '''
import dataclasses, sys
import tensorflow
cpu = tensorflow.config.list_physical_devices('CPU')[0]
half = tensorflow.config.LogicalDeviceConfiguration()
tensorflow.config.set_logical_device_configuration(cpu, [half, half])
import seld
from seldnet.methods.registry import METHODS
from seldnet.training import network
from tiny_training import DATASET, STAND_IN
network.SHARED_DEVICES = 'CPU'
def build(*arguments, jit_compile):
    model = STAND_IN.build(*arguments)
    print('replicas:', model.distribute_strategy.num_replicas_in_sync, 'jit_compile:', jit_compile)
    return model
METHODS['shared'] = dataclasses.replace(STAND_IN, name='shared', build=build)
sys.exit(seld.main(['seld.py', '1', 'two', '--model_variant', 'shared', *sys.argv[1:]], dataset=DATASET))
'''


def test_several_devices_share_the_batches(tiny_features, tmp_path):
    """Two virtual devices stand for two GPUs; TensorFlow takes them only at its start, hence a process."""
    settings = SIZES | {'quick_test': False, 'nb_epochs': 2, 'epochs_per_fit': 1,
                        'feat_label_dir': tiny_features, 'model_dir': tmp_path / 'm', 'dcase_dir': tmp_path}
    search_path = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / 'tests')))
    done = subprocess.run([sys.executable, '-c', TWO_DEVICES, '--split', '1', *options(settings)],
                          capture_output=True, text=True, env=os.environ | {'PYTHONPATH': search_path})
    assert done.returncode == 0, done.stderr
    assert 'replicas: 2 jit_compile: auto' in done.stdout  # None is for a single device
    assert 'Test scores of the best models' in done.stdout
    assert (tmp_path / 'm' / '1_two_foa_dev_split1_model.keras').exists()


def test_tensorboard(run_seld, tmp_path):
    run_seld('--split', 1, '--nb_epochs', 2, '--epochs_per_fit', 1, '--tensorboard', True)
    assert list(tmp_path.glob(f'models/{NAME}_tensorboard/*/events*'))


def test_folds_of_several_commands_share_a_figure(run_seld, tmp_path):
    figure = tmp_path / 'models' / '1_job_foa_dev_folds.png'
    run_seld('--split', 3, '--nb_epochs', 1)
    assert not figure.exists()
    run_seld('--split', 1, '--nb_epochs', 1)
    assert figure.exists()


# ---- runs that were stopped ----


class KilledError(BaseException):
    """Stands for a kill: nothing catches it."""


UNDISTURBED = ['--split', 1, '--nb_epochs', 3, '--epochs_per_fit', 1, '--dropout_rate', 0.2]


@pytest.fixture(scope='module')
def undisturbed(tiny_features, tmp_path_factory):
    """History and predictions of the run that was not stopped."""
    folder = tmp_path_factory.mktemp('undisturbed')
    settings = SIZES | {'model_variant': 'stand_in', 'quick_test': False, 'feat_label_dir': tiny_features,
                        'model_dir': folder / 'models', 'dcase_dir': folder / 'results'}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, 'stand_in', STAND_IN)
        seld.main(['seld.py', '1', 'job', *options(settings), *map(str, UNDISTURBED)], dataset=DATASET)
    return without_times(history(folder)), predictions(folder / 'results' / '1_foa_dev')


@pytest.mark.parametrize(('owner', 'name', 'call'), [
    pytest.param(seld, 'fit_round', 2, id='fit'),
    pytest.param(keras.Model, 'save', 2, id='checkpoint'),
    pytest.param(shutil, 'copyfile', 3, id='best'),
    pytest.param(run_module, 'write_json', 3, id='state'),
    pytest.param(run_module, 'plot_history', 2, id='plot'),
    pytest.param(seld, 'test_fold', 1, id='test'),
    pytest.param(Run, 'finish', 1, id='finish')])
def test_a_run_killed_anywhere_resumes_to_the_same_numbers(run_seld, undisturbed, tmp_path, monkeypatch,
                                                           owner, name, call):
    original, calls = getattr(owner, name), []

    def die(*args, **kwargs):
        calls.append(name)
        if len(calls) == call:
            raise KilledError
        return original(*args, **kwargs)
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(owner, name, die)
        run_seld(*UNDISTURBED)
    run_seld(*UNDISTURBED, '--resume')
    expected_history, expected_predictions = undisturbed
    assert without_times(history(tmp_path)) == expected_history
    assert predictions(tmp_path / 'results' / '1_foa_dev') == expected_predictions
    assert not list((tmp_path / 'models').glob('*_round*'))


def test_a_finished_fold_is_not_trained_again(run_seld, monkeypatch, capsys):
    arguments = ['--nb_epochs', 1, '--epochs_per_fit', 1]
    run_seld('--split', 1, *arguments)
    scores = [line for line in capsys.readouterr().out.splitlines() if 'test:' in line]
    monkeypatch.setattr(seld, 'train_fold', None)
    run_seld('--split', 1, *arguments, '--resume')
    printed = capsys.readouterr().out
    assert 'Already finished, after 1 round: ' in printed and scores[0] in printed


def test_a_finished_fold_writes_the_predictions_that_are_missing(run_seld, tmp_path, monkeypatch):
    run_seld('--split', 1, '--nb_epochs', 1)
    expected = predictions(tmp_path / 'results' / '1_foa_dev')
    monkeypatch.setattr(seld, 'train_fold', None)
    run_seld('--split', 1, '--nb_epochs', 1, '--resume', '--dcase_dir', tmp_path / 'new')
    assert expected == predictions(tmp_path / 'new' / '1_foa_dev')
    monkeypatch.setattr(seld, 'test_fold', None)
    run_seld('--split', 1, '--nb_epochs', 1, '--resume')


def test_without_resume_nothing_is_overwritten(run_seld, tmp_path):
    run_seld('--split', 1, '--nb_epochs', 1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*') if path.is_file()}
    with pytest.raises(InputError, match=r'split1.json: this run exists; --resume .* --overwrite .* another'):
        run_seld('--split', 1, '--nb_epochs', 1)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*') if path.is_file()}


def test_overwrite_starts_anew(run_seld, tmp_path):
    run_seld('--split', 1, '--nb_epochs', 2, '--epochs_per_fit', 1)
    run_seld('--split', 1, '--nb_epochs', 1, '--epochs_per_fit', 1, '--overwrite')
    assert len(history(tmp_path)) == 1


def test_a_run_that_failed_in_its_first_round_has_nothing_to_lose(run_seld, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(seld, 'fit_round', Mock(side_effect=KilledError))
        run_seld('--split', 1, '--nb_epochs', 1)
    run_seld('--split', 1, '--nb_epochs', 1)
    assert len(history(tmp_path)) == 1


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
    (['--pool_size', 3], r'setting pool_size: got \[3\], but 3 does not divide the 16 bins'),
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
    write_scaler(features, np.ones(128))
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
        run_seld('--split', 1, '--nb_epochs', 3, '--epochs_per_fit', 1, features=features)
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
        run_seld('--split', 1, '--nb_epochs', 3, '--epochs_per_fit', 1)
    assert len(history(tmp_path)) == 1
    assert (tmp_path / 'models' / f'{NAME}_round1.keras').exists()


def spoil(path):
    array = np.load(path)
    array[30, 5] = np.nan
    np.save(path, array)


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
