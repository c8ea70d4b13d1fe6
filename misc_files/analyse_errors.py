"""Show what a model gets wrong: which class it takes for which, where its directions are off, and when.

    python misc_files/analyse_errors.py                                   # the predictions of task 1
    python misc_files/analyse_errors.py results/4_foa_dev data/metadata_dev --output errors/
    python misc_files/analyse_errors.py --task demo --format pdf --allow-missing

In each frame references and predictions are paired, whatever their classes, so that the sum of the distances
is least, as in 2019. A pair's DOA error is its distance; what stays alone is missed, or a false alarm.
A table is printed, and three pictures are written:

confusion   for each class what it is taken for, and how often it is missed; what false alarms are taken for
directions  DOA error of the pairs by true azimuth, by true elevation, and on a map of both
onsets      share of the events that are found, and their DOA error, by the time since the event began
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from metrics import doa
from misc_files import plotting
from parameter import add_task_option, params_given
from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.dataset_file import find_dataset
from seldnet.annotations.directions import DirectionGrid
from seldnet.annotations.output_format import predictions_folder, read_output_rows
from seldnet.common.errors import InputError
from seldnet.common.scripts import exit_with_one_line, script_parser
from seldnet.extraction.audio import frames_of_recordings
from seldnet.plots.style import AZIMUTH_TICKS_DEG
from seldnet.scoring.counting import frame_directions, string_together
from seldnet.scoring.recordings import (
    find_recordings,
    read_reference_rows,
    read_since_onset,
    recording_frames,
)

# ------------------------------------------------------------------------------------------------------------
# References and predictions, paired
# ------------------------------------------------------------------------------------------------------------


class Matches(NamedTuple):
    """What became of each frame of each reference event, and the predictions that are left over.

    Arrays of shape (reference frames,), and the false alarms of shape (false alarms,).
    """

    dataset: Dataset
    class_index: np.ndarray  # of the reference
    azimuth_deg: np.ndarray
    elevation_deg: np.ndarray
    since_onset: np.ndarray  # frames
    predicted_class: np.ndarray  # `nothing` where the reference was missed
    distance_deg: np.ndarray  # NaN where it was missed
    false_alarms: np.ndarray  # classes of the predictions that were not paired

    @property
    def nothing(self) -> int:
        """Stands for the class where a reference or a prediction stays alone."""
        return self.dataset.nb_classes


def match(references: Sequence[np.ndarray], since_onset: Sequence[np.ndarray],
          predictions: Sequence[np.ndarray], *, dataset: Dataset = TAU2019,
          nb_frames: Sequence[int] | None = None) -> Matches:
    """Pair the events of recordings, frame by frame.

    Parameters
    ----------
    references, predictions : sequences of arrays, shape (rows, 4)
        For each recording the rows (frame, class, azimuth, elevation); frames beyond the recording are
        ignored.
    since_onset : sequence of int arrays, shape (rows,)
        For each reference row the frames since its event began.
    dataset : Dataset
    nb_frames : sequence of int, optional
        Of each recording; by default those of the data set.
    """
    reference, reference_places = _in_order(references, dataset, nb_frames)
    prediction, _ = _in_order(predictions, dataset, nb_frames)
    pairs = doa.pair(frame_directions(reference), frame_directions(prediction))
    predicted_class = np.full(len(reference), dataset.nb_classes)
    predicted_class[pairs.reference] = prediction[pairs.prediction, 1]
    distance_deg = np.full(len(reference), np.nan)
    distance_deg[pairs.reference] = pairs.distance_deg
    false_alarms = np.delete(prediction[:, 1], pairs.prediction)
    class_index, azimuth_deg, elevation_deg = reference[:, 1:].T
    return Matches(dataset, class_index.astype(int), azimuth_deg, elevation_deg,
                   np.concatenate(since_onset)[reference_places], predicted_class, distance_deg, false_alarms)


def _in_order(recordings: Sequence[np.ndarray], dataset: Dataset,
              nb_frames: Sequence[int] | None) -> tuple[np.ndarray, np.ndarray]:
    """The rows of all recordings with running frame numbers, ascending, and their places in the input."""
    rows, places = string_together(recordings, dataset=dataset, nb_frames=nb_frames)
    order = np.argsort(rows[:, 0], kind='stable')
    return rows[order], places[order]


# ------------------------------------------------------------------------------------------------------------
# Numbers
# ------------------------------------------------------------------------------------------------------------


def confusion(matches: Matches) -> np.ndarray:
    """Frames of each reference class (or none: false alarms) that were taken for each class (or missed).

    Returns
    -------
    int array, shape (classes + 1, classes + 1)
        Rows: the true class, the last are false alarms; columns: the predicted class, the last is missed.
    """
    from sklearn.metrics import confusion_matrix  # a second that --help need not wait for

    true_class = np.append(matches.class_index, np.full(len(matches.false_alarms), matches.nothing))
    predicted_class = np.append(matches.predicted_class, matches.false_alarms)
    return confusion_matrix(true_class, predicted_class, labels=np.arange(matches.nothing + 1))


class Quartiles(NamedTuple):
    """Of the values in each bin, NaN where a bin is empty."""

    low: np.ndarray
    median: np.ndarray
    high: np.ndarray


def quartiles(values: np.ndarray, bins: np.ndarray, nb_bins: int) -> Quartiles:
    """Quartiles of the values of each bin 0..nb_bins - 1; NaN among the values is passed over."""
    known = np.isfinite(values) & (bins >= 0) & (bins < nb_bins)
    order = np.argsort(bins[known], kind='stable')
    borders = np.searchsorted(bins[known][order], np.arange(1, nb_bins))
    parts = np.split(values[known][order], borders)
    return Quartiles(*np.transpose([np.quantile(part, (0.25, 0.5, 0.75)) if len(part) else [np.nan] * 3
                                    for part in parts]))


def format_table(matches: Matches) -> str:
    """A row a class: what became of it."""
    counts = confusion(matches)
    nothing, classes, frame_s = matches.nothing, matches.dataset.classes, matches.dataset.hop_length_s
    by_class = quartiles(matches.distance_deg, matches.class_index, len(classes))
    width = max(12, *(len(name) + 2 for name in classes))
    head = (f'{"class":{width}}{"seconds":>9}{"right":>8}{"missed":>8}   {"most taken for":{width + 10}}'
            f'{"DOA error":>9}')
    lines = [head, '-' * len(head)]
    for index, name in enumerate(classes):
        total = counts[index].sum()
        if not total:
            lines += [f'{name:{width}}{0:9.1f}']
            continue
        taken_for = counts[index, :nothing]
        others = np.where(np.arange(nothing) == index, 0, taken_for)
        other = f'{classes[others.argmax()]} {others.max() / total:.1%}' if others.any() else '-'
        error = f'{by_class.median[index]:.1f}°' if taken_for.any() else '-'
        lines += [f'{name:{width}}{total * frame_s:9.1f}{counts[index, index] / total:8.1%}'
                  f'{counts[index, nothing] / total:8.1%}   {other:{width + 10}}{error:>9}']
    return '\n'.join([*lines, '', f'false alarms: {len(matches.false_alarms) * frame_s:.1f} s',
                      'DOA error: median over the pairs, whatever their classes'])


# ------------------------------------------------------------------------------------------------------------
# Pictures
# ------------------------------------------------------------------------------------------------------------

COLOUR = '#2a80aa'


def plot_confusion(matches: Matches) -> Figure:
    """A matrix of true and predicted classes, in percent of a true class's frames."""
    counts = confusion(matches)
    totals = counts.sum(axis=1, keepdims=True)
    percent = 100 * np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    size = max(7.2, 0.45 * len(counts))
    figure, axes = plt.subplots(figsize=(size + 0.8, size), layout='constrained')
    axes.imshow(percent, cmap='Blues', vmin=0, vmax=100)
    for row, column in np.argwhere(percent >= 0.5):
        axes.text(column, row, f'{percent[row, column]:.0f}', ha='center', va='center',
                  fontsize=9 if len(counts) < 25 else 7,
                  color='white' if percent[row, column] > 60 else 'black')
    classes = matches.dataset.classes
    axes.set_xticks(range(len(counts)), [*classes, 'missed'], rotation=45 if len(counts) < 25 else 90,
                    ha='left' if len(counts) < 25 else 'center')
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position('top')
    names = [*classes, 'false alarms']
    axes.set_yticks(range(len(counts)), [f'{name}  ({total * matches.dataset.hop_length_s:.0f} s)'
                                         for name, total in zip(names, totals[:, 0])])
    for draw_line in (axes.axhline, axes.axvline):
        draw_line(matches.nothing - 0.5, color='black', linewidth=1)
    axes.set_xlabel('predicted class')
    axes.set_ylabel('true class (its length)')
    figure.suptitle('What each class is taken for: percent of its frames', fontweight='bold')
    return figure


