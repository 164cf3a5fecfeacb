"""Merging against the slowest way there is: looking at every border before every step."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from partitions import interpreted

from gmmkit.image.hierarchy.compiled import heap
from gmmkit.image.hierarchy.compiled.agglomeration import agglomerate
from gmmkit.image.hierarchy.compiled.judgement import evidence_names
from gmmkit.image.hierarchy.finding import Merging

CUES = ("texture", "strength")
TEXTONS = 4
NAMES = evidence_names(CUES)


@dataclass(frozen=True, eq=False)
class Graph:
    """Sums over regions and borders, as the merging takes them."""

    regions: np.ndarray
    pairs: np.ndarray
    borders: np.ndarray


def random_graph(n, density, seed):
    random = np.random.default_rng(seed)
    areas = random.integers(1, 40, n).astype(float)
    places, appearance = random.uniform(size=(n, 2)), random.normal(scale=20, size=(n, 5))
    squares = appearance**2 + random.uniform(0, 30, size=(n, 5))
    textons = random.dirichlet(np.full(TEXTONS, 0.5), n)
    rows = np.concatenate([places, appearance, squares, textons], axis=1) * areas[:, None]
    pairs = np.array([(i, j) for i in range(n) for j in range(i + 1, n)], np.int64).reshape(-1, 2)
    pairs = pairs[random.uniform(size=len(pairs)) < density]
    lengths = random.integers(1, 9, len(pairs)).astype(float)
    cues = random.uniform(size=(len(pairs), len(CUES))) * lengths[:, None]
    return Graph(np.c_[areas, rows], pairs, np.c_[cues, lengths])


def random_network(seed, n_units=3):
    random = np.random.default_rng(seed)
    return (
        random.normal(size=(n_units, len(NAMES))),
        random.normal(size=n_units),
        random.normal(size=n_units),
        random.normal(size=len(NAMES)),
        float(random.normal()),
    )


def odds_of(evidence, network):
    hidden, hidden_bias, output, direct, bias = network
    return bias + direct @ evidence + output @ np.maximum(hidden @ evidence + hidden_bias, 0)


def evidence_of(one, other, perimeters, border, n_pixels):
    """What speaks for a border, from its definition; `evidence_names` names the entries."""
    areas, length = (one[0], other[0]), border[-1]
    shares = one[13:] / one[0], other[13:] / other[0]
    found = [*(border[:-1] / length)]
    found.append(math.sqrt(max(0.0, 1 - np.sqrt(shares[0] * shares[1]).sum())))
    for column in range(5):
        means = [side[3 + column] / side[0] for side in (one, other)]
        spreads = [
            max(side[8 + column] / side[0] - mean**2, 0)
            for side, mean in zip((one, other), means, strict=True)
        ]
        gap = abs(means[0] - means[1])
        found += [math.log1p(gap), math.log1p(gap / math.sqrt(sum(spreads) / 2 + 1))]
    found += [0.3 * math.log(area / n_pixels) for area in sorted(areas)]
    found += [length / min(perimeters), 0.3 * length / math.sqrt(min(areas))]
    found.append(abs(one[1] / one[0] - other[1] / other[0]))
    found.append((one[1] + other[1]) / (one[0] + other[0]))
    return np.array(found)


def slow_merging(graph, network):
    """Judge all borders, unite the regions of the least, add up sums; again and again."""
    sums = dict(enumerate(graph.regions))
    borders = {
        frozenset(pair): sum_
        for pair, sum_ in zip(graph.pairs.tolist(), graph.borders, strict=True)
    }
    perimeters = {i: sum(b[-1] for pair, b in borders.items() if i in pair) for i in sums}
    n_pixels, steps = graph.regions[:, 0].sum(), []
    while borders:
        judged = []
        for pair, border in borders.items():
            one, other = sorted(pair)
            around = perimeters[one], perimeters[other]
            reasons = evidence_of(sums[one], sums[other], around, border, n_pixels)
            judged.append((odds_of(reasons, network), one, other, reasons))
        odds, one, other, reasons = min(judged, key=lambda entry: entry[0])
        new, inside = len(graph.regions) + len(steps), borders.pop(frozenset((one, other)))
        steps.append(((one, other), odds, reasons))
        sums[new] = sums.pop(one) + sums.pop(other)
        perimeters[new] = perimeters[one] + perimeters[other] - 2 * inside[-1]
        borders = joined(borders, {one, other}, new)
    return steps


def joined(borders, united, new):
    result = {}
    for pair, border in borders.items():
        renamed = frozenset(new if end in united else end for end in pair)
        result[renamed] = result.get(renamed, 0) + border
    return result


@pytest.mark.parametrize(("n", "density"), [(2, 1.0), (6, 0.7), (15, 0.3), (15, 1.0), (30, 0.2)])
@pytest.mark.parametrize("seed", range(5))
def test_neighbors_are_merged_least_different_first(n, density, seed):
    graph, network = random_graph(n, density, seed), random_network(seed)
    steps = slow_merging(graph, network)
    merges, odds, evidence = agglomerate(
        graph.regions, graph.pairs, graph.borders, network, len(NAMES)
    )
    assert merges.tolist() == [list(pair) for pair, _, _ in steps]
    np.testing.assert_allclose(odds, [odds for _, odds, _ in steps], rtol=1e-9, atol=1e-9)
    expected = np.array([reasons for _, _, reasons in steps]).reshape(-1, len(NAMES))
    np.testing.assert_allclose(evidence, expected, rtol=1e-9, atol=1e-9)


def test_merging_changes_no_sums_that_it_was_given():
    graph = random_graph(8, 0.6, 5)
    before = [array.copy() for array in (graph.regions, graph.pairs, graph.borders)]
    agglomerate(graph.regions, graph.pairs, graph.borders, random_network(5), len(NAMES))
    for array, kept in zip((graph.regions, graph.pairs, graph.borders), before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_a_region_without_neighbors_is_left_alone():
    graph = random_graph(1, 1.0, 0)
    merges, odds, evidence = agglomerate(
        graph.regions, graph.pairs, graph.borders, random_network(0), len(NAMES)
    )
    assert (merges.shape, odds.shape, evidence.shape) == ((0, 2), (0,), (0, len(NAMES)))


def test_evidence_does_not_change_when_neighbors_are_exchanged():
    graph, network = random_graph(2, 1.0, 3), random_network(3)
    _, _, there = agglomerate(graph.regions, graph.pairs, graph.borders, network, len(NAMES))
    turned = graph.regions[::-1].copy()
    _, _, back = agglomerate(turned, graph.pairs, graph.borders, network, len(NAMES))
    np.testing.assert_allclose(there, back, rtol=1e-12)


def test_evidence_does_not_change_with_the_size_of_the_picture():
    graph, network = random_graph(2, 1.0, 4), random_network(4)
    _, _, small = agglomerate(graph.regions, graph.pairs, graph.borders, network, len(NAMES))
    _, _, large = agglomerate(
        graph.regions * 9, graph.pairs, graph.borders * 3, network, len(NAMES)
    )
    np.testing.assert_allclose(large, small, rtol=1e-12)


def test_identical_neighbors_have_no_difference():
    graph = random_graph(2, 1.0, 6)
    twins = np.repeat(graph.regions[:1], 2, axis=0)
    evidence = agglomerate(twins, graph.pairs, graph.borders, random_network(6), len(NAMES))[2][0]
    differences = [
        value for name, value in zip(NAMES, evidence, strict=True) if "difference" in name
    ]
    np.testing.assert_allclose(differences, 0, atol=1e-7)


def test_heights_are_probabilities_that_never_fall():
    odds = np.array([-2.0, -3.0, 0.0, -1.0, 4.0])
    heights = Merging(np.zeros((5, 2), np.int64), odds, np.zeros((5, 1))).heights
    np.testing.assert_allclose(heights, 1 / (1 + np.exp([2.0, 2.0, 0.0, 0.0, -4.0])))


def test_odds_beyond_what_an_exponential_holds_are_certain():
    odds = np.array([-2000.0, 2000.0])
    heights = Merging(np.zeros((2, 2), np.int64), odds, np.zeros((2, 1))).heights
    assert heights.tolist() == [0.0, 1.0]


def drained(plain, order, place, cost):
    """Take the first item out again and again."""
    size, taken = order.size, []
    while size:
        item = int(order[0])
        taken.append(item)
        plain.remove(order, place, cost, item, size)
        size -= 1
    return taken


@pytest.mark.parametrize("n", [0, 1, 2, 7, 40])
@pytest.mark.parametrize("n_costs", [3, 1000])
def test_a_heap_gives_items_by_cost_and_then_by_number(n, n_costs):
    plain = interpreted(heap)
    cost = np.random.default_rng(n).integers(0, n_costs, n).astype(float)
    order, place = np.empty(n, np.int64), np.empty(n, np.int64)
    plain.heapify(order, place, cost)
    assert drained(plain, order, place, cost) == sorted(range(n), key=lambda i: (cost[i], i))
    assert (place == -1).all()


def test_a_heap_stays_ordered_while_costs_change_and_items_leave():
    plain, random = interpreted(heap), np.random.default_rng(8)
    cost, size = random.normal(size=30), 30
    order, place = np.empty(30, np.int64), np.empty(30, np.int64)
    plain.heapify(order, place, cost)
    for item in random.permutation(30)[:12]:
        plain.remove(order, place, cost, item, size)
        size -= 1
        changed = order[random.integers(size)]
        cost[changed] = random.normal()
        plain.settle(order, place, cost, changed, size)
        assert [place[each] for each in order[:size]] == list(range(size))
    expected = sorted(order[:size].tolist(), key=lambda item: cost[item])
    assert drained(plain, order[:size], place, cost) == expected
