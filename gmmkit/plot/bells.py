"""Rows and the bells that they belong to: colors blend where a row belongs to several."""

from collections.abc import Sequence
from math import log, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_rows
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ParameterError
from gmmkit.plot._axes import GRAY, axes_or_new, color_of
from gmmkit.plot.mixtures import axes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVELS = (0.5, 0.9)
# The nonlinearity of screens, near enough for mixing light (IEC 61966-2-1 has a linear toe).
_GAMMA = 2.2
_MARKER_AREA = 6000.0


def blended_colors(responsibilities: npt.ArrayLike) -> Float64Array:
    """Return the color of each row: the components' colors mixed as light, by its shares.

    Parameters
    ----------
    responsibilities : array_like of shape (N, K)
        What a row lacks to a sum of one is gray.

    Returns
    -------
    ndarray of shape (N, 3)
        Red, green and blue from 0 to 1.

    Examples
    --------
    >>> blended_colors([[1.0, 0.0]]).round(2).tolist()
    [[0.0, 0.45, 0.7]]
    """
    shares = check_rows(responsibilities).astype(np.float64)
    names = [*(color_of(k) for k in range(shares.shape[1])), GRAY]
    colors = np.array([[int(name[i : i + 2], 16) / 255 for i in (1, 3, 5)] for name in names])
    rest = np.clip(1 - shares.sum(axis=1, keepdims=True), 0, 1)
    light = np.hstack([shares, rest]) @ colors**_GAMMA
    blended: Float64Array = np.clip(light, 0, 1) ** (1 / _GAMMA)
    return blended


def ellipse_of(covariance: npt.ArrayLike, level: float) -> tuple[float, float, float]:
    """Return the ellipse around the mean that holds a share of a Gaussian in two dimensions.

    The squared Mahalanobis distance has a chi-square distribution with two degrees of freedom,
    whose quantile is -2 log(1 - level).

    Parameters
    ----------
    covariance : array_like of shape (2, 2)
    level : float
        Between 0 and 1, both excluded.

    Returns
    -------
    width, height : float
        Full lengths of the longer and the shorter axis.
    angle : float
        Of the longer axis against the first dimension, in degrees counterclockwise.

    Raises
    ------
    ParameterError
        If the level is out of range.

    Examples
    --------
    >>> width, height, angle = ellipse_of([[4.0, 0.0], [0.0, 1.0]], 0.5)
    >>> round(width / height, 6), round(height, 4), abs(angle) % 180
    (2.0, 2.3548, 0.0)
    """
    if not 0 < level < 1:
        raise ParameterError(
            "the level is not usable", found=repr(level), needed="a share between 0 and 1"
        )
    deviations, angle = axes_of(np.asarray(covariance, dtype=np.float64))
    height, width = 2 * sqrt(-2 * log(1 - level)) * deviations
    return float(width), float(height), angle + 90


def bells_plot(
    rows: npt.ArrayLike,
    mixture: Mixture | None = None,
    responsibilities: npt.ArrayLike | None = None,
    *,
    names: Sequence[str] | None = None,
    trails: Sequence[npt.ArrayLike] = (),
    levels: Sequence[float] = LEVELS,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw rows in the colors of the bells that they belong to, and the bells as ellipses.

    Only the first two columns are drawn; ellipses are those of the mixture's marginal there.

    Parameters
    ----------
    rows : array_like of shape (N, D)
        D is at least 2.
    mixture : Mixture, optional
        Of D dimensions. None draws rows alone.
    responsibilities : array_like of shape (N, K), optional
        None draws the rows gray.
    names : sequence of str, optional
        What to write at the K centers.
    trails : sequence of array_like of shape (K, D)
        Where the centers were before, in order.
    levels : sequence of float
        What shares of a bell its ellipses hold.
    ax : matplotlib Axes, optional
        New ones if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ParameterError
        If there are fewer than two columns, or a level is out of range.
    MissingDependencyError
        If Matplotlib is not installed.

    Examples
    --------
    >>> mixture = Mixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    >>> ax = bells_plot(mixture.sample(9, seed=0), mixture, np.ones((9, 1)), names=["A"])
    >>> len(ax.patches), [text.get_text() for text in ax.texts]
    (2, ['A'])
    """
    array = _checked_plane(rows)
    ax = axes_or_new(ax)
    colors = GRAY if responsibilities is None else blended_colors(responsibilities)
    area = float(np.clip(_MARKER_AREA / len(array), 5, 36))
    ax.scatter(
        array[:, 0], array[:, 1], s=area, c=colors, edgecolors="white", linewidths=0.4, zorder=2
    )
    if mixture is not None:
        _draw_trails(ax, [*trails, mixture.means])
        for k in np.flatnonzero(mixture.weights > 0):
            _draw_bell(ax, mixture, int(k), levels)
            _name_center(ax, mixture.means[k], int(k), names)
    return ax


def _checked_plane(rows: npt.ArrayLike) -> Float64Array:
    array = check_rows(rows).astype(np.float64)
    if array.shape[1] < 2:
        raise ParameterError(
            "a plane has two dimensions", found="one column", needed="at least two columns"
        )
    return array


def _draw_bell(ax: "Axes", mixture: Mixture, k: int, levels: Sequence[float]) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Ellipse

    center, covariance = mixture.means[k, :2].tolist(), mixture.covariances[k, :2, :2]
    fill = to_rgba(color_of(k), 0.08)
    for level in levels:
        width, height, angle = ellipse_of(covariance, level)
        bell = Ellipse((center[0], center[1]), width, height, angle=angle, facecolor=fill, zorder=3)
        bell.set(edgecolor=color_of(k), linewidth=1.6)
        ax.add_patch(bell)


def _draw_trails(ax: "Axes", places: Sequence[npt.ArrayLike]) -> None:
    """Draw the way of each center, for as long as it is longer than nothing."""
    if len(places) < 2:
        return
    ways = np.stack([np.asarray(place, dtype=np.float64)[:, :2] for place in places], axis=1)
    for k, way in enumerate(ways):
        ax.plot(way[:, 0], way[:, 1], color="white", linewidth=3.0, zorder=4)
        ax.plot(way[:, 0], way[:, 1], color=color_of(k), linewidth=1.4, marker=".", zorder=4)


def _name_center(ax: "Axes", mean: Float64Array, k: int, names: Sequence[str] | None) -> None:
    style: dict[str, Any] = {
        "markeredgecolor": "white",
        "markeredgewidth": 1.2,
        "linestyle": "none",
        "zorder": 5,
    }
    ax.plot(mean[0], mean[1], "o", markersize=15, color=color_of(k), **style)
    if names is not None:
        middle: dict[str, Any] = {"ha": "center", "va": "center_baseline", "zorder": 6}
        ax.text(mean[0], mean[1], names[k], color="white", weight="bold", fontsize=9, **middle)
