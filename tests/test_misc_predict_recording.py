"""Prediction on one's own recordings: sequences by hand, streams against the whole, runs with a network."""

import subprocess
import sys
from pathlib import Path

import keras
import matplotlib.image
import numpy as np
import pytest
import soundfile
import soxr

import keras_model
import seld
from cls_feature_class import (
    NB_COLUMNS,
    FeatureClass,
    event_frames,
    load_recording,
    read_description,
    spectrum_to_features,
    stft,
)
from evaluation_metrics import read_output_rows
from misc_files import predict_recording as predictor
from parameter import FOLDS, NB_FRAMES, InputError, get_params, write_json

ROOT = Path(__file__).parents[1]
LENGTH = 128  # frames of a sequence
NAME = 'split1_ir0_ov1_1'


def noise(seconds, seed=0, rate_hz=48000, channels=4):
    return np.random.default_rng(seed).normal(scale=0.05, size=(round(seconds * rate_hz), channels))


# ---- sequences ----


def blocks_of(frames, size):
    return [frames[start:start + size] for start in range(0, len(frames), size)]


def test_sequences_of_a_few_frames():
    frames = np.arange(10)[:, None]
    sequences = [sequence[:, 0].tolist() for sequence in predictor.cut_into_sequences([frames], 4, 2)]
    assert sequences == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [6, 7, 8, 9]]
    sequences = [sequence[:, 0].tolist() for sequence in predictor.cut_into_sequences([frames], 4, 0)]
    assert sequences == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    # Each frame with the number of its sequence: the middles are taken, and the ends of the recording.
    labelled = [np.full((4, 1), number) for number in range(4)]
    joined = np.concatenate(list(predictor.join_sequences(labelled, 4, 2)))[:, 0]
    assert joined.tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3, 3]


@pytest.mark.parametrize('overlap', [0, 1, 7, 8, 15])
@pytest.mark.parametrize('nb_frames', [0, 1, 7, 15, 16, 17, 24, 31, 32, 33, 100])
@pytest.mark.parametrize('block', [1, 5, 16, 200])
def test_what_was_cut_is_joined_again(nb_frames, overlap, block):
    frames = np.arange(nb_frames)[:, None]
    sequences = list(predictor.cut_into_sequences(blocks_of(frames, block), 16, overlap))
    assert all(len(sequence) == 16 for sequence in sequences[:-1])
    joined = list(predictor.join_sequences(sequences, 16, overlap))
    np.testing.assert_array_equal(np.concatenate([frames[:0], *joined]), frames)


@pytest.mark.parametrize('overlap', [2, 8, 9, 15])
def test_no_frame_is_predicted_at_the_edge_of_a_sequence_only(overlap):
    """How far each frame is from the edges of the sequence that it is taken from, but at the ends."""
    sequences = predictor.cut_into_sequences([np.zeros((100, 1))], 16, overlap)
    places = [np.arange(len(sequence)) for sequence in sequences]
    distance = [np.minimum(place, 15 - place) for place in places]
    joined = np.concatenate(list(predictor.join_sequences(distance, 16, overlap)))
    assert len(joined) == 100
    inside = joined[16:-16]
    assert inside.min() >= overlap // 2


def constant_network(value=0.9):
    """Finds knock (class 0) at azimuth 1 rad everywhere, and remembers what it was asked."""
    def network(features):
        network.shapes.append(features.shape)
        network.features = features
        batch, frames, _ = features.shape
        activities, directions = np.zeros((batch, frames, 11)), np.zeros((batch, frames, 22))
        activities[..., 0], directions[..., 0] = value, 1
        return activities, directions
    network.shapes = []
    return network


@pytest.mark.parametrize(('nb_frames', 'overlap', 'batches'), [
    (3000, 0, 1), (3072, 0, 1), (3073, 0, 2), (5, 64, 1), (3000, 64, 2)])
def test_as_many_frames_as_the_recording_has(nb_frames, overlap, batches):
    network = constant_network()
    blocks = blocks_of(np.zeros((nb_frames, NB_COLUMNS), np.float32), 50)
    rows = predictor.predict_rows(blocks, network, LENGTH, overlap)
    np.testing.assert_array_equal(rows[:, 0], np.arange(nb_frames))
    np.testing.assert_array_equal(rows[:, 1:], [[0, 57, 0]] * nb_frames)  # truncated: 1 rad is 57.3 degrees
    assert network.shapes == [(24, LENGTH, NB_COLUMNS)] * batches  # of one shape: compiled once


