"""What the pictures of misc_files share: the look of each class, the legend, and where a picture goes.

A class has the same colour and the same marker in every picture. The eleven colours were chosen to be far
from each other for normal sight and, at once, for simulated protanopia, deuteranopia and tritanopia (Machado
et al. 2009; distances in OKLab), and to be seen on white paper. Where colours fail, as in print without
them, the markers tell the classes apart.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib import pyplot as plt
from matplotlib.backends import BackendFilter, backend_registry
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from parameter import CLASSES, InputError, atomic_path


class Style(NamedTuple):
    """How a class looks."""

    colour: str
    marker: str


CLASS_STYLES = dict(zip(CLASSES, (
    Style('#262626', 'o'),  # knock
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
)))

FORMATS = ('png', 'pdf', 'svg')
DPI = 150
AZIMUTH_TICKS_DEG = {180: '180 back', 90: '90 left', 0: '0 front', -90: '−90 right', -180: '−180 back'}


def class_legend(figure: Figure) -> None:
    """The names of the classes with their colours and markers, below all panels."""
    handles = [Line2D([], [], color=style.colour, marker=style.marker, linewidth=3, markersize=7, label=name,
                      markeredgecolor='white', markeredgewidth=0.5)
               for name, style in CLASS_STYLES.items()]
    width_in = figure.get_size_inches()[0]
    figure.legend(handles=handles, loc='outside lower center', frameon=False, fontsize=9, handlelength=1.8,
                  columnspacing=1.2, ncols=len(handles) if width_in > 10 else -(-len(handles) // 2))


# ------------------------------------------------------------------------------------------------------------
# Files and windows
# ------------------------------------------------------------------------------------------------------------


def add_format_option(parser: argparse.ArgumentParser) -> None:
    """`--format`, the same in all scripts that draw."""
    parser.add_argument('--format', choices=FORMATS, default=FORMATS[0],
                        help='kind of picture where no file name says it [%(default)s]')


def add_picture_options(parser: argparse.ArgumentParser) -> None:
    """`--format` and `--show`."""
    add_format_option(parser)
    parser.add_argument('--show', action='store_true',
                        help='open a window; then files are written only with --output')


def choose_backend(show: bool) -> None:
    """Draw for windows, or for files only, which needs no display. To be called before anything is drawn."""
    if not show:
        matplotlib.use('Agg')
    elif plt.get_backend().lower() in backend_registry.list_builtin(BackendFilter.NON_INTERACTIVE):
        raise InputError(f'--show: matplotlib can open no window here (it has {plt.get_backend()} only): it '
                         'takes a display, and a toolkit like tkinter or PyQt6; --output writes a file')


def check_ending(path: Path) -> None:
    """InputError unless the path's ending is that of a kind of picture."""
    if path.suffix.lower().removeprefix('.') not in FORMATS:
        raise InputError(f'{path}: expected a file name that ends in .{", .".join(FORMATS)}')


def save(figure: Figure, path: str | Path) -> None:
    """Write a picture, atomically; its ending chooses the kind. The folder is made if it is missing."""
    path = Path(path)
    check_ending(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Text stays text in SVG and PDF: it can be searched, and edited for a paper.
    with matplotlib.rc_context({'svg.fonttype': 'none', 'pdf.fonttype': 42}), atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=DPI)


def save_or_show(figures: Mapping[str, Figure], args: argparse.Namespace, default_folder: Path) -> None:
    """Write figures by their names, or show them in windows, as the picture options say, and let them go."""
    if args.output or not args.show:
        for name, figure in figures.items():
            path = (args.output or default_folder) / f'{name}.{args.format}'
            save(figure, path)
            print(f'written: {path}')
    if args.show:
        plt.show()
    close(*figures.values())


def close(*figures: Figure) -> None:
    """Let figures go, which pyplot would keep."""
    for figure in figures:
        plt.close(figure)
