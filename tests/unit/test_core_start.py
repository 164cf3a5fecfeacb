"""Starting values: functions of the weighted set of rows, valid whatever the method."""

import numpy as np
import pytest
from strategies import FAMILIES, blobs

from gmmkit.core.families import family
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.starts.clusters import cluster, coordinates, seed_centers
from gmmkit.core.starts.row_sets import SAMPLE_ROWS, RowSet, distinct_rows, row_sample
from gmmkit.core.starts.start import candidate_starts, start_names
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError


def generator(seed=0):
    """A random generator of its own for every call."""
    return np.random.default_rng(seed)


def starts(method, rows, k, name="full", *, weights=None, seed=0):
    """All candidates of a method in working coordinates."""
    sample = distinct_rows(rows, weights)
    plain = Units.plain(rows.shape[1])
    return candidate_starts(method, sample, k, family(name), plain, generator(seed))


def test_distinct_rows_are_sorted_with_the_summed_weight_of_their_copies():
    rows = np.array([[2.0, 1.0], [1.0, 5.0], [2.0, 1.0], [1.0, 4.0]])
    found = distinct_rows(rows, np.array([1.0, 2.0, 0.5, 4.0]))
    assert found.rows.tolist() == [[1.0, 4.0], [1.0, 5.0], [2.0, 1.0]]
    assert found.weights.tolist() == [4.0, 2.0, 1.5]


def test_negative_zero_is_the_same_row_as_zero():
    assert len(distinct_rows(np.array([[0.0], [-0.0]]), None)) == 1


def test_a_source_up_to_the_limit_is_its_own_sample():
    rows = generator().normal(size=(SAMPLE_ROWS, 2))
    assert len(row_sample(ArraySource(rows), generator(), 2)) == SAMPLE_ROWS


def test_a_larger_source_is_sampled_by_the_seed():
    source = ArraySource(generator().normal(size=(SAMPLE_ROWS + 5000, 2)))
    samples = [row_sample(source, generator(seed), 2).rows for seed in (1, 1, 2)]
    assert samples[0].shape == (SAMPLE_ROWS, 2)
    assert samples[0].tobytes() == samples[1].tobytes()
    assert samples[0].tobytes() != samples[2].tobytes()


def test_rare_distinct_rows_are_searched_for_where_a_sample_misses_them():
    rows = np.zeros((60_000, 1))
    rows[17], rows[50_001] = 1.0, 2.0
    found = row_sample(ArraySource(rows), generator(), 3)
    assert len(found) >= 3


def test_seeds_are_different_points_while_there_are_any():
    points = np.repeat(np.arange(5.0)[:, None], 20, axis=0)
    centers = seed_centers(points, np.ones(100), 5, generator())
    assert sorted(centers.ravel().tolist()) == [0, 1, 2, 3, 4]


def test_seeds_fall_on_points_in_proportion_to_weight():
    points = np.array([[0.0], [1.0]])
    drawn = [seed_centers(points, np.array([0.0, 1.0]), 1, generator(s))[0, 0] for s in range(20)]
    assert set(drawn) == {1.0}


def test_separated_groups_are_clustered_as_they_are():
    rows = np.concatenate([blobs(30, 2, 1, seed=s, separation=0) + 50 * s for s in range(3)])
    labels = cluster(rows, np.ones(90), 3, generator()).reshape(3, 30)
    assert (labels == labels[:, :1]).all()
    assert len(np.unique(labels)) == 3


@pytest.mark.parametrize("k", [1, 5, 12])
def test_no_cluster_is_ever_empty(k):
    points = np.concatenate([np.zeros((10, 2)), np.ones((2, 2))])
    labels = cluster(points, np.ones(12), k, generator())
    assert np.bincount(labels, minlength=k).min() >= 1


def test_clusters_lower_the_sum_of_squares_that_their_seeds_had():
    rows = blobs(200, 2, 5, seed=1, separation=2)

    def squares(labels):
        return sum(
            ((rows[labels == k] - rows[labels == k].mean(axis=0)) ** 2).sum() for k in range(5)
        )

    seeds = cluster(rows, np.ones(200), 5, generator(), iterations=0)
    assert squares(cluster(rows, np.ones(200), 5, generator())) <= squares(seeds)


def test_starts_are_made_in_standardized_and_in_whitened_coordinates():
    rows = blobs(60, 3, 2, seed=2) @ np.array([[3.0, 1, 0], [0, 1, 0], [0, 0, 9]])
    standardized, whitened = coordinates(rows, np.ones(60), family("full"))
    np.testing.assert_allclose(standardized.std(axis=0), 1, rtol=1e-10)
    np.testing.assert_allclose(np.cov(whitened.T, ddof=0), np.eye(3), atol=1e-9)


def test_standardized_coordinates_of_a_spherical_family_keep_their_proportions():
    rows = blobs(60, 2, 2, seed=3) * [1.0, 10.0]
    standardized = coordinates(rows, np.ones(60), family("spherical"))[0]
    ratio = standardized.std(axis=0) / rows.std(axis=0)
    assert ratio[0] == pytest.approx(ratio[1])


