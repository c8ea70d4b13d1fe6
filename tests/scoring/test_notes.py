"""What is said of the files that are scored: everything odd, once; nothing of a perfect folder."""

import dataclasses

import numpy as np
import pytest
from scored_folders import HEADER, NAMES, expected_rows

from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import COLUMNS
from seldnet.scoring.scores import score_folders

OWN_LENGTHS = dataclasses.replace(TAU2019, name='own', recording_s=None, grid=None)


def write_rows(path, rows):
    path.write_text(''.join('{},{},{},{}\n'.format(*row) for row in rows))


@pytest.fixture
def perfect(folders):
    """Folders whose predictions are what the descriptions say."""
    predictions, references = folders
    for name in NAMES:
        write_rows(predictions / f'{name}.csv', expected_rows(references / f'{name}.csv'))
    return folders


@pytest.fixture
def noted(perfect):
    """Function (change of each recording's rows, change of the descriptions) -> notes."""
    def of(change=lambda rows: rows, describe=lambda text: text, **settings):
        predictions, references = perfect
        for name in NAMES:
            rows = np.array(expected_rows(references / f'{name}.csv'))
            write_rows(predictions / f'{name}.csv', change(rows).tolist())
            path = references / f'{name}.csv'
            path.write_text(describe(path.read_text()))
        return score_folders(*perfect, **settings)['notes']
    return of


def plus(*addends):
    return lambda rows: rows + addends


def test_of_a_perfect_folder_there_is_nothing_to_say(noted):
    assert noted() == []


# What is done to predictions -> what the only note says.
ODD = {
    'rows beyond the recording': (
        lambda rows: np.concatenate((rows, [(3000, 1, 0, 0), (3500, 1, 0, 0)])),
        ['10 of ', 'lie beyond the last frame (frame 2999) of their recording and are ignored: split0_5, ']),
    'repeated rows': (lambda rows: np.concatenate((rows, rows[:3])),
                      ['15 of ', 'repeat another row; the 2019 scores count them once']),
    'off the grid': (
        lambda rows: rows + (0, 0, 3, 2) * (abs(rows[:, 3:]) < 40) * (abs(rows[:, 2:3]) < 170),
        [' of ', '%) are between the directions of the 10-degree grid of the 2019 scores', 'rounded down']),
    'off the grid, and beyond it': (plus(0, 0, 3, 2), ['to its edge; ', ' are between its directions']),
    'elevations beyond the grid': (
        lambda rows: rows + [0, 0, 0, 10] * (rows[:, 3:] == 40),
        ['beyond the 10-degree grid of the 2019 scores (azimuth -180..170, elevation -40..40) and are '
         'clipped to its edge']),
    'nothing predicted at all': (lambda rows: rows[:0], ['Nothing is predicted, in none of the 5 recording']),
}


@pytest.mark.parametrize('kind', ODD)
def test_what_is_odd_about_predictions_is_counted(noted, kind):
    change, parts = ODD[kind]
    note, = noted(change)
    assert all(part in note for part in parts), note


