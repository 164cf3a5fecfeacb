"""Whose voice is it: ranks of the right model among all, and who is taken for whom.

Scores are a matrix of tests by models. Minus infinity never matches: a row of it is a refused test,
which is wrong at every rank. A model of equal score counts as better than the right one.
"""

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_count
from gmmkit.errors import InputError, ParameterError
from gmmkit.speaker.evaluation.detection import check_scores

Columns = npt.NDArray[np.intp]
Counts = npt.NDArray[np.intp]


def rank_k_rate(scores: npt.ArrayLike, true_model: npt.ArrayLike, k: int = 1) -> float:
    """Return the share of tests whose own model is among the k best.

    Parameters
    ----------
    scores : array_like of shape (n_tests, n_models)
        Of every test against everyone enrolled.
    true_model : array_like of int, shape (n_tests,)
        Column of the right model; tests of strangers, -1, are left out.
    k : int
        From 1 to the number of models.

    Returns
    -------
    float
        Between 0 and 1; with k = 1, the closed-set identification rate.

    Raises
    ------
    InputError
        If no test is of anyone enrolled, or shapes do not fit.
    ParameterError
        If `k` is out of range.

    Examples
    --------
    >>> rank_k_rate([[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]], [0, 1])
    0.5
    """
    curve = cumulative_match_curve(scores, true_model)
    return float(curve[check_rank(k, len(curve)) - 1])


def cumulative_match_curve(scores: npt.ArrayLike, true_model: npt.ArrayLike) -> Float64Array:
    """Return the share of tests whose own model is among the k best, for every k.

    Parameters
    ----------
    scores : array_like of shape (n_tests, n_models)
        Of every test against everyone enrolled.
    true_model : array_like of int, shape (n_tests,)
        Column of the right model; tests of strangers, -1, are left out.

    Returns
    -------
    ndarray of shape (n_models,)
        Rising; element k - 1 is the rate at rank k. The last is 1 unless tests were refused.

    Raises
    ------
    InputError
        If no test is of anyone enrolled, or shapes do not fit.

    Examples
    --------
    >>> cumulative_match_curve([[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]], [0, 1]).tolist()
    [0.5, 1.0, 1.0]
    """
    matrix, truth = check_identification(scores, true_model)
    enrolled = truth >= 0
    if not enrolled.any():
        raise InputError(
            "no test is of anyone enrolled",
            found=f"{len(truth)} tests of strangers",
            needed="at least one test of someone enrolled",
        )
    found = ranks(matrix[enrolled], truth[enrolled])
    n_models = matrix.shape[1]
    counts = np.bincount(found[found <= n_models], minlength=n_models + 1)[1:]
    return np.cumsum(counts) / len(found)


def confusion_matrix(
    scores: npt.ArrayLike, true_model: npt.ArrayLike, threshold: float | None = None
) -> Counts:
    """Return how many tests of whom were given whose name.

    Parameters
    ----------
    scores : array_like of shape (n_tests, n_models)
        Of every test against everyone enrolled.
    true_model : array_like of int, shape (n_tests,)
        Column of the right model, -1 for a stranger.
    threshold : float, optional
        The best model gives its name if its score is at least this; without it, always.

    Returns
    -------
    ndarray of shape (n_models + 1, n_models + 1)
        Row: who speaks, strangers last. Column: the name given, none last; refused tests get none.

    Raises
    ------
    InputError
        If shapes do not fit.

    Examples
    --------
    >>> confusion_matrix([[2.0, 1.0], [3.0, 1.0], [0.0, 1.0]], [0, 1, -1], 1.5).tolist()
    [[1, 0, 0], [1, 0, 0], [0, 0, 1]]
    """
    matrix, truth = check_identification(scores, true_model)
    n_models = matrix.shape[1]
    best = best_scores(matrix)
    named = np.isfinite(best) & (best >= (-np.inf if threshold is None else threshold))
    speaker = np.where(truth < 0, n_models, truth)
    column = np.where(named, _best_models(matrix, truth), n_models)
    cells: Counts = np.bincount(speaker * (n_models + 1) + column, minlength=(n_models + 1) ** 2)
    return cells.reshape(n_models + 1, n_models + 1)


