"""Words that fitting and selecting share, and the checks that belong to them."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from gmmkit.cli.options import Decorator, model_name, seed_option, strict_option
from gmmkit.cli.table.counts import component_counts
from gmmkit.cli.table.options import names_option, split_names

# As the core names them; asking it would load it for every help text.
FAMILIES = (
    *("full", "tied", "diag", "spherical", "EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE"),
    *("VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV", "E", "V"),
)
_STARTS = (
    *("auto", "search", "kmeans", "k-means++", "hierarchical", "random", "random_from_data"),
)
_SEARCHING = ("auto", "search")


def components_option(*, required: bool = False, default: str | None = None) -> Decorator:
    """Return what adds ``-k``.

    Examples
    --------
    >>> components_option(required=True)(lambda components: 0).__click_params__[0].opts
    ['-k', '--components']
    """
    return click.option(
        "-k",
        "--components",
        callback=component_counts,
        default=default,
        show_default=default is not None,
        metavar="K",
        help="How many groups of rows to look for: a number, a range such as 1:9, several such as "
        "2,4,8, or auto (1:9); of several, the one that BIC prefers."
        if required
        else "How many groups of rows to try: a range, or several such as 2,4,8.",
    )


def model_option(text: str) -> Decorator:
    """Return what adds ``-o`` for a model, with that help text.

    Examples
    --------
    >>> model_option("Where.")(lambda output: output).__click_params__[0].name
    'output'
    """
    return click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=model_name,
        default=None,
        metavar="FILE.gmm",
        help=text,
    )


def data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--columns``, ``--drop`` and ``--weights``: what of a table is meant.

    Examples
    --------
    >>> len(data_options(lambda columns, drop, weights: 0).__click_params__)
    3
    """
    columns = names_option(
        "--columns", name="columns", text="Which columns to compare rows by.  [default: all]"
    )
    drop = names_option("--drop", name="drop", text="Which columns to leave out.")
    weights = click.option(
        "--weights",
        default=None,
        metavar="NAME",
        help="The column that says how often a row counts; not compared itself.",
    )
    return columns(drop(weights(command)))


def fit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what changes how mixtures are fitted.

    Examples
    --------
    >>> [each.name for each in fit_options(lambda: 0).__click_params__[::-1]][:3]
    ['start', 'starts', 'search_seconds']
    """
    added = (*_start_options(), *_running_options(), *_robust_options())
    added += (seed_option("Start of every random choice: the same seed gives the same model."),)
    return reduce(lambda inner, add: add(inner), reversed((*added, strict_option)), command)


def check_fit_words(words: dict[str, Any]) -> None:
    """Refuse words that exclude each other.

    Raises
    ------
    click.UsageError
    """
    if words["columns"] and words["drop"]:
        raise click.UsageError("--columns and --drop exclude each other")
    for name in ("weights", "labels"):
        if words.get(name) and words[name] in words["columns"]:
            raise click.UsageError(f"the column of --{name} can not be compared too")
    if words["search_seconds"] is not None and words["start"] not in _SEARCHING:
        raise click.UsageError(f"--search-seconds and --start {words['start']} exclude each other")
    robust = [f"--{name}" for name in ("trim", "noise", "labels") if words.get(name)]
    if robust[:1] == ["--trim"] and len(robust) > 1:
        raise click.UsageError(f"--trim and {robust[1]} exclude each other")


def split_families(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> str | tuple[str, ...] | None:
    """Return the families that a word names; ``all`` stands for itself.

    Examples
    --------
    >>> split_families(None, None, "full,vve")
    ('full', 'VVE')
    """
    if value is None or value.strip().lower() == "all":
        return value and "all"
    spelled = {name.lower(): name for name in FAMILIES}
    names = [word.strip() for word in value.split(",")]
    for name in names:
        if name.lower() not in spelled:
            raise click.BadParameter(f"{name!r} is none of all, {', '.join(FAMILIES)}")
    return tuple(dict.fromkeys(spelled[name.lower()] for name in names))


def _start_options() -> tuple[Decorator, ...]:
    return (
        click.option(
            "--start",
            type=click.Choice(_STARTS),
            default="auto",
            show_default=True,
            metavar="METHOD",
            help="Where fits begin: auto searches for the best fit where the table is small, and "
            "takes k-means else; or search, kmeans, k-means++, hierarchical, random, "
            "random_from_data.",
        ),
        click.option(
            "--starts",
            type=click.IntRange(min=1),
            default=None,
            metavar="N",
            help="How many starts to run to the end; the best valid fit is kept.  [default: 1]",
        ),
        click.option(
            "--search-seconds",
            type=click.FloatRange(min=0.0, min_open=True),
            default=None,
            metavar="S",
            help="Search for a better fit for so long at most. What is found then depends on the "
            "machine.  [default: until nothing better comes, by a fixed number of steps]",
        ),
    )


def _running_options() -> tuple[Decorator, ...]:
    return (
        click.option(
            "--iterations",
            type=click.IntRange(min=1),
            default=200,
            show_default=True,
            metavar="N",
            help="The most iterations of a fit.",
        ),
        click.option(
            "--acceleration",
            type=click.Choice(["none", "squarem"]),
            default="none",
            show_default=True,
            help="Take longer steps where they lead further (Varadhan and Roland 2008): fewer "
            "passes over the rows where a fit takes many.",
        ),
    )


def _robust_options() -> tuple[Decorator, ...]:
    return (
        click.option(
            "--prior",
            is_flag=True,
            help="Draw the shapes of groups toward that of the whole table, as mclust's prior "
            "does: with few rows, groups do not collapse.",
        ),
        click.option(
            "--floor",
            default=None,
            callback=_floors,
            metavar="STEPS",
            help="The smallest spread to believe in, such as what values are rounded to: one "
            "number for all columns, or NAME=NUMBER, several joined by commas.",
        ),
        click.option(
            "--noise",
            is_flag=True,
            help="Also look for rows that belong to no group, spread over the whole range.",
        ),
        click.option(
            "--trim",
            type=click.FloatRange(min=0.0, max=1.0, max_open=True),
            default=0.0,
            show_default=True,
            metavar="SHARE",
            help="The share of the rows that may be contaminated: the strangest are left out of "
            "the fit.",
        ),
    )


def _floors(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[tuple[str | None, float], ...]:
    """Return names with their floors; None is the name of all others."""
    words = () if value is None else split_names([value])
    return tuple(_floor(word) for word in words)


def _floor(word: str) -> tuple[str | None, float]:
    name, sign, number = word.rpartition("=")
    try:
        step = float(number)
    except ValueError:
        step = -1.0
    if not 0 <= step < float("inf"):
        raise click.BadParameter(f"{number!r} is no number from 0 up, in {word!r}")
    return (name if sign else None), step
