"""Compiled: the natural logarithm of numbers from one on, inlined so that loops vectorize."""

import numpy as np
from numba.extending import overload

from gmmkit.core.compiling import FASTMATH


def logarithm(x):
    """Return log x for x >= 1, in float64."""
    raise NotImplementedError("only inside compiled code")


@overload(logarithm, inline="always", jit_options={"fastmath": FASTMATH})
def _compile_logarithm(x):
    return _logarithm


def _logarithm(x):
    """Return n log 2 + 2 artanh((m - 1) / (m + 1)), x = m 2ⁿ with m between 1/√2 and √2.

    The series ends where s^22 / 23 < 1e-18: an error of a few roundings.
    """
    bits = np.float64(x).view(np.int64)
    n = ((bits - 0x3FE6A09E667F3BCD) >> 52) + np.int64(0)
    m = np.int64(bits - (n << 52)).view(np.float64)
    s = (m - 1.0) / (m + 1.0)
    square = s * s
    p = 1.0 / 21.0
    p = p * square + 1.0 / 19.0
    p = p * square + 1.0 / 17.0
    p = p * square + 1.0 / 15.0
    p = p * square + 1.0 / 13.0
    p = p * square + 1.0 / 11.0
    p = p * square + 1.0 / 9.0
    p = p * square + 1.0 / 7.0
    p = p * square + 1.0 / 5.0
    p = p * square + 1.0 / 3.0
    p = p * square + 1.0
    return np.float64(n) * 6.93147180559945286e-01 + 2.0 * s * p
