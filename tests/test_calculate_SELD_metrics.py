"""calculate_SELD_metrics.py, run on small folders: numbers, groups, files, bad input."""

import csv
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import reference as slow
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import calculate_SELD_metrics as script
from cls_feature_class import Event, FeatureClass, read_description
from evaluation_metrics import (
    SELDMetrics,
    count_recordings,
    load_output_format_file,
    output_format_dict_to_classification_labels,
    read_output_rows,
)
from parameter import CLASSES, InputError

SCRIPT = Path(script.__file__)
HEADER = 'sound_event_recording,start_time,end_time,ele,azi,dist\n'
NAMES = ('split1_ir0_ov1_1', 'split1_ir1_ov2_2', 'split2_ir0_ov1_3', 'split2_ir1_ov2_4', 'split0_5')


def write_description(path, rng, nb_events=12):
    lines = []
    for _ in range(nb_events):
        start = rng.uniform(0, 59)
        azimuth, elevation = 10 * rng.integers((-18, -4), (18, 5))
        lines.append(f'{rng.choice(CLASSES)},{start},{start + rng.uniform(0.1, 3)},{elevation},{azimuth},1\n')
    path.write_text(HEADER + ''.join(lines))


def write_prediction(path, rng, description):
    """The description's rows with misses, deviations and false alarms."""
    rows = script.read_reference_rows(description).astype(int)
    rows = rows[rng.random(len(rows)) < 0.9]
    rows[:, 2:] += rng.integers(-12, 13, (len(rows), 2))
    false_alarms = rng.integers((0, 0, -180, -40), (3000, 11, 180, 41), (30, 4))
    rows = np.concatenate((rows, false_alarms))
    path.write_text(''.join('{},{},{},{}\n'.format(*row) for row in rows[rows[:, 0].argsort()].tolist()))


@pytest.fixture
def folders(tmp_path):
    """Folders of predictions and references of `NAMES`."""
    predictions, references = tmp_path / 'results' / '1_foa_dev', tmp_path / 'data' / 'metadata_dev'
    predictions.mkdir(parents=True)
    references.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in NAMES:
        write_description(references / f'{name}.csv', rng)
        write_prediction(predictions / f'{name}.csv', rng, references / f'{name}.csv')
    return predictions, references


@pytest.fixture
def run(folders, tmp_path, capsys):
    """Function (more arguments) -> (what is printed, the JSON)."""
    def with_arguments(*arguments):
        assert script.main([*map(str, folders), '--json', str(tmp_path / 'scores.json'), *arguments]) == 0
        return capsys.readouterr().out, json.loads((tmp_path / 'scores.json').read_text())
    return with_arguments


# --------------------------------------------------------------------------------------------------------
# Numbers
# --------------------------------------------------------------------------------------------------------


def expected_rows(path):
    """Rows of a description by a plain loop over the label rule."""
    rows = []
    for line in path.read_text().splitlines()[1:]:
        name, start, end, elevation, azimuth, _ = line.split(',')
        last = min(math.ceil(float(end) * 50), 2999)
        rows += [[frame, CLASSES.index(name), int(azimuth), int(elevation)]
                 for frame in range(math.floor(float(start) * 50), last + 1)]
    return rows


def predicted_rows(path):
    rows = [list(map(int, line.split(','))) for line in path.read_text().split()]
    return [row for row in rows if row[0] < 3000]


def test_reference_rows_follow_the_frame_rule_of_the_labels(tmp_path):
    path = tmp_path / 'some.csv'
    path.write_text(HEADER + 'knock,0.03,0.05,10,-20,1\nspeech,59.97,62,0,170,2\nknock,0.05,0.05,0,0,1\n'
                    'phone,61,62,0,0,1\n')
    rows = script.read_reference_rows(path)
    rows = rows[rows[:, 0] < 3000]
    assert rows.tolist() == [[1, 0, -20, 10], [2, 0, -20, 10], [3, 0, -20, 10],
                             [2998, 5, 170, 0], [2999, 5, 170, 0], [2, 0, 0, 0], [3, 0, 0, 0]]
    path.write_text(HEADER)
    assert script.read_reference_rows(path).shape == (0, 4)


def test_2019_scores_equal_the_official_class_on_labels(folders, run):
    predictions, references = folders
    _, results = run()
    feat_cls = FeatureClass()
    metrics = {'all': SELDMetrics(), 'split 1': SELDMetrics()}
    for name in NAMES:
        gt = feat_cls.get_clas_labels_for_file(feat_cls.read_desc_file(references / f'{name}.csv'))
        pred = output_format_dict_to_classification_labels(
            load_output_format_file(predictions / f'{name}.csv'))
        for group in ('all', 'split 1'):
            if group == 'all' or name.startswith('split1'):
                metrics[group].update_sed_scores(pred.max(2), gt.max(2))
                metrics[group].update_doa_scores(pred, gt)
    for group, one in metrics.items():
        er, f = one.compute_sed_scores()
        doa_error, recall = one.compute_doa_scores()
        assert results['groups'][group]['2019'] == pytest.approx({
            'ER': er, 'F': f, 'DOA': doa_error, 'FR': recall,
            'SELD': (er + 1 - f + doa_error / 180 + 1 - recall) / 4}, rel=1e-12)


