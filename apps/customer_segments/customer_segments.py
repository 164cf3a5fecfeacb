"""Turn purchases into named segments of customers, and say how surely each customer belongs.

Usage: python customer_segments.py [PURCHASES.csv]    (columns customer, date, order and amount)
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase

import numpy as np
import numpy.typing as npt

import gmmkit

PURCHASES = Path(__file__).parents[2] / "data" / "purchases.csv"
# Half of the step from one day to two and from two orders to three, on the scales used.
FLOOR = (0.13, 0.2, 0.01)
NEW, FAR, SURE = 120, 2.0, 0.8
ONCE = ("One order, new", "One order, old")
TICKS = ((1, 10, 50, 150, 300, 600), (2, 5, 10, 20, 50, 100), (10, 20, 50, 100, 200, 500))
AXES = ("days since the last order", "orders", "amount per order")
PICTURE = "customer_segments.png"

Rows = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Customers:
    """One entry each; measures are days since the last order, orders, and amount per order."""

    names: npt.NDArray[np.str_]
    measures: Rows
    revenue: Rows
    tenure: Rows

    def who_ordered(self, *, once: bool) -> "Customers":
        """Return those who ordered once, or those who ordered more often."""
        some = (self.measures[:, 1] == 1) == once
        return Customers(*(column[some] for column in vars(self).values()))


def main(path: str | Path = PURCHASES) -> None:
    """Measure the customers, find and name segments, tell who is doubtful, and draw."""
    text = ("customer", "date", "order")
    everyone = measured(gmmkit.read_table(path, numeric=["amount"], text=text))
    once, customers = everyone.who_ordered(once=True), everyone.who_ordered(once=False)
    rows = to_scale(customers.measures)
    chosen = gmmkit.select(rows, range(1, 9), ("full", "diag"), "icl", floor=FLOOR, seed=0)
    print(f"{len(everyone.names)} customers, {len(rows)} with several orders: {chosen!r}")
    spent = customers.revenue @ chosen.best.mixture.responsibilities(rows)
    mixture = chosen.best.mixture.reordered(np.argsort(-spent).tolist())
    shares = mixture.responsibilities(rows)
    centers = from_scale(mixture.means) / np.median(customers.measures, axis=0)
    named = map(segment_name, centers, customers.tenure @ shares / shares.sum(axis=0))
    names = [f"{letter} {name}" for letter, name in zip(ascii_uppercase, named, strict=False)]
    new = np.column_stack([once.tenure <= NEW, once.tenure > NEW])
    counts = np.append(shares.sum(axis=0), new.sum(axis=0))
    money = np.append(customers.revenue @ shares, once.revenue @ new) / everyone.revenue.sum()
    profiles = [*map(profile, mixture.means, mixture.covariances), "", ""]
    for line in zip([*names, *ONCE], counts, money, profiles, strict=True):
        print("{:<15} {:3.0f} customers, {:5.1%} of revenue{}".format(*line))
    tell_doubtful(customers, shares, names)
    draw(mixture, rows, [*names, *ONCE], np.column_stack([counts / counts.sum(), money]))


def measured(table: gmmkit.Table) -> Customers:
    """Return what there is to say of each customer on the day after the last purchase."""
    names, customer = np.unique(table.columns["customer"].astype(str), return_inverse=True)
    days = table.columns["date"].astype("datetime64[D]").astype(np.int64)
    ago = (days.max() + 1 - days).astype(np.float64)
    recency, tenure = np.full(len(names), np.inf), np.zeros(len(names))
    np.minimum.at(recency, customer, ago)
    np.maximum.at(tenure, customer, ago)
    _, first_rows = np.unique(table.columns["order"].astype(str), return_index=True)
    orders = np.bincount(customer[first_rows], minlength=len(names))
    spent = np.bincount(customer, table.columns["amount"]).astype(np.float64)
    return Customers(names, np.column_stack([recency, orders, spent / orders]), spent, tenure)


def to_scale(measures: Rows) -> Rows:
    """Return measures on scales that suit Gaussians: waiting times go by their cube root."""
    return np.column_stack([np.cbrt(measures[:, 0]), np.log(measures[:, 1:])])


def from_scale(rows: Rows) -> Rows:
    """Return such rows in days, orders and money."""
    return np.column_stack([rows[:, 0] ** 3, np.exp(rows[:, 1:])])


def segment_name(center: Rows, tenure: float) -> str:
    """Return a name for a center in multiples of the median, and days since the first order."""
    recency, orders, amount = center
    if tenure <= NEW:
        return "New"
    if recency > FAR:
        return "At risk" if orders >= 1 else "Hibernating"
    if amount > FAR:
        return "Big orders"
    return "Champions" if orders > FAR else "Loyal" if orders >= 1 else "Occasional"


def profile(mean: Rows, covariance: Rows) -> str:
    """Return the center of a segment, and between what two thirds of it lie, measure by measure."""
    deviations = np.sqrt(np.diagonal(covariance))
    low, center, high = from_scale(mean + np.outer((-1, 0, 1), deviations))
    parts = zip(AXES, center, low, high, strict=True)
    return "".join(f"; {name} {a:.0f} ({b:.0f} to {c:.0f})" for name, a, b, c in parts)


def tell_doubtful(customers: Customers, shares: Rows, names: list[str]) -> None:
    """Print how many customers are between segments, and the most doubtful of them."""
    surest = shares.max(axis=1)
    print(f"{(surest < SURE).sum()} of {len(surest)} belong to no segment with {SURE:.0%}:")
    for place in np.argsort(surest, kind="stable")[:5]:
        parts = [f"{shares[place, k]:.0%} {names[k]}" for k in np.argsort(-shares[place])[:2]]
        days, orders, amount = customers.measures[place]
        who = f"{customers.names[place]}, {orders:.0f} orders of {amount:.0f}, recency {days:.0f}"
        print(f"{who}: {', '.join(parts)}")


def draw(mixture: gmmkit.Mixture, rows: Rows, names: list[str], parts: Rows) -> None:
    """Save the segments in two planes, and their shares of customers and revenue."""
    from matplotlib.figure import Figure

    from gmmkit.plot.mixtures import ellipse_plot

    figure = Figure(figsize=(14, 4.6), layout="constrained")
    *planes, bars = figure.subplots(1, 3)
    for axes, columns in zip(planes, ((0, 1), (2, 1)), strict=True):
        ellipse_plot(mixture, rows, columns=columns, levels=[0.5, 0.9], ax=axes)
        axes.get_legend().remove()
        for k, center in enumerate(mixture.means[:, columns]):
            offset = (4, -14 if k % 2 else 4)
            axes.annotate(names[k][0], center, offset, textcoords="offset points", fontsize=14)
        axes.set(xlabel=AXES[columns[0]], ylabel=AXES[columns[1]])
        for axis, j in zip((axes.xaxis, axes.yaxis), columns, strict=True):
            axis.set_ticks(to_scale(np.column_stack(3 * [TICKS[j]]))[:, j], [*map(str, TICKS[j])])
    places = np.arange(len(names))
    bars.barh(places - 0.2, 100 * parts[:, 0], 0.4, color="0.7", label="% of the customers")
    bars.barh(places + 0.2, 100 * parts[:, 1], 0.4, color="#0072b2", label="% of the revenue")
    bars.set_yticks(places, names)
    bars.invert_yaxis()
    bars.legend(frameon=False)
    figure.savefig(PICTURE, dpi=90)
    print(f"wrote {PICTURE}")


if __name__ == "__main__":
    main(*sys.argv[1:])
