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
        removed = before.keys() - workplace.listing(place).keys()
        assert all(name.startswith('features/') for name in removed), removed
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


# Rows whose line names another file than the changed file or its folder: which, and why.
NAMED_INSTEAD = {
    ('Recordings', 'two of one name'): 'data/foa_dev/split1_ir0_ov1_1.flac',  # the copy
    ('Features, labels and the state of their extraction', 'one that belongs to no recording'):
        'features/foa_dev_norm/split3_ir0_ov1_99.npy',  # the copy
    ('Features, labels and the state of their extraction', 'one that the state does not know'):
        'features/foa_dev_norm/split3_ir0_ov1_99.npy',  # the copy
    **{('Features, labels and the state of their extraction', what): 'features/foa_dev_norm' for what in (
        'state of version 1, whose recordings are a minute long, extracted again', 'state missing',
        'features of another type')},  # what would be lost
    ('Models and what stands beside them', 'model not of seld.py'): 'models/mine.keras',  # the copy
    ('Models and what stands beside them', 'model of other classes'):
        'models/tiny_job_foa_dev_split1_model.keras',  # whose outputs do not suit the settings beside it
}


def test_messages_name_the_file():
    """Or, of a missing file, the folder that misses it."""
    for section, row in ROWS:
        if not row.line or not row.path:
            continue
        folder = row.path.rpartition('/')[0]
        names_it = row.path in row.line or row.line.startswith(f'{folder}: ')
        instead = NAMED_INSTEAD.get((section, row.what))
        assert (instead in row.line and not names_it) if instead else names_it, row
    assert NAMED_INSTEAD.keys() <= {(section, row.what) for section, row in ROWS}


def test_the_document_is_up_to_date():
    assert bad_input.DOCUMENT.read_text(encoding='utf-8') == bad_input.document(), (
        'run python tests/faults/bad_input.py')
