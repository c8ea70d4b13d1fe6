"""Draw what a model found in recordings: spectrogram, active classes, azimuths and elevations over time.

    python misc_files/visualize_SELD_output.py results/4_foa_dev/split1_ir0_ov1_1.csv --task 4
    python misc_files/visualize_SELD_output.py results/4_foa_dev --output pictures/        # all of a folder
    python misc_files/visualize_SELD_output.py PREDICTION.csv --output picture.pdf --seconds 10 20
    python misc_files/visualize_SELD_output.py PREDICTION.csv --references events/ --audio recordings/ --show

Left is the reference and right the prediction; without a reference there is one column, without audio no
spectrogram. References and audio are files of the prediction's name, by default in the folders of the task.
Pictures go beside the predictions unless --output says otherwise. Markers stand at onsets, in pictures of up
to three minutes.
"""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from cls_feature_class import SUFFIXES, description_dict, read_description
from evaluation_metrics import description_file_to_output_format, read_output_rows
from misc_files import plotting
from parameter import (
    CLASSES,
    ELEVATIONS_DEG,
    GRID_STEP_DEG,
    HOP_LENGTH_S,
    RECORDING_S,
    TASKS,
    InputError,
    add_settings,
    exit_with_one_line,
    get_params,
    recording_order,
    references_folder,
    script_parser,
    settings_given,
)

# ------------------------------------------------------------------------------------------------------------
# Spectrogram
# ------------------------------------------------------------------------------------------------------------

LEVEL_RANGE_DB = 70  # what is weaker than the loudest by more is white
_MAX_COLUMNS = 1500  # more than a page can show; long recordings have longer columns
_LINEAR_TO_HZ = 1000  # the frequency axis is linear up to here and logarithmic above


class Spectrogram(NamedTuple):
    """Levels of a recording's first channel."""

    time_s: np.ndarray  # edges of the columns, (columns + 1,)
    frequency_hz: np.ndarray  # edges of the bands, (bands + 1,)
    level_db: np.ndarray  # below the loudest, (bands, columns), -LEVEL_RANGE_DB..0
    seconds: float  # length of the recording


def load_spectrogram(path: str | Path) -> Spectrogram:
    """Read a recording of any rate and length, in pieces, into at most `_MAX_COLUMNS` columns.

    Raises
    ------
    InputError
        If the file is no audio.
    """
    try:
        with soundfile.SoundFile(path) as file:
            return _spectrogram(file)
    except soundfile.LibsndfileError as error:
        raise InputError(f'{path}: not a recording that can be read: {error.error_string}') from error


def _spectrogram(file: soundfile.SoundFile) -> Spectrogram:
    hop = round(HOP_LENGTH_S * file.samplerate)
    hops_a_column = max(1, math.ceil(file.frames / hop / _MAX_COLUMNS))
    window = np.hanning(2 * hop)
    first_bins, edges_hz = _bands(2 * hop, file.samplerate)
    columns = []
    for block in file.blocks((hops_a_column + 1) * hop, overlap=hop, always_2d=True, fill_value=0):
        frames = np.lib.stride_tricks.sliding_window_view(block[:, 0], 2 * hop)[::hop]
        power = (np.abs(np.fft.rfft(frames * window)) ** 2).mean(axis=0)
        columns.append(np.add.reduceat(power, first_bins)[:-1] / np.diff(first_bins))
    power = np.transpose(columns) / (np.max(columns) or 1)
    level_db = 10 * np.log10(np.maximum(power, 10 ** (-LEVEL_RANGE_DB / 10)))
    # The first window, of two hops, is centred one hop into the recording.
    time_s = (np.arange(len(columns) + 1) * hops_a_column + 0.5) * HOP_LENGTH_S
    return Spectrogram(time_s, edges_hz, level_db, file.frames / file.samplerate)


