"""F of all thresholds at once: against the scores of each threshold alone."""

import numpy as np
import pytest
from pictures import with_classes

from metrics import sed
from seldnet.annotations.dataset import TAU2019
from seldnet.plots.thresholds import plot_thresholds
from seldnet.scoring.thresholds import f_by_threshold


@pytest.fixture
def recordings():
    rng = np.random.default_rng(4)
    lengths = (120, 50, 33, 1)
    references = [np.repeat(rng.random((-(-length // 10), 11)) < 0.2, 10, axis=0)[:length]
                  for length in lengths]
    activities = [np.clip(0.6 * reference + rng.normal(0.2, 0.2, reference.shape), 0, 1)
                  for reference in references]
    return activities, references


def f_of(active, references):
    """By the counts of the scorer, recording by recording."""
    totals = np.zeros(3)
    for frames, reference in zip(active, references):
        rows = [np.column_stack((*np.nonzero(array), *np.zeros((2, array.sum()), int)))
                for array in (reference, frames)]
        counts = sed.count(*rows, nb_frames=len(frames), nb_recordings=1, nb_classes=11, segment_frames=50)
        totals += [counts.true_positives.sum(), counts.predicted.sum(), counts.reference.sum()]
    return 2 * totals[0] / (totals[1] + totals[2])


def test_each_threshold_has_the_f_that_the_scorer_gives_it(recordings):
    activities, references = recordings
    curves = f_by_threshold(activities, references, 50)
    for place in range(0, 99, 7):
        active = [activity > curves.thresholds[place] for activity in activities]
        assert curves.of_all[place] == pytest.approx(f_of(active, references))
    assert curves.best() == curves.thresholds[curves.of_all >= curves.of_all.max() - 1e-12].tolist()[
        int((curves.of_all >= curves.of_all.max() - 1e-12).sum()) // 2]


def test_a_class_by_itself(recordings):
    activities, references = recordings
    curves = f_by_threshold(activities, references, 50)
    for index in (0, 5):
        alone = f_by_threshold([activity[:, [index]] for activity in activities],
                               [reference[:, [index]] for reference in references], 50)
        np.testing.assert_array_equal(alone.of_all, curves.of_classes[:, index])


def test_a_class_that_is_nowhere_keeps_the_usual_threshold():
    curves = f_by_threshold([np.array([[0.7, 0.0]])], [np.array([[True, False]])], 50)
    assert np.isnan(curves.of_classes[:, 1]).all()
    assert curves.best_of_classes(0.4).tolist() == [pytest.approx(0.35), 0.4]


@pytest.mark.parametrize('nb_classes', [1, 11])
def test_the_picture_has_a_line_for_each_class_and_one_for_all(nb_classes, recordings):
    activities, references = ([array[:, :nb_classes] for array in arrays] for arrays in recordings)
    curves = f_by_threshold(activities, references, 50)
    figure = plot_thresholds(curves, with_classes(*TAU2019.classes[:nb_classes]), usual=0.5)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(labels) == nb_classes + 3 and labels[-3:] == ['all', 'best of all', 'in use']
    assert len(figure.axes[0].lines) == nb_classes + 3
