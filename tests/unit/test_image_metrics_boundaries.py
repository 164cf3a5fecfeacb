"""Boundaries: thin lines, one-to-one matching against brute force, F and displacement by hand."""

from math import hypot

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from gmmkit.image.metrics import (
    boundary_displacement_error,
    boundary_f,
    count_boundaries,
    evaluate,
)
from gmmkit.image.metrics.matching import match_boundaries
from gmmkit.image.metrics.thinning import boundaries_of, thinned

HALVES = np.repeat([[0] * 10 + [1] * 10], 20, axis=0)


def columns(*at, width=20):
    """Labels that change after the given columns."""
    return np.repeat([np.searchsorted(at, np.arange(width))], 20, axis=0)


def blobs(seed, *, shape=(24, 31)):
    """A random map of smooth areas."""
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2) > 0.02


def pairs_by_brute_force(first, second, reach):
    """The number of pairs and their total distance, by assignment of every pixel to every other."""
    ones, others = np.argwhere(first), np.argwhere(second)
    distances = np.hypot(*(ones[:, None] - others[None]).transpose(2, 0, 1))
    costs = np.where(distances <= reach, distances, 1e6)
    rows, places = linear_sum_assignment(costs)
    kept = distances[rows, places][costs[rows, places] < 1e6]
    return len(kept), float(kept.sum())


# Lines


