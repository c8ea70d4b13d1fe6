"""`seld.py`: runs that were stopped, that go on after their end, or start from trained weights."""

import json
import shutil
from unittest.mock import Mock

import keras
import pytest
from seld_runs import NAME, KilledError, history, options, predictions, without_times
from tiny_training import DATASET, SIZES, STAND_IN

import seld
from seldnet.common.errors import InputError
from seldnet.methods.registry import METHODS
from seldnet.training import network
from seldnet.training import run as run_module
from seldnet.training.run import Run

UNDISTURBED = ['--split', 1, '--nb_epochs', 3, '--dropout_rate', 0.2]


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
    arguments = ['--nb_epochs', 1]
    run_seld('--split', 1, *arguments)
    scores = [line for line in capsys.readouterr().out.splitlines() if 'test:' in line]
    monkeypatch.setattr(seld, 'train_fold', None)
    run_seld('--split', 1, *arguments, '--resume')
    printed = capsys.readouterr().out
    assert 'Already finished, after 1 round: ' in printed and scores[0] in printed


MORE = ['--split', 1, '--patience', 9, '--dropout_rate', 0.2]


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
    arguments = ['--split', 1, '--nb_epochs', 4]
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
    run_seld('--split', 1, '--nb_epochs', 2)
    trained = tmp_path / 'models' / f'{NAME}_model.keras'
    capsys.readouterr()
    run_seld('--split', 1, '--nb_epochs', 1, '--learning_rate', 1e-12,
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
    run_seld('--split', 1, '--nb_epochs', 2)
    run_seld('--split', 1, '--nb_epochs', 1, '--overwrite')
    assert len(history(tmp_path)) == 1


def test_a_run_that_failed_in_its_first_round_has_nothing_to_lose(run_seld, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(seld, 'fit_round', Mock(side_effect=KilledError))
        run_seld('--split', 1, '--nb_epochs', 1)
    run_seld('--split', 1, '--nb_epochs', 1)
    assert len(history(tmp_path)) == 1
