"""From rows of the output format to events."""

import math

import numpy as np

from seldnet.annotations.event_frames import label_frames
from seldnet.prediction.event_list import find_events


def rows_of(*events):
    """Rows of (class, first frame, last frame, azimuth, elevation)."""
    return np.array([(frame, class_index, azimuth, elevation)
                     for class_index, first, last, azimuth, elevation in events
                     for frame in range(first, last + 1)]).reshape(-1, 4)


def frames_of(events):
    return [label_frames(event.start_s, event.end_s) for event in events]


def test_events_of_a_few_rows():
    events = find_events(rows_of((3, 100, 150, 40, 10), (1, 10, 29, -180, -20)))
    assert [event.class_index for event in events] == [1, 3]
    np.testing.assert_allclose([event[1:5] for event in events],
                               [(0.21, 0.57, -180, -20), (2.01, 2.99, 40, 10)])
    assert all(math.isnan(event.distance_m) and event.source is None for event in events)


def test_events_give_their_frames_again():
    first, last = np.random.default_rng(0).integers(0, 1400, (2, 300)) + [[0], [1500]]
    for start, end in zip(first, last):
        assert frames_of(find_events(rows_of((0, start, end, 0, 0)))) == [(start, end)]


def test_short_gaps_are_closed_and_short_events_left_out():
    pieces = (10, 14), (19, 24), (30, 40), (60, 63), (70, 74)
    rows = rows_of(*((2, first, last, 0, 0) for first, last in pieces))
    assert frames_of(find_events(rows)) == [(10, 24), (30, 40), (70, 74)]


def test_directions_are_averaged_around_the_back():
    rows = rows_of((0, 0, 4, 170, 30), (0, 5, 9, -170, 30))
    event, = find_events(rows)
    assert (event.azimuth_deg, event.elevation_deg) == (-180, 30)


def test_nothing_is_no_event():
    assert find_events(np.zeros((0, 4), int)) == []
