"""The SELD score of DCASE 2019: the mean of the four scores of `sed` and `doa`, as errors between 0 and 1.

Definition: Adavanne, Politis, Nikunen, Virtanen, "Sound event localization and detection of overlapping
sources using convolutional recurrent neural networks", IEEE JSTSP 2018.
"""

from typing import NamedTuple

import numpy as np

from metrics import doa, sed


class SeldScores(NamedTuple):
    """The scores of 2019; each a float, or an array with one value a record."""

    ER: np.ndarray  # error rate, 0 at best
    F: np.ndarray  # F-score, 1 at best
    DOA: np.ndarray  # DOA error in degrees, 0 at best
    FR: np.ndarray  # frame recall, 1 at best
    SELD: np.ndarray  # SELD score, 0 at best


def seld_score(error_rate, f_score, doa_error_deg, frame_recall):
    """Mean of ER, 1 - F, DOA error / 180 and 1 - frame recall; 0 at best. NaN if one of them is."""
    return (error_rate + (1 - f_score) + doa_error_deg / 180 + (1 - frame_recall)) / 4


def scores(sed_counts: sed.SedCounts, doa_counts: doa.DoaCounts) -> SeldScores:
    """All scores of 2019 from the records; the DOA error is NaN where nothing was predicted."""
    four = (sed.error_rate(sed_counts), sed.f_score(sed_counts), doa.doa_error(doa_counts, if_none=np.nan),
            doa.frame_recall(doa_counts))
    return SeldScores(*four, seld_score(*four))
