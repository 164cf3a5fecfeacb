"""Compiled: what speaks for a border between two regions, and how strongly in all.

Regions and borders are rows of sums, so that those of a union are added:

regions  (n, 3 + 2 A + K)  pixels, y, x, A appearances, their A squares, K textons
borders  (E, C + 1)        C cues along the border, and its length in pixels

The evidence about two neighbors does not change when they are exchanged, nor with the size of the
picture. ``evidence_names`` names its columns.
"""

import numpy as np

from gmmkit.core.compiling import inner

# Appearances: lightness, two of color, fine and coarse texture.
N_APPEARANCES = 5
FIRST_TEXTON = 3 + 2 * N_APPEARANCES
# In CIELAB and its likes, about what is just visible, so that flat regions are not set apart by it.
_LEAST_VARIANCE = 1.0
# Logarithms of sizes have a wider range than the rest of the evidence.
SIZE_UNIT = 0.3
# Where the logarithm of the smaller area stands, in that unit.
SMALLER_AREA = -6


def evidence_names(cues: tuple[str, ...]) -> tuple[str, ...]:
    """Return what the columns of the evidence are, for cues of these names.

    Examples
    --------
    >>> len(evidence_names(("texture at 4",)))
    18
    """
    appearances = ("lightness", "green-red", "blue-yellow", "fine texture", "coarse texture")
    pairs = (f"{kind} of {name}" for name in appearances for kind in ("difference", "contrast"))
    sizes = ("smaller area", "larger area", "share of perimeter", "length by width")
    return (*cues, "difference of textons", *pairs, *sizes, "vertical distance", "height")


@inner
def _texton_distance(one, other):
    """Return the Hellinger distance between two texton histograms."""
    overlap = 0.0
    for k in range(FIRST_TEXTON, one.size):
        overlap += np.sqrt(max(one[k], 0.0) * max(other[k], 0.0))
    return np.sqrt(max(0.0, 1.0 - overlap / np.sqrt(one[0] * other[0])))


@inner
def _variance(region, column):
    mean = region[3 + column] / region[0]
    return max(region[3 + N_APPEARANCES + column] / region[0] - mean * mean, 0.0)


@inner
def _fill_appearances(one, other, evidence, start):
    """Fill in the differences of the means, plain and in standard deviations."""
    for column in range(N_APPEARANCES):
        gap = abs(one[3 + column] / one[0] - other[3 + column] / other[0])
        spread = 0.5 * (_variance(one, column) + _variance(other, column)) + _LEAST_VARIANCE
        evidence[start + 2 * column] = np.log1p(gap)
        evidence[start + 2 * column + 1] = np.log1p(gap / np.sqrt(spread))
    return start + 2 * N_APPEARANCES


@inner
def fill_evidence(one, other, perimeter, border, n_pixels, evidence):
    """Fill in the evidence about two regions, the smaller perimeter and the border between."""
    n_cues, length = border.size - 1, border[border.size - 1]
    for cue in range(n_cues):
        evidence[cue] = border[cue] / length
    evidence[n_cues] = _texton_distance(one, other)
    at = _fill_appearances(one, other, evidence, n_cues + 1)
    smaller, larger = min(one[0], other[0]), max(one[0], other[0])
    evidence[at] = SIZE_UNIT * np.log(smaller / n_pixels)
    evidence[at + 1] = SIZE_UNIT * np.log(larger / n_pixels)
    evidence[at + 2] = length / perimeter
    evidence[at + 3] = SIZE_UNIT * length / np.sqrt(smaller)
    evidence[at + 4] = abs(one[1] / one[0] - other[1] / other[0])
    evidence[at + 5] = (one[1] + other[1]) / (one[0] + other[0])


@inner
def weigh(evidence, hidden, hidden_bias, output, direct, bias):
    """Return log odds that two regions differ: a layer of rectified units beside a direct sum."""
    odds = bias
    for column in range(evidence.size):
        odds += direct[column] * evidence[column]
    for unit in range(hidden_bias.size):
        activation = hidden_bias[unit]
        for column in range(evidence.size):
            activation += hidden[unit, column] * evidence[column]
        odds += output[unit] * max(activation, 0.0)
    return odds
