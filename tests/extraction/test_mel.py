"""Mel features: the plain formulas, directions that can be seen in them, and their way to the disk."""

import dataclasses
import shutil

import librosa
import numpy as np
import pytest
import soundfile

from cls_feature_class import FeatureClass
from seldnet.annotations.dataset import FORMATS, TAU2019
from seldnet.annotations.directions import spherical_to_cartesian
from seldnet.common.errors import InputError
from seldnet.extraction.audio import load_recording
from seldnet.extraction.features import SPECTRA
from seldnet.extraction.mel import MEL, NB_BANDS, POWER_FLOOR, mel_filters, nb_unthinned_bins, spectrum_to_mel
from seldnet.extraction.scaler import load_scaler
from seldnet.extraction.spectra import stft, stft_blocks
from seldnet.extraction.stages import extract

SHORT = dataclasses.replace(TAU2019, recording_s=1)


def random_spectrum(frames=3, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(frames, 1024, 4)) + 1j * rng.normal(size=(frames, 1024, 4))).astype(np.complex64)


def used_filters():
    """Of bins from 3 kHz on the second, fourth and so on count twice, and the others not."""
    filters = mel_filters(48000, 2048).astype(float)
    for place in range(len(filters)):
        hz = (place + 1) * 48000 / 2048
        if hz > 3000:
            filters[place] *= 2 * ((place + 1) % 2 == 0)
    return filters


def plain_mel(spectrum, audio_format):
    """The formulas band by band, in double precision."""
    filters = used_filters()
    spectrum = spectrum.astype(complex)
    features = np.empty((len(spectrum), NB_BANDS, 7 if audio_format == 'foa' else 10))
    for frame, bins in enumerate(spectrum):
        ambisonic = bins if audio_format == 'foa' else bins @ WYZX_OF_MICROPHONES
        for band in range(NB_BANDS):
            power = [filters[:, band] @ np.abs(bins[:, channel]) ** 2 for channel in range(4)]
            features[frame, band, :4] = np.log(np.array(power) + POWER_FLOOR)
            products = np.array([filters[:, band] @ (ambisonic[:, 0].conj() * ambisonic[:, channel])
                                 for channel in (1, 2, 3)])
            if audio_format == 'foa':
                features[frame, band, 4:] = products.real / (power[0] + sum(power[1:]) / 3)
            else:
                features[frame, band, 4:] = np.concatenate((products.real, products.imag)) / (2 * sum(power))
    return features


# M1..M4 stand in the corners of a cube: left or right (Y), above or below (Z), in front or behind (X).
WYZX_OF_MICROPHONES = np.array([(1, 1, 1, 1), (1, -1, -1, 1), (1, 1, -1, -1), (1, -1, 1, -1)])


@pytest.mark.parametrize('audio_format', FORMATS)
def test_400_recordings_of_a_minute_take_at_most_2_2_gigabytes(audio_format):
    bytes_of_a_number = np.dtype(MEL.usual_dtype(audio_format)).itemsize
    assert 400 * TAU2019.nb_frames * MEL.nb_columns(TAU2019, audio_format) * bytes_of_a_number < 2.2e9


@pytest.mark.parametrize(('rate_hz', 'nfft'), [(48000, 2048), (44100, 2048), (24000, 1024), (16000, 1024),
                                               (8000, 512)])
def test_filters_are_librosas_to_the_bit(rate_hz, nfft):
    librosas = librosa.filters.mel(sr=rate_hz, n_fft=nfft, n_mels=64, fmin=50, fmax=rate_hz / 2, norm=None)
    np.testing.assert_array_equal(mel_filters(rate_hz, nfft), librosas[:, 1:].T)


@pytest.mark.parametrize('audio_format', FORMATS)
def test_features_are_those_of_the_plain_formulas(audio_format):
    spectrum = random_spectrum()
    features = spectrum_to_mel(spectrum, TAU2019, audio_format).reshape(3, NB_BANDS, -1)
    np.testing.assert_allclose(features, plain_mel(spectrum, audio_format), atol=2e-6)
    assert np.abs(features[..., 4:]).max() <= 1


@pytest.mark.parametrize('audio_format', FORMATS)
def test_a_spectrum_may_be_of_any_complex_type_and_layout(audio_format):
    spectrum = random_spectrum()
    expected = spectrum_to_mel(spectrum, TAU2019, audio_format)
    turned_round = spectrum[::-1, :, ::-1].copy()[::-1, :, ::-1]
    for other in (spectrum.astype(complex), np.asfortranarray(spectrum), turned_round):
        np.testing.assert_array_equal(spectrum_to_mel(other, TAU2019, audio_format), expected)


