"""Which arithmetic a pass needs: a bound on what the fast form cancels, and the route it allows."""

from enum import IntEnum
from functools import lru_cache
from typing import Any

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.core.engine.turn import Turn
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ParameterError

# Measured on photographs, 5 to 13 columns: below the first bound float32 changes a log density by
# less than 2e-3 nats and no label, and where EM ends by less than 1e-5 nats a row; below the second
# float64 changes a log density by less than 1e-6.
FLOAT32_BOUND = 1e5
_FLOAT64_BOUND = 1e10


class Route(IntEnum):
    """How a pass computes; a fit only ever moves to a larger one.

    Whitened is float32 in coordinates in which the columns of the data do not correlate.
    """

    FLOAT32 = 1
    WHITENED = 2
    FLOAT64 = 3
    CENTERED = 4

    @property
    def dtype(self) -> np.dtype[Any]:
        """What the bulk of the arithmetic is done in."""
        return np.dtype(np.float32 if self < Route.FLOAT64 else np.float64)


def route_named(name: str) -> Route | None:
    """Return the route of a name as in a trace; None for ``"auto"``.

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
            needed="auto, float32, whitened, float64 or centered",
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
    if mixture.covariance.family.axis_aligned:
        reach = np.abs(mixture.means) + 1.0
        squares: Float64Array = ((reach * mixture.factors) ** 2).sum(axis=1)
        return squares
    return _bounds(mixture.means, mixture.factors @ mixture.factors.transpose(0, 2, 1))


def _bounds(means: Float64Array, precisions: Float64Array) -> Float64Array:
    reach = np.abs(means) + 1.0
    bounds: Float64Array = np.einsum(
        "kd,kd->k", reach, (abs(precisions) @ reach[..., None])[..., 0]
    )
    return bounds


def turned_bound(mixture: Mixture, turn: Turn | None = None) -> float:
    """Return the bound in coordinates in which columns do not correlate; infinite without such.

    Examples
    --------
    >>> alike = np.array([[1.0, 0.999], [0.999, 1.0]])
    >>> mixture = Mixture([1.0], [[0.0, 0.0]], [alike])
    >>> round(cancellation_bound(mixture)), round(turned_bound(mixture))
    (2000, 2)
    """
    return _turned_bound(mixture, turn)


@lru_cache(maxsize=4)
def _turned_bound(mixture: Mixture, turn: Turn | None) -> float:
    turn = None if mixture.covariance.family.axis_aligned else turn or Turn.of(mixture)
    if turn is None:
        return np.inf
    return float(_bounds(mixture.means @ turn.matrix.T, turn.precisions(mixture)).max())


def choose_route(mixture: Mixture, least: Route = Route.FLOAT32, turn: Turn | None = None) -> Route:
    """Return the cheapest route, at or above `least`, that is exact enough for a working mixture.

    Whether the whitened one is depends on the `turn`; the default suits the mixture.

    Examples
    --------
    >>> import numpy as np
    >>> choose_route(Mixture([1.0], [[1e6]], np.ones((1, 1, 1)))).name
    'CENTERED'
    """
    bound = cancellation_bound(mixture)
    if least <= Route.FLOAT32 and bound <= FLOAT32_BOUND:
        return Route.FLOAT32
    if least <= Route.WHITENED and turned_bound(mixture, turn) <= FLOAT32_BOUND:
        return Route.WHITENED
    return max(least, Route.FLOAT64 if bound <= _FLOAT64_BOUND else Route.CENTERED)
