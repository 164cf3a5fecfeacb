"""Rows and mixtures seen in one or two of their columns, and how rows are scattered there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, FloatArray, check_rows
from gmmkit.core.mixture import Mixture
from gmmkit.errors import InputError, ParameterError
from gmmkit.plot._axes import color_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = "osD^vP*X"
# More points than this only cover each other.
_POINTS_DRAWN = 20_000
_LEGEND_ENTRIES = 10

Labels = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class View:
    """A mixture seen in some of its columns: shares, means and covariances there.

    Attributes
    ----------
    shares : ndarray of shape (K,)
    means : ndarray of shape (K, d)
    covariances : ndarray of shape (K, d, d)
    names : tuple of str
        Of the d columns.
    """

    shares: Float64Array
    means: Float64Array
    covariances: Float64Array
    names: tuple[str, ...]

    @property
    def shown(self) -> list[int]:
        """The components that have a share."""
        return np.flatnonzero(self.shares > 0).tolist()

    def mixture(self) -> Mixture:
        """Return what the components make of the columns, without noise."""
        shares = self.shares[self.shown]
        return Mixture(shares / shares.sum(), self.means[self.shown], self.covariances[self.shown])


def view_of(mixture: Mixture, columns: Sequence[int], names: Sequence[str] | None) -> View:
    """Return a mixture seen in some columns.

    Raises
    ------
    ParameterError
        If there are no such columns, or names do not match the columns of the mixture.
    """
    chosen = list(columns)
    if sorted(set(chosen)) != sorted(chosen) or not set(chosen) <= set(range(mixture.n_features)):
        raise ParameterError(
            "there are no such columns to show",
            found=str(tuple(chosen)),
            needed=f"different numbers from 0 to {mixture.n_features - 1}",
        )
    every = list(names) if names is not None else [f"x{j}" for j in range(mixture.n_features)]
    if len(every) != mixture.n_features:
        raise ParameterError(
            "names do not match the columns",
            found=f"{len(every)} names",
            needed=f"{mixture.n_features}, one a column of the mixture",
        )
    covariances = mixture.covariances[:, chosen][:, :, chosen]
    called = tuple(every[j] for j in chosen)
    return View(mixture.weights, mixture.means[:, chosen], covariances, called)


def rows_and_labels(
    mixture: Mixture, rows: npt.ArrayLike, labels: npt.ArrayLike | None
) -> tuple[FloatArray, Labels]:
    """Return checked rows and, where no labels are given, their most probable components."""
    array = check_rows(rows, n_features=mixture.n_features)
    if labels is None:
        return array, mixture.labels(array)
    given = np.asarray(labels)
    if given.shape != (len(array),) or given.dtype.kind not in "iu":
        raise InputError(
            "labels do not match the rows",
            found=f"shape {given.shape} of {given.dtype}",
            needed=f"({len(array)},) of whole numbers",
        )
    return array, given.astype(np.intp)


def thinned(n_rows: int) -> slice:
    """Return which rows to draw: all of them, or evenly spaced ones where there are very many."""
    return slice(None, None, -(-n_rows // _POINTS_DRAWN))


def scatter(ax: "Axes", points: FloatArray, labels: Labels) -> None:
    """Draw points by their label, in a color and a shape of its own."""
    some = thinned(len(points))
    points, labels = points[some], labels[some]
    size = float(np.clip(3000 / len(points), 3, 16))
    for label in np.unique(labels).tolist():
        x, y = points[labels == label].T
        style: dict[str, Any] = {"s": size, "linewidths": 0, "zorder": 1, "rasterized": True}
        ax.scatter(x, y, color=color_of(label), marker=MARKERS[label % 8], alpha=0.55, **style)


def name_axes(ax: "Axes", names: Sequence[str]) -> None:
    """Write what the axes show."""
    ax.set(xlabel=names[0], ylabel=names[1])


def legend_of_few(ax: "Axes", count: int, **options: Any) -> None:
    """Write a legend where it has few entries."""
    if count <= _LEGEND_ENTRIES:
        ax.legend(frameon=False, **options)


def number_many(ax: "Axes", view: View) -> None:
    """Write the components' numbers beside their means where a legend would be too long."""
    if len(view.shown) > _LEGEND_ENTRIES:
        style: dict[str, Any] = {"textcoords": "offset points", "fontsize": "small", "zorder": 5}
        for k in view.shown:
            ax.annotate(str(k), tuple(view.means[k]), xytext=(4, 4), **style)
