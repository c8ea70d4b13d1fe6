"""Show how the events of a data set are distributed, from its descriptions: a table, and four pictures.

    python misc_files/check_dataset_distribution.py                        # the descriptions of task 1
    python misc_files/check_dataset_distribution.py data/metadata_eval     # another folder
    python misc_files/check_dataset_distribution.py DIR --write-toml       # propose a dataset.toml for DIR
    python misc_files/check_dataset_distribution.py --output pictures/ --format pdf

classes     number of examples, total length, and time with several events of the class at once, by split
azimuths    distribution of the azimuths by split and room
elevations  of the elevations
directions  of both together

Splits of a fair cross-validation look alike, and every class comes from everywhere.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from misc_files import plotting
from parameter import add_task_option, command_line, params_given
from seldnet.annotations.dataset import FORMATS, MODES, TAU2019, Dataset
from seldnet.annotations.dataset_file import FILE_NAME, find_dataset, unused_splits, write_dataset
from seldnet.annotations.descriptions import read_description
from seldnet.annotations.directions import DirectionGrid
from seldnet.common.errors import InputError, printable
from seldnet.common.files import list_entries
from seldnet.common.scripts import exit_with_one_line, next_command, script_parser
from seldnet.plots.style import ACCENT, bar_style, house_style, short_name, text_width_in

# ------------------------------------------------------------------------------------------------------------
# Events
# ------------------------------------------------------------------------------------------------------------

UNKNOWN = -1  # room or overlap of a recording whose name does not contain it


class Events(NamedTuple):
    """All events, one entry each in arrays of shape (events,)."""

    recording: np.ndarray  # place in the list of recordings
    split: np.ndarray
    room: np.ndarray  # or UNKNOWN, as in the evaluation set
    overlap: np.ndarray  # or UNKNOWN
    class_index: np.ndarray
    start_s: np.ndarray
    end_s: np.ndarray
    azimuth_deg: np.ndarray
    elevation_deg: np.ndarray
    distance_m: np.ndarray  # NaN where it is unknown

    def where(self, chosen: np.ndarray) -> 'Events':
        """The events of a mask."""
        return Events(*(column[chosen] for column in self))


def read_events(folder: Path, *, dataset: Dataset = TAU2019) -> Events:
    """All events of a folder of descriptions.

    Raises
    ------
    InputError
        If the folder is missing or holds no description, a name is not one of the data set, or a description
        cannot be read.
    """
    paths = list_entries(folder, '.csv')
    if not paths:
        what = 'no descriptions (*.csv) in this folder' if folder.is_dir() else 'no such folder'
        raise InputError(f'{folder}: {what}: name a folder of descriptions, or set --dataset_dir')
    rows = []
    for number, path in enumerate(paths):
        name = dataset.parse_name(path)
        room, overlap = (UNKNOWN if value is None else value for value in (name.room, name.overlap))
        rows += [(number, name.split, room, overlap, *event[:6])  # all but its source
                 for event in read_description(path, dataset=dataset)]
    if not rows:
        raise InputError(f'{folder}: {len(paths)} descriptions without any event')
    columns = np.array(rows, float).T
    whole = [column.astype(int) for column in columns[:5]]
    return Events(*whole, *columns[5:])


def count_by_class(events: Events, *, dataset: Dataset = TAU2019) -> np.ndarray:
    """Number of events of each class."""
    return np.bincount(events.class_index, minlength=dataset.nb_classes)


def length_by_class(events: Events, *, dataset: Dataset = TAU2019) -> np.ndarray:
    """Total length of the events of each class in seconds."""
    return np.bincount(events.class_index, events.end_s - events.start_s, dataset.nb_classes)


def overlap_by_class(events: Events, *, dataset: Dataset = TAU2019) -> np.ndarray:
    """Seconds in which two or more events of the class sound at once, for each class."""
    # All starts and ends in the order of time, a recording and class after the other. Where an event ends as
    # another starts the order does not matter: no time passes.
    group = np.tile(events.recording * dataset.nb_classes + events.class_index, 2)
    time_s = np.concatenate((events.start_s, events.end_s))
    step = np.repeat((1, -1), len(events.start_s))
    order = np.lexsort((time_s, group))
    sounding = np.cumsum(step[order])[:-1]  # back at 0 after each group
    several_s = np.where(sounding > 1, np.diff(time_s[order]), 0)
    return np.bincount(group[order][:-1] % dataset.nb_classes, several_s, dataset.nb_classes)


# What the table and the first picture show of each class: a function, and its decimals in the table.
CLASS_FIGURES = {
    'examples': (count_by_class, 0),
    'total length (s)': (length_by_class, 0),
    'same class at once (s)': (overlap_by_class, 1),
}


def class_table(events: Events, *, dataset: Dataset = TAU2019) -> dict[str, np.ndarray]:
    """For each of `CLASS_FIGURES` an array (splits, classes), splits ascending."""
    of_splits = [events.where(events.split == split) for split in np.unique(events.split)]
    return {title: np.array([by_class(of_split, dataset=dataset) for of_split in of_splits])
            for title, (by_class, _) in CLASS_FIGURES.items()}


# ------------------------------------------------------------------------------------------------------------
# Table
# ------------------------------------------------------------------------------------------------------------


def format_tables(events: Events, *, dataset: Dataset = TAU2019) -> str:
    """What the script prints."""
    splits = np.unique(events.split)
    columns = [*map(str, splits), 'all']
    table = class_table(events, dataset=dataset)
    width, name_width = 6 * len(columns), max(12, *(len(name) + 1 for name in dataset.classes))
    lines = [' ' * name_width + ''.join(f' | {title:^{width}}' for title in table).rstrip(),
             f'{"class, split":{name_width}}'
             + (' | ' + ''.join(f'{name:>6}' for name in columns)) * len(table)]
    lines += ['-' * len(lines[-1])]
    values = {title: np.vstack((of_splits, of_splits.sum(axis=0))) for title, of_splits in table.items()}
    for index, name in enumerate(dataset.classes):
        lines += [_table_row(f'{name:{name_width}}', [value[:, index] for value in values.values()])]
    lines += [_table_row(f'{"all":{name_width}}', [value.sum(axis=1) for value in values.values()]), '']

    lines += [f'{"":12}{"recordings":>12}{"events":>9}{"length (min)":>14}{"at 1 m":>9}{"further":>9}']
    groups = [('all', np.ones(len(events.split), bool))]
    for label in ('split', 'overlap', 'room'):
        values = getattr(events, label)
        groups += [(f'{label} {value}', values == value) for value in np.unique(values[values != UNKNOWN])]
    return '\n'.join(lines + [_group_row(name, events.where(chosen)) for name, chosen in groups])


def _table_row(name: str, blocks: Sequence[np.ndarray]) -> str:
    return name + ''.join(' | ' + ''.join(f'{value:6.{decimals}f}' for value in block)
                                  for block, (_, decimals) in zip(blocks, CLASS_FIGURES.values()))


def _group_row(name: str, events: Events) -> str:
    near = int((events.distance_m == 1).sum())
    far = int(np.isfinite(events.distance_m).sum()) - near
    return (f'{name:12}{len(np.unique(events.recording)):12}{len(events.split):9}'
            f'{(events.end_s - events.start_s).sum() / 60:14.1f}{near:9}{far:9}')


# ------------------------------------------------------------------------------------------------------------
# Pictures
# ------------------------------------------------------------------------------------------------------------


@house_style()
def plot_classes(events: Events, *, dataset: Dataset = TAU2019) -> Figure:
    """A panel for each of `CLASS_FIGURES`, a bar for each class and split."""
    table = class_table(events, dataset=dataset)
    splits = np.unique(events.split)
    names = [short_name(name) for name in dataset.classes]
    height = 0.8 / len(splits)
    row_in = max(0.25, 0.12 * len(splits))  # the numbers at the bars need it
    figure = Figure(figsize=(text_width_in(names, 8) + 3.5 * len(table), 1.8 + row_in * dataset.nb_classes),
                    layout='constrained')
    axes = figure.subplots(1, len(table), sharey=True)
    for panel, (title, values) in zip(axes, table.items()):
        for place, (split, of_classes) in enumerate(zip(splits, values)):
            middle = np.arange(dataset.nb_classes) - 0.4 + (place + 0.5) * height
            bars = panel.barh(middle, of_classes, height,
                              label=f'split {split}', **bar_style(place))
            panel.bar_label(bars, [f'{value:.{CLASS_FIGURES[title][1]}f}' if value else ''
                                   for value in of_classes], fontsize=6, padding=2)
        panel.set_xlabel(title)
        panel.set_xlim(0, 1.18 * values.max() or 1)
        panel.grid(visible=False, axis='y')
    axes[0].set_yticks(range(dataset.nb_classes), names)
    axes[0].set_ylim(dataset.nb_classes - 0.5, -0.5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc='outside lower center', ncols=min(8, len(splits)))
    figure.suptitle('Classes')
    return figure


@house_style()
def plot_azimuths(events: Events, *, dataset: Dataset = TAU2019) -> Figure:
    """A histogram of the azimuths for each split and room."""
    figure, panels = _split_room_panels(events, 'Azimuths of the events', 'azimuth (°)', 'events')
    edges = _azimuth_edges(dataset.scoring_grid)
    for panel, chosen in panels:
        counts, _ = np.histogram(_wrapped(chosen.azimuth_deg, edges), edges)
        panel.stairs(counts, edges, fill=True, color=ACCENT)
        panel.set_xticks(_AZIMUTH_TICKS_DEG)
        panel.yaxis.get_major_locator().set_params(integer=True)
        panel.set_xlim(edges[-1], edges[0])  # left is left, as seen from the array
    return figure


@house_style()
def plot_elevations(events: Events, *, dataset: Dataset = TAU2019) -> Figure:
    """A histogram of the elevations for each split and room."""
    figure, panels = _split_room_panels(events, 'Elevations of the events', 'elevation (°)', 'events')
    edges = _elevation_edges(events, dataset.scoring_grid)
    for panel, chosen in panels:
        panel.stairs(np.histogram(chosen.elevation_deg, edges)[0], edges, fill=True, color=ACCENT)
        panel.set_xticks(range(-80, 81, 40))
        panel.yaxis.get_major_locator().set_params(integer=True)
        panel.set_xlim(edges[0], edges[-1])
    return figure


@house_style()
def plot_directions(events: Events, *, dataset: Dataset = TAU2019) -> Figure:
    """A map of the directions for each split and room, one colour bar for all."""
    figure, panels = _split_room_panels(events, 'Directions of the events', 'azimuth (°)', 'elevation (°)')
    edges = _azimuth_edges(dataset.scoring_grid), _elevation_edges(events, dataset.scoring_grid)
    maps = [np.histogram2d(_wrapped(chosen.azimuth_deg, edges[0]), chosen.elevation_deg, edges)[0]
            for _, chosen in panels]
    most = max(counts.max() for counts in maps)
    for (panel, _), counts in zip(panels, maps):
        image = panel.pcolormesh(*edges, counts.T, cmap='Blues', vmin=0, vmax=most, rasterized=True)
        panel.set_xticks(_AZIMUTH_TICKS_DEG)
        panel.set_xlim(edges[0][-1], edges[0][0])
        panel.set_yticks(range(-80, 81, 20))
        panel.set_ylim(edges[1][0], edges[1][-1])
        panel.grid(False)
    bar = figure.colorbar(image, ax=[panel for panel, _ in panels], label='events of a direction', pad=0.01)
    bar.locator = MaxNLocator(integer=True)
    return figure


PICTURES = {'classes': plot_classes, 'azimuths': plot_azimuths, 'elevations': plot_elevations,
            'directions': plot_directions}


_AZIMUTH_TICKS_DEG = (120, 60, 0, -60, -120)


def _split_room_panels(events: Events, title: str, xlabel: str,
                       ylabel: str) -> tuple[Figure, list[tuple[Axes, Events]]]:
    """A figure with a row of panels for each split, a column for each room; the panels with their events."""
    splits, rooms = np.unique(events.split), np.unique(events.room)
    figure = Figure(figsize=(2 + 2.1 * max(3, len(rooms)), 1.2 + 1.5 * max(2, len(splits))),
                    layout='constrained')
    axes = figure.subplots(len(splits), len(rooms), sharex=True, sharey=True, squeeze=False)
    figure.suptitle(title)
    figure.supxlabel(xlabel, fontsize='medium')
    figure.supylabel(ylabel, fontsize='medium')
    panels = []
    for row, split in zip(axes, splits):
        for panel, room in zip(row, rooms):
            chosen = events.where((events.split == split) & (events.room == room))
            where = f'split {split}' + ('' if room == UNKNOWN else f', room {room}')
            nb_events = len(chosen.split)
            panel.set_title(f'{where}: {nb_events} event{"s" * (nb_events != 1)}', fontsize=8)
            panel.grid(visible=False, axis='x')
            panels.append((panel, chosen))
    return figure, panels


def _wrapped(azimuth_deg: np.ndarray, edges_deg: np.ndarray) -> np.ndarray:
    """Azimuths within the full turn that starts at the first edge: 180 is -180."""
    return (azimuth_deg - edges_deg[0]) % 360 + edges_deg[0]


def _azimuth_edges(grid: DirectionGrid) -> np.ndarray:
    """Half a step of the grid to both sides of each azimuth."""
    return np.array((*grid.azimuths_deg, grid.azimuths_deg[-1] + grid.step_deg)) - grid.step_deg / 2


def _elevation_edges(events: Events, grid: DirectionGrid) -> np.ndarray:
    """Of the grid, or further where the descriptions have more."""
    step_deg = grid.step_deg
    highest = np.ceil(np.abs(events.elevation_deg).max() / step_deg) * step_deg
    highest = max(grid.elevations_deg[-1], highest)
    return np.arange(-highest, highest + step_deg + 1, step_deg) - step_deg / 2


# ------------------------------------------------------------------------------------------------------------
# Command line
# ------------------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None, *, dataset: Dataset | None = None) -> int:
    args = _parse_arguments(argv)
    params = params_given(args, args.task)
    dataset_dir = _dataset_dir(args.metadata, params)
    if args.write_toml:
        return write_proposal(dataset_dir)
    dataset = dataset or find_dataset(dataset_dir)
    folder = (args.metadata if args.metadata and args.metadata != dataset_dir
              else dataset.description_folder(dataset_dir, params['mode']))
    events = read_events(folder, dataset=dataset)
    plotting.choose_backend(args.show)
    print(f'{folder}\n\n{format_tables(events, dataset=dataset)}\n')
    names = [path.name for path in list_entries(folder, '.csv')]
    for split, number in unused_splits(names, dataset, params['mode']).items():
        print(f'note: split {split} ({number} recordings) is in no fold of mode {params["mode"]}\n')
    figures = {name: plot(events, dataset=dataset) for name, plot in PICTURES.items()}
    plotting.save_or_show(figures, args, Path(params['dcase_dir']) / 'distribution')
    there = [audio_format for audio_format in FORMATS
             if dataset.audio_folder(dataset_dir, audio_format, params['mode']).is_dir()]
    if there:
        task = '2' if args.task == '1' and 'foa' not in there else args.task
        print(next_command('python', 'batch_feature_extraction.py', *([task] if task != '1' else []),
                           *(['--dataset_dir', dataset_dir] if args.metadata
                             else command_line(args, ('dataset_dir',)))))
    return 0


def _dataset_dir(given: Path | None, params: Mapping[str, Any]) -> Path:
    """The folder of the data set: the one given or the one around it, else the task's."""
    if given is None:
        return Path(params['dataset_dir'])
    holds_descriptions = any(TAU2019.description_folder(given, mode).is_dir() for mode in MODES)
    if holds_descriptions or (given / FILE_NAME).exists():
        return given
    return given / '..' if given.name in ('', '..') else given.parent  # the parent of . would be . itself


