"""Keras and what computes for it, loaded as all scripts load them."""

import logging
import os
import platform
import sys
from types import ModuleType

import numpy as np

from seldnet.common.errors import InputError
from seldnet.common.processes import keep_freed_memory
from seldnet.common.scripts import stderr_held_back

# Variables of the environment that TensorFlow reads when it is imported.
TENSORFLOW_SETTINGS = {'TF_CPP_MIN_LOG_LEVEL': '3'}  # no notes; errors come as exceptions
if platform.machine().lower() in {'x86_64', 'amd64'}:
    # TensorFlow has two kernels for many layers, and takes the faster ones by itself only on processors with
    # instructions for neural networks (AVX512_VNNI).
    TENSORFLOW_SETTINGS['TF_ENABLE_ONEDNN_OPTS'] = '1'


def load_keras(precision: str = 'float32') -> None:
    """Load Keras without the notes of its backend; for scripts, since it changes the process.

    The process then keeps the memory that it frees (`keep_freed_memory`).

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
    keep_freed_memory()
    logging.getLogger('tensorflow').addFilter(_says_more_than_retracing)


def _says_more_than_retracing(record: logging.LogRecord) -> bool:
    """TensorFlow warns of graphs that it makes anew; each fold has a network, and so graphs, of its own."""
    return 'tf.function retracing' not in record.getMessage()


def import_keras() -> ModuleType:
    """Keras, loaded with `TENSORFLOW_SETTINGS`, those of the user first; the environment stays as it was."""
    added = {name: value for name, value in TENSORFLOW_SETTINGS.items() if name not in os.environ}
    os.environ.update(added)
    try:
        import keras
    finally:
        for name in added:
            os.environ.pop(name, None)  # another thread may have been as far
    return keras


def versions() -> dict[str, str]:
    """Of Python, NumPy, Keras and its backend."""
    import keras

    backend = keras.backend.backend()
    return {'python': platform.python_version(), 'numpy': np.__version__, 'keras': keras.__version__,
            'backend': backend, backend: sys.modules[backend].__version__}
