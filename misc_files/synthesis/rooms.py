"""Rooms and microphones. x is azimuth 0 (front), y is azimuth 90 (left), z is up."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyroomacoustics as pra

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.descriptions import Event
from seldnet.annotations.directions import spherical_to_cartesian


class Room(NamedTuple):
    """A shoebox room. Its array is more than 2 m from the side walls, so sources fit in all around it."""

    size_m: tuple[float, float, float]
    array_m: tuple[float, float, float]
    absorption: float  # share of the energy that a wall swallows, at all frequencies
    ambience_hz: float  # the ambience gets weaker above


ROOMS = (
    Room((9.8, 7.4, 3.6), (4.3, 3.4, 1.6), 0.35, 400),
    Room((6.3, 5.4, 2.9), (2.9, 2.5, 1.5), 0.45, 800),
    Room((5.6, 5.0, 2.6), (2.6, 2.7, 1.3), 0.55, 1500),
    Room((8.2, 6.1, 3.2), (4.5, 2.8, 1.4), 0.40, 600),
    Room((7.1, 5.8, 3.0), (3.2, 3.1, 1.6), 0.50, 1000),
)
MAX_ORDER = 12  # reflections on a path at most

CAPSULES_DEG = ((45, 35), (-45, -35), (135, -35), (-135, 35))  # M1..M4: azimuth, elevation
CAPSULE_RADIUS_M = 0.042
# 0, -3.1, -8 dB at the front, side and back; a rigid sphere of this radius has 0, -3.6, -8.5 dB at 4 kHz.
CAPSULE_OMNI_SHARE = 0.7

# The simulator's fractional-delay filters are symmetric about this sample: everything comes so much later
# than it should, and begins (faintly) so much before its arrival.
LEAD = pra.constants.get('frac_delay_length') // 2


def unit_vector(azimuth_deg: float, elevation_deg: float) -> np.ndarray:
    """A direction as x, y, z: azimuth counter-clockwise from x, elevation upwards."""
    return np.array(spherical_to_cartesian(np.radians(azimuth_deg), np.radians(elevation_deg)))


def _microphones(audio_format: str) -> list[tuple[np.ndarray, pra.directivities.Directivity]]:
    """Offset from the array's centre (m) and directivity of each channel."""
    if audio_format == 'foa':
        w = pra.directivities.CardioidFamily([1, 0, 0], p=1)  # omnidirectional
        y, z, x = (pra.directivities.FigureEight(axis, gain=math.sqrt(3))  # positive where the axis points
                   for axis in ([0, 1, 0], [0, 0, 1], [1, 0, 0]))
        return [(np.zeros(3), directivity) for directivity in (w, y, z, x)]
    outwards = [unit_vector(*direction) for direction in CAPSULES_DEG]
    return [(CAPSULE_RADIUS_M * axis, pra.directivities.CardioidFamily(axis, p=CAPSULE_OMNI_SHARE))
            for axis in outwards]


def room_responses(room: Room, events: Sequence[Event], audio_format: str, *,
                   dataset: Dataset = TAU2019) -> list[np.ndarray]:
    """Impulse responses from where events are to the array's channels.

    Parameters
    ----------
    room : Room
    events : sequence of Event
        Their directions and distances are what counts.
    audio_format : str
        'foa' or 'mic'.
    dataset : Dataset
        Its sample rate.

    Returns
    -------
    list of np.ndarray
        For each event channels x samples, float32. Direct sound reaches the array's centre at sample `LEAD`,
        and from 1 m an omnidirectional microphone there receives it with gain 1.
    """
    pra.constants.set('num_threads', 1)  # each number of threads adds up the reflections in another order
    pra.constants.set('rir_hpf_enable', False)  # a zero-phase filter: sound would set in before its time
    shoebox = pra.ShoeBox(room.size_m, fs=dataset.sample_rate_hz, materials=pra.Material(room.absorption),
                          max_order=MAX_ORDER)
    centre_m = np.array(room.array_m)
    for event in events:
        direction = unit_vector(event.azimuth_deg, event.elevation_deg)
        shoebox.add_source(centre_m + event.distance_m * direction)
    offsets_m, directivities = zip(*_microphones(audio_format))
    shoebox.add_microphone_array(np.stack([centre_m + offset_m for offset_m in offsets_m], axis=1),
                                 directivity=list(directivities))
    shoebox.compute_rir()

    responses = []
    for source, event in enumerate(events):
        arrival = round(event.distance_m / shoebox.c * dataset.sample_rate_hz)
        channels = [of_channel[source][arrival:] for of_channel in shoebox.rir]
        length = max(map(len, channels))
        responses.append(np.stack([np.pad(channel, (0, length - len(channel))) for channel in channels]))
    return responses
