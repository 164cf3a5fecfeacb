"""``gmmkit score`` of a table that is passed over: results are written as they come."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gmmkit.cli.progress import passes
from gmmkit.cli.session import put
from gmmkit.cli.table.counting import CountedSource
from gmmkit.cli.table.data import close_rows
from gmmkit.cli.table.outputs import Columns
from gmmkit.cli.table.scanning import ScoredBlock, scored_blocks
from gmmkit.cli.table.sources import TableSource
from gmmkit.core.sources.blocks import Source
from gmmkit.errors import TableError
from gmmkit.io.table_growing import Add, growing_table, rows_as_text
from gmmkit.io.table_request import check_column, listed

if TYPE_CHECKING:
    from gmmkit.core.checks import Float64Array
    from gmmkit.io.table_model import TableModel

# Whole numbers below this are written without a point.
_EXACT = 2.0**53


@dataclass(frozen=True)
class Summary:
    """What there is to say of all rows.

    Parameters
    ----------
    n_rows : int
    mean_log_density : float
    """

    n_rows: int
    mean_log_density: float


@dataclass(frozen=True)
class Wanted:
    """What is written of each row, and where.

    Parameters
    ----------
    keep : tuple of str
        Columns of numbers beside the results.
    tail : bool
        Whether to give tail probabilities.
    output : Path or None
        None is standard output.
    force : bool
        Whether to replace a file.
    """

    keep: tuple[str, ...]
    tail: bool
    output: Path | None
    force: bool

    @property
    def is_text(self) -> bool:
        """Whether results are written as text."""
        return self.output is None or self.output.suffix.lower() != ".parquet"


def score_stream(
    source: TableSource, model: "TableModel", wanted: Wanted, executor: object = None
) -> Summary:
    """Score a table that is passed over, and write the results in the order of its rows.

    Parameters
    ----------
    source : TableSource
    model : TableModel
    wanted : Wanted
    executor : Executor, optional
        Where rows are scored; this machine's processors by default.

    Raises
    ------
    GmmkitError
        If that cannot be. No file is written then.
    """
    beside = [name for name in dict.fromkeys(wanted.keep) if name not in model.columns]
    names = (*model.columns, *beside)
    n_rows, total = 0, 0.0
    with _opened(source, names, beside) as rows, passes() as shown, _sink(wanted) as add:
        counted = CountedSource(rows, lambda share: shown.show("scoring", share))
        keep = [names.index(name) for name in wanted.keep]
        scored = scored_blocks(
            model.mixture, counted, tail=wanted.tail, keep=keep, executor=executor
        )
        # Whatever happens here, what a cluster still works on is cancelled while there is one.
        with closing(scored) as blocks:
            for block in blocks:
                add({**_kept(block, beside, wanted), **block.results})
                densities = block.results["log_density"]
                n_rows, total = n_rows + len(densities), total + float(densities.sum())
    return Summary(n_rows, total / n_rows)


@contextmanager
def _opened(source: TableSource, names: Sequence[str], beside: Sequence[str]) -> Iterator[Source]:
    """Open columns of numbers; those beside the model's are kept."""
    there = source.names()
    if source.kind.is_matrix and not set(names) <= set(there):
        raise TableError(
            f"{source.words.table} has not all columns that are asked for",
            found=f"{listed(there)}, the numbers of its columns",
            needed=listed(names),
            hint="fit the model to a .npy too, or write the rows as a table with those names",
        )
    for name in names:
        check_column(name, there, source.words.table)
    with _kept_blamed(beside):
        rows = source.opened(names)
    try:
        yield rows
    finally:
        close_rows(rows)


@contextmanager
def _kept_blamed(beside: Sequence[str]) -> Iterator[None]:
    """Advise to leave out a kept column that is found not to hold numbers."""
    try:
        yield
    except TableError as error:
        blamed = next((name for name in beside if f"column {name!r}" in str(error)), None)
        if blamed is None:
            raise
        hint = f"leave --keep {blamed} out: of a table that is passed over, numbers can be kept"
        raise error.reworded(hint=hint) from error


@contextmanager
def _sink(wanted: Wanted) -> Iterator[Add]:
    if wanted.output is None:
        rows = rows_as_text()
        yield lambda columns: put(rows(columns).removesuffix("\n"))
    else:
        with growing_table(wanted.output, force=wanted.force) as add:
            yield add


def _kept(block: ScoredBlock, beside: Sequence[str], wanted: Wanted) -> Columns:
    return {
        name: _numerals(column) if wanted.is_text and name in beside else column
        for name, column in zip(wanted.keep, block.kept, strict=True)
    }


def _numerals(column: "Float64Array") -> npt.NDArray[np.object_]:
    """Return numbers as text, whole ones as such: an identifier should look like one."""
    whole = (column == np.floor(column)) & (np.abs(column) < _EXACT)
    pairs = zip(column.tolist(), whole.tolist(), strict=True)
    return np.array([repr(int(x)) if is_whole else repr(x) for x, is_whole in pairs], dtype=object)