def write_proposal(folder: Path) -> int:
    """Write a `dataset.toml` for what lies in a folder, and print what to look at. Returns the exit status.

    Raises
    ------
    InputError
        If there is one already, or as `propose_dataset`.
    """
    from misc_files.dataset_proposal import propose_dataset

    target = folder / FILE_NAME
    if target.exists() or target.is_symlink():
        raise InputError(f'{target}: exists already; change it, or remove it for a new proposal')
    proposal = propose_dataset(folder)
    write_dataset(target, proposal.dataset, with_folds=False)
    print(f'written: {printable(target)}', *(f'  {note}' for note in proposal.notes),
          next_command('python', 'batch_feature_extraction.py', '--dataset_dir', folder,
                       title='Read it, and change what is not so. What the keys mean: '
                             'docs/YOUR_OWN_DATA.md. Then'), sep='\n')
    return 0


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('metadata', nargs='?', type=Path, metavar='DIR',
                        help="folder of descriptions, or of a data set [the task's]")
    parser.add_argument('--write-toml', '--write_toml', action='store_true',
                        help='propose a dataset.toml for the data that lie in DIR, and write it there')
    parser.add_argument('--output', type=Path, metavar='DIR',
                        help='folder for the pictures [distribution/ in the folder of results]')
    plotting.add_picture_options(parser)
    add_task_option(parser, ('mode', 'dataset_dir', 'dcase_dir'))
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
