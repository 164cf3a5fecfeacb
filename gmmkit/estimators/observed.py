"""What a mixture says of rows by the cells that were observed, which are usually all."""

from dataclasses import dataclass

import numpy as np

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.gaps import incomplete
from gmmkit.core.mixture import Mixture
from gmmkit.estimators.base import Labels


@dataclass(frozen=True, eq=False)
class Observed:
    """Rows under a mixture.

    Parameters
    ----------
    mixture : Mixture
    rows : ndarray of shape (N, D)
        Checked; NaN where a cell was not observed.

    Examples
    --------
    >>> mixture = Mixture([0.25, 0.75], [[0.0, 0.0], [0.0, 9.0]], np.array([np.eye(2)] * 2))
    >>> Observed(mixture, np.array([[0.0, np.nan], [0.0, 1.0]])).labels().tolist()
    [1, 0]
    """

    mixture: Mixture
    rows: FloatArray

    @property
    def _partial(self) -> bool:
        return bool(np.isnan(self.rows).any())

    def log_density(self) -> Float64Array:
        """Return the log density of the observed cells of every row, (N,)."""
        if self._partial:
            return incomplete.log_density(self.rows, self.mixture)
        return self.mixture.log_density(self.rows)

    def responsibilities(self) -> Float64Array:
        """Return the posterior probability of every component given those cells, (N, K)."""
        if self._partial:
            return incomplete.responsibilities(self.rows, self.mixture)
        return self.mixture.responsibilities(self.rows)

    def labels(self) -> Labels:
        """Return the most probable component of every row, (N,)."""
        if self._partial:
            likeliest: Labels = self.responsibilities().argmax(axis=1)
            return likeliest
        return self.mixture.labels(self.rows)
