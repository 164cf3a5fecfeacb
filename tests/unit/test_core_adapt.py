"""MAP adaptation against equations 7 to 14 of Reynolds, Quatieri and Dunn (2000)."""

import numpy as np
import pytest
from parsimonious import FOURTEEN, in_layout, random_member
from strategies import make_mixture, posterior_oracle

from gmmkit import Covariance, Mixture, Noise
from gmmkit.core.adapt import RELEVANCE, map_adapt, mean_offsets, mean_statistics
from gmmkit.core.em import e_step
from gmmkit.core.families import family
from gmmkit.errors import InputError, ParameterError

EVERYTHING = ("means", "variances", "weights")
ADAPTABLE = ("full", "diag", "spherical")


def prior_and_rows(family="diag", k=3, d=2, *, n=40, seed=0):
    """A prior, and rows that lie otherwise than it expects."""
    rows = 0.5 + 1.5 * np.random.default_rng(seed).standard_normal((n, d))
    return make_mixture(family, k, d, seed=seed, spread=1.5), rows


def moments_oracle(rows, prior):
    """Equations 7 to 10: counts, E(x) and E(x xᵀ), row by row and without any origin."""
    responsibilities, _ = posterior_oracle(rows, prior)
    k, d = prior.means.shape
    counts, first, second = np.zeros(k), np.zeros((k, d)), np.zeros((k, d, d))
    for row, shares in zip(rows, responsibilities, strict=True):
        for j, share in enumerate(shares):
            counts[j] += share
            first[j] += share * row
            second[j] += share * np.outer(row, row)
    return counts, first / counts[:, None], second / counts[:, None, None]


def map_oracle(rows, prior, relevance):
    """Equations 11 to 14 on raw moments, all covariances (K, D, D)."""
    counts, mean, square = moments_oracle(rows, prior)
    weights, means, covariances = np.empty(len(counts)), np.empty_like(mean), np.empty_like(square)
    for k, count in enumerate(counts):
        alpha, old = count / (count + relevance), prior.means[k]
        weights[k] = alpha * count / len(rows) + (1 - alpha) * prior.weights[k]
        means[k] = alpha * mean[k] + (1 - alpha) * old
        before = prior.covariances[k] + np.outer(old, old)
        covariances[k] = alpha * square[k] + (1 - alpha) * before - np.outer(means[k], means[k])
    return weights / weights.sum(), means, covariances


def within_family(covariances, family):
    """What a family keeps of (K, D, D) covariances."""
    if family == "full":
        return covariances
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    if family == "spherical":
        variances = np.repeat(variances.mean(axis=1)[:, None], variances.shape[1], axis=1)
    return np.array([np.diag(row) for row in variances])


@pytest.mark.parametrize("family", ADAPTABLE)
@pytest.mark.parametrize("relevance", [0.5, 16.0])
def test_everything_adapts_as_the_paper_says(family, relevance):
    prior, rows = prior_and_rows(family)
    adapted = map_adapt(prior, e_step(rows, prior), parameters=EVERYTHING, relevance=relevance)
    weights, means, covariances = map_oracle(rows, prior, relevance)
    np.testing.assert_allclose(adapted.weights, weights, rtol=1e-12)
    np.testing.assert_allclose(adapted.means, means, rtol=1e-12, atol=1e-12)
    expected = within_family(covariances, family)
    np.testing.assert_allclose(adapted.covariances, expected, rtol=1e-10, atol=1e-12)


def test_five_rows_adapt_to_the_fractions_that_hand_calculation_gives():
    """Two rows belong to the first component and three to the second, all but e^-50 of them."""
    prior = Mixture([0.5, 0.5], [[2.0] * 3, [8.0] * 3], Covariance("diag", np.ones((2, 3))))
    rows = [[1, 2, 2], [2, 1, 2], [7, 8, 9], [7, 7, 8], [7, 9, 7]]
    statistics = e_step(np.array(rows, float), prior)
    adapted = map_adapt(prior, statistics, parameters=EVERYTHING, relevance=4.0)
    expected = [[29 / 36, 29 / 36, 2 / 3], [40 / 49, 6 / 7, 6 / 7]]
    np.testing.assert_allclose(adapted.covariance.values, expected, rtol=1e-12)


@pytest.mark.parametrize("parameter", EVERYTHING)
def test_what_is_not_asked_for_stays_as_it_was(parameter):
    prior, rows = prior_and_rows("full")
    adapted = map_adapt(prior, e_step(rows, prior), parameters=(parameter,))
    after = {
        "means": adapted.means,
        "variances": adapted.covariances,
        "weights": adapted.weights,
    }
    before = {"means": prior.means, "variances": prior.covariances, "weights": prior.weights}
    same = {name: np.allclose(after[name], before[name], rtol=1e-13) for name in EVERYTHING}
    assert same == {name: name != parameter for name in EVERYTHING}


