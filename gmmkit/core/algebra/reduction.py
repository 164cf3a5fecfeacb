"""Fewer components that keep the mixture's mean and covariance: merging, by choice or by cost."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.algebra.geometry import check_gaussians, check_pair, independent_covariance
from gmmkit.core.algebra.univariate import check_share
from gmmkit.core.checks import Float64Array, check_count, check_nonnegative
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ParameterError


@dataclass(frozen=True, eq=False)
class Reduction:
    """A mixture with fewer components, and what it took.

    Attributes
    ----------
    mixture : Mixture
        Full covariances, unless nothing was merged.
    groups : ndarray of shape (K,)
        Which component of `mixture` each of the K old ones went into.
    costs : ndarray of shape (number of merges,)
        Runnalls' cost of every merge in turn: at most so many nats of Kullback-Leibler divergence
        from the mixture before it.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [0.0]], [[[1.0]], [[1.0]]])
    >>> reduced(mixture, 1).groups.tolist()
    [0, 0]
    """

    mixture: Mixture
    groups: npt.NDArray[np.intp]
    costs: Float64Array


def reduced(
    mixture: Mixture, n_components: int | None = None, *, largest_cost: float | None = None
) -> Reduction:
    """Return the mixture with its components merged two by two, the cheapest merge first.

    Runnalls, "Kullback-Leibler approach to Gaussian mixture reduction", IEEE Transactions on
    Aerospace and Electronic Systems 43 (2007), equation 21: merging i and j costs at most
    B(i, j) = ½ ((w_i + w_j) log|P_ij| - w_i log|P_i| - w_j log|P_j|) of divergence. Every merge
    keeps the mean and the covariance of the mixture.

    Parameters
    ----------
    mixture : Mixture
    n_components : int, optional
        Stop when so many are left.
    largest_cost : float, optional
        Stop before a merge that costs more, in nats.

    Returns
    -------
    Reduction

    Raises
    ------
    ParameterError
        If neither end is given, one is out of range, or the mixture has noise.

    Examples
    --------
    >>> mixture = Mixture([0.2, 0.3, 0.5], [[0.0], [0.1], [9.0]], [[[1.0]]] * 3)
    >>> reduction = reduced(mixture, 2)
    >>> reduction.groups.tolist(), reduction.mixture.means.round(2).tolist()
    ([0, 0, 1], [[0.06], [9.0]])
    """
    check_gaussians(mixture)
    if n_components is None and largest_cost is None:
        raise ParameterError(
            "nothing says where to stop",
            needed="n_components or largest_cost",
            hint="reduced(mixture, 5)",
        )
    least = 1 if n_components is None else check_count(n_components, "n_components")
    limit = np.inf if largest_cost is None else check_nonnegative(largest_cost, "largest_cost")
    merger = _Merger(mixture)
    while merger.n_alive > least and merger.cheapest <= limit:
        merger.merge()
    groups = merger.groups()
    groups.flags.writeable = False
    smaller = merge_components(mixture, groups) if merger.costs else mixture
    return Reduction(smaller, groups, np.array(merger.costs))


class _Merger:
    """The costs of all pairs, and the Gaussians that are left: one row of costs new a merge."""

    def __init__(self, mixture: Mixture) -> None:
        k = mixture.n_components
        self.costs: list[float] = []
        self.n_alive = k
        self.alive = np.ones(k, dtype=bool)
        self.home = np.arange(k)
        self.weights = mixture.weights.copy()
        self.means = mixture.means.copy()
        self.covariances = mixture.covariances.copy()
        self.log_determinants = np.linalg.slogdet(self.covariances)[1]
        self.pairs = np.full((k, k), np.inf)
        for i in range(k - 1):
            self._update(i, np.arange(i + 1, k))

    @property
    def cheapest(self) -> float:
        return float(self.pairs.min())

    def _update(self, i: int, others: npt.NDArray[np.intp]) -> None:
        """Set the costs of merging i with some others, in the upper triangle."""
        total = self.weights[i] + self.weights[others]
        _, covariances = self._joined(i, others)
        log_determinants = np.linalg.slogdet(covariances)[1]
        costs = 0.5 * (
            self.weights[i] * (log_determinants - self.log_determinants[i])
            + self.weights[others] * (log_determinants - self.log_determinants[others])
        )
        low, high = np.minimum(i, others), np.maximum(i, others)
        # Below zero by rounding alone: two equal components cost nothing.
        self.pairs[low, high] = np.where(total > 0, np.maximum(costs, 0.0), 0.0)

    def _joined(self, i: int, others: npt.NDArray[np.intp]) -> tuple[Float64Array, Float64Array]:
        """Means and covariances of i merged with each of some others."""
        share = self._share(i, others)
        deviations = self.means[others] - self.means[i]
        means = self.means[i] + share[:, None] * deviations
        part = share[:, None, None]
        covariances = (1 - part) * self.covariances[i] + part * self.covariances[others]
        between = (share * (1 - share))[:, None, None]
        covariances += between * deviations[:, :, None] * deviations[:, None, :]
        return means, covariances

    def _share(self, i: int, others: npt.NDArray[np.intp]) -> Float64Array:
        total = self.weights[i] + self.weights[others]
        equal = np.full(len(others), 0.5)
        np.divide(self.weights[others], total, out=equal, where=total > 0)
        return equal

    def merge(self) -> None:
        """Merge the cheapest pair into the lower of its two places."""
        i, j = divmod(int(self.pairs.argmin()), len(self.pairs))
        self.costs.append(float(self.pairs[i, j]))
        means, covariances = self._joined(i, np.array([j]))
        self.means[i], self.covariances[i] = means[0], covariances[0]
        self.weights[i] += self.weights[j]
        self.log_determinants[i] = np.linalg.slogdet(covariances[0])[1]
        self.alive[j], self.n_alive = False, self.n_alive - 1
        self.home[self.home == j] = i
        self.pairs[j] = self.pairs[:, j] = np.inf
        others = np.flatnonzero(self.alive)
        self._update(i, others[others != i])

    def groups(self) -> npt.NDArray[np.intp]:
        """Return the places that are left, numbered from zero in their order."""
        return np.unique(self.home, return_inverse=True)[1].astype(np.intp)


def merge_components(mixture: Mixture, groups: npt.ArrayLike) -> Mixture:
    """Return the mixture with the components of each group merged into one Gaussian.

    The new one has the weight, the mean and the covariance of its group: the Gaussian nearest to
    it in Kullback-Leibler divergence.

    Parameters
    ----------
    mixture : Mixture
    groups : array_like of shape (K,)
        A number from 0 for every component, each number up to the largest used.

    Returns
    -------
    Mixture
        Full covariances.

    Raises
    ------
    ParameterError
        If the groups are not numbered so, or the mixture has noise.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]])
    >>> merge_components(mixture, [0, 0]).covariances.tolist()
    [[[5.0]]]
    """
    check_gaussians(mixture)
    labels = check_groups(groups, mixture.n_components)
    membership = np.eye(labels.max() + 1)[labels]
    weights = membership.T @ mixture.weights
    shares = _shares(mixture.weights, membership, weights)
    # Relative to one member of each group, so that a large offset costs no digits.
    about = mixture.means[[int(np.argmax(labels == g)) for g in range(len(weights))]]
    means = about + shares.T @ (mixture.means - about[labels])
    deviations = mixture.means - means[labels]
    scatters = mixture.covariances + deviations[:, :, None] * deviations[:, None, :]
    return Mixture(weights, means, np.tensordot(shares.T, scatters, axes=1))


def _shares(weights: Float64Array, membership: Float64Array, totals: Float64Array) -> Float64Array:
    """The share of each component in its group (K, G); equal ones in a group without weight."""
    empty = membership * (totals == 0)
    filled: Float64Array = membership * weights[:, None] + empty
    shares: Float64Array = filled / filled.sum(axis=0)
    return shares


def check_groups(groups: npt.ArrayLike, n_components: int) -> npt.NDArray[np.intp]:
    """Return group numbers, one a component, each from 0 to the largest used.

    Raises
    ------
    ParameterError
        If they are anything else.

    Examples
    --------
    >>> check_groups([1, 0, 1], 3).tolist()
    [1, 0, 1]
    """
    labels = np.asarray(groups)
    whole = labels.shape == (n_components,) and labels.dtype.kind in "iu"
    if not whole or not np.array_equal(np.unique(labels), np.arange(labels.max() + 1)):
        raise ParameterError(
            "groups were not understood",
            found=repr(groups),
            needed=f"{n_components} numbers from 0, none left out",
        )
    return labels.astype(np.intp)


def merged(first: Mixture, second: Mixture, share: float = 0.5) -> Mixture:
    """Return two mixtures as one, with all components of both.

    Two fits to two parts of some data become a fit to all of it; :func:`reduced` then merges what
    both have found.

    Parameters
    ----------
    first, second : Mixture
        Over the same columns.
    share : float
        The weight of the first, in (0, 1): its share of the rows.

    Returns
    -------
    Mixture
        The components of the first, then those of the second, those of weight zero left out; full
        covariances unless both are diagonal or spherical.

    Raises
    ------
    ParameterError
        If the columns differ, the share is out of range, or a mixture has noise.

    Examples
    --------
    >>> first = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> merged(first, Mixture([1.0], [[4.0]], [[[1.0]]]), 0.25).weights.tolist()
    [0.25, 0.75]
    """
    first, second = check_pair(first, second)
    part = check_share(share, "share")
    covariances = np.concatenate([first.covariances, second.covariances])
    return Mixture(
        np.concatenate([part * first.weights, (1 - part) * second.weights]),
        np.concatenate([first.means, second.means]),
        independent_covariance(covariances, [first, second]),
    )
