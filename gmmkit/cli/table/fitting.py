"""``gmmkit fit``, step by step: choose columns, read, fit, describe, write the model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gmmkit.cli.progress import stages
from gmmkit.cli.results import Report, json_text, plural, warnings_of
from gmmkit.cli.session import collected_warnings, one_line, put
from gmmkit.cli.table.choosing import Choice, chosen
from gmmkit.cli.table.data import Data
from gmmkit.cli.table.demands import FitWords, fit_arguments, read_watched, source_of
from gmmkit.cli.table.outcomes import check_strictly, described, in_order, told, write_fit
from gmmkit.cli.table.reports import components_of, fit_of
from gmmkit.cli.table.wording import Wording
from gmmkit.errors import GmmkitWarning

if TYPE_CHECKING:
    from gmmkit.core.fits.result import FitResult
    from gmmkit.report import FitReport


@dataclass(frozen=True, kw_only=True)
class Request(FitWords):
    """What the user asked for."""

    covariance: str


def fit_table(request: Request, *, as_json: bool) -> None:
    """Fit a mixture to the rows of a table, describe it, and write it where that is asked for.

    Raises
    ------
    GmmkitError
        Before any work: an output that exists, a table or options that cannot be used.
    """
    source = source_of(request)
    data, of_table = read_watched(source, request)
    result, choice, of_fit = _fitted(request, data)
    report = described(result, data)
    notes = {"seed": str(request.seed)} | (choice.notes if choice else {})
    write_fit(result, data, request.output, notes=notes, force=request.force)
    if as_json:
        values = _values(request, data, result, report, choice)
        put(json_text("fit", values | {"warnings": warnings_of([*of_table, *of_fit])}))
    else:
        _show(request, data, report, choice)


def _fitted(request: Request, data: Data) -> tuple["FitResult", Choice | None, list[GmmkitWarning]]:
    """Return the fit, of which choice it is the best, and what was warned of."""
    if len(request.components) > 1:
        choice, warned = chosen(request, data, [request.covariance])
        return choice.result, choice, warned
    from gmmkit.core.fits.fitting import fit

    with collected_warnings(Wording(data.columns)) as warned, stages() as tell_stage:
        tell_stage("fitting", 0, 1)
        result = fit(
            data.rows,
            request.components[0],
            covariance=request.covariance,
            sample_weight=data.weights,
            seed=request.seed,
            n_threads=request.threads,
            **fit_arguments(request, data),
        )
        if request.strict:
            check_strictly(result, warned)
    return in_order(result, data), None, warned


def _show(request: Request, data: Data, report: "FitReport", choice: Choice | None) -> None:
    size = f"{plural(len(data.rows), 'row')}, {plural(len(data.columns), 'column')}"
    lines = [f"{one_line(request.table)}: {size}", *(choice.sentences() if choice else ())]
    put("\n".join([*lines, told(report, data)]))
    if request.output:
        put(f"  wrote {one_line(request.output)}")


def _values(
    request: Request,
    data: Data,
    result: "FitResult",
    report: "FitReport",
    choice: Choice | None,
) -> Report:
    worded = Wording(data.columns)
    return {
        "table": request.table,
        "rows": len(data.rows),
        "columns": list(data.columns),
        "labels": None if data.labels is None else list(data.labels.names),
        "covariance": result.mixture.covariance.family.name,
        "seed": request.seed,
        "components": components_of(report.mixture),
        "noise": report.mixture.noise,
        "fit": fit_of(result),
        "selection": choice.values() if choice else None,
        "advice": [worded(str(advice)) for advice in report.advice],
        "output": str(request.output) if request.output else None,
    }
