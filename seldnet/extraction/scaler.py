"""The scaler: each column of the features to zero mean and unit variance.

One a format, fitted on all development recordings (the test fold too, as in 2019) and applied to the
evaluation set unchanged. It is scikit-learn's `StandardScaler`, filled from moments that were gathered
recording by recording, and stored as `.npz`.
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError
from seldnet.common.files import atomic_path
from seldnet.extraction.arrays import COMMAND, reading
from seldnet.extraction.features import FIRST_REVISION, REVISION
from seldnet.extraction.levels import MeanAndLoudest

if TYPE_CHECKING:  # its import takes a second, which workers and training need not wait for
    from sklearn.preprocessing import StandardScaler


class Moments(NamedTuple):
    """Frames, their mean and their summed squared deviations from it, for each column (float64)."""

    count: int
    mean: np.ndarray
    deviations: np.ndarray


class MeanAndScale(NamedTuple):
    """What normalising takes of a scaler, float64 (columns,) both; and the usual level of the recordings."""

    mean: np.ndarray
    scale: np.ndarray
    usual_magnitude: float | None = None  # None in scalers of earlier versions


def moments_row(moments: Moments, levels: MeanAndLoudest) -> np.ndarray:
    """Moments as one array, to be stored, with the recording's levels.

    Parameters
    ----------
    moments : Moments
    levels : MeanAndLoudest

    Returns
    -------
    float64 array, shape (2 * columns + 3,)
        Means, deviations, the number of frames, and the levels.
    """
    return np.concatenate([moments.mean, moments.deviations, [moments.count, *levels]])


def moments_of_row(row: np.ndarray, nb_columns: int, nb_frames: int | None) -> Moments:
    """The moments that `moments_row` has made an array of.

    Parameters
    ----------
    row : float64 array
        Of earlier versions without levels, or without the number of frames too.
    nb_columns : int
    nb_frames : int or None
        Of all recordings, for those of earlier versions.

    Returns
    -------
    Moments

    Raises
    ------
    ValueError
        If the array has another size.
    """
    columns, others = np.split(row, [2 * nb_columns])
    return Moments(int(others[0]) if others.size in (1, 3) else int(nb_frames or 0),
                   *columns.reshape(2, nb_columns))


def levels_of_row(row: np.ndarray, nb_columns: int) -> MeanAndLoudest | None:
    """The levels that are stored with moments.

    Parameters
    ----------
    row : float64 array
        As `moments_row` makes it.
    nb_columns : int

    Returns
    -------
    MeanAndLoudest or None
        None of a row of earlier versions.
    """
    return MeanAndLoudest(*row[-2:].tolist()) if row.size == 2 * nb_columns + 3 else None


def block_moments(features: np.ndarray) -> Moments:
    """Moments of the rows of a block.

    Parameters
    ----------
    features : array, shape (frames, columns)
        At least one frame.

    Returns
    -------
    Moments
    """
    mean = features.mean(axis=0, dtype=np.float64)
    deviations = features - mean
    return Moments(len(features), mean, np.einsum('ij,ij->j', deviations, deviations))


def merge_moments(moments: Moments, other: Moments) -> Moments:
    """Moments of two sets of frames together (Chan, Golub, LeVeque 1983; unlike sums of squares these do not
    cancel).

    Parameters
    ----------
    moments, other : Moments
        Of the same columns.

    Returns
    -------
    Moments
    """
    count = moments.count + other.count
    difference = other.mean - moments.mean
    return Moments(count, moments.mean + difference * (other.count / count),
                   moments.deviations + other.deviations
                   + difference**2 * (moments.count * other.count / count))


def fit_scaler(moments: Moments) -> 'StandardScaler':
    """The scaler of frames with these moments.

    Parameters
    ----------
    moments : Moments
        Of at least one frame.

    Returns
    -------
    StandardScaler
        `scale_` is the standard deviation, or 1 for a column that does not vary: whose variance is within the
        rounding error of computing it (Chan, Golub, LeVeque 1983), the bound that scikit-learn uses.

    Examples
    --------
    >>> frames = np.array([[1.0, 5.0], [3.0, 5.0]])
    >>> fit_scaler(block_moments(frames)).transform(frames).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    var = moments.deviations / moments.count
    rounding = moments.count * np.finfo(np.float64).eps
    is_constant = var <= rounding * var + (rounding * moments.mean) ** 2
    return _standard_scaler(moments.mean, np.where(is_constant, 1, np.sqrt(var)), var, moments.count)


def _standard_scaler(mean: np.ndarray, scale: np.ndarray, var: np.ndarray,
                     nb_frames: int) -> 'StandardScaler':
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    scaler.mean_, scaler.scale_, scaler.var_ = mean, scale, var
    scaler.n_samples_seen_, scaler.n_features_in_ = nb_frames, len(mean)
    return scaler


