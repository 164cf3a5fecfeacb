"""A number found by sampling, with its standard error; and two numbers that enclose one."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from gmmkit.core.algebra.univariate import check_share
from gmmkit.core.checks import Float64Array


class Bounds(NamedTuple):
    """Two numbers between which another one surely lies.

    Examples
    --------
    >>> Bounds(lower=0.5, upper=1.0).upper
    1.0
    """

    lower: float
    upper: float


@dataclass(frozen=True)
class Estimate:
    """A number, and how far off it may be.

    Attributes
    ----------
    value : float
    standard_error : float
        The standard deviation of `value` over seeds; zero where it was computed in closed form.

    Examples
    --------
    >>> lower, upper = Estimate(2.0, 0.1).interval(0.95)
    >>> round(lower, 3), round(upper, 3)
    (1.804, 2.196)
    """

    value: float
    standard_error: float

    @classmethod
    def exact(cls, value: float) -> "Estimate":
        """Return a number that nothing was sampled for."""
        return cls(float(value), 0.0)

    @classmethod
    def of_mean(cls, draws: Float64Array) -> "Estimate":
        """Return the mean of independent draws."""
        return cls(float(draws.mean()), float(draws.std(ddof=1)) / sqrt(len(draws)))

    def interval(self, level: float = 0.95) -> Bounds:
        """Return where the true number lies with about that probability."""
        reach = NormalDist().inv_cdf(0.5 + 0.5 * check_share(level, "level"))
        return Bounds(
            self.value - reach * self.standard_error, self.value + reach * self.standard_error
        )
