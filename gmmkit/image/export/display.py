"""A picture of any kind as the 8-bit color picture that a person would look at."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gmmkit.image.pixels import Float32Array, Raster, Uint8Array, value_range, working_values


@dataclass(frozen=True, eq=False)
class Display:
    """A picture as anyone would look at it, a few rows at a time.

    Gray is repeated; of n bands the first three (or the first alone, when there are two) are
    shown, each stretched over its own range; excluded pixels keep their color.

    Parameters
    ----------
    raster : Raster
        The picture.

    Examples
    --------
    >>> from gmmkit.image.pixels import as_raster
    >>> Display(as_raster(np.array([[0], [65535]], np.uint16))).colors(slice(1, 2)).tolist()
    [[[255, 255, 255]]]
    """

    raster: Raster

    def colors(self, rows: slice = slice(None)) -> Uint8Array:
        """Return some rows, (h, W, 3) uint8."""
        pixels = self.raster.pixels[rows][..., : self._shown]
        if pixels.dtype != np.uint8 or self._stretch is not None:
            values = working_values(pixels)
            if self._stretch is not None:
                low, span = self._stretch
                values = np.clip((values - low) / span, 0, 1, dtype=np.float32)
            pixels = (values * 255 + 0.5).astype(np.uint8)
        return np.broadcast_to(pixels, (*pixels.shape[:2], 3))

    @property
    def _shown(self) -> int:
        return 3 if self.raster.n_channels >= 3 else 1

    @cached_property
    def _stretch(self) -> tuple[Float32Array, Float32Array] | None:
        """The smallest value and the range of each channel; None where values are shown as is."""
        raster = self.raster
        is_color = raster.n_channels in (1, 3)
        if is_color and raster.pixels.dtype.kind != "f":
            return None
        low, high = (working_values(end) for end in value_range(raster, self._shown))
        if is_color and low.min() >= 0 and high.max() <= 1:
            return None
        return low, np.where(high > low, high - low, np.float32(1))


def display_colors(raster: Raster) -> Uint8Array:
    """Return the whole picture as anyone would look at it, (H, W, 3) uint8.

    Examples
    --------
    >>> from gmmkit.image.pixels import as_raster
    >>> display_colors(as_raster(np.array([[0, 65535]], np.uint16))).tolist()
    [[[0, 0, 0], [255, 255, 255]]]
    """
    return Display(raster).colors()
