"""What all pictures share: one style, the look of each class, the legend, and how a picture becomes a file.

A class has the same colour and the same marker in every picture. Each of the eleven colours has a contrast of
2.6:1 with white paper or more, and they were chosen to be far from each other for normal sight and, at once,
for simulated protanopia, deuteranopia and tritanopia (Machado et al. 2009; distances in OKLab). Where colours
fail, as in print without them, the markers distinguish the classes; those of similar shape (a square and a
diamond) have colours of clearly different grey.

The rooms' pictures are `matplotlib.figure.Figure` objects, made without pyplot: drawing takes no display,
chooses no backend and leaves nothing behind in the process.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.common.errors import InputError
from seldnet.common.files import atomic_path, create_folder

FORMATS = ('png', 'pdf', 'svg')
DPI = 150
AZIMUTH_TICKS_DEG = {180: '180 back', 90: '90 left', 0: '0 front', -90: '−90 right', -180: '−180 back'}

ACCENT = '#0078b4'  # of what stands alone in a picture
GREY = '0.45'  # of what is only for orientation

_HOUSE_STYLE = {
    'font.size': 9, 'axes.titlesize': 9.5, 'axes.labelsize': 9, 'xtick.labelsize': 8, 'ytick.labelsize': 8,
    'legend.fontsize': 8.5, 'figure.titlesize': 11, 'figure.titleweight': 'bold',
    'axes.grid': True, 'grid.color': '0.87', 'grid.linewidth': 0.6, 'axes.axisbelow': True,
    'axes.edgecolor': '0.35', 'axes.linewidth': 0.7, 'axes.spines.top': False, 'axes.spines.right': False,
    'legend.frameon': False, 'lines.linewidth': 1.4, 'lines.markersize': 4,
    'text.parse_math': False,  # a class may have dollars in its name
    # Text stays text in SVG and PDF: it can be searched, and edited for a paper.
    'svg.fonttype': 'none', 'pdf.fonttype': 42,
}


@contextlib.contextmanager
def house_style() -> Iterator[None]:
    """Around the making of a figure, or as a decorator of a function that makes one: how all pictures look.

    Yields
    ------
    None
        The settings of matplotlib are as before when it ends.
    """
    with matplotlib.rc_context(_HOUSE_STYLE):
        yield


# ------------------------------------------------------------------------------------------------------------
# Text
# ------------------------------------------------------------------------------------------------------------

_LONGEST_NAME = 40


def short_name(name: str) -> str:
    """A name that does not take the picture: of a long one the beginning and the end.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        At most 40 letters. The middle goes, because names in a row often differ at their ends.

    Examples
    --------
    >>> short_name('speech'), short_name('a very long name of a class ' * 2 + '17')
    ('speech', 'a very long name of…g name of a class 17')
    """
    if len(name) <= _LONGEST_NAME:
        return name
    half = _LONGEST_NAME // 2
    return f'{name[:half - 1].rstrip()}…{name[-half:].lstrip()}'


def text_width_in(texts: Sequence[str], size: float) -> float:
    """Width of the widest of some texts, inches.

    Parameters
    ----------
    texts : sequence of str
    size : float
        Of the letters, points.

    Returns
    -------
    float
    """
    font = FontProperties(size=size)
    return max((text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72
                for text in texts if text), default=0.0)


def write_sentence(axes: Axes, sentence: str) -> Text:
    """Write into the middle of a panel why there is nothing in it.

    Parameters
    ----------
    axes : Axes
    sentence : str

    Returns
    -------
    Text
    """
    return axes.text(0.5, 0.5, sentence, transform=axes.transAxes, ha='center', va='center', zorder=5,
                     bbox={'facecolor': 'white', 'edgecolor': 'none', 'pad': 3})


# ------------------------------------------------------------------------------------------------------------
# Classes
# ------------------------------------------------------------------------------------------------------------


class Style(NamedTuple):
    """How a class looks.

    Attributes
    ----------
    colour : str
        '#rrggbb'.
    marker : str
        Of matplotlib.
    """

    colour: str
    marker: str


_STYLES = (
    Style('#003c4b', 'o'),  # knock, of TAU 2019
    Style('#875a00', 's'),  # drawer
    Style('#ff6900', '^'),  # clearthroat
    Style('#0000e1', 'v'),  # phone
    Style('#a596e1', 'D'),  # keysDrop
    Style('#c32d78', 'P'),  # speech
    Style('#690000', 'X'),  # keyboard
    Style('#d22dff', '<'),  # pageturn
    Style('#690096', '>'),  # cough
    Style('#00b487', 'h'),  # doorslam
    Style('#0078b4', '*'),  # laughter
)


def class_styles(dataset: Dataset = TAU2019) -> dict[str, Style]:
    """The look of each class.

    Parameters
    ----------
    dataset : Dataset
        With any number of classes.

    Returns
    -------
    dict of Style
        By class name, in the order of the classes. From the twelfth class on, colours come again with other
        markers; up to 121 classes no two look the same, and neighbours never share a colour or a marker.
    """
    return styles(dataset.classes)


def styles(names: Sequence[str]) -> dict[str, Style]:
    """The look of any things that have names: as `class_styles`.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    dict of Style
        In the order of the names.
    """
    turn = len(_STYLES)
    return {name: Style(_STYLES[place % turn].colour, _STYLES[(place + place // turn) % turn].marker)
            for place, name in enumerate(names)}


_LINES = ('-', '--', '-.', ':', (0, (5, 1, 1, 1, 1, 1)))
_HATCHES = ('', '////', '....', 'xxxx', '----')
_MARKERS = 'o^sPDvX<>h*'
_ORDER = (10, 2, 0, 5, 9, 1, 8, 6, 7, 3, 4)  # of the colours, so that the first few differ in grey as well


def line_style(place: int) -> dict[str, Any]:
    """The look of a curve among others: colour, line and marker.

    Parameters
    ----------
    place : int
        Of the curve, from 0.

    Returns
    -------
    dict
        Arguments of `Axes.plot`. Neighbours differ in all three.
    """
    return {'color': _STYLES[_ORDER[place % len(_ORDER)]].colour,
            'marker': _MARKERS[place % len(_MARKERS)], 'linestyle': _LINES[place % len(_LINES)],
            'markersize': 4}


def bar_style(place: int) -> dict[str, Any]:
    """The look of the bars of a group among others: colour and hatching.

    Parameters
    ----------
    place : int
        Of the group, from 0.

    Returns
    -------
    dict
        Arguments of `Axes.bar`.
    """
    return {'color': _STYLES[_ORDER[place % len(_ORDER)]].colour, 'hatch': _HATCHES[place % len(_HATCHES)],
            'edgecolor': 'white', 'linewidth': 0}


# ------------------------------------------------------------------------------------------------------------
# Legend of the classes
# ------------------------------------------------------------------------------------------------------------

_LEGEND_SIZE = 9  # points
_ROW_IN, _PADDING_IN = 0.2, 0.2


def class_legend(place: Figure | Axes, *, dataset: Dataset = TAU2019,
                 width_in: float | None = None) -> Legend:
    """Write the names of the classes with their colours and markers.

    Parameters
    ----------
    place : Figure or Axes
        Below all panels of a figure with matplotlib's constrained layout, or into a panel, which shows
        nothing else.
    dataset : Dataset
        Its classes.
    width_in : float, optional
        Of the place, inches; by default that of the figure.

    Returns
    -------
    Legend
    """
    handles = [Line2D([], [], color=style.colour, marker=style.marker, linewidth=3, markersize=7,
                      label=short_name(name), markeredgecolor='white', markeredgewidth=0.5)
               for name, style in class_styles(dataset).items()]
    if isinstance(place, Axes):
        place.set_axis_off()
        loc, figure = 'center', place.figure
    else:
        loc, figure = 'outside lower center', place
    width_in = width_in or figure.get_size_inches()[0]
    # The labels once more: of handles alone, matplotlib leaves out those that begin with an underscore.
    return place.legend(handles, [handle.get_label() for handle in handles], loc=loc, frameon=False,
                        fontsize=_LEGEND_SIZE, handlelength=1.8, columnspacing=1.2,
                        ncols=_legend_columns(width_in, dataset.classes))


def legend_height_in(width_in: float, dataset: Dataset = TAU2019) -> float:
    """Height that `class_legend` takes, inches.

    Parameters
    ----------
    width_in : float
        Of its place.
    dataset : Dataset

    Returns
    -------
    float
    """
    return _PADDING_IN + _ROW_IN * -(-dataset.nb_classes // _legend_columns(width_in, dataset.classes))


def _legend_columns(width_in: float, names: Sequence[str]) -> int:
    """As many as fit into the width, in rows about equally long."""
    widths_in = [0.55 + text_width_in([short_name(name)], _LEGEND_SIZE) for name in names]
    nb_columns = len(names)
    while nb_columns > 1 and _legend_width_in(widths_in, nb_columns) > width_in - 0.1:
        nb_columns -= 1
    nb_rows = -(-len(names) // nb_columns)
    return -(-len(names) // nb_rows)


def _legend_width_in(widths_in: Sequence[float], nb_columns: int) -> float:
    """Each column as wide as its widest entry; matplotlib fills column after column."""
    return sum(max(column) for column in np.array_split(widths_in, nb_columns))


# ------------------------------------------------------------------------------------------------------------
# Files
# ------------------------------------------------------------------------------------------------------------


def check_ending(path: str | Path) -> None:
    """Raise an InputError unless the path's ending is that of a kind of picture.

    Parameters
    ----------
    path : path
        Upper or lower case.

    Raises
    ------
    InputError
        With the endings that there are.
    """
    if Path(path).suffix.lower().removeprefix('.') not in FORMATS:
        raise InputError(f'{path}: expected a file name that ends in .{", .".join(FORMATS)}')


def save(figure: Figure, path: str | Path, *, dpi: int = DPI) -> None:
    """Write a picture, atomically.

    Parameters
    ----------
    figure : Figure
    path : path
        Its ending chooses the kind. The folder is made if it is missing.
    dpi : int
        Dots per inch of PNG, and of the spectrogram in the others.

    Raises
    ------
    InputError
        If the ending is not that of a kind of picture.
    """
    check_ending(path)
    create_folder(Path(path).parent)
    with house_style(), atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=dpi)
