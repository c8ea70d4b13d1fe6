"""metrics/: a few frames by hand, golden numbers, slow references, other packages, properties, quirks."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import reference as slow
import scipy.optimize
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import doa, jackknife, joint, sed, seld

pytestmark = pytest.mark.filterwarnings('error')  # 0/0 and the like are branches, not warnings

GOLDEN = Path(__file__).parent / 'golden' / 'joint'
SIZES = {'nb_frames': 3000, 'nb_classes': 11, 'segment_frames': 50}
SMALL = {'nb_frames': 23, 'nb_classes': 3, 'segment_frames': 5}  # the last segment is shorter


def rows(*listed):
    """Rows (frame, class, azimuth, elevation)."""
    return np.array(listed, int).reshape(-1, 4)


def frame_directions(events):
    return doa.directions(events[:, 0], events[:, 2], events[:, 3])


def scores_2019(reference, prediction, sizes):
    doa_counts = doa.count(frame_directions(reference), frame_directions(prediction),
                           nb_frames=sizes['nb_frames'])
    return seld.scores(sed.count(reference, prediction, **sizes).total(), doa_counts.total())


def joint_total(reference, prediction, sizes=SIZES):
    return joint.count(reference, prediction, **sizes).total()


# --------------------------------------------------------------------------------------------------------
# By hand
# --------------------------------------------------------------------------------------------------------

# Two segments of five frames. In the first, class 0 is found 10 degrees off in two of its three frames; in
# the second, class 1 is taken for class 2, 30 degrees off.
HAND_REFERENCE = rows((0, 0, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0), (6, 1, 90, 0))
HAND_PREDICTION = rows((1, 0, 10, 0), (2, 0, 10, 0), (6, 2, 120, 0))
HAND_SIZES = {'nb_frames': 10, 'nb_classes': 3, 'segment_frames': 5}


def test_2019_by_hand():
    scores = scores_2019(HAND_REFERENCE, HAND_PREDICTION, HAND_SIZES)
    assert scores == pytest.approx((
        1 / 2,  # one substitution, two references
        1 / 2,  # one of two predictions is right, one of two references is found
        (10 + 10 + 30) / 3,
        9 / 10,  # frame 0 lacks a prediction
        (1 / 2 + 1 / 2 + (50 / 3) / 180 + 1 / 10) / 4,
    ))


def test_joint_by_hand():
    counts = joint_total(HAND_REFERENCE, HAND_PREDICTION, HAND_SIZES)
    assert counts.true_positives.tolist() == [1, 0, 0]
    assert counts.false_positives.tolist() == [0, 0, 1]
    assert counts.misses.tolist() == [0, 1, 0]
    assert counts.distance_deg == pytest.approx([10, 0, 0])
    assert (counts.substitutions, counts.deletions, counts.insertions) == (1, 0, 0)
    micro, macro = joint.micro_scores(counts), joint.macro_scores(counts)
    assert micro == pytest.approx((1 / 2, 1 / 2, 10, 1 / 2, (1 / 2 + 1 / 2 + 10 / 180 + 1 / 2) / 4))
    assert macro == pytest.approx((1 / 2, 1 / 3, (10 + 180 + 180) / 3, 1 / 3,
                                   (1 / 2 + 2 / 3 + 370 / 3 / 180 + 2 / 3) / 4))


def test_class_scores_of_2019_by_hand():
    counts = sed.count(HAND_REFERENCE, HAND_PREDICTION, **HAND_SIZES).total()
    np.testing.assert_array_equal(sed.class_error_rates(counts), [0, 1, np.inf])
    assert sed.class_f_scores(counts) == pytest.approx([1, 0, 0])


def test_distances_by_hand():
    def distance(*angles_deg):
        return doa.great_circle_deg(*np.radians(angles_deg))
    assert distance(0, 0, 90, 0) == pytest.approx(90)
    assert distance(175, 0, -175, 0) == pytest.approx(10)  # across the seam
    assert distance(0, 80, 180, 80) == pytest.approx(20)  # over the pole
    assert distance(10, 90, 130, 90) == pytest.approx(0, abs=1e-5)  # a pole has one direction
    assert distance(0, 0, 180, 0) == pytest.approx(180)
    assert distance(33, 21, 33, 21) < 3e-6


def test_directions_that_are_equal_or_opposite_are_never_beyond_the_arc_cosine():
    """Rounding makes cosines beyond 1 and -1 of whole degrees."""
    azimuth, elevation = np.radians(np.mgrid[-180:180, -90:91])
    equal = doa.great_circle_deg(azimuth, elevation, azimuth, elevation)
    opposite = doa.great_circle_deg(azimuth, elevation, azimuth + np.pi, -elevation)
    np.testing.assert_allclose(equal, 0, atol=3e-6)
    np.testing.assert_allclose(opposite, 180, atol=3e-6)


def test_pairs_by_hand():
    """Frame 0 holds two and one, frame 1 one and none, frame 2 none and one, frame 5 two and two."""
    reference = frame_directions(rows((0, 0, 90, 0), (0, 0, 0, 0), (1, 0, 0, 0), (5, 0, 0, 0), (5, 0, 50, 0)))
    prediction = frame_directions(rows((0, 0, 10, 0), (2, 0, 0, 0), (5, 0, 60, 0), (5, 0, 3, 0)))
    pairs = doa.pair(reference, prediction)
    assert set(zip(pairs.reference.tolist(), pairs.prediction.tolist())) == {(1, 0), (3, 3), (4, 2)}
    assert sorted(pairs.distance_deg) == pytest.approx([3, 10, 10])
    assert len(pairs.reference) == len(pairs.prediction) == 3
    nothing = doa.pair(reference, frame_directions(rows()))
    assert [len(column) for column in nothing] == [0, 0, 0]
    for found in (pairs, nothing):  # which can be used as indices
        assert [column.dtype.kind for column in found] == ['i', 'i', 'f']


@pytest.mark.parametrize('mean_deg, true_positives', [(19, 1), (21, 0)])
def test_joint_threshold_is_on_the_mean_distance_of_a_track(mean_deg, true_positives):
    # Along a meridian; one pair is at 5 degrees, the other makes up the mean.
    other_deg = 2 * mean_deg - 5
    counts = joint_total(rows((0, 0, 0, 0), (1, 0, 0, 0)), rows((0, 0, 0, 5), (1, 0, 0, other_deg)))
    assert counts.true_positives[0] == true_positives
    assert counts.spatial_false_positives[0] == 1 - true_positives
    assert counts.distance_deg[0] == pytest.approx(mean_deg)  # either way one matched track
    assert joint.class_scores(counts).LR[0] == pytest.approx(1)


def test_the_joint_threshold_itself_is_near_enough():
    """Two pairs of 20 degrees, of which one comes out a little less and one a little more."""
    counts = joint_total(rows((0, 0, 0, 0), (1, 0, 60, 0)), rows((0, 0, 0, 20), (1, 0, 80, 0)))
    assert counts.distance_deg[0] == 20
    assert (counts.true_positives[0], counts.spatial_false_positives[0]) == (1, 0)


def test_joint_counts_surplus_tracks_and_keeps_equal_rows():
    twice = rows((0, 0, 10, 0), (0, 0, 10, 0))
    once = rows((0, 0, 10, 0))
    assert joint_total(once, twice).false_positives[0] == 1
    assert joint_total(twice, once).misses[0] == 1
    assert joint_total(twice, once).reference[0] == 2


# --------------------------------------------------------------------------------------------------------
# Golden: the joint scores of a 2022 baseline
# --------------------------------------------------------------------------------------------------------

GOLDEN_SCORES = json.loads((GOLDEN / 'scores.json').read_text())
GOLDEN_COUNTS = {
    'TP': 'true_positives', 'FP_spatial': 'spatial_false_positives', 'FP': 'false_positives', 'FN': 'misses',
    'Nref': 'reference', 'S': 'substitutions', 'D': 'deletions', 'I': 'insertions',
}


def golden_rows(name, side):
    lines = (GOLDEN / f'{name}.{side}.csv').read_text().split()
    return rows(*(line.split(',') for line in lines))


@pytest.fixture(scope='module')
def golden_counts():
    """Joint counts of the golden recordings, stacked in the order of `GOLDEN_SCORES`."""
    return joint.JointCounts.concatenate([
        joint.count(golden_rows(name, 'ref'), golden_rows(name, 'pred'), **SIZES) for name in GOLDEN_SCORES])


def test_golden_recordings_are_all_there():
    assert len(GOLDEN_SCORES) == 6
    assert len(list(GOLDEN.glob('*.ref.csv'))) == len(list(GOLDEN.glob('*.pred.csv'))) == 6


@pytest.mark.parametrize('place, name', list(enumerate(GOLDEN_SCORES)))
def test_golden_joint_scores(golden_counts, place, name):
    expected = GOLDEN_SCORES[name]
    running = golden_counts[:place + 1].total()
    for counts, which in ((golden_counts[place], 'alone'), (running, 'running')):
        for scores, average in ((joint.macro_scores(counts), 'macro'), (joint.micro_scores(counts), 'micro')):
            assert scores._asdict() == pytest.approx(expected[average][which], rel=1e-9)
    np.testing.assert_allclose(joint.class_scores(running), expected['macro']['running_per_class'], rtol=1e-9)
    for golden_name, field in GOLDEN_COUNTS.items():
        assert getattr(running, field).tolist() == expected['counts'][golden_name]
    np.testing.assert_allclose(running.distance_deg, expected['counts']['total_DE'], rtol=1e-9)
    np.testing.assert_array_equal(running.true_positives + running.spatial_false_positives,
                                  expected['counts']['DE_TP'])


# --------------------------------------------------------------------------------------------------------
# Against slow references
# --------------------------------------------------------------------------------------------------------

DIRECTIONS = {
    'anywhere': lambda rng: (rng.integers(-180, 181), rng.integers(-90, 91)),
    'grid': lambda rng: (10 * rng.integers(-18, 18), 10 * rng.integers(-4, 5)),
    'seam': lambda rng: (rng.choice((-180, -179, -170, 170, 179, 180, 190)), rng.integers(-2, 3)),
    'poles': lambda rng: (rng.integers(-180, 181), rng.choice((-90, -89, 89, 90))),
}


def random_scene(rng, kind):
    """Reference and prediction: up to six events a frame, classes that overlap themselves, empty sides."""
    frames, classes = SMALL['nb_frames'], SMALL['nb_classes']

    def side(density):
        events = [(frame, rng.integers(classes), *DIRECTIONS[kind](rng)) for frame in range(frames)
                  for _ in range(rng.binomial(6, density))]
        return rows(*events)

    reference = side(rng.choice((0, 0.1, 0.3, 0.6)))
    prediction = side(rng.choice((0, 0.1, 0.3)))
    if rng.random() < 0.7:  # most predictions come from the reference
        near = reference[rng.random(len(reference)) < 0.8]
        near[:, 2] += rng.integers(-15, 16, len(near))
        prediction = np.concatenate((prediction, near))
    rng.shuffle(prediction)
    return reference, prediction


SCENES = [(kind, seed) for kind in DIRECTIONS for seed in range(75)]


@pytest.mark.parametrize('kind', DIRECTIONS)
def test_2019_scores_equal_the_slow_reference(kind):
    seen = set()
    for seed in range(75):
        reference, prediction = random_scene(np.random.default_rng(seed), kind)
        expected = slow.seld_2019(reference.tolist(), prediction.tolist(), **SMALL)
        scores = scores_2019(reference, prediction, SMALL)[:4]
        assert scores == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True), seed
        seen |= {(bool(len(reference)), bool(len(prediction)))}
    assert len(seen) == 4  # both sides, one of them, none


@pytest.mark.parametrize('kind', DIRECTIONS)
def test_joint_scores_equal_the_slow_reference(kind):
    for seed in range(75):
        reference, prediction = random_scene(np.random.default_rng(seed), kind)
        expected = slow.joint_counts(reference.tolist(), prediction.tolist(), **SMALL)
        counts = joint_total(reference, prediction, SMALL)
        for name, field in GOLDEN_COUNTS.items():
            assert np.array_equal(getattr(counts, field), expected[name]), (seed, name)
        assert counts.distance_deg == pytest.approx(expected['total_DE'], rel=1e-9)
        if len(reference):
            macro, micro, of_classes = slow.joint_scores(expected)
            assert joint.macro_scores(counts)[:4] == pytest.approx(macro)
            assert joint.micro_scores(counts)[:4] == pytest.approx(micro)
            assert np.transpose(joint.class_scores(counts)[1:4]) == pytest.approx(np.array(of_classes))


def test_scenes_are_as_varied_as_they_should_be():
    scenes = [random_scene(np.random.default_rng(seed), kind) for kind, seed in SCENES]
    assert len(scenes) == 300
    most = [[np.bincount(side[:, 0], minlength=1).max() for side in scene] for scene in scenes]
    assert sum(min(pair) >= 3 for pair in most) > 50  # three and more at once on both sides
    overlaps_itself = [len(np.unique(reference[:, :2], axis=0)) < len(reference) for reference, _ in scenes]
    assert sum(overlaps_itself) > 100


@pytest.mark.parametrize('n, m', [(n, m) for n in range(1, 5) for m in range(1, 5)])
def test_assign_is_scipys_assignment(n, m):
    rng = np.random.default_rng([n, m])
    cost = rng.random((200, n, m))
    found = np.stack(doa.assign(cost), axis=1)
    for pairs, problem in zip(found, cost):
        expected = scipy.optimize.linear_sum_assignment(problem)
        np.testing.assert_array_equal(pairs[:, pairs[0].argsort()], expected)


@pytest.mark.parametrize('n, m', [(1, 1), (1, 2), (2, 1), (1, 4), (4, 1), (2, 2), (2, 3), (3, 2), (2, 4)])
def test_assign_resolves_ties_as_scipy_does(n, m):
    every = np.array(np.meshgrid(*[[0, 1, 2]] * (n * m))).reshape(n * m, -1).T.reshape(-1, n, m).astype(float)
    assert len(every) == 3 ** (n * m)
    found = np.stack(doa.assign(every), axis=1)
    for pairs, problem in zip(found, every):
        expected = scipy.optimize.linear_sum_assignment(problem)
        np.testing.assert_array_equal(pairs[:, pairs[0].argsort()], expected)


@pytest.mark.parametrize('n, m', [(2, 3), (2, 5), (3, 2), (3, 3)])
def test_assign_finds_the_least_total_with_ties(n, m):
    cost = np.random.default_rng(0).integers(0, 4, (500, n, m)).astype(float)
    chosen, columns = doa.assign(cost)
    totals = cost[np.arange(500)[:, None], chosen, columns].sum(axis=1)
    expected = [problem[scipy.optimize.linear_sum_assignment(problem)].sum() for problem in cost]
    np.testing.assert_array_equal(totals, expected)
    assert all(len(set(row)) == min(n, m) for row in columns.tolist())


# --------------------------------------------------------------------------------------------------------
# Against another package
# --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('seed', range(5))
def test_error_rate_and_f_score_equal_sed_evals(seed):
    """With no event in the last frame of a segment, sed_eval's segment-based overall scores (1 s)."""
    sed_eval = pytest.importorskip('sed_eval')
    rng = np.random.default_rng(seed)
    labels = [str(index) for index in range(11)]

    def events():
        """Whole frames, each event within the first 49 frames of one segment: (class, first, last frame)."""
        first = rng.integers(0, 60, 80) * 50 + rng.integers(0, 20, 80)
        return [(index, start, start + length) for index, start, length in
                zip(rng.integers(0, 11, 80), first, rng.integers(0, 29, 80))]

    def as_rows(listed):
        return rows(*((frame, index, 0, 0) for index, start, end in listed
                      for frame in range(start, end + 1)))

    def as_list(listed):
        return [{'event_label': labels[index], 'event_onset': start / 50, 'event_offset': (end + 1) / 50,
                 'file': 'a', 'scene_label': 'b'} for index, start, end in listed]

    reference, prediction = events(), events()
    prediction[:40] = reference[:40]
    other = sed_eval.sound_event.SegmentBasedMetrics(event_label_list=labels, time_resolution=1.0)
    other.evaluate(as_list(reference), as_list(prediction))
    counts = sed.count(as_rows(reference), as_rows(prediction), **SIZES).total()
    assert sed.error_rate(counts) == pytest.approx(other.overall_error_rate()['error_rate'], rel=1e-9)
    assert sed.f_score(counts) == pytest.approx(other.overall_f_measure()['f_measure'], rel=1e-9)
    assert 0 < sed.f_score(counts) < 1


