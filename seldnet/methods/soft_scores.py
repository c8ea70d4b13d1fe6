"""What networks find before any threshold: activities and directions of all classes, their files, thresholds.

`sed_scores_eval` and the tools here read what is saved; docs/SCORES.md shows how.
"""

import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.common.errors import InputError, did_you_mean
from seldnet.common.files import atomic_path, check_regular_file

SCORES_ENDING = '.npz'
Thresholds = float | Mapping[str, float]  # of all classes, or by class


class Scores(NamedTuple):
    """What is found in some frames, before any threshold.

    Attributes
    ----------
    activity, azimuth_deg, elevation_deg : arrays, shape (frames, classes)
        Activities from 0 to 1 (of `accdoa` a little more is possible).
    """

    activity: np.ndarray
    azimuth_deg: np.ndarray
    elevation_deg: np.ndarray


def write_scores(path: Path, scores: Scores, *, dataset: Dataset = TAU2019) -> None:
    """Write activities and directions as .npz, atomically: activity, azimuth_deg, elevation_deg, names.

    Parameters
    ----------
    path : Path
        With the ending .npz.
    scores : Scores
        Of a whole recording; stored as float32, (frames, classes).
    dataset : Dataset
        Its classes, which are the names.
    """
    with atomic_path(path) as temporary:
        np.savez(temporary, names=np.array(dataset.classes),
                 **{key: value.astype(np.float32) for key, value in scores._asdict().items()})


def read_scores(path: Path, *, dataset: Dataset = TAU2019) -> Scores:
    """Read what `write_scores` has written.

    Parameters
    ----------
    path : Path
    dataset : Dataset
        Its classes.

    Returns
    -------
    Scores
        float32, of a whole recording.

    Raises
    ------
    InputError
        If it is another file, has other classes, or numbers that are not finite.
    OSError
        If it cannot be read.
    """
    check_regular_file(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            names = file['names'].tolist()
            scores = Scores(*(np.asarray(file[name]) for name in Scores._fields))
    except (ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(f'{path}: not a file of scores, expected what --save_scores writes '
                         f'({error})') from error
    if names != list(dataset.classes):
        raise InputError(f'{path}: scores of the classes {", ".join(map(str, names))}, expected '
                         f'{", ".join(dataset.classes)}')
    shape = (len(scores.activity), dataset.nb_classes) if scores.activity.ndim else ()
    for name, array in scores._asdict().items():
        if array.shape != shape or array.dtype.kind != 'f' or not np.isfinite(array).all():
            raise InputError(f'{path}: {name} of type {array.dtype} and shape {array.shape}, expected finite '
                             f'numbers, (frames, {dataset.nb_classes})')
    return scores


# ---- thresholds ----


def checked_thresholds(thresholds: Thresholds | None, usual: float | np.ndarray,
                       dataset: Dataset) -> np.ndarray:
    """A threshold for each class.

    Parameters
    ----------
    thresholds : float, mapping of class names to floats, or None
    usual : float or array, shape (classes,)
        Of the classes that are not named.
    dataset : Dataset
        Its classes.

    Returns
    -------
    float array, shape (classes,)

    Raises
    ------
    InputError
        If a class is unknown, or a threshold is not from 0 to 1.
    """
    of_classes = np.full(dataset.nb_classes, usual)
    by_name = thresholds if isinstance(thresholds, Mapping) else dict.fromkeys(
        dataset.classes if thresholds is not None else (), thresholds)
    for name, value in by_name.items():
        if name not in dataset.classes:
            raise InputError(f'--threshold: unknown class {name!r}{did_you_mean(name, dataset.classes)}')
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not (
                math.isfinite(value) and 0 <= value <= 1):
            raise InputError(f'--threshold: got {value!r} for {name}, expected a number from 0 to 1')
        of_classes[dataset.classes.index(name)] = value
    return of_classes


def parse_thresholds(texts: Sequence[str], dataset: Dataset) -> dict[str, float]:
    """Thresholds as they stand on a command line.

    Parameters
    ----------
    texts : sequence of str
        Such as ['0.4'], ['dog=0.3', 'door=0.6'], or a number for all and then exceptions.
    dataset : Dataset
        Its classes.

    Returns
    -------
    dict of float
        By class.

    Raises
    ------
    InputError
        If a text is neither NUMBER nor CLASS=NUMBER, or a class is there twice.

    Examples
    --------
    >>> from seldnet.annotations.dataset import TAU2019
    >>> parse_thresholds(['cough=0.3', 'speech=0.6'], TAU2019)
    {'cough': 0.3, 'speech': 0.6}
    """
    of_all: dict[str, float] = {}
    thresholds: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.rpartition('=')
        try:
            value = float(number)
        except ValueError:
            raise InputError(f'--threshold: got {text!r}, expected a number, or CLASS=NUMBER') from None
        if (equals and name in thresholds) or (not equals and of_all):
            raise InputError(f'--threshold: got {text!r} after another for {name or "all"}, expected one')
        if equals:
            thresholds[name] = value
        else:
            of_all = dict.fromkeys(dataset.classes, value)
    return of_all | thresholds
