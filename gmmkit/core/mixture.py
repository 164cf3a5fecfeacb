"""The mixture itself: a frozen value that can be built, scored and sampled without fitting."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, log, pi
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import (
    Float64Array,
    FloatArray,
    check_finite,
    check_missing,
    check_parameters,
    check_precision,
    check_rows,
)
from gmmkit.core.covariance import Covariance
from gmmkit.core.noise import Noise
from gmmkit.core.parameters import check_distribution, check_order, check_shapes

if TYPE_CHECKING:
    from gmmkit.core.top import TopComponents

# Rows scored at once: wide enough for BLAS, small enough that temporaries stay in cache.
_SCORING_ROWS = 4096
# More numbers than this, counted once a component, are worth threads and a change of units.
MANY_NUMBERS = 400_000


@dataclass(frozen=True, eq=False)
class Mixture:
    """A Gaussian mixture, p(x) = sum over k of w_k N(x; mu_k, Sigma_k), optionally plus noise.

    Arrays are copied, checked once, float64, C-contiguous and read-only.

    Parameters
    ----------
    weights : array_like of shape (K,)
        Positive or zero, summing to one (to one minus the noise's weight).
    means : array_like of shape (K, D)
        In the units of the data.
    covariance : Covariance or array_like of shape (K, D, D)
        A bare array means full covariances.
    noise : Noise, optional
        A constant density beside the components.

    Raises
    ------
    ParameterError
        If shapes disagree, the weights are no distribution, or a covariance is not positive
        definite.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
    >>> mixture.labels([[0.1], [3.9]]).tolist()
    [0, 1]
    """

    weights: Float64Array
    means: Float64Array
    covariance: Covariance
    noise: Noise | None = None

    def __init__(
        self,
        weights: npt.ArrayLike,
        means: npt.ArrayLike,
        covariance: Covariance | npt.ArrayLike,
        noise: Noise | None = None,
    ) -> None:
        if not isinstance(covariance, Covariance):
            covariance = Covariance("full", covariance)
        object.__setattr__(self, "weights", check_parameters(weights, "weights"))
        object.__setattr__(self, "means", check_parameters(means, "means"))
        object.__setattr__(self, "covariance", covariance)
        object.__setattr__(self, "noise", noise)
        check_shapes(self.weights, self.means, covariance)
        check_distribution(self.weights, noise)

    @property
    def n_components(self) -> int:
        """The number of components K."""
        return len(self.weights)

    @property
    def n_features(self) -> int:
        """The number of columns D."""
        return int(self.means.shape[1])

    @property
    def n_parameters(self) -> int:
        """The number of free parameters, as BIC counts them."""
        k, d = self.n_components, self.n_features
        noise = 0 if self.noise is None else 1
        return k - 1 + k * d + self.covariance.family.n_parameters(k, d) + noise

    @property
    def covariances(self) -> Float64Array:
        """The covariance matrices (K, D, D), whatever the family."""
        dense = self.covariance.dense(self.n_components, self.n_features)
        dense.flags.writeable = False
        return dense

    @property
    def variances(self) -> Float64Array:
        """The variance of every component along every column, (K, D); no matrix is formed."""
        if self.covariance.family.axis_aligned:
            return np.broadcast_to(1.0 / self.factors**2, self.means.shape)
        variances: Float64Array = np.diagonal(self.covariances, axis1=1, axis2=2)
        return variances

    @cached_property
    def factors(self) -> Float64Array:
        """Inverse deviations (K, D), or upper P with precision P Pᵀ, (K or 1, D, D)."""
        factors = self.covariance.family.factors(self.covariance.values, self.n_features)
        factors.flags.writeable = False
        return factors

    @cached_property
    def log_normalizers(self) -> Float64Array:
        """The log density of each weighted component at its own mean, (K,)."""
        log_roots = self.covariance.family.log_roots(self.factors)
        with np.errstate(divide="ignore"):
            log_weights = np.log(self.weights)
        normalizers: Float64Array = log_weights + log_roots - 0.5 * self.n_features * log(2 * pi)
        normalizers.flags.writeable = False
        return normalizers

    def log_joint(self, rows: npt.ArrayLike) -> Float64Array:
        """Return log(w_k N(x; mu_k, Sigma_k)) for every row and component, (N, K).

        Computed about each mean in float64, so that far and nearly singular components keep their
        digits.

        Parameters
        ----------
        rows : array_like of shape (N, D)

        Examples
        --------
        >>> import numpy as np
        >>> Mixture([1.0], [[0.0]], np.ones((1, 1, 1))).log_joint([[0.0]]).round(4).tolist()
        [[-0.9189]]
        """
        array = check_rows(rows, n_features=self.n_features)
        return np.concatenate([self._log_joint_block(block) for block in _blocks(array)])

    def _log_joint_block(self, rows: FloatArray) -> Float64Array:
        joint = np.empty((len(rows), self.n_components))
        for k in range(self.n_components):
            joint[:, k] = self.log_joint_of(k, rows)
        return joint

    def log_joint_of(self, k: int, rows: FloatArray) -> Float64Array:
        """Return log(w_k N(x; mu_k, Sigma_k)) of checked rows for one component, (n,).

        Examples
        --------
        >>> import numpy as np
        >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
        >>> mixture.log_joint_of(1, np.array([[4.0]])).round(4).tolist()
        [-1.6121]
        """
        factor = self.factors[k if len(self.factors) > 1 else 0]
        deviations = rows - self.means[k]
        axis_aligned = self.covariance.family.axis_aligned
        scaled = deviations * factor if axis_aligned else deviations @ factor
        squares: Float64Array = np.einsum("nd,nd->n", scaled, scaled)
        squares *= -0.5
        squares += self.log_normalizers[k]
        return squares

    def log_density(
        self, rows: npt.ArrayLike, *, missing: str = "refuse", precision: str = "float64"
    ) -> Float64Array:
        """Return log p(x) for every row, (N,), in nats, float64.

        Parameters
        ----------
        rows : array_like of shape (N, D)
        missing : str
            ``"refuse"``, or ``"marginalize"``: NaN is a missing value, and the density is that of
            what was observed.
        precision : str
            ``"float64"``, or ``"auto"``: of many float32 rows in float32, where that changes no
            log density by more than a thousandth.

        Examples
        --------
        >>> import numpy as np
        >>> Mixture([1.0], [[0.0]], np.ones((1, 1, 1))).log_density([[0.0]]).round(4).tolist()
        [-0.9189]
        """
        if check_missing(missing):
            from gmmkit.core.gaps.incomplete import log_density

            return log_density(rows, self)
        check_precision(precision)
        return self._read(rows, "log_density", self._log_density_block, precision=precision)

    def responsibilities(self, rows: npt.ArrayLike, *, missing: str = "refuse") -> Float64Array:
        """Return the posterior probability of every component for every row, (N, K), float64.

        Rows sum to one, or to one minus the posterior of the noise.

        Parameters
        ----------
        rows : array_like of shape (N, D)
        missing : str
            As in :meth:`log_density`.

        Examples
        --------
        >>> import numpy as np
        >>> mixture = Mixture([0.5, 0.5], [[-1.0], [1.0]], np.ones((2, 1, 1)))
        >>> mixture.responsibilities([[0.0]]).tolist()
        [[0.5, 0.5]]
        """
        if check_missing(missing):
            from gmmkit.core.gaps.incomplete import responsibilities

            return responsibilities(rows, self)
        return self._read(rows, "responsibilities", lambda block: self.posteriors(block)[0])

    def posteriors(self, rows: FloatArray) -> tuple[Float64Array, Float64Array]:
        """Return responsibilities (N, K) and log densities (N,) of one block of checked rows."""
        joint = self._log_joint_block(rows)
        top = joint.max(axis=1, keepdims=True)
        noise = -inf if self.noise is None else self.noise.log_joint
        top = np.maximum(top, noise)
        joint -= top
        np.exp(joint, out=joint)
        total = joint.sum(axis=1, keepdims=True) + np.exp(noise - top)
        joint /= total
        return joint, (top + np.log(total))[:, 0]

    def labels(self, rows: npt.ArrayLike, *, missing: str = "refuse") -> npt.NDArray[np.intp]:
        """Return the most probable component of every row, (N,); ties go to the lower number.

        A row that is more probably noise has the label -1.

        Parameters
        ----------
        rows : array_like of shape (N, D)
        missing : str
            As in :meth:`log_density`.

        Examples
        --------
        >>> import numpy as np
        >>> Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1))).labels([[3.0]]).tolist()
        [1]
        """
        if check_missing(missing):
            return np.asarray(self.responsibilities(rows, missing=missing).argmax(axis=1))
        return self._read(rows, "labels", self._labels_block)

    def _log_density_block(self, rows: FloatArray) -> Float64Array:
        return self.posteriors(rows)[1]

    def _labels_block(self, rows: FloatArray) -> npt.NDArray[np.intp]:
        joint = self._log_joint_block(rows)
        labels = joint.argmax(axis=1)
        if self.noise is not None:
            labels[joint.max(axis=1) < self.noise.log_joint] = -1
        return np.asarray(labels)

    def top_components(self, rows: npt.ArrayLike, count: int) -> "TopComponents":
        """Return the likeliest few components of every row, and densities over those alone.

        Of mixtures of many components hardly more than five decide about a row (Reynolds 2000);
        Kaldi calls choosing them Gaussian selection.

        Parameters
        ----------
        rows : array_like of shape (N, D)
        count : int
            How many, C; all of them if there are no more.

        Returns
        -------
        TopComponents

        Raises
        ------
        InputError, ParameterError
            If the rows are unusable, or `count` is no positive whole number.

        Examples
        --------
        >>> import numpy as np
        >>> mixture = Mixture([0.4, 0.2, 0.4], [[0.0], [2.0], [9.0]], np.ones((3, 1, 1)))
        >>> mixture.top_components([[0.0], [8.0]], 2).components.tolist()
        [[0, 1], [2, 1]]
        """
        from gmmkit.core.top import likeliest_components

        return likeliest_components(self, rows, count)

    def _read(
        self,
        rows: npt.ArrayLike,
        reading: str,
        exact: Callable[[FloatArray], npt.NDArray[Any]],
        **options: Any,
    ) -> npt.NDArray[Any]:
        """Return what a reading of a scorer says of many rows, or an exact one of few."""
        array = check_rows(rows, n_features=self.n_features, finite=False)
        if array.size * self.n_components <= MANY_NUMBERS:
            check_finite(array)
            return np.concatenate([exact(block) for block in _blocks(array)])
        from gmmkit.core.engine.scoring import Scorer, in_threads

        return in_threads(Scorer.of(self, len(array), checked=False), reading, array, **options)

    def sample(self, n: int, seed: int | None = None) -> Float64Array:
        """Draw n rows, (n, D).

        Parameters
        ----------
        n : int
            How many rows, at least one.
        seed : int, optional
            The same seed gives the same rows.

        Raises
        ------
        ParameterError
            If `n` is no positive whole number, or the mixture has noise, which has no extent.

        Examples
        --------
        >>> import numpy as np
        >>> Mixture([1.0], [[0.0, 9.0]], [np.eye(2)]).sample(5, seed=0).shape
        (5, 2)
        """
        return self.sample_with_labels(n, seed)[0]

    def sample_with_labels(
        self, n: int, seed: int | None = None
    ) -> tuple[Float64Array, npt.NDArray[np.intp]]:
        """Draw n rows and say which component each came from.

        Parameters
        ----------
        n, seed
            As in :meth:`sample`.

        Examples
        --------
        >>> import numpy as np
        >>> rows, labels = Mixture([1.0], [[0.0]], [[[1.0]]]).sample_with_labels(3, seed=1)
        >>> labels.tolist()
        [0, 0, 0]
        """
        from gmmkit.core.sampling import draw

        return draw(self, n, seed)

    def reordered(self, order: Sequence[int]) -> "Mixture":
        """Return the mixture with its components in the given order, a permutation of range(K).

        Examples
        --------
        >>> import numpy as np
        >>> Mixture([0.3, 0.7], [[0.0], [1.0]], np.ones((2, 1, 1))).reordered([1, 0]).weights
        array([0.7, 0.3])
        """
        index = check_order(order, self.n_components)
        values = self.covariance.values
        if self.covariance.family.per_component:
            values = values[index]
        covariance = Covariance(self.covariance.family, values)
        return replace(
            self, weights=self.weights[index], means=self.means[index], covariance=covariance
        )

    def _repr_html_(self) -> str:
        from gmmkit.core.notebook.cards import mixture_card

        return mixture_card(self)

    def __reduce__(self) -> tuple[type["Mixture"], tuple[object, ...]]:
        return Mixture, (self.weights, self.means, self.covariance, self.noise)

    def __repr__(self) -> str:
        k, d = self.means.shape
        return f"<Mixture of {k} {self.covariance.family.name} Gaussians in {d} dimensions>"


def _blocks(rows: FloatArray) -> Iterator[FloatArray]:
    for start in range(0, len(rows), _SCORING_ROWS):
        yield rows[start : start + _SCORING_ROWS]
