"""The report of a reproduction: whether the data are the challenge's, and what lies within."""

import math
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from misc_files import challenge_data, report_reproduction
from parameter import get_params
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import read_description
from seldnet.annotations.output_format import description_rows, write_output_rows
from seldnet.common.errors import InputError
from seldnet.common.files import write_json

ROOT = Path(__file__).parents[2]
HEADER = 'sound_event_recording,start_time,end_time,ele,azi,dist\n'
NAMES = [f'split{split}_ir{room}_ov{overlap}_{20 * room + 10 * (overlap - 1) + number}'
         for split in (1, 2, 3, 4) for room in range(5) for overlap in (1, 2) for number in range(1, 11)]


@pytest.fixture
def like_the_challenge(tmp_path):
    """Descriptions that have all marks of the challenge's."""
    folder = tmp_path / 'data/metadata_dev'
    folder.mkdir(parents=True)
    for place, name in enumerate(NAMES):
        class_name = TAU2019.classes[place % 11]
        (folder / f'{name}.csv').write_text(
            f'{HEADER}{class_name},1.0,2.5,-40,170,1\n{class_name},3,4,20,0,2\n')
    return tmp_path / 'data'


def test_data_with_all_marks_of_the_challenge(like_the_challenge):
    assert len(NAMES) == len(set(NAMES)) == 400
    assert challenge_data.differences(like_the_challenge) == []


def remove_one(folder):
    (folder / 'metadata_dev/split1_ir0_ov1_1.csv').unlink()


def remove_a_class(folder):
    for path in (folder / 'metadata_dev').iterdir():
        path.write_text(path.read_text().replace('laughter', 'cough'))


def move_an_event(folder):
    path = folder / 'metadata_dev/split1_ir0_ov1_1.csv'
    path.write_text(path.read_text().replace('20,0,2', '30,0,2'))


@pytest.mark.parametrize(('change', 'said'), [
    (remove_one, ['399 recordings, not 400', 'recordings a split: {1: 99, 2: 100, 3: 100, 4: 100}, not 100']),
    (remove_a_class, ['no event of laughter']),
    (move_an_event, ['1 of 800 events are at none of its 504 loudspeaker positions']),
    (lambda folder: (folder / 'synthesis.json').write_text('{}'), ['it was made by misc_files/synthesize_']),
])
def test_other_data_are_told_apart(like_the_challenge, change, said):
    change(like_the_challenge)
    found = challenge_data.differences(like_the_challenge)
    assert len(found) == len(said)
    assert all(line.startswith(beginning) for line, beginning in zip(found, said))


def test_the_digest_is_of_names_and_contents_but_not_of_line_ends(like_the_challenge):
    folder = like_the_challenge / 'metadata_dev'
    digest = challenge_data.description_digest(folder)
    path = folder / 'split1_ir0_ov1_1.csv'
    text = path.read_text()
    path.write_bytes(text.replace('\n', '\r\n').encode())
    assert challenge_data.description_digest(folder) == digest
    path.write_text(text.replace('2.5', '2.6'))
    assert challenge_data.description_digest(folder) != digest


@pytest.mark.parametrize(('interval', 'within'), [
    ((0.30, 0.40), True), ((0.345, 0.4), True), ((0.3451, 0.4), False), ((0.30, 0.3349), False),
    ((0.30, 0.335), True), ((math.nan, math.nan), None)])
def test_within_as_it_was_published(interval, within):
    assert report_reproduction.lies_within('ER', 0.34, interval) is within


@pytest.fixture
def predicted(like_the_challenge, tmp_path, monkeypatch):
    """Predictions that are right but for some frames, of the first ten recordings of each split."""
    monkeypatch.chdir(tmp_path)
    Path('results/4_foa_dev').mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in [name for name in NAMES if '_ir0_ov1_' in name]:
        rows = description_rows(read_description(f'data/metadata_dev/{name}.csv')).astype(int)
        write_output_rows(f'results/4_foa_dev/{name}.csv', rows[rng.random(len(rows)) < 0.9])
    return tmp_path


ARGUMENTS = ['--task', '4', '--dataset_dir', 'data', '--dcase_dir', 'results']


def cells(report, row):
    line, = [line for line in report.splitlines() if line.startswith(f'| {row}')]
    return [cell.strip() for cell in line.split('|')[2:-1]]


