"""A compiled binary heap of items with costs that change, smallest first; ties by number.

``order`` holds the items, ``place[i]`` where item i stands in it, ``cost[i]`` what it costs.
"""

from gmmkit.core.compiling import inner


@inner
def _comes_before(cost, one, other):
    return cost[one] < cost[other] or (cost[one] == cost[other] and one < other)


@inner
def _put(order, place, position, item):
    order[position] = item
    place[item] = position


@inner
def _rise(order, place, cost, position):
    item = order[position]
    while position > 0:
        parent = (position - 1) // 2
        if not _comes_before(cost, item, order[parent]):
            break
        _put(order, place, position, order[parent])
        position = parent
    _put(order, place, position, item)


@inner
def _sink(order, place, cost, position, size):
    item = order[position]
    while 2 * position + 1 < size:
        child = 2 * position + 1
        if child + 1 < size and _comes_before(cost, order[child + 1], order[child]):
            child += 1
        if not _comes_before(cost, order[child], item):
            break
        _put(order, place, position, order[child])
        position = child
    _put(order, place, position, item)


@inner
def heapify(order, place, cost):
    """Order the items of a heap from nothing."""
    for item in range(order.size):
        _put(order, place, item, item)
    for position in range(order.size // 2 - 1, -1, -1):
        _sink(order, place, cost, position, order.size)


@inner
def settle(order, place, cost, item, size):
    """Bring an item whose cost changed to its place."""
    _rise(order, place, cost, place[item])
    _sink(order, place, cost, place[item], size)


@inner
def remove(order, place, cost, item, size):
    """Take an item out; the heap then has one item less."""
    last = order[size - 1]
    position = place[item]
    if last != item:
        _put(order, place, position, last)
        settle(order, place, cost, last, size - 1)
    place[item] = -1
