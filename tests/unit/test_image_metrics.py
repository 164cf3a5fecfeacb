"""Measures of regions: by hand on tiny maps, by brute force over pairs of pixels, by identities."""

from itertools import combinations
from math import log2

import numpy as np
import pytest

from gmmkit.image.metrics import (
    count_regions,
    covering,
    evaluate,
    global_consistency_error,
    probabilistic_rand_index,
    sweep_of,
    variation_of_information,
)

MEASURES = (
    covering,
    probabilistic_rand_index,
    variation_of_information,
    global_consistency_error,
)
# A vertical line of strength .7, and below right of it a horizontal one of .3.
STRENGTHS = np.zeros((6, 6))
STRENGTHS[:, 2] = 0.7
STRENGTHS[3, 3:] = 0.3
QUARTERS = np.zeros((6, 6), int)
QUARTERS[:, 3:] = 1
QUARTERS[4:, 3:] = 2


def random_maps(n, *, shape=(7, 9), regions=4, seed=0):
    return np.random.default_rng(seed).integers(0, regions, size=(n, *shape))


def rand_by_pairs(one, other):
    pairs = list(combinations(range(one.size), 2))
    one, other = one.ravel(), other.ravel()
    return sum((one[i] == one[j]) == (other[i] == other[j]) for i, j in pairs) / len(pairs)


def shares(labels):
    return np.unique(labels, return_counts=True)[1] / labels.size


def entropy(labels):
    return -sum(share * log2(share) for share in shares(labels))


# Values


def test_covering_weighs_the_best_overlap_of_each_annotated_region_by_its_area():
    # The region of 4 has 3/4 with the region of 3; the one of 2 has 2/3 with the region of 3.
    segmentation, annotation = [[0, 0, 0, 1, 1, 1]], [[0, 0, 0, 0, 1, 1]]
    assert covering(segmentation, annotation) == pytest.approx((4 * 3 / 4 + 2 * 2 / 3) / 6)


def test_covering_is_of_the_annotation_by_the_segmentation_and_not_the_other_way():
    fine, coarse = [[0, 1, 2, 3]], [[0, 0, 0, 0]]
    assert covering(fine, coarse) == 1 / 4
    assert covering([[0, 0, 0, 1]], [[0, 1, 2, 2]]) != covering([[0, 1, 2, 2]], [[0, 0, 0, 1]])


def test_covering_pools_the_regions_of_all_annotations():
    annotations = [[[0, 0, 1, 1]], [[0, 0, 0, 0]]]
    assert covering([[0, 0, 1, 1]], annotations) == (4 + 4 * 0.5) / 8


def test_the_rand_index_is_the_share_of_pairs_treated_alike():
    for one, other in zip(random_maps(4), random_maps(4, seed=1, regions=3), strict=True):
        assert probabilistic_rand_index(one, other) == pytest.approx(rand_by_pairs(one, other))


def test_several_annotations_count_alike_in_the_rand_index():
    one, *others = random_maps(4)
    alone = [probabilistic_rand_index(one, other) for other in others]
    assert probabilistic_rand_index(one, others) == pytest.approx(np.mean(alone))


def test_the_variation_of_information_is_what_either_map_tells_beyond_the_other_in_bits():
    one, other = random_maps(2)
    together = entropy(one * 10 + other)
    expected = (together - entropy(one)) + (together - entropy(other))
    assert variation_of_information(one, other) == pytest.approx(expected)
    assert variation_of_information([[0, 1, 2, 3]], [[0, 0, 0, 0]]) == 2


def test_the_consistency_error_is_the_smaller_of_both_errors_of_refinement():
    one, other = random_maps(2)
    errors = np.zeros(2)
    for row, column in np.ndindex(one.shape):
        mine, theirs = one == one[row, column], other == other[row, column]
        errors += [(mine & ~theirs).sum() / mine.sum(), (theirs & ~mine).sum() / theirs.sum()]
    assert global_consistency_error(one, other) == pytest.approx(errors.min() / one.size)


def test_a_refinement_has_no_consistency_error():
    assert global_consistency_error(QUARTERS, QUARTERS > 0) == 0


