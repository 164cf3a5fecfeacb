"""Sufficient statistics: the only thing that is ever accumulated, whoever sums and wherever."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.families import Moments
from gmmkit.core.units import Units
from gmmkit.errors import InputError


@dataclass(frozen=True, eq=False)
class SufficientStatistics:
    """What a set of weighted rows says about K components, ready to be added to another set's.

    All moments are about `origin` in the working coordinates z of `units`, with r the weighted
    responsibilities: weight = sum r, first = sum r (z - o), second = sum r (z - o)(z - o)ᵀ.

    Parameters
    ----------
    log_likelihood : float
        The weighted sum of log densities of the rows, in nats and in the data's own units.
    weight : ndarray of shape (K,)
        Effective counts.
    first : ndarray of shape (K, D)
    second : ndarray or None
        None, (K, D) squares, (K, D (D + 1) / 2) upper triangles row by row, or one such triangle
        pooled over components, as `moments` says.
    moments : Moments or None
        Which second moments these are.
    units : Units
        The working coordinates.
    origin : ndarray of shape (D,) or (K, D)
        In working coordinates; one for all components, or one for each.
    noise_weight : float
        The effective count of the noise component; one for each mixture of many at once.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.em import e_step
    >>> from gmmkit.core.mixture import Mixture
    >>> mixture = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> halves = e_step([[1.0]], mixture) + e_step([[3.0]], mixture)
    >>> float(halves.total)
    2.0
    """

    log_likelihood: float
    weight: Float64Array
    first: Float64Array
    second: Float64Array | None
    moments: Moments | None
    units: Units
    origin: Float64Array
    noise_weight: float | Float64Array = 0.0

    @property
    def total(self) -> float:
        """The sum of the rows' weights, over components and noise."""
        return float(self.weight.sum() + np.sum(self.noise_weight))

    @property
    def offsets(self) -> Float64Array:
        """Each component's mean minus its origin, in working coordinates, (K, D)."""
        return self.first / self.weight[..., None]

    @property
    def means(self) -> Float64Array:
        """Each component's mean in working coordinates, (K, D)."""
        return self.origin + self.offsets

    def scatter(self) -> Float64Array:
        """Return sums of squares about the component means: (K, D), (K, D, D) or (D, D).

        Leading axes, of many mixtures at once, stay.
        """
        if self.second is None or self.moments is None:
            raise InputError(
                "these statistics hold no second moments",
                needed="statistics gathered for covariances, not for means alone",
            )
        offsets = self.offsets
        if self.moments is Moments.DIAGONAL:
            return np.maximum(self.second - self.weight[..., None] * offsets**2, 0.0)
        weighted = self.weight[..., None] * offsets
        shift = pack_symmetric(weighted[..., :, None] * offsets[..., None, :])
        if self.moments is Moments.POOLED:
            shift = shift.sum(axis=-2)
        return unpack_symmetric(self.second - shift, self.first.shape[-1])

    def __add__(self, other: "SufficientStatistics") -> "SufficientStatistics":
        if not isinstance(other, SufficientStatistics):
            return NotImplemented
        self._check_compatible(other)
        second = None if self.second is None else self.second + _required(other.second)
        return SufficientStatistics(
            log_likelihood=self.log_likelihood + other.log_likelihood,
            weight=self.weight + other.weight,
            first=self.first + other.first,
            second=second,
            moments=self.moments,
            units=self.units,
            origin=self.origin,
            noise_weight=self.noise_weight + other.noise_weight,
        )

    def _check_compatible(self, other: "SufficientStatistics") -> None:
        same_origin = self.origin is other.origin or np.array_equal(self.origin, other.origin)
        if self.first.shape != other.first.shape or self.moments is not other.moments:
            raise InputError(
                "statistics of different models cannot be added",
                found=f"{self.first.shape} {self.moments} and {other.first.shape} {other.moments}",
            )
        if not same_origin or not self.units.same_as(other.units):
            raise InputError(
                "statistics about different origins or units cannot be added",
                hint="bring one to the other's origin with .recentered(origin)",
            )

    def scaled(self, factor: float) -> "SufficientStatistics":
        """Return the statistics of the same rows with every weight multiplied by `factor`."""
        return replace(
            self,
            log_likelihood=factor * self.log_likelihood,
            weight=factor * self.weight,
            first=factor * self.first,
            second=None if self.second is None else factor * self.second,
            noise_weight=factor * self.noise_weight,
        )

    def zero(self) -> "SufficientStatistics":
        """Return the statistics of no rows, about the same origin."""
        return self.scaled(0.0)

    def recentered(self, origin: Float64Array) -> "SufficientStatistics":
        """Return the same statistics about another origin, (D,) or (K, D) in working coordinates.

        With o' = o + d: first' = first - n d, second' = second - first dᵀ - d firstᵀ + n d dᵀ.
        """
        shift = np.broadcast_to(origin - self.origin, self.first.shape)
        first = self.first - self.weight[:, None] * shift
        second = self.second
        if second is not None and self.moments is Moments.DIAGONAL:
            second = second - shift * (self.first + first)
        elif second is not None:
            half = self.first[:, :, None] * shift[:, None, :]
            change = half + shift[:, :, None] * first[:, None, :]
            change = change.sum(axis=0) if self.moments is Moments.POOLED else change
            second = second - pack_symmetric(change)
        return replace(self, first=first, second=second, origin=np.asarray(origin))


def _required(second: Float64Array | None) -> Float64Array:
    if second is None:
        raise InputError("statistics without second moments cannot be added to ones with them")
    return second


@lru_cache(maxsize=16)
def upper_triangle(n_features: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the rows and columns of an upper triangle, row by row.

    Examples
    --------
    >>> [index.tolist() for index in upper_triangle(2)]
    [[0, 0, 1], [0, 1, 1]]
    """
    row, column = np.triu_indices(n_features)
    row.flags.writeable = column.flags.writeable = False
    return row, column


def pack_symmetric(matrices: Float64Array) -> Float64Array:
    """Return the upper triangles, row by row, of (..., D, D) symmetric matrices.

    Examples
    --------
    >>> import numpy as np
    >>> pack_symmetric(np.array([[1.0, 2.0], [2.0, 3.0]]))
    array([1., 2., 3.])
    """
    row, column = upper_triangle(matrices.shape[-1])
    packed: Float64Array = matrices[..., row, column]
    return packed


def unpack_symmetric(packed: Float64Array, n_features: int) -> Float64Array:
    """Return (..., D, D) symmetric matrices from their upper triangles.

    Examples
    --------
    >>> import numpy as np
    >>> unpack_symmetric(np.array([1.0, 2.0, 3.0]), 2).tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    row, column = upper_triangle(n_features)
    matrices: np.ndarray[Any, np.dtype[np.float64]] = np.empty(
        (*packed.shape[:-1], n_features, n_features)
    )
    matrices[..., row, column] = packed
    matrices[..., column, row] = packed
    return matrices
