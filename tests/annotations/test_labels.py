"""Labels: a case done by hand, golden numbers of 2019, plain loops, quirks."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import reference
from small_datasets import OWN

from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import Event, description_dict, read_description
from seldnet.annotations.labels import classification_labels, regression_labels, silent_label, split_labels

GOLDEN = Path(__file__).parents[1] / 'golden'
DESCRIPTIONS = sorted(path.stem for path in (GOLDEN / 'description').iterdir())
COUGH = TAU2019.classes.index('cough')


def event(name='cough', start_s=1.0, end_s=2.0, azimuth_deg=-10, elevation_deg=20) -> Event:
    return Event(TAU2019.classes.index(name), start_s, end_s, azimuth_deg, elevation_deg, 1)


def test_labels_by_hand():
    # 0.05 s is in frame 2 (0.04 .. 0.06 s), 0.08 s is where frame 4 begins: frames 2, 3 and 4 are active.
    description = description_dict([event('drawer', 0.05, 0.08, 30, -20)])
    assert description == {'class': ['drawer'], 'start': [2], 'end': [4], 'ele': [-20], 'azi': [30]}
    labels = regression_labels(description)
    silent = [0] * 11 + [180] * 11 + [50] * 11
    active = [0, 1] + [0] * 9 + [180, 30] + [180] * 9 + [50, -20] + [50] * 9
    assert labels.shape == (3000, 33)
    assert labels[:6].tolist() == [silent, silent, active, active, active, silent]
    assert (labels[6:] == silent).all()
    cells = classification_labels(description)
    assert cells.shape == (3000, 11, 324)
    assert np.argwhere(cells).tolist() == [[frame, 1, 21 * 9 + 2] for frame in (2, 3, 4)]


@pytest.mark.parametrize('name', DESCRIPTIONS)
def test_labels_are_those_of_the_released_code(name, golden):
    expected = golden('labels')
    description = description_dict(read_description(GOLDEN / 'description' / f'{name}.csv'))
    events = [description[key] for key in ('start', 'end', 'ele', 'azi')]
    np.testing.assert_array_equal(np.array(events, dtype=int), expected[f'{name}/events'])
    labels = regression_labels(description)
    activity = np.unpackbits(expected[f'{name}/sed'])[:3000 * 11].reshape(3000, 11)
    directions = expected[f'{name}/azi'], expected[f'{name}/ele']
    np.testing.assert_array_equal(labels, np.hstack([activity, *directions]))
    cells = classification_labels(description)
    np.testing.assert_array_equal(np.argwhere(cells), expected[f'{name}/clas_nonzero'])


def test_labels_are_those_of_plain_loops():
    rng = np.random.default_rng(3)
    events = []
    for _ in range(60):
        start_s = float(rng.uniform(0, 60))
        events.append((TAU2019.classes[rng.integers(11)], start_s, start_s + float(rng.uniform(0, 4)),
                       int(rng.integers(-18, 18)) * 10, int(rng.integers(-4, 5)) * 10))
    rows, cells = reference.labels_of_events(events, TAU2019.classes)
    description = description_dict([event(*values) for values in events])
    np.testing.assert_array_equal(regression_labels(description), rows)
    assert set(map(tuple, np.argwhere(classification_labels(description)).tolist())) == cells


def test_quirk_the_frame_at_an_events_end_is_active():
    labels = regression_labels(description_dict([event(start_s=1, end_s=2)]))
    active = np.flatnonzero(labels[:, COUGH])
    assert (active[0], active[-1], len(active)) == (50, 100, 51)  # one more than the second has frames


def test_quirk_where_a_class_overlaps_itself_the_later_row_wins():
    description = description_dict([event(start_s=1, end_s=3, azimuth_deg=50),
                                    event(start_s=2, end_s=4, azimuth_deg=-60)])
    azimuths = regression_labels(description)[:, 11 + COUGH]
    assert azimuths[[99, 100, 150, 200, 201]].tolist() == [50, -60, -60, -60, 180]
    # The classification labels have room for both.
    assert classification_labels(description)[[99, 120, 200]].sum(axis=(1, 2)).tolist() == [1, 2, 1]


@pytest.mark.parametrize('azimuth, elevation', [(175, 0), (0, 45), (-30, -41)])
def test_quirk_an_event_off_the_grids_range_is_active_without_a_direction(azimuth, elevation):
    description = description_dict([event(azimuth_deg=azimuth, elevation_deg=elevation)])
    labels = regression_labels(description)[60].reshape(3, 11)
    assert labels[:, COUGH].tolist() == [1, 180, 50]
    assert not classification_labels(description).any()


def test_events_are_cut_to_the_recording():
    events = [event(start_s=59.5, end_s=61), event('knock', 61, 62)]
    labels = regression_labels(description_dict(events))
    assert np.argwhere(labels[:, :11]).tolist() == [[frame, COUGH] for frame in range(2975, 3000)]


@pytest.mark.parametrize('labels_of', [regression_labels, classification_labels])
def test_recordings_of_own_lengths_end_where_they_are_said_to_or_with_the_last_event(labels_of):
    free = dataclasses.replace(TAU2019, recording_s=None)
    description = description_dict([event(start_s=1, end_s=2), event('knock', 0.5, 1)])
    assert [len(labels_of(description, dataset=free, nb_frames=number)) for number in (None, 75, 500)] == [
        101, 75, 500]
    assert len(labels_of(description, nb_frames=75)) == 75  # and those of one length too
    assert len(labels_of(description_dict([]), dataset=free)) == 0
    assert labels_of(description).dtype == (np.float64 if labels_of is regression_labels else np.int8)


@pytest.mark.parametrize('labels_of', [regression_labels, classification_labels])
def test_lists_of_unequal_lengths_are_refused(labels_of):
    description = description_dict([event()])
    for key, values in description.items():
        with pytest.raises(ValueError, match='zip'):
            labels_of(description | {key: [*values, values[0]]})


def test_directions_off_the_steps_keep_their_value():
    description = description_dict([event(azimuth_deg=12.5, elevation_deg=-7)])
    labels = regression_labels(description)
    assert labels[60].reshape(3, 11)[:, COUGH].tolist() == [1, 12.5, -7]


def test_columns_of_regression_labels():
    labels = regression_labels(description_dict([event(azimuth_deg=30, elevation_deg=-20)]))
    activity, azimuth_deg, elevation_deg = split_labels(labels)
    assert activity.shape == azimuth_deg.shape == elevation_deg.shape == (3000, 11)
    assert (activity[60, COUGH], azimuth_deg[60, COUGH], elevation_deg[60, COUGH]) == (1, 30, -20)
    assert (labels[0] == silent_label(11)).all()


def test_labels_of_another_data_set():
    events = [Event(1, 0.1, 0.2, 160, 60, 1)]
    description = description_dict(events, dataset=OWN)
    assert description == {'class': ['car'], 'start': [5], 'end': [10], 'ele': [60], 'azi': [160]}
    labels = regression_labels(description, dataset=OWN)
    assert labels.shape == (50, 6)
    assert labels[4:6].tolist() == [[0, 0, 180, 180, 50, 50], [0, 1, 180, 160, 50, 60]]
    cells = classification_labels(description, dataset=OWN)
    assert cells.shape == (50, 2, 90)
    assert np.argwhere(cells).tolist() == [[frame, 1, 89] for frame in range(5, 11)]
