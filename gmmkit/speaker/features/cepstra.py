"""From samples to cepstra: frames, power spectra, cosine transform, deltas.

Values are stored feature-major, (features, frames), so that whatever runs along time is contiguous.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]

WINDOWS: dict[str, Callable[[int], npt.NDArray[np.float64]]] = {
    "hamming": np.hamming,
    "hann": np.hanning,
    "rectangular": np.ones,
}


def preemphasize(samples: Float32Array, coefficient: float) -> Float32Array:
    """Return y[t] = x[t] - coefficient * x[t - 1], with x[-1] = x[0].

    Parameters
    ----------
    samples : ndarray of shape (n,) or (frames, n)
    coefficient : float
        0 to 1; 0 changes nothing.

    Returns
    -------
    ndarray of the same shape

    Examples
    --------
    >>> preemphasize(np.array([1, 1, 2], np.float32), 0.5).tolist()
    [0.5, 0.5, 1.5]
    """
    if coefficient == 0:
        return samples
    emphasized = np.empty_like(samples)
    factor = np.float32(coefficient)
    np.multiply(samples[..., :-1], -factor, out=emphasized[..., 1:])
    emphasized[..., 1:] += samples[..., 1:]
    emphasized[..., :1] = samples[..., :1] * (1 - factor)
    return emphasized


def frames_of(samples: Float32Array, length: int, hop: int) -> Float32Array:
    """Return a read-only view of all frames that fit, 1 + (n - length) // hop of them.

    Nothing is padded: a frame that would go beyond the last sample is left out.

    Examples
    --------
    >>> frames_of(np.arange(6, dtype=np.float32), 3, 2).tolist()
    [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]]
    """
    return np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]


def power_spectra(frames: Float32Array, window: str, n_fft: int) -> Float32Array:
    """Return the squared magnitudes of the windowed frames' transforms.

    Parameters
    ----------
    frames : ndarray of shape (n, length)
    window : str
        A key of ``WINDOWS``; symmetric, as in HTK.
    n_fft : int
        At least `length`; frames are padded with zeros behind.

    Returns
    -------
    ndarray of shape (n, n_fft // 2 + 1)

    Examples
    --------
    >>> power_spectra(np.ones((1, 4), np.float32), "rectangular", 4).tolist()
    [[16.0, 0.0, 0.0]]
    """
    from scipy.fft import rfft

    spectra = rfft(frames * _window(window, frames.shape[1]), n_fft, axis=1)
    power: Float32Array = np.square(spectra.real)
    power += np.square(spectra.imag)
    return power


@lru_cache(maxsize=32)
def _window(name: str, length: int) -> Float32Array:
    return WINDOWS[name](length).astype(np.float32)


@lru_cache(maxsize=32)
def cosine_transform(n_filters: int, n_cepstra: int, lifter: float) -> Float32Array:
    """Return the matrix from log energies of filters to liftered cepstra.

    The first rows of the orthonormal DCT-II, row n times 1 + lifter / 2 * sin(pi * n / lifter)
    (Young et al., The HTK Book, eq. 5.14).

    Returns
    -------
    ndarray of shape (n_cepstra, n_filters)

    Examples
    --------
    >>> cosine_transform(4, 2, 0.0)[0].tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    from scipy.fft import dct

    matrix = dct(np.eye(n_filters), type=2, norm="ortho", axis=0)[:n_cepstra]
    if lifter > 0:
        order = np.arange(n_cepstra)[:, None]
        matrix = matrix * (1 + lifter / 2 * np.sin(np.pi * order / lifter))
    return np.ascontiguousarray(matrix, dtype=np.float32)


def delta(values: Float32Array, width: int) -> Float32Array:
    """Return the slope of each row by regression over `width` frames to both sides.

    d[t] = sum_i i (c[t+i] - c[t-i]) / (2 sum_i i^2), with the first and the last frame repeated at
    the edges (Young et al., The HTK Book, eq. 5.16).

    Parameters
    ----------
    values : ndarray of shape (C, n)
    width : int
        At least 1.

    Returns
    -------
    ndarray of shape (C, n)

    Examples
    --------
    >>> delta(np.array([[0, 1, 2, 3, 4]], np.float32), 1).tolist()
    [[0.5, 1.0, 1.0, 1.0, 0.5]]
    """
    n = values.shape[1]
    padded = np.pad(values, ((0, 0), (width, width)), mode="edge")
    slope = np.zeros_like(values)
    for i in range(1, width + 1):
        ahead, behind = padded[:, width + i : width + i + n], padded[:, width - i : width - i + n]
        slope += np.float32(i) * (ahead - behind)
    slope /= np.float32(2 * sum(i * i for i in range(1, width + 1)))
    return slope


def with_deltas(values: Float32Array, order: int, width: int) -> Float32Array:
    """Return values with their slopes below, and the slopes of those, up to an order.

    Examples
    --------
    >>> with_deltas(np.ones((3, 5), np.float32), 2, 2).shape
    (9, 5)
    """
    parts = [values]
    for _ in range(order):
        parts.append(delta(parts[-1], width))
    return np.concatenate(parts)
