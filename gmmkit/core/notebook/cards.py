"""What a notebook shows of a mixture and of a fit: the numbers that the values hold, nothing more.

A card is to HTML what a `repr` is to text, so it stands beside the values. It calculates nothing
and knows no names of columns: that is what a report is for.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gmmkit.core.notebook.markup import bullets, card, paragraph, table

if TYPE_CHECKING:
    from gmmkit.core.fits.result import FitResult
    from gmmkit.core.fits.selection import Selection
    from gmmkit.core.mixture import Mixture

_COMPONENTS_SHOWN = 12
_COLUMNS_SHOWN = 8
_CANDIDATES_SHOWN = 10


def mixture_card(mixture: "Mixture") -> str:
    """Return a mixture as an HTML table: the largest components, their means and deviations.

    Examples
    --------
    >>> from gmmkit.core.mixture import Mixture
    >>> mixture_card(Mixture([1.0], [[2.0]], [[[9.0]]])).count("2 ± 3")
    1
    """
    return card(repr(mixture)[1:-1], *_components(mixture))


def fit_card(result: "FitResult") -> str:
    """Return a fit as HTML: how it ended, its notes, and its mixture.

    Examples
    --------
    >>> from gmmkit.core.fits.fitting import fit
    >>> "log likelihood" in fit_card(fit(np.arange(9.0)[:, None], 1))
    True
    """
    ended = "converged" if result.converged else "not converged"
    facts = (
        f"log likelihood {result.log_likelihood:,.2f} · BIC {result.bic():,.2f} · "
        f"{ended} after {result.n_iter} iterations"
    )
    title = f"Fit: {repr(result.mixture)[1:-1]}"
    return card(title, paragraph(facts), bullets(result.notes), *_components(result.mixture))


def selection_card(selection: "Selection") -> str:
    """Return a selection as HTML: the best candidates by its criterion, the chosen one first.

    Examples
    --------
    >>> from gmmkit.core.fits.selection import select
    >>> "E" in selection_card(select(np.arange(9.0)[:, None], 1, "E"))
    True
    """
    header = ["covariances", "components", "log likelihood", "parameters", "BIC", "ICL", "AIC"]
    ranked = selection.ranked()
    rows = (
        [
            candidate.covariance if candidate.valid else f"{candidate.covariance} (collapsed)",
            str(candidate.n_components),
            f"{candidate.log_likelihood:,.2f}",
            str(candidate.n_parameters),
            *(f"{value:,.2f}" for value in (candidate.bic, candidate.icl, candidate.aic)),
        ]
        for candidate in ranked[:_CANDIDATES_SHOWN]
    )
    left_out = len(ranked) - _CANDIDATES_SHOWN
    more = [paragraph(f"… and {left_out} candidates more")] if left_out > 0 else []
    return card(repr(selection)[1:-1], table(header, rows), *more)


def _components(mixture: "Mixture") -> Iterator[str]:
    largest = np.argsort(-mixture.weights, kind="stable")[:_COMPONENTS_SHOWN]
    n_columns = min(mixture.n_features, _COLUMNS_SHOWN)
    header = ["component", "share", *(f"x{index}" for index in range(n_columns))]
    variances = mixture.variances[:, :n_columns]
    rows = (
        [str(k), f"{mixture.weights[k]:.3f}", *map(_cell, mixture.means[k], variances[k])]
        for k in largest
    )
    yield table(header, rows)
    left_out = _left_out(mixture.n_components - len(largest), mixture.n_features - n_columns)
    if left_out:
        yield paragraph(left_out)
    if mixture.noise is not None:
        yield paragraph(f"noise: share {mixture.noise.weight:.3f}")


def _cell(mean: float, variance: float) -> str:
    return f"{mean:.4g} ± {np.sqrt(variance):.2g}"


def _left_out(components: int, columns: int) -> str:
    both = [(components, "smaller components"), (columns, "columns")]
    parts = [f"{count} {noun}" for count, noun in both if count > 0]
    return f"… and {' and '.join(parts)} more" if parts else ""
