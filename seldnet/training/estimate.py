"""How long a training will take: after its first batches, and after each round."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np


def readable_time(seconds: float) -> str:
    """A time in one or two units.

    Parameters
    ----------
    seconds : float

    Returns
    -------
    str

    Examples
    --------
    >>> [readable_time(seconds) for seconds in (8.2, 95, 3700, 200_000)]
    ['8 s', '1 min 35 s', '1 h 02 min', '2 d 08 h']
    """
    seconds = round(seconds)
    if seconds < 60:
        return f'{seconds} s'
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f'{minutes} min {seconds:02d} s'
    hours, minutes = divmod(round(minutes + seconds / 60), 60)
    if hours < 48:
        return f'{hours} h {minutes:02d} min'
    days, hours = divmod(round(hours + minutes / 60), 24)
    return f'{days} d {hours:02d} h'


class Clock:
    """The time that is left of a command that trains one fold after the other.

    Parameters
    ----------
    folds_after : int
        Folds that are still to be trained after the present one; may be set anew.
    """

    def __init__(self, folds_after: int = 0):
        self.folds_after = folds_after
        self._is_estimated = False

    def reporter(self, say: Callable[[str], None], nb_batches: int, epochs: int, nb_rounds: int, *,
                 rounds_before: int = 0) -> Callable[[float], None] | None:
        """Who says, after the first batches of the command, how long all will take.

        Parameters
        ----------
        say : function
            Takes the line.
        nb_batches, epochs, nb_rounds : int
            Batches of an epoch, epochs of a round, rounds of a fold at most.
        rounds_before : int
            That the fold has had.

        Returns
        -------
        function or None
            Takes the seconds of a batch; None if it was said before: the first batches tell of all folds.
        """
        if self._is_estimated:
            return None

        def report(seconds_a_batch: float) -> None:
            self._is_estimated = True
            epoch_s = seconds_a_batch * nb_batches
            round_s = epoch_s * epochs
            fold_s = round_s * (nb_rounds - rounds_before)
            line = ('Estimate from the first batches, without validation: '
                    f'{readable_time(epoch_s)} an epoch, {readable_time(round_s)} a round, at most '
                    f'{readable_time(fold_s)} this fold')
            if self.folds_after:
                all_s = fold_s + round_s * nb_rounds * self.folds_after
                line += f', {readable_time(all_s)} all {self.folds_after + 1} folds'
            say(line)
        return report

    def time_left(self, history: Sequence[Mapping[str, float]], nb_rounds: int) -> str:
        """How long it takes at most, by the rounds so far; stopping early shortens it.

        Parameters
        ----------
        history : sequence of mappings
            Of this fold: 'seconds' of each round, one at least.
        nb_rounds : int
            Of a fold at most.

        Returns
        -------
        str
            Empty where nothing is left.
        """
        round_s = float(np.median([scores['seconds'] for scores in history]))
        of_fold = round_s * max(0, nb_rounds - len(history))
        of_all = of_fold + round_s * nb_rounds * self.folds_after
        if not of_all:
            return ''
        folds = f', {readable_time(of_all)} with the other folds' if self.folds_after else ''
        return f'left: at most {readable_time(of_fold)}{folds}'
