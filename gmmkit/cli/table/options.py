"""Words that the commands about tables share."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_TAB_WORDS = ("tab", "\\t")


def table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--delimiter``, ``--decimal`` and ``--missing``: how the cells of a table are written.

    Examples
    --------
    >>> len(table_options(lambda delimiter, decimal, missing: decimal).__click_params__)
    3
    """
    delimiter = click.option(
        "--delimiter",
        default=None,
        callback=_named_tab,
        metavar="CHAR",
        help="What parts the cells of a text table, such as ';' or tab.  [default: a comma or a "
        "tab, whichever the first line has]",
    )
    decimal = click.option(
        "--decimal",
        type=click.Choice([".", ","]),
        default=".",
        show_default=True,
        help="The decimal mark.",
    )
    missing = click.option(
        "--missing",
        is_flag=True,
        help="Allow missing numbers: cells that are empty or say NA, NaN, null or none.",
    )
    return delimiter(decimal(missing(command)))


def names_option(*words: str, name: str, text: str) -> Decorator:
    """Return what adds an option that takes names of columns, joined by commas or repeated.

    Examples
    --------
    >>> keep = names_option("--keep", name="keep", text="Kept.")
    >>> keep(lambda keep: keep).__click_params__[0].opts
    ['--keep']
    """
    return click.option(
        *words, name, multiple=True, callback=_split_names, metavar="NAMES", help=text
    )


def output_option(metavar: str, text: str) -> Decorator:
    """Return what adds ``-o``, one file, with that help text.

    Examples
    --------
    >>> output_option("FILE", "Where.")(lambda output: output).__click_params__[0].name
    'output'
    """
    return click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        default=None,
        metavar=metavar,
        help=text,
    )


def split_names(words: Sequence[str]) -> tuple[str, ...]:
    """Return names that are joined by commas; one with a comma in it stands in double quotes.

    Examples
    --------
    >>> split_names(['a,b', '"c,d"'])
    ('a', 'b', 'c,d')
    """
    return tuple(name.strip() for cells in csv.reader(words) for name in cells if name.strip())


def _split_names(
    _context: click.Context, _parameter: click.Parameter, value: Sequence[str]
) -> tuple[str, ...]:
    return split_names(value)


def _named_tab(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> str | None:
    return "\t" if value is not None and value.lower() in _TAB_WORDS else value
