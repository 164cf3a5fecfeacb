"""What must hold of adaptation, scores and normalization whatever the numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import make_mixture, stable

from gmmkit import Covariance, Mixture
from gmmkit.core.adapt import map_adapt, mean_offsets, mean_statistics
from gmmkit.core.em import e_step
from gmmkit.speaker.recognition import identification_threshold
from gmmkit.speaker.score_normalization import registry_t_norm
from gmmkit.speaker.scoring import ModelBank, judged, log_likelihood_ratios

EVERYTHING = ("means", "variances", "weights")
seeds = st.integers(0, 2**20)
relevances = st.floats(-6, 6).map(lambda power: 10.0**power)


@st.composite
def priors(draw, *, families=("full", "diag", "spherical")):
    """A prior, and rows that lie anywhere near or far."""
    seed, k, d = draw(seeds), draw(st.integers(1, 5)), draw(st.integers(1, 4))
    prior = make_mixture(draw(st.sampled_from(families)), k, d, seed=seed)
    random = np.random.default_rng(seed)
    n, scale = draw(st.sampled_from([1, 5, 60])), draw(st.sampled_from([0.1, 1.0, 10.0]))
    return prior, random.normal(size=d) + scale * random.standard_normal((n, d))


@stable
@given(priors(), relevances)
def test_adaptation_always_gives_a_mixture_between_the_prior_and_the_rows(case, relevance):
    prior, rows = case
    statistics = e_step(rows, prior)
    adapted = map_adapt(prior, statistics, parameters=EVERYTHING, relevance=relevance)
    low = np.minimum(prior.means, rows.min(axis=0))
    high = np.maximum(prior.means, rows.max(axis=0))
    slack = 1e-9 * (1 + np.abs(high - low))
    assert (adapted.means >= low - slack).all()
    assert (adapted.means <= high + slack).all()
    assert (np.linalg.eigvalsh(adapted.covariances) > 0).all()
    assert np.isclose(adapted.weights.sum(), 1.0)


@stable
@given(priors(), relevances)
def test_the_larger_the_relevance_the_less_the_means_move(case, relevance):
    prior, rows = case
    statistics = mean_statistics(rows, prior)
    near = np.abs(mean_offsets(statistics, relevance=2 * relevance))
    far = np.abs(mean_offsets(statistics, relevance=relevance))
    assert (near <= far * (1 + 1e-12)).all()


@stable
@given(priors(), st.integers(0, 60))
def test_statistics_of_two_parts_add_up_to_those_of_the_whole(case, cut):
    prior, rows = case
    cut = min(cut, len(rows))
    parts = [mean_statistics(part, prior) for part in (rows[:cut], rows[cut:]) if len(part)]
    whole = mean_statistics(rows, prior)
    total = parts[0] if len(parts) == 1 else parts[0] + parts[1]
    np.testing.assert_allclose(total.weight, whole.weight, rtol=1e-9, atol=1e-9)
    scale = 1 + np.abs(rows).sum()
    np.testing.assert_allclose(total.first, whole.first, atol=1e-10 * scale)


@stable
@given(priors(families=("diag", "spherical")), seeds, st.sampled_from([1, 2, 3, None]))
def test_ratios_are_differences_of_log_densities(case, seed, top):
    """Over all components; over the best few, never more than the missing mass is worth."""
    ubm, rows = case
    frames = rows.astype(np.float32)
    offset = np.random.default_rng(seed).normal(scale=0.3, size=ubm.means.shape)
    bank = ModelBank.of(ubm, [offset])
    speaker = Mixture(ubm.weights, ubm.means + offset, ubm.covariance)
    exact = (speaker.log_density(frames) - ubm.log_density(frames)).mean()
    found = log_likelihood_ratios(judged(frames, ubm, top=top), bank)[0]
    if top is None or top >= ubm.n_components:
        scale = 1 + np.abs(ubm.log_density(frames)).mean()
        assert abs(found - exact) < 1e-4 * scale
    assert np.isfinite(found)


@stable
@given(seeds, st.integers(1, 4), st.sampled_from([1e-3, 1.0, 1e4]))
def test_units_of_the_features_do_not_matter_to_ratios(seed, d, unit):
    ubm = make_mixture("diag", 3, d, seed=seed)
    random = np.random.default_rng(seed)
    frames = random.normal(size=(20, d)).astype(np.float32)
    offsets = [random.normal(scale=0.5, size=ubm.means.shape) for _ in range(2)]
    values = ubm.covariance.values * unit**2
    other = Mixture(ubm.weights, unit * ubm.means, Covariance("diag", values))
    found = log_likelihood_ratios(
        judged(np.float32(unit) * frames, other),
        ModelBank.of(other, [unit * offset for offset in offsets]),
    )
    expected = log_likelihood_ratios(judged(frames, ubm), ModelBank.of(ubm, offsets))
    np.testing.assert_allclose(found, expected, atol=1e-4)


tests_of_one = st.tuples(
    st.lists(st.floats(-5, 5), min_size=1, max_size=12),
    st.lists(st.floats(-5, 5), min_size=2, max_size=6).filter(lambda c: np.std(c) > 0.05),
)


@stable
@given(tests_of_one)
def test_the_best_scorer_stays_the_best_wherever_it_is_above_the_others(case):
    """Below their mean nobody fits, and no rank means anything."""
    scores, cohort = np.array(case[0]), np.array(case[1])
    found = registry_t_norm(scores, cohort)
    best = int(np.argmax(scores))
    if found[best] > 0:
        assert found[best] >= found.max() - 1e-9


@stable
@given(tests_of_one, seeds)
def test_the_order_of_the_people_does_not_matter_to_normalized_scores(case, seed):
    scores, cohort = np.array(case[0]), np.array(case[1])
    order = np.random.default_rng(seed).permutation(len(scores))
    found = registry_t_norm(scores[order], cohort)
    np.testing.assert_allclose(found, registry_t_norm(scores, cohort)[order], rtol=1e-6, atol=1e-9)


@stable
@given(tests_of_one, st.floats(-3, 3), st.floats(0.1, 10))
def test_normalized_scores_know_neither_an_offset_nor_units(case, offset, unit):
    scores, cohort = np.array(case[0]), np.array(case[1])
    found = registry_t_norm(unit * scores + offset, unit * cohort + offset)
    np.testing.assert_allclose(found, registry_t_norm(scores, cohort), rtol=1e-6, atol=1e-6)


@stable
@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_more_people_enrolled_never_lower_the_threshold(few, more):
    low, high = sorted((few, more))
    assert identification_threshold(low) <= identification_threshold(high)
