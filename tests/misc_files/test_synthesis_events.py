"""Who sounds when and where in the synthetic data set: as in the real one."""

import itertools

import numpy as np
import pytest
from synthetic import most_at_once

from misc_files.synthesis.events import DURATIONS_S, MIN_SECONDS, draw_events
from seldnet.annotations.dataset import TAU2019

CLASSES = TAU2019.classes


@pytest.mark.parametrize('overlap', [1, 2])
def test_events_are_distributed_like_the_real_ones(overlap):
    rng = np.random.default_rng(5)
    drawn = [draw_events(rng, overlap, 60) for _ in range(150)]
    events = [event for recording in drawn for event in recording]

    # Means of the real set: 25.97 and 53.03 events.
    assert np.mean([len(recording) for recording in drawn]) == pytest.approx(26.5 * overlap, rel=0.05)
    assert {most_at_once(recording) for recording in drawn} == {overlap}
    for recording in drawn:
        layers = np.flatnonzero(np.diff([event.start_s for event in recording], prepend=np.inf, append=0) < 0)
        assert len(layers) == overlap + 1
        for first, last in itertools.pairwise(layers):
            layer = recording[first:last]
            assert 0 <= layer[0].start_s < 1
            gaps_s = [after.start_s - before.end_s for before, after in itertools.pairwise(layer)]
            assert 0.5 <= min(gaps_s) < max(gaps_s) <= 1.5
    if overlap == 1:
        assert max(event.end_s for event in events) < 59
    else:
        assert max(event.start_s for event in events) < 60 < max(event.end_s for event in events) < 63.5

    counts = np.bincount([event.class_index for event in events], minlength=len(CLASSES))
    assert min(counts) > 0.8 * np.mean(counts) and max(counts) < 1.2 * np.mean(counts)
    for name, (shortest, median, longest) in DURATIONS_S.items():
        durations_s = [event.end_s - event.start_s for event in events if CLASSES[event.class_index] == name]
        assert shortest <= min(durations_s) and max(durations_s) <= longest
        assert np.median(durations_s) == pytest.approx(median, rel=0.07)

    assert np.mean([event.distance_m == 1 for event in events]) == pytest.approx(0.5, abs=0.04)
    near, far = ([(event.azimuth_deg, event.elevation_deg) for event in events if event.distance_m == dist_m]
                 for dist_m in (1, 2))
    assert len(near) + len(far) == len(events)
    grid = TAU2019.grid
    assert set(near) | set(far) <= set(itertools.product(grid.azimuths_deg, grid.elevations_deg))
    assert {ele for _, ele in near} == set(range(-40, 41, 10))
    assert {ele for _, ele in far} == set(range(-20, 21, 10))
    assert {azi for azi, _ in near} == {azi for azi, _ in far} == set(range(-180, 180, 10))


def test_the_shortest_recording_has_an_event():
    for seed in range(300):
        assert draw_events(np.random.default_rng(seed), 1, MIN_SECONDS)
