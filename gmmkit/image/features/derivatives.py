"""Slope and curvature of lightness at several scales: edges, ridges, spots."""

from collections.abc import Iterator

import numpy as np

from gmmkit.image.features.feature import Feature, Planes
from gmmkit.image.features.rounding import compressed, contrast_step
from gmmkit.image.features.window import Window, gaussian_radius
from gmmkit.image.pixels import Float64Array


def edges_of(text: str, scales: tuple[float, ...]) -> Feature:
    """Return the feature 8 log(1 + s |∇(G_s * L)|): how much L changes along a scale s.

    Examples
    --------
    >>> edges_of("edges", (1.0, 2.0)).columns(3)
    ('edges 1', 'edges 2')
    """

    def planes(window: Window) -> Iterator[Float64Array]:
        return (compressed(scale * np.hypot(*window.slopes(scale))) for scale in scales)

    return _derivative(text, planes, [f"edges {scale:g}" for scale in scales], max(scales))


def hessian_of(text: str, scales: tuple[float, ...]) -> Feature:
    """Return the feature of the eigenvalues of s² times the Hessian of G_s * L, larger first.

    Both are given as 8 log(1 + |λ|) with the sign of λ: a dark line is (+, 0), a light one
    (0, -), a dark spot (+, +), a saddle (+, -).

    Examples
    --------
    >>> hessian_of("hessian", (2.0,)).columns(3)
    ('hessian 2 high', 'hessian 2 low')
    """

    def planes(window: Window) -> Iterator[Float64Array]:
        for scale in scales:
            yield from map(compressed, _curvatures(window, scale))

    names = [f"hessian {scale:g} {which}" for scale in scales for which in ("high", "low")]
    return _derivative(text, planes, names, max(scales))


def _curvatures(window: Window, scale: float) -> tuple[Float64Array, Float64Array]:
    """Return s² times the eigenvalues of the Hessian."""
    yy, xx, xy = (window.derivative(scale, order) * scale**2 for order in ((2, 0), (0, 2), (1, 1)))
    middle, half = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    return middle + half, middle - half


def _derivative(text: str, planes: Planes, names: list[str], largest: float) -> Feature:
    def steps(channels: int, step: float, _: tuple[int, int]) -> list[float]:
        return [contrast_step(channels, step)] * len(names)

    return Feature(text, lambda _: tuple(names), planes, steps, gaussian_radius(largest))
