"""Probabilities and quantiles of mixtures in one dimension, one mixture or one for each row."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.algebra.geometry import check_gaussians, log_of, log_sum_exp
from gmmkit.core.checks import (
    Float64Array,
    FloatArray,
    check_nonnegative,
    check_parameters,
    check_rows,
)
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ParameterError

# Every other step at least halves the last one: far more than doubles can need.
_MOST_STEPS = 250
# Steps of less than this, relative to a value and the least deviation, are rounding errors.
_SETTLED = 1e-15

Indices = npt.NDArray[np.intp]
_Gap = Callable[[Float64Array, Indices], tuple[Float64Array, Float64Array]]


@dataclass(frozen=True, eq=False)
class Univariate:
    """N mixtures of K Gaussians in one dimension that share their deviations.

    Attributes
    ----------
    log_weights, means : ndarray of shape (N, K)
    deviations : ndarray of shape (K,)
    """

    log_weights: Float64Array
    means: Float64Array
    deviations: Float64Array

    @classmethod
    def of(cls, mixture: Mixture) -> "Univariate":
        """Return a mixture of one column as N = 1 of them."""
        if check_gaussians(mixture).n_features != 1:
            raise ParameterError(
                "the mixture has more than one column",
                found=f"{mixture.n_features} columns",
                needed="one",
                hint="marginal(mixture, column) first",
            )
        weights = log_of(mixture.weights / mixture.weights.sum())
        deviations = np.sqrt(mixture.covariances[:, 0, 0])
        return cls(weights[None], mixture.means.T, deviations)

    def mirrored(self, upper: npt.NDArray[np.bool_]) -> "Univariate":
        """Return the mixtures with those of the marked rows turned around zero."""
        sign = np.where(upper, -1.0, 1.0)[:, None]
        return Univariate(self.log_weights, sign * self.means, self.deviations)

    def of_rows(self, rows: Indices) -> "Univariate":
        """Return the mixtures of some rows."""
        return Univariate(self.log_weights[rows], self.means[rows], self.deviations)

    def log_cumulative(self, values: FloatArray) -> Float64Array:
        """Return log P(X_n <= value_n), (N,)."""
        from scipy.special import log_ndtr

        standard = (values[:, None] - self.means) / self.deviations
        return log_sum_exp(self.log_weights + log_ndtr(standard))

    def log_density(self, values: Float64Array) -> Float64Array:
        """Return the log densities of value_n, (N,)."""
        standard = (values[:, None] - self.means) / self.deviations
        constant = self.log_weights - np.log(self.deviations) - 0.5 * np.log(2 * np.pi)
        return log_sum_exp(constant - 0.5 * standard**2)

    def quantile(self, probability: Float64Array) -> Float64Array:
        """Return the value_n with P(X_n <= value_n) = probability_n, (N,)."""
        upper = probability > 0.5
        # Above one half the mirror image is solved, whose small probability keeps its digits.
        log_probability = np.where(upper, np.log1p(-probability), np.log(probability))
        turned = self.mirrored(upper)
        low, high = turned._bracket(log_probability)

        def gap(values: Float64Array, rows: Indices) -> tuple[Float64Array, Float64Array]:
            part = turned.of_rows(rows)
            log_cumulative = part.log_cumulative(values)
            slope = np.exp(part.log_density(values) - log_cumulative)
            return log_cumulative - log_probability[rows], slope

        root = _rising_root(gap, low, high, float(self.deviations.min()))
        return np.where(upper, -1.0, 1.0) * root

    def _bracket(self, log_probability: Float64Array) -> tuple[Float64Array, Float64Array]:
        """A mixture's quantile lies between the least and the largest of its components'."""
        from scipy.special import ndtri_exp

        quantiles = self.means + self.deviations * ndtri_exp(log_probability)[:, None]
        alive = np.isfinite(self.log_weights)
        low = np.where(alive, quantiles, np.inf).min(axis=1)
        return low, np.where(alive, quantiles, -np.inf).max(axis=1)


def _rising_root(gap: _Gap, low: Float64Array, high: Float64Array, scale: float) -> Float64Array:
    """Newton's method where its steps at least halve and stay in the bracket, else bisection."""
    roots, last = 0.5 * (low + high), high - low
    rows = np.arange(len(roots))
    for _ in range(_MOST_STEPS):
        middle = roots[rows]
        difference, slope = gap(middle, rows)
        low[rows] = np.where(difference <= 0, middle, low[rows])
        high[rows] = np.where(difference >= 0, middle, high[rows])
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = middle - difference / slope
        inside = (newton >= low[rows]) & (newton <= high[rows])
        halving = np.abs(newton - middle) <= 0.5 * last[rows]
        roots[rows] = np.where(inside & halving, newton, 0.5 * (low[rows] + high[rows]))
        last[rows] = np.abs(roots[rows] - middle)
        rows = rows[last[rows] > _SETTLED * (np.abs(middle) + scale)]
        if not len(rows):
            break
    return roots


def cumulative_distribution(mixture: Mixture, values: npt.ArrayLike) -> Float64Array:
    """Return P(X <= value) for a mixture of one column.

    Parameters
    ----------
    mixture : Mixture
        Of one column; take a :func:`marginal` of a wider one.
    values : array_like of shape (N,)

    Returns
    -------
    ndarray of shape (N,)

    Raises
    ------
    ParameterError
        If the mixture has more than one column, or noise.
    InputError
        If a value is not finite.

    Examples
    --------
    >>> cumulative_distribution(Mixture([0.5, 0.5], [[-9.0], [9.0]], [[[1.0]]] * 2), [0.0])
    array([0.5])
    """
    univariate = Univariate.of(mixture)
    column = np.atleast_1d(check_parameters(values, "the values"))
    return np.exp(univariate.log_cumulative(check_rows(column[:, None], n_features=1)[:, 0]))


def quantile(mixture: Mixture, probability: npt.ArrayLike) -> Float64Array:
    """Return the values below which a mixture of one column holds given probabilities.

    Parameters
    ----------
    mixture : Mixture
        Of one column; take a :func:`marginal` of a wider one.
    probability : array_like of shape (N,)
        Each above 0 and below 1.

    Returns
    -------
    ndarray of shape (N,)
        Exact to rounding: Newton's method on the log probability, kept inside the components'
        own quantiles.

    Raises
    ------
    ParameterError
        If the mixture has more than one column or noise, or a probability is out of range.

    Examples
    --------
    >>> quantile(Mixture([1.0], [[3.0]], [[[4.0]]]), [0.5, 0.975]).round(2).tolist()
    [3.0, 6.92]
    """
    univariate = Univariate.of(mixture)
    wanted = check_probabilities(probability, "probability")
    return univariate.of_rows(np.zeros(len(wanted), np.intp)).quantile(wanted)


def check_probabilities(values: npt.ArrayLike, name: str) -> Float64Array:
    """Return numbers strictly between 0 and 1, (N,).

    Raises
    ------
    ParameterError
        If one is not.

    Examples
    --------
    >>> check_probabilities(0.95, "level").tolist()
    [0.95]
    """
    array = np.atleast_1d(check_parameters(values, name))
    if array.ndim > 1 or not ((array > 0) & (array < 1)).all():
        raise ParameterError(
            f"{name} is out of range", found=repr(values), needed="above 0 and below 1"
        )
    return array


def check_share(value: object, name: str) -> float:
    """Return one number strictly between 0 and 1.

    Raises
    ------
    ParameterError
        If it is anything else.

    Examples
    --------
    >>> check_share(0.95, "level")
    0.95
    """
    number = check_nonnegative(value, name)
    return float(check_probabilities(number, name)[0])
