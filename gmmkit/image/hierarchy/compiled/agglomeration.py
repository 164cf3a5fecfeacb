"""Compiled greedy merging: the two neighbors that differ least become one region, again and again.

Regions are numbered from 0, and the one that step s makes is n + s. Every border between two
regions has two ends, 2 e and 2 e + 1; the ends at a region are a linked list, so that two lists
join in the time that it takes to walk them once. Where a merge leaves two borders between the same
regions, the first takes the sums of the second.
"""

import numpy as np

from gmmkit.core.compiling import entry, inner
from gmmkit.image.hierarchy.compiled.heap import heapify, remove, settle
from gmmkit.image.hierarchy.compiled.judgement import fill_evidence, weigh

_NONE = -1


@inner
def _append(end, region, ends):
    """Add an end of a border to a region's list."""
    _owner, first, last, following = ends
    following[end] = _NONE
    if first[region] == _NONE:
        first[region] = end
    else:
        following[last[region]] = end
    last[region] = end


@inner
def _list_ends(pairs, n_regions):
    """Return whose every end is, and the first, last and following end of each list."""
    n_ends = 2 * pairs.shape[0]
    owner, following = np.empty(n_ends, np.int64), np.empty(n_ends, np.int64)
    first = np.full(n_regions, _NONE)
    ends = (owner, first, np.full(n_regions, _NONE), following)
    for end in range(n_ends):
        owner[end] = pairs[end // 2, end % 2]
        _append(end, owner[end], ends)
    return ends


@inner
def _judge(border, ends, sums, n_pixels, network, evidence):
    """Return the log odds that the regions beside a border differ, with the evidence for it."""
    regions, perimeters, borders = sums
    one, other = ends[0][2 * border], ends[0][2 * border + 1]
    fill_evidence(
        regions[one],
        regions[other],
        (perimeters[one], perimeters[other]),
        borders[border],
        n_pixels,
        evidence,
    )
    hidden, hidden_bias, output, direct, bias = network
    return weigh(evidence, hidden, hidden_bias, output, direct, bias)


@inner
def _take_over(old, new, ends, seen, borders, heap, size):
    """Move the borders of a region to its successor, joining those that lead to one neighbor."""
    owner, first, _last, following = ends
    order, place, cost = heap
    end = first[old]
    while end != _NONE:
        after, border = following[end], end // 2
        if place[border] != _NONE:
            kept = seen[owner[end ^ 1]]
            if kept == _NONE:
                seen[owner[end ^ 1]] = border
                owner[end] = new
                _append(end, new, ends)
            else:
                for column in range(borders.shape[1]):
                    borders[kept, column] += borders[border, column]
                remove(order, place, cost, border, size)
                size -= 1
        end = after
    return size


@inner
def _unite(border, new, ends, sums):
    """Add up the two regions beside a border; return them, the lower number first."""
    regions, perimeters, borders = sums
    one, other = ends[0][2 * border], ends[0][2 * border + 1]
    for column in range(regions.shape[1]):
        regions[new, column] = regions[one, column] + regions[other, column]
    inside = borders[border, borders.shape[1] - 1]
    perimeters[new] = perimeters[one] + perimeters[other] - 2 * inside
    return min(one, other), max(one, other)


@inner
def _renew(new, ends, seen, sums, n_pixels, network, heap, size, evidence):
    """Judge the borders of a new region."""
    owner, first, _last, following = ends
    order, place, cost = heap
    end = first[new]
    while end != _NONE:
        seen[owner[end ^ 1]] = _NONE
        cost[end // 2] = _judge(end // 2, ends, sums, n_pixels, network, evidence)
        settle(order, place, cost, end // 2, size)
        end = following[end]


@inner
def _grown(rows, count):
    """Return the same rows with empty ones after them, `count` in all."""
    more = np.zeros((count, rows.shape[1]))
    more[: rows.shape[0]] = rows
    return more


@inner
def _perimeters(pairs, borders, count):
    total = np.zeros(count)
    for border in range(pairs.shape[0]):
        for side in range(2):
            total[pairs[border, side]] += borders[border, borders.shape[1] - 1]
    return total


@inner
def _opened(pairs, ends, sums, n_pixels, network, evidence):
    """Return the heap of all borders by what speaks for them."""
    n_borders = pairs.shape[0]
    cost = np.empty(n_borders)
    for border in range(n_borders):
        cost[border] = _judge(border, ends, sums, n_pixels, network, evidence)
    order, place = np.empty(n_borders, np.int64), np.empty(n_borders, np.int64)
    heapify(order, place, cost)
    return order, place, cost


@entry
def agglomerate(regions, pairs, borders, network, n_evidence):
    """Merge neighbors, least different first, until none are left.

    Parameters
    ----------
    regions (n, R), pairs (E, 2), borders (E, C + 1)
        Sums, and which regions each border divides; neighbors have one border.
    network : tuple
        What `weigh` takes beside the evidence.
    n_evidence : int
        How many columns the evidence has.

    Returns
    -------
    merges (m, 2), odds (m,), evidence (m, n_evidence)
        The regions that every step united, the log odds that they differ, and why.
    """
    n_regions, n_pixels = regions.shape[0], regions[:, 0].sum()
    count = 2 * n_regions
    sums = (_grown(regions, count), _perimeters(pairs, borders, count), borders.copy())
    ends, seen = _list_ends(pairs, count), np.full(count, _NONE)
    reasons = np.zeros((n_regions, n_evidence))
    heap = _opened(pairs, ends, sums, n_pixels, network, reasons[0])
    order, place, cost = heap
    merges, odds = np.empty((n_regions, 2), np.int64), np.empty(n_regions)
    size, step = order.size, 0
    while size > 0:
        border, new = order[0], n_regions + step
        odds[step] = _judge(border, ends, sums, n_pixels, network, reasons[step])
        merges[step] = _unite(border, new, ends, sums)
        remove(order, place, cost, border, size)
        size -= 1
        for old in merges[step]:
            size = _take_over(old, new, ends, seen, sums[2], heap, size)
        _renew(new, ends, seen, sums, n_pixels, network, heap, size, reasons[n_regions - 1])
        step += 1
    return merges[:step], odds[:step], reasons[:step]
