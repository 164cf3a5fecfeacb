"""Many channels become one while they are read, and each is measured on the way."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import numpy.typing as npt

from gmmkit.errors import AudioError

Channels = npt.NDArray[np.float64]

# An integer recording that hits its limits has values within a thousandth of full scale.
_FULL_SCALE = 0.999
_DEAD = 1e-6
_CANCELED = 1e-4


@dataclass(frozen=True, eq=False)
class ChannelSums:
    """What is known of each channel after reading; adding two joins the stretches.

    Parameters
    ----------
    n_frames : int
        Samples of each channel.
    total, squares : ndarray of shape (n_channels,)
        Sums of samples and of their squares.
    at_limit : ndarray of shape (n_channels,)
        How many samples lie at full scale or beyond.

    Examples
    --------
    >>> import numpy as np
    >>> sums = measure_channels(np.float32([[0.5, -0.5], [1.0, 1.0]]))
    >>> (sums + sums).power.tolist(), sums.clipped.tolist()
    ([0.25, 0.0], [0.0, 1.0])
    """

    n_frames: int
    total: Channels
    squares: Channels
    at_limit: Channels

    def __add__(self, other: "ChannelSums") -> "ChannelSums":
        return ChannelSums(
            self.n_frames + other.n_frames,
            self.total + other.total,
            self.squares + other.squares,
            self.at_limit + other.at_limit,
        )

    @property
    def power(self) -> Channels:
        """Mean square of each channel about its own mean."""
        mean = self.total / self.n_frames
        return np.maximum(self.squares / self.n_frames - mean**2, 0.0)

    @property
    def clipped(self) -> Channels:
        """Share of the samples of each channel that lie at full scale or beyond."""
        return self.at_limit / self.n_frames

    @property
    def dead(self) -> list[int]:
        """Channels 60 dB or more below the loudest, counted from 0."""
        power = self.power
        return [int(index) for index in np.flatnonzero(power < _DEAD * power.max())]


def measure_channels(channels: npt.NDArray[np.float32]) -> ChannelSums:
    """Return the sums of one stretch of every channel.

    Parameters
    ----------
    channels : ndarray of shape (n_channels, m)
        Full scale 1; one channel after the other, which is many times faster to add up.

    Returns
    -------
    ChannelSums

    Examples
    --------
    >>> import numpy as np
    >>> measure_channels(np.zeros((2, 4), np.float32)).n_frames
    4
    """
    return ChannelSums(
        channels.shape[1],
        channels.sum(axis=1, dtype=np.float64),
        np.einsum("ij,ij->i", channels, channels, dtype=np.float64),
        np.count_nonzero(np.abs(channels) >= _FULL_SCALE, axis=1).astype(np.float64),
    )


def read_channel(
    blocks: Iterable[npt.NDArray[np.float32]], channel: int | None, label: str
) -> tuple[npt.NDArray[np.float32], ChannelSums]:
    """Join blocks into one channel: the one asked for, or the mean of all.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (m, n_channels)
        Full scale 1; at least one.
    channel : int or None
        Counted from 0; None takes the mean.
    label : str
        The file's name for errors.

    Returns
    -------
    samples : ndarray of shape (n,)
    sums : ChannelSums
        Of the channels that were used.

    Raises
    ------
    AudioError
        If a value is NaN or infinite, or the channels cancel each other.

    Examples
    --------
    >>> import numpy as np
    >>> samples, sums = read_channel([np.float32([[0.5, 0.0], [0.25, 0.5]])], None, "voice.wav")
    >>> samples.tolist()
    [0.25, 0.375]
    """
    # A bytearray grows in place, where joining arrays would need the memory twice.
    gathered = bytearray()
    sums: list[ChannelSums] = []
    mixed: list[ChannelSums] = []
    for block in blocks:
        used = np.ascontiguousarray((block if channel is None else block[:, [channel]]).T)
        _check_finite(used, len(gathered) // 4, label)
        mean = used if len(used) == 1 else _mean(used)
        gathered += mean.data
        sums.append(measure_channels(used))
        mixed.append(sums[-1] if mean is used else measure_channels(mean))
    if not sums:
        raise AudioError(f"{label} holds no samples", found="0 samples", needed="at least one")
    total = reduce(add, sums)
    _check_mixed(reduce(add, mixed), total, label)
    return np.frombuffer(gathered, dtype=np.float32), total


def _mean(channels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    mean: npt.NDArray[np.float64] = channels.mean(axis=0, dtype=np.float64, keepdims=True)
    return mean.astype(np.float32)


def _check_finite(channels: npt.NDArray[np.float32], before: int, label: str) -> None:
    finite = np.isfinite(channels)
    if not finite.all():
        first = before + int(np.argmin(finite.all(axis=0)))
        raise AudioError(
            f"{label} holds values that are no numbers",
            found=f"NaN or infinity from sample {first:,} on",
            needed="finite values",
            hint="write the recording again; a filter that ran away leaves such values",
        )


def _check_mixed(mixed: ChannelSums, sums: ChannelSums, label: str) -> None:
    if float(mixed.power.max()) < _CANCELED * float(sums.power.max()):
        raise AudioError(
            f"{label} has channels that cancel each other",
            found="a mix 40 dB or more below its loudest channel",
            needed="channels that are not opposites",
            hint="take one of them: channel=0",
        )
