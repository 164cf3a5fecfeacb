"""Pictures of curves in files: refused before any work, drawn on axes, written whole."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gmmkit.cli.outputs import check_output
from gmmkit.errors import MissingDependencyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SUFFIXES = (".png", ".svg")


def picture_name(
    _context: click.Context, parameter: click.Parameter, value: Path | None
) -> Path | None:
    """Refuse, as a slip of the keyboard, a picture that ends in neither .png nor .svg.

    Examples
    --------
    >>> picture_name(None, None, Path("curve.svg")).name
    'curve.svg'
    """
    if value is not None and value.suffix.lower() not in _SUFFIXES:
        option = parameter.opts[-1]
        raise click.UsageError(f"{option} takes a .png or .svg file, not {value.name!r}")
    return value


def check_drawing(output: Path | None, inputs: Sequence[Path], *, force: bool) -> None:
    """Refuse a picture that cannot be, before any work.

    Raises
    ------
    GmmkitError
        If it exists, is an input or has no folder, or Matplotlib is not installed.

    Examples
    --------
    >>> check_drawing(None, [], force=False)
    """
    if output is None:
        return
    if find_spec("matplotlib") is None:
        raise MissingDependencyError(
            "plots are drawn by Matplotlib", found="none", hint='pip install "gmmkit[plot]"'
        )
    check_output(output, inputs, force=force)


def write_drawing(
    output: Path, draw: "Callable[[Axes], object]", *, size: tuple[float, float], force: bool
) -> None:
    """Draw on axes of a figure of that size in inches, and write it.

    Raises
    ------
    GmmkitError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "line.svg")
    ...     write_drawing(path, lambda ax: ax.plot([0, 1]), size=(2, 2), force=False)
    ...     path.read_bytes()[:5]
    b'<?xml'
    """
    import io

    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from gmmkit.io.files import write_atomically

    figure = Figure(figsize=size, layout="constrained")
    draw(figure.subplots())
    picture = io.BytesIO()
    kind = output.suffix.lower().removeprefix(".")
    # Without a date and with a salt of their own for names, the same values give the same file.
    with rc_context({"svg.hashsalt": "gmmkit"}):
        figure.savefig(picture, format=kind, metadata={"Date": None} if kind == "svg" else None)
    write_atomically(output, picture.getvalue(), force=force)
