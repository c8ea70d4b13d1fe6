"""Impulse responses of the simulated rooms: gains, delays and shadow of the direct sound."""

import numpy as np
import pyroomacoustics
import pytest
from synthetic import CAPSULES_DEG, SPEED_OF_SOUND_M_S, direction

from misc_files.synthesis.rooms import LEAD, ROOMS, room_responses
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import Event

SAMPLE_RATE_HZ = TAU2019.sample_rate_hz


@pytest.mark.parametrize('azi_deg, ele_deg, expected', [
    # W, Y, Z, X of a plane wave of amplitude 1, N3D
    (0, 0, (1, 0, 0, 3 ** 0.5)),
    (90, 0, (1, 3 ** 0.5, 0, 0)),
    (-90, 0, (1, -(3 ** 0.5), 0, 0)),
    (-180, 0, (1, 0, 0, -(3 ** 0.5))),
    (0, 30, (1, 0, 0.75 ** 0.5, 1.5)),
    (-10, -10, (1, -0.296, -0.301, 1.680)),
])
def test_foa_gains_of_the_direct_sound(azi_deg, ele_deg, expected):
    response, = room_responses(ROOMS[1], [Event(0, 0, 1, azi_deg, ele_deg, 1)], 'foa')
    direct = response[:, LEAD]
    np.testing.assert_allclose(direct / direct[0], expected, atol=2e-3)
    assert direct[0] == pytest.approx(1, abs=0.1)  # less than 1 where the arrival is between two samples


@pytest.mark.parametrize('azi_deg, ele_deg', [(40, 30), (-130, 10), (90, -40)])
def test_mic_delays_and_shadow_of_the_direct_sound(azi_deg, ele_deg):
    response, = room_responses(ROOMS[0], [Event(0, 0, 1, azi_deg, ele_deg, 1)], 'mic')
    for channel, capsule in CAPSULES_DEG.items():
        distance_m = np.linalg.norm(direction(azi_deg, ele_deg) - 0.042 * direction(*capsule))
        early = response[channel, :LEAD + 40]  # before the first reflection
        delay = (distance_m - 1) / SPEED_OF_SOUND_M_S * SAMPLE_RATE_HZ
        assert np.argmax(early) - LEAD == pytest.approx(delay, abs=1)
        cosine = direction(azi_deg, ele_deg) @ direction(*capsule)
        assert early.sum() == pytest.approx((0.7 + 0.3 * cosine) / distance_m, rel=0.05)


def test_sources_stand_inside_the_rooms():
    assert len(set(ROOMS)) == 5
    for room in ROOMS:
        size, array = np.array(room.size_m), np.array(room.array_m)
        assert (np.abs(array - size / 2) > 0.04)[:2].any()  # off the centre
        assert (array[:2] > 2).all() and (size - array)[:2].min() > 2
        assert array[2] > 2 * np.sin(np.radians(20)) and size[2] - array[2] > 2 * np.sin(np.radians(20))


def test_the_simulator_s_threads_do_not_change_the_responses():
    events = [Event(0, 0, 1, 40, 10, 1), Event(0, 0, 1, -70, -20, 2)]
    responses = []
    for nb_threads in (1, 3):
        pyroomacoustics.constants.set('num_threads', nb_threads)
        responses.append(np.concatenate(room_responses(ROOMS[0], events, 'mic'), axis=1))
    assert np.array_equal(*responses)
