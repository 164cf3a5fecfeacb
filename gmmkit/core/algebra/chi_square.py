"""The chi-square distribution far out, where its probabilities are below any double."""

import numpy as np

from gmmkit.core.checks import Float64Array

# Below this the probability itself loses digits; its logarithm is taken from a fraction instead.
_SMALLEST = 1e-280
_TERMS = 60
# Stands for whatever overflowed on the way here.
_LARGEST = 1e300


def log_chi_square_tail(squares: Float64Array, degrees: int) -> Float64Array:
    """Return log P(chi² > square) with so many degrees of freedom, to about 1e-12 relative.

    Parameters
    ----------
    squares : ndarray
        Zero or more; a squared Mahalanobis distance.
    degrees : int
        The number of columns D.

    Examples
    --------
    >>> log_chi_square_tail(np.array([0.0, 2.0, 1e6]), 2).round(9).tolist()
    [0.0, -1.0, -500000.0]
    """
    from scipy.special import gammaincc, gammaln

    shape, half = 0.5 * degrees, np.minimum(0.5 * squares, _LARGEST)
    tail = gammaincc(shape, half)
    # The fraction is taken everywhere but used only where it converges fast: far out.
    points = np.where(tail < _SMALLEST, half, shape + 1.0)
    fraction = shape * np.log(points) - points - gammaln(shape) + _log_upper_fraction(shape, points)
    logs: Float64Array = np.where(tail < _SMALLEST, fraction, np.log(np.maximum(tail, _SMALLEST)))
    return logs


def _log_upper_fraction(shape: float, points: Float64Array) -> Float64Array:
    """Log of Γ(a, x) / (x^a e^-x) by Legendre's continued fraction, from its far end.

    NIST Digital Library of Mathematical Functions, 8.9.2, in its even part:
    1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / ...)).
    """
    value = points + 2 * _TERMS + 1 - shape
    for term in range(_TERMS, 0, -1):
        value = points + 2 * term - 1 - shape - term * (term - shape) / value
    return -np.log(value)


def chi_square_quantile(probability: float, degrees: int) -> float:
    """Return the value that chi² stays below with a given probability.

    Examples
    --------
    >>> round(chi_square_quantile(0.95, 2), 3)
    5.991
    """
    from scipy.special import chdtri

    return float(chdtri(degrees, 1.0 - probability))
