"""Whether a folder holds the development set of DCASE 2019, as far as its files tell."""

import hashlib
from collections import Counter
from pathlib import Path

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.descriptions import read_description
from seldnet.common.files import list_entries

RECORDINGS, RECORDINGS_A_SPLIT = 400, 100
ROOMS, OVERLAPS, SPLITS = {0, 1, 2, 3, 4}, {1, 2}, {1, 2, 3, 4}
_STEEPEST_DEG = {1: 40, 2: 20}  # elevation of the loudspeakers by their distance in metres


def differences(dataset_dir: str | Path, dataset: Dataset = TAU2019) -> list[str]:
    """In what the descriptions of a data set differ from those of the challenge.

    Parameters
    ----------
    dataset_dir : path
    dataset : Dataset
        As its `dataset.toml` says.

    Returns
    -------
    list of str
        Empty if nothing speaks against it.
    """
    if dataset.facts() != TAU2019.facts():
        return [f'its dataset.toml says that it is {dataset.name!r}']
    found = []
    if (Path(dataset_dir) / 'synthesis.json').exists():
        found.append('it was made by misc_files/synthesize_dataset.py (synthesis.json)')
    paths = list_entries(dataset.description_folder(dataset_dir, 'dev'), '.csv')
    if len(paths) != RECORDINGS:
        found.append(f'{len(paths)} recordings, not {RECORDINGS}')
    names = [dataset.parse_name(path) for path in paths]
    a_split = Counter(name.split for name in names)
    if a_split != dict.fromkeys(SPLITS, RECORDINGS_A_SPLIT):
        found.append(f'recordings a split: {dict(sorted(a_split.items()))}, '
                     f'not {RECORDINGS_A_SPLIT} in each of {len(SPLITS)}')
    parts = {(name.split, name.room, name.overlap) for name in names}
    if parts != {(split, room, overlap) for split in SPLITS for room in ROOMS for overlap in OVERLAPS}:
        found.append('not every split has every room (ir0 to ir4) with both overlaps (ov1, ov2)')
    return found + _differences_of_events(paths, dataset)


def _differences_of_events(paths: list[Path], dataset: Dataset) -> list[str]:
    events = [event for path in paths for event in read_description(path, dataset=dataset)]
    found = []
    absent = [name for index, name in enumerate(dataset.classes)
              if not any(event.class_index == index for event in events)]
    if absent:
        found.append(f'no event of {", ".join(absent)}')
    elsewhere = sum(abs(event.elevation_deg) > _STEEPEST_DEG.get(event.distance_m, -1)
                    or event.azimuth_deg % 10 != 0 or event.elevation_deg % 10 != 0 for event in events)
    if elsewhere:
        found.append(f'{elsewhere} of {len(events)} events are at none of its 504 loudspeaker positions')
    return found


def description_digest(folder: str | Path) -> str:
    """The first 16 digits of the SHA-256 of all descriptions, names included.

    Parameters
    ----------
    folder : path

    Returns
    -------
    str
        Whether lines end as on Windows does not matter.
    """
    digest = hashlib.sha256()
    for path in list_entries(Path(folder), '.csv'):
        digest.update(path.name.encode() + b'\n' + path.read_bytes().replace(b'\r\n', b'\n'))
    return digest.hexdigest()[:16]
