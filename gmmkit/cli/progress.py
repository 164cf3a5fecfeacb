"""A progress bar on standard error, when that is a terminal; otherwise nothing at all."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from gmmkit.cli.session import one_line

Step = Callable[[str], AbstractContextManager[None]]


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
        yield from _shown(total)
    else:
        yield _silent


def on_terminal() -> bool:
    """Tell whether somebody watches standard error.

    Examples
    --------
    >>> on_terminal() in (True, False)
    True
    """
    return sys.stderr.isatty()


@contextmanager
def _silent(_name: str) -> Iterator[None]:
    yield


def _shown(total: int) -> Iterator[Step]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
    from rich.table import Column

    progress = Progress(
        SpinnerColumn(),
        MofNCompleteColumn(),
        BarColumn(),
        # A long name must leave room for the bar.
        TextColumn("{task.description}", markup=False, table_column=Column(max_width=32)),
        console=Console(stderr=True),
        transient=True,
        # Results go to standard output even while the bar is on the terminal.
        redirect_stdout=False,
        redirect_stderr=False,
    )
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
