"""What the tools that draw share: their options, files and windows."""

import argparse
from collections.abc import Mapping
from pathlib import Path

import matplotlib
from matplotlib import pyplot as plt
from matplotlib.backends import BackendFilter, backend_registry
from matplotlib.figure import Figure

from seldnet.common.errors import InputError, printable
from seldnet.plots import style


def add_format_option(parser: argparse.ArgumentParser) -> None:
    """`--format`, the same in all scripts that draw."""
    parser.add_argument('--format', choices=style.FORMATS, default=style.FORMATS[0],
                        help='kind of picture where no file name says it [%(default)s]')


def add_picture_options(parser: argparse.ArgumentParser) -> None:
    """`--format` and `--show`."""
    add_format_option(parser)
    parser.add_argument('--show', action='store_true',
                        help='open a window; then files are written only with --output')


def save_or_show(figures: Mapping[str, Figure], args: argparse.Namespace, default_folder: Path) -> None:
    """Write figures by their names, or show them in windows, as the picture options say."""
    if args.output or not args.show:
        for name, figure in figures.items():
            path = (args.output or default_folder) / f'{name}.{args.format}'
            style.save(figure, path)
            print(f'written: {printable(path)}')
    if args.show:
        show(*figures.values())
    close(*figures.values())


def choose_backend(show: bool) -> None:
    """Draw for files only, which needs no display, or raise an InputError if there can be no windows."""
    if not show:
        matplotlib.use('Agg')
    elif plt.get_backend().lower() in backend_registry.list_builtin(BackendFilter.NON_INTERACTIVE):
        raise InputError(f'--show: matplotlib can open no window here (it has {plt.get_backend()} only): it '
                         'takes a display, and a toolkit like tkinter or PyQt6; --output writes a file')


def show(*figures: Figure) -> None:
    """Show figures, a window for each, until the user closes them."""
    for figure in figures:
        if figure.canvas.manager is None:  # pyplot has not made it, and takes it as it is from 3.11 on only
            plt.figure(FigureClass=lambda figure=figure, **_: figure)
    plt.show()
    close(*figures)


def close(*figures: Figure) -> None:
    """Let figures go, which pyplot would keep."""
    for figure in figures:
        plt.close(figure)
