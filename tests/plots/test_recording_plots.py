"""The picture of a recording, by matplotlib's objects; its spectrogram, by sounds that are known."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from pictures import FEW_AND_MANY, what_cannot_be_read, with_classes

from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.directions import DirectionGrid
from seldnet.common.errors import InputError
from seldnet.plots.recording import LEVEL_RANGE_DB, Spectrogram, load_spectrogram, plot_recording
from seldnet.plots.style import class_styles

# frame, class, azimuth, elevation: class 2 from 0.2 s to 0.5 s, class 5 from 1 s to 1.1 s
ROWS = np.array([(frame, 2, 90, -20) for frame in range(10, 25)]
                + [(frame, 5, -170, 30) for frame in range(50, 55)])


def panels(figure):
    """The axes as rows of columns."""
    grid = figure.axes[0].get_gridspec()
    return np.array(figure.axes).reshape(grid.nrows, grid.ncols)


def bars(axes):
    """Class index to the (from, to) of its bars, seconds."""
    return {index: sorted((float(path.vertices[:, 0].min()), float(path.vertices[:, 0].max()))
                          for path in collection.get_paths())
            for index, collection in enumerate(class_bars(axes)) if collection.get_paths()}


def class_bars(axes):
    """Collections of the bars, a class each, without those of a reference behind them."""
    return [collection for collection in axes.collections if collection.get_gid() != 'behind']


def dots(axes, name):
    """Times and angles of the dots of a class."""
    line, = [line for line in axes.lines if line.get_label() == name]
    return line.get_data()


# ---- the picture ----


def test_bars_and_dots_of_a_few_frames():
    figure = plot_recording(ROWS)
    (activity,), (azimuth,), (elevation,) = panels(figure)
    assert bars(activity) == {2: [(pytest.approx(0.2), pytest.approx(0.5))],
                              5: [(pytest.approx(1.0), pytest.approx(1.1))]}
    time_s, angle_deg = dots(azimuth, 'clearthroat')
    np.testing.assert_allclose(time_s, np.arange(10.5, 25) * 0.02)
    np.testing.assert_array_equal(angle_deg, 90)
    np.testing.assert_array_equal(dots(azimuth, 'speech')[1], -170)
    np.testing.assert_array_equal(dots(elevation, 'speech')[1], 30)
    assert all(len(dots(azimuth, name)[0]) == 0 for name in TAU2019.classes
               if name not in ('clearthroat', 'speech'))


def test_panels_labels_and_legend():
    figure = plot_recording(ROWS, ROWS, title='a name')
    axes = panels(figure)
    assert axes.shape == (3, 2)
    assert figure.get_suptitle() == 'a name'
    assert [panel.get_title() for panel in axes[0]] == ['Reference', 'Prediction']
    assert [row[0].get_ylabel() for row in axes] == ['active class', 'azimuth (°)', 'elevation (°)']
    assert [panel.get_xlabel() for panel in axes[-1]] == ['time (s)', 'time (s)']
    assert [label.get_text() for label in axes[0, 0].get_yticklabels()] == list(TAU2019.classes)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(TAU2019.classes)
    colours = [tuple(collection.get_facecolor()[0]) for collection in class_bars(axes[0, 1])]
    assert [to_hex(colour) for colour in colours] == [style.colour for style in class_styles().values()]


def test_times_line_up():
    figure = plot_recording(ROWS, ROWS, load_spectrogram_of_noise())
    axes = panels(figure)
    assert {panel.get_xlim() for panel in axes.flat} == {(0, 2)}  # the recording's length
    figure.draw_without_rendering()
    for column in axes.T:
        assert len({tuple(np.round(panel.get_position().intervalx, 6)) for panel in column}) == 1
    for row in axes[1:]:
        assert len({panel.get_ylim() for panel in row}) == 1


def test_the_spectrogram_is_drawn_once_with_a_scale_of_decibels():
    figure = plot_recording(ROWS, ROWS, load_spectrogram_of_noise())
    axes = panels(figure)
    assert [len(panel.collections) for panel in axes[0]] == [1, 0]
    bar, = axes[0, 0].child_axes
    assert bar.get_ylabel() == 'dB below the loudest'
    assert bar.get_ylim() == (-LEVEL_RANGE_DB, 0)
    legend = axes[0, 1].get_legend()  # in the free place
    assert [text.get_text() for text in legend.get_texts()] == list(TAU2019.classes)
    assert figure.legends == []


def test_overlay_has_the_reference_in_grey_behind_the_prediction():
    reference = ROWS + [0, 0, 20, 0]
    figure = plot_recording(ROWS, reference, overlay=True)
    (activity,), (azimuth,), _ = panels(figure)
    assert activity.get_title() == 'Prediction, and in grey behind it the reference'
    behind = [collection for collection in activity.collections if collection not in class_bars(activity)]
    assert {to_hex(colour) for collection in behind for colour in collection.get_facecolor()} == {'#c7c7c7'}
    assert bars(activity) == {2: [(pytest.approx(0.2), pytest.approx(0.5))],
                              5: [(pytest.approx(1.0), pytest.approx(1.1))]}
    grey = azimuth.lines[0]
    np.testing.assert_array_equal(grey.get_ydata(), [110] * 15 + [-150] * 5)
    assert to_hex(grey.get_color()) == '#c7c7c7'
    coloured, = [line for line in azimuth.lines if line.get_label() == 'clearthroat']
    assert grey.get_zorder() < coloured.get_zorder()
    assert max(collection.get_zorder() for collection in behind) < class_bars(activity)[0].get_zorder()


def test_overlay_without_a_reference_is_the_plain_picture():
    figure = plot_recording(ROWS, overlay=True)
    assert panels(figure)[0, 0].get_title() == 'Prediction'


def width_in(length_s, columns=1, **options):
    rows = np.array([(int(length_s * 50) - 1, 0, 0, 0)])
    figure = plot_recording(rows, rows if columns == 2 else None, dataset=replace(TAU2019, recording_s=None),
                            **options)
    return figure.get_figwidth()


def test_width_grows_with_the_length():
    assert width_in(8) == width_in(30) < width_in(60) < width_in(120) < width_in(300)
    assert width_in(120, columns=2) > width_in(120) + 9
    assert width_in(36000) == width_in(40000) < 40
    assert width_in(600, seconds=(0, 10)) == width_in(10)


def test_an_event_of_a_frame_can_be_seen_in_the_picture_of_ten_minutes():
    figure = plot_recording(np.array([(20000, 3, 0, 0)]), dataset=replace(TAU2019, recording_s=600))
    figure.set_dpi(150)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)
    blue = (image[..., 2] > 150) & (image[..., 0] < 60) & (image[..., 1] < 60)
    top = blue[:int(0.35 * len(blue))]  # the activity
    assert top.sum(axis=1).max() >= 3
    assert blue[int(0.35 * len(blue)):int(0.7 * len(blue))].sum() >= 9  # the azimuth


@pytest.mark.parametrize('names', FEW_AND_MANY.values(), ids=FEW_AND_MANY)
@pytest.mark.parametrize('overlay', [False, True])
def test_any_number_of_classes_can_be_read(names, overlay):
    rows = np.array([(frame, frame % len(names), 7 * frame % 360 - 180, frame % 80 - 40)
                     for frame in range(100)])
    figure = plot_recording(rows, rows, load_spectrogram_of_noise(), dataset=with_classes(*names),
                            overlay=overlay, title='a name')
    assert what_cannot_be_read(figure) == []
    activity = panels(figure)[-3, 0]
    assert len(activity.get_yticklabels()) == len(names)
    assert len(bars(activity)) == len(names)


def load_spectrogram_of_noise():
    return Spectrogram(np.linspace(0, 2, 101), np.linspace(50, 24000, 11),
                       np.zeros((10, 100)), seconds=2)


def test_without_audio_the_axis_is_a_minute_or_longer():
    assert panels(plot_recording(ROWS))[0, 0].get_xlim() == (0, 60)
    late = np.array([(4000, 0, 0, 0)])
    assert panels(plot_recording(ROWS, late))[0, 0].get_xlim() == (0, pytest.approx(4001 * 0.02))
    assert panels(plot_recording(ROWS, seconds=(1, 2)))[0, 0].get_xlim() == (1, 2)


def sentences(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_where_nothing_was_predicted_a_sentence_says_so():
    nothing = np.zeros((0, 4), int)
    figure = plot_recording(nothing)
    (activity,), (azimuth,), _ = panels(figure)
    assert bars(activity) == {}
    assert azimuth.get_ylim() == (-180, 180)
    assert sentences(figure) == ['Nothing was predicted.']
    assert sentences(plot_recording(ROWS)) == []
    assert sentences(plot_recording(nothing, nothing)) == ['The description has no events.',
                                                           'Nothing was predicted.']
    assert sentences(plot_recording(ROWS, seconds=(30, 40))) == ['Nothing in these seconds.']


def test_angles_beyond_the_usual():
    rows = np.array([(0, 0, 190, 70), (1, 0, -350, -70), (2, 0, 180, 0)])
    _, (azimuth,), (elevation,) = panels(plot_recording(rows))
    np.testing.assert_array_equal(dots(azimuth, 'knock')[1], [-170, 10, -180])
    assert elevation.get_ylim() == (-90, 90)


def marked(axes):
    """Times at which there are markers, in frames."""
    return sorted(float(time_s) / 0.02 - 0.5 for line in axes.lines if line.get_markersize() > 5
                  for time_s in line.get_xdata())


def test_onsets_are_marked_but_no_flickering():
    frames = [*range(10, 20), 24, 25, 60, 61]  # a gap of 4 frames, a gap of 34
    rows = np.array([(frame, 3, frame, 0) for frame in frames])
    _, (azimuth,), _ = panels(plot_recording(rows))
    assert marked(azimuth) == pytest.approx([10, 60])


def test_an_event_of_a_reference_is_marked_though_its_class_sounds_already():
    reference = np.array([(frame, 3, 50, 0) for frame in range(10, 30)]
                         + [(frame, 3, -50, 0) for frame in range(15, 30)])
    _, (azimuth, _), _ = panels(plot_recording(ROWS, reference))
    assert marked(azimuth) == pytest.approx([10, 15])


def test_no_markers_in_the_picture_of_an_hour():
    _, (azimuth,), _ = panels(plot_recording(np.array([(180000, 0, 0, 0)])))
    assert marked(azimuth) == []


def test_classes_and_elevations_of_another_data_set():
    classes = tuple(f'class {number}' for number in range(25))
    grid = DirectionGrid(10, tuple(range(-180, 180, 10)), tuple(range(-90, 91, 10)))
    figure = plot_recording(np.array([(10, 24, 90, -20)]),
                            dataset=replace(TAU2019, classes=classes, grid=grid, recording_s=10))
    (activity,), (azimuth,), (elevation,) = panels(figure)
    assert [label.get_text() for label in activity.get_yticklabels()] == list(classes)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(classes)
    assert bars(activity) == {24: [(pytest.approx(0.2), pytest.approx(0.22))]}
    np.testing.assert_array_equal(dots(azimuth, 'class 24')[1], 90)
    assert elevation.get_ylim() == (-90, 90)
    assert activity.get_xlim() == (0, 10)


# ---- spectrogram ----


@pytest.mark.parametrize('rate_hz', [48000, 44100, 16000])
def test_a_tone_is_at_its_frequency_and_time(tmp_path, rate_hz):
    time_s = np.arange(4 * rate_hz) / rate_hz
    tone = np.where((time_s >= 1) & (time_s < 3), np.sin(2 * np.pi * 3000 * time_s), 0)
    soundfile.write(tmp_path / 'tone.wav', np.stack([0.5 * tone, tone * 0, tone * 0, tone * 0], 1), rate_hz)
    spectrogram = load_spectrogram(tmp_path / 'tone.wav')
    band = spectrogram.level_db.max(axis=1).argmax()
    assert spectrogram.frequency_hz[band] <= 3000 <= spectrogram.frequency_hz[band + 1]
    assert spectrogram.frequency_hz[-1] == pytest.approx(rate_hz / 2, rel=0.01)
    loud = spectrogram.time_s[:-1][spectrogram.level_db[band] > -3]
    assert loud[0] == pytest.approx(1, abs=0.03)
    assert loud[-1] == pytest.approx(3, abs=0.03)
    assert spectrogram.seconds == 4
    assert spectrogram.level_db.max() == 0
    assert spectrogram.level_db.min() == -LEVEL_RANGE_DB


def test_long_recordings_have_no_more_columns_than_a_page_shows(tmp_path):
    soundfile.write(tmp_path / 'long.flac', np.ones((8000 * 600, 1)) / 2, 8000)
    spectrogram = load_spectrogram(tmp_path / 'long.flac')
    assert 1500 < spectrogram.level_db.shape[1] <= 3001
    assert spectrogram.time_s[-1] == pytest.approx(600, abs=1)


def test_white_noise_is_equally_strong_in_all_bands(tmp_path):
    noise = np.random.default_rng(0).normal(scale=0.1, size=(20 * 48000, 4))
    soundfile.write(tmp_path / 'noise.wav', noise, 48000)
    power = (10 ** (load_spectrogram(tmp_path / 'noise.wav').level_db / 10)).mean(axis=1)
    np.testing.assert_allclose(power[1:] / power.mean(), 1, atol=0.2)


def test_silence_is_white(tmp_path):
    soundfile.write(tmp_path / 'silence.wav', np.zeros((48000, 4)), 48000)
    assert (load_spectrogram(tmp_path / 'silence.wav').level_db == -LEVEL_RANGE_DB).all()


def test_not_audio(tmp_path):
    (tmp_path / 'text.wav').write_text('no audio')
    with pytest.raises(InputError, match=r'text\.wav: not a recording that can be read'):
        load_spectrogram(tmp_path / 'text.wav')
