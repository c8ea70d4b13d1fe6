"""F against the threshold."""

from typing import Protocol

import numpy as np
from matplotlib.figure import Figure

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.plots.style import GREY, class_styles, house_style, short_name, text_width_in

_LEGEND_SIZE = 8  # points


class CurvesOfF(Protocol):
    """What is drawn: arrays (thresholds,), (thresholds,) and (thresholds, classes)."""

    thresholds: np.ndarray
    of_all: np.ndarray
    of_classes: np.ndarray


@house_style()
def plot_thresholds(curves: CurvesOfF, dataset: Dataset = TAU2019, usual: float | None = None) -> Figure:
    """Draw F of all classes and of each.

    Parameters
    ----------
    curves : CurvesOfF
        As of `seldnet.scoring.thresholds.f_by_threshold`.
    dataset : Dataset
        Its classes.
    usual : float, optional
        The threshold that is used otherwise, marked by a line.

    Returns
    -------
    Figure
    """
    nb_columns = -(-dataset.nb_classes // 25)
    names = [short_name(name) for name in dataset.classes]
    legend_in = nb_columns * (0.6 + text_width_in([*names, 'best of all'], _LEGEND_SIZE))
    figure = Figure(figsize=(6.5 + legend_in, 5), layout='constrained')
    axes = figure.subplots()
    lines = [axes.plot(curves.thresholds, 100 * column, color=style.colour, marker=style.marker, markevery=10,
                       linewidth=1)[0]
             for column, style in zip(curves.of_classes.T, class_styles(dataset).values())]
    lines += axes.plot(curves.thresholds, 100 * curves.of_all, color='black', linewidth=2.5)
    best = int(np.nanargmax(curves.of_all))
    lines += axes.plot(curves.thresholds[best], 100 * curves.of_all[best], 'o', color='black', markersize=9,
                       markerfacecolor='none')
    names += ['all', 'best of all']
    if usual is not None:
        lines.append(axes.axvline(usual, color=GREY, linestyle='--', linewidth=1))
        names.append('in use')
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 101)
    axes.set_xlabel('threshold')
    axes.set_ylabel('F, validation recordings (%)')
    # With the names: of lines alone, matplotlib leaves out those that begin with an underscore.
    figure.legend(lines, names, loc='outside right upper', fontsize=_LEGEND_SIZE, ncols=nb_columns)
    return figure
