"""Regression by a mixture: for every row, the whole distribution of the columns not given."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gmmkit.core.algebra.conditioning import Conditioning
from gmmkit.core.algebra.geometry import Columns, log_normal_constant, log_sum_exp
from gmmkit.core.algebra.univariate import Univariate, check_share
from gmmkit.core.checks import (
    Float64Array,
    check_count,
    check_rows,
    random_generator,
)
from gmmkit.core.covariance import Covariance
from gmmkit.core.mixture import Mixture
from gmmkit.errors import InputError


@dataclass(frozen=True, eq=False)
class Regression:
    """What a mixture says of T target columns for each of N rows of the others.

    Row n has a mixture of its own: weights exp(log_weights[n]), means component_means[n], and
    the covariances that all rows share.

    Attributes
    ----------
    targets : ndarray of shape (T,)
        Which columns these are.
    log_weights : ndarray of shape (N, K)
        The log posterior of each component given the row.
    component_means : ndarray of shape (N, K, T)
        In the units of the targets.
    component_covariance : Covariance
        Of the targets in each component once the rest of the row is known.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.5], [0.5, 2.0]]])
    >>> prediction = regress(mixture, 0, [[0.0], [2.0]])
    >>> prediction.mean.tolist(), prediction.variance.round(6).tolist()
    ([[5.0], [6.0]], [[1.75], [1.75]])
    """

    targets: npt.NDArray[np.intp]
    log_weights: Float64Array
    component_means: Float64Array
    component_covariance: Covariance

    @cached_property
    def weights(self) -> Float64Array:
        """The posterior of each component given the row, (N, K)."""
        return np.exp(self.log_weights)

    @cached_property
    def component_covariances(self) -> Float64Array:
        """The covariance of the targets in each component, (K, T, T)."""
        return self.component_covariance.dense(*self.component_means.shape[1:])

    @cached_property
    def mean(self) -> Float64Array:
        """The expected targets of each row, (N, T)."""
        # Relative to the first component, so that a large offset costs no digits.
        about = self.component_means[:, :1]
        mean: Float64Array = about[:, 0] + np.einsum(
            "nk,nkt->nt", self.weights, self.component_means - about
        )
        return mean

    @cached_property
    def covariance(self) -> Float64Array:
        """The covariance of the targets of each row, within and between components, (N, T, T)."""
        deviations = self.component_means - self.mean[:, None]
        between = np.einsum("nk,nks,nkt->nst", self.weights, deviations, deviations, optimize=True)
        within: Float64Array = np.tensordot(self.weights, self.component_covariances, axes=1)
        total: Float64Array = within + between
        return total

    @cached_property
    def variance(self) -> Float64Array:
        """The variance of each target of each row, (N, T)."""
        deviations = self.component_means - self.mean[:, None]
        within = self.weights @ np.diagonal(self.component_covariances, axis1=1, axis2=2)
        variance: Float64Array = within + np.einsum("nk,nkt->nt", self.weights, deviations**2)
        return variance

    def quantile(self, probability: float) -> Float64Array:
        """Return the value of each target that it stays below with a given probability, (N, T).

        Examples
        --------
        >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.0], [0.0, 4.0]]])
        >>> regress(mixture, [0], [[7.0]]).quantile(0.975).round(2).tolist()
        [[8.92]]
        """
        wanted = np.broadcast_to(check_share(probability, "probability"), len(self.weights))
        columns = range(len(self.targets))
        return np.stack([self._univariate(t).quantile(wanted) for t in columns], axis=1)

    def interval(self, level: float = 0.9) -> tuple[Float64Array, Float64Array]:
        """Return lower and upper ends, each (N, T), with equal probability beyond either.

        Parameters
        ----------
        level : float
            The probability that one target, taken alone, lies between them.

        Examples
        --------
        >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.0], [0.0, 4.0]]])
        >>> lower, upper = regress(mixture, [0], [[7.0]]).interval(0.95)
        >>> lower.round(2).tolist(), upper.round(2).tolist()
        ([[1.08]], [[8.92]])
        """
        beyond = 0.5 * (1.0 - check_share(level, "level"))
        return self.quantile(beyond), self.quantile(1.0 - beyond)

    def cumulative(self, values: npt.ArrayLike) -> Float64Array:
        """Return the probability of each target to be at most a value, (N, T).

        Over rows that the mixture describes these are spread evenly between 0 and 1.

        Parameters
        ----------
        values : array_like of shape (N, T)

        Examples
        --------
        >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.0], [0.0, 4.0]]])
        >>> regress(mixture, [0], [[7.0]]).cumulative([[5.0]]).tolist()
        [[0.5]]
        """
        rows = self._check_targets(values)
        logs = [self._univariate(t).log_cumulative(rows[:, t]) for t in range(rows.shape[1])]
        return np.exp(np.stack(logs, axis=1))

    def log_density(self, values: npt.ArrayLike) -> Float64Array:
        """Return the log density of the targets given the rest of the row, in nats, (N,).

        Parameters
        ----------
        values : array_like of shape (N, T)

        Examples
        --------
        >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.0], [0.0, 4.0]]])
        >>> regress(mixture, [0], [[7.0]]).log_density([[5.0]]).round(4).tolist()
        [-1.6121]
        """
        rows = self._check_targets(values)
        roots = np.asarray(np.linalg.cholesky(self.component_covariances), np.float64)
        joint: Float64Array = self.log_weights + log_normal_constant(roots)
        for k, root in enumerate(roots):
            standard = np.linalg.solve(root, (rows - self.component_means[:, k]).T)
            joint[:, k] -= 0.5 * (standard**2).sum(axis=0)
        return log_sum_exp(joint)

    def sample(self, n: int, seed: int | None = None) -> Float64Array:
        """Draw targets n times for every row, (N, n, T).

        Examples
        --------
        >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.0], [0.0, 4.0]]])
        >>> regress(mixture, [0], [[7.0], [8.0]]).sample(3, seed=0).shape
        (2, 3, 1)
        """
        random, shape = random_generator(seed), (len(self.weights), check_count(n, "n"))
        ends = np.cumsum(self.weights, axis=1)
        drawn = random.random(shape) * ends[:, -1:]
        labels = (drawn[:, :, None] >= ends[:, None, :-1]).sum(axis=2)
        draws = random.standard_normal((*shape, len(self.targets)))
        for k, root in enumerate(np.linalg.cholesky(self.component_covariances)):
            row, column = np.nonzero(labels == k)
            draws[row, column] = draws[row, column] @ root.T + self.component_means[row, k]
        return draws

    def mixture(self, row: int) -> Mixture:
        """Return the mixture of the targets of one row.

        Examples
        --------
        >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.0], [0.0, 4.0]]])
        >>> regress(mixture, [0], [[7.0]]).mixture(0)
        <Mixture of 1 full Gaussians in 1 dimensions>
        """
        weights = self.weights[row] / self.weights[row].sum()
        return Mixture(weights, self.component_means[row], self.component_covariance)

    def _univariate(self, target: int) -> Univariate:
        variances = self.component_covariances[:, target, target]
        return Univariate(self.log_weights, self.component_means[:, :, target], np.sqrt(variances))

    def _check_targets(self, values: npt.ArrayLike) -> Float64Array:
        rows = check_rows(values, n_features=len(self.targets)).astype(np.float64, copy=False)
        if len(rows) != len(self.weights):
            raise InputError(
                "targets do not match the rows",
                found=f"{len(rows)} rows of targets",
                needed=f"{len(self.weights)}, one for each row that was given",
            )
        return rows


def regress(mixture: Mixture, given: Columns, rows: npt.ArrayLike) -> Regression:
    """Return the distribution of the other columns for every row of some.

    Gaussian mixture regression (Ghahramani and Jordan, "Supervised learning from incomplete data
    via an EM approach", NIPS 1993): component k predicts μ_t + Σ_tg Σ_gg⁻¹ (x - μ_g) with
    covariance Σ_tt - Σ_tg Σ_gg⁻¹ Σ_gt, and counts as much as its posterior given x.

    Parameters
    ----------
    mixture : Mixture
        Of given and target columns together.
    given : int, sequence of int, or mask of shape (D,)
        The columns that `rows` hold, in that order.
    rows : array_like of shape (N, G)

    Returns
    -------
    Regression
        Mean, covariance, intervals, densities and draws of the targets.

    Raises
    ------
    ParameterError
        If a column is unknown, none or all are given, or the mixture has noise.
    InputError
        If the rows are not finite numbers, or not G to a row.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[-5.0, 0.0], [5.0, 9.0]], [[[1.0, 0.5], [0.5, 1.0]]] * 2)
    >>> regress(mixture, [0], [[-5.0], [6.0]]).mean.round(3).tolist()
    [[0.0], [9.5]]
    """
    conditioning = Conditioning.on(mixture, given)
    checked = check_rows(rows, n_features=conditioning.given.n_features)
    log_weights = conditioning.log_weights(checked)
    component_means = conditioning.component_means(checked)
    for array in (log_weights, component_means):
        array.flags.writeable = False
    return Regression(conditioning.targets, log_weights, component_means, conditioning.covariance)
