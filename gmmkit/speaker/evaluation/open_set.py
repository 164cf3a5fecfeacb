"""Open set: a test may be of a stranger, and then the right answer is nobody's name."""

import math

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.errors import InputError, ParameterError
from gmmkit.speaker.evaluation.detection import check_scores
from gmmkit.speaker.evaluation.identification import best_scores, check_identification, check_rank
from gmmkit.speaker.evaluation.identification import ranks as ranks_of


def open_set_threshold(
    stranger_best_scores: npt.ArrayLike, share: float = 0.05, *, confidence: float | None = None
) -> float:
    """Return the least threshold at which at most a share of strangers' tests get a name.

    A test gets the name of its best model if that model's score is at least the threshold. More
    people enrolled make strangers' best scores larger, so the scores have to come from as many.

    Parameters
    ----------
    stranger_best_scores : array_like of shape (n_tests,)
        For each test of someone not enrolled, the largest score over all who are. Minus infinity
        for a refused test, which gets no name.
    share : float
        The share of such tests that may get a name, at least 0 and less than 1.
    confidence : float, optional
        If given, not the share of these tests is held at or below `share`, but the upper
        Clopper-Pearson bound, at this confidence, of the share among all such tests. It takes
        tests to be independent: use one test of each stranger.

    Returns
    -------
    float
        The next number above the largest score that must get no name.

    Raises
    ------
    InputError
        If there are no tests, or too few for the confidence.
    ParameterError
        If a share is out of range.

    References
    ----------
    C. Clopper and E. Pearson, "The use of confidence or fiducial limits", Biometrika 26 (1934).

    Examples
    --------
    >>> threshold = open_set_threshold([0.5, 2.0, 1.0, -3.0], share=0.25)
    >>> 1.0 < threshold < 1.0000001
    True
    """
    scores = check_scores(stranger_best_scores, "stranger_best_scores")
    if not 0 <= share < 1:
        raise ParameterError("share is not usable", found=repr(share), needed="0 <= share < 1")
    if not len(scores):
        raise InputError("there are no tests of strangers", needed="at least one")
    if np.isposinf(scores).any():
        raise InputError("stranger_best_scores are infinite", needed="finite scores")
    named = _most_named(len(scores), share, confidence)
    return float(np.nextafter(np.sort(scores)[::-1][named], np.inf))


def detection_and_identification_rate(
    scores: npt.ArrayLike,
    true_model: npt.ArrayLike,
    false_alarm_rate: float = 0.01,
    *,
    rank: int = 1,
) -> float:
    """Return how many enrolled tests are named rightly where few strangers get a name.

    The threshold is the least at which at most `false_alarm_rate` of the strangers' tests have any
    model at or above it. An enrolled test is right if its own model is at or above the threshold
    and among the `rank` best; a model of equal score counts as better.

    Parameters
    ----------
    scores : array_like of shape (n_tests, n_models)
        Of every test against everyone enrolled; a row of minus infinity is a refused test.
    true_model : array_like of int, shape (n_tests,)
        Column of the right model, -1 for a stranger.
    false_alarm_rate : float
        At least 0 and less than 1.
    rank : int
        At least 1.

    Returns
    -------
    float
        Between 0 and 1. Refused tests of people who are enrolled count as wrong.

    Raises
    ------
    InputError
        If there are no strangers' or no enrolled tests, or shapes do not fit.
    ParameterError
        If a rate or rank is out of range.

    References
    ----------
    ISO/IEC 19795-1, open-set identification: true-positive identification rate at a given
    false-positive identification rate.

    Examples
    --------
    >>> scores = [[3.0, 0.0], [1.0, 1.5], [2.0, 0.0], [0.0, 1.0]]
    >>> detection_and_identification_rate(scores, [0, 1, -1, -1], 0.5)
    1.0
    >>> detection_and_identification_rate(scores, [0, 1, -1, -1], 0.0)
    0.5
    """
    matrix, truth = check_identification(scores, true_model)
    stranger = truth < 0
    if stranger.all() or not stranger.any():
        raise InputError(
            "tests are all of one kind",
            found=f"{int(stranger.sum())} of strangers among {len(truth)}",
            needed="at least one of a stranger and one of someone enrolled",
        )
    threshold = open_set_threshold(best_scores(matrix[stranger]), false_alarm_rate)
    own = matrix[~stranger, truth[~stranger]]
    near = ranks_of(matrix[~stranger], truth[~stranger]) <= check_rank(rank, matrix.shape[1])
    return float(np.mean(near & (own >= threshold)))


def open_set_rates(
    scores: npt.ArrayLike, true_model: npt.ArrayLike, threshold: float
) -> tuple[float, float]:
    """Return how many enrolled tests are named rightly, and how many strangers' get any name.

    Parameters
    ----------
    scores : array_like of shape (n_tests, n_models)
        Of every test against everyone enrolled; a row of minus infinity is a refused test.
    true_model : array_like of int, shape (n_tests,)
        Column of the right model, -1 for a stranger.
    threshold : float
        The best model gives its name if its score is at least this.

    Returns
    -------
    named_rightly : float
        Share of the tests of people who are enrolled; NaN if there are none.
    strangers_named : float
        Share of the tests of strangers; NaN if there are none.

    Examples
    --------
    >>> open_set_rates([[3.0, 0.0], [0.0, 2.0], [1.0, 0.5]], [0, 0, -1], threshold=0.8)
    (0.5, 1.0)
    """
    matrix, truth = check_identification(scores, true_model)
    stranger = truth < 0
    own = matrix[~stranger, truth[~stranger]]
    right = (ranks_of(matrix[~stranger], truth[~stranger]) == 1) & (own >= threshold)
    named = best_scores(matrix[stranger]) >= threshold
    return _share(right), _share(named)


def _share(flags: npt.NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else math.nan


def _most_named(n: int, share: float, confidence: float | None) -> int:
    """Return how many of n tests may get a name."""
    if confidence is None:
        most = math.floor(share * n)
        # 0.29 * 100 is less than 29.
        return most + 1 if (most + 1) / n <= share else most
    if not 0 < confidence < 1:
        raise ParameterError(
            "confidence is not usable", found=repr(confidence), needed="0 < confidence < 1"
        )
    bounds = _upper_bounds(n, confidence)
    most = int(np.searchsorted(bounds, share, side="right")) - 1
    if most < 0:
        raise InputError(
            "there are too few tests of strangers for this confidence",
            found=f"{n}, with which {bounds[0]:.3g} is the least share that can be promised",
            needed=f"a share of {share:g} at confidence {confidence:g}",
            hint="use more strangers, or leave the confidence out",
        )
    return most


def _upper_bounds(n: int, confidence: float) -> Float64Array:
    """Return the upper bound of the share after 0, 1, ... n - 1 of n tests got a name."""
    from scipy.stats import beta

    named = np.arange(n)
    bounds: Float64Array = beta.ppf(confidence, named + 1, n - named)
    return bounds
