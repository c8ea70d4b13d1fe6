"""Systems compared: what is not chance is found, and chance is not taken for more."""

import csv
import json
import math

import numpy as np
import pytest
import reference as slow
import scipy.stats
import scored_folders
from scored_folders import MANY_NAMES, NAMES
from simulated_systems import TEN_SECONDS, simulate_predictions, simulate_references

from seldnet.common.errors import InputError
from seldnet.scoring.comparison import compare_folders, differences
from seldnet.scoring.counting import count_recordings
from seldnet.scoring.scores import FAMILIES, score, score_folders
from seldnet.scoring.tables import format_comparison, write_comparison_table, write_scores_json

# ---- simulated systems ----


def compare(seed, nb_recordings=20, **of_second):
    """The differences of two systems on recordings that are drawn anew; the second may be another."""
    rng = np.random.default_rng(seed)
    references, hardness = simulate_references(rng, nb_recordings)
    systems = [simulate_predictions(rng, references, hardness, **quality) for quality in ({}, of_second)]
    return differences(*(count_recordings(references, rows, dataset=TEN_SECONDS) for rows in systems))


def all_of(scores):
    return {(' '.join(family.keys), name): found for family in FAMILIES
            for name, found in family.part_of(scores).items()}


@pytest.fixture(scope='module')
def seeds():
    """Two seeds of one system, compared on 400 drawn sets of 20 recordings.

    If one comparison in twenty found a difference, 400 would find 20 +- 4.4: enough to notice a method that
    takes chance for more.
    """
    return [all_of(compare(seed)) for seed in range(400)]


def test_two_seeds_of_one_system_are_equal_in_95_of_100_cases(seeds):
    nb_different = sum(any(found['chance'] is False for found in scores.values()) for scores in seeds)
    assert nb_different <= 0.05 * len(seeds)


def test_the_interval_of_each_difference_holds_0_in_95_of_100_cases(seeds):
    """Neither more rarely nor, which would find nothing, more often."""
    for key in seeds[0]:
        covered = np.mean([scores[key]['low'] <= 0 <= scores[key]['high'] for scores in seeds])
        assert 0.92 <= covered <= 0.985, key
        assert all((scores[key]['p'] < 0.05) == (not scores[key]['low'] <= 0 <= scores[key]['high'])
                   for scores in seeds)


@pytest.mark.parametrize('quality, worse, as_good', [
    ({'recall': 0.5}, [('2019', 'F'), ('joint micro', 'LR'), ('joint micro', 'F')], [('joint micro', 'LE')]),
    ({'error_deg': 24}, [('joint micro', 'LE'), ('joint micro', 'F'), ('2019', 'DOA')], [('2019', 'F')]),
])
def test_a_known_shift_is_found_and_nothing_else(quality, worse, as_good):
    found = [all_of(compare(seed, 60, **quality)) for seed in range(20)]
    for key in worse:
        sign = -1 if key[1] in ('F', 'LR') else 1
        assert sum(scores[key]['chance'] is False and sign * scores[key]['difference'] > 0
                   for scores in found) >= 18
    for key in as_good:
        assert sum(scores[key]['chance'] is False for scores in found) <= 2


def test_an_interval_is_that_of_scoring_without_each_recording():
    rng = np.random.default_rng(0)
    references, hardness = simulate_references(rng, 12)
    systems = [simulate_predictions(rng, references, hardness) for _ in range(2)]

    def difference(places):
        a, b = (score(['x'] * len(places), count_recordings([references[place] for place in places],
                                                            [rows[place] for place in places],
                                                            dataset=TEN_SECONDS), dataset=TEN_SECONDS)
                for rows in systems)
        return b['groups']['all']['joint']['micro']['F'] - a['groups']['all']['joint']['micro']['F']

    t = scipy.stats.t.ppf(0.975, 11)
    found = differences(*(count_recordings(references, rows, dataset=TEN_SECONDS) for rows in systems))
    of_f = found['joint']['micro']['F']
    assert of_f['difference'] == pytest.approx(difference(range(12)))
    assert (of_f['low'], of_f['high']) == pytest.approx(slow.jackknife(list(range(12)), difference, t))


def test_pairs_are_sharper_than_two_intervals():
    """Hard recordings are hard for both: what they have in common is no uncertainty of the difference."""
    rng = np.random.default_rng(1)
    references, _ = simulate_references(rng, 40)
    hardness = np.where(np.arange(40) % 2, 3, -1)
    counts = [count_recordings(references, simulate_predictions(rng, references, hardness, recall=recall),
                               dataset=TEN_SECONDS) for recall in (0.75, 0.6)]
    found = differences(*counts)['joint']['micro']['LR']
    a, b = (score(['x'] * 40, of_system, dataset=TEN_SECONDS)['ci95']['joint']['micro']['LR']
            for of_system in counts)
    assert found['high'] - found['low'] < 0.75 * math.hypot(a[1] - a[0], b[1] - b[0])
    assert found['chance'] is False
    assert a[0] < b[1]  # the intervals themselves overlap


def test_a_system_is_like_itself():
    rng = np.random.default_rng(2)
    references, hardness = simulate_references(rng, 12)
    counts = count_recordings(references, simulate_predictions(rng, references, hardness),
                              dataset=TEN_SECONDS)
    for found in all_of(differences(counts, counts)).values():
        assert (found['difference'], found['low'], found['high'], found['p']) == (0, 0, 0, 1)
        assert found['chance'] is True


# ---- folders ----


