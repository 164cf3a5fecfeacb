"""One step: a state and a frame make a mask and the next state."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmkit.image.background.decision import BACKGROUND, decide
from gmmkit.image.background.lighting import Lighting, estimate_lighting, unchanged_lighting
from gmmkit.image.background.settings import BackgroundSettings
from gmmkit.image.background.state import BackgroundState
from gmmkit.image.pixels import Float32Array, Uint8Array

if TYPE_CHECKING:
    from gmmkit.image.background.kernels import Constants


_LEVELS = 255.0
# Over how many frames the noise is averaged.
_NOISE_FRAMES = 50
# The smallest variance of a pixel, as a share of the median pixel's.
_LEAST_OF_NOISE = 0.5
_SMALLEST_BAND = 65_536
# A pixel that keeps more of its light than this is in no shadow.
_LIGHTEST_SHADOW = 0.95
# The weight of a young component from which on it is background.
_LASTING = 0.3


@dataclass(frozen=True)
class Learning:
    """How fast a frame is learned, and the variance of one channel of the median pixel."""

    rate: float
    noise: float


@dataclass(frozen=True, eq=False)
class Step:
    """What a frame led to.

    Parameters
    ----------
    state : BackgroundState
        What is known after the frame.
    mask : ndarray of shape (H, W)
        uint8: 0 background, 127 shadow, 255 foreground.
    lighting : Lighting
        The light of the frame.
    """

    state: BackgroundState
    mask: Uint8Array
    lighting: Lighting


def next_step(
    state: BackgroundState,
    frame: Float32Array,
    settings: BackgroundSettings,
    rate: float,
    *,
    in_place: bool = False,
    n_threads: int = 1,
) -> Step:
    r"""Compare a frame with the background and learn it.

    Every pixel is a mixture of at most K Gaussians with one variance for all C channels. With o = 1
    for the component that the pixel belongs to and 0 for the others, and delta = x - mean,

    .. math::
        w \leftarrow w + \alpha (o - w) - \alpha c_T, \quad
        m \leftarrow m + o\,\rho\,\delta, \quad
        v \leftarrow v + o\,\rho\,(\delta^T\delta / C - v), \quad
        \rho = \max(\alpha / w, \text{tracking rate})

    (Zivkovic 2004, equations 4 to 6 and 14; delta's square is divided by C, so that v is a
    variance). Means are seen in the light of the frame, and follow it at the tracking rate.

    Parameters
    ----------
    state : BackgroundState
    frame : ndarray of shape (H, W, C)
        float32, as shares of the full range.
    settings : BackgroundSettings
    rate : float
        The learning rate alpha, 0 to 1. At 0 the state returned is the one given.
    in_place : bool
        Let the arrays of the state given become those of the next state.
    n_threads : int
        How many bands of rows are worked on at once; the result does not depend on it.

    Returns
    -------
    Step

    Examples
    --------
    >>> from gmmkit.image.background.state import empty_state
    >>> frame = np.full((2, 3, 1), 0.5, np.float32)
    >>> first = next_step(empty_state((2, 3), 1, 5), frame, BackgroundSettings(), 1.0)
    >>> next_step(first.state, frame, BackgroundSettings(), 0.5).mask.max()
    np.uint8(0)
    """
    lighting = _lighting(state, frame, settings)
    learning = Learning(rate, _learned_noise(state, lighting, rate))
    following = state if in_place or rate == 0 else state.copy()
    distances = _follow(following, frame, settings, learning, lighting, n_threads)
    mask = decide(*distances, settings, state.n_channels)
    if state.n_frames == 0:
        mask[:] = BACKGROUND
    if rate > 0:
        following = replace(following, n_frames=state.n_frames + 1, noise=learning.noise)
    return Step(following, mask, lighting)


def _lighting(
    state: BackgroundState, frame: Float32Array, settings: BackgroundSettings
) -> Lighting:
    if state.n_frames == 0:
        return unchanged_lighting(state.n_channels)
    # Rounding alone lets pixels disagree where a video has no noise.
    rounding = (settings.smallest_deviation / _LEVELS) ** 2
    expected = max(state.noise, rounding) if state.n_frames > 1 else 0.0
    return estimate_lighting(frame, state.background, expected, adapt=settings.adapt_lighting)


def _learned_noise(state: BackgroundState, lighting: Lighting, rate: float) -> float:
    """Return the running mean of the noise; the first mean is a frame, itself as noisy."""
    if lighting.noise is None or (rate == 0 and state.noise > 0):
        return state.noise
    if state.n_frames == 1:
        return lighting.noise / 2
    step = 1 / min(state.n_frames, _NOISE_FRAMES)
    return state.noise + step * (lighting.noise - state.noise)


def _follow(
    state: BackgroundState,
    frame: Float32Array,
    settings: BackgroundSettings,
    learning: Learning,
    lighting: Lighting,
    n_threads: int,
) -> tuple[Float32Array, Float32Array]:
    """Let the arrays of a state follow a frame; return how far background and shadow are."""
    from gmmkit.image.background.kernels import follow_frame

    far, shadows = np.empty(state.shape, np.float32), np.empty(state.shape, np.float32)
    constants = _constants(state, settings, learning)
    light = lighting.followed(max(settings.tracking_rate, learning.rate) if learning.rate else 0.0)

    def follow(rows: slice) -> None:
        pixels = frame[rows].reshape(-1, state.n_channels)
        follow_frame(
            pixels, state.rows(rows), light, constants, far[rows].ravel(), shadows[rows].ravel()
        )

    bands = _bands(state.shape, n_threads)
    if len(bands) == 1:
        follow(bands[0])
    else:
        with ThreadPoolExecutor(len(bands)) as pool:
            list(pool.map(follow, bands))
    return far, shadows


def _bands(shape: tuple[int, int], n_threads: int) -> list[slice]:
    n_bands = max(1, min(n_threads, shape[0], shape[0] * shape[1] // _SMALLEST_BAND))
    size = -(-shape[0] // n_bands)
    return [slice(start, start + size) for start in range(0, shape[0], size)]


def _constants(
    state: BackgroundState, settings: BackgroundSettings, learning: Learning
) -> "Constants":
    from gmmkit.image.background.kernels import Constants

    smallest = max((settings.smallest_deviation / _LEVELS) ** 2, _LEAST_OF_NOISE * learning.noise)
    initial = max((settings.initial_deviation / _LEVELS) ** 2, learning.noise)
    largest = max((settings.largest_deviation / _LEVELS) ** 2, learning.noise)
    sees_shadows = settings.detect_shadows and state.n_channels > 1
    values: dict[str, Any] = {
        "rate": learning.rate,
        "tracking": settings.tracking_rate,
        "generation": settings.generation_threshold,
        "ratio": settings.background_ratio,
        "lasting": _lasting(state, settings),
        "reduction": settings.complexity_reduction,
        "cap": 2 * settings.variance_threshold,
        "darkest_shadow": settings.shadow_threshold if sees_shadows else 1.0,
        "lightest_shadow": _LIGHTEST_SHADOW,
        "smallest_variance": smallest,
        "initial_variance": initial,
        "largest_variance": largest,
    }
    # float32 throughout: one double among them would turn the whole pass into doubles.
    return Constants(**{name: np.float32(value) for name, value in values.items()})  # type: ignore[arg-type]


def _lasting(state: BackgroundState, settings: BackgroundSettings) -> float:
    """Return the weight from which on a component is background though it never came back."""
    share = 1 - settings.background_ratio
    frames = min(max(state.n_frames, 1), settings.history)
    return min(max(_LASTING, share), share * settings.history / frames)
