"""A whole mixture described: its components in numbers and words, and what to know about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gmmkit.core.assignments import Assignments, assign
from gmmkit.core.checks import Float64Array, FloatArray, check_rows, check_weights
from gmmkit.core.em import e_step
from gmmkit.core.mixture import Mixture
from gmmkit.report.advice import Advice, advice_on_mixture
from gmmkit.report.columns import Columns, check_columns, counted
from gmmkit.report.components import (
    ComponentReport,
    distinctions,
    nearest_components,
    overlaps,
    principal_directions,
)


@dataclass(frozen=True, eq=False)
class MixtureReport:
    """A mixture described.

    `print` it for plain text; a notebook shows it as a table.

    Attributes
    ----------
    title : str
    columns : Columns
    components : tuple of ComponentReport
        In the order of the mixture.
    overlap : ndarray of shape (K, K)
        Bhattacharyya coefficients between components.
    noise : float
        The share of rows that no component explains.
    rows : float or None
        The sum of the rows' weights, None without rows.
    uncertainty : float or None
        The average uncertainty of an assignment, None without rows.
    advice : tuple of Advice

    Examples
    --------
    >>> report = describe(Mixture([1.0], [[170.0]], [[[49.0]]]), names=["height"], units=["cm"])
    >>> print(report)
    1 full Gaussian in 1 dimension
    <BLANKLINE>
      component    share
              0  100.0 %
    <BLANKLINE>
      column                 0
      height (cm)  170.0 ± 7.0
    """

    title: str
    columns: Columns
    components: tuple[ComponentReport, ...]
    overlap: Float64Array
    noise: float
    rows: float | None
    uncertainty: float | None
    advice: tuple[Advice, ...]

    def __str__(self) -> str:
        from gmmkit.report.text import mixture_text

        return mixture_text(self)

    def _repr_html_(self) -> str:
        from gmmkit.report.html import mixture_html

        return mixture_html(self)


@dataclass(frozen=True, eq=False)
class _Explained:
    """What the rows, if there are any, add to the description."""

    total: float | None = None
    counts: Float64Array | None = None
    certainties: tuple[float | None, ...] = ()
    uncertainty: float | None = None


def describe(
    mixture: Mixture,
    *,
    names: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
    rows: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
) -> MixtureReport:
    """Describe a mixture, component by component.

    Parameters
    ----------
    mixture : Mixture
    names : sequence of str, optional
        Of the D columns; x0, x1, ... by default.
    units : sequence of str, optional
        What each column is measured in; empty for none.
    rows : array_like of shape (N, D), optional
        To say how many rows each component explains, and how surely.
    weights : array_like of shape (N,), optional
        Frequencies of the rows.

    Returns
    -------
    MixtureReport

    Raises
    ------
    InputError
        If the rows or weights cannot be used.
    ParameterError
        If names or units do not match the columns.

    Examples
    --------
    >>> mixture = Mixture([0.4, 0.6], [[4.0, 1.0], [9.0, 1.0]], [np.eye(2)] * 2)
    >>> report = describe(mixture, names=["weight", "size"])
    >>> [component.apart for component in report.components]
    ['very low weight', 'very high weight']
    """
    columns = check_columns(names, units, mixture.n_features)
    explained = _Explained() if rows is None else _explained(mixture, rows, weights)
    overlap = overlaps(mixture)
    return MixtureReport(
        title=_title(mixture),
        columns=columns,
        components=tuple(_with_rows(_components(mixture, columns), explained)),
        overlap=overlap,
        noise=0.0 if mixture.noise is None else mixture.noise.weight,
        rows=explained.total,
        uncertainty=explained.uncertainty,
        advice=tuple(advice_on_mixture(mixture, overlap, explained.counts)),
    )


def _title(mixture: Mixture) -> str:
    k, d = mixture.means.shape
    family = mixture.covariance.family.name
    return f"{counted(k, f'{family} Gaussian')} in {counted(d, 'dimension')}"


def _components(mixture: Mixture, columns: Columns) -> Iterator[ComponentReport]:
    nearest = nearest_components(mixture)
    directions = principal_directions(mixture, columns)
    apart = distinctions(mixture, columns)
    spreads = np.sqrt(mixture.variances)
    for k, weight in enumerate(mixture.weights):
        yield ComponentReport(
            index=k,
            share=float(weight),
            center=mixture.means[k],
            spread=spreads[k],
            directions=directions[k],
            nearest=nearest[k][0],
            overlap=nearest[k][1],
            distinctions=apart[k],
        )


def _with_rows(
    components: Iterator[ComponentReport], explained: _Explained
) -> Iterator[ComponentReport]:
    if explained.counts is None:
        yield from components
        return
    both = zip(components, explained.counts, explained.certainties, strict=True)
    for component, count, certainty in both:
        yield replace(component, rows=float(count), certainty=certainty)


def _explained(mixture: Mixture, rows: npt.ArrayLike, weights: npt.ArrayLike | None) -> _Explained:
    array = check_rows(rows, n_features=mixture.n_features)
    frequencies = check_weights(weights, len(array))
    statistics = e_step(array, mixture, frequencies)
    frequency = np.ones(len(array)) if frequencies is None else frequencies
    assigned = assign(mixture, array)
    return _Explained(
        total=float(frequency.sum()),
        counts=statistics.weight,
        certainties=tuple(_certainties(assigned, frequency, mixture.n_components)),
        uncertainty=float(frequency @ assigned.uncertainty / frequency.sum()),
    )


def _certainties(
    assigned: Assignments, weights: FloatArray, n_components: int
) -> Iterator[float | None]:
    for k in range(n_components):
        own = weights * (assigned.labels == k)
        total = float(own.sum())
        yield 1.0 - float(own @ assigned.uncertainty) / total if total > 0 else None
