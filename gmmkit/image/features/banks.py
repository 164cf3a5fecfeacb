"""Banks of edges, bars and spots, as textons are made of: Leung and Malik's, and its maxima."""

from collections.abc import Iterator

import numpy as np

from gmmkit.image.features.feature import Feature, Planes
from gmmkit.image.features.filtering import responses
from gmmkit.image.features.kernels import (
    angles,
    bar_kernels,
    bar_radius,
    spot_kernel,
    spot_radius,
)
from gmmkit.image.features.rounding import compressed, contrast_step, lightness_step
from gmmkit.image.features.window import Window, gaussian_radius
from gmmkit.image.pixels import Float64Array

_ORDERS = {"edge": 1, "bar": 2}
# Of the one spot and the one mean of the maximum responses, as Varma and Zisserman have them.
SPOT_SCALE = 10.0


def lm_of(text: str, scales: tuple[float, ...], orientations: float, smoothing: float) -> Feature:
    """Return the feature of a bank in the manner of Leung and Malik (2001), a column a filter.

    For each scale s: edges and bars at each orientation, light spots of the scales s and 3 s, and
    the Gaussian mean. A response r is in units of L, of a filter whose absolute values sum to one,
    and is given as 8 log(1 + |r|) with the sign of r.

    Parameters
    ----------
    text : str
        Of the feature.
    scales : tuple of float
        Standard deviations across edges and bars, in pixels.
    orientations : float
        How many directions.
    smoothing : float
        0 for the responses themselves; otherwise their absolute values are averaged with a
        Gaussian of so many pixels, which tells kinds of texture instead of places within one.

    Examples
    --------
    >>> lm_of("lm", (2.0,), 1, 0.0).columns(3)
    ('edge 2 at 0', 'bar 2 at 0', 'spot 2', 'spot 2 wide', 'mean 2')
    """
    count = int(orientations)

    def planes(window: Window) -> Iterator[Float64Array]:
        for scale in scales:
            kernels = [k for order in (1, 2) for k in bar_kernels(scale, count, order)]
            kernels += [spot_kernel(scale), spot_kernel(3 * scale)]
            for response in responses(window, kernels):
                yield _finished(window, response, smoothing)
            yield window.blurred(window.lightness, scale)

    columns = [name for scale in scales for name in _lm_columns(scale, count)]
    reach = max(max(bar_radius(scale), spot_radius(3 * scale)) for scale in scales)
    return _bank(text, columns, planes, reach + _smoothing_radius(smoothing))


def mr8_of(text: str, scales: tuple[float, ...], orientations: float, smoothing: float) -> Feature:
    """Return the feature of maximum responses, eight for three scales (Varma, Zisserman 2005).

    Of the edges and the bars of each scale only the strongest over all orientations is kept, so
    that a texture and the same one turned look alike; and one spot and one mean of 10 pixels.

    Parameters
    ----------
    text, scales, orientations, smoothing
        As in `lm_of`.

    Examples
    --------
    >>> mr8_of("mr8", (1.0, 2.0, 4.0), 6, 0.0).columns(3)
    ('edge 1', 'bar 1', 'edge 2', 'bar 2', 'edge 4', 'bar 4', 'spot 10', 'mean 10')
    """
    count = int(orientations)

    def planes(window: Window) -> Iterator[Float64Array]:
        for scale in scales:
            for strongest in _strongest(window, scale, count):
                yield _finished(window, strongest, smoothing)
        for response in responses(window, [spot_kernel(SPOT_SCALE)]):
            yield _finished(window, response, smoothing)
        yield window.blurred(window.lightness, SPOT_SCALE)

    columns = [f"{name} {scale:g}" for scale in scales for name in _ORDERS]
    columns += [f"spot {SPOT_SCALE:g}", f"mean {SPOT_SCALE:g}"]
    reach = max(bar_radius(max(scales)), spot_radius(SPOT_SCALE))
    return _bank(text, columns, planes, reach + _smoothing_radius(smoothing))


def _bank(text: str, columns: list[str], planes: Planes, halo: int) -> Feature:
    names = tuple(columns)

    def steps(channels: int, step: float, _: tuple[int, int]) -> list[float]:
        mean, other = lightness_step(channels, step), contrast_step(channels, step)
        return [mean if name.startswith("mean") else other for name in names]

    return Feature(text, lambda _: names, planes, steps, halo)


def _lm_columns(scale: float, orientations: int) -> list[str]:
    degrees = [f"{np.degrees(angle):.4g}" for angle in angles(orientations)]
    oriented = [f"{name} {scale:g} at {degree}" for name in _ORDERS for degree in degrees]
    return [*oriented, f"spot {scale:g}", f"spot {scale:g} wide", f"mean {scale:g}"]


def _strongest(window: Window, scale: float, orientations: int) -> Iterator[Float64Array]:
    """Return the largest absolute response of the edges, then that of the bars."""
    both = [k for order in _ORDERS.values() for k in bar_kernels(scale, orientations, order)]
    found = responses(window, both)
    for _ in _ORDERS:
        strongest = np.abs(next(found))
        for _ in range(orientations - 1):
            np.maximum(strongest, np.abs(next(found)), out=strongest)
        yield strongest


def _finished(window: Window, response: Float64Array, smoothing: float) -> Float64Array:
    return compressed(window.blurred(np.abs(response), smoothing) if smoothing else response)


def _smoothing_radius(smoothing: float) -> int:
    return gaussian_radius(smoothing) if smoothing else 0
