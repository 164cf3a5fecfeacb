"""Scores made comparable: by what others score on the same test, or the same model on other tests.

Auckenthaler, Carey and Lloyd-Thomas, "Score normalization for text-independent speaker verification
systems", Digital Signal Processing 10 (2000); Cumani et al., "Comparison of speaker recognition
approaches for real applications", Interspeech 2011 (adaptive S-norm).
"""

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.errors import InputError

# How much the shipped cohort counts for beside the people enrolled, in people. Those enrolled come
# from the microphones and rooms at hand, so few of them already say more of the mean.
_COHORT_IN_MEAN = 3.0
_COHORT_IN_SPREAD = 10.0


def z_norm(scores: npt.ArrayLike, model_cohort: npt.ArrayLike) -> Float64Array:
    """Return scores relative to what each model scores on recordings of others.

    Parameters
    ----------
    scores : array_like of shape (n_tests, n_models)
    model_cohort : array_like of shape (n_models, n_cohort)
        Each model against recordings of people that it is not of.

    Returns
    -------
    ndarray of shape (n_tests, n_models)

    Examples
    --------
    >>> z_norm([[3.0]], [[0.0, 2.0]]).tolist()
    [[2.0]]
    """
    matrix, cohort = _checked(scores, model_cohort, axis=1)
    mean, spread = _moments(cohort, None)
    return (matrix - mean) / spread


def t_norm(scores: npt.ArrayLike, test_cohort: npt.ArrayLike) -> Float64Array:
    """Return scores relative to what models of others score on each test.

    Parameters
    ----------
    scores : array_like of shape (n_tests, n_models)
    test_cohort : array_like of shape (n_tests, n_cohort)
        Each test against models of people that it is not of.

    Returns
    -------
    ndarray of shape (n_tests, n_models)

    Examples
    --------
    >>> t_norm([[3.0, 1.0]], [[0.0, 2.0]]).tolist()
    [[2.0, 0.0]]
    """
    matrix, cohort = _checked(scores, test_cohort, axis=0)
    mean, spread = _moments(cohort, None)
    return (matrix - mean[:, None]) / spread[:, None]


def s_norm(
    scores: npt.ArrayLike, model_cohort: npt.ArrayLike, test_cohort: npt.ArrayLike
) -> Float64Array:
    """Return the mean of Z- and T-normalized scores.

    Examples
    --------
    >>> s_norm([[3.0]], [[0.0, 2.0]], [[1.0, 3.0]]).tolist()
    [[1.5]]
    """
    return 0.5 * (z_norm(scores, model_cohort) + t_norm(scores, test_cohort))


def adaptive_s_norm(
    scores: npt.ArrayLike,
    model_cohort: npt.ArrayLike,
    test_cohort: npt.ArrayLike,
    *,
    top: int = 50,
) -> Float64Array:
    """Return S-normalized scores for which only the nearest of the cohort count on either side.

    Parameters
    ----------
    scores : array_like of shape (n_tests, n_models)
    model_cohort : array_like of shape (n_models, n_cohort)
    test_cohort : array_like of shape (n_tests, n_cohort)
    top : int
        How many cohort scores, the largest, make a mean and a deviation.

    Returns
    -------
    ndarray of shape (n_tests, n_models)

    Examples
    --------
    >>> adaptive_s_norm([[3.0]], [[0.0, 2.0, -9.0]], [[1.0, 3.0, -9.0]], top=2).tolist()
    [[1.5]]
    """
    matrix, models = _checked(scores, model_cohort, axis=1)
    _, tests = _checked(scores, test_cohort, axis=0)
    (model_mean, model_spread), (test_mean, test_spread) = (
        _moments(models, top),
        _moments(tests, top),
    )
    by_model = (matrix - model_mean) / model_spread
    return 0.5 * (by_model + (matrix - test_mean[:, None]) / test_spread[:, None])