def test_the_last_sequence_is_filled_as_in_training():
    network = constant_network()
    predictor.predict_rows([np.ones((130, NB_COLUMNS), np.float32)], network, LENGTH, 0)
    first, second, third = network.features[:3]
    assert (first == 1).all()
    assert (second[:2] == 1).all()
    assert (second[2:] == np.float32(1e-6)).all()
    assert (third == np.float32(1e-6)).all()


def test_nothing_found():
    blocks = [np.zeros((10, NB_COLUMNS), np.float32)]
    assert predictor.predict_rows(blocks, constant_network(0.1), LENGTH, 0).shape == (0, 4)


# ---- recordings ----


@pytest.fixture
def run():
    return predictor.Run('run', 'float32', LENGTH, np.full(NB_COLUMNS, 0.5), np.full(NB_COLUMNS, 2.0))


def stream(path, run):
    meter = predictor.Levels(1.0)
    chunks = meter.hear(predictor.recording_at_48_khz(path))
    return np.concatenate(list(predictor.feature_blocks(chunks, run, meter))), meter


@pytest.mark.parametrize('seconds', [0.00003, 0.01, 0.05, 1, 25.013])
def test_features_in_pieces_are_those_of_the_whole(tmp_path, run, seconds):
    soundfile.write(tmp_path / 'a.wav', noise(seconds), 48000)
    features, _ = stream(tmp_path / 'a.wav', run)
    whole = (spectrum_to_features(stft(load_recording(tmp_path / 'a.wav'))) - 0.5) / 2
    np.testing.assert_array_equal(features, whole.astype(np.float32))


@pytest.mark.parametrize('rate_hz', [44100, 96000, 16000, 22051])
def test_other_rates_are_resampled(tmp_path, rate_hz):
    """In pieces as in one go, and a tone stays where it is in time and frequency."""
    time_s = np.arange(round(21.3 * rate_hz)) / rate_hz
    tone = np.stack([0.5 * np.sin(2 * np.pi * 1000 * time_s + channel) for channel in range(4)], axis=1)
    soundfile.write(tmp_path / 'a.wav', tone, rate_hz, subtype='FLOAT')
    chunks = list(predictor.recording_at_48_khz(tmp_path / 'a.wav'))
    resampled = np.concatenate(chunks)
    assert len(chunks) > 2
    assert resampled.dtype == np.float32
    assert len(resampled) == pytest.approx(len(tone) * 48000 / rate_hz, abs=1)
    np.testing.assert_allclose(resampled, soxr.resample(tone.astype(np.float32), rate_hz, 48000), atol=1e-6)
    time_s = np.arange(len(resampled)) / 48000
    expected = np.stack([0.5 * np.sin(2 * np.pi * 1000 * time_s + channel) for channel in range(4)], axis=1)
    np.testing.assert_allclose(resampled[2000:-2000], expected[2000:-2000], atol=1e-4)


@pytest.mark.parametrize('seconds', [59, 60, 61])
def test_as_a_minute(seconds):
    chunks = [np.full((48000, 4), second + 1.0, np.float32) for second in range(seconds)]
    minute = np.concatenate(list(predictor.as_a_minute(chunks)))
    assert minute.shape == (60 * 48000, 4)
    assert minute[-1, 0] == (60 if seconds >= 60 else 0)


def warnings_of(tmp_path, run, samples, usual_magnitude=None, subtype='PCM_16'):
    soundfile.write(tmp_path / 'a.wav', samples, 48000, subtype=subtype)
    _, meter = stream(tmp_path / 'a.wav', run)
    meter._usual_magnitude = usual_magnitude or np.mean(meter._magnitudes)
    return meter.warnings()


def test_nothing_is_odd_about_noise(tmp_path, run):
    assert warnings_of(tmp_path, run, noise(3)) == []


@pytest.mark.parametrize(('change', 'warning'), [
    (lambda samples: samples * 0, 'all channels are silent'),
    (lambda samples: samples * [1, 0, 1, 0], 'silent: channel 2, 4'),
    (lambda samples: np.clip(samples * [1, 1, 100, 1], -1, 1), 'clipped: channel 3, where'),
    (lambda samples: samples * 32768, 'expected at most 1, which is full scale'),
])
def test_silence_clipping_and_scale_are_told(tmp_path, run, change, warning):
    warnings = warnings_of(tmp_path, run, change(noise(3)), subtype='FLOAT')
    assert len(warnings) == 1
    assert warning in warnings[0]


