"""Plots of the decision between the same and another: errors, evidence and scores.

They take plain arrays of scores or rates, whatever these are about.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.plot._axes import GRAY, axes_or_new, check_some, color_of, line_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PERCENT_TICKS = np.array([0.01, 0.1, 0.5, 1, 2, 5, 10, 20, 40, 60, 80, 90, 95, 99])


class ErrorRates(Protocol):
    """What a detection error trade-off curve has to have."""

    @property
    def miss_rate(self) -> Float64Array: ...

    @property
    def false_alarm_rate(self) -> Float64Array: ...


def det_plot(
    curves: Mapping[str, ErrorRates],
    *,
    ax: "Axes | None" = None,
    marks: Mapping[str, tuple[float, float]] | None = None,
    limits: tuple[float, float] | None = None,
) -> "Axes":
    """Draw detection error trade-off curves on axes where normal scores give straight lines.

    Parameters
    ----------
    curves : mapping of str to curve
        Anything with `miss_rate` and `false_alarm_rate`, by the name for the legend.
    ax : matplotlib Axes, optional
        New ones if not given.
    marks : mapping of str to (float, float), optional
        False alarm and miss rate of points to mark, such as those at an operating point.
    limits : (float, float), optional
        The rates, between 0 and 1 exclusive, from and to which both axes go; if not given, so that
        every curve's crossing with the diagonal is well inside.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If there are no curves.
    MissingDependencyError
        If Matplotlib is not installed.

    References
    ----------
    A. Martin et al., "The DET curve in assessment of detection task performance", Eurospeech 1997.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> rates = np.array([0.0, 0.1, 1.0])
    >>> curve = SimpleNamespace(miss_rate=rates, false_alarm_rate=rates[::-1])
    >>> det_plot({"a system": curve}).get_xlabel()
    'False alarm rate (%)'
    """
    check_some(curves, "curves")
    ax = axes_or_new(ax)
    low, high = limits or _det_limits(list(curves.values()))
    edge = _probit(np.array([low, high]))
    ax.plot(edge, edge, color=GRAY, linewidth=0.8, linestyle=":", zorder=1)
    for index, (name, curve) in enumerate(curves.items()):
        x, y = (_probit(np.clip(rate, low, 1 - low)) for rate in _steps(curve))
        ax.plot(x, y, label=name, color=color_of(index), linestyle=line_of(index), linewidth=1.6)
    for index, (name, point) in enumerate((marks or {}).items()):
        x, y = _probit(np.clip(np.array(point), low, high))
        ax.plot(x, y, "osD^v"[index % 5], label=name, color="black", markersize=5, clip_on=False)
    _percent_axes(ax, low, high)
    ax.legend(frameon=False)
    return ax


def tippett_plot(
    target_llr: npt.ArrayLike, nontarget_llr: npt.ArrayLike, *, ax: "Axes | None" = None
) -> "Axes":
    """Draw how many trials of either kind have at least a log-likelihood ratio.

    What lies on the wrong side of zero is misleading evidence; its shares are in the legend.

    Parameters
    ----------
    target_llr, nontarget_llr : array_like of shape (n_targets,) and (n_nontargets,)
        Log-likelihood ratios in nats; drawn to the base of ten.
    ax : matplotlib Axes, optional
        New ones if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If a kind has no finite values.
    MissingDependencyError
        If Matplotlib is not installed.

    Examples
    --------
    >>> tippett_plot([2.0, 3.0], [-2.0, 1.0]).get_legend_handles_labels()[1]
    ['target, 0.0 % below 0', 'nontarget, 50.0 % above 0']
    """
    target, nontarget = _both_kinds(target_llr, nontarget_llr)
    ax = axes_or_new(ax, size=(6.0, 4.0))
    ends = _padded(np.concatenate([target, nontarget]) / np.log(10))
    misleading = (target < 0).mean(), (nontarget > 0).mean()
    labels = f"target, {misleading[0]:.1%} below 0", f"nontarget, {misleading[1]:.1%} above 0"
    for index, values in enumerate((target, nontarget)):
        ascending = np.sort(values) / np.log(10)
        share = 1 - np.arange(len(values) + 1) / len(values)
        x = np.concatenate([[ends[0]], ascending, [ends[1]]])
        y = 100 * np.append(share, share[-1])
        label = labels[index].replace("%", " %")
        ax.plot(x, y, drawstyle="steps-post", label=label, color=color_of(index), linewidth=1.6)
    ax.axvline(0.0, color=GRAY, linewidth=0.8, linestyle=":", zorder=1)
    ax.set(xlabel="log10 likelihood ratio", ylabel="Trials at or above (%)")
    ax.set(xlim=ends, ylim=(0, 100.5))
    ax.legend(frameon=False)
    return ax


def score_histogram(
    target_scores: npt.ArrayLike,
    nontarget_scores: npt.ArrayLike,
    *,
    ax: "Axes | None" = None,
    thresholds: Mapping[str, float] | None = None,
    bins: int = 60,
) -> "Axes":
    """Draw how the scores of either kind are spread, each to an area of one.

    Parameters
    ----------
    target_scores, nontarget_scores : array_like of shape (n_targets,) and (n_nontargets,)
        Infinite ones are left out.
    ax : matplotlib Axes, optional
        New ones if not given.
    thresholds : mapping of str to float, optional
        Scores to mark by a line, by name.
    bins : int
        Of equal width, the same for both kinds.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If a kind has no finite scores.
    MissingDependencyError
        If Matplotlib is not installed.

    Examples
    --------
    >>> score_histogram([2.0, 3.0], [-2.0, 1.0], thresholds={"sre08": 2.3}).get_ylabel()
    'Density'
    """
    both = _both_kinds(target_scores, nontarget_scores)
    ax = axes_or_new(ax, size=(6.0, 4.0))
    edges = np.histogram_bin_edges(np.concatenate(both), bins=bins)
    for index, (name, values) in enumerate(zip(("target", "nontarget"), both, strict=True)):
        color = color_of(index)
        label = f"{name} (n = {len(values):,})"
        options: dict[str, Any] = {"bins": edges, "density": True, "color": color}
        ax.hist(values, histtype="stepfilled", alpha=0.35, **options)
        ax.hist(values, histtype="step", label=label, linewidth=1.4, **options)
    for index, (name, threshold) in enumerate((thresholds or {}).items()):
        style = line_of(index + 1)
        ax.axvline(threshold, color="black", linewidth=1.1, linestyle=style, label=name)
    ax.set(xlabel="Score", ylabel="Density")
    ax.legend(frameon=False)
    return ax


def _det_limits(curves: Sequence[ErrorRates]) -> tuple[float, float]:
    """Return limits that hold all crossings, and the least rate other than zero."""
    worst = [np.maximum(curve.miss_rate, curve.false_alarm_rate).min() for curve in curves]
    rates = np.concatenate([rate for curve in curves for rate in _steps(curve)])
    positive = rates[rates > 0]
    low = float(np.clip(positive.min() / 2, 1e-4, 0.02))
    return low, float(np.clip(2.5 * max(worst), 0.5, 0.99))


def _steps(curve: ErrorRates) -> tuple[Float64Array, Float64Array]:
    return np.asarray(curve.false_alarm_rate), np.asarray(curve.miss_rate)


def _probit(rate: Float64Array) -> Float64Array:
    from scipy.special import ndtri

    deviate: Float64Array = ndtri(rate)
    return deviate


def _percent_axes(ax: "Axes", low: float, high: float) -> None:
    ticks = _PERCENT_TICKS[(100 * low <= _PERCENT_TICKS) & (100 * high >= _PERCENT_TICKS)]
    labels = [f"{tick:g}" for tick in ticks]
    places, edges = _probit(ticks / 100), _probit(np.array([low, high]))
    ax.set_xticks(places, labels)
    ax.set_yticks(places, labels)
    ax.set(xlim=edges, ylim=edges, xlabel="False alarm rate (%)", ylabel="Miss rate (%)")
    ax.set_aspect("equal")
    ax.grid(color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)


def _far_apart(places: Float64Array, least: float) -> list[int]:
    """Return the places, from the last one down, that are far enough from the one before."""
    kept: list[int] = []
    for index in reversed(range(len(places))):
        if not kept or places[kept[-1]] - places[index] >= least:
            kept.append(index)
    return kept[::-1]


def _both_kinds(
    target: npt.ArrayLike, nontarget: npt.ArrayLike
) -> tuple[Float64Array, Float64Array]:
    kinds = []
    for name, given in (("target", target), ("nontarget", nontarget)):
        values = np.asarray(given, dtype=np.float64).ravel()
        finite = values[np.isfinite(values)]
        check_some(finite, f"finite {name} scores")
        kinds.append(finite)
    return kinds[0], kinds[1]


def _padded(values: Float64Array) -> tuple[float, float]:
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    margin = 0.03 * max(high - low, 1e-9)
    return low - margin, high + margin
