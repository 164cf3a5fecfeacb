"""Where passes run: on this machine, or on a cluster that was named by its scheduler."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gmmkit.errors import FileAccessError


@contextmanager
def cluster(scheduler: str | None, table: Path) -> Iterator[object]:
    """Connect to the scheduler for as long as the block runs; None works on this machine.

    Parameters
    ----------
    scheduler : str, optional
        Its address.
    table : Path
        What workers may have to read.

    Yields
    ------
    object
        The ``executor=`` of a fit.

    Raises
    ------
    ClusterError
        If nobody answers there.
    MissingDependencyError
        If what reaches clusters is not installed.
    FileAccessError
        Saying what workers have to see, if they cannot read the table.

    Examples
    --------
    >>> with cluster(None, Path("t.csv")) as executor:
    ...     executor is None
    True
    """
    if scheduler is None:
        yield None
        return
    from gmmkit.backends.cluster import ClusterExecutor
    from gmmkit.backends.connecting import connected

    try:
        with _quiet(), connected(scheduler) as client:
            yield ClusterExecutor(client)
    except FileAccessError as error:
        seen = f"put the table where every worker sees it as {table.absolute()}"
        raise error.reworded(hint=f"{seen}; for a text, the folder of --scratch too") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Let errors say what happened, and not the logs of what runs beneath them too."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
