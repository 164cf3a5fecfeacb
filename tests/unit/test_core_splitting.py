"""Mixtures that grow by splitting."""

import numpy as np
import pytest
from strategies import FAMILIES, blobs, make_mixture

from gmmkit import Covariance, Mixture, fit
from gmmkit.core.starts.splitting import grow, split
from gmmkit.errors import ParameterError


@pytest.mark.parametrize("family", FAMILIES)
def test_halves_lie_as_many_deviations_to_either_side_in_every_column(family):
    parent = make_mixture(family, 3, 2, seed=1)
    halves = split(parent, 6)
    deviations = np.sqrt(np.diagonal(parent.covariances, axis1=1, axis2=2))
    up = (halves.means[3:] - parent.means) / deviations
    down = (parent.means - halves.means[:3]) / deviations
    assert up[0, 0] > 0.1
    np.testing.assert_allclose(up, up[0, 0], rtol=1e-12)
    np.testing.assert_allclose(down, up, rtol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_halves_share_the_weight_and_keep_the_covariance(family):
    parent = make_mixture(family, 3, 2, seed=1)
    halves = split(parent, 6)
    assert halves.covariance.family.name == family
    np.testing.assert_allclose(halves.weights, np.tile(parent.weights / 2, 2), rtol=1e-15)
    np.testing.assert_array_equal(halves.covariances, np.tile(parent.covariances, (2, 1, 1)))


def test_only_the_heaviest_split_where_fewer_than_twice_as_many_are_wanted():
    parent = Mixture([0.2, 0.5, 0.3], [[0.0], [10.0], [20.0]], Covariance("diag", np.ones((3, 1))))
    halves = split(parent, 5)
    moved = halves.means.ravel() - [0.0, 10.0, 20.0, 10.0, 20.0]
    np.testing.assert_array_equal(np.sign(moved), [0, -1, -1, 1, 1])
    np.testing.assert_allclose(halves.weights, [0.2, 0.25, 0.15, 0.25, 0.15])


def test_of_equally_heavy_components_the_first_split():
    parent = Mixture([0.5, 0.5], [[0.0], [10.0]], Covariance("diag", np.ones((2, 1))))
    halves = split(parent, 3)
    np.testing.assert_allclose(halves.weights, [0.25, 0.5, 0.25])
    assert halves.means[1, 0] == 10.0


def test_as_many_as_there_are_is_the_mixture_itself():
    parent = make_mixture("diag", 3, 2)
    np.testing.assert_array_equal(split(parent, 3).means, parent.means)
    np.testing.assert_array_equal(split(parent, 3).weights, parent.weights)


@pytest.mark.parametrize("wanted", [2, 7, 0, -3])
def test_one_round_gives_neither_fewer_nor_more_than_twice_as_many(wanted):
    with pytest.raises(ParameterError):
        split(make_mixture("diag", 3, 2), wanted)


@pytest.mark.parametrize("wanted", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("family", ["diag", "full"])
def test_a_start_grows_to_exactly_as_many_as_were_asked_for(family, wanted):
    start = grow(blobs(300, 2, 8), wanted, covariance=family)
    assert start.n_components == wanted
    assert start.covariance.family.name == family


def test_growing_finds_clusters_that_are_far_apart():
    centers = np.array([[0.0, 0.0], [50.0, 0.0], [0.0, 80.0], [70.0, 90.0]])
    noise = np.random.default_rng(0).normal(size=(200, 2))
    found = grow(np.repeat(centers, 50, axis=0) + noise, 4).means
    distances = np.linalg.norm(centers[:, None] - found, axis=2)
    assert (distances.min(axis=1) < 1.0).all()


def test_nothing_in_growing_is_random():
    rows = blobs(300, 3, 5)
    np.testing.assert_array_equal(grow(rows, 6).means, grow(rows, 6).means)


def test_more_components_describe_the_rows_better_at_every_doubling():
    rows = blobs(500, 2, 6, separation=4.0)
    densities = [grow(rows, k).log_density(rows).mean() for k in (1, 2, 4, 8)]
    assert (np.diff(densities) > 0).all()


def test_one_component_is_the_gaussian_of_all_the_rows():
    rows = blobs(200, 2, 3)
    start = grow(rows, 1, covariance="full")
    np.testing.assert_allclose(start.means[0], rows.mean(axis=0))
    np.testing.assert_allclose(start.covariances[0], np.cov(rows.T, bias=True), rtol=1e-6)


def test_no_deviation_grows_below_the_floor():
    rows = np.repeat([[0.0], [5.0]], 20, axis=0) + 1e-3 * np.arange(40)[:, None]
    start = grow(rows, 2, floor=[0.5])
    np.testing.assert_allclose(np.sqrt(start.covariance.values), 0.5, rtol=1e-6)


def test_a_grown_start_can_be_fitted_further():
    rows = blobs(300, 2, 4)
    start = grow(rows, 4)
    result = fit(rows, 4, covariance="diag", start=start)
    assert result.log_likelihood >= start.log_density(rows).sum()


@pytest.mark.parametrize("wanted", [0, -1, 2.5])
def test_a_number_of_components_that_is_no_positive_count_is_refused(wanted):
    with pytest.raises(ParameterError):
        grow(blobs(50), wanted)
