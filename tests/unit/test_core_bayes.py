"""Variational Bayes: beliefs are updated by equations that plain loops and exact sums confirm."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad, trapezoid
from scipy.special import digamma, gammaln
from scipy.stats import beta, gamma, multivariate_normal, norm, wishart
from strategies import FAMILIES, blobs, make_mixture

from gmmkit import Mixture
from gmmkit.core import families
from gmmkit.core.bayes import BayesPosterior, Dirichlet, NormalWishart, Sticks, fit_bayes
from gmmkit.core.bayes.concentrations import symmetric_concentration
from gmmkit.core.bayes.wishart import divergences, log_determinant_gap
from gmmkit.core.covariance import Covariance
from gmmkit.errors import DataWarning, FitWarning, InputError, ParameterError

# All but those of one column.
ALL_FAMILIES = sorted({families.family(name).name for name in families.family_names()} - {"E", "V"})
KINDS = ("dirichlet_process", "dirichlet_distribution")
ROWS = blobs(60, 2, 3, seed=1, separation=2.5)
# Two-sided five-sigma tests by sampling: each raises a false alarm once in 1.7 million seeds.
FIVE_SIGMA = 5.0


def fitted(family="full", kind=KINDS[0], k=4, rows=ROWS, **options):
    """A posterior result from few updates, so that nothing has settled."""
    options = {"seed": 0, "max_iter": 3} | options
    return fit_bayes(rows, k, covariance=family, weight_concentration_prior_type=kind, **options)


def log_multivariate_gamma(a, d):
    """log Gamma_D(a) by its product formula."""
    return d * (d - 1) / 4 * math.log(math.pi) + sum(gammaln(a - i / 2) for i in range(d))


def log_evidence(rows, prior):
    """log p(rows) of one Gaussian under a normal-Wishart prior: Murphy (2007), equation 266."""
    n, d = rows.shape
    kappa, nu = prior.mean_precision + n, prior.degrees_of_freedom + n
    mean = rows.mean(axis=0) if n else prior.mean
    offset, centered = mean - prior.mean, rows - mean
    scale = prior.scale + centered.T @ centered
    scale = scale + n * prior.mean_precision / kappa * np.outer(offset, offset)
    return (
        -n * d / 2 * math.log(math.pi)
        + log_multivariate_gamma(nu / 2, d)
        - log_multivariate_gamma(prior.degrees_of_freedom / 2, d)
        + prior.degrees_of_freedom / 2 * np.linalg.slogdet(prior.scale)[1]
        - nu / 2 * np.linalg.slogdet(scale)[1]
        + d / 2 * math.log(prior.mean_precision / kappa)
    )


def dense_precisions(posterior):
    """The expected precisions (K, D, D)."""
    return np.linalg.inv(posterior.mixture.covariances)


def log_rho_oracle(rows, posterior):
    """log rho_nk, row by row: Bishop's equations 10.46 and 10.64 to 10.66."""
    k, d = posterior.means.shape
    logs, precisions = posterior.concentration.log_weights, dense_precisions(posterior)
    rho = np.empty((len(rows), k))
    for j in range(k):
        nu, kappa = posterior.degrees_of_freedom[j], posterior.mean_precision[j]
        scale = precisions[j] / nu
        log_determinant = sum(digamma((nu - i) / 2) for i in range(d)) + d * math.log(2)
        log_determinant += np.linalg.slogdet(scale)[1]
        for n, row in enumerate(rows):
            offset = row - posterior.means[j]
            distance = d / kappa + nu * offset @ scale @ offset
            rho[n, j] = logs[j] + (log_determinant - d * math.log(2 * math.pi) - distance) / 2
    return rho


def responsibilities_oracle(rows, posterior):
    """Bishop's equation 10.49."""
    rho = np.exp(log_rho_oracle(rows, posterior))
    return rho / rho.sum(axis=1, keepdims=True)


