"""Model-based hierarchical clustering: groups of rows merge where the likelihood loses least.

Banfield and Raftery, "Model-based Gaussian and non-Gaussian clustering", Biometrics 49 (1993);
Fraley, "Algorithms for model-based Gaussian hierarchical clustering", SIAM J. Sci. Comput. 20
(1998). Down to some groups a component the criterion is that of equal spheres in whitened
coordinates (Ward's), from there on that of a covariance for each group.
"""

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.starts.clusters import Labels
from gmmkit.core.starts.row_sets import RowSet

# Merging is of the order of the squared number of rows: beyond this, every so manieth row merges.
_MOST_ROWS = 2000
_GROUPS_A_COMPONENT = 10
_USUAL_GROUPS = 40
_LEAST_LOG = -1e6


def hierarchical_labels(points: Float64Array, rows: RowSet, k: int) -> list[Labels]:
    """Return labels by spheres alone, and by spheres first and covariances last.

    Parameters
    ----------
    points : ndarray of shape (M, P)
        The rows in coordinates in which spheres are a fair first guess.
    rows : RowSet
        The same in working coordinates.
    k : int
        How many groups are to be left.

    Examples
    --------
    >>> rows = RowSet(np.array([[0.0], [0.1], [5.0], [5.2]]), np.ones(4))
    >>> [labels.tolist() for labels in hierarchical_labels(rows.rows, rows, 2)][0]
    [0, 0, 1, 1]
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    step = -(-len(points) // _MOST_ROWS)
    tree = linkage(points[::step], method="ward")
    merged = RowSet(rows.rows[::step], rows.weights[::step])
    n_groups = min(_GROUPS_A_COMPONENT * k, max(_USUAL_GROUPS, 2 * k), len(merged))
    by_spheres = _numbered(fcluster(tree, k, criterion="maxclust"))
    fine = _numbered(fcluster(tree, n_groups, criterion="maxclust"))
    by_covariances = merge_groups(merged, fine, k)
    return [_spread(points, step, labels) for labels in (by_spheres, by_covariances)]


def _numbered(labels: npt.NDArray[np.integer]) -> Labels:
    """Return labels numbered from zero by first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    numbers: Labels = np.argsort(np.argsort(first))[inverse.ravel()]
    return numbers


def _spread(points: Float64Array, step: int, labels: Labels) -> Labels:
    """Give every row the label of the nearest row that was merged."""
    if step == 1:
        return labels
    from scipy.spatial import cKDTree

    nearest = cKDTree(points[::step]).query(points)[1]
    return np.asarray(labels[nearest])


def merge_groups(rows: RowSet, labels: Labels, k: int) -> Labels:
    """Merge groups two by two until k are left, where the classification likelihood loses least.

    A group of n rows with scatter W costs n log |(W + r S) / (n + r)|, S the pooled covariance and
    r = D + 2 rows: few rows make no spike.

    Examples
    --------
    >>> rows = RowSet(np.array([[0.0], [1.0], [2.0], [30.0], [31.0]]), np.ones(5))
    >>> merge_groups(rows, np.array([0, 0, 1, 2, 2]), 2).tolist()
    [0, 0, 0, 1, 1]
    """
    groups = _Groups.of(rows, labels)
    labels = labels.copy()
    while len(groups.mass) > k:
        keeping, leaving = groups.cheapest()
        labels[labels == leaving] = keeping
        labels[labels > leaving] -= 1
        groups.merge(keeping, leaving)
    return labels


class _Groups:
    """Masses, means and scatters of groups, and the cost of merging any two."""

    def __init__(self, mass: Float64Array, means: Float64Array, scatters: Float64Array) -> None:
        self.mass, self.means, self.scatters = mass, means, scatters
        self.prior_rows = means.shape[1] + 2.0
        pooled = scatters.sum(axis=0) / mass.sum()
        spread = np.trace(pooled) / len(pooled) or 1.0
        self.prior = self.prior_rows * (pooled + 1e-6 * spread * np.eye(len(pooled)))
        self.own = self._cost(mass, scatters)
        self.costs = np.full((len(mass), len(mass)), np.inf)
        for i in range(len(mass)):
            self._renew(i)

    @classmethod
    def of(cls, rows: RowSet, labels: Labels) -> "_Groups":
        belongs = np.equal.outer(np.arange(labels.max() + 1), labels) * rows.weights
        mass = belongs.sum(axis=1)
        means = (belongs @ rows.rows) / mass[:, None]
        deviations = rows.rows - means[labels]
        squares = deviations[:, :, None] * deviations[:, None, :]
        scatters = np.tensordot(belongs, squares, axes=1)
        return cls(mass, means, scatters)

    def _cost(self, mass: Float64Array, scatters: Float64Array) -> Float64Array:
        rows = (mass + self.prior_rows)[:, None, None]
        # Where nothing is spread out at all, no merging costs less than any other.
        determinants = np.maximum(np.linalg.slogdet((scatters + self.prior) / rows)[1], _LEAST_LOG)
        return np.asarray(mass * determinants)

    def _joined(self, i: int) -> tuple[Float64Array, Float64Array]:
        """Return masses and scatters of group i joined with each group."""
        mass = self.mass + self.mass[i]
        apart = self.means - self.means[i]
        share = (self.mass * self.mass[i] / mass)[:, None, None]
        between = share * apart[:, :, None] * apart[:, None, :]
        return mass, self.scatters + self.scatters[i] + between

    def _renew(self, i: int) -> None:
        costs = self._cost(*self._joined(i)) - self.own - self.own[i]
        costs[i] = np.inf
        self.costs[i], self.costs[:, i] = costs, costs

    def cheapest(self) -> tuple[int, int]:
        """Return the two groups to merge, the lower number first."""
        first, second = np.unravel_index(self.costs.argmin(), self.costs.shape)
        return int(min(first, second)), int(max(first, second))

    def merge(self, keeping: int, leaving: int) -> None:
        """Join one group to another, and forget it."""
        mass, scatters = self._joined(keeping)
        total = mass[leaving]
        moved = self.mass[leaving] / total * (self.means[leaving] - self.means[keeping])
        self.means[keeping] += moved
        self.mass[keeping], self.scatters[keeping] = total, scatters[leaving]
        rest = np.arange(len(self.mass)) != leaving
        self.mass, self.means = self.mass[rest], self.means[rest]
        self.scatters, self.own = self.scatters[rest], self.own[rest]
        self.costs = self.costs[np.ix_(rest, rest)]
        self.own[keeping] = self._cost(self.mass[[keeping]], self.scatters[[keeping]])[0]
        self._renew(keeping)
