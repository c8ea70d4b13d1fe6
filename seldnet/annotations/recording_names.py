"""Names of recordings: what they say of split, room and overlap."""

import fnmatch
import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

FIELDS = ('split', 'room', 'overlap', 'number')  # that may stand in braces in a pattern


class RecordingName(NamedTuple):
    """What is known of a recording by its name; None where the name is silent.

    Attributes
    ----------
    split : int
        Of the cross-validation.
    room : int or None
    overlap : int or None
        Most events at once.
    number : int or None
    """

    split: int
    room: int | None = None
    overlap: int | None = None
    number: int | None = None


@dataclass(frozen=True)
class NameRules:
    """How a data set names its recordings, endings aside.

    Parameters
    ----------
    pattern : str, optional
        Such as 'fold{split}_room{room}_mix{number}*': fields in braces are digits, a star is anything. By
        default the grammar of TAU 2019.
    splits : tuple of (int, tuple of str)
        Splits and what they hold: names, or patterns of the shell such as 'office_*'. Without a pattern only
        these are recordings of the data set; with one they are looked at first.
    """

    pattern: str | None = None
    splits: tuple[tuple[int, tuple[str, ...]], ...] = ()

    @property
    def grammar(self) -> str:
        """What names are expected to be, in words."""
        if self.splits and not self.pattern:
            return f'one of the splits {", ".join(str(split) for split, _ in self.splits)} of dataset.toml'
        return self.pattern or 'split{S}_ir{R}_ov{O}_{N} or split{S}_{N}'

    def parse(self, name: str | Path) -> RecordingName | None:
        """What a name says.

        Parameters
        ----------
        name : str or path
            Folder and ending are left aside.

        Returns
        -------
        RecordingName or None
            None if it is no name of the data set.

        Examples
        --------
        >>> NameRules('fold{split}_room{room}_*').parse('foa_dev/fold3_room1_mix001.wav')
        RecordingName(split=3, room=1, overlap=None, number=None)
        >>> NameRules(splits=((1, ('street*',)), (2, ('park',)))).parse('park.csv')
        RecordingName(split=2, room=None, overlap=None, number=None)
        """
        stem = Path(name).stem
        fields = self._fields(stem)
        for split, patterns in self.splits:
            if any(fnmatch.fnmatchcase(stem, pattern) for pattern in patterns):
                return RecordingName(**fields | {'split': split})
        return RecordingName(**fields) if 'split' in fields else None

    def _fields(self, stem: str) -> dict[str, int]:
        if self.splits and not self.pattern:
            return {}
        found = _expression(self.pattern).fullmatch(stem)
        return {name: int(digits) for name, digits in found.groupdict().items() if digits} if found else {}


TAU_NAMES = NameRules()
_TAU = re.compile(r'split(?P<split>\d+)(?:_ir(?P<room>\d+))?(?:_ov(?P<overlap>\d+))?_(?P<number>\d+)',
                  re.ASCII)


@functools.lru_cache
def _expression(pattern: str | None) -> re.Pattern:
    if pattern is None:
        return _TAU
    parts = re.split(r'(\{\w+\}|\*)', pattern)
    return re.compile(''.join('.*' if part == '*' else rf'(?P<{part[1:-1]}>\d+)' if part.startswith('{')
                              else re.escape(part) for part in parts), re.ASCII | re.DOTALL)


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a pattern, in words; None if nothing is.

    Parameters
    ----------
    pattern : str

    Returns
    -------
    str or None
    """
    fields = re.findall(r'\{(.*?)\}', pattern)
    unknown = [field for field in fields if field not in FIELDS]
    if unknown or len(set(fields)) < len(fields):
        return f'expected each of {", ".join(f"{{{field}}}" for field in FIELDS)} at most once'
    if re.search(r'[{}]', re.sub(r'\{\w+\}', '', pattern)) or '**' in pattern:
        return 'expected fields in braces, such as {split}, and single stars for anything'
    return None
