"""Words about tables that are larger than memory, and about fits that take long."""

import re
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

_USUAL_SECONDS = 10.0
_ADDRESS = re.compile(r"(\w+://)?\S+:\d+")


def large_table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--stream`` and ``--scratch``.

    Examples
    --------
    >>> len(large_table_options(lambda stream, scratch: stream).__click_params__)
    2
    """
    stream = click.option(
        "--stream",
        is_flag=True,
        help="Pass over the table block by block, so that it need not fit in memory. A .npy and "
        "a table above 1 GB always are.",
    )
    scratch = click.option(
        "--scratch",
        type=click.Path(file_okay=False, path_type=Path),
        default=None,
        metavar="DIR",
        help="Where a text that is passed over is kept as numbers meanwhile, 8 bytes for each.  "
        "[default: the system's folder for temporary files]",
    )
    return stream(scratch(command))


def long_fit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--checkpoint``, ``--every`` and ``--scheduler``.

    Examples
    --------
    >>> len(long_fit_options(lambda checkpoint, every, scheduler: every).__click_params__)
    3
    """
    added = (
        click.option(
            "--checkpoint",
            type=click.Path(dir_okay=False, path_type=Path),
            default=None,
            metavar="FILE",
            help="Keep the progress of the fit in this file. If it is there already, the fit goes "
            "on from it, to the same model as without an interruption.",
        ),
        click.option(
            "--every",
            type=click.FloatRange(min=0.0),
            default=None,
            metavar="SECONDS",
            help="How often --checkpoint is written at most.  [default: 10]",
        ),
        scheduler_option("Fit"),
    )
    return reduce(lambda inner, add: add(inner), reversed(added), command)


def scheduler_option(verb: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what adds ``--scheduler`` to a command, which does what the verb says.

    Examples
    --------
    >>> scheduler_option("Fit")(lambda scheduler: scheduler).__click_params__[0].help[:18]
    'Fit on the workers'
    """
    return click.option(
        "--scheduler",
        default=None,
        callback=_address,
        metavar="ADDRESS",
        help=f"{verb} on the workers of a Dask cluster, such as tcp://10.0.0.1:8786, that see the "
        "table under the same path.",
    )


def settle_long_fit_words(words: dict[str, Any]) -> None:
    """Refuse words that exclude each other, and put the others together.

    Raises
    ------
    click.UsageError
    """
    path, every = words["checkpoint"], words.pop("every")
    if path is None and every is not None:
        raise click.UsageError("--every goes with --checkpoint")
    if path is not None and len(words["components"]) > 1:
        raise click.UsageError("--checkpoint takes one number of components: -k K")
    if path is not None and words["search_seconds"] is not None:
        raise click.UsageError("--checkpoint and --search-seconds exclude each other")
    if words["scheduler"] is not None and words["threads"] is not None:
        raise click.UsageError("--scheduler and --threads exclude each other")
    if path is not None:
        from gmmkit.cli.table.keeping import CheckpointWords

        words["checkpoint"] = CheckpointWords(path, _USUAL_SECONDS if every is None else every)


def _address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _ADDRESS.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no address such as tcp://10.0.0.1:8786")
    return value