@pytest.mark.parametrize('audio_format', FORMATS)
def test_single_precision_is_enough(audio_format):
    """Also for what is a thousandth of the loudest sound in the same frame."""
    samples = np.arange(48000)
    loud = np.sin(2 * np.pi * 440 / 48000 * samples)[:, np.newaxis] * np.array([1, 0.9, -0.2, 0.5])
    audio = (0.5 * loud + np.random.default_rng(0).normal(0, 5e-4, (48000, 4))).astype(np.float32)
    exact, single = (spectrum_to_mel(np.concatenate(list(stft_blocks([audio], precision=precision))), TAU2019,
                                     audio_format) for precision in ('float64', MEL.precision))
    assert MEL.precision == 'float32'
    np.testing.assert_allclose(single, exact, atol=1e-3)


@pytest.mark.parametrize(('azimuth_deg', 'elevation_deg'), [(0, 0), (90, 0), (-120, 20), (30, -40)])
def test_the_intensity_of_a_plane_wave_points_to_where_it_comes_from(azimuth_deg, elevation_deg):
    sound = np.random.default_rng(0).normal(0, 0.1, 24000)
    azimuth, elevation = np.radians((azimuth_deg, elevation_deg))
    x, y, z = np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)
    audio = np.outer(sound, [1, np.sqrt(3) * y, np.sqrt(3) * z, np.sqrt(3) * x])
    features = spectrum_to_mel(stft(audio), TAU2019, 'foa').reshape(-1, NB_BANDS, 7)
    # W conj times sqrt(3) W over an energy of 2 |W|^2
    expected = np.broadcast_to(np.sqrt(3) / 2 * np.array([y, z, x]), features[..., 4:].shape)
    np.testing.assert_allclose(features[..., 4:], expected, atol=1e-3)


@pytest.mark.parametrize(('azimuth_deg', 'elevation_deg'), [(0, 0), (90, 0), (-120, 20), (30, -40)])
def test_below_the_arrays_size_the_imaginary_parts_point_to_where_a_plane_wave_comes_from(azimuth_deg,
                                                                                          elevation_deg):
    """A free array of 4.2 cm: a microphone that is nearer to the source hears it earlier."""
    to_source = spherical_to_cartesian(*np.radians((azimuth_deg, elevation_deg)))
    capsules = [spherical_to_cartesian(*np.radians(capsule)) for capsule in
                ((45, 35), (-45, -35), (135, -35), (-135, 35))]
    frequencies_hz = np.arange(1, 1025) * 48000 / 2048
    earlier_s = 0.042 * np.array(capsules) @ to_source / 343
    spectrum = np.exp(2j * np.pi * np.outer(frequencies_hz, earlier_s))[np.newaxis].astype(np.complex64)
    features = spectrum_to_mel(spectrum, TAU2019, 'mic').reshape(NB_BANDS, 10)
    reaching_hz = frequencies_hz[[np.flatnonzero(filters)[-1] for filters in mel_filters(48000, 2048).T]]
    small = features[reaching_hz < 800]
    assert len(small) > 10 and np.abs(small[:, 4:7]).max() < 0.1  # real parts
    found = small[:, 7:] / np.linalg.norm(small[:, 7:], axis=1, keepdims=True)
    y, z, x = found.T
    assert np.degrees(np.arccos(np.stack((x, y, z), axis=1) @ to_source)).max() < 3


@pytest.mark.parametrize(('rate_hz', 'nfft', 'expected'), [(48000, 2048, 128), (24000, 1024, 128),
                                                            (16000, 1024, 192), (4000, 256, 128)])
def test_bins_below_3_khz_are_all_used(rate_hz, nfft, expected):
    assert nb_unthinned_bins(rate_hz, nfft) == expected


