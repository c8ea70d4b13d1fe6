"""Settings of a run as JSON, beside its model (`....json`) and beside its predictions (`settings.json`).

The settings themselves stand in parameter.py, which the engine does not know: here is what any of them can
be, and those that are read again by who did not write them.
"""

from pathlib import Path
from typing import Any

from seldnet.annotations.dataset import FORMATS, MODES
from seldnet.common.saved_json import (
    ANYTHING,
    COUNT,
    NUMBER,
    POSITIVE,
    TEXT,
    TRUE_OR_FALSE,
    Entries,
    Fields,
    ListOf,
    OrNone,
    Schema,
    Value,
    one_of,
    read_saved_json,
)

_SETTING = Value('true, false, a finite number, a text, null, or a list of numbers', lambda value: all(
    ANYTHING.accepts(part) and not isinstance(part, dict | list)
    for part in (value if isinstance(value, list) else [value])))

# Of settings that are read by name; each may be missing in what versions before this one wrote.
_KNOWN: dict[str, Schema] = {
    'quick_test': TRUE_OR_FALSE, 'dataset': one_of(FORMATS), 'mode': one_of(MODES), 'dataset_dir': TEXT,
    'feat_label_dir': TEXT, 'model_dir': TEXT, 'dcase_dir': TEXT, 'feature_dtype': TEXT,
    'model_variant': TEXT, 'sequence_length': POSITIVE, 'batch_size': POSITIVE, 'learning_rate': NUMBER,
    'nb_epochs': POSITIVE, 'seed': COUNT, 'test_rotations': TRUE_OR_FALSE, 'rotate': TRUE_OR_FALSE,
    'initial_model': OrNone(TEXT)}


def saved_params(*required: str) -> Fields:
    """Settings of `parameter.py`.

    Parameters
    ----------
    *required : str
        Names of those that must be there.

    Returns
    -------
    Fields
    """
    return Fields({name: _KNOWN.get(name, _SETTING) for name in required}, _KNOWN, _SETTING)


_RESUMPTION = Fields({}, {'versions': Entries(TEXT), 'git': OrNone(TEXT), 'after_round': COUNT,
                          'changed': Entries(ListOf(_SETTING, (2,)))})
_OF_A_RUN: dict[str, Schema] = {
    'task': TEXT, 'job': TEXT, 'fold': Entries(ListOf(COUNT)), 'versions': Entries(TEXT),
    'git': OrNone(TEXT), 'data': Fields({}, {'labels': TEXT}), 'dataset_facts': ANYTHING,
    'mean_of': ListOf(TEXT),
    'resumed': ListOf(_RESUMPTION)}


def settings_schema(*required: str, params: tuple[str, ...] = ()) -> Fields:
    """What `seld.py` writes beside a model or predictions: settings as `params`, and whose they are.

    Parameters
    ----------
    *required : str
        Keys that must be there beside `params`.
    params : tuple of str
        Settings that must be there.

    Returns
    -------
    Fields
    """
    return Fields({**{key: _OF_A_RUN[key] for key in required}, 'params': saved_params(*params)}, _OF_A_RUN)


def read_settings(path: Path, *required: str, params: tuple[str, ...] = (), remedy: str) -> dict[str, Any]:
    """Read the settings beside a model or predictions.

    Parameters
    ----------
    path : Path
    *required, params : str, tuple of str
        As of `settings_schema`.
    remedy : str
        What a user can do about a file that is something else.

    Returns
    -------
    dict
        'params' and whatever else is there.

    Raises
    ------
    InputError, OSError
        As `read_saved_json`.
    """
    return read_saved_json(path, settings_schema(*required, params=params), remedy=remedy)
