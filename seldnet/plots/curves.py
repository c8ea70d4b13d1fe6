"""Training curves: of a fold, and of several folds over each other.

matplotlib takes half a second to load, so it is imported when something is drawn.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_DPI = 120


def plot_history(path: str | Path, state: Mapping[str, Any]) -> None:
    """Draw the curves of a fold's rounds into a file.

    Parameters
    ----------
    path : path
        Of the figure.
    state : mapping
        'history', the scores of each round by their names, and 'best_round'.
    """
    columns = {name: np.array([scores[name] for scores in state['history']], float)
               for name in state['history'][0]}
    plot_functions(path, columns['training_loss'], columns['validation_loss'],
                   np.stack((columns['ER'], columns['F']), axis=1),
                   np.stack([columns[name] for name in _DOA_COLUMNS], axis=1), columns['SELD'],
                   best_round=state['best_round'])


_DOA_COLUMNS = ('DOA', 'FR', 'predicted_peaks', 'good_frames')


def plot_functions(fig_name: str | Path, tr_loss: np.ndarray, val_loss: np.ndarray, sed_loss: np.ndarray,
                   doa_loss: np.ndarray, epoch_metric_loss: np.ndarray, *,
                   best_round: int | None = None) -> None:
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
        without predicted peaks are shaded.
    epoch_metric_loss : array, shape (rounds,)
        SELD score.
    best_round : int, optional
        Marked, if given.
    """
    from matplotlib.figure import Figure

    from seldnet.plots.style import save

    rounds = np.arange(1, len(tr_loss) + 1)
    figure = Figure(figsize=(9, 9), layout='constrained')
    losses_ax, scores_ax, peaks_ax = figure.subplots(3, 1, sharex=True)
    style = {'marker': 'o', 'markersize': 3}
    for axes, curves in (
            (losses_ax, {'training': tr_loss, 'validation': val_loss}),
            (scores_ax, {'error rate': sed_loss[:, 0], 'F': sed_loss[:, 1],
                         'DOA error / 180°': doa_loss[:, 0] / 180, 'frame recall': doa_loss[:, 1]}),
            (peaks_ax, {'predicted directions': doa_loss[:, 2],
                        'frames with the right number': doa_loss[:, 3]})):
        for label, values in curves.items():
            axes.plot(rounds, values, label=label, **style)
    scores_ax.plot(rounds, epoch_metric_loss, label='SELD score', color='black', linewidth=2, **style)
    losses_ax.set_ylabel('loss')
    scores_ax.set(ylabel='score of the validation fold', ylim=(0, None))
    peaks_ax.set(ylabel='count', xlabel='round')
    peaks_ax.xaxis.get_major_locator().set_params(integer=True)
    for axes in (losses_ax, scores_ax, peaks_ax):
        for number, silent_round in enumerate(rounds[doa_loss[:, 2] == 0]):
            axes.axvspan(silent_round - 0.5, silent_round + 0.5, color='0.88', linewidth=0,
                         label=None if number else 'nothing active')
        if best_round is not None:
            axes.axvline(best_round, color='gray', linestyle=':', label=f'best: round {best_round}')
        axes.grid(alpha=0.3)
        axes.legend(loc='center left', bbox_to_anchor=(1, 0.5), frameon=False)
    figure.suptitle(Path(fig_name).stem)
    save(figure, fig_name, dpi=_DPI)


def plot_folds(path: str | Path, histories: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    """Draw the validation curves of several folds over each other: a panel a score, a line a fold.

    Parameters
    ----------
    path : path
        Of the figure.
    histories : mapping
        Name of each fold to its history: the scores of each round by their names.
    """
    from matplotlib.figure import Figure

    from seldnet.plots.style import save

    figure = Figure(figsize=(11, 7), layout='constrained')
    panels = figure.subplots(2, 3, sharex=True)
    is_any_silent = False
    for axes, (title, score) in zip(panels.flat, _FOLD_PANELS.items()):
        for name, history in histories.items():
            line, = axes.plot([scores['round'] for scores in history],
                              [scores[score] for scores in history], marker='o', markersize=3, label=name)
            silent = [scores['round'] for scores in history if scores.get('predicted_peaks') == 0]
            if silent:
                is_any_silent = True
                axes.plot(silent, [0] * len(silent), linestyle='', marker='x', color=line.get_color(),
                          transform=axes.get_xaxis_transform(), clip_on=False)
        axes.set_title(title)
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    for axes in panels[-1]:
        axes.set_xlabel('round')
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside lower center', ncols=len(histories))
    figure.suptitle(Path(path).stem + ('\nx: rounds in which nothing was active' if is_any_silent else ''))
    save(figure, path, dpi=_DPI)


_FOLD_PANELS = {'validation loss': 'validation_loss', 'error rate': 'ER', 'F': 'F',
                'DOA error (degrees)': 'DOA', 'frame recall': 'FR', 'SELD score': 'SELD'}
