"""calculate_SELD_metrics.py: its arguments, its files, bad input, and as a script."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scored_folders
import soundfile
from next_commands import next_command_of
from scored_folders import HEADER, NAMES

import calculate_SELD_metrics as script
from seldnet.common.errors import InputError
from seldnet.scoring.comparison import compare_folders
from seldnet.scoring.scores import score_folders
from seldnet.scoring.tables import format_comparison, format_results

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
    assert (tmp_path / 'scores.csv').read_text().startswith('group,family,score,value,low,high,n')


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
    (lambda predictions, references: (predictions / 'settings.json').write_text('{}'), r'settings\.json'),
    (lambda predictions, references: (predictions / 'settings.json').write_text('{'), r'settings\.json'),
])
def test_bad_folders(folders, run, spoil, message):
    spoil(*folders)
    with pytest.raises(InputError, match=message):
        run()


# ---- several systems ----


@pytest.fixture
def systems(tmp_path):
    """Folders of two systems and of the references, of twelve recordings."""
    predictions, references = scored_folders.make_folders(tmp_path, scored_folders.MANY_NAMES)
    shutil.copytree(predictions, tmp_path / 'other')
    return predictions, tmp_path / 'other', references


def test_several_systems_are_compared(systems, tmp_path, capsys):
    one, other, references = systems
    outputs = [tmp_path / f'scores.{ending}' for ending in ('json', 'csv', 'png')]
    options = [text for option, path in zip(('--json', '--csv', '--plot'), outputs)
               for text in (option, str(path))]
    assert script.main([str(one), str(other), '--references', str(references), *options]) == 0
    printed = capsys.readouterr().out
    expected = compare_folders({str(one): one, str(other): other}, references)
    assert printed.startswith(format_comparison(expected))
    assert json.loads(outputs[0].read_text())['systems'][str(other)]['groups'] == \
        expected['systems'][str(other)]['groups']
    assert outputs[1].read_text().startswith('system,group,family,score,value,low,high,n')
    assert all(path.stat().st_size > 1000 for path in outputs)
    assert printed.endswith(f'written: {outputs[-1]}\n')
    assert script.main([*map(str, systems)]) == 0  # the last one holds descriptions
    printed = capsys.readouterr().out
    assert printed.startswith(f'{format_comparison(expected)}\n\nThe same as a picture:\n')
    words = next_command_of(printed, 'calculate_SELD_metrics.py')
    assert words == [*map(str, systems), '--plot', 'scores.png']


def test_tasks_are_compared(systems, tmp_path, capsys):
    one, other, references = systems
    other.rename(one.with_name('6_foa_dev'))
    root = ['--dataset_dir', str(references.parent), '--dcase_dir', str(one.parent)]
    assert script.main(['--task', '1', '--task', '6', *root]) == 0
    printed = capsys.readouterr().out
    assert f'A: {one} (released)\nB: {one.with_name("6_foa_dev")} (accdoa)\n' in printed
    with pytest.raises(InputError, match='the references of .*5_foa_eval'):
        script.main(['--task', '1', '--task', '5', *root])


@pytest.mark.parametrize('arguments, message', [
    (['{one}', '{one}', '--references', '{references}'], 'a system is named twice'),
    (['{one}', '{other}', '--references', 'nowhere'], 'nowhere: no such folder'),
    (['{one}', 'nowhere', '--references', '{references}'], 'nowhere: no such folder'),
    (['{one}', '{other}', '{references}', '--plot', 'a.gif'], 'ends in .png'),
    (['{one}', '{other}', '{references}', '--csv', '{other}/a.csv'], 'stand among the files that are scored'),
])
def test_bad_comparisons(systems, arguments, message):
    folders = dict(zip(('one', 'other', 'references'), systems))
    with pytest.raises(InputError, match=message):
        script.main([argument.format(**folders) for argument in arguments])


# ---- names and data sets of one's own ----


def test_recordings_of_any_name_are_scored(folders, run):
    for folder in folders:
        (folder / f'{NAMES[0]}.csv').rename(folder / 'street at night.csv')
    _, results = run()
    assert results['recordings']['all'] == len(NAMES)
    assert results['recordings']['split 1'] == 1


@pytest.fixture
def own(tmp_path):
    """A data set of one's own without recordings of equal length, and predictions, all right."""
    data, predictions = tmp_path / 'own', tmp_path / 'mine'
    for folder in (predictions, data / 'metadata_dev', data / 'foa_dev'):
        folder.mkdir(parents=True)
    (data / 'dataset.toml').write_text('name = "Yard"\nclasses = ["dog", "drill"]\nsample_rate_hz = 24000\n')
    for name, seconds in (('yard', 2), ('street', 90)):
        soundfile.write(data / 'foa_dev' / f'{name}.wav', np.zeros((24000 * seconds, 4)), 24000)
        (data / 'metadata_dev' / f'{name}.csv').write_text(f'{HEADER}dog,0,1,0,33,1\ndrill,1,1.5,5,-20,\n')
        rows = [*((frame, 0, 33, 0) for frame in range(51)), *((frame, 1, -20, 5) for frame in range(50, 76))]
        (predictions / f'{name}.csv').write_text(''.join('{},{},{},{}\n'.format(*row) for row in rows))
    return predictions, data


def test_a_data_set_of_ones_own_is_found_beside_the_references(own, tmp_path, capsys):
    predictions, data = own
    with (predictions / 'street.csv').open('a') as file:
        file.write('4499,0,33,0\n4500,0,33,0\n')
    arguments = [str(predictions), str(data / 'metadata_dev'), '--json', str(tmp_path / 'a.json')]
    assert script.main(arguments) == 0
    results = json.loads((tmp_path / 'a.json').read_text())
    assert list(results['classes']) == ['dog', 'drill']
    assert results['groups']['all']['joint']['micro']['LR'] == 1
    assert results['groups']['all']['2019']['FR'] == pytest.approx(4599 / 4600)  # one frame too many of 92 s
    assert any(note.startswith('1 of 156 predicted rows') and note.endswith('are ignored: street.')
               for note in results['notes'])
    assert results['settings']['unknown_lengths'] == 0

    shutil.rmtree(data / 'foa_dev')
    assert script.main(arguments) == 0
    assert 'The length of 2 of 2 recordings is not known' in capsys.readouterr().out


def test_lengths_that_are_not_known_are_the_same_for_all_systems(own, tmp_path, capsys):
    predictions, data = own
    shutil.rmtree(data / 'foa_dev')
    other = tmp_path / 'other'
    shutil.copytree(predictions, other)
    with (other / 'yard.csv').open('a') as file:
        file.write('999,0,33,0\n')
    compared = [str(predictions), str(other), '--references', str(data / 'metadata_dev')]
    assert script.main([*compared, '--json', str(tmp_path / 'a.json')]) == 0
    first, second = json.loads((tmp_path / 'a.json').read_text())['systems'].values()
    assert first['groups']['all']['2019']['FR'] == 1
    assert second['groups']['all']['2019']['FR'] == pytest.approx(1 - 1 / 1076)  # 1000 frames and 76
    assert 'The length of 2 of 2 recordings is not known' in capsys.readouterr().out


# ---- as a script ----


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
    assert not imported & {'keras', 'tensorflow', 'torch', 'jax', 'librosa', 'sklearn', 'matplotlib',
                           'soundfile'}
