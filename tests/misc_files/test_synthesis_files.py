"""The synthetic data set's files: layout, reproducibility, what happens to files that are there already."""

import dataclasses
import itertools
import json
from pathlib import Path

import pytest
import soundfile
from synthetic import RECORDINGS, SECONDS, contents, most_at_once

from misc_files.synthesis.dataset import SCRIPT_VERSION, synthesize_dataset
from misc_files.synthesis.plan import plan_recordings
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import read_description
from seldnet.common.errors import InputError

CLASSES = TAU2019.classes


def test_layout(synthetic_folder):
    stems = {Path(name).parent.name: [] for name in contents(synthetic_folder) if '/' in name}
    for name in contents(synthetic_folder):
        if '/' in name:
            stems[Path(name).parent.name].append(Path(name).stem)
    assert set(stems) == {'foa_dev', 'mic_dev', 'metadata_dev', 'foa_eval', 'mic_eval', 'metadata_eval'}
    assert sorted(stems['foa_dev']) == sorted(stems['mic_dev']) == sorted(stems['metadata_dev'])
    assert stems['foa_eval'] == stems['mic_eval'] == stems['metadata_eval'] == ['split0_1']
    names = [TAU2019.parse_name(stem) for stem in stems['foa_dev']]
    assert sorted((name.split, name.number) for name in names) == list(
        itertools.product(range(1, 5), range(1, RECORDINGS + 1)))
    for audio_format in ('foa', 'mic'):
        for path in synthetic_folder.glob(f'{audio_format}_*/*.wav'):
            info = soundfile.info(path)
            assert (info.samplerate, info.channels, info.subtype) == (48000, 4, 'PCM_16')
            assert info.frames == SECONDS * 48000


def test_descriptions(synthetic_folder):
    paths = sorted(synthetic_folder.glob('metadata_*/*.csv'))
    assert len(paths) == 4 * RECORDINGS + 1
    for path in paths:
        lines = path.read_text().splitlines()
        assert lines[0] == 'sound_event_recording,start_time,end_time,ele,azi,dist'
        for line in lines[1:]:
            name, start_s, end_s, ele_deg, azi_deg, dist_m = line.split(',')
            assert name in CLASSES
            assert '.' in start_s and '.' in end_s and 0 <= float(start_s) < float(end_s)
            assert float(start_s) < SECONDS
            assert int(ele_deg) in range(-40, 41, 10) and int(azi_deg) in range(-180, 180, 10)
            assert dist_m in ('1', '2')
        overlap = TAU2019.parse_name(path).overlap
        assert overlap is None or most_at_once(read_description(path)) <= overlap
    assert {CLASSES[event.class_index] for path in paths for event in read_description(path)} == set(CLASSES)


def test_rooms_and_overlaps_are_balanced():
    plan = plan_recordings(10, 20)
    for split, count in ((1, 1), (2, 1), (3, 1), (4, 1), (0, 2)):
        pairs = [(name.room, name.overlap) for name in plan if name.split == split]
        assert sorted(pairs) == sorted(count * list(itertools.product(range(5), (1, 2))))
    assert {name.room for name in plan_recordings(2, 0)} == set(range(5))


@pytest.mark.slow
def test_the_same_seed_writes_the_same_bytes_in_any_number_of_processes(tmp_path):
    options = {'recordings': 1, 'eval_recordings': 1, 'seconds': 6, 'seed': 4}
    synthesize_dataset(tmp_path / 'serial', **options, n_jobs=1)
    synthesize_dataset(tmp_path / 'parallel', **options, n_jobs=2)
    synthesize_dataset(tmp_path / 'other', **options | {'seed': 5}, n_jobs=1)
    synthesize_dataset(tmp_path / 'mic', **options, formats=['mic'], n_jobs=1)
    serial, parallel, other, mic = (contents(tmp_path / name)
                                    for name in ('serial', 'parallel', 'other', 'mic'))
    assert len(serial) == 5 * 3 + 1
    assert serial == parallel
    assert serial.keys() == other.keys() and not any(serial[name] == other[name] for name in serial)
    assert len(mic) == 5 * 2 + 1
    assert all(mic[name] == serial[name] for name in mic if name != 'synthesis.json')


