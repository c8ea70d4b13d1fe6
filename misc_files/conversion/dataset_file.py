"""dataset.toml: the facts of a data set, beside its folders."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from seldnet.annotations.dataset import Dataset

# Of these their documentation gives the gains of the FOA channels: 1, sin(azi) cos(ele), sin(ele), ...
YEARS_OF_SN3D = (2022, 2023, 2024)
NAME_PATTERN = 'fold{split}_room{room}_mix{number}*'
_NAME = re.compile(r'fold(\d+)_room\d+_mix\d+.*', re.ASCII)
_FOLD = re.compile(r'(?:fold|split)(\d+)_', re.ASCII)
_EVALUATION_FOLDERS = ('foa_eval', 'mic_eval')
_EVALUATION_SPLIT = 0  # as in 2019


def dataset_lines(dataset: Dataset, year: int | None, sample_rate_hz: int, recordings: Mapping[str, Path], *,
                  has_foa: bool = True) -> Iterator[str]:
    """The lines of dataset.toml."""
    yield '# The facts of this data set. Written by misc_files/convert_dataset.py.\n'
    yield f'name = {_toml_text(dataset.name)}\n'
    yield f'classes = [\n{"".join(f"    {_toml_text(name)},{chr(10)}" for name in dataset.classes)}]\n'
    yield f'sample_rate_hz = {sample_rate_hz}\n'
    if has_foa and year in YEARS_OF_SN3D:
        yield 'ambisonics = "sn3d"\n'
    elif has_foa:
        yield ('# The gains of the FOA recordings, which the documentation of the data set should tell:\n'
               '# ambisonics = "sn3d"\n')
    if all(map(_NAME.fullmatch, recordings)):
        yield f'name_pattern = "{NAME_PATTERN}"\n'
        return
    yield '\n[splits]\n'
    for split, names in sorted(splits_of(recordings).items()):
        yield f'"{split}" = [\n{"".join(f"    {_toml_text(name)},{chr(10)}" for name in names)}]\n'


def splits_of(recordings: Mapping[str, Path]) -> dict[int, list[str]]:
    """Names by split: the fold of the name, 0 for evaluation sets, else a new number for each subfolder."""
    folds = {name: found[1] for name in recordings if (found := _FOLD.match(name))}
    splits: dict[int, list[str]] = {}
    unused = 1 + max(map(int, folds.values()), default=0)
    of_folders: dict[str, int] = {}
    for name, path in recordings.items():
        if any(folder.name in _EVALUATION_FOLDERS for folder in path.parents[:2]):
            split = _EVALUATION_SPLIT
        elif name in folds:
            split = int(folds[name])
        else:
            split = of_folders.setdefault(path.parent.name, unused + len(of_folders))
        splits.setdefault(split, []).append(name)
    return splits


def _toml_text(text: str) -> str:
    escaped = re.sub(r'["\\\x00-\x1f\x7f]', lambda found: f'\\u{ord(found[0]):04x}', text)
    return f'"{escaped}"'
