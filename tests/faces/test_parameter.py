"""parameter.py: settings, their defaults, tasks and options."""

import argparse
import json
from pathlib import Path

import pytest

import parameter
from parameter import get_params
from seldnet.common.errors import InputError
from seldnet.common.scripts import script_parser
from seldnet.common.settings import settings_given


def test_defaults_are_those_of_2019():
    params = get_params()
    expected = dict(
        quick_test=True,
        dataset='foa',
        mode='dev',
        dcase_output=True,
        model_dir='models/',
        dcase_dir='results/',
        sequence_length=128,
        batch_size=16,
        dropout_rate=0,
        nb_cnn2d_filt=64,
        pool_size=[8, 8, 4],
        rnn_size=[128, 128],
        fnn_size=[128],
        loss_weights=[1, 50],
        nb_epochs=50,
        epochs_per_fit=5,
        patience=5,
        model_variant='released',
    )
    assert {name: params[name] for name in expected} == expected


@pytest.mark.parametrize('task_id, dataset, mode', [
    ('2', 'mic', 'dev'), ('3', 'mic', 'eval'), (4, 'foa', 'dev'), ('5', 'foa', 'eval')])
def test_tasks_of_2019(task_id, dataset, mode):
    params = get_params(task_id)
    assert (params['dataset'], params['mode'], params['quick_test']) == (dataset, mode, True)


@pytest.mark.parametrize(('task_id', 'overrides', 'expected'), [
    ('2', {}, 'float32'), ('6', {}, 'float32'), ('8', {}, 'float16'), ('9', {}, 'float16'),
    ('4', {'dataset': 'mic', 'model_variant': 'accdoa'}, 'float16'),
    ('8', {'feature_dtype': None}, 'float16'), ('8', {'feature_dtype': 'float32'}, 'float32')])
def test_features_have_their_kinds_type_unless_another_is_asked_for(task_id, overrides, expected):
    assert get_params(task_id, **overrides)['feature_dtype'] == expected


def test_task_999_is_a_quick_test_of_one_epoch():
    params = get_params('999')
    assert params['quick_test'] and params['epochs_per_fit'] == 1


def test_patience_follows_an_overridden_number_of_rounds():
    assert get_params(nb_epochs=100)['patience'] == 10
    assert get_params(nb_epochs=100, patience=3)['patience'] == 3


def test_params_are_the_callers_own():
    get_params()['pool_size'].append(2)
    assert get_params()['pool_size'] == [8, 8, 4]


@pytest.mark.parametrize('overrides, message', [
    (dict(nb_epoch=3), "unknown setting 'nb_epoch', did you mean 'nb_epochs'"),
    (dict(batch_size='16'), "batch_size: got '16', expected a whole number"),
    (dict(batch_size=1.5), 'batch_size: got 1.5, expected a whole number'),
    (dict(batch_size=True), 'batch_size: got True, expected a whole number'),
    (dict(batch_size=0), 'batch_size: got 0, expected at least 1'),
    (dict(quick_test=1), 'quick_test: got 1, expected True or False'),
    (dict(dataset='foo'), "dataset: got 'foo', expected one of foa, mic"),
    (dict(dropout_rate=float('nan')), 'dropout_rate: got nan'),
    (dict(dropout_rate=1.0), 'dropout_rate: got 1.0, expected at most'),
    (dict(pool_size=8), 'pool_size: got 8, expected a list'),
    (dict(pool_size=[]), 'pool_size: got .., expected a list'),
    (dict(pool_size='884'), "pool_size: got '884', expected a list"),
    (dict(loss_weights=[1]), 'loss_weights: got .1.0., expected two numbers'),
    (dict(model_dir=3), 'model_dir: got 3, expected text'),
    (dict(patience='a'), "patience: got 'a', expected a whole number")])
def test_a_wrong_setting_is_refused(overrides, message):
    with pytest.raises(InputError, match=message):
        get_params(**overrides)


def test_an_unknown_task_is_refused():
    with pytest.raises(InputError, match="unknown task id '77', expected one of 1, 2, 3, 4, 5, 6, 7, 8, 9"):
        get_params(77)


def arguments(*words):
    parser = argparse.ArgumentParser()
    parameter.add_settings(parser)
    return parser.parse_args(words)


def parse(*words):
    return settings_given(arguments(*words), parameter.SETTINGS)


def test_every_setting_has_an_option_and_only_given_ones_count():
    assert parse() == {}
    assert parse('--pool_size', '4', '2', '--quick-test', 'false', '--dropout_rate', '.5') == dict(
        pool_size=[4, 2], quick_test=False, dropout_rate=0.5)
    for name, setting in parameter.SETTINGS.items():
        value = setting.default
        if value is None:
            value = [setting.element_type(3)] if setting.type is list else setting.type(3)
        words = value if isinstance(value, list) else [value]
        assert parse(f'--{name}', *map(str, words)) == {name: value}


def test_settings_given_pass_through_get_params():
    params = parameter.params_given(arguments('--n-jobs', '2', '--loss_weights', '1', '10'), '2')
    assert params == get_params('2', n_jobs=2, loss_weights=[1, 10])


