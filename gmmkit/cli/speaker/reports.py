"""Results about voices as people and programs read them: aligned columns, words, JSON."""

import json
import math
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from gmmkit.cli.session import one_line
from gmmkit.errors import GmmkitError, GmmkitWarning

Report = dict[str, Any]

# Association of European forensic institutes (ENFSI), "Guideline for evaluative reporting in
# forensic science" (2015): likelihood ratios from which on support is called so.
_STRENGTHS = (
    (2.0, "weak"),
    (10.0, "moderate"),
    (100.0, "moderately strong"),
    (1_000.0, "strong"),
    (10_000.0, "very strong"),
    (1_000_000.0, "extremely strong"),
)


def json_text(command: str, values: Report) -> str:
    """Write the one JSON object of a command; what is not finite becomes null.

    Examples
    --------
    >>> print(json_text("list", {"names": [], "best": float("inf")}))  # doctest: +ELLIPSIS
    {
      "schema": "gmmkit.speaker.list/1",
      "gmmkit_version": "...",
      "names": [],
      "best": null
    }
    """
    from gmmkit import __version__

    whole = {"schema": f"gmmkit.speaker.{command}/1", "gmmkit_version": __version__, **values}
    finite = json.loads(json.dumps(whole), parse_constant=lambda _: None)
    return json.dumps(finite, indent=2)


def failure(recording: str, error: GmmkitError) -> Report:
    """Describe a recording or person that could not be used.

    Examples
    --------
    >>> failure("a.wav", GmmkitError("it is gone"))["error"]["problem"]
    'it is gone'
    """
    details = {
        name: getattr(error, name) for name in ("code", "problem", "found", "needed", "hint")
    }
    return {"recording": recording, "error": details | {"exit_code": error.exit_code}}


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


def ratio(llr: float) -> str:
    """Write a log-likelihood ratio.

    Examples
    --------
    >>> ratio(12.345), ratio(-0.5)
    ('+12.3', '-0.5')
    """
    return f"{llr:+.1f}"


def evidence(llr: float) -> str:
    """Say in words how much a log-likelihood ratio, in nats, tells.

    Examples
    --------
    >>> evidence(0.1), evidence(3.0), evidence(-7.0)
    ('hardly any evidence', 'moderate evidence for', 'strong evidence against')
    """
    reached = [word for least, word in _STRENGTHS if abs(llr) >= math.log(least)]
    if not reached:
        return "hardly any evidence"
    return f"{reached[-1]} evidence {'for' if llr > 0 else 'against'}"


def speech(seconds: float) -> str:
    """Write how much speech there was.

    Examples
    --------
    >>> speech(4.13)
    '4.1 s of speech'
    """
    return f"{seconds:.1f} s of speech"


def plural(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> plural(1, "recording"), plural(2_000, "recording"), plural(2, "person", "people")
    ('1 recording', '2,000 recordings', '2 people')
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
