"""How many times longer every peer takes than gmmkit, as bars, with what is needed."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

Ratio = tuple[str, str, float, float | None]


def write_plot(ratios: Sequence[Ratio], path: Path) -> None:
    """Write a PNG; a speed that does not count has no bar."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(peer for _, peer, _, _ in ratios))
    figure = Figure(figsize=(10, 1.2 + 0.24 * len(ratios)), layout="constrained")
    axes = figure.add_subplot()
    for place, (_, peer, ratio, needed) in enumerate(ratios):
        if isfinite(ratio) and ratio > 0:
            axes.barh(place, ratio, color=f"C{names.index(peer)}")
            axes.annotate(f" {ratio:.3g}", (ratio, place), va="center", fontsize=8)
        if needed is not None:
            axes.plot([needed, needed], [place - 0.4, place + 0.4], color="black")
    labels = [f"{workload}: {peer}" for workload, peer, _, _ in ratios]
    axes.set_yticks(range(len(ratios)), labels, fontsize=8)
    axes.set_ylim(len(ratios) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.axvline(1.0, color="gray", linewidth=0.8)
    axes.margins(x=0.08)
    axes.set_xlabel("times as long as gmmkit; black: needed")
    figure.savefig(path, dpi=150, format="png")
