"""The pictures of analyse_errors.py: confusions, DOA errors by direction, errors since the onset."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from misc_files.matching import Matches, Quartiles, confusion, quartiles
from seldnet.annotations.directions import DirectionGrid
from seldnet.plots.style import (
    ACCENT,
    AZIMUTH_TICKS_DEG,
    house_style,
    line_style,
    short_name,
    text_width_in,
    write_sentence,
)

_NO_PAIRS = 'Nothing was predicted in the frames of the reference: there is no DOA error.'


def short_count(count: int) -> str:
    """A count that fits into a cell: 950, 12k, 3M."""
    for unit, name in ((1_000_000, 'M'), (10_000, 'k')):
        if count >= unit:
            return f'{count / (1000 if name == "k" else unit):.0f}{name}'
    return str(count)


# ------------------------------------------------------------------------------------------------------------
# Classes
# ------------------------------------------------------------------------------------------------------------

_CELL_IN = 0.42


@house_style()
def plot_confusion(matches: Matches) -> Figure:
    """A matrix of true and predicted classes, in percent of a true class's frames, and in frames."""
    counts = confusion(matches)
    totals = counts.sum(axis=1, keepdims=True)
    percent = 100 * np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    classes = [short_name(name) for name in matches.dataset.classes]
    rows = [f'{name}  ({total * matches.dataset.hop_length_s:.0f} s)'
            for name, total in zip([*classes, 'false alarms'], totals[:, 0])]
    columns = [*classes, 'missed']
    names_in = text_width_in(rows, 8), text_width_in(columns, 8)
    size_in = max(4.0, _CELL_IN * len(counts))
    figure = Figure(figsize=(size_in + names_in[0] + 0.6, size_in + names_in[1] + 1.3), layout='constrained')
    axes = figure.subplots()
    axes.imshow(percent, cmap='Blues', vmin=0, vmax=100)
    for row, column in np.argwhere(counts > 0):
        colour = 'white' if percent[row, column] > 60 else 'black'
        axes.text(column, row - 0.14, f'{percent[row, column]:.0f}', ha='center', va='center', color=colour)
        axes.text(column, row + 0.26, short_count(counts[row, column]), ha='center', va='center',
                  fontsize=5.5, color=colour)
    axes.set_xticks(range(len(counts)), columns, rotation=90)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position('top')
    axes.set_yticks(range(len(counts)), rows)
    axes.grid(visible=False)
    for draw_line in (axes.axhline, axes.axvline):
        draw_line(matches.nothing - 0.5, color='black', linewidth=1)
    axes.set_xlabel('predicted class')
    axes.set_ylabel('true class (its length)')
    figure.suptitle('What each class is taken for')
    figure.text(0.5, 0, 'large: percent of the true class\'s frames, small: frames', ha='center', va='bottom',
                fontsize=8, transform=figure.transSubfigure)
    figure.get_layout_engine().set(rect=(0, 0.2 / figure.get_figheight(), 1,
                                         1 - 0.2 / figure.get_figheight()))
    if not (matches.predicted_class != matches.nothing).any() and not len(matches.false_alarms):
        write_sentence(axes, 'Nothing was predicted.')
    return figure


# ------------------------------------------------------------------------------------------------------------
# Directions
# ------------------------------------------------------------------------------------------------------------


