"""The minimum cut, its links, reduced pictures and the matting Laplacian, by their equations."""

from itertools import product

import numpy as np
import pytest

from gmmkit.image.features import parse_features
from gmmkit.image.labeling import feature_map
from gmmkit.image.marking.alpha import soft_alpha
from gmmkit.image.marking.graph import cut_pixels, minimum_cut, neighbor_links
from gmmkit.image.marking.levels import make_level
from gmmkit.image.marking.location import location_log_odds
from gmmkit.image.marking.marks import Marks
from gmmkit.image.pixels import as_raster


def energy(labels, gain, tails, heads, forward, backward):
    x = np.asarray(labels, int)
    parted = forward * x[tails] * (1 - x[heads]) + backward * (1 - x[tails]) * x[heads]
    return parted.sum() - gain @ x


@pytest.mark.parametrize("seed", range(8))
def test_the_cut_has_the_least_energy_of_all_labelings(seed):
    random = np.random.default_rng(seed)
    n = 8
    pairs = np.array([(i, j) for i in range(n) for j in range(i + 1, n) if random.random() < 0.5])
    gain = random.normal(scale=2, size=n)
    forward, backward = random.uniform(0, 2, (2, len(pairs)))
    graph = (gain, pairs[:, 0], pairs[:, 1], forward, backward)
    least = min(energy(labels, *graph) for labels in product((0, 1), repeat=n))
    assert energy(minimum_cut(*graph), *graph) == pytest.approx(least, abs=0.05)


def test_the_cut_hears_neighbors_that_are_decided():
    gain = np.array([[0.0, -0.5, 0.0]])
    every = np.ones((1, 3), bool)
    links = neighbor_links(np.zeros((1, 3, 1), np.float32), every, every)
    undecided = np.array([[False, True, False]])
    for decided, expected in (([1, 1, 1], True), ([1, 0, 0], False), ([0, 0, 0], False)):
        decided = np.array([decided], bool) & ~undecided
        assert cut_pixels(gain, links, undecided, decided)[0, 1] == expected


def test_links_have_the_weights_of_the_formula():
    features = np.random.default_rng(0).normal(size=(4, 5, 2)).astype(np.float32)
    counted = np.ones((4, 5), bool)
    counted[1, 2] = False
    links = neighbor_links(features, counted, counted)
    expected = {}
    for (r, c), (s, d) in product(np.ndindex(4, 5), repeat=2):
        near = max(abs(r - s), abs(c - d)) == 1
        if (r, c) < (s, d) and near and counted[r, c] and counted[s, d]:
            squared = float(((features[r, c] - features[s, d]).astype(float) ** 2).sum())
            expected[5 * r + c, 5 * s + d] = squared, np.hypot(r - s, c - d)
    mean = np.mean([squared for squared, _ in expected.values()])
    found = dict(
        zip(
            zip(links.tails.tolist(), links.heads.tolist(), strict=True), links.weights, strict=True
        )
    )
    assert found.keys() == expected.keys()
    for pair, (squared, length) in expected.items():
        assert found[pair] == pytest.approx(np.exp(-squared / (2 * mean)) / length)


def test_a_reduced_picture_has_the_means_of_the_pixels_that_count():
    values = np.arange(30, dtype=np.float32).reshape(5, 6) / 30
    mask = np.ones((5, 6), bool)
    mask[0, 0] = mask[4, 4] = mask[4, 5] = False
    raster = as_raster(values, mask)
    rows = feature_map(raster, parse_features("bands", 1))
    level = make_level(rows, Marks(np.full((5, 6), -1, np.int8)), 2)
    expected = values[0:2, 0:2][mask[0:2, 0:2]].mean()
    assert level.features[0, 0, 0] == pytest.approx(expected)
    assert level.features[2, 1, 0] == pytest.approx(values[4, 2:4].mean())
    assert level.counted.tolist() == [[True] * 3, [True] * 3, [True, True, False]]


def test_a_reduced_stroke_stays_and_two_kinds_in_one_square_stay_open():
    values = np.full((2, 8), -1, np.int8)
    values[0, 0], values[1, 3], values[0, 4], values[1, 5] = 1, 0, 1, 0
    raster = as_raster(np.zeros((2, 8), np.uint8))
    rows = feature_map(raster, parse_features("bands", 1))
    assert make_level(rows, Marks(values), 2).marks.tolist() == [[1, 0, -1, -1]]


def test_a_square_at_the_rim_of_a_rectangle_stays_open():
    raster = as_raster(np.zeros((2, 8), np.uint8))
    rows = feature_map(raster, parse_features("bands", 1))
    marks = Marks(np.full((2, 8), -1, np.int8), (3, 0, 2, 2))
    assert make_level(rows, marks, 2).marks.tolist() == [[0, -1, -1, 0]]


def test_the_middle_of_a_rectangle_is_the_object_and_its_corners_are_not():
    odds = location_log_odds((20, 30), (5, 5, 20, 10))
    assert odds[10, 15] > 1
    assert odds[5, 5] < -2
    assert np.allclose(odds[5:15, 5:25], odds[5:15, 5:25][::-1, ::-1])


def test_alpha_is_linear_in_colors_that_lie_on_a_line():
    """Levin et al. 2008, theorem 1: what is linear in color costs nothing."""
    ramp = np.clip((np.arange(24) - 9) / 4, 0, 1)
    photo = ramp[None, :, None] * (0.6, -0.3, 0.2) + (0.2, 0.6, 0.3)
    raster = as_raster(np.broadcast_to(photo, (12, 24, 3)).copy())
    foreground = np.broadcast_to(ramp > 0.5, (12, 24))
    alpha = soft_alpha(raster, foreground.copy(), np.zeros((12, 24), bool))
    assert np.allclose(alpha, np.broadcast_to(ramp, (12, 24)), atol=0.05)


def test_alpha_does_not_depend_on_tiles(monkeypatch):
    from gmmkit.image.marking import alpha

    random = np.random.default_rng(0)
    foreground = np.zeros((60, 70), bool)
    foreground[20:40, 20:50] = True
    colors = np.where(foreground[..., None], 0.7, 0.3) + random.normal(scale=0.02, size=(60, 70, 3))
    raster = as_raster(colors.astype(np.float32))
    nothing = np.zeros_like(foreground)
    whole = soft_alpha(raster, foreground, nothing)
    monkeypatch.setattr(alpha, "_TILE_SIDE", 24)
    assert np.abs(soft_alpha(raster, foreground, nothing) - whole).max() < 0.03
