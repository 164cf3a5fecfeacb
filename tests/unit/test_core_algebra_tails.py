"""Ellipsoids, regions and tails, against chi-square laws, roots, quadrature and counts."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import optimize, stats
from strategies import FAMILIES, make_mixture

from gmmkit import Mixture
from gmmkit.core.algebra import (
    confidence_ellipsoids,
    density_distribution,
    highest_density_region,
    log_tail_probability,
    marginal,
    tail_probability,
)
from gmmkit.errors import InputError, ParameterError

NARROW_IN_WIDE = Mixture([0.8, 0.2], [[0.0], [1.0]], [[[0.04]], [[9.0]]])


def exact_log_tail(mixture, value):
    """log P(p(X) <= p(value)) in one dimension, from every crossing of that level."""
    level = mixture.log_density([[value]])[0]
    grid = np.unique(np.concatenate([np.linspace(-60, 60, 48_001), [value, -2000.0, 2000.0]]))
    above = mixture.log_density(grid[:, None]) > level
    ends = []
    for i in np.flatnonzero(above[:-1] != above[1:]):
        ends.append(
            optimize.brentq(
                lambda x: mixture.log_density([[x]])[0] - level, grid[i], grid[i + 1], xtol=1e-13
            )
        )
    return log_outside(mixture, sorted(ends), level)


def log_outside(mixture, ends, level):
    """The log of the weight of all intervals between crossings in which the density is lower."""
    deviations = np.sqrt(mixture.covariances[:, 0, 0])
    edges = [-np.inf, *ends, np.inf]
    terms = []
    for low, high in pairwise(edges):
        middle = np.clip((max(low, -1e4) + min(high, 1e4)) / 2, low, high)
        if mixture.log_density([[middle]])[0] <= level:
            for weight, mean, deviation in zip(
                mixture.weights, mixture.means[:, 0], deviations, strict=True
            ):
                terms.append(np.log(weight) + log_between(low, high, mean, deviation))
    return np.logaddexp.reduce(terms)


def log_between(low, high, mean, deviation):
    """log of the normal probability between two values, on the side where it keeps digits."""
    first, last = (low - mean) / deviation, (high - mean) / deviation
    if first < 0:
        first, last = -last, -first
    top = stats.norm.logsf(first)
    return top + np.log1p(-np.exp(stats.norm.logsf(last) - top))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_single_gaussian_has_the_chi_square_tail(family):
    mixture = make_mixture(family, 1, 3, seed=1)
    shifts = np.array([[0.0], [3.0], [6.0]])
    rows = np.concatenate([mixture.sample(20, seed=2), mixture.means + shifts])
    deviations = rows - mixture.means
    squares = np.einsum("nd,nd->n", deviations @ np.linalg.inv(mixture.covariances[0]), deviations)
    np.testing.assert_allclose(
        log_tail_probability(mixture, rows), stats.chi2.logsf(squares, 3), rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("value", [0.05, 0.3, 0.6, 0.9, 1.4, -2.0, 5.0, -20.0, 100.0])
def test_in_one_dimension_the_tail_is_exact(value):
    expected = exact_log_tail(NARROW_IN_WIDE, value)
    found = log_tail_probability(NARROW_IN_WIDE, [[value]], n_rays=8)[0]
    assert found == pytest.approx(expected, abs=0.015)


def test_a_narrow_peak_on_the_flank_of_a_wide_one_is_seen():
    mixture = Mixture([0.05, 0.95], [[6.0], [0.0]], [[[0.01]], [[9.0]]])
    values = [6.0, 5.0, 3.0, -4.0, 9.0]
    expected = [exact_log_tail(mixture, value) for value in values]
    found = log_tail_probability(mixture, np.array(values)[:, None], n_rays=8)
    np.testing.assert_allclose(found, expected, atol=0.02)


@pytest.mark.parametrize(("family", "k", "d"), [("full", 3, 2), ("diag", 5, 4), ("full", 2, 20)])
def test_the_probability_of_a_density_is_how_often_it_is_met(family, k, d):
    """Five standard errors of both sides, at four levels: a false alarm in 4e5."""
    mixture = make_mixture(family, k, d, seed=3)
    distribution = density_distribution(mixture)
    densities = np.sort(mixture.log_density(mixture.sample(50_000, seed=4)))
    for share in (0.9, 0.5, 0.1, 0.01):
        level = densities[int(share * len(densities))]
        found = np.exp(distribution.log_probability(level))
        sampled = np.sqrt(share * (1 - share) / len(densities))
        own = share * distribution.relative_error(level)
        assert abs(found - share) < 5 * np.hypot(sampled, own) + 1e-3 * share


def test_a_far_tail_is_below_its_bound_and_of_its_order():
    """p(x) >= w_k N_k(x) gives P(p(X) <= t) <= sum of w_k P(chi2 > 2 (log peak_k - t))."""
    mixture = make_mixture("full", 3, 3, seed=5)
    rows = mixture.means[:1] + np.array([[3.0], [6.0], [9.0], [12.0]])
    found = log_tail_probability(mixture, rows)
    squares = 2 * np.maximum(mixture.log_normalizers - mixture.log_density(rows)[:, None], 0)
    bound = np.logaddexp.reduce(np.log(mixture.weights) + stats.chi2.logsf(squares, 3), axis=1)
    reached = np.isfinite(bound)
    assert reached[:3].all()
    assert (found[reached] <= bound[reached] + 0.05).all()
    assert (found[reached] > bound[reached] - 4).all()
    assert (np.diff(found) < 0).all()


def test_rows_ever_farther_out_are_ever_less_probable():
    mixture = make_mixture("full", 3, 2, seed=6)
    rows = np.geomspace(10, 1e9, 60)[:, None] * [[1.0, 0.5]]
    tails = log_tail_probability(mixture, rows)
    assert np.isfinite(tails).all()
    assert (np.diff(tails) < 0).all()


def test_tails_of_a_mixtures_own_rows_are_uniform_whatever_is_missing():
    """A Kolmogorov-Smirnov test at 1e-6 for each of three patterns of missing cells."""
    mixture = make_mixture("full", 3, 3, seed=7)
    rows = mixture.sample(3000, seed=8)
    rows[:1000, 0] = np.nan
    rows[1000:2000, [0, 2]] = np.nan
    tails = tail_probability(mixture, rows, n_rays=512)
    for part in np.split(tails, 3):
        assert stats.kstest(part, "uniform").pvalue > 1e-6


def test_a_row_with_missing_cells_is_judged_by_the_marginal():
    mixture = make_mixture("full", 3, 3, seed=9)
    found = tail_probability(mixture, [[np.nan, 1.0, 2.0], [0.5, np.nan, np.nan]], n_rays=64)
    alone = tail_probability(marginal(mixture, [1, 2]), [[1.0, 2.0]], n_rays=64)
    narrow = tail_probability(marginal(mixture, [0]), [[0.5]], n_rays=64)
    np.testing.assert_array_equal(found, np.concatenate([alone, narrow]))


def test_a_row_of_which_nothing_is_known_is_not_improbable():
    assert tail_probability(make_mixture("full", 2, 2), [[np.nan, np.nan]]).tolist() == [1.0]


def test_the_units_and_the_origin_of_the_data_do_not_matter():
    mixture = make_mixture("full", 3, 2, seed=10)
    rows = mixture.sample(40, seed=11)
    expected = log_tail_probability(mixture, rows, n_rays=256)
    for unit, offset in ((1e-5, 0.0), (1e5, 0.0), (1.0, 2.0**27)):
        means, covariances = unit * mixture.means + offset, unit**2 * mixture.covariances
        moved = Mixture(mixture.weights, means, covariances)
        found = log_tail_probability(moved, unit * rows + offset, n_rays=256)
        np.testing.assert_allclose(found, expected, atol=5e-3)


def test_a_component_without_weight_changes_no_tail():
    one = Mixture([1.0], [[0.0]], [[[1.0]]])
    padded = Mixture([1.0, 0.0], [[0.0], [7.0]], [[[1.0]], [[1.0]]])
    rows = [[0.5], [7.0]]
    np.testing.assert_allclose(tail_probability(padded, rows), tail_probability(one, rows))


def test_the_same_seed_gives_the_same_tails():
    mixture = make_mixture("full", 3, 2, seed=12)
    first, second = (tail_probability(mixture, [[1.0, 1.0]], n_rays=64, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_stated_error_is_how_much_seeds_differ():
    mixture = make_mixture("full", 3, 3, seed=13)
    level = float(mixture.log_density([[4.0, 0.0, -2.0]])[0])
    several = [density_distribution(mixture, n_rays=128, seed=s) for s in range(30)]
    spread = np.std([np.exp(d.log_probability(level)) for d in several])
    probability = np.exp(several[0].log_probability(level))
    stated = np.mean([d.relative_error(level) for d in several]) * probability
    assert 0.5 < spread / stated < 2.0


def test_an_infinite_cell_is_refused():
    with pytest.raises(InputError, match="infinity"):
        tail_probability(make_mixture("full", 2, 2), [[np.inf, 0.0]])


def test_noise_has_no_tail():
    with pytest.raises(ParameterError, match="Gaussians alone"):
        tail_probability(make_mixture("full", 2, 2, noise=0.1), [[0.0, 0.0]])


@pytest.mark.parametrize("d", [1, 2, 7])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_an_ellipsoid_holds_its_share_of_a_component(level, d):
    """40000 draws: five standard errors, a false alarm in 2e6."""
    mixture = make_mixture("full", 1, d, seed=14)
    inside = confidence_ellipsoids(mixture, level).contains(mixture.sample(40_000, seed=15))
    assert abs(inside.mean() - level) < 5 * np.sqrt(level * (1 - level) / 40_000)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_ellipsoid_is_a_ball_of_mahalanobis_distance(family):
    mixture = make_mixture(family, 3, 4, seed=16)
    rows = 2 * mixture.sample(300, seed=17)
    inside = confidence_ellipsoids(mixture, 0.8).contains(rows)
    for k, (mean, covariance) in enumerate(zip(mixture.means, mixture.covariances, strict=True)):
        deviations = rows - mean
        squares = (deviations * np.linalg.solve(covariance, deviations.T).T).sum(axis=1)
        np.testing.assert_array_equal(inside[:, k], squares <= stats.chi2.ppf(0.8, 4))


def test_directions_and_half_axes_rebuild_the_covariance():
    mixture = make_mixture("full", 2, 3, seed=18)
    found = confidence_ellipsoids(mixture, 0.9)
    scaled = found.directions * found.half_axes[:, :, None]
    rebuilt = scaled.transpose(0, 2, 1) @ scaled / stats.chi2.ppf(0.9, 3)
    np.testing.assert_allclose(rebuilt, mixture.covariances, rtol=1e-10, atol=1e-12)
    assert (np.diff(found.half_axes, axis=1) <= 0).all()


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_region_holds_its_share(share):
    """40000 draws and the region's own error: five standard errors, a false alarm in 2e6."""
    mixture = make_mixture("full", 3, 2, seed=19)
    region = highest_density_region(mixture, share)
    inside = region.contains(mixture.sample(40_000, seed=20)).mean()
    sampled = np.sqrt(share * (1 - share) / 40_000)
    assert abs(inside - share) < 5 * np.hypot(sampled, region.standard_error) + 1e-3


def test_the_region_of_one_gaussian_is_its_ellipsoid():
    mixture = make_mixture("full", 1, 3, seed=21)
    rows = 2 * mixture.sample(500, seed=22)
    region = highest_density_region(mixture, 0.7)
    assert region.standard_error == 0.0
    ellipsoid = confidence_ellipsoids(mixture, 0.7).contains(rows)[:, 0]
    np.testing.assert_array_equal(region.contains(rows), ellipsoid)


def test_a_region_of_nearly_everything_is_found():
    region = highest_density_region(NARROW_IN_WIDE, 1 - 1e-12)
    edges = [1.0 + side * stats.norm.isf(1e-12 / 2 / 0.2) * 3.0 for side in (-1, 1)]
    expected = NARROW_IN_WIDE.log_density(np.array(edges)[:, None])
    np.testing.assert_allclose(expected, region.log_density, atol=0.01)


@pytest.mark.parametrize("share", [0.0, 1.0, 95])
def test_a_region_of_all_or_nothing_is_refused(share):
    with pytest.raises(ParameterError, match="share"):
        highest_density_region(NARROW_IN_WIDE, share)
