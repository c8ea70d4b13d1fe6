"""What all pictures share: the look of each class, the legend, and how a picture becomes a file.

A class has the same colour and the same marker in every picture. The eleven colours were chosen to be far
from each other for normal sight and, at once, for simulated protanopia, deuteranopia and tritanopia (Machado
et al. 2009; distances in OKLab), and to be seen on white paper. Where colours fail, as in print without
them, the markers distinguish the classes.

The rooms' pictures are `matplotlib.figure.Figure` objects, made without pyplot: drawing takes no display,
chooses no backend and leaves nothing behind in the process.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.common.errors import InputError
from seldnet.common.files import atomic_path, create_folder

FORMATS = ('png', 'pdf', 'svg')
DPI = 150
AZIMUTH_TICKS_DEG = {180: '180 back', 90: '90 left', 0: '0 front', -90: '−90 right', -180: '−180 back'}


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
    Style('#262626', 'o'),  # knock, of TAU 2019
    Style('#954000', 's'),  # drawer
    Style('#d49500', '^'),  # clearthroat
    Style('#0000d4', 'v'),  # phone
    Style('#95ea15', 'D'),  # keysDrop
    Style('#ea156a', 'P'),  # speech
    Style('#2a80aa', 'X'),  # keyboard
    Style('#ffaaff', '<'),  # pageturn
    Style('#6a0080', '>'),  # cough
    Style('#55bfaa', 'h'),  # doorslam
    Style('#aa55ff', '*'),  # laughter
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


def class_legend(figure: Figure, *, dataset: Dataset = TAU2019) -> None:
    """Write the names of the classes with their colours and markers below all panels.

    Parameters
    ----------
    figure : Figure
        With matplotlib's constrained layout.
    dataset : Dataset
        Its classes.
    """
    handles = [Line2D([], [], color=style.colour, marker=style.marker, linewidth=3, markersize=7, label=name,
                      markeredgecolor='white', markeredgewidth=0.5)
               for name, style in class_styles(dataset).items()]
    figure.legend(handles=handles, loc='outside lower center', frameon=False, fontsize=9, handlelength=1.8,
                  columnspacing=1.2, ncols=_legend_columns(figure.get_size_inches()[0], dataset.classes))


def _legend_columns(width_in: float, names: Sequence[str]) -> int:
    """As many as fit into the width of the figure, in rows about equally long."""
    nb_columns = len(names)
    while nb_columns > 1 and _legend_width_in(names, nb_columns) > width_in:
        nb_columns -= 1
    nb_rows = -(-len(names) // nb_columns)
    return -(-len(names) // nb_rows)


def _legend_width_in(names: Sequence[str], nb_columns: int) -> float:
    """A line with its marker, and letters of 9 points; matplotlib fills column after column."""
    return sum(0.5 + 0.07 * max(map(len, column)) for column in np.array_split(names, nb_columns))


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
    # Text stays text in SVG and PDF: it can be searched, and edited for a paper.
    with matplotlib.rc_context({'svg.fonttype': 'none', 'pdf.fonttype': 42}), atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=dpi)
