"""Opening the file that REGISTRY names, with advice for those who named another file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.errors import FileAccessError, RegistryError

if TYPE_CHECKING:
    from gmmkit.speaker.registry import Registry
    from gmmkit.speaker.storage.store import Store

_HINT = "the registry comes first; gmmkit speaker enroll REGISTRY NAME RECORDING... makes one"


def registry_to_read(path: Path) -> "Registry":
    """Open a registry with what it was made with; no file is made by a mistyped path.

    Raises
    ------
    GmmkitError
        If it is missing, no registry, or made with something that is not at hand.
    """
    from gmmkit.speaker.registry import Registry

    with advising():
        return Registry.open(path, read_only=True)


def store_of(path: Path, *, read_only: bool = True) -> "Store":
    """Open a registry's file alone, whatever it was made with; none is made.

    Raises
    ------
    GmmkitError
        If it is missing, no registry, or cannot be written to.
    """
    from gmmkit.speaker.storage.store import Store

    with advising():
        return Store.open(path, read_only=read_only)


@contextmanager
def advising() -> Iterator[None]:
    """Say how registries come to be where opening one fails and the error gives no advice.

    Examples
    --------
    >>> with advising():
    ...     raise RegistryError("a.wav is no database")
    Traceback (most recent call last):
    ...
    gmmkit.errors.RegistryError: a.wav is no database. Try: the registry comes first; gmmkit \
speaker enroll REGISTRY NAME RECORDING... makes one.
    """
    try:
        yield
    except (RegistryError, FileAccessError) as error:
        if error.hint:
            raise
        raise error.reworded(hint=_HINT) from error
