"""The examples in the docstrings of the engine and of parameter.py are true."""

import doctest
import importlib
from pathlib import Path

import pytest
from test_architecture import WITH_KERAS

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted({'parameter', *('.'.join(path.relative_to(ROOT).with_suffix('').parts)
                                 for path in (ROOT / 'seldnet').glob('*/*.py') if path.stem != '__init__')}
                 - WITH_KERAS)
# What a reader meets first.
SHOWN = {
    'parameter.get_params', 'seldnet.annotations.dataset.Dataset.parse_name',
    'seldnet.annotations.descriptions.read_description', 'seldnet.annotations.directions.DirectionGrid.index',
    'seldnet.annotations.labels.regression_labels', 'seldnet.annotations.output_format.dict_to_rows',
    'seldnet.annotations.output_format.read_output_rows', 'seldnet.annotations.output_format.rows_to_dict',
    'seldnet.extraction.features.spectrum_to_features', 'seldnet.extraction.scaler.fit_scaler',
    'seldnet.extraction.spectra.stft', 'seldnet.prediction.event_list.find_events',
    'seldnet.scoring.counting.count_recordings', 'seldnet.scoring.scores.score',
}


def examples_of(module: str) -> list[doctest.DocTest]:
    found = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module))
    return [test for test in found if test.examples]


@pytest.mark.parametrize('module', MODULES)
def test_examples_are_true(module, monkeypatch):
    monkeypatch.chdir(ROOT)  # examples read files of the repository
    runner = doctest.DocTestRunner()
    failures: list[str] = []
    for test in examples_of(module):
        runner.run(test, out=failures.append)
    assert not failures, ''.join(failures)
    assert runner.summarize(verbose=False).failed == 0


def test_there_are_examples():
    tests = [test for module in MODULES for test in examples_of(module)]
    assert sum(len(test.examples) for test in tests) >= 10
    assert {test.name for test in tests} >= SHOWN
