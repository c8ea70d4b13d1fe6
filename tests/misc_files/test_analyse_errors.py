"""The confusion view: pairs by hand, pictures by matplotlib's objects, runs for real."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from matplotlib import pyplot as plt
from next_commands import next_command_of
from pictures import FIFTY_ONLY_IN_SLOW_TESTS, what_cannot_be_read, with_classes
from scipy.optimize import linear_sum_assignment

from metrics.doa import great_circle_deg
from misc_files import analyse_errors, error_pictures, matching, visualize_SELD_output
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.output_format import write_output_rows
from seldnet.common.errors import InputError
from seldnet.scoring.recordings import read_reference_rows

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / 'misc_files' / 'examples'
KNOCK, PHONE, SPEECH = (TAU2019.classes.index(name) for name in ('knock', 'phone', 'speech'))


@pytest.fixture(autouse=True)
def no_figures_stay():
    yield
    plt.close('all')


@pytest.fixture
def matches():
    """Two recordings of a few frames.

    First: a knock of four frames at (0, 0), found, taken for speech 10 degrees off, found 20 degrees off
    beside a false alarm (a phone), and missed. Second: a knock and a phone at once in one frame, with the
    directions exchanged.
    """
    first = np.array([(10, KNOCK, 0, 0), (11, KNOCK, 0, 0), (12, KNOCK, 0, 0), (13, KNOCK, 0, 0)])
    second = np.array([(10, KNOCK, 90, 40), (10, PHONE, -90, 0)])
    found_first = np.array([(10, KNOCK, 0, 0), (11, SPEECH, 10, 0), (12, PHONE, 180, 0), (12, KNOCK, 0, 20)])
    found_second = np.array([(10, KNOCK, -90, 0), (10, PHONE, 90, 40), (3000, SPEECH, 0, 0)])
    since_onset = [np.arange(4), np.array([5, 0])]
    return matching.match([first, second], since_onset, [found_first, found_second])


# ---- numbers ----


def test_pairs_of_a_few_frames(matches):
    nothing = matches.nothing
    np.testing.assert_array_equal(matches.class_index, [KNOCK, KNOCK, KNOCK, KNOCK, KNOCK, PHONE])
    np.testing.assert_array_equal(matches.predicted_class, [KNOCK, SPEECH, KNOCK, nothing, KNOCK, PHONE])
    np.testing.assert_allclose(matches.distance_deg, [0, 10, 20, np.nan, 140, 140], atol=1e-5)
    np.testing.assert_array_equal(matches.since_onset, [0, 1, 2, 3, 5, 0])
    np.testing.assert_array_equal(matches.azimuth_deg, [0, 0, 0, 0, 90, -90])
    np.testing.assert_array_equal(matches.elevation_deg, [0, 0, 0, 0, 40, 0])
    np.testing.assert_array_equal(matches.false_alarms, [PHONE])


def test_what_the_same_class_leaves_over_is_paired_with_other_classes():
    reference = np.array([(0, KNOCK, 0, 0), (0, KNOCK, 90, 0), (0, PHONE, 180, 0)])
    prediction = np.array([(0, SPEECH, 0, 0), (0, KNOCK, 10, 0), (0, SPEECH, 170, 0), (0, SPEECH, 90, 0)])
    matches = matching.match([reference], [np.zeros(3, int)], [prediction])
    np.testing.assert_array_equal(matches.class_index, [KNOCK, KNOCK, PHONE])
    np.testing.assert_array_equal(matches.predicted_class, [KNOCK, SPEECH, SPEECH])
    np.testing.assert_allclose(matches.distance_deg, [10, 0, 10], atol=1e-5)
    np.testing.assert_array_equal(matches.false_alarms, [SPEECH])


def test_pairs_against_a_loop():
    """Frame by frame, class by class, then the rest; distances are unique, so the assignment is."""
    rng = np.random.default_rng(3)
    reference, prediction = (np.column_stack((np.sort(rng.integers(0, 40, 90)), rng.integers(0, 3, 90),
                                              rng.uniform(-180, 180, 90), rng.uniform(-40, 40, 90)))
                             for _ in range(2))
    matches = matching.match([reference], [np.arange(90)], [prediction])
    expected = []
    for frame in range(40):
        left_r, left_p = (rows[rows[:, 0] == frame] for rows in (reference, prediction))
        for of_class in (0, 1, 2, None):
            chosen_r, chosen_p = (rows if of_class is None else rows[rows[:, 1] == of_class]
                                  for rows in (left_r, left_p))
            cost = np.array([[great_circle_deg(*np.radians([*r[2:], *p[2:]])) for p in chosen_p]
                             for r in chosen_r]).reshape(len(chosen_r), len(chosen_p))
            for r, p in zip(*linear_sum_assignment(cost)):
                expected.append((*chosen_r[r], chosen_p[p, 1], cost[r, p]))
                left_r = left_r[(left_r != chosen_r[r]).any(axis=1)]
                left_p = left_p[(left_p != chosen_p[p]).any(axis=1)]
    paired = matches.predicted_class != matches.nothing
    found = np.column_stack((reference[matches.since_onset][:, :4], matches.predicted_class,
                             matches.distance_deg))[paired]
    np.testing.assert_allclose(found[np.lexsort(found.T)], sorted(expected, key=lambda row: row[::-1]),
                               atol=1e-9)
    assert len(matches.false_alarms) == 90 - len(expected)


def test_confusion_counts_every_frame_once(matches):
    counts = matching.confusion(matches)
    nothing = matches.nothing
    expected = {(KNOCK, KNOCK): 3, (KNOCK, SPEECH): 1, (KNOCK, nothing): 1, (PHONE, PHONE): 1,
                (nothing, PHONE): 1}
    assert {tuple(place.tolist()): int(counts[tuple(place)]) for place in np.argwhere(counts)} == expected


def test_quartiles_against_a_loop():
    rng = np.random.default_rng(0)
    values, bins = rng.normal(size=200), rng.integers(-1, 6, 200)
    values[rng.random(200) < 0.2] = np.nan
    bins[bins == 3] = 2  # an empty bin
    result = matching.quartiles(values, bins, 5)
    for place in range(5):
        chosen = values[(bins == place) & ~np.isnan(values)]
        expected = np.quantile(chosen, (0.25, 0.5, 0.75)) if len(chosen) else [np.nan] * 3
        np.testing.assert_allclose([quartile[place] for quartile in result], expected)


def test_the_table_has_a_row_a_class(matches):
    lines = analyse_errors.format_table(matches).splitlines()
    assert lines[2].split() == ['knock', '0.1', '60.0%', '20.0%', 'speech', '20.0%', '15.0°']
    assert lines[3].split() == ['drawer', '0.0']
    assert 'false alarms: 0.0 s' in lines  # one frame


# ---- pictures ----


def test_confusion_matrix(matches):
    figure = error_pictures.plot_confusion(matches)
    axes, = figure.axes
    percent = axes.images[0].get_array()
    assert percent.shape == (12, 12)
    assert percent[KNOCK, KNOCK] == 60
    assert percent[PHONE, PHONE] == 100
    assert percent[-1, PHONE] == 100
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[0] == 'knock  (0 s)'
    assert [label.get_text() for label in axes.get_xticklabels()] == [*TAU2019.classes, 'missed']
    written = {}  # percent above, frames below
    for text in sorted(axes.texts, key=lambda text: text.get_position()[1]):
        column, row = (round(place) for place in text.get_position())
        written.setdefault((row, column), []).append(text.get_text())
    assert written == {
        (KNOCK, KNOCK): ['60', '3'], (KNOCK, SPEECH): ['20', '1'], (KNOCK, 11): ['20', '1'],
        (PHONE, PHONE): ['100', '1'], (11, PHONE): ['100', '1']}


@pytest.mark.parametrize(('count', 'text'), [(0, '0'), (9999, '9999'), (12345, '12k'), (3_200_000, '3M')])
def test_counts_fit_into_cells(count, text):
    assert error_pictures.short_count(count) == text


@pytest.mark.parametrize('names', FIFTY_ONLY_IN_SLOW_TESTS)
def test_pictures_of_any_number_of_classes_can_be_read(names):
    rng = np.random.default_rng(0)
    frames = np.repeat(np.arange(2000), 2)
    rows = [np.column_stack((frames, rng.integers(0, len(names), 4000), rng.integers(-180, 180, 4000),
                             rng.integers(-40, 41, 4000))) for _ in range(2)]
    dataset = with_classes(*names)
    matches = matching.match(rows[:1], [np.arange(4000) % 100], rows[1:], dataset=dataset)
    for plot in error_pictures.PICTURES.values():
        assert what_cannot_be_read(plot(matches)) == []
    lines = analyse_errors.format_table(matches).splitlines()
    assert [line[:len(name)] for line, name in zip(lines[2:], names)] == list(names)
    assert len({len(line) for line in lines[2:2 + len(names)]}) == 1


def median_line(axes):
    line, = [line for line in axes.lines if line.get_label() == 'median']
    x, y = line.get_data()
    return {float(place): float(value) for place, value in zip(x, y) if np.isfinite(value)}


def test_doa_error_by_direction(matches):
    figure = error_pictures.plot_directions(matches)
    azimuth, elevation, grid, bar = figure.axes
    assert median_line(azimuth) == pytest.approx({0: 10, 90: 140, -90: 140}, abs=1e-5)
    assert median_line(elevation) == pytest.approx({0: 15, 40: 140}, abs=1e-5)
    cells = grid.collections[0].get_array()  # elevations x azimuths
    assert cells.shape == (9, 36)
    assert cells[4, 18] == pytest.approx(10)
    assert [cells[8, 27], cells[4, 9]] == pytest.approx([140, 140], abs=1e-5)
    assert np.isfinite(cells.filled(np.nan)).sum() == 3
    assert azimuth.get_xlim() == (180, -180)  # left is left
    assert grid.get_xlim() == (175, -185)
    assert [axes.get_xlabel() for axes in (azimuth, elevation, grid)] == [
        'true azimuth (°)', 'true elevation (°)', 'true azimuth (°)']
    assert bar.get_ylabel() == 'median DOA error (°)'
    assert azimuth.get_ylim() == (0, 175)
    assert {tuple(map(int, text.get_position())): text.get_text() for text in grid.texts} == {
        (0, 0): '3', (90, 40): '1', (-90, 0): '1'}  # frames in pairs
    assert [text.get_text() for text in azimuth.get_legend().get_texts()] == ['interquartile range', 'median']


def test_directions_off_the_grid_belong_to_the_nearest():
    reference = np.array([(0, KNOCK, 180, 0), (1, KNOCK, 176, 3), (2, KNOCK, 14, -70)])
    prediction = reference + [0, 0, 6, 0]
    figure = error_pictures.plot_directions(matching.match([reference], [np.arange(3)], [prediction]))
    assert list(median_line(figure.axes[0])) == [-180, 10]
    assert list(median_line(figure.axes[1])) == [-40, 0]


def test_errors_since_the_onset(matches):
    figure = error_pictures.plot_onsets(matches)
    shares, errors, sounding = figure.axes
    lines = {line.get_label(): list(line.get_ydata()) for line in shares.lines}
    # Bins of five frames: frames 0 to 3 of the first event and frame 0 of another; frame 5 of the third.
    assert lines['paired with a prediction'] == pytest.approx([80, 100])
    assert lines['paired, and of the right class'] == pytest.approx([60, 100])
    assert median_line(errors) == pytest.approx({0.05: 15, 0.15: 140}, abs=1e-5)
    assert [bar.get_height() for bar in sounding.patches] == [2, 1]
    assert sounding.get_xlabel() == 'time since the event began (s)'


def test_everything_missed():
    reference = np.array([(0, KNOCK, 0, 0)])
    matches = matching.match([reference], [np.zeros(1, int)], [np.zeros((0, 4), int)])
    assert (matches.predicted_class == matches.nothing).all()
    no_error = 'Nothing was predicted in the frames of the reference: there is no DOA error.'
    for name, sentence in {'confusion': 'Nothing was predicted.', 'directions': no_error,
                           'onsets': no_error}.items():
        panels = error_pictures.PICTURES[name](matches).axes
        assert [text.get_text() for axes in panels for text in axes.texts if len(text.get_text()) > 3] == [
            sentence]


# ---- the script ----


@pytest.fixture
def folders(tmp_path):
    """References of two recordings, and predictions that are right but for one class."""
    (tmp_path / 'metadata_dev').mkdir()
    (tmp_path / 'results/1_foa_dev').mkdir(parents=True)
    for path in EXAMPLES.glob('*.csv'):
        (tmp_path / 'metadata_dev' / path.name).write_bytes(path.read_bytes())
        rows = read_reference_rows(path).astype(int)
        rows[rows[:, 1] == PHONE, 1] = SPEECH
        write_output_rows(tmp_path / 'results/1_foa_dev' / path.name, rows)
    return tmp_path


def test_run_for_real_without_a_display(folders):
    environment = {key: value for key, value in os.environ.items() if key not in ('DISPLAY', 'MPLBACKEND')}
    command = [sys.executable, ROOT / 'misc_files/analyse_errors.py', 'results/1_foa_dev', 'metadata_dev',
               '--output', 'pictures']
    done = subprocess.run(command, cwd=folders, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, '')
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    assert rows['phone'][2:6] == ['0.0%', '0.0%', 'speech', '100.0%']
    assert rows['knock'][2:5] == ['100.0%', '0.0%', '-']
    sizes = {path.name: matplotlib.image.imread(path).shape[:2] for path in folders.glob('pictures/*')}
    assert sorted(sizes) == ['confusion.png', 'directions.png', 'onsets.png']
    assert sizes['onsets.png'] == (1125, 1200)


def test_the_folders_of_the_task_are_the_default(folders, monkeypatch, capsys):
    monkeypatch.chdir(folders)
    Path('results/1_foa_dev/split2_ir1_ov1_1.csv').unlink()
    with pytest.raises(InputError, match='missing: split2_ir1_ov1_1'):
        analyse_errors.main(['--dataset_dir', '.'])
    assert analyse_errors.main(['--dataset_dir', '.', '--allow-missing', '--format', 'pdf']) == 0
    assert '1 recordings of results/1_foa_dev, 1 references have no prediction' in capsys.readouterr().out
    assert sorted(path.name for path in Path('results/1_foa_dev/errors').iterdir()) == [
        'confusion.pdf', 'directions.pdf', 'onsets.pdf']
    assert plt.get_fignums() == []


def test_the_next_command_draws_the_worst_recording(folders, monkeypatch, capsys):
    monkeypatch.chdir(folders)
    for name, wrong in (('split1_ir3_ov2_1', 0), ('split2_ir1_ov1_1', 40)):
        rows = read_reference_rows(Path('metadata_dev', f'{name}.csv')).astype(int)
        rows[:wrong, 1] = (rows[:wrong, 1] + 1) % 11
        write_output_rows(Path('results/1_foa_dev', f'{name}.csv'), rows)
    assert analyse_errors.main(['--dataset_dir', '.', '--output', 'errors']) == 0
    words = next_command_of(capsys.readouterr().out, 'misc_files/visualize_SELD_output.py')
    assert words == ['results/1_foa_dev/split2_ir1_ov1_1.csv', '--references', 'metadata_dev',
                     '--dataset_dir', '.']
    assert visualize_SELD_output.main([*words, '--output', 'worst.png']) == 0
    assert Path('worst.png').exists()


def test_no_events_at_all(folders, monkeypatch):
    monkeypatch.chdir(folders)
    for path in Path('metadata_dev').iterdir():
        path.write_text('')
    with pytest.raises(InputError, match='metadata_dev: no events in the descriptions of 2 recordings'):
        analyse_errors.main(['--dataset_dir', '.'])
