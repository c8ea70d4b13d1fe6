"""JSON that this project writes and reads again: checked against a table of keys and types, at any depth.

    STATE = Fields({'round': WHOLE, 'scores': Entries(NUMBER)}, optional={'note': TEXT})
    read_saved_json('state.json', STATE, remedy='remove it')

The tables stand beside those who write the files. What is wrong with a file is one line: the file, the place
in it, what was found there, what was expected and the remedy.
"""

import json
import math
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from seldnet.common.errors import InputError
from seldnet.common.files import check_regular_file, is_plain_name

GREATEST = 2**63  # of whole numbers: those beyond fit no array and no file
MOST_LEVELS = 100  # of lists and tables within each other


class Problem(NamedTuple):
    """What is wrong with JSON: where, what was found there, what was expected.

    Attributes
    ----------
    place : tuple of str
        Keys and places in lists, from the outside in.
    found, expected : str
    """

    place: tuple[str, ...]
    found: str
    expected: str

    def within(self, key: str | int) -> 'Problem':
        """The same problem, seen from one level further out.

        Parameters
        ----------
        key : str or int
            Of what the problem was found in.

        Returns
        -------
        Problem
        """
        return self._replace(place=(str(key), *self.place))


class Schema(Protocol):
    """What a piece of JSON must be."""

    def problem(self, value: Any) -> Problem | None:
        """What is wrong with a value; None if nothing is.

        Parameters
        ----------
        value : JSON

        Returns
        -------
        Problem or None
        """


@dataclass(frozen=True)
class Value:
    """A value that is judged as a whole.

    Parameters
    ----------
    expected : str
        What it must be, in words.
    accepts : function
        Value -> whether it is that.
    """

    expected: str
    accepts: Callable[[Any], bool]

    def problem(self, value: Any) -> Problem | None:
        """As of `Schema`.

        Parameters
        ----------
        value : JSON

        Returns
        -------
        Problem or None
        """
        return None if self.accepts(value) else Problem((), shortened(value), self.expected)


@dataclass(frozen=True)
class ListOf:
    """A list whose elements are alike.

    Parameters
    ----------
    element : Schema
    lengths : tuple of int, optional
        That it may have; by default any.
    """

    element: Schema
    lengths: tuple[int, ...] | None = None

    def problem(self, value: Any) -> Problem | None:
        """As of `Schema`.

        Parameters
        ----------
        value : JSON

        Returns
        -------
        Problem or None
        """
        if not isinstance(value, list) or (self.lengths and len(value) not in self.lengths):
            of = f' of {" or ".join(map(str, self.lengths))}' if self.lengths else ''
            return Problem((), shortened(value), f'a list{of}')
        found = ((place, self.element.problem(element)) for place, element in enumerate(value))
        return next((problem.within(place) for place, problem in found if problem), None)


@dataclass(frozen=True)
class Entries:
    """A table of any keys whose values are alike.

    Parameters
    ----------
    value : Schema
    key : Value, optional
        What the keys must be; by default any text.
    """

    value: Schema
    key: Value | None = None

    def problem(self, value: Any) -> Problem | None:
        """As of `Schema`.

        Parameters
        ----------
        value : JSON

        Returns
        -------
        Problem or None
        """
        if not isinstance(value, dict):
            return Problem((), shortened(value), 'a table {...}')
        for key, of_key in value.items():
            if self.key and not self.key.accepts(key):
                return Problem((), f'the key {shortened(key)}', self.key.expected)
            if problem := self.value.problem(of_key):
                return problem.within(key)
        return None


@dataclass(frozen=True)
class Fields:
    """A table of known keys.

    Parameters
    ----------
    required, optional : mapping of str to Schema
        What must be there, and what may be.
    others : Schema, optional
        Of keys that are in neither, such as those of later versions; by default any JSON.
    """

    required: Mapping[str, Schema]
    optional: Mapping[str, Schema] = field(default_factory=dict)
    others: Schema | None = None

    def problem(self, value: Any) -> Problem | None:
        """As of `Schema`.

        Parameters
        ----------
        value : JSON

        Returns
        -------
        Problem or None
        """
        if not isinstance(value, dict):
            with_keys = f' with {", ".join(self.required)}' if self.required else ''
            return Problem((), shortened(value), f'a table{with_keys}')
        for key in self.required:
            if key not in value:
                return Problem((), f'no {key}', f'a table with {", ".join(self.required)}')
        for key, of_key in value.items():
            schema = self.required.get(key) or self.optional.get(key) or self.others or ANYTHING
            if problem := schema.problem(of_key):
                return problem.within(key)
        return None


