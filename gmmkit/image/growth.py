"""Compiled: labels that grow over pixels that have none."""

import numpy as np

from gmmkit.core.compiling import entry, inner

# Pixels from here down have no label yet; -1 does not take part.
LEFT = -2


@inner
def _neighbor(labels, y, x):
    """Return the label beside a pixel, or LEFT."""
    height, width = labels.shape
    for j, i in ((y - 1, x), (y, x - 1), (y, x + 1), (y + 1, x)):
        if 0 <= j < height and 0 <= i < width and labels[j, i] >= 0:
            return labels[j, i]
    return LEFT


@entry
def spread(labels, rows, columns):
    """Let labels grow over the pixels (rows, columns), all at most LEFT; return how many remain.

    Those that do are the first of rows and columns, and keep what they held.
    """
    left = rows.size
    found = np.empty(left, labels.dtype)
    while left > 0:
        kept = 0
        for i in range(left):
            found[i] = _neighbor(labels, rows[i], columns[i])
        for i in range(left):
            if found[i] == LEFT:
                rows[kept], columns[kept] = rows[i], columns[i]
                kept += 1
            else:
                labels[rows[i], columns[i]] = found[i]
        if kept == left:
            break
        left = kept
    return left
