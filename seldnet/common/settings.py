"""A table of settings: names, defaults, legal values; as arguments of Python and as options of a script."""

import argparse
import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seldnet.common.errors import InputError, did_you_mean


class Setting(NamedTuple):
    """Default, meaning and legal values of a setting; its type is its default's, or `kind` if None.

    Attributes
    ----------
    default : bool, int, float, str, list of numbers or None
    help : str
        Meaning, as of `--help`.
    minimum, maximum : number, optional
        Of a value, or of each number of a list; both are legal values themselves.
    choices : container of str, optional
        All legal values.
    kind : type, optional
    element : type, optional
        Of what a list holds, by default the type of the default's first.
    """

    default: Any
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: Container[str] | None = None  # that can be listed
    kind: type | None = None
    element: type | None = None

    @property
    def type(self) -> type:
        """Of its values; a list is a list of what its default has."""
        return self.kind or type(self.default)

    @property
    def element_type(self) -> type:
        """Of a value, or of what a list holds."""
        return self.element or (type(self.default[0]) if self.type is list else self.type)


Settings = Mapping[str, Setting]
NONE = 'none'  # on a command line, or in a file, for settings that may be None


def checked_settings(table: Settings, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in their settings' own types (an int is a fine float, a tuple a fine list).

    Parameters
    ----------
    table : mapping of str to Setting
    values : mapping of str to anything
        Some settings or all; None is legal where it is the default.

    Returns
    -------
    dict
        The same names in the same order; a path for a text is a str.

    Raises
    ------
    InputError
        If a setting is unknown, or a value is of the wrong type or out of range.
    """
    return {name: _checked_setting(table, name, value) for name, value in values.items()}


def _checked_setting(table: Settings, name: str, value: Any) -> Any:
    if name not in table:
        raise InputError(f'unknown setting {name!r}{did_you_mean(name, table)}')
    setting = table[name]
    if value is None and setting.default is None:
        return None
    if setting.type is list:
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            what = 'numbers' if setting.element_type in (int, float) else 'texts'
            raise InputError(f'setting {name}: got {value!r}, expected a list of {what}')
        return [_checked_value(name, setting, item, setting.element_type) for item in value]
    if setting.type is str and isinstance(value, Path):
        value = str(value)
    return _checked_value(name, setting, value, setting.type)


def _checked_value(name: str, setting: Setting, value: Any, expected: type) -> Any:
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, expected) or isinstance(value, bool) != (expected is bool):
        raise InputError(f'setting {name}: got {value!r}, expected {_TYPE_NAMES[expected]}')
    if expected is float and not math.isfinite(value):
        raise InputError(f'setting {name}: got {value!r}, expected a finite number')
    if setting.choices and value not in setting.choices:
        raise InputError(f'setting {name}: got {value!r}, expected one of {", ".join(setting.choices)}')
    if setting.minimum is not None and value < setting.minimum:
        raise InputError(f'setting {name}: got {value!r}, expected at least {setting.minimum}')
    if setting.maximum is not None and value > setting.maximum:
        raise InputError(f'setting {name}: got {value!r}, expected at most {setting.maximum}')
    return value


_TYPE_NAMES = {bool: 'True or False', int: 'a whole number', float: 'a number', str: 'text'}


def add_settings(parser: argparse.ArgumentParser, table: Settings, names: Iterable[str]) -> None:
    """Give a script's parser an option `--NAME VALUE` for each of the settings `names`.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Parsing gives an attribute only for options that are given; `settings_given` collects them. Their
        types are checked by the parser, their ranges by `checked_settings`.
    table : mapping of str to Setting
    names : iterable of str
        Keys of `table`. A list takes several values; an underscore may be typed as a hyphen.

    Raises
    ------
    KeyError
        If a name is not in `table`.
    """
    group = parser.add_argument_group('settings of parameter.py, for this run')
    for name in names:
        setting = table[name]
        element = setting.element_type
        options = {
            'dest': name, 'default': argparse.SUPPRESS,
            'type': _parser_of(element, takes_none=setting.default is None),
            'nargs': '+' if setting.type is list else None,
            'metavar': '{' + ','.join(setting.choices) + '}' if setting.choices else element.__name__.upper(),
        }
        group.add_argument(f'--{name}', help=f'{setting.help} [{setting.default}]', **options)
        if '_' in name:
            group.add_argument(f'--{name.replace("_", "-")}', **(options | {'help': argparse.SUPPRESS}))


def settings_given(args: argparse.Namespace, table: Settings) -> dict[str, Any]:
    """The settings of a table that stood on the command line.

    Parameters
    ----------
    args : argparse.Namespace
        Of a parser that `add_settings` has seen.
    table : mapping of str to Setting

    Returns
    -------
    dict
        Name to value, for `checked_settings`.
    """
    return {name: value for name, value in vars(args).items() if name in table}


def options_given(args: argparse.Namespace, table: Settings) -> list[str]:
    """The settings that stood on the command line, as the words of a command line.

    Parameters
    ----------
    args : argparse.Namespace
        As of `settings_given`.
    table : mapping of str to Setting

    Returns
    -------
    list of str
        '--NAME' and its values, of each in the order of `table`.
    """
    given = settings_given(args, table)
    return [word for name in table if name in given
            for word in (f'--{name}', *map(_as_word, given[name] if isinstance(given[name], list)
                                           else [given[name]]))]


def _as_word(value: Any) -> str:
    return NONE if value is None else str(value)


def _parser_of(element: type, *, takes_none: bool) -> Callable[[str], Any]:
    """Text of the command line -> value; its name stands in the parser's messages."""
    parse = _parse_bool if element is bool else element
    if not takes_none:
        return parse

    def parse_or_none(text: str) -> Any:
        return None if text.lower() == NONE else parse(text)
    parse_or_none.__name__ = parse.__name__
    return parse_or_none


def _parse_bool(text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise argparse.ArgumentTypeError(f'got {text!r}, expected True or False')
    return _BOOLEANS[text.lower()]


_parse_bool.__name__ = 'True or False'
_BOOLEANS = {'true': True, 'yes': True, '1': True, 'false': False, 'no': False, '0': False}
