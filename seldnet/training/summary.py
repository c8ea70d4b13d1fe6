"""What a training says: a line a round, tables of the folds, and where everything is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seldnet.common.files import clear_leftovers
from seldnet.common.processes import locked
from seldnet.plots.curves import plot_folds
from seldnet.training.history import State, find_best_round, listed_splits
from seldnet.training.run import Run

Scores = Mapping[str, float]


def score_line(scores: Scores) -> str:
    """The five scores of 2019.

    Parameters
    ----------
    scores : mapping
        'ER', 'F', 'DOA' (degrees), 'FR' and 'SELD'; F and FR are fractions, written as percent.

    Returns
    -------
    str
    """
    return (f'ER {scores["ER"]:.3f}  F {100 * scores["F"]:4.1f} %  DOA error {scores["DOA"]:5.1f} deg  '
            f'frame recall {100 * scores["FR"]:4.1f} %  SELD {scores["SELD"]:.3f}')


def round_line(scores: Scores, state: State) -> str:
    """A round: its time, the losses of training and validation, scores, and the best round so far.

    Parameters
    ----------
    scores : mapping
        As of `score_line`, and 'round', 'seconds', 'training_loss', 'validation_loss'.
    state : dict
        As of `Run.load_state`, this round included.

    Returns
    -------
    str
    """
    best = state['history'][state['best_round'] - 1]
    return (f'round {scores["round"]:3d}  {scores["seconds"]:4.0f} s  loss {scores["training_loss"]:.3f} / '
            f'{scores["validation_loss"]:.3f}  {score_line(scores)}  '
            f'best {best["SELD"]:.3f} (round {best["round"]})')


def fold_line(run: Run, number: int, nb_folds: int) -> str:
    """What a fold trains, validates and tests on.

    Parameters
    ----------
    run : Run
    number : int
        Of the fold, counted from 1.
    nb_folds : int
        That are trained.

    Returns
    -------
    str
        Two lines, the first empty.
    """
    fold = run.fold
    return (f'\nFold {number} of {nb_folds}: train on split {listed_splits(fold.train)}, '
            f'validate on {listed_splits(fold.val)}, test on {listed_splits(fold.test)}')


def finished_line(run: Run, state: State) -> str:
    """That a fold was finished by an earlier command.

    Parameters
    ----------
    run : Run
    state : dict
        As of `Run.load_state`.

    Returns
    -------
    str
    """
    rounds = len(state['history'])
    return f'Already finished, after {rounds} round{"s" * (rounds > 1)}: {run.path("_model.keras")}'


def result_lines(run: Run, results: Mapping[str, Scores | None]) -> list[str]:
    """The scores of a fold's best model.

    Parameters
    ----------
    run : Run
    results : mapping
        'validation' and 'test' to scores as of `score_line`, or None.

    Returns
    -------
    list of str
    """
    return [f'{name:>10}: {score_line(scores)}{run.note}' for name, scores in results.items()
            if scores is not None]


def summary_lines(runs: Sequence[Run], results: Sequence[Mapping[str, Any]], curves: Sequence[Path],
                  ) -> list[str]:
    """A table of the folds and their mean, where everything is, and how to get the official scores.

    Parameters
    ----------
    runs : sequence of Run
        The folds, one at least.
    results : sequence of mappings
        Of each run, as of `result_lines`.
    curves : sequence of Path
        As of `draw_folds`.

    Returns
    -------
    list of str
        Some of several lines.
    """
    first = runs[0]
    lines = []
    tested = {'validation': [run.fold.val for run in runs], 'test': [run.fold.test for run in runs]}
    for name, splits in tested.items():
        rows = [result[name] for result in results if result[name] is not None]
        if not rows:
            continue
        mean = {score: float(np.mean([row[score] for row in rows])) for score in rows[0]}
        lines.append(f'\n{name.capitalize()} scores of the best models{first.note}')
        labels = [*(f'split {listed_splits(split)}' for split in splits), 'mean']
        lines += [f'  {label:>8}  {score_line(row)}{first.note}' for label, row in zip(labels, [*rows, mean])]
    lines.append('\n  '.join(['\nCurves of training:', *map(str, curves)]))
    params = first.params
    if params['dcase_output']:
        references = first.dataset.description_folder(params['dataset_dir'], params['mode'])
        some = params['quick_test'] or len(runs) < len(first.dataset.folds[params['mode']])
        lines.append(f'Predictions:\n  {first.output.folder}\nTheir official scores:\n  python '
                     f'calculate_SELD_metrics.py {first.output.folder} {references}'
                     f'{" --allow-missing" if some else ""}')
    return lines


def draw_folds(runs: Sequence[Run]) -> list[Path]:
    """Draw the curves of all folds of the job over each other, if there are several; all figures of the runs.


    Parameters
    ----------
    runs : sequence of Run
        Of one job, one at least.

    Returns
    -------
    list of Path
        The figures of the runs and, if it was drawn, that of the job.

    Raises
    ------
    InputError
        If another process draws for a minute.
    """
    curves = [run.path('.png') for run in runs]
    histories = runs[0].histories_of_all_folds()
    if len(histories) > 1:
        figure = runs[0].folds_figure
        with locked(figure.with_suffix('.lock'), f'drawing {figure}', timeout_s=60):
            clear_leftovers(figure.parent, figure.stem)
            plot_folds(figure, histories, quick_test=runs[0].params['quick_test'],
                       best_rounds={name: find_best_round(history) for name, history in histories.items()})
        curves.append(figure)
    return curves
