"""What a fit to a table comes to: its components in order, checked, described and written."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gmmkit.cli.table.data import Data
from gmmkit.cli.table.reports import shown_names
from gmmkit.cli.table.wording import Wording
from gmmkit.errors import DegenerateFitError, FitWarning, GmmkitWarning

if TYPE_CHECKING:
    from gmmkit.core.fits.result import FitResult
    from gmmkit.report import FitReport


def in_order(result: "FitResult", data: Data) -> "FitResult":
    """Return the fit with its largest component first, after those that labels name.

    Examples
    --------
    >>> import gmmkit
    >>> rows = [[0.0], [1.0], [8.0], [9.0], [10.0]]
    >>> result = in_order(gmmkit.fit(rows, 2, covariance="tied", seed=0), Data(("x",), rows))
    >>> result.mixture.weights.round(2).tolist()
    [0.6, 0.4]
    """
    named = 0 if data.labels is None else len(data.labels.names)
    rest = named + np.argsort(-result.mixture.weights[named:], kind="stable")
    return replace(result, mixture=result.mixture.reordered([*range(named), *rest.tolist()]))


def check_strictly(result: "FitResult", warned: Sequence[GmmkitWarning]) -> None:
    """Refuse a degenerate fit.

    Raises
    ------
    DegenerateFitError
        Saying all that is wrong with it.

    Examples
    --------
    >>> import gmmkit
    >>> check_strictly(gmmkit.fit(np.arange(9.0)[:, None], 1), [])
    """
    reasons = [str(warning) for warning in warned if isinstance(warning, FitWarning)]
    reasons += [] if result.valid else list(result.notes) or ["a component is degenerate"]
    reasons += [] if result.converged else [f"not converged after {result.n_iter} iterations"]
    if reasons:
        raise DegenerateFitError(
            "the fit is degenerate, and --strict was asked for",
            found="; ".join(dict.fromkeys(reasons)),
            hint="ask for fewer components or --covariance diag, or leave --strict out",
        )


def described(result: "FitResult", data: Data) -> "FitReport":
    """Describe a fit by the names of the columns.

    Examples
    --------
    >>> import gmmkit
    >>> rows = np.arange(9.0)[:, None]
    >>> described(gmmkit.fit(rows, 1), Data(("age",), rows)).mixture.columns.names
    ('age',)
    """
    from gmmkit.report import describe_fit

    return describe_fit(
        result,
        names=shown_names(data.columns),
        rows=None if data.has_gaps else data.matrix,
        weights=None if data.has_gaps else data.weights,
    )


def told(report: "FitReport", data: Data) -> str:
    """Return the report of a fit as text in the words of the command line.

    Examples
    --------
    >>> import gmmkit
    >>> rows = np.arange(9.0)[:, None]
    >>> data = Data(("age",), rows)
    >>> "--starts 10" in told(described(gmmkit.fit(rows, 2, start="kmeans"), data), data)
    True
    """
    text = Wording(shown_names(data.columns))(str(report))
    if data.labels is None:
        return text
    known = f"{data.labels.n_known:,} of {data.n_rows:,} rows are labeled: {data.labels}"
    return f"{text}\n  {known}"


def write_fit(
    result: "FitResult",
    data: Data,
    output: Path | None,
    *,
    notes: Mapping[str, str],
    force: bool,
) -> None:
    """Write the model of a table where that was asked for.

    Raises
    ------
    GmmkitError
        If it cannot be written.

    Examples
    --------
    >>> import gmmkit
    >>> rows = np.arange(9.0)[:, None]
    >>> write_fit(gmmkit.fit(rows, 1), Data(("x",), rows), None, notes={}, force=False)
    """
    if output is None:
        return
    from gmmkit.io.model import save
    from gmmkit.io.table_model import TableModel

    facts = {
        "rows": str(data.n_rows),
        "log likelihood": f"{result.log_likelihood!r}",
        "BIC": f"{result.bic()!r}",
    }
    labels = {} if data.labels is None else {"labels": str(data.labels)}
    model = TableModel(result.mixture, data.columns, facts | labels | dict(notes))
    save(model.to_model(), output, force=force)
