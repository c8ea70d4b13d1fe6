"""A model for other programs: the lines of docs/SETTINGS.md, run."""

import re
from pathlib import Path

import numpy as np
import pytest

import parameter
from seldnet.common.errors import InputError
from seldnet.methods.registry import METHODS
from seldnet.training import network
from seldnet.training.export import FORMATS, export

PAGE = Path(__file__).parents[2] / 'docs' / 'SETTINGS.md'
SHAPE = (2, 20, 16, 8)


@pytest.fixture(params=METHODS)
def model(request, tmp_path, monkeypatch):
    """A trained model where the page's lines look for it."""
    monkeypatch.chdir(tmp_path)
    params = parameter.get_params(model_variant=request.param, nb_cnn2d_filt=2, pool_size=[4], rnn_size=[3],
                                  fnn_size=[3])
    built = network.build(METHODS[request.param], SHAPE, 11, params, seed=1)
    Path('models').mkdir()
    network.save(built, Path('models/4_first_foa_dev_split1_model.keras'))
    return built


def run_line_of_the_page(target):
    line, = re.findall(r'^python -c "(.* export\(.*)"$', PAGE.read_text(encoding='utf-8'), re.MULTILINE)
    assert "'first.onnx'" in line
    exec(line.replace('first.onnx', target), {})


def assert_equal_outputs(outputs, model, features):
    expected = model.predict_on_batch(features)
    expected = expected if isinstance(expected, list | tuple) else [expected]
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    assert len(outputs) == len(expected)
    for output, wanted in zip(outputs, expected):
        np.testing.assert_allclose(output, wanted, atol=1e-5)


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)


def test_a_saved_model(model, features):
    import tensorflow
    run_line_of_the_page('first')
    exported = tensorflow.saved_model.load('first')
    assert_equal_outputs(exported.serve(features), model, features)


def test_a_file_of_tensorflow_lite(model):
    run_line_of_the_page('first.tflite')
    assert Path('first.tflite').read_bytes()[4:8] == b'TFL3'


def test_onnx(model, features):
    for package in ('onnx', 'tf2onnx'):
        pytest.importorskip(package)
    runtime = pytest.importorskip('onnxruntime')
    run_line_of_the_page('first.onnx')
    session = runtime.InferenceSession('first.onnx')
    assert_equal_outputs(session.run(None, {session.get_inputs()[0].name: features}), model, features)


@pytest.mark.parametrize(('target', 'message'), [
    ('a.pb', 'a.pb: ends in .pb, expected .onnx, .tflite or nothing'), ('taken', 'taken: exists already'),
    ('a.onnx', 'a.onnx: needs packages that are not installed; `pip install no_such_package`'),
    ('a', 'm.keras: no such model')])
def test_what_cannot_be_exported(tmp_path, monkeypatch, target, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(FORMATS, '.onnx', ('onnx', ('no_such_package',)))
    Path('taken').mkdir()
    with pytest.raises(InputError, match=message):
        export('m.keras', target)
    assert [path.name for path in tmp_path.iterdir()] == ['taken']
