"""Whether weights, means and covariances make one mixture, refused in words if not."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.covariance import Covariance
from gmmkit.core.noise import Noise
from gmmkit.errors import ParameterError


def check_shapes(weights: Float64Array, means: Float64Array, covariance: Covariance) -> None:
    """Refuse parameters that are not of the same number of components and columns.

    Raises
    ------
    ParameterError
        With the shapes that were found and are needed.

    Examples
    --------
    >>> import numpy as np
    >>> check_shapes(np.ones(1), np.zeros((1, 2)), Covariance("spherical", [1.0]))
    """
    if means.ndim != 2 or means.shape[1] == 0 or weights.shape != means.shape[:1]:
        raise ParameterError(
            "weights and means do not match",
            found=f"shapes {weights.shape} and {means.shape}",
            needed="(K,) and (K, D)",
        )
    expected = covariance.family.shape(*means.shape)
    if covariance.values.shape != expected:
        raise ParameterError(
            f"{covariance.family.name} covariances do not match the means",
            found=f"shape {covariance.values.shape}",
            needed=f"shape {expected}",
        )


def check_distribution(weights: Float64Array, noise: Noise | None) -> None:
    """Refuse weights that are negative or, with the noise's, do not sum to one.

    Raises
    ------
    ParameterError
        With the sum that was found.

    Examples
    --------
    >>> import numpy as np
    >>> check_distribution(np.array([0.5, 0.3]), Noise(0.2, -3.0))
    """
    if not len(weights) or (weights < 0).any():
        raise ParameterError(
            "weights must be nonnegative, one a component",
            found=str(weights),
            needed="at least one component",
        )
    total = weights.sum() + (0.0 if noise is None else noise.weight)
    if abs(total - 1.0) > 1e-6:
        raise ParameterError(
            "weights do not sum to one",
            found=f"a sum of {total:.9g}",
            hint="divide them by their sum",
        )


def check_order(order: Sequence[int], count: int) -> npt.NDArray[np.intp]:
    """Return a permutation of range(count).

    Raises
    ------
    ParameterError
        If it is none.

    Examples
    --------
    >>> check_order([1, 0], 2)
    array([1, 0])
    """
    index = np.asarray(order, dtype=np.intp)
    if sorted(index.tolist()) != list(range(count)):
        raise ParameterError(
            "the order is no permutation",
            found=str(list(order)),
            needed=f"each of 0..{count - 1} once",
        )
    return index
