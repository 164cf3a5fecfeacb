"""Regression where features may be missing: rows with the same gaps have one regression."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from gmmkit.core.algebra import Regression, marginal, regress
from gmmkit.core.algebra.geometry import without_empty
from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.gaps.known import Indices, grouped
from gmmkit.core.mixture import Mixture

Outcome = Callable[[Regression, int], Float64Array]


@dataclass(frozen=True, eq=False)
class Pattern:
    """Rows in which the same features were observed, and what these say of the targets.

    Attributes
    ----------
    indices : ndarray of shape (n,)
        Which rows.
    regression : Regression
    """

    indices: Indices
    regression: Regression


def patterns(mixture: Mixture, rows: FloatArray) -> Iterator[Pattern]:
    """Yield the patterns of rows whose features are the first columns of a mixture.

    Parameters
    ----------
    mixture : Mixture
        Of D features, then T targets.
    rows : ndarray of shape (N, D)
        NaN where a feature is missing.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.5], [0.5, 2.0]]])
    >>> found = patterns(mixture, np.array([[2.0], [np.nan]]))
    >>> [pattern.regression.mean.tolist() for pattern in found]
    [[[5.0]], [[6.0]]]
    """
    for group in grouped(rows, None, mixture.n_components):
        yield Pattern(
            group.indices, _regression(mixture, rows, group.known.observed, group.indices)
        )


def _regression(
    mixture: Mixture, rows: FloatArray, columns: Indices, indices: Indices
) -> Regression:
    n, d = rows.shape
    if len(columns) == d:
        return regress(mixture, columns, rows if len(indices) == n else rows[indices])
    targets = np.arange(d, mixture.n_features)
    if len(columns) == 0:
        return _unconditional(marginal(mixture, targets), targets, len(indices))
    seen = marginal(mixture, np.concatenate([columns, targets]))
    return regress(seen, np.arange(len(columns)), rows[np.ix_(indices, columns)])


def _unconditional(targets: Mixture, columns: Indices, n_rows: int) -> Regression:
    """Return what is said of targets of which no feature is known, of every row the same."""
    targets = without_empty(targets)
    log_weights = np.broadcast_to(np.log(targets.weights), (n_rows, targets.n_components))
    means = np.broadcast_to(targets.means, (n_rows, *targets.means.shape))
    return Regression(columns, log_weights, means, targets.covariance)


def assembled(mixture: Mixture, rows: FloatArray, outcome: Outcome) -> Float64Array:
    """Return what is asked of every regression, row by row, (N, ...).

    Parameters
    ----------
    mixture, rows
        As in :func:`patterns`.
    outcome : callable
        Called with the regression of each pattern and the number of it; one result a row.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.5], [0.5, 2.0]]])
    >>> rows = np.array([[2.0], [np.nan]])
    >>> assembled(mixture, rows, lambda regression, number: regression.mean).tolist()
    [[6.0], [5.0]]
    """
    pieces = [
        (pattern.indices, outcome(pattern.regression, number))
        for number, pattern in enumerate(patterns(mixture, rows))
    ]
    whole = np.empty((len(rows), *pieces[0][1].shape[1:]))
    for indices, piece in pieces:
        whole[indices] = piece
    return whole
