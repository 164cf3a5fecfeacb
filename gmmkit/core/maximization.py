"""The M-step: from sufficient statistics to parameters, for one mixture or many at once."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.families import Family
from gmmkit.core.priors import ConjugatePrior, penalized
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.errors import DegenerateFitError

# A component below this share of the total weight holds rounding errors, not rows.
_VANISHED = 10 * np.finfo(np.float64).eps


class Parameters(NamedTuple):
    """Bare numbers of a mixture, or of many with leading axes in common.

    Attributes
    ----------
    weights : ndarray of shape (..., K)
    means : ndarray of shape (..., K, D)
    values : ndarray
        Covariances, (..., and the family's own shape).
    """

    weights: Float64Array
    means: Float64Array
    values: Float64Array


@dataclass(frozen=True, eq=False)
class Regularization:
    """What keeps covariances away from singular, in working units.

    Parameters
    ----------
    floor : ndarray of shape (D, D) or None
        A covariance below which none may fall: eigenvalues relative to it are clipped at one.
    ridge : ndarray of shape (D,)
        Added to every variance first, zero for none.
    prior : ConjugatePrior, optional
        What is believed of means and covariances, in working units.
    n_fixed : int
        So many of the first components keep their means and covariances.
    """

    floor: Float64Array | None
    ridge: Float64Array
    prior: ConjugatePrior | None = None
    n_fixed: int = 0

    def apply(self, family: Family, values: Float64Array) -> tuple[Float64Array, int]:
        """Return regularized covariance values and how many eigenvalues the floor lifted."""
        ridged = family.ridged(values, self.ridge) if self.ridge.any() else values
        return (ridged, 0) if self.floor is None else family.floored(ridged, self.floor)


def maximize(
    statistics: SufficientStatistics,
    family: Family,
    regularization: Regularization | None = None,
    previous: Parameters | None = None,
) -> tuple[Parameters, int]:
    """Return what maximizes the expected log likelihood, in working units.

    Parameters
    ----------
    statistics : SufficientStatistics
        With any number of leading axes, one mixture each.
    family : Family
    regularization : Regularization, optional
    previous : Parameters, optional
        Where components that lost all their rows stay, and where iterative estimates begin.

    Returns
    -------
    parameters : Parameters
    floored : int
        How many eigenvalues or variances the floor lifted.

    Raises
    ------
    DegenerateFitError
        If a component has no rows and there is no `previous`.

    Examples
    --------
    >>> from gmmkit.core.em import e_step
    >>> from gmmkit.core.families import family
    >>> from gmmkit.core.mixture import Mixture
    >>> found = e_step([[1.0], [3.0]], Mixture([1.0], [[2.0]], [[[1.0]]]))
    >>> maximize(found, family("full"))[0].values.tolist()
    [[[1.0]]]
    """
    noise = np.asarray(statistics.noise_weight)[..., None]
    total = statistics.weight.sum(axis=-1, keepdims=True) + noise
    alive = statistics.weight > _VANISHED * total
    free = alive & (np.arange(alive.shape[-1]) >= (regularization.n_fixed if regularization else 0))
    if not alive.all():
        _check_somewhere_to_stay(alive, previous)
    prior = None if regularization is None else regularization.prior
    scatter, counts, means = _sums(statistics, alive, family, prior)
    start = None if previous is None else previous.values
    values = family.estimate(scatter, counts, start)
    weights, floored = statistics.weight / total, 0
    if previous is not None and not free.all():
        weights = np.where(alive, weights, 0.0)
        means = np.where(free[..., None], means, previous.means)
        values = family.kept(values, previous.values, free)
        values = _kept_whole(free.any(axis=-1), values, previous.values)
    if regularization is not None:
        values, floored = regularization.apply(family, values)
    return Parameters(weights, means, values), floored


def _kept_whole(
    living: npt.NDArray[np.bool_], values: Float64Array, previous: Float64Array
) -> Float64Array:
    """Return values, as they were where a mixture has no component that may change."""
    own_axes = (1,) * (np.ndim(values) - living.ndim)
    return np.where(living.reshape(living.shape + own_axes), values, previous)


def _sums(
    statistics: SufficientStatistics,
    alive: npt.NDArray[np.bool_],
    family: Family,
    prior: ConjugatePrior | None,
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Return scatters, counts and means to estimate from; components without rows count nothing."""
    safe = statistics
    if not alive.all():
        safe = replace(statistics, weight=np.where(alive, statistics.weight, 1.0))
    if prior is not None:
        return penalized(safe, family, prior)
    # A mixture without any living component is kept as it was: its counts only have to divide.
    counts = np.where(alive | ~alive.any(axis=-1, keepdims=True), safe.weight, 0.0)
    return safe.scatter(), counts, safe.means


def _check_somewhere_to_stay(alive: npt.NDArray[np.bool_], previous: Parameters | None) -> None:
    if previous is None:
        raise DegenerateFitError(
            "a component has no rows",
            found=f"{int((~alive).sum())} of {alive.size}",
            hint="ask for fewer components",
        )
