"""Plots of a mixture in one column: its density, what each component adds, and the rows below."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray, check_rows, check_weights
from gmmkit.core.mixture import Mixture
from gmmkit.plot._axes import axes_or_new, color_of, line_of
from gmmkit.plot._planes import View, legend_of_few, view_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_REACH = 4.0
_BINS_AT_MOST = 80


def density_plot(
    mixture: Mixture,
    rows: npt.ArrayLike | None = None,
    *,
    column: int = 0,
    weights: npt.ArrayLike | None = None,
    names: Sequence[str] | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the density of a mixture along one column, with its components, over a histogram.

    Parameters
    ----------
    mixture : Mixture
        Of one column, or of more: then what it makes of one of them. Noise is drawn where the
        mixture has one column, and has no density along one of many.
    rows : array_like of shape (N, D), optional
        In all columns.
    column : int
        Which one to show.
    weights : array_like of shape (N,), optional
        Frequencies of the rows.
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
        If the rows or weights cannot be used.
    ParameterError
        If there is no such column, or names do not match.
    MissingDependencyError
        If Matplotlib is not installed.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
    >>> [line.get_label() for line in density_plot(mixture).get_lines()]
    ['0  (50.0 %)', '1  (50.0 %)', 'mixture']
    """
    view = view_of(mixture, [column], names)
    values = None if rows is None else check_rows(rows, n_features=mixture.n_features)[:, column]
    counts = None if values is None else check_weights(weights, len(values))
    ax = axes_or_new(ax, size=(6.0, 4.0))
    if values is not None:
        draw_histogram(ax, values, counts)
    draw_densities(ax, view, _noise_density(mixture), values)
    ax.set(xlabel=view.names[0], ylabel="Density")
    legend_of_few(ax, len(view.shown))
    return ax


def draw_histogram(ax: "Axes", values: FloatArray, weights: Float64Array | None = None) -> None:
    """Add the rows as a gray histogram of area one."""
    bins = min(len(np.histogram_bin_edges(values, bins="auto")) - 1, _BINS_AT_MOST)
    ax.hist(values, bins=bins, weights=weights, density=True, color="0.86", zorder=0)


def draw_densities(
    ax: "Axes", view: View, noise: float = 0.0, values: FloatArray | None = None
) -> None:
    """Add the density of each component, times its share, and their sum."""
    x = _places(view, values if noise else None)
    total = np.full(len(x), noise)
    for k in view.shown:
        part = view.shares[k] * _gaussian(x, view.means[k, 0], view.covariances[k, 0, 0])
        total += part
        label = f"{k}  ({100 * view.shares[k]:.1f} %)"
        ax.plot(x, part, color=color_of(k), linestyle=line_of(k), linewidth=1.3, label=label)
        ax.fill_between(x, part, color=color_of(k), alpha=0.15, linewidth=0)
    ax.plot(x, total, color="black", linewidth=1.5, label="mixture")
    ax.set_ylim(bottom=0)


def _noise_density(mixture: Mixture) -> float:
    if mixture.noise is None or mixture.n_features > 1:
        return 0.0
    return float(np.exp(mixture.noise.log_joint))


def _gaussian(x: Float64Array, mean: float, variance: float) -> Float64Array:
    density: Float64Array = np.exp(-((x - mean) ** 2) / (2 * variance))
    density /= np.sqrt(2 * np.pi * variance)
    return density


def _places(view: View, values: FloatArray | None) -> Float64Array:
    """Return where to draw: evenly, densely about each mean, and out to the rows for noise."""
    means, variances = view.means[view.shown, 0], view.covariances[view.shown, 0, 0]
    around = means + np.sqrt(variances) * np.linspace(-_REACH, _REACH, 81)[:, None]
    ends = around if values is None else np.concatenate([around.ravel(), values])
    evenly = np.linspace(float(ends.min()), float(ends.max()), 400)
    return np.unique(np.concatenate([evenly, around.ravel()]))
