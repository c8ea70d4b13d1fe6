"""What a training says, on the screen and in a text file beside each model."""

import contextlib
import datetime
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from seldnet.common.errors import first_line


class RunLog:
    """Shows lines, and keeps them with the time of day in the file of the run that is at work.

    What is said before the first run stands at the head of the file of each; what is said after the last, at
    the end of each.

    Parameters
    ----------
    show : function
        Takes a line.
    head : sequence of str
        Lines that are kept but not shown.
    """

    def __init__(self, show: Callable[[str], None], head: Sequence[str] = ()):
        self._show = show
        self._head = list(head)
        self._files: list[Path] = []
        self._current: Path | None = None

    def say(self, *lines: str) -> None:
        """Show and keep lines.

        Parameters
        ----------
        *lines : str
            That may have line breaks.
        """
        for line in lines:
            self._show(line)
        self.keep(*lines)

    def keep(self, *lines: str) -> None:
        """Keep lines without showing them.

        Parameters
        ----------
        *lines : str
        """
        if not self._files:
            self._head += lines
        for path in [self._current] if self._current else self._files:
            self._append(path, lines)

    @contextlib.contextmanager
    def of_run(self, path: Path) -> Iterator[None]:
        """While a run is at work: its lines go to its file, and the exception that ends it.

        Parameters
        ----------
        path : Path
            Of a text file; what is there is kept.
        """
        head = self._head
        self._files.append(path)
        self._current = path
        try:
            self._append(path, head)
            yield
        except BaseException as error:
            with contextlib.suppress(OSError):  # that of the run is the one to be told
                self._append(path, [f'ended by {type(error).__name__}: {first_line(error)}'])
            raise
        finally:
            self._current = None

    @staticmethod
    def _append(path: Path, lines: Sequence[str]) -> None:
        now = datetime.datetime.now().astimezone().isoformat(' ', 'seconds')
        with path.open('a', encoding='utf-8', errors='backslashreplace') as file:
            file.writelines(f'{now}  {line}\n' if line else '\n' for text in lines
                            for line in (text.split('\n') if text else ['']))
