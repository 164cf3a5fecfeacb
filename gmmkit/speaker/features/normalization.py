"""Features of a recording made free of its channel: means, variances, ranks, whole or in a window.

Values are feature-major, (features, frames). Where a window is asked for, the statistics of a frame
are those of that many frames around it, moved inward at both ends so that it is always full.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.intp]
Normalization = Callable[[Float32Array, int | None], Float32Array]

# A deviation below this share of the feature's own size is rounding.
_LEAST_SPREAD = 1e-5


def identity(values: Float32Array, window: int | None = None) -> Float32Array:
    """Return values as they are.

    Examples
    --------
    >>> identity(np.ones((1, 2), np.float32)).tolist()
    [[1.0, 1.0]]
    """
    return values


def subtract_mean(values: Float32Array, window: int | None = None) -> Float32Array:
    """Return each feature less its mean (cepstral mean subtraction, Atal 1974).

    Parameters
    ----------
    values : ndarray of shape (D, n)
    window : int, optional
        Frames to take the mean over; the default takes all.

    Returns
    -------
    ndarray of shape (D, n)

    Examples
    --------
    >>> subtract_mean(np.array([[1, 2, 6]], np.float32)).tolist()
    [[-2.0, -1.0, 3.0]]
    """
    mean, _ = _moments(values, window)
    return (values - mean).astype(np.float32)


def standardize(values: Float32Array, window: int | None = None) -> Float32Array:
    """Return each feature less its mean, over its standard deviation (Viikki and Laurila 1998).

    A feature that is constant becomes 0.

    Parameters
    ----------
    values : ndarray of shape (D, n)
    window : int, optional
        Frames to take both over; the default takes all.

    Returns
    -------
    ndarray of shape (D, n)

    Examples
    --------
    >>> standardize(np.array([[1, 3, 1, 3], [5, 5, 5, 5]], np.float32)).tolist()
    [[-1.0, 1.0, -1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
    """
    mean, deviation = _moments(values, window)
    constant = deviation <= _LEAST_SPREAD * np.abs(values).max(axis=1, keepdims=True)
    scaled = (values - mean) / np.where(constant, 1.0, deviation)
    return np.where(constant, 0.0, scaled).astype(np.float32)


def _moments(values: Float32Array, window: int | None) -> tuple[Float64Array, Float64Array]:
    """Return mean and standard deviation of each feature, for all frames or frame by frame."""
    n = values.shape[1]
    origin = values.mean(axis=1, dtype=np.float64, keepdims=True)
    centered = values - origin
    if window is None or window >= n:
        return origin, centered.std(axis=1, keepdims=True)
    first, last = _bounds(n, window)
    mean, square = (_window_sums(x, first, last) / window for x in (centered, centered**2))
    return origin + mean, np.sqrt(np.maximum(square - mean**2, 0))


def _window_sums(values: Float64Array, first: IndexArray, last: IndexArray) -> Float64Array:
    total = np.pad(np.cumsum(values, axis=1), ((0, 0), (1, 0)))
    sums: Float64Array = total[:, last] - total[:, first]
    return sums


def _bounds(n: int, window: int) -> tuple[IndexArray, IndexArray]:
    """Return where the window of each frame begins and ends."""
    first = np.clip(np.arange(n) - window // 2, 0, n - window)
    return first, first + window


def warp(values: Float32Array, window: int | None = None) -> Float32Array:
    """Return the normal quantile of each value's rank (Pelecanos and Sridharan 2001).

    The value of rank r among n, counted from 0, becomes the normal quantile of (r + 1/2) / n;
    equal values share their mean rank.

    Parameters
    ----------
    values : ndarray of shape (D, n)
    window : int, optional
        Frames to rank among, 301 in the paper; the default takes all.

    Returns
    -------
    ndarray of shape (D, n)

    Examples
    --------
    >>> warp(np.array([[9, 1, 5], [2, 2, 7]], np.float32)).round(3)
    array([[ 0.967, -0.967,  0.   ],
           [-0.431, -0.431,  0.967]], dtype=float32)
    """
    n = values.shape[1]
    if window is None or window >= n:
        return _quantiles(n)[_doubled_ranks(values)]
    return _quantiles(window)[_doubled_ranks_within(values, window)]


def _quantiles(n: int) -> Float32Array:
    """Return the normal quantiles of (r + 1/2) / n for twice the rank r from 0 to 2n - 2."""
    from scipy.special import ndtri

    return np.asarray(ndtri((np.arange(2 * n - 1) + 1) / (2 * n)), dtype=np.float32)


def _doubled_ranks(values: Float32Array) -> IndexArray:
    """Return twice the mean rank of every value in its row, which is whole even for ties."""
    order = np.argsort(values, axis=1)
    ranks = np.empty_like(order)
    doubled = np.broadcast_to(2 * np.arange(values.shape[1]), values.shape)
    ordered = np.take_along_axis(values, order, axis=1)
    tied = ordered[:, 1:] == ordered[:, :-1]
    np.put_along_axis(ranks, order, doubled, axis=1)
    for row in np.flatnonzero(tied.any(axis=1)):
        ranks[row, order[row]] = _shared_ranks(tied[row])
    return ranks


def _shared_ranks(tied: npt.NDArray[np.bool_]) -> IndexArray:
    """Return twice the mean rank of sorted values, given which equal the one before."""
    starts = np.flatnonzero(np.concatenate([[True], ~tied]))
    ends = np.append(starts[1:], len(tied) + 1)
    return np.repeat(starts + ends - 1, ends - starts)


def _doubled_ranks_within(values: Float32Array, window: int) -> IndexArray:
    """Return twice the mean rank of every value in the window around it."""
    n = values.shape[1]
    ranks = np.empty(values.shape, dtype=np.intp)
    rows = np.ascontiguousarray(values.T)
    first, last = _bounds(n, window)
    for i in range(n):
        around, value = rows[first[i] : last[i]], rows[i]
        below = np.count_nonzero(around < value, axis=0)
        ranks[:, i] = below + np.count_nonzero(around <= value, axis=0) - 1
    return ranks


NORMALIZATIONS: dict[str, Normalization] = {
    "none": identity,
    "mean": subtract_mean,
    "mean-variance": standardize,
    "sliding": standardize,
    "warping": warp,
}
