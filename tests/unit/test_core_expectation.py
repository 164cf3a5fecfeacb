"""The E-step by hard assignment and of trimmed rows, and the M-step for one mixture or many,
against loops over rows."""

from dataclasses import replace

import numpy as np
import pytest
from parsimonious import FOURTEEN, random_member
from strategies import FAMILIES, blobs, dense_second, log_joint_oracle, make_mixture, reduce_second

from gmmkit import Covariance, Mixture
from gmmkit.core.em import e_step, parameters_of
from gmmkit.core.engine.routes import Route
from gmmkit.core.execution import SerialExecutor
from gmmkit.core.expectation import Expectation
from gmmkit.core.families import Moments, family
from gmmkit.core.maximization import Parameters, Regularization, maximize
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.core.units import Units
from gmmkit.errors import DegenerateFitError, ParameterError


def sums_of(rows, mixture, weights, **options):
    """The statistics of an E-step about the origin in plain units."""
    return Expectation(**options)(
        ArraySource(rows, weights),
        mixture,
        Units.plain(rows.shape[1]),
        Route.FLOAT64,
        SerialExecutor(),
    )


def assert_sums(found, rows, weights, labels, mixture, joint):
    """Statistics are the sums of rows that belong to one component each, -1 for none."""
    k, d = mixture.means.shape
    weight, first, second = np.zeros(k), np.zeros((k, d)), np.zeros((k, d, d))
    for row, w, label in zip(rows, weights, labels, strict=True):
        if label >= 0:
            weight[label] += w
            first[label] += w * row
            second[label] += w * np.outer(row, row)
    moved = found.recentered(np.zeros(d))
    np.testing.assert_allclose(moved.weight, weight, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(moved.first, first, rtol=1e-10, atol=1e-9)
    expected = reduce_second(second, moved.moments)
    np.testing.assert_allclose(dense_second(moved), expected, rtol=1e-10, atol=1e-9)
    assert found.log_likelihood == pytest.approx(weights @ joint, rel=1e-11)


@pytest.mark.parametrize("noise", [None, 0.4])
@pytest.mark.parametrize("name", FAMILIES)
def test_by_hard_assignment_a_row_counts_for_its_likeliest_component_alone(name, noise):
    mixture = make_mixture(name, 3, 2, seed=1, noise=noise)
    rows, weights = blobs(60, 2, 3, seed=1), np.random.default_rng(1).uniform(0.5, 2, 60)
    joint = log_joint_oracle(rows, mixture)
    if noise is not None:
        constant = np.log(noise) + mixture.noise.log_density
        joint = np.column_stack([joint, np.full(60, constant)])
    best = joint.argmax(axis=1)
    labels = np.where(best == 3, -1, best)
    found = sums_of(rows, mixture, weights, assignment="hard")
    assert_sums(found, rows, weights, labels, mixture, joint.max(axis=1))
    assert found.noise_weight == pytest.approx(weights[labels == -1].sum())
    assert noise is None or 0 < found.noise_weight < weights.sum()


@pytest.mark.parametrize("assignment", ["soft", "hard"])
def test_a_trimmed_step_is_the_step_of_the_rows_that_are_kept(assignment):
    mixture, rows = make_mixture("full", 3, 2, seed=2), blobs(50, 2, 3, seed=2)
    joint = log_joint_oracle(rows, mixture)
    value = joint.max(axis=1) if assignment == "hard" else mixture.log_density(rows)
    kept = np.sort(np.argsort(-value)[:40])
    trimmed = sums_of(rows, mixture, None, assignment=assignment, trim=0.2)
    plain = sums_of(rows[kept], mixture, None, assignment=assignment)
    assert trimmed.total == pytest.approx(40)
    np.testing.assert_allclose(trimmed.first, plain.first, rtol=1e-10, atol=1e-9)
    assert trimmed.log_likelihood == pytest.approx(value[kept].sum(), rel=1e-11)


def test_e_step_of_a_block_knows_hard_assignment_too():
    mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], np.ones((2, 1, 1)))
    assert e_step([[1.9], [2.1], [9.0]], mixture, assignment="hard").weight.tolist() == [1, 2]


@pytest.mark.parametrize("assignment", ["firm", "", None, "Soft"])
def test_an_unknown_assignment_is_refused_with_both_that_there_are(assignment):
    with pytest.raises(ParameterError, match="no such assignment") as caught:
        Expectation(assignment)
    assert caught.value.needed == "'soft' or 'hard'"


@pytest.mark.parametrize("trim", [-0.1, 1.0, float("nan"), "some"])
def test_a_share_to_trim_out_of_range_is_refused(trim):
    with pytest.raises(ParameterError):
        Expectation("soft", trim)


def statistics_of(name, weight, *, seed=0, d=2, noise_weight=0.0):
    """Statistics with given counts, about the origin in plain units."""
    random, kind, k = np.random.default_rng(seed), family(name), len(weight)
    means = random.normal(size=(k, d))
    scatter = 5 * random_member("VVV", k, d, random) * weight[:, None, None]
    second = scatter + weight[:, None, None] * means[:, :, None] * means[:, None]
    row, column = np.triu_indices(d)
    packed = second[:, row, column]
    if kind.moments is Moments.DIAGONAL:
        packed = np.diagonal(second, axis1=1, axis2=2)
    if kind.moments is Moments.POOLED:
        packed = packed.sum(axis=0)
    return SufficientStatistics(
        log_likelihood=0.0,
        weight=weight,
        first=weight[:, None] * means,
        second=packed,
        moments=kind.moments,
        units=Units.plain(d),
        origin=np.zeros(d),
        noise_weight=noise_weight,
    )


