"""The distributions of a data set: numbers by hand, pictures by matplotlib's objects, runs for real."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from matplotlib import pyplot as plt
from next_commands import next_command_of
from pictures import FIFTY_ONLY_IN_SLOW_TESTS, what_cannot_be_read, with_classes

from misc_files import check_dataset_distribution as distribution
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.directions import DirectionGrid
from seldnet.common.errors import InputError

ROOT = Path(__file__).parents[2]
HEADER = 'sound_event_recording,start_time,end_time,ele,azi,dist\n'


@pytest.fixture
def metadata(tmp_path):
    """Three recordings of two splits and rooms."""
    folder = tmp_path / 'metadata_dev'
    folder.mkdir()
    (folder / 'split1_ir0_ov2_1.csv').write_text(
        HEADER + 'knock,1.0,3.0,0,0,1\nknock,2.0,2.5,10,-180,2\nphone,0.0,4.0,-40,170,1\n')
    (folder / 'split1_ir1_ov1_2.csv').write_text(HEADER + 'knock,2.0,2.5,0,0,2\n')
    (folder / 'split2_ir0_ov2_1.csv').write_text(
        HEADER + 'phone,0.0,1.0,0,90,1\nphone,1.0,2.0,0,90,1\nphone,1.5,3.0,40,-90,1\n')
    return folder


# ---- numbers ----


def test_numbers_of_a_few_events(metadata):
    table = distribution.class_table(distribution.read_events(metadata))
    knock, phone = TAU2019.classes.index('knock'), TAU2019.classes.index('phone')
    expected = {  # (split 1, split 2)
        'examples': {knock: (3, 0), phone: (1, 3)},
        'total length (s)': {knock: (3, 0), phone: (4, 3.5)},
        'same class at once (s)': {knock: (0.5, 0), phone: (0, 0.5)},
    }
    assert list(table) == list(expected)
    for name, values in table.items():
        assert values.shape == (2, 11)
        for index in range(11):
            assert tuple(values[:, index]) == pytest.approx(expected[name].get(index, (0, 0)))


def test_overlap_of_a_class_by_a_slow_count(metadata):
    """Against time in steps of a millisecond, for random events."""
    rng = np.random.default_rng(1)
    start_ms = rng.integers(0, 5000, 40)
    end_ms = start_ms + rng.integers(1, 1500, 40)
    classes, recordings = rng.integers(0, 3, 40), rng.integers(0, 2, 40)
    active = np.zeros((2, 11, 7000), int)
    for start, end, class_index, recording in zip(start_ms, end_ms, classes, recordings):
        active[recording, class_index, start:end] += 1
    zero = np.zeros(40)
    events = distribution.Events(recordings, zero, zero, zero, classes, start_ms / 1000, end_ms / 1000,
                                 zero, zero, zero)
    np.testing.assert_allclose(distribution.overlap_by_class(events), (active > 1).sum(axis=(0, 2)) / 1000)


def test_tables_say_the_totals(metadata):
    lines = distribution.format_tables(distribution.read_events(metadata)).splitlines()
    knock, = [line for line in lines if line.startswith('knock')]
    assert knock.replace('|', ' ').split()[1:] == ['3', '0', '3', '3', '0', '3', '0.5', '0.0', '0.5']
    assert 'split 1                2        4           0.1        2        2' in lines
    assert 'room 1                 1        1           0.0        0        1' in lines
    assert 'overlap 2              2        6           0.2        5        1' in lines


def test_unknown_distances_are_neither_near_nor_far(tmp_path):
    (tmp_path / 'split1_1.csv').write_text(
        HEADER.strip() + ',source\n'
        'knock,0,30,0,0,,1\nknock,0,30,0,0,1,\nphone,0,0,0,0,0,\nphone,0,0,0,0,7,\n')
    lines = distribution.format_tables(distribution.read_events(tmp_path)).splitlines()
    assert 'split 1                1        4           1.0        1        2' in lines


def test_examples_of_the_project():
    events = distribution.read_events(ROOT / 'misc_files' / 'examples')
    assert len(events.split) == 28 + 59
    assert sorted(set(events.room)) == [1, 3]


# ---- pictures ----


def test_bars_of_the_classes(metadata):
    figure = distribution.plot_classes(distribution.read_events(metadata))
    examples, length, _ = figure.axes
    assert [panel.get_xlabel() for panel in figure.axes] == [
        'examples', 'total length (s)', 'same class at once (s)']
    assert [label.get_text() for label in examples.get_yticklabels()] == list(TAU2019.classes)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ['split 1', 'split 2']
    of_split_1, of_split_2 = examples.containers
    assert [bar.get_width() for bar in of_split_1] == [3, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert [bar.get_width() for bar in of_split_2] == [0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]
    assert length.get_xlim() == (0, pytest.approx(1.18 * 4))


@pytest.mark.parametrize('names', FIFTY_ONLY_IN_SLOW_TESTS)
def test_pictures_of_any_number_of_classes_can_be_read(names):
    rng = np.random.default_rng(0)
    nb_splits = {1: 1, 4: 2, 50: 5}[len(names)]
    nb_events = 40 * len(names) * nb_splits
    start_s = rng.uniform(0, 50, nb_events)
    columns = [rng.integers(0, 30, nb_events), rng.integers(1, nb_splits + 1, nb_events),
               rng.integers(0, 5, nb_events), rng.integers(1, 3, nb_events),
               np.arange(nb_events) % len(names)]
    events = distribution.Events(*columns, start_s, start_s + 1, rng.integers(-180, 180, nb_events),
                                 rng.integers(-40, 41, nb_events), np.ones(nb_events))
    for plot in distribution.PICTURES.values():
        assert what_cannot_be_read(plot(events, dataset=with_classes(*names))) == []


def test_splits_differ_without_colour_and_bars_have_their_numbers(metadata):
    examples, length, _ = distribution.plot_classes(distribution.read_events(metadata)).axes
    assert len({bars.patches[0].get_hatch() for bars in examples.containers}) == 2
    assert sorted(text.get_text() for text in examples.texts if text.get_text()) == ['1', '3', '3']
    assert sorted(text.get_text() for text in length.texts if text.get_text()) == ['3', '4', '4']


@pytest.mark.parametrize('name', ['azimuths', 'elevations', 'directions'])
def test_a_panel_for_each_split_and_room(metadata, name):
    figure = distribution.PICTURES[name](distribution.read_events(metadata))
    titles = [panel.get_title() for panel in figure.axes if panel.get_title()]
    assert titles == ['split 1, room 0: 3 events', 'split 1, room 1: 1 event', 'split 2, room 0: 3 events',
                      'split 2, room 1: 0 events']
    assert name.capitalize() in figure.get_suptitle()


def test_azimuths_are_counted_around_the_grid(metadata):
    figure = distribution.plot_azimuths(distribution.read_events(metadata))
    stairs, = figure.axes[0].patches
    values, edges, _ = stairs.get_data()
    counted = {float(left) + 5: int(count) for left, count in zip(edges, values) if count}
    assert counted == {0: 1, -180: 1, 170: 1}
    assert figure.axes[0].get_xlim() == (175, -185)  # left is left


def test_elevations_and_directions(metadata):
    events = distribution.read_events(metadata)
    values, edges, _ = distribution.plot_elevations(events).axes[2].patches[0].get_data()
    assert {float(left) + 5: int(count) for left, count in zip(edges, values) if count} == {0: 2, 40: 1}
    figure = distribution.plot_directions(events)
    counts = figure.axes[2].collections[0].get_array()  # elevations x azimuths
    assert counts.shape == (9, 36)
    assert {(int(row), int(column)): int(counts[row, column]) for row, column in np.argwhere(counts)} == {
        (4, 27): 2, (8, 9): 1}
    assert figure.axes[-1].get_ylabel() == 'events of a direction'


def test_elevations_off_the_grid_are_in_the_picture(tmp_path):
    (tmp_path / 'split1_1.csv').write_text(HEADER + 'knock,0,1,75,180,1\nknock,0,1,0,0,1\n')
    events = distribution.read_events(tmp_path)
    values, edges, _ = distribution.plot_elevations(events).axes[0].patches[0].get_data()
    assert values.sum() == 2
    assert edges[-1] >= 75
    values, _, _ = distribution.plot_azimuths(events).axes[0].patches[0].get_data()
    assert values.sum() == 2


def test_names_without_room_and_overlap(tmp_path):
    (tmp_path / 'split0_1.csv').write_text(HEADER + 'knock,0,1,0,0,1\n')
    events = distribution.read_events(tmp_path)
    assert distribution.plot_azimuths(events).axes[0].get_title() == 'split 0: 1 event'
    assert 'room' not in distribution.format_tables(events)


def test_classes_and_grid_of_another_data_set(tmp_path):
    (tmp_path / 'split1_1.csv').write_text(HEADER + 'bark,0,2,60,160,1\nmeow,1,2,0,-180,1\n')
    grid = DirectionGrid(20, tuple(range(-180, 180, 20)), tuple(range(-60, 61, 20)))
    dataset = replace(TAU2019, classes=('meow', 'bark'), grid=grid)
    events = distribution.read_events(tmp_path, dataset=dataset)
    assert distribution.class_table(events, dataset=dataset)['total length (s)'].tolist() == [[1, 2]]
    lines = distribution.format_tables(events, dataset=dataset).splitlines()
    assert [line.split()[0] for line in lines[3:6]] == ['meow', 'bark', 'all']
    figure = distribution.plot_classes(events, dataset=dataset)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ['meow', 'bark']
    counts = distribution.plot_directions(events, dataset=dataset).axes[0].collections[0].get_array()
    assert counts.shape == (7, 18)
    assert np.argwhere(counts).tolist() == [[3, 0], [6, 17]]


# ---- the script ----


def test_run_for_real_without_a_display(metadata):
    environment = {key: value for key, value in os.environ.items() if key not in ('DISPLAY', 'MPLBACKEND')}
    command = [sys.executable, ROOT / 'misc_files/check_dataset_distribution.py', metadata,
               '--output', 'pictures']
    done = subprocess.run(command, cwd=metadata.parent, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.startswith(f'{metadata}\n')
    pictures = {path.stem: matplotlib.image.imread(path).shape[:2]
                for path in metadata.parent.glob('pictures/*.png')}
    assert pictures['classes'][1] > 1575
    assert sorted(pictures) == ['azimuths', 'classes', 'directions', 'elevations']
    assert all(f'written: {Path("pictures", name)}.png' in done.stdout for name in pictures)


def test_the_folder_of_the_task_is_the_default(metadata, monkeypatch, capsys):
    monkeypatch.chdir(metadata.parent)
    assert distribution.main(['--dataset_dir', '.', '--dcase_dir', 'results', '--format', 'svg']) == 0
    assert sorted(path.name for path in Path('results/distribution').iterdir()) == [
        'azimuths.svg', 'classes.svg', 'directions.svg', 'elevations.svg']
    assert plt.get_fignums() == []
    assert 'python' not in capsys.readouterr().out  # without recordings there is nothing to go on with


@pytest.mark.parametrize(('folder', 'arguments', 'expected'), [
    ('foa_dev', ['my data'], ['--dataset_dir', 'my data']),
    ('mic_dev', ['my data/metadata_dev'], ['2', '--dataset_dir', 'my data']),
    ('foa_dev', ['--task', '6', '--dataset_dir', 'my data'], ['6', '--dataset_dir', 'my data'])])
def test_the_next_command_extracts_what_is_there(metadata, monkeypatch, capsys, folder, arguments, expected):
    monkeypatch.chdir(metadata.parent)
    Path('my data').mkdir()
    metadata.rename('my data/metadata_dev')
    Path('my data', folder).mkdir()
    assert distribution.main([*arguments, '--output', 'pictures']) == 0
    assert next_command_of(capsys.readouterr().out, 'batch_feature_extraction.py') == expected


@pytest.mark.parametrize(('name', 'content', 'message'), [
    (None, '', r'no descriptions \(\*\.csv\) in this folder: name a folder of descriptions, or set --data'),
    ('split1_1.csv', HEADER, '1 descriptions without any event'),
    ('mine.csv', HEADER, 'not a recording name of the data set'),
    ('split1_1.csv', HEADER + 'bark,0,1,0,0,1\n', r"split1_1\.csv.*2: class 'bark'"),
])
def test_mistakes_end_in_one_line(tmp_path, name, content, message):
    if name:
        (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        distribution.main([str(tmp_path), '--output', str(tmp_path / 'pictures')])
    assert not (tmp_path / 'pictures').exists()


def test_no_such_folder():
    with pytest.raises(InputError, match='nowhere: no such folder'):
        distribution.main(['nowhere'])
