"""Going on with a run: what must be as it was, and what is noted in the settings beside its model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.dataset_file import fact_differences
from seldnet.annotations.stored_facts import stored_dataset
from seldnet.common.errors import InputError
from seldnet.extraction.scaler import load_mean_and_scale
from seldnet.training.output_folder import changed_settings, read_saved

_NOTED = ('nb_epochs', 'patience', 'learning_rate')  # settings that may change and that numbers depend on


def refuse_other_settings(path: Path, params: Mapping[str, Any]) -> None:
    """Raise an InputError if settings that must stay are others than a run was started with.

    Parameters
    ----------
    path : Path
        Of the settings that the run has saved.
    params : mapping
        Settings that it would go on with.

    Raises
    ------
    InputError
        As said, or if the file cannot be read.
    """
    saved = read_saved(path, 'params')['params']
    differences = '; '.join(f'{name} {saved.get(name)!r}, not {params[name]!r}'
                            for name in changed_settings(saved, params))
    if differences:
        raise InputError(f'{path}: this run was started with {differences}; resume it with the same settings '
                         '(a learning_rate may be lower), or choose another job id')


def refuse_other_dataset(path: Path, dataset: Dataset) -> None:
    """Raise an InputError if a run was started with recordings of other classes, rate, lengths ...

    Parameters
    ----------
    path : Path
        Of the settings that the run has saved; those of earlier versions are of TAU 2019.
    dataset : Dataset
        Of the features that it would go on with.

    Raises
    ------
    InputError
        As said, or if the file cannot be read.
    """
    stored = stored_dataset(read_saved(path), path) or TAU2019
    differences = fact_differences(stored.facts(), dataset)
    if differences:
        raise InputError(f'{path}: this run was started with another data set: {"; ".join(differences)}; '
                         'resume it with the same data set, or choose another job id')


def refuse_other_scaler(path: Path, scaler: Path) -> None:
    """Raise an InputError if features are normalised otherwise than those that a run was started with.

    Parameters
    ----------
    path, scaler : Path
        The scaler that the run has saved, and that of the features.

    Raises
    ------
    InputError
        As said, or if one cannot be read.
    """
    if not all(map(np.array_equal, load_mean_and_scale(path), load_mean_and_scale(scaler))):
        raise InputError(f'{path}: this run was started with other features, {scaler} has another scaler; '
                         'choose another job id, or --overwrite the run')


def note_resumption(saved: Mapping[str, Any], params: Mapping[str, Any], now: Mapping[str, Any],
                    nb_rounds: int) -> tuple[dict[str, Any], list[str]]:
    """The settings of a run with what is different from here on.

    Parameters
    ----------
    saved : mapping
        What the run has saved: 'params', and 'resumed', a list of earlier resumptions.
    params : mapping
        Settings that it goes on with.
    now : mapping
        'versions' and 'git' that it goes on with.
    nb_rounds : int
        That it has had.

    Returns
    -------
    updated : dict
        `saved` with the new settings and, if code or settings are others than before, one resumption more.
    lines : list of str
        What a user should know.
    """
    before = saved['params']
    resumptions = saved.get('resumed', [])
    last = {name: (resumptions[-1] if resumptions else saved).get(name) for name in now}
    changed = {name: [before.get(name), params[name]] for name in _NOTED
               if before.get(name) != params[name]}
    # Where a run started is part of its history, whatever this command says.
    updated = {**saved, 'params': {**params, 'initial_model': before.get('initial_model')}}
    if last != dict(now) or changed:
        updated['resumed'] = [*resumptions, {**now, 'after_round': nb_rounds, 'changed': changed}]
    lines = [f'{name} {old} before, {new} from round {nb_rounds + 1} on' for name, (old, new)
             in changed.items()]
    if last['versions'] != now['versions']:
        lines.append(f'resumed with other versions, {now["versions"]} after {last["versions"]}: numbers may '
                     'differ from those of an undisturbed run')
    return updated, lines
