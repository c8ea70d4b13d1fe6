"""The rounds of a training: which is best, as a table, and of what code they are."""

import csv
import math
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from metrics import seld
from seldnet.common.files import atomic_path

State = dict[str, Any]  # 'history': scores of each round; 'best_round'; 'results' once finished


def is_silent(scores: Mapping[str, float]) -> bool:
    """Whether no class was active in any frame: then there is no DOA error.

    Parameters
    ----------
    scores : mapping
        With 'predicted_peaks'.

    Returns
    -------
    bool
    """
    return scores.get('predicted_peaks', 1) == 0


def choice_score(scores: Mapping[str, float], doa_error_if_silent: float) -> float:
    """The SELD score that the best round is chosen by, 0 at best.

    Parameters
    ----------
    scores : mapping
        'ER', 'F', 'FR', 'SELD' and 'predicted_peaks' of a round.
    doa_error_if_silent : float
        Degrees, as of `Method`: what counts where nothing is active.

    Returns
    -------
    float
        The SELD score itself where something is active.
    """
    if not is_silent(scores):
        return scores['SELD']
    return float(seld.seld_score(scores['ER'], scores['F'], doa_error_if_silent, scores['FR']))


def is_better(scores: Mapping[str, float], state: State, doa_error_if_silent: float = 0.0) -> bool:
    """Whether a round's SELD score is better than that of the best round so far.

    Parameters
    ----------
    scores : mapping
        As of `choice_score`.
    state : dict
        As of `Run.load_state`, without this round.
    doa_error_if_silent : float
        As of `choice_score`.

    Returns
    -------
    bool
        A score that is not a number is better than none and than another such one.
    """
    if state['best_round'] is None:
        return True
    best = choice_score(state['history'][state['best_round'] - 1], doa_error_if_silent)
    return choice_score(scores, doa_error_if_silent) < best or math.isnan(best)


def find_best_round(history: Sequence[Mapping[str, float]],
                    doa_error_if_silent: float = 0.0) -> int | None:
    """The round that `is_better` than all before it, the last such one.

    Parameters
    ----------
    history : sequence of mappings
        The scores of each round by their names.
    doa_error_if_silent : float
        Of the method, as of `is_better`.

    Returns
    -------
    int or None
        From 1; None of no rounds.
    """
    state: State = {'history': history, 'best_round': None}
    for number, scores in enumerate(history, 1):
        if is_better(scores, state, doa_error_if_silent):
            state['best_round'] = number
    return state['best_round']


def listed_splits(splits: Sequence[int]) -> str:
    """'3+4' for 3 and 4.

    Parameters
    ----------
    splits : sequence of int

    Returns
    -------
    str
    """
    return '+'.join(map(str, splits))


def git_state() -> str | None:
    """Commit of the code, `-dirty` if it was changed since; None outside a repository."""
    try:
        described = subprocess.run(['git', 'describe', '--always', '--dirty'],
                                   cwd=Path(__file__).resolve().parents[2], text=True, capture_output=True,
                                   check=True)
        return described.stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def write_history(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Write the scores of all rounds as CSV, atomically.

    Parameters
    ----------
    path : Path
    history : sequence of mappings
        The scores of each round by their names, in the order of the columns; a resumed run may have more of
        them in its later rounds.
    """
    names = list(dict.fromkeys(name for scores in history for name in scores))
    with atomic_path(path) as temporary, temporary.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(history)
