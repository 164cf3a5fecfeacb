"""Rows and executors of other libraries, taken by whichever package says that it knows them.

A package names an object under the entry point group ``gmmkit.backends``, by the name of the
library whose things it takes. gmmkit itself does so for Dask.
"""

from importlib.metadata import entry_points
from typing import Any, Protocol

from gmmkit.core.execution import Executor
from gmmkit.core.sources.blocks import Source

GROUP = "gmmkit.backends"


class Backend(Protocol):
    """What stands behind an entry point."""

    def source_of(self, rows: Any) -> Source | None:
        """Return rows of the library as a source; None if these are not any."""

    def executor_of(self, place: Any, source: Source | None) -> Executor | None:
        """Return where the library computes as an executor; None if this is no such place."""


def source_of(rows: object) -> Source | None:
    """Return rows that are a source, or that a backend takes as one; None if they are an array.

    Examples
    --------
    >>> source_of([[1.0]]) is None
    True
    """
    if isinstance(rows, Source):
        return rows
    backend = _backend_of(rows)
    return None if backend is None else backend.source_of(rows)


def executor_of(place: object, source: Source | None = None) -> Executor | None:
    """Return an executor, or what a backend makes of a place where it computes; None if it is none.

    Parameters
    ----------
    place : object
    source : Source, optional
        What it is going to pass over, which a backend may have to move there.

    Examples
    --------
    >>> executor_of("here") is None
    True
    """
    if isinstance(place, Executor):
        return place
    backend = _backend_of(place)
    return None if backend is None else backend.executor_of(place, source)


def _backend_of(thing: object) -> Backend | None:
    library = type(thing).__module__.partition(".")[0]
    if library in ("builtins", "numpy"):
        return None
    found = entry_points(group=GROUP, name=library)
    return next(iter(found)).load() if found else None
