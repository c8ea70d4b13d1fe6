"""parameter.py: settings, their defaults, tasks and options."""

import argparse

import pytest

import parameter
from parameter import get_params
from seldnet.common.errors import InputError
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
        value = 3 if setting.default is None else setting.default
        words = value if isinstance(value, list) else [value]
        assert parse(f'--{name}', *map(str, words)) == {name: value}


def test_settings_given_pass_through_get_params():
    params = parameter.params_given(arguments('--n-jobs', '2', '--loss_weights', '1', '10'), '2')
    assert params == get_params('2', n_jobs=2, loss_weights=[1, 10])
