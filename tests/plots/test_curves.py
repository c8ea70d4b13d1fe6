"""Training curves, by matplotlib's objects and as files."""

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from seldnet.common.errors import InputError
from seldnet.plots import curves


@pytest.fixture
def figures(monkeypatch):
    """The figures that are written."""
    written = []
    monkeypatch.setattr(Figure, 'savefig', lambda figure, path, dpi: written.append(figure))
    return written


def test_the_figure_of_folds_has_a_panel_a_score_and_a_line_a_fold(tmp_path, figures):
    rounds = [{'round': n, 'validation_loss': 9 / n, 'ER': 1 / n, 'F': n / 9, 'DOA': 90 / n, 'FR': n / 9,
               'SELD': 1 / n} for n in (1, 2, 3)]
    curves.plot_folds(tmp_path / 'folds.png', {'test split 1': rounds, 'test split 2': rounds[:2]})
    panels = figures[0].axes
    assert [axes.get_title() for axes in panels] == [
        'validation loss', 'error rate', 'F', 'DOA error (degrees)', 'frame recall', 'SELD score']
    assert all([len(line.get_xdata()) for line in axes.lines] == [3, 2] for axes in panels)
    np.testing.assert_allclose(panels[3].lines[0].get_ydata(), [90, 45, 30])
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == ['test split 1', 'test split 2']


def test_curves_without_a_display(tmp_path, monkeypatch):
    monkeypatch.delenv('DISPLAY', raising=False)
    rounds = np.linspace(1, 0.2, 7)
    curves.plot_functions(tmp_path / 'curves.png', rounds, rounds, np.stack([rounds] * 2, 1),
                        np.stack([rounds * 90, rounds, rounds * 100, rounds * 50], 1), rounds, best_round=7)
    assert (tmp_path / 'curves.png').stat().st_size > 10_000


def test_curves_of_a_history(tmp_path, figures):
    history = [{'round': n, 'training_loss': 9 / n, 'validation_loss': 8 / n, 'ER': 1 / n, 'F': n / 9,
                'DOA': 90 / n, 'FR': n / 8, 'SELD': 1 / n, 'predicted_peaks': 100 * n, 'good_frames': 50 * n}
               for n in (1, 2, 3)]
    curves.plot_history(tmp_path / 'a_run.png', {'history': history, 'best_round': 3})
    assert figures[0].get_suptitle() == 'a_run'
    drawn = [{line.get_label(): list(line.get_ydata()) for line in axes.lines} for axes in figures[0].axes]
    assert [list(panel) for panel in drawn] == [
        ['training', 'validation', 'best: round 3'],
        ['error rate', 'F', 'DOA error / 180°', 'frame recall', 'SELD score', 'best: round 3'],
        ['predicted directions', 'frames with the right number', 'best: round 3']]
    assert drawn[0]['validation'] == [8, 4, 8 / 3]
    assert drawn[1]['DOA error / 180°'] == [0.5, 0.25, 1 / 6]
    assert drawn[2]['predicted directions'] == [100, 200, 300]


SILENT = [{'round': n, 'training_loss': 1, 'validation_loss': 1, 'ER': 1, 'F': 0, 'DOA': np.nan, 'FR': 0.5,
           'SELD': np.nan, 'predicted_peaks': 0, 'good_frames': 5} for n in (1, 2)]
HEARD = {**SILENT[0], 'round': 3, 'DOA': 90, 'SELD': 0.7, 'predicted_peaks': 4}


def test_rounds_in_which_nothing_is_active_are_shaded(tmp_path, figures):
    curves.plot_history(tmp_path / 'a_run.png', {'history': [*SILENT, HEARD], 'best_round': 1})
    for axes in figures[0].axes:
        assert len(axes.patches) == 2
        labels = [text.get_text() for text in axes.get_legend().get_texts()]
        assert labels.count('nothing active') == 1


def test_silent_rounds_of_folds_have_a_mark_of_their_own(tmp_path, figures):
    curves.plot_folds(tmp_path / 'folds.png', {'a': [*SILENT, HEARD], 'b': [HEARD]})
    assert 'x: rounds in which nothing was active' in figures[0].get_suptitle()
    assert all([[*line.get_xdata()] for line in axes.lines if line.get_marker() == 'x'] == [[1, 2]]
               for axes in figures[0].axes)


def test_size_of_the_picture(tmp_path):
    curves.plot_folds(tmp_path / 'folds.png', {'test split 1': [dict.fromkeys(
        ('round', 'validation_loss', 'ER', 'F', 'DOA', 'FR', 'SELD'), 1)]})
    assert matplotlib.image.imread(tmp_path / 'folds.png').shape[:2] == (840, 1320)


def test_a_name_without_ending_is_refused(tmp_path):
    rounds = np.ones(2)
    with pytest.raises(InputError, match=r'curves: expected a file name that ends in \.png'):
        curves.plot_functions(tmp_path / 'curves', rounds, rounds, np.ones((2, 2)), np.ones((2, 4)), rounds)
    assert not list(tmp_path.iterdir())
