"""Settings from a file: JSON beside a model, TOML, and what is refused."""

import json

import pytest

from seldnet.common.config_file import read_settings_file
from seldnet.common.errors import InputError
from seldnet.common.settings import Setting

TABLE = {'size': Setting(4, 'a whole number', minimum=1), 'rate': Setting(0.0, 'a number'),
         'sizes': Setting([8, 8], 'a list'), 'patience': Setting(None, 'a whole number or none', kind=int),
         'quick': Setting(True, 'a switch'), 'name': Setting('none', 'a text')}


@pytest.mark.parametrize(('name', 'text'), [
    ('a.toml', 'size = 3\nrate = 1\nsizes = [2, 3]\npatience = "none"\nquick = false\nname = "none"\n'),
    ('a.json', json.dumps({'task': '1', 'job': 'x', 'params': {
        'size': 3, 'rate': 1, 'sizes': [2, 3], 'patience': None, 'quick': False, 'name': 'none'}})),
    ('a.json', '{"size": 3, "rate": 1, "sizes": [2, 3], "patience": "none", "quick": false, '
               '"name": "none"}')])
def test_settings_of_a_file(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    found = read_settings_file(tmp_path / name, TABLE)
    assert found == {'size': 3, 'rate': 1.0, 'sizes': [2, 3], 'patience': None, 'quick': False,
                     'name': 'none'}
    assert isinstance(found['rate'], float)


@pytest.mark.parametrize(('name', 'text', 'message'), [
    ('a.toml', 'sise = 3', "a.toml: unknown setting 'sise', did you mean 'size'"),
    ('a.json', '{"params": {"sise": 3}}', "a.json: unknown setting 'sise', did you mean 'size'"),
    ('a.toml', 'size = "3"', "a.toml: setting size: got '3', expected a whole number"),
    ('a.toml', 'size = 0', 'a.toml: setting size: got 0, expected at least 1'),
    ('a.toml', '[sizes]\nx = 1', 'a.toml: setting sizes: got .*, expected a list'),
    ('a.toml', 'size: 3', 'a.toml: not a TOML file: '),
    ('a.toml', b'\xff\xfe', 'a.toml: not a TOML file: '),
    ('a.json', '{"size": ', 'a.json: not a JSON file: '),
    ('a.json', '[]', 'a.json: expected settings by their names, or params with these'),
    ('a.json', '{"params": 3}', 'a.json: expected settings by their names, or params with these'),
    ('a.json', None, 'a.json: no such file, expected settings as JSON or TOML')])
def test_what_is_refused(tmp_path, name, text, message):
    if text is not None:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=message):
        read_settings_file(tmp_path / name, TABLE)
