"""Color spaces of single pixels: what scikit-image computes, cut into strips that stay in cache."""

from collections.abc import Callable

import numpy as np

from gmmkit.image.pixels import Float32Array

Conversion = Callable[[Float32Array], Float32Array]

_STRIP_PIXELS = 1 << 15


def lab(pixels: Float32Array) -> Float32Array:
    """CIE 1976 L*a*b* under D65, L from 0 to 100; of a gray picture L alone."""
    from skimage.color.colorconv import rgb2lab

    return _converted(rgb2lab, pixels)


def luv(pixels: Float32Array) -> Float32Array:
    """CIE 1976 L*u*v* under D65, L from 0 to 100; of a gray picture L alone."""
    from skimage.color.colorconv import rgb2luv

    return _converted(rgb2luv, pixels)


def hsv(pixels: Float32Array) -> Float32Array:
    """Saturation times the cosine and sine of the hue, and value; of a gray picture value alone.

    The hue is an angle and means nothing without saturation, so it enters as a point in a disk.
    """
    from skimage.color.colorconv import rgb2hsv

    if pixels.shape[2] == 1:
        return pixels
    hue, saturation, value = np.moveaxis(_by_strips(rgb2hsv, pixels), 2, 0)
    angle = np.float32(2 * np.pi) * hue
    return np.stack([saturation * np.cos(angle), saturation * np.sin(angle), value], axis=2)


def gray(pixels: Float32Array) -> Float32Array:
    """Luminance by the weights of ITU-R BT.709, 0 to 1."""
    if pixels.shape[2] == 1:
        return pixels
    red, green, blue = np.moveaxis(pixels, 2, 0)
    luminance = np.float32(0.2125) * red + np.float32(0.7154) * green + np.float32(0.0721) * blue
    columns: Float32Array = luminance[..., None]
    return columns


def unchanged(pixels: Float32Array) -> Float32Array:
    """Return the values as they are."""
    return pixels


def mean_of_bands(pixels: Float32Array) -> Float32Array:
    """100 times the mean of the bands, which is what stands for L where there is no color."""
    mean: Float32Array = np.float32(100) * pixels.mean(axis=2, keepdims=True)
    return mean


def _converted(convert: Conversion, pixels: Float32Array) -> Float32Array:
    """Return all columns of color, or the first column of gray."""
    if pixels.shape[2] == 1:
        return _by_strips(lambda strip: convert(np.repeat(strip, 3, axis=2))[..., :1], pixels)
    return _by_strips(convert, pixels)


def _by_strips(convert: Conversion, pixels: Float32Array) -> Float32Array:
    """Convert a few rows at a time: the temporaries of a whole photo take twice as long."""
    rows = max(1, _STRIP_PIXELS // pixels.shape[1])
    strips = [convert(pixels[start : start + rows]) for start in range(0, len(pixels), rows)]
    return np.concatenate(strips, axis=0, dtype=np.float32)
