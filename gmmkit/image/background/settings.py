"""What a model of the background is told beforehand, checked once."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from numbers import Real

from gmmkit.core.checks import check_count
from gmmkit.errors import ParameterError

Setting = int | float | bool

_LARGEST_COMPONENTS = 16
_LARGEST_SMOOTHING = 10


@dataclass(frozen=True, kw_only=True)
class BackgroundSettings:
    """How a background is learned and what is told from it.

    Deviations are standard deviations of one channel, in 255ths of the full range of the pixels.

    Parameters
    ----------
    history : int
        Over how many frames weights are averaged: the learning rate is one over it, and one over
        the number of frames until then.
    variance_threshold : float
        From which squared Mahalanobis distance on a pixel is foreground.
    detect_shadows : bool
        Tell shadows, in which a pixel keeps its color and loses light. In frames of one channel
        no shadow can be told from a dark object, and none is.
    shadow_threshold : float
        Which share of its light a pixel keeps at least in a shadow, 0 to 1.
    background_ratio : float
        Which share of the frames the background explains: the heaviest components up to this
        weight are background, 0 to 1.
    complexity_reduction : float
        The prior weight against components (c_T), 0 to 1: a component that explains a smaller
        share of the frames disappears.
    max_components : int
        How many Gaussians a pixel has at most, 1 to 16.
    generation_threshold : float
        Up to which squared Mahalanobis distance a pixel belongs to a component; beyond, it starts
        one of its own.
    tracking_rate : float
        How fast, at least, the mean and the variance of a component follow its pixels, 0 to 1 a
        frame. At 0 they follow as slowly as the weights.
    smallest_deviation, initial_deviation, largest_deviation : float
        Bounds of a component's standard deviation, and where it starts. What all pixels together
        say of the noise raises the lower bound and the start.
    adapt_lighting : bool
        Compare each frame under the light that it was taken in: one gain and one offset a channel,
        from all pixels together.
    smoothing : int
        Radius in pixels of the square window whose mean evidence decides; 0 decides pixel by pixel.

    Raises
    ------
    ParameterError
        If a value is outside its range.

    Examples
    --------
    >>> BackgroundSettings(history=100).variance_threshold
    16.0
    """

    history: int = 500
    variance_threshold: float = 16.0
    detect_shadows: bool = True
    shadow_threshold: float = 0.5
    background_ratio: float = 0.9
    complexity_reduction: float = 0.05
    max_components: int = 5
    generation_threshold: float = 16.0
    tracking_rate: float = 0.07
    smallest_deviation: float = 1.5
    initial_deviation: float = 4.0
    largest_deviation: float = 12.0
    adapt_lighting: bool = True
    smoothing: int = 1

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            _keep(self, name, _checked_number(getattr(self, name), name, least, most))
        for name, (first, last) in _COUNTS.items():
            _keep(self, name, _checked_count(getattr(self, name), name, first, last))
        for name in ("detect_shadows", "adapt_lighting"):
            if not isinstance(getattr(self, name), bool):
                raise _refused(name, getattr(self, name), "True or False")
        self._check_order()

    def _check_order(self) -> None:
        bounds = self.smallest_deviation, self.initial_deviation, self.largest_deviation
        if sorted(bounds) != list(bounds):
            raise ParameterError(
                "the deviations are not in order",
                found=", ".join(f"{bound:g}" for bound in bounds),
                needed="smallest <= initial <= largest",
            )

    def contract(self) -> dict[str, Setting]:
        """Return every setting by name, as a file keeps it."""
        return asdict(self)


_RANGES = {
    "variance_threshold": (1e-3, 1e6),
    "shadow_threshold": (0.0, 1.0),
    "background_ratio": (0.0, 1.0),
    "complexity_reduction": (0.0, 1.0),
    "generation_threshold": (1e-3, 1e6),
    "tracking_rate": (0.0, 1.0),
    "smallest_deviation": (1e-3, 255.0),
    "initial_deviation": (1e-3, 255.0),
    "largest_deviation": (1e-3, 255.0),
}
_COUNTS = {
    "history": (1, 1_000_000_000),
    "max_components": (1, _LARGEST_COMPONENTS),
    "smoothing": (0, _LARGEST_SMOOTHING),
}


def settings_from(values: Mapping[str, object]) -> BackgroundSettings:
    """Return settings by name, those of a file for example.

    Raises
    ------
    ParameterError
        If a name is unknown or a value outside its range.

    Examples
    --------
    >>> settings_from({"history": 50}).history
    50
    """
    known = [field.name for field in fields(BackgroundSettings)]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ParameterError(
            "a background has no such setting", found=", ".join(unknown), needed=", ".join(known)
        )
    return BackgroundSettings(**values)  # type: ignore[arg-type]


def _keep(settings: BackgroundSettings, name: str, value: Setting) -> None:
    object.__setattr__(settings, name, value)


def _checked_number(value: object, name: str, least: float, most: float) -> float:
    if isinstance(value, Real) and not isinstance(value, bool) and least <= float(value) <= most:
        return float(value)
    raise _refused(name, value, f"a number from {least:g} to {most:g}")


def _checked_count(value: object, name: str, least: int, most: int) -> int:
    if check_count(value, name, least=least) > most:
        raise _refused(name, value, f"a whole number from {least} to {most:,}")
    return int(value)  # type: ignore[call-overload, no-any-return]


def _refused(name: str, value: object, needed: str) -> ParameterError:
    return ParameterError(f"{name} is not usable", found=repr(value), needed=needed)
