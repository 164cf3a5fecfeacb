"""One run of the command line: how its errors, warnings and interruptions reach a person.

Results go to standard output, everything here to standard error, one line each.
"""

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, TextIO

import click

from gmmkit.errors import GmmkitError, GmmkitWarning

EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_INPUT = 3
EXIT_INTERRUPTED = 130
EXIT_OUTPUT_CLOSED = 141

_LESS = "a smaller file, fewer files at a time, or fewer components"

Kind = Literal["error", "warning", "note"]


@dataclass
class Session:
    """What one run knows beside its arguments; click hands it to every command."""

    debug: bool = False


def debug_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--debug`` to a command or group.

    Examples
    --------
    >>> debug_option(lambda: None).__click_params__[0].name
    'debug'
    """

    def remember(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
        session = context.ensure_object(Session)
        session.debug = session.debug or value

    return click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=remember,
        help="Show the full traceback of an error.",
    )(command)


def one_line(text: object) -> str:
    """Write any text on one line, control characters spelled out so that no terminal obeys them.

    Examples
    --------
    >>> print(one_line("a name\\nwith \\x1b[31mred"))
    a name with \\x1b[31mred
    """
    words = " ".join(str(text).split())
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in words)


def put(text: str) -> None:
    """Write a result to standard output; end quietly when its reader has gone away.

    Examples
    --------
    >>> put("a result")
    a result
    """
    try:
        click.echo(text)
    except BrokenPipeError as error:
        # Python would complain again when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(EXIT_OUTPUT_CLOSED) from error


def tell(kind: Kind, message: object) -> None:
    """Write ``gmmkit: kind: message`` to standard error.

    Examples
    --------
    >>> tell("note", "shown on standard error")
    """
    click.echo(f"gmmkit: {kind}: {one_line(message)}", err=True)


@contextmanager
def collected_warnings(
    worded: Callable[[str], str] = str,
) -> Iterator[list[GmmkitWarning]]:
    """Collect what the library warns about inside the block, each message once.

    Warnings of other packages keep to Python's own filters and are told as they are.

    Parameters
    ----------
    worded : callable
        Says what the library says in the words of the command line.

    Examples
    --------
    >>> with collected_warnings() as told:
    ...     warnings.warn("twice", GmmkitWarning)
    ...     warnings.warn("twice", GmmkitWarning)
    >>> told
    [GmmkitWarning('twice')]
    """
    told: list[GmmkitWarning] = []
    seen: set[tuple[type, str]] = set()

    def collect(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        # Where Python would show one warning, here it is kept for later.
        text = worded(str(message))
        if (category, text) not in seen:
            seen.add((category, text))
            told.extend([type(message)(text)] if isinstance(message, GmmkitWarning) else [])

    with warnings.catch_warnings():
        warnings.simplefilter("always", GmmkitWarning)
        warnings.showwarning = collect
        try:
            yield told
        finally:
            for _, text in sorted(seen, key=str):
                tell("warning", text)


def guarded(command: Callable[[Session], object]) -> int:
    """Run a command and turn how it ended into an exit code, with one line on standard error.

    Parameters
    ----------
    command : callable
        Takes the session; an int that it returns is the exit code, anything else counts as 0.

    Returns
    -------
    int
        The exit code. An exception that gmmkit did not raise on purpose is left to
        ``sys.excepthook``, which tells it in one line and ends with 1.

    Examples
    --------
    >>> guarded(lambda session: 5)
    5
    """
    session = Session()
    before = sys.excepthook
    sys.excepthook = _excepthook(session)
    code = _exit_code(command, session)
    # Not in a finally: a bug on its way out still has to be told in our words.
    sys.excepthook = before
    return code


def _exit_code(command: Callable[[Session], object], session: Session) -> int:
    try:
        code = command(session)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return EXIT_USAGE
    except click.ClickException as error:
        return _refuse_usage(error)
    except GmmkitError as error:
        return _refuse(error, session)
    except MemoryError as error:
        reason = f" ({error})" if str(error) else ""
        tell("error", f"there is not enough memory{reason}. Try: {_LESS}.")
        return EXIT_INPUT
    except (click.Abort, KeyboardInterrupt):
        tell("error", "interrupted")
        return EXIT_INTERRUPTED
    return code if isinstance(code, int) else 0


def lowest_code(codes: Sequence[int]) -> int:
    """Exit code of a run over many files: 0, or the lowest code among those that failed.

    Examples
    --------
    >>> lowest_code([0, 5, 3])
    3
    """
    return min((code for code in codes if code), default=0)


def _refuse_usage(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    advice = f" (see '{context.command_path} --help')" if context else ""
    tell("error", error.format_message() + advice)
    return EXIT_USAGE


def _refuse(error: GmmkitError, session: Session) -> int:
    if session.debug:
        traceback.print_exception(error)
    tell("error", error)
    return error.exit_code


def _excepthook(
    session: Session,
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    def tell_bug(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if session.debug:
            traceback.print_exception(kind, error, trace)
        hint = "" if session.debug else "; --debug shows the traceback"
        # Some compilers explain themselves over many lines; the first one is enough here.
        reason = str(error).strip().partition("\n")[0]
        tell("error", f"this is a bug in gmmkit: {kind.__name__}: {reason}{hint}")

    return tell_bug
