"""`dataset.toml`: how a data set of one's own describes itself; and a data set's facts where they are stored.

The file stands in the folder that holds foa_dev/, mic_dev/, metadata_dev/ ... Without it the data set is TAU
2019. docs/YOUR_OWN_DATA.md explains all keys. The facts that features, labels and models depend on are stored
beside them as JSON, under the same keys and read by the same rules.
"""

import dataclasses
import json
import math
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from seldnet.annotations.dataset import (
    AMBISONICS,
    FORMATS,
    FRAMES_PER_SECOND,
    MODES,
    NB_CHANNELS,
    TAU2019,
    Dataset,
    Fold,
)
from seldnet.annotations.directions import DirectionGrid
from seldnet.annotations.recording_names import NameRules, pattern_problem
from seldnet.common.errors import InputError, did_you_mean
from seldnet.common.files import atomic_path, check_regular_file, list_entries

FILE_NAME = 'dataset.toml'
GRACE_S = 1.0  # of a data set that does not say


def find_dataset(*folders: str | Path | None) -> Dataset:
    """The data set of a folder: as its `dataset.toml` describes it, or TAU 2019.

    Parameters
    ----------
    *folders : path or None
        The first that has such a file counts; none need exist.

    Returns
    -------
    Dataset

    Raises
    ------
    InputError
        As `read_dataset`.
    """
    paths = [Path(folder) / FILE_NAME for folder in folders if folder is not None]
    return next((read_dataset(path) for path in paths if path.exists() or path.is_symlink()), TAU2019)


def read_dataset(path: str | Path) -> Dataset:
    """Read a `dataset.toml`.

    Parameters
    ----------
    path : path
        The recordings and descriptions beside it say which splits there are, where it lists no folds.

    Returns
    -------
    Dataset

    Raises
    ------
    InputError
        If it is no TOML, a key is unknown, missing or of another kind than it must be, or it contradicts
        itself.
    OSError
        If it cannot be read.
    """
    check_regular_file(path)
    try:
        content = tomllib.loads(Path(path).read_text(encoding='utf-8-sig'))
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise InputError(f'{path}: not a TOML file: {error}') from error
    return _dataset(content, str(path), Path(path).parent)


def dataset_of_facts(facts: Any, where: str) -> Dataset:
    """The data set that stored facts (`Dataset.facts`) are of; without folds.

    Parameters
    ----------
    facts : JSON
    where : str
        Their file and place, for messages.

    Returns
    -------
    Dataset

    Raises
    ------
    InputError
        If they are no such facts.
    """
    if not isinstance(facts, dict):
        raise InputError(f'{where}: found {_shortened(facts)}, expected the facts of a data set')
    expected = TAU2019.facts().keys()
    if facts.keys() != expected:
        raise InputError(f'{where}: found {_shortened(list(facts))}, expected {", ".join(expected)}')
    return _dataset({key: value for key, value in facts.items() if value is not None}, where, None)


def fact_differences(stored: Mapping[str, Any] | None, dataset: Dataset, *,
                     chosen_in_extraction: bool = True) -> list[str]:
    """Where stored facts are not those of a data set, in words.

    Parameters
    ----------
    stored : mapping or None
        As of `Dataset.facts`; None for what was stored when there was TAU 2019 only.
    dataset : Dataset
    chosen_in_extraction : bool
        Compare channels and convention too, which the extraction may be given as options.

    Returns
    -------
    list of str
        Such as "classes 'a', 'b', not 'b', 'a'", what is stored first; the name of the data set is not
        compared.
    """
    stored = TAU2019.facts() if stored is None else stored
    own = dataset.facts()
    left_out = {'name'} | (set() if chosen_in_extraction else {'channels', 'ambisonics'})
    return [f'{key} {_in_words(stored.get(key))}, not {_in_words(value)}' for key, value in own.items()
            if key not in left_out and stored.get(key) != value]


def _in_words(value: Any) -> str:
    if isinstance(value, list) and len(value) > 20:
        return f'{", ".join(map(str, value[:20]))} ... ({len(value)})'
    return ', '.join(map(str, value)) if isinstance(value, list) else 'none' if value is None else str(value)