def bound_oracle(rows, responsibilities, posterior, prior):
    """Equation 10.70 for given responsibilities: sum r (log rho - log r), less divergences."""
    r = np.maximum(responsibilities, 1e-300)
    of_rows = (r * (log_rho_oracle(rows, posterior) - np.log(r))).sum()
    beliefs = posterior.means, posterior.mean_precision, posterior.degrees_of_freedom
    components = divergences(prior.components, *beliefs, posterior.covariance).sum()
    return of_rows - components - posterior.concentration.divergence(prior.concentration)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_responsibilities_are_bishops_equations_row_by_row(family, kind):
    posterior = fitted(family, kind).posterior
    expected = responsibilities_oracle(ROWS, posterior)
    np.testing.assert_allclose(posterior.responsibilities(ROWS), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_expected_log_density_is_the_sum_over_components_of_rho(family, kind):
    posterior = fitted(family, kind).posterior
    expected = np.log(np.exp(log_rho_oracle(ROWS, posterior)).sum(axis=1))
    np.testing.assert_allclose(posterior.expected_log_density(ROWS), expected, rtol=1e-10)


def test_an_update_is_bishops_equations_for_full_covariances():
    given = {"mean_precision_prior": 0.4, "degrees_of_freedom_prior": 3.5, "mean_prior": [1.0, 5.0]}
    before = fitted("full", KINDS[1], **given)
    after = fitted("full", KINDS[1], start=before.posterior, max_iter=1, **given).posterior
    prior, r = before.prior.components, responsibilities_oracle(ROWS, before.posterior)
    for j, share in enumerate(r.T):
        n = share.sum()
        mean = share @ ROWS / n
        spread = sum(s * np.outer(x - mean, x - mean) for s, x in zip(share, ROWS, strict=True))
        kappa = prior.mean_precision + n
        offset = mean - prior.mean
        scale = prior.scale + spread + prior.mean_precision * n / kappa * np.outer(offset, offset)
        nu = prior.degrees_of_freedom + n
        np.testing.assert_allclose(after.mean_precision[j], kappa)
        np.testing.assert_allclose(
            after.means[j], (prior.mean * prior.mean_precision + n * mean) / kappa
        )
        np.testing.assert_allclose(after.degrees_of_freedom[j], nu)
        np.testing.assert_allclose(after.covariance.values[j], scale / nu, rtol=1e-9)
        np.testing.assert_allclose(after.concentration.concentration[j], 1 / 4 + n)


def test_sticks_are_updated_by_the_counts_of_their_own_and_of_later_components():
    before = fitted("full", KINDS[0])
    after = fitted("full", KINDS[0], start=before.posterior, max_iter=1).posterior.concentration
    counts = responsibilities_oracle(ROWS, before.posterior).sum(axis=0)
    for j in range(4):
        assert after.first[j] == pytest.approx(1 + counts[j])
        assert after.second[j] == pytest.approx(1 / 4 + sum(counts[j + 1 :]))


def variations(posterior, step):
    """Posteriors of the same form beside one: every belief in turn moved by a small step."""
    values, (k, d) = posterior.covariance.values, posterior.means.shape
    shared = not posterior.covariance.family.per_component
    for factor, j in itertools.product((1 - step, 1 + step), range(k)):
        one = np.where(np.arange(k) == j, factor, 1.0)
        yield replace(posterior, mean_precision=one * posterior.mean_precision)
        for offset in (factor - 1) * np.eye(d):
            yield replace(posterior, means=posterior.means + np.outer(one != 1, offset))
        together = np.full(k, factor) if shared else one
        yield replace(posterior, degrees_of_freedom=together * posterior.degrees_of_freedom)
        factors = factor if shared else one.reshape(-1, *[1] * (values.ndim - 1))
        covariance = Covariance(posterior.covariance.family, factors * values)
        yield replace(posterior, covariance=covariance)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_update_is_the_best_posterior_of_its_form(family):
    before = fitted(family)
    after = fitted(family, start=before.posterior, max_iter=1).posterior
    r = responsibilities_oracle(ROWS, before.posterior)
    best = bound_oracle(ROWS, r, after, before.prior)
    for step in (0.3, 0.01):
        for other in variations(after, step):
            assert bound_oracle(ROWS, r, other, before.prior) < best


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_lower_bound_is_the_whole_of_its_equation(family, kind):
    result = fitted(family, kind)
    r = responsibilities_oracle(ROWS, result.posterior)
    expected = bound_oracle(ROWS, r, result.posterior, result.prior)
    assert result.lower_bound == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_bound_of_one_component_is_the_log_evidence(d):
    rows = blobs(25, d, 2, seed=d)
    result = fit_bayes(rows, 1, weight_concentration_prior_type=KINDS[1])
    assert result.lower_bound == pytest.approx(
        log_evidence(rows, result.prior.components), rel=1e-12
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_in_one_column_every_family_reaches_the_log_evidence(family):
    rows = blobs(25, 1, 2, seed=4)
    result = fit_bayes(rows, 1, covariance=family, weight_concentration_prior_type=KINDS[1])
    prior = result.prior.components
    prior = replace(prior, scale=prior.scale.reshape(1, 1))
    assert result.lower_bound == pytest.approx(log_evidence(rows, prior), rel=1e-12)


def test_the_bound_of_one_stick_lacks_what_unseen_components_could_explain():
    rows = blobs(25, 2, 2, seed=4)
    result = fit_bayes(rows, 1, weight_concentration_prior=0.7)
    # E[v^N] for v ~ Beta(1, 0.7) is 1 Gamma(N + 1) Gamma(1.7) / Gamma(N + 1.7).
    share = gammaln(26) + gammaln(1.7) - gammaln(26.7)
    expected = log_evidence(rows, result.prior.components) + share
    assert result.lower_bound == pytest.approx(expected, rel=1e-12)


def test_the_bound_stays_below_the_sum_over_all_assignments():
    rows = np.array([[-3.0], [-2.5], [-2.7], [2.0], [2.9], [2.4], [3.1]])
    result = fit_bayes(rows, 2, weight_concentration_prior_type=KINDS[1], seed=0)
    prior, concentration = result.prior.components, result.prior.concentration.concentration
    terms = []
    for labels in itertools.product([0, 1], repeat=len(rows)):
        parts = [rows[np.array(labels) == j] for j in (0, 1)]
        counts = np.array([len(part) for part in parts])
        of_labels = gammaln(concentration.sum()) - gammaln(concentration.sum() + len(rows))
        of_labels += (gammaln(concentration + counts) - gammaln(concentration)).sum()
        terms.append(of_labels + sum(log_evidence(part, prior) for part in parts))
    evidence = np.logaddexp.reduce(terms)
    assert evidence - 2.0 < result.lower_bound < evidence


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", ALL_FAMILIES)
def test_the_bound_never_falls(family, kind):
    rows = blobs(80, 3, 3, seed=1, separation=1.5)
    result = fit_bayes(
        rows,
        6,
        covariance=family,
        weight_concentration_prior_type=kind,
        seed=1,
        start="random",
        max_iter=40,
    )
    assert min(info.gain for info in result.trace) > -1e-10 * abs(result.lower_bound)
    assert result.lower_bound == result.trace[-1].lower_bound


def test_the_expected_log_weights_of_a_dirichlet_are_those_of_samples():
    chosen = Dirichlet(np.array([0.5, 2.0, 7.0]))
    logs = np.log(np.random.default_rng(0).dirichlet(chosen.concentration, 100_000))
    error = logs.std(axis=0) / math.sqrt(len(logs))
    assert (abs(logs.mean(axis=0) - chosen.log_weights) < FIVE_SIGMA * error).all()


def stick_samples(chosen, n):
    """Log weights (n, K) broken off by beta-distributed shares."""
    shares = np.random.default_rng(1).beta(chosen.first, chosen.second, (n, len(chosen.first)))
    left = np.cumprod(1 - shares, axis=1)
    return shares * np.column_stack([np.ones(n), left[:, :-1]])


def test_expected_weights_and_log_weights_of_sticks_are_those_of_samples():
    chosen = Sticks(np.array([3.0, 2.0, 0.8]), np.array([4.0, 1.5, 0.6]))
    weights = stick_samples(chosen, 100_000)
    logs = np.log(weights)
    error = logs.std(axis=0) / math.sqrt(len(logs))
    assert (abs(logs.mean(axis=0) - chosen.log_weights) < FIVE_SIGMA * error).all()
    means = weights.mean(axis=0)
    np.testing.assert_allclose(means / means.sum(), chosen.weights, rtol=0.02)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Dirichlet(np.array([3.0, 0.6])), Dirichlet(np.array([1.0, 2.0]))),
        (Sticks(np.array([3.0]), np.array([0.6])), Sticks(np.array([1.0]), np.array([2.0]))),
    ],
)
def test_divergences_of_weights_are_integrals_over_the_first_one(one, other):
    # Two Dirichlet weights are one beta-distributed share, as one stick is.
    def log_density(share, of):
        shapes = of.concentration if isinstance(of, Dirichlet) else (of.first[0], of.second[0])
        return beta.logpdf(share, *shapes)

    def integrand(share):
        logs = log_density(share, one), log_density(share, other)
        return math.exp(logs[0]) * (logs[0] - logs[1])

    assert one.divergence(other) == pytest.approx(quad(integrand, 0, 1, limit=400)[0], abs=1e-6)


