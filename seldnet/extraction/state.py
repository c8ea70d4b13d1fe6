"""What is finished of a set of recordings, and what each file was made from.

As with make, a file is up to date if it was made from what there is now. An entry holds that, and the file's
own stamp and digest, so that a file which was replaced without an entry (by a run that was killed between
writing and noting it) does not count as finished. While something is missing, 'complete' is false, and the
features are not read. state_file.py has the form of the file.

A recording or a description is known by its *identity*, size and time when it was first seen, and a file by
its entry. Where the stamp is another, but the size fits, contents are compared (digests.py): a copy of the
folder (`cp -r`) costs a minute, not the hours that its features took.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError
from seldnet.common.files import Stamp, file_stamp, write_json
from seldnet.extraction.digests import file_digest
from seldnet.extraction.features import FIRST_REVISION, REVISION
from seldnet.extraction.state_file import DATASET, empty_state, read_state_file, stamp_of

Source = dict[str, Any]  # what a file is made from, as JSON has it
_CONTENT = ('recording', 'description', 'moments', 'scaler')  # keys of a source that are no settings


class ExtractionState:
    """The state of a set, in memory and in its file.

    Parameters
    ----------
    path : Path
        Of the file; it need not exist.
    file_of : function
        Kind of file and name of the recording -> path.
    anew : bool
        Whether a file that cannot be read counts as none.

    Attributes
    ----------
    bytes_noted : int
        Sizes of the files that this object has noted.

    Raises
    ------
    InputError
        If the file is something else, or of a later version.
    """

    def __init__(self, path: Path, file_of: Callable[[str, str], Path], *, anew: bool = False):
        self._path = path
        self._file_of = file_of
        self._has_news = False  # what is not in the file
        self._next_save_s = 0.0
        self.bytes_noted = 0
        try:
            self._content = read_state_file(path) if path.exists() else empty_state()
        except InputError:
            if not anew:
                raise
            self._content = empty_state()

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
        return self._content.get(DATASET)

    def identity(self, kind: str, name: str, path: Path) -> list[int]:
        """What a recording or a description is known by: another one where its content is another.

        Parameters
        ----------
        kind : {'recording', 'description'}
        name : str
            Of the recording.
        path : Path
            Of the file; its stamp and identity are noted.

        Returns
        -------
        list of int
            Size and time when it was first seen, and where these do not tell it from what was there before
            (`cp -p`), the time that programs cannot set.

        Raises
        ------
        OSError
            If there is no such file.
        """
        stamp = file_stamp(path)
        inputs = self._content['inputs'].setdefault(kind, {})
        known = inputs.get(name)
        if known and self._is_the_same(known, path, stamp):
            return known['identity']
        identity = [stamp.size, stamp.time_ns]
        if known and known['identity'][:2] == identity:
            identity.append(stamp.ctime_ns)
        inputs[name] = {**stamp._asdict(), 'digest': None, 'identity': identity}
        self._has_news = True
        return identity

    def note_input(self, kind: str, name: str, digest: str) -> None:
        """Note what a recording or a description holds, for when its stamp is another; saved with the next.

        Parameters
        ----------
        kind, name : str
            As of `identity`, which has seen it before.
        digest : str
            As of `file_digest`.
        """
        self._content['inputs'][kind][name]['digest'] = digest
        self._has_news = True

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

    def made_otherwise(self, kind: str, expected: Mapping[str, Source]) -> dict[str, list[str]]:
        """The finished files of a kind that other settings made, from recordings that are still there.

        Parameters
        ----------
        kind : str
            One of `FILE_KINDS`.
        expected : mapping of str to Source

        Returns
        -------
        dict of list of str
            Name of the recording to what is other, such as 'feature_dtype float32, not float16'.
        """
        found = {}
        for name, source in expected.items():
            entry = self._content.get(kind, {}).get(name)
            path = self._file_of(kind, name)
            if entry and path.is_file() and path.stat().st_size == entry['size']:
                before = entry['source']
                found[name] = [f'{key} {_in_words(before, key)}, not {_in_words(source, key)}'
                               for key in sorted(before.keys() | source.keys())
                               if key not in _CONTENT and before.get(key) != source.get(key)]
        return {name: differences for name, differences in found.items() if differences}

    def note(self, kind: str, name: str, source: Source, digest: str | None = None) -> None:
        """Note that a file is finished. It is saved at once, or with one of the next, or by `update`.

        Parameters
        ----------
        kind : str
            One of `FILE_KINDS`.
        name : str
            Of the recording.
        source : Source
        digest : str, optional
            Of the file, as of `file_digest`; by default it is taken now.

        Raises
        ------
        OSError
            If there is no such file.
        """
        path = self._file_of(kind, name)
        stamp = file_stamp(path)
        self._content.setdefault(kind, {})[name] = {
            **stamp._asdict(), 'digest': digest or file_digest(path), 'source': source}
        self.bytes_noted += stamp.size
        if time.monotonic() < self._next_save_s:
            self._has_news = True
        else:
            self._save()

    def update(self, **facts: Any) -> None:
        """Set facts of the set as a whole, and save them, and what was noted, if there is anything new.

        Parameters
        ----------
        **facts
            'complete' (bool), 'feature_dtype' or 'scaler_digest' (str), 'dataset' (`Dataset.facts`).
        """
        if self._has_news or self._content | facts != self._content:
            self._content |= facts
            self._save()

    def damaged(self, *kinds: str) -> list[Path]:
        """The noted files of some kinds that are missing, or do not hold what they did.

        Parameters
        ----------
        *kinds : str
            Of `FILE_KINDS`.

        Returns
        -------
        list of Path
        """
        noted = [(self._file_of(kind, name), entry)
                 for kind in kinds for name, entry in self._content.get(kind, {}).items()]
        return [path for path, entry in noted if not self._is_intact(path, entry)]

    @property
    def has_news(self) -> bool:
        """Whether files were found to be the same under other stamps: `update` writes them down."""
        return self._has_news

    def _is_current(self, kind: str, name: str, source: Source) -> bool:
        entry = self._content.get(kind, {}).get(name)
        return (entry is not None and entry['source'] == source
                and self._is_intact(self._file_of(kind, name), entry))

    def _is_intact(self, path: Path, entry: dict[str, Any]) -> bool:
        return path.is_file() and self._is_the_same(entry, path, file_stamp(path))

    def _is_the_same(self, noted: dict[str, Any], path: Path, stamp: Stamp) -> bool:
        """Whether a file holds what it held when its stamp was noted; a new stamp of the same is noted."""
        before = stamp_of(noted)
        if before == stamp or (before.ctime_ns is None and before[:2] == stamp[:2]):
            return True
        if before.size != stamp.size or noted['digest'] is None or noted['digest'] != file_digest(path):
            return False
        noted |= stamp._asdict()
        self._has_news = True
        return True

    def _save(self) -> None:
        start_s = time.monotonic()
        write_json(self._path, self._content, indent=None)
        self._has_news = False
        # After every file; but that of hundreds of recordings takes milliseconds: a twentieth of the time.
        end_s = time.monotonic()
        self._next_save_s = end_s + 19 * (end_s - start_s)


def _in_words(source: Source, key: str) -> str:
    # Facts as TAU 2019 has them, and first revisions, are not noted.
    value = source.get(key, (TAU2019.facts() | {REVISION: FIRST_REVISION}).get(key))
    return 'none' if value is None else str(value)
