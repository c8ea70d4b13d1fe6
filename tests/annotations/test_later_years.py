"""Files of DCASE 2020 to 2024: what is read and refused, and that nothing is lost on the way and back."""

import dataclasses
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import Event, read_description, write_description
from seldnet.annotations.directions import wrap_azimuth_deg
from seldnet.annotations.event_frames import times_of_label_frames
from seldnet.annotations.later_files import (
    count_columns,
    read_metadata,
    read_predictions,
    write_cartesian,
    write_polar,
)
from seldnet.annotations.later_years import (
    CLASSES_OF_YEAR,
    events_to_metadata,
    metadata_to_events,
    predictions_from_2019,
    predictions_to_2019,
)
from seldnet.annotations.output_format import read_output_rows, write_output_rows
from seldnet.common.errors import InputError
from seldnet.scoring.recordings import read_reference_rows

STARSS = dataclasses.replace(TAU2019, name='STARSS', classes=CLASSES_OF_YEAR[2023])


def write(folder: Path, text: str | bytes, name: str = 'a.csv') -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A folder for the files of an example after another."""
    return tmp_path_factory.mktemp('later')


# ---- metadata ----

COLUMNS_OF_METADATA = [st.integers(0, 12), st.integers(0, 12), st.integers(0, 2), st.integers(-180, 180),
                       st.integers(-90, 90)]
FEW = [st.integers(0, 8), st.integers(0, 1), st.integers(0, 1), st.sampled_from((0, 180)),
       st.sampled_from((0, 90))]


def lines_of(*columns) -> st.SearchStrategy[list[str]]:
    return st.lists(st.tuples(*columns), max_size=40).map(
        lambda rows: [','.join(map(str, row)) for row in rows])


@settings(max_examples=60, deadline=None)
@given(st.one_of(lines_of(*COLUMNS_OF_METADATA), lines_of(*COLUMNS_OF_METADATA, st.integers(0, 1000)),
                 lines_of(*FEW), lines_of(*FEW, st.sampled_from((70, 115)))))
def test_metadata_come_back_as_they_were(place, lines):
    """Sources and distances too, and also where equal rows stand twice, or sources of an index at once."""
    path = write(place, ''.join(f'{line}\n' for line in lines))
    events = metadata_to_events(read_metadata(path, dataset=STARSS))
    write_description(place / 'ours.csv', events, dataset=STARSS)
    write_polar(place / 'back.csv', events_to_metadata(read_description(place / 'ours.csv', dataset=STARSS)))
    assert sorted((place / 'back.csv').read_text().splitlines()) == sorted(lines)


def test_a_moving_source_keeps_its_path(tmp_path):
    """Each 20 ms frame has exactly one row, that of the 100 ms frame in which it is."""
    path = write(tmp_path, ''.join(f'{frame},6,2,{3 * frame},{frame % 2},150\n' for frame in range(10, 40)))
    write_description(tmp_path / 'ours.csv', metadata_to_events(read_metadata(path, dataset=STARSS)),
                      dataset=STARSS)
    labels = read_reference_rows(tmp_path / 'ours.csv', dataset=STARSS)
    np.testing.assert_array_equal(labels, [[frame, 6, 3 * (frame // 5), frame // 5 % 2]
                                           for frame in range(50, 200)])
    assert {event.distance_m for event in read_description(tmp_path / 'ours.csv', dataset=STARSS)} == {1.5}


def test_a_source_that_stays_is_one_event():
    rows = np.array([[frame, 1, 4, 30, 0, math.nan] for frame in (*range(3, 9), *range(10, 12))], float)
    events = metadata_to_events(rows)
    assert [(event.start_s, event.end_s) for event in events] == [
        (pytest.approx(0.31), pytest.approx(0.87)), (pytest.approx(1.01), pytest.approx(1.17))]
    assert all(math.isnan(event.distance_m) and event.source == 4 for event in events)


def test_sources_at_once_are_an_event_each():
    """Of a file in any order; they differ in class, source, azimuth, elevation or distance alone."""
    of_events = [(1, 4, 30, 0, 0), (1, 4, 30, 0, 100), (1, 4, 30, 0, 200), (1, 4, 30, 10, 100),
                 (1, 4, 40, 0, 100), (1, 5, 30, 0, 100), (2, 4, 30, 0, 100)]
    rows = np.array([(frame, *event) for frame in range(3) for event in of_events], float)
    events = metadata_to_events(np.random.default_rng(0).permutation(rows))
    found = [(event.class_index, event.source, event.azimuth_deg, event.elevation_deg, event.distance_m * 100)
             for event in events]
    assert sorted(found) == of_events
    assert [(event.start_s, event.end_s) for event in events] == 7 * [pytest.approx((0.01, 0.27))]


def test_events_are_in_the_order_of_their_starts_then_of_classes_and_sources():
    rows = np.array([[4, 0, 0, 0, 0, 9], [0, 2, 1, 0, 0, 9], [0, 1, 7, 10, 0, 9], [0, 1, 3, 20, 0, 9]], float)
    assert [(event.class_index, event.source) for event in metadata_to_events(rows)] == [
        (1, 3), (1, 7), (2, 1), (0, 0)]


def test_a_path_is_one_though_other_sources_sound_meanwhile():
    """Its two pieces have two of five frames each of the second 100 ms: together enough."""
    path = [Event(0, 0.01, 0.11, 20, 0, 1, 7), Event(0, 0.15, 0.155, 20, 0, 1, 7)]  # frames 0..6 and 7..8
    others = [Event(0, 0, 0.09, -90, 0, 1, 8), Event(1, 0, 0.09, 90, 0, 1, 7)]  # frames 0..5
    alone, together = events_to_metadata(path), events_to_metadata([*others, *path])
    assert alone[:, 0].tolist() == [0, 1] and len(together) == 4
    assert together[together[:, 3] == 20].tolist() == alone.tolist()


@pytest.mark.parametrize('seed', range(5))
def test_as_many_rows_of_a_source_as_its_events_sound_at_once(seed):
    rng = np.random.default_rng(seed)
    frames = [(first, first + rng.integers(0, 9)) for first in rng.integers(0, 40, 30)]  # of 100 ms
    events = [Event(0, *times_of_label_frames(5 * first, 5 * last + 4), number, 0, 1, 3)
              for number, (first, last) in enumerate(frames)]
    found = events_to_metadata(events)[:, [0, 3]].tolist()
    assert sorted(map(tuple, found)) == sorted(
        (frame, number) for number, (first, last) in enumerate(frames) for frame in range(first, last + 1))


def test_events_that_share_a_label_frame_sound_at_once():
    """By the labels' rule the frame 25 is of both, and a frame of 100 ms is the second one's alone."""
    found = events_to_metadata([Event(0, 0, 0.5, 0, 0, 1, 3), Event(0, 0.5, 0.99, 60, 0, 1, 3)])
    assert [(row[0], row[3]) for row in found.tolist()] == [
        *((frame, 0) for frame in range(5)), *((frame, 60) for frame in range(5, 10))]


def test_metadata_of_a_description_of_2019():
    """Frames of which three in five are active; mean directions in whole degrees; sources in order."""
    events = [Event(3, 0.5, 0.94, -30, 10, 1),  # frames 25..47
              Event(5, 0.44, 0.94, 170, 0, 2),  # frames 22..47
              Event(5, 0.5, 0.52, 0, 0, 2)]  # frames 25..26
    assert events_to_metadata(events).astype(int).tolist() == [
        [4, 5, 0, 170, 0, 200], [5, 3, 1, -30, 10, 100], [5, 5, 0, 170, 0, 200], [6, 3, 1, -30, 10, 100],
        [6, 5, 0, 170, 0, 200], [7, 3, 1, -30, 10, 100], [7, 5, 0, 170, 0, 200], [8, 3, 1, -30, 10, 100],
        [8, 5, 0, 170, 0, 200], [9, 3, 1, -30, 10, 100], [9, 5, 0, 170, 0, 200]]


def test_a_path_within_a_frame_is_averaged():
    row, = events_to_metadata([Event(0, 0.01, 0.03, 178, 0, 1, 7),  # frames 0..2
                               Event(0, 0.07, 0.07, -178, 0, 1, 7)])  # frames 3..4
    assert row.tolist() == [0, 0, 7, 180, 0, 100]  # three of 178 and two of -178


def test_distances_are_written_if_all_are_known(tmp_path):
    known, unknown = Event(0, 0.01, 0.07, 0, 0, 1.234), Event(1, 0.01, 0.07, 0, 0, math.nan)
    texts = {'0,0,0,0,0,123\n': [known], '0,0,0,0,0\n0,1,1,0,0\n': [known, unknown], '': []}
    for text, events in texts.items():
        write_polar(tmp_path / 'a.csv', events_to_metadata(events))
        assert (tmp_path / 'a.csv').read_text() == text


@pytest.mark.parametrize('text', [
    '10,     1,  1,  -50,  30\r\n11,  1,  1,  310, -30\r\n',
    '\ufeff10.0,1e0,+1,-50,3.0e+01\n\n,,,,\n11,1,1,-50,-30', '10,1,1,-50,30,\n11,1,1,-50,-30,\n'])
def test_numbers_may_be_written_as_programs_do(tmp_path, text):
    rows = read_metadata(write(tmp_path, text), dataset=STARSS)
    np.testing.assert_array_equal(rows[:, :5], [[10, 1, 1, -50, 30], [11, 1, 1, -50, -30]])
    assert np.isnan(rows[:, 5]).all()


def test_a_distance_may_be_0(tmp_path):
    assert read_metadata(write(tmp_path, '10,1,1,-50,30,0\n'), dataset=STARSS)[0, 5] == 0


def test_azimuths_of_a_full_turn_become_those_of_180_degrees(tmp_path):
    azimuths = (-360, -181, -180, 180, 181, 360)
    path = write(tmp_path, ''.join(f'0,1,1,{azimuth},0\n' for azimuth in azimuths))
    assert read_metadata(path, dataset=STARSS)[:, 3].tolist() == [0, 179, -180, 180, -179, 0]


METADATA_ERRORS = {
    'frame,class,source,azimuth,elevation\n':
        ":1: found 'frame,class,source,azimuth,elevation', expected numbers with commas between them",
    'sound_event_recording,start_time,end_time,ele,azi,dist\n': 'a description in the form of 2019 already',
    '0 1 0 20 10\n': 'expected numbers with commas between them',
    '0;1;0;20;10\n': 'expected numbers with commas between them, and no header; there are semicolons between '
                     'them: save it as "CSV (comma delimited)"',
    '0,1,20,10\n': ":1: found '0,1,20,10', 4 columns, expected 5 (frame, class, source, azimuth, elevation) "
                   'or 6 (frame, class, source, azimuth, elevation, distance)',
    '0,1,0,20,10\n0,1,0,20,10,100\n': ":2: found '0,1,0,20,10,100', 6 columns, expected 5 (",
    '0,1,0,20,10\n\n0,1,0,20.5,10\n': ":3: found '0,1,0,20.5,10', expected whole numbers",
    '0,1,0,nan,10\n': 'expected numbers', '0,1,0,inf,10\n': 'expected numbers',
    '0,1,0,20,10\n\n0,1,0,1e400,10\n': ":3: found '0,1,0,1e400,10', expected numbers below 1000000000",
    f'{"9" * 100_000},1,0,20,10\n': 'expected numbers below 1000000000',
    f'{"9" * 100_000}x,1,0,20,10\n': 'expected numbers with commas',
    '-1,1,0,20,10\n': 'expected the frame to be a whole number from 0 to 863999',
    '864000,1,0,20,10\n': 'expected the frame to be',
    '0,13,0,20,10\n': 'expected the class to be a whole number from 0 to 12 (Female speech..Knock); choose '
                      'the year or the classes of the data set',
    '0,1,-1,20,10\n': 'expected the source to be', '0,1,0,361,10\n': 'expected an azimuth from -360 to 360',
    '0,1,0,20,91\n': 'expected an elevation from -90 to 90',
    '0,1,0,20,10,-5\n': 'expected a distance of at least 0',
    b'\xff\xfe0\0,\0': ':1: found text in UTF-16, expected UTF-8',
}


@pytest.mark.parametrize(('text', 'hint'), [
    ('0,x,0,20,10', ''), ('0;1;20', ''),
    ('0;1;20;10', '; there are semicolons between them: save it as "CSV (comma delimited)"'),
    ('0\t1\t20\t10', '; there are tabs between them: save it as "CSV (comma delimited)"')])
def test_a_hint_at_what_stands_between_numbers_where_there_is_one(tmp_path, text, hint):
    with pytest.raises(InputError) as error:
        read_metadata(write(tmp_path, text), dataset=STARSS)
    assert str(error.value).endswith(f'expected numbers with commas between them, and no header{hint}')


@pytest.mark.parametrize('text', ['0,1,20,10\n0,1\n', '\ufeff0,1,20,10\n', ',,,\n \n,0,1,20,10,,\r\n'])
def test_columns_are_counted_as_they_are_read(tmp_path, text):
    assert count_columns(write(tmp_path, text)) == 4


@pytest.mark.parametrize('number', range(len(METADATA_ERRORS)))
def test_bad_metadata_end_in_a_line(tmp_path, number):
    text, message = list(METADATA_ERRORS.items())[number]
    path = write(tmp_path, text)
    with pytest.raises(InputError) as error:
        read_metadata(path, dataset=STARSS)
    assert str(error.value).startswith(f'{path}:') and message in str(error.value)
    assert '\n' not in str(error.value)


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text('0123456789.,-+e \n', max_size=60).map(str.encode)))
def test_whatever_the_bytes_there_is_no_traceback(place, content):
    path = write(place, content)
    count_columns(path)
    for read in (read_metadata, lambda path, dataset: read_predictions([path], dataset=dataset)):
        try:
            read(path, dataset=STARSS)
        except InputError as error:
            assert str(error).startswith(f'{path}:')


# ---- predictions ----


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*COLUMNS_OF_METADATA), max_size=40),
       st.sampled_from((write_polar, write_cartesian)))
def test_predictions_come_back_as_they_were(place, rows, write_theirs):
    rows = np.array([(*row, math.nan) for row in rows], float).reshape(-1, 6)
    rows[np.abs(rows[:, 4]) == 90, 3] = 0  # at a pole vectors have no azimuth
    write_theirs(place / 'theirs.csv', rows)
    read, = read_predictions([place / 'theirs.csv'], dataset=STARSS).values()
    write_output_rows(place / 'ours.csv', predictions_to_2019(read), dataset=STARSS)
    ours = read_output_rows(place / 'ours.csv', dataset=STARSS)
    assert len(ours) == 5 * len(rows) and (np.abs(ours[:, 2] + 0.5) < 180).all()
    write_theirs(place / 'back.csv', predictions_from_2019(ours))
    back, = read_predictions([place / 'back.csv'], dataset=STARSS).values()

    def counted(rows):
        return Counter((frame, class_index, (azimuth + 180) % 360, elevation)
                       for frame, class_index, azimuth, elevation in rows[:, [0, 1, 3, 4]].round().tolist())
    assert counted(back) == counted(rows)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 1),
                          st.integers(110, 250).map(wrap_azimuth_deg), st.integers(-40, 40)), max_size=40))
def test_frames_of_100_ms_by_a_slow_count(rows):
    """Around the back, where no directions cancel each other."""
    expected = []
    for later in range(3):
        for class_index in (0, 1):
            of_frames = [[row for row in rows if row[:2] == (frame, class_index)]
                         for frame in range(5 * later, 5 * later + 5)]
            for source in range(len(rows)):
                directions = np.radians([of_frame[source][2:] for of_frame in of_frames
                                         if len(of_frame) > source])
                if len(directions) >= 3:
                    azimuth, elevation = directions.T
                    vector = [(np.cos(azimuth) * np.cos(elevation)).mean(),
                              (np.sin(azimuth) * np.cos(elevation)).mean(), np.sin(elevation).mean()]
                    expected.append((later, class_index, source, vector / np.linalg.norm(vector)))
    found = predictions_from_2019(np.array(rows, int).reshape(-1, 4))
    assert found[:, :3].tolist() == [list(row[:3]) for row in expected]
    azimuth, elevation = np.radians(found[:, 3:5].T)
    vectors = np.stack((np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation),
                        np.sin(elevation)), axis=1)
    np.testing.assert_allclose(vectors, np.array([row[3] for row in expected]).reshape(-1, 3), atol=1e-6)


PREDICTIONS = {
    '0,1,20,10\n0,1,-30,0\n': [[0, 1, 0, 20, 10, -1], [0, 1, 1, -30, 0, -1]],
    '0,1,3,20.5,10\n': [[0, 1, 3, 20.5, 10, -1]],
    '0,1,3,20,10,180\n': [[0, 1, 3, 20, 10, 180]],
    '0,1,3,20,-10,0\n': [[0, 1, 3, 20, -10, 0]],
    '0,1,3,20,0,1.5\n': [[0, 1, 3, 20, 0, 1.5]],  # in metres
    '0,1,3,0,0.4,-0.4,2.5\n': [[0, 1, 3, 90, -45, 2.5]],
    '0,1,3,0,0.707107,0.707107\n': [[0, 1, 3, 90, 45, -1]],
    '0,1,3,0,0.4,0.4,2.5\n': [[0, 1, 3, 90, 45, 2.5]],
    '0,1,3,1,0,0\n': [[0, 1, 3, 0, 0, -1]],
    '': [],
}


@pytest.mark.parametrize('text', PREDICTIONS)
def test_forms_of_predictions(tmp_path, text):
    path = write(tmp_path, text)
    rows = read_predictions([path], dataset=STARSS)[path]
    np.testing.assert_allclose(np.nan_to_num(rows, nan=-1), np.reshape(PREDICTIONS[text], (-1, 6)), atol=1e-4)
    assert count_columns(path) == (text.partition('\n')[0].count(',') + 1 if text else 0)


def test_the_form_is_that_of_the_whole_folder(tmp_path):
    """A source to the front and very near is no vector where others are polar."""
    near = write(tmp_path, '0,1,0,0,1,1\n', 'a.csv')
    far = write(tmp_path, '0,1,0,50,10,200\n', 'b.csv')
    assert read_predictions([near, far], dataset=STARSS)[near].tolist() == [[0, 1, 0, 0, 1, 1]]


@pytest.mark.parametrize(('texts', 'message'), [
    (('0,1,0,20,10\n', '0,1,20,10\n'), "b.csv:1: found '0,1,20,10', expected 5 columns as in "),
    (('0,1,0,20,10,90\n0,1,0,20,10,95\n', '0,1,0,0.6,0.8,0\n'),
     'b.csv:1: found .*, expected azimuth, elevation and distance as in most files here, not x, y, z'),
    (('0,1,0,0.6,0.8,0\n0,1,0,1,0,0\n', '0,1,0,30,10,80\n'),
     'b.csv:1: .* expected x, y, z of a vector of length 1'),
    (('0,1,0,0.6,0.8,0\n0,1,0,0,0,0\n',), 'a.csv:2: .* expected x, y, z of a vector of length 1'),
    (('0,1,0,20,10,20\n0,1,0,20,95,20\n',), 'a.csv:2: .* expected an elevation from -90 to 90'),
    (('0,1,0,20,10,20,10,10\n',), 'a.csv:1: .* 8 columns, expected 4 '),
    (('0,1,0,20,10,20\n0,1,0,20,10,-1\n',), 'a.csv:2: .* expected a distance of at least 0'),
    (('0,1,0,1,0,0,20\n0,1,0,1,0,0,-1\n',), 'a.csv:2: .* expected a distance of at least 0'),
    (('0,1,0,30,10,80,200\n',), 'a.csv:1: .* expected x, y, z of a vector of length 1'),
    (('0,14,0,20,10\n',), 'a.csv:1: .* expected the class to be'),
    (('0,1,0.5,20,10\n',), 'a.csv:1: .* expected the source to be'),
])
def test_bad_predictions_end_in_a_line(tmp_path, texts, message):
    paths = [write(tmp_path, text, f'{name}.csv') for name, text in zip('abc', texts)]
    with pytest.raises(InputError, match=message):
        read_predictions(paths, dataset=STARSS)


def test_rows_of_2019_are_five_of_each_frame_in_the_order_of_frames():
    later = [[3, 1, 0, 180, -7.4, 1], [1, 2, 0, 19.6, 0, 1], [3, 0, 0, 0, 90, 1]]
    rows = predictions_to_2019(np.array(later))
    assert rows.dtype == int
    assert rows.tolist() == [*([frame, 2, 20, 0] for frame in range(5, 10)),
                             *(row for frame in range(15, 20)
                               for row in ([frame, 1, -180, -7], [frame, 0, 0, 90]))]


def test_vectors_have_no_negative_zeros(tmp_path):
    directions = [[0, 1, 0, -180, 0, math.nan], [0, 1, 0, -1e-5, -0.0, math.nan]]
    write_cartesian(tmp_path / 'a.csv', np.array(directions))
    assert (tmp_path / 'a.csv').read_text() == ('0,1,0,-1.000000,0.000000,0.000000\n'
                                                '0,1,0,1.000000,0.000000,0.000000\n')


def test_distances_of_predictions_stay_as_they_are(tmp_path):
    path = write(tmp_path, '0,1,3,20,10,180.25\n1,1,3,-20,10,3\n')
    rows = read_predictions([path], dataset=STARSS)[path]
    write_cartesian(tmp_path / 'b.csv', rows)
    assert (tmp_path / 'b.csv').read_text() == ('0,1,3,0.925417,0.336824,0.173648,180.25\n'
                                                '1,1,3,0.925417,-0.336824,0.173648,3\n')
    write_polar(path, read_predictions([tmp_path / 'b.csv'], dataset=STARSS)[tmp_path / 'b.csv'])
    assert path.read_text() == '0,1,3,20,10,180.25\n1,1,3,-20,10,3\n'
