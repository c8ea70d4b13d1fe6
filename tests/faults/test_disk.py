"""A full disk, a folder that cannot be written or goes away: one line, and nothing is damaged."""

import json
import os
import resource
import shutil
import subprocess
from contextlib import contextmanager

import pytest
import workplace

import seld
from cls_feature_class import FeatureClass
from seldnet.common.files import write_json
from seldnet.extraction import stages


@contextmanager
def file_size_limit(nb_bytes):
    """No file can grow beyond this, as on a full disk; Python ignores the signal that comes with it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (nb_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def assert_one_line(outcome, *parts):
    assert outcome.status == 1
    first, *others = outcome.stderr.splitlines()  # the extraction reports several problems together
    assert first.endswith(f'error: {len(others)} problems:') if others else '.py: error: ' in first
    for part in parts:
        assert part in outcome.stderr


EXTRACT = 'batch_feature_extraction.py tiny --feat_label_dir new'
TRAIN = 'seld.py tiny new --split 1 --dcase_output False'
RESUME = 'seld.py tiny job --split 1 --resume --nb_epochs 3'
SCORE = 'calculate_SELD_metrics.py --task tiny --allow-missing'
DRAW = 'misc_files/visualize_SELD_output.py --task tiny results/tiny_foa_dev/split1_ir0_ov1_1.csv'
PREDICT = 'misc_files/predict_recording.py models/tiny_job_foa_dev_split1_model.keras data/foa_dev'
SYNTHESIZE = 'misc_files/synthesize_dataset.py new --recordings 1 --eval_recordings 0 --seconds 6 --n_jobs 1'
FULL = [
    (EXTRACT, 500_000, 'new/foa_dev_norm/split1_ir0_ov1_1.npy: '),
    (EXTRACT, 1_600_000, 'new/foa_dev_norm/split1_ir0_ov1_1.npy: '),  # its last piece
    (EXTRACT, 50_000, 'new/foa_dev_moments/split1_ir0_ov1_1.npy: '),
    (EXTRACT, 60, 'File too large'),
    (TRAIN, 100_000, 'models/tiny_new_foa_dev_split1_wts.npz: '),
    (RESUME, 50_000, 'models/tiny_job_foa_dev_split1_round3.keras: '),
    (f'{SCORE} --json old.json', 1000, 'old.json: File too large'),
    (f'{SCORE} --csv old.json', 1000, 'old.json: File too large'),
    (f'{DRAW} --output old.png', 5000, 'old.png: File too large'),
    (f'{PREDICT} --output new', 60, 'new/predict_recording.json: File too large'),
    (f'{PREDICT} --output new', 2000, 'new/split1_ir0_ov1_1.csv: File too large'),
    (SYNTHESIZE, 100_000, '.wav: cannot be written ('),
]


@pytest.mark.parametrize(('command', 'nb_bytes', 'part'), FULL)
def test_full_disk(place, command, nb_bytes, part):
    for name in ('old.json', 'old.png'):
        (place / name).write_text('from before')
    if '--resume' in command:  # a run that was stopped after round 2
        (place / 'models/tiny_job_foa_dev_split1_state.json').unlink()
        assert workplace.run('seld.py tiny job --split 1 --overwrite', place).status == 0
        stop_after_training(place)
    before = workplace.listing(place)
    with file_size_limit(nb_bytes):
        outcome = workplace.run(command, place)
    assert_one_line(outcome, part)
    assert not workplace.temporary_files(place)
    after = workplace.listing(place)
    changed = {name for name in before if after.get(name) != before[name]}
    assert changed <= {f'models/tiny_job_foa_dev_split1{ending}'
                       for ending in ('.json', '_state.json', '.log')}


def stop_after_training(place):
    """As if a run had been killed before its test: no results yet, the last checkpoint still there."""
    models = place / 'models'
    state = models / 'tiny_job_foa_dev_split1_state.json'
    write_json(state, json.loads(state.read_text()) | {'results': None})
    run = models / 'tiny_job_foa_dev_split1'
    shutil.copy(f'{run}_model.keras', f'{run}_round2.keras')


def test_extraction_goes_on_when_there_is_space_again(place):
    command = 'batch_feature_extraction.py tiny --feat_label_dir new'
    with file_size_limit(500_000):
        workplace.run(command, place)
    assert workplace.run(command, place).status == 0
    FeatureClass(place / 'data', place / 'new', dataset_facts=workplace.DATASET).check_ready()


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 3 MB."""
    with mounted(tmp_path / 'disk', 'size=3m') as folder:
        yield folder


