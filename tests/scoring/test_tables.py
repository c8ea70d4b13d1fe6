"""What is printed and written: tables, CSV and JSON."""

import csv
import json
import re

import pytest
from scored_folders import HEADER, NAMES

from seldnet.annotations.dataset import TAU2019
from seldnet.scoring.scores import score_folders
from seldnet.scoring.tables import format_results, write_scores_json, write_table


@pytest.fixture
def tables(folders, tmp_path):
    """Function () -> (what is printed, the JSON, the rows of the CSV file by their first cell)."""
    def of_folders():
        results = score_folders(*folders)
        write_scores_json(tmp_path / 'scores.json', results)
        write_table(tmp_path / 'scores.csv', results)
        with (tmp_path / 'scores.csv').open(newline='') as file:
            rows = {row['group']: row for row in csv.DictReader(file)}
        return format_results(results), json.loads((tmp_path / 'scores.json').read_text()), rows
    return of_folders


def test_table_is_readable(folders, tables):
    printed, results, _ = tables()
    lines = printed.splitlines()
    assert max(map(len, lines)) <= 110
    assert str(folders[0]) in lines[0]
    assert str(folders[1]) in lines[1]
    row = next(line for line in lines if line.startswith('all '))
    assert f'{results["groups"]["all"]["2019"]["ER"]:.2f}' in row
    assert f'{100 * results["groups"]["all"]["joint"]["micro"]["F"]:.1f}' in row
    for label in (*results['groups'], *TAU2019.classes, '95 % from'):
        assert sum(line.startswith(label) for line in lines) == 1
    assert printed.isascii()


def test_csv_holds_what_the_json_holds(tables):
    _, results, rows = tables()
    assert len(rows) == len(results['groups']) + 2 + len(TAU2019.classes)
    assert float(rows['split 2']['2019_DOA']) == results['groups']['split 2']['2019']['DOA']
    assert float(rows['ir 1']['macro_LE']) == results['groups']['ir 1']['joint']['macro']['LE']
    assert float(rows['all']['micro_SELD']) == results['groups']['all']['joint']['micro']['SELD']
    assert float(rows['all, ci95 to']['2019_F']) == results['ci95']['2019']['F'][1]
    assert float(rows['class knock']['2019_ER']) == results['classes']['knock']['2019']['ER']
    assert float(rows['class speech']['macro_LR']) == results['classes']['speech']['joint']['LR']
    assert rows['class speech']['2019_DOA'] == ''


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
    assert '51 reference rows' in printed
