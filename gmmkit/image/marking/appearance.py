"""What object and background look like: a Gaussian mixture of the features of each."""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.mixture import Mixture
from gmmkit.errors import FitWarning
from gmmkit.image.pixels import BoolArray, Float32Array, Float64Array

IndexArray = npt.NDArray[np.intp]

# So many rows say what a few Gaussians are; more only take time.
_MOST_ROWS = 6000
_ROWS_PER_COMPONENT = 20
_FIRST_ITERATIONS, _MORE_ITERATIONS = 10, 3
_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Appearance:
    """Two mixtures in the same columns.

    Parameters
    ----------
    foreground, background : Mixture

    Examples
    --------
    >>> dark = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> light = Mixture([1.0], [[4.0]], np.ones((1, 1, 1)))
    >>> Appearance(light, dark).log_ratio(np.array([[2.0], [4.0]], np.float32)).tolist()
    [0.0, 8.0]
    """

    foreground: Mixture
    background: Mixture

    def log_ratio(self, rows: Float32Array) -> Float64Array:
        """Return how much likelier rows are as foreground than as background, (n,), in nats."""
        if not len(rows):
            return np.empty(0)
        return _log_density(self.foreground, rows) - _log_density(self.background, rows)


@dataclass(frozen=True, eq=False)
class Learner:
    """How the mixtures of one picture are fitted.

    Parameters
    ----------
    n_components : int
        Of each mixture; fewer where there are few pixels or colors.
    floor : ndarray of shape (D,)
        The smallest believable standard deviation of each column.
    seed : int or None
        Chooses pixels, and starts.

    Examples
    --------
    >>> learner = Learner(5, np.array([0.1]), 0)
    >>> learner.fitted(np.zeros((30, 1), np.float32), np.ones(30)).n_components
    1
    """

    n_components: int
    floor: Float64Array
    seed: int | None

    def fitted(self, rows: Float32Array, weights: Float64Array) -> Mixture:
        """Return the mixture of weighted rows, (n, D) with n at least 1."""
        chosen = self._chosen(np.flatnonzero(weights))
        rows = rows[chosen]
        distinct = len(np.unique(rows, axis=0))
        k = min(self.n_components, max(1, len(rows) // _ROWS_PER_COMPONENT), distinct)
        return self._fit(rows, k, "kmeans", weights[chosen], _FIRST_ITERATIONS)

    def refitted(self, mixture: Mixture, rows: Float32Array, chosen: BoolArray) -> Mixture:
        """Return a mixture moved toward the chosen rows, as it is where they are too few."""
        numbers = self._chosen(np.flatnonzero(chosen))
        k = mixture.n_components
        if len(numbers) < _ROWS_PER_COMPONENT * k:
            return mixture
        rows = rows[numbers]
        if k > 1 and len(np.unique(rows, axis=0)) < k:
            return self.fitted(rows, np.ones(len(rows)))
        return self._fit(rows, k, mixture, None, _MORE_ITERATIONS)

    def _chosen(self, numbers: IndexArray) -> IndexArray:
        if len(numbers) <= _MOST_ROWS:
            return numbers
        random = np.random.default_rng(self.seed)
        return np.sort(random.choice(numbers, _MOST_ROWS, replace=False))

    def _fit(
        self,
        rows: Float32Array,
        k: int,
        start: str | Mixture,
        weights: Float64Array | None,
        iterations: int,
    ) -> Mixture:
        from gmmkit.core.fits.fitting import fit

        with warnings.catch_warnings():
            # A component that loses its rows between two cuts is no news: it has weight 0.
            warnings.simplefilter("ignore", FitWarning)
            return fit(
                rows,
                k,
                sample_weight=weights,
                start=start,
                floor=self.floor,
                seed=self.seed,
                tol=_TOLERANCE,
                max_iter=iterations,
                n_threads=1,
            ).mixture


def _log_density(mixture: Mixture, rows: Float32Array) -> Float64Array:
    joint = Scorer.of(mixture).log_joint(rows)
    top = joint.max(axis=0)
    density: Float64Array = top + np.log(np.exp(joint - top).sum(axis=0))
    return density
