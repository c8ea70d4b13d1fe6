"""`seld.py`: folds, rounds, best model, predictions, resumption, what is refused. On tiny features."""

import csv
import dataclasses
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import keras
import numpy as np
import pytest
from tiny_training import DATASET, NB_COLUMNS, NB_FRAMES, SIZES, STAND_IN, note_as_extracted, write_scaler

import metrics.seld
import seld
from seldnet.annotations.output_format import read_output_rows
from seldnet.common.errors import InputError
from seldnet.methods.registry import METHODS
from seldnet.scoring.counting import count_recordings
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
    assert files == {'_model.keras', '.png', '.json', '_wts.npz', '_metrics.csv', '_state.json', '.log',
                     '_round2.keras'}
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


def test_quick_test_says_so_once(run_seld, tmp_path, capsys):
    run_seld('--split', 2, quick_test=True)
    printed = capsys.readouterr().out
    assert printed.count('Its scores mean nothing') == 1
    assert 'Train in full:\n  python seld.py 1 job_full --feat_label_dir' in printed
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
    # Each recording is written; outputs and targets of all are scored.
    assert shapes[-5:] == [(NB_FRAMES, 11)] * 3 + [(3 * NB_FRAMES, 11)] * 2
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
from seldnet.training import devices
from tiny_training import DATASET, STAND_IN
devices.SHARED_DEVICES = 'CPU'
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
    assert re.search(r'^Training with tensorflow .* on 2 GPUs .*, which share the batches; \d+ cores?; '
                     'precision float32$', done.stdout, re.MULTILINE)
    assert 'Test scores of the best models' in done.stdout
    assert (tmp_path / 'm' / '1_two_foa_dev_split1_model.keras').exists()


def test_tensorboard_has_losses_scores_and_settings(run_seld, tmp_path):
    import tensorflow
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    run_seld('--split', 1, '--nb_epochs', 2, '--epochs_per_fit', 1, '--tensorboard', True)
    folder = tmp_path / 'models' / f'{NAME}_tensorboard'
    found = {name: EventAccumulator(str(folder / name)).Reload() for name in ('training', 'validation')}
    rows = history(tmp_path)
    columns = set(rows[0]) - {'round', 'training_loss', 'validation_loss'}
    silent = {'DOA', 'SELD'}  # the network may be
    tags = {tag for events in found.values() for tag in events.Tags()['tensors']}
    assert columns - silent <= tags <= columns | {'loss', '_hparams_/session_start_info'}
    for name, column in (('training', 'training_loss'), ('validation', 'validation_loss')):
        events = found[name].Tensors('loss')
        assert [event.step for event in events] == [1, 2]
        assert [float(tensorflow.make_ndarray(event.tensor_proto)) for event in events] == pytest.approx(
            [float(row[column]) for row in rows])
    settings = found['validation'].summary_metadata['_hparams_/session_start_info'].plugin_data
    assert settings.plugin_name == 'hparams' and b'learning_rate' in settings.content


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
    assert [path.name for path in (tmp_path / 'models').glob('*_round*')] == [f'{NAME}_round3.keras']


def test_a_finished_fold_is_not_trained_again(run_seld, monkeypatch, capsys):
    arguments = ['--nb_epochs', 1, '--epochs_per_fit', 1]
    run_seld('--split', 1, *arguments)
    scores = [line for line in capsys.readouterr().out.splitlines() if 'test:' in line]
    monkeypatch.setattr(seld, 'train_fold', None)
    run_seld('--split', 1, *arguments, '--resume')
    printed = capsys.readouterr().out
    assert 'Already finished, after 1 round: ' in printed and scores[0] in printed


MORE = ['--split', 1, '--epochs_per_fit', 1, '--patience', 9, '--dropout_rate', 0.2]


def test_a_finished_run_goes_on_with_more_rounds(run_seld, tmp_path, capsys):
    """To the numbers of a run that was to have as many from the start."""
    run_seld(*MORE, '--nb_epochs', 4, job='long')
    run_seld(*MORE, '--nb_epochs', 2, '--dcase_dir', tmp_path / 'other')
    assert len(history(tmp_path)) == 2
    run_seld(*MORE, '--nb_epochs', 4, '--dcase_dir', tmp_path / 'other', '--resume')
    assert without_times(history(tmp_path)) == without_times(history(tmp_path, '1_long_foa_dev_split1'))
    assert predictions(tmp_path / 'results' / '1_foa_dev') == predictions(tmp_path / 'other' / '1_foa_dev')
    printed = capsys.readouterr().out
    assert 'Already finished' not in printed and 'nb_epochs 2 before, 4 from round 3 on' in printed