def test_divergences_of_components_are_averages_over_samples():
    d, n, random = 2, 20_000, np.random.default_rng(2)
    prior = NormalWishart(np.zeros(d), 0.5, 3.0, np.array([[2.0, 0.3], [0.3, 1.0]]))
    mean, kappa, nu = np.array([0.4, -0.7]), 6.0, 9.0
    covariance = np.array([[0.5, -0.2], [-0.2, 0.8]])
    scale = np.linalg.inv(covariance) / nu
    precisions = wishart.rvs(nu, scale, n, random_state=random)
    roots = np.linalg.cholesky(np.linalg.inv(precisions))
    standard = random.standard_normal((n, d))
    means = mean + np.einsum("nij,nj->ni", roots, standard) / math.sqrt(kappa)
    log_determinants = np.linalg.slogdet(precisions)[1]

    def log_normal(center, share):
        offset = means - center
        distance = np.einsum("ni,nij,nj->n", offset, precisions, offset)
        return 0.5 * (log_determinants + d * math.log(share / (2 * math.pi)) - share * distance)

    stacked = np.moveaxis(precisions, 0, -1)
    here = log_normal(mean, kappa) + wishart.logpdf(stacked, nu, scale)
    there = log_normal(prior.mean, 0.5) + wishart.logpdf(stacked, 3.0, np.linalg.inv(prior.scale))
    found = divergences(
        prior, mean[None], np.array([kappa]), np.array([nu]), Covariance("full", covariance[None])
    )
    error = (here - there).std() / math.sqrt(n)
    assert abs((here - there).mean() - found[0]) < FIVE_SIGMA * error


