"""The picture of a recording: spectrogram, active classes, azimuths and elevations over time."""

import math
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
from seldnet.plots.style import (
    AZIMUTH_TICKS_DEG,
    GREY,
    class_legend,
    class_styles,
    house_style,
    legend_height_in,
    short_name,
    text_width_in,
    write_sentence,
)

# ------------------------------------------------------------------------------------------------------------
# Spectrogram
# ------------------------------------------------------------------------------------------------------------

LEVEL_RANGE_DB = 70  # what is weaker than the loudest by more is white
_MAX_COLUMNS = 3000  # more than a picture can show; long recordings have longer columns
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
_IN_A_SECOND, _NARROWEST_IN, _WIDEST_IN = 0.085, 4.7, 36  # width of the panels; the widest of all columns
_SPECTROGRAM_IN, _AZIMUTH_IN, _ELEVATION_IN = 2.0, 2.7, 1.8
_REFERENCE_GREY = '0.78'
# Of dots and markers at the end of an axis: whole, and without a say in the layout.
_OVER_THE_EDGE = {'clip_on': False, 'in_layout': False}


@house_style()
def plot_recording(prediction: np.ndarray, reference: np.ndarray | None = None,
                   spectrogram: Spectrogram | None = None, *, title: str = '',
                   seconds: tuple[float, float] | None = None, dataset: Dataset = TAU2019,
                   overlay: bool = False) -> Figure:
    """Draw a recording.

    Parameters
    ----------
    prediction : int array, shape (rows, 4)
        Frame, class, azimuth and elevation in degrees, a row for each active event of a frame.
    reference : array, shape (rows, 4), optional
        Likewise, as of `description_rows`; it becomes the left column.
    spectrogram : Spectrogram, optional
        Drawn once, above the first column.
    title : str
        Over the whole.
    seconds : (from, to), optional
        What to show; by default everything.
    dataset : Dataset
        Its classes, and the length of the time axis where there is no spectrogram.
    overlay : bool
        One column, with the reference in grey behind the prediction.

    Returns
    -------
    Figure
        Its width grows with the seconds that are shown. Axes row by row: spectrogram (if any; in a second
        column there is the legend in its place, if it fits), activity, azimuth, elevation.
    """
    behind = reference if overlay else None
    columns = {} if reference is None or overlay else {'Reference': reference}
    columns['Prediction'] = prediction
    start_s, end_s = seconds or (0, _length_s(prediction, reference, spectrogram, dataset))
    figure, axes, panel_in = _make_panels(len(columns), spectrogram is not None, end_s - start_s, dataset)
    figure.suptitle(title)
    if spectrogram is not None:
        _draw_spectrogram(axes[0, 0], spectrogram)
    shown = [_within(rows, start_s, end_s) for rows in columns.values()]
    marks = end_s - start_s <= _MARK_UP_TO_S
    for column, (name, rows), rows_shown in zip(axes.T, columns.items(), shown):
        activity, azimuth, elevation = column[-3:]
        activity.set_title(name if behind is None else f'{name}, and in grey behind it the reference')
        if behind is not None:
            _draw_behind((activity, azimuth, elevation), _within(behind, start_s, end_s), marks, dataset)
        onsets = _onsets(rows_shown, moving=name == 'Prediction') & marks
        _draw_activity(activity, rows_shown, dataset)
        _draw_angles(azimuth, rows_shown, wrap_azimuth_deg(rows_shown[:, 2]), onsets, dataset)
        _draw_angles(elevation, rows_shown, rows_shown[:, 3], onsets, dataset)
        elevation.set_xlabel('time (s)')
        if not len(rows_shown):
            write_sentence(activity, _why_empty(name, rows))
    _label_rows(axes, np.concatenate(shown if behind is None else [*shown, behind])[:, 3], dataset)
    axes[0, 0].set_xlim(start_s, end_s)
    if _legend_fits_beside(axes, panel_in, dataset):
        class_legend(axes[0, 1], dataset=dataset, width_in=panel_in)
    else:
        if axes.shape == (4, 2):
            axes[0, 1].set_axis_off()
        class_legend(figure, dataset=dataset)
    return figure


