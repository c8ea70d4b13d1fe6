"""Features of 2019: a sine by hand, golden numbers, and the types in which they are stored."""

import functools
import math
from pathlib import Path

import numpy as np
import pytest
from small_datasets import OWN

from seldnet.common.errors import InputError
from seldnet.extraction.audio import load_recording
from seldnet.extraction.features import SPECTRA, rounded, spectrum_to_features
from seldnet.extraction.scaler import MeanAndScale, block_moments, fit_scaler, merge_moments, normalize
from seldnet.extraction.spectra import stft

GOLDEN = Path(__file__).parents[1] / 'golden'
RECORDINGS = {'split1_ir0_ov1_1': 'foa_dev', 'split2_ir3_ov2_47': 'foa_dev', 'split0_1': 'foa_eval'}


def test_features_of_a_sine_by_hand():
    # A cosine of amplitude 1 at bin 64 (1500 Hz), in channel 2: the window sums to 960, half of it is the
    # magnitude, and the phase is that at the start of the frame's 2048 points.
    samples = np.arange(48000)
    audio = np.zeros((48000, 4), np.float32)
    audio[:, 2] = np.cos(2 * np.pi * 64 / 2048 * samples)
    rows = spectrum_to_features(stft(audio))
    assert rows.shape == (50, 8192)
    column = 63 * 4 + 2  # bin 0 is dropped
    for frame in (5, 20):
        phase = 2 * math.pi * 64 / 2048 * (960 * frame - 1024)
        assert rows[frame, column] == pytest.approx(480, rel=1e-6)
        assert rows[frame, 4096 + column] == pytest.approx(math.remainder(phase, 2 * math.pi), abs=1e-5)
        # A Hann window spreads over the neighbouring bins alone; the other channels are silent.
        assert rows[frame, column + 4 * 40] < 0.01
        assert not rows[frame].reshape(2, 1024, 4)[:, :, [0, 1, 3]].any()


def test_scaler_and_normalised_features_are_those_of_the_released_code(golden):
    expected = golden('features')
    rows, moments = {}, []
    for name, folder in RECORDINGS.items():
        audio = load_recording(GOLDEN / 'wav' / folder / f'{name}.wav')
        features = spectrum_to_features(stft(np.pad(audio, ((0, 2_880_000 - len(audio)), (0, 0)))))
        rows[name] = features[expected['rows']]  # a gigabyte less than all of them
        if folder == 'foa_dev':
            moments += [block_moments(block) for block in np.array_split(features, 10)]
    scaler = fit_scaler(functools.reduce(merge_moments, moments))
    for name in ('mean', 'var', 'scale'):
        np.testing.assert_allclose(getattr(scaler, f'{name}_'), expected[f'scaler_{name}'], rtol=1e-6,
                                   atol=1e-12)
    for name in RECORDINGS:
        kept = normalize(rows[name], MeanAndScale(scaler.mean_, scaler.scale_))
        error = np.abs(kept - expected[f'{name}/normalized'])
        # Mirrored at the start, frame 0 is real but for rounding, whose sign decides between pi and -pi.
        turn = 2 * np.pi / scaler.scale_[4096:]
        error[0, 4096:] = np.minimum(error[0, 4096:], np.abs(error[0, 4096:] - turn))
        assert error.max() < 2e-3


def test_features_of_another_rate():
    assert SPECTRA.frame_shape(OWN, 'foa') == (512, 8) and SPECTRA.nb_columns(OWN) == 4096
    spectrum = stft(np.random.default_rng(1).uniform(-1, 1, (4800, 4)), dataset=OWN)
    rows = SPECTRA.compute(spectrum, OWN, 'foa')
    np.testing.assert_allclose(rows[:, :2048], np.abs(spectrum).reshape(10, -1), rtol=1e-6)
    np.testing.assert_allclose(rows[:, 2048:], np.angle(spectrum).reshape(10, -1), rtol=1e-6)
    assert SPECTRA.mean_magnitude(rows) == pytest.approx(np.abs(spectrum).mean())


def test_rounding_that_overflows_is_refused():
    features = np.array([[1.0, -70_000]])
    assert rounded(features, 'float32', 'the development set').dtype == np.float32
    with pytest.raises(InputError, match='features beyond the range of float16, expected levels like those '
                                         'of the development set'):
        rounded(features, 'float16', 'the development set')
