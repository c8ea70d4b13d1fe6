"""The visualiser, run for real; what is in its pictures, by matplotlib's objects."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import soundfile
from matplotlib import pyplot as plt

from cls_feature_class import read_description
from evaluation_metrics import write_output_rows
from misc_files import plotting
from misc_files import visualize_SELD_output as visualizer
from misc_files.visualize_SELD_output import load_spectrogram, plot_recording
from parameter import CLASSES, InputError

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / 'misc_files' / 'examples' / 'split1_ir3_ov2_1.csv'

# frame, class, azimuth, elevation: class 2 from 0.2 s to 0.5 s, class 5 from 1 s to 1.1 s
ROWS = np.array([(frame, 2, 90, -20) for frame in range(10, 25)]
                + [(frame, 5, -170, 30) for frame in range(50, 55)])


@pytest.fixture(autouse=True)
def no_figures_stay():
    yield
    plt.close('all')


@pytest.fixture
def data(tmp_path):
    """A data set of one recording of three seconds, and a prediction of it."""
    for folder in ('data/metadata_dev', 'data/foa_dev', 'predictions'):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / 'data/metadata_dev/split1_ir3_ov2_1.csv').write_bytes(EXAMPLE.read_bytes())
    noise = np.random.default_rng(0).normal(scale=0.1, size=(3 * 48000, 4))
    soundfile.write(tmp_path / 'data/foa_dev/split1_ir3_ov2_1.wav', noise, 48000)
    write_output_rows(tmp_path / 'predictions/split1_ir3_ov2_1.csv', ROWS)
    return tmp_path


def panels(figure):
    """The axes as rows of columns."""
    grid = figure.axes[0].get_gridspec()
    return np.array(figure.axes).reshape(grid.nrows, grid.ncols)


def bars(axes):
    """Class index to the (from, to) of its bars, seconds."""
    return {index: sorted((float(path.vertices[:, 0].min()), float(path.vertices[:, 0].max()))
                          for path in collection.get_paths())
            for index, collection in enumerate(axes.collections) if collection.get_paths()}


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
    assert all(len(dots(azimuth, name)[0]) == 0 for name in CLASSES if name not in ('clearthroat', 'speech'))


def test_panels_labels_and_legend():
    figure = plot_recording(ROWS, ROWS, title='a name')
    axes = panels(figure)
    assert axes.shape == (3, 2)
    assert figure.get_suptitle() == 'a name'
    assert [panel.get_title() for panel in axes[0]] == ['Reference', 'Prediction']
    assert [row[0].get_ylabel() for row in axes] == ['active class', 'azimuth (°)', 'elevation (°)']
    assert [panel.get_xlabel() for panel in axes[-1]] == ['time (s)', 'time (s)']
    assert [label.get_text() for label in axes[0, 0].get_yticklabels()] == list(CLASSES)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(CLASSES)
    colours = [tuple(collection.get_facecolor()[0]) for collection in axes[0, 1].collections]
    assert [plt.matplotlib.colors.to_hex(colour) for colour in colours] == [
        style.colour for style in plotting.CLASS_STYLES.values()]


def test_times_line_up():
    figure = plot_recording(ROWS, ROWS, load_spectrogram_of_noise())
    axes = panels(figure)
    assert {panel.get_xlim() for panel in axes.flat} == {(0, 2)}  # the recording's length
    figure.canvas.draw()
    for column in axes.T:
        assert len({tuple(np.round(panel.get_position().intervalx, 6)) for panel in column}) == 1
    for row in axes:
        assert len({panel.get_ylim() for panel in row}) == 1


def load_spectrogram_of_noise():
    return visualizer.Spectrogram(np.linspace(0, 2, 101), np.linspace(50, 24000, 11),
                                  np.zeros((10, 100)), seconds=2)


def test_without_audio_the_axis_is_a_minute_or_longer():
    assert panels(plot_recording(ROWS))[0, 0].get_xlim() == (0, 60)
    late = np.array([(4000, 0, 0, 0)])
    assert panels(plot_recording(ROWS, late))[0, 0].get_xlim() == (0, pytest.approx(4001 * 0.02))
    assert panels(plot_recording(ROWS, seconds=(1, 2)))[0, 0].get_xlim() == (1, 2)


def test_nothing_found_is_an_empty_picture():
    figure = plot_recording(np.zeros((0, 4), int))
    (activity,), (azimuth,), _ = panels(figure)
    assert bars(activity) == {}
    assert azimuth.get_ylim() == (-190, 190)


def test_angles_beyond_the_usual():
    rows = np.array([(0, 0, 190, 70), (1, 0, -350, -70), (2, 0, 180, 0)])
    _, (azimuth,), (elevation,) = panels(plot_recording(rows))
    np.testing.assert_array_equal(dots(azimuth, 'knock')[1], [-170, 10, -180])
    assert elevation.get_ylim() == (-95, 95)


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
    assert spectrogram.level_db.min() == -visualizer.LEVEL_RANGE_DB


def test_long_recordings_have_no_more_columns_than_a_page_shows(tmp_path):
    soundfile.write(tmp_path / 'long.flac', np.ones((8000 * 600, 1)) / 2, 8000)
    spectrogram = load_spectrogram(tmp_path / 'long.flac')
    assert 1000 < spectrogram.level_db.shape[1] <= 1501
    assert spectrogram.time_s[-1] == pytest.approx(600, abs=1)


def test_white_noise_is_equally_strong_in_all_bands(tmp_path):
    noise = np.random.default_rng(0).normal(scale=0.1, size=(20 * 48000, 4))
    soundfile.write(tmp_path / 'noise.wav', noise, 48000)
    power = (10 ** (load_spectrogram(tmp_path / 'noise.wav').level_db / 10)).mean(axis=1)
    np.testing.assert_allclose(power[1:] / power.mean(), 1, atol=0.2)


def test_silence_is_white(tmp_path):
    soundfile.write(tmp_path / 'silence.wav', np.zeros((48000, 4)), 48000)
    assert (load_spectrogram(tmp_path / 'silence.wav').level_db == -visualizer.LEVEL_RANGE_DB).all()


def test_not_audio(tmp_path):
    (tmp_path / 'text.wav').write_text('no audio')
    with pytest.raises(InputError, match=r'text\.wav: not a recording that can be read'):
        load_spectrogram(tmp_path / 'text.wav')


# ---- references ----


def test_reference_rows_are_those_of_the_events():
    rows = visualizer.read_reference_rows(EXAMPLE)
    event = read_description(EXAMPLE)[0]
    of_event = rows[(rows[:, 1] == event.class_index) & (rows[:, 2] == event.azimuth_deg)
                    & (rows[:, 3] == event.elevation_deg) & (rows[:, 0] * 0.02 < event.end_s + 0.1)]
    np.testing.assert_array_equal(
        of_event[:, 0], np.arange(int(event.start_s / 0.02), int(event.end_s / 0.02) + 1))


def test_reference_without_events(tmp_path):
    (tmp_path / 'empty.csv').write_text('')
    assert visualizer.read_reference_rows(tmp_path / 'empty.csv').shape == (0, 4)


# ---- the script ----


def test_run_for_real_without_a_display(data):
    environment = {key: value for key, value in os.environ.items() if key not in ('DISPLAY', 'MPLBACKEND')}
    command = [sys.executable, ROOT / 'misc_files/visualize_SELD_output.py', 'predictions',
               '--dataset_dir', 'data', '--output', 'pictures']
    done = subprocess.run(command, cwd=data, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, '')
    picture = Path('pictures', 'split1_ir3_ov2_1.png')
    assert done.stdout == f'written: {picture}\n'
    assert matplotlib.image.imread(data / picture).shape[:2] == (1428, 1725)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that the script draws."""
    figures = []

    def draw(*args, **kwargs):
        figures.append(plot_recording(*args, **kwargs))
        return figures[-1]
    monkeypatch.setattr(visualizer, 'plot_recording', draw)
    return figures


