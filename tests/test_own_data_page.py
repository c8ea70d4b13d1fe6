"""docs/YOUR_OWN_DATA.md: every command of the page, in its order, with a network that trains in seconds."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

import batch_feature_extraction
import calculate_SELD_metrics
import seld
from misc_files import (
    analyse_errors,
    check_dataset_distribution,
    predict_recording,
    synthesize_dataset,
    visualize_SELD_output,
)
from seldnet.annotations.dataset_file import KEYS, find_dataset

PAGE = Path(__file__).resolve().parents[1] / 'docs' / 'YOUR_OWN_DATA.md'
SMALL = ['--nb_cnn2d_filt', '8', '--rnn_size', '16', '--fnn_size', '16', '--sequence_length', '40',
         '--batch_size', '4', '--epochs_per_fit', '2', '--learning_rate', '0.01', '--nb_epochs', '2']
# Script -> what runs it with the words after its name, and options that make it faster.
SCRIPTS: dict[str, tuple[Callable, list[str]]] = {
    'misc_files/synthesize_dataset.py': (synthesize_dataset.main,
                                         ['--recordings', '2', '--eval_recordings', '1', '--n_jobs', '1']),
    'misc_files/check_dataset_distribution.py': (check_dataset_distribution.main, []),
    'batch_feature_extraction.py': (lambda argv: batch_feature_extraction.main(['extract', *argv]),
                                    ['--n_jobs', '1']),
    'seld.py': (lambda argv: seld.main(['seld.py', *argv]), SMALL),
    'calculate_SELD_metrics.py': (calculate_SELD_metrics.main, []),
    'misc_files/visualize_SELD_output.py': (visualize_SELD_output.main, []),
    'misc_files/analyse_errors.py': (analyse_errors.main, []),
    'misc_files/predict_recording.py': (predict_recording.main, []),
}


def commands() -> list[list[str]]:
    blocks = re.findall(r'^```(\w*)\n(.*?)^```', PAGE.read_text(encoding='utf-8'), re.MULTILINE | re.DOTALL)
    return [shlex.split(line)[1:] for _, block in blocks for line in block.splitlines()
            if line.startswith('python ')]


def test_every_command_of_the_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = commands()
    assert {script for script, *_ in found} == set(SCRIPTS)
    for script, *arguments in found:
        run, options = SCRIPTS[script]
        assert run([*arguments, *options]) in (0, None), script
        assert 'error' not in capsys.readouterr().err, script
    pictures = sorted(path.suffix for path in Path().rglob('*.png'))
    assert len(pictures) >= 8
    assert list(Path('own').rglob('split0_1*'))


def test_what_is_proposed_for_the_example_is_what_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    synthesize_dataset.main(['office', '--example', 'office', '--recordings', '1', '--eval_recordings', '1',
                             '--n_jobs', '1', '--formats', 'foa'])
    made = find_dataset('office')
    Path('office', 'dataset.toml').replace('made.toml')
    assert check_dataset_distribution.main(['office', '--write-toml']) == 0
    proposed = find_dataset('office')
    assert set(proposed.classes) <= set(made.classes)
    different = {key for key, value in made.facts().items() if proposed.facts()[key] != value}
    assert different <= {'classes'} and proposed.folds == made.folds
    assert 'directions are free' in capsys.readouterr().out
    with pytest.raises(ValueError, match='exists already'):
        check_dataset_distribution.main(['office', '--write-toml'])


def test_the_table_has_all_keys():
    table = re.findall(r'^\| (`.*?) \|', PAGE.read_text(encoding='utf-8'), re.MULTILINE)
    named = {key.removeprefix('[[').removeprefix('[').split(']')[0].split('.')[0]
             for cell in table for key in re.findall(r'`(.*?)`', cell)}
    assert named >= set(KEYS)
