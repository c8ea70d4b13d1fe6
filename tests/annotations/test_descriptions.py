"""Descriptions: what is read, what is refused with file and line, and what is written."""

import dataclasses
import math

import pytest
from small_datasets import HEADER, OWN

from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import (
    Event,
    described_classes,
    description_dict,
    description_problems,
    read_description,
    write_description,
)
from seldnet.common.errors import InputError

COUGH = TAU2019.classes.index('cough')


@pytest.fixture
def describe(tmp_path):
    """Function text -> the path of a description of this content."""
    def write(text: str | bytes):
        path = tmp_path / 'split1_ir0_ov1_1.csv'
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path
    return write


def test_description_columns_may_come_in_any_order(describe):
    path = describe('azi,dist,ele,end_time,start_time,sound_event_recording\n-170,2,40,1.5,0.25,knock\n')
    assert read_description(path) == [Event(0, 0.25, 1.5, -170, 40, 2)]
    assert description_dict(read_description(path), in_sec=True) == {
        'class': ['knock'], 'start': [0.25], 'end': [1.5], 'ele': [40], 'azi': [-170]}


def test_description_with_byte_order_mark_windows_ends_and_empty_lines(describe):
    path = describe(b'\xef\xbb\xbf' + HEADER.replace('\n', '\r\n').encode() + b'cough, 1,2.5,0,0,1\r\n\r\n')
    assert read_description(path) == [Event(COUGH, 1, 2.5, 0, 0, 1)]


@pytest.mark.parametrize('text', ['', '\n', HEADER])
def test_description_without_events(text, describe):
    assert read_description(describe(text)) == []
    assert description_problems(describe(text)) == []


BAD_DESCRIPTIONS = {
    'columns': ('start_time,end_time,ele,azi,dist\n',
                f":1: columns 'start_time,end_time,ele,azi,dist', expected {HEADER.strip()!r}"),
    'no header': ('cough,1,2,0,0,1\n', ":1: columns 'cough,1,2,0,0,1', expected "),
    'blank line above the header': ('\n' + HEADER + 'cough,1,2,0,0,1\n', ":1: columns '', expected "),
    'endless cell': (HEADER + 'cough' * 30_000 + ',1,2,0,0,1\n', ':2: not a row of a CSV file: field larger'),
    'column twice': (HEADER.replace('dist', 'azi'), ':1: columns '),
    'class': (HEADER + 'cough,1,2,0,0,1\nCough,1,2,0,0,1\n', ":3: class 'Cough', expected one of knock, "),
    'cells': (HEADER + 'cough,1,2,0,0\n', ':2: 5 cells, expected 6'),
    'no number': (HEADER + 'cough,1,2,0,left,1\n', ":2: azi 'left', expected a number from -180 to 180"),
    'two points': (HEADER + 'cough,1,2,0,1.2.3,1\n', ":2: azi '1.2.3', expected a number from -180 to 180"),
    'not finite': (HEADER + 'cough,1,inf,0,0,1\n', ":2: end_time 'inf', expected a number from 0 to 86400"),
    'nan': (HEADER + 'cough,1,2,nan,0,1\n', ":2: ele 'nan', expected a number from -90 to 90"),
    'negative': (HEADER + 'cough,-1,2,0,0,1\n', ":2: start_time '-1', expected a number from 0 to 86400"),
    'azimuth': (HEADER + 'cough,1,2,0,270,1\n', ":2: azi '270', expected a number from -180 to 180"),
    'order': (HEADER + 'cough,3,2,0,0,1\n', ':2: end_time 2 is before start_time 3'),
    'later metadata': ('0,1,0,-50,30\n', ":1: metadata of DCASE 2020 or later, found '0,1,0,-50,30', "
                       f"expected {HEADER.strip()!r}; misc_files/convert_dataset.py converts it"),
    'later metadata with distances': ('10,     1,  1,  -50,  30, 180\n', ':1: metadata of DCASE 2020 or la'),
    'source': (HEADER.replace('dist', 'dist,source') + 'cough,1,2,0,0,1,-1\n',
               ":2: source '-1', expected a whole number from 0 to 999999999, or an empty cell"),
    'source of many digits': (HEADER.replace('dist', 'dist,source') + 'cough,1,2,0,0,1,' + 5000 * '1' + '\n',
                              ":2: source '11111"),
    'distance': (HEADER + 'cough,1,2,0,0,nan\n', ":2: dist 'nan', expected a number of at least 0"),
    'not text': (b'\xff\xfe', ': not UTF-8 text (UTF-16), expected a CSV file; '),
}


