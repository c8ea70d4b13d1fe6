"""From rows of the output format to events."""

import math

import numpy as np
import pytest

from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.event_frames import label_frames
from seldnet.prediction.event_list import LEAST_FRAMES, EventFinder, event_order, find_events


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


def test_confidence_is_the_mean_activity():
    rows = rows_of((2, 10, 19, 0, 0))
    event, = find_events(rows, np.linspace(0.5, 1.5, 10))  # vectors may be longer than 1
    assert event.confidence == pytest.approx(np.clip(np.linspace(0.5, 1.5, 10), 0, 1).mean())
    assert find_events(rows)[0].confidence is None


def test_times_have_two_decimals():
    for first in range(0, 3000, 7):
        event, = find_events(rows_of((0, first, first + 50, 0, 0)))
        assert (event.start_s, event.end_s) == (round(event.start_s, 2), round(event.end_s, 2))


@pytest.mark.parametrize('seed', range(5))
def test_pieces_give_the_events_of_the_whole(seed):
    """Of classes that come and go, with directions whose means are halves, in pieces of any size."""
    rng = np.random.default_rng(seed)
    active = np.repeat(rng.random((150, 11)) < 0.3, rng.integers(1, 12, 150), axis=0)
    frames, classes = np.nonzero(active)
    rows = np.stack((frames, classes, rng.integers(20, 22, len(frames)), rng.integers(-1, 1, len(frames))), 1)
    activity = rng.random(len(rows))
    whole = find_events(rows, activity)
    finder, events, start = EventFinder(TAU2019), [], 0
    while start < len(active):
        end = start + int(rng.integers(1, 40))
        inside = (start <= frames) & (frames < end)
        final = finder.add(rows[inside], activity[inside], min(end, len(active)))
        assert all(label_frames(*event[1:3])[1] < end - LEAST_FRAMES for event in final)
        events += final
        start = end
    events += finder.finish()
    assert len(whole) > 20 and sorted(events, key=event_order) == whole


def test_an_event_is_final_when_its_class_has_been_silent_long_enough():
    finder = EventFinder(TAU2019)
    nothing = rows_of()
    assert finder.add(rows_of((3, 0, 9, 0, 0)), nb_frames=10) == []
    assert finder.add(nothing, nb_frames=14) == []
    assert frames_of(finder.add(nothing, nb_frames=15)) == [(0, 9)]
    assert finder.finish() == []
