"""Several models as one, and thresholds."""

import dataclasses

import numpy as np
import pytest
import soundfile
from untrained_model import SHORT, noise

from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError
from seldnet.methods.averaging import average_degrees
from seldnet.methods.registry import METHODS
from seldnet.methods.soft_scores import Scores, checked_thresholds, parse_thresholds
from seldnet.prediction.ensemble import Ensemble, mean_scores
from seldnet.prediction.predict import predict
from seldnet.prediction.trained_model import read_trained_model


@pytest.fixture(scope='module')
def model(untrained):
    return read_trained_model(untrained.model)


def pieces_of(scores, borders):
    return iter([Scores(*parts) for parts in zip(*(np.split(column, borders) for column in scores))])


def test_the_mean_in_pieces_is_the_mean_of_the_whole():
    rng = np.random.default_rng(0)
    all_scores = [Scores(rng.random((20, 3)), rng.uniform(-180, 180, (20, 3)), rng.uniform(-90, 90, (20, 3)))
                  for _ in range(3)]
    all_borders = [3, 4, 17], [], [10, 10, 19]
    parts = [pieces_of(scores, borders) for scores, borders in zip(all_scores, all_borders)]
    joined = [np.concatenate(columns) for columns in zip(*mean_scores(parts))]
    np.testing.assert_allclose(joined, average_degrees(all_scores))
    np.testing.assert_allclose(joined[0], np.mean([scores.activity for scores in all_scores], axis=0))


def test_directions_are_averaged_as_vectors():
    """Around the back, and by their activities; for accdoa it is the mean of the vectors."""
    activity, azimuth_deg, elevation_deg = average_degrees([
        (np.array([0.8, 0.9]), np.array([170.0, 0]), np.array([10.0, 0])),
        (np.array([0.8, 0.1]), np.array([-170.0, 90]), np.array([10.0, 0]))])
    np.testing.assert_allclose(activity, [0.8, 0.5])
    np.testing.assert_allclose(np.abs(azimuth_deg[0]), 180)
    np.testing.assert_allclose(azimuth_deg[1], np.degrees(np.arctan2(0.1, 0.9)))
    assert 10 < elevation_deg[0] < 10.2


def test_a_model_with_itself_is_that_model(model, tmp_path):
    soundfile.write(tmp_path / 'a.wav', noise(4), 48000)
    network = model.load_network()
    alone = predict(tmp_path / 'a.wav', model, network=network)
    twice = predict(tmp_path / 'a.wav', [model, model], network=[network, network])
    np.testing.assert_array_equal(alone.rows[:, :2], twice.rows[:, :2])
    turned = (alone.rows[:, 2] - twice.rows[:, 2]) % 360  # vectors know no other side of a pole
    assert np.mean((turned <= 1) | (turned >= 359)) > 0.9
    assert twice.warnings == []


def test_models_of_different_sequences_and_methods(model, tmp_path):
    """Frame by frame, whatever the pieces that each gives."""
    soundfile.write(tmp_path / 'a.wav', noise(9), 48000)

    def finds(place, nb_classes=11):
        def network(features):
            batch, frames, _ = features.shape
            activity = np.zeros((batch, frames, nb_classes))
            activity[..., place] = 0.9
            return activity, np.zeros((batch, frames, 2 * nb_classes))
        return network
    longer = dataclasses.replace(model, sequence_length=300)
    rows = predict(tmp_path / 'a.wav', [model, longer], network=[finds(2), finds(2)]).rows
    np.testing.assert_array_equal(rows[:, :2], [(frame, 2) for frame in range(450)])
    assert len(predict(tmp_path / 'a.wav', [model, longer], network=[finds(2), finds(3)]).rows) == 0
    both = predict(tmp_path / 'a.wav', [model, longer], network=[finds(2), finds(3)], thresholds=0.4).rows
    np.testing.assert_array_equal(both[:, :2], [(frame, place) for frame in range(450) for place in (2, 3)])
    mixed = Ensemble([model, dataclasses.replace(model, method=METHODS['accdoa'])])
    np.testing.assert_allclose(mixed.thresholds, 0.45)


@pytest.mark.parametrize(('changes', 'message'), [
    ({'classes': TAU2019.classes[::-1]}, 'classes laughter, .*, expected knock, '),
    ({'classes': ('a', 'b')}, 'classes a, b, expected knock, '),
    ({'sample_rate_hz': 24000}, 'rate 24000 Hz, expected 48000 Hz')])
def test_models_that_do_not_fit_each_other(model, changes, message):
    other = dataclasses.replace(model, dataset=dataclasses.replace(TAU2019, **changes))
    with pytest.raises(InputError, match=f'_model.keras: does not fit 1_job_foa_.*: {message}') as error:
        Ensemble([model, other])
    assert len(str(error.value).splitlines()) == 1


def test_formats_that_do_not_fit_each_other(model):
    with pytest.raises(InputError, match='format mic, expected foa; average models of one data'):
        Ensemble([model, dataclasses.replace(model, audio_format='mic')])
    with pytest.raises(InputError, match='no model, expected one or several'):
        Ensemble([])
    assert len(Ensemble([model, dataclasses.replace(model, dataset=SHORT)]).models) == 2


def test_names_and_the_first_line(model):
    assert Ensemble(model).name == '1_job_foa_dev_split1'
    several = Ensemble([model] * 3)
    assert several.name == '1_job_foa_dev_split1_and_2_more'
    assert several.in_words == ('1_job_foa_dev_split1_and_2_more: foa, method released, 11 classes: '
                                + ', '.join(TAU2019.classes))


# ---- thresholds ----


@pytest.mark.parametrize(('texts', 'expected'), [
    (['0.4'], dict.fromkeys(TAU2019.classes, 0.4)), (['cough=.3', 'speech=1'], {'cough': 0.3, 'speech': 1}),
    (['0.4', 'cough=0'], dict.fromkeys(TAU2019.classes, 0.4) | {'cough': 0})])
def test_thresholds_on_the_command_line(texts, expected):
    assert parse_thresholds(texts, TAU2019) == expected


@pytest.mark.parametrize(('texts', 'message'), [
    (['high'], "got 'high', expected a number, or CLASS=NUMBER"), (['cough='], "got 'cough='"),
    (['cough=a'], "got 'cough=a'"), (['0.1', '0.2'], "got '0.2' after another for all"),
    (['cough=0.1', 'cough=0.2'], "got 'cough=0.2' after another for cough")])
def test_thresholds_that_cannot_be_read(texts, message):
    with pytest.raises(InputError, match=f'--threshold: {message}'):
        parse_thresholds(texts, TAU2019)


@pytest.mark.parametrize(('thresholds', 'message'), [
    ({'caugh': 0.3}, "unknown class 'caugh', did you mean 'cough'"), (1.1, 'got 1.1 for knock, expected'),
    (-0.1, 'got -0.1'), (np.nan, 'got nan'), (True, 'got True'), ({'cough': '0.3'}, "got '0.3' for cough")])
def test_thresholds_that_cannot_be(thresholds, message):
    with pytest.raises(InputError, match=f'--threshold: {message}'):
        checked_thresholds(thresholds, 0.5, TAU2019)
