"""Greedy merging, compiled: the two neighbors that differ least become one region, again and again.

Regions are numbered from 0, and the one that step s makes is n + s. Every border between two
regions has two ends, 2 e and 2 e + 1; the ends at a region are a linked list, so that two lists
join in the time that it takes to walk them once. Where a merge leaves two borders between the same
regions, the first takes the sums of the second.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.compiling import entry, inner
from gmmkit.image.hierarchy.compiled.heap import heapify, remove, settle
from gmmkit.image.hierarchy.compiled.judgement import fill_evidence, weigh

Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]

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
def _judge(border, ends, sums, n_pixels, network, judgements):
    """Note the log odds that the regions beside a border differ, and the evidence for it."""
    regions, perimeters, borders = sums
    cost, evidence = judgements
    one, other = ends[0][2 * border], ends[0][2 * border + 1]
    perimeter = min(perimeters[one], perimeters[other])
    fill_evidence(
        regions[one], regions[other], perimeter, borders[border], n_pixels, evidence[border]
    )
    hidden, hidden_bias, output, direct, bias = network
    cost[border] = weigh(evidence[border], hidden, hidden_bias, output, direct, bias)


@inner
def _take_over(old, new, ends, seen, borders, heap, cost, size):
    """Move the borders of a region to its successor, joining those that lead to one neighbor."""
    owner, first, _last, following = ends
    order, place = heap
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
def _borders_of(region, ends, seen, found):
    """Fill in the borders of a region, forget whom they lead to, and return how many there are."""
    owner, first, _last, following = ends
    end, count = first[region], 0
    while end != _NONE:
        seen[owner[end ^ 1]] = _NONE
        found[count] = end // 2
        count += 1
        end = following[end]
    return count


def _listed(pairs: Int64Array, n_regions: int) -> tuple[Int64Array, ...]:
    """Return whose every end is, and the first, last and following end of each list."""
    owner, (first, last) = pairs.ravel(), np.full((2, n_regions), _NONE)
    found, ends = np.unique(owner, return_index=True)
    first[found] = ends
    last[found] = owner.size - 1 - np.unique(owner[::-1], return_index=True)[1]
    order = np.argsort(owner, kind="stable")
    following = np.full(len(owner), _NONE)
    following[order[:-1]] = order[1:]
    following[last[found]] = _NONE
    return owner.copy(), first, last, following


def agglomerate(
    regions: Float64Array,
    pairs: Int64Array,
    borders: Float64Array,
    network: tuple[Any, ...],
    n_evidence: int,
) -> tuple[Int64Array, Float64Array, Float64Array]:
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
    count, lengths = 2 * len(regions), np.repeat(borders[:, -1], 2)
    perimeters = np.bincount(pairs.ravel(), lengths, minlength=count)
    sums = (np.concatenate([regions, np.zeros_like(regions)]), perimeters, borders.copy())
    judgements = (np.zeros(len(pairs)), np.zeros((len(pairs), n_evidence)))
    heap = (np.zeros(len(pairs), np.int64), np.zeros(len(pairs), np.int64))
    steps = (
        np.zeros((len(regions), 2), np.int64),
        np.zeros(len(regions)),
        np.zeros((len(regions), n_evidence)),
    )
    ends, seen, news = _listed(pairs, count), np.full(count, _NONE), np.arange(len(pairs))
    n_pixels = float(regions[:, 0].sum())
    made = _merge_all(ends, sums, n_pixels, network, judgements, heap, seen, news, steps)
    return steps[0][:made], steps[1][:made], steps[2][:made]


@inner
def _note(step, best, one, other, judgements, steps):
    """Write down which regions a step unites, and why."""
    merges, odds, reasons = steps
    cost, evidence = judgements
    merges[step, 0], merges[step, 1], odds[step] = one, other, cost[best]
    for column in range(evidence.shape[1]):
        reasons[step, column] = evidence[best, column]


@entry
def _merge_all(ends, sums, n_pixels, network, judgements, heap, seen, news, steps):
    """Fill in the steps and return how many there are."""
    order, place = heap
    cost, n_regions = judgements[0], steps[1].size
    # Before the first step all borders are judged, then those of the region that was made.
    size, count, new = order.size, order.size, n_regions
    while True:
        for i in range(count):
            _judge(news[i], ends, sums, n_pixels, network, judgements)
            # One at a time: a heap stands only one item out of place.
            if new > n_regions:
                settle(order, place, cost, news[i], size)
        if new == n_regions:
            heapify(order, place, cost)
        if size == 0:
            return new - n_regions
        best = order[0]
        one, other = _unite(best, new, ends, sums)
        _note(new - n_regions, best, one, other, judgements, steps)
        remove(order, place, cost, best, size)
        size = _take_over(one, new, ends, seen, sums[2], heap, cost, size - 1)
        size = _take_over(other, new, ends, seen, sums[2], heap, cost, size)
        count = _borders_of(new, ends, seen, news)
        new += 1