def test_means_alone_are_adapted_by_default_with_a_relevance_of_16():
    prior, rows = prior_and_rows()
    adapted = map_adapt(prior, e_step(rows, prior))
    np.testing.assert_allclose(adapted.means, map_oracle(rows, prior, 16.0)[1], rtol=1e-12)
    np.testing.assert_array_equal(adapted.weights, prior.weights)
    np.testing.assert_allclose(adapted.covariances, prior.covariances, rtol=1e-15)


def test_variances_of_means_that_stay_are_about_the_old_means():
    prior, rows = prior_and_rows("diag")
    adapted = map_adapt(prior, e_step(rows, prior), parameters=("variances",), relevance=8.0)
    counts, mean, square = moments_oracle(rows, prior)
    alpha = (counts / (counts + 8.0))[:, None]
    squares = np.diagonal(square, axis1=1, axis2=2) - 2 * mean * prior.means + prior.means**2
    expected = alpha * squares + (1 - alpha) * prior.covariance.values
    np.testing.assert_allclose(adapted.covariance.values, expected, rtol=1e-11)


@pytest.mark.parametrize("family", ADAPTABLE)
def test_each_parameter_may_have_a_relevance_of_its_own(family):
    """Variances are the expected squares about the new mean, so that they stay positive."""
    prior, rows = prior_and_rows(family)
    relevance = {"means": 2.0, "weights": 5.0, "variances": 30.0}
    statistics = e_step(rows, prior)
    adapted = map_adapt(prior, statistics, parameters=EVERYTHING, relevance=relevance)
    np.testing.assert_allclose(adapted.means, map_oracle(rows, prior, 2.0)[1], rtol=1e-12)
    np.testing.assert_allclose(adapted.weights, map_oracle(rows, prior, 5.0)[0], rtol=1e-12)
    counts, mean, square = moments_oracle(rows, prior)
    about_new = np.empty_like(square)
    for k, (count, new) in enumerate(zip(counts, adapted.means, strict=True)):
        alpha, moved = count / (count + 30.0), prior.means[k] - new
        seen = square[k] - np.outer(mean[k], new) - np.outer(new, mean[k]) + np.outer(new, new)
        believed = prior.covariances[k] + np.outer(moved, moved)
        about_new[k] = alpha * seen + (1 - alpha) * believed
    expected = within_family(about_new, family)
    np.testing.assert_allclose(adapted.covariances, expected, rtol=1e-10, atol=1e-12)


def test_a_relevance_left_out_of_a_mapping_is_the_default():
    prior, rows = prior_and_rows()
    statistics = e_step(rows, prior)
    both = ("means", "weights")
    adapted = map_adapt(prior, statistics, parameters=both, relevance={"weights": 1.0})
    np.testing.assert_allclose(adapted.means, map_oracle(rows, prior, RELEVANCE)[1], rtol=1e-12)
    np.testing.assert_allclose(adapted.weights, map_oracle(rows, prior, 1.0)[0], rtol=1e-12)


@pytest.mark.parametrize("family", ADAPTABLE)
def test_a_tiny_relevance_gives_maximum_likelihood(family):
    prior, rows = prior_and_rows(family)
    statistics = e_step(rows, prior)
    adapted = map_adapt(prior, statistics, parameters=EVERYTHING, relevance=1e-12)
    counts, mean, square = moments_oracle(rows, prior)
    outer = mean[:, :, None] * mean[:, None, :]
    np.testing.assert_allclose(adapted.weights, counts / len(rows), rtol=1e-9)
    np.testing.assert_allclose(adapted.means, mean, rtol=1e-9)
    expected = within_family(square - outer, family)
    np.testing.assert_allclose(adapted.covariances, expected, rtol=1e-9, atol=1e-9)


def test_a_huge_relevance_gives_the_prior():
    prior, rows = prior_and_rows("full")
    statistics = e_step(rows, prior)
    adapted = map_adapt(prior, statistics, parameters=EVERYTHING, relevance=1e12)
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(getattr(adapted, name), getattr(prior, name), rtol=1e-8)


def test_a_component_that_saw_nothing_stays_where_and_as_wide_as_it_was():
    prior = Mixture([0.5, 0.5], [[0.0], [1e3]], Covariance("diag", [[1.0], [4.0]]))
    statistics = e_step(np.array([[0.5], [1.0]]), prior)
    adapted = map_adapt(prior, statistics, parameters=("means", "variances"))
    assert adapted.means[1] == 1e3
    assert adapted.covariance.values[1] == 4.0
    assert adapted.means[0] > 0.0


