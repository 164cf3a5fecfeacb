"""The likeliest components of every row, and densities over those alone."""

import numpy as np
import pytest
from strategies import FAMILIES, log_joint_oracle, log_sum_exp, make_mixture

from gmmkit import Covariance, Mixture, Noise
from gmmkit.core.engine.leading import chosen_log_joint, compiled_for, largest, leading
from gmmkit.core.engine.scoring import Scorer
from gmmkit.errors import InputError, ParameterError

BOTH_WAYS = pytest.mark.parametrize("compiled", [False, True])


def three(noise=None):
    """A heavy component at 0, a light one at 2, a heavy one at 9, of variance one."""
    share = 1.0 if noise is None else 1.0 - noise.weight
    weights = share * np.array([0.4, 0.2, 0.4])
    return Mixture(weights, [[0.0], [2.0], [9.0]], Covariance("diag", np.ones((3, 1))), noise)


def twins(k=6, weights=None):
    """Components that are all the same."""
    weights = np.full(k, 1.0 / k) if weights is None else weights
    return Mixture(weights, np.zeros((k, 2)), Covariance("diag", np.ones((k, 2))))


def test_the_likeliest_come_first():
    found = three().top_components([[0.0], [8.0], [2.5]], 2)
    assert found.components.tolist() == [[0, 1], [2, 1], [1, 0]]
    expected = np.take_along_axis(three().log_joint([[0.0], [8.0], [2.5]]), found.components, 1)
    np.testing.assert_array_equal(found.log_joint, expected)


def test_of_one_component_a_row_the_label_is_left():
    mixture = make_mixture("full", 5, 3)
    rows = mixture.sample(200, seed=1)
    found = mixture.top_components(rows, 1)
    assert found.components[:, 0].tolist() == mixture.labels(rows).tolist()
    assert (found.responsibilities == 1.0).all()


def test_more_components_than_there_are_is_all_of_them():
    found = three().top_components([[0.0]], 100)
    assert found.components.tolist() == [[0, 1, 2]]
    np.testing.assert_allclose(found.log_density, three().log_density([[0.0]]), rtol=1e-14)


@pytest.mark.parametrize("count", [0, -1, 2.5, True, "5", None])
def test_a_number_of_components_that_is_none_is_refused(count):
    with pytest.raises(ParameterError, match="count is not usable"):
        three().top_components([[0.0]], count)


@pytest.mark.parametrize("rows", [[[np.nan]], [[0.0, 1.0]], [], [[1e200]]])
def test_rows_that_cannot_be_scored_are_refused(rows):
    with pytest.raises(InputError):
        three().top_components(rows, 2)


def test_of_equally_likely_components_the_lower_comes_first():
    assert twins().top_components(np.zeros((2, 2)), 4).components.tolist() == [[0, 1, 2, 3]] * 2


@BOTH_WAYS
def test_of_equally_likely_components_the_lower_comes_first_in_products_too(compiled):
    found, _ = leading(Scorer.of(twins()), np.ones((700, 2)), 4, compiled=compiled)
    assert (found == [0, 1, 2, 3]).all()


def test_noise_is_never_among_the_components_and_always_counts():
    noisy = three(Noise(0.3, -1.0))
    rows = [[0.0], [4.5], [1e3]]
    found = noisy.top_components(rows, 3)
    assert found.components.min() == 0
    np.testing.assert_allclose(found.log_density, noisy.log_density(rows), rtol=1e-13)
    shares = np.take_along_axis(noisy.responsibilities(rows), found.components, axis=1)
    np.testing.assert_allclose(found.responsibilities, shares, atol=1e-13)
    assert found.responsibilities[2].sum() < 1e-300


def test_noise_that_takes_everything_leaves_no_share():
    noise = Mixture([0.0, 0.0], [[0.0], [1.0]], np.ones((2, 1, 1)), Noise(1.0, -2.0))
    found = noise.top_components([[0.0]], 2)
    assert found.log_density.tolist() == [-2.0]
    assert found.responsibilities.tolist() == [[0.0, 0.0]]