@pytest.mark.parametrize('case', BAD_DESCRIPTIONS)
def test_bad_descriptions_name_file_line_and_what_was_expected(case, describe):
    text, message = BAD_DESCRIPTIONS[case]
    path = describe(text)
    with pytest.raises(InputError) as error:
        read_description(path)
    assert str(error.value).startswith(f'{path}{message}')
    assert description_problems(path) == [str(error.value)]


@pytest.mark.parametrize(('column', 'least', 'most'), [
    ('start_time', 0, 86400), ('end_time', 86400, 86400), ('azi', -180, 180), ('ele', -90, 90),
    ('dist', 0, None), ('confidence', 0, 1)])
def test_numbers_up_to_the_ends_of_their_ranges(column, least, most, describe):
    row = {'sound_event_recording': 'cough', 'start_time': 86400, 'end_time': 86400, 'ele': 0, 'azi': 0,
           'dist': 1, 'confidence': 0.5}

    def read(value):
        cells = ','.join(map(str, (row | {column: value}).values()))
        return read_description(describe(f'{HEADER.strip()},confidence\n{cells}\n'))

    for value in (least, least if most is None else most):
        assert float(value) in read(value)[0]
    beyond = ([] if column == 'end_time' else [least - 0.001]) + ([] if most is None else [most + 0.001])
    for value in beyond:
        with pytest.raises(InputError, match=f":2: {column} '{value}', expected a number "):
            read(value)


@pytest.mark.parametrize(('header', 'hint'), [
    ('start_time,end_time', ''), ('cough,1,2,0,0,1', ''),
    (HEADER.strip().replace(',', ';'), ': semicolons between them, expected commas, and decimal points'),
    (HEADER.strip().replace(',', '\t'), ': tabs between them, expected commas, and decimal points')])
def test_other_columns_are_named_with_what_stands_between_them(header, hint, describe):
    path = describe(header + '\n')
    assert description_problems(path) == [f'{path}:1: columns {header!r}, expected {HEADER.strip()!r}{hint}']


def test_classes_of_a_description_whatever_the_data_set(describe):
    path = describe(HEADER + 'car,1,2,0,0,1\nbird,1,2,0,0,1\ncar,1,2,0,0,1\n')
    assert described_classes(path) == ['car', 'bird', 'car']


def test_a_recording_of_another_length_than_the_data_sets(describe):
    path = describe(HEADER + 'cough,59,70,0,0,1\n')
    assert description_problems(path, seconds=65) == []
    assert description_problems(path, seconds=64) == [
        f'{path}:2: end_time 70 is beyond the recording, expected at most 69 s (64 s and a little)']
    free = dataclasses.replace(TAU2019, recording_s=None)
    assert description_problems(path, dataset=free) == []
    assert len(description_problems(path, dataset=free, seconds=59)) == 2


@pytest.mark.parametrize('row, message', [
    ('cough,1,2,0,15,1', 'azi 15 is off the grid, expected a multiple of 10 from -180 to 170'),
    ('cough,1,2,0,180,1', 'azi 180 is off the grid, expected a multiple of 10 from -180 to 170'),
    ('cough,1,2,50,0,1', 'ele 50 is off the grid, expected a multiple of 10 from -40 to 40'),
    ('cough,60,60,0,0,1', 'start_time 60 is beyond the recording, expected less than 60 s'),
    ('cough,59,65.1,0,0,1', 'end_time 65.1 is beyond the recording, expected at most 65 s (60 s and a '
     'little)'),
])
def test_the_data_sets_descriptions_are_checked_further(row, message, describe):
    path = describe(HEADER + row + '\n')
    assert len(read_description(path)) == 1
    assert description_problems(path) == [f'{path}:2: {message}']


def test_all_problems_of_a_description_are_reported(describe):
    path = describe(HEADER + 'cough,1,2,0,15,1\ncough,1,2,0,10,1\nbark,1,2,0,0,1\ncough,59,65,0,0,1\n')
    problems = description_problems(path)
    assert [problem.split(': ')[0] for problem in problems] == [f'{path}:2', f'{path}:4']


