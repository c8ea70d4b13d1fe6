"""How scripts end: in one line for what a user can mend, with a traceback for what is a mistake of ours."""

import argparse
import shlex
from pathlib import Path

import pytest

from seldnet.common.errors import InputError
from seldnet.common.scripts import exit_with_one_line, next_command, script_parser


@pytest.mark.parametrize('error, status, message', [
    (InputError('x.wav: mono'), 1, 'x.py: error: x.wav: mono'),
    (FileNotFoundError(2, 'No such file or directory', 'a.csv'), 1,
     'x.py: error: a.csv: No such file or directory'),
    (KeyboardInterrupt(), 130, 'interrupted'),
])
def test_scripts_end_in_one_line(error, status, message, capsys):
    with pytest.raises(SystemExit) as exit_info, exit_with_one_line('somewhere/x.py'):
        raise error
    if status == 1:
        assert exit_info.value.code == message  # Python prints a text to stderr and exits with status 1
    else:
        assert exit_info.value.code == status and message in capsys.readouterr().err


def test_other_errors_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), exit_with_one_line('x.py'):
        raise ZeroDivisionError


@pytest.mark.parametrize(('words', 'message'), [
    (['--nb_epoch', '3'], 'unknown option --nb_epoch, did you mean --nb_epochs?'),
    (['--nb-epoch=3'], 'unknown option --nb-epoch, did you mean --nb_epochs?'),
    (['--allow_mising'], 'unknown option --allow_mising, did you mean --allow-missing?'),
    (['--secre'], 'unknown option --secre, --help lists all'),  # it is not in the help
    (['--xyz'], 'unknown option --xyz, --help lists all'),
    (['--nb_epoch', '--xyz'], 'did you mean --nb_epochs?; unknown option --xyz, --help'),
    (['a', 'b'], 'unrecognized arguments: b')])
def test_an_unknown_option_gets_a_near_match(words, message, capsys):
    parser = script_parser(None)
    parser.add_argument('task', nargs='?')
    parser.add_argument('--nb_epochs', type=int)
    parser.add_argument('--allow-missing', action='store_true')
    parser.add_argument('--secret', help=argparse.SUPPRESS)
    with pytest.raises(SystemExit, match='2'):
        parser.parse_args(words)
    assert message in capsys.readouterr().err


def test_the_next_command_is_quoted_for_the_shell():
    words = ['python', Path("it's mine"), 4, '', '$HOME', 'a;b']
    title, command = next_command(*words, title='Train').split('\n')
    assert title == 'Train:' and shlex.split(command) == list(map(str, words))
    assert next_command('python').startswith('Next:\n')
    assert next_command('a\x1b[31m\nb') == "Next:\n  'a\\x1b[31m\\nb'"
