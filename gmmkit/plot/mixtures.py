"""Plots of a mixture in two of its columns: ellipses of the components, contours of the density."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ParameterError
from gmmkit.plot._axes import axes_or_new, color_of
from gmmkit.plot._planes import (
    View,
    legend_of_few,
    name_axes,
    number_many,
    rows_and_labels,
    scatter,
    view_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# How many deviations around the means a density is drawn.
_REACH = 4.0
_BLACK = 6


def ellipse_plot(
    mixture: Mixture,
    rows: npt.ArrayLike | None = None,
    *,
    columns: tuple[int, int] = (0, 1),
    labels: npt.ArrayLike | None = None,
    levels: Sequence[float] = (0.5, 0.95),
    names: Sequence[str] | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the components as ellipses, over rows colored by their component.

    Parameters
    ----------
    mixture : Mixture
        Of at least two columns.
    rows : array_like of shape (N, D), optional
        In all columns; where there are very many, evenly spaced ones are drawn.
    columns : (int, int)
        Which two to show.
    labels : array_like of shape (N,), optional
        Whole numbers that color the rows; their most probable components by default.
    levels : sequence of float
        Shares of a component's rows that its ellipses hold in the plane shown.
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
        If the rows or labels cannot be used.
    ParameterError
        If columns, levels or names do not fit the mixture.
    MissingDependencyError
        If Matplotlib is not installed.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0, 0.0], [4.0, 4.0]], [np.eye(2)] * 2)
    >>> len(ellipse_plot(mixture, levels=[0.9]).patches)
    2
    """
    view = view_of(mixture, columns, names)
    _check_plane(view)
    shares = _check_levels(levels)
    given = None if rows is None else rows_and_labels(mixture, rows, labels)
    ax = axes_or_new(ax)
    if given is not None:
        scatter(ax, given[0][:, list(columns)], given[1])
    draw_ellipses(ax, view, shares)
    name_axes(ax, view.names)
    legend_of_few(ax, len(view.shown), title="component", alignment="left")
    number_many(ax, view)
    return ax


