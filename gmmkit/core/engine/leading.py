"""The likeliest components of every row of a block, and densities under chosen components alone."""

import sys
from math import inf

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray
from gmmkit.core.engine.natural import LOG_ZERO, read_only
from gmmkit.core.engine.scoring import Scorer
from gmmkit.core.mixture import Mixture

Indices = npt.NDArray[np.intp]

# From so many numbers on, loading compiled code costs less than it saves; where something else has
# loaded the compiler, far fewer are enough.
_COMPILED_NUMBERS = 50_000_000
_NUMBERS_IF_LOADED = 2_000_000
_COMPILED = {"gmmkit.core.engine.compiled.fused", "gmmkit.core.engine.compiled.selection"}
# Inserting into longer lists takes longer than partitioning does.
_MOST_INSERTED = 64
# Compiled code knows no infinity: below every score that a component with a weight can have.
_LOWEST = -np.finfo(np.float64).max
# Deviations that are held at once: few enough for the cache.
_DEVIATIONS = 2**18


def compiled_for(n_numbers: int) -> bool:
    """Return whether so many scores, or squares of deviations, are worth compiled code.

    Examples
    --------
    >>> compiled_for(1_000), compiled_for(10**9)
    (False, True)
    """
    loaded = not _COMPILED.isdisjoint(sys.modules)
    return n_numbers > (_NUMBERS_IF_LOADED if loaded else _COMPILED_NUMBERS)


def largest(
    scores: Float64Array, count: int, *, compiled: bool = False
) -> tuple[Indices, Float64Array]:
    """Return where the largest scores of each row are, and those scores, both (n, count).

    Parameters
    ----------
    scores : ndarray of shape (K, n)
        Finite if `compiled`.
    count : int
        At most K.
    compiled : bool
        Whether to use compiled code, which gives the same.

    Returns
    -------
    places, values : ndarray of shape (n, count)
        The largest first; of equal ones the first.

    Examples
    --------
    >>> largest(np.array([[1.0], [3.0], [0.0], [3.0]]), 3)[0].tolist()
    [[1, 3, 0]]
    """
    if not compiled or count > _MOST_INSERTED:
        return _partitioned(scores, count)
    from gmmkit.core.engine.compiled.selection import select_largest

    n_rows = scores.shape[1]
    places, values = np.empty((n_rows, count), np.intp), np.empty((n_rows, count))
    select_largest(scores, values, places)
    return places, values


def _partitioned(scores: Float64Array, count: int) -> tuple[Indices, Float64Array]:
    negative = np.negative(scores.T, order="C")
    places = np.sort(np.argpartition(negative, count - 1, axis=1)[:, :count], axis=1)
    values = np.take_along_axis(negative, places, axis=1)
    tied = (negative <= values.max(axis=1, keepdims=True)).sum(axis=1) > count
    if tied.any():
        places[tied] = np.argsort(negative[tied], axis=1, kind="stable")[:, :count]
        values = np.take_along_axis(negative, places, axis=1)
    order = np.argsort(values, axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1), -np.take_along_axis(values, order, axis=1)


def leading(
    scorer: Scorer, rows: FloatArray, count: int, *, compiled: bool = False
) -> tuple[Indices, Float64Array]:
    """Return the likeliest components of every row of a block and their log joint densities.

    Parameters
    ----------
    scorer : Scorer
    rows : ndarray of shape (n, D)
        float32 or float64, finite.
    count : int
        At most the number of components.
    compiled : bool

    Returns
    -------
    components, log_joint : ndarray of shape (n, count)

    Examples
    --------
    >>> scorer = Scorer.of(Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1))))
    >>> leading(scorer, np.array([[3.0]]), 2)[0].tolist()
    [[1, 0]]
    """
    components, log_joint = np.empty((len(rows), count), np.intp), np.empty((len(rows), count))
    weightless = np.flatnonzero(scorer.mixture.weights == 0)
    step = scorer.natural.piece_rows
    for start in range(0, len(rows), step):
        piece = slice(start, start + step)
        scores = scorer.log_joint(rows[piece])
        scores[weightless] = _LOWEST
        components[piece], log_joint[piece] = largest(scores, count, compiled=compiled)
    return components, _without_weightless(scorer.mixture, components, log_joint)


def chosen_log_joint(
    mixture: Mixture, rows: FloatArray, components: Indices, *, compiled: bool = False
) -> Float64Array:
    """Return log(w_k N(x; mu_k, Sigma_k)) of every row for its chosen components alone, (n, C).

    About each mean, in float64.

    Parameters
    ----------
    mixture : Mixture
    rows : ndarray of shape (n, D)
        float32 or float64, finite.
    components : ndarray of shape (n, C)
    compiled : bool

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
    >>> chosen_log_joint(mixture, np.array([[4.0]]), np.array([[1]])).round(4).tolist()
    [[-1.6121]]
    """
    if not mixture.covariance.family.axis_aligned:
        return _by_component(mixture, rows, components)
    constants = np.maximum(mixture.log_normalizers, LOG_ZERO)
    factors = np.broadcast_to(mixture.factors, mixture.means.shape)
    score = _scored if compiled else _gathered
    log_joint = score(rows, components, constants, mixture.means, factors)
    return _without_weightless(mixture, components, log_joint)


def _without_weightless(
    mixture: Mixture, components: Indices, log_joint: Float64Array
) -> Float64Array:
    log_joint[mixture.weights[components] == 0] = -inf
    return log_joint


def _scored(
    rows: FloatArray,
    components: Indices,
    constants: Float64Array,
    means: Float64Array,
    factors: Float64Array,
) -> Float64Array:
    from gmmkit.core.engine.compiled.selection import score_chosen

    result = np.empty(components.shape)
    arrays = (rows, components, constants, means, np.ascontiguousarray(factors))
    score_chosen(*(read_only(array) for array in arrays), result)
    return result


def _gathered(
    rows: FloatArray,
    components: Indices,
    constants: Float64Array,
    means: Float64Array,
    factors: Float64Array,
) -> Float64Array:
    result = constants[components]
    step = max(1, _DEVIATIONS // (components.shape[1] * rows.shape[1]))
    for start in range(0, len(rows), step):
        chosen = components[start : start + step]
        scaled = rows[start : start + step, None] - means[chosen]
        scaled *= factors[chosen]
        result[start : start + step] -= 0.5 * np.einsum("ncd,ncd->nc", scaled, scaled)
    return result


def _by_component(mixture: Mixture, rows: FloatArray, components: Indices) -> Float64Array:
    """Take all rows of one component after the other, with its matrix."""
    flat, count = components.ravel(), components.shape[1]
    order = np.argsort(flat, kind="stable")
    result = np.empty(flat.shape)
    bounds = np.searchsorted(flat[order], np.arange(mixture.n_components + 1))
    for k in np.flatnonzero(np.diff(bounds)):
        pairs = order[bounds[k] : bounds[k + 1]]
        result[pairs] = mixture.log_joint_of(int(k), rows[pairs // count])
    return result.reshape(components.shape)
