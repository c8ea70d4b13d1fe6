"""The file of an extraction's state, `foa_dev_state.json`: its form, and that of earlier versions.

    {"version": 3, "complete": true,
     "feature_dtype": "float32", "scaler_digest": "0123456789abcdef", "dataset": {...},
     "inputs": {"recording": {"NAME": {STAMP, "digest": "...", "identity": [23040044, 1]}},
                "description": ...},
     "features": {"NAME": {STAMP, "digest": "...", "source": {"recording": [23040044, 1], ...}}},
     "labels": ..., "moments": ..., "raw_spectra": ..., "scaler": {"scaler": ...}}

STAMP is `"size": 98304128, "time_ns": 1, "ctime_ns": 2, "inode": 3`. Version 2 had neither inputs nor
digests, and stamps of size and time alone; version 1 kept each entry as a line of text. Both are read, and
written anew as version 3; what they did not note is null.
"""

import re
from pathlib import Path
from typing import Any

from seldnet.common.errors import InputError
from seldnet.common.files import Stamp, is_plain_name
from seldnet.common.saved_json import (
    ANYTHING,
    COUNT,
    TEXT,
    TRUE_OR_FALSE,
    UNCHECKED,
    WHOLE,
    Entries,
    Fields,
    ListOf,
    OrNone,
    Value,
    check_saved_json,
    read_saved_json,
)

# Raised when the form changes, or the stored numbers do.
VERSION = 3
FILE_KINDS = ('moments', 'raw_spectra', 'unscaled', 'features', 'labels', 'scaler')
INPUT_KINDS = ('recording', 'description')
FACTS = ('feature_dtype', 'scaler_digest')  # of the set as a whole, known once it is complete
DATASET = 'dataset'  # the facts of the data set; states of earlier versions are of TAU 2019

REMEDY = ('remove it, or --overwrite: python batch_feature_extraction.py then makes all features anew')

# A recording's name becomes a file's. Hidden files are passed over, so none of them is ours.
_NAME = Value('the name of a recording', lambda name: (
    is_plain_name(f'{name}.npy') and name != '' and not name.startswith('.')))
_STAMP = {'size': COUNT, 'time_ns': WHOLE}
_ALWAYS_STAMPED = {**_STAMP, 'ctime_ns': OrNone(WHOLE), 'inode': OrNone(COUNT), 'digest': OrNone(TEXT)}
_SOURCE = Fields({}, {'recording': ListOf(WHOLE, (2, 3)), 'description': ListOf(WHOLE, (2, 3))})


def _state_schema(stamp: dict[str, Any]) -> Fields:
    entries = Entries(Fields({**stamp, 'source': _SOURCE}), _NAME)
    inputs = Entries(Fields({**_ALWAYS_STAMPED, 'identity': ListOf(WHOLE, (2, 3))}), _NAME)
    return Fields({'version': WHOLE, 'complete': TRUE_OR_FALSE},
                  {**dict.fromkeys(FACTS, TEXT), DATASET: OrNone(Entries(ANYTHING)),
                   'inputs': Fields({}, dict.fromkeys(INPUT_KINDS, inputs)),
                   **dict.fromkeys(FILE_KINDS, entries)})


_LINES = Entries(Value('an entry of version 1', lambda line: isinstance(line, str)), _NAME)
_KINDS_OF_VERSION_1 = {'moments': 'moments', 'spectra': 'raw_spectra', 'features': 'features',
                       'labels': 'labels', 'scaler': 'scaler'}
_SCHEMAS = {1: Fields({'complete': TRUE_OR_FALSE}, {**dict.fromkeys(FACTS, TEXT),
                                                    **dict.fromkeys(_KINDS_OF_VERSION_1, _LINES)}),
            2: _state_schema(_STAMP), 3: _state_schema(_ALWAYS_STAMPED)}


def empty_state() -> dict[str, Any]:
    """The state of a set of which nothing is made."""
    return {'version': VERSION, 'complete': False, 'inputs': {}}


def read_state_file(path: Path) -> dict[str, Any]:
    """The state in a file, in the form of this version.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict

    Raises
    ------
    InputError, OSError
        As `read_saved_json`; a later version is something else too.
    """
    content = read_saved_json(path, Fields({'version': WHOLE}, others=UNCHECKED), remedy=REMEDY)
    version = content['version']
    if version not in _SCHEMAS:
        raise InputError(f'{path}: version: found {version}, expected at most {VERSION}: a later version of '
                         f'this project wrote it; {REMEDY}')
    check_saved_json(content, _SCHEMAS[version], str(path), remedy=REMEDY)
    if content['complete'] and not all(fact in content for fact in FACTS):
        raise InputError(f'{path}: found a complete set without {" or ".join(FACTS)}, expected both; '
                         f'{REMEDY}')
    if version == 1:
        content = _from_version_1(content, path)
    if version < VERSION:
        for kind in FILE_KINDS:
            for entry in content.get(kind, {}).values():
                entry |= {'ctime_ns': None, 'inode': None, 'digest': None}
    return {**empty_state(), **content, 'version': VERSION}


_PART = r'(\d{1,20}) bytes of (\d{1,20})'
_LINE = re.compile(rf'{_PART} from (?:{_PART}(?:, (\w+), scaler (\w+))?|(\w+))', re.ASCII)


def _from_version_1(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """Content of version 1 as version 2 has it."""
    kinds = {new: {name: _entry_of_line(new, name, line, path) for name, line in content[old].items()}
             for old, new in _KINDS_OF_VERSION_1.items() if old in content}
    return {**{name: content[name] for name in ('complete', *FACTS) if name in content}, **kinds}


def _entry_of_line(kind: str, name: str, line: str, path: Path) -> dict[str, Any]:
    found = _LINE.fullmatch(line)
    if not found:
        raise InputError(f'{path}: {kind} / {name}: found {line[:60]!r}, expected an entry of version 1; '
                         f'{REMEDY}')
    size, time_ns, source_size, source_time_ns, dtype, scaler, digest = found.groups()
    if digest:
        source: dict[str, Any] = {'moments': digest}
    else:
        source = {'description' if kind == 'labels' else 'recording': [int(source_size), int(source_time_ns)]}
    if dtype:
        source |= {'feature_dtype': dtype, 'scaler': scaler}
    return {'size': int(size), 'time_ns': int(time_ns), 'source': source}


def stamp_of(noted: dict[str, Any]) -> Stamp:
    """The stamp in an entry.

    Parameters
    ----------
    noted : dict
        An entry of a file or an input; of earlier versions without the last two.

    Returns
    -------
    Stamp
    """
    return Stamp(*(noted[field] for field in Stamp._fields))
