"""Words that commands of every group share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--json``.

    Examples
    --------
    >>> json_option(lambda as_json: as_json).__click_params__[0].name
    'as_json'
    """
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object instead of text."
    )(command)


def force_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--force``.

    Examples
    --------
    >>> force_option(lambda force: force).__click_params__[0].name
    'force'
    """
    return click.option("--force", is_flag=True, help="Replace a file that is there already.")(
        command
    )


def jobs_option(text: str) -> Decorator:
    """Return what adds ``--threads``, or ``--jobs``, with that help text.

    Examples
    --------
    >>> jobs_option("How many.")(lambda threads: threads).__click_params__[0].name
    'threads'
    """
    return click.option(
        "--threads",
        "--jobs",
        "threads",
        type=click.IntRange(min=1),
        default=None,
        metavar="N",
        help=text,
    )


def threads_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--threads``, or ``--jobs``.

    Examples
    --------
    >>> threads_option(lambda threads: threads).__click_params__[0].name
    'threads'
    """
    text = "CPU threads to use; the result does not depend on it.  [default: all]"
    return jobs_option(text)(command)


def strict_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--strict``.

    Examples
    --------
    >>> strict_option(lambda strict: strict).__click_params__[0].name
    'strict'
    """
    return click.option(
        "--strict", is_flag=True, help="Take a degenerate fit for an error (exit code 5)."
    )(command)


def model_name(
    _context: click.Context, _parameter: click.Parameter, value: Path | None
) -> Path | None:
    """Refuse, as a slip of the keyboard, a model to write that does not end in .gmm.

    Examples
    --------
    >>> model_name(None, None, Path("own.gmm")).name
    'own.gmm'
    """
    if value is not None and value.suffix != ".gmm":
        raise click.UsageError(f"the name of a model ends in .gmm, not {value.name!r}")
    return value


def seed_option(text: str) -> Decorator:
    """Return what adds ``--seed``, with that help text.

    Examples
    --------
    >>> seed_option("Start.")(lambda seed: seed).__click_params__[0].name
    'seed'
    """
    return click.option(
        "--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help=text
    )
