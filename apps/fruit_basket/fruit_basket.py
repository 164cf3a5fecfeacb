"""Find the sorts of fruits in a basket from their weight and width, and draw what was found.

Usage: python fruit_basket.py
"""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

import gmmkit
from gmmkit.lesson import Lesson, teach

BASKET = Path(__file__).parents[2] / "data" / "fruit_basket.csv"
SURE = 0.95
PICTURE = "fruit_basket.png"

Names = npt.NDArray[np.str_]


def main() -> None:
    """Weigh and measure, look at soft and hard assignment, add the color, and draw."""
    with BASKET.open(encoding="utf-8", newline="") as lines:
        table = list(csv.DictReader(lines))
    names = np.array([row["fruit"] for row in table])
    columns = ("weight_g", "diameter_mm", "hue_deg")
    measured = np.array([[float(row[column]) for column in columns] for row in table])
    soft, hard = teach(measured[:, :2], 3, seed=0)
    tell_bells(soft, names)
    for fruit in ([95.0, 54.0], [170.0, 73.0]):
        tell_fruit(soft.mixture, fruit)
    tell_mistakes(soft, names)
    tell_mistakes(hard, names)
    tell_what_color_adds(measured)
    draw(soft, hard, names)


def tell_bells(lesson: Lesson, names: Names) -> None:
    """Print each bell, and which names its likeliest fruits turn out to have."""
    labels = lesson.mixture.labels(lesson.rows)
    for k, (grams, millimeters) in enumerate(lesson.mixture.means):
        held = Counter(names[labels == k].tolist()).most_common()
        named = ", ".join(f"{count} {name}s" for name, count in held)
        place = f"{lesson.mixture.weights[k]:.0%}, {grams:.0f} g, {millimeters:.0f} mm"
        print(f"bell {'ABC'[k]}: {place}: {named}")


def tell_fruit(mixture: gmmkit.Mixture, fruit: list[float]) -> None:
    """Print how much a fruit that was not in the basket belongs to each bell."""
    shares = dict(zip("ABC", mixture.responsibilities([fruit])[0], strict=True))
    parts = ", ".join(f"{share:.0%} {k}" for k, share in shares.items() if share > 0.005)
    print(f"a fruit of {fruit[0]:.0f} g and {fruit[1]:.0f} mm: {parts}")


def tell_mistakes(lesson: Lesson, names: Names) -> None:
    """Print how well the bells agree with the names, which they have never seen."""
    true = by_names(lesson, names)
    off = np.abs(lesson.mixture.means - true.means).max(axis=0)
    wrong = int((lesson.mixture.labels(lesson.rows) != indices(lesson, names)).sum())
    centers = f"centers up to {off[0]:.0f} g and {off[1]:.1f} mm off"
    print(f"{lesson.assignment}: {wrong} of {len(names)} fruits in a wrong bell, {centers}")


def tell_what_color_adds(measured: npt.NDArray[np.float64]) -> None:
    """Print how many fruits are surely assigned by two measurements, and by three."""
    for rows, what in ((measured[:, :2], "weight and width"), (measured, "and color")):
        mixture = gmmkit.fit(rows, 3, seed=0, n_init=5).mixture
        sure = int((mixture.responsibilities(rows).max(axis=1) >= SURE).sum())
        print(f"{what}: {sure} of {len(rows)} fruits surely belong to one bell")


def indices(lesson: Lesson, names: Names) -> npt.NDArray[np.intp]:
    """Return each fruit's sort as the letter of the bell: sorts by weight, as bells are."""
    sorts = sorted(set(names.tolist()), key=lambda name: lesson.rows[names == name, 0].mean())
    return np.array([sorts.index(name) for name in names.tolist()])


def by_names(lesson: Lesson, names: Names) -> gmmkit.Mixture:
    """Return the bells that the names lead to: what could be found at best."""
    sorts = [lesson.rows[indices(lesson, names) == k] for k in range(3)]
    covariances = np.array([np.cov(rows.T, bias=True) for rows in sorts])
    shares = np.array([len(rows) for rows in sorts]) / len(names)
    return gmmkit.Mixture(shares, np.array([rows.mean(axis=0) for rows in sorts]), covariances)


def draw(soft: Lesson, hard: Lesson, names: Names) -> None:
    """Save what soft and hard assignment found, beside what the fruits are."""
    from matplotlib.figure import Figure

    from gmmkit.plot import bells_plot

    figure = Figure(figsize=(13.5, 4.6), layout="constrained")
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    truth = np.eye(3)[indices(soft, names)]
    shown = (
        ("Soft assignment", soft.mixture, soft.responsibilities),
        ("Hard assignment", hard.mixture, hard.responsibilities),
        ("What they are: A lemons, B apples, C oranges", by_names(soft, names), truth),
    )
    for axes, (title, mixture, shares) in zip(panels, shown, strict=True):
        bells_plot(soft.rows, mixture, shares, names="ABC", ax=axes)
        axes.set(title=title, xlabel="weight (g)")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("diameter (mm)")
    figure.supxlabel("The ellipses hold 50 % and 90 % of a bell.", fontsize=9)
    figure.savefig(PICTURE, dpi=90)
    print(f"wrote {PICTURE}")


if __name__ == "__main__":
    main()
