"""Recordings and the answers of systems whose quality is known, for tests of comparisons."""

import dataclasses

import numpy as np

from seldnet.annotations.dataset import TAU2019

TEN_SECONDS = dataclasses.replace(TAU2019, recording_s=10)
EVENTS, FALSE_ALARM_FRAMES = 6, 30


def simulate_references(rng, nb_recordings):
    """For each recording the rows of its events, and how much harder it is than others (-1..1)."""
    recordings = []
    for _ in range(nb_recordings):
        rows = []
        for _ in range(EVENTS):
            start, length, class_index = rng.integers((0, 20, 0), (450, 50, 11)).tolist()
            direction_deg = (10 * rng.integers((-18, -4), (18, 5))).tolist()
            rows += [(frame, class_index, *direction_deg) for frame in range(start, start + length)]
        recordings.append(np.array(rows))
    return recordings, rng.uniform(-1, 1, nb_recordings)


def simulate_predictions(rng, recordings, hardness, *, recall=0.75, error_deg=12):
    """A system that finds events with a probability, errs in their directions, and hears others."""
    predictions = []
    for rows, harder in zip(recordings, hardness):
        event = np.cumsum(np.any(np.diff(rows[:, 1:], axis=0, prepend=-999) != 0, axis=1)) - 1
        is_found = rng.random(EVENTS) < recall - 0.2 * harder
        errors_deg = rng.normal(0, error_deg, (EVENTS, 2)).round().astype(int)
        found = (rows + np.pad(errors_deg, ((0, 0), (2, 0)))[event])[is_found[event]]
        found[:, 3] = found[:, 3].clip(-90, 90)
        first, *other = rng.integers((0, 0, -180, -40), (450, 11, 180, 41)).tolist()
        false_alarm = [(frame, *other) for frame in range(first, first + FALSE_ALARM_FRAMES)]
        predictions.append(np.concatenate((found, false_alarm)))
    return predictions
