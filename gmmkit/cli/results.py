"""What commands print: the one JSON object, aligned columns, and counts with their nouns."""

import json
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from gmmkit.cli.session import lowest_code, one_line
from gmmkit.errors import GmmkitError, GmmkitWarning

Report = dict[str, Any]


def json_text(command: str, values: Report) -> str:
    """Write the one JSON object of a command; what is not finite becomes null.

    Examples
    --------
    >>> print(json_text("score", {"rows": 2, "worst": float("-inf")}))  # doctest: +ELLIPSIS
    {
      "schema": "gmmkit.score/1",
      "gmmkit_version": "...",
      "rows": 2,
      "worst": null
    }
    """
    from gmmkit import __version__

    whole = {"schema": f"gmmkit.{command}/1", "gmmkit_version": __version__, **values}
    finite = json.loads(json.dumps(whole), parse_constant=lambda _: None)
    return json.dumps(finite, indent=2)


def failure(kind: str, name: str, error: GmmkitError) -> Report:
    """Describe something of many that could not be used, such as a recording.

    Examples
    --------
    >>> failure("recording", "a.wav", GmmkitError("it is gone"))["error"]["problem"]
    'it is gone'
    """
    details = {
        field: getattr(error, field) for field in ("code", "problem", "found", "needed", "hint")
    }
    return {kind: name, "error": details | {"exit_code": error.exit_code}}


def exit_code_of(reports: Sequence[Report]) -> int:
    """Return the exit code of a run over many things: the lowest among those that failed, or 0.

    Examples
    --------
    >>> exit_code_of([{"recording": "a.wav"}, failure("recording", "b.wav", GmmkitError("gone"))])
    3
    """
    return lowest_code([report["error"]["exit_code"] for report in reports if "error" in report])


def warnings_of(warned: Sequence[GmmkitWarning]) -> list[Report]:
    """Describe warnings.

    Examples
    --------
    >>> warnings_of([GmmkitWarning("clipped")])
    [{'code': 'warning', 'message': 'clipped'}]
    """
    return [{"code": warning.code, "message": str(warning)} for warning in warned]


def columns(rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), indent: int = 2) -> str:
    """Align rows of text, as wide as a terminal shows them.

    Parameters
    ----------
    rows : sequence of sequence of str
        A header among them, if there is one. Cells may be missing at the end.
    right : sequence of int
        Which columns are aligned to the right.
    indent : int
        Blanks before each row.

    Returns
    -------
    str
        A line for each row, without blanks at their ends.

    Examples
    --------
    >>> print(columns([("name", "LLR"), ("ana", "+12.3")], right=[1]))
      name    LLR
      ana   +12.3
    """
    from rich.cells import cell_len

    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip_longest(*cells, fillvalue="")]

    def padded(index: int, cell: str) -> str:
        blanks = " " * (widths[index] - cell_len(cell))
        return blanks + cell if index in right else cell + blanks

    lines = ("  ".join(padded(index, cell) for index, cell in enumerate(row)) for row in cells)
    return "\n".join((" " * indent + line).rstrip() for line in lines)


def plural(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> plural(1, "recording"), plural(2_000, "recording"), plural(2, "person", "people")
    ('1 recording', '2,000 recordings', '2 people')
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
