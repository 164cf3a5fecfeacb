"""Banks of triangular filters, which sum a power spectrum into bands as an ear does."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import MissingDependencyError, ParameterError

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FilterBank:
    """Which filters, how many, and over which bins.

    Parameters
    ----------
    kind : str
        A key of ``BANKS``.
    n_filters : int
    low, high : float
        Where the first filter begins and the last one ends, in Hz.
    n_fft : int
        Length of the transform whose bins are summed.
    sample_rate : int
        In Hz.

    Examples
    --------
    >>> bank = FilterBank(kind="linear", n_filters=3, low=0, high=4000, n_fft=8, sample_rate=8000)
    >>> bank.weights().tolist()
    [[0.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0]]
    """

    kind: str
    n_filters: int
    low: float
    high: float
    n_fft: int
    sample_rate: int

    @property
    def bins(self) -> Float64Array:
        """The frequency of each bin in Hz, (n_fft // 2 + 1,)."""
        return np.linspace(0, self.n_fft // 2, self.n_fft // 2 + 1) * self.sample_rate / self.n_fft

    def weights(self) -> Float32Array:
        """Return one row of weights a filter, (n_filters, n_fft // 2 + 1), computed once.

        Raises
        ------
        ParameterError
            If a filter is so narrow that it lies between two bins.
        """
        return _weights(self)


@lru_cache(maxsize=32)
def _weights(bank: FilterBank) -> Float32Array:
    weights = np.ascontiguousarray(BANKS[bank.kind](bank), dtype=np.float32)
    _refuse_empty(bank, weights.max(axis=1) > 0)
    weights.flags.writeable = False
    return weights


def _refuse_empty(bank: FilterBank, filled: npt.NDArray[np.bool_]) -> None:
    if not filled.all():
        raise ParameterError(
            "some filters fall between the bins of the spectrum",
            found=f"{int((~filled).sum())} of {bank.n_filters} without a bin, n_fft={bank.n_fft}",
            needed="at least one bin in every filter",
            hint="ask for fewer n_filters, a wider band, or a longer n_fft",
        )


def mel(frequency: npt.ArrayLike) -> Float64Array:
    """Return mels of Hz: 2595 log10(1 + f / 700) (O'Shaughnessy 1987, as in HTK).

    Examples
    --------
    >>> mel([0.0, 700.0]).round(2).tolist()
    [0.0, 781.17]
    """
    mels: Float64Array = 2595 * np.log10(1 + np.asarray(frequency, dtype=np.float64) / 700)
    return mels


def _edges(low: float, high: float, n_filters: int) -> Float64Array:
    return np.linspace(low, high, n_filters + 2)


def _triangles(edges: Float64Array, positions: Float64Array) -> Float64Array:
    """Return triangles that rise from one edge to the next, where they are 1, and fall again."""
    width = np.diff(edges)[:, None]
    rising = (positions - edges[:-2, None]) / width[:-1]
    falling = (edges[2:, None] - positions) / width[1:]
    triangles: Float64Array = np.maximum(0, np.minimum(rising, falling))
    return triangles


def _linear(bank: FilterBank) -> Float64Array:
    return _triangles(_edges(bank.low, bank.high, bank.n_filters), bank.bins)


def _mel_htk(bank: FilterBank) -> Float64Array:
    """Return triangles over mel; HTK leaves out the bins nearest to either end and beyond."""
    edges = _edges(float(mel(bank.low)), float(mel(bank.high)), bank.n_filters)
    first, last = (int(end * bank.n_fft / bank.sample_rate + 0.5) for end in (bank.low, bank.high))
    number = np.arange(bank.n_fft // 2 + 1)
    return _triangles(edges, mel(bank.bins)) * ((number > first) & (number < last))


def _mel(bank: FilterBank) -> Float64Array:
    return _librosa_mel(bank, htk=True, equal_area=False)


def _mel_slaney(bank: FilterBank) -> Float64Array:
    return _librosa_mel(bank, htk=False, equal_area=True)


def _librosa_mel(bank: FilterBank, *, htk: bool, equal_area: bool) -> Float64Array:
    """Return librosa's filters.

    Equal heights would come from ``norm=None``, which loads a module whose compiled functions take
    ten seconds on the first use ever; so they are made of filters of equal area.
    """
    filters = _librosa_filters()
    low, high = bank.low, bank.high
    edges = filters.mel_frequencies(bank.n_filters + 2, fmin=low, fmax=high, htk=htk)
    # Before librosa warns of it.
    _refuse_empty(bank, _triangles(edges, bank.bins).max(axis=1) > 0)
    weights: Float64Array = filters.mel(
        sr=bank.sample_rate,
        n_fft=bank.n_fft,
        n_mels=bank.n_filters,
        fmin=low,
        fmax=high,
        htk=htk,
        norm="slaney",
        dtype=np.float64,
    )
    return weights if equal_area else weights * (edges[2:] - edges[:-2])[:, None] / 2


def _librosa_filters() -> Any:
    try:
        import librosa.filters
    except RuntimeError as problem:
        raise MissingDependencyError(
            "librosa cannot be loaded, which mel filters come from",
            found=str(problem),
            needed="a directory where compiled functions can be kept",
            hint="set NUMBA_CACHE_DIR to one that is writable",
        ) from problem
    return librosa.filters


# "mel": triangles over Hz between edges equally spaced in mel, height 1; "mel-htk": triangles over
# mel, as HTK has them; "mel-slaney": Slaney's mel scale, linear up to 1 kHz, and equal areas.
BANKS: dict[str, Callable[[FilterBank], Float64Array]] = {
    "mel": _mel,
    "mel-htk": _mel_htk,
    "mel-slaney": _mel_slaney,
    "linear": _linear,
}
