"""A fit described: its mixture, how it ended, how much its start decided, and what to do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy.typing as npt

from gmmkit.core.fits.optima import Optimum
from gmmkit.core.fits.result import FitResult
from gmmkit.report.advice import Advice, advice_on_mixture, floored, not_converged
from gmmkit.report.mixtures import MixtureReport, describe
from gmmkit.report.starts import StartsReport, describe_starts


@dataclass(frozen=True, eq=False)
class FitReport:
    """A fit described.

    `print` it for plain text; a notebook shows it as a table.

    Attributes
    ----------
    mixture : MixtureReport
    log_likelihood : float
        In nats.
    bic : float
        Lower is better.
    n_parameters : int
    rows : float
        The sum of the rows' weights.
    converged : bool
    n_iter : int
    valid : bool
        Whether its likelihood may be compared with that of other fits.
    starts : StartsReport
    notes : tuple of str
        What the fit itself noted.
    advice : tuple of Advice
        What to know, and what to do about it.

    Examples
    --------
    >>> from gmmkit.core.fits.fitting import fit
    >>> describe_fit(fit([[0.0], [1.0], [2.0]], 1, max_iter=1)).advice[0].code
    'not_converged'
    """

    mixture: MixtureReport
    log_likelihood: float
    bic: float
    n_parameters: int
    rows: float
    converged: bool
    n_iter: int
    valid: bool
    starts: StartsReport
    notes: tuple[str, ...]
    advice: tuple[Advice, ...]

    def __str__(self) -> str:
        from gmmkit.report.text import fit_text

        return fit_text(self)

    def _repr_html_(self) -> str:
        from gmmkit.report.html import fit_html

        return fit_html(self)


def describe_fit(
    result: FitResult,
    *,
    names: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
    rows: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
) -> FitReport:
    """Describe a fit: its components, how it ended, and how much its start decided.

    Parameters
    ----------
    result : FitResult
    names, units, rows, weights
        As in :func:`~gmmkit.report.mixtures.describe`.

    Returns
    -------
    FitReport

    Raises
    ------
    InputError
        If the rows or weights cannot be used.
    ParameterError
        If names or units do not match the columns.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.fits.fitting import fit
    >>> rows = np.concatenate([np.arange(9.0), 100 + np.arange(9.0)])[:, None]
    >>> report = describe_fit(fit(rows, 2, seed=0), names=["age"])
    >>> sorted(component.apart for component in report.mixture.components)
    ['very high age', 'very low age']
    """
    mixture = describe(result.mixture, names=names, units=units, rows=rows, weights=weights)
    starts = describe_starts(_optima(result), rows, searched=result.searched)
    return FitReport(
        mixture=replace(mixture, advice=()),
        log_likelihood=result.log_likelihood,
        bic=result.bic(),
        n_parameters=result.mixture.n_parameters,
        rows=result.weight,
        converged=result.converged,
        n_iter=result.n_iter,
        valid=result.valid,
        starts=starts,
        notes=result.notes,
        advice=tuple(_advice(result, mixture, starts)),
    )


def _optima(result: FitResult) -> tuple[Optimum, ...]:
    """Return the optima of a fit; one that keeps none counts as one start."""
    alone = Optimum(result.log_likelihood, result.valid, 1, result.mixture)
    return result.optima or (alone,)


def _advice(result: FitResult, mixture: MixtureReport, starts: StartsReport) -> Iterator[Advice]:
    if not result.converged:
        yield not_converged(result.n_iter)
    counts = result.mixture.weights * result.weight
    yield from advice_on_mixture(result.mixture, mixture.overlap, counts)
    if result.trace and result.trace[-1].floored:
        yield floored(result.trace[-1].floored)
    if not starts.searched and starts.n_starts > 1 and starts.optima[0].starts == 1:
        problem = f"only one of {starts.n_starts} starts found this optimum"
        yield Advice("rare_optimum", (), problem, "run more starts, better ones may exist")
