"""Features and labels: a case done by hand, golden numbers of 2019, plain references, bad input."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import reference
import soundfile
from sklearn.preprocessing import StandardScaler

import cls_feature_class as features
from cls_feature_class import Event, FeatureClass
from parameter import CLASSES, InputError

GOLDEN = Path(__file__).parent / 'golden'

HEADER = 'sound_event_recording,start_time,end_time,ele,azi,dist\n'
RECORDINGS = {'split1_ir0_ov1_1': 'foa_dev', 'split2_ir3_ov2_47': 'foa_dev', 'split0_1': 'foa_eval'}
DESCRIPTIONS = sorted(path.stem for path in (GOLDEN / 'description').iterdir())


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def describe(tmp_path):
    """Function text -> the path of a description of this content."""
    def write(text: str | bytes):
        path = tmp_path / 'split1_ir0_ov1_1.csv'
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path
    return write


def event(name='cough', start_s=1.0, end_s=2.0, azimuth_deg=-10, elevation_deg=20) -> Event:
    return Event(CLASSES.index(name), start_s, end_s, azimuth_deg, elevation_deg, 1)


# ---- labels ----


def test_labels_by_hand():
    # 0.05 s is in frame 2 (0.04 .. 0.06 s), 0.08 s is where frame 4 begins: frames 2, 3 and 4 are active.
    description = features.description_dict([event('drawer', 0.05, 0.08, 30, -20)])
    assert description == {'class': ['drawer'], 'start': [2], 'end': [4], 'ele': [-20], 'azi': [30]}
    labels = features.regression_labels(description)
    silent = [0] * 11 + [180] * 11 + [50] * 11
    active = [0, 1] + [0] * 9 + [180, 30] + [180] * 9 + [50, -20] + [50] * 9
    assert labels.shape == (3000, 33)
    assert labels[:6].tolist() == [silent, silent, active, active, active, silent]
    assert (labels[6:] == silent).all()
    cells = features.classification_labels(description)
    assert cells.shape == (3000, 11, 324)
    assert np.argwhere(cells).tolist() == [[frame, 1, 21 * 9 + 2] for frame in (2, 3, 4)]


@pytest.mark.parametrize('name', DESCRIPTIONS)
def test_labels_are_those_of_the_released_code(name, golden):
    expected = golden('labels')
    feat_cls = FeatureClass()
    description = feat_cls.read_desc_file(GOLDEN / 'description' / f'{name}.csv')
    events = [description[key] for key in ('start', 'end', 'ele', 'azi')]
    np.testing.assert_array_equal(np.array(events, dtype=int), expected[f'{name}/events'])
    labels = feat_cls.get_labels_for_file(description)
    activity = np.unpackbits(expected[f'{name}/sed'])[:3000 * 11].reshape(3000, 11)
    directions = expected[f'{name}/azi'], expected[f'{name}/ele']
    np.testing.assert_array_equal(labels, np.hstack([activity, *directions]))
    cells = feat_cls.get_clas_labels_for_file(description)
    np.testing.assert_array_equal(np.argwhere(cells), expected[f'{name}/clas_nonzero'])


def test_labels_are_those_of_plain_loops(rng):
    events = []
    for _ in range(60):
        start_s = float(rng.uniform(0, 60))
        events.append((CLASSES[rng.integers(11)], start_s, start_s + float(rng.uniform(0, 4)),
                       int(rng.integers(-18, 18)) * 10, int(rng.integers(-4, 5)) * 10))
    rows, cells = reference.labels_of_events(events, CLASSES)
    description = features.description_dict([event(*one) for one in events])
    np.testing.assert_array_equal(features.regression_labels(description), rows)
    assert set(map(tuple, np.argwhere(features.classification_labels(description)).tolist())) == cells


def test_quirk_the_frame_at_an_events_end_is_active():
    labels = features.regression_labels(features.description_dict([event(start_s=1, end_s=2)]))
    active = np.flatnonzero(labels[:, CLASSES.index('cough')])
    assert (active[0], active[-1], len(active)) == (50, 100, 51)  # one more than the second has frames
    assert features.event_frames([event(start_s=1, end_s=2)]).tolist() == [[50, 100]]


def test_quirk_where_a_class_overlaps_itself_the_later_row_wins():
    description = features.description_dict([event(start_s=1, end_s=3, azimuth_deg=50),
                                             event(start_s=2, end_s=4, azimuth_deg=-60)])
    azimuths = features.regression_labels(description)[:, 11 + CLASSES.index('cough')]
    assert azimuths[[99, 100, 150, 200, 201]].tolist() == [50, -60, -60, -60, 180]
    # The classification labels have room for both.
    assert features.classification_labels(description)[[99, 120, 200]].sum(axis=(1, 2)).tolist() == [1, 2, 1]


@pytest.mark.parametrize('azimuth, elevation', [(175, 0), (0, 45), (-30, -41)])
def test_quirk_an_event_off_the_grids_range_is_active_without_a_direction(azimuth, elevation):
    description = features.description_dict([event(azimuth_deg=azimuth, elevation_deg=elevation)])
    labels = features.regression_labels(description)[60].reshape(3, 11)
    assert labels[:, CLASSES.index('cough')].tolist() == [1, 180, 50]
    assert not features.classification_labels(description).any()


def test_events_are_cut_to_the_recording():
    events = [event(start_s=59.5, end_s=61), event('knock', 61, 62)]
    labels = features.regression_labels(features.description_dict(events))
    cough = CLASSES.index('cough')
    assert np.argwhere(labels[:, :11]).tolist() == [[frame, cough] for frame in range(2975, 3000)]
    assert features.event_frames(events).tolist() == [[2975, 3000], [3050, 3000]]
    assert features.event_frames([]).shape == (0, 2)


def test_directions_off_the_steps_keep_their_value():
    description = features.description_dict([event(azimuth_deg=12.5, elevation_deg=-7)])
    labels = features.regression_labels(description)
    assert labels[60].reshape(3, 11)[:, CLASSES.index('cough')].tolist() == [1, 12.5, -7]


# ---- descriptions ----


def test_description_columns_may_come_in_any_order(describe):
    path = describe('azi,dist,ele,end_time,start_time,sound_event_recording\n-170,2,40,1.5,0.25,knock\n')
    assert features.read_description(path) == [Event(0, 0.25, 1.5, -170, 40, 2)]
    assert FeatureClass.read_desc_file(path, in_sec=True) == {
        'class': ['knock'], 'start': [0.25], 'end': [1.5], 'ele': [40], 'azi': [-170]}


def test_description_with_byte_order_mark_windows_ends_and_empty_lines(describe):
    path = describe(b'\xef\xbb\xbf' + HEADER.replace('\n', '\r\n').encode() + b'cough, 1,2.5,0,0,1\r\n\r\n')
    assert features.read_description(path) == [Event(CLASSES.index('cough'), 1, 2.5, 0, 0, 1)]


@pytest.mark.parametrize('text', ['', '\n', HEADER])
def test_description_without_events(text, describe):
    assert features.read_description(describe(text)) == []
    assert features.description_problems(describe(text)) == []


BAD_DESCRIPTIONS = {
    'columns': ('start_time,end_time,ele,azi,dist\n',
                f":1: columns 'start_time,end_time,ele,azi,dist', expected {HEADER.strip()!r}"),
    'no header': ('cough,1,2,0,0,1\n', ":1: columns 'cough,1,2,0,0,1', expected "),
    'column twice': (HEADER.replace('dist', 'azi'), ':1: columns '),
    'class': (HEADER + 'cough,1,2,0,0,1\nCough,1,2,0,0,1\n', ":3: class 'Cough', expected one of knock, "),
    'cells': (HEADER + 'cough,1,2,0,0\n', ':2: 5 cells, expected 6'),
    'no number': (HEADER + 'cough,1,2,0,left,1\n', ":2: azi 'left', expected a number from -180 to 180"),
    'not finite': (HEADER + 'cough,1,inf,0,0,1\n', ":2: end_time 'inf', expected a number from 0 to 86400"),
    'nan': (HEADER + 'cough,1,2,nan,0,1\n', ":2: ele 'nan', expected a number from -90 to 90"),
    'negative': (HEADER + 'cough,-1,2,0,0,1\n', ":2: start_time '-1', expected a number from 0 to 86400"),
    'azimuth': (HEADER + 'cough,1,2,0,270,1\n', ":2: azi '270', expected a number from -180 to 180"),
    'order': (HEADER + 'cough,3,2,0,0,1\n', ':2: end_time 2 is before start_time 3'),
    'not text': (b'\xff\xfe', ': not UTF-8 text (invalid start byte at byte 0), expected a CSV file'),
}


@pytest.mark.parametrize('case', BAD_DESCRIPTIONS)
def test_bad_descriptions_name_file_line_and_what_was_expected(case, describe):
    text, message = BAD_DESCRIPTIONS[case]
    path = describe(text)
    with pytest.raises(InputError) as error:
        features.read_description(path)
    assert str(error.value).startswith(f'{path}{message}')
    assert features.description_problems(path) == [str(error.value)]


@pytest.mark.parametrize('row, message', [
    ('cough,1,2,0,15,1', 'azi 15 is off the grid, expected a multiple of 10 from -180 to 170'),
    ('cough,1,2,0,180,1', 'azi 180 is off the grid, expected a multiple of 10 from -180 to 170'),
    ('cough,1,2,50,0,1', 'ele 50 is off the grid, expected a multiple of 10 from -40 to 40'),
    ('cough,60,60,0,0,1', 'start_time 60 is beyond the recording, expected less than 60 s'),
    ('cough,59,65.1,0,0,1', 'end_time 65.1 is beyond the recording, expected at most 65 s (60 s and a '
     'little)'),
])
def test_the_data_sets_descriptions_are_checked_further(row, message, describe):
    path = describe(HEADER + row + '\n')
    assert len(features.read_description(path)) == 1
    assert features.description_problems(path) == [f'{path}:2: {message}']


def test_all_problems_of_a_description_are_told(describe):
    path = describe(HEADER + 'cough,1,2,0,15,1\ncough,1,2,0,10,1\nbark,1,2,0,0,1\ncough,59,65,0,0,1\n')
    problems = features.description_problems(path)
    assert [problem.split(': ')[0] for problem in problems] == [f'{path}:2', f'{path}:4']


# ---- directions ----


def test_direction_indices_run_through_the_grid():
    feat_cls = FeatureClass()
    azimuths, elevations = feat_cls.get_azi_ele_list()
    assert azimuths == list(range(-180, 180, 10)) and elevations == list(range(-40, 50, 10))
    grid = [(azimuth, elevation) for azimuth in azimuths for elevation in elevations]
    assert [feat_cls.get_list_index(*direction) for direction in grid] == list(range(324))
    assert [feat_cls.get_matrix_index(index) for index in range(324)] == grid


def test_directions_between_grid_points_belong_to_the_lower_one():
    assert features.direction_index(19, 0) == features.direction_index(10, 0)
    assert features.direction_index(0, -7) == features.direction_index(0, -10)
    with pytest.raises(InputError, match=r'direction \(180, 0\) is off the grid, expected azimuth -180'):
        features.direction_index(180, 0)


# ---- spectra and features ----


def test_features_of_a_sine_by_hand():
    # A cosine of amplitude 1 at bin 64 (1500 Hz), in channel 2: the window sums to 960, half of it is the
    # magnitude, and the phase is that at the start of the frame's 2048 points.
    samples = np.arange(48000)
    audio = np.zeros((48000, 4), np.float32)
    audio[:, 2] = np.cos(2 * np.pi * 64 / 2048 * samples)
    rows = features.spectrum_to_features(features.stft(audio))
    assert rows.shape == (50, 8192)
    column = 63 * 4 + 2  # bin 0 is dropped
    for frame in (5, 20):
        phase = 2 * math.pi * 64 / 2048 * (960 * frame - 1024)
        assert rows[frame, column] == pytest.approx(480, rel=1e-6)
        assert rows[frame, 4096 + column] == pytest.approx(math.remainder(phase, 2 * math.pi), abs=1e-5)
        # A Hann window spreads over the neighbouring bins alone; the other channels are silent.
        assert rows[frame, column + 4 * 40] < 0.01
        assert not rows[frame].reshape(2, 1024, 4)[:, :, [0, 1, 3]].any()


@pytest.mark.parametrize('name, folder', RECORDINGS.items())
def test_spectra_are_those_of_the_released_code(name, folder, golden):
    expected = golden('features')
    audio = features.load_recording(GOLDEN / 'wav' / folder / f'{name}.wav')
    spectrum = features.stft(np.pad(audio, ((0, 2_880_000 - len(audio)), (0, 0))))
    assert spectrum.dtype == np.complex64 and spectrum.shape == (3000, 1024, 4)
    stored = expected[f'{name}/spectrum']
    kept = spectrum[expected['rows']].reshape(stored.shape)
    np.testing.assert_allclose(kept, stored, rtol=0, atol=1e-5 * np.abs(stored).max())


def test_scaler_and_normalised_features_are_those_of_the_released_code(golden):
    expected = golden('features')
    rows = {}
    for name, folder in RECORDINGS.items():
        audio = features.load_recording(GOLDEN / 'wav' / folder / f'{name}.wav')
        spectrum = features.stft(np.pad(audio, ((0, 2_880_000 - len(audio)), (0, 0))))
        rows[name] = features.spectrum_to_features(spectrum)
    moments = [features.block_moments(rows[name]) for name in RECORDINGS if RECORDINGS[name] == 'foa_dev']
    scaler = features.fit_scaler(features.merge_moments(*moments))
    for name in ('mean', 'var', 'scale'):
        np.testing.assert_allclose(scaler[name], expected[f'scaler_{name}'], rtol=1e-6, atol=1e-12)
    for name in RECORDINGS:
        kept = features.normalize(rows[name][expected['rows']], scaler['mean'], scaler['scale'])
        error = np.abs(kept - expected[f'{name}/normalized'])
        # Mirrored at the start, frame 0 is real but for rounding, whose sign decides between pi and -pi.
        turn = 2 * np.pi / scaler['scale'][4096:]
        error[0, 4096:] = np.minimum(error[0, 4096:], np.abs(error[0, 4096:] - turn))
        assert error.max() < 2e-3


def test_spectra_are_those_of_a_plain_fourier_sum(rng):
    audio = rng.standard_normal((5000, 4)).astype(np.float32)
    spectrum = features.stft(audio)
    assert len(spectrum) == 6  # a frame each 960 samples begun
    bins = [1, 2, 100, 1024]
    for frame in range(6):
        for channel in (0, 3):
            plain = reference.spectrum_of_frame(audio[:, channel], frame, bins)
            np.testing.assert_allclose(spectrum[frame, [k - 1 for k in bins], channel], plain, atol=1e-4)


@pytest.mark.parametrize('nb_samples', [1, 2, 700, 960, 961, 1024, 1025, 1200, 2047, 2048, 3000, 50_000])
def test_spectra_do_not_depend_on_the_pieces(nb_samples, rng):
    audio = rng.standard_normal((nb_samples, 4)).astype(np.float32)
    whole = features.stft(audio)
    assert whole.shape == (math.ceil(nb_samples / 960), 1024, 4)
    padded = np.pad(audio, ((1024, 1024), (0, 0)), mode='reflect')
    last = padded[960 * (len(whole) - 1):][:2048] * features._WINDOW[:, np.newaxis]
    np.testing.assert_array_equal(whole[-1], np.fft.rfft(last, axis=0)[1:].astype(np.complex64))
    for size in (1, 333, 960, 2048, 20_000):
        if nb_samples / size <= 1000:
            pieces = [audio[start:start + size] for start in range(0, nb_samples, size)]
            np.testing.assert_array_equal(np.concatenate(list(features.stft_blocks(pieces))), whole)


def test_spectra_of_nothing():
    assert features.stft(np.zeros((0, 4), np.float32)).shape == (0, 1024, 4)
    assert list(features.stft_blocks([])) == []


# ---- the scaler ----


def test_scaler_is_scikit_learns(rng):
    # Columns of very different size and spread, and some (nearly) constant ones.
    spread, offset = [1, 1e-6, 1e6, 1e-3, 0, 0, 1e-13, 1e-15], [0, 5, 1e3, 100, 0, 7, 3, 0.1]
    rows = rng.standard_normal((700, 8)) * spread + offset
    moments = features.block_moments(rows[:300])
    for block in np.array_split(rows[300:], 7):
        moments = features.merge_moments(moments, features.block_moments(block))
    scaler, expected = features.fit_scaler(moments), StandardScaler().fit(rows)
    np.testing.assert_allclose(scaler['mean'], expected.mean_, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(scaler['var'][:6], expected.var_[:6], rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(scaler['scale'], expected.scale_, rtol=1e-6)
    assert scaler['scale'][[4, 5]].tolist() == [1, 1] and scaler['nb_frames'] == 700
    normalized = features.normalize(rows, scaler['mean'], scaler['scale'])
    np.testing.assert_allclose(normalized, expected.transform(rows), rtol=1e-6, atol=1e-6)


def test_load_scaler(tmp_path, rng):
    path = tmp_path / 'foa_wts.npz'
    with pytest.raises(InputError, match=r'foa_wts.npz: no scaler; run `python batch_feature_extraction.py`'):
        features.load_scaler(path)
    mean, scale = rng.standard_normal(8192), rng.uniform(0.1, 2, 8192)
    np.savez(path, mean=mean, scale=scale)
    for loaded, saved in zip(features.load_scaler(path), (mean, scale)):
        np.testing.assert_array_equal(loaded, saved)
    np.savez(path, mean=mean[:5], scale=scale[:5])
    with pytest.raises(InputError, match=r'scaler of shapes \(5,\) and \(5,\), expected \(8192,\)'):
        features.load_scaler(path)
    for content in (b'', b'PK\x03\x04broken', b'text'):
        path.write_bytes(content)
        with pytest.raises(InputError, match='foa_wts.npz: not a scaler of this project'):
            features.load_scaler(path)


# ---- recordings ----


FORMATS = {  # ending, libsndfile's name, step of the values
    '8 bit': ('wav', 'PCM_U8', 2**-7), '16 bit': ('wav', 'PCM_16', 2**-15),
    '24 bit': ('wav', 'PCM_24', 2**-23), '32 bit': ('wav', 'PCM_32', 2**-23),
    'float': ('wav', 'FLOAT', 1e-7), 'double': ('wav', 'DOUBLE', 1e-7),
    'FLAC': ('flac', 'PCM_16', 2**-15), 'FLAC 24 bit': ('flac', 'PCM_24', 2**-23),
}


@pytest.mark.parametrize('form', FORMATS)
def test_recordings_of_any_depth_are_read(form, tmp_path, rng):
    ending, subtype, step = FORMATS[form]
    audio = rng.uniform(-0.9, 0.9, (5000, 4))
    path = tmp_path / f'split1_1.{ending}'
    soundfile.write(path, audio, 48000, subtype=subtype)
    loaded = features.load_recording(path)
    assert loaded.dtype == np.float32 and loaded.shape == (5000, 4)
    np.testing.assert_allclose(loaded, audio, rtol=0, atol=step)


def test_sixteen_bits_are_divided_by_32768(tmp_path):
    samples = np.array([[-32768, -1, 0, 32767]] * 10, dtype=np.int16)
    soundfile.write(tmp_path / 'a.wav', samples, 48000)
    np.testing.assert_array_equal(features.load_recording(tmp_path / 'a.wav'), samples / 32768)


def test_of_more_channels_the_first_four_are_taken(tmp_path, rng):
    audio = rng.uniform(-0.9, 0.9, (3000, 6)).astype(np.float32)
    soundfile.write(tmp_path / 'a.wav', audio, 48000, subtype='FLOAT')
    np.testing.assert_array_equal(features.load_recording(tmp_path / 'a.wav'), audio[:, :4])


def test_recordings_come_in_pieces(tmp_path, rng):
    audio = rng.uniform(-0.9, 0.9, (5000, 4)).astype(np.float32)
    soundfile.write(tmp_path / 'a.wav', audio, 48000, subtype='FLOAT')
    pieces = list(features.recording_chunks(tmp_path / 'a.wav', 2000))
    assert [len(piece) for piece in pieces] == [2000, 2000, 1000]
    np.testing.assert_array_equal(np.concatenate(pieces), audio)
    np.testing.assert_array_equal(features.load_recording(tmp_path / 'a.wav', nb_samples=3001), audio[:3001])


# Case -> the file's ending, what is told.
BAD_RECORDINGS = {
    'rate': ('wav', 'sampling rate 44100 Hz, expected 48000'),
    'stereo': ('wav', '2 channels, expected 4'),
    'empty': ('wav', 'no samples'),
    'not finite': ('wav', 'sample 1234 of channel 3 is nan, expected a finite number'),
    'infinite': ('wav', 'sample 7 of channel 1 is -inf, expected a finite number'),
    'truncated': ('wav', 'breaks off after 79978 bytes of sound, expected 160000 by its header; copy or'),
    'truncated FLAC': ('flac', 'cannot be decoded from sample 0 on: '),
    'text': ('wav', 'cannot be decoded: '),
    'no bytes': ('wav', 'cannot be decoded: '),
}


def write_bad_recording(path, case):
    audio = np.random.default_rng(1).uniform(-0.5, 0.5, (20_000, 4)).astype(np.float32)
    if case == 'not finite':
        audio[1234, 2] = np.nan
    elif case == 'infinite':
        audio[7, 0] = -np.inf
    audio = {'stereo': audio[:, :2], 'empty': audio[:0]}.get(case, audio)
    subtype = 'FLOAT' if case in ('not finite', 'infinite') else 'PCM_16'
    soundfile.write(path, audio, 44100 if case == 'rate' else 48000, subtype=subtype)
    content = path.read_bytes()
    replaced = {'text': b'no sound', 'no bytes': b''}
    path.write_bytes(content[:len(content) // 2] if 'truncated' in case else replaced.get(case, content))


@pytest.mark.parametrize('case', BAD_RECORDINGS)
def test_bad_recordings_are_refused(case, tmp_path):
    ending, message = BAD_RECORDINGS[case]
    path = tmp_path / f'split1_1.{ending}'
    write_bad_recording(path, case)
    with pytest.raises(InputError) as error:
        features.load_recording(path)
    assert str(error.value).startswith(f'{path}: {message}')


def test_a_recording_of_unknown_length_is_read(tmp_path, rng):
    # As programs leave it that write to a pipe: they cannot go back to the header.
    audio = rng.uniform(-0.9, 0.9, (3000, 4))
    path = tmp_path / 'a.wav'
    soundfile.write(path, audio, 48000)
    content = bytearray(path.read_bytes())
    start = content.index(b'data') + 4
    content[start:start + 4] = b'\xff\xff\xff\xff'
    path.write_bytes(content)
    np.testing.assert_allclose(features.load_recording(path), audio, atol=2**-15)


# ---- stored arrays ----


def test_open_features_and_labels(tmp_path, rng):
    for dtype in ('float32', 'float16'):
        np.save(tmp_path / 'a.npy', rng.standard_normal((5, 16)).astype(dtype))
        opened = features.open_features(tmp_path / 'a.npy')
        assert isinstance(opened, np.memmap) and opened.dtype == dtype
        with pytest.raises(ValueError, match='read-only'):
            opened[0] = 0
    np.save(tmp_path / 'a.npy', np.zeros((5, 33), np.int16))
    assert features.open_labels(tmp_path / 'a.npy').shape == (5, 33)


@pytest.mark.parametrize('content, message', [
    (None, 'no such features; run `python batch_feature_extraction.py`'),
    (np.zeros((3, 4)), r'features of type float64 and shape \(3, 4\), expected float32 or float16 in'),
    (np.zeros(4, np.float32), r'features of type float32 and shape \(4,\), expected float32 or float16 in'),
    (np.zeros((3, 8), np.float32, order='F'), r'features of type float32 and shape \(3, 8\) in Fortran'),
    (np.array([{}]), 'not a .npy file of features; remove it and run `python batch_feature_extraction.py`'),
    (b'', 'not a .npy file of features'),
    (b'text', 'not a .npy file of features'),
])
def test_unusable_features_are_refused(content, message, tmp_path):
    path = tmp_path / 'a.npy'
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    with pytest.raises(InputError, match=f'a.npy: {message}'):
        features.open_features(path)


def test_features_that_break_off_are_refused(tmp_path):
    np.save(tmp_path / 'a.npy', np.zeros((100, 16), np.float32))
    content = (tmp_path / 'a.npy').read_bytes()
    (tmp_path / 'a.npy').write_bytes(content[:-1000])
    with pytest.raises(InputError, match='a.npy: not a .npy file of features'):
        features.open_features(tmp_path / 'a.npy')


# ---- the class of 2019 ----


def test_constants_of_2019():
    feat_cls = FeatureClass()
    assert feat_cls.get_classes() == {
        'knock': 0, 'drawer': 1, 'clearthroat': 2, 'phone': 3, 'keysDrop': 4, 'speech': 5, 'keyboard': 6,
        'pageturn': 7, 'cough': 8, 'doorslam': 9, 'laughter': 10}
    assert feat_cls.get_nb_frames() == 3000 and feat_cls.nb_frames_1s() == 50
    assert feat_cls.get_hop_len_sec() == 0.02 and feat_cls.get_nb_channels() == 4
    assert feat_cls.get_default_azi_ele_regr() == (180, 50)


def test_folders_of_2019(tmp_path):
    feat_cls = FeatureClass(dataset_dir='data', feat_label_dir=str(tmp_path), dataset='mic', is_eval=False)
    assert feat_cls.get_audio_dir() == 'data/mic_dev'
    assert feat_cls.get_description_dir() == 'data/metadata_dev'
    assert feat_cls.get_unnormalized_feat_dir() == f'{tmp_path}/mic_dev'
    assert feat_cls.get_normalized_feat_dir() == f'{tmp_path}/mic_dev_norm'
    assert feat_cls.get_label_dir() == f'{tmp_path}/mic_dev_label'
    evaluation = FeatureClass('data', tmp_path, 'foa', True)
    assert evaluation.get_audio_dir() == 'data/foa_eval'
    assert evaluation.get_description_dir() == 'data/metadata_eval'
    assert evaluation.get_normalized_feat_dir() == f'{tmp_path}/foa_eval_norm'
    assert evaluation.get_label_dir() == f'{tmp_path}/foa_eval_label'
    # One scaler a format.
    assert evaluation.get_normalized_wts_file() == f'{tmp_path}/foa_wts.npz'
    assert FeatureClass('data', tmp_path, 'foa').get_normalized_wts_file() == f'{tmp_path}/foa_wts.npz'


@pytest.mark.parametrize('arguments, message', [
    ({'dataset': 'binaural'}, "dataset 'binaural', expected one of foa, mic"),
    ({'feature_dtype': 'float64'}, "feature_dtype 'float64', expected one of float32, float16"),
    ({'n_jobs': 0}, 'n_jobs 0, expected a number of processes, or -1 for one a core'),
])
def test_unknown_settings_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        FeatureClass(**arguments)


def test_create_folder(tmp_path):
    for _ in range(2):
        features.create_folder(tmp_path / 'a' / 'b')
    assert (tmp_path / 'a' / 'b').is_dir()


def test_the_import_is_light():
    code = ('import sys, cls_feature_class; '
            'print(*({"soundfile", "joblib", "scipy", "sklearn", "librosa", "keras"} & set(sys.modules)))')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ''
