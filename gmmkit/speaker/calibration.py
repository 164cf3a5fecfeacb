"""Scores become log-likelihood ratios, and those, with a prior, become probabilities."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_nonnegative, check_parameters
from gmmkit.errors import FitWarning, InputError, ParameterError
from gmmkit.speaker.evaluation.detection import check_scores


@dataclass(frozen=True)
class Calibration:
    """A log-likelihood ratio that is linear in scores and in measures of quality.

    llr = offset + sum of weight times feature, in nats.

    Parameters
    ----------
    offset : float
    weights : tuple of float
        One for each feature.
    features : tuple of str
        What the features are, scores first, such as ``("score", "log_seconds")``.
    n_scores : int
        How many of them are scores. Their weights are not negative, and not all zero, so that a
        larger score never makes the ratio smaller.

    Raises
    ------
    ParameterError
        If numbers are not finite, do not fit together, or a score counts negatively.

    Examples
    --------
    >>> calibration = Calibration(-2.0, (4.0,))
    >>> calibration.apply([0.0, 1.0]).tolist()
    [-2.0, 2.0]
    """

    offset: float
    weights: tuple[float, ...]
    features: tuple[str, ...] = ("score",)
    n_scores: int = 1

    def __post_init__(self) -> None:
        weights = check_parameters([self.offset, *self.weights], "offset and weights")[1:]
        if len(weights) != len(self.features) or not 1 <= self.n_scores <= len(weights):
            raise ParameterError(
                "the parts of a calibration do not fit together",
                found=f"{len(weights)} weights, {len(self.features)} features, "
                f"{self.n_scores} scores",
                needed="a name for each weight, and at least one score among them",
            )
        scores = weights[: self.n_scores]
        if (scores < 0).any() or not scores.any():
            raise ParameterError(
                "a calibration has to rise with the score",
                found=f"weights {scores.tolist()}",
                needed="no negative weight of a score, and a positive one",
            )

    def apply(self, features: npt.ArrayLike) -> Float64Array:
        """Return the log-likelihood ratio of every trial.

        Parameters
        ----------
        features : array_like of shape (n_trials,) or (n_trials, n_features)
            Finite; one dimension is enough where there is one feature.

        Returns
        -------
        ndarray of shape (n_trials,)
            In nats.

        Raises
        ------
        InputError
            If the columns are not those of `features`.

        Examples
        --------
        >>> Calibration(0.0, (1.0, 0.5), ("score", "log_seconds")).apply([[2.0, 1.0]]).tolist()
        [2.5]
        """
        rows = _as_columns(features, "features")
        if rows.shape[1] != len(self.weights):
            raise InputError(
                "features have the wrong width",
                found=f"{rows.shape[1]} columns",
                needed=f"{len(self.weights)}: {', '.join(self.features)}",
            )
        llr: Float64Array = self.offset + rows @ np.array(self.weights)
        return llr


def fit_logistic(
    target: npt.ArrayLike,
    nontarget: npt.ArrayLike,
    *,
    prior: float = 0.5,
    ridge: float = 0.0,
    features: Sequence[str] | None = None,
    n_scores: int = 1,
) -> Calibration:
    """Fit a calibration by logistic regression, with both kinds of trials weighted to a prior.

    With several scores it fuses them: give all of them as columns, and `n_scores`.

    Parameters
    ----------
    target, nontarget : array_like of shape (n, n_features), or (n,) for one score
        Features of the trials of either kind, scores first.
    prior : float
        Where accuracy matters most: the probability, between 0 and 1 exclusive, that the speakers
        of a trial are the same.
    ridge : float
        Half of it times the sum of squared weights, of features of unit spread, is added to the
        mean loss in nats. Trials that can be told apart without error have no calibration without
        it: one over the number of trials is used then, with a warning.
    features : sequence of str, optional
        What the columns are; "score", or "score_0", "score_1"... and "quality_0"..., if not given.
    n_scores : int
        How many of the columns are scores; their weights are not allowed to be negative.

    Returns
    -------
    Calibration

    Raises
    ------
    InputError
        If a kind has no trials, or no score is larger in target trials.
    ParameterError
        If an argument is out of range.

    Warns
    -----
    FitWarning
        If the trials can be told apart without error.

    References
    ----------
    N. Brümmer et al., "Fusion of heterogeneous speaker recognition systems in the STBU submission
    for the NIST speaker recognition evaluation 2006", IEEE TASLP 15 (2007).

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> calibration = fit_logistic(random.normal(2, 1, 5000), random.normal(0, 1, 5000))
    >>> bool(np.allclose(calibration.apply([0.0, 1.0, 2.0]), [-2, 0, 2], atol=0.2))
    True
    """
    log_odds = _log_odds(prior)
    both = _as_columns(target, "target"), _as_columns(nontarget, "nontarget")
    names = _feature_names(features, both[0].shape[1], n_scores)
    if both[0].shape[1] != both[1].shape[1]:
        raise InputError(
            "target and nontarget trials have different features",
            found=f"{both[0].shape[1]} and {both[1].shape[1]} columns",
            needed="the same columns",
        )
    solution = _fit_linear(both, log_odds, check_nonnegative(ridge, "ridge"), n_scores)
    if not solution[1 : 1 + n_scores].any():
        raise InputError(
            "scores do not tell target trials from others",
            found="no score that is larger in target trials",
            needed="larger scores where speakers are the same",
            hint="change the sign of distances",
        )
    return Calibration(float(solution[0]), tuple(solution[1:].tolist()), names, n_scores)


def posterior(llr: npt.ArrayLike, prior: float) -> Float64Array:
    """Return the probability that the speakers are the same, by Bayes' rule.

    Only a calibrated log-likelihood ratio has a probability; a bare score has none.

    Parameters
    ----------
    llr : array_like
        Calibrated log-likelihood ratios, in nats.
    prior : float
        The probability before listening, between 0 and 1 exclusive.

    Returns
    -------
    ndarray
        Of the shape of `llr`.

    Raises
    ------
    ParameterError
        If the prior is out of range.

    Examples
    --------
    >>> posterior([0.0, 4.6], prior=0.01).round(3).tolist()
    [0.01, 0.501]
    """
    from scipy.special import expit

    checked = check_scores(np.ravel(np.asarray(llr)), "llr").reshape(np.shape(llr))
    probability: Float64Array = expit(checked + _log_odds(prior))
    return probability


def _log_odds(prior: float) -> float:
    if not 0 < prior < 1:
        raise ParameterError(
            "prior is not usable",
            found=repr(prior),
            needed="a probability between 0 and 1, both exclusive",
        )
    return math.log(prior) - math.log1p(-prior)


def _as_columns(features: npt.ArrayLike, name: str) -> Float64Array:
    rows = check_scores(features, name, n_dimensions=1 if np.ndim(features) == 1 else 2)
    if not np.isfinite(rows).all():
        raise InputError(f"{name} are infinite", needed="finite numbers")
    if not rows.size:
        raise InputError(f"there are no {name} trials", found=f"shape {rows.shape}")
    return rows[:, None] if rows.ndim == 1 else rows


def _feature_names(given: Sequence[str] | None, n_features: int, n_scores: int) -> tuple[str, ...]:
    if not 1 <= n_scores <= n_features:
        raise ParameterError(
            "n_scores is not usable", found=repr(n_scores), needed=f"1 to {n_features}, the columns"
        )
    if given is None:
        scores = ["score"] if n_scores == 1 else [f"score_{i}" for i in range(n_scores)]
        given = [*scores, *(f"quality_{i}" for i in range(n_features - n_scores))]
    if len(given) != n_features:
        raise ParameterError(
            "there is not one name for each column",
            found=f"{len(given)} names for {n_features} columns",
        )
    return tuple(given)


def _fit_linear(
    both: tuple[Float64Array, Float64Array], log_odds: float, ridge: float, n_scores: int
) -> Float64Array:
    """Return the offset, then the weights, in the features' own units."""
    rows = np.concatenate(both)
    center, scale = rows.mean(axis=0), rows.std(axis=0)
    # A constant column stays at weight zero: the offset says what it could.
    scale[scale <= 1e-12 * np.abs(center)] = np.inf
    target, nontarget = ((kind - center) / scale for kind in both)
    problem = _LogisticProblem(target, nontarget, log_odds, n_scores)
    solution = problem.solve(ridge)
    if ridge == 0 and problem.separates(solution):
        ridge = 1 / len(rows)
        warnings.warn(
            FitWarning(
                "target and nontarget trials can be told apart without error, which bounds no "
                f"log-likelihood ratio: a ridge of {ridge:.2g} does; use more or harder trials"
            ),
            stacklevel=3,
        )
        solution = problem.solve(ridge)
    weights = solution[1:] / scale
    return np.append(solution[0] - weights @ center, weights)


