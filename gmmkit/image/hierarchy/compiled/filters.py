"""Compiled passes over planes of pixels: blurring, and comparing the two sides of a pixel.

Planes are float32, one after the other, so that the innermost loops run along rows and vectorize.
Beyond its border a picture is mirrored (blurring) or ends with its last pixel (comparing). Arrays
are made outside of the loops: making them takes longer to compile than what is done with them.
"""

import numpy as np
import numpy.typing as npt

from gmmkit.core.compiling import entry, inner

Float32Array = npt.NDArray[np.float32]
StepArray = npt.NDArray[np.int64]


@inner
def _mirrored(index, length):
    """Return the pixel that stands for one outside of 0 to length-1."""
    period = 2 * length
    index = index % period
    return index if index < length else period - 1 - index


@inner
def _add_scaled(total, row, scale):
    for x in range(total.size):
        total[x] += scale * row[x]


@inner
def _pad(row, reach, padded):
    """Write a row into the middle of a longer one and mirror its ends."""
    width = row.size
    for x in range(width):
        padded[reach + x] = row[x]
    for x in range(reach):
        padded[reach - 1 - x] = row[_mirrored(x, width)]
        padded[reach + width + x] = row[_mirrored(width + x, width)]


def blur(plane: Float32Array, taps: Float32Array) -> Float32Array:
    """Return a plane (H, W) convolved along columns and rows with symmetric taps (2 r + 1,)."""
    result = np.zeros_like(plane, order="C")
    column, padded = (np.empty(plane.shape[1] + more, plane.dtype) for more in (0, taps.size - 1))
    _blur(plane, taps, column, padded, result)
    return result


@entry
def _blur(plane, taps, column, padded, result):
    height, width = plane.shape
    reach = taps.size // 2
    for y in range(height):
        column[:] = 0
        for t in range(taps.size):
            _add_scaled(column, plane[_mirrored(y + t - reach, height)], taps[t])
        _pad(column, reach, padded)
        for t in range(taps.size):
            _add_scaled(result[y], padded[t : t + width], taps[t])


@inner
def _inside(index, length):
    return min(max(index, 0), length - 1)


@inner
def _add_products(total, left, right, shift):
    """Add left[x + shift] * right[x - shift] to total[x]."""
    width = total.size
    reach = min(abs(shift), width)
    # Slices, because an index that may be negative keeps a loop from vectorizing.
    ahead, behind = left[reach + shift :], right[reach - shift :]
    middle = total[reach : max(width - reach, reach)]
    for x in range(middle.size):
        middle[x] += ahead[x] * behind[x]
    for i in range(width - middle.size):
        x = i if i < reach else i + middle.size
        total[x] += left[_inside(x + shift, width)] * right[_inside(x - shift, width)]


@inner
def _add_squares(total, left, right, shift):
    """Add (left[x + shift] - right[x - shift])² to total[x]."""
    width = total.size
    reach = min(abs(shift), width)
    ahead, behind = left[reach + shift :], right[reach - shift :]
    middle = total[reach : max(width - reach, reach)]
    for x in range(middle.size):
        middle[x] += (ahead[x] - behind[x]) ** 2
    for i in range(width - middle.size):
        x = i if i < reach else i + middle.size
        total[x] += (left[_inside(x + shift, width)] - right[_inside(x - shift, width)]) ** 2


def hellinger(roots: Float32Array, down: int, right: int) -> Float32Array:
    """Return the Hellinger distance between the pixels at +(down, right) and -(down, right).

    Of roots (K, H, W) of probabilities: sqrt(1 - sum over k of sqrt(p_k q_k)), (H, W).
    """
    result = np.zeros(roots.shape[1:], roots.dtype)
    _fill_hellinger(roots, down, right, result)
    return result


@entry
def _fill_hellinger(roots, down, right, result):
    height, width = result.shape
    for y in range(height):
        above, below = _inside(y + down, height), _inside(y - down, height)
        for k in range(roots.shape[0]):
            _add_products(result[y], roots[k, above], roots[k, below], right)
        for x in range(width):
            result[y, x] = np.sqrt(max(np.float32(0), np.float32(1) - result[y, x]))


def difference(planes: Float32Array, down: int, right: int) -> Float32Array:
    """Return log(1 + d), d the distance between the values at +(down, right) and at minus that."""
    result = np.zeros(planes.shape[1:], planes.dtype)
    _fill_difference(planes, down, right, result)
    return result


@entry
def _fill_difference(planes, down, right, result):
    height, width = result.shape
    for y in range(height):
        above, below = _inside(y + down, height), _inside(y - down, height)
        for k in range(planes.shape[0]):
            _add_squares(result[y], planes[k, above], planes[k, below], right)
        for x in range(width):
            result[y, x] = np.log1p(np.sqrt(result[y, x]))


@inner
def _add_shifted(total, row, shift, scale):
    """Add scale * row[x + shift] to total[x]."""
    width = total.size
    first, last = min(max(0, -shift), width), max(min(width, width - shift), 0)
    if first < last:
        _add_scaled(total[first:last], row[first + shift :], scale)
    for x in range(first):
        total[x] += scale * row[0]
    for x in range(max(last, first), width):
        total[x] += scale * row[width - 1]


def mean_along(
    plane: Float32Array, down: StepArray, right: StepArray, weights: Float32Array
) -> Float32Array:
    """Return the weighted mean of the pixels at the given steps (n,) from every pixel."""
    result = np.zeros_like(plane, order="C")
    _add_along(plane, down, right, weights, result)
    return result


@entry
def _add_along(plane, down, right, weights, result):
    height = plane.shape[0]
    for y in range(height):
        for step in range(weights.size):
            row = plane[_inside(y + down[step], height)]
            _add_shifted(result[y], row, right[step], weights[step])


def logistic(planes: Float32Array, weights: Float32Array, bias: np.float32) -> Float32Array:
    """Return 1 / (1 + exp(-(bias + sum over c of weights[c] planes[c]))), (H, W)."""
    result = np.full(planes.shape[1:], bias, planes.dtype)
    _apply_logistic(planes, weights, result)
    return result


@entry
def _apply_logistic(planes, weights, result):
    height, width = result.shape
    for y in range(height):
        for c in range(planes.shape[0]):
            _add_scaled(result[y], planes[c, y], weights[c])
        for x in range(width):
            result[y, x] = np.float32(1) / (np.float32(1) + np.exp(-result[y, x]))