# --------------------------------------------------------------------------------------------------------
# Properties
# --------------------------------------------------------------------------------------------------------

some_rows = st.lists(
    st.tuples(st.integers(0, 22), st.integers(0, 2), st.integers(-400, 400), st.integers(-90, 90)),
    max_size=40).map(lambda listed: rows(*listed))


@given(some_rows, some_rows)
@settings(deadline=None, derandomize=True)
def test_scores_stay_in_their_ranges(reference, prediction):
    scores = scores_2019(reference, prediction, SMALL)
    seen = reference[reference[:, 0] % 5 < 4]  # all but the last frames of segments
    assert scores.ER >= 0 or (math.isnan(scores.ER) and not len(seen))
    assert 0 <= scores.F <= 1
    assert 0 <= scores.DOA <= 180 or not len(prediction)
    assert 0 <= scores.FR <= 1
    counts = joint_total(reference, prediction, SMALL)
    for of_joint in (joint.macro_scores(counts), joint.micro_scores(counts)):
        assert of_joint.ER >= 0
        assert 0 <= of_joint.F <= 1
        assert 0 <= of_joint.LE <= 180
        assert 0 <= of_joint.LR <= 1


def test_identical_sides_score_perfectly():
    events = rows(*((frame, index, 40 * index, 10 * index) for frame in range(23) for index in range(3)))
    scores = scores_2019(events, events, SMALL)
    assert scores == pytest.approx((0, 1, 0, 1, 0), abs=1e-5)
    counts = joint_total(events, events, SMALL)
    assert joint.macro_scores(counts) == pytest.approx((0, 1, 0, 1, 0), abs=1e-5)
    assert joint.micro_scores(counts) == pytest.approx((0, 1, 0, 1, 0), abs=1e-5)


