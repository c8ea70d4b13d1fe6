"""Recordings that were not finished, and endings."""

import struct

import pytest
import soundfile
from untrained_model import noise

from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError
from seldnet.extraction.audio import check_recording
from seldnet.extraction.headers import PERHAPS_READABLE, READABLE, unfinished_bytes


def zeroed(path, marker, offset, size, *, riff=0):
    """Sizes in a header as a recorder leaves them when it is switched off."""
    content = bytearray(path.read_bytes())
    place = content.find(marker) + offset
    content[place:place + size] = bytes(size)
    if riff is not None:
        content[4:8] = struct.pack('<I', riff)
    path.write_bytes(content)


@pytest.mark.parametrize(('ending', 'marker', 'offset', 'size', 'riff'), [
    ('wav', b'data', 4, 4, 0), ('wav', b'data', 4, 4, 36), ('rf64', b'ds64', 8, 24, 2**32 - 1),
    ('au', b'.snd', 8, 4, None)])
def test_a_recording_that_was_not_finished(tmp_path, ending, marker, offset, size, riff):
    path = tmp_path / f'a.{ending}'
    soundfile.write(path, noise(2), 48000, format={'rf64': 'RF64', 'wav': 'WAV', 'au': 'AU'}[ending])
    check_recording(path)
    zeroed(path, marker, offset, size, riff=riff)
    message = rf'^{path}: unfinished: its header says no samples, but (\d+) bytes of sound follow'
    with pytest.raises(InputError, match=message):
        check_recording(path)


def test_libsndfile_mends_some(tmp_path):
    soundfile.write(tmp_path / 'a.wav', noise(1), 48000)
    zeroed(tmp_path / 'a.wav', b'data', 4, 4, riff=8)
    check_recording(tmp_path / 'a.wav')


def test_a_stream_of_unknown_length(tmp_path):
    path = tmp_path / 'a.flac'
    soundfile.write(path, noise(1), 48000)
    content = bytearray(path.read_bytes())
    content[21] &= 0xf0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    with pytest.raises(InputError, match='unfinished: its header does not say how long it is'):
        check_recording(path)


@pytest.mark.parametrize('behind', [b'', b'LIST\x04\x00\x00\x00INFO'])
def test_an_empty_recording_is_not_unfinished(tmp_path, behind):
    path = tmp_path / 'a.wav'
    soundfile.write(path, noise(0), 48000)
    with path.open('ab') as file:
        file.write(behind)
    assert unfinished_bytes(path) == 0
    with pytest.raises(InputError, match=f'^{path}: no samples$'):
        check_recording(path)


def test_all_that_is_wrong_with_a_header_is_said_together(tmp_path):
    path = tmp_path / 'a.wav'
    soundfile.write(path, noise(0, channels=2), 44100)
    with pytest.raises(InputError) as error:
        check_recording(path)
    assert str(error.value) == (
        f'{path}: sampling rate 44100 Hz, expected {TAU2019.sample_rate_hz}; --resample brings it there; and '
        '2 channels, expected 4; and no samples')


def test_endings():
    assert {'.wav', '.w64', '.rf64', '.aiff', '.ogg', '.flac', '.caf', '.mp3', '.au'} <= set(READABLE)
    assert not set(READABLE) & set(PERHAPS_READABLE)
    assert all(ending == ending.lower() and ending.startswith('.') for ending in READABLE + PERHAPS_READABLE)
