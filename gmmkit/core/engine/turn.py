"""Coordinates in which columns do not correlate: the expanded form loses less there.

What it loses grows with the largest precision about the largest mean. Where columns say much the
same, that is large in all components, and in these coordinates it is not.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.core.engine.natural import Natural
from gmmkit.core.mixture import Mixture
from gmmkit.core.statistics import pack_symmetric, unpack_symmetric, upper_triangle


@dataclass(frozen=True, eq=False)
class Turn:
    """The map y = W z of working coordinates, and its way back.

    Attributes
    ----------
    matrix : ndarray of shape (D, D)
        W, lower triangular.
    inverse : ndarray of shape (D, D)
    """

    matrix: Float64Array
    inverse: Float64Array

    @classmethod
    def of(cls, mixture: Mixture) -> "Turn | None":
        """Return what makes the covariance of a whole working mixture one; None if it is singular.

        Examples
        --------
        >>> Turn.of(Mixture([1.0], [[0.0]], [[[4.0]]])).matrix
        array([[0.5]])
        """
        return _turn(mixture)

    def precisions(self, mixture: Mixture) -> Float64Array:
        """Return the precisions of a working mixture's components after the turn, (K, D, D)."""
        factors = self.inverse.T @ mixture.factors
        precisions: Float64Array = factors @ factors.swapaxes(-1, -2)
        return precisions

    def natural(self, natural: Natural) -> Natural:
        """Return natural parameters for turned coordinates."""
        d = len(self.matrix)
        theta = natural.theta.copy()
        theta[:, 1 : 1 + d] = theta[:, 1 : 1 + d] @ self.inverse
        # A product of two columns stands for both of the matrix's entries.
        row, column = upper_triangle(d)
        twice = 1.0 + (row != column)
        quadratic = unpack_symmetric(theta[:, 1 + d :] / twice, d)
        theta[:, 1 + d :] = pack_symmetric(self.inverse.T @ quadratic @ self.inverse) * twice
        return replace(natural, theta=theta)

    def undo(self, sums: Float64Array) -> Float64Array:
        """Return sums (R, 1 + P) over turned rows as those over rows as they were."""
        d = len(self.matrix)
        second = unpack_symmetric(sums[:, 1 + d :], d)
        parts = (
            sums[:, :1],
            sums[:, 1 : 1 + d] @ self.inverse.T,
            pack_symmetric(self.inverse @ second @ self.inverse.T),
        )
        return np.concatenate(parts, axis=1)


# Asked for the same mixture by the bound and by the pass.
@lru_cache(maxsize=4)
def _turn(mixture: Mixture) -> Turn | None:
    shares = mixture.weights / mixture.weights.sum()
    deviations = mixture.means - shares @ mixture.means
    within = np.einsum("k,kij->ij", shares, mixture.covariance.dense(*mixture.means.shape))
    try:
        inverse = np.linalg.cholesky(within + (deviations.T * shares) @ deviations)
    except np.linalg.LinAlgError:
        return None
    return Turn(np.tril(np.linalg.inv(inverse)), inverse)
