"""Packages whose public names are loaded when they are first asked for: importing stays light."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def lazy_names(
    package: str, homes: Mapping[str, str], modules: Mapping[str, str] | None = None
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of a package (PEP 562).

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : mapping of str to str
        The module that each public name is found in.
    modules : mapping of str to str, optional
        Public names that are modules themselves.

    Examples
    --------
    >>> load, names = lazy_names("gmmkit", {"fit": "gmmkit.core.fits.fitting"})
    >>> load("fit").__name__, names()
    ('fit', ['fit'])
    """
    submodules = modules or {}

    def load(name: str) -> object:
        """Load a public name when it is first asked for."""
        if name in homes:
            value = getattr(import_module(homes[name]), name)
        elif name in submodules:
            value = import_module(submodules[name])
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        """Return the public names."""
        return sorted([*homes, *submodules])

    return load, names