def contour_plot(
    mixture: Mixture,
    rows: npt.ArrayLike | None = None,
    *,
    columns: tuple[int, int] = (0, 1),
    levels: Sequence[float] = (0.25, 0.5, 0.75, 0.95),
    names: Sequence[str] | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the density in a plane by contours that hold shares of the mixture.

    Noise, which has no density in a plane, is left out.

    Parameters
    ----------
    mixture : Mixture
        Of at least two columns.
    rows : array_like of shape (N, D), optional
        Drawn as points.
    columns : (int, int)
        Which two to show.
    levels : sequence of float
        The share of the mixture inside each contour: regions of highest density.
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
        If columns, levels or names do not fit the mixture.
    MissingDependencyError
        If Matplotlib is not installed.

    References
    ----------
    R. J. Hyndman, "Computing and graphing highest density regions", The American Statistician 50,
    1996.

    Examples
    --------
    >>> contour_plot(Mixture([1.0], [[0.0, 0.0]], [np.eye(2)]), names=["a", "b"]).get_ylabel()
    'b'
    """
    view = view_of(mixture, columns, names)
    _check_plane(view)
    shares = _check_levels(levels)
    given = None if rows is None else rows_and_labels(mixture, rows, None)[0]
    ax = axes_or_new(ax)
    if given is not None:
        scatter(ax, given[:, list(columns)], np.full(len(given), _BLACK))
    shades = draw_contours(ax, view, shares)
    _name_regions(ax, shades, shares)
    name_axes(ax, view.names)
    return ax


def draw_ellipses(ax: "Axes", view: View, levels: Sequence[float]) -> None:
    """Add the ellipses of a view in two columns, the outermost one named for a legend."""
    from matplotlib.patches import Ellipse
    from scipy.stats import chi2

    radii = np.sqrt(chi2.ppf(sorted(levels), 2))
    for k in view.shown:
        widths, angle = axes_of(view.covariances[k])
        style: dict[str, Any] = {"edgecolor": color_of(k), "linewidth": 1.4, "zorder": 3}
        for index, radius in enumerate(radii):
            outer = index == len(radii) - 1
            label = f"{k}  ({100 * view.shares[k]:.1f} %)" if outer else None
            face = (color_of(k), 0.08)
            size = 2 * radius * widths
            shape = Ellipse(view.means[k], *size, angle=angle, facecolor=face, label=label, **style)
            ax.add_patch(shape)
        ax.plot(*view.means[k], "+", color="black", markersize=7, markeredgewidth=1.4, zorder=4)
    ax.autoscale_view()


def axes_of(covariance: Float64Array) -> tuple[Float64Array, float]:
    """Return the deviations along the principal axes, and the angle of the first in degrees."""
    eigenvalues, vectors = np.linalg.eigh(covariance)
    x, y = vectors[:, 0]
    return np.sqrt(eigenvalues), float(np.degrees(np.arctan2(y, x)))


def draw_contours(
    ax: "Axes", view: View, levels: Sequence[float], *, n_grid: int = 160
) -> list[str]:
    """Add the regions of highest density that hold shares of a view; return their colors.

    From the largest region, which is the lightest, to the smallest.
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    x, y = (_grid(view, column, n_grid) for column in range(2))
    points = np.stack(np.meshgrid(x, y), axis=-1)
    density = np.exp(view.mixture().log_density(points.reshape(-1, 2))).reshape(len(y), len(x))
    thresholds = _thresholds(density, np.outer(_widths(y), _widths(x)), levels)
    fills = [*thresholds, float(density.max()) * 1.001]
    shades = colormaps["Blues"](np.linspace(0.25, 0.85, len(thresholds)))
    ax.contourf(x, y, density, levels=fills, colors=shades, alpha=0.6, zorder=2)
    lines: dict[str, Any] = {"linewidths": 0.7, "alpha": 0.75, "zorder": 3}
    ax.contour(x, y, density, levels=thresholds, colors="black", **lines)
    return [to_hex(shade) for shade in shades]


def _name_regions(ax: "Axes", shades: Sequence[str], shares: Sequence[float]) -> None:
    from matplotlib.patches import Patch

    pairs = zip(shades[::-1], shares, strict=True)
    names = ((shade, f"{100 * share:g} %") for shade, share in pairs)
    regions = [Patch(facecolor=shade, alpha=0.6, label=name) for shade, name in names]
    ax.legend(handles=regions, frameon=False, title="holds", alignment="left")


def _grid(view: View, column: int, n_grid: int) -> Float64Array:
    """Return places in one column, evenly spread and denser about each mean."""
    means = view.means[view.shown, column]
    deviations = np.sqrt(view.covariances[view.shown, column, column])
    ends = (means - _REACH * deviations).min(), (means + _REACH * deviations).max()
    steps = np.linspace(-_REACH, _REACH, max(9, n_grid // len(means)))
    around = (means + deviations * steps[:, None]).ravel()
    return np.unique(np.concatenate([np.linspace(*ends, n_grid), around]))


def _widths(places: Float64Array) -> Float64Array:
    """Return how much of the axis each place stands for."""
    edges = np.concatenate([places[:1], (places[1:] + places[:-1]) / 2, places[-1:]])
    return np.diff(edges)


def _thresholds(density: Float64Array, areas: Float64Array, levels: Sequence[float]) -> list[float]:
    """Return the densities above which the shares lie, ascending, each a little apart."""
    order = np.argsort(density, axis=None)[::-1]
    inside = np.cumsum((density * areas).ravel()[order])
    wanted = np.array(sorted(levels, reverse=True)) * inside[-1]
    places = np.minimum(np.searchsorted(inside, wanted), len(inside) - 1)
    return [float(value) for value in density.ravel()[order[places]]]


def _check_plane(view: View) -> None:
    if len(view.names) != 2:
        raise ParameterError(
            "a plane has two columns", found=f"{len(view.names)}", needed="two column numbers"
        )


def _check_levels(levels: Sequence[float]) -> list[float]:
    shares = [float(level) for level in levels]
    if not shares or not all(0 < share < 1 for share in shares) or len({*shares}) < len(shares):
        raise ParameterError(
            "levels are not usable",
            found=str(shares),
            needed="different shares between 0 and 1",
        )
    return sorted(shares)