def test_a_run_that_was_stopped_early_goes_on_with_more_patience(run_seld, tmp_path, capsys, monkeypatch):
    arguments = ['--split', 1, '--epochs_per_fit', 1, '--nb_epochs', 4]
    same = {'ER': 1.0, 'F': 0.0, 'DOA': 90.0, 'FR': 0.5, 'SELD': 0.75, 'predicted_peaks': 1, 'good_frames': 1}
    monkeypatch.setattr(seld, 'score_predictions', lambda *arguments: same)
    run_seld(*arguments, '--patience', 0)
    assert len(history(tmp_path)) == 2
    assert 'Stopped early after round 2 of 4: none was better than round 1 (patience 0)' in (
        capsys.readouterr().out)
    run_seld(*arguments, '--patience', 1, '--resume')
    assert len(history(tmp_path)) == 3


def test_a_run_goes_on_with_a_lower_learning_rate(run_seld, tmp_path):
    run_seld(*MORE, '--nb_epochs', 2)
    run_seld(*MORE, '--nb_epochs', 3, '--resume', '--learning_rate', 1e-5)
    assert [float(row['learning_rate']) for row in history(tmp_path)] == [1e-3, 1e-3, 1e-5]
    model = network.load(tmp_path / 'models' / f'{NAME}_round3.keras')
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-5)
    settings = json.loads((tmp_path / 'models' / f'{NAME}.json').read_text())
    assert settings['params']['learning_rate'] == 1e-5
    assert settings['resumed'][-1]['changed'] == {'nb_epochs': [2, 3], 'learning_rate': [1e-3, 1e-5]}
    run_seld('--split', 2, *MORE[2:], '--nb_epochs', 1)  # another fold of the job, as it was started
    run_seld(*MORE, '--nb_epochs', 4, '--resume', '--learning_rate', 1e-5)
    assert len(history(tmp_path)) == 4


def test_a_new_run_starts_with_trained_weights(run_seld, tmp_path, capsys):
    run_seld('--split', 1, '--nb_epochs', 2, '--epochs_per_fit', 1)
    trained = tmp_path / 'models' / f'{NAME}_model.keras'
    capsys.readouterr()
    run_seld('--split', 1, '--nb_epochs', 1, '--epochs_per_fit', 1, '--learning_rate', 1e-12,
             '--initial_model', trained, '--dcase_output', False, job='tuned')
    assert f'Start from {trained}: taken sed_out, doa_out; new none' in capsys.readouterr().out
    first = json.loads((tmp_path / 'models' / f'{NAME}_state.json').read_text())
    best = first['history'][first['best_round'] - 1]
    row, = history(tmp_path, '1_tuned_foa_dev_split1')
    assert float(row['validation_loss']) == pytest.approx(best['validation_loss'], rel=1e-5)


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


# ---- a network that predicts nothing ----


def hearing_from_round(first, method=STAND_IN):
    """A method whose networks say nothing before a round, and everything from then on."""
    rounds = []

    def losses(*arguments):
        rounds.append(len(rounds) + 1)  # once a round, before its scores
        return method.losses(*arguments)

    def read_outputs(outputs):
        activity, *directions = method.read_outputs(outputs)
        if set(np.unique(activity)) <= {0, 1}:
            return activity, *directions  # targets
        return np.full(activity.shape, float(len(rounds) >= first)), *directions
    return dataclasses.replace(method, losses=losses, read_outputs=read_outputs)


@pytest.mark.parametrize(('doa_error_if_silent', 'best_round'), [(0.0, 1), (180.0, 3)])
def test_whether_silence_is_the_best_round(run_seld, tmp_path, monkeypatch, capsys, doa_error_if_silent,
                                           best_round):
    """Everything active all the time scores worse than nothing at all, but for the rule of 2019's 0 degrees.

    With 180 degrees instead, the error rate of what is all wrong still counts: so it is lowered here.
    """
    method = dataclasses.replace(hearing_from_round(3), doa_error_if_silent=doa_error_if_silent)
    monkeypatch.setitem(METHODS, 'quiet', method)
    monkeypatch.setattr(seld.evaluation_metrics, 'compute_sed_scores', lambda *arguments: [0.5, 0.5])
    run_seld('--split', 1, '--nb_epochs', 3, '--patience', 3, '--epochs_per_fit', 1, '--model_variant',
             'quiet')
    state = json.loads((tmp_path / 'models' / f'{NAME}_state.json').read_text())
    assert state['best_round'] == best_round
    assert [scores['predicted_peaks'] > 0 for scores in state['history']] == [False, False, True]
    printed = capsys.readouterr().out
    rounds = [line for line in printed.splitlines() if line.startswith('round ')]
    assert ['NOTHING ACTIVE' in line for line in rounds] == [True, True, False]
    assert all('DOA error     - deg' in line for line in rounds[:2])
    assert ('NOTHING ACTIVE' in printed[printed.index('Validation scores'):]) == (best_round == 1)


