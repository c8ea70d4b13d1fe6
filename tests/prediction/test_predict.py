"""`predict`: a recording and a model, rows and events, from any folder and thread."""

import dataclasses
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from untrained_model import SHORT, noise

from misc_files import predict_recording as script
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import read_description
from seldnet.annotations.output_format import read_output_rows
from seldnet.common.errors import InputError
from seldnet.methods.registry import METHODS
from seldnet.prediction.ensemble import Ensemble, check_overlap
from seldnet.prediction.event_list import find_events
from seldnet.prediction.predict import gain_of, predict, recording_facts
from seldnet.prediction.trained_model import read_trained_model, with_audio_options
from seldnet.training import network as keras_side

REPOSITORY = Path(script.__file__).parents[1]


@pytest.fixture(scope='module')
def model(untrained):
    return read_trained_model(untrained.model)


@pytest.fixture(scope='module')
def network(model):
    return model.load_network()


def in_a_thread(function, *arguments, **options):
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments, **options)))
    thread.start()
    thread.join()
    result, = results
    return result


def test_another_thread_and_folder_and_the_rows_of_the_script(untrained, tmp_path, monkeypatch, capfd):
    soundfile.write(tmp_path / 'street.wav', noise(7, rate_hz=44100), 44100)
    output = tmp_path / 'output'
    assert script.main([str(untrained.model), str(tmp_path / 'street.wav'), '--output', str(output)]) == 0
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    capfd.readouterr()
    prediction = in_a_thread(predict, tmp_path / 'street.wav', str(untrained.model))
    assert capfd.readouterr() == ('', '')
    assert not list(elsewhere.iterdir())
    assert len(prediction.rows) > 100  # an untrained network is undecided: differences would show
    assert prediction.rows.dtype == np.int32
    np.testing.assert_array_equal(prediction.rows, read_output_rows(output / 'street.csv'))
    assert prediction.events
    assert [event[:5] for event in prediction.events] == [event[:5] for event in find_events(prediction.rows)]
    assert all(0.5 < event.confidence <= 1 for event in prediction.events)
    read = read_description(output / 'events' / 'street.csv')
    assert [event[:5] for event in prediction.events] == [event[:5] for event in read]
    assert [event.confidence for event in prediction.events] == pytest.approx(
        [event.confidence for event in read], abs=6e-4)
    assert prediction.warnings == []


FIRST_CALL = '''
import signal, sys, threading
from seldnet.prediction.predict import predict
assert 'keras' not in sys.modules
handlers = [signal.getsignal(number) for number in signal.valid_signals()]
streams = sys.stdout, sys.stderr
found = []
threads = [threading.Thread(target=lambda: found.append(predict(*sys.argv[1:]))) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
first, second = found
assert len(first.rows) and first.rows.tolist() == second.rows.tolist()
assert streams == (sys.stdout, sys.stderr)
assert handlers == [signal.getsignal(number) for number in signal.valid_signals()]
sys.stderr.write('the end')
'''


