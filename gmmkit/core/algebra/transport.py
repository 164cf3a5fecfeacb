"""How far probability has to be carried from one mixture to another: 2-Wasserstein distances."""

from dataclasses import dataclass

import numpy as np

from gmmkit.core.algebra.geometry import check_pair
from gmmkit.core.algebra.pairs import pair_squared_distances
from gmmkit.core.checks import Float64Array
from gmmkit.core.mixture import Mixture
from gmmkit.errors import GmmkitError


@dataclass(frozen=True, eq=False)
class Transport:
    """The cheapest way to turn the components of one mixture into those of another.

    Attributes
    ----------
    distance : float
        In the units of the data.
    plan : ndarray of shape (K, L)
        How much weight goes from component k to component l. Rows sum to the weights of the
        first mixture and columns to those of the second, components without weight left out.

    Examples
    --------
    >>> Transport(3.0, np.ones((1, 1))).distance
    3.0
    """

    distance: float
    plan: Float64Array


def wasserstein_distance(first: Mixture, second: Mixture) -> Transport:
    """Return the mixture Wasserstein distance MW2: optimal transport among Gaussian mixtures.

    Delon and Desolneux, "A Wasserstein-type distance in the space of Gaussian mixture models",
    SIAM Journal on Imaging Sciences 13 (2020), proposition 4: a discrete transport problem whose
    costs are the Gaussians' own squared distances. It is a metric, at least the 2-Wasserstein
    distance of the densities, and equal to it for single Gaussians.

    Parameters
    ----------
    first, second : Mixture
        Over the same columns; scale columns of different units first.

    Raises
    ------
    ParameterError
        If the columns differ, or a mixture has noise.

    Examples
    --------
    >>> first = Mixture([0.5, 0.5], [[0.0], [10.0]], [[[1.0]], [[1.0]]])
    >>> second = Mixture([0.5, 0.5], [[13.0], [3.0]], [[[1.0]], [[1.0]]])
    >>> transport = wasserstein_distance(first, second)
    >>> round(transport.distance, 6), transport.plan.tolist()
    (3.0, [[0.0, 0.5], [0.5, 0.0]])
    """
    first, second = check_pair(first, second)
    costs = pair_squared_distances(first, second)
    plan = _cheapest_plan(first.weights, second.weights, costs)
    plan.flags.writeable = False
    return Transport(float(np.sqrt((plan * costs).sum())), plan)


def _cheapest_plan(first: Float64Array, second: Float64Array, costs: Float64Array) -> Float64Array:
    """Linear programming over plans with given sums, costs about one so that tolerances fit."""
    from scipy.optimize import linprog
    from scipy.sparse import eye_array, kron, vstack

    k, n = costs.shape
    rows = kron(eye_array(k), np.ones((1, n)))
    columns = kron(np.ones((1, k)), eye_array(n))
    solution = linprog(
        costs.ravel() / max(float(costs.max()), np.finfo(np.float64).tiny),
        A_eq=vstack([rows, columns]).tocsr(),
        b_eq=np.concatenate([first, second]),
        method="highs",
    )
    if not solution.success:
        raise GmmkitError("the transport problem was not solved", found=str(solution.message))
    # A solution within the solver's tolerance may be a little below zero.
    plan: Float64Array = np.maximum(solution.x, 0.0).reshape(costs.shape) + 0.0
    return plan
