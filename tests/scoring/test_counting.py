"""Counting recordings: against a slow reference, in batches, and what of references and frames counts."""

import dataclasses

import numpy as np
import pytest
import reference as slow

from metrics import doa, seld
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.output_format import rows_on_grid
from seldnet.scoring.counting import RECORDINGS_AT_ONCE, count_recordings, string_together

pytestmark = pytest.mark.filterwarnings('error')  # 0/0 and the like are branches, not warnings


def random_rows(rng, nb_rows):
    """Rows with duplicates, off-grid directions, and frames beyond the 60 seconds."""
    return rng.integers((0, 0, -250, -60), (3100, 11, 250, 61), (nb_rows, 4))


def test_count_recordings_equals_the_slow_reference():
    rng = np.random.default_rng(1)
    # Grid directions and distinct rows: the slow reference takes rows as they are.
    reference = rows_on_grid(random_rows(rng, 3000))
    found, false_alarms = reference[rng.random(len(reference)) < 0.7], rows_on_grid(random_rows(rng, 500))
    prediction = np.unique(np.concatenate((found, false_alarms)), axis=0)
    reference, prediction = (rows[rows[:, 0] < 3000] for rows in (reference, prediction))
    counts = count_recordings([reference], [prediction])
    sizes = {'nb_frames': 3000, 'nb_classes': 11, 'segment_frames': 50}
    expected = slow.seld_2019(reference.tolist(), prediction.tolist(), **sizes)
    assert seld.scores(counts.sed.total(), counts.doa.total())[:4] == pytest.approx(expected)


def test_many_recordings_are_counted_in_batches():
    rng = np.random.default_rng(2)
    nb_recordings = 2 * RECORDINGS_AT_ONCE + 1
    references, predictions = ([random_rows(rng, 20) for _ in range(nb_recordings)] for _ in range(2))
    counts = count_recordings(references, predictions)
    assert len(counts.sed) == len(counts.doa) == len(counts.joint) == nb_recordings
    last = count_recordings(references[-1:], predictions[-1:])
    for of_all, of_last in zip(counts, last):
        for mine, theirs in zip(of_all[[-1]].values(), of_last.values()):
            np.testing.assert_allclose(mine, theirs)


def test_references_off_the_grid_count_in_the_joint_scores_only():
    counts = count_recordings([np.array([(0, 0, 180, 0), (1, 1, 0, 50), (2, 2, 170, 40)])],
                                 [np.zeros((0, 4), int)])
    assert counts.sed.reference.tolist() == [[0, 0, 1] + [0] * 8]
    assert counts.doa.shortfall.tolist() == [1]
    assert counts.joint.reference.tolist() == [[1, 1, 1] + [0] * 8]


def test_fractional_references_keep_their_directions():
    counts = count_recordings([np.array([(0, 0, -0.5, 0.5)])], [np.array([(0, 0, -10, 0)])])
    assert counts.doa.distance_deg == pytest.approx([0], abs=1e-5)  # both in the cell (-10, 0)
    assert counts.joint.distance_deg[0, 0] == pytest.approx(
        doa.great_circle_deg(*np.radians((-0.5, 0.5, -10, 0))))


def test_quirk_same_cell_counts_once_in_2019_and_each_row_in_joint():
    predictions = [np.array([(0, 3, 11, 1), (0, 3, 19, 2), (0, 3, 21, 1)])]
    counts = count_recordings([np.zeros((0, 4), int)], predictions)
    assert counts.doa.predicted.tolist() == [2]
    assert counts.joint.false_positives[0, 3] == 3


def test_quirk_frames_beyond_the_minute_are_ignored():
    late = np.array([(3000, 0, 0, 0)])
    counts = count_recordings([late], [late])
    assert counts.sed.reference.sum() == counts.doa.predicted.sum() == counts.joint.reference.sum() == 0


def test_recordings_are_strung_together_with_running_frames():
    first, second = np.array([(5, 1, 0, 0), (3000, 1, 0, 0), (2, 0, 0, 0)]), np.array([(0, 3, 10, 0)])
    rows, places = string_together([first, np.zeros((0, 4), int), second])
    assert rows.tolist() == [[5, 1, 0, 0], [2, 0, 0, 0], [6000, 3, 10, 0]]
    assert places.tolist() == [0, 2, 3]


def test_nothing_is_changed_in_place():
    rng = np.random.default_rng(0)
    references, predictions = [random_rows(rng, 50)], [random_rows(rng, 50)]
    copies = references[0].copy(), predictions[0].copy()
    count_recordings(references, predictions)
    rows_on_grid(predictions[0])
    np.testing.assert_array_equal(references[0], copies[0])
    np.testing.assert_array_equal(predictions[0], copies[1])


def test_free_directions_all_take_part_in_the_2019_scores_and_are_rounded_down():
    """An azimuth above the last of the grid is no mistake where there is no grid; 190 is -170."""
    free = dataclasses.replace(TAU2019, grid=None, recording_s=None)
    reference = np.array([(0, 1, 175, 88), (1, 1, 180, -85), (2, 1, -171, 7)])
    prediction = np.array([(0, 1, 179, 85), (1, 1, -180, -90), (2, 1, 189, 0)])
    counts = count_recordings([reference], [prediction], dataset=free, nb_frames=[3])
    assert (counts.doa.predicted.tolist(), counts.doa.good_frames.tolist()) == ([3], [3])
    np.testing.assert_allclose(counts.doa.distance_deg, 0, atol=1e-5)  # of cosines near 1
    of_tau = count_recordings([reference], [prediction])
    assert of_tau.doa.surplus.tolist() == [2]  # 2019 quirk: references off the grid are not there
