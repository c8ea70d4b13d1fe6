"""A trained model for other programs: the lines of docs/EXPORT.md, run for each method."""

import re
from pathlib import Path

import numpy as np
import pytest

import parameter
from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError
from seldnet.methods.registry import METHODS
from seldnet.training import backend, network
from seldnet.training.export import FORMATS, export

PAGE = (Path(__file__).parents[2] / 'docs' / 'EXPORT.md').read_text(encoding='utf-8')
FEATURES_OF_THE_PAGE = 'np.zeros((1, 128, 1024, 8), np.float32)'
NB_FRAMES = 16
SMALL = {'nb_cnn2d_filt': 2, 'pool_size': [16, 8], 'rnn_size': [4], 'fnn_size': [4],
         'sequence_length': NB_FRAMES}


@pytest.fixture(params=METHODS)
def model(request, tmp_path, monkeypatch):
    """A trained model, of features as large as real ones, where the page's lines look for it."""
    monkeypatch.chdir(tmp_path)
    params = parameter.get_params(model_variant=request.param, **SMALL | (
        {'pool_size': [8, 4]} if request.param == 'accdoa' else {}))
    method = METHODS[request.param]
    backend.load_keras('float32')
    shape = (None, NB_FRAMES, *method.kind.frame_shape(TAU2019, 'foa'))
    built = network.build(method, shape, TAU2019.nb_classes, params, seed=1)
    Path('models').mkdir()
    network.save(built, Path('models/4_first_foa_dev_split1_model.keras'))
    return built


@pytest.fixture
def features(model):
    """Of two sequences."""
    return np.random.default_rng(0).normal(size=(2, *model.input_shape[1:])).astype(np.float32)


def export_as_the_page_does(target):
    line, = re.findall(r'^python -c "(.* export\(.*)"$', PAGE, re.MULTILINE)
    assert "'first.onnx'" in line
    exec(line.replace('first.onnx', target), {})


def outputs_as_the_page_gets_them(section, features):
    """What the lines of a section give for these features."""
    text = re.search(rf'^## {section}\n(.*?)(?=^## )', PAGE, re.MULTILINE | re.DOTALL)[1]
    lines, = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
    assert lines.count(FEATURES_OF_THE_PAGE) == 1
    names = {'given': features}
    exec(compile(lines.replace(FEATURES_OF_THE_PAGE, 'given'), 'EXPORT.md', 'exec'), names)
    return names['outputs']


def assert_equal_outputs(outputs, model, features):
    expected = model.predict_on_batch(features)
    expected = expected if isinstance(expected, list | tuple) else [expected]
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    assert len(outputs) == len(expected)
    for output, wanted in zip(outputs, expected):
        np.testing.assert_allclose(np.asarray(output), wanted, atol=1e-5)


def test_a_saved_model(model, features):
    pytest.importorskip('tensorflow')
    export_as_the_page_does('first')
    assert_equal_outputs(outputs_as_the_page_gets_them('SavedModel', features), model, features)


def test_a_file_of_tensorflow_lite(model):
    pytest.importorskip('tensorflow')
    export_as_the_page_does('first.tflite')
    assert Path('first.tflite').read_bytes()[4:8] == b'TFL3'


def test_onnx(model, features):
    for package in ('onnx', 'tf2onnx', 'onnxruntime'):
        pytest.importorskip(package)
    export_as_the_page_does('first.onnx')
    assert_equal_outputs(outputs_as_the_page_gets_them('ONNX', features), model, features)


def test_the_sizes_of_the_page():
    """What it says goes in, and the shape of its example."""
    table = dict(re.findall(r'^\| (`.*?`) \| (\d+ frames x [\dx ]+)', PAGE, re.MULTILINE))
    assert table.keys() == {'`released`, `paper`', '`accdoa`'}
    for names, size in table.items():
        for name in re.findall(r'`(\w+)`', names):
            frames = parameter.get_params(model_variant=name)['sequence_length']
            shape = (frames, *METHODS[name].kind.frame_shape(TAU2019, 'foa'))
            assert tuple(map(int, re.findall(r'\d+', size))) == shape
    assert re.search(rf'np\.zeros\(\(1, {", ".join(re.findall(r"[0-9]+", table["`released`, `paper`"]))}\)',
                     PAGE)


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
