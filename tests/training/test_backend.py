"""Loading Keras."""

import logging
import os
import platform
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from seldnet.training import backend

REPOSITORY = Path(__file__).resolve().parents[2]


def test_loading_keras_leaves_the_environment_as_it_was(monkeypatch):
    for name in backend.TENSORFLOW_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)
    assert backend.import_keras() is keras
    assert dict(os.environ) == before
    backend.load_keras('mixed_bfloat16')
    try:
        assert keras.config.dtype_policy().name == 'mixed_bfloat16'
    finally:
        backend.load_keras()
    assert keras.config.dtype_policy().name == 'float32'


WHICH_KERNELS = """
from seldnet.training import backend
backend.load_keras()
from tensorflow.python.util import _pywrap_util_port
print(_pywrap_util_port.IsMklEnabled())
"""


@pytest.mark.skipif('TF_ENABLE_ONEDNN_OPTS' not in backend.TENSORFLOW_SETTINGS,
                    reason=f'{platform.machine()} is no x86')
@pytest.mark.parametrize('setting', [None, '0'])
def test_tensorflow_has_onednn_s_kernels_on_any_x86_processor_unless_the_user_wants_others(setting):
    environment = {name: value for name, value in os.environ.items()
                   if name not in backend.TENSORFLOW_SETTINGS}
    if setting:
        environment['TF_ENABLE_ONEDNN_OPTS'] = setting
    done = subprocess.run([sys.executable, '-c', WHICH_KERNELS], capture_output=True, text=True, check=True,
                          cwd=REPOSITORY, env=environment)
    assert (done.stdout, done.stderr) == (f'{setting is None}\n', '')


def test_versions():
    name = keras.backend.backend()
    versions = backend.versions()
    assert versions['keras'] == keras.__version__
    assert versions['backend'] == name
    assert list(versions) == ['python', 'numpy', 'keras', 'backend', name]


def test_of_what_tensorflow_says_only_retracing_is_held_back(caplog):
    backend.load_keras('float32')
    logging.getLogger('tensorflow').warning('5 out of 5 calls triggered tf.function retracing.')
    logging.getLogger('tensorflow').warning('something else')
    assert 'retracing' not in caplog.text and 'something else' in caplog.text