def test_every_second_bin_of_noise_has_the_level_of_all_of_them():
    """Half a decibel apart at most, on the average of a second; and no band is louder for it."""
    noise = np.random.default_rng(0).normal(0, 0.1, (48000, 4))
    spectrum = stft(noise)
    levels = spectrum_to_mel(spectrum, TAU2019, 'foa').reshape(-1, NB_BANDS, 7)[..., :4]
    of_all = np.log((np.abs(spectrum) ** 2).transpose(0, 2, 1) @ mel_filters(48000, 2048)).transpose(0, 2, 1)
    difference_db = 10 / np.log(10) * (levels - of_all).mean(axis=(0, 2))
    assert np.abs(difference_db).max() < 0.5 and np.abs(difference_db.mean()) < 0.1
    assert np.abs(difference_db[:30]).max() < 1e-4  # below 3 kHz


def test_silence_is_finite():
    features = spectrum_to_mel(np.zeros((2, 1024, 4), np.complex64), TAU2019, 'foa').reshape(2, NB_BANDS, 7)
    assert (features[..., :4] == np.log(np.float32(POWER_FLOOR))).all() and (features[..., 4:] == 0).all()


@pytest.mark.parametrize('rate_hz', [16000, 24000, 44100])
def test_other_rates_have_as_many_bands_each_with_sound(rate_hz):
    dataset = dataclasses.replace(TAU2019, sample_rate_hz=rate_hz)
    noise = np.random.default_rng(0).normal(0, 0.1, (rate_hz, 4))
    features = spectrum_to_mel(stft(noise, dataset=dataset), dataset, 'foa').reshape(50, NB_BANDS, 7)
    assert features[..., :4].min() > np.log(POWER_FLOOR) + 5


# ---- through the extraction ----


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(1)
    for folder in ('foa_dev', 'mic_dev', 'metadata_dev', 'foa_eval'):
        (tmp_path / 'data' / folder).mkdir(parents=True)
    for number in (1, 2, 3):
        for folder in ('foa_dev', 'mic_dev'):
            audio = rng.normal(0, 0.02 * number, (48000, 4)) * (1, 2, 0.5, 1)
            soundfile.write(tmp_path / 'data' / folder / f'split{number}_ir0_ov1_1.wav', audio, 48000)
        (tmp_path / 'data' / 'metadata_dev' / f'split{number}_ir0_ov1_1.csv').write_text(
            f'sound_event_recording,start_time,end_time,ele,azi,dist\ncough,0.1,0.5,-10,{10 * number},2\n')
    soundfile.write(tmp_path / 'data' / 'foa_eval' / 'split0_1.wav', audio, 48000)
    return tmp_path / 'data'


def make(data, out, kind=MEL, audio_format='foa', is_eval=(False,), **settings):
    sets = [FeatureClass(data, out, audio_format, part, n_jobs=1, feature_kind=kind, dataset_facts=SHORT,
                         **settings).recording_set for part in is_eval]
    return extract(sets)


def stored(out, pattern='*'):
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob(pattern))
            if path.is_file() and path.suffix in ('.npy', '.npz')}


@pytest.mark.parametrize('audio_format', FORMATS)
def test_stored_features_are_standardised_levels_and_the_other_planes(data, tmp_path, audio_format):
    make(data, tmp_path / 'out', audio_format=audio_format)
    nb_planes, dtype = (7, np.float32) if audio_format == 'foa' else (10, np.float16)
    scaler = load_scaler(tmp_path / 'out' / f'{audio_format}_mel_wts.npz', NB_BANDS * nb_planes)
    rows, unscaled = [], []
    for number in (1, 2, 3):
        name = f'split{number}_ir0_ov1_1'
        spectrum = stft(load_recording(data / f'{audio_format}_dev' / f'{name}.wav'))
        unscaled.append(spectrum_to_mel(spectrum, TAU2019, audio_format))
        rows.append(np.load(tmp_path / 'out' / f'{audio_format}_dev_mel_norm' / f'{name}.npy'))
        tolerance = {'atol': 1e-5} if dtype == np.float32 else {'atol': 1e-5, 'rtol': 1e-3}
        np.testing.assert_allclose(rows[-1].astype(float), scaler.transform(unscaled[-1]), **tolerance)
        assert rows[-1].shape == (50, NB_BANDS * nb_planes) and rows[-1].dtype == dtype
    unscaled = np.concatenate(unscaled).reshape(-1, NB_BANDS, nb_planes)
    levels = unscaled[..., :4]
    mean, scale = (array.reshape(NB_BANDS, nb_planes) for array in (scaler.mean_, scaler.scale_))
    for found, of_band in ((mean, levels.mean(axis=(0, 2))), (scale, levels.std(axis=(0, 2)))):
        np.testing.assert_allclose(found[:, :4], np.repeat(of_band[:, None], 4, axis=1), rtol=1e-6)
    assert (mean[:, 4:] == 0).all()
    np.testing.assert_allclose(scale[:, 4:], np.sqrt(np.mean(unscaled[..., 4:] ** 2)), rtol=1e-6)


