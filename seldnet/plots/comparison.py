"""The scores of several systems with their confidence intervals, one colour a system."""

import math
from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seldnet.plots.style import Style, house_style, styles

Scores = Mapping[str, tuple[float, float, float]]  # name of a score -> value, and the ends of its interval


@house_style()
def plot_comparison(systems: Mapping[str, Mapping[str, Scores]], *, title: str = '') -> Figure:
    """Draw a panel a score, with a point and an interval a system.

    Parameters
    ----------
    systems : mapping
        Name of each system to its families of scores (rows of panels), by their names, and these to the
        scores (columns of panels): value, low and high end. All systems have the same scores. Ends that are
        NaN are not drawn, nor are values that are not finite.
    title : str

    Returns
    -------
    Figure
    """
    families = next(iter(systems.values()))
    nb_columns = max(map(len, families.values()))
    looks = styles(tuple(systems))
    figure = Figure(figsize=(2.3 * nb_columns, 2.1 * len(families) + 0.6 + 0.22 * len(systems)),
                    layout='constrained')
    panels = figure.subplots(len(families), nb_columns, squeeze=False)
    for row, (family, scores) in zip(panels, families.items()):
        for axes, score in zip(row, scores):
            _draw(axes, {name: of_system[family][score] for name, of_system in systems.items()}, looks)
            axes.set_title(score)
        for axes in row[len(scores):]:
            axes.set_axis_off()
        row[0].set_ylabel(family)
    handles = [panels[0, 0].plot([], [], linestyle='', marker=look.marker, color=look.colour, label=name)[0]
               for name, look in looks.items()]
    # The names once more: of handles alone, matplotlib leaves out those that begin with an underscore.
    figure.legend(handles, list(looks), loc='outside lower left')
    if title:
        figure.suptitle(title)
    return figure


def _draw(axes: Axes, values: Mapping[str, tuple[float, float, float]], looks: Mapping[str, Style]) -> None:
    for place, (name, (value, low, high)) in enumerate(values.items()):
        if not math.isfinite(value):
            continue
        look = looks[name]
        if math.isfinite(low) and math.isfinite(high):
            axes.plot([place, place], [low, high], color=look.colour, solid_capstyle='butt')
        axes.plot(place, value, marker=look.marker, color=look.colour, markersize=6,
                  markeredgecolor='white', markeredgewidth=0.5)
    axes.set(xticks=[], xlim=(-0.6, len(values) - 0.4))
    axes.margins(y=0.15)
