"""What a benchmark says: figures with the bound each has to keep, as a table and as JSON."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from pairing import environment


@dataclass(frozen=True)
class Figure:
    """One measured number, and the bound that it has to keep, if any."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    remark: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the bound is kept; None where there is none. NaN keeps none."""
        if self.at_least is None and self.at_most is None:
            return None
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    @property
    def needed(self) -> str:
        """The bound as a text."""
        low = [] if self.at_least is None else [f"≥ {self.at_least:g}"]
        return ", ".join(low + ([] if self.at_most is None else [f"≤ {self.at_most:g}"]))

    def cells(self) -> list[str]:
        """The figure as a line of a table."""
        verdict = {True: "yes", False: "NO", None: ""}[self.holds]
        value = (
            f"{self.value:.6g}"
            if abs(self.value) >= 1e-3 or not self.value
            else f"{self.value:.1e}"
        )
        return [self.name, value, self.unit, self.needed, verdict, self.remark]


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the option that every benchmark has."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="write all figures there as well")
    return made


def report(
    title: str,
    figures: Sequence[Figure],
    options: argparse.Namespace,
    details: Mapping[str, Any] | None = None,
) -> int:
    """Print a table, write JSON if asked for, and return 1 if a bound is not kept."""
    found = environment()
    print(f"\n{title}\n")
    for name, value in found.items():
        print(f"  {name}: {value}")
    print()
    _print_table(["figure", "value", "unit", "needed", "holds", "remark"], figures)
    if options.json is not None:
        _write(options, title, found, figures, details or {})
    return int(any(figure.holds is False for figure in figures))


def _print_table(heads: Sequence[str], figures: Sequence[Figure]) -> None:
    lines = [list(heads), *(figure.cells() for figure in figures)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    lines.insert(1, ["-" * width for width in widths])
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(f"| {' | '.join(cells)} |")


def _write(
    options: argparse.Namespace,
    title: str,
    found: Mapping[str, Any],
    figures: Sequence[Figure],
    details: Mapping[str, Any],
) -> None:
    settings = {name: value for name, value in vars(options).items() if name != "json"}
    lines = [
        {**asdict(figure), "needed": figure.needed, "holds": figure.holds} for figure in figures
    ]
    content = {
        "benchmark": title,
        "environment": found,
        "settings": settings,
        "figures": lines,
        "details": details,
    }
    text = json.dumps(_plain(content), indent=1, default=str, allow_nan=False)
    options.json.write_text(text + "\n")


def _plain(value: Any) -> Any:
    """Return what JSON can hold: null stands for numbers that are none, or that are infinite."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value
