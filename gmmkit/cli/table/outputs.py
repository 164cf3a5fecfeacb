"""Where columns of results go: a file, or standard output."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from gmmkit.cli.outputs import check_output
from gmmkit.cli.results import Report, json_text
from gmmkit.cli.session import put

Columns = Mapping[str, npt.NDArray[Any]]


def check_table_output(output: Path | None, inputs: Sequence[Path], *, force: bool) -> None:
    """Refuse an output that cannot be, before any work.

    Raises
    ------
    GmmkitError
        If it exists, is an input, has no folder, or an ending that no table is written as.

    Examples
    --------
    >>> check_table_output(None, [], force=False)
    """
    if output is None:
        return
    from gmmkit.io.table_writing import check_table_suffix

    check_table_suffix(output)
    check_output(output, inputs, force=force)


def deliver(
    command: str,
    columns: Columns,
    summary: Report,
    *,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write columns to a file and tell of it, or put them on standard output themselves.

    Parameters
    ----------
    command : str
        For the schema of the JSON object.
    columns : mapping of str to ndarray
    summary : dict
        What to say beside them.
    output : Path or None
    force, as_json : bool

    Raises
    ------
    GmmkitError
        If the file cannot be written.

    Examples
    --------
    >>> import numpy as np
    >>> columns = {"a": np.array([1.5])}
    >>> deliver("score", columns, {"rows": 1}, output=None, force=False, as_json=False)
    a
    1.5
    """
    from gmmkit.io.table_writing import csv_text, write_table

    if output is not None:
        write_table(columns, output, force=force)
    if as_json:
        whole = summary | {"output": None if output is None else str(output)}
        shown = {} if output else {"columns": {n: c.tolist() for n, c in columns.items()}}
        put(json_text(command, whole | shown))
    elif output is None:
        put(csv_text(columns).removesuffix("\n"))
    else:
        put(f"{output}: {summary['rows']:,} row{'s' if summary['rows'] != 1 else ''}")
