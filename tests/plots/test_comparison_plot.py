"""The picture of several systems' scores, by matplotlib's objects and as a file."""

import math

import numpy as np
import pytest
from matplotlib.colors import to_hex
from pictures import what_cannot_be_read

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


@pytest.mark.parametrize('nb_systems', [1, 3, 12])
def test_it_is_in_the_style_of_all_pictures_and_can_be_read(nb_systems):
    names = ['_mine', 'results/$x^2$_foa_dev', *(f'system {number}' for number in range(10))][:nb_systems]
    scores = {'2019': dict.fromkeys(('ER', 'F (%)', 'DOA error (°)'), (0.5, 0.4, 0.6)),
              'joint macro': dict.fromkeys(('F20 (%)', 'LE (°)'), (20, 15, 25))}
    figure = plot_comparison(dict.fromkeys(names, scores), title='400 recordings of data/metadata_dev')
    assert [text.get_text() for text in figure.legends[0].get_texts()] == names
    assert not any(axes.spines[side].get_visible() for axes in figure.axes for side in ('top', 'right'))
    assert what_cannot_be_read(figure) == []
