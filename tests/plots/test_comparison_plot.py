"""The picture of several systems' scores, by matplotlib's objects and as a file."""

import math

import numpy as np
from matplotlib.colors import to_hex

from seldnet.plots.comparison import plot_comparison
from seldnet.plots.style import save, styles

SYSTEMS = {
    'mine': {'2019': {'ER': (0.5, 0.4, 0.6), 'F (%)': (80, 75, 85)}, 'joint macro': {'LE': (20, 15, 25)}},
    'yours': {'2019': {'ER': (0.3, math.nan, math.nan), 'F (%)': (math.inf, 1, 2)},
              'joint macro': {'LE': (math.nan, math.nan, math.nan)}},
}


def test_a_panel_a_score_and_a_point_with_its_interval_a_system(tmp_path):
    figure = plot_comparison(SYSTEMS, title='12 recordings')
    panels = {axes.get_title(): axes for axes in figure.axes if axes.axison}
    assert list(panels) == ['ER', 'F (%)', 'LE']
    assert figure.get_suptitle() == '12 recordings'

    def drawn(name):
        return [(to_hex(line.get_color()), np.asarray(line.get_ydata()).tolist())
                for line in panels[name].lines if len(line.get_ydata())]

    mine, yours = (look.colour for look in styles(tuple(SYSTEMS)).values())
    assert mine != yours
    assert drawn('ER') == [(mine, [0.4, 0.6]), (mine, [0.5]), (yours, [0.3])]  # no interval, no line
    assert drawn('F (%)') == [(mine, [75, 85]), (mine, [80])]  # what is not finite is not drawn
    assert drawn('LE') == [(mine, [15, 25]), (mine, [20])]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ['mine', 'yours']
    save(figure, tmp_path / 'scores.svg')
    assert (tmp_path / 'scores.svg').stat().st_size > 5_000
