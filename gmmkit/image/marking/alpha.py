"""How much of each pixel along an outline belongs to the object: closed-form matting.

In a small window colors of foreground and of background lie on a line each, so that alpha is a
linear function of color there (Levin, Lischinski and Weiss, IEEE Trans. PAMI 30, 2008). What is
least at odds with that in all windows, and agrees with the cut away from the outline, solves a
sparse linear system; tile by tile, for what is far away has no influence.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmkit.image.pixels import BoolArray, Float32Array, Float64Array, Raster, working_values
from gmmkit.image.tiles import Tile, cut

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# The band on either side of the outline, as a share of the picture's diagonal, within bounds.
_BAND_SHARE, _NARROWEST, _WIDEST = 1 / 200, 2, 12
_TILE_SIDE, _HALO = 256, 24
# Keeps a window of one color from any slope; colors go from 0 to 1 (eq. 12).
_EPSILON = 1e-5
# What a pixel of the band loses by leaving the cut: it decides where windows say nothing.
_FIDELITY = 1e-3
_TOLERANCE, _MOST_ITERATIONS = 1e-3, 300
_WINDOW = 9


def soft_alpha(
    raster: Raster, foreground: BoolArray, sure: BoolArray, n_threads: int | None = None
) -> Float32Array:
    """Return alpha: 0 and 1 away from the outline, what the colors say near it.

    Parameters
    ----------
    raster : Raster
        The picture.
    foreground : ndarray of shape (H, W)
        What the cut found.
    sure : ndarray of shape (H, W)
        Pixels that are not to change.
    n_threads : int, optional
        Has no influence on the result.

    Returns
    -------
    ndarray of shape (H, W)
        float32, from 0 to 1; 0 where a pixel is excluded.

    Examples
    --------
    >>> from gmmkit.image.pixels import as_raster
    >>> ramp = np.array([[0, 0, 0, 0, 128, 255, 255, 255, 255]] * 9, np.uint8)
    >>> cut = ramp > 200
    >>> alpha = soft_alpha(as_raster(ramp), cut, np.zeros_like(cut))
    >>> alpha[4, 3:6].round(1).tolist()
    [0.0, 0.5, 1.0]
    """
    from gmmkit.core.execution import threads

    alpha = foreground.astype(np.float32)
    counted = np.ones(raster.shape, dtype=bool) if raster.mask is None else raster.mask
    band = _band(foreground, raster.shape) & counted & ~sure
    tiles = [tile for tile in cut(raster.shape, _TILE_SIDE) if band[tile.window].any()]
    scale = _scale(raster)

    def solved(tile: Tile) -> Float32Array:
        outer = tile.grown(_HALO, raster.shape)
        colors = working_values(raster.pixels[outer.window]).astype(np.float64) / scale
        known = foreground[outer.window].astype(np.float64)
        solution = _solved(colors, counted[outer.window], band[outer.window], known)
        return solution[tile.inside(outer)].astype(np.float32)

    with threads(1 if len(tiles) < 2 else n_threads) as executor:
        for tile, values in zip(tiles, executor.map(solved, tiles), strict=True):
            alpha[tile.window] = values
    return alpha


def _band(foreground: BoolArray, shape: tuple[int, int]) -> BoolArray:
    from scipy.ndimage import binary_dilation, binary_erosion

    width = int(np.clip(round(np.hypot(*shape) * _BAND_SHARE), _NARROWEST, _WIDEST))
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)
    outer = binary_dilation(foreground, cross, iterations=width)
    band: BoolArray = outer & ~binary_erosion(foreground, cross, iterations=width, border_value=1)
    return band


def _scale(raster: Raster) -> float:
    """Return what to divide values by: floating-point bands have a range of their own."""
    if raster.pixels.dtype.kind != "f":
        return 1.0
    return max(float(np.abs(raster.valid()).max()), 1e-12)


def _solved(
    colors: Float64Array, counted: BoolArray, band: BoolArray, known: Float64Array
) -> Float64Array:
    """Return alpha of one tile, given outside of the band."""
    from scipy.sparse.linalg import cg

    if not band.any():
        return known
    laplacian = _laplacian(colors, counted, band)
    inside = np.flatnonzero(band)
    outside = np.flatnonzero(~band)
    within = laplacian[inside]
    system = within[:, inside]
    flat = known.reshape(-1)
    right = _FIDELITY * flat[inside] - within[:, outside] @ flat[outside]
    diagonal = system.diagonal() + _FIDELITY
    solution, _ = cg(
        _with_diagonal(system),
        right,
        x0=flat[inside],
        rtol=_TOLERANCE,
        maxiter=_MOST_ITERATIONS,
        M=_diagonal(1 / diagonal),
    )
    result = flat.copy()
    result[inside] = np.clip(solution, 0, 1)
    return result.reshape(known.shape)


def _laplacian(colors: Float64Array, counted: BoolArray, band: BoolArray) -> "csr_array":
    """Return the matting Laplacian of the windows that have a pixel in the band (eq. 12)."""
    from scipy.sparse import csr_array

    members = _windows(counted, band)
    values = colors.reshape(-1, colors.shape[2])[members]
    centered = values - values.mean(axis=1, keepdims=True)
    covariance = np.einsum("wic,wid->wcd", centered, centered) / _WINDOW
    covariance += _EPSILON / _WINDOW * np.eye(colors.shape[2])
    slopes = np.linalg.solve(covariance, centered.transpose(0, 2, 1))
    affinity = (1 + centered @ slopes) / _WINDOW
    entries = np.eye(_WINDOW) - affinity
    rows = np.repeat(members, _WINDOW, axis=1).reshape(-1)
    columns = np.tile(members, (1, _WINDOW)).reshape(-1)
    size = counted.size
    return csr_array((entries.reshape(-1), (rows, columns)), shape=(size, size))


def _windows(counted: BoolArray, band: BoolArray) -> npt.NDArray[np.intp]:
    """Return the pixels of every 3 x 3 window of counted pixels that meets the band, (w, 9)."""
    numbers = np.arange(counted.size).reshape(counted.shape)
    if min(counted.shape) < 3:
        return np.empty((0, _WINDOW), dtype=np.intp)
    use = _sliding(counted).all(axis=1) & _sliding(band).any(axis=1)
    members: npt.NDArray[np.intp] = _sliding(numbers)[use]
    return members


def _sliding(plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.lib.stride_tricks.sliding_window_view(plane, (3, 3)).reshape(-1, _WINDOW)


def _diagonal(values: Float64Array) -> Any:
    from scipy.sparse import diags_array

    return diags_array(values)


def _with_diagonal(system: "csr_array") -> Any:
    return system + _diagonal(np.full(system.shape[0], _FIDELITY))