@pytest.fixture
def systems(tmp_path):
    """Names and folders of three systems: one, its copy, and one that stops after 20 s."""
    predictions, references = scored_folders.make_folders(tmp_path, MANY_NAMES)
    folders = {'one': predictions, 'copy': tmp_path / 'copy', 'poor': tmp_path / 'poor'}
    for name in MANY_NAMES:
        lines = (predictions / f'{name}.csv').read_text().splitlines(keepends=True)
        early = [line for line in lines if int(line.split(',')[0]) < 1000]
        for system, kept in (('copy', lines), ('poor', early)):
            folders[system].mkdir(exist_ok=True)
            (folders[system] / f'{name}.csv').write_text(''.join(kept))
    return folders, references


def test_folders_are_scored_and_compared_in_pairs(systems):
    folders, references = systems
    compared = compare_folders(folders, references)
    for name, folder in folders.items():
        assert compared['systems'][name] == score_folders(folder, references)
    pairs = {(pair['a'], pair['b']): all_of(pair['scores']) for pair in compared['differences']}
    assert list(pairs) == [('one', 'copy'), ('one', 'poor'), ('copy', 'poor')]
    assert all(found['chance'] for found in pairs['one', 'copy'].values())
    assert pairs['one', 'poor']['joint micro', 'LR']['chance'] is False
    assert pairs['one', 'poor']['joint micro', 'LR']['difference'] < 0
    assert compared['settings']['recordings'] == 12
    assert compared['settings']['intervals'] == 'paired jackknife over recordings, t distribution'
    assert compared['notes'] == list(dict.fromkeys(compared['notes']))


def test_the_table_says_which_differences_are_not_chance(systems):
    folders, references = systems
    printed = format_comparison(compare_folders(folders, references))
    lines = printed.splitlines()
    assert max(map(len, lines)) <= 110 and printed.isascii()
    assert lines[:4] == ['A: one', 'B: copy', 'C: poor', f'references: {references}']
    assert 'B against A: every difference may be chance.' in lines
    verdict = next(line for line in lines if line.startswith('C against A: '))
    assert 'worse in ' in verdict and 'better' not in verdict
    assert sum(line.startswith('not chance') for line in lines) == 2
    assert '12 recordings' in printed and 'jackknife' in printed and 'Holm' in printed


def test_files_of_a_comparison_hold_the_same_numbers(systems, tmp_path):
    folders, references = systems
    compared = compare_folders(folders, references)
    write_scores_json(tmp_path / 'a.json', compared)
    write_comparison_table(tmp_path / 'a.csv', compared)
    stored = json.loads((tmp_path / 'a.json').read_text())
    with (tmp_path / 'a.csv').open(newline='') as file:
        rows = {(row['system'], row['group'], row['family'], row['score']): row
                for row in csv.DictReader(file)}
    first = stored['systems']['one']['groups']['all']['2019']['ER']
    assert float(rows['one', 'all', '2019', 'ER']['value']) == first
    pair = stored['differences'][1]['scores']['joint']['macro']['F']
    row = rows['poor - one', 'all', 'joint macro', 'F']
    assert [float(row[key]) for key in ('value', 'low', 'high')] == [
        pair['difference'], pair['low'], pair['high']]
    for row in rows.values():
        assert all(row[key] == '' or math.isfinite(float(row[key])) for key in ('value', 'low', 'high', 'n'))


def test_systems_are_compared_on_the_recordings_that_all_have(systems):
    folders, references = systems
    for folder, name in zip(folders.values(), MANY_NAMES):
        (folder / f'{name}.csv').unlink()
    with pytest.raises(InputError, match='--allow-missing'):
        compare_folders(folders, references)
    compared = compare_folders(folders, references, allow_missing=True)
    assert {results['recordings']['all'] for results in compared['systems'].values()} == {9}
    assert compared['settings']['recordings'] == 9
    assert compared['notes'][0].startswith('3 references are left out: ')


def test_a_few_recordings_are_compared_without_intervals(tmp_path):
    predictions, references = scored_folders.make_folders(tmp_path)
    compared = compare_folders({'a': predictions, 'b': predictions}, references)
    for found in all_of(compared['differences'][0]['scores']).values():
        assert math.isnan(found['low']) and found['chance'] is None
    printed = format_comparison(compared)
    assert f'No intervals: {len(NAMES)} recordings are too few' in printed
    assert 'chance' not in printed


def test_a_system_that_predicts_nothing_can_be_compared(systems, tmp_path):
    folders, references = systems
    for name in MANY_NAMES:
        (folders['poor'] / f'{name}.csv').write_text('')
    compared = compare_folders(folders, references)
    write_scores_json(tmp_path / 'a.json', compared)
    pair = all_of(compared['differences'][1]['scores'])
    assert math.isnan(pair['2019', 'DOA']['difference']) and pair['2019', 'DOA']['chance'] is None
    assert pair['2019', 'F']['chance'] is False
    assert any(note.startswith('poor: Nothing is predicted') for note in compared['notes'])
    assert ' - ' in format_comparison(compared)


def test_nothing_in_common_is_refused(systems):
    folders, references = systems
    for folder, names in zip(folders.values(), (MANY_NAMES[:6], MANY_NAMES[6:])):
        for name in names:
            (folder / f'{name}.csv').unlink()
    with pytest.raises(InputError, match='no recording has a prediction in all of one, copy, poor'):
        compare_folders(folders, references, allow_missing=True)
    with pytest.raises(InputError, match='expected at most 26'):
        compare_folders(dict.fromkeys(map(str, range(27)), folders['one']), references)
