"""The lines of docs/EXPORT.md, run for each method: what is exported gives what the model gives."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import parameter
from seldnet.annotations.dataset import TAU2019
from seldnet.methods.registry import METHODS
from seldnet.training import network

DOCUMENT = Path(__file__).resolve().parents[1] / 'docs' / 'EXPORT.md'
NEEDS = {'SavedModel': ('tensorflow',), 'ONNX': ('tf2onnx', 'onnxruntime')}
SMALL = {'nb_cnn2d_filt': 2, 'pool_size': [16, 8], 'rnn_size': [4], 'fnn_size': [4], 'sequence_length': 16}


def lines_of(section: str) -> str:
    """The Python of a section, one block after the other."""
    text = re.search(rf'^## {section}\n(.*?)(?=^## )', DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)[1]
    blocks = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
    assert len(blocks) == 2
    return ''.join(blocks)


@pytest.fixture(params=METHODS)
def trained(request, tmp_path, monkeypatch):
    """A small model of a method where the document has it."""
    monkeypatch.chdir(tmp_path)
    params = parameter.get_params(model_variant=request.param, **SMALL | (
        {'pool_size': [8, 4]} if request.param == 'accdoa' else {}))
    method = METHODS[request.param]
    network.load_keras('float32')
    shape = (None, params['sequence_length'], *method.kind.frame_shape(TAU2019, 'foa'))
    model = network.build(method, shape, TAU2019.nb_classes, params, seed=1)
    path = Path('models/4_first_foa_dev_split1_model.keras')
    path.parent.mkdir()
    network.save(model, path)


@pytest.mark.parametrize('section', NEEDS)
def test_the_lines_of_the_document(section, trained):
    for package in NEEDS[section]:
        pytest.importorskip(package)
    lines = lines_of(section).replace('np.zeros((1, *model.input_shape[1:]), np.float32)',
                                      'np.random.default_rng(0).normal(size=(1, *model.input_shape[1:]))'
                                      '.astype(np.float32)')
    assert 'default_rng' in lines
    names: dict = {}
    exec(compile(lines, DOCUMENT.name, 'exec'), names)
    expected, found = (values if isinstance(values, list | tuple) else [values]
                       for values in (names['model'](names['features']), names['outputs']))
    assert len(found) == len(expected)
    for ours, theirs in zip(expected, found):
        np.testing.assert_allclose(np.asarray(theirs), np.asarray(ours), atol=1e-5)
    assert 'keras' in sys.modules
