"""Spectra: a sine by hand, golden numbers of 2019, librosa, a plain Fourier sum, any pieces."""

import math
from pathlib import Path

import librosa
import numpy as np
import pytest
import reference
from small_datasets import OWN

from seldnet.extraction.audio import load_recording
from seldnet.extraction.spectra import (
    hann_window,
    nb_bins,
    stft,
    stft_blocks,
    transform_length,
    window_length,
)

GOLDEN = Path(__file__).parents[1] / 'golden'
RECORDINGS = {'split1_ir0_ov1_1': 'foa_dev', 'split2_ir3_ov2_47': 'foa_dev', 'split0_1': 'foa_eval'}


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize('name, folder', RECORDINGS.items())
def test_spectra_are_those_of_the_released_code(name, folder, golden):
    expected = golden('features')
    audio = load_recording(GOLDEN / 'wav' / folder / f'{name}.wav')
    spectrum = stft(np.pad(audio, ((0, 2_880_000 - len(audio)), (0, 0))))
    assert spectrum.dtype == np.complex64 and spectrum.shape == (3000, 1024, 4)
    stored = expected[f'{name}/spectrum']
    kept = spectrum[expected['rows']].reshape(stored.shape)
    np.testing.assert_allclose(kept, stored, rtol=0, atol=1e-5 * np.abs(stored).max())


def test_spectra_are_those_of_a_plain_fourier_sum(rng):
    audio = rng.standard_normal((5000, 4)).astype(np.float32)
    spectrum = stft(audio)
    assert len(spectrum) == 6  # a frame each 960 samples begun
    bins = [1, 2, 100, 1024]
    for frame in range(6):
        for channel in (0, 3):
            plain = reference.spectrum_of_frame(audio[:, channel], frame, bins)
            np.testing.assert_allclose(spectrum[frame, [k - 1 for k in bins], channel], plain, atol=1e-4)


@pytest.mark.parametrize('nb_samples', [1, 2, 700, 960, 961, 1024, 1025, 1200, 2047, 2048, 3000, 50_000])
def test_spectra_do_not_depend_on_the_pieces(nb_samples, rng):
    audio = rng.standard_normal((nb_samples, 4)).astype(np.float32)
    whole = stft(audio)
    assert whole.shape == (math.ceil(nb_samples / 960), 1024, 4)
    padded = np.pad(audio, ((1024, 1024), (0, 0)), mode='reflect')
    last = padded[960 * (len(whole) - 1):][:2048] * hann_window(1920, 2048)[:, np.newaxis]
    np.testing.assert_array_equal(whole[-1], np.fft.rfft(last, axis=0)[1:].astype(np.complex64))
    for size in (1, 333, 960, 2048, 20_000):
        if nb_samples / size <= 1000:
            pieces = [audio[start:start + size] for start in range(0, nb_samples, size)]
            np.testing.assert_array_equal(np.concatenate(list(stft_blocks(pieces))), whole)


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_single_precision_errs_by_a_ten_millionth(dtype, rng):
    audio = rng.standard_normal((5000, 4)).astype(dtype)
    whole = stft(audio)
    single = np.concatenate(list(stft_blocks([audio], precision='float32')))
    assert single.dtype == np.complex64 and single.shape == whole.shape
    difference = np.abs(single - whole).max()
    assert 0 < difference < 1e-6 * np.abs(whole).max()


def test_spectra_of_nothing():
    assert stft(np.zeros((0, 4), np.float32)).shape == (0, 1024, 4)
    assert list(stft_blocks([])) == []


def librosas_stft(audio, *, win_length=1920, n_fft=2048, hop_length=960):
    """The spectrum by librosa with the arguments of 2019, shaped as ours: (frames, bins but DC, channels)."""
    nb_frames = math.ceil(len(audio) / hop_length)
    arguments = dict(win_length=win_length, n_fft=n_fft, hop_length=hop_length, window='hann', center=True,
                     pad_mode='reflect', dtype=np.complex64)
    channels = [librosa.stft(channel, **arguments) for channel in audio.T]
    return np.stack(channels, axis=-1)[1:, :nb_frames].swapaxes(0, 1)


@pytest.mark.parametrize('nb_samples', [2048, 5000, 48_000, 100_001])
def test_spectra_are_librosas_to_the_bit(nb_samples, rng):
    audio = rng.uniform(-0.9, 0.9, (nb_samples, 4)).astype(np.float32)
    np.testing.assert_array_equal(stft(audio), librosas_stft(audio))


def test_spectra_of_another_rate_are_librosas_to_the_bit(rng):
    assert (window_length(OWN), transform_length(OWN), nb_bins(OWN)) == (960, 1024, 512)
    audio = rng.uniform(-0.9, 0.9, (24_000, 4)).astype(np.float32)
    spectrum = stft(audio, dataset=OWN)
    assert spectrum.shape == (50, 512, 4)
    np.testing.assert_array_equal(spectrum, librosas_stft(audio, win_length=960, n_fft=1024, hop_length=480))


@pytest.mark.parametrize('length, nfft', [(1920, 2048), (960, 1024), (882, 1024)])
def test_the_window_is_librosas_to_the_bit(length, nfft):
    window = librosa.filters.get_window('hann', length, fftbins=True)
    np.testing.assert_array_equal(hann_window(length, nfft), librosa.util.pad_center(window, size=nfft))