@pytest.fixture
def read_only_folder(tmp_path):
    """A folder that nobody can write to."""
    if os.geteuid() != 0:
        folder = tmp_path / 'read only'
        folder.mkdir(mode=0o555)
        yield folder
        folder.chmod(0o755)
        return
    with mounted(tmp_path / 'disk', 'ro') as folder:  # permissions do not stop root
        yield folder


@contextmanager
def mounted(folder, options):
    folder.mkdir()
    mount = shutil.which('mount')
    command = [mount, '-t', 'tmpfs', '-o', options, 'none', folder]
    if not mount or subprocess.run(command, capture_output=True).returncode:
        pytest.skip('no file system can be mounted here')
    try:
        yield folder
    finally:
        subprocess.run(['umount', folder], check=True)


def test_extraction_sees_beforehand_that_the_disk_is_too_small(place, small_disk):
    outcome = workplace.run(f'batch_feature_extraction.py tiny --feat_label_dir {small_disk}', place)
    assert_one_line(outcome, f'{small_disk}: 0.0 GB free, expected 0.0 GB; set feat_label_dir')
    assert not list(small_disk.iterdir())


def test_training_on_a_disk_that_fills_up(place, small_disk):
    (small_disk / 'filler').write_bytes(bytes(3 * 2**20 - 260_000))
    command = f'seld.py tiny new --split 1 --dcase_output False --model_dir {small_disk}'
    outcome = workplace.run(command, place)
    assert_one_line(outcome, f'{small_disk}/tiny_new_foa_dev_split1', 'No space left on device')
    (small_disk / 'filler').unlink()
    assert not workplace.temporary_files(small_disk)
    assert workplace.run(f'{command} --resume', place).status == 0


@pytest.mark.parametrize('command', [
    'batch_feature_extraction.py tiny --feat_label_dir {}',
    'batch_feature_extraction.py tiny --feat_label_dir {}/new',
    'seld.py tiny new --split 1 --model_dir {}',
    'seld.py tiny new --split 1 --dcase_output False --model_dir {}/new',
    'calculate_SELD_metrics.py --task tiny --allow-missing --json {}/scores.json',
    'misc_files/check_dataset_distribution.py data/metadata_dev --output {}',
    f'{PREDICT} --output {{}}',
    'misc_files/synthesize_dataset.py {}/new --recordings 1 --seconds 6'])
def test_read_only_folder(place, read_only_folder, command):
    if command.startswith('seld.py'):
        shutil.rmtree(place / 'results')
    before = workplace.listing(place)
    outcome = workplace.run(command.format(f"'{read_only_folder}'"), place)
    assert_one_line(outcome, str(read_only_folder))
    assert workplace.listing(place) == before


@pytest.mark.parametrize('folder', ['new', 'new/foa_dev_moments', 'new/foa_dev_norm', 'data'])
def test_extraction_whose_folder_is_deleted_meanwhile(place, monkeypatch, folder):
    normalize = stages.normalize_recording

    def delete_and_normalize(*arguments):
        shutil.rmtree(place / folder, ignore_errors=True)
        return normalize(*arguments)
    with monkeypatch.context() as patch:
        patch.setattr(stages, 'normalize_recording', delete_and_normalize)
        outcome = workplace.run('batch_feature_extraction.py tiny --feat_label_dir new', place)
    if folder != 'new/foa_dev_moments':  # which it needs no more
        assert_one_line(outcome, folder)
    if folder != 'data':
        assert workplace.run('batch_feature_extraction.py tiny --feat_label_dir new', place).status == 0
        FeatureClass(place / 'data', place / 'new', dataset_facts=workplace.DATASET).check_ready()


@pytest.mark.parametrize('folder', ['new', 'features'])
def test_training_whose_folder_is_deleted_meanwhile(place, monkeypatch, folder):
    fit_round = seld.fit_round

    def delete_and_fit(*arguments):
        shutil.rmtree(place / folder, ignore_errors=True)
        return fit_round(*arguments)
    monkeypatch.setattr(seld, 'fit_round', delete_and_fit)
    outcome = workplace.run('seld.py tiny new --split 1 --dcase_output False --model_dir new', place)
    assert_one_line(outcome, folder)