def plot_directions(matches: Matches) -> Figure:
    """DOA error of the pairs by azimuth, by elevation, and on the grid of both."""
    grid = matches.dataset.scoring_grid
    azimuths_deg, elevations_deg = grid.azimuths_deg, grid.elevations_deg
    azimuth, elevation = _nearest_on_grid(matches.azimuth_deg, matches.elevation_deg, grid)
    figure, axes = plt.subplot_mosaic([['azimuth', 'elevation'], ['map', 'map']], figsize=(10, 7),
                                      width_ratios=[2, 1], layout='constrained')
    by_azimuth = quartiles(matches.distance_deg, azimuth, len(azimuths_deg))
    by_elevation = quartiles(matches.distance_deg, elevation, len(elevations_deg))
    _draw_quartiles(axes['azimuth'], azimuths_deg, by_azimuth)
    _draw_quartiles(axes['elevation'], elevations_deg, by_elevation)
    axes['azimuth'].set_xticks(list(AZIMUTH_TICKS_DEG), AZIMUTH_TICKS_DEG.values())
    axes['azimuth'].set_xlim(185, -185)  # left is left, as seen from the array
    axes['azimuth'].set_xlabel('true azimuth (°)')
    axes['azimuth'].set_ylabel('DOA error (°)')
    axes['azimuth'].legend(frameon=False, ncols=2)
    axes['elevation'].set_xticks(elevations_deg[::2])
    axes['elevation'].set_xlabel('true elevation (°)')
    axes['elevation'].sharey(axes['azimuth'])
    axes['azimuth'].set_ylim(0, 1.25 * np.nanmax([*by_azimuth.high, *by_elevation.high, 1]))

    cell = azimuth * len(elevations_deg) + elevation
    medians = quartiles(matches.distance_deg, cell, grid.nb_directions).median
    edges = [np.array((*points_deg, points_deg[-1] + grid.step_deg)) - grid.step_deg / 2
             for points_deg in (azimuths_deg, elevations_deg)]
    # A few frames of one bad event shall not make all others look alike.
    most = np.quantile(medians[np.isfinite(medians)], 0.98) if np.isfinite(medians).any() else 1
    image = axes['map'].pcolormesh(*edges, medians.reshape(len(azimuths_deg), -1).T, cmap='YlOrRd', vmin=0,
                                   vmax=most, rasterized=True)
    axes['map'].set_xticks([120, 60, 0, -60, -120, -180])
    axes['map'].set_yticks(elevations_deg)
    axes['map'].invert_xaxis()
    axes['map'].set_xlabel('true azimuth (°)')
    axes['map'].set_ylabel('true elevation (°)')
    figure.colorbar(image, ax=axes['map'], label='median DOA error (°)', pad=0.01, extend='max')
    figure.suptitle('DOA error by direction', fontweight='bold')
    return figure