def test_the_expected_log_determinant_is_that_of_samples():
    nu, d, n = 4.5, 3, 20_000
    drawn = wishart.rvs(nu, np.eye(d) / nu, n, random_state=np.random.default_rng(3))
    logs = np.linalg.slogdet(drawn)[1]
    gap = log_determinant_gap(np.array([nu]), d)[0]
    assert abs(logs.mean() - gap) < FIVE_SIGMA * logs.std() / math.sqrt(n)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_belief_does_not_diverge_from_itself(family):
    result = fitted(family)
    prior, nu = result.prior.components, result.prior.components.degrees_of_freedom
    scale = prior.scale[0] * np.eye(2) if prior.scale.ndim == 1 else prior.scale
    values = result.posterior.covariance.family.from_dense(np.stack([scale / nu] * 4))
    found = divergences(
        replace(prior, scale=np.diagonal(scale) if prior.scale.ndim == 1 else scale),
        np.tile(prior.mean, (4, 1)),
        np.full(4, prior.mean_precision),
        np.full(4, nu),
        Covariance(family, values),
    )
    np.testing.assert_allclose(found, 0.0, atol=1e-12)


def test_effective_weights_never_sum_to_more_than_one():
    for family in FAMILIES:
        assert fitted(family).posterior.log_mass < 0


@pytest.mark.parametrize("d", [1, 3])
def test_the_predictive_density_is_a_ratio_of_evidences(d):
    rows, new = blobs(12, d, 2, seed=d), np.full((1, d), 0.7)
    result = fit_bayes(rows, 1, weight_concentration_prior_type=KINDS[1])
    prior = result.prior.components
    expected = log_evidence(np.vstack([rows, new]), prior) - log_evidence(rows, prior)
    assert result.posterior.predictive_log_density(new)[0] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("x", [-4.0, 0.3, 9.0])
