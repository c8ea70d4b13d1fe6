"""The data set that a folder of predictions is of."""

import dataclasses
import json

import pytest

from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.dataset_file import write_dataset
from seldnet.annotations.stored_facts import dataset_of_predictions
from seldnet.common.errors import InputError

OWN = dataclasses.replace(TAU2019, name='own', classes=('bell', 'door'), recording_s=None, folds={})


def write_settings(folder, facts):
    folder.mkdir(exist_ok=True)
    (folder / 'settings.json').write_text(json.dumps({'params': {'dataset': 'foa'}} | (
        {} if facts is None else {'dataset_facts': facts})))
    return folder


def test_what_lies_beside_the_predictions_says_it(tmp_path):
    folder = write_settings(tmp_path / 'results', OWN.facts())
    for predictions in (folder, folder / 'a.csv'):
        assert dataset_of_predictions(predictions, None, tmp_path / 'missing').facts() == OWN.facts()


@pytest.mark.parametrize('facts', [None, TAU2019.facts()])
def test_those_of_earlier_versions_are_of_tau_2019(tmp_path, facts):
    assert dataset_of_predictions(write_settings(tmp_path / 'results', facts), tmp_path) is TAU2019
    assert dataset_of_predictions(tmp_path / 'nothing', tmp_path) is TAU2019


def test_a_dataset_toml_says_more_but_nothing_else(tmp_path):
    write_dataset(tmp_path / 'dataset.toml', dataclasses.replace(
        OWN, names=dataclasses.replace(OWN.names, pattern='fold{split}_*')))
    folder = write_settings(tmp_path / 'results', OWN.facts())
    assert dataset_of_predictions(folder, tmp_path).names.pattern == 'fold{split}_*'
    write_settings(folder, OWN.facts() | {'classes': ['door', 'bell'], 'recording_s': 60})
    with pytest.raises(InputError, match='predictions of another data set: classes door, bell, '
                       'not bell, door; recording_s 60, not none as own has it; name references'):
        dataset_of_predictions(folder, tmp_path)


def test_channels_and_convention_do_not_make_another_data_set(tmp_path):
    """The extraction may take others than the data set has."""
    chosen = {'channels': [1, 2, 3, 5], 'ambisonics': 'fuma'}
    folder = write_settings(tmp_path / 'results', TAU2019.facts() | chosen)
    assert dataset_of_predictions(folder, tmp_path) is TAU2019
    write_dataset(tmp_path / 'dataset.toml', OWN)
    write_settings(folder, OWN.facts() | chosen)
    assert dataset_of_predictions(folder, tmp_path).channels is None


@pytest.mark.parametrize('beside_references', [False, True])
def test_settings_that_are_none_say_what_to_do(beside_references, tmp_path):
    folder = write_settings(tmp_path / 'results', OWN.facts())
    (folder / 'settings.json').write_text('[]')
    if beside_references:
        write_dataset(tmp_path / 'dataset.toml', OWN)
    with pytest.raises(InputError, match='settings.json: found .*; remove it to score the predictions'):
        dataset_of_predictions(folder, tmp_path)


@pytest.mark.parametrize('facts', [3, 'own', [], {}, OWN.facts() | {'classes': [1]}])
@pytest.mark.parametrize('beside_references', [False, True])
def test_facts_that_are_none(tmp_path, facts, beside_references):
    if beside_references:
        write_dataset(tmp_path / 'dataset.toml', OWN)
    with pytest.raises(InputError, match='settings.json: dataset_facts: '):
        dataset_of_predictions(write_settings(tmp_path / 'results', facts), tmp_path)
