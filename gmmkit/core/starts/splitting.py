"""A start that grows: one Gaussian, split again and again (Linde, Buzo and Gray 1980)."""

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import check_count, check_rows
from gmmkit.core.covariance import Covariance
from gmmkit.core.families import Family
from gmmkit.core.fits.fitting import fit
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ParameterError

# Halves move this many standard deviations to either side: with less, the first few iterations of
# EM leave them where they were.
_STEP = 1.0
_ITERATIONS_A_LEVEL = 4


def split(mixture: Mixture, n_components: int) -> Mixture:
    """Return a mixture in which the heaviest components stand twice, a little apart.

    Parameters
    ----------
    mixture : Mixture
        Of K components, without noise.
    n_components : int
        From K to 2 K.

    Returns
    -------
    Mixture

    Raises
    ------
    ParameterError
        If that many cannot come out of one round of splitting.

    Examples
    --------
    >>> split(Mixture([1.0], [[0.0]], [[[1.0]]]), 2).means.tolist()
    [[-1.0], [1.0]]
    """
    k = mixture.n_components
    if not k <= check_count(n_components, "n_components") <= 2 * k:
        raise ParameterError(
            "one round of splitting cannot give that many components",
            found=f"{n_components} from {k}",
            needed=f"from {k} to {2 * k}",
        )
    parents = np.sort(np.argsort(-mixture.weights, kind="stable")[: n_components - k])
    deviations = np.sqrt(mixture.variances)
    order = np.concatenate([np.arange(k), parents])
    side = np.zeros(n_components)
    side[parents], side[k:] = -_STEP, _STEP
    shares = np.where(side == 0, 1.0, 0.5)
    values = mixture.covariance.values
    if mixture.covariance.family.per_component:
        values = values[order]
    return Mixture(
        mixture.weights[order] * shares,
        mixture.means[order] + side[:, None] * deviations[order],
        Covariance(mixture.covariance.family, values),
    )


def grow(
    rows: npt.ArrayLike,
    n_components: int,
    *,
    covariance: str | Family = "diag",
    floor: npt.ArrayLike | None = None,
) -> Mixture:
    """Return a start for EM: one Gaussian, doubled with a few iterations after each doubling.

    Nothing in it is random. For millions of rows a sample of them is enough.

    Parameters
    ----------
    rows : array_like of shape (N, D)
    n_components : int
    covariance : str or Family
    floor : array_like of shape (D,), optional
        The smallest standard deviation of each column.

    Returns
    -------
    Mixture

    Examples
    --------
    >>> rows = np.concatenate([np.arange(9.0), 100 + np.arange(9.0)])[:, None]
    >>> start = grow(rows, 2)
    >>> sorted(fit(rows, 2, covariance="diag", start=start).mixture.means.round(3).ravel().tolist())
    [4.0, 104.0]
    """
    data = check_rows(rows)
    check_count(n_components, "n_components")
    mixture = fit(data, 1, covariance=covariance, floor=floor).mixture
    while mixture.n_components < n_components:
        wanted = min(2 * mixture.n_components, n_components)
        mixture = fit(
            data,
            wanted,
            covariance=covariance,
            floor=floor,
            start=split(mixture, wanted),
            max_iter=_ITERATIONS_A_LEVEL,
        ).mixture
    return mixture