def test_descriptions_of_another_data_set(describe):
    path = describe(HEADER + 'car,0.5,1,60,160,1\nbird,0.2,1.1,0,0,1\nbird,0.2,0.3,10,0,1\n')
    assert len(read_description(path, dataset=OWN)) == 3
    assert description_problems(path, dataset=OWN) == [
        f'{path}:3: end_time 1.1 is beyond the recording, expected at most 1 s (1 s and a little)',
        f'{path}:4: ele 10 is off the grid, expected a multiple of 20 from -20 to 60']
    with pytest.raises(InputError, match=":2: class 'car', expected one of knock, "):
        read_description(path)


def test_what_is_written_is_read_again(tmp_path):
    events = [Event(0, 0.25, 1.5, -170, 40, 2), Event(COUGH, 1.0000000001, 2, 12.5, -7, 1)]
    write_description(tmp_path / 'a.csv', events)
    assert (tmp_path / 'a.csv').read_text().startswith(HEADER)
    assert read_description(tmp_path / 'a.csv') == events


def test_sources_and_unknown_distances_are_kept(tmp_path):
    events = [Event(0, 1, 2, 0, 0, 1.5, 3), Event(0, 2, 3, 0, 0, math.nan, None)]
    write_description(tmp_path / 'a.csv', events)
    assert (tmp_path / 'a.csv').read_text().splitlines() == [
        HEADER.strip() + ',source', 'knock,1.0000000000,2.0000000000,0,0,1.5,3',
        'knock,2.0000000000,3.0000000000,0,0,,']
    first, second = read_description(tmp_path / 'a.csv')
    assert (first, second[:5], second.source) == (events[0], events[1][:5], None)
    assert math.isnan(second.distance_m)
    assert description_problems(tmp_path / 'a.csv') == []


def test_confidences_have_three_decimals_and_an_empty_cell_where_there_is_none(tmp_path):
    write_description(tmp_path / 'a.csv', [Event(0, 1, 2, 0, 0, 1, None, 0.12345), Event(0, 1, 2, 0, 0, 1)])
    assert [line.rpartition(',')[2] for line in (tmp_path / 'a.csv').read_text().splitlines()] == [
        'confidence', '0.123', '']
    assert [event.confidence for event in read_description(tmp_path / 'a.csv')] == [0.123, None]


def test_what_is_written_is_utf_8_with_plain_line_ends(tmp_path):
    dataset = dataclasses.replace(TAU2019, classes=('Tür',))
    write_description(tmp_path / 'a.csv', [Event(0, 1, 2, 0, 0, 1)], dataset=dataset)
    content = (tmp_path / 'a.csv').read_bytes()
    assert b'T\xc3\xbcr,1.0' in content and content.count(b'\n') == 2 and b'\r' not in content


def test_whole_degrees_are_integers_in_memory():
    angles = description_dict([Event(0, 0, 1, -30.0, 10.5, 1)])
    assert (repr(angles['azi']), repr(angles['ele'])) == ('[-30]', '[10.5]')


def test_a_source_may_be_written_as_programs_do_and_stand_anywhere(describe):
    path = describe('source,' + HEADER + '12.0,cough,1,2,0,0,\n,cough,1,2,0,0,1\n')
    assert [event.source for event in read_description(path)] == [12, None]


def test_without_a_source_there_is_no_column(tmp_path):
    write_description(tmp_path / 'a.csv', [Event(0, 1, 2, 0, 0, math.nan)])
    assert (tmp_path / 'a.csv').read_text() == HEADER + 'knock,1.0000000000,2.0000000000,0,0,\n'


@pytest.mark.parametrize('number', ['١', '1_0', '0x1', '１', 'infinity'])
def test_numbers_are_written_in_ascii(number, tmp_path):
    """Python reads more as a number than those who wrote other readers of these files."""
    path = tmp_path / 'split1_ir0_ov1_1.csv'
    path.write_text('sound_event_recording,start_time,end_time,ele,azi,dist\n' f'cough,{number},15,0,0,1\n',
                    encoding='utf-8')
    with pytest.raises(InputError, match=f'{path.name}:2: start_time .*, expected a number'):
        read_description(path)