def test_scikit_image_agrees_about_the_variation_of_information():
    metrics = pytest.importorskip("skimage.metrics")
    one, other = random_maps(2, shape=(20, 20), regions=7)
    expected = sum(metrics.variation_of_information(one, other))
    assert variation_of_information(one, other) == pytest.approx(expected)


# Labels


@pytest.mark.parametrize("measure", MEASURES)
def test_the_values_of_labels_do_not_matter(measure):
    one, other = random_maps(2)
    names = np.array([7, 2**40, 0, 65535])
    assert measure(names[one], other) == measure(one, other)
    assert measure(names[one].astype(np.uint64), other) == measure(one, other)


@pytest.mark.parametrize("measure", MEASURES)
def test_any_type_of_whole_numbers_is_taken(measure):
    one, other = random_maps(2, regions=2)
    assert measure(one.astype(np.int8) * 2 - 0, other.astype(bool)) == measure(one, other)
    assert measure(np.asfortranarray(one), other.tolist()) == measure(one, other)


@pytest.mark.parametrize("measure", MEASURES)
def test_pixels_with_a_negative_label_are_left_out(measure):
    one, other = random_maps(2)
    masked, also_masked = one.copy(), other.copy()
    masked[:2], also_masked[:, :3] = -1, -9
    assert measure(masked, also_masked) == measure(one[2:, 3:], other[2:, 3:])


def test_one_pixel_agrees_with_itself():
    assert [measure([[0]], [[5]]) for measure in MEASURES] == [1, 1, 0, 0]


# Many thresholds


@pytest.mark.parametrize("seed", range(3))
def test_counts_at_many_thresholds_are_those_of_each_map_by_itself(seed):
    maps, annotations = random_maps(4, seed=seed), random_maps(3, seed=9)
    counts = count_regions(list(maps), annotations)
    for index, labels in enumerate(maps):
        values = [covering(labels, annotations), probabilistic_rand_index(labels, annotations)]
        found = [counts.covering[index], counts.probabilistic_rand_index[index]]
        assert found == pytest.approx(values)
        expected = variation_of_information(labels, annotations)
        assert counts.variation_of_information[index] == pytest.approx(expected)


def test_strengths_of_the_picture_s_size_enclose_regions():
    sweep = sweep_of(STRENGTHS, [0.1, 0.5, 0.9])
    fine, coarse, whole = sweep.maps()
    assert np.array_equal(fine, QUARTERS)
    assert np.array_equal(coarse, QUARTERS > 0)
    assert whole.max() == 0


def test_doubled_strengths_enclose_the_regions_between_their_edges():
    doubled = np.zeros((5, 7))
    doubled[:, 4] = 0.6
    doubled[2, :5] = 0.2
    fine, coarse = sweep_of(doubled, [0.1, 0.4], shape=(2, 3)).maps()
    assert fine.tolist() == [[0, 0, 1], [2, 2, 1]]
    assert coarse.tolist() == [[0, 0, 1], [0, 0, 1]]


def test_regions_do_not_leak_through_corners_or_the_frame():
    doubled = np.zeros((5, 5))
    doubled[1:4, 2] = doubled[2, 1:4] = 0.5
    doubled[2, 2] = 0.0
    (labels,) = sweep_of(doubled, [0.1], shape=(2, 2)).maps()
    assert labels.tolist() == [[0, 1], [2, 3]]


def test_a_line_along_the_frame_does_not_shatter_its_pixels():
    strengths = np.zeros((5, 6))
    strengths[0] = 0.5
    (labels,) = sweep_of(strengths, [0.1]).maps()
    assert labels[0].max() == 0
    assert labels[1:].min() == labels[1:].max() == 1


def test_regions_at_a_threshold_are_joined_by_any_weaker_edge():
    """Against flooding from pixel to pixel, for strengths without any order."""
    random = np.random.default_rng(3)
    doubled = random.random((13, 15))
    thresholds = [0.3, 0.5, 0.7]
    for threshold, labels in zip(
        thresholds, sweep_of(doubled, thresholds, shape=(6, 7)).maps(), strict=True
    ):
        across, down = doubled[1::2, 2:-1:2], doubled[2:-1:2, 1::2]
        assert (labels[:, :-1] == labels[:, 1:])[across <= threshold].all()
        assert (labels[:-1] == labels[1:])[down <= threshold].all()
        assert labels.max() + 1 == flooded(across <= threshold, down <= threshold)