def test_empty_sides():
    nothing, something = rows(), rows((3, 0, 0, 0))
    nan, inf = math.nan, math.inf
    assert scores_2019(nothing, nothing, SMALL) == pytest.approx((nan, 0, nan, 1, nan), nan_ok=True)
    assert scores_2019(something, nothing, SMALL) == pytest.approx((1, 0, nan, 22 / 23, nan), nan_ok=True)
    assert scores_2019(nothing, something, SMALL) == pytest.approx((inf, 0, 0, 22 / 23, inf))
    assert joint.micro_scores(joint_total(nothing, nothing, SMALL))[:4] == (0, 0, 180, 0)
    assert joint.micro_scores(joint_total(something, nothing, SMALL))[:4] == pytest.approx((1, 0, 180, 0))
    # The guard against division by zero makes the error rate without references astronomically large.
    without_references = joint.micro_scores(joint_total(nothing, something, SMALL))
    assert without_references[:4] == pytest.approx((2.0 ** 52, 0, 180, 0))


def counts_of(scenes):
    """The three stacked records of scenes counted together."""
    nb_frames, number = SMALL['nb_frames'], {'nb_recordings': len(scenes)}
    references, predictions = (
        np.concatenate([scene[side] + (place * nb_frames, 0, 0, 0) for place, scene in enumerate(scenes)])
        for side in (0, 1))
    return (sed.count(references, predictions, **SMALL, **number),
            doa.count(frame_directions(references), frame_directions(predictions), nb_frames=nb_frames,
                      **number),
            joint.count(references, predictions, **SMALL, **number))


