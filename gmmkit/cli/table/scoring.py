"""``gmmkit score``, step by step: find the model's columns in a table, and score its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmkit.cli.progress import progress_bar
from gmmkit.cli.results import Report, warnings_of
from gmmkit.cli.session import collected_warnings
from gmmkit.cli.table.clusters import cluster
from gmmkit.cli.table.models import read_table_model
from gmmkit.cli.table.outputs import check_table_output, deliver, tell_written
from gmmkit.cli.table.sources import TableSource, TableWords
from gmmkit.errors import GmmkitWarning, InputError, TableError

if TYPE_CHECKING:
    from gmmkit.core.checks import Float64Array, FloatArray
    from gmmkit.core.mixture import Mixture
    from gmmkit.core.sources.blocks import Block
    from gmmkit.io.table import Table
    from gmmkit.io.table_model import TableModel

RESULTS = ("component", "probability", "log_density", "tail_probability")
NOISE = -1


@dataclass(frozen=True, kw_only=True)
class Request(TableWords):
    """What the user asked for."""

    model: Path
    output: Path | None
    keep: tuple[str, ...]
    no_tail: bool
    force: bool
    scheduler: str | None = None


def score_table(request: Request, *, as_json: bool) -> None:
    """Score the rows of a table under a model, and deliver the results.

    Raises
    ------
    GmmkitError
        Before any work: outputs that exist, a model or a table that cannot be used.
    """
    source = request.found()
    check_table_output(request.output, [request.model, source.path], force=request.force)
    _refuse_clash(request.keep)
    if source.is_streamed:
        _score_stream(request, source, as_json=as_json)
    else:
        _score_whole(request, source, as_json=as_json)


def _score_whole(request: Request, source: TableSource, *, as_json: bool) -> None:
    with collected_warnings() as warned, progress_bar(2) as step:
        model = read_table_model(request.model)
        with cluster(request.scheduler, source.path) as executor:
            with step(f"reading {request.table}"):
                table = source.read(model.columns, _texts(request, model))
            with step("scoring"):
                rows, tail = table.rows(model.columns), not request.no_tail
                results = score_rows(model.mixture, rows, tail=tail, executor=executor)
    deliver(
        "score",
        _kept(request, table) | results,
        _summary(request, table.n_rows, float(results["log_density"].mean()), warned),
        output=request.output,
        force=request.force,
        as_json=as_json,
    )


def _score_stream(request: Request, source: TableSource, *, as_json: bool) -> None:
    from gmmkit.cli.table.stream_scoring import Wanted, score_stream

    source.refuse({"--missing": request.missing})
    if as_json and request.output is None:
        raise InputError(
            f"the scores of {request.table} are not put into one object",
            found="--json without -o, for a table that is passed over block by block",
            needed="a file for the scores",
            hint="-o FILE, or leave --json out",
        )
    with collected_warnings() as warned:
        model = read_table_model(request.model)
        wanted = Wanted(request.keep, not request.no_tail, request.output, request.force)
        with cluster(request.scheduler, source.path) as executor:
            found = score_stream(source, model, wanted, executor)
    summary = _summary(request, found.n_rows, found.mean_log_density, warned)
    if request.output is not None:
        tell_written("score", summary, request.output, as_json=as_json)


def _summary(
    request: Request, n_rows: int, mean_log_density: float, warned: Sequence[GmmkitWarning]
) -> Report:
    return {
        "model": str(request.model),
        "table": request.table,
        "rows": n_rows,
        "mean_log_density": mean_log_density,
        "warnings": warnings_of(warned),
    }


def score_rows(
    mixture: "Mixture", rows: "Float64Array", *, tail: bool = True, executor: object = None
) -> dict[str, npt.NDArray[Any]]:
    """Return what a mixture says of every row: its component, and how usual it is.

    Parameters
    ----------
    mixture : Mixture
    rows : ndarray of shape (N, D)
        NaN where a number is missing: such a row is scored by what was observed of it.
    tail : bool
        Whether to give tail probabilities too.
    executor : Executor or distributed.Client, optional
        Where rows are scored; this machine's processors by default.

    Returns
    -------
    dict of str to ndarray of shape (N,)
        The most probable component, -1 for noise, and its probability; the log density, and the
        probability of one no higher, which a mixture with noise does not have.

    Examples
    --------
    >>> import gmmkit
    >>> mixture = gmmkit.Mixture([0.5, 0.5], [[0.0], [9.0]], np.ones((2, 1, 1)))
    >>> score_rows(mixture, np.array([[8.5]]))["component"].tolist()
    [1]
    """
    from gmmkit.core.scanning import answers
    from gmmkit.core.sources.arrays import ArraySource

    each = answers(partial(_score_block, mixture), ArraySource(rows), executor=executor)
    scored = [block for _, block in each]
    found = {name: np.concatenate([block[name] for block in scored]) for name in scored[0]}
    return found | (_tails(mixture, rows, found["log_density"]) if tail else {})


def _score_block(mixture: "Mixture", block: "Block") -> dict[str, npt.NDArray[Any]]:
    shares, densities = _posteriors(mixture, block.rows)
    if mixture.noise is not None:
        shares = np.column_stack([shares, 1.0 - shares.sum(axis=1)])
    best = shares.argmax(axis=1)
    component = np.where(best == mixture.n_components, NOISE, best)
    return dict(zip(RESULTS, (component, shares.max(axis=1), densities), strict=False))


def _posteriors(mixture: "Mixture", rows: "FloatArray") -> tuple["Float64Array", "Float64Array"]:
    if not np.isnan(rows).any():
        from gmmkit.core.checks import check_rows

        return mixture.posteriors(check_rows(rows, n_features=mixture.n_features))
    from gmmkit.core.gaps.incomplete import log_density, responsibilities

    return responsibilities(rows, mixture), log_density(rows, mixture)


def _tails(
    mixture: "Mixture", rows: "Float64Array", densities: "Float64Array"
) -> dict[str, npt.NDArray[Any]]:
    from gmmkit.core.algebra.densities import density_distribution
    from gmmkit.core.algebra.tails import tail_probability

    if mixture.noise is not None:
        return {}
    if np.isnan(rows).any():
        return {RESULTS[-1]: tail_probability(mixture, rows)}
    return {RESULTS[-1]: np.exp(density_distribution(mixture).log_probability(densities))}


def _texts(request: Request, model: "TableModel") -> tuple[str, ...]:
    """Return the columns to read as text: kept ones that are not compared as numbers."""
    return tuple(name for name in dict.fromkeys(request.keep) if name not in model.columns)


def _kept(request: Request, table: "Table") -> dict[str, npt.NDArray[Any]]:
    columns: Mapping[str, npt.NDArray[Any]] = table.columns
    return {name: columns[name] for name in request.keep}


def _refuse_clash(keep: tuple[str, ...]) -> None:
    clash = [name for name in keep if name in RESULTS]
    if clash:
        raise TableError(
            "a column to keep has the name of a result",
            found=f"--keep {clash[0]}",
            needed=f"other names than {', '.join(RESULTS)}",
            hint="rename the column in the table",
        )
