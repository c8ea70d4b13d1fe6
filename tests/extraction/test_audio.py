"""Recordings: every depth that is read, in pieces, padded, and what is refused."""

import dataclasses

import numpy as np
import pytest
import soundfile
from small_datasets import OWN, SHORT, write_recording

from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError
from seldnet.extraction.audio import (
    RecordingAudio,
    check_recording,
    load_recording,
    padded,
    recording_chunks,
    resampled_chunks,
)

FORMATS = {  # ending, libsndfile's name, step of the values
    '8 bit': ('wav', 'PCM_U8', 2**-7), '16 bit': ('wav', 'PCM_16', 2**-15),
    '24 bit': ('wav', 'PCM_24', 2**-23), '32 bit': ('wav', 'PCM_32', 2**-23),
    'float': ('wav', 'FLOAT', 1e-7), 'double': ('wav', 'DOUBLE', 1e-7),
    'FLAC': ('flac', 'PCM_16', 2**-15), 'FLAC 24 bit': ('flac', 'PCM_24', 2**-23),
}


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize('form', FORMATS)
def test_recordings_of_any_depth_are_read(form, tmp_path, rng):
    ending, subtype, step = FORMATS[form]
    audio = rng.uniform(-0.9, 0.9, (5000, 4))
    path = tmp_path / f'split1_1.{ending}'
    soundfile.write(path, audio, 48000, subtype=subtype)
    loaded = load_recording(path)
    assert loaded.dtype == np.float32 and loaded.shape == (5000, 4)
    np.testing.assert_allclose(loaded, audio, rtol=0, atol=step)
    np.testing.assert_array_equal(loaded, soundfile.read(path, dtype='float32')[0])


def test_sixteen_bits_are_divided_by_32768(tmp_path):
    samples = np.array([[-32768, -1, 0, 32767]] * 10, dtype=np.int16)
    soundfile.write(tmp_path / 'a.wav', samples, 48000)
    np.testing.assert_array_equal(load_recording(tmp_path / 'a.wav'), samples / 32768)


def test_of_more_channels_those_that_the_data_set_names_are_taken_and_else_none(tmp_path, rng):
    audio = rng.uniform(-0.9, 0.9, (3000, 6)).astype(np.float32)
    soundfile.write(tmp_path / 'a.wav', audio, 48000, subtype='FLOAT')
    with pytest.raises(InputError, match='a.wav: 6 channels, expected 4; --channels says which 4'):
        load_recording(tmp_path / 'a.wav')
    chosen = dataclasses.replace(TAU2019, channels=(6, 1, 2, 4))
    np.testing.assert_array_equal(load_recording(tmp_path / 'a.wav', dataset=chosen), audio[:, [5, 0, 1, 3]])


@pytest.mark.parametrize('nb_channels', [9, 16, 25])
def test_of_a_higher_ambisonic_order_the_first_four_are_taken(nb_channels, tmp_path, rng):
    audio = rng.uniform(-0.9, 0.9, (3000, nb_channels)).astype(np.float32)
    soundfile.write(tmp_path / 'a.wav', audio, 48000, subtype='FLOAT')
    np.testing.assert_array_equal(load_recording(tmp_path / 'a.wav', audio_format='foa'), audio[:, :4])
    with pytest.raises(InputError, match=f'{nb_channels} channels, expected 4'):
        load_recording(tmp_path / 'a.wav', audio_format='mic')


def test_recordings_come_in_pieces(tmp_path, rng):
    audio = rng.uniform(-0.9, 0.9, (5000, 4)).astype(np.float32)
    soundfile.write(tmp_path / 'a.wav', audio, 48000, subtype='FLOAT')
    pieces = list(recording_chunks(tmp_path / 'a.wav', 2000))
    assert [len(piece) for piece in pieces] == [2000, 2000, 1000]
    np.testing.assert_array_equal(np.concatenate(pieces), audio)
    np.testing.assert_array_equal(load_recording(tmp_path / 'a.wav', nb_samples=3001), audio[:3001])


# Case -> the file's ending, the message.
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
        load_recording(path)
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
    np.testing.assert_allclose(load_recording(path), audio, atol=2**-15)


# ---- padded and resampled ----


def test_a_recording_is_padded_or_cut_to_the_data_sets_length(tmp_path):
    path = write_recording(tmp_path, 'split1_1')  # of a second
    audio = load_recording(path)
    padded_recording = np.concatenate(list(RecordingAudio(path, SHORT)))
    np.testing.assert_array_equal(padded_recording, np.pad(audio, ((0, 48_000), (0, 0))))
    cut = write_recording(tmp_path, 'split1_2', rate_hz=24000)  # of two
    np.testing.assert_array_equal(np.concatenate(list(RecordingAudio(cut, OWN))),
                                  load_recording(cut, dataset=OWN)[:24_000])


def test_zeros_come_in_pieces_as_well():
    pieces = list(padded([np.ones((30, 4), np.float32)] * 2, 200, 50))
    assert [len(piece) for piece in pieces] == [30, 30, 50, 50, 40]
    assert np.concatenate(pieces).sum() == 60 * 4
    assert [len(piece) for piece in padded([np.ones((30, 4))] * 2, 40, 50)] == [30, 10]


def test_silent_channels_are_named(tmp_path):
    path = write_recording(tmp_path, 'split1_1', gains=(1, 0, 1, 0))
    recording = RecordingAudio(path, SHORT)
    assert sum(map(len, recording)) == 96_000
    assert recording.warnings == [f'{path}: silent: channel 2, 4']


def test_the_rate_is_the_data_sets(tmp_path):
    path = write_recording(tmp_path, 'split1_1', rate_hz=24000)
    check_recording(path, dataset=OWN)
    check_recording(path, any_rate=True)
    with pytest.raises(InputError, match='sampling rate 24000 Hz, expected 48000'):
        check_recording(path)
    assert sum(map(len, resampled_chunks(path))) == 96_000
    same = np.concatenate(list(resampled_chunks(path, dataset=OWN)))
    np.testing.assert_array_equal(same, load_recording(path, dataset=OWN))