def registry_t_norm(
    enrolled: npt.ArrayLike, cohort: npt.ArrayLike, *, counted: npt.ArrayLike | None = None
) -> Float64Array:
    """Return a test's scores relative to those of the other people enrolled and of a cohort.

    T-norm whose cohort is everyone enrolled but the person claimed and the test's best scorer, who
    may be the speaker; where the claimed one is the best scorer, the second best is left out too.
    Mean and variance are pooled with those of a fixed cohort, which counts for 3 people in the mean
    and for 10 in the variance: it is all there is in a registry of one or two.

    Parameters
    ----------
    enrolled : array_like of shape (S,)
        Of everyone enrolled.
    cohort : array_like of shape (C,)
        Of people that nobody enrolls; at least two.
    counted : array_like of bool, shape (S,), optional
        Who of those enrolled others are compared with; everyone by default. In a large registry,
        whose scores are known only of those that a shortlist found, a sample drawn beforehand.

    Returns
    -------
    ndarray of shape (S,)

    Raises
    ------
    InputError
        If the scores are not of one test, or not finite.

    Examples
    --------
    >>> registry_t_norm([3.0], [0.0, 2.0]).tolist()
    [2.0]
    """
    scores, fixed = np.asarray(enrolled, float), np.asarray(cohort, float)
    _check_one_test(scores, fixed)
    counts = np.ones(len(scores)) if counted is None else np.asarray(counted, float)
    others, sums, squares = (
        _totals_of_others(scores, counts * scores**power) for power in (0, 1, 2)
    )
    # Two people leave nobody to compare with; rounding must not invent a fraction of one.
    others = np.maximum(np.round(others), 0.0)
    mean = (sums + _COHORT_IN_MEAN * fixed.mean()) / (others + _COHORT_IN_MEAN)
    scatter = np.maximum(squares - sums**2 / np.maximum(others, 1.0), 0.0)
    pooled = scatter + _COHORT_IN_SPREAD * fixed.var()
    spread = np.sqrt(pooled / (others + _COHORT_IN_SPREAD))
    return np.asarray((scores - mean) / np.maximum(spread, np.finfo(float).tiny))


def _totals_of_others(scores: Float64Array, values: Float64Array) -> Float64Array:
    """Return, for each, the sum of the values of all but it and the best scorer of the rest."""
    if len(scores) < 3:
        return np.zeros(len(scores))
    best, second = np.argsort(-scores, kind="stable")[:2]
    rival = np.full(len(scores), values[best])
    rival[best] = values[second]
    return np.asarray(values.sum() - values - rival)


def _check_one_test(scores: Float64Array, fixed: Float64Array) -> None:
    single = scores.ndim == fixed.ndim == 1 and len(fixed) >= 2
    if not single or not (np.isfinite(scores).all() and np.isfinite(fixed).all()):
        raise InputError(
            "scores of one test are needed",
            found=f"shapes {scores.shape} and {fixed.shape}",
            needed="finite, (S,) and (C,) with C at least 2",
        )


def _checked(
    scores: npt.ArrayLike, cohort: npt.ArrayLike, *, axis: int
) -> tuple[Float64Array, Float64Array]:
    matrix, others = np.asarray(scores, float), np.asarray(cohort, float)
    fits = matrix.ndim == others.ndim == 2 and len(others) == matrix.shape[axis]
    if (
        not fits
        or others.shape[1] < 2
        or not (np.isfinite(matrix).all() and np.isfinite(others).all())
    ):
        raise InputError(
            "scores and cohort scores do not fit together",
            found=f"shapes {matrix.shape} and {others.shape}",
            needed="finite, a row for each " + ("test", "model")[axis] + ", at least two columns",
        )
    return matrix, others


def _moments(cohort: Float64Array, top: int | None) -> tuple[Float64Array, Float64Array]:
    if top is not None and top < cohort.shape[1]:
        cohort = np.partition(cohort, cohort.shape[1] - top, axis=1)[:, -top:]
    spread = cohort.std(axis=1)
    return cohort.mean(axis=1), np.maximum(spread, np.finfo(float).tiny)
