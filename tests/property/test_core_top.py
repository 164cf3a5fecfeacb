"""What must hold of the likeliest components, whatever the mixture and the rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import log_joint_oracle, log_sum_exp, make_mixture, mixtures, stable

from gmmkit import Mixture
from gmmkit.core.engine.leading import largest, leading
from gmmkit.core.engine.scoring import Scorer


@st.composite
def questions(draw):
    """A mixture with or without noise, rows near and far, and how many components to take."""
    k, seed = draw(st.integers(1, 7)), draw(st.integers(0, 2**20))
    family = draw(st.sampled_from(["full", "tied", "diag", "spherical"]))
    noise = draw(st.sampled_from([None, 0.2]))
    mixture = make_mixture(family, k, draw(st.integers(1, 4)), seed=seed, noise=noise)
    rows = np.random.default_rng(seed).normal(scale=4.0, size=(20, mixture.n_features))
    return mixture, rows, draw(st.integers(1, 8))


@st.composite
def scores(draw):
    """Scores (K, n) many of which are equal, and how many to take."""
    k, n = draw(st.integers(1, 90)), draw(st.integers(1, 6))
    values = draw(st.sampled_from([2, 5, 1000]))
    array = np.random.default_rng(draw(st.integers(0, 2**20))).integers(0, values, (k, n))
    return array.astype(np.float64), draw(st.integers(1, k))


@stable
@given(scores(), st.booleans())
def test_the_largest_scores_are_the_first_of_a_sorted_list(case, compiled):
    array, count = case
    places, values = largest(array, count, compiled=compiled)
    for t, column in enumerate(array.T.tolist()):
        expected = sorted(range(len(column)), key=lambda k: (-column[k], k))[:count]
        assert places[t].tolist() == expected
        assert values[t].tolist() == [column[k] for k in expected]


@stable
@given(questions(), st.sampled_from(["few", "products", "compiled"]))
def test_the_likeliest_components_are_those_of_a_slow_loop(case, way):
    mixture, rows, count = case
    if way == "few":
        found = mixture.top_components(rows, count)
        components, log_joint = found.components, found.log_joint
    else:
        count = min(count, mixture.n_components)
        scorer = Scorer.of(mixture)
        components, log_joint = leading(scorer, rows, count, compiled=way == "compiled")
    exact = log_joint_oracle(rows, mixture)
    ordered = -np.sort(-exact, axis=1)[:, :count]
    np.testing.assert_allclose(log_joint, ordered, rtol=1e-9, atol=1e-9)
    chosen = np.take_along_axis(exact, components, axis=1)
    np.testing.assert_allclose(chosen, ordered, rtol=1e-9, atol=1e-9)
    assert all(len(set(row)) == len(row) for row in components.tolist())


@stable
@given(questions())
def test_the_density_over_some_components_is_below_that_over_more(case):
    mixture, rows, _ = case
    exact, before = mixture.log_density(rows), np.full(len(rows), -np.inf)
    for taken in range(1, mixture.n_components + 1):
        density = mixture.top_components(rows, taken).log_density
        assert (before <= density + 1e-12 * np.abs(density)).all()
        before = density
    np.testing.assert_allclose(before, exact, rtol=1e-12)


@stable
@given(questions())
def test_shares_are_those_of_the_components_that_were_taken(case):
    mixture, rows, count = case
    found = mixture.top_components(rows, count)
    shares = np.take_along_axis(mixture.responsibilities(rows), found.components, axis=1)
    outside = np.exp(found.log_density - mixture.log_density(rows))
    np.testing.assert_allclose(found.responsibilities * outside[:, None], shares, atol=1e-12)
    if mixture.noise is None:
        np.testing.assert_allclose(found.responsibilities.sum(axis=1), 1.0, rtol=1e-12)


@stable
@given(questions(), st.integers(0, 2**20))
def test_another_mixture_is_scored_on_the_same_components_as_a_slow_loop_does(case, seed):
    mixture, rows, count = case
    moves = np.random.default_rng(seed).normal(size=mixture.means.shape)
    other = Mixture(
        mixture.weights[::-1].copy(), mixture.means + moves, mixture.covariance, mixture.noise
    )
    found = mixture.top_components(rows, count)
    exact = log_joint_oracle(rows, other)
    noise = [] if other.noise is None else [other.noise.log_joint]
    for n, components in enumerate(found.components):
        expected = log_sum_exp([*exact[n, components], *noise])
        np.testing.assert_allclose(found.log_density_under(other)[n], expected, rtol=1e-9)


@stable
@given(mixtures(), st.integers(1, 4))
def test_over_all_components_another_mixture_has_its_whole_density(other, seed):
    first = make_mixture("full", *other.means.shape, seed=seed)
    rows = np.random.default_rng(seed).normal(scale=3.0, size=(15, other.n_features))
    found = first.top_components(rows, first.n_components)
    np.testing.assert_allclose(found.log_density_under(other), other.log_density(rows), rtol=1e-9)