def ranks(scores: Float64Array, true_model: Columns) -> Counts:
    """Return the rank of each test's own model, 1 the best, beyond all models if it never matches.

    Parameters
    ----------
    scores : ndarray of shape (n_tests, n_models)
        Checked.
    true_model : ndarray of shape (n_tests,)
        Columns, none of them -1.

    Returns
    -------
    ndarray of shape (n_tests,)

    Examples
    --------
    >>> ranks(np.array([[2.0, 1.0], [2.0, 2.0], [-np.inf, -np.inf]]), np.array([0, 0, 0])).tolist()
    [1, 2, 3]
    """
    own = scores[np.arange(len(scores)), true_model]
    rank: Counts = (scores >= own[:, None]).sum(axis=1)
    rank[np.isneginf(own)] = scores.shape[1] + 1
    return rank


def best_scores(scores: Float64Array) -> Float64Array:
    """Return the best score of each test.

    Examples
    --------
    >>> best_scores(np.array([[2.0, 1.0], [0.0, 3.0]])).tolist()
    [2.0, 3.0]
    """
    best: Float64Array = scores.max(axis=1)
    return best


def check_identification(
    scores: npt.ArrayLike, true_model: npt.ArrayLike
) -> tuple[Float64Array, Columns]:
    """Return scores as float64 and right models as columns, -1 for strangers.

    Raises
    ------
    InputError
        If shapes do not fit, scores are NaN or infinite, or a column does not exist.

    Examples
    --------
    >>> check_identification([[1, 2]], [-1])[1].tolist()
    [-1]
    """
    matrix = check_scores(scores, "scores", n_dimensions=2)
    if 0 in matrix.shape:
        raise InputError(
            "there is nothing to identify",
            found=f"shape {matrix.shape}",
            needed="at least one test and one model",
        )
    if np.isposinf(matrix).any():
        raise InputError("scores are infinite", needed="finite scores, or -inf for no match")
    truth = np.asarray(true_model)
    if truth.dtype.kind not in "iu" or truth.shape != matrix.shape[:1]:
        raise InputError(
            "true_model does not match the scores",
            found=f"shape {truth.shape} of {truth.dtype}",
            needed=f"({len(matrix)},) of whole numbers",
        )
    outside = (truth < -1) | (truth >= matrix.shape[1])
    if outside.any():
        raise InputError(
            "true_model names a model that is not there",
            found=f"{truth[outside][0]} in row {int(np.argmax(outside))}",
            needed=f"-1 for a stranger, or 0 to {matrix.shape[1] - 1}",
        )
    return matrix, truth.astype(np.intp)


def check_rank(rank: int, n_models: int) -> int:
    """Return a rank if there are as many models.

    Raises
    ------
    ParameterError
        If it is no whole number from 1 to `n_models`.

    Examples
    --------
    >>> check_rank(2, 3)
    2
    """
    if check_count(rank, "rank") > n_models:
        raise ParameterError(
            "rank is not usable", found=str(rank), needed=f"1 to {n_models}, the number of models"
        )
    return rank


def _best_models(scores: Float64Array, truth: Columns) -> Columns:
    """Return the column of the best model; of equal ones, rather a wrong one."""
    enrolled = np.flatnonzero(truth >= 0)
    others = scores.copy()
    others[enrolled, truth[enrolled]] = -np.inf
    best_other = others.argmax(axis=1)
    right = np.zeros(len(scores), dtype=np.bool_)
    right[enrolled] = scores[enrolled, truth[enrolled]] > others[enrolled].max(axis=1)
    return np.where(right, truth, best_other)
