"""Rotations by exchanging channels: of gains, of recordings' features, and of labels, they all agree."""

import numpy as np
import pytest

from seldnet.annotations.dataset import FORMATS, TAU2019
from seldnet.annotations.descriptions import Event, description_dict
from seldnet.annotations.directions import spherical_to_cartesian, wrap_azimuth_deg
from seldnet.annotations.labels import regression_labels
from seldnet.extraction.mel import MEL, plane_map, spectrum_to_mel
from seldnet.extraction.rotations import Rotation, channel_map, rotations_of
from seldnet.extraction.spectra import stft

EVERY = [(audio_format, rotation) for audio_format in FORMATS for rotation in rotations_of(audio_format)]
CAPSULES_DEG = ((45, 35), (-45, -35), (135, -35), (-135, 35))  # M1..M4, as REFERENCE and README give them


def gains(audio_format, azimuth_deg, elevation_deg):
    """Of a plane wave in each channel; for microphones what its delays are proportional to."""
    x, y, z = spherical_to_cartesian(np.radians(azimuth_deg), np.radians(elevation_deg))
    if audio_format == 'foa':
        return np.array([1, np.sqrt(3) * y, np.sqrt(3) * z, np.sqrt(3) * x])
    # The corners of a cube stand at elevations of 35.26 degrees, the capsules at 35.
    corners = [np.sign(spherical_to_cartesian(*np.radians(capsule))) for capsule in CAPSULES_DEG]
    return corners @ np.array([x, y, z])


def test_there_are_as_many_as_the_formats_have():
    assert len(set(rotations_of('foa'))) == 16 and len(set(rotations_of('mic'))) == 8
    assert rotations_of('foa')[0] == rotations_of('mic')[0] == Rotation()


@pytest.mark.parametrize(('audio_format', 'rotation'), EVERY)
def test_channels_are_those_of_a_wave_from_the_turned_direction(audio_format, rotation):
    for azimuth_deg, elevation_deg in ((0, 0), (30, 20), (-170, -40), (90, 10)):
        turned = rotation.rotate_directions(azimuth_deg, elevation_deg)
        np.testing.assert_allclose(
            channel_map(rotation, audio_format).apply(gains(audio_format, azimuth_deg, elevation_deg)),
            gains(audio_format, *turned), atol=1e-12)
        np.testing.assert_allclose(
            rotation.matrix @ spherical_to_cartesian(*np.radians((azimuth_deg, elevation_deg))),
            spherical_to_cartesian(*np.radians(turned)), atol=1e-12)


@pytest.mark.parametrize(('audio_format', 'rotation'), EVERY)
def test_features_of_a_turned_recording_are_the_turned_features(audio_format, rotation):
    audio = np.random.default_rng(0).normal(0, 0.1, (9600, 4)) * (1, 0.5, 2, 1)
    audio[:, 1] += 0.5 * audio[:, 0]
    turned = channel_map(rotation, audio_format).apply(audio)
    features, of_turned = (spectrum_to_mel(stft(samples), TAU2019, audio_format).reshape(10, 64, -1)
                           for samples in (audio, turned))
    np.testing.assert_allclose(plane_map(rotation, audio_format).apply(features), of_turned, atol=1e-5)


@pytest.mark.parametrize('rotation', rotations_of('foa'))
def test_labels_of_a_turned_description_are_the_turned_labels(rotation):
    events = [Event(3, 1, 2, 170, 40, 1), Event(8, 1.5, 30, -180, -20, 2), Event(0, 5, 6, 0, 0, 1)]
    turned = [event._replace(azimuth_deg=float(wrap_azimuth_deg(azimuth)), elevation_deg=float(elevation))
              for event in events
              for azimuth, elevation in [rotation.rotate_directions(event.azimuth_deg, event.elevation_deg)]]
    labels, of_turned = (regression_labels(description_dict(listed)) for listed in (events, turned))
    np.testing.assert_array_equal(rotation.rotate_labels(labels), of_turned)


def test_what_is_no_exchange_of_microphones_is_none():
    assert channel_map(Rotation(quarter_turns=1), 'mic') is None
    assert channel_map(Rotation(quarter_turns=1, upside_down=True), 'mic') is not None


def test_levels_of_the_scaler_are_shared_so_that_normalised_features_may_be_turned():
    """Levels are exchanged with levels alone, whose scale is one a band (test_mel.py shows it)."""
    for audio_format in FORMATS:
        for rotation in rotations_of(audio_format):
            source = np.array(plane_map(rotation, audio_format).source)
            assert ((source < 4) == (np.arange(len(source)) < 4)).all()
            assert sorted(source) == list(range(MEL.frame_shape(TAU2019, audio_format)[1]))
