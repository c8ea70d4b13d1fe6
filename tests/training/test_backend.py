"""Loading Keras."""

import logging
import os

import keras

from seldnet.training import backend


def test_loading_keras_leaves_the_environment_as_it_was(monkeypatch):
    monkeypatch.delenv('TF_CPP_MIN_LOG_LEVEL', raising=False)
    before = dict(os.environ)
    assert backend.import_keras() is keras
    assert dict(os.environ) == before
    backend.load_keras('mixed_bfloat16')
    try:
        assert keras.config.dtype_policy().name == 'mixed_bfloat16'
    finally:
        backend.load_keras()
    assert keras.config.dtype_policy().name == 'float32'


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