def test_the_predictive_density_is_an_integral_over_precisions(x):
    posterior = fitted("full", rows=ROWS[:, :1], k=2).posterior
    density = 0.0
    for j, weight in enumerate(posterior.concentration.weights):
        nu, kappa = posterior.degrees_of_freedom[j], posterior.mean_precision[j]
        precision = gamma(nu / 2, scale=2 / (nu * posterior.covariance.values[j, 0, 0]))
        grid = precision.ppf(1e-12) + np.linspace(0, precision.ppf(1 - 1e-12), 20_001)
        deviations = np.sqrt((1 + 1 / kappa) / grid)
        integrand = norm.pdf(x, posterior.means[j, 0], deviations) * precision.pdf(grid)
        density += weight * trapezoid(integrand, grid)
    found = posterior.predictive_log_density([[x]])[0]
    assert found == pytest.approx(math.log(density), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_predictive_density_integrates_to_one(kind):
    posterior = fitted("diag", kind, rows=ROWS[:, :1], k=3).posterior
    grid = np.sinh(np.linspace(-14, 14, 40_001))
    density = np.exp(posterior.predictive_log_density(grid[:, None]))
    assert trapezoid(density, grid) == pytest.approx(1.0, abs=1e-5)


def test_the_expected_log_density_is_below_the_predictive_one():
    posterior = fitted().posterior
    below = posterior.expected_log_density(ROWS) < posterior.predictive_log_density(ROWS)
    assert below.all()


def test_superfluous_components_lose_their_rows():
    rows = blobs(300, 2, 3, seed=3, separation=12.0)
    result = fit_bayes(rows, 12, weight_concentration_prior=1e-2, seed=0, n_init=3)
    assert (result.mixture.weights > 0.01).sum() == 3


def test_a_component_without_rows_returns_to_the_prior():
    mixture = Mixture([0.5, 0.5], [[0.0, 0.0], [1e6, 1e6]], np.array([np.eye(2)] * 2))
    result = fitted("full", KINDS[1], k=2, start=mixture, max_iter=0)
    prior = result.prior.components
    np.testing.assert_allclose(result.posterior.means[1], prior.mean, rtol=1e-12)
    assert result.posterior.degrees_of_freedom[1] == prior.degrees_of_freedom
    np.testing.assert_allclose(
        result.posterior.covariance.values[1], prior.scale / prior.degrees_of_freedom
    )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("factor", "offset"), [(1.0, 1e8), (1e-5, 0.0), (1e5, -3e9)])
def test_units_and_origin_change_nothing_but_themselves(family, factor, offset):
    plain = fitted(family, max_iter=20)
    moved = fitted(family, rows=ROWS * factor + offset, max_iter=20)
    digits = 1e-12 + 1e-13 * abs(offset / factor)
    np.testing.assert_allclose(
        (moved.posterior.means - offset) / factor, plain.posterior.means, atol=1e3 * digits
    )
    np.testing.assert_allclose(moved.mixture.weights, plain.mixture.weights, atol=1e2 * digits)
    shift = -ROWS.size * math.log(factor)
    assert moved.lower_bound - shift == pytest.approx(plain.lower_bound, abs=1e3 * digits)


def mapped(mixture, matrix):
    """A mixture of rows after they were multiplied by a matrix."""
    covariances = matrix @ mixture.covariances @ matrix.T
    family = mixture.covariance.family
    values = family.from_dense((covariances + covariances.swapaxes(1, 2)) / 2)
    return Mixture(mixture.weights, mixture.means @ matrix.T, Covariance(family, values))


@pytest.mark.parametrize(
    ("family", "matrix"),
    [
        ("full", [[2.0, 0.5], [-3.0, 1.0]]),
        ("tied", [[2.0, 0.5], [-3.0, 1.0]]),
        ("diag", [[20.0, 0.0], [0.0, 0.3]]),
        ("spherical", [[0.6, -0.8], [0.8, 0.6]]),
    ],
)
def test_maps_inside_a_familys_symmetry_change_nothing_but_the_volume(family, matrix):
    start, matrix = make_mixture(family, 3, 2, seed=3), np.array(matrix)
    plain = fitted(family, k=3, start=start, max_iter=10)
    moved = fitted(family, k=3, rows=ROWS @ matrix.T, start=mapped(start, matrix), max_iter=10)
    np.testing.assert_allclose(moved.posterior.means, plain.posterior.means @ matrix.T, atol=1e-9)
    shift = len(ROWS) * math.log(abs(np.linalg.det(matrix)))
    assert moved.lower_bound + shift == pytest.approx(plain.lower_bound, rel=1e-9)


