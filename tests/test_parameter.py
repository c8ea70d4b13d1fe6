"""Facts of the data set, settings and what every script shares."""

import argparse
import os

import pytest

import parameter
from parameter import InputError, get_params


def test_facts_of_the_data_set():
    assert parameter.CLASSES.index('keysDrop') == 4 and len(parameter.CLASSES) == 11
    assert (parameter.NB_FRAMES, parameter.NB_FRAMES_1S, parameter.NB_BINS, parameter.HOP_LENGTH_S) == (
        3000, 50, 1024, 0.02)
    assert (len(parameter.AZIMUTHS_DEG), parameter.AZIMUTHS_DEG[-1]) == (36, 170)
    assert (len(parameter.ELEVATIONS_DEG), parameter.ELEVATIONS_DEG[-1]) == (9, 40)


@pytest.mark.parametrize('mode', ['dev', 'eval'])
def test_folds_use_every_split_once(mode):
    every = {0, 1, 2, 3, 4} if mode == 'eval' else {1, 2, 3, 4}
    for fold in parameter.FOLDS[mode]:
        assert sorted(fold.test + fold.val + fold.train) == sorted(every)


@pytest.mark.parametrize('name, expected', [
    ('split1_ir0_ov2_17.wav', (1, 0, 2, 17)), ('some/folder/split4_ir3_ov1_1.npy', (4, 3, 1, 1)),
    ('split0_12.csv', (0, None, None, 12)), ('split2_ov1_3', (2, None, 1, 3))])
def test_recording_names(name, expected):
    assert parameter.parse_recording_name(name) == expected


@pytest.mark.parametrize(
    'name',
    [
        'fold1_room1_mix001.wav',
        'split1.wav',
        'split1_ir0_ov1_1_copy.wav',
        'split١_1.wav',
        '.wav',
        'xsplit0_1.wav',
    ],
)
def test_other_names_are_refused(name):
    with pytest.raises(InputError, match='not a recording name'):
        parameter.parse_recording_name(name)


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
    with pytest.raises(InputError, match="unknown task id '77', expected one of 1, 2, 3, 4, 5, 999"):
        get_params(77)


def parse(*arguments):
    parser = argparse.ArgumentParser()
    parameter.add_settings(parser)
    return parameter.settings_given(parser.parse_args(arguments))


def test_every_setting_has_an_option_and_only_given_ones_count():
    assert parse() == {}
    assert parse('--pool_size', '4', '2', '--quick-test', 'false', '--dropout_rate', '.5') == dict(
        pool_size=[4, 2], quick_test=False, dropout_rate=0.5)
    for name, setting in parameter.SETTINGS.items():
        value = 3 if setting.default is None else setting.default
        words = value if isinstance(value, list) else [value]
        assert parse(f'--{name}', *map(str, words)) == {name: value}


def test_settings_given_pass_through_get_params():
    assert get_params('4', **parse('--n-jobs', '2', '--loss_weights', '1', '10'))['loss_weights'] == [1, 10]


def test_atomic_path_leaves_the_old_file_when_the_block_fails(tmp_path):
    path = tmp_path / 'file.txt'
    path.write_text('old')
    with pytest.raises(RuntimeError), parameter.atomic_path(path) as temporary:
        temporary.write_text('half')
        raise RuntimeError
    assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]
    with parameter.atomic_path(path) as temporary:
        temporary.write_text('new')
        assert path.read_text() == 'old' and temporary.suffix == '.txt'
    assert path.read_text() == 'new' and list(tmp_path.iterdir()) == [path]


def test_atomic_path_replaces_what_a_link_leads_to(tmp_path):
    target, link = tmp_path / 'elsewhere' / 'file.txt', tmp_path / 'link.txt'
    target.parent.mkdir()
    link.symlink_to(target)
    for text in ('first', 'second'):  # at first the link dangles
        with parameter.atomic_path(link) as temporary:
            temporary.write_text(text)
        assert link.is_symlink() and target.read_text() == text
    assert sorted(tmp_path.rglob('*')) == [target.parent, target, link]


def test_atomic_path_refuses_a_pipe(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    with (pytest.raises(InputError, match=r'pipe: a pipe or a device, expected a file'),
          parameter.atomic_path(tmp_path / 'pipe')):
        raise AssertionError('not reached')
    assert (tmp_path / 'pipe').is_fifo()


def test_json_round_trip_and_its_error(tmp_path):
    path = tmp_path / 'a.json'
    parameter.write_json(path, {'a': [1, 2.5, None, 'é']})
    assert parameter.read_json(path) == {'a': [1, 2.5, None, 'é']}
    path.write_text('{"a": ')
    with pytest.raises(InputError, match='a.json: not a JSON file'):
        parameter.read_json(path)


@pytest.mark.parametrize(
    'error, status, message',
    [
        (InputError('x.wav: mono'), 1, 'x.py: error: x.wav: mono'),
        (
            FileNotFoundError(2, 'No such file or directory', 'a.csv'),
            1,
            'x.py: error: a.csv: No such file or directory',
        ),
        (KeyboardInterrupt(), 130, 'interrupted'),
    ],
)
def test_scripts_end_in_one_line(error, status, message, capsys):
    with pytest.raises(SystemExit) as exit_info, parameter.exit_with_one_line('somewhere/x.py'):
        raise error
    if status == 1:
        assert exit_info.value.code == message  # Python prints a text to stderr and exits with status 1
    else:
        assert exit_info.value.code == status and message in capsys.readouterr().err


def test_other_errors_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), parameter.exit_with_one_line('x.py'):
        raise ZeroDivisionError