# What is done to predictions -> what the hint says (other notes may stand beside it).
CONVENTIONS = {
    'frames of 100 ms': lambda rows: np.unique(rows // (5, 1, 1, 1), axis=0),
    'frames of 40 ms': lambda rows: np.unique(rows // (2, 1, 1, 1), axis=0),
    'frames of 10 ms': lambda rows: rows * (2, 1, 1, 1),
    'milliseconds': lambda rows: rows * (20, 1, 1, 1),
    'samples': lambda rows: rows * (960, 1, 1, 1),
    'seconds': lambda rows: np.unique(rows // (50, 1, 1, 1), axis=0),
    'reads frames as counted from 1': plus(1, 0, 0, 0),
    'reads classes as counted from 1': lambda rows: (rows + (0, 1, 0, 0))[rows[:, 1] < 10],
    'frames of 100 ms and classes as counted from 1':
        lambda rows: np.unique(((rows + (0, 1, 0, 0)) // (5, 1, 1, 1))[rows[:, 1] < 10], axis=0),
    'azimuths of 0..360 degrees?': lambda rows: np.column_stack((rows[:, :2], rows[:, 2] % 360, rows[:, 3])),
    'Cartesian coordinates?': lambda rows: np.column_stack((
        rows[:, :2], np.cos(np.radians(rows[:, 2])).round(), np.sin(np.radians(rows[:, 2])).round())),
    'the first row of every file is 0,1,2,3: a header of pandas?':
        lambda rows: np.concatenate(([(0, 1, 2, 3)], rows)),
}


@pytest.mark.parametrize('words', CONVENTIONS)
def test_a_folder_in_another_convention_gets_one_hint(noted, words):
    hints = [note for note in noted(CONVENTIONS[words]) if note.startswith('Hint: ')]
    assert len(hints) == 1 and words in hints[0], hints


@pytest.mark.parametrize('change', {
    'a system that is bad': lambda rows: rows[np.random.default_rng(0).random(len(rows)) < 0.3],
    'a system that guesses': lambda rows: np.random.default_rng(0).integers(
        (0, 0, -180, -40), (3000, 11, 180, 41), (600, 4)),
    'one that is a second late': plus(50, 0, 0, 0),
    'one that points elsewhere': lambda rows: np.column_stack((
        rows[:, :2], np.random.default_rng(0).integers(-18, 18, len(rows)) * 10, rows[:, 3])),
    'one that is a frame late in half of the rows':
        lambda rows: rows + np.arange(len(rows))[:, None] % 2 * (1, 0, 0, 0),
    'one that hears one class for another':
        lambda rows: np.where(rows[:, 1:2] == 3, rows + (0, 1, 0, 0), rows),
}.values())
def test_a_system_that_errs_gets_no_hint(noted, change):
    assert not [note for note in noted(change) if note.startswith('Hint: ')]


def test_all_files_must_begin_with_a_header_for_the_hint(noted, perfect):
    noted(lambda rows: np.concatenate(([(0, 1, 2, 3)], rows)))
    path = perfect[0] / f'{NAMES[2]}.csv'
    path.write_text(path.read_text().split('\n', 1)[1])
    assert not any('header' in note for note in score_folders(*perfect)['notes'])


def test_recordings_without_any_prediction_are_named(perfect):
    for name in NAMES[:2]:
        (perfect[0] / f'{name}.csv').write_text('')
    note, = score_folders(*perfect)['notes']
    assert note == f'2 of 5 recordings have events, but nothing is predicted: {NAMES[0]}, {NAMES[1]}.'


def test_classes_without_reference_are_named(noted):
    note, = noted(lambda rows: rows[np.isin(rows[:, 1], (0, 5))], lambda text: '\n'.join(
        line for line in text.splitlines() if line.startswith((COLUMNS[0], 'knock', 'speech'))) + '\n')
    assert note.startswith('9 of 11 classes have no reference (drawer, clearthroat, phone and 6 more): ')
    assert 'F20 0 %, LR 0 % and LE 180 degrees' in note


# Rows of a description -> what is said.
DESCRIBED = {
    'late': ('knock,61,62,0,0,1\n', '5 events of the references begin after the end of their recording'),
    'long': ('knock,10,70,0,0,1\n', '5 events of the references end more than 5 s after their recording'),
    'off the grid': ('knock,10,11,3,0,1\n', ' reference rows (5.2 %) are between'),
    'beyond the grid': ('knock,10,11,50,0,1\n', 'take no part in these scores'),
    'twice, of unknown distance': (2 * 'knock,10,11,0,0,\n', '5 events of the references repeat another one'),
    'twice': (2 * 'knock,10,11,0,0,1\n', '5 events of the references repeat another one'),
}


@pytest.mark.parametrize('kind', DESCRIBED)
def test_what_is_odd_about_descriptions_is_counted(noted, kind):
    added, part = DESCRIBED[kind]
    notes = noted(describe=lambda text: text + added)
    assert sum(part in note for note in notes) == 1, notes
    assert not any(note.startswith('Hint: ') for note in notes)


# ---- recordings that are as long as they are ----


def test_recordings_of_their_own_length_are_scored_as_long_as_they_are(perfect):
    predictions, references = perfect
    path = references / f'{NAMES[0]}.csv'
    path.write_text(f'{HEADER}knock,70,80,0,0,1\n')
    write_rows(predictions / f'{NAMES[0]}.csv', [(frame, 0, 0, 0) for frame in range(3500, 4001)])
    lengths = dict.fromkeys(NAMES, 3000) | {NAMES[0]: 4001}
    results = score_folders(*perfect, dataset=OWN_LENGTHS, nb_frames=lengths)
    assert results['groups']['all']['joint']['micro']['F'] == pytest.approx(1)
    assert results['groups']['all']['2019']['FR'] == 1
    assert results['settings']['unknown_lengths'] == 0
    assert not any('length' in note or 'beyond' in note for note in results['notes'])
    note, *_ = score_folders(*perfect, dataset=OWN_LENGTHS)['notes']
    assert note.startswith('The length of 5 of 5 recordings is not known')
    late = score_folders(*perfect, dataset=OWN_LENGTHS, nb_frames=lengths | {NAMES[0]: 3900})
    assert any(note.startswith('101 of ') and note.endswith(f'are ignored: {NAMES[0]}.')
               for note in late['notes'])


def test_without_a_grid_that_is_said_where_it_matters(noted):
    settings = {'dataset': OWN_LENGTHS, 'nb_frames': dict.fromkeys(NAMES, 3000)}
    assert noted(**settings) == []
    between, grid = noted(plus(0, 0, 3, 2), **settings)
    assert 'elevation -90..90' in between and grid.startswith('The data set has no grid of directions')
