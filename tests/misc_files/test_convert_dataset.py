"""convert_dataset.py: small data sets in the forms of later years, brought here and back by the script."""

import itertools
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from next_commands import next_command_of

import calculate_SELD_metrics
from misc_files import check_dataset_distribution, convert_dataset
from seldnet.annotations.later_years import CLASSES_OF_YEAR
from seldnet.common.errors import InputError
from seldnet.common.files import TEMPORARY_PREFIX

METADATA = '0,1,1,-50,30,180\n1,1,1,-49,30,181\n1,8,0,10,0,243\n'
NEXT = 'Next:\n  python misc_files/check_dataset_distribution.py target\n'
LINKED = 'recordings as hard links (what changes one file changes both)'
NAMES = {'dev-train-tau': 'fold3_room4_mix001', 'dev-test-sony': 'fold4_room23_mix001'}


def write_recording(path: Path, rate_hz: int = 24000, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng([seed, *path.stem.encode()]).uniform(-0.5, 0.5, (2400, 4))
    soundfile.write(path, noise, rate_hz, subtype='PCM_16')


@pytest.fixture
def starss(tmp_path, monkeypatch):
    """A data set in the form of 2023, in the working folder."""
    monkeypatch.chdir(tmp_path)
    for subfolder, name in NAMES.items():
        write_recording(Path('source/foa_dev', subfolder, f'{name}.wav'))
        write_recording(Path('source/mic_dev', subfolder, f'{name}.wav'))
        Path('source/metadata_dev', subfolder).mkdir(parents=True)
        Path('source/metadata_dev', subfolder, f'{name}.csv').write_text(METADATA)
    return tmp_path


def convert(*args: str) -> int:
    return convert_dataset.main(list(args))


def listing(folder: str) -> dict[str, tuple]:
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(Path(folder).rglob('*')) if path.is_file()}


# ---- a data set ----


def test_a_data_set_of_2023(starss, capsys):
    before = listing('source')
    assert convert('dataset', 'source', 'target', '--year', '2023') == 0
    assert capsys.readouterr().out == f'target: 4 {LINKED}, 3 files written\n{NEXT}'
    assert list(listing('target')) == [
        'dataset.toml', *(f'{folder}/{name}.{ending}' for folder, ending in (
            ('foa_dev', 'wav'), ('metadata_dev', 'csv'), ('mic_dev', 'wav')) for name in NAMES.values())]
    assert listing('source') == before
    assert Path('target/foa_dev/fold4_room23_mix001.wav').samefile(
        'source/foa_dev/dev-test-sony/fold4_room23_mix001.wav')
    assert tomllib.loads(Path('target/dataset.toml').read_text()) == {
        'name': 'STARSS23', 'classes': list(CLASSES_OF_YEAR[2023]), 'sample_rate_hz': 24000,
        'ambisonics': 'sn3d', 'name_pattern': 'fold{split}_room{room}_mix{number}*'}
    assert Path('target/metadata_dev/fold3_room4_mix001.csv').read_text().splitlines() == [
        'sound_event_recording,start_time,end_time,ele,azi,dist,source',
        'Male speech,0.0100000000,0.0700000000,30,-50,1.8,1',
        'Male speech,0.1100000000,0.1700000000,30,-49,1.81,1', 'Music,0.1100000000,0.1700000000,0,10,2.43,0']

    there = listing('target')
    assert convert('dataset', 'source', 'target', '--year', '2023') == 0
    assert capsys.readouterr().out == f'target: all 7 files are there already, nothing to do\n{NEXT}'
    assert listing('target') == there


def test_the_next_commands_run(starss, capsys):
    convert('dataset', 'source', 'my data', '--year', '2023')
    words = next_command_of(capsys.readouterr().out, 'misc_files/check_dataset_distribution.py')
    assert words == ['my data']
    assert check_dataset_distribution.main([*words, '--output', 'pictures']) == 0
    capsys.readouterr()

    Path('theirs').mkdir()
    name = NAMES['dev-test-sony']
    Path('theirs', f'{name}.csv').write_text('0,1,0,-50,30\n')
    convert('predictions', 'theirs', 'ours', '--to', '2019', '--dataset_dir', 'my data')
    words = next_command_of(capsys.readouterr().out, 'calculate_SELD_metrics.py')
    assert words == ['ours', 'my data/metadata_dev', '--allow-missing']
    assert calculate_SELD_metrics.main(words) == 0
    capsys.readouterr()
    for to in ('polar', 'cartesian'):  # for other programs
        convert('predictions', 'ours', to, '--to', to, '--dataset_dir', 'my data')
        assert 'python' not in capsys.readouterr().out


