"""A picture of any kind as the 8-bit color picture that a person would look at."""

import numpy as np

from gmmkit.image.pixels import BoolArray, Float32Array, Raster, Uint8Array, working_values


def display_colors(raster: Raster) -> Uint8Array:
    """Return the picture as anyone would look at it, (H, W, 3) uint8.

    Gray is repeated; of n bands the first three (or the first alone, when there are two) are
    shown, each stretched over its own range; excluded pixels keep their color.

    Examples
    --------
    >>> from gmmkit.image.pixels import as_raster
    >>> display_colors(as_raster(np.array([[0, 65535]], np.uint16))).tolist()
    [[[0, 0, 0], [255, 255, 255]]]
    """
    pixels = raster.pixels[..., : 3 if raster.n_channels >= 3 else 1]
    if pixels.dtype != np.uint8 or raster.n_channels not in (1, 3):
        values = working_values(pixels)
        if raster.n_channels not in (1, 3) or values.min() < 0 or values.max() > 1:
            values = _stretched(values, raster.mask)
        pixels = (values * 255 + 0.5).astype(np.uint8)
    return np.broadcast_to(pixels, (*raster.shape, 3))


def _stretched(values: Float32Array, mask: BoolArray | None) -> Float32Array:
    used = values.reshape(-1, values.shape[2]) if mask is None else values[mask]
    low, high = used.min(axis=0), used.max(axis=0)
    span = np.where(high > low, high - low, 1)
    stretched: Float32Array = np.clip((values - low) / span, 0, 1, dtype=np.float32)
    return stretched