def values_of(name, k, d, *, seed):
    """Random covariance values of a family."""
    dense = random_member(family(name).mclust_name, k, d, np.random.default_rng(seed))
    return family(name).from_dense(dense)


def previous_of(name, k=3, d=2, *, seed=9):
    """Some mixture's numbers from before."""
    random = np.random.default_rng(seed)
    means = 50 + random.normal(size=(k, d))
    return Parameters(np.full(k, 1 / k), means, values_of(name, k, d, seed=seed))


@pytest.mark.parametrize("name", FOURTEEN)
def test_many_mixtures_are_maximized_as_each_alone(name):
    weight = np.array([20.0, 30.0, 10.0])
    parts = [statistics_of(name, weight, seed=seed, noise_weight=4.0 * seed) for seed in range(3)]
    fields = ("weight", "first", "second", "noise_weight")
    stacked = {field: np.stack([getattr(p, field) for p in parts]) for field in fields}
    together, _ = maximize(replace(parts[0], **stacked), family(name))
    for number, part in enumerate(parts):
        alone, _ = maximize(part, family(name))
        for ours, theirs in zip(together, alone, strict=True):
            np.testing.assert_allclose(ours[number], theirs, rtol=1e-7, atol=1e-9)


def test_weights_are_shares_of_all_rows_with_those_of_the_noise():
    statistics = statistics_of("full", np.array([30.0, 10.0]), noise_weight=60.0)
    assert maximize(statistics, family("full"))[0].weights.tolist() == [0.3, 0.1]


@pytest.mark.parametrize("name", FOURTEEN)
def test_a_component_that_died_stays_and_has_no_say_in_the_others(name):
    """What is left of its sums is rounding: the others are estimated as if it were not there."""
    alive = statistics_of(name, np.array([25.0, 15.0]), seed=3)
    whole = statistics_of(name, np.array([25.0, 15.0, 1e-15]), seed=3)
    rubbish = replace(
        whole,
        first=np.vstack([alive.first, [[1e-15, -1e-15]]]),
        second=alive.second
        if whole.moments is Moments.POOLED
        else np.vstack([alive.second, np.full((1, alive.second.shape[1]), 1e-15)]),
    )
    before = previous_of(name)
    found, _ = maximize(rubbish, family(name), None, before)
    expected, _ = maximize(alive, family(name), None, None)
    assert found.weights.tolist() == [0.625, 0.375, 0.0]
    assert found.means[2].tolist() == before.means[2].tolist()
    np.testing.assert_allclose(found.means[:2], expected.means, rtol=1e-10)
    dense = family(name).dense(found.values, 3, 2)[:2]
    np.testing.assert_allclose(
        dense, family(name).dense(expected.values, 2, 2), rtol=1e-4, atol=1e-6
    )


def test_a_component_that_died_with_nowhere_to_stay_is_refused_with_how_many_there_are():
    with pytest.raises(DegenerateFitError, match="found 1 of 3"):
        maximize(statistics_of("full", np.array([5.0, 0.0, 5.0])), family("full"))


def test_a_share_of_ten_rounding_errors_is_the_border_between_dead_and_alive():
    before = previous_of("diag", 2)
    for share, alive in ((2.3e-15, True), (2.1e-15, False)):
        statistics = statistics_of("diag", np.array([1.0, share]))
        found, _ = maximize(statistics, family("diag"), None, before)
        assert (found.weights[1] > 0) == alive


@pytest.mark.parametrize("name", ["full", "diag", "spherical"])
def test_fixed_components_keep_everything_but_their_weights(name):
    statistics, before = statistics_of(name, np.array([8.0, 12.0, 20.0])), previous_of(name)
    regularization = Regularization(None, np.zeros(2), n_fixed=2)
    found, _ = maximize(statistics, family(name), regularization, before)
    free, _ = maximize(statistics, family(name))
    assert found.weights.tolist() == [0.2, 0.3, 0.5]
    assert found.means[:2].tolist() == before.means[:2].tolist()
    assert found.values[:2].tolist() == before.values[:2].tolist()
    assert found.means[2].tolist() == free.means[2].tolist()
    assert found.values[2].tolist() == free.values[2].tolist()


@pytest.mark.parametrize("name", FOURTEEN)
def test_a_floor_lifts_and_counts_after_a_ridge_was_added(name):
    statistics = statistics_of(name, np.array([8.0, 12.0, 20.0]))
    least = 1e4 * np.eye(2)
    found, floored = maximize(statistics, family(name), Regularization(least, np.full(2, 7.0)))
    assert floored > 0
    dense = family(name).dense(found.values, 3, 2)
    np.testing.assert_allclose(dense, np.stack([least] * 3), rtol=1e-6, atol=1e-2)
    ridged, count = maximize(statistics, family(name), Regularization(None, np.full(2, 1e9)))
    assert count == 0
    dense = family(name).dense(ridged.values, 3, 2)
    np.testing.assert_allclose(dense, np.stack([1e9 * np.eye(2)] * 3), rtol=1e-3, atol=1e6)


@pytest.mark.parametrize("name", FAMILIES)
def test_no_ridge_and_no_floor_change_no_bit(name):
    values = values_of(name, 3, 2, seed=1)
    kept, count = Regularization(None, np.zeros(2)).apply(family(name), values)
    assert kept is values
    assert count == 0


def test_the_numbers_of_a_mixture_are_those_it_was_made_of():
    mixture = make_mixture("tied", 3, 2)
    weights, means, values = parameters_of(mixture)
    assert Covariance("tied", values).values.tolist() == mixture.covariance.values.tolist()
    assert (weights.tolist(), means.tolist()) == (mixture.weights.tolist(), mixture.means.tolist())
