"""A data set of one's own, which differs from TAU 2019 wherever it can, through all scripts."""

import dataclasses
import json
import os
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

import batch_feature_extraction
import calculate_SELD_metrics
import seld
from misc_files import analyse_errors, check_dataset_distribution, convert_dataset, visualize_SELD_output
from misc_files.synthesis.dataset import synthesize_dataset
from misc_files.synthesis.office import LENGTHS_S, OFFICE
from seldnet.annotations.dataset_file import find_dataset
from seldnet.annotations.descriptions import read_description
from seldnet.annotations.output_format import read_output_rows
from seldnet.common.errors import InputError

SMALL = ['--nb_cnn2d_filt', '8', '--rnn_size', '16', '--fnn_size', '16', '--sequence_length', '40',
         '--batch_size', '4', '--epochs_per_fit', '2', '--learning_rate', '0.01', '--nb_epochs', '2',
         '--patience', '2', '--quick_test', 'False']
FOLDERS = ['--dataset_dir', 'office']


@pytest.fixture(scope='module')
def office(tmp_path_factory):
    """The example, two recordings a split, and a working directory beside it."""
    folder = tmp_path_factory.mktemp('own')
    synthesize_dataset(folder / 'office', recordings=2, eval_recordings=1, formats=['foa'], n_jobs=1,
                       dataset=OFFICE)
    before = Path.cwd()
    os.chdir(folder)
    yield folder / 'office'
    os.chdir(before)


def dev_recordings(office: Path) -> list[Path]:
    return sorted((office / 'foa_dev').iterdir())


def test_the_example_is_what_its_file_says(office):
    dataset = find_dataset(office)
    assert dataset.facts() == OFFICE.facts() and dict(dataset.folds) == dict(OFFICE.folds)
    infos = [soundfile.info(path) for path in dev_recordings(office)]
    assert {info.samplerate for info in infos} == {24000}
    seconds = {info.frames / info.samplerate for info in infos}
    assert len(seconds) == 4 and min(seconds) >= LENGTHS_S[0] and max(seconds) <= LENGTHS_S[1]
    events = [event for path in sorted((office / 'metadata_dev').iterdir())
              for event in read_description(path, dataset=dataset)]
    assert any(event.azimuth_deg % 10 or event.elevation_deg % 10 for event in events)


