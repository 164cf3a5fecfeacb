"""Where columns of results go: a file, or standard output."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from gmmkit.cli.outputs import check_output
from gmmkit.cli.results import Report, json_text
from gmmkit.cli.session import put
from gmmkit.errors import OutputWriteError

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
    check_writable(output)


def check_writable(path: Path) -> None:
    """Refuse a folder that cannot be written to before hours of work, rather than after.

    Raises
    ------
    OutputWriteError

    Examples
    --------
    >>> check_writable(Path("new.csv"))
    """
    folder = path.absolute().parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputWriteError(
            f"{path} cannot be written",
            found=f"no permission in the folder {folder}",
            needed="a folder that can be written to",
            hint="name a file in another folder",
        )


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
        tell_written(command, summary, output, as_json=as_json)
    elif as_json:
        shown = {"columns": {name: column.tolist() for name, column in columns.items()}}
        put(json_text(command, summary | {"output": None} | shown))
    else:
        put(csv_text(columns).removesuffix("\n"))


def tell_written(command: str, summary: Report, output: Path, *, as_json: bool) -> None:
    """Tell of columns that were written to a file.

    Parameters
    ----------
    command : str
        For the schema of the JSON object.
    summary : dict
        With the number of rows.
    output : Path
    as_json : bool

    Examples
    --------
    >>> tell_written("score", {"rows": 1}, Path("t.csv"), as_json=False)
    t.csv: 1 row
    """
    if as_json:
        put(json_text(command, summary | {"output": str(output)}))
    else:
        put(f"{output}: {summary['rows']:,} row{'s' if summary['rows'] != 1 else ''}")
