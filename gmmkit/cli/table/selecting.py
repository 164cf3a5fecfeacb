"""``gmmkit select``, step by step: read, fit every candidate, rank them, write the best one."""

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gmmkit.cli.drawing import check_drawing, write_drawing
from gmmkit.cli.results import Report, json_text, warnings_of
from gmmkit.cli.session import one_line, put
from gmmkit.cli.table.candidates import CRITERIA
from gmmkit.cli.table.choosing import Choice, chosen
from gmmkit.cli.table.data import Data
from gmmkit.cli.table.demands import FitWords, read_watched, size_told, source_of
from gmmkit.cli.table.outcomes import write_fit
from gmmkit.cli.table.reports import fit_of


@dataclass(frozen=True, kw_only=True)
class Request(FitWords):
    """What the user asked for; None leaves the choice to the library."""

    covariances: str | tuple[str, ...] | None
    criterion: str
    folds: int
    top: int
    plot: Path | None


def select_table(request: Request, *, as_json: bool) -> None:
    """Say which covariance with how many components describes a table best.

    Raises
    ------
    GmmkitError
        Before any work: an output that exists, a table or options that cannot be used.
    """
    source = source_of(request)
    check_drawing(request.plot, [source.path], force=request.force)
    option = f"--criterion {request.criterion.replace('_', '-')}"
    source.refuse({option: request.criterion not in CRITERIA})
    data, of_table = read_watched(source, request)
    with closing(data):
        choice, of_fits = chosen(
            request,
            data,
            request.covariances,
            request.criterion,
            folds=request.folds,
            jobs=request.threads,
        )
    notes = {"seed": str(request.seed)} | choice.notes
    write_fit(choice.result, data, request.output, notes=notes, force=request.force)
    if request.plot is not None:
        _draw(choice, request.plot, force=request.force)
    if as_json:
        values = _values(request, data, choice)
        put(json_text("select", values | {"warnings": warnings_of([*of_table, *of_fits])}))
    else:
        _show(request, data, choice)


def _draw(choice: Choice, path: Path, *, force: bool) -> None:
    from gmmkit.plot.fits import selection_plot

    table = choice.selection.table
    # A collapsed fit may have the best value; drawn as a gap it is not marked as the best fit.
    drawn = [each for each in table if each.valid] or table
    points = [
        (each.covariance, each.n_components, choice.value(each) if each in drawn else float("nan"))
        for each in table
    ]
    draw = partial(
        selection_plot, points, criterion=choice.title, lower_is_better=choice.lower_is_better
    )
    write_drawing(path, lambda ax: draw(ax=ax), size=(7, 4.5), force=force)


def _show(request: Request, data: Data, choice: Choice) -> None:
    put("\n".join([size_told(request, data), *choice.sentences()]))
    put(choice.table(request.top))
    for path in filter(None, (request.output, request.plot)):
        put(f"  wrote {one_line(path)}")


def _values(request: Request, data: Data, choice: Choice) -> Report:
    return {
        "table": request.table,
        "rows": data.n_rows,
        "columns": list(data.columns),
        "seed": request.seed,
        **choice.values(),
        "fit": fit_of(choice.result),
        "output": str(request.output) if request.output else None,
        "plot": str(request.plot) if request.plot else None,
    }
