"""Which recordings a data set has, and where their files are."""

from collections.abc import Sequence
from pathlib import Path

from misc_files.synthesis.rooms import ROOMS
from seldnet.annotations.dataset import TAU2019, Dataset, RecordingName


def plan_recordings(recordings: int, eval_recordings: int, *,
                    dataset: Dataset = TAU2019) -> list[RecordingName]:
    """Split, room, overlap and number of each recording.

    Ten recordings in a row have each pair of room and overlap once; each fold begins elsewhere in that row.

    Parameters
    ----------
    recordings, eval_recordings : int
        Number in each of the development splits, and in the evaluation split.
    dataset : Dataset
        Its folds.

    Returns
    -------
    list of RecordingName
        Split after split, the evaluation split last.
    """
    counts = (dict.fromkeys(_tested_splits(dataset, 'dev'), recordings)
              | dict.fromkeys(_tested_splits(dataset, 'eval'), eval_recordings))
    return [RecordingName(split, (3 * split + index) % len(ROOMS), 1 + (3 * split + index) % 2, index + 1)
            for split, count in counts.items() for index in range(count)]


def recording_paths(folder: str | Path, recording: RecordingName, formats: Sequence[str], *,
                    dataset: Dataset = TAU2019) -> dict[str, Path]:
    """Where the files of a recording are: 'metadata', and each of `formats`."""
    split, room, overlap, number = recording
    if split in _tested_splits(dataset, 'eval'):  # these names do not give room and overlap away
        mode, stem = 'eval', f'split{split}_{number}'
    else:
        mode, stem = 'dev', f'split{split}_ir{room}_ov{overlap}_{number}'
    wavs = {audio_format: dataset.audio_folder(folder, audio_format, mode) / f'{stem}.wav'
            for audio_format in formats}
    return wavs | {'metadata': dataset.description_folder(folder, mode) / f'{stem}.csv'}


def _tested_splits(dataset: Dataset, mode: str) -> list[int]:
    return [split for fold in dataset.folds[mode] for split in fold.test]