def _make_panels(nb_columns: int, has_spectrogram: bool, shown_s: float,
                 dataset: Dataset) -> tuple[Figure, np.ndarray, float]:
    """An empty figure that everything fits into, its axes (rows, columns), and the width of a panel."""
    panel_in = min(max(_NARROWEST_IN, _IN_A_SECOND * shown_s), _WIDEST_IN / nb_columns)
    names_in = text_width_in([short_name(name) for name in dataset.classes], 8)
    width_in = max(1.1, names_in + 0.5) + nb_columns * panel_in + 0.7 * has_spectrogram
    heights = [_SPECTROGRAM_IN] * has_spectrogram + [0.45 + 0.2 * dataset.nb_classes, _AZIMUTH_IN,
                                                     _ELEVATION_IN]
    figure = Figure(figsize=(width_in, sum(heights) + 0.7), layout='constrained')
    axes = figure.subplots(len(heights), nb_columns, sharex=True, sharey='row', squeeze=False,
                           height_ratios=heights)
    if not _legend_fits_beside(axes, panel_in, dataset):
        figure.set_figheight(figure.get_figheight() + legend_height_in(width_in, dataset))
    return figure, axes, panel_in


def _legend_fits_beside(axes: np.ndarray, panel_in: float, dataset: Dataset) -> bool:
    """Whether there is room for the legend beside the spectrogram."""
    return axes.shape == (4, 2) and legend_height_in(panel_in, dataset) <= _SPECTROGRAM_IN


def _within(rows: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    """The rows whose frames are shown."""
    middle_s = (rows[:, 0] + 0.5) * FRAME_S
    return rows[(middle_s >= start_s) & (middle_s <= end_s)]


def _why_empty(name: str, rows: np.ndarray) -> str:
    if len(rows):
        return 'Nothing in these seconds.'
    return 'Nothing was predicted.' if name == 'Prediction' else 'The description has no events.'


def _draw_spectrogram(axes: Axes, spectrogram: Spectrogram) -> None:
    # As pixels even in PDF and SVG: half a million rectangles would be a file that nobody can open.
    image = axes.pcolormesh(spectrogram.time_s, spectrogram.frequency_hz, spectrogram.level_db, cmap='Greys',
                            vmin=-LEVEL_RANGE_DB, vmax=0, rasterized=True)
    axes.set_yscale('symlog', linthresh=_LINEAR_TO_HZ)
    axes.set_yticks([500, 1000, 2000, 5000, 10000, 20000], ['0.5', '1', '2', '5', '10', '20'], minor=False)
    axes.minorticks_off()
    axes.set_ylim(0, spectrogram.frequency_hz[-1])
    axes.set_ylabel('frequency (kHz)')
    axes.set_title('Spectrogram of the first channel')
    axes.grid(visible=False)
    # Inside the axes' own coordinates: a colour bar beside them would take of their width, and times would
    # no longer line up with the panels below.
    width_in = axes.figure.get_figwidth() / axes.get_gridspec().ncols
    bar = axes.figure.colorbar(image, cax=axes.inset_axes((1 + 0.06 / width_in, 0, 0.1 / width_in, 1)))
    bar.set_label('dB below the loudest')
    bar.set_ticks(range(0, -LEVEL_RANGE_DB - 1, -20))


def _draw_activity(axes: Axes, rows: np.ndarray, dataset: Dataset) -> None:
    height = 0.7
    for index, (name, style) in enumerate(class_styles(dataset).items()):
        bars = _bars(rows, index)
        # With an edge, for a bar of a frame in the picture of an hour would be thinner than a pixel.
        axes.broken_barh(bars, (index - height / 2, height), facecolor=style.colour, edgecolor=style.colour,
                         linewidth=1.2, label=name)


def _bars(rows: np.ndarray, class_index: int) -> list[tuple[float, float]]:
    """Start and length in seconds of the stretches of a class."""
    frames = np.unique(rows[rows[:, 1] == class_index, 0])
    pieces = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1) if len(frames) else []
    return [(piece[0] * FRAME_S, len(piece) * FRAME_S) for piece in pieces]


