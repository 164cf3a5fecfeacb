"""Colors of pixels, blurred a little against noise."""

from collections.abc import Iterator
from typing import Any

import numpy.typing as npt

from gmmkit.image.features import conversions
from gmmkit.image.features.feature import Feature, FeatureKind
from gmmkit.image.features.parameters import Parameter
from gmmkit.image.features.rounding import finite_difference
from gmmkit.image.features.window import Window, gaussian_radius

BLUR = Parameter("blur", (1.0,), low=0.0, high=50.0)


def color_space(
    name: str, convert: conversions.Conversion, color: tuple[str, ...], gray: tuple[str, ...]
) -> FeatureKind:
    """Return the feature of a color space, blurred by a Gaussian of 1 pixel or as asked.

    Parameters
    ----------
    name : str
        Of the feature.
    convert : callable
        One of `conversions`.
    color, gray : tuple of str
        The columns of a color and of a gray picture. Their names end with a blur of one's own,
        so that one color space can be taken at several.

    Examples
    --------
    >>> kind = color_space("rgb", conversions.unchanged, ("red", "green", "blue"), ("gray",))
    >>> kind.feature({"blur": ["4"]}).columns(3)
    ('red 4', 'green 4', 'blue 4')
    """

    def make(text: str, blur: float) -> Feature:
        suffix = "" if (blur,) == BLUR.default else f" {blur:g}"

        def columns(channels: int) -> tuple[str, ...]:
            return tuple(f"{each}{suffix}" for each in (gray if channels == 1 else color))

        def planes(window: Window) -> Iterator[npt.NDArray[Any]]:
            values = window.converted(convert)
            return (window.blurred(values[..., i], blur) for i in range(values.shape[2]))

        def steps(channels: int, step: float, _: tuple[int, int]) -> list[float]:
            return finite_difference(convert, channels, step)

        return Feature(text, columns, planes, steps, gaussian_radius(blur), "color")

    return FeatureKind(name, make, (BLUR,))
