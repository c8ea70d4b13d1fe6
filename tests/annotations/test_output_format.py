"""Rows in memory, folders of predictions (the files: tests/faces/test_evaluation_metrics.py)."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from seldnet.annotations import output_format
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import Event
from seldnet.annotations.output_format import (
    active_rows,
    classification_rows,
    description_rows,
    dict_to_rows,
    predictions_folder,
    read_output_rows,
    rows_on_grid,
    rows_to_classification_labels,
    write_output_rows,
)
from seldnet.annotations.output_text import are_legal, parse_plain
from seldnet.common.errors import InputError


def test_description_rows_are_frame_by_frame_as_they_first_come():
    events = [Event(3, 0.02, 0.06, -30, 10.5, 1), Event(1, 0.0, 0.03, 170, -40, 1)]
    rows = description_rows(events)
    assert rows.dtype == float
    assert rows.tolist() == [[1, 3, -30, 10.5], [1, 1, 170, -40], [2, 3, -30, 10.5], [3, 3, -30, 10.5],
                             [0, 1, 170, -40]]
    assert description_rows([Event(0, 0, 0, 10, 20, 1)]).dtype == float
    np.testing.assert_array_equal(description_rows([]), np.zeros((0, 4)))


@pytest.mark.parametrize('content', [b'0,3,-120,10\n7,10,200,-90\n', b'0,3,-120,10\n7,10,200,-90'])
def test_files_as_the_project_writes_them_are_read_the_fast_way(content):
    assert parse_plain(content).tolist() == [[0, 3, -120, 10], [7, 10, 200, -90]]
    assert parse_plain(b'123456789,0,-123456789,0\n').tolist() == [[123456789, 0, -123456789, 0]]
    assert parse_plain(b'').shape == (0, 4)


@pytest.mark.parametrize('content', [
    b'0,3,-120\n10', b'0,3,-120,10,7,10,200,-90\n', b'0,3,--120,10\n', b'0,3,-,10\n', b'0,3,,10\n', b'\n',
    b'0,3,1-2,10\n', b'0,3,1:,10\n', b'0,3,+120,10\n', b'0,3, 120,10\n', b'0,3,1.0,10\n',
    b'1234567890,3,120,10\n', b'0,3,120,10\r\n', b'0,3,120,10\n\n', b'0;3;120;10\n', b'0\n3,120,10,'])
def test_other_files_are_left_to_the_way_line_by_line(content):
    assert parse_plain(content) is None


@pytest.mark.parametrize('content', [b'0,3,-120,10\n', b'\xef\xbb\xbf0,3,-120,10\r\n'])
def test_a_byte_order_mark_and_windows_line_ends_cost_no_time(content, tmp_path, monkeypatch):
    (tmp_path / 'a.csv').write_bytes(content)
    monkeypatch.setattr(output_format, 'parse_line_by_line', None)
    assert read_output_rows(tmp_path / 'a.csv').tolist() == [[0, 3, -120, 10]]


@pytest.mark.parametrize('number', ['12', '12.0'])
def test_classes_are_those_of_the_data_set_however_they_are_written(number, tmp_path):
    many = dataclasses.replace(TAU2019, classes=tuple(map(str, range(13))))
    (tmp_path / 'a.csv').write_text(f'0,{number},-120,10\n')
    assert read_output_rows(tmp_path / 'a.csv', dataset=many).tolist() == [[0, 12, -120, 10]]
    with pytest.raises(InputError, match='class 12, expected 0..10'):
        read_output_rows(tmp_path / 'a.csv')


def test_the_row_that_cannot_be_written_is_named(tmp_path):
    rows = np.array([[0, 0, 0, 0], [10 ** 9, 0, 0, 0]])
    with pytest.raises(ValueError, match='^expected numbers of at most 9 digits$'):
        write_output_rows(tmp_path / 'a.csv', rows)
    assert are_legal(rows, TAU2019).tolist() == [True, False]


def test_what_follows_in_an_entry_of_a_dictionary_is_ignored():
    entries = {49: [[8, -30.5, 10, 'sure'], [3, 20, 0]], 7: [[0, 0.5, -0.5, 1, 2]]}
    assert dict_to_rows(entries).tolist() == [[49, 8, -31, 10], [49, 3, 20, 0], [7, 0, 0, -1]]


def test_rows_of_active_classes_are_whole_numbers_toward_zero():
    active = np.array([[False, True], [True, True]])
    rows = active_rows(active, np.array([[9, -30.9], [179.9, 0]]), np.array([[9, 99.5], [-0.5, -90.5]]))
    assert rows.dtype == int
    assert rows.tolist() == [[0, 1, -30, 90], [1, 0, 179, 0], [1, 1, 0, -90]]


def test_directions_between_the_grids_are_whole_numbers_on_it():
    rows = rows_on_grid(np.array([[3, 2, 12.5, -7.5], [3, 2, 19.9, -1]]))
    assert rows.dtype == int and rows.tolist() == [[3, 2, 10, -10]]


def test_each_cell_of_the_grid_comes_back_alone():
    """The first cells too, from which no earlier one is told apart."""
    for frame in (0, 1):
        for elevation in (-40, -30, -20):
            rows = np.array([[frame, 0, -180, elevation]])
            np.testing.assert_array_equal(rows_on_grid(rows), rows)


def test_labels_of_recordings_of_own_lengths_end_with_the_last_row():
    free = dataclasses.replace(TAU2019, recording_s=None)
    rows = np.array([[7, 1, 10, 20], [3, 10, -180, -40]])
    labels = rows_to_classification_labels(rows, dataset=free)
    assert labels.shape == (8, 11, 324)
    np.testing.assert_array_equal(classification_rows(labels, dataset=free), rows[::-1])
    assert rows_to_classification_labels(rows[:0], dataset=free).shape == (0, 11, 324)


def test_the_folder_of_predictions():
    assert predictions_folder('results', 4, 'foa', 'dev') == Path('results/4_foa_dev')
