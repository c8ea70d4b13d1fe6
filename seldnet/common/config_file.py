"""Settings from a file: the JSON beside a model, or TOML with a line `setting = value` each."""

import tomllib
from pathlib import Path
from typing import Any

from seldnet.common.errors import InputError
from seldnet.common.files import check_regular_file, read_json
from seldnet.common.settings import NONE, Settings, checked_settings


def read_settings_file(path: str | Path, table: Settings) -> dict[str, Any]:
    """The settings of a file.

    Parameters
    ----------
    path : path
        With the ending .toml, or else JSON: `{"setting": value, ...}`, or what `seld.py` writes beside a
        model and its predictions, whose settings stand under `params`.
    table : mapping of str to Setting

    Returns
    -------
    dict
        Name to value, checked. A file need not have all settings.

    Raises
    ------
    InputError
        If it is missing, of another kind, or has an unknown setting or a wrong value: with the file's name.
    """
    path = Path(path)
    if not path.is_file():
        check_regular_file(path)
        raise InputError(f'{path}: no such file, expected settings as JSON or TOML')
    content = _read_toml(path) if path.suffix.lower() == '.toml' else read_json(path)
    found = content.get('params', content) if isinstance(content, dict) else None
    if not isinstance(found, dict):
        raise InputError(f'{path}: expected settings by their names, or params with these')
    is_none = {name for name, value in found.items()  # TOML has no word for it
               if value == NONE and name in table and table[name].default is None}
    try:
        return checked_settings(table, {name: None if name in is_none else value
                                        for name, value in found.items()})
    except InputError as error:
        raise InputError(f'{path}: {error}') from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding='utf-8'))
    except (ValueError, RecursionError) as error:  # of TOML, and of UTF-8
        raise InputError(f'{path}: not a TOML file: {error}') from error
