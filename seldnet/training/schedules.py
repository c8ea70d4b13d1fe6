"""How the learning rate goes over the rounds of a training. It depends on the round alone, so that a resumed
training goes on as if it had not been stopped."""

import math
from collections.abc import Callable

WARM_UP = 0.05  # share of the rounds in which a cosine schedule rises
START, END = 0.1, 0.005  # shares of the learning rate at both ends of a cosine schedule


def constant(progress: float) -> float:
    """The same all the time.

    Parameters
    ----------
    progress : float
        Share of the training that is over, 0..1.

    Returns
    -------
    float
        Share of the learning rate.
    """
    return 1.0


def cosine(progress: float) -> float:
    """Up in the first twentieth, then down along half a cosine (Loshchilov, Hutter, arXiv 1608.03983).

    Parameters
    ----------
    progress : float
        Share of the training that is over, 0..1.

    Returns
    -------
    float
        Share of the learning rate, from a tenth up to 1 and down to nearly 0.
    """
    if progress < WARM_UP:
        return START + (1 - START) * progress / WARM_UP
    fall = (progress - WARM_UP) / (1 - WARM_UP)
    return END + (1 - END) * 0.5 * (1 + math.cos(math.pi * fall))


SCHEDULES: dict[str, Callable[[float], float]] = {'constant': constant, 'cosine': cosine}


def rate_function(schedule: str, highest: float, nb_before: int,
                  nb_all: int) -> Callable[[int], float] | None:
    """The learning rates of some batches of a training.

    Parameters
    ----------
    schedule : str
        One of `SCHEDULES`.
    highest : float
        The learning rate that the schedule scales.
    nb_before, nb_all : int
        Batches before these, and of the whole training.

    Returns
    -------
    function or None
        Number of the batch, counted from the first of these -> learning rate; None where it does not change.
    """
    if schedule == 'constant':
        return None
    return lambda batch: highest * SCHEDULES[schedule]((nb_before + batch) / nb_all)