@house_style()
def plot_directions(matches: Matches) -> Figure:
    """DOA error of the pairs by azimuth, by elevation, and on the grid of both."""
    grid = matches.dataset.scoring_grid
    azimuths_deg, elevations_deg = grid.azimuths_deg, grid.elevations_deg
    azimuth, elevation = _nearest_on_grid(matches.azimuth_deg, matches.elevation_deg, grid)
    figure = Figure(figsize=(13, 7.5), layout='constrained')
    axes = figure.subplot_mosaic([['azimuth', 'elevation'], ['map', 'map']], width_ratios=[2, 1])
    by_azimuth = quartiles(matches.distance_deg, azimuth, len(azimuths_deg))
    by_elevation = quartiles(matches.distance_deg, elevation, len(elevations_deg))
    _draw_quartiles(axes['azimuth'], azimuths_deg, by_azimuth)
    _draw_quartiles(axes['elevation'], elevations_deg, by_elevation)
    axes['azimuth'].set_xticks(list(AZIMUTH_TICKS_DEG), AZIMUTH_TICKS_DEG.values())
    axes['azimuth'].set_xlim(180, -180)  # left is left, as seen from the array
    axes['azimuth'].set_xlabel('true azimuth (°)')
    axes['azimuth'].set_ylabel('DOA error (°)')
    axes['elevation'].set_xticks(elevations_deg[::max(1, len(elevations_deg) // 9)])
    axes['elevation'].set_xlabel('true elevation (°)')
    axes['elevation'].sharey(axes['azimuth'])
    axes['azimuth'].set_ylim(0, _top_deg([*by_azimuth.high, *by_elevation.high]))
    if np.isfinite(matches.distance_deg).any():
        axes['azimuth'].legend(ncols=2)
    else:
        write_sentence(axes['azimuth'], _NO_PAIRS)

    image = _draw_map(axes['map'], matches, azimuth * len(elevations_deg) + elevation, grid)
    figure.colorbar(image, ax=axes['map'], label='median DOA error (°)', pad=0.01, extend='max')
    figure.suptitle('DOA error by direction')
    return figure


_MOST_CELLS = 36 * 12  # with numbers: more are too small for them


def _draw_map(axes: Axes, matches: Matches, cell: np.ndarray, grid: DirectionGrid) -> QuadMesh:
    """The median of the pairs in each cell of the grid and, in its cell, the number of frames."""
    shape = len(grid.azimuths_deg), len(grid.elevations_deg)
    medians = quartiles(matches.distance_deg, cell, grid.nb_directions).median
    edges = [np.array((*points_deg, points_deg[-1] + grid.step_deg)) - grid.step_deg / 2
             for points_deg in (grid.azimuths_deg, grid.elevations_deg)]
    # A few frames of one bad event shall not make all others look alike.
    most = np.quantile(medians[np.isfinite(medians)], 0.98) if np.isfinite(medians).any() else 180
    image = axes.pcolormesh(*edges, medians.reshape(shape).T, cmap='YlOrRd', vmin=0, vmax=max(most, 1),
                            rasterized=True)
    frames = np.bincount(cell[np.isfinite(matches.distance_deg)], minlength=grid.nb_directions)
    for place in np.flatnonzero(frames) if grid.nb_directions <= _MOST_CELLS else ():
        column, row = np.unravel_index(place, shape)
        axes.text(grid.azimuths_deg[column], grid.elevations_deg[row], short_count(frames[place]), fontsize=6,
                  ha='center', va='center', color='white' if medians[place] > 0.7 * most else 'black')
    axes.set_xticks(range(120, -181, -60))
    axes.set_yticks(grid.elevations_deg[::max(1, len(grid.elevations_deg) // 9)])
    axes.invert_xaxis()
    axes.grid(visible=False)
    axes.set_xlabel('true azimuth (°)')
    axes.set_ylabel('true elevation (°)')
    axes.set_title('Colour: median of each direction' + ', number: frames in pairs' * (
        grid.nb_directions <= _MOST_CELLS))
    return image


def _nearest_on_grid(azimuth_deg: np.ndarray, elevation_deg: np.ndarray,
                     grid: DirectionGrid) -> tuple[np.ndarray, np.ndarray]:
    """The nearest places among the grid's azimuths, which go round, and among its elevations."""
    azimuth, elevation = (np.round((angle_deg - points_deg[0]) / grid.step_deg).astype(int)
                          for angle_deg, points_deg in ((azimuth_deg, grid.azimuths_deg),
                                                        (elevation_deg, grid.elevations_deg)))
    return azimuth % len(grid.azimuths_deg), np.clip(elevation, 0, len(grid.elevations_deg) - 1)


# ------------------------------------------------------------------------------------------------------------
# Onsets
# ------------------------------------------------------------------------------------------------------------

BIN_FRAMES = 5  # 0.1 s
_LEAST_SHARE = 0.05  # the time axis ends when fewer events than that still sound


@house_style()
def plot_onsets(matches: Matches) -> Figure:
    """Share of the events that are found, and their DOA error, by the time since they began."""
    bins = matches.since_onset // BIN_FRAMES
    frames = np.bincount(bins)
    nb_bins = int(np.flatnonzero(frames >= _LEAST_SHARE * frames.max())[-1]) + 1
    frame_s = matches.dataset.hop_length_s
    time_s = (np.arange(nb_bins) + 0.5) * BIN_FRAMES * frame_s
    found = {
        'paired with a prediction': matches.predicted_class != matches.nothing,
        'paired, and of the right class': matches.predicted_class == matches.class_index,
    }
    figure = Figure(figsize=(8, 7.5), layout='constrained')
    shares, distances, sounding = figure.subplots(3, 1, sharex=True, height_ratios=[3, 3, 1.3])
    for place, (name, chosen) in enumerate(found.items()):
        share = np.bincount(bins[chosen], minlength=len(frames)) / np.maximum(frames, 1)
        shares.plot(time_s, 100 * share[:nb_bins], label=name, clip_on=False, **line_style(place))
    shares.set_ylim(0, 100)
    shares.set_ylabel('frames found (%)')
    of_distance = quartiles(matches.distance_deg, bins, nb_bins)
    _draw_quartiles(distances, time_s, of_distance)
    distances.set_ylim(0, _top_deg(of_distance.high))
    distances.set_ylabel('DOA error (°)')
    shares.legend(loc='best')
    if np.isfinite(matches.distance_deg).any():
        distances.legend(loc='best')
    else:
        write_sentence(distances, _NO_PAIRS)
    onsets = np.bincount(bins[matches.since_onset % BIN_FRAMES == 0], minlength=nb_bins)[:nb_bins]
    sounding.bar(time_s, onsets, BIN_FRAMES * frame_s, color='0.6', edgecolor='white', linewidth=0.5)
    sounding.yaxis.get_major_locator().set_params(integer=True)
    sounding.set_ylabel('events\nsounding')
    sounding.set_xlabel('time since the event began (s)')
    sounding.set_xlim(0, nb_bins * BIN_FRAMES * frame_s)
    figure.suptitle('Errors by the time since an event began')
    return figure


PICTURES: dict[str, Callable[[Matches], Figure]] = {
    'confusion': plot_confusion, 'directions': plot_directions, 'onsets': plot_onsets}


def _draw_quartiles(axes: Axes, x: Sequence[float], values: Quartiles) -> None:
    axes.fill_between(x, values.low, values.high, color=ACCENT, alpha=0.25, linewidth=0,
                      label='interquartile range')
    # Of a bin that stands alone nothing would be filled.
    axes.vlines(x, values.low, values.high, color=ACCENT, alpha=0.6, linewidth=1)
    axes.plot(x, values.median, '-s', color=ACCENT, label='median')


def _top_deg(values_deg: Sequence[float]) -> float:
    """End of an axis of DOA errors: none is above 180 degrees."""
    return min(180.0, 1.25 * max([1.0, *(value for value in values_deg if np.isfinite(value))]))
