"""Rows of descriptions, folders of predictions (the files: tests/faces/test_evaluation_metrics.py)."""

from pathlib import Path

import numpy as np

from seldnet.annotations.descriptions import Event
from seldnet.annotations.output_format import description_rows, predictions_folder


def test_description_rows_are_frame_by_frame_as_they_first_come():
    events = [Event(3, 0.02, 0.06, -30, 10.5, 1), Event(1, 0.0, 0.03, 170, -40, 1)]
    rows = description_rows(events)
    assert rows.dtype == float
    assert rows.tolist() == [[1, 3, -30, 10.5], [1, 1, 170, -40], [2, 3, -30, 10.5], [3, 3, -30, 10.5],
                             [0, 1, 170, -40]]
    assert description_rows([Event(0, 0, 0, 10, 20, 1)]).dtype == float
    np.testing.assert_array_equal(description_rows([]), np.zeros((0, 4)))


def test_the_folder_of_predictions():
    assert predictions_folder('results', 4, 'foa', 'dev') == Path('results/4_foa_dev')