def _bands(nfft: int, rate_hz: int) -> tuple[np.ndarray, np.ndarray]:
    """First bin of each band and of the one above the last, and their frequencies."""
    spacing_hz = rate_hz / nfft
    edges_hz = np.concatenate((np.arange(spacing_hz, _LINEAR_TO_HZ, spacing_hz),
                               np.geomspace(_LINEAR_TO_HZ, rate_hz / 2, 80)))
    first_bins = np.unique(np.round(edges_hz / spacing_hz).astype(int))
    return first_bins, first_bins * spacing_hz


# ------------------------------------------------------------------------------------------------------------
# The picture
# ------------------------------------------------------------------------------------------------------------

_MARK_AFTER_FRAMES = 15  # an onset is marked where a class comes back after so long, not at each flicker
_MARK_UP_TO_S = 180  # in a picture of more the markers would hide everything


def plot_recording(prediction: np.ndarray, reference: np.ndarray | None = None,
                   spectrogram: Spectrogram | None = None, *, title: str = '',
                   seconds: tuple[float, float] | None = None) -> Figure:
    """Draw a recording.

    Parameters
    ----------
    prediction : int array, shape (rows, 4)
        Frame, class, azimuth and elevation in degrees, a row for each active event of a frame.
    reference : array, shape (rows, 4), optional
        Likewise; it becomes the left column.
    spectrogram : Spectrogram, optional
        Drawn above, in both columns, so that times line up.
    title : str
        Over the whole.
    seconds : (from, to), optional
        What to show; by default everything.

    Returns
    -------
    Figure
        Axes row by row: spectrogram (if any), activity, azimuth, elevation.
    """
    columns = {} if reference is None else {'Reference': reference}
    columns['Prediction'] = prediction
    heights = [1.3] * (spectrogram is not None) + [1.5, 1.7, 1.1]
    figure, axes = plt.subplots(len(heights), len(columns), sharex=True, sharey='row', squeeze=False,
                                figsize=(11.5 if len(columns) > 1 else 7, 1.7 * sum(heights)),
                                height_ratios=heights, layout='constrained')
    figure.suptitle(title, fontweight='bold')
    start_s, end_s = seconds or (0, _length_s(columns, spectrogram))
    for column, (name, rows) in zip(axes.T, columns.items()):
        column[0].set_title(name)
        if spectrogram is not None:
            _draw_spectrogram(column[0], spectrogram)
        activity, azimuth, elevation = column[-3:]
        onsets = _onsets(rows, moving=name == 'Prediction') & (end_s - start_s <= _MARK_UP_TO_S)
        _draw_activity(activity, rows)
        _draw_angles(azimuth, rows, (rows[:, 2] + 180) % 360 - 180, onsets)
        _draw_angles(elevation, rows, rows[:, 3], onsets)
        elevation.set_xlabel('time (s)')
    _label_rows(axes, np.concatenate(list(columns.values()))[:, 3])
    axes[0, 0].set_xlim(start_s, end_s)
    plotting.class_legend(figure)
    return figure


def _draw_spectrogram(axes: Axes, spectrogram: Spectrogram) -> None:
    # As pixels even in PDF and SVG: half a million rectangles would be a file that nobody can open.
    axes.pcolormesh(spectrogram.time_s, spectrogram.frequency_hz, spectrogram.level_db, cmap='Greys',
                    vmin=-LEVEL_RANGE_DB, vmax=0, rasterized=True)
    axes.set_yscale('symlog', linthresh=_LINEAR_TO_HZ)
    axes.set_yticks([500, 1000, 2000, 5000, 10000, 20000], ['0.5', '1', '2', '5', '10', '20'], minor=False)
    axes.minorticks_off()
    axes.set_ylim(0, spectrogram.frequency_hz[-1])


def _draw_activity(axes: Axes, rows: np.ndarray) -> None:
    for index, (name, style) in enumerate(plotting.CLASS_STYLES.items()):
        frames = np.unique(rows[rows[:, 1] == index, 0])
        pieces = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1) if len(frames) else []
        bars = [(piece[0] * HOP_LENGTH_S, len(piece) * HOP_LENGTH_S) for piece in pieces]
        axes.broken_barh(bars, (index - 0.4, 0.8), color=style.colour, label=name)