def test_joint_scores_and_confidence_equal_the_slow_reference(folders, run):
    predictions, references = folders
    _, results = run()
    sizes = {'nb_frames': 3000, 'nb_classes': 11, 'segment_frames': 50}
    counts = []
    for name in NAMES:
        counts.append(slow.joint_counts(expected_rows(references / f'{name}.csv'),
                                        predicted_rows(predictions / f'{name}.csv'), **sizes))

    def scores_of(some):
        total = {key: np.sum([one[key] for one in some], axis=0) for key in some[0]}
        return slow.joint_scores(total)

    macro, micro, of_classes = scores_of(counts)
    for average, expected in (('macro', macro), ('micro', micro)):
        found = results['groups']['all']['joint'][average]
        assert [found[key] for key in ('ER', 'F', 'LE', 'LR')] == pytest.approx(expected, rel=1e-9)
    found = [[results['classes'][name]['joint'][key] for key in ('F', 'LE', 'LR')] for name in CLASSES]
    assert np.array(found) == pytest.approx(np.array(of_classes), rel=1e-9)
    t = scipy.stats.t.ppf(0.975, len(NAMES) - 1)
    for place, key in enumerate(('ER', 'F', 'LE', 'LR')):
        expected = slow.jackknife(counts, lambda some, place=place: scores_of(some)[1][place], t)
        assert results['ci95']['joint']['micro'][key] == pytest.approx(expected, rel=1e-6)
    macro, _, _ = scores_of(counts[:2])
    assert results['groups']['split 1']['joint']['macro']['F'] == pytest.approx(macro[1])