@pytest.mark.parametrize("constant", [0.0, 7.0, 0.1])
def test_a_constant_column_changes_no_distance(constant):
    rows = blobs(60, 3, 2, seed=4)
    rows[:, 1] = constant
    others = rows[:, [0, 2]]
    for ours, theirs in zip(
        coordinates(rows, np.ones(60), family("full")),
        coordinates(others, np.ones(60), family("full")),
        strict=True,
    ):
        distances = [np.linalg.norm(x[:, None] - x, axis=2) for x in (ours, theirs)]
        np.testing.assert_allclose(distances[0], distances[1], atol=1e-9)


def test_weights_count_in_the_coordinates():
    rows, weights = blobs(40, 2, 2, seed=5), generator().integers(1, 5, 40).astype(float)
    repeated = np.repeat(rows, weights.astype(int), axis=0)
    ours = coordinates(rows, weights, family("full"))
    theirs = coordinates(repeated, np.ones(len(repeated)), family("full"))
    first = np.concatenate([[0], np.cumsum(weights)[:-1]]).astype(int)
    np.testing.assert_allclose(ours[0], theirs[0][first], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("method", start_names())
def test_every_method_starts_every_family_with_a_valid_mixture(method, name):
    rows = blobs(50, 3, 3, seed=6)
    for mixture in starts(method, rows, 4, name):
        assert mixture.n_components == 4
        assert mixture.covariance.family is family(name)
        assert (mixture.weights > 0).all()
        assert (mixture.means.min(axis=0) >= rows.min(axis=0)).all()
        assert (mixture.means.max(axis=0) <= rows.max(axis=0)).all()


@pytest.mark.parametrize("method", start_names())
def test_a_start_is_the_same_in_whatever_order_the_rows_come(method):
    rows, order = blobs(80, 2, 3, seed=7), generator(1).permutation(80)
    weights = generator(2).uniform(0.5, 2, 80)
    ours = starts(method, rows, 3, weights=weights)
    theirs = starts(method, rows[order], 3, weights=weights[order])
    for one, other in zip(ours, theirs, strict=True):
        assert one.means.tobytes() == other.means.tobytes()
        assert one.covariance.values.tobytes() == other.covariance.values.tobytes()


@pytest.mark.parametrize("method", start_names())
def test_splitting_a_weight_in_two_leaves_the_start(method):
    rows = blobs(40, 2, 3, seed=8)
    ours = starts(method, rows, 3, weights=np.full(40, 2.0))
    theirs = starts(method, np.concatenate([rows, rows]), 3)
    for one, other in zip(ours, theirs, strict=True):
        assert one.means.tobytes() == other.means.tobytes()


def test_random_starts_differ_between_seeds_and_repeat_with_one():
    rows = blobs(40, 2, 3, seed=9)
    means = [starts("random", rows, 3, seed=s)[0].means.tobytes() for s in (1, 1, 2)]
    assert means[0] == means[1] != means[2]


def test_random_rows_of_the_data_are_what_that_start_takes_for_means():
    rows = blobs(40, 2, 3, seed=10)
    (mixture,) = starts("random_from_data", rows, 3)
    assert all((mean == rows).all(axis=1).any() for mean in mixture.means)
    assert len(np.unique(mixture.means, axis=0)) == 3


def test_a_start_from_clusters_has_their_shares_and_means():
    rows = np.concatenate([np.zeros((30, 1)), np.full((10, 1), 100.0)])
    rows += generator().normal(size=(40, 1))
    mixture = starts("kmeans", rows, 2)[0]
    order = mixture.means.ravel().argsort()
    np.testing.assert_allclose(mixture.weights[order], [0.75, 0.25])
    expected = [rows[:30].mean(), rows[30:].mean()]
    np.testing.assert_allclose(mixture.means.ravel()[order], expected, rtol=1e-10)


def test_a_cluster_of_one_row_does_not_start_as_a_spike():
    rows = np.concatenate([blobs(60, 2, 1, seed=11), [[1000.0, 1000.0]]])
    mixture = starts("kmeans", rows, 2)[0]
    assert np.linalg.eigvalsh(mixture.covariances).min() > 1e-3


def test_as_many_clusters_as_rows_can_be_started():
    rows = np.arange(5.0)[:, None]
    for method in start_names():
        assert starts(method, rows, 5)[0].n_components == 5


@pytest.mark.parametrize("method", ["warm", "", None, "KMEANS"])
def test_an_unknown_method_is_refused_with_those_there_are(method):
    with pytest.raises(ParameterError, match="no such start") as caught:
        starts(method, blobs(10), 2)
    assert caught.value.needed == "one of " + ", ".join(start_names())


def test_a_row_set_knows_its_length():
    assert len(RowSet(np.zeros((3, 2)), np.ones(3))) == 3
