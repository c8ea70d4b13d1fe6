"""Recordings of other rates, brought to the data set's."""

import numpy as np
import pytest
import soundfile
import soxr

from seldnet.extraction.audio import resampled_chunks


@pytest.mark.parametrize('rate_hz', [44100, 96000, 16000, 22051])
def test_other_rates_are_resampled(tmp_path, rate_hz):
    """In pieces as in one go, and a tone stays where it is in time and frequency."""
    time_s = np.arange(round(21.3 * rate_hz)) / rate_hz
    tone = np.stack([0.5 * np.sin(2 * np.pi * 1000 * time_s + channel) for channel in range(4)], axis=1)
    soundfile.write(tmp_path / 'a.wav', tone, rate_hz, subtype='FLOAT')
    chunks = list(resampled_chunks(tmp_path / 'a.wav'))
    resampled = np.concatenate(chunks)
    assert len(chunks) > 2
    assert resampled.dtype == np.float32
    assert len(resampled) == pytest.approx(len(tone) * 48000 / rate_hz, abs=1)
    np.testing.assert_allclose(resampled, soxr.resample(tone.astype(np.float32), rate_hz, 48000), atol=1e-6)
    time_s = np.arange(len(resampled)) / 48000
    expected = np.stack([0.5 * np.sin(2 * np.pi * 1000 * time_s + channel) for channel in range(4)], axis=1)
    np.testing.assert_allclose(resampled[2000:-2000], expected[2000:-2000], atol=1e-4)
