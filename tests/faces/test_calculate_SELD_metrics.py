"""calculate_SELD_metrics.py: its arguments, its files, bad input, and as a script."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import scored_folders
from scored_folders import NAMES

import calculate_SELD_metrics as script
from seldnet.common.errors import InputError
from seldnet.scoring.scores import score_folders
from seldnet.scoring.tables import format_results

SCRIPT = Path(script.__file__)


@pytest.fixture
def folders(tmp_path):
    """Folders of predictions and references of `scored_folders.NAMES`."""
    return scored_folders.make_folders(tmp_path)


@pytest.fixture
def run(folders, tmp_path, capsys):
    """Function (more arguments) -> (what is printed, the JSON)."""
    def with_arguments(*arguments):
        assert script.main([*map(str, folders), '--json', str(tmp_path / 'scores.json'), *arguments]) == 0
        return capsys.readouterr().out, json.loads((tmp_path / 'scores.json').read_text())
    return with_arguments


def test_what_the_engine_scores_is_printed_and_written(folders, run, tmp_path):
    printed, results = run('--csv', str(tmp_path / 'scores.csv'))
    expected = score_folders(*folders)
    assert printed == (f'{format_results(expected)}\nwritten: {tmp_path}/scores.json\n'
                       f'written: {tmp_path}/scores.csv\n\n'
                       'Which class is taken for which, and where directions are off:\n'
                       f'  python misc_files/analyse_errors.py {folders[0]} {folders[1]}\n')
    assert results['groups']['all'] == expected['groups']['all']
    assert (tmp_path / 'scores.csv').read_text().startswith('group,recordings,2019_ER')


def test_defaults_are_the_tasks_folders(folders, tmp_path, capsys):
    predictions, references = folders
    root = ['--dataset_dir', str(references.parent), '--dcase_dir', str(predictions.parent)]
    assert script.main(root) == 0
    assert str(predictions) in capsys.readouterr().out
    predictions.rename(predictions.with_name('5_foa_eval'))
    references.rename(references.with_name('metadata_eval'))
    assert script.main(['--task', '5', *root]) == 0
    assert '5_foa_eval' in capsys.readouterr().out


def test_missing_predictions_need_allow_missing(folders, run):
    predictions, _ = folders
    missing, kept = NAMES[:2], NAMES[2:]
    for name in missing:
        (predictions / f'{name}.csv').unlink()
    with pytest.raises(InputError, match='--allow-missing'):
        run()
    printed, results = run('--allow-missing')
    assert '2 references have no prediction' in printed
    assert results['settings']['left_out'] == 2
    assert results['recordings']['all'] == len(kept)
    assert 'split 1' not in results['groups']


@pytest.mark.parametrize('spoil, message', [
    (lambda predictions, references: (predictions / f'{NAMES[0]}.csv').write_text('a,b,c,d\n'),
     rf'{NAMES[0]}\.csv:1: '),
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
    assert f'{NAMES[1]}.csv:1: ' in failed.stderr
    assert python(SCRIPT, '--jsn', 'x').returncode == 2


def test_neither_keras_nor_tensorflow_is_imported():
    done = python('-c', 'import sys, calculate_SELD_metrics; print(*sys.modules)')
    imported = set(done.stdout.split())
    assert 'metrics.joint' in imported
    assert not imported & {'keras', 'tensorflow', 'torch', 'jax', 'librosa', 'sklearn', 'matplotlib'}
