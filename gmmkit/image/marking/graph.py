"""The exact minimum of an energy of two labels: a minimum cut of a graph of pixels.

Terminals and links are as in Boykov and Jolly (2001); the cut is SciPy's maximum flow.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.image.pixels import BoolArray, Float32Array, Float64Array

IndexArray = npt.NDArray[np.intp]
_CapacityArray = npt.NDArray[np.int32]

# Maximum flow counts in whole numbers: a nat is a thousand, and no pixel has more than a million.
_UNITS = 1000.0
_LARGEST = 1e6
# Half of the eight neighbors; the other half is the same links from the other end.
_OFFSETS = ((0, 1), (1, 0), (1, 1), (1, -1))


@dataclass(frozen=True, eq=False)
class Links:
    """Pairs of neighboring pixels and what it costs to part them.

    Parameters
    ----------
    tails, heads : ndarray of shape (m,)
        Positions of pixels in the flattened picture.
    weights : ndarray of shape (m,)
        In nats, at least 0.

    Examples
    --------
    >>> every = np.ones((1, 3), bool)
    >>> links = neighbor_links(np.zeros((1, 3, 1), np.float32), every, every)
    >>> links.tails.tolist(), links.heads.tolist(), links.weights.tolist()
    ([0, 1], [1, 2], [1.0, 1.0])
    """

    tails: IndexArray
    heads: IndexArray
    weights: Float64Array


def neighbor_links(features: Float32Array, counted: BoolArray, undecided: BoolArray) -> Links:
    """Return the links among eight neighbors of which one is undecided, weak across edges.

    The weight is exp(-|z_p - z_q|² / (2 <|z_p - z_q|²>)) / dist(p, q), the mean taken over all
    pairs (Rother, Kolmogorov and Blake 2004, eq. 11, and Boykov and Jolly 2001).

    Parameters
    ----------
    features : ndarray of shape (h, w, D)
        What pixels are compared by.
    counted : ndarray of shape (h, w)
        Other pixels have no link.
    undecided : ndarray of shape (h, w)
        The pixels to label.

    Returns
    -------
    Links
        Weights from 0 to 1.
    """
    numbers = np.arange(counted.size).reshape(counted.shape)
    either, use = (undecided & counted).reshape(-1), counted.reshape(-1)
    flat = features.reshape(counted.size, -1)
    tails, heads, lengths = [], [], []
    for rows, columns in _OFFSETS:
        first, second = _shifted(numbers, rows, columns)
        both = use[first] & use[second] & (either[first] | either[second])
        tails.append(first[both])
        heads.append(second[both])
        lengths.append(np.full(len(tails[-1]), np.hypot(rows, columns)))
    tail, head, length = map(np.concatenate, (tails, heads, lengths))
    contrast = ((flat[tail] - flat[head]).astype(np.float64) ** 2).sum(axis=1)
    mean = float(contrast.mean()) if len(contrast) else 0.0
    weights = np.exp(-contrast / (2 * mean)) if mean > 0 else np.ones(len(contrast))
    return Links(tail, head, weights / length)


def _shifted(numbers: IndexArray, rows: int, columns: int) -> tuple[IndexArray, IndexArray]:
    height, width = numbers.shape
    left, right = max(0, -columns), max(0, columns)
    first = numbers[: height - rows, left : width - right]
    second = numbers[rows:, right : width - left]
    return first.reshape(-1), second.reshape(-1)


def cut_pixels(
    gain: Float64Array, links: Links, undecided: BoolArray, decided: BoolArray
) -> BoolArray:
    """Return the labels of the least energy, those of decided pixels given.

    The energy is minus the gains of the pixels that are True plus the weights of the links whose
    ends differ.

    Parameters
    ----------
    gain : ndarray of shape (h, w)
        How much likelier True than False is, in nats.
    links : Links
        Which pairs want to be the same.
    undecided : ndarray of shape (h, w)
        The pixels to label.
    decided : ndarray of shape (h, w)
        The labels of the others.

    Returns
    -------
    ndarray of shape (h, w)
        bool. Where several labelings are best, the one with the fewest True.

    Examples
    --------
    >>> gain = np.array([[3.0, -0.5, 3.0]])
    >>> every = np.ones((1, 3), bool)
    >>> links = neighbor_links(np.zeros((1, 3, 1), np.float32), every, every)
    >>> cut_pixels(gain, links, every, ~every).tolist()
    [[True, True, True]]
    """
    numbers = np.full(undecided.size, -1, dtype=np.intp)
    numbers[undecided.reshape(-1)] = np.arange(np.count_nonzero(undecided))
    flat = decided.reshape(-1)
    own = gain[undecided].astype(np.float64)
    tails, heads = numbers[links.tails], numbers[links.heads]
    for here, others, open_end in ((tails, links.heads, heads), (heads, links.tails, tails)):
        fixed = (here >= 0) & (open_end < 0)
        pull = np.where(flat[others[fixed]], 1.0, -1.0) * links.weights[fixed]
        own += np.bincount(here[fixed], weights=pull, minlength=len(own))
    free = (tails >= 0) & (heads >= 0)
    weights = links.weights[free]
    result = decided.copy()
    result[undecided] = minimum_cut(own, tails[free], heads[free], weights, weights)
    return result


def minimum_cut(
    gain: Float64Array,
    tails: IndexArray,
    heads: IndexArray,
    forward: Float64Array,
    backward: Float64Array,
) -> BoolArray:
    """Return the labels x that minimize the energy of a graph, to a thousandth of a nat.

    It is minus the sum of gain_p over x_p, plus forward_pq where the tail is True and the head is
    not, plus backward_pq where only the head is.

    Parameters
    ----------
    gain : ndarray of shape (n,)
        In nats; counted as a million where there is more.
    tails, heads : ndarray of shape (m,)
        Ends of the links, from 0 to n - 1, no pair twice.
    forward, backward : ndarray of shape (m,)
        Costs in nats, at least 0.

    Returns
    -------
    ndarray of shape (n,)
        bool.

    References
    ----------
    D. M. Greig, B. T. Porteous and A. H. Seheult, "Exact maximum a posteriori estimation for
    binary images", J. R. Statist. Soc. B 51 (1989).

    Examples
    --------
    >>> one = np.ones(1)
    >>> pair = np.array([0]), np.array([1])
    >>> minimum_cut(np.array([2.0, -0.5]), *pair, one, one).tolist()
    [True, True]
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    n = len(gain)
    source, sink = n, n + 1
    strength = _whole(np.abs(gain))
    pixels = np.arange(n)
    starts = np.where(gain > 0, source, pixels)
    ends = np.where(gain > 0, pixels, sink)
    # Every link has its reverse in the matrix, or SciPy would add them one by one.
    edge_tails = np.concatenate([tails, heads, starts, ends])
    edge_heads = np.concatenate([heads, tails, ends, starts])
    nothing = np.zeros_like(strength)
    capacities = np.concatenate([_whole(forward), _whole(backward), strength, nothing])
    network = csr_array((capacities, (edge_tails, edge_heads)), shape=(n + 2, n + 2))
    residual = network - maximum_flow(network, source, sink).flow
    residual.eliminate_zeros()
    reached = breadth_first_order(residual, source, return_predecessors=False)
    labels = np.zeros(n + 2, dtype=bool)
    labels[reached] = True
    return labels[:n]


def _whole(costs: Float64Array) -> _CapacityArray:
    return np.rint(np.minimum(costs, _LARGEST) * _UNITS).astype(np.int32)