def test_a_single_peak_is_not_clipping(tmp_path, run):
    samples = noise(1)
    samples[::1000] = 1
    assert warnings_of(tmp_path, run, samples) == []


def test_levels_far_from_those_of_the_training_are_told(tmp_path, run):
    soundfile.write(tmp_path / 'a.wav', noise(3), 48000)
    _, meter = stream(tmp_path / 'a.wav', run)
    usual = np.mean(meter._magnitudes)
    for factor, warning in ((0.05, 'loud: the mean is 26 dB above'), (20, 'weak: the loudest second is 26')):
        meter._usual_magnitude = factor * usual
        assert [warning in text for text in meter.warnings()] == [True]


def test_a_quiet_recording_with_one_loud_second_is_fine(tmp_path, run):
    soundfile.write(tmp_path / 'a.wav', noise(20) * np.repeat([1e-3] * 19 + [1], 48000)[:, None], 48000)
    _, meter = stream(tmp_path / 'a.wav', run)
    meter._usual_magnitude = max(meter._magnitudes)
    assert meter.warnings() == []


def test_features_beyond_the_range_of_their_type(tmp_path, run):
    soundfile.write(tmp_path / 'a.wav', noise(1) * 1e6, 48000, subtype='FLOAT')
    with pytest.raises(ValueError, match='features beyond the range of float16'):
        stream(tmp_path / 'a.wav', run._replace(feature_dtype='float16'))


# ---- events ----


def rows_of(*events):
    """Rows of (class, first frame, last frame, azimuth, elevation)."""
    return np.array([(frame, class_index, azimuth, elevation)
                     for class_index, first, last, azimuth, elevation in events
                     for frame in range(first, last + 1)]).reshape(-1, 4)


def test_events_of_a_few_rows():
    events = predictor.find_events(rows_of((3, 100, 150, 40, 10), (1, 10, 29, -180, -20)))
    assert [event.class_index for event in events] == [1, 3]
    np.testing.assert_allclose([event[1:] for event in events],
                               [(0.21, 0.57, -180, -20, 0), (2.01, 2.99, 40, 10, 0)])


def test_events_give_their_frames_again():
    first, last = np.random.default_rng(0).integers(0, 1400, (2, 300)) + [[0], [1500]]
    for start, end in zip(first, last):
        event, = predictor.find_events(rows_of((0, start, end, 0, 0)))
        np.testing.assert_array_equal(event_frames([event]), [(start, end)])


def test_short_gaps_are_closed_and_short_events_left_out():
    pieces = (10, 14), (19, 24), (30, 40), (60, 63), (70, 74)
    rows = rows_of(*((2, first, last, 0, 0) for first, last in pieces))
    frames = event_frames(predictor.find_events(rows))
    np.testing.assert_array_equal(frames, [(10, 24), (30, 40), (70, 74)])


def test_directions_are_averaged_around_the_back():
    rows = rows_of((0, 0, 4, 170, 30), (0, 5, 9, -170, 30))
    event, = predictor.find_events(rows)
    assert (event.azimuth_deg, event.elevation_deg) == (-180, 30)


def test_nothing_is_no_event():
    assert predictor.find_events(np.zeros((0, 4), int)) == []


