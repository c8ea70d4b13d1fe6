"""What is printed and written: tables, CSV and JSON."""

import csv
import json
import math
import re

import pytest
from scored_folders import HEADER, NAMES

from seldnet.annotations.dataset import TAU2019
from seldnet.scoring.scores import score_folders
from seldnet.scoring.tables import format_results, write_scores_json, write_table


@pytest.fixture
def tables(folders, tmp_path):
    """Function (folders) -> (what is printed, the JSON, the CSV's rows by group, family and score)."""
    def of_folders(some=folders):
        results = score_folders(*some)
        write_scores_json(tmp_path / 'scores.json', results)
        write_table(tmp_path / 'scores.csv', results)
        with (tmp_path / 'scores.csv').open(newline='') as file:
            rows = {(row['group'], row['family'], row['score']): row for row in csv.DictReader(file)}
        return format_results(results), json.loads((tmp_path / 'scores.json').read_text()), rows
    return of_folders


def test_table_is_readable(many_folders, tables):
    printed, results, _ = tables(many_folders)
    lines = printed.splitlines()
    assert max(map(len, lines)) <= 110
    assert str(many_folders[0]) in lines[0]
    assert str(many_folders[1]) in lines[1]
    row = next(line for line in lines if line.startswith('all '))
    assert f'{results["groups"]["all"]["2019"]["ER"]:.2f}' in row
    assert f'{100 * results["groups"]["all"]["joint"]["micro"]["F"]:.1f}' in row
    for label in (*results['groups'], *TAU2019.classes, '95 % from'):
        assert sum(line.startswith(label) for line in lines) == 1
    assert printed.isascii()
    assert '95 % intervals: jackknife over the 12 recordings' in printed
    for name in ('ER20', 'F20', 'LE', 'LR', 'macro', 'micro'):
        assert any(name in line for line in lines if line.startswith(('ER20', 'macro')))
    assert 'rule of DCASE 2020 to 2023; 2024 counts classes without a match differently' in printed


def test_the_table_of_classes_has_no_empty_columns(tables):
    printed, _, _ = tables()
    lines = printed.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith('class '))
    assert lines[start].split() == ['class', '|', 'ER', 'F', '|', 'F20', 'LE', 'LR', 'SELD']
    assert all(len(line.split()) == 9 for line in lines[start + 2:start + 2 + TAU2019.nb_classes])


@pytest.mark.parametrize('nb_letters', [14, 15, 29, 70, 71, 200])
def test_names_of_classes_may_be_long(folders, nb_letters):
    """Those of 2022 to 2024 have up to 29 letters."""
    results = score_folders(*folders)
    names = [f'{number}'.ljust(nb_letters, 'x') for number in range(10, 10 + len(results['classes']))]
    results['classes'] = dict(zip(names, results['classes'].values()))
    lines = format_results(results).splitlines()
    assert max(map(len, lines)) <= 110
    start = next(place for place, line in enumerate(lines) if line.startswith('class '))
    table = lines[start - 1:start + 2 + len(names)]
    assert [line[:2] for line in table[3:]] == [name[:2] for name in names]
    bars = {tuple(place for place, letter in enumerate(line) if letter == '|')
            for line in (*table[:2], *table[3:])}
    assert len(bars) == 1 and len(*bars) == 2
    assert table[3].startswith(f'{names[0]} ' if nb_letters <= 70 else f'{names[0][:67]}... ')


def test_a_few_recordings_have_no_intervals_and_that_is_said(tables):
    printed, results, _ = tables()
    assert '95 %' not in printed
    assert 'No intervals: 5 recordings are too few, 10 are needed.' in printed
    assert results['ci95']['2019']['ER'] == [None, None]


def test_csv_holds_what_the_json_holds(many_folders, tables):
    _, results, rows = tables(many_folders)
    assert len(rows) == 15 * len(results['groups']) + 6 * TAU2019.nb_classes
    for group, of_group in results['groups'].items():
        for family, scores in (('2019', of_group['2019']), ('joint macro', of_group['joint']['macro']),
                               ('joint micro', of_group['joint']['micro'])):
            for score, value in scores.items():
                row = rows[group, family, score]
                assert float(row['value']) == value
                assert int(row['n']) == results['recordings'][group]
                assert (row['low'] != '') == (row['high'] != '') == (group == 'all')
    row = rows['all', '2019', 'F']
    assert [float(row['low']), float(row['high'])] == results['ci95']['2019']['F']
    assert float(rows['class knock', '2019', 'ER']['value']) == results['classes']['knock']['2019']['ER']
    assert float(rows['class speech', 'joint', 'LR']['value']) == results['classes']['speech']['joint']['LR']
    assert ('class speech', 'joint', 'ER') not in rows  # there is no error rate of one class


def test_csv_has_no_text_among_its_numbers(folders, tables):
    """What is undefined is empty: pandas reads the columns as numbers."""
    for path in folders[0].glob('*.csv'):
        path.write_text('')
    _, _, rows = tables()
    assert list(rows['all', '2019', 'DOA']) == ['group', 'family', 'score', 'value', 'low', 'high', 'n']
    assert rows['all', '2019', 'DOA']['value'] == ''
    for row in rows.values():
        for column in ('value', 'low', 'high', 'n'):
            assert row[column] == '' or math.isfinite(float(row[column]))


def test_undefined_scores_are_null_and_a_dash(folders, tables):
    predictions, _ = folders
    for path in predictions.glob('*.csv'):
        path.write_text('')
    printed, results, _ = tables()
    of_2019 = results['groups']['all']['2019']
    assert (of_2019['ER'], of_2019['F'], of_2019['DOA'], of_2019['SELD']) == (1, 0, None, None)
    assert results['ci95']['2019']['DOA'] == [None, None]
    assert ' - ' in next(line for line in printed.splitlines() if line.startswith('all '))


def test_infinite_scores_are_null_and_inf(folders, tables):
    for name in NAMES:
        (folders[1] / f'{name}.csv').write_text(HEADER)
    printed, results, _ = tables()
    for scores in (results['groups']['all']['joint']['macro'], results['classes']['knock']['joint']):
        assert scores['ER'] is None
    assert results['ci95']['joint']['macro']['ER'] == [None, None]
    assert ' inf ' in next(line for line in printed.splitlines() if line.startswith('all '))
    assert not re.search(r'\d{7}', printed)


def test_quick_test_is_said(folders, tables):
    printed, results, _ = tables()
    assert results['settings']['quick_test'] is None
    assert 'QUICK TEST' not in printed
    for quick_test in (True, False):
        (folders[0] / 'settings.json').write_text(json.dumps({'params': {'quick_test': quick_test}}))
        printed, results, _ = tables()
        assert ('QUICK TEST' in printed) == results['settings']['quick_test'] == quick_test


def test_off_grid_references_are_said(folders, tables):
    (folders[1] / f'{NAMES[0]}.csv').write_text(HEADER + 'knock,0,1,50,0,1\nknock,5,6,10,0,1\n')
    printed, results, _ = tables()
    assert results['settings']['off_grid_rows'] == 51
    assert '51 of ' in printed and 'reference rows' in printed
    note, = [note for note in results['notes'] if note.startswith('51 of ')]
    assert 'take no part in these scores' in note