@dataclass(frozen=True, eq=False)
class _LogisticProblem:
    """The loss of linear log-likelihood ratios at a prior, in nats, to be made small."""

    target: Float64Array
    nontarget: Float64Array
    log_odds: float
    n_scores: int

    def solve(self, ridge: float) -> Float64Array:
        from scipy.optimize import minimize

        n_features = self.target.shape[1]
        bounds = [(None, None)] + [(0.0, None)] * self.n_scores
        bounds += [(None, None)] * (n_features - self.n_scores)
        return np.asarray(
            minimize(
                self.loss,
                np.zeros(1 + n_features),
                args=(ridge,),
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"ftol": 1e-16, "gtol": 1e-11, "maxiter": 5000},
            ).x
        )

    def loss(self, solution: Float64Array, ridge: float) -> tuple[float, Float64Array]:
        """Return the loss and its gradient."""
        from scipy.special import expit

        weights = solution[1:]
        target = self.target @ weights + solution[0] + self.log_odds
        nontarget = self.nontarget @ weights + solution[0] + self.log_odds
        prior = expit(self.log_odds)
        loss = prior * np.logaddexp(0, -target).mean()
        loss += (1 - prior) * np.logaddexp(0, nontarget).mean() + ridge / 2 * (weights @ weights)
        pull = -prior * expit(-target) / len(target)
        push = (1 - prior) * expit(nontarget) / len(nontarget)
        slopes = pull @ self.target + push @ self.nontarget + ridge * weights
        return float(loss), np.append(pull.sum() + push.sum(), slopes)

    def separates(self, solution: Float64Array) -> bool:
        """Return whether no nontarget trial is above a target trial."""
        weights = solution[1:]
        apart = (self.target @ weights).min() >= (self.nontarget @ weights).max()
        return bool(apart and weights.any())
