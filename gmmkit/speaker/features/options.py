"""Options of the front end, checked one by one and refused in words."""

from collections.abc import Iterable
from math import isfinite
from numbers import Integral, Real
from typing import TYPE_CHECKING

from gmmkit.errors import ParameterError
from gmmkit.speaker.features.activity import ACTIVITIES
from gmmkit.speaker.features.cepstra import WINDOWS
from gmmkit.speaker.features.compression import COMPRESSIONS
from gmmkit.speaker.features.filters import BANKS
from gmmkit.speaker.features.normalization import NORMALIZATIONS
from gmmkit.speaker.features.waveform import HIGHEST_RATE, LOWEST_RATE

if TYPE_CHECKING:
    from gmmkit.speaker.features.frontend import Frontend

_FEWEST_FRAME_SAMPLES = 8


def choice(value: object, name: str, options: Iterable[str]) -> str:
    """Return `value` if it is one of the options.

    Examples
    --------
    >>> choice("mel", "filters", ("mel", "linear"))
    'mel'
    """
    known = tuple(options)
    if isinstance(value, str) and value in known:
        return value
    raise ParameterError(f"{name} is unknown", found=repr(value), needed=f"one of {known}")


def whole(value: object, name: str, least: int, most: int) -> int:
    """Return `value` as an int within bounds; True and 2.5 are refused.

    Examples
    --------
    >>> whole(2, "deltas", 0, 2)
    2
    """
    if isinstance(value, Integral) and not isinstance(value, bool) and least <= int(value) <= most:
        return int(value)
    raise ParameterError(
        f"{name} is not usable",
        found=repr(value),
        needed=f"a whole number from {least} to {most}",
    )


def number(value: object, name: str, least: float, most: float) -> float:
    """Return `value` as a float within bounds.

    Examples
    --------
    >>> number(1, "preemphasis", 0, 1)
    1.0
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        real = float(value)
        if isfinite(real) and least <= real <= most:
            return real
    raise ParameterError(
        f"{name} is not usable",
        found=repr(value),
        needed=f"a number from {least:g} to {most:g}",
    )


def switch(value: object, name: str) -> bool:
    """Return `value` if it is True or False.

    Examples
    --------
    >>> switch(True, "remove_offset")
    True
    """
    if isinstance(value, bool):
        return value
    raise ParameterError(f"{name} is not usable", found=repr(value), needed="True or False")


def check_frontend(frontend: "Frontend") -> None:
    """Raise ParameterError if an option is out of its range or does not fit another one."""
    _check_timing(frontend)
    _check_bands(frontend)
    _check_choices(frontend)
    switch(frontend.remove_offset, "remove_offset")
    number(frontend.preemphasis, "preemphasis", 0, 1)
    number(frontend.lifter, "lifter", 0, 1_000)
    whole(frontend.deltas, "deltas", 0, 2)
    whole(frontend.delta_width, "delta_width", 1, 100)
    number(frontend.activity_range, "activity_range", 1, 200)
    _check_window(frontend)


def _check_choices(frontend: "Frontend") -> None:
    choice(frontend.preemphasize_over, "preemphasize_over", ("recording", "frame"))
    choice(frontend.window, "window", WINDOWS)
    choice(frontend.filters, "filters", BANKS)
    choice(frontend.compression, "compression", COMPRESSIONS)
    choice(frontend.activity, "activity", ACTIVITIES)
    choice(frontend.normalization, "normalization", NORMALIZATIONS)
    choice(frontend.normalize_over, "normalize_over", ("speech", "all"))


def _check_timing(frontend: "Frontend") -> None:
    rate = whole(frontend.sample_rate, "sample_rate", LOWEST_RATE, HIGHEST_RATE)
    number(frontend.frame_length, "frame_length", _FEWEST_FRAME_SAMPLES / rate, 1)
    number(frontend.hop_length, "hop_length", 1 / rate, 1)
    if frontend.n_fft is not None:
        whole(frontend.n_fft, "n_fft", frontend.frame_samples, 2**20)


def _check_bands(frontend: "Frontend") -> None:
    whole(frontend.n_filters, "n_filters", 1, 1_000)
    whole(frontend.n_cepstra, "n_cepstra", 0, frontend.n_filters)
    low = number(frontend.low_frequency, "low_frequency", 0, HIGHEST_RATE)
    high = number(frontend.high_frequency, "high_frequency", 0, HIGHEST_RATE)
    half = frontend.sample_rate / 2
    if not low < high <= half:
        raise ParameterError(
            "the filters do not fit the sample rate",
            found=f"{low:g} to {high:g} Hz at {frontend.sample_rate} Hz",
            needed=f"low_frequency < high_frequency <= {half:g}",
            hint="use Frontend.telephone() for recordings at 8000 Hz",
        )


def _check_window(frontend: "Frontend") -> None:
    if frontend.normalization_window is None:
        return
    number(frontend.normalization_window, "normalization_window", 3 * frontend.hop_length, 3_600)
    if frontend.normalization == "none":
        raise ParameterError(
            "normalization_window has nothing to act on",
            found=f"{frontend.normalization_window!r} with normalization='none'",
            needed="None, or a normalization",
        )
