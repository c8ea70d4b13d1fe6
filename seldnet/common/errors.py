"""The one kind of error that a user can mend, and the words of its messages."""

import difflib
from collections.abc import Iterable, Sequence


class InputError(ValueError):
    """Something that a user gave (a file, a setting, an argument) is not what it must be.

    The message is one line: the file (and line, as `path:3:`), what was found, what was expected and, if any,
    the remedy.
    """


def raise_problems(problems: Sequence[str]) -> None:
    """Raise an InputError with all problems, a line each; nothing where there are none.

    Parameters
    ----------
    problems : sequence of str

    Raises
    ------
    InputError
        The problem itself, or of several a line with their number and then each, indented by two spaces.
    """
    if len(problems) == 1:
        raise InputError(problems[0])
    if problems:
        raise InputError('\n  '.join([f'{len(problems)} problems:', *problems]))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """End of a message about an unknown name: the nearest known one, or all of them.

    Parameters
    ----------
    name : str
    known : iterable of str

    Returns
    -------
    str
        With the comma that it starts with; a name is near if difflib finds it at least 60 % alike.

    Examples
    --------
    >>> did_you_mean('seeds', ['seed', 'mode']), did_you_mean('x', ['seed', 'mode'])
    (", did you mean 'seed'?", ', expected one of seed, mode')
    """
    known = list(known)
    meant = nearest(name, known)
    return f', did you mean {meant!r}?' if meant else f', expected one of {", ".join(known)}'


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant.

    Parameters
    ----------
    name : str
    known : iterable of str

    Returns
    -------
    str or None
        None where none is at least 60 % alike, as difflib counts.

    Examples
    --------
    >>> nearest('seeds', ['seed', 'mode']), nearest('x', ['seed', 'mode'])
    ('seed', None)
    """
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


def and_more(items: Sequence) -> str:
    """' and 3 more' behind the first of four items.

    Parameters
    ----------
    items : sequence
        Of which the message names the first.

    Returns
    -------
    str
        Empty for at most one item.
    """
    return f' and {len(items) - 1} more' if len(items) > 1 else ''


def listed(names: Sequence[str], at_most: int = 20) -> str:
    """Names with commas between them, not too many; 'none' for none.

    Parameters
    ----------
    names : sequence of str
    at_most : int
        How many are written out; of the others only the number is.

    Returns
    -------
    str

    Examples
    --------
    >>> listed(['knock', 'drawer', 'speech'], at_most=2), listed([])
    ('knock, drawer and 1 more', 'none')
    """
    more = f' and {len(names) - at_most} more' if len(names) > at_most else ''
    return ', '.join(names[:at_most]) + more if names else 'none'


def first_line(error: Exception) -> str:
    """The first line of an exception's text, or its kind where it has none.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    str
        Without white space around the text; the kind is the name of the exception's class.
    """
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