def _onsets(rows: np.ndarray, moving: bool) -> np.ndarray:
    """Which rows begin a sound: bool, (rows,).

    Events of a reference do not move, so there a class in another direction is another event.
    """
    what = rows[:, 1:2] if moving else rows[:, 1:]
    sound = np.unique(what, axis=0, return_inverse=True)[1].ravel()  # NumPy 2.0 keeps an axis
    order = np.lexsort((rows[:, 0], sound))
    begins = np.ones(len(rows), bool)
    begins[order[1:]] = (np.diff(sound[order]) > 0) | (np.diff(rows[order, 0]) > _MARK_AFTER_FRAMES)
    return begins


def _draw_angles(axes: Axes, rows: np.ndarray, angles_deg: np.ndarray, onsets: np.ndarray) -> None:
    """A dot for each row, and the class's marker at the onsets."""
    time_s = (rows[:, 0] + 0.5) * HOP_LENGTH_S
    for index, (name, style) in enumerate(plotting.CLASS_STYLES.items()):
        of_class = rows[:, 1] == index
        axes.plot(time_s[of_class], angles_deg[of_class], linestyle='', marker='s', markersize=2,
                  markeredgewidth=0, color=style.colour, label=name)
        marked = of_class & onsets
        axes.plot(time_s[marked], angles_deg[marked], linestyle='', marker=style.marker, markersize=7,
                  markeredgewidth=0.6, markeredgecolor='white', color=style.colour, zorder=3)


def _label_rows(axes: np.ndarray, elevations_deg: np.ndarray) -> None:
    if len(axes) == 4:
        axes[0, 0].set_ylabel('frequency (kHz)')
    activity, azimuth, elevation = axes[-3:, 0]
    activity.set_ylabel('active class')
    activity.set_yticks(range(len(CLASSES)), CLASSES, fontsize=8)
    activity.set_ylim(len(CLASSES) - 0.5, -0.5)  # the first class on top, as in the legend's order
    azimuth.set_ylabel('azimuth (°)')
    azimuth.set_yticks(list(plotting.AZIMUTH_TICKS_DEG), plotting.AZIMUTH_TICKS_DEG.values())
    azimuth.set_ylim(-190, 190)
    elevation.set_ylabel('elevation (°)')
    steepest = np.abs(elevations_deg).max(initial=0)
    elevation.set_yticks([-90, -60, -40, -20, 0, 20, 40, 60, 90])
    limit = ELEVATIONS_DEG[-1] + GRID_STEP_DEG if steepest < ELEVATIONS_DEG[-1] + GRID_STEP_DEG else 95
    elevation.set_ylim(-limit, limit)
    for panel in axes[-3:].flat:
        panel.grid(alpha=0.35, linewidth=0.6)
        panel.set_axisbelow(True)


def _length_s(columns: Mapping[str, np.ndarray], spectrogram: Spectrogram | None) -> float:
    """End of the time axis: of the audio; without it a minute, or the last event's end if that is later."""
    if spectrogram is not None:
        return spectrogram.seconds
    nb_frames = max(rows[:, 0].max(initial=-1) + 1 for rows in columns.values())
    return max(RECORDING_S, nb_frames * HOP_LENGTH_S)


# ------------------------------------------------------------------------------------------------------------
# Files
# ------------------------------------------------------------------------------------------------------------


def read_reference_rows(path: str | Path) -> np.ndarray:
    """Rows (frame, class, azimuth, elevation) of a description.

    2019 quirk: for plots the frame rule is that of `description_file_to_output_format`, not the labels'.
    """
    description = description_dict(read_description(path), in_sec=True)
    class_indices = {name: index for index, name in enumerate(CLASSES)}
    output_dict = description_file_to_output_format(description, class_indices, HOP_LENGTH_S)
    rows = [(frame, *event) for frame, events in output_dict.items() for event in events]
    return np.array(rows).reshape(-1, 4)