def test_a_given_prior_moves_with_the_data():
    given = {"mean_prior": np.array([1.0, -2.0]), "covariance_prior": [[2.0, 0.4], [0.4, 1.0]]}
    plain = fitted(max_iter=20, **given)
    moved_prior = {
        "mean_prior": given["mean_prior"] * 4 + 1000,
        "covariance_prior": 16 * np.array(given["covariance_prior"]),
    }
    moved = fitted(rows=ROWS * 4 + 1000, max_iter=20, **moved_prior)
    np.testing.assert_allclose((moved.posterior.means - 1000) / 4, plain.posterior.means, rtol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_are_frequencies(family):
    counts = np.random.default_rng(0).integers(0, 4, len(ROWS))
    repeated = np.repeat(ROWS, counts, axis=0)
    weighted = fitted(family, sample_weight=counts)
    alike = fitted(family, rows=repeated)
    assert weighted.lower_bound == pytest.approx(alike.lower_bound, rel=1e-10)
    np.testing.assert_allclose(weighted.posterior.means, alike.posterior.means, rtol=1e-8)


@pytest.mark.parametrize("total", [1.0, 0.5])
def test_frequencies_may_sum_to_little(total):
    shares = np.full(len(ROWS), total / len(ROWS))
    prior = fitted(sample_weight=shares).prior.components
    np.testing.assert_allclose(prior.scale, 2 * np.cov(ROWS.T, bias=True), rtol=1e-9)


def test_the_order_of_rows_changes_nothing():
    order = np.random.default_rng(0).permutation(len(ROWS))
    assert fitted(rows=ROWS[order]).lower_bound == pytest.approx(fitted().lower_bound, rel=1e-12)


def test_threads_do_not_change_a_bit():
    rows = blobs(60_000, 2, 3, seed=2)
    one, two = (fitted(rows=rows, n_threads=n, max_iter=2) for n in (1, 2))
    assert one.lower_bound == two.lower_bound
    assert one.posterior.means.tobytes() == two.posterior.means.tobytes()


def test_the_centered_route_leads_to_the_same_posterior():
    one, other = fitted(), fitted(precision="centered")
    assert {info.route for info in other.trace} == {"centered"}
    assert other.lower_bound == pytest.approx(one.lower_bound, rel=1e-11)


def test_single_precision_ends_in_a_bound_of_double_precision():
    rows = ROWS.astype(np.float32)
    single = fitted(rows=rows, precision="float32")
    assert {info.route for info in single.trace} == {"float32"}
    double = fitted(rows=rows, start=single.posterior, max_iter=0, precision="float64")
    assert single.lower_bound == pytest.approx(double.lower_bound, rel=1e-13)


TIGHT = np.repeat([[0.0], [1.0]], 30, axis=0) + 1e-4 * blobs(60, 1, 1, seed=5)


@pytest.mark.parametrize("kind", ["mixture", "posterior"])
def test_sums_too_coarse_for_what_they_lead_to_are_done_over(kind):
    wide = fit_bayes(TIGHT, 2, covariance_prior=0.3, seed=0, max_iter=0)
    options = {"covariance_prior": 1e-8, "mean_precision_prior": 1e-9, "max_iter": 1}
    start = getattr(wide, kind)
    coarse = fit_bayes(TIGHT, 2, start=start, precision="float32", **options)
    exact = fit_bayes(TIGHT, 2, start=start, precision="float64", **options)
    assert coarse.trace[0].route == "float64"
    assert coarse.lower_bound == exact.lower_bound


def test_missing_cells_and_labels_enter_the_bound_exactly():
    rows, labels = ROWS.copy(), np.full(len(ROWS), -1)
    rows[::4, 0], rows[1::4, 1] = np.nan, np.nan
    labels[:6] = [0, 1, 2, 0, 1, 2]
    result = fitted(k=3, rows=rows, missing="marginalize", labels=labels)
    posterior = result.posterior
    certainty = log_determinant_gap(posterior.degrees_of_freedom, 2) - 2 / posterior.mean_precision
    weights = np.exp(posterior.concentration.log_weights + certainty / 2)
    expected = -bound_oracle(ROWS[:0], np.empty((0, 3)), posterior, result.prior)
    for row, label in zip(rows, labels, strict=True):
        seen, allowed = ~np.isnan(row), range(3) if label < 0 else [label]
        densities = [
            multivariate_normal.pdf(
                row[seen], posterior.means[j, seen], posterior.mixture.covariances[j][seen][:, seen]
            )
            for j in allowed
        ]
        expected -= math.log(weights[allowed] @ densities)
    assert result.lower_bound == pytest.approx(-expected, rel=1e-11)


def test_the_bound_never_falls_where_cells_are_missing():
    rows = ROWS.copy()
    rows[np.random.default_rng(0).random(rows.shape) < 0.2] = np.nan
    result = fitted(rows=rows, missing="marginalize", max_iter=40)
    assert min(info.gain for info in result.trace) > -1e-10 * abs(result.lower_bound)


@pytest.mark.parametrize("given", ["labels", "start"])
def test_components_keep_the_numbers_that_labels_give_them(given):
    rows = blobs(90, 2, 3, seed=3, separation=12.0)
    named = fit_bayes(rows, 3, seed=0).posterior.responsibilities(rows).argmax(axis=1)
    # The largest component first is what a start of our own would have.
    numbers = np.argsort(np.argsort(np.bincount(named)))[named]
    known = (np.arange(90) % 10 == 0) | (given == "start")
    found = fit_bayes(rows, 3, seed=0, **{given: np.where(known, numbers, -1)}).posterior
    np.testing.assert_array_equal(found.responsibilities(rows).argmax(axis=1), numbers)


@pytest.mark.parametrize("name", ["E", "V"])
def test_families_of_one_column_need_one_column(name):
    assert fitted(name, rows=ROWS[:, :1]).posterior.means.shape == (4, 1)
    with pytest.raises(ParameterError):
        fitted(name)


def test_the_best_of_several_starts_is_returned():
    result = fitted(n_init=4, start="random", max_iter=40)
    assert len(result.start_lower_bounds) == 4
    assert result.lower_bound == max(result.start_lower_bounds)


def test_starts_are_sorted_by_size():
    result = fitted(max_iter=0)
    assert (np.diff(result.posterior.mean_precision) <= 1e-9).all()


def test_no_updates_return_the_start():
    result = fitted(max_iter=0)
    assert result.n_iter == 0
    assert not result.converged


def test_every_update_is_told():
    told = []
    result = fitted(on_iteration=lambda number, info: told.append((number, info)))
    assert told == list(enumerate(result.trace, 1))


def test_a_result_goes_on_where_it_ended():
    whole = fitted(max_iter=6)
    halves = fitted(start=fitted(max_iter=3), max_iter=3)
    assert halves.lower_bound == pytest.approx(whole.lower_bound, rel=1e-12)


def test_a_converged_result_needs_one_more_small_gain():
    done = fitted(max_iter=1000)
    again = fitted(start=done, max_iter=1000)
    assert done.converged
    assert again.converged
    assert again.n_iter == 1


def test_one_small_gain_is_not_enough_to_have_converged():
    done = fitted(max_iter=1000)
    once = fitted(start=done.posterior, max_iter=1)
    assert once.trace[0].gain < 1e-6 * len(ROWS)
    assert not once.converged


def test_a_posterior_without_its_result_needs_two_small_gains():
    done = fitted(max_iter=1000)
    assert fitted(start=done.posterior, max_iter=1000).n_iter == 2


@pytest.mark.parametrize(
    "other", [{"k": 3}, {"family": "diag"}, {"kind": KINDS[1]}, {"rows": ROWS[:, :1]}]
)
def test_a_posterior_that_does_not_match_is_refused(other):
    with pytest.raises(ParameterError, match="does not match"):
        fitted(start=fitted().posterior, **other)


def test_all_components_share_one_belief_of_a_tied_precision():
    posterior = fitted("tied").posterior
    assert posterior.covariance.values.shape == (2, 2)
    assert len(set(posterior.degrees_of_freedom)) == 1
    assert posterior.degrees_of_freedom[0] == pytest.approx(2 + len(ROWS) / 4)


def test_a_stronger_prior_mean_draws_means_to_it():
    weak, strong = (fitted(mean_precision_prior=number, max_iter=0) for number in (1e-3, 1e6))
    assert abs(strong.posterior.means - ROWS.mean(axis=0)).max() < 1e-3
    assert abs(weak.posterior.means - ROWS.mean(axis=0)).max() > 1


@pytest.mark.parametrize("family", FAMILIES)
def test_the_default_prior_is_the_moments_of_the_data(family):
    prior = fitted(family).prior
    covariance = np.cov(ROWS.T)
    variances = np.diagonal(covariance)
    expected = {
        "full": covariance,
        "tied": covariance,
        "diag": variances,
        "spherical": np.full(2, variances.mean()),
    }
    np.testing.assert_allclose(prior.components.scale, expected[family], rtol=1e-12)
    np.testing.assert_allclose(prior.components.mean, ROWS.mean(axis=0), rtol=1e-12)
    assert prior.components.degrees_of_freedom == 2
    assert prior.components.mean_precision == 1
    assert prior.concentration.prior_number == 1 / 4


@pytest.mark.parametrize("given", [3.0, [3.0, 3.0], [[3.0, 0.0], [0.0, 3.0]]])
def test_a_covariance_prior_may_be_a_number_variances_or_a_matrix(given):
    scale = fitted(covariance_prior=given).prior.components.scale
    np.testing.assert_allclose(scale, 3 * np.eye(2))


def test_a_constant_column_is_told_of():
    rows = np.column_stack([ROWS, np.full(len(ROWS), 7.0)])
    with pytest.warns(DataWarning, match=r"columns \[2\] are constant"):
        result = fitted(rows=rows)
    assert np.isfinite(result.lower_bound)
    assert "constant" in result.notes[0]
    assert result.prior.components.scale[2, 2] == pytest.approx(1e-6, rel=1e-2)


def test_a_constant_column_is_no_trouble_under_a_given_prior():
    rows = np.column_stack([ROWS, np.full(len(ROWS), 7.0)])
    result = fitted(rows=rows, covariance_prior=1.0)
    assert result.notes == ()
    assert min(info.gain for info in result.trace) > 0


def test_all_rows_equal_give_a_finite_posterior():
    with pytest.warns(DataWarning), pytest.warns(FitWarning, match="only 1 distinct"):
        result = fitted(rows=np.full((9, 2), 3.0), k=2)
    np.testing.assert_allclose(result.posterior.means, 3.0)


@pytest.mark.parametrize("family", ["full", "diag"])
def test_a_ridge_is_added_to_every_rows_squares(family):
    start = fitted(family).posterior
    plain, ridged = (fitted(family, start=start, max_iter=1, reg_covar=r) for r in (None, 0.5))
    counts = plain.posterior.mean_precision - 1
    added = (0.5 * counts / plain.posterior.degrees_of_freedom)[:, None, None] * np.eye(2)
    found = ridged.mixture.covariances - plain.mixture.covariances
    np.testing.assert_allclose(found, added, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"weight_concentration_prior": 0.0}, "weight_concentration_prior is not usable"),
        ({"weight_concentration_prior": [1.0, 2.0]}, "weight_concentration_prior"),
        ({"mean_precision_prior": -1.0}, "mean_precision_prior"),
        ({"mean_precision_prior": "one"}, "mean_precision_prior"),
        ({"mean_prior": [1.0]}, "mean_prior has the wrong shape"),
        ({"mean_prior": [np.nan, 0.0]}, "mean_prior"),
        ({"degrees_of_freedom_prior": 1.0}, "greater than 1: found 1.000"),
        ({"covariance_prior": np.ones(3)}, "covariance_prior has the wrong shape"),
        ({"covariance_prior": [1.0, 0.0]}, "no covariance"),
        ({"covariance_prior": [[1.0, 2.0], [2.0, 1.0]]}, "smallest eigenvalue"),
        ({"covariance_prior": [[1.0, 0.5], [0.0, 1.0]]}, "asymmetric"),
        ({"family": "diag", "covariance_prior": np.eye(2)}, "wrong shape for diag"),
        ({"kind": "chinese_restaurant"}, "weight_concentration_prior_type is not usable"),
        ({"tol": -1.0}, "tol"),
        ({"max_iter": -1}, "max_iter"),
        ({"n_init": 0}, "n_init"),
        ({"k": 0}, "n_components"),
        ({"reg_covar": -1.0}, "reg_covar"),
        ({"precision": "half"}, "precision"),
        ({"start": "best"}, "start"),
        ({"seed": "today"}, "seed"),
        ({"start": make_mixture(k=3)}, "starting mixture"),
    ],
)
def test_arguments_that_cannot_be_are_refused_by_name(bad, message):
    with pytest.raises(ParameterError, match=message):
        fitted(**bad)


@pytest.mark.parametrize("rows", [np.zeros((0, 2)), [[np.nan, 1.0]], np.ones(3), ROWS[:3]])
def test_rows_that_cannot_be_fitted_are_refused(rows):
    with pytest.raises(InputError):
        fitted(rows=rows)


def test_both_kinds_of_prior_keep_their_number():
    for kind in KINDS:
        assert symmetric_concentration(kind, 0.3, 4).prior_number == 0.3


def test_a_posterior_of_the_data_survives_working_units():
    result = fitted()
    posterior = result.posterior
    assert isinstance(posterior, BayesPosterior)
    again = fitted(start=posterior, max_iter=0).posterior
    np.testing.assert_allclose(again.means, posterior.means, rtol=1e-14)
    np.testing.assert_allclose(again.covariance.values, posterior.covariance.values, rtol=1e-14)


def test_beliefs_cannot_be_changed():
    posterior = fitted().posterior
    for array in (posterior.means, posterior.mean_precision, posterior.concentration.first):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0
