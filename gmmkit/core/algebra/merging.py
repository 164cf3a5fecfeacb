"""Components into clusters: those that share rows are combined, as entropy says (clustCombi)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.algebra.reduction import check_groups
from gmmkit.core.checks import Float64Array, check_count, check_rows, check_weights
from gmmkit.errors import InputError, ParameterError

# Components whose assignment leaves less than this, in nats a row, are clusters already.
_SEPARATE = 0.01
# How many rows' pairs are held at once.
_BLOCK_ROWS = 8192


@dataclass(frozen=True, eq=False)
class Combination:
    """Every clustering between one cluster for each component and one for all.

    Attributes
    ----------
    merges : ndarray of shape (K - 1, 2)
        Which two clusters were combined in turn, each named after its lowest component.
    entropies : ndarray of shape (K,)
        Summed over rows, in nats, with 1, 2, ... K clusters.
    weight : float
        The number of rows, or the sum of their weights.
    suggested : int
        How many clusters the bend of the entropies speaks for; K where K is below 4.

    Examples
    --------
    >>> responsibilities = [[0.5, 0.5, 0.0], [0.4, 0.6, 0.0], [0.0, 0.0, 1.0]]
    >>> combination = combine_by_entropy(responsibilities)
    >>> combination.suggested, combination.into(2).tolist()
    (3, [0, 0, 1])
    """

    merges: npt.NDArray[np.intp]
    entropies: Float64Array
    weight: float
    suggested: int

    def into(self, n_clusters: int) -> npt.NDArray[np.intp]:
        """Return the cluster of each component, (K,), numbered by their lowest components.

        Raises
        ------
        ParameterError
            If there are not so many components.

        Examples
        --------
        >>> combine_by_entropy([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]).into(1).tolist()
        [0, 0, 0]
        """
        k = len(self.entropies)
        if check_count(n_clusters, "n_clusters") > k:
            raise ParameterError(
                "there are fewer components than that",
                found=f"n_clusters={n_clusters}",
                needed=f"at most {k}",
            )
        home = np.arange(k)
        for kept, gone in self.merges[: k - n_clusters]:
            home[home == gone] = kept
        return np.unique(home, return_inverse=True)[1].astype(np.intp)


def combine_by_entropy(
    responsibilities: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> Combination:
    """Return how components combine into clusters, the pair that shares most rows first.

    Baudry, Raftery, Celeux, Lo and Gottardo, "Combining mixture components for clustering",
    Journal of Computational and Graphical Statistics 19 (2010): in every step the two clusters
    are combined whose union lowers the entropy -sum_n sum_k r_nk log r_nk most; the mixture and
    its likelihood stay as they are. The suggested number is where two straight lines fit the
    entropies over the number of clusters best, or K if the components are apart already or are
    fewer than three.

    Parameters
    ----------
    responsibilities : array_like of shape (N, K)
        Posteriors of the components, rows summing to one (or less, beside noise).
    weights : array_like of shape (N,), optional
        Frequencies of the rows.

    Returns
    -------
    Combination

    Raises
    ------
    InputError
        If the responsibilities are no probabilities, or the weights do not fit.

    Examples
    --------
    >>> combine_by_entropy([[0.9, 0.1], [0.2, 0.8]]).entropies.round(4).tolist()
    [0.0, 0.8255]
    """
    shares = _check_shares(responsibilities)
    frequencies = check_weights(weights, len(shares))
    if frequencies is None:
        frequencies = np.ones(len(shares))
    k = shares.shape[1]
    columns = [np.ascontiguousarray(column) for column in shares.T]
    own = np.array([_entropy(column[None], frequencies)[0] for column in columns])
    merges, entropies = _merged_in_turn(columns, own, frequencies)
    entropies.flags.writeable = False
    total = float(frequencies.sum())
    suggested = k if entropies[-1] <= _SEPARATE * total else _bend(entropies)
    return Combination(merges, entropies, total, suggested)


def _merged_in_turn(
    columns: list[Float64Array], own: Float64Array, frequencies: Float64Array
) -> tuple[npt.NDArray[np.intp], Float64Array]:
    k = len(columns)
    falls = np.full((k, k), -np.inf)
    for i in range(k - 1):
        falls[i, i + 1 :] = _falls(columns, own, frequencies, i, np.arange(i + 1, k))
    merges, entropies = np.empty((k - 1, 2), np.intp), np.empty(k)
    alive = np.ones(k, dtype=bool)
    for n_clusters in range(k, 1, -1):
        entropies[n_clusters - 1] = own[alive].sum()
        i, j = divmod(int(falls.argmax()), k)
        merges[k - n_clusters] = i, j
        columns[i], alive[j] = columns[i] + columns[j], False
        own[i] = _entropy(columns[i][None], frequencies)[0]
        falls[j] = falls[:, j] = -np.inf
        others = np.flatnonzero(alive)
        others = others[others != i]
        falls[np.minimum(i, others), np.maximum(i, others)] = _falls(
            columns, own, frequencies, i, others
        )
    entropies[0] = own[alive].sum()
    return merges, entropies


def _falls(
    columns: list[Float64Array],
    own: Float64Array,
    frequencies: Float64Array,
    i: int,
    others: npt.NDArray[np.intp],
) -> Float64Array:
    """By how much the entropy falls when i is combined with each of some others."""
    joined = np.zeros(len(others))
    for start in range(0, len(frequencies), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        if len(others):
            unions = columns[i][rows] + np.stack([columns[j][rows] for j in others])
            joined += _entropy(unions, frequencies[rows])
    falls: Float64Array = own[i] + own[others] - joined
    return falls


def _entropy(shares: Float64Array, frequencies: Float64Array) -> Float64Array:
    """-sum_n w_n r_n log r_n of each row of (M, N)."""
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy: Float64Array = -(shares * logs) @ frequencies
    return entropy


def _bend(entropies: Float64Array) -> int:
    """Where two lines, sharing the point of the bend, leave the least squares."""
    k = len(entropies)
    # Through three points two lines always go: they say nothing.
    if k < 4:
        return k
    numbers = np.arange(1.0, k + 1)
    breaks = range(2, k)
    left = [_residual(numbers[:b], entropies[:b]) for b in breaks]
    right = [_residual(numbers[b - 1 :], entropies[b - 1 :]) for b in breaks]
    return breaks[int(np.argmin(np.add(left, right)))]


def _residual(numbers: Float64Array, values: Float64Array) -> float:
    """The sum of squares that a straight line leaves."""
    numbers, values = numbers - numbers.mean(), values - values.mean()
    slope = (numbers @ values) / (numbers @ numbers)
    return float(((values - slope * numbers) ** 2).sum())


def combined_responsibilities(
    responsibilities: npt.ArrayLike, groups: npt.ArrayLike
) -> Float64Array:
    """Return the posteriors of clusters: sums over the components of each.

    Parameters
    ----------
    responsibilities : array_like of shape (N, K)
    groups : array_like of shape (K,)
        The cluster of each component, as :meth:`Combination.into` gives them.

    Returns
    -------
    ndarray of shape (N, G)

    Raises
    ------
    ParameterError
        If the groups are not numbered from 0 without a gap, one for each component.

    Examples
    --------
    >>> combined_responsibilities([[0.25, 0.5, 0.25]], [0, 1, 0]).tolist()
    [[0.5, 0.5]]
    """
    shares = _check_shares(responsibilities)
    labels = check_groups(groups, shares.shape[1])
    combined: Float64Array = shares @ np.eye(labels.max() + 1)[labels]
    return combined


def _check_shares(responsibilities: npt.ArrayLike) -> Float64Array:
    shares = check_rows(responsibilities).astype(np.float64, copy=False)
    if shares.min() < 0 or shares.sum(axis=1).max() > 1 + 1e-6:
        raise InputError(
            "responsibilities are no probabilities",
            found=f"values from {shares.min():.3g}, rows up to a sum of {shares.sum(1).max():.6g}",
            needed="nonnegative numbers, each row summing to at most one",
            hint="mixture.responsibilities(rows)",
        )
    return shares
