"""Progress of work in named stages, on standard error when that is a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gmmkit.cli.progress import on_terminal

Tell = Callable[[str, int, int], None]


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
        yield from _shown()
    else:
        yield _silent


def _silent(_stage: str, _done: int, _whole: int) -> None:
    return None


def _shown() -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        # Results go to standard output even while the bar is on the terminal.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    task = progress.add_task("")

    def tell_stage(stage: str, done: int, whole: int) -> None:
        progress.update(task, description=stage, completed=done, total=whole)

    with progress:
        yield tell_stage
