"""Words that several ``gmmkit speaker`` commands share, and the checks that belong to them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

LLR_EPILOG = """\b
A log-likelihood ratio (LLR) says how much likelier a recording is if two
voices are one than if they are two: 0 says nothing, +2.3 is 10 to 1 for,
-2.3 is 10 to 1 against. The words beside it are those of ENFSI's guideline
for evaluative reporting (2015). What it means for you depends on how likely
the person was before listening."""


def registry_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add REGISTRY, the file with the people.

    Examples
    --------
    >>> registry_argument(lambda registry: registry).__click_params__[0].name
    'registry'
    """
    return click.argument("registry", type=click.Path(path_type=Path), metavar="REGISTRY")(command)


def channel_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--channel``.

    Examples
    --------
    >>> channel_option(lambda channel: channel).__click_params__[0].name
    'channel'
    """
    return click.option(
        "--channel",
        type=click.IntRange(min=0),
        default=None,
        metavar="N",
        help="Which channel of a recording to take, counted from 0.  [default: the mean of two]",
    )(command)


def background_option(text: str) -> Decorator:
    """Return what adds ``--background``, with that help text.

    Examples
    --------
    >>> background_option("Which.")(lambda background: background).__click_params__[0].name
    'background'
    """
    return click.option("--background", metavar="default|fast|FILE.gmm", default=None, help=text)


def trials_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--trials`` and ``--audio``.

    Examples
    --------
    >>> len(trials_option(lambda trials, audio: trials).__click_params__)
    2
    """
    audio = click.option(
        "--audio",
        type=click.Path(path_type=Path),
        default=Path(),
        metavar="DIR",
        help="What the recordings' names are relative to.  [default: the current folder]",
    )
    trials = click.option(
        "--trials",
        type=click.Path(path_type=Path),
        required=True,
        metavar="LIST",
        help="A text file with a line for each trial: 'model test target|nontarget', "
        "'1|0 model test', or a table whose header names model, test and label.",
    )
    return trials(audio(command))


def threshold_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--threshold`` and ``--operating-point``, of which one at most may be given.

    Examples
    --------
    >>> len(threshold_options(lambda threshold, operating_point: threshold).__click_params__)
    2
    """
    threshold = click.option(
        "--threshold",
        type=float,
        default=None,
        metavar="LLR",
        help="The log-likelihood ratio from which on to accept.  [default: 2.94, where one claim "
        "in twenty is true and both errors cost the same]",
    )
    point = click.option(
        "--operating-point",
        default=None,
        metavar="POINT",
        help="The threshold of a preset such as sre16, of a prior such as 0.01, or of "
        "PRIOR:COST_MISS:COST_FALSE_ALARM.",
    )
    return threshold(point(command))