def test_both_scripts_give_silence_the_same_scores():
    """Of the same frames: the regression outputs of a recording, and its rows in the output format."""
    rng = np.random.default_rng(0)
    active = np.repeat(rng.random((60, 11)) < 0.2, 50, axis=0)
    directions = np.where(np.tile(active, 2), 10.0 * rng.integers(-4, 5, (1, 22)), 0)
    reference = STAND_IN.make_targets(active, directions[:, :11], directions[:, 11:])
    silence = [np.zeros_like(reference[0]), reference[1]]
    trained = seld.score_predictions(silence, reference)
    frames, classes = np.nonzero(active)
    rows = np.column_stack((frames, classes, directions[:, :11][active], directions[:, 11:][active]))
    official = seld_scores(count_recordings([rows], [np.zeros((0, 4))]))
    for name in ('ER', 'F', 'DOA', 'FR', 'SELD'):
        assert trained[name] == pytest.approx(float(getattr(official, name)), nan_ok=True), name
    assert np.isnan(trained['DOA'])


def seld_scores(counts):
    return metrics.seld.scores(counts.sed.total(), counts.doa.total())


# ---- what is said and kept ----


def test_the_first_lines_and_those_of_rounds(run_seld, capsys):
    run_seld('--split', 1, 2, '--nb_epochs', 4, '--patience', 3, '--epochs_per_fit', 1)
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r'Training with tensorflow .*; \d+ cores?; precision float32$', lines[0])
    assert sum(line.startswith('Training with') for line in lines) == 1
    estimates = [line for line in lines if line.startswith('Estimate')]
    assert len(estimates) == 1 and 'all 2 folds' in estimates[0]
    rounds = [line for line in lines if line.startswith('round')]
    assert [line.split()[1] for line in rounds] == ['1/4', '2/4', '3/4', '4/4'] * 2
    assert 'left: at most' in rounds[0] and 'with the other folds' in rounds[3]
    assert 'with the other folds' not in rounds[4] and 'left' not in rounds[7]


def test_a_log_lies_beside_the_model(run_seld, tmp_path, capsys, monkeypatch):
    run_seld('--split', 1, 2, '--nb_epochs', 1)
    printed = capsys.readouterr().out
    for split in (1, 2):
        text = (tmp_path / 'models' / f'1_job_foa_dev_split{split}.log').read_text()
        assert keras.__version__ in text and '--nb_epochs 1' in text
        said = [line.split('  ', 1)[1] for line in text.splitlines() if line]
        own = [line for line in printed.splitlines() if line.startswith(('round', 'Fold'))]
        assert [line for line in said if line.startswith(('round', 'Fold'))] == own[2 * split - 2:2 * split]
        assert f'{tmp_path}/models/1_job_foa_dev_split1_model.keras' in text  # the summary
    monkeypatch.setattr(seld, 'fit_round', Mock(side_effect=InputError('no luck')))
    with pytest.raises(InputError):
        run_seld('--split', 1, '--nb_epochs', 2, '--patience', 3, '--resume')
    text = (tmp_path / 'models' / f'{NAME}.log').read_text()
    assert text.count('command: ') == 2 and text.endswith('ended by InputError: no luck\n')
    monkeypatch.undo()


def test_networks_of_many_folds_do_not_bring_warnings_of_retracing(run_seld, caplog, capfd):
    for job in 'ab':
        run_seld('--nb_epochs', 1, '--epochs_per_fit', 1, '--dcase_output', False, job=job)
    assert 'retracing' not in caplog.text + capfd.readouterr().err
    logging.getLogger('tensorflow').warning('5 out of 5 calls triggered tf.function retracing.')
    logging.getLogger('tensorflow').warning('something else')
    assert 'retracing' not in caplog.text and 'something else' in caplog.text


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