def test_statistics_of_no_rows_leave_everything_as_it_was():
    prior, rows = prior_and_rows("full")
    adapted = map_adapt(prior, e_step(rows, prior).zero(), parameters=EVERYTHING)
    np.testing.assert_allclose(adapted.means, prior.means, rtol=1e-13)
    np.testing.assert_allclose(adapted.weights, prior.weights, rtol=1e-13)
    np.testing.assert_allclose(adapted.covariances, prior.covariances, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("family", ADAPTABLE)
def test_adapting_to_sums_is_adapting_to_all_the_rows(family):
    prior, rows = prior_and_rows(family)
    parts = e_step(rows[:7], prior) + e_step(rows[7:], prior)
    sums = map_adapt(prior, parts, parameters=EVERYTHING)
    whole = map_adapt(prior, e_step(rows, prior), parameters=EVERYTHING)
    np.testing.assert_allclose(sums.means, whole.means, rtol=1e-12)
    np.testing.assert_allclose(sums.weights, whole.weights, rtol=1e-12)
    np.testing.assert_allclose(sums.covariances, whole.covariances, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("family", ADAPTABLE)
@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e5])
def test_neither_origin_nor_units_of_the_rows_matter(family, scale):
    prior, rows = prior_and_rows(family)
    plain = map_adapt(prior, e_step(rows, prior), parameters=EVERYTHING)
    offset = 1e8 * scale
    values = prior.covariance.values * scale**2
    moved = Mixture(prior.weights, scale * prior.means + offset, Covariance(family, values))
    adapted = map_adapt(moved, e_step(scale * rows + offset, moved), parameters=EVERYTHING)
    np.testing.assert_allclose(adapted.weights, plain.weights, rtol=1e-6)
    np.testing.assert_allclose((adapted.means - offset) / scale, plain.means, atol=1e-6)
    np.testing.assert_allclose(adapted.covariances / scale**2, plain.covariances, atol=1e-6)


def test_mean_statistics_are_counts_and_sums_about_the_prior_means_in_the_units_of_the_data():
    prior, rows = prior_and_rows("diag")
    statistics = mean_statistics(1e4 * rows, scaled := scaled_by(prior, 1e4))
    counts, mean, _ = moments_oracle(rows, prior)
    np.testing.assert_allclose(statistics.weight, counts, rtol=1e-12)
    expected = 1e4 * counts[:, None] * (mean - prior.means)
    np.testing.assert_allclose(statistics.first, expected, rtol=1e-10)
    np.testing.assert_array_equal(statistics.origin, scaled.means)


def scaled_by(mixture, factor):
    """A diagonal mixture in other units."""
    values = mixture.covariance.values * factor**2
    return Mixture(mixture.weights, factor * mixture.means, Covariance("diag", values))


def test_mean_statistics_adapt_means_and_weights_as_full_statistics_do():
    prior, rows = prior_and_rows("diag")
    both = ("means", "weights")
    short = map_adapt(prior, mean_statistics(rows, prior), parameters=both)
    long = map_adapt(prior, e_step(rows, prior), parameters=both)
    np.testing.assert_allclose(short.means, long.means, rtol=1e-12)
    np.testing.assert_allclose(short.weights, long.weights, rtol=1e-12)


def test_mean_offsets_are_the_way_that_adaptation_moves_the_means():
    prior, rows = prior_and_rows("diag")
    offsets = mean_offsets(mean_statistics(rows, prior), relevance=3.0)
    adapted = map_adapt(prior, e_step(rows, prior), relevance=3.0)
    np.testing.assert_allclose(offsets, adapted.means - prior.means, rtol=1e-10)


def test_mean_statistics_of_an_offset_of_1e8_lose_nothing_but_rounding():
    prior, rows = prior_and_rows("diag")
    moved = Mixture(prior.weights, prior.means + 1e8, prior.covariance)
    far = mean_statistics(rows + 1e8, moved)
    near = mean_statistics(rows, prior)
    np.testing.assert_allclose(far.weight, near.weight, rtol=1e-6)
    np.testing.assert_allclose(far.first, near.first, atol=1e-5)


def parsimonious_prior(name, seed=0):
    """A prior of one of the fourteen families, and rows that lie otherwise than it expects."""
    random = np.random.default_rng(seed)
    covariance = Covariance(name, family(name).from_dense(random_member(name, 3, 2, random)))
    prior = Mixture([0.2, 0.3, 0.5], 1.5 * random.standard_normal((3, 2)), covariance)
    return prior, 0.5 + 1.5 * random.standard_normal((40, 2))


