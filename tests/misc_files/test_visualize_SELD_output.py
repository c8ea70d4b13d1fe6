"""The visualiser, run for real: its files, and what it finds for its pictures."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import soundfile
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from next_commands import next_command_of

from misc_files import analyse_errors
from misc_files import visualize_SELD_output as visualizer
from seldnet.annotations.descriptions import read_description
from seldnet.annotations.output_format import description_rows, write_output_rows
from seldnet.common.errors import InputError

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / 'misc_files' / 'examples' / 'split1_ir3_ov2_1.csv'

# frame, class, azimuth, elevation: class 2 from 0.2 s to 0.5 s, class 5 from 1 s to 1.1 s
ROWS = np.array([(frame, 2, 90, -20) for frame in range(10, 25)]
                + [(frame, 5, -170, 30) for frame in range(50, 55)])


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


# ---- references ----


def test_reference_rows_are_those_of_the_events():
    rows = description_rows(read_description(EXAMPLE))
    event = read_description(EXAMPLE)[0]
    of_event = rows[(rows[:, 1] == event.class_index) & (rows[:, 2] == event.azimuth_deg)
                    & (rows[:, 3] == event.elevation_deg) & (rows[:, 0] * 0.02 < event.end_s + 0.1)]
    np.testing.assert_array_equal(
        of_event[:, 0], np.arange(int(event.start_s / 0.02), int(event.end_s / 0.02) + 1))


def test_reference_without_events(tmp_path):
    (tmp_path / 'empty.csv').write_text('')
    assert description_rows(read_description(tmp_path / 'empty.csv')).shape == (0, 4)


# ---- the script ----


def test_run_for_real_without_a_display(data):
    environment = {key: value for key, value in os.environ.items() if key not in ('DISPLAY', 'MPLBACKEND')}
    command = [sys.executable, ROOT / 'misc_files/visualize_SELD_output.py', 'predictions',
               '--dataset_dir', 'data', '--output', 'pictures']
    done = subprocess.run(command, cwd=data, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, '')
    picture = Path('pictures', 'split1_ir3_ov2_1.png')
    assert done.stdout.splitlines()[0] == f'written: {picture}'
    height, width = matplotlib.image.imread(data / picture).shape[:2]
    assert 1400 < height < 1550 and 1600 < width < 1750  # points of letters differ a little by versions


@pytest.fixture
def drawn(monkeypatch):
    """The figures that the script writes."""
    figures = []
    savefig = Figure.savefig

    def keep_and_save(figure, *args, **kwargs):
        figures.append(figure)
        savefig(figure, *args, **kwargs)
    monkeypatch.setattr(Figure, 'savefig', keep_and_save)
    return figures


@pytest.mark.parametrize(('missing', 'shape', 'said'), [
    ([], (4, 2), ''),
    (['foa_dev'], (3, 2), ' (without audio)'),
    (['metadata_dev'], (4, 1), ' (without references)'),
    (['foa_dev', 'metadata_dev'], (3, 1), ' (without references and audio)'),
])
def test_what_is_missing_is_left_out_and_named(data, monkeypatch, capsys, drawn, missing, shape, said):
    monkeypatch.chdir(data)
    for folder in missing:
        Path('data', folder).rename(folder)
    assert visualizer.main(['predictions', '--dataset_dir', 'data']) == 0
    assert panels(drawn[0]).shape == shape
    printed = capsys.readouterr().out
    written = f'written: {Path("predictions", "split1_ir3_ov2_1.png")}{said}\n'
    if 'metadata_dev' in missing:
        assert printed == written  # without references there is nothing to go on with
    else:
        assert printed.startswith(written)
        words = next_command_of(printed, 'misc_files/analyse_errors.py')
        assert words == ['predictions', 'data/metadata_dev']
        assert analyse_errors.main([*words, '--output', 'errors']) == 0


def test_folders_that_are_named_are_used(data, monkeypatch, drawn):
    monkeypatch.chdir(data)
    Path('data').rename('elsewhere')
    assert visualizer.main([
        'predictions/split1_ir3_ov2_1.csv', '--references', 'elsewhere/metadata_dev',
        '--audio', 'elsewhere/foa_dev', '--output', 'picture.svg', '--seconds', '1', '2']) == 0
    assert panels(drawn[0]).shape == (4, 2)
    assert panels(drawn[0])[0, 0].get_xlim() == (1, 2)
    assert Path('picture.svg').read_text().startswith('<?xml')


def test_overlay_is_one_column(data, monkeypatch, drawn):
    monkeypatch.chdir(data)
    assert visualizer.main(['predictions', '--dataset_dir', 'data', '--overlay']) == 0
    assert panels(drawn[0]).shape == (4, 1)
    assert 'in grey behind it the reference' in panels(drawn[0])[1, 0].get_title()


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
    with pytest.raises(InputError, match=r'split1_ir3_ov2_1\.csv:2:'):
        visualizer.main(['predictions'])
