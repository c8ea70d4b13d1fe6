"""Conventions of Ambisonics: gains, orders, what a header declares, and what the samples look like."""

import dataclasses
import struct

import numpy as np
import pytest
import soundfile
from small_datasets import SHORT

from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.directions import spherical_to_cartesian
from seldnet.extraction.ambisonics import declared_convention, to_n3d
from seldnet.extraction.audio import convention_of, load_recording, recording_notes
from seldnet.extraction.likeness import Likeness
from seldnet.extraction.spectra import stft_blocks


def plane_wave(convention, azimuth_deg=37, elevation_deg=-20, nb_samples=4000):
    """A source in the open, encoded by the definitions of the conventions."""
    rng = np.random.default_rng(0)
    source = rng.uniform(-0.2, 0.2, nb_samples).astype(np.float32)
    x, y, z = spherical_to_cartesian(*np.radians((azimuth_deg, elevation_deg)))
    gains = {'n3d': (1, 3**0.5 * y, 3**0.5 * z, 3**0.5 * x), 'sn3d': (1, y, z, x),
             'fuma': (0.5**0.5, x, y, z)}[convention]
    return np.outer(source, gains).astype(np.float32)


@pytest.mark.parametrize('convention', ['n3d', 'sn3d', 'fuma'])
def test_all_conventions_become_n3d(convention, tmp_path):
    expected = plane_wave('n3d')
    np.testing.assert_allclose(to_n3d(plane_wave(convention), convention), expected, atol=1e-6)
    soundfile.write(tmp_path / 'a.wav', plane_wave(convention), 48000, subtype='FLOAT')
    dataset = dataclasses.replace(TAU2019, ambisonics=convention)
    np.testing.assert_allclose(load_recording(tmp_path / 'a.wav', dataset=dataset), expected, atol=1e-6)
    # Microphones have no such convention.
    as_it_is = load_recording(tmp_path / 'a.wav', dataset=dataset, audio_format='mic')
    np.testing.assert_array_equal(as_it_is, plane_wave(convention))


def write_b_format(path, samples):
    """A WAV file whose header declares B-format, written byte by byte."""
    data = samples.astype('<f4').tobytes()
    guid = bytes.fromhex('030000002107d3118644c8c1ca000000')
    form = struct.pack('<HHIIHHHHI', 0xFFFE, 4, 48000, 48000 * 16, 16, 32, 22, 32, 0) + guid
    chunks = b''.join(name + struct.pack('<I', len(content)) + content
                      for name, content in ((b'note', b'abc\0'), (b'fmt ', form), (b'data', data)))
    path.write_bytes(b'RIFF' + struct.pack('<I', 4 + len(chunks)) + b'WAVE' + chunks)
    return path


def test_a_header_that_declares_b_format_is_believed_and_said(tmp_path):
    path = write_b_format(tmp_path / 'a.wav', plane_wave('fuma'))
    assert declared_convention(path) == convention_of(path) == 'fuma'
    assert recording_notes(path) == ['the header declares B-format: converted from fuma to n3d']
    np.testing.assert_allclose(load_recording(path), plane_wave('n3d'), atol=1e-6)
    assert recording_notes(path, audio_format='mic') == [
        'the header declares B-format, expected microphone signals']


@pytest.mark.parametrize('content', [b'', b'RIFF', b'RIFF\0\0\0\0WAVE',
                                     b'RIFF\0\0\0\0WAVEfmt \xff\xff\xff\xff',
                                     b'RIFF\0\0\0\0WAVE' + b'abcd\0\0\0\0' * 300, b'fLaC' + bytes(90)])
def test_other_headers_declare_nothing(content, tmp_path):
    (tmp_path / 'a.wav').write_bytes(content)
    assert declared_convention(tmp_path / 'a.wav') is None


def test_a_usual_recording_has_no_note(tmp_path):
    for form in ('PCM_16', 'FLOAT'):
        soundfile.write(tmp_path / 'a.wav', plane_wave('n3d'), 48000, subtype=form)
        assert recording_notes(tmp_path / 'a.wav') == []


def test_other_rates_and_orders_are_said(tmp_path):
    soundfile.write(tmp_path / 'a.wav', np.zeros((100, 16)), 44100)
    assert recording_notes(tmp_path / 'a.wav') == [
        'resampled from 44100 to 48000 Hz by soxr',
        '16 channels, taken as Ambisonics of order 3: its first 4 are used']


def likeness_of(samples):
    likeness = Likeness(SHORT)
    for spectra in stft_blocks([samples], dataset=SHORT):
        likeness.add(spectra)
    return likeness


def test_capsules_and_ambisonics_look_different():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.001, (48000, 4))
    capsules = np.outer(rng.normal(0, 0.1, 48000), [1, 1, 1, 1]) + noise
    diffuse = rng.normal(0, 0.1, (48000, 4))
    alike, unlike = (likeness_of(samples.astype(np.float32)) for samples in (capsules, diffuse))
    assert alike.lowest > 0.95 and unlike.lowest < 0.3
    assert 'looks like microphone signals' in alike.warning('foa') and alike.warning('mic') is None
    assert 'looks like Ambisonics' in unlike.warning('mic') and unlike.warning('foa') is None


def test_silence_looks_like_nothing():
    silent = likeness_of(np.zeros((48000, 4), np.float32))
    assert silent.warning('foa') is silent.warning('mic') is None
