"""Errors on workers say on which: what is missing there may well be here."""

from collections.abc import Iterator
from contextlib import contextmanager

from gmmkit.errors import FileAccessError, MissingDependencyError


@contextmanager
def told_by_worker() -> Iterator[None]:
    """Name the worker, where something that it needs cannot be had there.

    Raises
    ------
    FileAccessError
        With the path, the worker's address, and what workers have to see.
    MissingDependencyError

    Examples
    --------
    >>> with told_by_worker():
    ...     raise FileAccessError("rows.npy does not exist")
    Traceback (most recent call last):
    ...
    gmmkit.errors.FileAccessError: rows.npy does not exist.
    """
    try:
        yield
    except (FileAccessError, MissingDependencyError) as error:
        here = _own_address()
        if here is None:
            raise
        problem = f"{error.problem} on the worker at {here}"
        if isinstance(error, MissingDependencyError):
            raise error.reworded(problem=problem) from error
        hint = "let every worker see the same file under this path, and nothing write to it"
        raise error.reworded(problem=problem, hint=hint) from error


def _own_address() -> str | None:
    """Return where the worker is that this runs on, None if it is none."""
    from distributed import get_worker

    try:
        return str(get_worker().address)
    except ValueError:
        return None
