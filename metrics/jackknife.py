"""Confidence of a score by the jackknife: how it moves when one recording is left out.

Definition: Efron and Stein, "The jackknife estimate of variance", Annals of Statistics 1981, as the DCASE
baselines from 2022 on compute it. For n recordings, with theta the score of all and theta_i without
recording i:

    standard error = sqrt((n - 1) * mean((theta_i - mean)^2))    mean = mean(theta_i)
    estimate       = theta - (n - 1) * (mean - theta)
    interval       = estimate +- t(0.975, n - 1) * standard error
"""

from typing import NamedTuple, TypeVar

import numpy as np
from scipy.special import stdtr, stdtrit

from metrics import Record

AnyRecord = TypeVar('AnyRecord', bound=Record)


class Estimate(NamedTuple):
    """A score and how well it is known; NaN with fewer than two recordings, or if a score is not finite."""

    value: float
    standard_error: float
    nb_recordings: int


def leave_one_out(records: AnyRecord) -> AnyRecord:
    """For each recording (leading axis) the sum of all others."""
    return records.total() - records


def estimate(theta: float, leave_one_out_theta: np.ndarray) -> Estimate:
    """A score, or a difference of two, with its standard error.

    Parameters
    ----------
    theta : float
        The score of all recordings.
    leave_one_out_theta : array, shape (n,)
        The score without each recording.

    Returns
    -------
    Estimate
    """
    n = len(leave_one_out_theta)
    if n < 2 or not np.isfinite(theta) or not np.isfinite(leave_one_out_theta).all():
        return Estimate(np.nan, np.nan, n)
    mean = leave_one_out_theta.mean()
    standard_error = np.sqrt((n - 1) * ((leave_one_out_theta - mean) ** 2).mean())
    return Estimate(float(theta - (n - 1) * (mean - theta)), float(standard_error), n)


def interval(theta: float, leave_one_out_theta: np.ndarray, confidence: float = 0.95,
             limits: tuple[float, float] = (-np.inf, np.inf)) -> tuple[float, float]:
    """Confidence interval of a score.

    Parameters
    ----------
    theta, leave_one_out_theta
        As of `estimate`.
    confidence : float
        Between 0 and 1.
    limits : (float, float)
        The least and the greatest value that the score can have: the interval is cut to them.

    Returns
    -------
    low, high : float
        NaN for both with fewer than two recordings, or if a score is not finite.
    """
    value, standard_error, n = estimate(theta, leave_one_out_theta)
    margin = stdtrit(max(n - 1, 1), (1 + confidence) / 2) * standard_error
    return float(np.clip(value - margin, *limits)), float(np.clip(value + margin, *limits))


def p_value(theta: float, leave_one_out_theta: np.ndarray) -> float:
    """How likely a difference of two scores is at least so large if the true one is 0.

    Parameters
    ----------
    theta, leave_one_out_theta
        As of `estimate`, of the difference.

    Returns
    -------
    float
        0..1, two-sided; NaN as in `estimate`. Below 0.05 where the 95 % interval does not hold 0.
    """
    value, standard_error, n = estimate(theta, leave_one_out_theta)
    if standard_error == 0:
        return float(value == 0)
    return float(2 * stdtr(max(n - 1, 1), -abs(value) / standard_error))
