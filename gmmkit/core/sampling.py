"""Rows drawn from a mixture."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_count, random_generator
from gmmkit.errors import ParameterError

if TYPE_CHECKING:
    from gmmkit.core.mixture import Mixture


def draw(
    mixture: "Mixture", n: int, seed: int | None = None
) -> tuple[Float64Array, npt.NDArray[np.intp]]:
    """Return n rows of a mixture, (n, D), and the component that each came from, (n,).

    Raises
    ------
    ParameterError
        If `n` is no positive whole number, or the mixture has noise, which has no extent.

    Examples
    --------
    >>> from gmmkit.core.mixture import Mixture
    >>> draw(Mixture([1.0], [[0.0]], [[[1.0]]]), 3, seed=1)[1].tolist()
    [0, 0, 0]
    """
    count = check_count(n, "n")
    if mixture.noise is not None:
        raise ParameterError(
            "noise cannot be sampled",
            found="a mixture with noise",
            needed="one without",
            hint="Mixture(weights, means, covariance)",
        )
    random, shares = random_generator(seed), mixture.weights / mixture.weights.sum()
    labels = random.choice(mixture.n_components, size=count, p=shares)
    rows = random.standard_normal((count, mixture.n_features))
    roots = np.linalg.cholesky(mixture.covariances)
    for k, mean in enumerate(mixture.means):
        rows[labels == k] = rows[labels == k] @ roots[k].T + mean
    return rows, labels
