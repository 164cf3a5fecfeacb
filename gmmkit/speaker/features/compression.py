"""How the energy of a filter becomes a number of the size that hearing gives it.

Energies are (filters, frames) of a whole recording, because one of the laws listens to its noise.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]

# Added to the energy of every filter, so that digital silence has a logarithm: far below what the
# rounding of 16-bit samples leaves in a filter (1e-8), so that no gain of a recording matters.
ENERGY_FLOOR = 1e-12

# Of Kim and Stern (2016): the power law, and how many frames and filters are looked at together.
_POWER = 1 / 15
_FRAMES_TOGETHER, _FILTERS_TOGETHER = 5, 9
# What is the noise of a filter: the level that this percentage of its frames stays below. A frame
# at or below it keeps a hundredth of its energy, so that no deep holes are cut.
_NOISE_PERCENTILE = 10
_LEAST_GAIN = np.float32(0.01)


def logarithm(energies: Float32Array) -> Float32Array:
    """Return log(energy + 1e-12).

    Examples
    --------
    >>> logarithm(np.ones((1, 1), np.float32)).tolist()
    [[0.0]]
    """
    logarithms: Float32Array = np.log(energies + np.float32(ENERGY_FLOOR))
    return logarithms


def cube_root(energies: Float32Array) -> Float32Array:
    """Return the power law of hearing (Hermansky 1990); it is not invariant to gain.

    Examples
    --------
    >>> cube_root(np.full((1, 1), 8, np.float32)).tolist()
    [[2.0]]
    """
    return np.cbrt(energies)


def power_normalized(energies: Float32Array) -> Float32Array:
    """Return the 15th root of energies cleared of steady noise, relative to the recording's level.

    A short form of Kim and Stern, "Power-normalized cepstral coefficients (PNCC) for robust speech
    recognition", IEEE/ACM TASLP 24 (2016): the noise floor of each filter is taken off through a
    gain that is smooth over frames and filters. Invariant to gain.

    Parameters
    ----------
    energies : ndarray of shape (filters, frames)

    Returns
    -------
    ndarray of the same shape

    Examples
    --------
    >>> steady = power_normalized(np.full((9, 20), 3.0, np.float32))
    >>> bool(np.allclose(steady, 0.01 ** (1 / 15)))
    True
    """
    from scipy.ndimage import uniform_filter1d

    least = np.finfo(np.float32).tiny
    smooth = uniform_filter1d(energies, _FRAMES_TOGETHER, axis=1)
    noise = np.percentile(smooth, _NOISE_PERCENTILE, axis=1, keepdims=True).astype(np.float32)
    gain = np.maximum(smooth - noise, _LEAST_GAIN * smooth) / np.maximum(smooth, least)
    gain = uniform_filter1d(gain, _FILTERS_TOGETHER, axis=0)
    level = np.maximum(energies.mean(dtype=np.float64), least).astype(np.float32)
    cleared: Float32Array = (energies * gain / level) ** np.float32(_POWER)
    return cleared


COMPRESSIONS: dict[str, Callable[[Float32Array], Float32Array]] = {
    "log": logarithm,
    "root": cube_root,
    "power-normalized": power_normalized,
}
