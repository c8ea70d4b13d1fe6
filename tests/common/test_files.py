"""Files: written whole or not at all, listed in order, read with errors that name them."""

import json
import math
import os
import stat

import pytest

from seldnet.common.errors import InputError
from seldnet.common.files import (
    TEMPORARY_PREFIX,
    atomic_path,
    create_folder,
    is_plain_name,
    list_files,
    write_json,
)


def test_atomic_path_leaves_the_old_file_when_the_block_fails(tmp_path):
    path = tmp_path / 'file.txt'
    path.write_text('old')
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text('half')
        raise RuntimeError
    assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]
    with atomic_path(path) as temporary:
        temporary.write_text('new')
        assert path.read_text() == 'old' and temporary.suffix == '.txt'
    assert path.read_text() == 'new' and list(tmp_path.iterdir()) == [path]


def test_atomic_path_replaces_what_a_link_leads_to(tmp_path):
    target, link = tmp_path / 'elsewhere' / 'file.txt', tmp_path / 'link.txt'
    target.parent.mkdir()
    link.symlink_to(target)
    for text in ('first', 'second'):  # at first the link dangles
        with atomic_path(link) as temporary:
            temporary.write_text(text)
        assert link.is_symlink() and target.read_text() == text
    assert sorted(tmp_path.rglob('*')) == [target.parent, target, link]


def test_atomic_path_refuses_a_pipe(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    with (pytest.raises(InputError, match=r'pipe: a pipe or a device, expected a file'),
          atomic_path(tmp_path / 'pipe')):
        raise AssertionError('not reached')
    assert (tmp_path / 'pipe').is_fifo()


def test_json_round_trip(tmp_path):
    path = tmp_path / 'a.json'
    write_json(path, {'a': [1, 2.5, None, 'é']})
    assert json.loads(path.read_text()) == {'a': [1, 2.5, None, 'é']}


def test_json_has_null_for_numbers_that_it_does_not_have(tmp_path):
    write_json(tmp_path / 'a.json', {'a': [1.5, math.nan], 'b': (math.inf, {'c': -math.inf})})
    assert (tmp_path / 'a.json').read_text().split() == (
        ['{', '"a":', '[', '1.5,', 'null', '],', '"b":', '[', 'null,', '{', '"c":', 'null', '}', ']', '}'])


def test_create_folder(tmp_path):
    for _ in range(2):
        create_folder(tmp_path / 'a' / 'b')
    assert (tmp_path / 'a' / 'b').is_dir()


def test_listings_are_in_the_order_of_2019_and_without_hidden_files(tmp_path):
    assert list_files(tmp_path / 'nowhere') == []
    for name in ('b_2.wav', 'b_10.wav', 'a.WAV', 'a.txt', '.partial-1.wav'):
        (tmp_path / name).touch()
    (tmp_path / 'folder.wav').mkdir()
    assert [path.name for path in list_files(tmp_path, '.wav')] == ['a.WAV', 'b_10.wav', 'b_2.wav']
    assert [path.name for path in list_files(tmp_path)] == ['a.WAV', 'a.txt', 'b_10.wav', 'b_2.wav']


@pytest.mark.parametrize('name, is_plain', [
    ('split1_1', True), ('.hidden', True), ('a b', True), ('', False), ('.', False), ('..', False),
    ('../x', False), ('/tmp/x', False), ('a/b', False), ('a\\b', False), ('a\0b', False), ('a/', False),
    ('\ud800', False), ('a' * 255, True), ('a' * 256, False), ('é' * 127, True), ('é' * 128, False)])
def test_names_that_lead_out_of_a_folder_are_not_plain(name, is_plain):
    assert is_plain_name(name) is is_plain


def test_rights_of_a_new_file_are_the_users_and_those_of_a_replaced_file_stay(tmp_path):
    path = tmp_path / 'a.json'
    before = os.umask(0o027)
    try:
        write_json(path, 1)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        write_json(path, 2)
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(before)


@pytest.mark.parametrize('name', [
    'x' * 251 + '.csv', 'é' * 125 + '.json', 'a.' + 'x' * 200, 'a.csv', 'x' * 255])
def test_a_temporary_name_is_no_longer_than_the_disk_takes(tmp_path, name):
    with atomic_path(tmp_path / name) as temporary:
        assert temporary.name.startswith(TEMPORARY_PREFIX) and temporary.suffix == (tmp_path / name).suffix
        temporary.write_text('all')
    assert (tmp_path / name).read_text() == 'all' and len(list(tmp_path.iterdir())) == 1
