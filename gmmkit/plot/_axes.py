"""Where to draw, and in which colors: on a caller's axes or on new ones."""

from typing import TYPE_CHECKING, Any

from gmmkit.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# M. Okabe and K. Ito, "Color Universal Design" (2008), blue and orange first, yellow left out.
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#000000")
LINES = ("-", "--", "-.", ":")
GRAY = "#767676"


def axes_or_new(ax: "Axes | None", *, size: tuple[float, float] = (5.0, 5.0)) -> "Axes":
    """Return the axes, new ones in a figure of that size in inches where there are none.

    Raises
    ------
    MissingDependencyError
        If Matplotlib is not installed.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise MissingDependencyError(
            "plots are drawn by Matplotlib",
            found="no matplotlib",
            hint='pip install "gmmkit[plot]"',
        ) from error
    _, new = pyplot.subplots(figsize=size, layout="constrained")
    return new


def color_of(index: int) -> str:
    """Return the color of the index-th curve."""
    return COLORS[index % len(COLORS)]


def line_of(index: int) -> str:
    """Return the line style of the index-th curve, so that color is not all that differs."""
    return LINES[(index // len(COLORS) + index) % len(LINES)]


def check_some(things: Any, what: str) -> None:
    """Refuse to draw nothing."""
    if not len(things):
        raise InputError(f"there are no {what} to draw", needed="at least one")
