"""What a lesson needs of its rows, and a start that is easy to see through."""

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_count, check_rows, random_generator
from gmmkit.core.mixture import Mixture
from gmmkit.core.starts.clusters import seed_centers
from gmmkit.errors import InputError

LARGEST_LESSON = 5_000
# Less than a hundredth of the other columns' spread is not worth looking at.
_INDEPENDENT = 1e-2


def start_by_chance(
    rows: npt.ArrayLike, n_components: int, *, seed: int | np.random.Generator | None = None
) -> Mixture:
    """Return a start that is easy to see through: equal bells around rows drawn by chance.

    Rows far from those drawn before are likelier (k-means++, Arthur and Vassilvitskii 2007), each
    column in units of its own spread.

    Parameters
    ----------
    rows : array_like of shape (N, D)
    n_components : int
        K; each bell is as wide as all rows together, divided by K.
    seed : int, optional
        The same seed draws the same rows, in whatever order they come.

    Returns
    -------
    Mixture

    Raises
    ------
    InputError
        If there are fewer distinct rows than components, or a column does not vary.

    Examples
    --------
    >>> start = start_by_chance([[0.0], [2.0], [4.0]], 2, seed=0)
    >>> start.weights.tolist(), start.covariances.round(3).ravel().tolist()
    ([0.5, 0.5], [0.667, 0.667])
    """
    array = checked_rows(rows)
    k = check_count(n_components, "n_components")
    distinct = np.unique(array, axis=0)
    if len(distinct) < k:
        raise InputError(
            "there are fewer distinct rows than components",
            found=f"{len(distinct)} distinct rows, {k} components",
            needed="at least one row a component",
            hint=f"ask for at most {len(distinct)}",
        )
    deviations = array.std(axis=0)
    centers = seed_centers(distinct / deviations, np.ones(len(distinct)), k, random_generator(seed))
    covariances = np.repeat(spread_of(array)[None] / k**2, k, axis=0)
    return Mixture(np.full(k, 1 / k), centers * deviations, covariances)


def checked_rows(rows: npt.ArrayLike, n_features: int | None = None) -> Float64Array:
    """Return rows that a lesson can be given on, or refuse them.

    Raises
    ------
    InputError
        If they are unusable, too many, or do not fill their dimensions.
    """
    array = check_rows(rows, n_features=n_features).astype(np.float64)
    if len(array) > LARGEST_LESSON:
        raise InputError(
            "there are too many rows to look at",
            found=f"{len(array):,} rows",
            needed=f"at most {LARGEST_LESSON:,}",
            hint="take a part of them, or fit them all with gmmkit.fit",
        )
    spread = np.ptp(array, axis=0)
    if not spread.all():
        column = int(spread.argmin())
        raise InputError(
            "a column does not vary",
            found=f"{array[0, column]:g} in every row of column {column}",
            needed="at least two different values",
            hint="leave the column out",
        )
    _check_independent(array)
    return array


def _check_independent(rows: Float64Array) -> None:
    deviations = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    if np.linalg.matrix_rank(deviations, tol=_INDEPENDENT * np.sqrt(len(rows))) < rows.shape[1]:
        raise InputError(
            "columns say the same",
            found=f"{rows.shape[1]} columns of {len(rows)} rows, some of which follow from others",
            needed="columns that vary on their own, and more rows than columns",
            hint="leave one of them out",
        )


def spread_of(rows: Float64Array) -> Float64Array:
    """Return the covariance of all rows together, (D, D)."""
    deviations = rows - rows.mean(axis=0)
    covariance: Float64Array = deviations.T @ deviations / len(rows)
    return covariance
