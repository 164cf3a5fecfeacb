"""Distances from the integrals of products of densities, which are in closed form.

All are taken in logarithms, so that densities of many columns neither overflow nor vanish.
"""

from math import exp, expm1, sqrt

import numpy as np

from gmmkit.core.algebra.geometry import check_pair, log_sum_exp
from gmmkit.core.algebra.pairs import pair_log_products
from gmmkit.core.mixture import Mixture


def log_product_integral(first: Mixture, second: Mixture) -> float:
    """Return log ∫ p(x) q(x) dx = log sum_kl π_k ω_l N(μ_k; ν_l, Σ_k + T_l).

    Parameters
    ----------
    first, second : Mixture
        Over the same columns.

    Raises
    ------
    ParameterError
        If the columns differ, or a mixture has noise.

    Examples
    --------
    >>> unit = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> round(log_product_integral(unit, unit), 4)
    -1.2655
    """
    first, second = check_pair(first, second)
    log_weights = np.log(first.weights)[:, None] + np.log(second.weights)
    return float(log_sum_exp((log_weights + pair_log_products(first, second)).ravel()))


def l2_distance(first: Mixture, second: Mixture) -> float:
    """Return the root of ∫ (p(x) - q(x))² dx.

    It has the units of the square root of a density: compare only distances over the same columns,
    or take :func:`normalized_l2_distance`.

    Parameters
    ----------
    first, second : Mixture
        Over the same columns.

    Raises
    ------
    ParameterError
        If the columns differ, or a mixture has noise.

    Examples
    --------
    >>> near = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> round(l2_distance(near, Mixture([1.0], [[2.0]], [[[1.0]]])), 4)
    0.5972
    """
    own, other = log_product_integral(first, first), log_product_integral(second, second)
    shared = log_product_integral(first, second)
    top = max(own, other)
    squared = exp(own - top) - 2 * exp(shared - top) + exp(other - top)
    return exp(0.5 * top) * sqrt(max(squared, 0.0))


def cauchy_schwarz_divergence(first: Mixture, second: Mixture) -> float:
    """Return -log(∫ p q / sqrt(∫ p² ∫ q²)), zero for equal densities; no units matter.

    Jenssen, Principe, Erdogmus and Eltoft, "The Cauchy-Schwarz divergence and Parzen windowing",
    Journal of the Franklin Institute 343 (2006).

    Parameters
    ----------
    first, second : Mixture
        Over the same columns.

    Raises
    ------
    ParameterError
        If the columns differ, or a mixture has noise.

    Examples
    --------
    >>> near = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> round(cauchy_schwarz_divergence(near, Mixture([1.0], [[2.0]], [[[1.0]]])), 9)
    1.0
    """
    own, other = log_product_integral(first, first), log_product_integral(second, second)
    # Equal densities leave a rounding error of either sign.
    return max(0.5 * (own + other) - log_product_integral(first, second), 0.0)


def normalized_l2_distance(first: Mixture, second: Mixture) -> float:
    """Return the L2 distance after each density was divided by its own L2 norm.

    A metric of directions between 0 and the square root of 2, whatever the units of the columns.

    Examples
    --------
    >>> near = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> round(normalized_l2_distance(near, Mixture([1.0], [[2.0]], [[[1.0]]])), 4)
    1.1244
    """
    return sqrt(-2.0 * expm1(-cauchy_schwarz_divergence(first, second)))
