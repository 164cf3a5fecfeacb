"""Words that commands over many images share."""

from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from gmmkit.cli.options import Decorator, force_option, json_option, seed_option, threads_option
from gmmkit.cli.session import debug_option
from gmmkit.image.export.kinds import DEFAULT_KINDS, OUTPUT_KINDS


def read_page(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> "int | str | None":
    """Read a number from 0, or the word all.

    Examples
    --------
    >>> read_page(None, None, "all")
    'all'
    """
    if value is None or value == "all":
        return value
    page: int = click.IntRange(min=0)(value, parameter, context)
    return page


class NumberOrAuto(click.ParamType[int | str]):
    """A whole number from 1, or the word auto.

    Examples
    --------
    >>> NumberOrAuto("-k 5").convert("auto", None, None)
    'auto'
    """

    name = "number|auto"

    def __init__(self, example: str) -> None:
        self._example = example

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """Return the number or the word, or refuse what is neither."""
        if value == "auto":
            return "auto"
        try:
            number = int(value)
        except (TypeError, ValueError):
            number = 0
        if number < 1:
            needed = f"a whole number from 1, or auto, as in {self._example}"
            self.fail(f"{value!r} is neither: {needed}", param, ctx)
        return number


_IMAGES = click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
folder_option = click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where the files go; made if missing.  [default: the current folder]",
)
_OUT = click.option(
    "--out",
    default=",".join(DEFAULT_KINDS),
    show_default=True,
    metavar="KINDS",
    help=f"What to write, joined by commas: {', '.join(OUTPUT_KINDS)}.",
)
_STRENGTH = click.option(
    "--strength",
    is_flag=True,
    help="Of regions, also write how strong every border is, as 16-bit gray.",
)
max_pixels_option = click.option(
    "--max-pixels",
    type=click.IntRange(min=1),
    default=None,
    metavar="N",
    help="Refuse larger images.  [default: 128 million]",
)
_PAGE = click.option(
    "--page",
    callback=read_page,
    default=None,
    metavar="N|all",
    help="Which page of a multi-page TIFF, counted from 0, or each as an image of its own.  "
    "[default: the first]",
)
_FULL_OVERLAY = click.option(
    "--full-overlay", is_flag=True, help="Do not shrink overlays above 4 megapixels."
)


def parse_rectangle(
    context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    """Return four whole numbers, or refuse what is no x,y,w,h.

    Examples
    --------
    >>> parse_rectangle(None, None, "10,20,300,200")
    (10, 20, 300, 200)
    """
    if value is None:
        return None
    try:
        numbers = tuple(int(number) for number in value.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != 4:
        needed = "four whole numbers such as 10,20,300,200: left, top, width, height"
        raise click.BadParameter(f"{value!r} is no rectangle; needed {needed}", context)
    return numbers


rectangle_option = click.option(
    "--rect",
    "rectangle",
    callback=parse_rectangle,
    metavar="X,Y,W,H",
    help="A rectangle around one object to cut out, in pixels from the upper left corner.",
)
scribbles_option = click.option(
    "--scribbles",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A picture of strokes on the object and beside it.",
)


def refuse_beside(context: click.Context, word: str, names: Sequence[str]) -> None:
    """Refuse options that were given although another word fixes what they would choose.

    Examples
    --------
    >>> refuse_beside(click.Context(click.Command("fit")), "--model", ())
    """
    for name in names:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            option = next(p.opts[-1] for p in context.command.params if p.name == name)
            raise click.UsageError(f"{option} and {word} exclude each other", context)


def _applied(*decorators: Decorator) -> Decorator:
    """Return one decorator that stands for several, in the order of the help text."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        return reduce(lambda decorated, each: each(decorated), reversed(decorators), command)

    return decorate


what_and_where = _applied(_IMAGES, folder_option, _OUT, _STRENGTH)
how = _applied(
    max_pixels_option,
    _PAGE,
    seed_option("Start of every random choice: the same seed gives the same files."),
    threads_option,
    _FULL_OVERLAY,
    force_option,
    json_option,
    debug_option,
)
