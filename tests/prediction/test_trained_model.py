"""Settings and scaler beside a model, and what is refused of them."""

import dataclasses

import numpy as np
import pytest
from untrained_model import LENGTH

from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError
from seldnet.common.files import write_json
from seldnet.methods.registry import METHODS
from seldnet.prediction.trained_model import read_trained_model


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
    {'model_variant': ['released']}])
def test_settings_that_cannot_be(with_settings, changes):
    with pytest.raises(InputError, match=r'split1\.json: expected the settings that seld\.py writes'):
        read_trained_model(with_settings(**changes))


@pytest.mark.parametrize('content', ['{}', '[]', '{"params": []}', 'null'])
def test_settings_of_something_else(with_settings, content):
    path = with_settings()
    path.with_name('1_job_foa_dev_split1.json').write_text(content)
    with pytest.raises(InputError, match=r'split1\.json: expected the settings that seld\.py writes'):
        read_trained_model(path)


def test_settings_of_earlier_versions(with_settings):
    model = read_trained_model(with_settings(without=('model_variant', 'dataset')))
    assert (model.method.name, model.audio_format) == ('released', 'foa')


def test_a_network_that_does_not_suit_its_settings(with_settings):
    model = read_trained_model(with_settings(sequence_length=64))
    with pytest.raises(InputError, match=r'input has the shape \(None, 128, 1024, 8\), expected \(None, 64,'):
        model.load_network()


def test_a_scaler_of_another_data_set(untrained):
    narrow = dataclasses.replace(TAU2019, sample_rate_hz=24000)
    with pytest.raises(InputError, match=r'_wts\.npz: scaler of shapes .*8192.*, expected \(4096,\)'):
        read_trained_model(untrained.model, dataset=narrow)
