"""How scripts end: in one line for what a user can mend, with a traceback for what is a mistake of ours."""

import pytest

from seldnet.common.errors import InputError
from seldnet.common.scripts import exit_with_one_line


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
