"""The tables of a report as cells of text, for every way of showing them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from gmmkit.report.columns import percent, with_spread
from gmmkit.report.components import ComponentReport
from gmmkit.report.starts import StartsReport

if TYPE_CHECKING:
    from gmmkit.report.mixtures import MixtureReport

_COMPONENTS_A_TABLE = 6
_COMPONENTS_IN_FULL = 24
_OPTIMA_SHOWN = 5


class Table(NamedTuple):
    """Cells of text under a header, and which columns are words that stand to the left."""

    header: list[str]
    rows: list[list[str]]
    left: tuple[int, ...] = ()


def overview_table(report: "MixtureReport") -> Table:
    """Return one line a component: share, rows, neighbor, and what sets it apart.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.mixture import Mixture
    >>> from gmmkit.report.mixtures import describe
    >>> overview_table(describe(Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))))[:2]
    (['component', 'share'], [['0', '100.0 %']])
    """
    with_rows = report.rows is not None
    several = len(report.components) > 1
    header = ["component", "share", *["rows", "certainty"] * with_rows]
    header += ["nearest", "overlap", "what sets it apart"] * several
    rows = [_overview(each, with_rows, several) for each in report.components]
    return Table(header, rows, (len(header) - 1,) if several else ())


def center_tables(report: "MixtureReport") -> Iterator[Table]:
    """Return centers and spreads, a line a column of the data, at most six components a table.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.mixture import Mixture
    >>> from gmmkit.report.mixtures import describe
    >>> [table] = center_tables(describe(Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))))
    >>> table.header, table.rows
    (['column', '0'], [['x0', '0.0 ± 1.0']])
    """
    shown = report.components[:_COMPONENTS_IN_FULL]
    for start in range(0, len(shown), _COMPONENTS_A_TABLE):
        some = shown[start : start + _COMPONENTS_A_TABLE]
        rows = [
            [title, *(with_spread(each.center[j], each.spread[j]) for each in some)]
            for j, title in enumerate(report.columns.titles)
        ]
        yield Table(["column", *(str(each.index) for each in some)], rows, (0,))


def direction_lines(report: "MixtureReport") -> Iterator[str]:
    """Say along which columns each component stretches most; nothing in one dimension.

    Examples
    --------
    >>> from gmmkit.core.mixture import Mixture
    >>> from gmmkit.report.mixtures import describe
    >>> mixture = Mixture([1.0], [[0.0, 0.0]], [[[1.0, 0.6], [0.6, 1.0]]])
    >>> list(direction_lines(describe(mixture)))
    ['0: x0, x1 (80.0 % of its variance)']
    """
    if len(report.columns.names) == 1:
        return
    for each in report.components[:_COMPONENTS_IN_FULL]:
        first = each.directions[0]
        yield f"{each.index}: {first.words} ({percent(first.share)} of its variance)"


def left_out(report: "MixtureReport") -> str:
    """Say of how many components centers and directions are not shown; empty if of none.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.mixture import Mixture
    >>> from gmmkit.report.mixtures import describe
    >>> many = Mixture(np.full(30, 1 / 30), np.arange(30.0)[:, None], np.ones((30, 1, 1)))
    >>> left_out(describe(many))
    'centers of components 24 to 29 are not shown here'
    """
    last = len(report.components) - 1
    if last < _COMPONENTS_IN_FULL:
        return ""
    return f"centers of components {_COMPONENTS_IN_FULL} to {last} are not shown here"


def starts_table(report: StartsReport) -> Table:
    """Return one line an optimum: what it reached, how often, and how alike its groups are.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.mixture import Mixture
    >>> from gmmkit.core.fits.optima import Optimum
    >>> from gmmkit.report.starts import describe_starts
    >>> found = [Optimum(-5.0, True, 4, Mixture([1.0], [[0.0]], np.ones((1, 1, 1))))]
    >>> starts_table(describe_starts(found))[:2]
    (['log likelihood', 'starts', 'valid'], [['-5.00', '4', 'yes']])
    """
    header = ["log likelihood", "starts", "valid"]
    shown = report.optima[:_OPTIMA_SHOWN]
    rows = [
        [f"{each.log_likelihood:,.2f}", f"{each.starts}", "yes" if each.valid else "no"]
        for each in shown
    ]
    if report.agreement is None:
        return Table(header, rows)
    alike = report.agreement[0, : len(shown)]
    both = zip(rows, alike, strict=True)
    return Table([*header, "ARI to the best"], [[*row, f"{index:.2f}"] for row, index in both])


def _overview(each: ComponentReport, with_rows: bool, several: bool) -> list[str]:
    cells = [str(each.index), percent(each.share)]
    if with_rows:
        cells += [_number(each.rows), "-" if each.certainty is None else percent(each.certainty)]
    return [*cells, str(each.nearest), f"{each.overlap:.2f}", each.apart] if several else cells


def _number(rows: float | None) -> str:
    return "-" if rows is None else f"{rows:,.1f}"