def test_classes_of_2019_equal_a_recount_of_each_class(folders, run):
    predictions, references = folders
    _, results = run()
    for index, name in enumerate(CLASSES):
        tp = nb_predicted = nb_reference = 0
        for recording in NAMES:
            blocks = [{row[0] // 50 for row in rows if row[1] == index and row[0] % 50 != 49}
                      for rows in (expected_rows(references / f'{recording}.csv'),
                                   predicted_rows(predictions / f'{recording}.csv'))]
            tp += len(blocks[0] & blocks[1])
            nb_reference += len(blocks[0])
            nb_predicted += len(blocks[1])
        expected = {'ER': (nb_reference + nb_predicted - 2 * tp) / nb_reference,
                    'F': 2 * tp / (nb_reference + nb_predicted)}
        assert results['classes'][name]['2019'] == pytest.approx(expected)


def test_groups_are_those_that_the_names_speak_of(run):
    _, results = run()
    assert list(results['groups']) == ['all', 'split 0', 'split 1', 'split 2', 'ov 1', 'ov 2', 'ir 0', 'ir 1']
    assert results['recordings'] == {'all': 5, 'split 0': 1, 'split 1': 2, 'split 2': 2, 'ov 1': 2, 'ov 2': 2,
                                     'ir 0': 2, 'ir 1': 2}
    assert set(results) == {'groups', 'classes', 'ci95', 'recordings', 'settings'}
    for group in results['groups'].values():
        assert list(group) == ['2019', 'joint']
        assert list(group['2019']) == ['ER', 'F', 'DOA', 'FR', 'SELD']
        for average in ('macro', 'micro'):
            assert list(group['joint'][average]) == ['ER', 'F', 'LE', 'LR', 'SELD']


def test_2019_intervals_equal_scoring_without_each_recording(folders, run):
    predictions, references = folders
    _, results = run()

    def scores_of(names):
        counts = count_recordings([script.read_reference_rows(references / f'{name}.csv') for name in names],
                                  [read_output_rows(predictions / f'{name}.csv') for name in names])
        return script.score(names, counts)['groups']['all']['2019']

    t = scipy.stats.t.ppf(0.975, len(NAMES) - 1)
    for key in ('ER', 'F', 'DOA', 'FR', 'SELD'):
        expected = slow.jackknife(list(NAMES), lambda names, key=key: scores_of(names)[key], t)
        assert expected[0] < expected[1]
        assert results['ci95']['2019'][key] == pytest.approx(expected, rel=1e-9)


def test_perfect_predictions(folders, run):
    predictions, references = folders
    for name in NAMES:
        rows = expected_rows(references / f'{name}.csv')
        (predictions / f'{name}.csv').write_text(''.join('{},{},{},{}\n'.format(*row) for row in rows))
    _, results = run()
    assert results['groups']['all']['2019'] == pytest.approx(
        {'ER': 0, 'F': 1, 'DOA': 0, 'FR': 1, 'SELD': 0}, abs=1e-5)
    assert results['groups']['all']['joint']['micro'] == pytest.approx(
        {'ER': 0, 'F': 1, 'LE': 0, 'LR': 1, 'SELD': 0}, abs=1e-5)


# --------------------------------------------------------------------------------------------------------
# What is printed and written
# --------------------------------------------------------------------------------------------------------


def test_table_is_readable(folders, run):
    printed, results = run()
    lines = printed.splitlines()
    assert max(map(len, lines)) <= 110
    assert str(folders[0]) in lines[0]
    assert str(folders[1]) in lines[1]
    row = next(line for line in lines if line.startswith('all '))
    assert f'{results["groups"]["all"]["2019"]["ER"]:.2f}' in row
    assert f'{100 * results["groups"]["all"]["joint"]["micro"]["F"]:.1f}' in row
    for label in (*results['groups'], *CLASSES, '95 % from'):
        assert sum(line.startswith(label) for line in lines) == 1
    assert printed.isascii()


def test_csv_holds_what_the_json_holds(run, tmp_path):
    _, results = run('--csv', str(tmp_path / 'scores.csv'))
    with (tmp_path / 'scores.csv').open(newline='') as file:
        rows = {row['group']: row for row in csv.DictReader(file)}
    assert len(rows) == len(results['groups']) + 2 + len(CLASSES)
    assert float(rows['split 2']['2019_DOA']) == results['groups']['split 2']['2019']['DOA']
    assert float(rows['ir 1']['macro_LE']) == results['groups']['ir 1']['joint']['macro']['LE']
    assert float(rows['all']['micro_SELD']) == results['groups']['all']['joint']['micro']['SELD']
    assert float(rows['all, ci95 to']['2019_F']) == results['ci95']['2019']['F'][1]
    assert float(rows['class knock']['2019_ER']) == results['classes']['knock']['2019']['ER']
    assert float(rows['class speech']['macro_LR']) == results['classes']['speech']['joint']['LR']
    assert rows['class speech']['2019_DOA'] == ''


def test_undefined_scores_are_null_and_a_dash(folders, run):
    predictions, _ = folders
    for path in predictions.glob('*.csv'):
        path.write_text('')
    printed, results = run()
    of_2019 = results['groups']['all']['2019']
    assert (of_2019['ER'], of_2019['F'], of_2019['DOA'], of_2019['SELD']) == (1, 0, None, None)
    assert results['ci95']['2019']['DOA'] == [None, None]
    assert ' - ' in next(line for line in printed.splitlines() if line.startswith('all '))


def test_scores_of_predictions_without_any_reference_are_infinite(folders, run):
    """Their guard against division by zero gives numbers of sixteen digits, which are no scores."""
    for name in NAMES:
        (folders[1] / f'{name}.csv').write_text(HEADER)
    printed, results = run()
    for scores in (results['groups']['all']['joint']['macro'], results['classes']['knock']['joint']):
        assert scores['ER'] is None
    assert results['ci95']['joint']['macro']['ER'] == [None, None]
    assert ' inf ' in next(line for line in printed.splitlines() if line.startswith('all '))
    assert not re.search(r'\d{7}', printed)


def test_one_recording_has_no_interval(folders, run):
    predictions, references = folders
    for name in NAMES[1:]:
        (predictions / f'{name}.csv').unlink()
        (references / f'{name}.csv').unlink()
    _, results = run()
    assert results['ci95']['joint']['macro']['F'] == [None, None]
    assert results['groups']['all'] == results['groups']['split 1']


def test_quick_test_is_said(folders, run):
    printed, results = run()
    assert results['settings']['quick_test'] is None
    assert 'QUICK TEST' not in printed
    for quick_test in (True, False):
        (folders[0] / 'settings.json').write_text(json.dumps({'params': {'quick_test': quick_test}}))
        printed, results = run()
        assert ('QUICK TEST' in printed) == results['settings']['quick_test'] == quick_test


def test_off_grid_references_are_said(folders, run):
    (folders[1] / f'{NAMES[0]}.csv').write_text(HEADER + 'knock,0,1,50,0,1\nknock,5,6,10,0,1\n')
    printed, results = run()
    assert results['settings']['off_grid_rows'] == 51
    assert '51 reference rows' in printed


def test_defaults_are_the_tasks_folders(folders, tmp_path, capsys):
    predictions, references = folders
    root = ['--dataset_dir', str(references.parent), '--dcase_dir', str(predictions.parent)]
    assert script.main(root) == 0
    assert str(predictions) in capsys.readouterr().out
    predictions.rename(predictions.with_name('5_foa_eval'))
    references.rename(references.with_name('metadata_eval'))
    assert script.main(['--task', '5', *root]) == 0
    assert '5_foa_eval' in capsys.readouterr().out


# --------------------------------------------------------------------------------------------------------
# Bad input
# --------------------------------------------------------------------------------------------------------


def test_missing_predictions_need_allow_missing(folders, run):
    predictions, _ = folders
    missing, kept = NAMES[:2], NAMES[2:]
    for name in missing:
        (predictions / f'{name}.csv').unlink()
    with pytest.raises(InputError, match=rf'missing: {", ".join(missing)}; surplus: none.*--allow-missing'):
        run()
    printed, results = run('--allow-missing')
    assert '2 references have no prediction' in printed
    assert results['settings']['left_out'] == 2
    assert results['recordings']['all'] == len(kept)
    assert 'split 1' not in results['groups']


def test_surplus_predictions_are_refused(folders, run):
    predictions, _ = folders
    (predictions / f'{NAMES[0]}.csv').rename(predictions / 'split4_ir0_ov1_9.csv')
    for arguments in ((), ('--allow-missing',)):
        with pytest.raises(InputError, match=f'missing: {NAMES[0]}; surplus: split4_ir0_ov1_9'):
            run(*arguments)


def test_other_files_are_no_predictions(folders, run):
    predictions, _ = folders
    _, before = run()
    (predictions / '.partial-abc.csv').write_text('half')
    (predictions / 'notes.txt').write_text('notes')
    _, after = run()
    assert after['groups'] == before['groups']


@pytest.mark.parametrize('spoil, message', [
    (lambda predictions, references: (predictions / f'{NAMES[0]}.csv').write_text('a,b,c,d\n'),
     rf'{NAMES[0]}\.csv, line 1'),
    (lambda predictions, references: (references / f'{NAMES[0]}.csv').write_text('a,b,c,d\n'), NAMES[0]),
    (lambda predictions, references: [path.unlink() for path in predictions.iterdir()], 'no predictions'),
    (lambda predictions, references: references.rename(references.with_name('elsewhere')), 'no such folder'),
    (lambda *folders: [(folder / 'mine.csv').write_text('') for folder in folders], 'not a recording name'),
    (lambda predictions, references: (predictions / 'settings.json').write_text('{}'), r'settings\.json'),
    (lambda predictions, references: (predictions / 'settings.json').write_text('{'), r'settings\.json'),
])
def test_bad_folders(folders, run, spoil, message):
    spoil(*folders)
    with pytest.raises(InputError, match=message):
        run()


def python(*arguments):
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          cwd=SCRIPT.parent, check=False)


