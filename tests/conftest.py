"""What several tests share: the folder of golden numbers, and quiet, CPU-only network tests."""

import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('CUDA_VISIBLE_DEVICES', '-1')

GOLDEN = Path(__file__).parent / 'golden'


@pytest.fixture(scope='session')
def golden():
    """Function name -> the arrays of tests/golden/<name>.npz."""
    def load(name: str) -> dict[str, np.ndarray]:
        with np.load(GOLDEN / f'{name}.npz', allow_pickle=False) as arrays:
            return dict(arrays)
    return load