# ---- with a network ----


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A recording of 20 s, its features and labels, and what seld.py leaves of an untrained network."""
    folder = tmp_path_factory.mktemp('trained')
    for name in ('data/foa_dev', 'data/metadata_dev', 'models'):
        (folder / name).mkdir(parents=True)
    soundfile.write(folder / f'data/foa_dev/{NAME}.wav', noise(20), 48000)
    (folder / f'data/metadata_dev/{NAME}.csv').write_bytes(
        (ROOT / 'misc_files/examples/split2_ir1_ov1_1.csv').read_bytes())
    params = get_params(dataset_dir=folder / 'data', feat_label_dir=folder / 'features',
                        model_dir=folder / 'models', dcase_dir=folder / 'results', quick_test=False, n_jobs=1)
    features = FeatureClass(params['dataset_dir'], params['feat_label_dir'], n_jobs=1)
    for stage in (features.extract_all_feature, features.preprocess_features, features.extract_all_labels):
        stage()
    run = seld.Run('1', 'job', FOLDS['dev'][0], params)
    keras.utils.set_random_seed(1)
    shapes = (24, LENGTH, 1024, 8), [(24, LENGTH, 11), (24, LENGTH, 22)]
    model = keras_model.get_model(*shapes, 0, 2, [16, 8, 8], [4], [4], [1, 50])
    model.save(run.path('_model.keras'))
    run.path('_wts.npz').write_bytes(Path(features.get_normalized_wts_file()).read_bytes())
    write_json(run.path('.json'), {'params': params})
    return run


@pytest.fixture
def model(trained):
    return str(trained.path('_model.keras'))


def test_without_overlap_the_dump_is_that_of_seld_to_the_byte(trained, model, tmp_path, capsys):
    trained.output.claim(trained.fold.test, overwrite=False)
    seld.test_fold(trained)
    wav = Path(trained.params['dataset_dir'], 'foa_dev', f'{NAME}.wav')
    assert predictor.main([model, str(wav), '--overlap', '0', '--output', str(tmp_path)]) == 0
    dump = (trained.output.folder / f'{NAME}.csv').read_bytes()
    assert 1000 < len(dump.splitlines()) < 32000  # an untrained network is undecided: differences would show
    assert (tmp_path / f'{NAME}.csv').read_bytes() == dump


def test_files_of_a_recording_of_ones_own(model, tmp_path, capsys):
    soundfile.write(tmp_path / 'street.flac', noise(7, rate_hz=44100), 44100)
    output = tmp_path / 'output'
    assert predictor.main([model, str(tmp_path / 'street.flac'), '--output', str(output), '--plot']) == 0
    said = capsys.readouterr()
    assert said.err == f'{tmp_path}/street.flac: resampled from 44100 to 48000 Hz by soxr\n'
    assert f'written: {output}/street.png\n' in said.out
    rows = read_output_rows(output / 'street.csv')
    assert 0 <= rows[:, 0].max() < 351
    events = read_description(output / 'events' / 'street.csv')
    assert events == [pytest.approx(event) for event in predictor.find_events(rows)]
    assert matplotlib.image.imread(output / 'street.png').shape == (1428, 1050, 4)
    assert sorted(path.relative_to(output).as_posix() for path in output.rglob('*')) == [
        'events', 'events/street.csv', 'street.csv', 'street.png']


def test_a_folder_of_recordings_and_the_default_folder(model, tmp_path, monkeypatch, capsys):
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
    ('stereo.wav', '2 channels, expected 4'),
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
    soundfile.write('stereo.wav', noise(1, channels=2), 48000)
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


@pytest.mark.parametrize(('missing', 'message'), [
    ('_model.keras', 'no such model'),
    ('.json', r'\.json: missing, expected beside'),
    ('_wts.npz', r'_wts\.npz: missing, expected beside'),
])
def test_what_belongs_together(trained, tmp_path, missing, message):
    for ending in {'_model.keras', '.json', '_wts.npz'} - {missing}:
        path = trained.path(ending)
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(InputError, match=message):
        predictor.main([str(tmp_path / trained.path('_model.keras').name), 'a.wav'])


def test_settings_of_something_else(trained, tmp_path):
    for ending in ('_model.keras', '.json', '_wts.npz'):
        path = trained.path(ending)
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / trained.path('.json').name).write_text('{}')
    with pytest.raises(InputError, match=r'\.json: expected the settings that seld\.py writes'):
        predictor.main([str(tmp_path / trained.path('_model.keras').name), 'a.wav'])
    write_json(tmp_path / trained.path('.json').name, {'params': trained.params | {'sequence_length': 64}})
    soundfile.write(tmp_path / 'a.wav', noise(1), 48000)
    with pytest.raises(InputError, match=r'input has the shape \(None, 128, 1024, 8\), expected \(None, 64,'):
        predictor.main([str(tmp_path / trained.path('_model.keras').name), str(tmp_path / 'a.wav')])


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
        assert NB_FRAMES * minutes - 50 <= rows[:, 0].max() < NB_FRAMES * minutes
    assert peaks_mb[1] < peaks_mb[0] + 150
