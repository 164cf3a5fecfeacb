"""Reports as a person reads them: a table of classes, what was written, what to know about it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gmmkit.cli.results import plural
from gmmkit.cli.session import one_line, put

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text


def print_report(report: Mapping[str, Any]) -> None:
    """Print the report of one image to standard output.

    Parameters
    ----------
    report : mapping
        From `reports.report_image`.

    Examples
    --------
    >>> classes = [{"class": 0, "share": 1.0, "mean_color": "#336699", "weight": 1.0,
    ...             "mask_color": "#0072b2"}]
    >>> print_report({"image": "sea.png", "width": 4, "height": 3, "classes": classes,
    ...               "fit": None, "notes": [], "files": {}})  # doctest: +NORMALIZE_WHITESPACE
    sea.png  4 x 3
      class    share  mean color  weight
      0      100.0 %  #336699      1.000
    """
    from rich.console import Console

    console = Console(highlight=False)
    # Rich would end the process by itself when the reader of a pipe goes away.
    with console.capture() as printed:
        console.print(_title(report), soft_wrap=True)
        table = _region_table if "regions" in report else _class_table
        console.print(table(report, colored=_has_color(console)))
        for line in _lines(report):
            console.print(f"  {one_line(line)}", markup=False, soft_wrap=True)
    put(printed.get().removesuffix("\n"))


def _has_color(console: "Console") -> bool:
    return console.color_system is not None and not console.no_color


def _title(report: Mapping[str, Any]) -> "Text":
    from rich.text import Text

    size = f"  {report['width']} x {report['height']}"
    return Text.assemble((one_line(report["image"]), "bold"), size)


def _class_table(report: Mapping[str, Any], *, colored: bool) -> "Table":
    """Lay out one row per class; blocks of color stand only where color can be shown."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("  class")
    table.add_column("share", justify="right")
    table.add_column("mean color")
    table.add_column("weight", justify="right")
    for entry in report["classes"]:
        table.add_row(
            _block("\u25a0", entry["mask_color"], f"{entry['class']}", colored=colored, indent=2),
            f"{100 * entry['share']:.1f} %" if entry["share"] else "absent",
            _block("\u2588" * 3, entry["mean_color"], entry["mean_color"] or "-", colored=colored),
            f"{entry['weight']:.3f}",
        )
    return table


def _region_table(report: Mapping[str, Any], *, colored: bool) -> "Table":
    """Lay out one row for each of the largest regions."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("  region")
    table.add_column("share", justify="right")
    table.add_column("mean color")
    for entry in report["regions"]:
        color = entry["mean_color"]
        table.add_row(
            f"  {entry['region']}",
            f"{100 * entry['share']:.1f} %",
            _block("\u2588" * 3, color, color, colored=colored),
        )
    return table


def _block(shape: str, color: str | None, text: str, *, colored: bool, indent: int = 0) -> "Text":
    from rich.text import Text

    block = [(f"{shape} ", color)] if color and colored else []
    return Text.assemble(" " * indent, *block, text)


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    if "regions" in report:
        yield _region_line(report)
    if report.get("curve"):
        yield from _curve_lines(report)
    if report.get("fit") is not None:
        yield _fit_line(report["fit"])
        yield from report["fit"]["notes"]
    yield from report.get("notes", ())
    if report["files"]:
        yield "wrote " + ", ".join(report["files"].values())


def _region_line(report: Mapping[str, Any]) -> str:
    count, shown = report["n_regions"], len(report["regions"])
    more = f", the largest {shown} listed" if count > shown else ""
    threshold = report["threshold"]
    cut = "" if threshold is None else f" at threshold {threshold:.2f}"
    return f"{plural(count, 'region')}{cut}{more}; {report['n_finest']} at the finest"


def _curve_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Draw how well each number of classes agrees with the regions."""
    best = max(entry["agreement"] for entry in report["curve"])
    yield "agreement with the regions of the image, by number of classes:"
    for entry in report["curve"]:
        value = entry["agreement"]
        mark = " <" if value == best else ""
        yield f"  {entry['classes']}  {value:.3f}  {'#' * max(1, round(40 * value))}{mark}"


def _fit_line(fit: Mapping[str, Any]) -> str:
    state = "converged" if fit["converged"] else "NOT converged"
    precision = f", {fit['precision']} arithmetic" if fit["precision"] else ""
    return f"{state} after {fit['iterations']} iterations{precision}"
