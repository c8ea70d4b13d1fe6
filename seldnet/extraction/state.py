"""What is finished of a set of recordings, and what each file was made from: `foa_dev_state.json`.

As with make, a file is up to date if it was made from what there is now. An entry holds that, and the file's
own size and time, so that a file which was replaced without an entry (by a run that was killed between
writing and noting it) does not count as finished. While something is missing, 'complete' is false, and the
features are not read.

    {"version": 2,
     "complete": true, "feature_dtype": "float32", "scaler_digest": "0123456789abcdef", "dataset": {...},
     "features": {"NAME": {"size": 98304128, "time_ns": 1, "source": {"recording": [23040044, 1], ...}}},
     "labels": ..., "moments": ..., "raw_spectra": ..., "scaler": {"scaler": ...}}

Version 1 kept each entry as a line of text; it is read, and written anew as version 2.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from seldnet.common.files import Stamp, file_stamp, is_plain_name, read_json, write_json

# Raised when the stored numbers change, so that a folder of an older version is extracted anew.
VERSION = 2
FILE_KINDS = ('moments', 'raw_spectra', 'unscaled', 'features', 'labels', 'scaler')
_FACTS = {'feature_dtype', 'scaler_digest'}  # of the set as a whole, known once it is complete
_DATASET = 'dataset'  # the facts of the data set; states of earlier versions are of TAU 2019

Source = dict[str, Any]  # what a file is made from, as JSON has it: stamps are lists [size, time]


class ExtractionState:
    """The state of a set, in memory and in its file.

    Parameters
    ----------
    path : Path
        Of the file; it need not exist. One of a later version, or of something else, counts as no file.
    file_of : function
        Kind of file and name of the recording -> path.

    Attributes
    ----------
    bytes_noted : int
        Sizes of the files that this object has noted.

    Raises
    ------
    InputError
        If the file is no JSON.
    """

    def __init__(self, path: Path, file_of: Callable[[str, str], Path]):
        self._path = path
        self._file_of = file_of
        self.bytes_noted = 0
        content = read_json(path) if path.exists() else None
        content = _from_version_1(content)
        self._content = content if _is_state(content) else {'version': VERSION, 'complete': False}

    @property
    def complete(self) -> bool:
        """Whether all files are there and were made from what there was at the last extraction."""
        return self._content['complete']

    @property
    def feature_dtype(self) -> str:
        """Type of the features of a complete set."""
        return self._content['feature_dtype']

    @property
    def scaler_digest(self) -> str:
        """Digest of the scaler that the features of a complete set were normalised with."""
        return self._content['scaler_digest']

    @property
    def dataset_facts(self) -> dict[str, Any] | None:
        """`Dataset.facts` of what the files were made of; None for TAU 2019, by an earlier version."""
        return self._content.get(_DATASET)

    def names(self, kind: str) -> set[str]:
        """The recordings of which a file of a kind is noted.

        Parameters
        ----------
        kind : str
            One of `FILE_KINDS`.

        Returns
        -------
        set of str
        """
        return set(self._content.get(kind, {}))

    def missing(self, kind: str, expected: Mapping[str, Source]) -> list[str]:
        """Names of the files of a kind that are to be made, given what each is to be made from.

        Parameters
        ----------
        kind : str
            One of `FILE_KINDS`.
        expected : mapping of str to Source

        Returns
        -------
        list of str
            In the order of `expected`.
        """
        return [name for name, source in expected.items() if not self._is_current(kind, name, source)]

    def discard_outdated(self, kind: str, expected: Mapping[str, Source]) -> None:
        """Remove the files that were made from something else, those of vanished recordings among them.

        Parameters
        ----------
        kind : str
            One of `FILE_KINDS`.
        expected : mapping of str to Source
            By name; all that there should be.
        """
        self.discard(kind, [name for name in self._content.get(kind, {}) if name not in expected
                            or not self._is_current(kind, name, expected[name])])

    def discard(self, kind: str, names: Iterable[str]) -> None:
        """Remove files that are noted.

        Parameters
        ----------
        kind : str
            One of `FILE_KINDS`.
        names : iterable of str
            Of recordings.
        """
        names = list(names)
        if names:
            self.update(complete=False)  # first, for those who read
            for name in names:
                self._file_of(kind, name).unlink(missing_ok=True)
                del self._content[kind][name]
            self._save()

    def note(self, kind: str, name: str, source: Source) -> None:
        """Note that a file is finished.

        Parameters
        ----------
        kind : str
            One of `FILE_KINDS`.
        name : str
            Of the recording.
        source : Source

        Raises
        ------
        OSError
            If there is no such file.
        """
        path = self._file_of(kind, name)
        self._content.setdefault(kind, {})[name] = _entry(file_stamp(path), source)
        self.bytes_noted += path.stat().st_size
        self._save()

    def update(self, **facts: Any) -> None:
        """Set facts of the set as a whole, and write them if they are new.

        Parameters
        ----------
        **facts
            'complete' (bool), 'feature_dtype' or 'scaler_digest' (str), 'dataset' (`Dataset.facts`).
        """
        if self._content | facts != self._content:
            self._content |= facts
            self._save()

    def damaged(self, *kinds: str) -> list[Path]:
        """The noted files of some kinds that are missing, or not as long as they were.

        Parameters
        ----------
        *kinds : str
            Of `FILE_KINDS`.

        Returns
        -------
        list of Path
        """
        noted = [(self._file_of(kind, name), entry['size'])
                 for kind in kinds for name, entry in self._content.get(kind, {}).items()]
        return [path for path, size in noted if not path.is_file() or path.stat().st_size != size]

    def _is_current(self, kind: str, name: str, source: Source) -> bool:
        entry = self._content.get(kind, {}).get(name)
        path = self._file_of(kind, name)
        return entry is not None and path.is_file() and entry == _entry(file_stamp(path), source)

    def _save(self) -> None:
        write_json(self._path, self._content, indent=None)  # after every file


def _entry(stamp: Stamp, source: Source) -> dict[str, Any]:
    return {**stamp._asdict(), 'source': source}


def _is_state(content: Any) -> bool:
    """Whether JSON is a state of this version: entries for each kind, and all facts if it is complete."""
    if not isinstance(content, dict) or content.get('version') != VERSION:
        return False
    entries = [content.get(kind, {}) for kind in FILE_KINDS]
    if not isinstance(content.get('complete'), bool) or not all(isinstance(kind, dict) for kind in entries):
        return False
    if not isinstance(content.get(_DATASET), dict | None):
        return False
    facts = {name for name in _FACTS if isinstance(content.get(name), str)}
    return ((facts == _FACTS or not content['complete'])
            and all(is_plain_name(name) and _is_entry(entry)
                    for kind in entries for name, entry in kind.items()))


def _is_entry(entry: Any) -> bool:
    return (isinstance(entry, dict) and entry.keys() == {*Stamp._fields, 'source'}
            and all(type(entry[field]) is int for field in Stamp._fields)
            and isinstance(entry['source'], dict))


# ------------------------------------------------------------------------------------------------------------
# Version 1
# ------------------------------------------------------------------------------------------------------------

_STAMP = r'(\d+) bytes of (\d+)'
_LINE = re.compile(rf'{_STAMP} from (?:{_STAMP}(?:, (\w+), scaler (\w+))?|(\w+))', re.ASCII)
_KINDS_OF_VERSION_1 = {'moments': 'moments', 'spectra': 'raw_spectra', 'features': 'features',
                       'labels': 'labels', 'scaler': 'scaler'}


def _from_version_1(content: Any) -> Any:
    """Content of version 1 as version 2 has it; anything else as it is."""
    if not isinstance(content, dict) or content.get('version') != 1:
        return content
    try:
        kinds = {new: {name: _entry_of_line(new, line) for name, line in content[old].items()}
                 for old, new in _KINDS_OF_VERSION_1.items() if old in content}
    except (AttributeError, TypeError, ValueError):  # not of the form that version 1 wrote
        return None
    facts = {name: content[name] for name in ('complete', *_FACTS) if name in content}
    return {'version': VERSION, **facts, **kinds}


def _entry_of_line(kind: str, line: str) -> dict[str, Any]:
    size, time_ns, source_size, source_time_ns, dtype, scaler, digest = _LINE.fullmatch(line).groups()
    if digest:
        source = {'moments': digest}
    else:
        source = {'description' if kind == 'labels' else 'recording': [int(source_size), int(source_time_ns)]}
    if dtype:
        source |= {'feature_dtype': dtype, 'scaler': scaler}
    return _entry(Stamp(int(size), int(time_ns)), source)
