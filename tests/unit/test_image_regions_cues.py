"""What is known of a picture before anything is merged: its working size, cues, finest regions."""

import numpy as np
import pytest
from partitions import card, neighbors_of, part_numbers, plain_model
from scipy.special import ndtr

from gmmkit.image.hierarchy.cues import boundary_cues
from gmmkit.image.hierarchy.finding import border_strengths
from gmmkit.image.hierarchy.partition import finest_regions, region_graph
from gmmkit.image.hierarchy.textons import texton_planes
from gmmkit.image.hierarchy.working import WorkingPicture, shrunk, working_picture
from gmmkit.image.pixels import Raster, as_raster


def halves(height=20, width=30):
    """Dark on the left and light on the right."""
    picture = np.full((height, width, 3), 60, np.uint8)
    picture[:, width // 2 :] = 200
    return picture


def working(planes, mask=None):
    return WorkingPicture(np.asarray(planes, np.float32), mask, 1.0, 1)


@pytest.mark.parametrize(
    ("shape", "factor"), [((321, 481), 1), ((480, 640), 1), ((600, 800), 2), ((1500, 2000), 3)]
)
def test_pictures_far_larger_than_the_photos_learned_from_are_shrunk(shape, factor):
    picture = working_picture(as_raster(np.zeros(shape, np.uint8)), 1)
    assert picture.factor == factor
    assert picture.shape == (-(-shape[0] // factor), -(-shape[1] // factor))


def test_radii_follow_the_diagonal_of_the_working_picture():
    scales = [working_picture(as_raster(np.zeros(shape, np.uint8)), 1).scale
              for shape in [(321, 481), (160, 240), (420, 640), (1, 1)]]  # fmt: skip
    assert scales == pytest.approx([1.0, 0.5, 1.32, 0.5], abs=0.01)


def test_a_shrunk_picture_has_the_means_of_squares():
    pixels = np.random.default_rng(0).uniform(size=(10, 13, 3)).astype(np.float32)
    small = shrunk(Raster(pixels), 3).pixels
    assert small.shape == (4, 5, 3)
    for row in range(4):
        for column in range(5):
            square = pixels[3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
            np.testing.assert_allclose(small[row, column], square.mean(axis=(0, 1)), rtol=1e-5)


def test_excluded_pixels_are_left_out_of_the_means():
    pixels = np.random.default_rng(1).uniform(size=(8, 8, 1)).astype(np.float32)
    mask = np.random.default_rng(2).uniform(size=(8, 8)) < 0.5
    mask[:4, :4] = False
    small = shrunk(Raster(pixels, mask), 4)
    assert small.mask.tolist() == [[False, True], [True, True]]
    counted = pixels[4:, :4][mask[4:, :4]]
    np.testing.assert_allclose(small.pixels[1, 0], counted.mean(), rtol=1e-5)


def test_a_gray_picture_has_the_appearance_of_its_gray_in_color():
    gray = card()[0][:, :, 0]
    planes = working_picture(as_raster(gray), 1).planes
    in_color = working_picture(as_raster(np.dstack([gray] * 3)), 1).planes
    np.testing.assert_allclose(planes, in_color, atol=2e-2)


@pytest.mark.parametrize("n_bands", [2, 5])
def test_bands_under_a_mask_have_no_influence(n_bands):
    random = np.random.default_rng(3)
    bands = random.integers(0, 65535, (16, 20, n_bands), dtype=np.uint16)
    mask = np.ones((16, 20), dtype=bool)
    mask[4:9, 5:12] = False
    others = np.where(mask[:, :, None], bands, random.integers(0, 65535, bands.shape))
    planes = working_picture(as_raster(bands, mask), 1).planes
    changed = working_picture(as_raster(others.astype(np.uint16), mask), 1).planes
    np.testing.assert_array_equal(planes, changed)


def test_units_and_offsets_of_bands_do_not_matter():
    bands = np.random.default_rng(4).normal(size=(16, 20, 5))
    turned = working_picture(as_raster(1000 + 50 * bands), 1).planes
    planes = working_picture(as_raster(bands), 1).planes
    # The sign of a principal component means nothing.
    np.testing.assert_allclose(np.abs(turned[1:3]), np.abs(planes[1:3]), atol=1e-2)
    np.testing.assert_allclose(np.abs(turned[0] - 50), np.abs(planes[0] - 50), atol=1e-2)


@pytest.mark.parametrize("n_mixtures", [1, 2])
def test_textons_are_probabilities_of_every_pixel(n_mixtures):
    picture = working_picture(as_raster(card()[0]), 1)
    planes = texton_planes(picture, 5, n_mixtures, n_threads=1)
    assert planes.shape == (5 * n_mixtures, *picture.shape)
    assert planes.min() >= 0
    np.testing.assert_allclose(planes.sum(axis=0), 1, atol=1e-5)


def test_a_flat_picture_has_one_texton():
    picture = working_picture(as_raster(np.full((8, 9, 3), 90, np.uint8)), 1)
    np.testing.assert_allclose(texton_planes(picture, 20, n_threads=1), np.ones((1, 8, 9)))


def cues_of(picture, radii=(2.5,)):
    made = working_picture(as_raster(picture), 1)
    return boundary_cues(made, texton_planes(made, 4, n_threads=1), radii, 1)


def test_a_flat_picture_has_no_cues():
    # A Hellinger distance is a root of what rounding leaves.
    np.testing.assert_allclose(cues_of(np.full((12, 16), 90, np.uint8)), 0, atol=1e-3)


def test_lightness_differs_most_across_an_upright_edge_and_not_along_it():
    _, lightness, _ = cues_of(halves())
    assert lightness[:, 10, 14].argmax() == 0
    np.testing.assert_allclose(lightness[4], 0, atol=1e-3)
    assert lightness[0, 10].argmax() in (14, 15)


def test_a_picture_on_its_side_has_the_cues_of_the_direction_at_right_angles():
    cues = cues_of(halves())
    turned = cues_of(np.ascontiguousarray(halves().transpose(1, 0, 2)))
    np.testing.assert_allclose(turned[:, 4], cues[:, 0].transpose(0, 2, 1), atol=2e-3)


def test_the_mean_along_a_border_leaves_a_straight_one_as_strong_as_it_is():
    made = working_picture(as_raster(halves(60, 80)), 1)
    _, lightness, _ = boundary_cues(made, texton_planes(made, 2, n_threads=1), (10.0,), 1)
    # Points 4 pixels to both sides, each blurred by half the radius, here 5.
    offset, deviation, step = 4, 2.5, np.ptp(made.planes[0])
    reached = ndtr((offset - 0.5) / deviation) - ndtr((-offset - 0.5) / deviation)
    assert lightness[0, 30, 39] == pytest.approx(np.log1p(step * reached), abs=0.03)


def test_cues_of_large_radii_are_found_at_half_resolution():
    picture = halves(41, 61)
    cues = cues_of(picture, (2.5, 40.0))
    assert cues.shape == (6, 8, 41, 61)
    assert (cues[4, 0, 20, ::2][:-1] == cues[4, 0, 20, 1::2]).all()
    assert abs(int(cues[4, 0, 20].argmax()) - 30) <= 2


def test_a_border_is_strongest_where_the_picture_changes():
    strengths = border_strengths(cues_of(halves(), (2.5, 5.0)), plain_model())
    assert strengths.shape == (8, 20, 30)
    assert strengths.max(axis=0)[10].argmax() in (14, 15)


def test_a_ridge_divides_the_finest_regions():
    strength = np.zeros((12, 20), np.float32)
    strength[:, 9] = 1
    labels = finest_regions(strength, None)
    assert len(set(labels[:, :8].ravel())) == 1
    assert len(set(labels[:, 11:].ravel())) == 1
    assert labels[0, 0] != labels[0, -1]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_finest_regions_are_connected_and_leave_no_pixel_out(seed, masked):
    random = np.random.default_rng(seed)
    strength = random.uniform(size=(25, 31)).astype(np.float32)
    mask = random.uniform(size=(25, 31)) < 0.7 if masked else None
    labels = finest_regions(strength, mask)
    np.testing.assert_array_equal(labels >= 0, True if mask is None else mask)
    assert part_numbers(labels) == [1] * (int(labels.max()) + 1)


def graph_of(labels, cues=None, strengths=None, mask=None):
    labels = np.asarray(labels, np.int32)
    random = np.random.default_rng(5)
    cues = np.zeros((1, 8, *labels.shape), np.float32) if cues is None else cues
    strengths = np.zeros((8, *labels.shape), np.float32) if strengths is None else strengths
    planes = random.normal(size=(5, *labels.shape)).astype(np.float32)
    textons = random.dirichlet(np.ones(3), labels.shape).astype(np.float32)
    picture = working(planes, mask)
    return (
        picture,
        textons,
        region_graph(labels, picture, textons.transpose(2, 0, 1), cues, strengths),
    )


QUARTERS = np.kron([[0, 1], [2, 3]], np.ones((3, 4), int))


def test_neighbors_are_those_that_share_a_side_with_its_length():
    _, _, graph = graph_of(QUARTERS)
    assert graph.pairs.tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]
    assert graph.borders[:, -1].tolist() == [3, 4, 4, 3]


@pytest.mark.parametrize("seed", range(2))
def test_excluded_pixels_are_nobody_s_neighbors(seed):
    strength = np.random.default_rng(seed).uniform(size=(12, 15)).astype(np.float32)
    mask = np.random.default_rng(seed + 9).uniform(size=(12, 15)) < 0.7
    labels = finest_regions(strength, mask)
    assert list(map(tuple, graph_of(labels)[2].pairs.tolist())) == neighbors_of(labels)


def test_regions_are_sums_over_their_pixels():
    labels = QUARTERS.copy()
    labels[0, 0] = -1
    picture, textons, graph = graph_of(labels)
    y, x = (np.indices(labels.shape) + 0.5) / max(labels.shape)
    for region in range(4):
        inside = labels == region
        appearance = picture.planes[:, inside].astype(float)
        expected = [inside.sum(), y[inside].sum(), x[inside].sum(), *appearance.sum(axis=1)]
        expected += [*(appearance**2).sum(axis=1), *textons[inside].sum(axis=0)]
        np.testing.assert_allclose(graph.regions[region], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("labels", "direction"),
    [
        (np.repeat([[0, 1]], 4, axis=0), 0),
        (np.repeat([[0], [1]], 4, axis=1), 4),
        (np.triu(np.ones((6, 6), int), 1), 6),
        (1 - np.triu(np.ones((6, 6), int), 1)[:, ::-1], 2),
    ],
    ids=["upright", "level", "falling", "rising"],
)
def test_a_border_reads_its_cues_at_right_angles_to_itself(labels, direction):
    numbers = np.arange(8, dtype=np.float32)[:, None, None]
    cues = np.broadcast_to(numbers, (1, 8, *labels.shape)).copy()
    _, _, graph = graph_of(labels, cues, cues[0])
    (border,) = graph.borders
    cue, strength, strongest = border[:3] / border[-1]
    assert (cue, strength, strongest) == (direction, direction, 7)


def test_cues_of_a_border_are_means_of_both_sides_and_strengths_the_larger():
    labels, plane = np.array([[0, 1]]), np.array([[0.2, 0.6]], np.float32)
    cues = np.broadcast_to(plane, (1, 8, 1, 2)).copy()
    _, _, graph = graph_of(labels, cues, cues[0])
    np.testing.assert_allclose(graph.borders, [[0.4, 0.6, 0.6, 1]], rtol=1e-6)