@pytest.mark.slow
def test_the_first_calls_of_a_process_in_two_threads(untrained, tmp_path):
    """They load Keras, and are as quiet; what is written to stderr afterwards is seen."""
    soundfile.write(tmp_path / 'a.wav', noise(1), 48000)
    environment = os.environ | {'PYTHONPATH': str(REPOSITORY)}
    environment.pop('TF_CPP_MIN_LOG_LEVEL', None)
    done = subprocess.run([sys.executable, '-c', FIRST_CALL, tmp_path / 'a.wav', untrained.model],
                          cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', 'the end')


def test_a_model_of_another_data_set(untrained, tmp_path):
    """Its network is loaded as the model says, not as TAU 2019's would be."""
    dataset = dataclasses.replace(TAU2019, sample_rate_hz=24000)
    path = untrained.copy(tmp_path, facts=dataset.facts())
    params = json.loads(untrained.run.path('.json').read_text())['params'] | {'pool_size': [8, 8, 8]}
    keras_side.save(keras_side.build(METHODS['released'], (None, 128, 512, 8), 11, params, seed=1), path)
    np.savez(tmp_path / untrained.run.path('_wts.npz').name, mean=np.ones(4096), scale=np.ones(4096))
    soundfile.write(tmp_path / 'a.wav', noise(2, rate_hz=24000), 24000)
    rows = predict(tmp_path / 'a.wav', path).rows
    assert rows.dtype == np.int32 and rows[:, 0].max() < 100


def test_relative_names(untrained, tmp_path, monkeypatch):
    soundfile.write(tmp_path / 'a.wav', noise(1), 48000)
    expected = predict(tmp_path / 'a.wav', untrained.model).rows
    monkeypatch.chdir(untrained.model.parent)
    np.testing.assert_array_equal(predict(tmp_path / 'a.wav', untrained.model.name).rows, expected)
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(predict('a.wav', untrained.model).rows, expected)


def test_a_model_that_has_changed_is_read_anew(untrained, tmp_path):
    """The network of a path is kept between calls, but not that of a file that was replaced."""
    import keras

    soundfile.write(tmp_path / 'a.wav', noise(1), 48000)
    path = untrained.copy(tmp_path)
    before = predict(tmp_path / 'a.wav', path).rows
    network = keras.models.load_model(path)
    bias = network.get_layer('sed_out').bias
    bias.assign(np.full(bias.shape, 9))
    network.save(path)
    after = predict(tmp_path / 'a.wav', path).rows
    assert len(after) == 50 * 11 and len(before) < 50 * 11


def test_progress_counts_the_seconds_of_the_recording(model, network, tmp_path):
    soundfile.write(tmp_path / 'a.wav', noise(25), 48000)
    seconds = []
    predict(tmp_path / 'a.wav', model, network=network, progress=seconds.append)
    assert len(seconds) == 3 and sum(seconds) == pytest.approx(25)


def test_without_overlap_short_recordings_are_padded_as_in_the_data_set(untrained, network, tmp_path):
    """All frames of a network that finds something everywhere: of 1 s up to the grace, and of longer ones."""
    model = read_trained_model(untrained.copy(tmp_path, facts=SHORT.facts()))

    def everywhere(features):
        activities, directions = network(features)
        return np.ones_like(activities), directions
    for seconds, overlap, nb_frames in ((1, 0, 1000), (1, None, 50), (21, 0, 1000), (22, 0, 1100)):
        soundfile.write(tmp_path / 'a.wav', noise(seconds), 48000)
        rows = predict(tmp_path / 'a.wav', model, overlap=overlap, network=everywhere).rows
        assert len(rows) == 11 * nb_frames and rows[-1, 0] == nb_frames - 1
    own = dataclasses.replace(model, dataset=dataclasses.replace(SHORT, recording_s=None, grid=None))
    for overlap in (0, None):  # of their own lengths nothing is padded
        soundfile.write(tmp_path / 'a.wav', noise(1.5), 48000)
        assert len(predict(tmp_path / 'a.wav', own, overlap=overlap, network=everywhere).rows) == 11 * 75


def test_what_is_odd_comes_as_a_warning(model, network, tmp_path):
    soundfile.write(tmp_path / 'a.wav', noise(1) * [1, 0, 1, 1], 48000)
    assert predict(tmp_path / 'a.wav', model, network=network).warnings == ['silent: channel 2']


def test_facts_of_a_recording(tmp_path):
    soundfile.write(tmp_path / 'a.wav', noise(1, rate_hz=16000, channels=5), 16000)
    assert recording_facts(tmp_path / 'a.wav') == (1, 16000, 5)


def test_microphones_given_to_an_ambisonic_model(model, network, tmp_path):
    alike = np.repeat(noise(2, channels=1), 4, axis=1)
    soundfile.write(tmp_path / 'a.wav', alike + noise(2, seed=1) / 10, 48000)
    warning, = predict(tmp_path / 'a.wav', model, network=network).warnings
    assert warning.startswith('looks like microphone signals rather than Ambisonics')


def test_channels_and_convention(model, network, tmp_path):
    """The same sound in another order and convention is the same prediction."""
    soundfile.write(tmp_path / 'a.wav', noise(2), 48000, subtype='FLOAT')
    six, fuma = np.zeros((96000, 6)), noise(2)[:, [0, 3, 1, 2]] / np.sqrt([2, 3, 3, 3])
    six[:, [5, 0, 3, 2]] = noise(2)
    soundfile.write(tmp_path / 'six.wav', six, 48000, subtype='FLOAT')
    soundfile.write(tmp_path / 'fuma.wav', fuma, 48000, subtype='FLOAT')
    expected = predict(tmp_path / 'a.wav', model, network=network).rows
    for name, options in (('six', {'channels': [6, 1, 4, 3]}), ('fuma', {'ambisonics': 'fuma'})):
        rows = predict(tmp_path / f'{name}.wav', with_audio_options(model, **options), network=network).rows
        np.testing.assert_array_equal(rows[:, :2], expected[:, :2])
        assert np.abs(rows - expected).max() <= 1  # rounding of the gains
    with pytest.raises(InputError, match='6 channels, expected 4; --channels says which 4'):
        predict(tmp_path / 'six.wav', model, network=network)


def test_a_gain_is_a_louder_recording(model, network, tmp_path):
    soundfile.write(tmp_path / 'a.wav', noise(2), 48000, subtype='FLOAT')
    soundfile.write(tmp_path / 'loud.wav', noise(2) * 32768, 48000, subtype='FLOAT')
    expected = predict(tmp_path / 'a.wav', model, network=network)
    scaled = predict(tmp_path / 'loud.wav', model, network=network, gain_db=20 * np.log10(1 / 32768))
    np.testing.assert_array_equal(scaled.rows[:, :2], expected.rows[:, :2])
    assert scaled.warnings == expected.warnings == []
    beyond, loud = predict(tmp_path / 'loud.wav', model, network=network).warnings
    assert 'of 16-bit integers divide by 32768' in beyond and loud.endswith('to that level (--gain_db)')
    for gain_db in (np.nan, np.inf, 201):
        with pytest.raises(InputError, match='--gain_db: got .*, expected -200 to 200'):
            gain_of(gain_db)


def test_thresholds_and_scores(model, network, tmp_path):
    path = tmp_path / 'a.wav'
    soundfile.write(path, noise(3), 48000)
    prediction = predict(path, model, network=network, keep_scores=True)
    activity, azimuth_deg, elevation_deg = prediction.scores
    assert activity.shape == azimuth_deg.shape == elevation_deg.shape == (150, 11)
    assert prediction.scores._fields == ('activity', 'azimuth_deg', 'elevation_deg')
    two = np.full(11, 0.5)
    two[[5, 8]] = 1, 0
    for thresholds, limits in ((None, 0.5), (0.45, 0.45), ({'cough': 0, 'speech': 1}, two)):
        rows = predict(path, model, network=network, thresholds=thresholds).rows
        np.testing.assert_array_equal(rows[:, :2], np.argwhere(activity > limits))
    np.testing.assert_array_equal(rows[:, 2], np.trunc(azimuth_deg[rows[:, 0], rows[:, 1]]))
    assert predict(path, model, network=network).scores is None
    ensemble = Ensemble(model, thresholds=0.45)
    np.testing.assert_array_equal(predict(path, ensemble, network=network).rows,
                                  predict(path, model, network=network, thresholds=0.45).rows)
    with pytest.raises(InputError, match='overlap and thresholds: got some beside an Ensemble'):
        predict(path, ensemble, network=network, thresholds=0.3)


def test_overlap(model):
    assert (check_overlap(model, None), check_overlap(model, 0), check_overlap(model, 127)) == (64, 0, 127)
    for overlap in (-1, 128):
        with pytest.raises(InputError, match=f'--overlap: got {overlap}, expected 0 to 127'):
            check_overlap(model, overlap)


@pytest.mark.parametrize(('samples', 'message'), [
    (noise(0), 'no samples'), (noise(1, channels=3), '3 channels, expected 4'),
    (np.full((100, 4), np.nan), 'sample 0 of channel 1 is nan'), (None, 'no such recording')])
def test_recordings_that_cannot_be_used(model, network, tmp_path, samples, message):
    path = tmp_path / 'a.wav'
    if samples is not None:
        soundfile.write(path, samples, 48000, subtype='FLOAT')
    with pytest.raises(InputError, match=f'^{path}: {message}'):
        predict(path, model, network=network)


def test_what_knows_no_file_names_it_too(model, tmp_path):
    path = tmp_path / 'a.wav'
    soundfile.write(path, noise(1), 48000)

    def broken(features):
        return np.ones((24, 128, 11)), np.full((24, 128, 22), np.nan)
    with pytest.raises(InputError, match=f'^{path}: directions that are not finite: '):
        predict(path, model, network=broken)
    with pytest.raises(InputError, match='nowhere_model.keras: no such model'):
        predict(path, Path('nowhere_model.keras'))