def test_components_without_weight_come_last_at_minus_infinity():
    found = twins(weights=[0, 0.5, 0, 0.5, 0, 0]).top_components(np.zeros((1, 2)), 4)
    assert found.components.tolist() == [[1, 3, 0, 2]]
    assert np.isneginf(found.log_joint).tolist() == [[False, False, True, True]]


@BOTH_WAYS
@pytest.mark.parametrize("far", [0.0, 1e25])
def test_components_without_weight_come_last_in_products_too(compiled, far):
    scorer = Scorer.of(twins(weights=[0, 0.5, 0, 0.5, 0, 0]))
    components, log_joint = leading(scorer, np.full((3, 2), far), 4, compiled=compiled)
    assert components.tolist() == [[1, 3, 0, 2]] * 3
    assert np.isneginf(log_joint[:, 2:]).all()
    expected = scorer.mixture.log_joint_of(1, np.full((1, 2), far))[0]
    np.testing.assert_allclose(log_joint[:, :2], expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("family", FAMILIES)
def test_many_rows_are_taken_as_few_are(family, dtype):
    mixture = make_mixture(family, 9, 3, noise=0.1)
    rows = make_mixture(family, 9, 3).sample(40_000, seed=3).astype(dtype)
    many = mixture.top_components(rows, 4)
    assert many.components.dtype == np.intp
    assert many.log_joint.dtype == np.float64
    few = [mixture.top_components(part, 4) for part in np.split(rows, 20)]
    for reading in ("log_joint", "log_density", "responsibilities"):
        expected = np.concatenate([getattr(part, reading) for part in few])
        np.testing.assert_allclose(getattr(many, reading), expected, atol=1e-9)
    same = many.components == np.concatenate([part.components for part in few])
    assert same.mean() > 0.999


@pytest.mark.parametrize("offset", [1e4, 1e8])
def test_an_offset_changes_neither_components_nor_densities(offset):
    near = make_mixture("diag", 40, 3)
    far = Mixture(near.weights, near.means + offset, near.covariance)
    rows = far.sample(5_000, seed=2)
    exact = np.sort(far.log_joint(rows), axis=1)[:, :-6:-1]
    np.testing.assert_allclose(far.top_components(rows, 5).log_joint, exact, atol=1e-7)


@BOTH_WAYS
@pytest.mark.parametrize("count", [1, 2, 5, 63, 64, 65, 99, 100])
def test_the_largest_scores_are_those_of_a_stable_sort(compiled, count):
    scores = np.random.default_rng(count).integers(-9, 9, (100, 37)).astype(np.float64)
    places, values = largest(scores, count, compiled=compiled)
    expected = np.argsort(-scores, axis=0, kind="stable")[:count].T
    assert places.tolist() == expected.tolist()
    assert values.tolist() == np.take_along_axis(scores.T, expected, axis=1).tolist()


@BOTH_WAYS
@pytest.mark.parametrize("order", [1, -1])
def test_sorted_scores_are_no_special_case(compiled, order):
    scores = np.arange(50.0)[::order, None].repeat(3, axis=1).copy()
    places, _ = largest(scores, 7, compiled=compiled)
    assert places.tolist() == [list(range(7) if order < 0 else range(49, 42, -1))] * 3


@BOTH_WAYS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("family", FAMILIES)
def test_chosen_components_are_scored_as_all_of_them_are(family, dtype, compiled):
    mixture = make_mixture(family, 6, 4)
    rows = mixture.sample(3_000, seed=4).astype(dtype)
    chosen = np.random.default_rng(5).integers(0, 6, (len(rows), 3))
    found = chosen_log_joint(mixture, rows, chosen, compiled=compiled)
    expected = np.take_along_axis(mixture.log_joint(rows), chosen, axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_gathered_deviations_are_held_for_a_few_rows_at_a_time(monkeypatch):
    mixture = make_mixture("diag", 6, 4)
    rows = mixture.sample(50, seed=4)
    whole = mixture.top_components(rows, 3).log_joint_under(mixture)
    monkeypatch.setattr("gmmkit.core.engine.leading._DEVIATIONS", 100)
    np.testing.assert_array_equal(mixture.top_components(rows, 3).log_joint_under(mixture), whole)


@pytest.mark.parametrize("family", FAMILIES)
def test_under_its_own_mixture_a_density_is_what_it_was(family):
    mixture = make_mixture(family, 5, 3)
    found = mixture.top_components(mixture.sample(60, seed=1), 3)
    np.testing.assert_allclose(found.log_density_under(mixture), found.log_density, rtol=1e-12)


@pytest.mark.parametrize(("family", "values"), [("EEI", [0.5, 1.0, 2.0]), ("EII", 0.7)])
@BOTH_WAYS
def test_variances_that_components_share_are_taken_for_each(family, values, compiled):
    weights, means = make_mixture("diag", 5, 3).weights, make_mixture("diag", 5, 3).means
    mixture = Mixture(weights, means, Covariance(family, values))
    rows = mixture.sample(60, seed=1)
    found = mixture.top_components(rows, 3)
    again = chosen_log_joint(mixture, rows, found.components, compiled=compiled)
    np.testing.assert_allclose(again, found.log_joint, rtol=1e-12)


def test_an_adapted_mixture_is_scored_on_the_components_of_the_other():
    world = make_mixture("diag", 8, 3)
    speaker = Mixture(world.weights, world.means + 0.8, world.covariance)
    rows = speaker.sample(40, seed=6)
    found = world.top_components(rows, 3)
    best = np.argsort(-log_joint_oracle(rows, world), axis=1, kind="stable")[:, :3]
    joint = np.take_along_axis(log_joint_oracle(rows, speaker), best, axis=1)
    np.testing.assert_allclose(found.log_joint_under(speaker), joint, rtol=1e-10)
    expected = [log_sum_exp(row) for row in joint]
    np.testing.assert_allclose(found.log_density_under(speaker), expected, rtol=1e-10)


def test_many_rows_are_scored_on_chosen_components_as_few_are():
    world = make_mixture("diag", 12, 3)
    speaker = Mixture(world.weights, world.means + 0.8, world.covariance)
    rows = world.sample(80_000, seed=6)
    found = world.top_components(rows, 12)
    np.testing.assert_allclose(found.log_density_under(speaker), speaker.log_density(rows), 1e-9)


def test_noise_of_the_other_mixture_counts_too():
    noisy = three(Noise(0.3, -1.0))
    rows = [[0.0], [40.0]]
    found = three().top_components(rows, 3).log_density_under(noisy)
    np.testing.assert_allclose(found, noisy.log_density(rows), rtol=1e-13)


@BOTH_WAYS
def test_where_no_chosen_component_has_a_weight_the_density_is_zero(compiled, monkeypatch):
    monkeypatch.setattr("gmmkit.core.top.compiled_for", lambda n_numbers: compiled)
    found = three().top_components([[0.0], [9.0]], 1)
    other = Mixture([0.0, 0.5, 0.5], three().means, three().covariance)
    density = found.log_density_under(other)
    assert np.isneginf(density).tolist() == [True, False]


@pytest.mark.parametrize(("k", "d"), [(2, 1), (3, 2)])
def test_a_mixture_of_other_components_is_refused_with_both_shapes(k, d):
    found = three().top_components([[0.0]], 2)
    with pytest.raises(ParameterError) as caught:
        found.log_density_under(make_mixture("diag", k, d))
    assert f"{k} components of {d} columns" in str(caught.value)
    assert "3 of 1" in str(caught.value)


def test_little_work_does_not_wait_for_a_compiler(monkeypatch):
    monkeypatch.setattr("gmmkit.core.engine.leading._COMPILED", {"nothing.that.is.loaded"})
    assert not compiled_for(20_000_000)
    monkeypatch.setattr("gmmkit.core.engine.leading._COMPILED", {"sys"})
    assert compiled_for(20_000_000)
    assert not compiled_for(10_000)
