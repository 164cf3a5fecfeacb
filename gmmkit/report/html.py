"""Reports as HTML for notebooks: the same tables, escaped, without scripts or outside files."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gmmkit.core.notebook.markup import bullets, card, paragraph, table
from gmmkit.report.tables import (
    Table,
    center_tables,
    direction_lines,
    left_out,
    overview_table,
    starts_table,
)
from gmmkit.report.text import fit_facts, mixture_facts

if TYPE_CHECKING:
    from gmmkit.report.fits import FitReport
    from gmmkit.report.mixtures import MixtureReport


def mixture_html(report: "MixtureReport") -> str:
    """Return the report of a mixture as HTML.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.mixture import Mixture
    >>> from gmmkit.report.mixtures import describe
    >>> mixture = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> "a&lt;b" in mixture_html(describe(mixture, names=["a<b"]))
    True
    """
    return card(report.title, *_mixture_parts(report), bullets(map(str, report.advice)))


def fit_html(report: "FitReport") -> str:
    """Return the report of a fit as HTML.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.fits.fitting import fit
    >>> from gmmkit.report.fits import describe_fit
    >>> "converged" in fit_html(describe_fit(fit(np.arange(9.0)[:, None], 1)))
    True
    """
    facts = map(paragraph, fit_facts(report))
    sentence = paragraph(report.starts.sentence)
    starts = _html(starts_table(report.starts)) if len(report.starts.optima) > 1 else ""
    doubts = bullets([*report.notes, *map(str, report.advice)])
    return card(
        report.mixture.title, *facts, *_mixture_parts(report.mixture), sentence, starts, doubts
    )


def _mixture_parts(report: "MixtureReport") -> Iterator[str]:
    yield from map(paragraph, mixture_facts(report))
    yield _html(overview_table(report))
    yield from map(_html, center_tables(report))
    if left_out(report):
        yield paragraph(left_out(report))
    directions = [f"component {line}" for line in direction_lines(report)]
    if directions:
        yield paragraph("runs along") + bullets(directions)


def _html(cells: Table) -> str:
    return table(cells.header, cells.rows, left=cells.left)