@pytest.mark.parametrize('task', ['6', pytest.param('1', marks=pytest.mark.slow)])
def test_it_goes_through_all_scripts(task, office, capsys):
    assert batch_feature_extraction.main(['extract', task, *FOLDERS, '--n_jobs', '1']) == 0
    for path in dev_recordings(office):
        nb_frames = -(-soundfile.info(path).frames // 480)
        name = f'{path.stem}.npy'
        folders = [folder for folder in Path('features').glob('foa_dev*_norm') if (folder / name).exists()]
        shapes = {np.load(folder / name, mmap_mode='r').shape[0] for folder in folders}
        labels = np.load(Path('features/foa_dev_label') / name)
        assert folders and shapes == {nb_frames} and labels.shape == (nb_frames, 12)

    assert seld.main(['seld.py', task, 'job', *FOLDERS, '--split', '1', *SMALL]) == 0
    predictions = Path('results') / f'{task}_foa_dev'
    for path in dev_recordings(office)[:2]:
        rows = read_output_rows(predictions / f'{path.stem}.csv', dataset=OFFICE)
        assert rows[:, 0].max(initial=0) < -(-soundfile.info(path).frames // 480)

    score = ['--task', task, '--allow-missing', '--json', 'scores.json', *FOLDERS]
    assert calculate_SELD_metrics.main(score) == 0
    report = json.loads(Path('scores.json').read_text())
    assert list(report['classes']) == list(OFFICE.classes)
    printed = capsys.readouterr().out
    assert 'no grid of directions' in printed
    # The commands that the scripts name need no more options: what lies beside the predictions says the rest.
    following = [shlex.split(line)[1:] for line in printed.splitlines() if line.startswith('  python ')]
    tools = {'calculate_SELD_metrics.py': calculate_SELD_metrics,
             'misc_files/analyse_errors.py': analyse_errors}
    done = [tools[script].main(options) for script, *options in following if script in tools]
    assert done == [0, 0]
    shutil.copytree(predictions, 'again', dirs_exist_ok=True)
    assert calculate_SELD_metrics.main([str(predictions), 'again', '--references', 'office/metadata_dev',
                                        '--allow-missing', '--json', 'compared.json']) == 0
    compared = json.loads(Path('compared.json').read_text())
    assert compared['systems']['again']['groups'] == report['groups']
    picture = [str(predictions / 'split1_ir4_ov1_2.csv'), '--task', task, '--output', 'a.png', *FOLDERS]
    assert visualize_SELD_output.main(picture) == 0
    assert analyse_errors.main(['--task', task, '--allow-missing', '--output', 'errors', *FOLDERS]) == 0
    assert check_dataset_distribution.main(['--output', 'distribution', *FOLDERS]) == 0
    captured = capsys.readouterr()
    assert all(name in captured.out for name in OFFICE.classes)
    assert 'drawer' not in captured.out + captured.err and 'Traceback' not in captured.err


# What is changed in dataset.toml -> what is made anew by the extraction, and what the training says before.
CHANGES = {
    'order of the classes': ({'classes': OFFICE.classes[::-1]}, {'label'},
                             'classes dog, door, drill, bell, not bell, drill, door, dog'),
    'length': ({'recording_s': 30}, {'label', 'norm', 'moments'}, 'recording_s none, not 30'),
    'a class more': ({'classes': (*OFFICE.classes, 'cat')}, {'label'}, 'not dog, door, drill, bell, cat'),
}


@pytest.mark.parametrize('change', CHANGES)
def test_other_facts_are_noticed(change, office, tmp_path):
    values, made_anew, message = CHANGES[change]
    features = tmp_path / 'features'
    batch_feature_extraction.main(['extract', '6', *FOLDERS, '--feat_label_dir', str(features)])
    before = {path: path.stat().st_mtime_ns for path in features.rglob('*.npy')}
    changed = dataclasses.replace(OFFICE, **values)
    with pytest.raises(InputError, match=re.escape(message)):
        seld.main(['seld.py', '6', 'other', *FOLDERS, '--feat_label_dir', str(features), *SMALL,
                   '--model_dir', str(tmp_path), '--dcase_dir', str(tmp_path)], dataset=changed)
    assert list(tmp_path.iterdir()) == [features]

    again = ['extract', '6', *FOLDERS, '--feat_label_dir', str(features)]
    if 'norm' in made_anew:  # hours of work do not go unasked
        with pytest.raises(InputError, match='would be made anew; --overwrite does so'):
            batch_feature_extraction.main(again, dataset=changed)
        assert before == {path: path.stat().st_mtime_ns for path in features.rglob('*.npy')}
        again.append('--overwrite')
    batch_feature_extraction.main(again, dataset=changed)
    redone = {path.parent.name.rpartition('_')[2] for path, time_ns in before.items()
              if not path.exists() or path.stat().st_mtime_ns != time_ns}
    assert redone >= made_anew and ('norm' in redone) == ('norm' in made_anew)


@pytest.mark.slow
def test_a_data_set_in_the_form_of_2022_is_trained_and_scored(office, tmp_path, monkeypatch, capsys):
    """Metadata of 100 ms frames, folds in the names, subfolders, gains of SN3D; no class of 2019."""
    monkeypatch.chdir(tmp_path)
    classes = ['--classes', *OFFICE.classes]
    assert convert_dataset.main(['metadata', str(office / 'metadata_dev'), 'later', '--to', 'later',
                                 *classes]) == 0
    for path in sorted((office / 'foa_dev').iterdir()):
        split, number = OFFICE.parse_name(path).split, path.stem.rpartition('_')[2]
        kind, name = ('train', 'test')[split - 1], f'fold{split}_room{number}_mix00{number}'
        for folder, source in (('foa_dev', path), ('metadata_dev', Path('later', f'{path.stem}.csv'))):
            target = Path('theirs', folder, f'dev-{kind}-office', name + source.suffix)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())

    with pytest.raises(InputError, match='metadata of DCASE 2020 or later, .*misc_files/convert_dataset.py'):
        read_description(next(Path('later').iterdir()))
    assert convert_dataset.main(['dataset', 'theirs', 'ours', *classes]) == 0
    own = ['--dataset_dir', 'ours']
    assert find_dataset('ours').classes == OFFICE.classes
    assert batch_feature_extraction.main(['extract', '6', *own, '--n_jobs', '1', '--ambisonics', 'sn3d']) == 0
    assert seld.main(['seld.py', '6', 'later', *own, '--split', '2', *SMALL]) == 0
    assert calculate_SELD_metrics.main(['--task', '6', '--allow-missing', *own, '--csv', 'scores.csv']) == 0
    assert Path('scores.csv').exists() and 'Traceback' not in capsys.readouterr().err