def test_recordings_counted_together_are_counted_apart():
    scenes = [random_scene(np.random.default_rng(seed), 'anywhere') for seed in range(20)]
    together = counts_of(scenes)
    apart = [type(records[0]).concatenate(records)
             for records in zip(*(counts_of([scene]) for scene in scenes))]
    for records, others in zip(together, apart):
        assert len(records) == len(others) == 20
        for mine, theirs in zip(records.values(), others.values()):
            np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-9)


def test_scores_of_many_records_are_those_of_each():
    of_sed, of_doa, of_joint = counts_of([random_scene(np.random.default_rng(seed), 'anywhere')
                                          for seed in range(20)])
    for together, apart in [
            (seld.scores(of_sed, of_doa), [seld.scores(*pair) for pair in zip(of_sed, of_doa)]),
            (joint.micro_scores(of_joint), map(joint.micro_scores, of_joint)),
            (joint.macro_scores(of_joint), map(joint.macro_scores, of_joint)),
            (joint.class_scores(of_joint), map(joint.class_scores, of_joint)),
            ((sed.class_f_scores(of_sed),), [(sed.class_f_scores(counts),) for counts in of_sed]),
            ((sed.class_error_rates(of_sed),), [(sed.class_error_rates(counts),) for counts in of_sed])]:
        for scores, expected in zip(together, zip(*apart), strict=True):
            assert len(scores) == 20
            np.testing.assert_allclose(scores, expected, rtol=1e-12)


