"""Covariance families: estimates, floors and ridges against closed forms and random competitors."""

import copy
import pickle

import numpy as np
import pytest
from strategies import FAMILIES, make_covariance, make_mixture, positive_definite

from gmmkit import Covariance
from gmmkit.core.families import Moments, Symmetry, family, family_names
from gmmkit.errors import ParameterError

K, D = 3, 4
COUNTS = np.array([20.0, 35.0, 50.0])


def scatters(seed=0):
    """Sums of squares (K, D, D) of three components with `COUNTS` rows."""
    random = np.random.default_rng(seed)
    return np.stack([n * positive_definite(random, D, condition=50) for n in COUNTS])


def in_layout(scatter, kind):
    """Sums of squares as a family's pass gathers them."""
    if kind.moments is Moments.DIAGONAL:
        return np.diagonal(scatter, axis1=1, axis2=2)
    return scatter.sum(axis=0) if kind.moments is Moments.POOLED else scatter


def expected_log_likelihood(covariances, scatter):
    """sum over k of -1/2 (n_k log|Sigma_k| + trace(Sigma_k^-1 S_k)): what an M-step maximizes."""
    return -0.5 * sum(
        n * np.linalg.slogdet(sigma)[1] + np.trace(np.linalg.solve(sigma, s))
        for n, sigma, s in zip(COUNTS, covariances, scatter, strict=True)
    )


def nearby(name, values, random, step):
    """Other values of the same family, a step away."""
    kind = family(name)
    if kind.axis_aligned:
        return values * np.exp(step * random.standard_normal(values.shape))
    move = np.eye(D) + step * random.standard_normal((*values.shape[:-2], D, D))
    return move @ values @ move.swapaxes(-1, -2)


def feasible(values, name, floor):
    """Whether no covariance falls below the floor in any direction."""
    excess = family(name).dense(values, K, D) - floor
    return np.linalg.eigvalsh(excess).min() >= 0


@pytest.mark.parametrize("name", FAMILIES)
def test_no_nearby_covariance_explains_the_scatter_better_than_the_estimate(name):
    kind, scatter, random = family(name), scatters(), np.random.default_rng(1)
    values = kind.estimate(in_layout(scatter, kind), COUNTS)
    best = expected_log_likelihood(kind.dense(values, K, D), scatter)
    for step in (1e-3, 1e-2, 0.1):
        for _ in range(50):
            other = nearby(name, values, random, step)
            assert expected_log_likelihood(kind.dense(other, K, D), scatter) < best


@pytest.mark.parametrize("name", FAMILIES)
def test_no_feasible_covariance_explains_the_scatter_better_than_the_floored_estimate(name):
    kind, scatter, random = family(name), scatters(), np.random.default_rng(2)
    floor = 0.3 * positive_definite(random, D, condition=4)
    floor = np.diag(np.diagonal(floor)) if kind.axis_aligned else floor
    floor = 0.4 * np.eye(D) if name == "spherical" else floor
    values = kind.estimate(in_layout(scatter, kind), COUNTS)
    floored, hits = kind.floored(values, floor)
    best = expected_log_likelihood(kind.dense(floored, K, D), scatter)
    assert hits > 0
    competitors = 0
    for step in (1e-3, 1e-2, 0.1):
        for _ in range(200):
            other, _ = kind.floored(nearby(name, floored, random, step), floor * (1 + 1e-12))
            competitors += feasible(other, name, floor)
            assert expected_log_likelihood(kind.dense(other, K, D), scatter) <= best + 1e-9
    assert competitors > 100


@pytest.mark.parametrize("name", FAMILIES)
def test_a_floor_lifts_exactly_to_the_bound(name):
    kind = family(name)
    values = make_covariance(name, K, D, np.random.default_rng(3), condition=1e4).values
    floored, hits = kind.floored(values * 1e-3, np.eye(D))
    np.testing.assert_allclose(kind.dense(floored, K, D), np.stack([np.eye(D)] * K), atol=1e-12)
    assert hits == {"full": K * D, "tied": D, "diag": K * D, "spherical": K}[name]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_floor_that_nothing_touches_leaves_every_bit(name):
    kind = family(name)
    values = make_covariance(name, K, D, np.random.default_rng(4)).values
    floored, hits = kind.floored(values, 1e-6 * np.eye(D))
    assert hits == 0
    assert floored.tobytes() == values.tobytes()


def test_a_floor_leaves_the_components_that_it_does_not_touch_as_they_were():
    values = np.stack([np.eye(2), 1e-9 * np.eye(2)])
    floored, hits = family("full").floored(values, 1e-4 * np.eye(2))
    assert hits == 2
    assert floored[0].tolist() == np.eye(2).tolist()
    np.testing.assert_allclose(floored[1], 1e-4 * np.eye(2), rtol=1e-12)


