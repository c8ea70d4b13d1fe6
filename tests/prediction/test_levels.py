"""What is odd about the levels of a recording."""

import numpy as np
import pytest
from untrained_model import noise

from seldnet.extraction.features import spectrum_to_features
from seldnet.extraction.spectra import stft_blocks
from seldnet.prediction.levels import Levels


def levels_of(samples, usual_magnitude):
    levels = Levels(usual_magnitude)
    chunks = levels.add_samples(np.array_split(samples.astype(np.float32), 3))
    for spectrum in stft_blocks(chunks):
        levels.add_features(spectrum_to_features(spectrum))
    return levels


def warnings_of(samples):
    """Of a model that was trained on recordings of just this level."""
    usual_magnitude = np.mean(levels_of(samples, 1).magnitudes)
    return levels_of(samples, usual_magnitude).warnings()


def test_samples_pass_as_they_are():
    chunks = np.split(noise(0.3), 3)
    np.testing.assert_array_equal(list(Levels(1).add_samples(chunks)), chunks)


def test_nothing_is_odd_about_noise():
    assert warnings_of(noise(3)) == []


@pytest.mark.parametrize(('change', 'warning'), [
    (lambda samples: samples * 0, 'all channels are silent'),
    (lambda samples: samples * [1, 0, 1, 0], 'silent: channel 2, 4'),
    (lambda samples: np.clip(samples * [1, 1, 100, 1], -1, 1), 'clipped: channel 3, where'),
    (lambda samples: samples * 32768, 'expected at most 1, which is full scale'),
])
def test_silence_clipping_and_scale(change, warning):
    warnings = warnings_of(change(noise(3)))
    assert len(warnings) == 1
    assert warning in warnings[0]


def test_a_single_peak_is_not_clipping():
    samples = noise(1)
    samples[::1000] = 1
    assert warnings_of(samples) == []


@pytest.mark.parametrize(('factor', 'warning'), [
    (0.05, 'loud: the mean is 26 dB above'), (20, 'weak: the loudest second is 26')])
def test_levels_far_from_those_of_the_training(factor, warning):
    usual_magnitude = factor * np.mean(levels_of(noise(3), 1).magnitudes)
    assert [warning in text for text in levels_of(noise(3), usual_magnitude).warnings()] == [True]


def test_a_quiet_recording_with_one_loud_second_is_fine():
    samples = noise(20) * np.repeat([1e-3] * 19 + [1], 48000)[:, None]
    usual_magnitude = max(levels_of(samples, 1).magnitudes)
    assert levels_of(samples, usual_magnitude).warnings() == []
