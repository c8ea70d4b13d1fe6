"""The command that a script ends with, taken from what it printed."""

import shlex


def next_command_of(printed: str, script: str) -> list[str]:
    """Its arguments; it must be the last line, below a title, and a command of `script`."""
    *_, title, command = printed.splitlines()
    assert title.endswith(':') and command.startswith(f'  python {script} ')
    return shlex.split(command)[2:]
