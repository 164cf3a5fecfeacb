"""Plots of the choice among many: how often the right one is near the top, and who is mixed up.

They take plain arrays of rates or counts, whatever these are about.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.errors import InputError
from gmmkit.plot._axes import axes_or_new, check_some, color_of, line_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMES_SHOWN = 40
_NUMBERS_SHOWN = 15


def cmc_plot(curves: Mapping[str, npt.ArrayLike], *, ax: "Axes | None" = None) -> "Axes":
    """Draw cumulative match curves: how often the right model is among the k best.

    Parameters
    ----------
    curves : mapping of str to array_like of shape (n_models,)
        Rates at rank 1, 2, ..., by the name for the legend.
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

    Examples
    --------
    >>> cmc_plot({"a system": [0.9, 0.95, 1.0]}).get_xlabel()
    'Rank'
    """
    check_some(curves, "curves")
    ax = axes_or_new(ax, size=(6.0, 4.0))
    for index, (name, curve) in enumerate(curves.items()):
        rates = 100 * np.asarray(curve, dtype=np.float64)
        ranks = np.arange(1, len(rates) + 1)
        label = f"{name}, {rates[0]:.1f} % at rank 1"
        marker = "o" if len(rates) <= _NUMBERS_SHOWN else ""
        (line,) = ax.plot(ranks, rates, label=label, color=color_of(index), linewidth=1.6)
        line.set(linestyle=line_of(index), marker=marker, markersize=4, clip_on=False)
    ax.set(xlabel="Rank", ylabel="Right model among the best (%)")
    _rank_ticks(ax, max(np.size(curve) for curve in curves.values()))
    ax.legend(frameon=False, loc="lower right")
    return ax


def confusion_plot(
    counts: npt.ArrayLike, names: Sequence[str] | None = None, *, ax: "Axes | None" = None
) -> "Axes":
    """Draw a confusion matrix as shares of each row.

    Parameters
    ----------
    counts : array_like of shape (n_rows, n_columns)
        Row: what is true. Column: what was decided.
    names : sequence of str, optional
        Of rows and columns; up to 40 are written.
    ax : matplotlib Axes, optional
        New ones if not given.

    Returns
    -------
    matplotlib Axes
        With counts written in the cells where there are few.

    Raises
    ------
    InputError
        If counts are no matrix of nonnegative numbers, or names do not match it.
    MissingDependencyError
        If Matplotlib is not installed.

    Examples
    --------
    >>> confusion_plot([[3, 1], [0, 4]], ["ana", "unknown"]).get_ylabel()
    'Speaker'
    """
    table = _checked_counts(counts, names)
    ax = axes_or_new(ax, size=(5.5, 5.0))
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    image = ax.imshow(100 * shares, cmap="Blues", vmin=0, vmax=100)
    ax.figure.colorbar(image, ax=ax, shrink=0.8, label="Tests of the speaker (%)")
    _name_ticks(ax, names, table.shape)
    if max(table.shape) <= _NUMBERS_SHOWN:
        for (row, column), count in np.ndenumerate(table):
            ink = "white" if shares[row, column] > 0.5 else "black"
            text = f"{count:g}" if count else ""
            ax.text(column, row, text, ha="center", va="center", color=ink, fontsize="small")
    ax.set(xlabel="Name given", ylabel="Speaker")
    return ax


def _rank_ticks(ax: "Axes", n_ranks: int) -> None:
    step = max(1, n_ranks // 10)
    ax.set_xticks([1, *range(2 if step == 1 else step, n_ranks + 1, step)])
    ax.set(xlim=(1, max(n_ranks, 2)), ylim=(None, 100.5))
    ax.grid(color="0.9", linewidth=0.6)


def _name_ticks(ax: "Axes", names: Sequence[str] | None, shape: tuple[int, ...]) -> None:
    if names is None or len(names) > _NAMES_SHOWN:
        return
    size = "small" if len(names) <= _NUMBERS_SHOWN else "x-small"
    ax.set_xticks(range(shape[1]), names, rotation=90, fontsize=size)
    ax.set_yticks(range(shape[0]), names, fontsize=size)


def _checked_counts(counts: npt.ArrayLike, names: Sequence[str] | None) -> Float64Array:
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or 0 in table.shape or not (np.isfinite(table) & (table >= 0)).all():
        raise InputError(
            "these are no counts", found=f"shape {table.shape}", needed="a matrix, none negative"
        )
    if names is not None and table.shape != (len(names), len(names)):
        raise InputError(
            "names do not match the counts",
            found=f"{len(names)} names for shape {table.shape}",
            needed="one for each row and column",
        )
    return table