def test_a_boundary_is_at_the_pixel_to_the_upper_left_of_each_corner():
    found = boundaries_of(np.array([[0, 0, 0], [0, 1, 1], [0, 1, 1]]))
    assert found.astype(int).tolist() == [[1, 1, 1], [1, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize("seed", range(4))
def test_thinning_agrees_with_scikit_image(seed):
    morphology = pytest.importorskip("skimage.morphology")
    for lines in (blobs(seed), np.random.default_rng(seed).random((15, 17)) < 0.6):
        assert np.array_equal(thinned(lines), morphology.thin(lines))
        assert np.array_equal(thinned(np.asfortranarray(lines)), morphology.thin(lines))


def test_thin_lines_stay_as_they_are():
    once = thinned(boundaries_of(blobs(5).astype(int)))
    assert np.array_equal(thinned(once), once)


def test_thinning_changes_nothing_that_it_is_given():
    lines = np.ones((4, 4), bool)
    thinned(lines)
    assert lines.all()


# Matching


@pytest.mark.parametrize("seed", range(5))
def test_as_many_pixels_are_paired_as_can_be(seed):
    first, second = (thinned(blobs(seed + shift)) for shift in (0, 100))
    mine, theirs = match_boundaries(first, second, 2.5)
    n, _ = pairs_by_brute_force(first, second, 2.5)
    assert mine.sum() == theirs.sum() == n
    assert not (mine & ~first).any()
    assert not (theirs & ~second).any()


@pytest.mark.parametrize("seed", range(3))
def test_the_pixels_paired_are_the_nearest(seed):
    """The total distance among those paired is what the best assignment of all of them has."""
    first, second = (thinned(blobs(seed + shift)) for shift in (0, 200))
    mine, theirs = match_boundaries(first, second, 3.0)
    _, best = pairs_by_brute_force(first, second, 3.0)
    assert pairs_by_brute_force(mine, theirs, 3.0)[1] == pytest.approx(best)


def test_a_pixel_is_the_partner_of_only_one():
    two, one = np.array([[True, False, True]]), np.array([[False, True, False]])
    assert [int(each.sum()) for each in match_boundaries(two, one, 1.0)] == [1, 1]


def test_pixels_beyond_the_tolerance_do_not_match():
    far = np.zeros((9, 9), bool)
    near = far.copy()
    far[0, 0], near[3, 3] = True, True
    assert not match_boundaries(far, near, hypot(3, 3) - 1e-9)[0].any()
    assert match_boundaries(far, near, hypot(3, 3) + 1e-9)[0].any()


def test_an_empty_map_matches_nothing():
    some, none = np.ones((2, 2), bool), np.zeros((2, 2), bool)
    assert not match_boundaries(some, none, 3.0)[0].any()
    assert not match_boundaries(none, some, 3.0)[1].any()


# Boundary F


def test_equal_boundaries_score_one():
    assert boundary_f(HALVES, [HALVES, HALVES]).f1 == 1


def test_precision_is_about_the_segmentation_and_recall_about_the_annotation():
    score = boundary_f(columns(4, 9, 14), HALVES)
    assert (score.precision, score.recall) == (pytest.approx(1 / 3), 1)
    score = boundary_f(HALVES, columns(4, 9, 14))
    assert (score.precision, score.recall) == (1, pytest.approx(1 / 3))
    assert score.f1 == pytest.approx(0.5)


def test_a_pixel_is_right_if_any_annotation_has_it_and_recall_counts_all_of_them():
    score = boundary_f(columns(4, 9), [columns(4), columns(9), columns(14)])
    assert (score.precision, score.recall) == (1, pytest.approx(2 / 3))


def test_the_tolerance_is_a_share_of_the_diagonal():
    apart = 2 / hypot(20, 20)
    shifted = columns(11)
    assert boundary_f(HALVES, shifted, tolerance=apart * 1.01).f1 == 1
    assert boundary_f(HALVES, shifted, tolerance=apart * 0.99).f1 == 0


def test_booleans_are_boundaries_and_not_two_regions():
    lines = thinned(boundaries_of(HALVES))
    assert boundary_f(lines, HALVES).f1 == 1
    assert boundary_f(HALVES, [lines]).f1 == 1


def test_no_boundary_where_there_is_none_is_right_and_one_sided_ones_are_not():
    whole = np.zeros_like(HALVES)
    assert boundary_f(whole, whole).f1 == 1
    assert boundary_f(whole, HALVES).f1 == 0
    assert boundary_f(HALVES, whole).f1 == 0


def test_counts_are_summed_over_pictures_before_f():
    counts = count_boundaries(columns(4, 9, 14), HALVES) + count_boundaries(HALVES, HALVES)
    assert counts.precision.tolist() == [40 / 80]
    assert counts.recall.tolist() == [1]
    assert counts.f1.tolist() == [pytest.approx(2 / 3)]


def test_f_of_a_data_set_lies_between_thresholds_where_precision_and_recall_cross():
    truth = columns(4, 9)
    fine, coarse = columns(4, 9, 12, 14, 16, 18), columns(9)
    best = evaluate([([fine, coarse], truth)]).ods("boundary_f")
    at = np.linspace(0, 1, 101)
    precision, recall = (1 / 3) + at * (2 / 3), 1 - at / 2
    assert best.value == pytest.approx((2 * precision * recall / (precision + recall)).max())
    assert 1 < best.threshold < 2


def test_average_precision_is_the_area_under_the_curve_and_nothing_beyond_it():
    truth = columns(4, 9)
    found = evaluate([([columns(4, 9), columns(9)], truth)])
    assert found.average_precision == pytest.approx(0.51)


def test_each_picture_may_have_its_own_threshold_for_f():
    right, wrong = columns(9), columns(2)
    found = evaluate([([right, wrong], HALVES), ([wrong, right], HALVES)])
    assert found.ods("boundary_f").value == 0.5
    assert found.ois("boundary_f") == 1


# Displacement


def test_displacement_is_the_mean_distance_both_ways():
    assert boundary_displacement_error(columns(9), columns(12)) == 3
    # Both lines found lie 3 and 0 from the only one annotated, which lies on the second.
    assert boundary_displacement_error(columns(6, 9), columns(9)) == (3 + 0) / 2 / 2


def test_displacement_is_averaged_over_annotations():
    assert boundary_displacement_error(columns(9), [columns(9), columns(13)]) == 2


def test_displacement_is_the_diagonal_where_one_side_has_no_boundary():
    whole = np.zeros_like(HALVES)
    assert boundary_displacement_error(whole, HALVES) == hypot(20, 20)
    assert boundary_displacement_error(HALVES, whole) == hypot(20, 20)
    assert boundary_displacement_error(whole, whole) == 0
