"""The picture of F against the threshold, of few classes and of many."""

from types import SimpleNamespace

import numpy as np
import pytest
from pictures import FEW_AND_MANY, what_cannot_be_read, with_classes

from seldnet.annotations.dataset import TAU2019
from seldnet.plots.style import class_styles, short_name
from seldnet.plots.thresholds import plot_thresholds


@pytest.mark.parametrize('classes', [TAU2019.classes, *FEW_AND_MANY.values()],
                         ids=['tau2019', *FEW_AND_MANY])
def test_every_class_is_named_in_its_look_and_can_be_read(classes):
    thresholds, dataset = np.arange(1, 100) / 100, with_classes(*classes)
    of_classes = np.linspace(0.1, 0.9, len(classes)) * (1 - thresholds[:, np.newaxis])
    curves = SimpleNamespace(thresholds=thresholds, of_all=of_classes.mean(axis=1), of_classes=of_classes)
    figure = plot_thresholds(curves, dataset, usual=0.5)
    legend, = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == [*map(short_name, classes), 'all', 'best of all', 'in use']
    looks = class_styles(dataset).values()
    assert [(line.get_color(), line.get_marker()) for line in legend.get_lines()[:len(classes)]] == [*looks]
    axes, = figure.axes
    assert not axes.spines['top'].get_visible()  # the style of all pictures
    assert axes.get_window_extent().width > 5 * figure.dpi
    assert what_cannot_be_read(figure) == []
