"""What many starts came to: the distinct local optima of one likelihood, and how often each.

Two runs ended in the same optimum when their likelihoods are close and their components, paired
as well as can be, are nearly the same Gaussians with nearly the same weights.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_count, check_nonnegative, check_rows
from gmmkit.core.mixture import Mixture
from gmmkit.errors import InputError

# Runs that stop a little short of one optimum differ by less than this, other optima by more.
_SAME_OPTIMUM = 0.99


@dataclass(frozen=True, eq=False)
class Optimum:
    """A local optimum of the likelihood, and how many starts led to it.

    Parameters
    ----------
    log_likelihood : float
        In nats, summed over rows.
    valid : bool
        Whether every component has rows enough and is not collapsed.
    starts : int
        How many starts ended here.
    mixture : Mixture
        The best that they came to.

    Raises
    ------
    ParameterError
        If there is no start.

    Examples
    --------
    >>> import numpy as np
    >>> Optimum(-12.5, True, 3, Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))).starts
    3
    """

    log_likelihood: float
    valid: bool
    starts: int
    mixture: Mixture

    def __post_init__(self) -> None:
        check_count(self.starts, "starts")


def distinct_optima(candidates: Iterable[Optimum], tolerance: float = 0.1) -> tuple[Optimum, ...]:
    """Merge what is the same optimum; return the best valid one first, collapsed ones last.

    Parameters
    ----------
    candidates : iterable of Optimum
        One for each start that was run, in any order.
    tolerance : float
        Those whose log likelihoods differ by more nats are never the same.

    Returns
    -------
    tuple of Optimum
        Each with the best mixture among those merged, and the sum of their starts.

    Raises
    ------
    ParameterError
        If the tolerance is negative or no number.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((2, 1, 1))
    >>> left, right = (Mixture(w, [[0.0], [9.0]], ones) for w in ([0.3, 0.7], [0.7, 0.3]))
    >>> turned = left.reordered([1, 0])
    >>> found = [Optimum(-8.0, True, 1, right)]
    >>> found += [Optimum(-5.0, True, 1, mixture) for mixture in (left, turned)]
    >>> [(optimum.log_likelihood, optimum.starts) for optimum in distinct_optima(found)]
    [(-5.0, 2), (-8.0, 1)]
    """
    check_nonnegative(tolerance, "tolerance")
    kept: list[Optimum] = []
    for candidate in sorted(candidates, key=_rank, reverse=True):
        same = (i for i, known in enumerate(kept) if _same(known, candidate, tolerance))
        place = next(same, None)
        if place is None:
            kept.append(candidate)
        else:
            starts = kept[place].starts + candidate.starts
            kept[place] = replace(kept[place], starts=starts)
    return tuple(kept)


def agreement(optima: Sequence[Optimum], rows: npt.ArrayLike) -> Float64Array:
    """Return how alike the labelings by some optima are.

    Parameters
    ----------
    optima : sequence of Optimum, of length M
    rows : array_like of shape (N, D)

    Returns
    -------
    ndarray of shape (M, M)
        Adjusted Rand indices (Hubert and Arabie 1985): one for the same groups, zero on average
        for groups at random, however the components are numbered.

    Raises
    ------
    InputError
        If there are no optima, or the rows cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [9.0]], np.ones((2, 1, 1)))
    >>> both = [Optimum(-5.0, True, 1, mixture), Optimum(-5.0, True, 1, mixture.reordered([1, 0]))]
    >>> agreement(both, [[0.0], [1.0], [9.0]]).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    from sklearn.metrics import adjusted_rand_score

    if not optima:
        raise InputError("there are no optima to compare", needed="at least one")
    array = check_rows(rows, n_features=optima[0].mixture.n_features)
    labelings = [optimum.mixture.labels(array) for optimum in optima]
    table = np.eye(len(optima))
    for i, j in zip(*np.triu_indices(len(optima), k=1), strict=True):
        table[i, j] = table[j, i] = adjusted_rand_score(labelings[i], labelings[j])
    return table


def likeness(first: Mixture, second: Mixture) -> float:
    """Return how nearly two mixtures are the same, component by component, between 0 and 1.

    With the components paired as well as can be, the sum of sqrt(w_k v_k) times the Bhattacharyya
    coefficient of the two Gaussians: one minus the squared Hellinger distance between the joint
    distributions of row and component.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = Mixture([0.2, 0.8], [[0.0], [9.0]], np.ones((2, 1, 1)))
    >>> round(likeness(mixture, mixture.reordered([1, 0])), 12)
    1.0
    """
    from scipy.optimize import linear_sum_assignment

    # Here, so that a fit from one start loads no algebra.
    from gmmkit.core.algebra.pairs import pair_log_affinities

    shares = np.sqrt(np.outer(first.weights, second.weights))
    table = shares * np.exp(pair_log_affinities(first, second))
    paired = float(table[linear_sum_assignment(table, maximize=True)].sum())
    return paired + float(np.sqrt(_noise_weight(first) * _noise_weight(second)))


def _rank(optimum: Optimum) -> tuple[bool, float]:
    return optimum.valid, optimum.log_likelihood


def _same(known: Optimum, candidate: Optimum, tolerance: float) -> bool:
    if abs(known.log_likelihood - candidate.log_likelihood) > tolerance:
        return False
    return likeness(known.mixture, candidate.mixture) >= _SAME_OPTIMUM


def _noise_weight(mixture: Mixture) -> float:
    return 0.0 if mixture.noise is None else mixture.noise.weight