BIN_FRAMES = 5  # 0.1 s
_LEAST_SHARE = 0.05  # the time axis ends when fewer events than that still sound


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
    figure, (shares, distances, sounding) = plt.subplots(3, 1, sharex=True, figsize=(8, 7.5),
                                                         height_ratios=[3, 3, 1.3], layout='constrained')
    for (name, chosen), style, colour in zip(found.items(), ('--o', '-s'), ('#d49500', COLOUR)):
        share = np.bincount(bins[chosen], minlength=len(frames)) / np.maximum(frames, 1)
        shares.plot(time_s, 100 * share[:nb_bins], style, markersize=4, color=colour, label=name)
    shares.set_ylim(0, 105)
    shares.set_ylabel('frames found (%)')
    _draw_quartiles(distances, time_s, quartiles(matches.distance_deg, bins, nb_bins))
    distances.set_ylim(0, None)
    distances.set_ylabel('DOA error (°)')
    for panel in (shares, distances):
        panel.legend(frameon=False, loc='best')
    onsets = np.bincount(bins[matches.since_onset % BIN_FRAMES == 0], minlength=nb_bins)[:nb_bins]
    sounding.bar(time_s, onsets, BIN_FRAMES * frame_s, color='0.7')
    sounding.set_ylabel('events\nsounding')
    sounding.set_xlabel('time since the event began (s)')
    sounding.set_xlim(0, nb_bins * BIN_FRAMES * frame_s)
    for panel in (shares, distances, sounding):
        panel.grid(alpha=0.35)
        panel.set_axisbelow(True)
    figure.suptitle('Errors by the time since an event began', fontweight='bold')
    return figure


