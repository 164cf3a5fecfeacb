"""From distances to a mask: the mean distance in each pixel's window decides, not one alone."""

import numpy as np

from gmmkit.image.background.settings import BackgroundSettings
from gmmkit.image.pixels import Float32Array, Float64Array, Uint8Array

BACKGROUND, SHADOW, FOREGROUND = 0, 127, 255

# As many windows tell their quartiles well enough.
_MOST_WINDOWS = 3_000
_FEWEST_WINDOWS = 64


def decide(
    far: Float32Array, shadows: Float32Array, settings: BackgroundSettings, n_channels: int
) -> Uint8Array:
    """Return the mask that distances make.

    A window is held to as many deviations from what noise alone gives as one pixel would be. Where
    noise is independent the mean of a window deviates much less; how much less is measured, because
    cameras and compression spread noise over neighbors. No pixel counts for more than it takes that
    half of a window decides, so that borders stay where they are.

    Parameters
    ----------
    far, shadows : ndarray of shape (H, W)
        Squared Mahalanobis distances to the background, and to it or its shadow.
    settings : BackgroundSettings
    n_channels : int
        What noise alone gives in the mean.

    Returns
    -------
    ndarray of shape (H, W)
        uint8: 0 background, 127 shadow, 255 foreground.

    Examples
    --------
    >>> far = np.array([[2, 90]], np.float32)
    >>> decide(far, far, BackgroundSettings(smoothing=0), 3).tolist()
    [[0, 255]]
    """
    excess = max(settings.variance_threshold - n_channels, 0.0)
    bound = settings.variance_threshold - excess * (1 - _relative_spread(far, settings.smoothing))
    cap = 2 * bound - min(n_channels, bound)
    mask = np.where(_pooled(far, settings.smoothing, cap) >= bound, FOREGROUND, BACKGROUND)
    if settings.detect_shadows and n_channels > 1:
        dark = _pooled(shadows, settings.smoothing, cap) < bound
        mask[dark & (mask > 0)] = SHADOW
    return mask.astype(np.uint8)


def _relative_spread(far: Float32Array, radius: int) -> float:
    """Return how widely means of windows spread, as a share of how widely single pixels do.

    By quartiles, which objects reach only when they fill a quarter of the picture.
    """
    side = 2 * radius + 1
    height, width = far.shape[0] - side + 1, far.shape[1] - side + 1
    if radius == 0 or min(height, width) < 1 or height * width < _FEWEST_WINDOWS:
        return 1.0
    step = max(1, int(np.sqrt(height * width / _MOST_WINDOWS)))
    shifts = [(row, column) for row in range(side) for column in range(side)]
    windows = np.stack(
        [far[r : r + height : step, c : c + width : step].ravel() for r, c in shifts]
    )
    single = _quartile_range(windows[len(shifts) // 2])
    if single <= 0:
        return 1.0
    return float(np.clip(_quartile_range(windows.mean(axis=0)) / single, 1 / side, 1))


def _quartile_range(values: Float32Array) -> float:
    quartiles: Float64Array = np.quantile(values, (0.25, 0.75))
    return float(quartiles[1] - quartiles[0])


def _pooled(values: Float32Array, radius: int, cap: float) -> Float32Array:
    from gmmkit.image.background.kernels import pool

    if radius == 0:
        return values
    result = np.empty_like(values)
    pool(values, radius, np.float32(cap), result)
    return result
