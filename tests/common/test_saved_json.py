"""JSON that is read again: what the tables say, at any depth, in one line that names the place."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seldnet.common.errors import InputError
from seldnet.common.saved_json import (
    COUNT,
    FILE_NAME,
    NUMBER,
    POSITIVE,
    SCORE,
    TEXT,
    TRUE_OR_FALSE,
    Entries,
    Fields,
    ListOf,
    OrNone,
    one_of,
    read_saved_json,
)

SCHEMA = Fields({'rounds': ListOf(Fields({'loss': SCORE}, others=NUMBER))},
                {'best': OrNone(POSITIVE), 'kind': one_of(('foa', 'mic')), 'done': TRUE_OR_FALSE,
                 'note': TEXT, 'files': Entries(ListOf(COUNT, (2,)), FILE_NAME)})


def problem_of(folder, text, schema=SCHEMA):
    """What stands behind the file's name in the message, and before the remedy; None where all is well."""
    path = folder / 'a.json'
    path.write_text(text)
    try:
        read_saved_json(path, schema, remedy='remove it')
    except InputError as error:
        message = str(error)
        assert message.startswith(f'{path}:') and message.endswith('; remove it') and '\n' not in message
        return message.removeprefix(f'{path}:').removesuffix('; remove it').strip()
    return None


@pytest.mark.parametrize('text', [
    '{"rounds": []}', '{"rounds": [{"loss": 1, "x": 2.5}, {"loss": null}, {"loss": NaN}]}',
    '{"rounds": [], "best": null}', '{"rounds": [], "best": 3, "later": [{"x": null}]}',
    '{"rounds": [], "files": {"a b": [1, 2]}, "kind": "mic", "done": false, "note": "\\u00e9"}'])
def test_what_is_fine(text, tmp_path):
    assert problem_of(tmp_path, text) is None


@pytest.mark.parametrize(('text', 'problem'), [
    ('[]', 'found [], expected a table with rounds'),
    ('{}', 'found no rounds, expected a table with rounds'),
    ('{"rounds": {}}', 'rounds: found {}, expected a list'),
    ('{"rounds": [{"loss": 1}, {}]}', 'rounds / 1: found no loss, expected a table with loss'),
    ('{"rounds": [{"loss": "a"}]}', 'rounds / 0 / loss: found "a", expected a number, or null'),
    ('{"rounds": [{"loss": Infinity}]}', 'rounds / 0 / loss: found Infinity, expected a number, or null'),
    ('{"rounds": [{"loss": 1e999}]}', 'rounds / 0 / loss: found Infinity, expected a number, or null'),
    ('{"rounds": [{"loss": true}]}', 'rounds / 0 / loss: found true, expected a number, or null'),
    ('{"rounds": [{"loss": 1, "x": NaN}]}', 'rounds / 0 / x: found NaN, expected a finite number'),
    ('{"rounds": [], "best": 0}', 'best: found 0, expected a whole number from 1, or null'),
    ('{"rounds": [], "best": 1.0}', 'best: found 1.0, expected a whole number from 1, or null'),
    (f'{{"rounds": [], "best": {"9" * 400}}}',
     'best: found a whole number of 1329 bits, expected a whole number from 1, or null'),
    ('{"rounds": [], "kind": "wav"}', 'kind: found "wav", expected one of foa, mic'),
    ('{"rounds": [], "kind": ["foa"]}', 'kind: found ["foa"], expected one of foa, mic'),
    ('{"rounds": [], "done": 1}', 'done: found 1, expected true or false'),
    ('{"rounds": [], "note": "\\ud800"}', 'note: found "\\ud800", expected a text'),
    ('{"rounds": [], "files": {"../a": [1, 2]}}',
     'files: found the key "../a", expected a name without a folder'),
    ('{"rounds": [], "files": {"a\\nb": [1]}}', 'files / "a\\nb": found [1], expected a list of 2'),
    ('{"rounds": [], "x": [{"y": Infinity}]}',
     'x: found [{"y": Infinity}], expected finite numbers, texts, true, false, null, and lists and tables of '
     'these'),
    (f'{{"rounds": {"[" * 150}{"]" * 150}}}', 'not a JSON file: more than 100 levels')])
def test_what_is_not(text, problem, tmp_path):
    assert problem_of(tmp_path, text) == problem


@pytest.mark.parametrize('text', ['', '{', '{"rounds": 1' + '0' * 5000 + '}', '[' * 100_000, '\x00'])
def test_what_is_no_json(text, tmp_path):
    assert problem_of(tmp_path, text).startswith('not a JSON file: ')


KEYS = st.sampled_from(['rounds', 'loss', 'best', 'files', 'x', '../a'])
json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                           lambda inner: st.lists(inner, max_size=3)
                           | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8)


@settings(max_examples=300, deadline=None)
@given(json_values)
def test_any_json_is_what_the_table_says_or_refused(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / 'any.json'
    path.write_text(json.dumps(value))
    with contextlib.suppress(InputError):
        content = read_saved_json(path, SCHEMA, remedy='remove it')
        assert all(set(scores) >= {'loss'} for scores in content['rounds'])
        assert content.get('best') is None or content['best'] >= 1
        assert '../a' not in content.get('files', {})
