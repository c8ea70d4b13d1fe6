"""Settings and scaler beside a model, and what is refused of them."""

import dataclasses
import json

import numpy as np
import pytest
from untrained_model import LENGTH

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.common.errors import InputError
from seldnet.common.files import write_json
from seldnet.extraction.mel import MEL, NB_BANDS, NB_PLANES
from seldnet.methods.registry import METHODS
from seldnet.prediction.trained_model import read_trained_model, with_audio_options


def test_what_is_read(untrained):
    model = read_trained_model(str(untrained.model))
    assert model.name == '1_job_foa_dev_split1'
    assert model.method is METHODS['released']
    assert (model.audio_format, model.feature_dtype, model.sequence_length) == ('foa', 'float32', LENGTH)
    assert model.nb_columns == 8192 and model.dataset is TAU2019
    with np.load(untrained.run.path('_wts.npz')) as stored:
        np.testing.assert_array_equal(model.scaler.mean, stored['mean'])
        np.testing.assert_array_equal(model.scaler.scale, stored['scale'])
        assert model.usual_magnitude == pytest.approx(stored['mean'][:4096].mean())


def test_the_network_gives_the_outputs_of_the_model(untrained):
    model = read_trained_model(untrained.model)
    outputs = model.load_network()(np.zeros((24, LENGTH, 8192), np.float32))
    assert [output.shape for output in outputs] == [(24, LENGTH, 11), (24, LENGTH, 22)]


@pytest.mark.parametrize(('missing', 'message'), [
    ('_model.keras', r'_model\.keras: no such model, expected a file \.\.\._model\.keras'),
    ('.json', r'\.json: missing, expected beside'),
    ('_wts.npz', r'_wts\.npz: missing, expected beside'),
])
def test_what_belongs_together(untrained, tmp_path, missing, message):
    with pytest.raises(InputError, match=message):
        read_trained_model(untrained.copy(tmp_path, without=missing))


def test_a_file_that_seld_does_not_write(tmp_path):
    (tmp_path / 'street.keras').touch()
    with pytest.raises(InputError, match=r'street\.keras: no such model, expected a file \.\.\._model'):
        read_trained_model(tmp_path / 'street.keras')


@pytest.fixture
def with_settings(untrained, tmp_path):
    """A function: settings that are changed -> path of a model with these settings beside it."""
    path = untrained.copy(tmp_path)

    def write(without=(), **changes):
        settings = tmp_path / untrained.run.path('.json').name
        params = {name: value for name, value in untrained.run.params.items() if name not in without}
        write_json(settings, {'params': params | changes})
        return path
    return write


@pytest.mark.parametrize('changes', [
    {'sequence_length': 0}, {'sequence_length': 12.0}, {'sequence_length': True}, {'sequence_length': None},
    {'feature_dtype': 'float64'}, {'feature_dtype': 3}, {'dataset': 'stereo'}, {'model_variant': 'keras'},
    {'model_variant': ['released']}, {'batch_size': 0}, {'batch_size': '16'}])
def test_settings_that_cannot_be(with_settings, changes):
    name, = changes
    message = rf'split1\.json: params / {name}: found .*, expected .*; copy it again'
    with pytest.raises(InputError, match=message):
        read_trained_model(with_settings(**changes))


@pytest.mark.parametrize('content', ['{}', '[]', '{"params": []}', 'null'])
def test_settings_of_something_else(with_settings, content):
    path = with_settings()
    path.with_name('1_job_foa_dev_split1.json').write_text(content)
    message = r'split1\.json: (params: )?found .*, expected a table with .*; copy it again'
    with pytest.raises(InputError, match=message):
        read_trained_model(path)


def test_settings_of_earlier_versions(with_settings):
    model = read_trained_model(with_settings(without=('model_variant', 'dataset')))
    assert (model.method.name, model.audio_format) == ('released', 'foa')


def test_a_network_that_does_not_suit_its_settings(with_settings):
    model = read_trained_model(with_settings(sequence_length=64))
    with pytest.raises(InputError, match=r'input has the shape \(None, 128, 1024, 8\), expected \(None, 64,'):
        model.load_network()


# ---- the data set ----


OFFICE = Dataset('office', tuple('abcdefghijk'), {'dev': (), 'eval': ()}, None, 48000, None, 1,
                 channels=(6, 10, 26, 22), ambisonics='sn3d')


def test_the_data_set_is_the_one_whose_facts_are_stored(untrained, tmp_path):
    model = read_trained_model(untrained.copy(tmp_path, facts=OFFICE.facts(), batch_size=5))
    assert model.dataset == OFFICE and model.batch_sequences == 5
    assert model.load_network()(np.zeros((1, LENGTH, 8192), np.float32))[0].shape == (1, LENGTH, 11)


