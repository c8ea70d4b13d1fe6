"""Confidence of a score by the jackknife: how it moves when one recording is left out.

Definition: Efron and Stein, "The jackknife estimate of variance", Annals of Statistics 1981, as the DCASE
baselines from 2022 on compute it. For n recordings, with theta the score of all and theta_i without
recording i:

    standard error = sqrt((n - 1) * mean((theta_i - mean)^2))    mean = mean(theta_i)
    estimate       = theta - (n - 1) * (mean - theta)
    interval       = estimate +- t(0.975, n - 1) * standard error
"""

from typing import TypeVar

import numpy as np
from scipy.special import stdtrit

from metrics import Record

AnyRecord = TypeVar('AnyRecord', bound=Record)


def leave_one_out(records: AnyRecord) -> AnyRecord:
    """For each recording (leading axis) the sum of all others."""
    return records.total() - records


def interval(theta: float, leave_one_out_theta: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a score.

    Parameters
    ----------
    theta : float
        The score of all recordings.
    leave_one_out_theta : array, shape (n,)
        The score without each recording.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    low, high : float
        NaN for both with fewer than two recordings, or if a score is not finite.
    """
    n = len(leave_one_out_theta)
    if n < 2 or not np.isfinite(theta) or not np.isfinite(leave_one_out_theta).all():
        return np.nan, np.nan
    mean = leave_one_out_theta.mean()
    standard_error = np.sqrt((n - 1) * ((leave_one_out_theta - mean) ** 2).mean())
    estimate = theta - (n - 1) * (mean - theta)
    margin = stdtrit(n - 1, (1 + confidence) / 2) * standard_error
    return float(estimate - margin), float(estimate + margin)
