"""Features composed by name, as in "lab+texture": the rows that a mixture is fitted to."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError, ParameterError
from gmmkit.image.catalog import FEATURES, Feature
from gmmkit.image.pixels import (
    Float32Array,
    Float64Array,
    Raster,
    as_raster,
    check_color_range,
    quantization_levels,
    working_values,
)
from gmmkit.image.tiles import Tile
from gmmkit.image.window import Window

DEFAULT_FEATURES = "lab+texture"
CONTRACT_VERSION = 1
ContractValue: TypeAlias = str | int | float | bool | list[str | int | float | bool]


@dataclass(frozen=True)
class FeatureSet:
    """Features by name, for pictures of one number of channels.

    Parameters
    ----------
    names : tuple of str
        Keys of ``FEATURES``, in the order of the columns.
    channels : int
        1 for gray, 3 for color, anything else for bands.

    Examples
    --------
    >>> features = parse_features("lab+texture", 3)
    >>> features.columns
    ('L', 'a', 'b', 'texture 2', 'texture 4')
    >>> features.halo
    16
    """

    names: tuple[str, ...]
    channels: int

    @property
    def text(self) -> str:
        """The names as a user writes them."""
        return "+".join(self.names)

    @property
    def _members(self) -> list[Feature]:
        return [FEATURES[name] for name in self.names]

    @property
    def columns(self) -> tuple[str, ...]:
        """The name of each column."""
        return tuple(name for member in self._members for name in member.columns(self.channels))

    @property
    def has_color(self) -> bool:
        """Whether the channels are read as a color; otherwise as bands."""
        return self.channels in (1, 3) and "bands" not in self.names

    @property
    def kind(self) -> str:
        """What the channels are: "gray", "color" or "bands"."""
        return ("gray" if self.channels == 1 else "color") if self.has_color else "bands"

    @property
    def halo(self) -> int:
        """How many pixels beyond a tile its features depend on."""
        return max(member.halo for member in self._members)

    def compute(self, raster: Raster, tile: Tile) -> Float32Array:
        """Return the features of one tile, (h, w, D), exactly as the whole picture has them."""
        outer = tile.grown(self.halo, raster.shape)
        mask = None if raster.mask is None else raster.mask[outer.window]
        values = working_values(raster.pixels[outer.window], mask)
        window = Window(
            values, mask, self.has_color, (outer.rows.start, outer.columns.start), raster.shape
        )
        planes = [plane for member in self._members for plane in member.planes(window)]
        rows, columns = tile.inside(outer)
        return np.stack([plane[rows, columns] for plane in planes], 2, dtype=np.float32)

    def floor(self, dtype: np.dtype[Any], shape: tuple[int, int]) -> Float64Array:
        """Return the smallest standard deviation that each column can mean anything at, (D,).

        A value rounded to a step q is off by q/sqrt(12) (a uniform error), so a component
        narrower than that describes the rounding, not the picture.
        """
        step = 1 / quantization_levels(dtype)
        steps = [q for member in self._members for q in member.steps(self.channels, step, shape)]
        deviations: Float64Array = np.array(steps) / np.sqrt(12)
        return deviations

    def check(self, raster: Raster) -> None:
        """Raise InputError when the picture has not what a feature reads."""
        for name, member in zip(self.names, self._members, strict=True):
            if member.needs_color or (name == "texture" and self.has_color):
                check_color_range(raster, name)

    def contract(self) -> dict[str, ContractValue]:
        """Return what a model has to record, so that it is never used on other rows."""
        return {
            "features": self.text,
            "channels": self.kind,
            "n_channels": self.channels,
            "columns": list(self.columns),
            "features_version": CONTRACT_VERSION,
        }


def parse_features(text: str, channels: int, *, colors: bool = True) -> FeatureSet:
    """Return the features that a text such as "lab+texture" names.

    Parameters
    ----------
    text : str
        Names joined by "+". Gray pictures have only the first column of a color space, and bands
        have no color space: for them the default "lab+texture" becomes "bands+texture", with the
        texture of the mean of the bands.
    channels : int
        How many values a pixel has.
    colors : bool
        Whether three channels are red, green and blue; as bands they get the default of bands,
        but can be read as a color by name.

    Returns
    -------
    FeatureSet

    Raises
    ------
    ParameterError
        If a name is unknown or given twice.
    InputError
        If a name needs color and the picture is neither gray nor color.

    Examples
    --------
    >>> parse_features("lab+texture", 1).columns
    ('L', 'texture 2', 'texture 4')
    >>> parse_features("lab+texture", 7).text
    'bands+texture'
    """
    if text == DEFAULT_FEATURES and channels != 1 and not (channels == 3 and colors):
        text = "bands+texture"
    names = tuple(name.strip() for name in str(text).split("+"))
    if len(set(names)) < len(names) or not set(names) <= set(FEATURES):
        raise ParameterError(
            "features are not usable",
            found=repr(text),
            needed=f"different names of {', '.join(FEATURES)}, joined by +",
        )
    if channels not in (1, 3) and any(FEATURES[name].needs_color for name in names):
        raise InputError(
            f"features {text!r} need a gray or color picture",
            found=f"{channels} channels",
            needed="1 or 3",
            hint='use features="bands" or "bands+texture"',
        )
    return FeatureSet(names, channels)


def compute_features(
    image: npt.ArrayLike, features: str = DEFAULT_FEATURES, *, mask: npt.ArrayLike | None = None
) -> Float32Array:
    """Return the features of every pixel.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, C), Picture, str or Path
        As in `gmmkit.image.segment`.
    features : str
        Names joined by "+".
    mask : array_like of shape (H, W), optional
        True where a pixel counts. Excluded pixels have no influence on the others, and columns
        that look around a pixel are 0 there.

    Returns
    -------
    ndarray of shape (H, W, D)
        float32, in natural units: L from 0 to 100, position in percent of the longer side.

    Raises
    ------
    InputError
        If the picture cannot be used, or not with these features.

    Examples
    --------
    >>> compute_features(np.full((4, 6, 3), 255, np.uint8)).shape
    (4, 6, 5)
    """
    raster = as_raster(image, mask, as_bands="bands" in features)
    chosen = parse_features(features, raster.n_channels)
    chosen.check(raster)
    whole = Tile(slice(0, raster.shape[0]), slice(0, raster.shape[1]))
    return chosen.compute(raster, whole)