def test_the_report_puts_scores_beside_the_published_ones(predicted, capsys):
    assert report_reproduction.main([*ARGUMENTS, '--output', 'there/report.md']) == 0
    report = Path('there/report.md').read_text()
    assert capsys.readouterr().out == f'{report}\nwritten: there/report.md\n'
    assert cells(report, '  ') == ['error rate', 'F', 'DOA error', 'frame recall']
    assert cells(report, 'published  ') == ['0.34', '79.9%', '28.5°', '85.4%']
    assert cells(report, 'here')[2] == '0.0°'
    assert all(' to ' in cell for cell in cells(report, '95 %'))
    assert cells(report, 'published lies within') == ['-'] * 4  # not finished
    assert "The data look like the challenge's" in report
    assert '**Not finished**: 360 recordings have no prediction yet' in report
    assert challenge_data.description_digest(Path('data/metadata_dev')) in report
    assert 'Intervals: jackknife over recordings' in report


@pytest.mark.parametrize(('change', 'words'), [
    ({}, ['yes', 'no', 'yes', '-']), ({'left_out': 1}, ['-'] * 4), ({'quick_test': True}, ['-'] * 4)])
def test_what_lies_within(change, words):
    intervals = {'ER': [0.3, 0.4], 'F': [0.81, 0.9], 'DOA': [20, 28.45], 'FR': [math.nan, math.nan]}
    results = {'groups': {'all': {'2019': {'ER': 0.35, 'F': 0.85, 'DOA': 25, 'FR': 0.8}}},
               'ci95': {'2019': intervals}, 'recordings': {'all': 400},
               'settings': {'left_out': 0, 'quick_test': False, 'predictions': 'p', 'references': 'r',
                            'intervals': 'how'}}
    results['settings'] |= change
    params = {'dataset': 'foa', 'model_variant': 'released'}
    report = report_reproduction.format_report(results, params, [], 'digest')
    assert cells(report, 'published lies within') == words
    other = report_reproduction.format_report(results, params, ['4 recordings, not 400'], 'digest')
    assert cells(other, 'published lies within') == ['-'] * 4


def test_the_report_of_other_data_and_of_another_method(predicted, capsys):
    Path('data/synthesis.json').write_text('{}')
    assert report_reproduction.main([*ARGUMENTS, '--model_variant', 'accdoa']) == 0
    report = capsys.readouterr().out
    assert "**The data are not the challenge's**" in report
    assert 'made by misc_files/synthesize_dataset.py' in report
    assert 'those of method released; accdoa is another' in report


def test_settings_other_than_the_methods_are_said(predicted, capsys):
    params = get_params('4', quick_test=False, dataset_dir='elsewhere', n_jobs=1)
    write_json('results/4_foa_dev/settings.json', {'params': params})
    assert report_reproduction.main(ARGUMENTS) == 0
    assert 'Other settings' not in capsys.readouterr().out
    write_json('results/4_foa_dev/settings.json', {'params': params | {'nb_epochs': 3, 'pool_size': [4]}})
    assert report_reproduction.main(ARGUMENTS) == 0
    assert '(in brackets): `pool_size` [4] ([8, 8, 4]), `nb_epochs` 3 (50).' in capsys.readouterr().out


def test_mistakes(predicted):
    with pytest.raises(InputError, match=r'no predictions yet; `make reproduce` or seld.py writes them'):
        report_reproduction.main([*ARGUMENTS, '--dataset', 'mic'])
    with pytest.raises(InputError, match='task 5: mode eval; published are the scores of the development'):
        report_reproduction.main(['--task', '5', *ARGUMENTS[2:]])


@pytest.mark.skipif(not shutil.which('make'), reason='no make')
@pytest.mark.parametrize('fold', ['', '2'])
def test_the_command_extracts_trains_and_reports(fold):
    command = ['make', '-n', '-o', '.venv/installed', 'reproduce', 'DATASET=my data', 'FORMAT=mic',
               'METHOD=accdoa', f'FOLD={fold}']
    # As typed by a user: the make that runs the tests hands its own state and options down.
    environment = {name: value for name, value in os.environ.items()
                   if name not in ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'MAKEOVERRIDES')}
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True,
                           env=environment).stdout.replace('\\\n', '').splitlines()
    scripts = [line.split()[1] for line in lines]
    assert scripts == ['batch_feature_extraction.py'] * (not fold) + ['seld.py',
                                                                      'misc_files/report_reproduction.py']
    assert all('--dataset mic' in line and '--dataset_dir "my data"' in line for line in lines)
    training = lines[-2]
    assert '--resume' in training and '--quick_test False' in training
    assert ('--split 2' in training) == bool(fold)