@pytest.mark.parametrize("name", FOURTEEN)
def test_variances_of_every_family_are_its_estimate_from_rows_and_prior_rows(name):
    """Equation 13 gives the scatter of n + r rows a component; the family makes the best of it."""
    (prior, rows), kind = parsimonious_prior(name), family(name)
    adapted = map_adapt(prior, e_step(rows, prior), parameters=EVERYTHING, relevance=6.0)
    _, means, covariances = map_oracle(rows, prior, 6.0)
    total = moments_oracle(rows, prior)[0] + 6.0
    sums = in_layout(total[:, None, None] * covariances, kind)
    expected = kind.estimate(sums, total, prior.covariance.values)
    np.testing.assert_allclose(adapted.means, means, rtol=1e-10)
    np.testing.assert_allclose(adapted.covariance.values, expected, rtol=1e-6, atol=1e-6)


def test_one_covariance_for_all_adapts_to_the_mean_of_what_each_would():
    prior, rows = prior_and_rows("tied")
    adapted = map_adapt(prior, e_step(rows, prior), parameters=EVERYTHING, relevance=6.0)
    total = moments_oracle(rows, prior)[0] + 6.0
    expected = np.average(map_oracle(rows, prior, 6.0)[2], axis=0, weights=total)
    np.testing.assert_allclose(adapted.covariance.values, expected, rtol=1e-10)


@pytest.mark.parametrize("name", FOURTEEN)
def test_variances_of_every_family_stay_where_nothing_was_seen(name):
    prior, rows = parsimonious_prior(name)
    adapted = map_adapt(prior, e_step(rows, prior).zero(), parameters=EVERYTHING)
    np.testing.assert_allclose(adapted.covariances, prior.covariances, rtol=1e-5, atol=1e-6)


def test_means_and_weights_of_a_shared_covariance_can_be_adapted():
    prior, rows = prior_and_rows("tied")
    adapted = map_adapt(prior, e_step(rows, prior), parameters=("means", "weights"))
    weights, means, _ = map_oracle(rows, prior, RELEVANCE)
    np.testing.assert_allclose(adapted.means, means, rtol=1e-12)
    np.testing.assert_allclose(adapted.weights, weights, rtol=1e-12)


@pytest.mark.parametrize("parameters", [("covariances",), ("means", "mean"), "means"])
def test_names_that_are_no_parameters_are_refused(parameters):
    prior, rows = prior_and_rows()
    with pytest.raises(ParameterError, match="not understood"):
        map_adapt(prior, e_step(rows, prior), parameters=parameters)


@pytest.mark.parametrize("relevance", [0.0, -1.0, np.nan, np.inf])
def test_a_relevance_factor_out_of_range_is_refused_wherever_one_is_given(relevance):
    prior, rows = prior_and_rows()
    statistics = e_step(rows, prior)
    for given in (relevance, {"weights": relevance}):
        with pytest.raises(ParameterError, match="relevance factor"):
            map_adapt(prior, statistics, relevance=given)
    with pytest.raises(ParameterError, match="relevance factor"):
        mean_offsets(mean_statistics(rows, prior), relevance=relevance)


def test_a_relevance_factor_of_an_unknown_parameter_is_refused():
    prior, rows = prior_and_rows()
    with pytest.raises(ParameterError, match="variance'"):
        map_adapt(prior, e_step(rows, prior), relevance={"variance": 16.0})


def test_statistics_without_second_moments_cannot_adapt_variances():
    prior, rows = prior_and_rows()
    with pytest.raises(InputError, match="no second moments"):
        map_adapt(prior, mean_statistics(rows, prior), parameters=("variances",))


def test_second_moments_of_another_kind_cannot_adapt_variances():
    prior, rows = prior_and_rows("diag")
    full = Mixture(prior.weights, prior.means, prior.covariances)
    with pytest.raises(InputError, match="cannot adapt variances"):
        map_adapt(prior, e_step(rows, full), parameters=("variances",))


def test_statistics_of_another_prior_are_refused():
    prior, _ = prior_and_rows(k=3)
    other, rows = prior_and_rows(k=2)
    with pytest.raises(InputError, match="do not belong"):
        map_adapt(prior, e_step(rows, other))


def test_a_prior_with_noise_is_refused():
    prior, rows = prior_and_rows("diag", k=1)
    noisy = Mixture([0.9], prior.means, prior.covariance, Noise(0.1, -3.0))
    with pytest.raises(InputError, match="without noise"):
        map_adapt(noisy, e_step(rows, prior))