def test_one_recording_is_counted_unless_there_are_said_to_be_more():
    events = rows((0, 0, 0, 0), (22, 2, 10, 0))
    assert [len(records) for records in (
        sed.count(events, events, **SMALL), joint.count(events, events, **SMALL),
        doa.count(frame_directions(events), frame_directions(events), nb_frames=23))] == [1, 1, 1]


def test_order_of_recordings_and_of_frames_does_not_matter():
    rng = np.random.default_rng(0)
    scenes = [random_scene(rng, 'anywhere') for _ in range(10)]
    mixed = [(reference[np.argsort(rng.permutation(23)[reference[:, 0]], kind='stable')], prediction)
             for reference, prediction in scenes][::-1]
    for records, others in zip(counts_of(scenes), counts_of(mixed)):
        for mine, theirs in zip(records.total().values(), others.total().values()):
            np.testing.assert_allclose(mine, theirs, rtol=1e-12)


def test_records_add():
    counts = counts_of([random_scene(np.random.default_rng(seed), 'anywhere') for seed in range(5)])[0]
    rest = counts.total() - counts[0]
    for value, expected in zip((counts[0] + rest).values(), counts.total().values()):
        np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(rest.reference, counts[1:].total().reference)
    assert len(counts[[1, 3]]) == 2