def find_predictions(paths: Sequence[Path]) -> list[Path]:
    """The files among `paths`, and the CSV files of the folders among them."""
    found = []
    for path in paths:
        in_folder = sorted(path.glob('[!.]*.csv'), key=recording_order) if path.is_dir() else [path]
        if not in_folder:
            raise InputError(f'{path}: no predictions (*.csv) in this folder')
        found += in_folder
    return found


def find_companion(name: str, folder: Path | None, default: Path, suffixes: Sequence[str]) -> Path | None:
    """The file of a recording in `folder`, where it must be, or in the folder `default`, where it may be."""
    for suffix in suffixes:
        path = (folder or default) / f'{name}{suffix}'
        if path.is_file():
            return path
    if folder is not None:
        raise InputError(f'{folder}: no {" or ".join(name + suffix for suffix in suffixes)} in this folder')
    return None


def output_path(prediction: Path, output: Path | None, picture_format: str) -> Path:
    """Where the picture of a prediction goes."""
    if output is not None and output.suffix and not output.is_dir():
        return output
    return (output or prediction.parent) / f'{prediction.stem}.{picture_format}'


def main(argv: Sequence[str] | None = None) -> int:
    args = _parse_arguments(argv)
    params = get_params(args.task, **settings_given(args))
    default_references = references_folder(params)
    default_audio = Path(params['dataset_dir'], f'{params["dataset"]}_{params["mode"]}')
    predictions = find_predictions(args.predictions)
    _check_arguments(args, predictions)
    plotting.choose_backend(args.show)
    quiet = None if len(predictions) > 1 else True  # None: where stdout is no terminal
    for path in tqdm(predictions, desc='pictures', file=sys.stdout, disable=quiet):
        reference = find_companion(path.stem, args.references, default_references, ['.csv'])
        audio = find_companion(path.stem, args.audio, default_audio, SUFFIXES)
        figure = plot_recording(read_output_rows(path), reference and read_reference_rows(reference),
                                audio and load_spectrogram(audio), title=path.stem, seconds=args.seconds)
        if args.output or not args.show:
            target = output_path(path, args.output, args.format)
            plotting.save(figure, target)
            missing = [name for name, there in (('references', reference), ('audio', audio)) if not there]
            tqdm.write(f'written: {target}' + (f' (without {" and ".join(missing)})' if missing else ''))
        if args.show:
            plt.show()
        plt.close(figure)
    return 0


def _check_arguments(args: argparse.Namespace, predictions: Sequence[Path]) -> None:
    if args.seconds and not 0 <= args.seconds[0] < args.seconds[1]:
        raise InputError('--seconds: got {:g} {:g}, expected a time and a later one'.format(*args.seconds))
    targets = [output_path(path, args.output, args.format) for path in predictions]
    for target in targets:
        plotting.check_ending(target)
    if len(set(targets)) < len(targets):
        raise InputError(f'{len(targets)} predictions for {len(set(targets))} files, expected a folder for '
                         '--output and predictions of different names')


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('predictions', nargs='+', type=Path, metavar='PREDICTION',
                        help='CSV files of the output format, or folders of them')
    parser.add_argument('--references', type=Path, metavar='FOLDER',
                        help="folder of descriptions [the task's]")
    parser.add_argument('--audio', type=Path, metavar='FOLDER', help="folder of recordings [the task's]")
    parser.add_argument('--output', type=Path, metavar='PATH',
                        help='folder, or file that ends in .png, .pdf or .svg [beside the predictions]')
    parser.add_argument('--seconds', type=float, nargs=2, metavar=('FROM', 'TO'), help='show a part only')
    plotting.add_picture_options(parser)
    parser.add_argument('--task', default='1', choices=tuple(TASKS), metavar='ID',
                        help='task of parameter.py whose folders are the defaults [%(default)s]')
    add_settings(parser, ('dataset', 'mode', 'dataset_dir'))
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
