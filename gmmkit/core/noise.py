"""A constant density beside the Gaussians, for rows that belong to none of them."""

from dataclasses import dataclass
from math import inf, log

import numpy as np

from gmmkit.errors import ParameterError


@dataclass(frozen=True)
class Noise:
    """A constant density for rows that belong to no component.

    Parameters
    ----------
    weight : float
        The share of rows it explains, in [0, 1].
    log_density : float
        The logarithm of the density, usually minus the log volume of the data's range.

    Examples
    --------
    >>> Noise(weight=0.1, log_density=-2.0).weight
    0.1
    """

    weight: float
    log_density: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.weight <= 1.0 or not np.isfinite(self.log_density):
            raise ParameterError(
                "the noise component is not usable",
                found=repr(self),
                needed="a weight in [0, 1] and a finite log density",
            )

    @property
    def log_joint(self) -> float:
        """The logarithm of weight times density, minus infinity without weight."""
        return log(self.weight) + self.log_density if self.weight > 0 else -inf