def save_scaler(path: str | Path, scaler: 'StandardScaler', facts: dict[str, Any] | None = None,
                usual: float | None = None) -> None:
    """Write a scaler as .npz, atomically: mean, var, scale (float64), nb_frames, facts (JSON), usual level.

    Parameters
    ----------
    path : path
        With the ending .npz.
    scaler : StandardScaler
        Fitted.
    facts : dict, optional
        `RecordingSet.feature_facts` of the recordings.
    usual : float, optional
        As of `usual_magnitude` of the recordings.

    Raises
    ------
    InputError, OSError
        As `atomic_path`.
    """
    with atomic_path(path) as temporary:
        stored: dict[str, Any] = {'facts': json.dumps(facts)} if facts else {}
        stored |= {} if usual is None else {'usual_magnitude': np.array(usual)}
        np.savez(temporary, mean=scaler.mean_, var=scaler.var_, scale=scaler.scale_,
                 nb_frames=np.array(scaler.n_samples_seen_), **stored)


def scaler_facts(path: str | Path) -> dict[str, Any]:
    """What is stored with a scaler of the recordings that it was fitted to.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        `RecordingSet.feature_facts`; those of TAU 2019 for scalers of earlier versions.

    Raises
    ------
    InputError
        As `load_scaler`.
    """
    with reading(path, 'a scaler of this project'), np.load(path, allow_pickle=False) as stored:
        return json.loads(str(stored['facts'])) if 'facts' in stored else TAU2019.audio_facts()


def load_scaler(path: str | Path, nb_columns: int | None = None) -> 'StandardScaler':
    """The scaler of features, from a file such as `foa_wts.npz`.

    Parameters
    ----------
    path : path
    nb_columns : int, optional
        That it must have.

    Returns
    -------
    StandardScaler
        With `mean_`, `scale_` and `var_`, float64, (columns,).

    Raises
    ------
    InputError
        If there is no such file, it is something else, has other columns, or numbers that cannot be.
    """
    mean, scale, _ = load_mean_and_scale(path, nb_columns)
    with reading(path, 'a scaler of this project'), np.load(path, allow_pickle=False) as stored:
        var = stored['var'] if 'var' in stored else scale ** 2
        nb_frames = int(stored['nb_frames']) if 'nb_frames' in stored else 0
    return _standard_scaler(mean, scale, var, nb_frames)


def load_mean_and_scale(path: str | Path, nb_columns: int | None = None,
                        revision: int | None = None) -> MeanAndScale:
    """As `load_scaler`, without scikit-learn.

    Parameters
    ----------
    path : path
    nb_columns : int, optional
        That it must have.
    revision : int, optional
        Of the kind of features that it must be fitted to.

    Returns
    -------
    MeanAndScale
        Finite, scales positive.

    Raises
    ------
    InputError
        As `load_scaler`.
    """
    if not Path(path).is_file():
        raise InputError(f'{path}: no scaler; run `{COMMAND}` on the development set first')
    with reading(path, 'a scaler of this project'), np.load(path, allow_pickle=False) as stored:
        mean, scale = (stored[name].astype(np.float64, casting='same_kind') for name in ('mean', 'scale'))
        usual = float(stored['usual_magnitude']) if 'usual_magnitude' in stored else None
    if revision is not None and (found := scaler_facts(path).get(REVISION, FIRST_REVISION)) != revision:
        raise InputError(f'{path}: fitted to features of revision {found}, as another version computes '
                         f'them, expected revision {revision}; run `{COMMAND} --overwrite`, and train anew '
                         'what was trained on them')
    nb_columns = mean.size if nb_columns is None else nb_columns
    if not mean.shape == scale.shape == (nb_columns,):
        raise InputError(f'{path}: scaler of shapes {mean.shape} and {scale.shape}, expected '
                         f'{(nb_columns,)}; remove it and run `{COMMAND}`')
    if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()):
        raise InputError(f'{path}: scaler with numbers that are not finite or scales that are not positive; '
                         f'remove it and run `{COMMAND}`')
    if usual is not None and not 0 <= usual < np.inf:
        raise InputError(f'{path}: usual_magnitude {usual}, expected a number from 0; remove it and run '
                         f'`{COMMAND}`')
    return MeanAndScale(mean, scale, usual)


def normalize(features: np.ndarray, scaler: MeanAndScale) -> np.ndarray:
    """Rows of features with zero mean and unit variance a column, float64.

    Parameters
    ----------
    features : array, shape (..., columns)
    scaler : MeanAndScale

    Returns
    -------
    float64 array of the same shape
        New; `features` stay as they are.
    """
    normalized = features - scaler.mean
    normalized /= scaler.scale
    return normalized


def scaler_digest(scaler: MeanAndScale) -> str:
    """Short name of a scaler's numbers: others have another.

    Parameters
    ----------
    scaler : MeanAndScale

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    return hashlib.sha256(scaler.mean.tobytes() + scaler.scale.tobytes()).hexdigest()[:16]
