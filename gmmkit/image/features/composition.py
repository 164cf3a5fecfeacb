"""Features composed by name, as in "lab+texture": the rows that a mixture is fitted to."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError, ParameterError
from gmmkit.image.features.catalog import FEATURES
from gmmkit.image.features.feature import Feature
from gmmkit.image.features.parsing import FeaturesLike, feature_text, named_features
from gmmkit.image.features.window import Window
from gmmkit.image.pixels import (
    Float32Array,
    Float64Array,
    ImageLike,
    Raster,
    as_raster,
    check_color_range,
    quantization_levels,
    working_values,
)
from gmmkit.image.tiles import Tile

DEFAULT_FEATURES = "lab+texture"
DEFAULT_OF_BANDS = "bands+texture"
CONTRACT_VERSION = 1
ContractValue: TypeAlias = str | int | float | bool | list[str | int | float | bool]


@dataclass(frozen=True)
class FeatureSet:
    """Features side by side, for pictures of one number of channels.

    Parameters
    ----------
    members : tuple of Feature
        In the order of the columns.
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

    members: tuple[Feature, ...]
    channels: int

    @property
    def text(self) -> str:
        """The features in the one way to write them."""
        return "+".join(member.text for member in self.members)

    @property
    def columns(self) -> tuple[str, ...]:
        """The name of each column."""
        return tuple(name for member in self.members for name in member.columns(self.channels))

    @property
    def has_color(self) -> bool:
        """Whether the channels are read as a color; otherwise as bands."""
        return self.channels in (1, 3) and not reads_bands(self.members)

    @property
    def kind(self) -> str:
        """What the channels are: "gray", "color" or "bands"."""
        return ("gray" if self.channels == 1 else "color") if self.has_color else "bands"

    @property
    def halo(self) -> int:
        """How many pixels beyond a tile its features depend on."""
        return max(member.halo for member in self.members)

    def compute(self, raster: Raster, tile: Tile) -> Float32Array:
        """Return the features of one tile, (h, w, D), exactly as the whole picture has them."""
        outer = tile.grown(self.halo, raster.shape)
        mask = None if raster.mask is None else raster.mask[outer.window]
        values = working_values(raster.pixels[outer.window], mask)
        window = Window(
            values, mask, self.has_color, (outer.rows.start, outer.columns.start), raster.shape
        )
        rows, columns = tile.inside(outer)
        result = np.empty((*tile.shape, len(self.columns)), dtype=np.float32)
        for number, plane in enumerate(self._planes(window)):
            result[..., number] = plane[rows, columns]
        return result

    def _planes(self, window: Window) -> Iterator[npt.NDArray[Any]]:
        """Return the columns; those that look around are 0 where a pixel is excluded."""
        for member in self.members:
            for plane in member.planes(window):
                yield plane if window.mask is None or not member.halo else plane * window.mask

    def floor(self, dtype: np.dtype[Any], shape: tuple[int, int]) -> Float64Array:
        """Return the smallest standard deviation that each column can mean anything at, (D,).

        A value rounded to a step q is off by q/sqrt(12) (a uniform error), so a component
        narrower than that describes the rounding, not the picture.
        """
        step = 1 / quantization_levels(dtype)
        steps = [q for member in self.members for q in member.steps(self.channels, step, shape)]
        deviations: Float64Array = np.array(steps) / np.sqrt(12)
        return deviations

    def check(self, raster: Raster) -> None:
        """Raise InputError when the picture has not what a feature reads."""
        for member in self.members:
            if member.reads == "color" or (member.reads == "lightness" and self.has_color):
                check_color_range(raster, member.text)
            if member.is_own:
                self._check_reach(member, raster)

    def _check_reach(self, member: Feature, raster: Raster) -> None:
        """Raise ParameterError when a function gives other values in a larger rectangle."""
        middle = [(max(0, side // 2 - 8), min(side, side // 2 + 8)) for side in raster.shape]
        tile = Tile(slice(*middle[0]), slice(*middle[1]))
        farther = replace(member, halo=member.halo + 16)
        near, far = (
            FeatureSet((m,), self.channels).compute(raster, tile) for m in (member, farther)
        )
        if not np.allclose(near, far, rtol=1e-5, atol=1e-4 * float(np.ptp(far))):
            raise ParameterError(
                f"feature {member.text!r} depends on pixels beyond its halo",
                found=f"changes of up to {float(np.abs(near - far).max()):g} in a larger rectangle",
                needed=f"the same values whatever is {member.halo // 2 + 1} pixels away or farther",
                hint="give a larger halo, and use no sum or extreme over the whole input",
            )

    def contract(self) -> dict[str, ContractValue]:
        """Return what a model has to record, so that it is never used on other rows."""
        return {
            "features": self.text,
            "channels": self.kind,
            "n_channels": self.channels,
            "columns": list(self.columns),
            "features_version": CONTRACT_VERSION,
        }


def parse_features(features: FeaturesLike, channels: int, *, colors: bool = True) -> FeatureSet:
    """Return the features that a text such as "lab+texture" names, for a number of channels.

    Parameters
    ----------
    features : str, Feature, or sequence of them
        As in `named_features`. Gray pictures have only the first column of a color space, and
        bands have no color space: for them the default "lab+texture" becomes "bands+texture",
        with the texture of the mean of the bands.
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
        If features cannot be read, or two columns have one name.
    InputError
        If a feature needs color and the picture is neither gray nor color.

    Examples
    --------
    >>> parse_features("lab+texture", 1).columns
    ('L', 'texture 2', 'texture 4')
    >>> parse_features("lab+texture", 7).text
    'bands+texture'
    """
    if channels != 1 and not (channels == 3 and colors) and is_default(features):
        features = DEFAULT_OF_BANDS
    members = named_features(features)
    without_color = channels not in (1, 3)
    if without_color and any(member.reads == "color" for member in members):
        raise InputError(
            f"features {feature_text(members)!r} need a gray or color picture",
            found=f"{channels} channels",
            needed="1 or 3",
            hint='use features="bands" or "bands+texture"',
        )
    return _distinct(FeatureSet(members, channels))


def is_default(features: FeaturesLike) -> bool:
    """Return whether features are the default ones, which give way to what fits.

    Examples
    --------
    >>> is_default("lab + texture(2,4)"), is_default("lab")
    (True, False)
    """
    return feature_text(features) == DEFAULT_FEATURES


def reads_bands(features: FeaturesLike) -> bool:
    """Return whether the channels are asked for as they are, so that none is alpha or a color.

    Examples
    --------
    >>> reads_bands("bands+texture"), reads_bands("lab")
    (True, False)
    """
    return any(feature.text == "bands" for feature in named_features(features))


def _distinct(chosen: FeatureSet) -> FeatureSet:
    columns = chosen.columns
    repeated = [name for number, name in enumerate(columns) if name in columns[:number]]
    if repeated:
        raise ParameterError(
            f"features {chosen.text!r} have a column twice",
            found=repr(repeated[0]),
            needed=f"different features of {', '.join(FEATURES)}",
            hint="leave one of them out",
        )
    return chosen


def compute_features(
    image: ImageLike,
    features: FeaturesLike = DEFAULT_FEATURES,
    *,
    mask: npt.ArrayLike | None = None,
) -> Float32Array:
    """Return the features of every pixel.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, C), Picture, str or Path
        As in `gmmkit.image.segment`.
    features : str, Feature, or sequence of them
        Names joined by "+", with parameters in parentheses if wanted, such as
        "lab+texture(2,4,8)"; or a list of names and of what `own_feature` returns. Scales and
        radii are in pixels of the picture.
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
    >>> compute_features(np.eye(9), "gray+gabor(0.1, 0.2; pool=max)").shape
    (9, 9, 3)
    """
    raster = as_raster(image, mask, as_bands=reads_bands(features))
    chosen = parse_features(features, raster.n_channels)
    chosen.check(raster)
    whole = Tile(slice(0, raster.shape[0]), slice(0, raster.shape[1]))
    return chosen.compute(raster, whole)
