"""`seld.py`: folds, rounds, best model, predictions, what is said and kept. On tiny features."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import keras
import numpy as np
import pytest
from seld_runs import NAME, history, options
from tiny_training import NB_FRAMES, SIZES, STAND_IN

import metrics.seld
import seld
from seldnet.annotations.output_format import read_output_rows
from seldnet.common.errors import InputError
from seldnet.methods.registry import METHODS
from seldnet.scoring.counting import count_recordings
from seldnet.training import network

REPOSITORY = Path(seld.__file__).parent


# ---- what a run does ----


def test_a_fold_leaves_model_curves_settings_and_predictions(run_seld, tmp_path, capsys):
    assert run_seld('--split', 1, '--nb_epochs', 2) == 0
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
    run_seld('--nb_epochs', 1)
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


@pytest.mark.parametrize('epochs', [1, 3])
def test_epochs_of_a_round(run_seld, tmp_path, epochs):
    """By the steps that the best model has gone; a quick test has two batches an epoch."""
    run_seld('--split', 1, '--epochs_per_fit', epochs, quick_test=True)
    best_round = json.loads((tmp_path / 'models' / f'{NAME}_state.json').read_text())['best_round']
    model = network.load(tmp_path / 'models' / f'{NAME}_model.keras')
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
    run_seld('--split', 1, '--nb_epochs', 1, '--epochs_per_fit', 4, '--sequence_length', 128,
             '--batch_size', 2, '--learning_rate', '0.05', '--model_variant', 'reading')
    # Each recording is written; outputs and targets of all are scored.
    assert shapes[-5:] == [(NB_FRAMES, 11)] * 3 + [(3 * NB_FRAMES, 11)] * 2
    frames = np.concatenate([read_output_rows(path)[:, 0]
                             for path in (tmp_path / 'results' / '1_foa_dev').glob('*.csv')])
    assert len(frames) and frames.max() < NB_FRAMES


def test_the_same_seed_gives_the_same_scores_and_another_does_not(run_seld, tmp_path):
    for job, seed in (('a', 1), ('b', 1), ('c', 2)):
        run_seld('--split', 1, '--nb_epochs', 2, '--seed', seed,
                 '--dcase_output', False, job=job)
    losses = {job: [row['validation_loss'] for row in history(tmp_path, f'1_{job}_foa_dev_split1')]
              for job in 'abc'}
    assert losses['a'] == losses['b'] != losses['c']


def test_mixed_precision(run_seld, tmp_path):
    """Layers compute in bfloat16; weights, outputs and losses stay float32, and the model can be loaded."""
    try:
        run_seld('--split', 1, '--nb_epochs', 1, '--nb_cnn2d_filt', 3, '--rnn_size', 4, '--fnn_size', 4,
                 '--model_variant', 'released', '--mixed_precision', 'mixed_bfloat16')
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
from tiny_training import DATASET
devices.SHARED_DEVICES = 'CPU'
def build(*arguments, jit_compile):
    model = METHODS['released'].build(*arguments, jit_compile=jit_compile)
    print('replicas:', model.distribute_strategy.num_replicas_in_sync, 'jit_compile:', jit_compile)
    return model
METHODS['shared'] = dataclasses.replace(METHODS['released'], name='shared', build=build)
sys.exit(seld.main(['seld.py', '1', 'two', '--model_variant', 'shared', *sys.argv[1:]], dataset=DATASET))
'''


def test_several_devices_share_the_batches(tiny_features, tmp_path):
    """Two virtual devices stand for two GPUs; TensorFlow takes them only at its start, hence a process."""
    settings = SIZES | {'quick_test': False, 'nb_epochs': 1, 'nb_cnn2d_filt': 2, 'pool_size': [8],
                        'rnn_size': [3], 'fnn_size': [3], 'feat_label_dir': tiny_features,
                        'model_dir': tmp_path / 'm', 'dcase_dir': tmp_path}
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
    run_seld('--split', 1, '--nb_epochs', 2, '--tensorboard', True)
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
    run_seld('--split', 1, '--nb_epochs', 3, '--patience', 3, '--model_variant',
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
    run_seld('--split', 1, 2, '--nb_epochs', 4, '--patience', 3)
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


@pytest.mark.slow
def test_networks_of_many_folds_do_not_bring_warnings_of_retracing(run_seld, monkeypatch, caplog, capfd):
    def build_a_graph(*arguments, jit_compile=None):
        model = STAND_IN.build(*arguments, jit_compile=jit_compile)
        model.run_eagerly = False
        return model

    monkeypatch.setitem(METHODS, 'stand_in', dataclasses.replace(STAND_IN, build=build_a_graph))
    for job in 'ab':
        run_seld('--nb_epochs', 1, '--dcase_output', False, job=job)
    assert 'retracing' not in caplog.text + capfd.readouterr().err