def test_where_there_are_no_hard_links_recordings_are_copied(starss, capsys, monkeypatch):
    def no_links(*_, **__):
        raise OSError(18, 'Invalid cross-device link')
    monkeypatch.setattr(os, 'link', no_links)
    convert('dataset', 'source', 'target', '--year', '2023')
    assert capsys.readouterr().out == f'target: 4 recordings as copies, 3 files written\n{NEXT}'
    copy, original = Path('target/foa_dev/fold3_room4_mix001.wav'), Path(
        'source/foa_dev/dev-train-tau/fold3_room4_mix001.wav')
    assert copy.read_bytes() == original.read_bytes() and not copy.samefile(original)
    convert('dataset', 'source', 'target', '--year', '2023')
    assert capsys.readouterr().out == f'target: all 7 files are there already, nothing to do\n{NEXT}'


def test_what_was_interrupted_is_finished(starss, capsys):
    convert('dataset', 'source', 'target', '--year', '2023')
    for name in ('dataset.toml', 'foa_dev/fold3_room4_mix001.wav', 'metadata_dev/fold4_room23_mix001.csv'):
        Path('target', name).unlink()
    Path('target/foa_dev', f'{TEMPORARY_PREFIX}fold3_room4_mix001-01234567.wav').write_text('a part of it')
    convert('dataset', 'source', 'target', '--year', '2023')
    assert capsys.readouterr().out.endswith(
        f'target: 1 {LINKED}, 2 files written; 4 were there already\n{NEXT}')
    assert len(listing('target')) == 7


def test_nothing_that_is_there_is_replaced_unless_it_may(starss, capsys):
    convert('dataset', 'source', 'target', '--year', '2023')
    Path('target/metadata_dev/fold3_room4_mix001.csv').write_text('precious')
    Path('target/foa_dev/fold3_room4_mix001.wav').unlink()
    write_recording(Path('target/foa_dev/fold3_room4_mix001.wav'), seed=1)
    Path('target/dataset.toml').unlink()
    before = listing('target')
    with pytest.raises(InputError, match=r'^target/foa_dev/fold3_room4_mix001.wav: exists and is another; '
                                         r'--overwrite replaces it, or choose another folder \(and 1 more'):
        convert('dataset', 'source', 'target', '--year', '2023')
    assert listing('target') == before
    convert('dataset', 'source', 'target', '--year', '2023', '--overwrite')
    assert f'1 {LINKED}, 2 files written' in capsys.readouterr().out
    assert 'precious' not in Path('target/metadata_dev/fold3_room4_mix001.csv').read_text()
    assert Path('target/foa_dev/fold3_room4_mix001.wav').samefile(
        'source/foa_dev/dev-train-tau/fold3_room4_mix001.wav')


def test_a_data_set_of_2020_in_one_folder_with_its_evaluation_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = 'fold1_room1_mix001_ov1', 'fold6_room2_mix050_ov2'
    for folder, name in (('dev', first), ('dev', second), ('eval', 'mix001')):
        write_recording(Path(f'source/foa_{folder}/{name}.wav'))
        Path(f'source/metadata_{folder}').mkdir(exist_ok=True)
        Path(f'source/metadata_{folder}/{name}.csv').write_text('0,13,0,-50,30\n')
    convert('dataset', 'source', 'target', '--year', '2020')
    text = Path('target/dataset.toml').read_text()
    facts = tomllib.loads(text)
    assert facts['splits'] == {'0': ['mix001'], '1': [first], '6': [second]}
    assert 'name_pattern' not in facts and len(facts['classes']) == 14
    assert '# ambisonics = "sn3d"' in text and 'ambisonics' not in facts  # its documentation leaves it open
    assert 'piano,0.01' in Path('target/metadata_eval/mix001.csv').read_text()


def test_an_evaluation_set_without_metadata(starss):
    write_recording(Path('source/foa_eval/mix001.wav'))
    convert('dataset', 'source', 'target', '--year', '2023')
    assert Path('target/foa_eval/mix001.wav').exists() and not Path('target/metadata_eval').exists()
    assert tomllib.loads(Path('target/dataset.toml').read_text())['splits'] == {
        '0': ['mix001'], '3': ['fold3_room4_mix001'], '4': ['fold4_room23_mix001']}


