"""The scripts that a user types, run for real, on a tiny data set; and all commands of three pages."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
TINY_NETWORK = ['--nb_cnn2d_filt', '2', '--pool_size', '64', '4', '--rnn_size', '3', '--fnn_size', '3',
                '--model_variant', 'paper', '--batch_size', '4', '--split', '1']


def run(*command, cwd=REPOSITORY, status=0):
    """Run a Python script; its output, once its exit status is the expected one."""
    done = subprocess.run([sys.executable, *map(str, command)], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == status, f'{command}\n{done.stdout}\n{done.stderr}'
    return done.stdout if status == 0 else done.stderr


def synthesize(folder, *options):
    run('misc_files/synthesize_dataset.py', folder, '--recordings', 1, '--eval_recordings', 1, '--seconds', 6,
        *options)


def test_the_three_scripts_one_after_the_other(tmp_path):
    synthesize(tmp_path / 'data', '--formats', 'foa')
    folders = ['--dataset_dir', tmp_path / 'data', '--dcase_dir', tmp_path / 'results']
    features = ['--feat_label_dir', tmp_path / 'features']
    printed = run('batch_feature_extraction.py', 999, *folders[:2], *features)
    assert 'foa_dev and foa_eval: 5 of 5 recordings extracted' in printed
    assert 'nothing to do' in run('batch_feature_extraction.py', 999, *folders[:2], *features)

    printed = run('seld.py', 999, 'job', *folders, *features, '--model_dir', tmp_path / 'models',
                  *TINY_NETWORK)
    assert printed.count('Fold ') == 1
    assert 'Quick test: two rounds on two batches' in printed and 'Its scores mean nothing.' in printed
    dumps = sorted(path.stem for path in (tmp_path / 'results' / '999_foa_dev').glob('*.csv'))
    assert len(dumps) == 1
    model = tmp_path / 'models' / '999_job_foa_dev_split1_model.keras'
    assert model.is_file() and model.with_name('999_job_foa_dev_split1.png').is_file()

    scores = tmp_path / 'scores.json'
    printed = run('calculate_SELD_metrics.py', '--task', 999, *folders, '--allow-missing', '--json', scores)
    assert 'quick test' in printed and '3 references have no prediction' in printed
    assert {'all', 'split 1'} <= set(json.loads(scores.read_text())['groups'])


def test_nothing_prepared_is_one_line(tmp_path):
    for script, words in (('batch_feature_extraction.py', 'no such folder of recordings'),
                          ('seld.py', 'run `python batch_feature_extraction.py 1`')):
        error = run(script, '--dataset_dir', tmp_path, '--feat_label_dir', tmp_path / 'features', status=1)
        assert words in error and 'Traceback' not in error
    assert not (tmp_path / 'features').exists()


SCRIPTS = [path for path in sorted([*REPOSITORY.glob('*.py'), *REPOSITORY.glob('misc_files/*.py')])
           if '__main__' in path.read_text(encoding='utf-8')]


@pytest.mark.parametrize('script', SCRIPTS, ids=lambda path: path.stem)
def test_every_script_has_help_with_examples(script):
    printed = run(script, '--help')
    assert printed.startswith('usage:')
    assert f'python {script.relative_to(REPOSITORY).as_posix()}' in printed
    assert 'error:' in run(script, '--no-such-option', status=2)


HAVE_TESTS_OF_THEIR_OWN = ('tcp://', 'benchmarks/', 'misc_files/synthesize', ' DIR ', 'results/6_foa_dev',
                           ' mine yours ', '--task 6')


PAGES = ('README.md', 'docs/DATA_SET.md', 'docs/PICTURES.md')


def commands_of(page):
    """All commands of a page that start with `python`, in order."""
    text = (REPOSITORY / page).read_text(encoding='utf-8')
    found = re.findall(r'(?:^\s*|`)(python (?:\w+\.py|misc_files/|benchmarks/)[^`\n]*)', text, re.MULTILINE)
    return [command.split('#')[0].strip() for command in found]


def test_the_readme_names_the_commands():
    assert len(commands_of('README.md')) >= 12
    assert all((REPOSITORY / shlex.split(command)[1]).is_file() for page in PAGES
               for command in commands_of(page))


def test_the_page_of_the_data_set_has_the_readmes_commands():
    """So that it need not be run once more."""
    page = commands_of('docs/DATA_SET.md')
    assert len(page) >= 4
    assert [command for command in commands_of('README.md') if command in page] == page


@pytest.mark.slow
def test_every_command_of_the_readme_and_of_the_pages_beside_it(tmp_path):
    """In a copy whose defaults are tiny, on a tiny data set, in their order, each once."""
    place = tmp_path / 'place'
    made_at_run_time = ('.git', '.venv', '.*cache', '__pycache__', 'data', 'features', 'models', 'results',
                        'demo', 'api')
    shutil.copytree(REPOSITORY, place, ignore=shutil.ignore_patterns(*made_at_run_time))
    settings = (place / 'parameter.py').read_text(encoding='utf-8')
    tiny_defaults = {'nb_cnn2d_filt': '2', 'pool_size': '[64, 4]', 'rnn_size': '[3]', 'fnn_size': '[3]',
                     'nb_epochs': '1', 'epochs_per_fit': '1', 'batch_size': '4'}
    for name, tiny in tiny_defaults.items():
        settings, count = re.subn(rf"('{name}': Setting\()(\[[^]]*\]|\w+)", rf'\g<1>{tiny}', settings)
        assert count == 1
    (place / 'parameter.py').write_text(settings, encoding='utf-8')
    synthesize(place / 'data')
    shutil.copy(next((place / 'data' / 'foa_dev').glob('split1*')), place / 'street.wav')
    one = next((place / 'data' / 'foa_dev').glob('split1*')).stem
    environment = os.environ | {'MPLBACKEND': 'Agg'}
    for command in dict.fromkeys(command for page in PAGES for command in commands_of(page)):
        if any(part in command for part in HAVE_TESTS_OF_THEIR_OWN):
            continue
        words = shlex.split(command.replace('split1_ir0_ov1_1', one))
        done = subprocess.run([sys.executable, *words[1:]], cwd=place, env=environment, capture_output=True,
                              text=True)
        assert done.returncode == 0, f'{command}\n{done.stdout}\n{done.stderr}'
