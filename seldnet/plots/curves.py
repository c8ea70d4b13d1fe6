"""Training curves: of a fold, and of several folds over each other.

matplotlib takes half a second to load, so it is imported when something is drawn.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DPI = 120
QUICK_TEST = 'quick test: these scores mean nothing'


def plot_history(path: str | Path, state: Mapping[str, Any], *, quick_test: bool = False) -> None:
    """Draw the curves of a fold's rounds into a file.

    Parameters
    ----------
    path : path
        Of the figure.
    state : mapping
        'history', the scores of each round by their names, and 'best_round'.
    quick_test : bool
        As of `plot_functions`.
    """
    columns = {name: np.array([scores[name] for scores in state['history']], float)
               for name in state['history'][0]}
    plot_functions(path, columns['training_loss'], columns['validation_loss'],
                   np.stack((columns['ER'], columns['F']), axis=1),
                   np.stack([columns[name] for name in _DOA_COLUMNS], axis=1), columns['SELD'],
                   best_round=state['best_round'], quick_test=quick_test)


_DOA_COLUMNS = ('DOA', 'FR', 'predicted_peaks', 'good_frames')


def plot_functions(fig_name: str | Path, tr_loss: np.ndarray, val_loss: np.ndarray, sed_loss: np.ndarray,
                   doa_loss: np.ndarray, epoch_metric_loss: np.ndarray, *,
                   best_round: int | None = None, quick_test: bool = False) -> None:
    """Draw the training curves into a file.

    Parameters
    ----------
    fig_name : path
        Of the figure; its ending chooses the format.
    tr_loss, val_loss : arrays, shape (rounds,)
        Losses of training and validation.
    sed_loss : array, shape (rounds, 2)
        Error rate, F.
    doa_loss : array, shape (rounds, 4) or more
        DOA error in degrees, frame recall, predicted peaks, frames with the right number of peaks. Rounds
        without predicted peaks are shaded; otherwise the counts, which say little, are not drawn.
    epoch_metric_loss : array, shape (rounds,)
        SELD score.
    best_round : int, optional
        Marked in all panels, if given.
    quick_test : bool
        The title says that the scores mean nothing.
    """
    from matplotlib.figure import Figure

    from seldnet.plots.style import GREY, house_style, line_style, save

    rounds = np.arange(1, len(tr_loss) + 1)
    with house_style():
        figure = Figure(figsize=(9, 9), layout='constrained')
        panels = figure.subplots(4, 1, sharex=True, height_ratios=[1, 1.3, 0.8, 0.8])
        for axes, (label, curves) in zip(panels, {
                'loss': {'training': tr_loss, 'validation': val_loss},
                'score': {'error rate': sed_loss[:, 0], 'F': sed_loss[:, 1],
                                             'frame recall': doa_loss[:, 1]},
                'DOA error (°)': {'DOA error': doa_loss[:, 0]},
                'SELD score': {'SELD score': epoch_metric_loss}}.items()):
            axes.set_ylabel(label)
            for place, (name, values) in enumerate(curves.items()):
                axes.plot(rounds, values, label=name, **line_style(place))
            _shade(axes, rounds[doa_loss[:, 2] == 0])
            if best_round is not None:
                axes.axvline(best_round, color=GREY, linestyle=(0, (1, 2)), linewidth=1.2, zorder=1,
                             label=f'best: round {best_round}')
            axes.legend(loc='center left', bbox_to_anchor=(1, 0.5))
            _end_at_possible(axes, highest=180 if label.startswith('DOA') else None)
        panels[0].set_title('Losses')
        panels[1].set_title('Scores of the validation fold')
        _label_rounds(panels[-1], len(rounds))
        figure.suptitle(_title(fig_name, quick_test))
        save(figure, fig_name, dpi=_DPI)


def plot_folds(path: str | Path, histories: Mapping[str, Sequence[Mapping[str, float]]], *,
               best_rounds: Mapping[str, int] | None = None, quick_test: bool = False) -> None:
    """Draw the validation curves of several folds over each other: a panel a score, a line a fold.

    Parameters
    ----------
    path : path
        Of the figure.
    histories : mapping
        Name of each fold to its history: the scores of each round by their names.
    best_rounds : mapping, optional
        Name of each fold to its best round, which gets a ring in all panels.
    quick_test : bool
        The title says that the scores mean nothing.
    """
    from matplotlib.figure import Figure

    from seldnet.plots.style import house_style, line_style, save

    with house_style():
        figure = Figure(figsize=(11, 7), layout='constrained')
        panels = figure.subplots(2, 3, sharex=True)
        for axes, (title, (score, highest)) in zip(panels.flat, _FOLD_PANELS.items()):
            for place, (name, history) in enumerate(histories.items()):
                look = line_style(place)
                axes.plot([scores['round'] for scores in history], [scores[score] for scores in history],
                          label=name, **look)
                silent = [scores['round'] for scores in history if scores.get('predicted_peaks') == 0]
                axes.plot(silent, [0] * len(silent), linestyle='', marker='x', color=look['color'],
                          transform=axes.get_xaxis_transform(), clip_on=False, in_layout=False)
                best = (best_rounds or {}).get(name)
                rings = [(scores['round'], scores[score]) for scores in history if scores['round'] == best]
                axes.plot(*np.reshape(rings, (-1, 2)).T, linestyle='', marker='o', markersize=11, zorder=3,
                          markerfacecolor='none', markeredgecolor=look['color'], markeredgewidth=1.5)
            axes.set_title(title)
            _end_at_possible(axes, highest=highest)
        for axes in panels[-1]:
            _label_rounds(axes, max(map(len, histories.values())))
        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc='outside lower center', ncols=min(len(histories), 5))
        figure.suptitle('\n'.join([_title(path, quick_test), *_explained(histories, best_rounds)]))
        save(figure, path, dpi=_DPI)


_FOLD_PANELS = {'validation loss': ('validation_loss', None), 'error rate': ('ER', None), 'F': ('F', 1),
                'DOA error (degrees)': ('DOA', 180), 'frame recall': ('FR', 1), 'SELD score': ('SELD', None)}


def _explained(histories: Mapping[str, Sequence[Mapping[str, float]]],
               best_rounds: Mapping[str, int] | None) -> list[str]:
    """What signs mean that stand in the panels beside the lines."""
    is_any_silent = any(scores.get('predicted_peaks') == 0 for history in histories.values()
                        for scores in history)
    signs = ['ring: best round'] * bool(best_rounds)
    signs += ['x: rounds in which nothing was active'] * is_any_silent
    return [', '.join(signs)] if signs else []


def _title(path: str | Path, quick_test: bool) -> str:
    return Path(path).stem + (f'  [{QUICK_TEST}]' if quick_test else '')


def _shade(axes: 'Axes', silent_rounds: np.ndarray) -> None:
    for number, silent_round in enumerate(silent_rounds):
        axes.axvspan(silent_round - 0.5, silent_round + 0.5, color='0.9', linewidth=0, zorder=0,
                     label=None if number else 'nothing active')


def _end_at_possible(axes: 'Axes', *, highest: float | None) -> None:
    """No score is below 0, and none above the highest that there can be; shares end at 1."""
    values = np.concatenate([np.asarray(line.get_ydata(), float) for line in axes.lines
                             if line.get_transform() == axes.transData])
    top = 1.08 * np.nanmax(values, initial=0.05, where=np.isfinite(values))
    axes.set_ylim(0, top if highest is None else highest if highest == 1 else min(top, highest))


def _label_rounds(axes: 'Axes', nb_rounds: int) -> None:
    axes.set_xlabel('round')
    axes.set_xlim(0.5, nb_rounds + 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
