"""The script for recordings of one's own: files, command line, and the bytes of seld.py."""

import math
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import soundfile
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


def test_without_overlap_the_dump_is_that_of_seld_to_the_byte(untrained, model, tmp_path):
    run = untrained.run
    run.output.claim(run.fold.test, overwrite=False)
    seld.test_fold(run)
    arguments = [model, str(untrained.recording), '--overlap', '0', '--output', str(tmp_path)]
    assert predictor.main(arguments, dataset=SHORT) == 0
    dump = (run.output.folder / f'{NAME}.csv').read_bytes()
    assert 300 < len(dump.splitlines()) < 10700  # an untrained network is undecided: differences would show
    assert (tmp_path / f'{NAME}.csv').read_bytes() == dump


def test_files_of_a_recording_of_ones_own(model, tmp_path, capsys):
    soundfile.write(tmp_path / 'street.flac', noise(7, rate_hz=44100), 44100)
    output = tmp_path / 'output'
    assert predictor.main([model, str(tmp_path / 'street.flac'), '--output', str(output), '--plot']) == 0
    printed = capsys.readouterr()
    assert printed.err == f'{tmp_path}/street.flac: resampled from 44100 to 48000 Hz by soxr\n'
    assert f'written: {output}/street.png\n' in printed.out
    rows = read_output_rows(output / 'street.csv')
    assert 0 <= rows[:, 0].max() < 351
    events = read_description(output / 'events' / 'street.csv')
    assert [event[:5] for event in events] == [pytest.approx(event[:5]) for event in find_events(rows)]
    assert all(math.isnan(event.distance_m) for event in events)
    assert matplotlib.image.imread(output / 'street.png').shape == (1428, 1050, 4)
    assert sorted(path.relative_to(output).as_posix() for path in output.rglob('*')) == [
        'events', 'events/street.csv', 'street.csv', 'street.png']


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
    ('folder', r'no recordings \(\.wav, \.flac\) in this folder'),
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


def test_two_recordings_of_one_name(model, tmp_path):
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
    ('a.csv', 'is no prediction, and would be replaced')])
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
