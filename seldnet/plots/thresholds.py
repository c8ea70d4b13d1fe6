"""F against the threshold."""

from typing import Protocol

import numpy as np
from matplotlib.figure import Figure

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.plots.style import class_styles


class CurvesOfF(Protocol):
    """What is drawn: arrays (thresholds,), (thresholds,) and (thresholds, classes)."""

    thresholds: np.ndarray
    of_all: np.ndarray
    of_classes: np.ndarray


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
    figure = Figure(figsize=(8 + 1.6 * (nb_columns - 1), 5), layout='constrained')
    axes = figure.subplots()
    for column, (name, style) in zip(curves.of_classes.T, class_styles(dataset).items()):
        axes.plot(curves.thresholds, 100 * column, color=style.colour, marker=style.marker, markevery=10,
                  markersize=4, linewidth=1, label=name)
    axes.plot(curves.thresholds, 100 * curves.of_all, color='black', linewidth=2.5, label='all')
    best = int(np.nanargmax(curves.of_all))
    axes.plot(curves.thresholds[best], 100 * curves.of_all[best], 'o', color='black', markersize=9,
              markerfacecolor='none', label='best of all')
    if usual is not None:
        axes.axvline(usual, color='0.4', linestyle='--', linewidth=1, label='in use')
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 101)
    axes.set_xlabel('threshold')
    axes.set_ylabel('F, validation recordings (%)')
    axes.grid(alpha=0.35)
    figure.legend(*axes.get_legend_handles_labels(), loc='outside right upper', frameon=False, fontsize=8,
                  ncols=nb_columns)
    return figure
