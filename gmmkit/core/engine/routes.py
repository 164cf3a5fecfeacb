"""Which arithmetic a pass needs: a bound on what the fast form cancels, and the route it allows."""

from enum import IntEnum
from functools import lru_cache

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ParameterError

# Measured on photographs, 5 to 13 columns: below the first bound float32 changes a log density by
# less than 2e-3 nats and no label, and where EM ends by less than 1e-5 nats a row; below the second
# float64 changes a log density by less than 1e-6.
FLOAT32_BOUND = 1e5
_FLOAT64_BOUND = 1e10


class Route(IntEnum):
    """How a pass computes; a fit only ever moves to a larger one."""

    FLOAT32 = 1
    FLOAT64 = 2
    CENTERED = 3


def route_named(name: str) -> Route | None:
    """Return the route for ``"float32"``, ``"float64"`` or ``"centered"``; None for ``"auto"``.

    Raises
    ------
    ParameterError
        If there is no such route.

    Examples
    --------
    >>> route_named("float64").name
    'FLOAT64'
    """
    if name == "auto":
        return None
    try:
        return Route[name.upper()]
    except (KeyError, AttributeError) as problem:
        raise ParameterError(
            "there is no such precision",
            found=repr(name),
            needed="auto, float32, float64 or centered",
        ) from problem


def cancellation_bound(mixture: Mixture) -> float:
    """Return B = max over k of zᵀ |inverse covariance| z at z = |mean| + 1, in working units.

    It bounds, in units of the rounding error, what the expanded form loses.

    Examples
    --------
    >>> import numpy as np
    >>> cancellation_bound(Mixture([1.0], [[0.0, 0.0]], [np.eye(2)]))
    2.0
    """
    return _bound(mixture)


# A fit asks for the bound of the same mixture before and after a step.
@lru_cache(maxsize=4)
def _bound(mixture: Mixture) -> float:
    return float(cancellation_bounds(mixture).max())


def cancellation_bounds(mixture: Mixture) -> Float64Array:
    """Return the bound of each component, (K,).

    Examples
    --------
    >>> import numpy as np
    >>> cancellation_bounds(Mixture([0.5, 0.5], [[0.0], [9.0]], np.ones((2, 1, 1))))
    array([  1., 100.])
    """
    reach = np.abs(mixture.means) + 1.0
    if mixture.covariance.family.axis_aligned:
        squares: Float64Array = ((reach * mixture.factors) ** 2).sum(axis=1)
        return squares
    precisions = np.abs(mixture.factors @ mixture.factors.transpose(0, 2, 1))
    bounds: Float64Array = np.einsum("kd,kd->k", reach, (precisions @ reach[..., None])[..., 0])
    return bounds


def choose_route(mixture: Mixture, least: Route = Route.FLOAT32) -> Route:
    """Return the cheapest route, at or above `least`, that is exact enough for a working mixture.

    Examples
    --------
    >>> import numpy as np
    >>> choose_route(Mixture([1.0], [[1e6]], np.ones((1, 1, 1)))).name
    'CENTERED'
    """
    bound = cancellation_bound(mixture)
    if bound <= FLOAT32_BOUND:
        return max(least, Route.FLOAT32)
    return max(least, Route.FLOAT64 if bound <= _FLOAT64_BOUND else Route.CENTERED)
