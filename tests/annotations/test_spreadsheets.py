"""Descriptions as spreadsheets save them: what is read, and what is said of the rest."""

import math

import pytest
from small_datasets import HEADER

from seldnet.annotations.descriptions import read_description
from seldnet.common.errors import InputError

ROW = 'knock,0.5,1.2,0,-110,1\n'


@pytest.fixture
def read(tmp_path):
    """Function content -> the events of a description with this content."""
    def of(content):
        path = tmp_path / 'some.csv'
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_description(path)
    return of


@pytest.mark.parametrize('content', [
    HEADER + ROW + ',,,,,\n,,,,,\n',  # empty rows
    HEADER + ',,,,,\n' + ROW + ' , ,,,, \n',
    HEADER.strip() + ',,\n' + ROW.strip() + ',,\n',  # empty columns
    ',' + HEADER + ',' + ROW,
    HEADER.strip() + ',\r\n' + ROW.strip() + ',\r\n,,,,,,\r\n',
    '\ufeff' + HEADER + ROW,
])
def test_empty_rows_and_columns_are_passed_over(read, content):
    assert read(content) == read(HEADER + ROW)
    assert len(read(content)) == 1


@pytest.mark.parametrize('content, message', [
    (HEADER.replace(',', ';') + 'knock;0,5;1,2;0;-110;1\n',
     ':1: columns .* semicolons between them, expected commas, and decimal points'),
    (HEADER.replace(',', '\t') + ROW.replace(',', '\t'), ':1: columns .* tabs between them, expected commas'),
    (HEADER + 'knock,"0,5","1,2",0,-110,1\n', ":2: '0,5', expected a point, not a comma"),
    (HEADER + 'knock,0.5,1.2,0,-110\n', ':2: 5 cells, expected 6$'),
    (HEADER + 'knock,0,5,1,2,0,-110,1\n', r':2: 8 cells, expected 6 \(decimals have points, not commas\)'),
    ((HEADER + ROW).encode('utf-16'), r': not UTF-8 text \(UTF-16\), .* saves it as "CSV UTF-8"'),
    ((HEADER + ROW).encode('utf-16-le'), r': not UTF-8 text \(UTF-16\)'),
    ((HEADER + 'knöck,0,1,0,0,1\n').encode('latin-1'), r': not UTF-8 text \(invalid .* at byte \d+\)'),
    (HEADER + ',0.5,1.2,0,-110,1\n', ":2: class '', expected one of knock"),
    (HEADER + 'knock,0.5,1.2,0,-110,1,7,\n', ':2: 7 cells, expected 6'),
])
def test_the_rest_is_refused_with_a_hint_that_fits(read, content, message):
    with pytest.raises(InputError, match=rf'some\.csv{message}'):
        read(content)


def test_an_unknown_distance_is_no_empty_column(read):
    row = ROW.replace(',1\n', ',\n')
    for content in (HEADER + row, HEADER.strip() + ',\n' + row.strip() + ',\n'):
        event, = read(content)
        assert math.isnan(event.distance_m) and event.azimuth_deg == -110
