"""How loops are compiled: releasing the lock, kept on disk for the next process where possible."""

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from numba import njit

from gmmkit.errors import CompilerCacheWarning

# What a reordered sum may change, but not what NaN or infinity mean to the caller: rows are finite.
FASTMATH = {"reassoc", "contract", "nsz", "arcp", "nnan", "ninf"}

# Nothing but Python calls compiled code here: what C would call it by need not be compiled.
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "fastmath": FASTMATH,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
}

# For what only compiled functions call.
inner = njit(inline="always", **_OPTIONS)


def entry(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that Python calls, kept on disk for the next process where possible."""
    try:
        return _jit(function, cache=True)
    except RuntimeError:
        _warn_of_no_cache()
        return _jit(function, cache=False)


@lru_cache(maxsize=1)
def _warn_of_no_cache() -> None:
    warnings.warn(
        CompilerCacheWarning(
            "compiled kernels cannot be kept for the next process, because no cache folder is "
            "writable: set NUMBA_CACHE_DIR to one that is"
        ),
        stacklevel=3,
    )


def _jit(function: Callable[..., Any], *, cache: bool) -> Callable[..., Any]:
    compiled: Callable[..., Any] = njit(cache=cache, **_OPTIONS)(function)
    return compiled