def write_dataset(path: str | Path, dataset: Dataset, *, with_folds: bool = True) -> None:
    """Write a `dataset.toml`, atomically.

    Parameters
    ----------
    path : path
    dataset : Dataset
    with_folds : bool
        Whether to list its folds; without them there is one for each split found.

    Raises
    ------
    InputError, OSError
        As `atomic_path`.
    """
    facts = {key: value for key, value in dataset.facts().items() if value is not None}
    if facts['ambisonics'] == AMBISONICS[0]:
        del facts['ambisonics']
    lines = [f'{key} = {json.dumps(value, ensure_ascii=False)}' for key, value in facts.items()]
    if dataset.names.pattern:
        lines.append(f'name_pattern = {json.dumps(dataset.names.pattern, ensure_ascii=False)}')
    if dataset.grace_s != GRACE_S:
        lines.append(f'grace_s = {dataset.grace_s:g}')
    if dataset.names.splits:
        lines += ['', '[splits]', *(f'{split} = {json.dumps(names, ensure_ascii=False)}'
                                    for split, names in dataset.names.splits)]
    for mode, folds in dataset.folds.items() if with_folds else ():
        for fold in folds:
            lines += ['', f'[[folds.{mode}]]', *(f'{part} = {list(splits)}'
                                                 for part, splits in fold._asdict().items())]
    with atomic_path(path) as temporary:
        temporary.write_text('\n'.join([*lines, '']), encoding='utf-8')


# ------------------------------------------------------------------------------------------------------------
# Keys: each function gives what is wrong with a value, in words, or None
# ------------------------------------------------------------------------------------------------------------


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any, least: int) -> bool:
    return type(value) is int and value >= least


