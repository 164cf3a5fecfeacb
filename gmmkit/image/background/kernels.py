"""The compiled passes over the pixels of one frame.

Notation of pixel i: weights w[i] (K,), means m[i] (K, C), variances v[i] (K,), one for all
channels, of components in order of falling weight; w = 0 ends them. A pass takes a stretch of
pixels that stays in the cache: arrays handed over pixel by pixel cost more than their arithmetic.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from gmmkit.core.compiling import entry

Array = np.ndarray[Any, Any]


class Constants(NamedTuple):
    """What is the same for every pixel of a frame; values are shares of 1."""

    rate: float
    tracking: float
    generation: float
    ratio: float
    lasting: float
    reduction: float
    cap: float
    darkest_shadow: float
    lightest_shadow: float
    smallest_variance: float
    initial_variance: float
    largest_variance: float


class Light(NamedTuple):
    """What takes a mean into the light of the frame, C numbers each, and how far it follows.

    Tuples, so that the compiler knows their length and unrolls the loops over channels.
    """

    gain: tuple[Any, ...]
    offset: tuple[Any, ...]
    follow: float


class Mixtures(NamedTuple):
    """The mixtures of n pixels, how often each component came back, and who was background."""

    weights: Array
    means: Array
    variances: Array
    visits: Array
    calm: Array


# How often a component has to come back, from a pixel's background, to belong to it.
_VISITS = 3
_MOST_VISITS = 255

_STRETCH = 2048
_NO: Any = False


def _inner(function: Callable[..., Any]) -> Callable[..., Any]:
    compiled: Callable[..., Any] = njit(nogil=True, error_model="numpy", fastmath={"contract"})(
        function
    )
    return compiled


@_inner
def _clipped(value: float, least: float, most: float) -> Any:
    """Return a value within bounds."""
    return min(max(value, least), most)


@_inner
def _compare(
    x: Array,
    w: Array,
    m: Array,
    v: Array,
    visits: Array,
    stretch: tuple[int, int],
    light: Light,
    constants: Constants,
    own: Array,
    calm: Array,
    far: Array,
) -> None:
    """Find each pixel's component or -1, if it is background, and how far the background is.

    Background are the heaviest components, each of which is the first, lasted or keeps coming back.
    """
    zero, one = np.float32(0), np.float32(1)
    for i in range(stretch[0], stretch[1]):
        component, nearest, is_calm = -1, constants.generation, _NO
        least, before = constants.cap, zero
        for k in range(w.shape[1]):
            weight = w[i, k]
            if weight <= 0:
                break
            distance = zero
            for c in range(len(light.gain)):
                seen = _clipped(light.gain[c] * m[i, k, c] + light.offset[c], zero, one)
                distance += (x[i, c] - seen) * (x[i, c] - seen)
            distance /= _clipped(v[i, k], constants.smallest_variance, constants.largest_variance)
            kept = k == 0 or visits[i, k] >= _VISITS or weight >= constants.lasting
            background = kept and (k == 0 or before < constants.ratio)
            if background:
                least = min(least, distance)
            if distance < nearest:
                component, nearest, is_calm = k, distance, background
            before += weight
        own[i], calm[i], far[i] = component, is_calm, least


@_inner
def _darken(
    x: Array,
    w: Array,
    m: Array,
    v: Array,
    stretch: tuple[int, int],
    light: Light,
    constants: Constants,
    far: Array,
    shadows: Array,
) -> None:
    """Find how far each pixel is from the heaviest component or its shadow.

    A shadow is the mean, less light: its nearest multiple within bounds.
    """
    zero, one = np.float32(0), np.float32(1)
    for i in range(stretch[0], stretch[1]):
        shadows[i] = far[i]
        if constants.darkest_shadow >= 1 or far[i] < len(light.gain) or w[i, 0] <= 0:
            continue
        along, length, across = zero, np.float32(1e-6), zero
        for c in range(len(light.gain)):
            seen = _clipped(light.gain[c] * m[i, 0, c] + light.offset[c], zero, one)
            along += x[i, c] * seen
            length += seen * seen
        share = _clipped(along / length, constants.darkest_shadow, constants.lightest_shadow)
        for c in range(len(light.gain)):
            seen = _clipped(light.gain[c] * m[i, 0, c] + light.offset[c], zero, one)
            across += (x[i, c] - share * seen) * (x[i, c] - share * seen)
        variance = _clipped(v[i, 0], constants.smallest_variance, constants.largest_variance)
        shadows[i] = min(far[i], across / variance)


@_inner
def _weigh(
    w: Array,
    m: Array,
    v: Array,
    visits: Array,
    stretch: tuple[int, int],
    light: Light,
    constants: Constants,
    own: Array,
    counts: Array,
) -> None:
    """Move the weights (Zivkovic 2004, equation 14) and close ranks where a component vanishes.

    `own` then has each pixel's component in its new place, or -1, `counts` how many there are.
    """
    loss = constants.rate * constants.reduction
    for i in range(stretch[0], stretch[1]):
        count, place = 0, -1
        for k in range(w.shape[1]):
            weight = w[i, k]
            if weight <= 0:
                break
            weight -= constants.rate * weight + loss
            if k == own[i]:
                weight, place = weight + constants.rate, count
            elif weight < loss or weight <= 0:
                continue
            w[i, count] = weight
            if count < k:
                v[i, count], visits[i, count] = v[i, k], visits[i, k]
                for c in range(len(light.gain)):
                    m[i, count, c] = m[i, k, c]
            count += 1
        own[i], counts[i] = place, count


@_inner
def _follow(
    x: Array,
    w: Array,
    m: Array,
    v: Array,
    stretch: tuple[int, int],
    light: Light,
    constants: Constants,
    own: Array,
) -> None:
    """Move the mean and variance of each pixel's component (Zivkovic 2004, equations 5 and 6)."""
    zero, one = np.float32(0), np.float32(1)
    for i in range(stretch[0], stretch[1]):
        k = own[i]
        if k < 0:
            continue
        step, distance = min(max(constants.rate / w[i, k], constants.tracking), one), zero
        for c in range(len(light.gain)):
            seen = _clipped(light.gain[c] * m[i, k, c] + light.offset[c], zero, one)
            distance += (x[i, c] - seen) * (x[i, c] - seen)
            m[i, k, c] += step * (x[i, c] - seen) / light.gain[c]
        variance = v[i, k] + step * (distance / np.float32(len(light.gain)) - v[i, k])
        v[i, k] = _clipped(variance, constants.smallest_variance, constants.largest_variance)


