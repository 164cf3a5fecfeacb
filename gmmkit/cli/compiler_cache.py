"""Where compiled kernels are kept between runs, decided before anything can compile.

Numba raises when none of its cache directories is writable (a read-only install without a home
directory). Then, and only then, a temporary directory serves for this one process.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

_VARIABLE = "NUMBA_CACHE_DIR"
_PREFIX = "gmmkit-compiled-"


def cache_candidates() -> tuple[Path, ...]:
    """Directories that Numba tries for gmmkit's kernels, in its order.

    Returns
    -------
    tuple of Path
        The one that ``NUMBA_CACHE_DIR`` names (if any), the one beside the kernels, the user's.

    Examples
    --------
    >>> [directory.name for directory in cache_candidates()][-2:]
    ['__pycache__', 'numba']
    """
    named = os.environ.get(_VARIABLE)
    beside_kernels = Path(__file__).parent.parent / "core" / "__pycache__"
    of_user = platformdirs.user_cache_path("numba", appauthor=False)
    return (*([Path(named)] if named else []), beside_kernels, of_user)


def writable_cache() -> Path | None:
    """Return the directory that Numba will use, or None when it can write to none of them.

    Examples
    --------
    >>> writable_cache() in (None, *cache_candidates())
    True
    """
    return next(filter(_is_writable, cache_candidates()), None)


@contextmanager
def usable_compiler_cache() -> Iterator[None]:
    """Give Numba a temporary cache directory for the duration, if it could write to no other.

    Examples
    --------
    >>> with usable_compiler_cache():
    ...     writable_cache() is not None
    True
    """
    if writable_cache() is not None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as path:
        before = os.environ.get(_VARIABLE)
        os.environ[_VARIABLE] = path
        try:
            yield
        finally:
            _restore(before)


def is_temporary(directory: Path) -> bool:
    """Tell whether `usable_compiler_cache` made the directory for this process alone.

    Examples
    --------
    >>> is_temporary(Path.home())
    False
    """
    return directory.name.startswith(_PREFIX)


def _restore(before: str | None) -> None:
    if before is None:
        del os.environ[_VARIABLE]
    else:
        os.environ[_VARIABLE] = before


def _is_writable(directory: Path) -> bool:
    """Numba's own test: permission bits say nothing about read-only mounts or a superuser."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=directory).close()
    except OSError:
        return False
    return True
