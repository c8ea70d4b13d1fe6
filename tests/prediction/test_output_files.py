"""What prediction writes: labels, JSON and scores, and whose files are replaced."""

import json
from pathlib import Path

import numpy as np
import pytest

from seldnet.annotations.descriptions import UNKNOWN_DISTANCE_M, Event, read_description, write_description
from seldnet.common.errors import InputError
from seldnet.methods.soft_scores import Scores, write_scores
from seldnet.prediction.output_files import (
    RECORD,
    OutputFiles,
    write_audacity_labels,
    write_events_json,
)

EVENTS = [Event(5, 0.51, 1.49, -30, 10, UNKNOWN_DISTANCE_M, confidence=0.8749),
          Event(0, 2.01, 12.99, 170, -10, 1.5)]
ENDINGS = ['.csv', 'events/.csv']


def test_labels_for_audacity(tmp_path):
    write_audacity_labels(tmp_path / 'a.txt', EVENTS)
    assert (tmp_path / 'a.txt').read_text() == (
        '0.51\t1.49\tspeech az -30 el 10 (0.87)\n2.01\t12.99\tknock az 170 el -10\n')


def test_json(tmp_path):
    write_events_json(tmp_path / 'a.json', EVENTS, {'recording': 'a.wav'})
    assert json.loads((tmp_path / 'a.json').read_text()) == {'recording': 'a.wav', 'events': [
        {'class': 'speech', 'start_s': 0.51, 'end_s': 1.49, 'azimuth_deg': -30, 'elevation_deg': 10,
         'distance_m': None, 'confidence': 0.875},
        {'class': 'knock', 'start_s': 2.01, 'end_s': 12.99, 'azimuth_deg': 170, 'elevation_deg': -10,
         'distance_m': 1.5, 'confidence': None}]}


def test_descriptions_with_confidences_and_two_decimals(tmp_path):
    write_description(tmp_path / 'a.csv', EVENTS, decimals=2)
    assert (tmp_path / 'a.csv').read_text() == (
        'sound_event_recording,start_time,end_time,ele,azi,dist,confidence\n'
        'speech,0.51,1.49,10,-30,,0.875\nknock,2.01,12.99,-10,170,1.5,\n')
    assert [event.confidence for event in read_description(tmp_path / 'a.csv')] == [0.875, None]


def test_scores(tmp_path):
    rng = np.random.default_rng(0)
    scores = Scores(*rng.random((3, 20, 11)))
    write_scores(tmp_path / 'a.npz', scores)
    with np.load(tmp_path / 'a.npz', allow_pickle=False) as stored:
        assert sorted(stored) == ['activity', 'azimuth_deg', 'elevation_deg', 'names']
        for key, column in scores._asdict().items():
            np.testing.assert_array_equal(stored[key], column.astype(np.float32))
        assert stored['names'][5] == 'speech'


# ---- whose files ----


def write(folder, name='a', content='of prediction', **options):
    files = OutputFiles(folder, {'models': []}, **options)
    files.check([name], ENDINGS)
    for ending in ENDINGS:
        path = files.path(name, ending)
        files.begin(path)
        path.write_text(content)
        files.note(path)


def test_ones_own_files_are_replaced(tmp_path):
    write(tmp_path / 'new')
    write(tmp_path / 'new', content='again')
    write(tmp_path / 'new', name='sub/a')
    write(tmp_path / 'new', content='and again')
    new = tmp_path / 'new'
    assert sorted(path.relative_to(new).as_posix() for path in new.rglob('*.*')) == [
        'a.csv', 'events/a.csv', 'events/sub/a.csv', RECORD, 'sub/a.csv']
    assert (tmp_path / 'new/a.csv').read_text() == 'and again'


@pytest.mark.parametrize('content', ['', 'of others', 'of prediction'])
@pytest.mark.parametrize('place', ['a.csv', 'events/a.csv'])
def test_files_of_others_are_not_replaced(tmp_path, place, content):
    """Whatever they hold: an empty description is a legal one."""
    (tmp_path / 'events').mkdir()
    (tmp_path / place).write_text(content)
    with pytest.raises(InputError, match=f'{place}: is there, and not as predict_recording.py has written'):
        write(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob('*')) == ['a.csv', 'events']
    assert (tmp_path / place).read_text() == content
    write(tmp_path, overwrite=True)
    assert (tmp_path / place).read_text() == 'of prediction'


def test_corrections_by_hand_are_not_replaced(tmp_path):
    write(tmp_path)
    (tmp_path / 'events/a.csv').write_text('corrected')
    with pytest.raises(InputError, match='events/a.csv: is there, and not as'):
        write(tmp_path)


def test_what_a_killed_run_was_about_to_write_is_its_own(tmp_path):
    files = OutputFiles(tmp_path, {})
    files.begin(files.path('a', '.csv'))
    files.path('a', '.csv').write_text('whole, but not noted')
    write(tmp_path)
    assert (tmp_path / 'a.csv').read_text() != 'whole, but not noted'
    record = json.loads((tmp_path / RECORD).read_text())
    assert record['begun'] is None and 'a.csv' in record['files']


def test_what_stands_beside_a_file_that_was_begun_is_of_others(tmp_path):
    files = OutputFiles(tmp_path, {})
    files.begin(files.path('b', '.csv'))
    files.path('a', '.csv').write_text('of others')
    with pytest.raises(InputError, match='a.csv: is there'):
        write(tmp_path)
    assert (tmp_path / 'a.csv').read_text() == 'of others'


def test_links_and_folders_in_the_way(tmp_path):
    (tmp_path / 'a.csv').symlink_to('nowhere')
    (tmp_path / 'events' / 'a.csv').mkdir(parents=True)
    with pytest.raises(InputError) as error:
        write(tmp_path)
    assert str(error.value).startswith('2 problems:')


def test_two_recordings_that_would_write_one_file(tmp_path):
    files = OutputFiles(tmp_path, {})
    with pytest.raises(InputError, match='events/a.csv: would be written for a and for events/a; '):
        files.check(['a', 'events/a'], ENDINGS)


@pytest.mark.parametrize('content', ['[]', '{}', 'null', '{"files": []}', '{"files": {"a.csv": 1}}', '{',
                                     '{"files": {}, "begun": 1}'])
def test_a_record_of_something_else(tmp_path, content):
    Path(tmp_path, RECORD).write_text(content)
    with pytest.raises(InputError, match=f'{RECORD}: (.*found .*, expected|not a JSON file)'):
        OutputFiles(tmp_path, {})


def test_a_folder_of_seld(tmp_path):
    (tmp_path / 'settings.json').touch()
    for overwrite in (False, True):
        with pytest.raises(InputError, match='holds the predictions of seld.py, which are scored'):
            OutputFiles(tmp_path, {}, overwrite=overwrite)
