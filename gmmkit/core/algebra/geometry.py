"""What the algebra asks of a mixture: Gaussians alone, known columns, roots of the covariances.

And what it gives back: covariances in the narrowest family that the result surely belongs to.
"""

from collections.abc import Sequence
from math import log, pi

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.covariance import Covariance
from gmmkit.core.families import Moments, Symmetry
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ParameterError

Columns = int | Sequence[int] | npt.NDArray[np.integer] | npt.NDArray[np.bool_]


def check_gaussians(mixture: Mixture) -> Mixture:
    """Return a mixture of Gaussians alone; noise has no extent to compute with.

    Raises
    ------
    ParameterError
        If it is no :class:`Mixture`, or has noise.

    Examples
    --------
    >>> check_gaussians(Mixture([1.0], [[0.0]], [[[1.0]]]))
    <Mixture of 1 full Gaussians in 1 dimensions>
    """
    if not isinstance(mixture, Mixture):
        raise ParameterError(
            "this is no mixture",
            found=type(mixture).__name__,
            needed="a gmmkit.Mixture",
            hint="the .mixture of a fit",
        )
    if mixture.noise is not None:
        raise ParameterError(
            "noise has no mean, covariance or extent to compute with",
            found=f"noise of weight {mixture.noise.weight:.3g}",
            needed="a mixture of Gaussians alone",
            hint="Mixture(weights / weights.sum(), means, covariance)",
        )
    return mixture


def check_pair(first: Mixture, second: Mixture) -> tuple[Mixture, Mixture]:
    """Return two mixtures over the same columns, without components of weight zero.

    Raises
    ------
    ParameterError
        If either has noise, or their numbers of columns differ.

    Examples
    --------
    >>> mixture = Mixture([1.0, 0.0], [[0.0], [1.0]], [[[1.0]], [[1.0]]])
    >>> check_pair(mixture, mixture)[0].n_components
    1
    """
    check_gaussians(first)
    check_gaussians(second)
    if first.n_features != second.n_features:
        raise ParameterError(
            "the mixtures are of different columns",
            found=f"{first.n_features} and {second.n_features} columns",
            needed="the same columns in the same order",
        )
    return without_empty(first), without_empty(second)


def without_empty(mixture: Mixture) -> Mixture:
    """Return the mixture without components of weight zero, its weights summing to one exactly.

    Examples
    --------
    >>> without_empty(Mixture([1.0, 0.0], [[0.0], [1.0]], [[[1.0]], [[1.0]]])).n_components
    1
    """
    alive = mixture.weights > 0
    weights = mixture.weights[alive] / mixture.weights.sum()
    if alive.all():
        return Mixture(weights, mixture.means, mixture.covariance)
    covariance = independent_covariance(mixture.covariances[alive], [mixture])
    return Mixture(weights, mixture.means[alive], covariance)


def check_columns(columns: Columns, n_features: int) -> npt.NDArray[np.intp]:
    """Return numbers of columns, each between 0 and D - 1 and none twice.

    Parameters
    ----------
    columns : int, sequence of int, or array of bool of shape (D,)
    n_features : int
        D.

    Raises
    ------
    ParameterError
        If there is none, or one is unknown or named twice.

    Examples
    --------
    >>> check_columns([True, False, True], 3).tolist()
    [0, 2]
    """
    try:
        given = np.atleast_1d(np.asarray(columns))
    except (TypeError, ValueError) as problem:
        raise _unknown_columns(columns, n_features) from problem
    if given.dtype == np.bool_ and given.shape == (n_features,):
        given = np.flatnonzero(given)
    whole = given.ndim == 1 and given.size > 0 and given.dtype.kind in "iu"
    if not whole or given.min() < 0 or given.max() >= n_features:
        raise _unknown_columns(columns, n_features)
    if len(np.unique(given)) < len(given):
        raise _unknown_columns(columns, n_features)
    return given.astype(np.intp)


