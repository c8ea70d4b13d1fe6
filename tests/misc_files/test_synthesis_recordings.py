"""The synthetic recordings: above all, labels say where sounds come from."""

import itertools

import numpy as np
import pytest
import soundfile
from synthetic import CAPSULES_DEG, RECORDINGS, SPEED_OF_SOUND_M_S, direction

from misc_files.synthesis.recordings import draw_ambience
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import read_description

CLASSES = TAU2019.classes
SAMPLE_RATE_HZ = TAU2019.sample_rate_hz
ONSET = round(0.005 * SAMPLE_RATE_HZ)  # where the samples of `isolated` have the labelled onset


def angle_deg(first, second):
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@pytest.fixture(scope='module')
def recordings(synthetic_folder):
    """Events, FOA and MIC samples (float, full scale 1) of each development recording, by name."""
    read = {}
    for path in sorted((synthetic_folder / 'metadata_dev').glob('*.csv')):
        foa, mic = (soundfile.read(synthetic_folder / folder / f'{path.stem}.wav', dtype='float32')[0]
                    for folder in ('foa_dev', 'mic_dev'))
        read[path.stem] = read_description(path), foa, mic
    assert len(read) == 4 * RECORDINGS
    return read


@pytest.fixture(scope='module')
def isolated(recordings):
    """(event, FOA, MIC) for each event whose first 0.1 s no other event, nor its reverberation, disturbs.

    The samples begin 5 ms before the labelled onset.
    """
    def disturbs(other, event):
        return other != event and other.start_s < event.start_s + 0.1 and event.start_s < other.end_s + 0.35

    found = []
    for events, foa, mic in recordings.values():
        for event in events:
            begin = round(event.start_s * SAMPLE_RATE_HZ) - ONSET
            end = begin + ONSET + round(0.1 * SAMPLE_RATE_HZ)
            if begin >= 0 and end <= len(foa) and not any(disturbs(other, event) for other in events):
                found.append((event, foa[begin:end], mic[begin:end]))
    assert len(found) >= 40
    return found


def test_foa_intensity_at_the_onset_points_at_the_label(isolated):
    errors_deg = []
    for event, foa, _ in isolated:
        w, y, z, x = foa[ONSET:ONSET + round(0.01 * SAMPLE_RATE_HZ)].T
        intensity = np.array([w @ x, w @ y, w @ z])
        errors_deg.append(angle_deg(intensity, direction(event.azimuth_deg, event.elevation_deg)))
    assert np.median(errors_deg) < 10
    assert np.median(errors_deg) < 3  # what this simulation reaches
    assert np.percentile(errors_deg, 80) < 10


def test_mic_delays_at_the_onset_follow_from_the_label(isolated):
    measured, expected = [], []
    for event, _, mic in isolated:
        onset = mic[ONSET - round(0.003 * SAMPLE_RATE_HZ):ONSET + round(0.005 * SAMPLE_RATE_HZ)]
        spectra = np.fft.rfft(onset * np.hanning(len(onset))[:, np.newaxis], 1024, axis=0)
        source = direction(event.azimuth_deg, event.elevation_deg)
        for first, second in itertools.combinations(CAPSULES_DEG, 2):
            cross = spectra[:, first] * spectra[:, second].conj()
            correlation = np.fft.irfft(cross / (np.abs(cross) + 1e-12))  # GCC-PHAT
            lags = np.arange(-15, 16)  # samples; the largest possible one is 9.6
            measured.append(lags[np.argmax(correlation[lags])])
            baseline_m = 0.042 * (direction(*CAPSULES_DEG[first]) - direction(*CAPSULES_DEG[second]))
            expected.append(-baseline_m @ source / SPEED_OF_SOUND_M_S * SAMPLE_RATE_HZ)
    measured, expected = np.array(measured), np.array(expected)
    assert np.median(np.abs(measured - expected)) < 0.7
    assert np.mean(np.abs(measured - expected) < 1.5) > 0.8
    slope = np.median(measured[np.abs(expected) > 4] / expected[np.abs(expected) > 4])
    assert slope == pytest.approx(1, abs=0.1)


def test_both_formats_hold_the_same_scene(recordings):
    for _, foa, mic in recordings.values():
        block = SAMPLE_RATE_HZ // 10
        levels_db = [10 * np.log10(np.mean(samples.reshape(-1, block, 4) ** 2, axis=(1, 2)))
                     for samples in (foa, mic)]
        assert np.corrcoef(levels_db)[0, 1] > 0.97


def test_sound_sets_in_at_the_labelled_onset(isolated):
    abrupt = {'knock', 'keysDrop', 'keyboard', 'cough', 'doorslam', 'phone'}
    delays_s = []
    for event, foa, _ in isolated:
        if CLASSES[event.class_index] in abrupt:
            level = np.abs(foa[:ONSET + round(0.01 * SAMPLE_RATE_HZ), 0])
            delays_s.append((np.argmax(level > 0.2 * level.max()) - ONSET) / SAMPLE_RATE_HZ)
    assert len(delays_s) > 20
    assert 0 <= np.median(delays_s) < 0.0015
    assert np.max(np.abs(delays_s)) < 0.005


def test_signal_to_noise_ratio(recordings):
    for name, (events, *formats) in recordings.items():
        if TAU2019.parse_name(name).overlap != 1:
            continue
        for samples in formats:
            power = np.mean(samples ** 2, axis=1)

            def between(start_s, end_s, power=power):
                return power[round(start_s * SAMPLE_RATE_HZ):round(end_s * SAMPLE_RATE_HZ)]

            silences = [between(before.end_s + 0.4, after.start_s - 0.002)
                        for before, after in itertools.pairwise(events)]
            noise = np.mean(np.concatenate(silences))
            snrs_db = [10 * np.log10(np.mean(between(event.start_s, event.end_s)) / noise - 1)
                       for event in events]
            assert np.mean(snrs_db) == pytest.approx(30, abs=0.7), name
            assert min(snrs_db) > 20
            assert max(snrs_db) < 40


def test_ambience_is_independent_between_channels():
    ambience = draw_ambience(np.random.default_rng(0), 200_000, 800)
    assert np.mean(ambience ** 2) == pytest.approx(1)
    np.testing.assert_allclose(np.corrcoef(ambience), np.eye(4), atol=0.05)


def test_nothing_is_clipped(recordings):
    for _, foa, mic in recordings.values():
        assert 0.1 < np.abs(foa).max() < 0.9
        assert 0.1 < np.abs(mic).max() < 0.9
