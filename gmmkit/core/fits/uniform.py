"""The noise component: a constant density over the box that the data fills."""

import numpy as np

from gmmkit.core.checks import Float64Array, check_nonnegative
from gmmkit.core.execution import ArraySource
from gmmkit.core.mixture import Mixture
from gmmkit.core.noise import Noise
from gmmkit.errors import ParameterError

# The share of noise to begin with, where the caller names none.
USUAL_SHARE = 0.05


def uniform_noise(source: ArraySource, share: float = USUAL_SHARE) -> Noise:
    """Return noise that is uniform over a box around the rows.

    The box is the smaller of two: along the columns, and along the principal axes of the
    standardized columns (Fraley and Raftery 1998).

    Parameters
    ----------
    source : ArraySource
    share : float
        The weight to begin with, in (0, 1).

    Raises
    ------
    ParameterError
        If the share is out of range, or the rows fill no volume.

    Examples
    --------
    >>> float(np.exp(uniform_noise(ArraySource(np.array([[0.0], [4.0]]))).log_density))
    0.25
    """
    if not 0 < check_nonnegative(share, "the share of noise") < 1:
        raise ParameterError(
            "the share of noise is out of range", found=repr(share), needed="between 0 and 1"
        )
    rows = source.rows.astype(np.float64)
    deviations = rows.std(axis=0)
    if not deviations.all():
        column = int(np.argmin(deviations))
        raise ParameterError(
            "noise has no density where rows fill no volume",
            found=f"a constant column {column}",
            needed="columns with some spread",
            hint="leave constant columns out",
        )
    standardized = (rows - rows.mean(axis=0)) / deviations
    axes = np.linalg.eigh(standardized.T @ standardized)[1]
    smaller = min(_log_box(standardized), _log_box(standardized @ axes))
    return Noise(share, -(smaller + float(np.log(deviations).sum())))


def _log_box(rows: Float64Array) -> float:
    sides = np.ptp(rows, axis=0)
    return float(np.log(sides).sum()) if sides.all() else float("inf")


def with_noise(mixture: Mixture, noise: Noise | None) -> Mixture:
    """Return a mixture with noise beside its components, their weights reduced to make room.

    Examples
    --------
    >>> with_noise(Mixture([1.0], [[0.0]], [[[1.0]]]), Noise(0.25, -3.0)).weights
    array([0.75])
    """
    if noise is None or mixture.noise is not None:
        return mixture
    weights = mixture.weights * ((1.0 - noise.weight) / mixture.weights.sum())
    return Mixture(weights, mixture.means, mixture.covariance, noise)
