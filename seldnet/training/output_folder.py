"""A folder of predictions: whose it is, and who may write to it."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.dataset_file import fact_differences
from seldnet.annotations.output_format import SETTINGS_FILE
from seldnet.annotations.stored_facts import DATASET_FACTS, stored_dataset
from seldnet.common.errors import InputError
from seldnet.common.files import clear_leftovers, list_entries, read_json, write_json
from seldnet.common.processes import locked
from seldnet.methods.soft_scores import SCORES_ENDING


@dataclass(frozen=True)
class OutputFolder:
    """A folder of predictions. It is scored as a whole, so they are of one job and its settings.

    Whose they are stands in its `settings.json`. Four processes may train the four folds of a job, so who
    looks at that or writes holds the folder's lock.

    Parameters
    ----------
    folder : Path
        It need not exist.
    task_id, job_id : str
    params : dict
        Settings of `parameter.py`.
    dataset : Dataset
        What the rows mean; and its grammar of names: other files in the folder are the user's.
    """

    folder: Path
    task_id: str
    job_id: str
    params: dict[str, Any]
    dataset: Dataset = TAU2019

    def refuse_others(self, *, overwrite: bool) -> None:
        """Raise an InputError if predictions of another job are there, or will be.

        Those of a quick test may go; `overwrite` takes whatever is there.

        Parameters
        ----------
        overwrite : bool

        Raises
        ------
        InputError
            As said, or if the folder's settings cannot be read.
        """
        if overwrite or self._is_ours():
            return
        owner = 'predictions that do not say whose they are (no settings.json)'
        if self._settings_path.exists():
            saved = self._saved()
            if saved['params'].get('quick_test'):
                return
            owner = f'the predictions of job {saved["job"]!r}'
            if saved['job'] == self.job_id:
                owner += f' with {self._differences(saved)[0]}'
        elif not self._predictions():
            return
        raise InputError(f'{self.folder}: is for {owner}; choose another dcase_dir, or --overwrite them')

    def claim(self, splits: Sequence[int], *, overwrite: bool) -> None:
        """Note, before the training, whose the predictions will be; those of others go.

        With `overwrite` those of our own for `splits` go too: their model is no more.

        Parameters
        ----------
        splits : sequence of int
            That are tested by what is about to be trained.
        overwrite : bool
            Whether predictions that are there may go, whoever's they are.

        Raises
        ------
        InputError
            As `refuse_others`; or if another process writes to the folder for a minute.
        """
        with self._locked():
            self.refuse_others(overwrite=overwrite)
            clear_leftovers(self.folder)
            is_ours = self._is_ours()
            for path in self._predictions():
                if not is_ours or (overwrite and self.dataset.parse_name(path).split in splits):
                    path.unlink()
                    path.with_suffix(SCORES_ENDING).unlink(missing_ok=True)
            if overwrite or not is_ours:
                self._write_settings()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Path]:
        """The folder, for this process alone. InputError if another job has taken it since the claim."""
        with self._locked():
            if not self._is_ours():
                raise InputError(f'{self.folder}: another job has taken this folder; the model is kept: '
                                 '--resume with another dcase_dir writes its predictions')
            # Folds may have gone on with a lower learning rate; the folder is theirs who started with this.
            started_with = max(self._saved()['params']['learning_rate'], self.params['learning_rate'])
            self._write_settings({'learning_rate': started_with})
            yield self.folder

    @property
    def _settings_path(self) -> Path:
        return self.folder / SETTINGS_FILE

    def _locked(self) -> contextlib.AbstractContextManager:
        return locked(self.folder / '.lock', f'writing to {self.folder}', timeout_s=60)

    def _saved(self) -> dict[str, Any]:
        return read_saved(self._settings_path, 'job', 'params')

    def _is_ours(self) -> bool:
        if not self._settings_path.exists():
            return False
        saved = self._saved()
        return saved['job'] == self.job_id and not self._differences(saved)

    def _differences(self, saved: Mapping[str, Any]) -> list[str]:
        """What differs, of settings and data set, in words."""
        stored = stored_dataset(saved, self._settings_path) or TAU2019
        return [f'{name} {saved["params"].get(name)!r}'
                for name in changed_settings(saved['params'], self.params)
                ] + fact_differences(stored.facts(), self.dataset)

    def _write_settings(self, changed: Mapping[str, Any] = MappingProxyType({})) -> None:
        write_json(self._settings_path, {'task': self.task_id, 'job': self.job_id,
                                         DATASET_FACTS: self.dataset.facts(),
                                         'params': self.params | changed})

    def _predictions(self) -> list[Path]:
        """Of any job; other files in the folder are the user's."""
        return [path for path in list_entries(self.folder, '.csv') if self.dataset.is_name(path)]


# What may differ between a run and its resumption: where things are, how long to go on, what else to write.
_MAY_CHANGE = {'dataset_dir', 'feat_label_dir', 'model_dir', 'dcase_dir', 'n_jobs', 'nb_epochs', 'patience',
               'tensorboard', 'dcase_output', 'save_spectra', 'initial_model',
               'save_scores'}


# Of runs that were started before these settings were there.
_BEFORE_THERE_WAS_A_CHOICE = {'schedule': 'constant', 'rotate': False, 'test_rotations': False}


def changed_settings(saved: Mapping[str, Any], params: Mapping[str, Any]) -> list[str]:
    """What differs, of all that must be the same to go on with a run; the learning rate may become lower.

    Parameters
    ----------
    saved, params : mapping
        Settings of a run, and those that it would go on with.

    Returns
    -------
    list of str
        Names in the order of `params`.
    """
    saved = _BEFORE_THERE_WAS_A_CHOICE | saved
    return [name for name, value in params.items() if name not in _MAY_CHANGE and saved.get(name) != value
            and not (name == 'learning_rate' and _is_lower(value, saved.get(name)))]


def _is_lower(rate: Any, before: Any) -> bool:
    """A run may go on with a lower learning rate: that is how one that has come to rest is refined."""
    return isinstance(rate, float) and isinstance(before, float) and rate < before


def read_saved(path: Path, *keys: str) -> dict[str, Any]:
    """What a run has saved as JSON.

    Parameters
    ----------
    path : Path
    *keys : str
        That it must have.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If it is something else, or a key is missing.
    OSError
        If the file cannot be read.
    """
    saved = read_json(path)
    is_params = isinstance(saved, dict) and isinstance(saved.get('params', {}), dict)
    if not is_params or not set(keys) <= saved.keys():
        raise InputError(f'{path}: not what seld.py writes there, expected {", ".join(keys)}; start the run '
                         'anew (--overwrite), or choose another job id')
    return saved
