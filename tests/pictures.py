"""What tests of pictures share: data sets of few and of many classes, and whether a picture can be read."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from seldnet.annotations.dataset import TAU2019, Dataset

LONG_NAMES = tuple(f'Musical instrument, door or water tap {number}' for number in range(50))
FEW_AND_MANY = {'one': ('Female speech, woman speaking',), 'fifty': LONG_NAMES,
                'odd': ('_hidden', 'a $x^2$ b', 'W' * 90, 'W' * 89 + 'X')}
# Of those whose pictures take long: quick tests of other pictures have fifty names too.
FIFTY_ONLY_IN_SLOW_TESTS = [
    pytest.param(names, marks=pytest.mark.slow if len(names) == 50 else (), id=name)
    for name, names in FEW_AND_MANY.items()]


def with_classes(*names: str) -> Dataset:
    return replace(TAU2019, classes=names)


def shown_texts(figure: Figure) -> list[Text]:
    """The texts that can be seen; those of ticks beyond the limits of an axis cannot."""
    hidden = {label for axes in all_axes(figure) for axis in (axes.xaxis, axes.yaxis)
              for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
              for label in (tick.label1, tick.label2)
              if not axes.axison or not axes.get_visible() or not axis.get_visible()
              or not min(axis.get_view_interval()) - 1e-9 <= tick.get_loc() <= max(
                  axis.get_view_interval()) + 1e-9}
    hidden |= {text for axes in all_axes(figure) if not axes.axison
               for text in (axes.xaxis.label, axes.yaxis.label)}
    return [text for text in figure.findobj(Text)
            if text.get_text() and text.get_visible() and text not in hidden]


def all_axes(figure: Figure) -> list[Axes]:
    return figure.findobj(Axes)


def what_cannot_be_read(figure: Figure) -> list[str]:
    """Texts that are cut by the picture's edge, and pairs of texts that overlap."""
    figure.draw_without_rendering()
    figure.draw_without_rendering()  # a layout settles with the second
    boxes = [(text, text.get_window_extent()) for text in shown_texts(figure)]
    page = figure.bbox.padded(1)
    cut = [f'{text.get_text()!r} is cut' for text, box in boxes if not within(box, page)]
    upright = [(text, box.padded(-1)) for text, box in boxes if not turned(text)]
    overlapping = [f'{upright[a][0].get_text()!r} overlaps {upright[b][0].get_text()!r}'
                   for a, b in overlaps(np.array([box.extents for _, box in upright]).reshape(-1, 4))]
    return cut + overlapping


def overlaps(extents: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of boxes (x0, y0, x1, y1) that overlap, as `Bbox.overlaps` has it, of thousands of boxes."""
    (x0, y0), (x1, y1) = (of(extents[:, :2], extents[:, 2:]).T for of in (np.minimum, np.maximum))
    both = (x0[:, None] <= x1) & (x0 <= x1[:, None]) & (y0[:, None] <= y1) & (y0 <= y1[:, None])
    return np.argwhere(np.triu(both, 1)).tolist()


def turned(text: Text) -> bool:
    """Boxes of oblique texts overlap though the texts do not."""
    return text.get_rotation() % 90 != 0


def within(box: Bbox, page: Bbox) -> bool:
    return page.x0 <= box.x0 and page.y0 <= box.y0 and box.x1 <= page.x1 and box.y1 <= page.y1
