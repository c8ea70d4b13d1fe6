"""Which recordings are scored, their reference rows, and the groups they form."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scored_folders import HEADER, NAMES

from seldnet.annotations.descriptions import Event, read_description
from seldnet.common.errors import InputError
from seldnet.scoring.recordings import (
    csv_files,
    find_groups,
    find_recordings,
    is_quick_test,
    read_reference_rows,
    read_since_onset,
)

EXAMPLE = Path(__file__).parents[2] / 'misc_files/examples/split1_ir3_ov2_1.csv'

# ---- folders ----


def test_missing_predictions_need_allow_missing(folders):
    predictions, references = folders
    missing, kept = NAMES[:2], NAMES[2:]
    for name in missing:
        (predictions / f'{name}.csv').unlink()
    with pytest.raises(InputError, match=rf'missing: {", ".join(missing)}; surplus: none.*--allow-missing'):
        find_recordings(predictions, references)
    assert find_recordings(predictions, references, allow_missing=True) == (sorted(kept), 2)


@pytest.mark.parametrize('allow_missing', [False, True])
def test_surplus_predictions_are_refused(folders, allow_missing):
    predictions, references = folders
    (predictions / f'{NAMES[0]}.csv').rename(predictions / 'split4_ir0_ov1_9.csv')
    with pytest.raises(InputError, match=f'missing: {NAMES[0]}; surplus: split4_ir0_ov1_9'):
        find_recordings(predictions, references, allow_missing=allow_missing)


def test_other_files_are_no_predictions(folders):
    predictions, _ = folders
    before = find_recordings(*folders)
    (predictions / '.partial-abc.csv').write_text('half')
    (predictions / 'notes.txt').write_text('notes')
    assert find_recordings(*folders) == before == (sorted(NAMES), 0)


def test_endings_may_be_upper_case_but_names_stand_once(folders):
    predictions, references = folders
    for folder, name in zip(folders, NAMES):
        (folder / f'{name}.csv').rename(folder / f'{name}.CSV')
    assert find_recordings(predictions, references) == (sorted(NAMES), 0)
    assert csv_files(predictions)[NAMES[0]].name == f'{NAMES[0]}.CSV'
    (references / f'{NAMES[0]}.CSV').write_text(HEADER)
    with pytest.raises(InputError, match=rf'{NAMES[0]}\.csv: a second file of this name, beside {NAMES[0]}'):
        find_recordings(predictions, references)


def test_quick_test_is_read_from_the_settings_beside_predictions(tmp_path):
    assert is_quick_test(tmp_path) is None
    for quick_test in (True, False):
        (tmp_path / 'settings.json').write_text(json.dumps({'params': {'quick_test': quick_test}}))
        assert is_quick_test(tmp_path) is quick_test
    (tmp_path / 'settings.json').write_text('[]')
    with pytest.raises(InputError, match=r'settings\.json: found \[\], expected a table with params; '):
        is_quick_test(tmp_path)


# ---- groups ----


def test_groups_are_those_in_the_names():
    assert find_groups(NAMES) == {
        'all': [0, 1, 2, 3, 4], 'split 0': [4], 'split 1': [0, 1], 'split 2': [2, 3], 'ov 1': [0, 2],
        'ov 2': [1, 3], 'ir 0': [0, 2], 'ir 1': [1, 3]}


def test_names_that_follow_no_grammar_are_in_the_group_all_only():
    assert find_groups(['street', NAMES[0], 'a b']) == {'all': [0, 1, 2], 'split 1': [1], 'ov 1': [1],
                                                       'ir 0': [1]}
    assert find_groups(['street']) == {'all': [0]}


# ---- descriptions ----


def test_reference_rows_follow_the_frame_rule_of_the_labels(tmp_path):
    path = tmp_path / 'some.csv'
    path.write_text(HEADER + 'knock,0.03,0.05,10,-20,1\nspeech,59.97,62,0,170,2\nknock,0.05,0.05,0,0,1\n'
                    'phone,61,62,0,0,1\n')
    rows = read_reference_rows(path)
    rows = rows[rows[:, 0] < 3000]
    assert rows.tolist() == [[1, 0, -20, 10], [2, 0, -20, 10], [3, 0, -20, 10],
                             [2998, 5, 170, 0], [2999, 5, 170, 0], [2, 0, 0, 0], [3, 0, 0, 0]]
    path.write_text(HEADER)
    assert read_reference_rows(path).shape == (0, 4)


def test_time_since_onset_goes_with_the_reference_rows():
    rows, since_onset = read_reference_rows(EXAMPLE), read_since_onset(EXAMPLE)
    starts = rows[since_onset == 0]
    assert len(rows) == len(since_onset)
    assert len(starts) == 59
    np.testing.assert_array_equal(rows[1:, 0] - rows[:-1, 0] == 1, since_onset[1:] > 0)


cells = st.lists(st.sampled_from([
    'knock', 'cough', 'Knock', '0.5', '1', '60.1', '-1', '10', '-180', '181', 'nan', 'inf', '1e400', '', ' ',
    ',', ',', ',', ',', ',', '\n', '\n', '\r\n', '"', '\0', '\ufeff', '2']),
    max_size=40).map(lambda parts: ''.join(parts).encode())


@given(st.one_of(st.binary(max_size=60), cells, cells.map(lambda text: HEADER.encode() + text)))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_fuzz_descriptions_become_legal_rows_or_the_readers_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp('fuzz') / 'some.csv'
    path.write_bytes(content)
    try:
        events = read_description(path)
    except InputError as error:
        assert str(path) in str(error)
        return
    assert all(isinstance(event, Event) for event in events)
    rows = read_reference_rows(path)
    assert rows.shape[1] == 4
    assert ((rows >= (0, 0, -180, -90)) & (rows <= (3000, 10, 180, 90))).all()