@pytest.mark.parametrize(('missing', 'shape', 'said'), [
    ([], (4, 2), ''),
    (['foa_dev'], (3, 2), ' (without audio)'),
    (['metadata_dev'], (4, 1), ' (without references)'),
    (['foa_dev', 'metadata_dev'], (3, 1), ' (without references and audio)'),
])
def test_what_is_missing_is_left_out_and_told(data, monkeypatch, capsys, drawn, missing, shape, said):
    monkeypatch.chdir(data)
    for folder in missing:
        Path('data', folder).rename(folder)
    assert visualizer.main(['predictions', '--dataset_dir', 'data']) == 0
    assert panels(drawn[0]).shape == shape
    assert capsys.readouterr().out == f'written: {Path("predictions", "split1_ir3_ov2_1.png")}{said}\n'


def test_folders_that_are_named_are_used(data, monkeypatch, drawn):
    monkeypatch.chdir(data)
    Path('data').rename('elsewhere')
    assert visualizer.main([
        'predictions/split1_ir3_ov2_1.csv', '--references', 'elsewhere/metadata_dev',
        '--audio', 'elsewhere/foa_dev', '--output', 'picture.svg', '--seconds', '1', '2']) == 0
    assert panels(drawn[0]).shape == (4, 2)
    assert panels(drawn[0])[0, 0].get_xlim() == (1, 2)
    assert Path('picture.svg').read_text().startswith('<?xml')


