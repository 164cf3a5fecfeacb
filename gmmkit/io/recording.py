"""One channel of sound as the rest of gmmkit takes it, and arrays brought into that form."""

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import AudioError, AudioSizeError, ParameterError
from gmmkit.io.sample_layout import MOST_CHANNELS, check_sound

_BLOCK_FRAMES = 1 << 16
# What is subtracted from integers of a type, and what full scale is then.
_SCALES = {"uint8": (128.0, 128.0), "int16": (0.0, 2.0**15), "int32": (0.0, 2.0**31)}
_NEEDED_TYPES = "int16, int32, uint8, float16, float32 or float64"
_ADVICE = {
    "b": "pass the samples and not a mask",
    "i": "cast whole numbers from 16-bit sound: samples.astype(numpy.int16)",
    "u": "cast to what the numbers are: int16 or uint8",
    "c": "pass the signal and not its spectrum",
}


@dataclass(frozen=True, eq=False)
class Recording:
    """One channel of sound that was read and checked.

    Parameters
    ----------
    samples : ndarray of shape (n,)
        float32, full scale 1, at the rate of the recording; read-only.
    sample_rate : int
        In Hz, as recorded.
    name : str
        The file's name, or ``<array>``.
    n_channels : int
        How many channels the source has.
    notes : tuple of str
        What was done or noticed on the way, for people.

    Examples
    --------
    >>> import numpy as np
    >>> Recording(np.zeros(8000, np.float32), 16_000, "voice.wav", 1, ()).seconds
    0.5
    """

    samples: npt.NDArray[np.float32]
    sample_rate: int
    name: str
    n_channels: int
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        view = np.asarray(self.samples, dtype=np.float32).view()
        if view.ndim != 1:
            raise AudioError(
                f"{self.name} has more than one channel",
                found=f"shape {view.shape}",
                needed="(samples,)",
                hint="gmmkit.io.audio.as_recording mixes channels",
            )
        view.flags.writeable = False
        object.__setattr__(self, "samples", view)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.sample_rate


def checked_rate(sample_rate: float, label: str) -> int:
    """Return a sample rate that a caller gave as a whole number of Hz.

    Parameters
    ----------
    sample_rate : number
        From 1,000 to 768,000; 16000.0 is taken as 16000.
    label : str
        What to call the recording in errors.

    Returns
    -------
    int

    Raises
    ------
    ParameterError
        If it is no whole number.
    AudioError
        If it is outside the range.

    Examples
    --------
    >>> checked_rate(16_000.0, "the array")
    16000
    """
    number = isinstance(sample_rate, Real) and not isinstance(sample_rate, bool)
    if not (number and float(sample_rate).is_integer()):
        raise ParameterError(
            "the sample rate is not usable",
            found=repr(sample_rate)[:60],
            needed="a whole number of Hz, as in (samples, 16000)",
        )
    check_sound(int(sample_rate), 1, label)
    return int(sample_rate)


def check_samples(samples: npt.ArrayLike, label: str) -> npt.NDArray[Any]:
    """Return samples as an array of frames and channels, of a type whose full scale is known.

    Parameters
    ----------
    samples : array_like of shape (n,) or (n, n_channels)
        int16, int32, uint8 (128 is zero), float16, float32 or float64.
    label : str
        What to call them in errors.

    Returns
    -------
    ndarray of shape (n, n_channels)
        A view where possible.

    Raises
    ------
    AudioError
        If the type or the number of axes is another, or the axes are exchanged.
    AudioSizeError
        If there is no sample.

    Examples
    --------
    >>> import numpy as np
    >>> check_samples(np.zeros(8, np.int16), "the array").shape
    (8, 1)
    """
    array = _plain_array(samples, label)
    _check_type(array, label)
    if array.ndim not in (1, 2):
        raise AudioError(
            f"{label} has {array.ndim} axes",
            found=f"shape {array.shape}",
            needed="(samples,) or (samples, channels)",
        )
    if not array.size:
        raise AudioSizeError(
            f"{label} is empty", found=f"shape {array.shape}", needed="at least one sample"
        )
    frames = array[:, None] if array.ndim == 1 else array
    _check_orientation(frames, label)
    return frames


def array_blocks(frames: npt.NDArray[Any]) -> Iterator[npt.NDArray[np.float32]]:
    """Give samples block by block, as float32 of full scale 1.

    Parameters
    ----------
    frames : ndarray of shape (n, n_channels)
        From :func:`check_samples`.

    Yields
    ------
    ndarray of shape (m, n_channels)
        Values too large for float32 become infinite.

    Examples
    --------
    >>> import numpy as np
    >>> next(array_blocks(np.array([[16384]], np.int16))).tolist()
    [[0.5]]
    """
    offset, scale = _SCALES.get(frames.dtype.name, (0.0, 1.0))
    for start in range(0, len(frames), _BLOCK_FRAMES):
        block = frames[start : start + _BLOCK_FRAMES]
        if frames.dtype.kind in "iu":
            block = (block - offset) / scale
        with np.errstate(over="ignore"):
            single = np.ascontiguousarray(block, dtype=np.float32)
        yield single


def _plain_array(samples: npt.ArrayLike, label: str) -> npt.NDArray[Any]:
    if isinstance(samples, np.ma.MaskedArray):
        raise AudioError(
            f"{label} is masked",
            found=f"{int(np.ma.getmaskarray(samples).sum()):,} masked values",
            needed="a plain array",
            hint="cut out the stretches wanted",
        )
    try:
        return np.asarray(samples)
    except (TypeError, ValueError) as error:
        raise AudioError(f"{label} is none", found=str(error), needed="shape (samples,)") from error


def _check_type(array: npt.NDArray[Any], label: str) -> None:
    if array.dtype.name in _SCALES or array.dtype.name in ("float16", "float32", "float64"):
        return
    raise AudioError(
        f"{label} has values of a type whose full scale is unknown",
        found=array.dtype.name,
        needed=_NEEDED_TYPES,
        hint=_ADVICE.get(array.dtype.kind, "pass numbers"),
    )


def _check_orientation(frames: npt.NDArray[Any], label: str) -> None:
    n_frames, n_channels = frames.shape
    if n_channels > MOST_CHANNELS:
        turned = n_frames <= MOST_CHANNELS
        raise AudioError(
            f"{label} has too many channels",
            found=f"shape {frames.shape}",
            needed=f"(samples, channels) of at most {MOST_CHANNELS} channels",
            hint="exchange the axes: samples.T" if turned else "pass one recording at a time",
        )
