"""Calls of `seld.py` on tiny features."""

import shutil

import pytest
from seld_runs import options
from tiny_training import DATASET, SIZES, STAND_IN

import seld
from seldnet.methods.registry import METHODS


@pytest.fixture
def run_seld(tiny_features, tmp_path, monkeypatch, empty_curves):
    """Call main with tiny features, sizes and network; files go to tmp_path."""
    monkeypatch.setitem(METHODS, 'stand_in', STAND_IN)

    def run(*arguments, task='1', job='job', quick_test=False, features=tiny_features):
        settings = SIZES | {'model_variant': 'stand_in', 'quick_test': quick_test, 'feat_label_dir': features,
                            'model_dir': tmp_path / 'models', 'dcase_dir': tmp_path / 'results'}
        return seld.main(['seld.py', task, job, *options(settings), *map(str, arguments)], dataset=DATASET)
    return run


@pytest.fixture
def features(tiny_features, tmp_path):
    """A copy of the tiny features, which a test may change."""
    return shutil.copytree(tiny_features, tmp_path / 'features')
