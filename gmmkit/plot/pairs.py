"""All columns of a mixture against each other: ellipses below the diagonal, contours above it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import FloatArray
from gmmkit.core.mixture import Mixture
from gmmkit.errors import InputError, ParameterError
from gmmkit.plot._axes import axes_or_new
from gmmkit.plot._planes import Labels, View, rows_and_labels, scatter, view_of
from gmmkit.plot.densities import draw_densities, draw_histogram
from gmmkit.plot.mixtures import draw_contours, draw_ellipses

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AxesGrid = npt.NDArray[np.object_]
Rows = tuple[FloatArray, Labels]

_COLUMNS_AT_MOST = 10
_INCHES = 2.1
_REACH = 3.2
_REGIONS = (0.25, 0.5, 0.75, 0.95)
# A small cell shows no more.
_PLACES = 60


def pair_plot(
    mixture: Mixture,
    rows: npt.ArrayLike | None = None,
    *,
    columns: Sequence[int] | None = None,
    labels: npt.ArrayLike | None = None,
    level: float = 0.95,
    names: Sequence[str] | None = None,
    axes: AxesGrid | None = None,
) -> AxesGrid:
    """Draw a mixture in every pair of columns, and in each of them alone.

    Below the diagonal stand rows and ellipses, above it contours of the density (the regions that
    hold a quarter, half, three quarters and 95 % of it), and on it histograms with the densities
    of the components.

    Parameters
    ----------
    mixture : Mixture
    rows : array_like of shape (N, D), optional
        In all columns.
    columns : sequence of int, optional
        Which to show, at most ten; the first ten by default.
    labels : array_like of shape (N,), optional
        Whole numbers that color the rows; their most probable components by default.
    level : float
        The share of a component's rows that its ellipse holds in the plane shown.
    names : sequence of str, optional
        Of all D columns.
    axes : ndarray of shape (d, d) of matplotlib Axes, optional
        For the d columns shown; new ones if not given.

    Returns
    -------
    ndarray of shape (d, d) of matplotlib Axes

    Raises
    ------
    InputError
        If the rows or labels cannot be used.
    ParameterError
        If columns, level, names or axes do not fit the mixture.
    MissingDependencyError
        If Matplotlib is not installed.

    Examples
    --------
    >>> grid = pair_plot(Mixture([1.0], [[0.0, 0.0]], [np.eye(2)]), names=["a", "b"])
    >>> grid[1, 0].get_xlabel(), grid[1, 0].get_ylabel()
    ('a', 'b')
    """
    chosen = _check_columns(mixture, columns)
    whole = view_of(mixture, chosen, names)
    if not 0 < level < 1:
        raise ParameterError("level is not usable", found=repr(level), needed="between 0 and 1")
    given = None if rows is None else rows_and_labels(mixture, rows, labels)
    grid = _grid(axes, len(chosen))
    ranges = [_range(whole, j, given, column) for j, column in enumerate(chosen)]
    for (i, j), ax in np.ndenumerate(grid):
        view = view_of(mixture, [chosen[j]] if i == j else [chosen[j], chosen[i]], names)
        points = None if given is None else (given[0][:, [chosen[j], chosen[i]]], given[1])
        _draw(ax, view, points, level, above=i < j)
        ax.set_xlim(ranges[j])
        if i != j:
            ax.set_ylim(ranges[i])
        _name(ax, view.names, i, j, len(chosen))
    return grid


def _check_columns(mixture: Mixture, columns: Sequence[int] | None) -> list[int]:
    if columns is None:
        return list(range(min(mixture.n_features, _COLUMNS_AT_MOST)))
    if not 0 < len(columns) <= _COLUMNS_AT_MOST:
        raise ParameterError(
            "that many columns cannot be shown",
            found=f"{len(columns)}",
            needed=f"one to {_COLUMNS_AT_MOST}",
        )
    return list(columns)


def _grid(axes: AxesGrid | None, count: int) -> AxesGrid:
    if axes is None:
        # Makes sure of Matplotlib, and of its words where it is missing.
        figure = axes_or_new(None, size=(_INCHES * count + 0.6,) * 2).figure
        figure.clear()
        made: AxesGrid = figure.subplots(count, count, squeeze=False)
        return made
    grid = np.asarray(axes, dtype=object)
    if grid.shape != (count, count):
        raise InputError(
            "axes do not match the columns",
            found=f"shape {grid.shape}",
            needed=f"({count}, {count})",
        )
    return grid


def _range(view: View, column: int, given: Rows | None, column_of_rows: int) -> tuple[float, float]:
    """Return what every cell of a column shows, so that cells can be compared."""
    means = view.means[view.shown, column]
    deviations = np.sqrt(view.covariances[view.shown, column, column])
    ends = [means - _REACH * deviations, means + _REACH * deviations]
    if given is not None:
        ends.append(given[0][:, column_of_rows].astype(np.float64))
    every = np.concatenate(ends)
    margin = 0.03 * float(np.ptp(every))
    return float(every.min()) - margin, float(every.max()) + margin


def _draw(ax: "Axes", view: View, given: Rows | None, level: float, *, above: bool) -> None:
    if len(view.names) == 1:
        if given is not None:
            draw_histogram(ax, given[0][:, 0])
        draw_densities(ax, view)
    elif above:
        draw_contours(ax, view, _REGIONS, n_grid=_PLACES)
    else:
        if given is not None:
            scatter(ax, *given)
        draw_ellipses(ax, view, [level])


def _name(ax: "Axes", names: Sequence[str], i: int, j: int, count: int) -> None:
    """Write names and numbers along the outer edge, and every name on the diagonal."""
    edge = i != j and j in (0, count - 1)
    ax.tick_params(labelbottom=i == count - 1, labelleft=edge and j == 0)
    if i == j:
        ax.set_yticks([])
        ax.set_title(names[0], fontsize="small", loc="left", pad=3)
    if i == count - 1:
        ax.set_xlabel(names[0])
    if edge and j == 0:
        ax.set_ylabel(names[1])