def test_as_a_script(folders, tmp_path):
    predictions, references = folders
    done = python(SCRIPT, predictions, references, '--json', tmp_path / 'scores.json')
    assert (done.returncode, done.stderr) == (0, '')
    assert 'knock' in done.stdout
    (predictions / f'{NAMES[1]}.csv').write_text('1,2,3\n')
    failed = python(SCRIPT, predictions, references)
    assert failed.returncode == 1
    assert failed.stderr.count('\n') == 1
    assert f'{NAMES[1]}.csv, line 1' in failed.stderr
    assert python(SCRIPT, '--jsn', 'x').returncode == 2


def test_neither_keras_nor_tensorflow_is_imported():
    done = python('-c', 'import sys, calculate_SELD_metrics; print(*sys.modules)')
    imported = set(done.stdout.split())
    assert 'metrics.joint' in imported
    assert not imported & {'keras', 'tensorflow', 'torch', 'jax', 'librosa', 'sklearn', 'matplotlib'}


# --------------------------------------------------------------------------------------------------------
# The other reader: descriptions
# --------------------------------------------------------------------------------------------------------

cells = st.lists(st.sampled_from([
    'knock', 'cough', 'Knock', '0.5', '1', '60.1', '-1', '10', '-180', '181', 'nan', 'inf', '1e400', '', ' ',
    ',', ',', ',', ',', ',', '\n', '\n', '\r\n', '"', '\0', '\ufeff', '2']),
    max_size=40).map(lambda parts: ''.join(parts).encode())


@given(st.one_of(st.binary(max_size=60), cells, cells.map(lambda text: HEADER.encode() + text)))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_fuzz_descriptions_become_legal_rows_or_the_readers_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp('fuzz') / 'some.csv'
    path.write_bytes(content)
    try:
        events = read_description(path)
    except InputError as error:
        assert str(path) in str(error)
        return
    assert all(isinstance(event, Event) for event in events)
    rows = script.read_reference_rows(path)
    assert rows.shape[1] == 4
    assert ((rows >= (0, 0, -180, -90)) & (rows <= (3000, 10, 180, 90))).all()
