"""Working units: an origin and a scale per column, in which the arithmetic keeps its digits."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.covariance import Covariance
from gmmkit.core.families import Symmetry
from gmmkit.core.mixture import Mixture
from gmmkit.core.noise import Noise

# Origins are multiples of this share of the scale: a handful of binary digits.
_ORIGIN_STEP = 2.0**-10
# A column whose spread is below this share of its magnitude holds rounding errors, not data.
_ROUNDING = 4 * np.finfo(np.float64).eps


@dataclass(frozen=True, eq=False)
class Units:
    """The map z = (x - origin) / scale; scales are powers of two, so dividing is exact.

    Parameters
    ----------
    origin : ndarray of shape (D,)
        Where working coordinates are zero.
    scale : ndarray of shape (D,)
        Powers of two; one where a column is constant.
    constant : ndarray of shape (D,) of bool
        Which columns have no spread.

    Examples
    --------
    >>> import numpy as np
    >>> Units.of(np.array([1e8]), np.array([9.0]), Symmetry.SCALING).scale
    array([4.])
    """

    origin: Float64Array
    scale: Float64Array
    constant: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @classmethod
    def of(cls, mean: Float64Array, variance: Float64Array, symmetry: Symmetry) -> "Units":
        """Return the units of data with that mean and variance, inside a family's symmetry."""
        deviation = np.sqrt(variance)
        constant = deviation <= _ROUNDING * np.abs(mean)
        if symmetry is Symmetry.ROTATION:
            deviation = np.full_like(deviation, np.sqrt(variance.mean()))
            usable = np.full(len(mean), not constant.all())
        else:
            usable = ~constant
        exponent = np.round(np.log2(np.where(usable & (deviation > 0), deviation, 1.0)))
        scale = np.exp2(exponent)
        return cls(_few_digits(mean, scale), scale, constant)

    @classmethod
    def plain(cls, n_features: int) -> "Units":
        """Return the units in which nothing changes."""
        zeros = np.zeros(n_features)
        return cls(zeros, np.ones(n_features), zeros.astype(bool))

    @cached_property
    def log_volume(self) -> float:
        """What a log density loses on the way back from working units to the data's."""
        return float(np.log(self.scale).sum())

    def apply(self, rows: FloatArray) -> Float64Array:
        """Return rows in working units, float64."""
        working: Float64Array = (rows - self.origin) / self.scale
        return working

    def standardize(self, mixture: Mixture) -> Mixture:
        """Return a mixture of the data as one of working coordinates."""
        return self._moved(mixture, self.apply(mixture.means), 1.0 / self.scale, self.log_volume)

    def restore(self, mixture: Mixture) -> Mixture:
        """Return a mixture of working coordinates as one of the data."""
        means = mixture.means * self.scale + self.origin
        return self._moved(mixture, means, self.scale, -self.log_volume)

    @staticmethod
    def _moved(
        mixture: Mixture, means: Float64Array, factor: Float64Array, log_volume: float
    ) -> Mixture:
        family = mixture.covariance.family
        covariance = Covariance(family, family.rescaled(mixture.covariance.values, factor))
        noise = mixture.noise
        if noise is not None:
            noise = Noise(noise.weight, noise.log_density + log_volume)
        return Mixture(mixture.weights, means, covariance, noise)

    def same_as(self, other: "Units") -> bool:
        """Tell whether two units are the same map."""
        return self is other or (
            np.array_equal(self.origin, other.origin) and np.array_equal(self.scale, other.scale)
        )


def units_of(mixture: Mixture) -> Units:
    """Return working units suited to the data that a mixture describes.

    Examples
    --------
    >>> import numpy as np
    >>> units_of(Mixture([1.0], [[7.0]], np.full((1, 1, 1), 4.0))).origin
    array([7.])
    """
    shares = mixture.weights / mixture.weights.sum()
    mean = shares @ mixture.means
    variances = mixture.variances
    variance = shares @ (variances + (mixture.means - mean) ** 2)
    return Units.of(mean, variance, mixture.covariance.family.symmetry)


def _few_digits(mean: Float64Array, scale: Float64Array) -> Float64Array:
    """Round a mean to a small fraction of the scale, so that float32 can usually hold it."""
    step = scale * _ORIGIN_STEP
    return np.where(np.abs(mean) < step * 2**52, np.round(mean / step) * step, mean)
