"""Plots of boundaries found against boundaries drawn by people."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.plot._axes import GRAY, axes_or_new, check_some, color_of, line_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ISO_F = np.arange(0.1, 1.0, 0.1)


class BoundaryRates(Protocol):
    """What a precision-recall curve has to have, one value a threshold."""

    @property
    def precision(self) -> Float64Array: ...

    @property
    def recall(self) -> Float64Array: ...


def precision_recall_plot(
    curves: Mapping[str, BoundaryRates], *, ax: "Axes | None" = None
) -> "Axes":
    """Draw precision over recall of boundaries, over lines of equal F.

    The best F of each curve is marked and stands in the legend.

    Parameters
    ----------
    curves : mapping of str to curve
        Anything with `precision` and `recall`, such as
        :class:`gmmkit.image.metrics.BoundaryCounts`, by the name for the legend.
    ax : matplotlib Axes, optional
        New ones if not given.

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
    D. R. Martin, C. C. Fowlkes and J. Malik, "Learning to detect natural image boundaries using
    local brightness, color, and texture cues", IEEE Trans. PAMI 26 (2004), figure 11.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> curve = SimpleNamespace(precision=np.array([0.5, 1.0]), recall=np.array([0.8, 0.4]))
    >>> precision_recall_plot({"a method": curve}).get_legend_handles_labels()[1]
    ['a method, F 0.615']
    """
    check_some(curves, "curves")
    ax = axes_or_new(ax)
    _draw_equal_f(ax)
    for index, (name, curve) in enumerate(curves.items()):
        f = 2 * curve.precision * curve.recall / np.maximum(curve.precision + curve.recall, 1e-300)
        best, color = int(f.argmax()), color_of(index)
        label = f"{name}, F {f[best]:.3f}"
        ax.plot(curve.recall, curve.precision, color=color, linestyle=line_of(index), label=label)
        ax.plot(curve.recall[best], curve.precision[best], "o", color=color, clip_on=False)
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="Recall", ylabel="Precision", aspect="equal")
    ax.legend(frameon=False, loc="lower left")
    return ax


def _draw_equal_f(ax: "Axes") -> None:
    """Draw P = F R / (2 R - F), which reaches P = 1 at R = F / (2 - F)."""
    for f in _ISO_F:
        recall = np.linspace(f / (2 - f), 1, 100)
        precision = f * recall / (2 * recall - f)
        ax.plot(recall, precision, color=GRAY, linewidth=0.5, linestyle=":", zorder=1)
        ax.annotate(f"{f:.1f}", (1.0, precision[-1]), color=GRAY, fontsize=7, va="center")