def _draw_behind(axes: tuple[Axes, Axes, Axes], rows: np.ndarray, marks: bool, dataset: Dataset) -> None:
    """A reference in grey, larger than what is drawn over it."""
    activity, *of_angles = axes
    for index in range(dataset.nb_classes):
        activity.broken_barh(_bars(rows, index), (index - 0.5, 1), facecolor=_REFERENCE_GREY,
                             edgecolor=_REFERENCE_GREY, linewidth=1.2, zorder=0.9, gid='behind')
    onsets = _onsets(rows, moving=False) & marks
    time_s = (rows[:, 0] + 0.5) * FRAME_S
    for panel, angles_deg in zip(of_angles, (wrap_azimuth_deg(rows[:, 2]), rows[:, 3])):
        panel.plot(time_s, angles_deg, linestyle='', marker='s', markersize=7, markeredgewidth=0,
                   color=_REFERENCE_GREY, **_OVER_THE_EDGE, zorder=1.5)
        for index, style in enumerate(class_styles(dataset).values()):
            marked = (rows[:, 1] == index) & onsets
            panel.plot(time_s[marked], angles_deg[marked], linestyle='', marker=style.marker, markersize=10,
                       markeredgecolor=GREY, markeredgewidth=0.8, markerfacecolor='white', **_OVER_THE_EDGE,
                       zorder=1.7)


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
        axes.plot(time_s[of_class], angles_deg[of_class], linestyle='', marker='s', markersize=2.5,
                  markeredgewidth=0, color=style.colour, label=name, **_OVER_THE_EDGE)
        marked = of_class & onsets
        axes.plot(time_s[marked], angles_deg[marked], linestyle='', marker=style.marker, markersize=7,
                  markeredgewidth=0.6, markeredgecolor='white', color=style.colour, zorder=3,
                  **_OVER_THE_EDGE)


def _label_rows(axes: np.ndarray, elevations_deg: np.ndarray, dataset: Dataset) -> None:
    activity, azimuth, elevation = axes[-3:, 0]
    activity.set_ylabel('active class')
    activity.set_yticks(range(dataset.nb_classes), map(short_name, dataset.classes))
    activity.set_ylim(dataset.nb_classes - 0.5, -0.5)  # the first class on top, as in the legend's order
    azimuth.set_ylabel('azimuth (°)')
    azimuth.set_yticks(list(AZIMUTH_TICKS_DEG), AZIMUTH_TICKS_DEG.values())
    azimuth.set_ylim(-180, 180)
    elevation.set_ylabel('elevation (°)')
    steepest = np.abs(elevations_deg).max(initial=0)
    elevation.set_yticks([-90, -60, -40, -20, 0, 20, 40, 60, 90])
    limit = max(map(abs, dataset.scoring_grid.elevations_deg)) + dataset.scoring_grid.step_deg
    limit = limit if steepest <= limit < 90 else 90
    elevation.set_ylim(-limit, limit)


def _length_s(prediction: np.ndarray, reference: np.ndarray | None, spectrogram: Spectrogram | None,
              dataset: Dataset) -> float:
    """End of the time axis: of the audio; without it the data set's, or the last event's end if later."""
    if spectrogram is not None:
        return spectrogram.seconds
    nb_frames = max(rows[:, 0].max(initial=-1) + 1 for rows in (prediction, reference) if rows is not None)
    return max(dataset.recording_s or 0, nb_frames * FRAME_S) or 1.0  # matplotlib wants a width
