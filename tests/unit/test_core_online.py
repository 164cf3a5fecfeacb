"""Stepwise EM: one step against EM, a stream against what it was drawn from, and forgetting."""

import numpy as np
import pytest
from gaps import OTHER_FAMILIES, mixture_of
from strategies import FAMILIES, blobs, make_mixture

from gmmkit import Covariance, Mixture, Noise
from gmmkit.core.em import e_step, m_step
from gmmkit.core.maximization import Regularization
from gmmkit.core.online import begin, expected_statistics, forgetting_of, update
from gmmkit.core.units import Units
from gmmkit.errors import InputError, ParameterError


def followed(mixture, batches, **options):
    """The stream after some batches."""
    stream = begin(mixture)
    for rows in batches:
        stream = update(stream, rows, **options)
    return stream


def assert_same_mixture(found, expected, rtol=1e-8):
    """Two mixtures agree up to rounding."""
    np.testing.assert_allclose(found.weights, expected.weights, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(found.means, expected.means, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(found.covariances, expected.covariances, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_statistics_of_a_mixture_lead_back_to_it(name):
    mixture = make_mixture(name, 3, 2, seed=1, offset=30.0)
    statistics = begin(mixture).statistics
    assert statistics.total == pytest.approx(1.0)
    assert_same_mixture(m_step(statistics, mixture.covariance.family), mixture)


@pytest.mark.parametrize("name", OTHER_FAMILIES)
def test_the_statistics_of_every_other_family_lead_back_to_the_mixture(name):
    mixture = mixture_of(name)
    found = m_step(begin(mixture).statistics, mixture.covariance.family, previous=mixture)
    assert_same_mixture(found, mixture, rtol=1e-6)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_statistics_of_a_mixture_are_the_average_of_its_rows(name):
    """Second moments of 200,000 rows against their expectation, within five standard errors."""
    mixture = make_mixture(name, 1, 2, seed=2)
    rows = mixture.sample(20_000, seed=2)
    expected = expected_statistics(mixture, Units.plain(2))
    found = e_step(rows, mixture, units=Units.plain(2)).scaled(1 / 20_000)
    found = found.recentered(expected.origin)
    scale = np.abs(mixture.covariances).max()
    np.testing.assert_allclose(found.second, expected.second, atol=5 * scale * np.sqrt(3 / 20_000))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_step_of_one_is_an_iteration_of_em(name):
    mixture, rows = make_mixture(name, 3, 2, seed=3), blobs(60, 2, 3, seed=3, separation=1.0)
    weights = np.random.default_rng(3).uniform(0.1, 2.0, 60)
    stream = update(begin(mixture), rows, weights, forgetting=1.0)
    expected = m_step(e_step(rows, mixture, weights), mixture.covariance.family)
    assert_same_mixture(stream.mixture, expected)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_step_blends_statistics_as_the_equation_says(name):
    mixture, rows = make_mixture(name, 2, 2, seed=4), blobs(40, 2, 2, seed=4)
    stream = update(begin(mixture, units=Units.plain(2)), rows, forgetting=0.3)
    old = expected_statistics(mixture, Units.plain(2)).recentered(np.zeros(2))
    new = e_step(rows, mixture, units=Units.plain(2)).recentered(np.zeros(2)).scaled(1 / 40)
    expected = m_step(old.scaled(0.7) + new.scaled(0.3), mixture.covariance.family)
    assert_same_mixture(stream.mixture, expected)


def test_batches_count_less_and_less():
    """Of one Gaussian: the mean is the blend of the batch means with (t + 2) ** -decay."""
    stream, mean = begin(Mixture([1.0], [[0.0]], [[[1.0]]])), 0.0
    for t, center in enumerate([4.0, -1.0, 2.0, 7.0]):
        stream = update(stream, [[center - 1], [center + 1]], decay=0.6)
        mean += (t + 2) ** -0.6 * (center - mean)
    assert stream.mixture.means[0, 0] == pytest.approx(mean)


def test_seven_tenths_is_the_decay_that_is_meant():
    start, rows = make_mixture("full", 2, 2), blobs(30, 2, 2)
    found, expected = update(begin(start), rows), update(begin(start), rows, decay=0.7)
    assert_same_mixture(found.mixture, expected.mixture)


def test_a_stream_says_what_it_has_seen():
    start, rows = make_mixture("full", 2, 2), blobs(30, 2, 2)
    stream = begin(start, weight=100.0)
    assert (stream.weight, stream.steps, stream.log_likelihood) == (100.0, 0, None)
    after = update(update(stream, rows), rows, np.full(30, 2.0))
    assert (after.weight, after.steps) == (190.0, 2)


def test_a_batch_is_scored_before_it_is_learned_from():
    start, rows = make_mixture("full", 2, 2), blobs(30, 2, 2)
    found = update(begin(start), rows).log_likelihood
    assert found == pytest.approx(start.log_density(rows).mean())


def test_a_stream_is_a_value():
    stream = begin(make_mixture("full", 2, 2))
    before = stream.statistics.second.copy()
    update(stream, blobs(30, 2, 2))
    np.testing.assert_array_equal(stream.statistics.second, before)


@pytest.mark.parametrize("name", FAMILIES)
def test_order_inside_a_batch_does_not_matter(name):
    start, rows = make_mixture(name, 2, 2), blobs(50, 2, 2)
    found, expected = update(begin(start), rows[::-1]), update(begin(start), rows)
    assert_same_mixture(found.mixture, expected.mixture)


@pytest.mark.parametrize("name", FAMILIES)
def test_weights_are_copies_of_rows(name):
    start, rows = make_mixture(name, 2, 2), blobs(50, 2, 2)
    weights = np.arange(50) % 3
    weighted = update(begin(start), rows, weights)
    copied = update(begin(start), np.repeat(rows, weights, axis=0))
    assert_same_mixture(weighted.mixture, copied.mixture)
    assert weighted.weight == pytest.approx(copied.weight)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_long_stream_finds_the_mixture_that_it_was_drawn_from(name):
    """60,000 rows in batches of 300, from means a standard deviation off.

    With steps (t + 2) ** -0.7 the last 2 * 200 ** 0.7 = 80 batches count, as if the estimate was
    made from 24,000 rows, at least 6,000 a component: five standard errors of a mean or a
    variance are below 0.1, so that a false alarm is one in 1e5 seeds.
    """
    centers = np.array([[-5.0, 0.0], [5.0, 0.0]])
    covariance = Covariance(
        name,
        {"full": [np.eye(2)] * 2, "tied": np.eye(2)}.get(
            name, np.ones((2, 2)) if name == "diag" else np.ones(2)
        ),
    )
    truth = Mixture([0.3, 0.7], centers, covariance)
    start = Mixture([0.5, 0.5], centers + 1.0, covariance)
    rows = truth.sample(60_000, seed=5)
    found = followed(start, np.split(rows, 200)).mixture
    np.testing.assert_allclose(found.weights, truth.weights, atol=0.02)
    np.testing.assert_allclose(found.means, truth.means, atol=0.1)
    np.testing.assert_allclose(found.covariances, truth.covariances, atol=0.1)


def test_half_of_a_shift_is_learned_in_one_half_life():
    """The mean of one Gaussian goes half the way; five standard errors: one in 1e6 seeds."""
    random, share = np.random.default_rng(6), forgetting_of(half_life=4000, weight=200)
    stream = begin(Mixture([1.0], [[0.0]], [[[1.0]]]))
    for _ in range(20):
        stream = update(stream, 10 + random.normal(size=(200, 1)), forgetting=share)
    error = np.sqrt(share / 2 / 200)
    assert abs(stream.mixture.means[0, 0] - 5.0) < 5 * error


def test_a_forgetting_stream_follows_a_shift_of_level():
    random = np.random.default_rng(7)
    start = Mixture([0.5, 0.5], [[-4.0], [4.0]], np.ones((2, 1, 1)))
    centers = random.choice([-4.0, 4.0], size=(150, 100, 1))
    batches = centers + random.normal(size=centers.shape) + 2.0
    stream = followed(start, batches, forgetting=0.1)
    np.testing.assert_allclose(stream.mixture.means, [[-2.0], [6.0]], atol=0.25)


def test_a_settling_stream_forgets_a_shift_more_slowly():
    random = np.random.default_rng(8)
    start = Mixture([1.0], [[0.0]], [[[1.0]]])
    before, after = random.normal(size=(200, 50, 1)), 10 + random.normal(size=(20, 50, 1))
    batches = np.concatenate([before, after])
    settling = followed(start, batches).mixture.means[0, 0]
    forgetting = followed(start, batches, forgetting=0.2).mixture.means[0, 0]
    assert settling < 6 < 9 < forgetting


@pytest.mark.parametrize("growth", [0.0, 0.01])
@pytest.mark.parametrize("name", FAMILIES)
def test_units_move_with_the_data_and_change_nothing(name, growth):
    """Data that drift away, and may spread: as if every batch was the first in those units."""
    random = np.random.default_rng(9)
    start = Mixture([1.0], [[0.0, 0.0]], make_mixture(name, 1, 2, seed=9).covariance)
    shifts = np.linspace(0, 1000, 300)
    batches = [
        (1 + growth * x) * random.normal(size=(20, 2)) + x * (1 + growth * x) for x in shifts
    ]
    units = Units(np.full(2, 1000.0), np.ones(2), np.zeros(2, bool))
    moving = fixed = begin(start)
    for rows in batches:
        moving = update(moving, rows, forgetting=0.9)
        fixed = update(begin(fixed.mixture, units=units), rows, forgetting=0.9)
        assert_same_mixture(moving.mixture, fixed.mixture, rtol=1e-6)
    assert (np.abs(moving.units.origin) > 100).all()
    assert (moving.units.scale > 8).all() == (growth > 0)


def test_the_floor_is_a_share_of_the_spread_that_the_stream_began_with():
    means, variances = [[-2.0], [2.0]], np.array([[[1.0]], [[2.0]]])
    mixture = Mixture([0.2, 0.6], means, variances, Noise(0.2, -5.0))
    stream = begin(mixture, units=Units.plain(1))
    spread = 0.25 * (1 + 9) + 0.75 * (2 + 1)
    assert stream.regularization.floor.ravel() == pytest.approx([1e-10 * spread])


@pytest.mark.parametrize("name", FAMILIES)
def test_floors_and_ridges_move_with_the_units(name):
    """Equal rows end at ridge and floor, in the data's units, wherever and however they moved."""
    regularization = Regularization(np.diag([4.0, 4.0]), np.array([0.5, 0.5]))
    start = Mixture([1.0], [[0.0, 0.0]], make_mixture(name, 1, 2, condition=1.0).covariance)
    stream = begin(start, units=Units.plain(2), regularization=regularization)
    random = np.random.default_rng(11)
    for center in (0.0, 1e4, 1e5):
        rows = center + 30.0 * random.normal(size=(99, 2))
        stream = update(stream, rows, forgetting=1.0)
    assert (stream.units.scale > 1.0).all()
    stream = update(stream, np.full((9, 2), 1e5), forgetting=1.0)
    np.testing.assert_allclose(stream.mixture.covariances[0], np.diag([4.0, 4.0]), atol=1e-6)


def test_a_stream_without_a_floor_can_move():
    regularization = Regularization(None, np.zeros(1), n_fixed=0)
    stream = begin(Mixture([1.0], [[0.0]], [[[1.0]]]), regularization=regularization)
    for center in (0.0, 1e4, 1e5):
        stream = update(stream, [[center - 30], [center + 30]], forgetting=1.0)
    assert stream.units.origin[0] != 0.0
    assert stream.mixture.covariances.ravel() == pytest.approx([900.0])


def test_fixed_components_stay_fixed_when_units_move():
    start = Mixture([0.5, 0.5], [[0.0], [10.0]], np.ones((2, 1, 1)))
    regularization = Regularization(np.full((1, 1), 1e-9), np.zeros(1), n_fixed=1)
    stream = begin(
        start,
        units=Units(np.full(1, 1e4), np.ones(1), np.zeros(1, bool)),
        regularization=regularization,
    )
    for _ in range(3):
        stream = update(stream, [[-1.0], [1.0], [11.0], [13.0]], forgetting=1.0)
    assert stream.units.origin[0] < 100
    assert stream.mixture.means.ravel() == pytest.approx([0.0, 12.0], abs=1e-6)


def test_a_ridge_is_added_in_the_units_of_the_data():
    regularization = Regularization(np.full((1, 1), 1e-9), np.array([2.0]))
    stream = begin(
        Mixture([1.0], [[0.0]], [[[1.0]]]), units=Units.plain(1), regularization=regularization
    )
    for center in (0.0, 1e4, 1e5):
        stream = update(stream, [[center - 30], [center + 30]], forgetting=1.0)
    assert stream.units.scale[0] > 1.0
    stream = update(stream, [[1e5 - 1], [1e5 + 1]], forgetting=1.0)
    assert stream.mixture.covariances.ravel() == pytest.approx([3.0])


def test_far_from_the_origin_a_stream_keeps_its_digits():
    rows = blobs(400, 2, 2, seed=10)
    start = make_mixture("full", 2, 2, seed=10)
    far = Mixture(start.weights, start.means + 1e8, start.covariance)
    found = followed(far, np.split(np.round(rows, 6) + 1e8, 8)).mixture
    expected = followed(start, np.split(np.round(rows, 6), 8)).mixture
    np.testing.assert_allclose(found.means - 1e8, expected.means, atol=1e-5)
    np.testing.assert_allclose(found.covariances, expected.covariances, rtol=1e-4, atol=1e-6)


def test_a_batch_of_one_row_leaves_a_usable_mixture():
    stream = begin(make_mixture("full", 2, 3))
    for row in blobs(50, 3, 2):
        stream = update(stream, row[None])
    assert np.isfinite(stream.mixture.log_density(blobs(50, 3, 2))).all()


def test_equal_rows_end_at_the_floor_and_not_below():
    stream = followed(Mixture([1.0], [[0.0]], [[[1.0]]]), [[[3.0]] * 5] * 200, forgetting=0.5)
    assert stream.mixture.covariances.ravel() == pytest.approx([1e-10], rel=1e-3)


def test_a_component_that_sees_nothing_stays_where_it_was():
    start = Mixture([0.5, 0.5], [[0.0], [1e3]], np.ones((2, 1, 1)))
    stream = update(begin(start), np.full((5, 1), 0.1), forgetting=1.0)
    assert stream.mixture.weights.tolist() == [1.0, 0.0]
    assert stream.mixture.means[1, 0] == pytest.approx(1e3)


def test_the_weight_of_noise_is_learned_too():
    start = Mixture([0.9], [[0.0]], [[[1.0]]], Noise(0.1, -4.0))
    rows = np.concatenate([np.zeros((50, 1)), np.full((50, 1), 30.0)])
    stream = update(begin(start), rows + 0.1 * blobs(100, 1, 1)[:1], forgetting=1.0)
    assert stream.mixture.noise.weight == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("decay", [0.5, 1.1, -1, np.nan, "0.7", True])
def test_a_decay_under_which_nothing_settles_is_refused(decay):
    with pytest.raises(ParameterError, match="decay"):
        update(begin(make_mixture("full", 1, 2)), blobs(9, 2, 1), decay=decay)


@pytest.mark.parametrize("forgetting", [0.0, 1.1, -1, np.inf])
def test_a_forgetting_that_is_no_share_is_refused(forgetting):
    with pytest.raises(ParameterError, match="forgetting"):
        update(begin(make_mixture("full", 1, 2)), blobs(9, 2, 1), forgetting=forgetting)


def test_settling_and_forgetting_at_once_is_refused():
    with pytest.raises(ParameterError, match="either"):
        update(begin(make_mixture("full", 1, 2)), blobs(9, 2, 1), decay=0.7, forgetting=0.1)


@pytest.mark.parametrize(("half_life", "weight"), [(0, 1), (1, 0), (-1, 1)])
def test_half_lives_of_no_rows_are_refused(half_life, weight):
    with pytest.raises(ParameterError, match="not usable"):
        forgetting_of(half_life, weight)


def test_half_lives_add_up_over_batches():
    small, large = forgetting_of(1000, 50), forgetting_of(1000, 150)
    assert (1 - small) ** 3 == pytest.approx(1 - large)


@pytest.mark.parametrize("rows", [[[np.nan, 0.0]], [[1.0]], np.empty((0, 2))])
def test_unusable_batches_are_refused(rows):
    with pytest.raises(InputError):
        update(begin(make_mixture("full", 2, 2)), rows)


def test_a_batch_without_weight_is_refused():
    with pytest.raises(InputError, match="weight"):
        update(begin(make_mixture("full", 2, 2)), blobs(9, 2, 1), np.zeros(9))
