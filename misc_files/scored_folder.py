"""Whether a folder of predictions can be scored against descriptions, for the next command of a tool."""

from pathlib import Path

from seldnet.common.files import list_entries


def arguments_of_scoring(predictions: Path, references: Path) -> list[str | Path]:
    """What `calculate_SELD_metrics.py` and `analyse_errors.py` take.

    Returns
    -------
    list
        The two folders and, if not all that is described is predicted, an option; empty unless everything
        that is predicted is described.
    """
    predicted, described = ({path.stem for path in list_entries(folder, '.csv')}
                            for folder in (predictions, references))
    if not predicted or not predicted <= described:
        return []
    return [predictions, references, *(['--allow-missing'] if predicted < described else [])]