PICTURES = {'confusion': plot_confusion, 'directions': plot_directions, 'onsets': plot_onsets}


def _nearest_on_grid(azimuth_deg: np.ndarray, elevation_deg: np.ndarray,
                     grid: DirectionGrid) -> tuple[np.ndarray, np.ndarray]:
    """The nearest places among the grid's azimuths, which go round, and among its elevations."""
    azimuth, elevation = (np.round((angle_deg - points_deg[0]) / grid.step_deg).astype(int)
                          for angle_deg, points_deg in ((azimuth_deg, grid.azimuths_deg),
                                                        (elevation_deg, grid.elevations_deg)))
    return azimuth % len(grid.azimuths_deg), np.clip(elevation, 0, len(grid.elevations_deg) - 1)


def _draw_quartiles(axes: Axes, x: Sequence[float], values: Quartiles) -> None:
    axes.fill_between(x, values.low, values.high, color=COLOUR, alpha=0.25, linewidth=0, label='middle half')
    axes.plot(x, values.median, '-s', markersize=4, color=COLOUR, label='median')
    axes.grid(alpha=0.35)


# ------------------------------------------------------------------------------------------------------------
# Command line
# ------------------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None, *, dataset: Dataset | None = None) -> int:
    args = _parse_arguments(argv)
    params = params_given(args, args.task, predictions=args.predictions)
    dataset = dataset or find_dataset(args.references and args.references.parent, params['dataset_dir'])
    predictions = args.predictions or predictions_folder(params['dcase_dir'], args.task, params['dataset'],
                                                         params['mode'])
    references = args.references or dataset.description_folder(params['dataset_dir'], params['mode'])

    names, left_out = find_recordings(predictions, references, allow_missing=args.allow_missing)
    described = [references / f'{name}.csv' for name in names]
    reference_rows = [read_reference_rows(path, dataset=dataset) for path in described]
    prediction_rows = [read_output_rows(predictions / f'{name}.csv', dataset=dataset) for name in names]
    nb_frames = recording_frames(names, reference_rows, prediction_rows,
                                 frames_of_recordings(references, dataset), dataset=dataset)
    matches = match(reference_rows, [read_since_onset(path, dataset=dataset) for path in described],
                    prediction_rows, dataset=dataset, nb_frames=nb_frames)
    if not len(matches.class_index):
        raise InputError(f'{references}: no events in the descriptions of {len(names)} recordings')
    plotting.choose_backend(args.show)
    print(f'{len(names)} recordings of {predictions}'
          + (f', {left_out} references have no prediction and are left out' if left_out else '')
          + f'\n\n{format_table(matches)}\n')
    figures = {name: plot(matches) for name, plot in PICTURES.items()}
    plotting.save_or_show(figures, args, predictions / 'errors')
    return 0


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('predictions', nargs='?', type=Path, help="folder of predictions [the task's]")
    parser.add_argument('references', nargs='?', type=Path, help="folder of descriptions [the task's]")
    parser.add_argument('--output', type=Path, metavar='DIR',
                        help='folder for the pictures [errors/ in the folder of predictions]')
    plotting.add_picture_options(parser)
    parser.add_argument('--allow-missing', action='store_true',
                        help='leave out the recordings that have no prediction')
    add_task_option(parser, ('dataset', 'mode', 'dataset_dir', 'dcase_dir'))
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
