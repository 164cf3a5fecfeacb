"""``gmmkit fit``, step by step: choose columns, read, fit, describe, write the model."""

from contextlib import closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gmmkit.cli.progress import Passes, passes
from gmmkit.cli.results import Report, json_text, warnings_of
from gmmkit.cli.session import collected_warnings, one_line, put
from gmmkit.cli.table.choosing import Choice, chosen
from gmmkit.cli.table.clusters import cluster
from gmmkit.cli.table.data import Data
from gmmkit.cli.table.demands import (
    FitWords,
    fit_arguments,
    read_watched,
    size_told,
    source_of,
)
from gmmkit.cli.table.following import Following
from gmmkit.cli.table.keeping import CheckpointWords, Keeping
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
    checkpoint: CheckpointWords | None = None
    scheduler: str | None = None


def fit_table(request: Request, *, as_json: bool) -> None:
    """Fit a mixture to the rows of a table, describe it, and write it where that is asked for.

    Raises
    ------
    GmmkitError
        Before any work: an output that exists, a table or options that cannot be used.
    """
    source = source_of(request)
    words = request.checkpoint
    kept = None if words is None else words.opened(request.output, source.path)
    with cluster(request.scheduler, source.path) as executor:
        data, of_table = read_watched(source, request)
        with closing(data):
            result, choice, of_fit = _fitted(request, data, kept, executor)
    report = described(result, data)
    notes = {"seed": str(request.seed)} | (choice.notes if choice else {})
    write_fit(result, data, request.output, notes=notes, force=request.force)
    if as_json:
        values = _values(request, data, result, report, choice)
        put(json_text("fit", values | {"warnings": warnings_of([*of_table, *of_fit])}))
    else:
        _show(request, data, report, choice)


def _fitted(
    request: Request, data: Data, kept: Keeping | None, executor: object
) -> tuple["FitResult", Choice | None, list[GmmkitWarning]]:
    """Return the fit, of which choice it is the best, and what was warned of."""
    if len(request.components) > 1:
        choice, warned = chosen(request, data, [request.covariance], executor=executor)
        return choice.result, choice, warned
    with collected_warnings(Wording(data.columns)) as warned, passes() as shown:
        with nullcontext() if kept is None else kept.saying(shown.note) as keeper:
            result = _fit(request, data, shown, keeper, executor)
        if request.strict:
            check_strictly(result, warned)
    return in_order(result, data), None, warned


def _fit(
    request: Request, data: Data, shown: Passes, keeper: Keeping | None, executor: object
) -> "FitResult":
    from gmmkit.core.fits.fitting import fit

    following = Following(shown, on_pass=keeper.announce if keeper else None)
    return fit(
        following.watched(data.rows),
        request.components[0],
        covariance=request.covariance,
        sample_weight=data.weights,
        seed=request.seed,
        n_threads=request.threads,
        executor=executor,
        checkpoint=keeper,
        on_iteration=following.on_iteration,
        **fit_arguments(request, data),
    )


def _show(request: Request, data: Data, report: "FitReport", choice: Choice | None) -> None:
    lines = [size_told(request, data), *(choice.sentences() if choice else ())]
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
        "rows": data.n_rows,
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