def test_several_at_once(data, monkeypatch, capsys):
    monkeypatch.chdir(data)
    write_output_rows('predictions/split2_ir0_ov1_1.csv', ROWS)
    write_output_rows('another.csv', ROWS)
    assert visualizer.main(['predictions', 'another.csv', '--output', 'pictures', '--format', 'pdf']) == 0
    assert sorted(path.name for path in Path('pictures').iterdir()) == [
        'another.pdf', 'split1_ir3_ov2_1.pdf', 'split2_ir0_ov1_1.pdf']
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert plt.get_fignums() == []


def test_show_opens_a_window_and_writes_nothing(data, monkeypatch):
    shown = []
    monkeypatch.chdir(data)
    monkeypatch.setattr(plt, 'get_backend', lambda: 'tkagg')
    monkeypatch.setattr(plt, 'show', lambda: shown.append(plt.gcf().get_suptitle()))
    assert visualizer.main(['predictions', '--show']) == 0
    assert shown == ['split1_ir3_ov2_1']
    assert not list(data.rglob('*.png'))


@pytest.mark.parametrize(('arguments', 'message'), [
    (['nowhere.csv'], 'nowhere.csv'),
    (['data'], r'data: no predictions \(\*\.csv\) in this folder'),
    (['predictions', '--audio', 'data'], r'data: no split1_ir3_ov2_1\.wav or split1_ir3_ov2_1\.flac in this'),
    (['predictions', '--references', 'data'], r'data: no split1_ir3_ov2_1\.csv in this folder'),
    (['predictions', '--output', 'picture.jpg'], r'picture\.jpg: expected a file name that ends in \.png'),
    (['predictions', 'predictions', '--output', 'a.png'], '2 predictions for 1 files, expected a folder'),
    (['predictions', '--seconds', '3', '2'], '--seconds: got 3 2, expected a time and a later one'),
    (['predictions', '--show'], '--show: matplotlib can open no window here'),
])
def test_mistakes_end_in_one_line(data, monkeypatch, arguments, message):
    monkeypatch.chdir(data)
    monkeypatch.setattr(plt, 'get_backend', lambda: 'agg')
    with pytest.raises((InputError, OSError), match=message):
        visualizer.main(arguments)
    assert not list(data.rglob('*.png'))


def test_broken_prediction_names_file_and_line(data, monkeypatch):
    monkeypatch.chdir(data)
    Path('predictions/split1_ir3_ov2_1.csv').write_text('1,2,3,4\n1,99,3,4\n')
    with pytest.raises(InputError, match=r'split1_ir3_ov2_1\.csv, line 2'):
        visualizer.main(['predictions'])
