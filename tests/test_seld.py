"""Training: rounds, best model, resumption, what is kept and refused. On tiny features, in this process."""

import csv
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

import evaluation_metrics
import keras_model
import parameter
import seld
from cls_feature_class import FeatureClass
from parameter import InputError

NB_FRAMES = 300
BINS = 16
SIZES = ['--batch_size', '4', '--sequence_length', '50', '--pool_size', '4', '2']


@pytest.fixture(scope='session')
def tiny_features(tmp_path_factory):
    """Features of 300 frames and 16 bins of 12 development and 2 evaluation recordings, and their labels."""
    folder = tmp_path_factory.mktemp('tiny')
    rng = np.random.default_rng(0)
    names = [f'split{split}_ir{n}_ov1_{n}' for split in (1, 2, 3, 4) for n in range(3)]
    names += ['split0_1', 'split0_2']
    for name in names:
        kind = 'eval' if name.startswith('split0') else 'dev'
        active = np.repeat(rng.random((NB_FRAMES // 30, 11)) < 0.1, 30, axis=0)
        azimuth = np.where(active, rng.integers(-18, 18, 11) * 10, 180)
        elevation = np.where(active, rng.integers(-4, 5, 11) * 10, 50)
        features = rng.normal(size=(NB_FRAMES, BINS * 8)).astype(np.float32)
        features[:, :88] += np.tile(active * 3.0, 8)
        labels = np.hstack((active, azimuth, elevation)).astype(np.int16)
        for subfolder, array in ((f'foa_{kind}_norm', features), (f'foa_{kind}_label', labels)):
            (folder / subfolder).mkdir(exist_ok=True)
            np.save(folder / subfolder / f'{name}.npy', array)
    np.savez(folder / 'foa_wts.npz', mean=np.zeros(8192), scale=np.ones(8192))
    return folder


GET_MODEL = keras_model.get_model


def stand_in_model(data_in, data_out, dropout_rate, *sizes_and_weights, learning_rate, **others):
    """Two linear heads with dropout: what training does with a network does not depend on which one it is."""
    features = keras.Input(data_in[1:])
    frames = keras.layers.Dropout(dropout_rate)(keras.layers.Reshape((data_in[1], -1))(features))
    model = keras.Model(features, [keras.layers.Dense(11, 'sigmoid', name='sed_out')(frames),
                                   keras.layers.Dense(22, name='doa_out')(frames)])
    model.compile(keras.optimizers.Adam(learning_rate), ['binary_crossentropy', 'mse'], [1, 50])
    return model


@pytest.fixture
def run_seld(tiny_features, tmp_path, monkeypatch):
    """Call main with tiny features, sizes and network; files go to tmp_path."""
    # These features did not come from an extraction, whose books it would look up.
    monkeypatch.setattr(FeatureClass, 'check_ready', lambda self, task_id='': None)
    monkeypatch.setattr(keras_model, 'get_model', stand_in_model)

    def run(*arguments, task='1', job='job', quick_test=False, features=tiny_features):
        return seld.main(['seld.py', task, job, *SIZES, '--quick_test', str(quick_test), '--feat_label_dir',
                          str(features), '--model_dir', str(tmp_path / 'models'), '--dcase_dir',
                          str(tmp_path / 'results'), *map(str, arguments)])
    return run


def history(tmp_path, name='1_job_foa_dev_split1'):
    with (tmp_path / 'models' / f'{name}_metrics.csv').open() as file:
        return list(csv.DictReader(file))


def test_a_fold_leaves_model_curves_settings_and_predictions(run_seld, tmp_path, capsys):
    assert run_seld('--split', 1, '--nb_epochs', 2, '--epochs_per_fit', 1) == 0
    files = {path.name.removeprefix('1_job_foa_dev_split1') for path in (tmp_path / 'models').iterdir()}
    assert files == {'_model.keras', '.png', '.json', '_wts.npz', '_metrics.csv', '_state.json', '.lock'}
    saved = json.loads((tmp_path / 'models' / '1_job_foa_dev_split1.json').read_text())
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


def test_task_999_runs_one_epoch_a_round(run_seld, monkeypatch):
    epochs = []
    fit_round = seld.fit_round
    monkeypatch.setattr(seld, 'fit_round', lambda model, training, run, number: epochs.append(
        run.params['epochs_per_fit']) or fit_round(model, training, run, number))
    run_seld('--split', 1, task='999', quick_test=True)
    assert epochs == [1, 1]


def test_eval_mode_predicts_the_evaluation_set_without_scores(run_seld, tmp_path, capsys):
    run_seld('--nb_epochs', 1, task='5')
    assert sorted(path.name for path in (tmp_path / 'results' / '5_foa_eval').glob('*.csv')) == [
        'split0_1.csv', 'split0_2.csv']
    printed = capsys.readouterr().out
    assert 'train on split 2+3+4, validate on 1, test on 0' in printed and 'Test scores' not in printed


def test_the_fill_of_per_file_batches_is_neither_written_nor_scored(run_seld, tmp_path, monkeypatch):
    """300 frames do not fill 128-frame sequences: 84 frames of fill are neither written nor scored."""
    scored = []
    score_predictions = seld.score_predictions
    monkeypatch.setattr(seld, 'score_predictions', lambda predictions, reference: scored.append(
        predictions[0].shape) or score_predictions(predictions, reference))
    run_seld('--split', 1, '--nb_epochs', 1, '--epochs_per_fit', 12, '--sequence_length', 128,
             '--batch_size', 1, '--learning_rate', '0.01')
    assert scored[-1] == (3, NB_FRAMES, 11)
    frames = [frame for path in (tmp_path / 'results' / '1_foa_dev').glob('*.csv')
              for frame in evaluation_metrics.load_output_format_file(path)]
    assert frames and max(frames) < NB_FRAMES


def test_patience_is_strictly_more_rounds(run_seld, tmp_path, monkeypatch):
    monkeypatch.setattr(seld, 'score_predictions', lambda predictions, reference: dict(
        ER=1.0, F=0.0, DOA=0.0, FR=0.0, SELD=0.5, predicted_peaks=0, good_frames=0))
    run_seld('--split', 1, '--nb_epochs', 20, '--epochs_per_fit', 1, '--patience', 2)
    assert len(history(tmp_path)) == 1 + 3  # the first is the best; 3 rounds in a row brought nothing


def test_the_best_round_is_kept(run_seld, tmp_path, monkeypatch):
    scores = iter([0.9, 0.4, 0.7, float('nan'), 0.4])
    monkeypatch.setattr(seld, 'score_predictions', lambda predictions, reference: dict(
        ER=1.0, F=0.0, DOA=0.0, FR=0.0, SELD=next(scores, 0.0), predicted_peaks=0, good_frames=0))
    kept = []
    save_round = seld.Run.save_round

    def save_and_look(self, model, state):
        save_round(self, model, state)
        kept.append((state['best_round'], self.path('_model.keras').stat().st_mtime_ns))
    monkeypatch.setattr(seld.Run, 'save_round', save_and_look)
    run_seld('--split', 1, '--nb_epochs', 5, '--epochs_per_fit', 1, '--patience', 9)
    assert [round_number for round_number, _ in kept] == [1, 2, 2, 2, 2]
    assert len({time for round_number, time in kept if round_number == 2}) == 1  # not written again


def test_validation_losses_and_scores_come_from_one_prediction(run_seld, monkeypatch):
    """Losses of the finished predictions are those that Keras' own evaluation gives."""
    checked = []
    train_fold = seld.train_fold

    def train_and_evaluate(run, state):
        state = train_fold(run, state)
        model = seld.load_model(run.checkpoint(len(state['history'])))
        evaluated = model.evaluate(run.data_generator(run.fold.val).batches, verbose=0, return_dict=True)
        last = state['history'][-1]
        np.testing.assert_allclose([last['validation_loss'], last['sed_loss'], last['doa_loss']],
                                   [evaluated[key] for key in ('loss', 'sed_out_loss', 'doa_out_loss')],
                                   rtol=1e-4)
        checked.append(run.name)
        return state
    monkeypatch.setattr(seld, 'train_fold', train_and_evaluate)
    run_seld('--split', 1, '--nb_epochs', 1)
    assert checked


def test_the_same_seed_gives_the_same_scores_and_another_does_not(run_seld, tmp_path):
    for job, seed in (('a', 1), ('b', 1), ('c', 2)):
        run_seld('--split', 1, '--nb_epochs', 2, '--epochs_per_fit', 1, '--seed', seed,
                 '--dcase_output', False, job=job)
    losses = {job: [row['validation_loss'] for row in history(tmp_path, f'1_{job}_foa_dev_split1')]
              for job in 'abc'}
    assert losses['a'] == losses['b'] != losses['c']


class KilledError(BaseException):
    """Stands for a kill: nothing catches it."""


@pytest.mark.parametrize('moment', ['fit', 'checkpoint', 'best', 'state', 'plot', 'test', 'finish'])
def test_a_run_killed_anywhere_resumes_to_the_same_numbers(run_seld, tmp_path, monkeypatch, moment):
    arguments = ['--split', 1, '--nb_epochs', 3, '--epochs_per_fit', 1, '--dropout_rate', 0.2]
    run_seld(*arguments, '--dcase_dir', tmp_path / 'expected', job='undisturbed')
    expected = [{**row, 'seconds': None} for row in history(tmp_path, '1_undisturbed_foa_dev_split1')]

    owner, name, calls = {
        'fit': (seld, 'fit_round', 2), 'checkpoint': (keras.Model, 'save', 2),
        'best': (seld.shutil, 'copyfile', 3), 'state': (parameter, 'write_json', 3),
        'plot': (seld, 'plot_history', 2), 'test': (seld, 'test_fold', 1), 'finish': (seld.Run, 'finish', 1),
    }[moment]
    original, count = getattr(owner, name), [0]

    def die(*args, **kwargs):
        count[0] += 1
        if count[0] == calls:
            raise KilledError
        return original(*args, **kwargs)
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(owner, name, die)
        run_seld(*arguments)
    run_seld(*arguments, '--resume')
    assert [{**row, 'seconds': None} for row in history(tmp_path)] == expected
    for path in (tmp_path / 'expected' / '1_foa_dev').glob('*.csv'):
        assert path.read_bytes() == (tmp_path / 'results' / '1_foa_dev' / path.name).read_bytes()
    assert not list((tmp_path / 'models').glob('*_round*'))


@pytest.mark.parametrize('variant', keras_model.VARIANTS)
def test_the_networks_resume_to_the_same_numbers(run_seld, tmp_path, monkeypatch, variant):
    """As above with the real networks: normalisation's statistics, Adam's moments and dropout go on too."""
    monkeypatch.setattr(keras_model, 'get_model', GET_MODEL)
    arguments = ['--split', 1, '--nb_epochs', 3, '--epochs_per_fit', 2, '--dropout_rate', 0.2,
                 '--nb_cnn2d_filt', 3, '--rnn_size', 4, '--fnn_size', 4,
                 '--model_variant', variant, '--patience', 9]
    run_seld(*arguments, '--dcase_dir', tmp_path / 'expected', job='undisturbed')
    expected = [{**row, 'seconds': None} for row in history(tmp_path, '1_undisturbed_foa_dev_split1')]
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(seld, 'plot_history', Mock(side_effect=KilledError))  # after the first round
        run_seld(*arguments)
    run_seld(*arguments, '--resume')
    assert [{**row, 'seconds': None} for row in history(tmp_path)] == expected
    assert len(expected) == 3


def test_mixed_precision(run_seld, tmp_path, monkeypatch):
    """Layers compute in bfloat16; weights, outputs and losses stay float32, and the model can be loaded."""
    monkeypatch.setattr(keras_model, 'get_model', GET_MODEL)
    try:
        run_seld('--split', 1, '--nb_epochs', 1, '--nb_cnn2d_filt', 3, '--rnn_size', 4,
                 '--fnn_size', 4, '--mixed_precision', 'mixed_bfloat16')
    finally:
        keras.config.set_dtype_policy('float32')
    model = seld.load_model(tmp_path / 'models' / '1_job_foa_dev_split1_model.keras')
    assert model.get_layer('conv0').compute_dtype == 'bfloat16'
    assert {weight.dtype for weight in model.weights} == {'float32'}
    assert {output.dtype for output in model.outputs} == {'float32'}


def test_a_finished_fold_is_not_trained_again(run_seld, monkeypatch, capsys):
    arguments = ['--nb_epochs', 1, '--epochs_per_fit', 1]
    run_seld('--split', 1, *arguments)
    scores = [line for line in capsys.readouterr().out.splitlines() if 'test:' in line]
    monkeypatch.setattr(seld, 'train_fold', None)
    run_seld('--split', 1, *arguments, '--resume')
    printed = capsys.readouterr().out
    assert 'Already finished' in printed and scores[0] in printed


def test_without_resume_nothing_is_overwritten(run_seld, tmp_path):
    run_seld('--split', 1, '--nb_epochs', 1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*') if path.suffix != '.lock'}
    with pytest.raises(InputError, match=r'split1.json: this run exists; --resume .* --overwrite .* another'):
        run_seld('--split', 1, '--nb_epochs', 1)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*') if path.suffix != '.lock'}


def test_overwrite_starts_anew(run_seld, tmp_path):
    run_seld('--split', 1, '--nb_epochs', 2, '--epochs_per_fit', 1)
    run_seld('--split', 1, '--nb_epochs', 1, '--epochs_per_fit', 1, '--overwrite')
    assert len(history(tmp_path)) == 1


def test_resuming_with_other_settings_is_refused(run_seld):
    run_seld('--split', 1, '--nb_epochs', 1)
    with pytest.raises(InputError, match='started with learning_rate 0.001, not 0.01'):
        run_seld('--split', 1, '--nb_epochs', 1, '--learning_rate', 0.01, '--resume')


def test_predictions_of_another_job_are_not_overwritten_but_those_of_a_quick_test_are(run_seld):
    run_seld('--split', 1, job='quick', quick_test=True)
    run_seld('--split', 1, '--nb_epochs', 1, job='one')
    with pytest.raises(InputError, match="is for the predictions of job 'one'; choose another dcase_dir"):
        run_seld('--split', 1, '--nb_epochs', 1, job='two')


def test_what_another_job_has_left_is_not_mixed_in(run_seld, tmp_path):
    """A folder of predictions is scored as a whole: those of a quick test, or of another job, go."""
    run_seld('--split', 2, job='quick', quick_test=True)
    folder = tmp_path / 'results' / '1_foa_dev'
    (folder / 'notes.csv').write_text('mine')
    run_seld('--split', 1, '--nb_epochs', 1, job='one')
    names = {path.name for path in folder.glob('*.csv')}
    assert names == {'notes.csv', *(f'split1_ir{n}_ov1_{n}.csv' for n in range(3))}
    run_seld('--split', 3, '--nb_epochs', 1, job='one')
    assert len(list(folder.glob('split*.csv'))) == 6
    run_seld('--split', 4, '--nb_epochs', 1, '--overwrite', job='two')
    assert [path.name for path in sorted(folder.glob('split*.csv'))] == [
        f'split4_ir{n}_ov1_{n}.csv' for n in range(3)]


def test_predictions_of_other_settings_are_not_mixed_in(run_seld):
    run_seld('--split', 1, '--nb_epochs', 1)
    run_seld('--split', 2, '--nb_epochs', 1, '--patience', 7)
    with pytest.raises(InputError, match="1_foa_dev: is for the predictions of job 'job' with seed 2019; "):
        run_seld('--split', 3, '--nb_epochs', 1, '--seed', 5)


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


def test_a_file_in_place_of_the_predictions_is_told_before_the_training(run_seld, tmp_path, monkeypatch):
    monkeypatch.setattr(seld, 'train_fold', None)
    (tmp_path / 'file').touch()
    with pytest.raises(NotADirectoryError):
        run_seld('--split', 1, '--dcase_dir', tmp_path / 'file')
    assert not list((tmp_path / 'models').glob('*.json'))


@pytest.mark.parametrize('moment', ['fit', 'predict'])
def test_features_that_vanish_while_training(run_seld, tiny_features, tmp_path, monkeypatch, moment):
    """Backends wrap what the reading threads raise; the user sees the line that names the file."""
    features = shutil.copytree(tiny_features, tmp_path / 'features')
    name = {'fit': 'split3_ir1_ov1_1.npy', 'predict': 'split2_ir1_ov1_1.npy'}[moment]
    path = features / 'foa_dev_norm' / name
    fit_round = seld.fit_round

    def fit_without_the_file(model, training, run, number):
        if number == 2:
            path.unlink()
        return fit_round(model, training, run, number)
    monkeypatch.setattr(seld, 'fit_round', fit_without_the_file)
    with pytest.raises(InputError, match=f'{path}: was removed or changed meanwhile'):
        run_seld('--split', 1, '--nb_epochs', 3, '--epochs_per_fit', 1, features=features)
    assert len(history(tmp_path)) == 1


def test_a_run_that_failed_in_its_first_round_has_nothing_to_lose(run_seld, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(seld, 'fit_round', Mock(side_effect=KilledError))
        run_seld('--split', 1, '--nb_epochs', 1)
    run_seld('--split', 1, '--nb_epochs', 1)
    assert len(history(tmp_path)) == 1


def test_resuming_with_other_features_is_refused(run_seld, tiny_features, tmp_path):
    features = shutil.copytree(tiny_features, tmp_path / 'features')
    run_seld('--split', 1, '--nb_epochs', 1, features=features)
    np.savez(features / 'foa_wts.npz', mean=np.ones(8192), scale=np.ones(8192))
    with pytest.raises(InputError, match='split1_wts.npz: this run was started with other features'):
        run_seld('--split', 1, '--nb_epochs', 1, '--resume', features=features)


def test_resuming_with_other_versions_is_told_and_noted(run_seld, tmp_path, monkeypatch, capsys):
    class StoppedError(Exception):
        pass

    def stop(run):
        raise StoppedError
    monkeypatch.setattr(seld, 'test_fold', stop)
    settings = tmp_path / 'models' / '1_job_foa_dev_split1.json'
    with pytest.raises(StoppedError):
        run_seld('--split', 1, '--nb_epochs', 1)
    with pytest.raises(StoppedError):
        run_seld('--split', 1, '--nb_epochs', 1, '--resume')
    assert 'resumed' not in json.loads(settings.read_text())
    monkeypatch.setattr(seld, '_versions', lambda: {'keras': '99'})
    for _ in range(2):
        capsys.readouterr()
        with pytest.raises(StoppedError):
            run_seld('--split', 1, '--nb_epochs', 2, '--patience', 0, '--resume')
    saved = json.loads(settings.read_text())
    assert [one['versions'] for one in saved['resumed']] == [{'keras': '99'}]
    assert saved['params']['nb_epochs'] == 2 and saved['versions']['keras'] == keras.__version__
    assert 'resumed with other versions' not in capsys.readouterr().out  # once, not every time


def test_nothing_is_added_to_a_finished_run(run_seld, tmp_path, monkeypatch, capsys):
    run_seld('--split', 1, '--nb_epochs', 1)
    settings = tmp_path / 'models' / '1_job_foa_dev_split1.json'
    before = settings.read_bytes()
    monkeypatch.setattr(seld, '_versions', lambda: {'keras': '99'})
    run_seld('--split', 1, '--nb_epochs', 4, '--resume')
    assert 'Already finished, after 1 round: ' in capsys.readouterr().out
    assert settings.read_bytes() == before


@pytest.mark.parametrize('error', [
    MemoryError(), RuntimeError('CUDA out of memory. Tried to allocate 20.00 MiB'),
    ValueError('RESOURCE_EXHAUSTED: OOM when allocating tensor\nand more')])
def test_running_out_of_memory_is_told(run_seld, monkeypatch, error):
    def fit(*arguments, **options):
        raise error
    monkeypatch.setattr(keras.Model, 'fit', fit)
    with pytest.raises(InputError, match='^out of memory with batch_size .* and sequence_length .*less$'):
        run_seld('--split', 1, '--nb_epochs', 1)


def test_a_finished_fold_writes_the_predictions_that_are_missing(run_seld, tmp_path, monkeypatch):
    run_seld('--split', 1, '--nb_epochs', 1)
    expected = {path.name: path.read_bytes() for path in (tmp_path / 'results' / '1_foa_dev').glob('*.csv')}
    monkeypatch.setattr(seld, 'train_fold', None)
    run_seld('--split', 1, '--nb_epochs', 1, '--resume', '--dcase_dir', tmp_path / 'new')
    assert expected == {path.name: path.read_bytes() for path in (tmp_path / 'new/1_foa_dev').glob('*.csv')}
    monkeypatch.setattr(seld, 'test_fold', None)
    run_seld('--split', 1, '--nb_epochs', 1, '--resume')


def test_predictions_of_unknown_origin_are_not_mixed_in(run_seld, tmp_path):
    folder = tmp_path / 'results' / '1_foa_dev'
    folder.mkdir(parents=True)
    (folder / 'split3_ir0_ov1_9.csv').write_text('0,0,0,0\n')
    with pytest.raises(InputError, match='1_foa_dev: is for predictions that do not say whose they are'):
        run_seld('--split', 1, '--nb_epochs', 1)
    run_seld('--split', 1, '--nb_epochs', 1, '--overwrite')
    assert not (folder / 'split3_ir0_ov1_9.csv').exists()


def test_overwriting_a_fold_removes_its_predictions_and_no_others(run_seld, tmp_path, monkeypatch):
    run_seld('--split', 1, 2, '--nb_epochs', 1)
    monkeypatch.setattr(seld, 'train_fold', Mock(side_effect=KilledError))
    with pytest.raises(KilledError):
        run_seld('--split', 1, '--nb_epochs', 1, '--overwrite')
    assert {path.name[:6] for path in (tmp_path / 'results' / '1_foa_dev').glob('*.csv')} == {'split2'}


def test_resume_and_overwrite_exclude_each_other(run_seld, capsys):
    with pytest.raises(SystemExit, match='2'):
        run_seld('--resume', '--overwrite')
    assert 'not allowed with argument --resume' in capsys.readouterr().err


def test_pooling_that_does_not_divide_the_bins_is_told_before_the_work(run_seld, tmp_path):
    with pytest.raises(InputError, match=r'setting pool_size: got \[3\], but 3 does not divide the 16 bins'):
        run_seld('--split', 1, '--pool_size', 3)
    assert not list((tmp_path / 'models').glob('*.json'))


@pytest.mark.parametrize('split', [1, 2, 3])
def test_a_fold_without_recordings_is_told_before_the_work(run_seld, tiny_features, tmp_path, split):
    """Fold 1 tests split 1, validates split 2 and trains on 3 and 4."""
    features = shutil.copytree(tiny_features, tmp_path / 'features')
    for path in features.glob(f'*/split{split}*'):
        path.unlink()
    for path in features.glob('*/split4*') if split == 3 else ():
        path.unlink()
    with pytest.raises(InputError, match=f'foa_dev_norm: .* recordings, none of them of split {split}'):
        run_seld('--split', 1, features=features)
    assert not list((tmp_path / 'models').glob('*.json'))


def test_folds_of_several_commands_share_a_figure(run_seld, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(seld, 'plot_folds', lambda path, histories: drawn.append([path.name, *histories]))
    for split in (3, 1):
        run_seld('--split', split, '--nb_epochs', 1)
    assert drawn == [['1_job_foa_dev_folds.png', 'test split 1', 'test split 3']]


def test_a_model_that_has_become_nan_is_not_kept(run_seld, tmp_path, monkeypatch):
    """The last step of a round may spoil the weights: its loss was computed before."""
    fit_round = seld.fit_round

    def fit_and_poison(model, training, run, number):
        loss = fit_round(model, training, run, number)
        if number == 2:
            model.get_layer('sed_out').bias.assign(np.full(11, np.nan))
        return loss
    monkeypatch.setattr(seld, 'fit_round', fit_and_poison)
    with pytest.raises(InputError, match='the validation loss is nan after round 2: all features are finite'):
        run_seld('--split', 1, '--nb_epochs', 3, '--epochs_per_fit', 1)
    assert len(history(tmp_path)) == 1
    assert (tmp_path / 'models' / '1_job_foa_dev_split1_round1.keras').exists()


def test_nan_features_of_a_test_recording_are_told(run_seld, tiny_features, tmp_path):
    features = shutil.copytree(tiny_features, tmp_path / 'features')
    path = features / 'foa_dev_norm' / 'split1_ir1_ov1_1.npy'
    array = np.load(path)
    array[30, 5] = np.nan
    np.save(path, array)
    with pytest.raises(InputError, match=f'not finite; {path}: non-finite features in frame 30'):
        run_seld('--split', 1, '--nb_epochs', 1, features=features)
    assert not list((tmp_path / 'results').rglob('*.csv'))


def test_nan_features_stop_training_and_name_the_file(run_seld, tiny_features, tmp_path):
    features = shutil.copytree(tiny_features, tmp_path / 'features')
    run_seld('--split', 1, '--nb_epochs', 1, features=features)
    path = features / 'foa_dev_norm' / 'split3_ir1_ov1_1.npy'
    array = np.load(path)
    array[30, 5] = np.nan
    np.save(path, array)
    with pytest.raises(InputError, match=f'the loss is nan .*{path}: non-finite features in frame 30'):
        run_seld('--split', 1, '--dcase_dir', tmp_path / 'other', features=features, job='two')


def test_a_diverging_loss_keeps_the_last_good_round(run_seld, tmp_path, monkeypatch):
    fit_round = seld.fit_round

    def poison(model, training, run, number):
        if number == 2:
            model.get_layer('sed_out').bias.assign(np.full(11, np.nan))
        return fit_round(model, training, run, number)
    monkeypatch.setattr(seld, 'fit_round', poison)
    with pytest.raises(InputError, match=r'the loss is nan in epoch 2, batch 1: all features are finite'):
        run_seld('--split', 1, '--nb_epochs', 3, '--epochs_per_fit', 1)
    assert len(history(tmp_path)) == 1
    monkeypatch.undo()
    assert (tmp_path / 'models' / '1_job_foa_dev_split1_round1.keras').exists()


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04 no archive', b'\x89HDF'])
def test_a_file_that_is_not_a_model(content, tmp_path):
    (tmp_path / 'm.keras').write_bytes(content)
    with pytest.raises(InputError, match='m.keras: not a model that can be loaded'):
        seld.load_model(tmp_path / 'm.keras')


def test_a_model_with_a_lambda_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)])
    model.save(tmp_path / 'm.keras')
    with pytest.raises(InputError, match='m.keras: not a model that can be loaded'):
        seld.load_model(tmp_path / 'm.keras')


def test_wrong_splits_and_job_names(run_seld, capsys):
    with pytest.raises(InputError, match=r'--split: got 0, expected some of 1, 2, 3, 4'):
        run_seld('--split', 0)
    with pytest.raises(SystemExit) as exit_info:
        run_seld(job='a/b')
    assert exit_info.value.code == 2 and 'job-id' in capsys.readouterr().err


def test_nothing_prepared_says_what_to_run(tmp_path):
    with pytest.raises(InputError, match='no features of foa_dev; run `python batch_feature_extraction.py 4'):
        seld.main(['seld.py', '4', '--feat_label_dir', str(tmp_path)])


def test_the_figure_of_folds_has_a_panel_a_score_and_a_line_a_fold(tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr('matplotlib.figure.Figure.savefig', lambda self, path, dpi: figures.append(self))
    rounds = [{'round': n, 'validation_loss': 9 / n, 'ER': 1 / n, 'F': n / 9, 'DOA': 90 / n, 'FR': n / 9,
               'SELD': 1 / n} for n in (1, 2, 3)]
    seld.plot_folds(tmp_path / 'folds.png', {'test split 1': rounds, 'test split 2': rounds[:2]})
    panels = figures[0].axes
    assert [axes.get_title() for axes in panels] == [
        'validation loss', 'error rate', 'F', 'DOA error (degrees)', 'frame recall', 'SELD score']
    assert all([len(line.get_xdata()) for line in axes.lines] == [3, 2] for axes in panels)
    np.testing.assert_allclose(panels[3].lines[0].get_ydata(), [90, 45, 30])
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == ['test split 1', 'test split 2']


def test_curves_without_a_display(tmp_path, monkeypatch):
    monkeypatch.delenv('DISPLAY', raising=False)
    rounds = np.linspace(1, 0.2, 7)
    seld.plot_functions(tmp_path / 'curves.png', rounds, rounds, np.stack([rounds] * 2, 1),
                        np.stack([rounds * 90, rounds, rounds * 100, rounds * 50], 1), rounds, best_round=7)
    assert (tmp_path / 'curves.png').stat().st_size > 10_000


TWO_DEVICES = '''
import sys
import tensorflow
cpu = tensorflow.config.list_physical_devices('CPU')[0]
half = tensorflow.config.LogicalDeviceConfiguration()
tensorflow.config.set_logical_device_configuration(cpu, [half, half])
import seld
from cls_feature_class import FeatureClass
FeatureClass.check_ready = lambda self, task_id='': None
seld.SHARED_DEVICES = 'CPU'
get_model = seld.keras_model.get_model
def get_model_and_tell(*args, **kwargs):
    model = get_model(*args, **kwargs)
    print('replicas:', model.distribute_strategy.num_replicas_in_sync)
    return model
seld.keras_model.get_model = get_model_and_tell
sys.exit(seld.main(['seld.py', '1', 'two', '--nb_cnn2d_filt', '3', '--rnn_size', '4',
                    '--fnn_size', '4', *sys.argv[1:]]))
'''


def test_several_devices_share_the_batches(tiny_features, tmp_path):
    """Two virtual devices stand for two GPUs; TensorFlow takes them only at its start, hence a process."""
    arguments = [*SIZES, '--quick_test', 'False', '--nb_epochs', '2', '--epochs_per_fit', '1', '--split', '1',
                 '--feat_label_dir', tiny_features, '--model_dir', tmp_path / 'm', '--dcase_dir', tmp_path]
    done = subprocess.run([sys.executable, '-c', TWO_DEVICES, *map(str, arguments)], capture_output=True,
                          text=True, env=os.environ | {'PYTHONPATH': str(Path(seld.__file__).parent)})
    assert done.returncode == 0, done.stderr
    assert 'replicas: 2' in done.stdout and 'Test scores of the best models' in done.stdout
    assert (tmp_path / 'm' / '1_two_foa_dev_split1_model.keras').exists()


def test_tensorboard(run_seld, tmp_path):
    run_seld('--split', 1, '--nb_epochs', 2, '--epochs_per_fit', 1, '--tensorboard', True)
    assert list(tmp_path.glob('models/1_job_foa_dev_split1_tensorboard/*/events*'))


def test_tensorboard_that_is_not_installed(run_seld, tmp_path, monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(InputError, match='setting tensorboard: .* not installed; `pip install tensorboard`'):
        run_seld('--split', 1, '--tensorboard', True)
    assert not (tmp_path / 'models').exists()
