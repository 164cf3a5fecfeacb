"""Calibration in steps: whatever rises with the score, and no assumption more."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_parameters
from gmmkit.errors import InputError, ParameterError
from gmmkit.speaker.evaluation.detection import Kind, check_kind, check_scores
from gmmkit.speaker.evaluation.evidence import pool_adjacent_violators


@dataclass(frozen=True)
class IsotonicCalibration:
    """A log-likelihood ratio that rises with the score in steps.

    Parameters
    ----------
    edges : tuple of float
        Scores at which the next step begins, rising.
    llr : tuple of float
        In nats, not falling: one below the first edge, then one from each edge on.

    Raises
    ------
    ParameterError
        If edges do not rise, ratios fall, or there is not one ratio more than edges.

    Examples
    --------
    >>> IsotonicCalibration((0.0, 1.0), (-2.0, 0.5, 3.0)).apply([-5.0, 0.0, 1.0]).tolist()
    [-2.0, 0.5, 3.0]
    """

    edges: tuple[float, ...]
    llr: tuple[float, ...]

    def __post_init__(self) -> None:
        edges = check_parameters(self.edges, "edges")
        llr = check_parameters(self.llr, "llr")
        sizes_fit = edges.ndim == llr.ndim == 1 and len(llr) == len(edges) + 1
        if not sizes_fit or (np.diff(edges) <= 0).any() or (np.diff(llr) < 0).any():
            raise ParameterError(
                "these are no rising steps",
                found=f"edges of shape {edges.shape}, ratios of shape {llr.shape}",
                needed="rising edges, and ratios that do not fall, one more of them",
            )

    def apply(self, scores: npt.ArrayLike) -> Float64Array:
        """Return the log-likelihood ratio of every trial.

        Parameters
        ----------
        scores : array_like of shape (n_trials,)
            Not NaN.

        Returns
        -------
        ndarray of shape (n_trials,)
            In nats.

        Examples
        --------
        >>> IsotonicCalibration((0.0,), (-1.0, 1.0)).apply([0.5]).tolist()
        [1.0]
        """
        steps = np.searchsorted(self.edges, check_scores(scores, "scores"), side="right")
        llr: Float64Array = np.array(self.llr)[steps]
        return llr


def fit_isotonic(
    target_scores: npt.ArrayLike, nontarget_scores: npt.ArrayLike
) -> IsotonicCalibration:
    """Fit a calibration in steps by pooling adjacent violators.

    One trial of either kind is added below all scores and one above, so that no step is infinite.
    Between two blocks of pooled scores, the step is in the middle.

    Parameters
    ----------
    target_scores, nontarget_scores : array_like of shape (n_targets,) and (n_nontargets,)
        Finite; larger for more alike.

    Returns
    -------
    IsotonicCalibration

    Raises
    ------
    InputError
        If a kind has no trials, or scores are not finite numbers in one dimension.

    References
    ----------
    B. Zadrozny and C. Elkan, "Transforming classifier scores into accurate multiclass probability
    estimates", KDD 2002; the added trials: Brümmer and de Villiers, "The BOSARIS toolkit" (2011).

    Examples
    --------
    >>> calibration = fit_isotonic([1.0, 3.0, 4.0], [0.0, 2.0])
    >>> calibration.edges
    (0.5, 2.5)
    >>> np.exp(calibration.llr).round(3).tolist()
    [0.333, 0.667, 2.0]
    """
    targets = _with_one_at_either_end(target_scores, "target")
    nontargets = _with_one_at_either_end(nontarget_scores, "nontarget")
    blocks = pool_adjacent_violators(targets, nontargets)
    # A block of nothing but added trials belongs to no score; all others hold both kinds.
    real = (blocks.highest > -np.inf) & (blocks.lowest < np.inf)
    llr = blocks.llr(targets.total - 2, nontargets.total - 2)[real]
    edges = _between(blocks.highest[real][:-1], blocks.lowest[real][1:])
    return IsotonicCalibration(tuple(edges.tolist()), tuple(llr.tolist()))


def _between(below: Float64Array, above: Float64Array) -> Float64Array:
    middle = below / 2 + above / 2
    # Neighboring numbers have no middle.
    edges: Float64Array = np.where(middle > below, middle, above)
    return edges


def _with_one_at_either_end(scores: npt.ArrayLike, name: str) -> Kind:
    kind = check_kind(scores, None, 0, name)
    if not np.isfinite(kind.scores).all():
        raise InputError(f"{name} scores are infinite", needed="finite numbers")
    values = np.concatenate([[-np.inf], kind.scores, [np.inf]])
    return Kind(values, np.ones(len(values)), 0)