def test_a_full_floor_acts_only_in_the_directions_that_are_too_thin():
    angle = 0.3
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    thin = (turn * [4.0, 1e-12]) @ turn.T
    floored, hits = family("full").floored(thin[None], 1e-2 * np.eye(2))
    assert hits == 1
    np.testing.assert_allclose(floored[0], (turn * [4.0, 1e-2]) @ turn.T, atol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_floored_singular_covariance_is_accepted_by_the_constructor(name):
    kind = family(name)
    values = np.zeros(kind.shape(K, D))
    floored, _ = kind.floored(values, 1e-10 * np.eye(D))
    assert Covariance(kind, floored).values.shape == values.shape


@pytest.mark.parametrize("name", FAMILIES)
def test_a_ridge_adds_to_every_variance_and_to_nothing_else(name):
    kind = family(name)
    values = make_covariance(name, K, D, np.random.default_rng(5)).values
    ridged = kind.dense(kind.ridged(values, np.full(D, 0.25)), K, D)
    expected = kind.dense(values, K, D) + 0.25 * np.eye(D)
    np.testing.assert_allclose(ridged, expected, rtol=1e-14)


@pytest.mark.parametrize("name", FAMILIES)
def test_rescaled_covariances_are_those_of_rescaled_data(name):
    kind = family(name)
    factor = np.full(D, 3.0) if name == "spherical" else np.array([2.0, 0.1, 5.0, 1.0])
    values = make_covariance(name, K, D, np.random.default_rng(6)).values
    rescaled = kind.dense(kind.rescaled(values, factor), K, D)
    expected = np.diag(factor) @ kind.dense(values, K, D) @ np.diag(factor)
    np.testing.assert_allclose(rescaled, expected, rtol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_factors_times_their_transposes_are_precisions(name):
    mixture = make_mixture(name, K, D, condition=100)
    factors = mixture.factors
    if mixture.covariance.family.axis_aligned:
        factors = factors[:, :, None] * np.eye(D)
    precisions = np.broadcast_to(factors @ factors.transpose(0, 2, 1), (K, D, D))
    identity = np.stack([np.eye(D)] * K)
    np.testing.assert_allclose(precisions @ mixture.covariances, identity, atol=1e-10)
    assert (np.tril(factors, -1) == 0).all()


@pytest.mark.parametrize("name", FAMILIES)
def test_dense_matrices_turn_back_into_the_values(name):
    kind = family(name)
    values = make_covariance(name, K, D, np.random.default_rng(7)).values
    assert kind.from_dense(kind.dense(values, K, D)).tolist() == values.tolist()


@pytest.mark.parametrize("name", FAMILIES)
def test_values_have_the_shape_that_the_family_states(name):
    values = make_covariance(name, K, D, np.random.default_rng(8)).values
    assert values.shape == family(name).shape(K, D)


@pytest.mark.parametrize(
    ("name", "count"), [("full", K * 10), ("tied", 10), ("diag", K * D), ("spherical", K)]
)
def test_the_free_numbers_of_the_covariances_are_counted(name, count):
    assert family(name).n_parameters(K, D) == count


@pytest.mark.parametrize("name", FAMILIES)
def test_a_dead_component_keeps_its_covariance_if_it_has_one_of_its_own(name):
    kind, random = family(name), np.random.default_rng(9)
    values, previous = (make_covariance(name, K, D, random).values for _ in range(2))
    kept = kind.kept(values, previous, np.array([True, False, True]))
    if name == "tied":
        assert kept.tolist() == values.tolist()
    else:
        expected = [values[0], previous[1], values[2]]
        assert kept.tolist() == np.array(expected).tolist()


def test_both_names_of_a_family_lead_to_one_object():
    pairs = [("full", "VVV"), ("tied", "EEE"), ("diag", "VVI"), ("spherical", "VII")]
    assert all(family(ours) is family(theirs) for ours, theirs in pairs)
    assert {name for pair in pairs for name in pair} < set(family_names())


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_stays_the_same_object_through_copies(name):
    kind = family(name)
    assert pickle.loads(pickle.dumps(kind)) is kind
    assert copy.deepcopy(kind) is kind


@pytest.mark.parametrize("name", ["fulll", "", 3, None, ["full"]])
def test_an_unknown_family_is_refused_with_what_was_found(name):
    with pytest.raises(ParameterError) as caught:
        family(name)
    assert caught.value.found == repr(name)
    assert "tied" in caught.value.needed


def test_each_family_states_the_maps_that_leave_its_answer():
    stated = {name: family(name).symmetry for name in FAMILIES}
    assert stated == {
        "full": Symmetry.LINEAR,
        "tied": Symmetry.LINEAR,
        "diag": Symmetry.SCALING,
        "spherical": Symmetry.ROTATION,
    }