def test_the_command_line_wins_over_the_file_and_the_file_over_the_task(tmp_path):
    file = tmp_path / 'mine.toml'
    file.write_text('nb_epochs = 20\nseed = 7\npatience = "none"\n')
    params = parameter.params_given(arguments('--config', str(file), '--seed', '8'), 'demo')
    assert params == get_params('demo', nb_epochs=20, seed=8, patience=None)
    assert (params['model_variant'], params['patience']) == ('paper', 2)  # of the task; a tenth of 20


def test_patience_none_is_a_tenth_of_the_rounds_whatever_the_task_says():
    assert get_params('demo')['patience'] == 4
    args = arguments('--patience', 'none', '--nb_epochs', '70')
    assert parameter.params_given(args, 'demo')['patience'] == 7


def test_what_another_script_needs_to_be_told():
    args = arguments('--config', 'my file.toml', '--pool_size', '4', '2', '--feat_label_dir', 'a b',
                     '--patience', 'none')
    assert parameter.command_line(args) == ['--config', 'my file.toml', '--feat_label_dir', 'a b',
                                            '--pool_size', '4', '2', '--patience', 'none']
    assert parameter.command_line(args, ['seed']) == ['--config', 'my file.toml']
    assert parameter.command_line(arguments()) == []


# ---- the task, as an argument or an option ----


def parse_task(*words, with_job=True):
    parser = script_parser(None)
    parameter.add_task_argument(parser, with_job=with_job)
    args = parameter.parse_task(parser, words)
    return (args.task_id, args.job_id) if with_job else args.task_id


@pytest.mark.parametrize(('words', 'expected'), [
    ([], ('1', '1')), (['4'], ('4', '1')), (['4', 'first'], ('4', 'first')), (['--task', '4'], ('4', '1')),
    (['--task', '4', 'first'], ('4', 'first')), (['4', '--job', 'first'], ('4', 'first')),
    (['--task', '4', '--job', 'first'], ('4', 'first')), (['4', '--task', '4'], ('4', '1')),
    (['4', 'first', '--task', '4', '--job', 'first'], ('4', 'first'))])
def test_task_and_job_are_arguments_or_options(words, expected):
    assert parse_task(*words) == expected


def test_a_script_without_jobs():
    assert parse_task('4', with_job=False) == parse_task('--task', '4', with_job=False) == '4'


@pytest.mark.parametrize(('words', 'message'), [
    (['4', 'first', '--task', '5'], "--task: got '5', but task-id '4', expected one of them"),
    (['4', 'first', '--job', 'b'], "--job: got 'b', but job-id 'first', expected one of them"),
    (['4', '--job', 'a/b'], "job-id: got 'a/b', expected letters")])
def test_two_tasks_or_jobs_are_refused(words, message, capsys):
    with pytest.raises(SystemExit, match='2'):
        parse_task(*words)
    assert message in capsys.readouterr().err


# ---- what stands beside predictions ----


@pytest.fixture
def predictions(tmp_path):
    """A folder of predictions of microphone recordings in another folder."""
    (tmp_path / 'data').mkdir()
    params = get_params('3', dataset_dir=tmp_path / 'data', seed=5) | {'setting_of_next_year': 1}
    (tmp_path / 'settings.json').write_text(json.dumps({'task': '3', 'job': 'a', 'params': params}))
    return tmp_path


def test_tools_find_the_data_of_predictions(predictions):
    expected = get_params('1', dataset='mic', mode='eval', dataset_dir=predictions / 'data')
    for path in (predictions, predictions / 'split0_1.csv'):
        assert parameter.params_given(arguments(), '1', predictions=path) == expected
    assert parameter.params_given(arguments('--mode', 'dev'), '1', predictions=predictions)['mode'] == 'dev'


def test_data_of_another_machine_are_those_of_the_task(predictions):
    (predictions / 'data').rmdir()
    params = parameter.params_given(arguments(), '1', predictions=predictions)
    assert (params['dataset'], params['dataset_dir']) == ('mic', 'data/')


@pytest.mark.parametrize('content', [None, '{"params": {}}'])
def test_predictions_that_do_not_say_whose_they_are(tmp_path, content):
    if content:
        (tmp_path / 'settings.json').write_text(content)
    assert parameter.params_given(arguments(), '2', predictions=tmp_path) == get_params('2')
    assert parameter.params_given(arguments(), '2', predictions=Path('nowhere')) == get_params('2')


@pytest.mark.parametrize(('content', 'message'), [
    ('[]', r'settings\.json: found \[\], expected a table with params; remove it, and name task and folders'),
    ('{"params": 3}', r'settings\.json: params: found 3, expected a table; remove it')])
def test_settings_beside_predictions_that_are_something_else(tmp_path, content, message):
    (tmp_path / 'settings.json').write_text(content)
    with pytest.raises(InputError, match=message):
        parameter.params_given(arguments(), '2', predictions=tmp_path)