def test_nothing_is_changed_in_place():
    reference, prediction = random_scene(np.random.default_rng(3), 'anywhere')
    copies = reference.copy(), prediction.copy()
    scores_2019(reference, prediction, SMALL)
    joint_total(reference, prediction, SMALL)
    np.testing.assert_array_equal(reference, copies[0])
    np.testing.assert_array_equal(prediction, copies[1])


# --------------------------------------------------------------------------------------------------------
# Quirks
# --------------------------------------------------------------------------------------------------------


def test_quirk_last_frame_of_a_block_is_not_seen():
    seen, unseen = rows((48, 0, 0, 0)), rows((49, 0, 0, 0))
    assert sed.count(seen, seen, **SIZES).reference.sum() == 1
    assert sed.count(unseen, unseen, **SIZES).reference.sum() == 0
    activity = np.zeros((100, 1), bool)
    activity[49] = activity[99] = True
    assert not sed.segment_activity(activity, 50).any()
    assert joint.count(unseen, unseen, **SIZES).reference.sum() == 1  # the joint scores see it


def test_quirk_doa_error_is_divided_by_all_predictions():
    reference = frame_directions(rows((0, 0, 0, 0)))
    found = frame_directions(rows((0, 0, 20, 0)))
    false_alarm = frame_directions(rows((0, 0, 20, 0), (1, 0, 100, 0)))
    assert doa.doa_error(doa.count(reference, found, nb_frames=50), if_none=0) == pytest.approx(20)
    assert doa.doa_error(doa.count(reference, false_alarm, nb_frames=50), if_none=0) == pytest.approx(10)