def test_names_and_classes_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in ('train/a "b"', 'train/c', 'test/d', 'test/split7_e'):
        write_recording(Path('source/foa_dev', f'{place}.wav'), rate_hz=48000)
        Path('source/metadata_dev').mkdir(exist_ok=True)
        Path('source/metadata_dev', f'{Path(place).name}.csv').write_text('3,1,0,0,0\n')
    convert('dataset', 'source', 'my target', '--classes', 'dog', 'cat, "purring" \\')
    facts = tomllib.loads(Path('my target/dataset.toml').read_text())
    assert facts == {'name': 'my target', 'classes': ['dog', 'cat, "purring" \\'], 'sample_rate_hz': 48000,
                     'splits': {'7': ['split7_e'], '8': ['d'], '9': ['a "b"', 'c']}}
    # Its file tells the classes to the other conversions.
    convert('metadata', 'my target/metadata_dev', 'back', '--to', 'later', '--dataset_dir', 'my target')
    assert {path.read_text() for path in Path('back').iterdir()} == {'3,1,0,0,0\n'}
    assert len(list(Path('back').iterdir())) == 4


def spoil(path: str, text: str | None = None):
    def change():
        if text is None:
            Path(path).unlink()
        else:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text)
    return change


TAU_CSV, TAU_WAV = ('source/metadata_dev/dev-train-tau/fold3_room4_mix001.csv',
                    'source/foa_dev/dev-train-tau/fold3_room4_mix001.wav')
STRAY_CSV = 'source/metadata_dev/fold3_room4_mix001.csv'
BAD_DATA_SETS = {
    'no folders': (lambda: Path('source').rename('other') and Path('source').mkdir(),
                   'source: no folder foa_dev, mic_dev, foa_eval or mic_eval in it'),
    'no source': (lambda: Path('source').rename('other'), 'source: no such folder'),
    'no metadata': (lambda: Path('source/metadata_dev').rename('other'),
                    'source/metadata_dev: no such folder'),
    'one without metadata': (spoil(TAU_CSV), f'{TAU_WAV}: no metadata {STRAY_CSV} (and 1 more files)'),
    'metadata alone': (spoil(STRAY_CSV.replace('room4', 'room9'), METADATA),
                       'fold3_room9_mix001.csv: no recording of this name in foa_dev, mic_dev'),
    'two of a name': (spoil(STRAY_CSV, METADATA),
                      f'{TAU_CSV}: has the name of {STRAY_CSV}, expected different names'),
    'class': (spoil(TAU_CSV, METADATA + '2,13,0,0,0,1\n'),
              f"{TAU_CSV}:4: found '2,13,0,0,0,1', expected the class to be a whole number from 0 to 12 "
              '(Female speech..Knock); choose the year or the classes of the data set'),
    'no sound': (spoil(TAU_WAV, 'text'), f'{TAU_WAV}: cannot be decoded: '),
    'rates': (lambda: write_recording(Path(TAU_WAV), 48000),
              'source: recordings of several sampling rates ('),
    'rate': (lambda: [write_recording(path, 11025) for path in Path('source').rglob('*.wav')],
             'sampling rate 11025 Hz, expected a multiple of 50; resample the recordings'),
    'target': (lambda: Path('target').symlink_to('source'), 'target: is the folder that is to be converted'),
    'evaluation': (lambda: write_recording(Path('source/foa_eval/fold3_room4_mix001.wav')),
                   'source/foa_eval/fold3_room4_mix001.wav: has the name of source/'),
}


@pytest.mark.parametrize('case', BAD_DATA_SETS)
def test_bad_data_sets_end_in_a_line_and_nothing_is_written(starss, case):
    change, message = BAD_DATA_SETS[case]
    change()
    with pytest.raises(InputError) as error:
        convert('dataset', 'source', 'target', '--year', '2023')
    assert message in str(error.value) and '\n' not in str(error.value)
    assert not Path('target').exists() or Path('target').is_symlink()


@pytest.mark.parametrize('classes', [('dog', 'dog'), ('dog ',), ('do\ng',), ('',)])
def test_classes_are_names(starss, classes):
    with pytest.raises(InputError, match=r'^--classes: class '):
        convert('dataset', 'source', 'target', '--classes', *classes)


# ---- metadata and predictions ----

THEIRS = {
    'polar': '0,1,0,20,10\n0,1,1,-30,0\n2,5,0,-180,-40\n',
    'cartesian': '0,1,0,0.925417,0.336824,0.173648\n0,1,1,0.866025,-0.500000,0.000000\n'
                 '2,5,0,-0.766044,0.000000,-0.642788\n',
}