@_inner
def _begin(
    x: Array,
    w: Array,
    m: Array,
    v: Array,
    visits: Array,
    stretch: tuple[int, int],
    light: Light,
    constants: Constants,
    own: Array,
    counts: Array,
) -> None:
    """Start a component for pixels without one, in the place of the lightest if need be."""
    for i in range(stretch[0], stretch[1]):
        if own[i] >= 0:
            continue
        k = min(counts[i], w.shape[1] - 1)
        w[i, k] = constants.rate if counts[i] > 0 else np.float32(1)
        v[i, k], visits[i, k] = constants.initial_variance, 0
        for c in range(len(light.gain)):
            m[i, k, c] = (x[i, c] - light.offset[c]) / light.gain[c]
        own[i], counts[i] = k, k + 1


@_inner
def _settle(w: Array, m: Array, stretch: tuple[int, int], light: Light, counts: Array) -> None:
    """Let the weights sum to one, and the means follow the light."""
    for i in range(stretch[0], stretch[1]):
        total = np.float32(0)
        for k in range(counts[i]):
            total += w[i, k]
        scale = np.float32(1) / total
        for k in range(counts[i]):
            w[i, k] *= scale
            for c in range(len(light.gain)):
                change = (light.gain[c] - np.float32(1)) * m[i, k, c] + light.offset[c]
                m[i, k, c] += light.follow * change
        for k in range(counts[i], w.shape[1]):
            w[i, k] = 0


@_inner
def _raise(
    w: Array,
    m: Array,
    v: Array,
    visits: Array,
    stretch: tuple[int, int],
    light: Light,
    own: Array,
) -> None:
    """Let each pixel's component pass those that are lighter."""
    for i in range(stretch[0], stretch[1]):
        k = own[i]
        while k > 0 and w[i, k] > w[i, k - 1]:
            w[i, k], w[i, k - 1] = w[i, k - 1], w[i, k]
            v[i, k], v[i, k - 1] = v[i, k - 1], v[i, k]
            visits[i, k], visits[i, k - 1] = visits[i, k - 1], visits[i, k]
            for c in range(len(light.gain)):
                mean = m[i, k, c]
                m[i, k, c] = m[i, k - 1, c]
                m[i, k - 1, c] = mean
            k -= 1


@_inner
def _count_visits(
    visits: Array, before: Array, stretch: tuple[int, int], own: Array, calm: Array
) -> None:
    """Count where a pixel left its background for a component that is none."""
    for i in range(stretch[0], stretch[1]):
        k = own[i]
        if before[i] and not calm[i] and visits[i, k] < _MOST_VISITS:
            visits[i, k] += 1
        before[i] = calm[i]


@entry
def follow_frame(
    x: Array, mixtures: Mixtures, light: Light, constants: Constants, far: Array, shadows: Array
) -> None:
    """Compare every pixel with its background, then let its mixture learn, in place.

    `x` (n, C) is float32. `far` and `shadows` (n,) get the squared distances to the background and
    to it or its shadow, at most the cap. At a learning rate of 0 nothing else is written.
    """
    w, m, v, visits, before = mixtures
    own, counts = np.empty(len(x), np.int64), np.empty(len(x), np.int64)
    calm = np.empty(len(x), np.uint8)
    for start in range(0, len(x), _STRETCH):
        stretch = (start, min(start + _STRETCH, len(x)))
        _compare(x, w, m, v, visits, stretch, light, constants, own, calm, far)
        _darken(x, w, m, v, stretch, light, constants, far, shadows)
        if constants.rate > 0:
            _weigh(w, m, v, visits, stretch, light, constants, own, counts)
            _follow(x, w, m, v, stretch, light, constants, own)
            _begin(x, w, m, v, visits, stretch, light, constants, own, counts)
            _count_visits(visits, before, stretch, own, calm)
            _settle(w, m, stretch, light, counts)
            _raise(w, m, v, visits, stretch, light, own)


@entry
def pool(values: Array, radius: int, cap: float, result: Array) -> None:
    """Fill `result` with means of `values` (H, W), at most `cap`, over squares cut at borders."""
    height, width = values.shape
    column_sums, sums = np.empty(width), np.empty(width + 1)
    for row in range(height):
        top, bottom = max(0, row - radius), min(height, row + radius + 1)
        column_sums[:] = 0
        for near in range(top, bottom):
            for column in range(width):
                column_sums[column] += min(values[near, column], cap)
        sums[0] = 0
        for column in range(width):
            sums[column + 1] = sums[column] + column_sums[column]
        for column in range(width):
            left, right = max(0, column - radius), min(width, column + radius + 1)
            size = (bottom - top) * (right - left)
            result[row, column] = (sums[right] - sums[left]) / size
