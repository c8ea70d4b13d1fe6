"""The picture of a recording: spectrogram, active classes, azimuths and elevations over time."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.directions import wrap_azimuth_deg
from seldnet.annotations.event_frames import FRAME_S
from seldnet.common.errors import InputError
from seldnet.plots.style import AZIMUTH_TICKS_DEG, class_legend, class_styles

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

    Parameters
    ----------
    path : path

    Returns
    -------
    Spectrogram

    Raises
    ------
    InputError
        If the file is no audio.
    ValueError
        If it has no samples.
    """
    try:
        with soundfile.SoundFile(path) as file:
            return _spectrogram(file)
    except soundfile.LibsndfileError as error:
        raise InputError(f'{path}: not a recording that can be read: {error.error_string}') from error


def _spectrogram(file: soundfile.SoundFile) -> Spectrogram:
    hop = round(FRAME_S * file.samplerate)
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
    time_s = (np.arange(len(columns) + 1) * hops_a_column + 0.5) * FRAME_S
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
                   seconds: tuple[float, float] | None = None, dataset: Dataset = TAU2019) -> Figure:
    """Draw a recording.

    Parameters
    ----------
    prediction : int array, shape (rows, 4)
        Frame, class, azimuth and elevation in degrees, a row for each active event of a frame.
    reference : array, shape (rows, 4), optional
        Likewise, as of `description_rows`; it becomes the left column.
    spectrogram : Spectrogram, optional
        Drawn above, in both columns, so that times line up.
    title : str
        Over the whole.
    seconds : (from, to), optional
        What to show; by default everything.
    dataset : Dataset
        Its classes, and the length of the time axis where there is no spectrogram.

    Returns
    -------
    Figure
        Axes row by row: spectrogram (if any), activity, azimuth, elevation.
    """
    columns = {} if reference is None else {'Reference': reference}
    columns['Prediction'] = prediction
    heights = [1.3] * (spectrogram is not None) + [max(1.5, dataset.nb_classes / 8), 1.7, 1.1]
    figure = Figure(figsize=(11.5 if len(columns) > 1 else 7, 1.7 * sum(heights)), layout='constrained')
    axes = figure.subplots(len(heights), len(columns), sharex=True, sharey='row', squeeze=False,
                           height_ratios=heights)
    figure.suptitle(title, fontweight='bold')
    start_s, end_s = seconds or (0, _length_s(columns, spectrogram, dataset))
    for column, (name, rows) in zip(axes.T, columns.items()):
        column[0].set_title(name)
        if spectrogram is not None:
            _draw_spectrogram(column[0], spectrogram)
        activity, azimuth, elevation = column[-3:]
        onsets = _onsets(rows, moving=name == 'Prediction') & (end_s - start_s <= _MARK_UP_TO_S)
        _draw_activity(activity, rows, dataset)
        _draw_angles(azimuth, rows, wrap_azimuth_deg(rows[:, 2]), onsets, dataset)
        _draw_angles(elevation, rows, rows[:, 3], onsets, dataset)
        elevation.set_xlabel('time (s)')
    _label_rows(axes, np.concatenate(list(columns.values()))[:, 3], dataset)
    axes[0, 0].set_xlim(start_s, end_s)
    class_legend(figure, dataset=dataset)
    return figure


def _draw_spectrogram(axes: Axes, spectrogram: Spectrogram) -> None:
    # As pixels even in PDF and SVG: half a million rectangles would be a file that nobody can open.
    axes.pcolormesh(spectrogram.time_s, spectrogram.frequency_hz, spectrogram.level_db, cmap='Greys',
                    vmin=-LEVEL_RANGE_DB, vmax=0, rasterized=True)
    axes.set_yscale('symlog', linthresh=_LINEAR_TO_HZ)
    axes.set_yticks([500, 1000, 2000, 5000, 10000, 20000], ['0.5', '1', '2', '5', '10', '20'], minor=False)
    axes.minorticks_off()
    axes.set_ylim(0, spectrogram.frequency_hz[-1])


def _draw_activity(axes: Axes, rows: np.ndarray, dataset: Dataset) -> None:
    for index, (name, style) in enumerate(class_styles(dataset).items()):
        frames = np.unique(rows[rows[:, 1] == index, 0])
        pieces = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1) if len(frames) else []
        bars = [(piece[0] * FRAME_S, len(piece) * FRAME_S) for piece in pieces]
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


def _draw_angles(axes: Axes, rows: np.ndarray, angles_deg: np.ndarray, onsets: np.ndarray,
                 dataset: Dataset) -> None:
    """A dot for each row, and the class's marker at the onsets."""
    time_s = (rows[:, 0] + 0.5) * FRAME_S
    for index, (name, style) in enumerate(class_styles(dataset).items()):
        of_class = rows[:, 1] == index
        axes.plot(time_s[of_class], angles_deg[of_class], linestyle='', marker='s', markersize=2,
                  markeredgewidth=0, color=style.colour, label=name)
        marked = of_class & onsets
        axes.plot(time_s[marked], angles_deg[marked], linestyle='', marker=style.marker, markersize=7,
                  markeredgewidth=0.6, markeredgecolor='white', color=style.colour, zorder=3)


def _label_rows(axes: np.ndarray, elevations_deg: np.ndarray, dataset: Dataset) -> None:
    if len(axes) == 4:
        axes[0, 0].set_ylabel('frequency (kHz)')
    activity, azimuth, elevation = axes[-3:, 0]
    activity.set_ylabel('active class')
    activity.set_yticks(range(dataset.nb_classes), dataset.classes, fontsize=8)
    activity.set_ylim(dataset.nb_classes - 0.5, -0.5)  # the first class on top, as in the legend's order
    azimuth.set_ylabel('azimuth (°)')
    azimuth.set_yticks(list(AZIMUTH_TICKS_DEG), AZIMUTH_TICKS_DEG.values())
    azimuth.set_ylim(-190, 190)
    elevation.set_ylabel('elevation (°)')
    steepest = np.abs(elevations_deg).max(initial=0)
    elevation.set_yticks([-90, -60, -40, -20, 0, 20, 40, 60, 90])
    limit = max(map(abs, dataset.scoring_grid.elevations_deg)) + dataset.scoring_grid.step_deg
    limit = limit if steepest < limit <= 95 else 95
    elevation.set_ylim(-limit, limit)
    for panel in axes[-3:].flat:
        panel.grid(alpha=0.35, linewidth=0.6)
        panel.set_axisbelow(True)


def _length_s(columns: Mapping[str, np.ndarray], spectrogram: Spectrogram | None, dataset: Dataset) -> float:
    """End of the time axis: of the audio; without it the data set's, or the last event's end if later."""
    if spectrogram is not None:
        return spectrogram.seconds
    nb_frames = max(rows[:, 0].max(initial=-1) + 1 for rows in columns.values())
    return max(dataset.recording_s or 0, nb_frames * FRAME_S) or 1.0  # matplotlib wants a width
