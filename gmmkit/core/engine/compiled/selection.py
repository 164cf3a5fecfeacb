"""Compiled: the largest few scores of every row, and scores of chosen components alone."""

import numpy as np

from gmmkit.core.compiling import entry, inner

# Maxima of so many components are compared at once with the least score that a row still keeps.
_GROUP = 8


@inner
def _insert(values, components, place, value, component):
    """Put a score before the smaller ones of those that stand left of a place, which is lost."""
    while place > 0 and values[place - 1] < value:
        values[place] = values[place - 1]
        components[place] = components[place - 1]
        place -= 1
    values[place] = value
    components[place] = component


@entry
def select_largest(scores, values, components):
    """Fill in the largest scores (n, C) of each column of (K, n), and where they are.

    The largest come first, and of equal ones the first.
    """
    (n_components, n_rows), count = scores.shape, values.shape[1]
    for k in range(count):
        for t in range(n_rows):
            _insert(values[t], components[t], k, scores[k, t], k)
    least, largest = values[:, count - 1].copy(), np.empty(n_rows)
    for start in range(count, n_components, _GROUP):
        stop = min(start + _GROUP, n_components)
        largest[:] = scores[start]
        for k in range(start + 1, stop):
            score = scores[k]
            for t in range(n_rows):
                largest[t] = max(largest[t], score[t])
        for t in range(n_rows):
            if largest[t] > least[t]:
                for k in range(start, stop):
                    if scores[k, t] > values[t, count - 1]:
                        _insert(values[t], components[t], count - 1, scores[k, t], k)
                least[t] = values[t, count - 1]


@entry
def score_chosen(rows, components, constants, means, factors, result):
    """Fill in log joint densities (n, C) of each row's components, which are axis-aligned.

    `constants` (K) are log normalizers and `factors` (K, D) inverse deviations.
    """
    for t in range(len(rows)):
        for place in range(components.shape[1]):
            k, distance = components[t, place], 0.0
            for d in range(rows.shape[1]):
                deviation = (rows[t, d] - means[k, d]) * factors[k, d]
                distance += deviation * deviation
            result[t, place] = constants[k] - 0.5 * distance
