"""What a script's `main` needs: a parser, and every way to end in one line and an exit status.

Only scripts use these, and only while they run: the guards change signals and streams of the process.
"""

import argparse
import contextlib
import io
import logging
import os
import re
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seldnet.common.errors import InputError, nearest, printable


class ScriptParser(argparse.ArgumentParser):
    """A parser that names the option that was probably meant by one that it does not know."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> argparse.Namespace:
        """As argparse, but for the message.

        Parameters
        ----------
        args : sequence of str, optional
        namespace : argparse.Namespace, optional

        Returns
        -------
        argparse.Namespace

        Raises
        ------
        SystemExit
            Of status 2, below a reminder of the usage.
        """
        parsed, others = self.parse_known_args(args, namespace)
        unknown = [word.split('=')[0] for word in others if word.startswith('--') and word != '--']
        if unknown:
            self.error('; '.join(map(self._describe_unknown, unknown)))
        if others:
            self.error(f'unrecognized arguments: {" ".join(others)}')
        return parsed

    def _describe_unknown(self, option: str) -> str:
        known = [name for action in self._actions if action.help != argparse.SUPPRESS
                 for name in action.option_strings if name.startswith('--')]
        spellings = {name.replace('-', '_'): name for name in known}
        meant = nearest(option.replace('-', '_'), spellings)
        return (f'unknown option {option}, did you mean {spellings[meant]}?' if meant
                else f'unknown option {option}, --help lists all')


def script_parser(description: str | None, **options: Any) -> argparse.ArgumentParser:
    """The parser of a script: its text stands as it was written, and options are to be spelled out.

    Parameters
    ----------
    description : str or None
        Of `--help`, before the options; usually the script's docstring.
    **options
        Further arguments of `argparse.ArgumentParser`.

    Returns
    -------
    ArgumentParser
    """
    return ScriptParser(description=description, allow_abbrev=False,
                        formatter_class=argparse.RawDescriptionHelpFormatter, **options)


def next_command(*words: Any, title: str = 'Next') -> str:
    """How a script ends: with the command to go on with, to be copied into a shell.

    Parameters
    ----------
    *words : str, path or number
        Of the command, without quotes.
    title : str
        What it is for.

    Returns
    -------
    str
        Two lines; control characters are escaped, so that a name cannot write to the terminal.

    Examples
    --------
    >>> print(next_command('python', 'seld.py', 4, '--dataset_dir', 'my data', title='Train'))
    Train:
      python seld.py 4 --dataset_dir 'my data'
    """
    return f'{printable(title)}:\n  {printable(shlex.join(map(str, words)))}'


class _WarningFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f'warning: {printable(record.getMessage())}'


def log_warnings() -> None:
    """Let what the engine warns of go to stderr, a line each."""
    handler = logging.StreamHandler()
    handler.setFormatter(_WarningFormatter())
    logging.basicConfig(handlers=[handler])


@contextlib.contextmanager
def stderr_held_back() -> Iterator[None]:
    """Around imports that write to stderr (TensorFlow about its build): nothing of it is shown."""
    try:
        stderr = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    with Path(os.devnull).open('wb') as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


@contextlib.contextmanager
def exit_with_one_line(script: str | Path) -> Iterator[None]:
    """Around a script's main: what a user can mend ends in one line on stderr and exit status 1.

    A script that is interrupted (Ctrl-C, status 130) or terminated (SIGTERM, as by a cluster's queue, 143)
    clears up and ends in a line as well.

    Parameters
    ----------
    script : path
        Whose name starts the line.

    Raises
    ------
    SystemExit
        Of status 1 for an InputError, a system's error, a name that is not UTF-8, a lack of memory, and
        (without a line) a reader of stdout that has gone; 130 and 143 as above. One that the block raises
        passes, as do all other exceptions.
    """
    _open_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors='backslashreplace')  # as stderr: names may have letters that it has not
    before = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        try:
            yield
        except SystemExit:
            _flush_stdout()
            raise
        _flush_stdout()
    except InputError as error:
        raise SystemExit(_error_line(script, str(error))) from None
    except BrokenPipeError:  # the reader of our output (`| head`) has gone
        raise SystemExit(1) from None
    except OSError as error:
        where = f'{error.filename}: ' if error.filename else ''
        raise SystemExit(_error_line(script, f'{where}{error.strerror or error}')) from None
    except UnicodeEncodeError as error:
        raise SystemExit(_error_line(script, f'{error.object!r}: not UTF-8; rename the file')) from None
    except MemoryError as error:
        raise SystemExit(_error_line(script, f'out of memory: {error}')) from None
    except KeyboardInterrupt:
        _write_stderr('\ninterrupted\n')
        raise SystemExit(130) from None
    except _TerminatedError:
        _write_stderr('\nterminated\n')
        raise SystemExit(128 + signal.SIGTERM) from None
    finally:
        signal.signal(signal.SIGTERM, before)
        try:
            _flush_stdout()
        except OSError:  # reported above; Python would try once more when it ends
            with contextlib.suppress(OSError, ValueError):  # it may be closed
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _TerminatedError(BaseException):
    """SIGTERM; like KeyboardInterrupt no `except Exception` catches it."""


def _raise_terminated(*_: Any) -> None:
    raise _TerminatedError


def _open_closed_streams() -> None:
    """So that no file takes their numbers: what a library writes to stderr would end in it."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _write_stderr(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr:  # None where it is closed
            sys.stderr.write(text)


def _flush_stdout() -> None:
    """A full disk, or a reader that has gone, shows here at the latest."""
    try:
        if sys.stdout:  # None where it is closed
            sys.stdout.flush()
    except OSError as error:
        raise OSError(error.errno, error.strerror, 'standard output') from error


def _error_line(script: str | Path, message: str) -> str:
    """The line; control characters, which names of files may contain, are escaped.

    But for the line breaks of messages that list several problems, which are indented.
    """
    message = re.sub(r'\n(?!  )|[^\n -~\xa0-\U0010ffff]', lambda found: repr(found[0])[1:-1], message)
    return f'{Path(script).name}: error: {message}'
