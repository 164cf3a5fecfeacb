"""Reports as plain text: aligned with spaces, as wide as they must be, for any terminal or file."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gmmkit.report.columns import counted, percent
from gmmkit.report.tables import (
    Table,
    center_tables,
    direction_lines,
    left_out,
    overview_table,
    starts_table,
)

if TYPE_CHECKING:
    from gmmkit.report.fits import FitReport
    from gmmkit.report.mixtures import MixtureReport

_INDENT = "  "


def mixture_text(report: "MixtureReport") -> str:
    """Return the report of a mixture as lines of text.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.mixture import Mixture
    >>> from gmmkit.report.mixtures import describe
    >>> mixture = Mixture([0.4, 0.6], [[4.0], [9.0]], np.ones((2, 1, 1)))
    >>> print(mixture_text(describe(mixture, names=["weight"], units=["g"])))
    2 full Gaussians in 1 dimension
    <BLANKLINE>
      component   share  nearest  overlap  what sets it apart
              0  40.0 %        1     0.04  very low weight
              1  60.0 %        0     0.04  very high weight
    <BLANKLINE>
      column              0          1
      weight (g)  4.0 ± 1.0  9.0 ± 1.0
    """
    return "\n".join([*_mixture_lines(report), *_advice_lines(report.advice)])


def fit_text(report: "FitReport") -> str:
    """Return the report of a fit as lines of text.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.fits.fitting import fit
    >>> from gmmkit.report.fits import describe_fit
    >>> print(fit_text(describe_fit(fit(np.arange(9.0)[:, None], 1, seed=0))).splitlines()[-1])
      One component has one optimum, wherever it starts.
    """
    lines = list(_mixture_lines(report.mixture))
    facts = [_INDENT + line for line in fit_facts(report)]
    starts = starts_table(report.starts)
    below = _aligned(starts) if len(report.starts.optima) > 1 else []
    notes = [_INDENT + f"note: {note}" for note in report.notes]
    advice = _advice_lines(report.advice)
    sentence = ["", _INDENT + report.starts.sentence]
    return "\n".join([lines[0], *facts, *lines[1:], *sentence, *below, *notes, *advice])


def fit_facts(report: "FitReport") -> Iterator[str]:
    """Say how a fit ended, and what it reached.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.fits.fitting import fit
    >>> from gmmkit.report.fits import describe_fit
    >>> list(fit_facts(describe_fit(fit([[0.0], [2.0]], 1))))[0]
    'log likelihood -2.84, 2 parameters, BIC 7.06 (lower is better)'
    """
    yield (
        f"log likelihood {report.log_likelihood:,.2f}, {report.n_parameters} parameters, "
        f"BIC {report.bic:,.2f} (lower is better)"
    )
    ended = "converged" if report.converged else "NOT converged"
    sound = "" if report.valid else "; degenerate: do not compare its likelihood with others"
    work = f"{counted(report.n_iter, 'iteration')} on {counted(report.rows, 'row')}"
    yield f"{ended} after {work}{sound}"


def mixture_facts(report: "MixtureReport") -> Iterator[str]:
    """Say what the rows, and the noise, add to the tables of a mixture.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.mixture import Mixture
    >>> from gmmkit.report.mixtures import describe
    >>> mixture = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> list(mixture_facts(describe(mixture, rows=[[0.0]])))
    ['1 row, assigned with an uncertainty of 0 % on average']
    """
    if report.noise:
        yield f"noise explains {percent(report.noise)}"
    if report.rows is not None and report.uncertainty is not None:
        doubt = percent(report.uncertainty)
        yield f"{counted(report.rows, 'row')}, assigned with an uncertainty of {doubt} on average"


def _mixture_lines(report: "MixtureReport") -> Iterator[str]:
    yield report.title
    yield from (_INDENT + fact for fact in mixture_facts(report))
    yield ""
    yield from _aligned(overview_table(report))
    for table in center_tables(report):
        yield ""
        yield from _aligned(table)
    if left_out(report):
        yield from ["", _INDENT + left_out(report)]
    directions = list(direction_lines(report))
    if directions:
        yield from ["", _INDENT + "runs along"]
        yield from (_INDENT * 2 + line for line in directions)


def _advice_lines(advice: Sequence[object]) -> list[str]:
    return ["", *(f"{_INDENT}! {each}" for each in advice)] if advice else []


def _aligned(table: Table) -> list[str]:
    lines = [table.header, *table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [_line(line, widths, table.left) for line in lines]


def _line(cells: Sequence[str], widths: Sequence[int], left: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if index in left else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return (_INDENT + "  ".join(padded)).rstrip()