def test_quirk_f_score_has_eps_in_each_division():
    counts = sed.SedCounts(*np.zeros((3, 1), int), *np.zeros(3, int))
    assert sed.f_score(counts) == 0  # not NaN


def test_quirk_joint_tracks_that_never_meet_count_as_predicted_misses():
    counts = joint_total(rows((0, 0, 0, 0)), rows((1, 0, 0, 0), (1, 0, 5, 0), (1, 0, 9, 0)))
    assert counts.misses[0] == 3
    assert counts.false_positives[0] == 0
    assert counts.reference[0] == 1


# --------------------------------------------------------------------------------------------------------
# Jackknife
# --------------------------------------------------------------------------------------------------------


def test_jackknife_of_a_mean_is_the_t_interval():
    values = np.array([3.0, 5.0, 4.0, 9.0, 1.0])
    without = (values.sum() - values) / 4
    expected = scipy.stats.t.interval(0.95, 4, values.mean(), scipy.stats.sem(values))
    assert jackknife.interval(values.mean(), without) == pytest.approx(expected)


def test_two_recordings_are_enough_for_an_interval():
    expected = scipy.stats.t.interval(0.9, 1, 0.4, scipy.stats.sem([0.5, 0.3]))
    assert jackknife.interval(0.4, np.array([0.3, 0.5]), confidence=0.9) == pytest.approx(expected)


def test_an_interval_is_cut_to_the_limits_of_its_score():
    values = np.array([0.1, 0.9, 0.8])
    low, high = jackknife.interval(values.mean(), (values.sum() - values) / 2)
    assert low < 0 and high > 1
    assert jackknife.interval(values.mean(), (values.sum() - values) / 2, limits=(0, 1)) == (0, 1)


@pytest.mark.parametrize('values', [(0.3, -0.1), (-0.3, 0.1), (0.3, 0.2, -0.1, 0.4), (-2, -3, -2.5, -2, -2)])
def test_p_value_of_a_mean_is_the_t_tests(values):
    values = np.array(values)
    found = jackknife.p_value(values.mean(), (values.sum() - values) / (len(values) - 1))
    assert found == pytest.approx(scipy.stats.ttest_1samp(values, 0).pvalue)


def test_p_value_of_a_difference_that_no_recording_changes():
    assert jackknife.p_value(0.0, np.zeros(5)) == 1
    assert jackknife.p_value(0.25, np.full(5, 0.25)) == 0
    assert math.isnan(jackknife.p_value(0.25, np.array([0.25])))
    assert math.isnan(jackknife.p_value(np.nan, np.zeros(5)))


def test_jackknife_equals_leaving_out_one_by_one():
    scenes = [random_scene(np.random.default_rng(seed), 'anywhere') for seed in range(100, 112)]
    counts = counts_of(scenes)[2]
    t = scipy.stats.t.ppf(0.975, len(scenes) - 1)
    for scores in (joint.macro_scores, joint.micro_scores):
        totals, others = scores(counts.total()), scores(jackknife.leave_one_out(counts))
        for name, total, without in zip(totals._fields, totals, others):
            expected = slow.jackknife(list(range(len(scenes))),
                                      lambda kept, name=name, scores=scores: float(
                                          getattr(scores(counts[kept].total()), name)), t)
            assert jackknife.interval(total, without) == pytest.approx(expected, rel=1e-9)
            assert expected[0] < expected[1]


def test_jackknife_is_undefined_for_one_recording_and_for_undefined_scores():
    assert np.isnan(jackknife.interval(0.5, np.array([0.5]))).all()
    assert np.isnan(jackknife.interval(0.5, np.array([0.5, np.inf, 0.4]))).all()
    assert np.isnan(jackknife.interval(np.nan, np.array([0.5, 0.3, 0.4]))).all()
