"""Compiled: which pixels of one label hang together, by union and find within a single array."""

from gmmkit.core.compiling import entry, inner


@inner
def _root(parents, pixel):
    """Return the first pixel of what a pixel belongs to, and shorten the way there."""
    while parents[pixel] != pixel:
        parents[pixel] = parents[parents[pixel]]
        pixel = parents[pixel]
    return pixel


@inner
def _join(parents, one, other):
    one, other = _root(parents, one), _root(parents, other)
    parents[max(one, other)] = min(one, other)


@inner
def _link(labels, parents, width):
    """Let every pixel point to an earlier one of its part, the first of a part to itself."""
    for start in range(0, labels.size, width):
        for pixel in range(start, start + width):
            label, above = labels[pixel], pixel - width
            is_left = pixel > start and labels[pixel - 1] == label
            is_above = start > 0 and labels[above] == label
            if label < 0:
                parents[pixel] = -1
            elif is_left:
                parents[pixel] = parents[pixel - 1]
                # Where all four pixels of a square are alike, the two are joined already.
                if is_above and labels[above - 1] != label:
                    _join(parents, pixel, above)
            else:
                parents[pixel] = parents[above] if is_above else pixel


@entry
def connect(labels, parts, width):
    """Fill in the part of every pixel, both flat: from 0 in raster order, -1 below zero."""
    _link(labels, parts, width)
    count = 0
    # What a pixel points to comes before it, and so has its number already.
    for pixel in range(parts.size):
        if parts[pixel] == pixel:
            parts[pixel] = count
            count += 1
        elif parts[pixel] >= 0:
            parts[pixel] = parts[parts[pixel]]
