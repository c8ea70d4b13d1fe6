"""Each row of the table of bad inputs, through the real script: its work, or one line and nothing written."""

import re

import bad_input
import pytest
import workplace

ROWS = bad_input.rows()


@pytest.mark.parametrize(('section', 'row'), ROWS, ids=[f'{section}: {row.what}' for section, row in ROWS])
def test_row(section, row, place):
    if row.change:
        row.change(place / row.path)
    before = workplace.listing(place)
    status, _, stderr = workplace.run(row.command, place)
    if row.line is None:
        assert status == 0, stderr
    else:
        assert status == row.status, stderr
        *usage, line = [stderr] if status == 1 else stderr.rstrip('\n').rsplit('\n', 1)
        assert not usage or usage[0].startswith('usage: ')
        script = row.command.split()[0].split('/')[-1]
        expected = re.escape(f'{script}: error: {row.line}').replace('…', '.*')
        assert re.fullmatch(expected, line.rstrip('\n'))
        if not row.writes:
            assert workplace.listing(place) == before
    assert not workplace.temporary_files(place)


def test_the_table_is_as_long_as_it_should_be_and_says_each_thing_once():
    assert len(ROWS) >= 60
    assert len({(section, row.what) for section, row in ROWS}) == len(ROWS)


def test_messages_name_the_file():
    """Or, of a missing one, the file or folder that misses it."""
    for section, row in ROWS:
        if row.line and row.path and section != 'Folders and names':
            folder, _, name = row.path.rpartition('/')
            stem = name.partition('.')[0].removesuffix('_model').removesuffix('_state')
            assert stem in row.line or folder in row.line or 'recording' in row.line, row


def test_the_document_is_up_to_date():
    assert bad_input.DOCUMENT.read_text(encoding='utf-8') == bad_input.document(), (
        'run python tests/faults/bad_input.py')