@pytest.mark.parametrize(('form', 'other'), list(itertools.product(THEIRS, THEIRS)))
def test_predictions_there_and_back(tmp_path, monkeypatch, capsys, form, other):
    monkeypatch.chdir(tmp_path)
    Path('theirs/events').mkdir(parents=True)  # subfolders hold other things
    Path('theirs/events/mix001.csv').write_text('other things')
    Path('theirs/mix001.csv').write_text(THEIRS[form])
    Path('theirs/mix002.csv').write_text('')
    convert('predictions', 'theirs', 'ours', '--to', '2019', '--year', '2022')
    assert capsys.readouterr().out == 'ours: 2 files written\n'
    lines = Path('ours/mix001.csv').read_text().splitlines()
    assert lines[:4] == ['0,1,20,10', '0,1,-30,0', '1,1,20,10', '1,1,-30,0']
    assert lines[-1] == '14,5,-180,-40' and len(lines) == 15
    convert('predictions', 'ours', 'back', '--to', other, '--year', '2022')
    assert capsys.readouterr().out == ('ours: four columns, read as frames of 20 ms\nback: 2 files written\n')
    assert Path('back/mix001.csv').read_text() == THEIRS[other]
    assert Path('back/mix002.csv').read_text() == ''
    convert('predictions', 'theirs', 'directly', '--to', other, '--year', '2022')
    assert Path('directly/mix001.csv').read_text() == THEIRS[other]


def test_predictions_of_2020_and_with_distances(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path('a').mkdir()
    Path('a/mix001.csv').write_text('3,13,200,10\n')
    convert('predictions', 'a', 'b', '--to', '2019', '--year', '2020')
    assert capsys.readouterr().out.startswith('a: four columns, read as frames of 100 ms\n')
    assert Path('b/mix001.csv').read_text() == ''.join(f'{frame},13,-160,10\n' for frame in range(15, 20))
    Path('a/mix001.csv').write_text('3,12,0,20,10,150\n')
    convert('predictions', 'a', 'b', '--to', '2019', '--year', '2024', '--overwrite')
    note = 'a: the distances have no place in the form of 2019, they are left out\n'
    assert note in capsys.readouterr().out


def test_predictions_of_this_data_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('a').mkdir()
    Path('a/split1_1.csv').write_text('0,10,20,10\n1,10,20,10\n2,10,22,10\n5,10,0,0\n')
    convert('predictions', 'a', 'b', '--to', 'polar', '--year', '2019')
    assert Path('b/split1_1.csv').read_text() == '0,10,0,21,10\n'


def test_metadata_there_and_back(starss, capsys):
    convert('metadata', 'source/metadata_dev', 'source/metadata_dev/ours', '--to', '2019', '--year', '2023')
    convert('metadata', 'source/metadata_dev', 'source/metadata_dev/ours', '--to', '2019', '--year', '2023')
    assert capsys.readouterr().out.endswith('all 2 files are there already, nothing to do\n')
    convert('metadata', 'source/metadata_dev/ours', 'back', '--to', 'later', '--year', '2023')
    assert Path('back/fold3_room4_mix001.csv').read_text() == METADATA


@pytest.mark.parametrize(('toml', 'message'), [
    (None, None), ('classes = [', 'not a TOML file: '), ('name = "a"', 'classes: not found')])
def test_classes_of_a_data_set(starss, toml, message):
    if toml is None:
        with pytest.raises(FileNotFoundError, match=r'dataset\.toml'):
            convert('metadata', 'source/metadata_dev', 'ours', '--to', '2019', '--dataset_dir', '.')
        return
    Path('dataset.toml').write_text(toml)
    with pytest.raises(InputError, match=f'^dataset.toml: {message}'):
        convert('metadata', 'source/metadata_dev', 'ours', '--to', '2019', '--dataset_dir', '.')


# ---- the script ----


def run_script(*args: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, convert_dataset.__file__, *args], capture_output=True, text=True,
                          check=False)


def test_run_for_real(starss):
    done = run_script('dataset', 'source', 'target', '--year=2023')
    assert (done.returncode, done.stderr) == (0, '')
    Path(TAU_CSV).write_bytes(b'\xff\xfe\0')
    done = run_script('metadata', 'source/metadata_dev', 'ours', '--to', '2019', '--year', '2023')
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.startswith(f'convert_dataset.py: error: {TAU_CSV}:1: found ')
    assert done.stderr.count('\n') == 1


@pytest.mark.parametrize('args', [
    (), ('dataset', 'source', 'target'), ('dataset', 'source', 'target', '--year', '2019'),
    ('predictions', 'source', 'target', '--year', '2023'),
    ('predictions', 'source', 'target', '--to', 'polar', '--year', '2023', '--classes', 'a')])
def test_wrong_arguments(args, capsys):
    with pytest.raises(SystemExit) as error:
        convert(*args)
    assert error.value.code == 2
    assert capsys.readouterr().err.startswith('usage: ')
