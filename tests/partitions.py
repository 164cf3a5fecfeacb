"""Partitions of pictures that tests share, and plain loops that say what is true of them."""

import types

import numpy as np
from scipy import ndimage

from gmmkit.image import connected_regions
from gmmkit.image.hierarchy import Hierarchy, RegionModel


def card(height=24, width=36, *, seed=0, noise=8.0):
    """A red card on dark ground with noise, uint8, and where the card is."""
    random = np.random.default_rng(seed)
    on_card = np.zeros((height, width), dtype=bool)
    on_card[height // 4 : height * 3 // 4, width // 4 : width * 2 // 3] = True
    colors = np.where(on_card[:, :, None], [220.0, 40.0, 30.0], [40.0, 50.0, 60.0])
    noisy = colors + random.normal(scale=noise, size=colors.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), on_card


def part_numbers(labels):
    """How many parts connected through sides of pixels each label from 0 has."""
    return [ndimage.label(labels == label)[1] for label in range(int(labels.max()) + 1)]


def same_partition(one, other):
    """Whether two label maps differ by nothing but the numbers."""
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
    return len(set(pairs[0])) == len(set(pairs[1])) == pairs.shape[1]


def neighbors_of(labels):
    """The pairs of labels from 0 that touch at a side of a pixel, the lower first, sorted."""
    sides = [(labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])]
    touching = {
        (min(pair), max(pair))
        for one, other in sides
        for pair in zip(one.ravel().tolist(), other.ravel().tolist(), strict=True)
        if min(pair) >= 0 and pair[0] != pair[1]
    }
    return sorted(touching)


def random_hierarchy(seed=0, shape=(7, 9), *, masked=False):
    """Regions of random pixels, merged in random order at heights that sometimes repeat."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, shape)
    if masked:
        labels[random.uniform(size=shape) < 0.25] = -1
    finest = connected_regions(labels, smallest=0)
    merges = random_merges(finest, random)
    heights = np.sort(random.integers(1, 20, len(merges)) / 20)
    return Hierarchy(finest, np.array(merges, np.int64).reshape(-1, 2), heights, 0.5)


def random_merges(finest, random):
    """Steps that unite a random pair of neighbors each, until there are none."""
    current, merges, number = finest.copy(), [], int(finest.max()) + 1
    while pairs := neighbors_of(current):
        one, other = pairs[random.integers(len(pairs))]
        current[(current == one) | (current == other)] = number
        merges.append((one, other))
        number += 1
    return merges


def merged(hierarchy, n_merges):
    """The finest regions after some steps, one step at a time, numbered by area and then place."""
    current, number = hierarchy.finest.copy(), int(hierarchy.finest.max()) + 1
    for one, other in hierarchy.merges[:n_merges]:
        current[(current == one) | (current == other)] = number
        number += 1
    flat = current.ravel().tolist()
    order = sorted(set(flat) - {-1}, key=lambda label: (-flat.count(label), flat.index(label)))
    new = {label: number for number, label in enumerate(order)} | {-1: -1}
    return np.array([new[label] for label in flat]).reshape(current.shape)


def joining_height(hierarchy, one, other):
    """The height of the step after which two pixels are in one region; 0 if one is excluded."""
    first, second = hierarchy.finest[one], hierarchy.finest[other]
    if min(first, second) < 0 or first == second:
        return 0.0
    for step, (left, right) in enumerate(hierarchy.merges):
        number = int(hierarchy.finest.max()) + 1 + step
        first = number if first in (left, right) else first
        second = number if second in (left, right) else second
        if first == second:
            return float(hierarchy.heights[step])
    raise AssertionError("these pixels are never united")


def interpreted(module):
    """The functions of a module of compiled ones, as plain Python that calls plain Python."""
    names = dict(vars(module))
    for name, compiled in vars(module).items():
        if hasattr(compiled, "py_func"):
            plain = compiled.py_func
            names[name] = types.FunctionType(plain.__code__, names, name)
    return types.SimpleNamespace(**names)


def plain_model(*, radii=(2.5, 5.0), n_textons=6):
    """A model of borders that nobody learned: strength and textons count, and small areas merge."""
    from gmmkit.image.hierarchy.compiled.judgement import evidence_names
    from gmmkit.image.hierarchy.cues import cue_names

    names = evidence_names((*cue_names(radii), "strength", "strongest"))
    direct = np.zeros(len(names))
    direct[[names.index("strength"), names.index("difference of textons")]] = 4.0
    direct[names.index("smaller area")] = 1.0
    return RegionModel(
        radii=radii,
        n_textons=n_textons,
        n_mixtures=1,
        cue_weights=np.ones(3 * len(radii)),
        cue_bias=-3.0,
        hidden=np.zeros((0, len(names))),
        hidden_bias=np.zeros(0),
        output=np.zeros(0),
        direct=direct,
        bias=-2.0,
        threshold=0.5,
    )
