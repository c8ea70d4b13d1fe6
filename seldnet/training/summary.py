"""What a training says: a line a round, tables of the folds, and where everything is."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seldnet.common.files import clear_leftovers
from seldnet.common.processes import locked
from seldnet.common.scripts import next_command
from seldnet.plots.curves import plot_folds
from seldnet.training.history import State, find_best_round, is_silent, listed_splits
from seldnet.training.run import LOG_ENDING, MODEL_ENDING, Run

Scores = Mapping[str, float]


def quick_test_lines(params: Mapping[str, Any]) -> list[str]:
    """That a run is a quick test, if it is: said once, before it starts.

    Parameters
    ----------
    params : mapping
        Settings of `parameter.py`.

    Returns
    -------
    list of str
    """
    return ['Quick test: two rounds on two batches, to see that everything runs. Its scores mean nothing.'
            ] if params['quick_test'] else []


def score_line(scores: Scores) -> str:
    """The five scores of 2019.

    Parameters
    ----------
    scores : mapping
        'ER', 'F', 'DOA' (degrees), 'FR' and 'SELD'; F and FR are fractions, written as percent. And
        'predicted_peaks', if known.

    Returns
    -------
    str
        '-' for what there is none of, and a word where nothing was active.
    """
    return (f'ER {scores["ER"]:.3f}  F {100 * scores["F"]:4.1f} %  '
            f'DOA error {_number(scores["DOA"], "5.1f")} deg  '
            f'frame recall {100 * scores["FR"]:4.1f} %  SELD {_number(scores["SELD"], ".3f")}'
            f'{"  NOTHING ACTIVE" if is_silent(scores) else ""}')


def _number(value: float, form: str) -> str:
    """As `calculate_SELD_metrics.py` writes it; as wide as a number."""
    return f'{"-":>5}' if math.isnan(value) else format(value, form)


def round_line(scores: Scores, state: State, nb_rounds: int, time_left: str = '') -> str:
    """A round: its time, the losses of training and validation, scores, and the best round so far.

    Parameters
    ----------
    scores : mapping
        As of `score_line`, and 'round', 'seconds', 'training_loss', 'validation_loss'.
    state : dict
        As of `Run.load_state`, this round included.
    nb_rounds : int
        At most.
    time_left : str
        As of `Clock.time_left`.

    Returns
    -------
    str
    """
    best = state['history'][state['best_round'] - 1]
    number = f'{scores["round"]}/{nb_rounds}'
    line = (f'round {number:>{2 * len(str(nb_rounds)) + 1}}  {scores["seconds"]:4.0f} s  loss '
            f'{scores["training_loss"]:.3f} / {scores["validation_loss"]:.3f}  {score_line(scores)}  '
            f'best {_number(best["SELD"], ".3f").strip()} (round {best["round"]})')
    return f'{line}  {time_left}' if time_left else line


def patience_line(run: Run) -> str:
    """When a training ends.

    Parameters
    ----------
    run : Run

    Returns
    -------
    str
    """
    rounds, patience = run.nb_rounds, run.params['patience']
    epochs = run.params['epochs_per_fit']
    line = f'At most {rounds} round{"s" * (rounds > 1)} of {epochs} epoch{"s" * (epochs > 1)}'
    if patience >= rounds - 2:  # it would not come to that
        return line
    if patience == 0:
        return f'{line}; patience 0: it stops after the first round that is not better than all before'
    return f'{line}; it stops after {patience + 1} rounds in a row that are not better (patience {patience})'


def stopping_lines(run: Run, state: State) -> list[str]:
    """Why a training has ended before its last round.

    Parameters
    ----------
    run : Run
    state : dict
        As of `Run.load_state`, of a training that is over.

    Returns
    -------
    list of str
        Empty if it has had all rounds.
    """
    rounds, best = len(state['history']), state['best_round']
    if rounds >= run.nb_rounds:
        return []
    return [f'Stopped early after round {rounds} of {run.nb_rounds}: none was better than round {best} '
            f'(patience {run.params["patience"]})']


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
    return (f'Already finished, after {rounds} round{"s" * (rounds > 1)}: {run.path(MODEL_ENDING)} '
            '(--resume with a larger nb_epochs or patience goes on)')


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
    return [f'{name:>10}: {score_line(scores)}' for name, scores in results.items()
            if scores is not None]


def summary_lines(runs: Sequence[Run], results: Sequence[Mapping[str, Any]], curves: Sequence[Path],
                  again: Sequence[str] = ()) -> list[str]:
    """A table of the folds and their mean, what was written, and the next commands.

    Parameters
    ----------
    runs : sequence of Run
        The folds, one at least.
    results : sequence of mappings
        Of each run, as of `result_lines`.
    curves : sequence of Path
        As of `draw_folds`.
    again : sequence of str
        The options of the command line, for a command that goes on from a quick test.

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
        mean = {score: float(np.mean([row[score] for row in rows])) for score in rows[0]
                if all(score in row for row in rows)}
        lines.append(f'\n{name.capitalize()} scores of the best models')
        labels = [*(f'split {listed_splits(split)}' for split in splits), 'mean']
        lines += [f'  {label:>8}  {score_line(row)}' for label, row in zip(labels, [*rows, mean])]
    models = [run.path(MODEL_ENDING) for run in runs]
    lines += _listed('\nModels:', models)
    lines += _listed('Curves of training:', curves)
    lines += _listed('Logs:', [run.path(LOG_ENDING) for run in runs])
    predict = ['python', 'misc_files/predict_recording.py', models[0], 'RECORDING.wav']
    commands = {'Recordings of your own': predict}
    params = first.params
    if params['dcase_output']:
        lines += _listed('Predictions:', [first.output.folder])
        some = params['quick_test'] or len(runs) < len(first.dataset.folds[params['mode']])
        score = ['python', 'calculate_SELD_metrics.py', first.output.folder]
        commands = {'Official scores': [*score, *(['--allow-missing'] if some else [])]} | commands
    if params['quick_test']:
        commands |= {'Train in full': ['python', 'seld.py', first.task_id, f'{first.job_id}_full', *again,
                                        '--quick_test', 'False']}
    return [*lines, *(next_command(*command, title=title) for title, command in commands.items())]


def _listed(title: str, items: Sequence[Any]) -> list[str]:
    return ['\n  '.join([title, *map(str, items)])]


def histories_of_all_folds(run: Run) -> dict[str, list[dict[str, float]]]:
    """The rounds of the job's folds, as far as they are trained: by this command or by others.

    Parameters
    ----------
    run : Run
        Of the job.

    Returns
    -------
    dict
        Name of a fold to the scores of its rounds.
    """
    runs = [dataclasses.replace(run, fold=fold) for fold in run.dataset.folds[run.params['mode']]]
    histories = {f'test split {listed_splits(of_fold.fold.test)}': of_fold.load_state()['history']
                 for of_fold in runs}
    return {name: history for name, history in histories.items() if history}


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
    histories = histories_of_all_folds(runs[0])
    if len(histories) > 1:
        figure = runs[0].folds_figure
        with locked(figure.with_suffix('.lock'), f'drawing {figure}', timeout_s=60):
            clear_leftovers(figure.parent, figure.stem)
            if_silent = runs[0].method.doa_error_if_silent
            plot_folds(figure, histories, quick_test=runs[0].params['quick_test'],
                       best_rounds={name: find_best_round(history, if_silent)
                                    for name, history in histories.items()})
        curves.append(figure)
    return curves