@dataclass(frozen=True)
class OrNone:
    """A value, or null.

    Parameters
    ----------
    schema : Schema
        Of the value.
    """

    schema: Schema

    def problem(self, value: Any) -> Problem | None:
        """As of `Schema`.

        Parameters
        ----------
        value : JSON

        Returns
        -------
        Problem or None
        """
        problem = None if value is None else self.schema.problem(value)
        return problem and (problem if problem.place
                            else problem._replace(expected=f'{problem.expected}, or null'))


def _is_whole(value: Any) -> bool:
    return type(value) is int and -GREATEST < value < GREATEST


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (type(value) is float and math.isfinite(value))


def _is_score(value: Any) -> bool:
    return value is None or _is_number(value) or (type(value) is float and math.isnan(value))


def _is_encodable(value: Any) -> bool:
    return isinstance(value, str) and not any('\ud800' <= letter <= '\udfff' for letter in value)


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_encodable(key) for key in value) and all(map(_is_json, value.values()))
    if isinstance(value, list):
        return all(map(_is_json, value))
    return value is None or isinstance(value, bool) or _is_number(value) or _is_encodable(value)


WHOLE = Value('a whole number', _is_whole)
COUNT = Value('a whole number from 0', lambda value: _is_whole(value) and value >= 0)
POSITIVE = Value('a whole number from 1', lambda value: _is_whole(value) and value >= 1)
NUMBER = Value('a finite number', _is_number)
# Of a score that is undefined where there is nothing to divide by. Earlier versions wrote NaN for null.
SCORE = Value('a number, or null', _is_score)
TEXT = Value('a text', _is_encodable)
TRUE_OR_FALSE = Value('true or false', lambda value: isinstance(value, bool))
FILE_NAME = Value('a name without a folder', lambda value: isinstance(value, str) and is_plain_name(value))
ANYTHING = Value('finite numbers, texts, true, false, null, and lists and tables of these', _is_json)

UNCHECKED = Value('anything', lambda _: True)  # that is checked later


def one_of(choices: Container[str]) -> Value:
    """One of some texts.

    Parameters
    ----------
    choices : container of str
        That can be listed.

    Returns
    -------
    Value
    """
    return Value(f'one of {", ".join(choices)}', lambda value: isinstance(value, str) and value in choices)


def read_saved_json(path: str | Path, schema: Schema, *, remedy: str, what: str = 'a JSON file') -> Any:
    """Read a JSON file that this project has written.

    Parameters
    ----------
    path : path
    schema : Schema
        What it must hold.
    remedy : str
        What a user can do about a file that is something else.
    what : str
        What it should be, for the message.

    Returns
    -------
    dict, list, str, number, bool or None
        As the schema has it.

    Raises
    ------
    InputError
        If the file is a pipe, a device, not JSON in UTF-8 (with the place where it breaks off), or not what
        the schema says.
    OSError
        If it cannot be read.
    """
    check_regular_file(path)
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        if _levels(content) > MOST_LEVELS:
            raise InputError(f'{path}: not {what}: more than {MOST_LEVELS} levels; {remedy}')
    except InputError:
        raise
    except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise InputError(f'{path}: not a JSON file: {error}; {remedy}') from error
    check_saved_json(content, schema, str(path), remedy=remedy)
    return content


def check_saved_json(content: Any, schema: Schema, where: str, *, remedy: str) -> None:
    """Raise an InputError if JSON is not what a schema says.

    Parameters
    ----------
    content : JSON
        Of at most `MOST_LEVELS` levels.
    schema : Schema
    where : str
        Its file, for the message.
    remedy : str
        As of `read_saved_json`.

    Raises
    ------
    InputError
        With the place, what was found there and what was expected.
    """
    problem = schema.problem(content)
    if problem:
        place = f' {" / ".join(map(_plainly, problem.place))}:' if problem.place else ''
        raise InputError(f'{where}:{place} found {problem.found}, expected {problem.expected}; {remedy}')


def _plainly(key: str) -> str:
    return key if key.isprintable() and 0 < len(key) <= 60 else shortened(key)


def _levels(content: Any) -> int:
    """How deep JSON is, without recursion: a file may be deeper than Python's stack."""
    levels, layer = 0, [content]
    while layer and levels <= MOST_LEVELS:
        levels += 1
        layer = [inner for outer in layer if isinstance(outer, dict | list)
                 for inner in (outer.values() if isinstance(outer, dict) else outer)]
    return levels


def shortened(value: Any, most: int = 60) -> str:
    """A value in a message: as JSON, not too long.

    Parameters
    ----------
    value : JSON
    most : int
        Letters.

    Returns
    -------
    str
    """
    if isinstance(value, int) and not isinstance(value, bool) and not _is_whole(value):
        return f'a whole number of {value.bit_length()} bits'  # Python refuses to write those of 4300 digits
    try:
        text = json.dumps(value)
    except ValueError:  # such a number, somewhere within
        text = type(value).__name__
    return text if len(text) <= most else f'{text[:most - 3]}...'
