"""Criteria that weigh how well a mixture describes rows against how much it took."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.fits.result import FitResult
from gmmkit.core.gaps.incomplete import responsibilities
from gmmkit.errors import ParameterError


@dataclass(frozen=True)
class Criterion:
    """How candidates are compared.

    Attributes
    ----------
    name : str
    value : callable
        From a candidate to a number, of which more is better.
    held_out : bool
        Whether it takes fits to parts of the rows.
    """

    name: str
    value: Callable[[Any], float]
    held_out: bool = False

    def order(self, candidate: Any) -> tuple[bool, float]:
        """Return what orders candidates: a collapsed one never beats a valid one."""
        return candidate.valid, self.value(candidate)


_CRITERIA = (
    Criterion("bic", lambda candidate: -candidate.bic),
    Criterion("aic", lambda candidate: -candidate.aic),
    Criterion("icl", lambda candidate: -candidate.icl),
    Criterion("held_out", lambda candidate: candidate.held_out, held_out=True),
)


def criterion_names() -> tuple[str, ...]:
    """Return the criteria that there are.

    Examples
    --------
    >>> criterion_names()
    ('bic', 'aic', 'icl', 'held_out')
    """
    return tuple(criterion.name for criterion in _CRITERIA)


def criterion_named(name: str) -> Criterion:
    """Return the criterion of that name.

    Raises
    ------
    ParameterError
        If there is none.

    Examples
    --------
    >>> criterion_named("icl").held_out
    False
    """
    for criterion in _CRITERIA:
        if criterion.name == name:
            return criterion
    raise ParameterError(
        "there is no such criterion",
        found=repr(name),
        needed="one of " + ", ".join(criterion_names()),
    )


def icl(result: FitResult, rows: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    """Return the integrated completed likelihood criterion; lower is better.

    BIC and twice the loss of assigning every row to its likeliest component:
    BIC - 2 sum over rows of w log max over k of r_k (Biernacki, Celeux and Govaert, "Assessing a
    mixture model for clustering with the integrated completed likelihood", IEEE Transactions on
    Pattern Analysis and Machine Intelligence 22 (2000)).

    Parameters
    ----------
    result : FitResult
    rows : array_like of shape (N, D)
        What was fitted.
    weights : array_like of shape (N,), optional
        Frequencies.

    Examples
    --------
    >>> from gmmkit.core.fits.fitting import fit
    >>> rows = np.arange(9.0)[:, None]
    >>> result = fit(rows, 1)
    >>> icl(result, rows) == result.bic()
    True
    """
    shares = responsibilities(rows, result.mixture)
    noise = 1.0 - shares.sum(axis=1)
    surest = np.maximum(shares.max(axis=1), noise)
    counted = np.ones(len(surest)) if weights is None else np.asarray(weights, dtype=np.float64)
    if result.kept is not None:
        counted = counted * result.kept
    return float(result.bic() - 2.0 * (counted @ np.log(surest)))
