"""The script for recordings of one's own: files, command line, and the bytes of seld.py."""

import dataclasses
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import soundfile
from next_commands import next_command_of
from untrained_model import NAME, SHORT, noise

import seld
from misc_files import predict_recording as predictor
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import read_description
from seldnet.annotations.output_format import read_output_rows
from seldnet.common.errors import InputError
from seldnet.prediction.event_list import find_events

ROOT = Path(predictor.__file__).parents[1]


@pytest.fixture
def model(untrained):
    return str(untrained.model)


def test_without_overlap_the_dump_is_that_of_seld_to_the_byte(untrained, tmp_path):
    run = untrained.run
    run.output.claim(run.fold.test, overwrite=False)
    seld.test_fold(run)
    own = str(untrained.copy(tmp_path / 'model', facts=SHORT.facts()))
    arguments = [own, str(untrained.recording), '--overlap', '0', '--output', str(tmp_path)]
    assert predictor.main(arguments) == 0
    dump = (run.output.folder / f'{NAME}.csv').read_bytes()
    assert 300 < len(dump.splitlines()) < 10700  # an untrained network is undecided: differences would show
    assert (tmp_path / f'{NAME}.csv').read_bytes() == dump


def test_the_next_command_draws_what_was_found(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    soundfile.write('my street.wav', noise(3), 48000)
    arguments = [model, 'my street.wav', '--output', 'own', '--threshold', '0.4']
    assert predictor.main(arguments) == 0
    words = next_command_of(capsys.readouterr().out, 'misc_files/predict_recording.py')
    assert words == [*arguments, '--plot']
    assert predictor.main(words) == 0
    assert Path('own/my street.png').exists()
    assert 'python' not in capsys.readouterr().out


def test_files_of_a_recording_of_ones_own(model, tmp_path, capsys):
    soundfile.write(tmp_path / 'street.flac', noise(7, rate_hz=44100), 44100)
    output = tmp_path / 'output'
    assert predictor.main([model, str(tmp_path / 'street.flac'), '--output', str(output), '--plot']) == 0
    printed = capsys.readouterr()
    assert printed.err == f'{tmp_path}/street.flac: resampled from 44100 to 48000 Hz by soxr\n'
    first, last = printed.out.splitlines()
    assert first == f'1_job_foa_dev_split1: foa, method released, 11 classes: {", ".join(TAU2019.classes)}'
    assert last.endswith(f'written: {output}/street.csv, {output}/events/street.csv, {output}/street.png')
    rows = read_output_rows(output / 'street.csv')
    assert 0 <= rows[:, 0].max() < 351
    events = read_description(output / 'events' / 'street.csv')
    assert [event[:5] for event in events] == [pytest.approx(event[:5]) for event in find_events(rows)]
    assert all(math.isnan(event.distance_m) for event in events)
    assert matplotlib.image.imread(output / 'street.png').shape[2] == 4
    assert sorted(path.relative_to(output).as_posix() for path in output.rglob('*')) == [
        'events', 'events/street.csv', 'predict_recording.json', 'street.csv', 'street.png']
    text = (output / 'events' / 'street.csv').read_text().splitlines()
    assert text[0] == 'sound_event_recording,start_time,end_time,ele,azi,dist,confidence'
    assert all(re.fullmatch(r'\w+,\d+\.\d\d,\d+\.\d\d,-?\d+,-?\d+,,0\.\d{3}', row) for row in text[1:])


def test_labels_json_and_scores(model, tmp_path, capsys):
    soundfile.write(tmp_path / 'a.wav', noise(3), 48000)
    arguments = [model, str(tmp_path / 'a.wav'), '--output', str(tmp_path / 'new'), '--audacity', '--json',
                 '--save_scores', '--threshold', '0.5', 'cough=0.6']
    assert predictor.main(arguments) == 0
    assert predictor.main(arguments) == 0  # one's own files are replaced
    events = read_description(tmp_path / 'new/events/a.csv')
    labels = (tmp_path / 'new/events/a.txt').read_text().splitlines()
    content = json.loads((tmp_path / 'new/events/a.json').read_text())
    assert len(events) == len(labels) == len(content['events']) > 0
    assert content['thresholds']['cough'] == 0.6 and content['classes'] == list(TAU2019.classes)
    assert content['models'] == ['1_job_foa_dev_split1_model.keras'] and content['recording'] == 'a.wav'
    with np.load(tmp_path / 'new/a.npz', allow_pickle=False) as stored:
        active = np.argwhere(stored['activity'] > np.where(stored['names'] == 'cough', 0.6, 0.5))
    np.testing.assert_array_equal(read_output_rows(tmp_path / 'new/a.csv')[:, :2], active)


def test_an_ensemble(untrained, model, tmp_path, capsys):
    soundfile.write(tmp_path / 'a.wav', noise(2), 48000)
    other = str(untrained.copy(tmp_path, job='other'))
    assert predictor.main([model, other, str(tmp_path / 'a.wav'), '--output', str(tmp_path / 'new')]) == 0
    assert capsys.readouterr().out.startswith('1_job_foa_dev_split1_and_1_more: foa, method released, 11 ')
    assert len(read_output_rows(tmp_path / 'new/a.csv')) > 100
    reordered = str(untrained.copy(tmp_path, job='third', facts=dataclasses.replace(
        TAU2019, classes=TAU2019.classes[::-1]).facts()))
    with pytest.raises(InputError, match='1_third_foa_dev_split1_model.keras: does not fit 1_job_foa'):
        predictor.main([model, reordered, str(tmp_path / 'a.wav')])
    with pytest.raises(InputError, match='no recordings, expected some behind the models'):
        predictor.main([model, other])


def test_a_model_knows_its_classes(untrained, tmp_path, capsys):
    facts = dataclasses.replace(TAU2019, name='office', grid=None, recording_s=None,
                                classes=tuple(f'class {letter}' for letter in 'abcdefghijk')).facts()
    own = str(untrained.copy(tmp_path, facts=facts))
    soundfile.write(tmp_path / 'a.wav', noise(3), 48000)
    assert predictor.main([own, str(tmp_path / 'a.wav'), '--output', str(tmp_path / 'new'), '--overlap', '0',
                           '--plot']) == 0
    assert '11 classes: class a, class b' in capsys.readouterr().out
    names = {row.split(',')[0] for row in (tmp_path / 'new/events/a.csv').read_text().splitlines()[1:]}
    assert names and all(name.startswith('class ') for name in names)
    assert read_output_rows(tmp_path / 'new/a.csv')[:, 0].max() < 150


def test_bad_recordings_do_not_stop_the_good_ones(model, tmp_path, capsys):
    folder = tmp_path / 'in'
    (folder / 'sub').mkdir(parents=True)
    for name in ('a.w64', 'sub/a.aiff', 'z.ogg'):
        soundfile.write(folder / name, noise(0.5), 48000, format=name[-4:].strip('.').upper())
    soundfile.write(folder / 'b.wav', noise(0.5, channels=2), 48000)
    with_nan = noise(1)
    with_nan[5] = np.nan
    soundfile.write(folder / 'sub/nan.wav', with_nan, 48000, subtype='FLOAT')
    (folder / 'notes.txt').touch()
    arguments = [model, str(folder), '--recursive', '--output', str(tmp_path / 'new')]
    for _ in range(2):
        with pytest.raises(InputError) as error:
            predictor.main(arguments)
        assert str(error.value).split('\n  ') == [
            '2 problems:', f'{folder}/b.wav: 2 channels, expected 4',
            f'{folder}/sub/nan.wav: sample 5 of channel 1 is nan, expected a finite number']
        assert capsys.readouterr().err == f'{folder}: passed over: notes.txt\n'
        new = tmp_path / 'new'
        assert sorted(path.relative_to(new).as_posix() for path in new.rglob('*.csv')) == [
            'a.csv', 'events/a.csv', 'events/sub/a.csv', 'events/z.csv', 'sub/a.csv', 'z.csv']


def test_channels_conventions_and_gains(model, tmp_path):
    six = np.zeros((24000, 6))
    six[:, [5, 0, 3, 2]] = noise(0.5)
    soundfile.write(tmp_path / 'six.wav', six, 48000)
    new = str(tmp_path / 'new')
    with pytest.raises(InputError, match='six.wav: 6 channels, expected 4; --channels says which 4'):
        predictor.main([model, str(tmp_path / 'six.wav'), '--output', new])
    assert predictor.main([model, str(tmp_path / 'six.wav'), '--output', new, '--channels', '6', '1', '4',
                           '3', '--ambisonics', 'sn3d', '--gain_db', '-3']) == 0


def test_a_data_set_is_not_overwritten(model, tmp_path):
    """Not even where its descriptions lie in a folder `events`, and none of them holds an event."""
    data = tmp_path / 'data'
    (data / 'events').mkdir(parents=True)
    soundfile.write(data / 'a.wav', noise(0.5), 48000)
    for content in ('', 'sound_event_recording,start_time,end_time,ele,azi,dist\n'):
        (data / 'events/a.csv').write_text(content)
        with pytest.raises(InputError, match='data/events/a.csv: is there, and not as predict_recording.py'):
            predictor.main([model, str(data / 'a.wav'), '--output', str(data)])
        assert (data / 'events/a.csv').read_text() == content
        assert sorted(path.name for path in data.iterdir()) == ['a.wav', 'events']
    assert predictor.main([model, str(data / 'a.wav'), '--output', str(data), '--overwrite']) == 0


def test_a_folder_of_recordings_and_the_default_folder(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('recordings').mkdir()
    for name in ('b.wav', 'a.flac'):
        soundfile.write(Path('recordings', name), noise(0.5), 48000)
    assert predictor.main([model, 'recordings']) == 0
    default = Path('results/1_job_foa_dev_split1')
    assert sorted(path.name for path in default.glob('*.csv')) == ['a.csv', 'b.csv']


def test_overlap_makes_another_prediction_of_the_same_frames(model, tmp_path):
    soundfile.write(tmp_path / 'a.wav', noise(70), 48000)
    dumps = []
    for overlap in ('0', '64'):
        output = tmp_path / overlap
        predictor.main([model, str(tmp_path / 'a.wav'), '--overlap', overlap, '--output', str(output)])
        dumps.append(read_output_rows(output / 'a.csv'))
    assert [rows[:, 0].max() for rows in dumps] == [3499, 3499]  # beyond 65 s nothing is cut
    assert not np.array_equal(*dumps)
    # The beginning of the first sequence is the same in both.
    start = [rows[rows[:, 0] < 90] for rows in dumps]
    np.testing.assert_array_equal(*start)


@pytest.mark.parametrize(('name', 'message'), [
    ('mono.wav', '1 channels, expected 4'),
    ('text.wav', 'cannot be decoded'),
    ('empty.wav', 'no samples'),
    ('nowhere.wav', 'no such recording'),
    ('folder', r'no recordings \(\.wav, \.flac, .*\) in this folder; --recursive looks into its folders'),
    ('nan.wav', 'sample 5 of channel 1 is nan'),
])
def test_recordings_that_cannot_be_used(model, tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    Path('folder').mkdir()
    Path('text.wav').write_text('no audio')
    soundfile.write('mono.wav', noise(1, channels=1), 48000)
    soundfile.write('empty.wav', noise(0), 48000)
    with_nan = noise(1)
    with_nan[5] = np.nan
    soundfile.write('nan.wav', with_nan, 48000, subtype='FLOAT')
    with pytest.raises(InputError, match=f'^{name}: {message}'):
        predictor.main([model, name])
    assert not list(Path('results').rglob('*.csv'))


def test_two_recordings_of_one_name(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ('a.wav', 'a.flac'):
        soundfile.write(tmp_path / name, noise(0.1), 48000)
    with pytest.raises(InputError, match=r'a\.wav: has the name of .*a\.flac, expected different names'):
        predictor.main([model, str(tmp_path)])


@pytest.mark.parametrize('overlap', ['-1', '128'])
def test_overlap_out_of_range(model, overlap):
    with pytest.raises(InputError, match=f'--overlap: got {overlap}, expected 0 to 127'):
        predictor.main([model, 'a.wav', '--overlap', overlap])


@pytest.mark.parametrize(('name', 'message'), [
    ('settings.json', 'holds the predictions of seld.py, which are scored as they are'),
    ('a.csv', 'is there, and not as predict_recording.py has written it')])
def test_nothing_of_others_is_replaced(model, tmp_path, name, message):
    soundfile.write(tmp_path / 'a.wav', noise(0.1), 48000)
    (tmp_path / name).write_text('{"mine": 1}')
    with pytest.raises(InputError, match=message):
        predictor.main([model, str(tmp_path / 'a.wav'), '--output', str(tmp_path)])
    assert (tmp_path / name).read_text() == '{"mine": 1}'


def test_help_and_mistakes_do_not_wait_for_keras(tmp_path):
    script = ROOT / 'misc_files/predict_recording.py'
    command = [sys.executable, '-X', 'importtime', script]
    for arguments, status in ((['--help'], 0), (['nowhere_model.keras', 'a.wav'], 1)):
        done = subprocess.run([*command, *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == status
        assert ' keras' not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(
        'predict_recording.py: error: nowhere_model.keras: no such model, expected a file ..._model.keras')


@pytest.mark.slow
def test_run_for_real_an_hour_takes_no_more_memory_than_a_minute(model, tmp_path):
    peaks_mb = []
    for minutes in (1, 60):
        with soundfile.SoundFile(tmp_path / 'long.flac', 'w', 48000, 4) as file:
            for second in range(60 * minutes):
                file.write(noise(1, seed=0) * (second % 7 == 0))  # mostly silence: a small file
        measured = ('import resource, runpy, sys; sys.argv = sys.argv[1:]\n'
                    'try: runpy.run_path(sys.argv[0], run_name="__main__")\n'
                    'except SystemExit as end: assert not end.code, end\n'
                    'print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)')
        command = [sys.executable, '-c', measured, ROOT / 'misc_files/predict_recording.py', model,
                   tmp_path / 'long.flac', '--output', tmp_path]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks_mb.append(float(done.stdout.split()[-1]))
        rows = read_output_rows(tmp_path / 'long.csv')
        assert TAU2019.nb_frames * minutes - 50 <= rows[:, 0].max() < TAU2019.nb_frames * minutes
    assert peaks_mb[1] < peaks_mb[0] + 150
