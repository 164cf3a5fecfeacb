"""Which frames are speech, by their energy alone."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

# The mean square of a frame at -100 dB of full scale: at or below it, a frame is never speech.
SILENT_POWER = 1e-10
_FRAMES_AT_ONCE = 2_048

# What two Gaussians have to be apart to be speech and silence rather than loud and soft speech: in
# their pooled standard deviations (Ashman, Bird and Zepf 1994), and in dB.
_LEAST_SEPARATION = 2.0
_LEAST_CONTRAST = 10.0
_SMOOTHED_FRAMES = 11


def frame_levels(samples: Float32Array, length: int, hop: int) -> Float64Array:
    """Return the level of each frame about its own mean, 10 log10(variance + 1e-10), in dB.

    Frames are those of `cepstra.frames_of`, not emphasized. Taking the mean of each frame away
    makes an offset of the recording, steady or drifting, count for nothing.

    Examples
    --------
    >>> frame_levels(np.full(400, 0.5, np.float32), 400, 160).round(6).tolist()
    [-100.0]
    """
    n_frames = 1 + (len(samples) - length) // hop
    levels = np.empty(n_frames)
    for start in range(0, n_frames, _FRAMES_AT_ONCE):
        stop = min(start + _FRAMES_AT_ONCE, n_frames)
        part = samples[start * hop : (stop - 1) * hop + length].astype(np.float64)
        levels[start:stop] = _variances(part, length, hop)
    return 10 * np.log10(np.maximum(levels, 0) + SILENT_POWER)


def _variances(samples: Float64Array, length: int, hop: int) -> Float64Array:
    """Return the variance of each frame, from running sums so that overlaps are summed once."""
    samples = samples - samples.mean()
    first, second = (np.concatenate([[0.0], np.cumsum(x)]) for x in (samples, samples**2))
    mean, square = ((x[length:] - x[:-length])[::hop] / length for x in (first, second))
    variances: Float64Array = square - mean**2
    return variances


def audible(levels: Float64Array) -> BoolArray:
    """Return which frames hold more than digital silence, (n,).

    Examples
    --------
    >>> audible(np.array([-100.0, -60.0])).tolist()
    [False, True]
    """
    heard: BoolArray = levels > 10 * np.log10(2 * SILENT_POWER)
    return heard


def within_range(levels: Float64Array, activity_range: float) -> BoolArray:
    """Return which frames are within `activity_range` dB of the 99th percentile, (n,).

    Examples
    --------
    >>> within_range(np.array([-70.0, -30.0, -20.0]), 30.0).tolist()
    [False, True, True]
    """
    return audible(levels) & (levels > np.percentile(levels, 99) - activity_range)


def louder_gaussian(levels: Float64Array, activity_range: float) -> BoolArray:
    """Return which frames belong to the louder of two Gaussians, smoothed over 11 frames, (n,).

    Where the two are no more apart than loud and soft speech, there is no silence to find, and
    the rule of `within_range` holds.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> levels = np.concatenate([random.normal(-65, 2, 200), random.normal(-25, 4, 100)])
    >>> int(louder_gaussian(levels, 30.0).sum())
    100
    """
    heard = audible(levels)
    boundary = _boundary(levels[heard])
    if boundary is None:
        return within_range(levels, activity_range)
    return heard & _majority(heard & (levels > boundary))


def _boundary(levels: Float64Array) -> float | None:
    """Return the level at which speech becomes likelier than silence, None where all is one."""
    from gmmkit.core.fits.fitting import fit

    if len(levels) == 0 or np.ptp(levels) < _LEAST_CONTRAST:
        return None
    # Levels are not meant to a fraction of a dB: the floor keeps a constant hum from being a spike.
    mixture = fit(
        levels[:, None], 2, covariance="diag", start="kmeans", seed=0, floor=[0.5]
    ).mixture
    quiet, loud = np.argsort(mixture.means[:, 0])
    low, high = mixture.means[[quiet, loud], 0]
    spread = np.sqrt(mixture.variances[:, 0].mean())
    if high - low < max(_LEAST_CONTRAST, _LEAST_SEPARATION * spread):
        return None
    # Between the means only: far below both, the wider Gaussian would be the likelier one again.
    grid = np.linspace(low, high, 1_001)
    louder = mixture.responsibilities(grid[:, None])[:, loud] > 0.5
    return float(grid[int(np.argmax(louder))])


def _majority(speech: BoolArray) -> BoolArray:
    """Return the median of each frame and its neighbors; edges are repeated."""
    half = _SMOOTHED_FRAMES // 2
    padded = np.pad(speech, half, mode="edge").astype(np.int64)
    total = np.concatenate([[0], np.cumsum(padded)])
    votes = total[_SMOOTHED_FRAMES:] - total[:-_SMOOTHED_FRAMES]
    majority: BoolArray = votes > half
    return majority


def _everything(levels: Float64Array, _: float) -> BoolArray:
    """Return every frame, unless none holds anything."""
    return np.full(len(levels), bool(audible(levels).any()))


ACTIVITIES: dict[str, Callable[[Float64Array, float], BoolArray]] = {
    "energy": within_range,
    "two-gaussian": louder_gaussian,
    "none": _everything,
}
