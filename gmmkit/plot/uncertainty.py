"""Plots of how sure rows are assigned: doubtful rows stand out by size and darkness."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.assignments import assign
from gmmkit.core.checks import FloatArray, check_rows
from gmmkit.core.mixture import Mixture
from gmmkit.plot._axes import axes_or_new
from gmmkit.plot._planes import legend_of_few, name_axes, scatter, view_of
from gmmkit.plot.mixtures import draw_ellipses

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MIDDLE, _UPPER = 0.75, 0.95
# What is surer than this is no doubt, however sure the other rows are.
_DOUBT = 0.01


def uncertainty_plot(
    mixture: Mixture,
    rows: npt.ArrayLike,
    *,
    columns: tuple[int, int] = (0, 1),
    names: Sequence[str] | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw rows in a plane, the more uncertain their component, the larger and darker.

    Uncertainty is one minus the largest posterior probability. The most uncertain twentieth of
    the rows is black, the fifth below it gray; what is surer than 99 % keeps its color.

    Parameters
    ----------
    mixture : Mixture
        Of at least two columns.
    rows : array_like of shape (N, D)
        In all columns.
    columns : (int, int)
        Which two to show.
    names : sequence of str, optional
        Of all D columns.
    ax : matplotlib Axes, optional
        New ones if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If the rows cannot be used.
    ParameterError
        If columns or names do not fit the mixture.
    MissingDependencyError
        If Matplotlib is not installed.

    References
    ----------
    C. Fraley and A. E. Raftery, "Model-based clustering, discriminant analysis, and density
    estimation", Journal of the American Statistical Association 97, 2002.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0, 0.0], [4.0, 4.0]], [np.eye(2)] * 2)
    >>> uncertainty_plot(mixture, mixture.sample(50, seed=0), names=["a", "b"]).get_xlabel()
    'a'
    """
    view = view_of(mixture, columns, names)
    array = check_rows(rows, n_features=mixture.n_features)
    found = assign(mixture, array)
    middle, upper = np.maximum(np.quantile(found.uncertainty, [_MIDDLE, _UPPER]), _DOUBT)
    ax = axes_or_new(ax)
    points = array[:, list(columns)]
    sure = found.uncertainty <= middle
    if sure.any():
        scatter(ax, points[sure], found.labels[sure])
    between = (found.uncertainty > middle) & (found.uncertainty <= upper)
    _doubtful(ax, points[between], f"uncertainty above {middle:.2g}", s=26, color="0.45")
    _doubtful(ax, points[found.uncertainty > upper], f"above {upper:.2g}", s=60, color="black")
    draw_ellipses(ax, view, [_UPPER])
    name_axes(ax, view.names)
    legend_of_few(ax, len(view.shown))
    return ax


def _doubtful(ax: "Axes", points: FloatArray, label: str, **style: Any) -> None:
    if len(points):
        ax.scatter(*points.T, label=label, edgecolors="white", linewidths=0.5, zorder=2.5, **style)
