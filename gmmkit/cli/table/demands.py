"""What the command line asks of a fit, as the arguments of the library's."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gmmkit.cli.outputs import check_output
from gmmkit.cli.progress import stages
from gmmkit.cli.results import plural
from gmmkit.cli.session import collected_warnings, one_line
from gmmkit.cli.table.data import Data, DataWords, Labels, read_data
from gmmkit.cli.table.outputs import check_writable
from gmmkit.cli.table.sources import TableSource
from gmmkit.errors import GmmkitWarning, InputError

_UNLIMITED_WORK = 1e18
_UNLIMITED_ROUNDS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class FitWords(DataWords):
    """What to fit, how, and where the model goes; None leaves the choice to the library."""

    output: Path | None
    force: bool

    components: tuple[int, ...]
    prior: bool
    start: str
    starts: int | None
    search_seconds: float | None
    iterations: int
    noise: bool
    trim: float
    floor: tuple[tuple[str | None, float], ...]
    seed: int
    threads: int | None
    strict: bool
    acceleration: str = "none"


def source_of(words: FitWords) -> TableSource:
    """Return the table that is meant, after refusing an output that cannot be.

    Raises
    ------
    GmmkitError
        If there is no such table, or the output exists, is the table or has no folder.
    """
    source = words.found()
    if words.output is not None:
        check_output(words.output, [source.path], force=words.force)
        check_writable(words.output)
    return source


def read_watched(source: TableSource, words: FitWords) -> tuple[Data, list[GmmkitWarning]]:
    """Read the rows to fit while progress is shown; return what was warned of too.

    Raises
    ------
    GmmkitError
        If the table cannot be read as is asked.
    """
    source.refuse({"--labels": words.labels, "--missing": words.missing, "--trim": words.trim})
    with collected_warnings() as warned, stages() as tell_stage:
        tell_stage(f"reading {one_line(words.table)}", 0, 1)
        data = read_data(source, words)
    return data, warned


def size_told(words: FitWords, data: Data) -> str:
    """Say what of a table was fitted.

    Parameters
    ----------
    words : FitWords
    data : Data
        Of rows that are passed over, those of weight zero are not known any more.
    """
    counted = " of positive weight" if data.matrix is None and words.weights else ""
    rows = plural(data.n_rows, "row") + counted
    return f"{one_line(words.table)}: {rows}, {plural(len(data.columns), 'column')}"


def fit_arguments(words: FitWords, data: Data) -> dict[str, Any]:
    """Return the arguments of the library's fit but rows, components, covariance, weights and seed.

    Raises
    ------
    InputError
        If labels name more groups than are looked for, or a floor is of a column that is not
        compared.

    Examples
    --------
    >>> table = {"table": "t.csv", "delimiter": None, "decimal": ".", "missing": False}
    >>> meant = {"columns": (), "drop": (), "weights": None, "output": None, "force": False}
    >>> words = FitWords(components=(2,), prior=True, start="auto", starts=4, search_seconds=None,
    ...                  iterations=200, noise=False, trim=0.0, floor=(), seed=0, threads=None,
    ...                  strict=False, **table, **meant)
    >>> chosen = fit_arguments(words, Data(("age",), np.ones((3, 1))))
    >>> chosen["prior"], chosen["n_init"], "floor" in chosen
    ('default', 4, False)
    """
    wanted: dict[str, Any] = {
        "start": _start(words),
        "max_iter": words.iterations,
        "noise": words.noise or None,
        "trim": words.trim,
        "acceleration": words.acceleration,
    }
    if words.starts is not None:
        wanted["n_init"] = words.starts
    if words.prior:
        wanted["prior"] = "default"
    if words.floor:
        wanted["floor"] = _floor(words, data)
    if data.has_gaps:
        wanted["missing"] = "marginalize"
    if data.labels is not None:
        wanted["labels"] = _numbers(data.labels, words.components[0])
    return wanted


def _start(words: FitWords) -> Any:
    if words.search_seconds is None:
        return words.start
    from gmmkit.core.search.hunt import Search

    return Search(rounds=_UNLIMITED_ROUNDS, work=_UNLIMITED_WORK, seconds=words.search_seconds)


def _numbers(labels: Labels, n_components: int) -> Any:
    if len(labels.names) > n_components:
        raise InputError(
            "the labels name more groups than are looked for",
            found=f"{len(labels.names)} names, {n_components} components",
            needed="a component for each name, or more",
            hint=f"-k {len(labels.names)}",
        )
    return labels.numbers


def _floor(words: FitWords, data: Data) -> Any:
    """Return the floor of each column; one without a name is of all that are not named."""
    from gmmkit.io.table_request import check_column

    floors = dict(words.floor)
    for name in floors:
        if name is not None:
            check_column(name, data.columns, "what is compared")
    return np.array([floors.get(name, floors.get(None, 0.0)) for name in data.columns])
