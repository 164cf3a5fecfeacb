"""Find the oddest card payments without labels, and say of each what is odd about it.

Usage: python fraud_alerts.py
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import gmmkit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAYMENTS = Path(__file__).parents[2] / "data" / "card_transactions.csv"
PLANES = (("usual_amount", "amount"), ("hours_since_last", "km_from_last"))
NAMES = ("hour", *PLANES[0], *PLANES[1], "count_7_days", "merchant_disputes")
QUIETEST_HOUR = 4.0
COMPONENTS, TRIMMED, STARTS = 3, 0.05, 5
EXPLAINED, REVIEWED = 10, 50
PICTURE = "fraud_alerts.png"
MARKERS = {
    "neither": (".", "0.5", 4),
    "missed fraud": ("x", "#d55e00", 22),
    "false alert": ("s", "black", 22),
    "found fraud": ("o", "#d55e00", 22),
}

Rows = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Marks = npt.NDArray[np.bool_]


def main() -> None:
    """Fit and explain without labels; only then compare with them, and draw."""
    table = gmmkit.read_table(PAYMENTS, numeric=NAMES, text=["transaction", "fraud"])
    rows = np.column_stack([to_scale(name, table.columns[name]) for name in NAMES])
    mixture = gmmkit.fit(rows, COMPONENTS, trim=TRIMMED, n_init=STARTS, seed=0).mixture
    print(f"{COMPONENTS} components fitted to the likeliest {1 - TRIMMED:.0%} of {len(rows)} rows")
    for place in rarest_first(mixture, rows)[:EXPLAINED]:
        print(f"payment {table.columns['transaction'][place]:>4}: {oddity(mixture, rows[place])}")
    rankings = {f"{COMPONENTS} components, trimmed": rarest_first(mixture, rows)}
    for name, k in ((f"{COMPONENTS} components", COMPONENTS), ("1 component", 1)):
        plain = gmmkit.fit(rows, k, n_init=STARTS, seed=0).mixture
        rankings[f"{name}, not trimmed"] = rarest_first(plain, rows)
    fraud = table.columns["fraud"] != "no"
    tell_what_was_found(rankings, fraud, table.columns["amount"])
    draw(mixture, rows, rankings, fraud)


def to_scale(name: str, values: Rows) -> Rows:
    """Return a column on a scale that suits Gaussians: nearly a logarithm, but defined at zero."""
    if name == "hour":
        return (values - QUIETEST_HOUR) % 24
    return np.arcsinh(values / little(name))


def in_words(name: str, value: float) -> str:
    """Return a value on that scale in its own unit, in which none can be negative."""
    if name == "hour":
        minutes = round(60 * (value + QUIETEST_HOUR)) % 1440
        return f"{minutes // 60}:{minutes % 60:02d}"
    original = max(0.0, float(np.sinh(value)) * little(name))
    return f"{original:,.0f}" if original >= 100 else f"{original:.2g}"


def little(name: str) -> float:
    """Return what is little in a column: far above that, only ratios count."""
    return 0.1 if name == "hours_since_last" else 1.0


def rarest_first(mixture: gmmkit.Mixture, rows: Rows) -> Places:
    """Return the places of the rows, those whose like the mixture hardly ever makes first."""
    return np.argsort(gmmkit.algebra.log_tail_probability(mixture, rows), kind="stable")


def oddity(mixture: gmmkit.Mixture, row: Rows) -> str:
    """Return how rare a payment is, and which value is the oddest given the others."""
    rarity = -float(gmmkit.algebra.log_tail_probability(mixture, row[None])[0]) / np.log(10)
    said = [expected(mixture, row, j) for j in range(len(row))]
    means = np.array([each.mean[0, 0] for each in said])
    deviations = np.sqrt([each.variance[0, 0] for each in said])
    oddest = int(np.argmax(np.abs(row - means) / deviations))
    without = [expected(mixture, row, oddest, j).mean[0, 0] for j in range(len(row))]
    cause = int(np.argmax(np.abs(without - means[oddest])))
    low, high = (in_words(NAMES[oddest], end[0, 0]) for end in said[oddest].interval(0.9))
    found, because = (f"{NAMES[j]} is {in_words(NAMES[j], row[j])}" for j in (oddest, cause))
    return f"1 in 10^{rarity:.0f}; {found}, expected {low} to {high} because {because}"


def expected(
    mixture: gmmkit.Mixture, row: Rows, target: int, without: int | None = None
) -> gmmkit.algebra.Regression:
    """Return what the other columns of a payment, perhaps without one of them, say of a column."""
    given = [j for j in range(len(row)) if j not in (target, without)]
    part = gmmkit.algebra.marginal(mixture, [*given, target])
    return gmmkit.algebra.regress(part, range(len(given)), row[None, given])


def tell_what_was_found(rankings: Mapping[str, Places], fraud: Marks, amounts: Rows) -> None:
    """Print how many of the first alerts are fraud by the labels, and what they are worth."""
    print(f"by the labels, {fraud.sum()} payments are fraud, worth {amounts[fraud].sum():,.0f}")
    for name, order in rankings.items():
        found = [place for place in order[:REVIEWED] if fraud[place]]
        worth = f"worth {amounts[found].sum():,.0f}"
        print(f"{name}: {len(found)} of the first {REVIEWED} alerts, {worth}")


def draw(mixture: gmmkit.Mixture, rows: Rows, rankings: Mapping[str, Places], fraud: Marks) -> None:
    """Save the alerts among the payments in two planes, and what each fit would have found."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 4.6), layout="constrained")
    *planes, curves = figure.subplots(1, 3)
    alert = np.isin(np.arange(len(rows)), next(iter(rankings.values()))[:REVIEWED])
    for axes, names in zip(planes, PLANES, strict=True):
        draw_plane(axes, mixture, rows, [NAMES.index(name) for name in names], 2 * alert + fraud)
    planes[0].legend(framealpha=0.9, loc="upper left")
    for (name, order), style in zip(rankings.items(), ("-", "--", ":"), strict=True):
        curves.plot(np.arange(1, 201), np.cumsum(fraud[order[:200]]), style, label=name)
    curves.axvline(REVIEWED, color="0.8", zorder=0)
    curves.legend(frameon=False)
    curves.set(xlabel="alerts", ylabel="frauds among them")
    figure.savefig(PICTURE, dpi=90)
    print(f"wrote {PICTURE}")


def draw_plane(
    axes: "Axes", mixture: gmmkit.Mixture, rows: Rows, shown: list[int], kinds: Places
) -> None:
    """Draw what is usual of two columns, and over it the payments of each kind."""
    from gmmkit.plot.mixtures import contour_plot

    contour_plot(gmmkit.algebra.marginal(mixture, shown), levels=(0.5, 0.9, 0.99), ax=axes)
    for kind, (label, (marker, color, size)) in enumerate(MARKERS.items()):
        x, y = rows[kinds == kind][:, shown].T
        axes.scatter(x, y, s=size, c=color, marker=marker, label=label, zorder=3)
    limits = {"xlim": axes.get_xlim(), "ylim": axes.get_ylim()}
    ticks = np.array([0.1, 1, 10, 100, 1000])
    for axis, j in zip((axes.xaxis, axes.yaxis), shown, strict=True):
        axis.set_ticks(to_scale(NAMES[j], ticks), [f"{tick:g}" for tick in ticks])
    axes.set(xlabel=NAMES[shown[0]], ylabel=NAMES[shown[1]], **limits)


if __name__ == "__main__":
    main()
