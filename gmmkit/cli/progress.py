"""Progress on standard error, when that is a terminal; otherwise nothing at all."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gmmkit.cli.session import one_line, tell

if TYPE_CHECKING:
    from rich.progress import Progress

Step = Callable[[str], AbstractContextManager[None]]
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Passes:
    """Shows how far work that goes over the same rows again and again has come.

    Parameters
    ----------
    show : callable
        Takes a text and the share of the present pass that is done, None where nobody knows.
    note : callable
        Takes something to say on standard error at once.
    """

    show: Callable[[str, float | None], None]
    note: Callable[[str], None]


@contextmanager
def progress_bar(total: int) -> Iterator[Step]:
    """Show how many of `total` steps are done while the block runs.

    Parameters
    ----------
    total : int
        How many steps there are.

    Yields
    ------
    callable
        ``with step(name): …`` shows the bar under that name, then counts one step and clears the
        bar, so that results and messages can be printed between two steps.

    Examples
    --------
    >>> with progress_bar(2) as step:
    ...     with step("photo.jpg"):
    ...         pass
    """
    if on_terminal():
        yield from _shown_steps(total)
    else:
        yield _silent_step


@contextmanager
def stages() -> Iterator[Tell]:
    """Show the stage that work is in, and how far, while the block runs.

    Yields
    ------
    callable
        Takes a stage, what is done and how much there is; from any thread.

    Examples
    --------
    >>> with stages() as tell_stage:
    ...     tell_stage("reading", 1, 2)
    """
    if on_terminal():
        yield from _shown_stages()
    else:
        yield _silent_stage


@contextmanager
def passes() -> Iterator[Passes]:
    """Show passes over rows while the block runs.

    Yields
    ------
    Passes

    Examples
    --------
    >>> with passes() as shown:
    ...     shown.show("iteration 3", 0.25)
    """
    if on_terminal():
        yield from _shown_passes()
    else:
        yield Passes(_silent_pass, _note)


def on_terminal() -> bool:
    """Tell whether somebody watches standard error.

    Examples
    --------
    >>> on_terminal() in (True, False)
    True
    """
    return sys.stderr.isatty()


@contextmanager
def _silent_step(_name: str) -> Iterator[None]:
    yield


def _silent_stage(_stage: str, _done: int, _whole: int) -> None:
    return None


def _silent_pass(_text: str, _share: float | None) -> None:
    return None


def _note(text: str) -> None:
    tell("note", text)


def _shown_steps(total: int) -> Iterator[Step]:
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn

    progress = _progress(SpinnerColumn(), MofNCompleteColumn(), BarColumn(), _description(32))
    task = progress.add_task("", total=total)

    @contextmanager
    def step(name: str) -> Iterator[None]:
        progress.update(task, description=one_line(name))
        progress.start()
        try:
            yield
        finally:
            progress.advance(task)
            progress.stop()

    yield step


def _shown_stages() -> Iterator[Tell]:
    from rich.progress import BarColumn, MofNCompleteColumn, TimeElapsedColumn

    progress = _progress(_description(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    task = progress.add_task("")

    def tell_stage(stage: str, done: int, whole: int) -> None:
        progress.update(task, description=stage, completed=done, total=whole)

    with progress:
        yield tell_stage


def _shown_passes() -> Iterator[Passes]:
    from rich.progress import BarColumn, TaskProgressColumn, TimeElapsedColumn

    # Short enough that the text fits beside it on a terminal of 80 columns.
    bar = BarColumn(bar_width=20)
    progress = _progress(_description(), bar, TaskProgressColumn(), TimeElapsedColumn())
    task = progress.add_task("", total=None)

    def show(text: str, share: float | None) -> None:
        progress.update(task, description=one_line(text))
        if share is not None:
            progress.update(task, completed=share, total=1.0)

    def note(text: str) -> None:
        progress.stop()
        _note(text)
        progress.start()

    with progress:
        yield Passes(show, note)


def _description(most: int | None = None) -> Any:
    """Return the column of names; a long one must leave room for the bar."""
    from rich.progress import TextColumn
    from rich.table import Column

    return TextColumn("{task.description}", markup=False, table_column=Column(max_width=most))


def _progress(*columns: Any) -> "Progress":
    from rich.console import Console
    from rich.progress import Progress

    # Results go to standard output even while the bar is on the terminal.
    return Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
