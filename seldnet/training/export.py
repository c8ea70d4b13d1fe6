"""A trained model in the formats of other programs: features in, the network's outputs out."""

import importlib.util
from pathlib import Path

import numpy as np

from seldnet.common.errors import InputError
from seldnet.training import network

FORMATS = {'.onnx': ('onnx', ('onnx', 'tf2onnx')), '.tflite': ('litert', ('tensorflow',)),
           '': ('tf_saved_model', ('tensorflow',))}  # ending: Keras' name, packages that it needs


def export(model: str | Path, target: str | Path) -> None:
    """Write a model as ONNX, for TensorFlow Lite, or as a SavedModel, by the ending of the target.

    Parameters
    ----------
    model : path
        A file `..._model.keras` of `seld.py`.
    target : path
        That ends in `.onnx`, in `.tflite`, or, a folder, in nothing; it must not exist.

    Raises
    ------
    InputError
        If the model cannot be loaded, the target is there or ends otherwise, or a package is missing.
    OSError
        If it cannot be written.
    """
    target = Path(target)
    if target.suffix not in FORMATS:
        raise InputError(f'{target}: ends in {target.suffix}, expected .onnx, .tflite or nothing '
                         '(SavedModel)')
    if target.exists():
        raise InputError(f'{target}: exists already, expected another name')
    name, packages = FORMATS[target.suffix]
    missing = [package for package in packages if not importlib.util.find_spec(package)]
    if missing:
        raise InputError(f'{target}: needs packages that are not installed; '
                         f'`pip install {" ".join(missing)}`')
    loaded = network.load(Path(model))
    loaded.predict_on_batch(np.zeros((1, *loaded.input_shape[1:]), np.float32))  # Keras asks for a call
    loaded.export(target, format=name, verbose=False)
