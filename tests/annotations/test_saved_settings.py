"""Settings beside a model and beside predictions: what must be there, and what any of them may be."""

import json

import pytest

from seldnet.annotations.saved_settings import read_settings
from seldnet.common.errors import InputError


def read(folder, saved, *required, params=()):
    (folder / 'settings.json').write_text(json.dumps(saved))
    return read_settings(folder / 'settings.json', *required, params=params, remedy='train again')


@pytest.mark.parametrize('saved', [
    {'params': {}},
    {'params': {'seed': 0, 'nb_epochs': 3, 'initial_model': None}, 'job': 'a', 'later': {'key': [1]}},
    {'params': {'own': 'text', 'other': [1, 2.5], 'none': None}, 'fold': {'test': [1]}, 'git': None},
    {'params': {}, 'resumed': [{'after_round': 2, 'changed': {'nb_epochs': [1, 2]}}]}])
def test_what_is_fine_is_read_as_it_is(saved, tmp_path):
    assert read(tmp_path, saved) == saved


@pytest.mark.parametrize(('saved', 'problem'), [
    ({}, 'found no params, expected a table with params'),
    ({'params': {'seed': -1}}, 'params / seed: found -1, expected a whole number from 0'),
    ({'params': {'own': {'a': 1}}}, 'params / own: found {"a": 1}, expected true, false, a finite number, '),
    ({'params': {'own': [[1]]}}, 'params / own: found [[1]], expected true, false, a finite number, '),
    ({'params': {}, 'job': 3}, 'job: found 3, expected a text'),
    ({'params': {}, 'resumed': [{'changed': {'seed': [1]}}]},
     'resumed / 0 / changed / seed: found [1], expected a list of 2')])
def test_what_is_not_is_named_with_the_remedy(saved, problem, tmp_path):
    with pytest.raises(InputError) as error:
        read(tmp_path, saved)
    assert str(error.value).startswith(f'{tmp_path / "settings.json"}: {problem}')
    assert str(error.value).endswith('; train again')


def test_keys_and_settings_that_must_be_there(tmp_path):
    required = {'params': {'learning_rate': 0.1, 'own': 1}, 'job': 'a'}
    assert read(tmp_path, required, 'job', params=('learning_rate', 'own')) == required
    with pytest.raises(InputError, match='found no job, expected a table with job, params'):
        read(tmp_path, {'params': required['params']}, 'job')
    with pytest.raises(InputError, match='params: found no own, expected a table with learning_rate, own'):
        read(tmp_path, {'params': {'learning_rate': 0.1}}, params=('learning_rate', 'own'))
    with pytest.raises(InputError, match='params / learning_rate: found "x", expected a finite number'):
        read(tmp_path, {'params': {'learning_rate': 'x'}}, params=('learning_rate',))
    with pytest.raises(InputError, match='params / own: found {}, expected true, false'):
        read(tmp_path, {'params': {'own': {}}}, params=('own',))