def flooded(across, down):
    """The number of components, by giving every pixel the smallest number that it can reach."""
    numbers = np.arange(across.shape[0] * down.shape[1]).reshape(across.shape[0], -1)
    while True:
        before = numbers.copy()
        least = np.minimum(numbers[:, :-1], numbers[:, 1:])[across]
        numbers[:, :-1][across] = least
        numbers[:, 1:][across] = np.minimum(numbers[:, 1:][across], least)
        least = np.minimum(numbers[:-1], numbers[1:])[down]
        numbers[:-1][down] = least
        numbers[1:][down] = np.minimum(numbers[1:][down], least)
        if np.array_equal(before, numbers):
            return len(np.unique(numbers))


class Hierarchy:
    """What another program might return: regions of STRENGTHS at any threshold."""

    def cut(self, *, threshold):
        return next(sweep_of(STRENGTHS, [threshold]).maps())

    def boundary_strength(self):
        return STRENGTHS


def test_a_hierarchy_scores_as_its_strengths_do():
    from_hierarchy = evaluate([(Hierarchy(), QUARTERS)], 9)
    from_strengths = evaluate([(STRENGTHS, QUARTERS)], 9)
    for threshold in (0.1, 0.5, 0.9):
        expected = from_strengths.at_threshold(threshold)
        assert from_hierarchy.at_threshold(threshold) == pytest.approx(expected)


# Data sets


def test_covering_of_a_data_set_is_pooled_and_the_rand_index_averaged_over_pictures():
    wide, narrow = np.arange(8)[None] // 4, np.arange(2)[None]
    counts = count_regions(wide, [wide, wide]) + count_regions([[0, 0]], narrow)
    assert counts.covering.tolist() == [(16 + 2 * 0.5) / 18]
    assert counts.probabilistic_rand_index.tolist() == [(1 + 0) / 2]


def test_every_region_may_choose_its_threshold_for_the_best_covering():
    truth = np.array([[0, 0, 1, 2]])
    counts = count_regions([[[0, 0, 1, 1]], [[0, 1, 1, 2]]], truth)
    assert counts.covering.tolist() == [(2 + 0.5 + 0.5) / 4, (2 / 2 + 1 / 2 + 1) / 4]
    assert counts.best_covering == (2 + 0.5 + 1) / 4


def test_one_threshold_is_best_for_the_data_set_and_another_for_each_picture():
    truth = [[0, 0, 1, 1]]
    fine, coarse = [[0, 0, 1, 1]], [[0, 0, 0, 0]]
    found = evaluate({"a": ([fine, coarse], truth), "b": ([coarse, fine], truth)})
    assert found.ods("covering").value == 0.75
    assert found.ois("covering") == 1
    assert found.ods("variation_of_information").value == 0.5
    assert found.ois("variation_of_information") == 0


def test_all_measures_are_taken_at_one_threshold_where_that_is_asked_for():
    truth = [[0, 0, 1, 1]]
    found = evaluate([([[[0, 1, 2, 3]], [[0, 0, 1, 1]]], truth)])
    assert found.at_threshold()["variation_of_information"] == 0
    assert found.at_threshold(1)["covering"] == 0.5


def test_the_table_has_a_row_for_each_picture_with_its_own_best():
    truth = [[0, 0, 1, 1]]
    found = evaluate({"a": ([[[0, 1, 2, 3]], truth], truth), "b": ([truth, truth], truth)})
    table = found.table(1)
    assert table["picture"].tolist() == ["a", "b"]
    assert table["covering"].tolist() == [0.5, 1]
    assert table["covering_best"].tolist() == [1, 1]
    assert table["covering_best_threshold"].tolist() == [2, 1]


def test_the_number_of_processes_does_not_change_the_result():
    pairs = [
        (one, other) for one, other in zip(random_maps(3), random_maps(3, seed=5), strict=True)
    ]
    one, two = (evaluate(pairs, kinds=["regions"], n_jobs=n).at_threshold() for n in (1, 2))
    assert one == two


def test_results_may_be_made_while_they_are_evaluated():
    pairs = ((labels, labels) for labels in random_maps(3))
    assert evaluate(pairs, kinds=["regions"]).ods("covering").value == 1
