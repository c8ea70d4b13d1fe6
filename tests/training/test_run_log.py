"""What a training says is shown, and kept beside each model."""

import re

import pytest

from seldnet.training.run_log import RunLog


def lines(path):
    """Without the times."""
    return [re.sub(r'^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d  ', '', line)
            for line in path.read_text().splitlines()]


def test_each_run_has_what_was_said_before_during_and_after_it(tmp_path):
    shown = []
    log = RunLog(shown.append, ['command'])
    log.say('start')
    log.keep('versions')
    for name in 'ab':
        with log.of_run(tmp_path / name):
            log.say(f'\nround of {name}', 'ä')
    log.say('end')
    for name in 'ab':
        assert lines(tmp_path / name) == ['command', 'start', 'versions', '', f'round of {name}', 'ä', 'end']
    assert shown == ['start', '\nround of a', 'ä', '\nround of b', 'ä', 'end']


def test_a_log_goes_on_where_it_was_and_names_what_ended_a_run(tmp_path):
    (tmp_path / 'a').write_text('before\n')
    with pytest.raises(KeyboardInterrupt), RunLog(print).of_run(tmp_path / 'a'):
        raise KeyboardInterrupt
    with pytest.raises(ValueError), RunLog(print).of_run(tmp_path / 'a'):
        raise ValueError('of two\nlines')
    assert lines(tmp_path / 'a') == ['before', 'ended by KeyboardInterrupt: KeyboardInterrupt',
                                     'ended by ValueError: of two']
