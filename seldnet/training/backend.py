"""Keras and what computes for it, loaded as all scripts load them."""

import logging
import os
import platform
import sys
from types import ModuleType

import numpy as np

from seldnet.common.errors import InputError
from seldnet.common.scripts import stderr_held_back


def load_keras(precision: str = 'float32') -> None:
    """Load Keras without the notes of its backend; for scripts, since it changes the process.

    Parameters
    ----------
    precision : str
        Keras' policy for training: 'float32', 'mixed_bfloat16' or 'mixed_float16'.

    Raises
    ------
    InputError
        If it cannot be loaded.
    """
    with stderr_held_back():
        try:
            import_keras()
        except Exception as error:  # of many kinds: KERAS_BACKEND or keras.json name what is not there
            raise InputError(f'Keras cannot be loaded: {error}; expected KERAS_BACKEND=tensorflow, or '
                             'another that is installed, and a ~/.keras/keras.json that suits it') from error
    import_keras().config.set_dtype_policy(precision)
    logging.getLogger('tensorflow').addFilter(_says_more_than_retracing)


def _says_more_than_retracing(record: logging.LogRecord) -> bool:
    """TensorFlow warns of graphs that it makes anew; each fold has a network, and so graphs, of its own."""
    return 'tf.function retracing' not in record.getMessage()


def import_keras() -> ModuleType:
    """Keras, loaded without the notes that TensorFlow logs meanwhile; the environment stays as it was."""
    before = os.environ.get(_TENSORFLOW_LOGS)
    os.environ.setdefault(_TENSORFLOW_LOGS, '3')  # errors come as exceptions
    try:
        import keras
    finally:
        if before is None:
            del os.environ[_TENSORFLOW_LOGS]
    return keras


_TENSORFLOW_LOGS = 'TF_CPP_MIN_LOG_LEVEL'


def versions() -> dict[str, str]:
    """Of Python, NumPy, Keras and its backend."""
    import keras

    backend = keras.backend.backend()
    return {'python': platform.python_version(), 'numpy': np.__version__, 'keras': keras.__version__,
            'backend': backend, backend: sys.modules[backend].__version__}
