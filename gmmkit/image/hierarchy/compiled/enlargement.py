"""Compiled: which region of a small copy each pixel of a picture belongs to."""

import numpy as np

from gmmkit.core.compiling import entry, inner


@inner
def _is_inside(labels, y, x):
    """Return whether a pixel and its eight neighbors are of one region."""
    height, width = labels.shape
    for row in range(max(y - 1, 0), min(y + 2, height)):
        for column in range(max(x - 1, 0), min(x + 2, width)):
            if labels[row, column] != labels[y, x]:
                return False
    return True


@inner
def _closest(labels, means, value, y, x):
    """Return the region of the closest of nine pixels in place and color; y and x in its units."""
    height, width = labels.shape
    row, column = int(y), int(x)
    best, found = np.inf, labels[row, column]
    for j in range(max(row - 1, 0), min(row + 2, height)):
        for i in range(max(column - 1, 0), min(column + 2, width)):
            distance = (y - j - 0.5) ** 2 + (x - i - 0.5) ** 2
            for c in range(value.size):
                distance += (value[c] - means[j, i, c]) ** 2
            if labels[j, i] >= 0 and distance < best:
                best, found = distance, labels[j, i]
    return found


@entry
def closest_regions(labels, means, values, first_row, factor, result):
    """Fill in the regions of some rows (n, W) of a picture, from labels and means (h, w, C).

    The middle pixel of each square keeps the region of the square, so that none is lost.
    """
    inside = np.empty(labels.shape[1], np.bool_)
    for offset in range(result.shape[0]):
        y = first_row + offset
        row = y // factor
        if offset == 0 or y % factor == 0:
            for column in range(labels.shape[1]):
                inside[column] = _is_inside(labels, row, column)
        for x in range(result.shape[1]):
            column = x // factor
            middle = y % factor == factor // 2 and x % factor == factor // 2
            if inside[column] or middle:
                result[offset, x] = labels[row, column]
            else:
                result[offset, x] = _closest(
                    labels, means, values[offset, x], (y + 0.5) / factor, (x + 0.5) / factor
                )
