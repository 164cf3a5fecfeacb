"""Plots of how fits came about: the trace of one, what its starts reached, and which was chosen.

They take plain values, whatever made them.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.core.em import Iteration
from gmmkit.core.fits.optima import Optimum
from gmmkit.errors import InputError
from gmmkit.plot._axes import GRAY, axes_or_new, check_some, color_of, line_of
from gmmkit.plot._planes import MARKERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A legend of more curves would lie on top of them.
_CURVES_INSIDE = 5


def trace_plot(
    trace: Sequence[Iteration], *, gaps: bool = False, ax: "Axes | None" = None
) -> "Axes":
    """Draw the log likelihood of a fit, iteration by iteration, by the arithmetic that it took.

    Parameters
    ----------
    trace : sequence of Iteration
        As in `FitResult.trace`.
    gaps : bool
        Draw how far below the last iteration each one is, on a logarithmic axis, where the speed
        of convergence shows as a slope.
    ax : matplotlib Axes, optional
        New ones if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If the trace is empty.
    MissingDependencyError
        If Matplotlib is not installed.

    Examples
    --------
    >>> steps = [Iteration(value, "float64", 0) for value in (-3.0, -2.0, -1.9)]
    >>> trace_plot(steps).get_xlabel()
    'Iteration'
    """
    check_some(trace, "iterations")
    ax = axes_or_new(ax, size=(6.0, 4.0))
    values = np.array([step.log_likelihood for step in trace])
    shown = values[-1] - values if gaps else values
    number = np.arange(1, len(values) + 1)
    drawn = shown > 0 if gaps else np.ones(len(values), dtype=bool)
    ax.plot(number[drawn], shown[drawn], color="0.7", linewidth=1.0, zorder=1)
    for index, route in enumerate(dict.fromkeys(step.route for step in trace)):
        taken = drawn & np.array([step.route == route for step in trace])
        style: dict[str, Any] = {"color": color_of(index), "marker": MARKERS[index]}
        ax.scatter(number[taken], shown[taken], s=18, label=f"{route} arithmetic", **style)
    _mark_floors(ax, trace, number, shown, drawn)
    unit = "Log likelihood (nats per row)"
    ax.set(xlabel="Iteration", ylabel=f"{unit} below the last" if gaps else unit)
    ax.set_yscale("log" if gaps else "linear")
    _whole_numbers(ax)
    ax.legend(frameon=False)
    return ax


def starts_plot(optima: Sequence[Optimum], *, ax: "Axes | None" = None) -> "Axes":
    """Draw what every start reached, the best first; starts at one optimum stand in a row.

    Parameters
    ----------
    optima : sequence of Optimum
        Distinct ones, such as `FitResult.optima`.
    ax : matplotlib Axes, optional
        New ones if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If there are no optima.
    MissingDependencyError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from gmmkit.core.mixture import Mixture
    >>> mixture = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> starts_plot([Optimum(-5.0, True, 4, mixture)]).get_legend_handles_labels()[1]
    ['valid']
    """
    check_some(optima, "optima")
    ax = axes_or_new(ax, size=(6.0, 4.0))
    ordered = sorted(optima, key=lambda each: each.log_likelihood, reverse=True)
    values = np.repeat([each.log_likelihood for each in ordered], [each.starts for each in ordered])
    valid = np.repeat([each.valid for each in ordered], [each.starts for each in ordered])
    place = np.arange(1, len(values) + 1)
    best = max(ordered, key=lambda each: (each.valid, each.log_likelihood))
    ax.axhline(best.log_likelihood, color=GRAY, linewidth=0.8, linestyle=":", zorder=1)
    for flag, name, color, marker in ((True, "valid", 0, "o"), (False, "collapsed", 1, "X")):
        if (valid == flag).any():
            style: dict[str, Any] = {"color": color_of(color), "marker": marker, "label": name}
            ax.scatter(place[valid == flag], values[valid == flag], s=34, zorder=2, **style)
    share = f"{best.starts} of {len(values)} starts at the best"
    ax.set_title(share, loc="left", fontsize="medium")
    ax.set(xlabel="Start, by what it reached", ylabel="Log likelihood (nats)")
    _whole_numbers(ax)
    ax.legend(frameon=False)
    return ax


def selection_plot(
    table: Iterable[tuple[str, int, float]],
    *,
    criterion: str = "BIC",
    lower_is_better: bool = True,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw a criterion against the number of components, a line a covariance family.

    Parameters
    ----------
    table : iterable of (str, int, float)
        Family, number of components, and the criterion's value; NaN where there is no fit.
    criterion : str
        What the values are, for the axis.
    lower_is_better : bool
        Which end is marked as the best.
    ax : matplotlib Axes, optional
        New ones if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If no value is finite.
    MissingDependencyError
        If Matplotlib is not installed.

    Examples
    --------
    >>> ax = selection_plot([("full", 1, 30.0), ("full", 2, 20.0), ("diag", 1, 25.0)])
    >>> ax.get_legend_handles_labels()[1]
    ['full', 'diag', 'best: full, 2']
    """
    entries = [(str(family), int(k), float(value)) for family, k, value in table]
    usable = [entry for entry in entries if np.isfinite(entry[2])]
    check_some(usable, "finite values of the criterion")
    families = dict.fromkeys(family for family, _, _ in entries)
    curves = {family: _curve(entries, family) for family in families}
    ax = axes_or_new(ax, size=(6.5, 4.5))
    for index, (family, (k, values)) in enumerate(curves.items()):
        style: dict[str, Any] = {"color": color_of(index), "linestyle": line_of(index)}
        ax.plot(k, values, marker=MARKERS[index % 8], markersize=4.5, label=family, **style)
    best = (min if lower_is_better else max)(usable, key=lambda entry: entry[2])
    ring: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": "black"}
    name = f"best: {best[0]}, {best[1]}"
    ax.plot(best[1], best[2], "o", markersize=12, linestyle="none", label=name, **ring)
    better = "lower" if lower_is_better else "higher"
    ax.set(xlabel="Components", ylabel=f"{criterion} ({better} is better)")
    ax.set_xticks(sorted({k for _, k, _ in entries}))
    ax.grid(color="0.92", linewidth=0.6)
    ax.set_axisbelow(True)
    beside: dict[str, Any] = {
        "loc": "upper left",
        "bbox_to_anchor": (1.0, 1.02),
        "fontsize": "small",
    }
    ax.legend(frameon=False, **(beside if len(curves) > _CURVES_INSIDE else {}))
    return ax


def _curve(
    entries: Sequence[tuple[str, int, float]], family: str
) -> tuple[list[int], Float64Array]:
    """Return the curve of one family by ascending number; what is not finite leaves a gap."""
    own = sorted((k, value) for name, k, value in entries if name == family)
    counts = [k for k, _ in own]
    if len(set(counts)) < len(counts):
        raise InputError("the table has a number of components twice", found=f"family {family!r}")
    values = np.array([value for _, value in own])
    return counts, np.where(np.isfinite(values), values, np.nan)


def _mark_floors(
    ax: "Axes",
    trace: Sequence[Iteration],
    number: Any,
    shown: Float64Array,
    drawn: Any,
) -> None:
    held = drawn & np.array([step.floored > 0 for step in trace])
    if held.any():
        style: dict[str, Any] = {"facecolors": "none", "edgecolors": "black", "linewidths": 0.9}
        ax.scatter(number[held], shown[held], s=70, label="a floor acts", zorder=3, **style)


def _whole_numbers(ax: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
