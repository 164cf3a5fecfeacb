"""Compiled: e to the x for x <= 0, inlined so that loops over it vectorize."""

import numpy as np
from numba import types
from numba.extending import overload

from gmmkit.core.compiling import FASTMATH
from gmmkit.core.engine.natural import NEGLIGIBLE_FLOAT32, NEGLIGIBLE_FLOAT64


def exponential(x):
    """Return e to the x for x <= 0, inlined so that loops over it vectorize."""
    raise NotImplementedError("only inside compiled code")


@overload(exponential, inline="always", jit_options={"fastmath": FASTMATH})
def _compile_exponential(x):
    return _exponential_float32 if x == types.float32 else _exponential_float64


def _exponential_float32(x):
    """Cody-Waite reduction and a degree 6 polynomial: relative error below 3e-7."""
    y = max(x, NEGLIGIBLE_FLOAT32)
    n = np.floor(y * np.float32(1.4426950408889634) + np.float32(0.5))
    r = y - n * np.float32(0.693359375) + n * np.float32(2.12194440e-4)
    p = np.float32(1 / 720)
    p = p * r + np.float32(1 / 120)
    p = p * r + np.float32(1 / 24)
    p = p * r + np.float32(1 / 6)
    p = p * r + np.float32(0.5)
    p = (p * r) * r + r + np.float32(1.0)
    exponent = np.int32(n) + np.int32(127)
    result = p * np.int32(exponent << np.int32(23)).view(np.float32)
    return result if x > NEGLIGIBLE_FLOAT32 else np.float32(0.0)


def _exponential_float64(x):
    """Cody-Waite reduction and a degree 12 Taylor polynomial.

    Relative error below 4e-16 + 1e-16 |x|: reassociation may merge the two steps of the reduction.
    """
    y = max(x, NEGLIGIBLE_FLOAT64)
    n = np.floor(y * 1.4426950408889634 + 0.5)
    r = y - n * 6.93147180369123816490e-01 - n * 1.90821492927058770002e-10
    p = 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    result = p * np.int64((np.int64(n) + 1023) << 52).view(np.float64)
    return result if x > NEGLIGIBLE_FLOAT64 else 0.0
