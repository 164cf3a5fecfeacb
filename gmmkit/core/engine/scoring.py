"""Log joint densities of many rows, by matrix products where those are exact enough."""

from dataclasses import dataclass

import numpy as np

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.engine.natural import Natural, natural_parameters
from gmmkit.core.engine.routes import cancellation_bound
from gmmkit.core.mixture import Mixture
from gmmkit.core.units import Units, units_of

# Below this bound the expanded form in float64 is off by less than 1e-9 nats.
_EXPANDED_BOUND = 1e6


@dataclass(frozen=True, eq=False)
class Scorer:
    """A mixture made ready to score one block of rows after another.

    Attributes
    ----------
    mixture : Mixture
    units : Units
        Working coordinates that suit it.
    natural : Natural
        Its natural parameters in them.
    expanded : bool
        Whether products are exact enough; else every row is taken about each mean.
    """

    mixture: Mixture
    units: Units
    natural: Natural
    expanded: bool

    @classmethod
    def of(cls, mixture: Mixture) -> "Scorer":
        """Return the scorer of a mixture in the data's units."""
        units = units_of(mixture)
        working = units.standardize(mixture)
        exact = cancellation_bound(working) <= _EXPANDED_BOUND
        return cls(mixture, units, natural_parameters(working), exact)

    def log_joint(self, rows: FloatArray) -> Float64Array:
        """Return log(w_k N(x; mu_k, Sigma_k)), (K, n), component by component along memory.

        Parameters
        ----------
        rows : ndarray of shape (n, D)
            float32 or float64, finite.

        Examples
        --------
        >>> scorer = Scorer.of(Mixture([1.0], [[0.0]], np.ones((1, 1, 1))))
        >>> scorer.log_joint(np.zeros((2, 1))).round(4).tolist()
        [[-0.9189, -0.9189]]
        """
        if not self.expanded:
            return np.ascontiguousarray(self.mixture.log_joint(rows).T)
        joint = np.empty((self.mixture.n_components, len(rows)))
        step, inverse_scale = self.natural.piece_rows, 1.0 / self.units.scale
        for start in range(0, len(rows), step):
            piece = rows[start : start + step]
            phi = self.natural.features(piece, self.units.origin, inverse_scale)
            scores = self.natural.scores(phi)[: self.mixture.n_components]
            joint[:, start : start + step] = scores
        joint -= self.units.log_volume
        return joint