def test_tau_2019_where_none_are_stored_or_its_own(untrained, tmp_path):
    for facts in (None, TAU2019.facts()):
        assert read_trained_model(untrained.copy(tmp_path, facts=facts, job='a')).dataset is TAU2019


@pytest.mark.parametrize(('facts', 'message'), [
    ([], r'found \[\], expected the facts of a data set'), ('TAU', "found 'TAU', expected the facts of a"),
    (0, 'found 0, expected the facts of a'), ({'name': 'a'}, "found \\['name'\\], expected name, classes"),
    (OFFICE.facts() | {'classes': []}, 'classes: found'),
    (OFFICE.facts() | {'classes': None}, 'classes: not found'),
    (OFFICE.facts() | {'sample_rate_hz': '48000'}, 'sample_rate_hz: found'),
    (OFFICE.facts() | {'channels': [1, 1, 2, 3]}, 'channels: found'),
    (OFFICE.facts() | {'ambisonics': ['n3d']}, 'ambisonics: found'),
    (OFFICE.facts() | {'recording_s': -1}, 'recording_s: found')])
def test_facts_that_cannot_be(untrained, tmp_path, facts, message):
    path = untrained.copy(tmp_path, facts=facts)
    with pytest.raises(InputError, match=rf'split1\.json: dataset_facts: {message}') as error:
        read_trained_model(path)
    assert len(str(error.value).splitlines()) == 1


def test_facts_that_are_null_are_no_facts(untrained, tmp_path):
    path = untrained.copy(tmp_path)
    settings = {'params': untrained.run.params, 'dataset_facts': None}
    write_json(path.with_name('1_job_foa_dev_split1.json'), settings)
    with pytest.raises(InputError, match='dataset_facts: found None, expected the facts of a data set'):
        read_trained_model(path)


def test_a_network_of_other_classes(untrained, tmp_path):
    facts = OFFICE.facts() | {'classes': ['a', 'b']}
    model = read_trained_model(untrained.copy(tmp_path, facts=facts))
    with pytest.raises(InputError, match='its outputs have 11 and 22 columns, expected 2 and 4 for the 2'):
        model.load_network()


def test_a_scaler_of_another_data_set(untrained, tmp_path):
    path = untrained.copy(tmp_path, facts=OFFICE.facts() | {'sample_rate_hz': 24000})
    with pytest.raises(InputError, match=r'_wts\.npz: scaler of shapes .*8192.*, expected \(4096,\)'):
        read_trained_model(path)


def test_a_model_trained_on_features_that_an_earlier_version_computed(with_settings):
    """Its scaler has the columns of foa's `mel`, and notes no revision: the first."""
    path = with_settings(model_variant='accdoa')
    scaler = path.with_name(path.name.replace('_model.keras', '_wts.npz'))
    columns = NB_BANDS * NB_PLANES['foa']
    np.savez(scaler, mean=np.zeros(columns), scale=np.ones(columns))
    with pytest.raises(InputError, match=r'_wts\.npz: fitted to features of revision 1, .* expected revision '
                                         '2; .* and train anew what was trained on them'):
        read_trained_model(path)
    np.savez(scaler, mean=np.zeros(columns), scale=np.ones(columns), facts=json.dumps(MEL.facts()))
    assert read_trained_model(path).method is METHODS['accdoa']


# ---- other channels and conventions ----


def test_channels_and_convention_of_recordings(untrained):
    model = read_trained_model(untrained.model)
    model = with_audio_options(model, channels=[6, 10, 26, 22], ambisonics='fuma')
    assert (model.dataset.channels, model.dataset.ambisonics) == ((6, 10, 26, 22), 'fuma')
    assert with_audio_options(model) == model


@pytest.mark.parametrize('channels', [[1, 2, 3], [1, 2, 3, 3], [0, 1, 2, 3], [1, 2, 3, 4, 5]])
def test_channels_that_cannot_be(untrained, channels):
    found = ' '.join(map(str, channels))
    with pytest.raises(InputError, match=f'--channels: got {found}, expected 4 different'):
        with_audio_options(read_trained_model(untrained.model), channels=channels)


def test_conventions_that_cannot_be(untrained):
    model = read_trained_model(untrained.model)
    with pytest.raises(InputError, match="--ambisonics: got 'maxn', expected one of n3d, sn3d, fuma"):
        with_audio_options(model, ambisonics='maxn')
    with pytest.raises(InputError, match='--ambisonics: .* takes microphone signals, which have none'):
        with_audio_options(dataclasses.replace(model, audio_format='mic'), ambisonics='sn3d')