def test_no_two_recordings_are_alike(synthetic_folder):
    paths = sorted(synthetic_folder.glob('metadata_*/*.csv'))
    assert len({read_description(path)[0].start_s for path in paths}) == len(paths)


def test_an_interrupted_run_is_finished_by_the_next(tmp_path):
    options = {'recordings': 1, 'eval_recordings': 0, 'seconds': 6, 'formats': ['foa'], 'n_jobs': 1}
    synthesize_dataset(tmp_path / 'whole', **options)

    def interrupted(finished, _):
        yield from itertools.islice(finished, 2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize_dataset(tmp_path / 'broken', **options, progress=interrupted)
    assert not (tmp_path / 'broken' / 'synthesis.json').exists()

    with pytest.raises(InputError, match='seed'):  # the settings of what is half-done count too
        synthesize_dataset(tmp_path / 'broken', **options, seed=7)
    assert synthesize_dataset(tmp_path / 'broken', **options) == 2
    assert contents(tmp_path / 'broken') == contents(tmp_path / 'whole')


def test_a_whole_data_set_is_left_alone_and_a_damaged_one_mended(tmp_path):
    options = {'recordings': 1, 'eval_recordings': 0, 'seconds': 6, 'formats': ['foa'], 'n_jobs': 1}
    assert synthesize_dataset(tmp_path, **options) == 4
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*')}
    assert synthesize_dataset(tmp_path, **options) == 0
    assert times == {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*')}

    before = contents(tmp_path)
    next(tmp_path.glob('foa_dev/split3_*')).unlink()

    def while_unfinished(finished, _):
        assert not (tmp_path / 'synthesis.json').exists()
        yield from finished

    assert synthesize_dataset(tmp_path, **options, progress=while_unfinished) == 1
    assert contents(tmp_path) == before


def test_recordings_of_something_else_are_never_touched(tmp_path):
    precious = tmp_path / 'mic_dev' / 'split1_ir0_ov1_1.wav'
    precious.parent.mkdir()
    precious.write_bytes(b'the real data set')
    with pytest.raises(InputError, match=r'mic_dev/ holds files .* choose another folder') as error:
        synthesize_dataset(tmp_path, recordings=1, eval_recordings=0, formats=['foa'], n_jobs=1)
    assert str(tmp_path) in str(error.value)
    assert contents(tmp_path) == {'mic_dev/split1_ir0_ov1_1.wav': b'the real data set'}


def test_settings_are_on_record(synthetic_folder):
    record = json.loads((synthetic_folder / 'synthesis.json').read_text())
    assert record['settings'] == {
        'script_version': SCRIPT_VERSION, 'recordings': RECORDINGS, 'eval_recordings': 1,
        'seconds': SECONDS, 'seed': 2019, 'formats': ['foa', 'mic']}
    assert set(record['libraries']) == {'numpy', 'scipy', 'pyroomacoustics'}


def test_classes_and_sample_rate_are_those_of_the_data_set(tmp_path):
    dataset = dataclasses.replace(TAU2019, classes=('cough', 'speech'), sample_rate_hz=24000, recording_s=7)
    synthesize_dataset(tmp_path, recordings=1, eval_recordings=0, formats=['mic'], n_jobs=1, dataset=dataset)
    names = {line.split(',')[0] for path in tmp_path.glob('metadata_dev/*.csv')
             for line in path.read_text().splitlines()[1:]}
    assert names == {'cough', 'speech'}
    for path in tmp_path.glob('mic_dev/*.wav'):
        info = soundfile.info(path)
        assert (info.samplerate, info.frames) == (24000, 7 * 24000)
