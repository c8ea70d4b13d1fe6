"""The facts of the data set in the JSON beside a model and in a folder of predictions.

They stand at the top level, under a key of their own: `dataset` is a setting there, foa or mic.
"""

from pathlib import Path
from typing import Any

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.dataset_file import FILE_NAME, dataset_of_facts, fact_differences, find_dataset
from seldnet.annotations.output_format import SETTINGS_FILE
from seldnet.common.errors import InputError
from seldnet.common.files import read_json

DATASET_FACTS = 'dataset_facts'


def stored_dataset(saved: Any, path: Path) -> Dataset | None:
    """The data set that a model or predictions are of; without folds and names of recordings.

    Parameters
    ----------
    saved : JSON
        What lies beside them.
    path : Path
        Of that file, for messages.

    Returns
    -------
    Dataset or None
        None if nothing is said: files of others, or of earlier versions.

    Raises
    ------
    InputError
        If what is said are no facts of a data set.
    """
    if not isinstance(saved, dict) or DATASET_FACTS not in saved:
        return None
    facts = saved[DATASET_FACTS]
    if facts == TAU2019.facts():  # of which more is known: its grace for events beyond the end, names, folds
        return TAU2019
    return dataset_of_facts(facts, f'{path}: {DATASET_FACTS}')


def check_dataset(predictions: Path, dataset: Dataset) -> None:
    """Raise an InputError if the settings beside predictions say that they are of another data set.

    Parameters
    ----------
    predictions : Path
        A folder of predictions.
    dataset : Dataset
        That they are to be scored or drawn as.

    Raises
    ------
    InputError
        If classes, grid, rate or length of the recordings are others; or the settings are no JSON.
    """
    path = predictions / SETTINGS_FILE
    stored = stored_dataset(read_json(path), path) if path.exists() else None
    if stored is None:
        return
    differences = fact_differences(stored.facts(), dataset, chosen_in_extraction=False)
    if differences:
        raise InputError(f'{path}: predictions of another data set: {"; ".join(differences)} as '
                         f'{dataset.name} has it; name references that lie beside its {FILE_NAME}')


def dataset_of_predictions(predictions: Path, *folders: str | Path | None) -> Dataset:
    """The data set that predictions are of, for tools that show or score them.

    Parameters
    ----------
    predictions : Path
        A folder of predictions, or one of its files; it need not exist.
    *folders : path or None
        As of `find_dataset`: a `dataset.toml` says also how recordings are named.

    Returns
    -------
    Dataset
        As described in one of these; else as the settings beside the predictions say; else TAU 2019.

    Raises
    ------
    InputError
        As `find_dataset`; or if the two contradict each other.
    """
    folder = predictions if predictions.is_dir() else predictions.parent
    path = folder / SETTINGS_FILE
    dataset = find_dataset(*folders)
    if dataset is TAU2019 and path.is_file():
        stored = stored_dataset(read_json(path), path)
        if stored is not None and fact_differences(stored.facts(), TAU2019, chosen_in_extraction=False):
            return stored
    check_dataset(folder, dataset)
    return dataset