def _is_list_of(value: Any, is_one: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(map(is_one, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() == value != '' and value.isprintable()


def _check_name(value: Any) -> str | None:
    return None if _is_text(value) else 'expected a text of one line'


def _check_classes(value: Any) -> str | None:
    if not _is_list_of(value, _is_text):
        return 'expected a list of names, one at least, without spaces at their ends'
    double = [name for place, name in enumerate(value) if name in value[:place]]
    return f'expected different names, {double[0]!r} stands there twice' if double else None


def _check_rate(value: Any) -> str | None:
    if _is_whole(value, 1) and value % FRAMES_PER_SECOND == 0 and 1000 <= value <= 1_000_000:
        return None
    return (f'expected a whole number of Hz, a multiple of {FRAMES_PER_SECOND} (a frame is 20 ms); name such '
            'a rate, and extract with --resample')


def _check_length(value: Any) -> str | None:
    if _is_number(value) and 0 < value <= 24 * 3600 and math.isclose(
            value * FRAMES_PER_SECOND, max(1, round(value * FRAMES_PER_SECOND)), rel_tol=1e-9):
        return None
    return 'expected seconds, a multiple of 0.02 (a frame); without it each recording is as long as it is'


def _check_grace(value: Any) -> str | None:
    return None if _is_number(value) and 0 <= value <= 3600 else 'expected seconds, 0 or more'


def _check_step(value: Any) -> str | None:
    return None if _is_whole(value, 1) and 180 % value == 0 else 'expected whole degrees that divide 180'


def _check_elevations(value: Any) -> str | None:
    is_range = _is_list_of(value, lambda angle: type(angle) is int and -90 <= angle <= 90) and len(value) == 2
    return None if is_range and value[0] <= value[1] else 'expected the lowest and the highest, -90 to 90'


def _check_channels(value: Any) -> str | None:
    are_channels = _is_list_of(value, lambda channel: _is_whole(channel, 1))
    return (None if are_channels and len(set(value)) == len(value) == NB_CHANNELS
            else f'expected {NB_CHANNELS} different channels, counted from 1')


def _check_ambisonics(value: Any) -> str | None:
    return None if value in AMBISONICS else f'expected one of {", ".join(AMBISONICS)}'


def _check_pattern(value: Any) -> str | None:
    return pattern_problem(value) if _is_text(value) else 'expected a text such as "fold{split}_*"'


def _check_splits(value: Any) -> str | None:
    fine = (isinstance(value, dict) and len(value) > 0
            and all(key.isascii() and key.isdecimal() and len(key) < 10 and _is_list_of(names, _is_text)
                    for key, names in value.items()))
    return None if fine else 'expected a table, for each split a list of names or patterns: 1 = ["a", "b_*"]'


def _check_folds(value: Any) -> str | None:
    if not isinstance(value, dict) or not set(value) <= set(MODES) or not all(
            _is_list_of(folds, lambda fold: isinstance(fold, dict)) for folds in value.values()):
        return f'expected tables {" or ".join(f"[[folds.{mode}]]" for mode in MODES)}'
    for mode, folds in value.items():
        for fold in folds:
            if fold.keys() != set(Fold._fields) or not all(
                    _is_list_of(splits, lambda split: _is_whole(split, 0)) for splits in fold.values()):
                return f'expected in [[folds.{mode}]] {", ".join(Fold._fields)}, each a list of splits'
            shared = set(fold['test']) & set(fold['train'])
            if shared:
                return f'split {min(shared)} is tested and trained on in one of [[folds.{mode}]]'
        tested = [fold['test'][0] for fold in folds]
        if len(set(tested)) < len(tested):
            return f'two of [[folds.{mode}]] have the same first test split'
    return None


KEYS: dict[str, Callable[[Any], str | None]] = {
    'name': _check_name, 'classes': _check_classes, 'sample_rate_hz': _check_rate,
    'recording_s': _check_length, 'grace_s': _check_grace, 'grid_step_deg': _check_step,
    'grid_elevations_deg': _check_elevations, 'channels': _check_channels, 'ambisonics': _check_ambisonics,
    'name_pattern': _check_pattern, 'splits': _check_splits, 'folds': _check_folds,
}
_REQUIRED = ('name', 'classes', 'sample_rate_hz')


def _dataset(content: Mapping[str, Any], where: str, folder: Path | None) -> Dataset:
    for key, value in content.items():
        if key not in KEYS:
            raise InputError(f'{where}: unknown key {key!r}{did_you_mean(key, KEYS)}')
        if problem := KEYS[key](value):
            raise InputError(f'{where}: {key}: found {_shortened(value)}, {problem}')
    for key in _REQUIRED:
        if key not in content:
            raise InputError(f'{where}: {key}: not found, expected beside {", ".join(content) or "nothing"}')
    pattern = content.get('name_pattern')
    splits = tuple((int(split), tuple(names)) for split, names in content.get('splits', {}).items())
    if pattern and '{split}' not in pattern and not splits:
        raise InputError(f'{where}: name_pattern: found {pattern!r}, expected {{split}} in it, or a table '
                         '[splits]')
    names = NameRules(pattern, splits)
    folds = {mode: tuple(Fold(**{part: tuple(numbers) for part, numbers in fold.items()}) for fold in listed)
             for mode, listed in content.get('folds', {}).items()}
    dataset = Dataset(
        content['name'], tuple(content['classes']), {}, _grid(content, where), content['sample_rate_hz'],
        content.get('recording_s'), content.get('grace_s', GRACE_S),
        tuple(content['channels']) if 'channels' in content else None,
        content.get('ambisonics', AMBISONICS[0]), names)
    defaults = _default_folds(dataset, folder) if folder else {}
    return dataclasses.replace(dataset, folds={mode: folds.get(mode, defaults.get(mode, ()))
                                               for mode in MODES})


def _grid(content: Mapping[str, Any], where: str) -> DirectionGrid | None:
    step_deg = content.get('grid_step_deg')
    if step_deg is None:
        if 'grid_elevations_deg' in content:
            raise InputError(f'{where}: grid_elevations_deg: found without grid_step_deg, expected both')
        return None
    lowest, highest = content.get('grid_elevations_deg', (-(90 // step_deg) * step_deg,
                                                          90 // step_deg * step_deg))
    if lowest % step_deg or highest % step_deg:
        raise InputError(f'{where}: grid_elevations_deg: found {lowest}, {highest}, expected multiples of '
                         f'grid_step_deg, {step_deg}')
    return DirectionGrid(step_deg, tuple(range(-180, 180, step_deg)),
                         tuple(range(lowest, highest + 1, step_deg)))


def _default_folds(dataset: Dataset, folder: Path) -> dict[str, tuple[Fold, ...]]:
    """One fold for each development split found, validated on the next; one for the evaluation set."""
    dev, evaluated = (_splits_found(dataset, folder, mode) for mode in MODES)
    folds = {}
    if len(dev) > 1:
        turns = [dev[place:] + dev[:place] for place in range(len(dev))]
        folds['dev'] = tuple(Fold((test,), (val,), tuple(train) or (val,)) for test, val, *train in turns)
    if dev and evaluated:
        folds['eval'] = (Fold(tuple(evaluated), (dev[0],), tuple(dev[1:]) or (dev[0],)),)
    return folds


def _splits_found(dataset: Dataset, folder: Path, mode: str) -> list[int]:
    folders = [dataset.audio_folder(folder, audio_format, mode) for audio_format in FORMATS]
    names = {path.stem for place in (*folders, dataset.description_folder(folder, mode))
             for path in list_entries(place)}
    return sorted({parsed.split for parsed in map(dataset.names.parse, names) if parsed})


def unused_splits(names: Iterable[str], dataset: Dataset, mode: str) -> dict[int, int]:
    """Splits that no fold of the data set uses.

    Parameters
    ----------
    names : iterable of str
        Of the recordings of a mode.
    dataset : Dataset
    mode : {'dev', 'eval'}
        Evaluation recordings are only tested.

    Returns
    -------
    dict of int
        How many recordings each has, splits ascending.
    """
    folds = [fold for folds in dataset.folds.values() for fold in folds]
    used = ({split for fold in dataset.folds[mode] for split in fold.test} if mode == 'eval'
            else {split for fold in folds for splits in fold for split in splits})
    found = Counter(parsed.split for parsed in map(dataset.names.parse, names) if parsed)
    return {split: number for split, number in sorted(found.items()) if split not in used}


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f'{text[:77]}...'