def test_both_kinds_lie_in_one_folder_and_leave_each_other_alone(data, tmp_path):
    out = tmp_path / 'out'
    make(data, out)
    of_mel = stored(out)
    make(data, out, kind=SPECTRA)
    assert {name: content for name, content in stored(out).items() if name in of_mel} == of_mel
    for kind in (MEL, SPECTRA, MEL):
        assert make(data, out, kind=kind).made == 0
        FeatureClass('', out, feature_kind=kind, dataset_facts=SHORT).check_ready()
    make(data, tmp_path / 'alone', kind=SPECTRA)
    assert {**stored(tmp_path / 'alone'), **of_mel} == stored(out)


def test_changed_labels_are_made_once_for_both_kinds(data, tmp_path):
    out = tmp_path / 'out'
    for kind in (MEL, SPECTRA):
        make(data, out, kind=kind)
    description = data / 'metadata_dev' / 'split1_ir0_ov1_1.csv'
    description.write_text(description.read_text().replace('cough', 'knock'))
    assert [make(data, out, kind=kind).made for kind in (MEL, SPECTRA, MEL, SPECTRA)] == [1, 1, 0, 0]


def test_unscaled_features_serve_a_run_that_was_stopped_and_go(data, tmp_path):
    out, whole = tmp_path / 'out', tmp_path / 'whole'
    FeatureClass(data, out, n_jobs=1, feature_kind=MEL, dataset_facts=SHORT).extract_all_feature()
    assert len(list((out / 'foa_dev_mel_unscaled').iterdir())) == 3
    make(data, whole)
    make(data, out, is_eval=(False, True))
    assert not (out / 'foa_dev_mel_unscaled').exists()
    assert {name: content for name, content in stored(out).items() if 'eval' not in name} == stored(whole)
    assert (out / 'foa_eval_mel_norm' / 'split0_1.npy').exists()


def test_features_are_recomputed_where_nothing_was_kept(data, tmp_path):
    out = tmp_path / 'out'
    make(data, out)
    before = stored(out)
    (out / 'foa_dev_mel_norm' / 'split2_ir0_ov1_1.npy').unlink()
    assert make(data, out).made == 1 and stored(out) == before
    shutil.copy(data / 'foa_dev' / 'split1_ir0_ov1_1.wav', data / 'foa_dev' / 'split4_ir0_ov1_1.wav')
    descriptions = data / 'metadata_dev'
    shutil.copy(descriptions / 'split1_ir0_ov1_1.csv', descriptions / 'split4_ir0_ov1_1.csv')
    assert make(data, out).made == 4  # another scaler
    assert not np.array_equal(before['foa_dev_mel_norm/split3_ir0_ov1_1.npy'],
                              stored(out)['foa_dev_mel_norm/split3_ir0_ov1_1.npy'])


@pytest.mark.parametrize('audio_format', FORMATS)
def test_features_of_an_earlier_revision_are_known_and_made_anew_if_they_may_be(data, tmp_path, audio_format):
    out = tmp_path / 'out'
    earlier = dataclasses.replace(MEL, revision=1, compute=lambda *given: 1 + MEL.compute(*given))
    make(data, out, kind=earlier, audio_format=audio_format, is_eval=(False,))
    before = stored(out)
    settings = {'feature_kind': MEL, 'dataset_facts': SHORT}
    with pytest.raises(InputError, match=r'_mel_wts.npz: fitted to features of revision 1, .* expected '
                                         r'revision 2; run `.* --overwrite`, and train anew'):
        FeatureClass('', out, audio_format, **settings).check_ready()
    with pytest.raises(InputError, match=r'finished files \(.* MB\) were made with feature_revision 1, not '
                                         '2, and would be made anew; --overwrite does so'):
        make(data, out, audio_format=audio_format)
    assert stored(out) == before
    assert make(data, out, audio_format=audio_format, overwrite=True).made == 3
    make(data, tmp_path / 'new', audio_format=audio_format)
    assert stored(out) == stored(tmp_path / 'new') != before
    FeatureClass('', out, audio_format, **settings).check_ready()