def _unknown_columns(columns: object, n_features: int) -> ParameterError:
    return ParameterError(
        "columns were not understood",
        found=repr(columns),
        needed=f"different numbers from 0 to {n_features - 1}, at least one",
    )


def other_columns(columns: npt.NDArray[np.intp], n_features: int) -> npt.NDArray[np.intp]:
    """Return the columns that are not among some, in order.

    Raises
    ------
    ParameterError
        If none is left.

    Examples
    --------
    >>> other_columns(np.array([2, 0]), 4).tolist()
    [1, 3]
    """
    others = np.setdiff1d(np.arange(n_features), columns)
    if not len(others):
        raise ParameterError(
            "every column is given, so that none is left to predict",
            found=f"{n_features} of {n_features} columns",
            needed=f"at most {n_features - 1}",
        )
    return others


def covariance_roots(mixture: Mixture) -> Float64Array:
    """Return lower triangular L with covariance L Lᵀ, (K, D, D).

    Examples
    --------
    >>> covariance_roots(Mixture([1.0], [[0.0]], [[[4.0]]])).tolist()
    [[[2.0]]]
    """
    return np.asarray(np.linalg.cholesky(mixture.covariances), np.float64)


def restricted_covariance(mixture: Mixture, covariances: Float64Array) -> Covariance:
    """Return covariances of some columns, conditional or not, as the mixture's family allows.

    Shared, round and diagonal covariances stay so; any other form may be lost, and is.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 0.0]], Covariance("diag", [[1.0, 4.0]]))
    >>> restricted_covariance(mixture, mixture.covariances[:, 1:, 1:]).family.name
    'diag'
    """
    family = mixture.covariance.family
    round_ones = family.axis_aligned and family.symmetry is Symmetry.ROTATION
    if round_ones or family.moments is Moments.POOLED:
        return Covariance(family, family.from_dense(covariances))
    return independent_covariance(covariances, [mixture])


def independent_covariance(covariances: Float64Array, parents: Sequence[Mixture]) -> Covariance:
    """Return covariances that stood in some mixtures, as a family without ties between them.

    Examples
    --------
    >>> tied = Mixture([1.0], [[0.0]], Covariance("tied", [[2.0]]))
    >>> independent_covariance(tied.covariances, [tied]).family.name
    'full'
    """
    families = [parent.covariance.family for parent in parents]
    if not all(family.axis_aligned for family in families):
        return Covariance("full", covariances)
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    if all(family.symmetry is Symmetry.ROTATION for family in families):
        return Covariance("spherical", variances[:, 0])
    return Covariance("diag", variances)


def log_sum_exp(values: Float64Array, axis: int = -1) -> Float64Array:
    """Return the logarithm of a sum of exponentials; all of them may be zero.

    Examples
    --------
    >>> log_sum_exp(np.log([[1.0, 3.0]])).round(4).tolist()
    [1.3863]
    """
    top = values.max(axis=axis, keepdims=True)
    # Where every term is zero nothing may be subtracted from minus infinity.
    shift = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        total = np.log(np.exp(values - shift).sum(axis=axis))
    result: Float64Array = total + np.squeeze(shift, axis)
    return result


def log_of(weights: Float64Array) -> Float64Array:
    """Return logarithms of weights, minus infinity for zero, without a warning.

    Examples
    --------
    >>> log_of(np.array([1.0, 0.0])).tolist()
    [0.0, -inf]
    """
    with np.errstate(divide="ignore"):
        return np.log(weights)


def log_normal_constant(roots: Float64Array) -> Float64Array:
    """Return the log density of Gaussians at their own means from roots (..., D, D).

    Examples
    --------
    >>> log_normal_constant(np.eye(2)).round(4).tolist()
    -1.8379
    """
    diagonals = np.diagonal(roots, axis1=-2, axis2=-1)
    constant: Float64Array = -np.log(diagonals).sum(axis=-1) - 0.5 * roots.shape[-1] * log(2 * pi)
    return constant
