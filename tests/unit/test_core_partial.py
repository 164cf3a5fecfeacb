"""The pass over incomplete and labeled rows against loops over rows and components."""

import numpy as np
import pytest
from gaps import OTHER_FAMILIES, mixture_of, partial_sums, with_gaps
from strategies import FAMILIES, assert_sums_agree, blobs, make_mixture

from gmmkit import Covariance, Mixture, Noise
from gmmkit.core.em import e_step, m_step
from gmmkit.core.engine.routes import Route
from gmmkit.core.execution import SerialExecutor, ThreadExecutor
from gmmkit.core.families import family
from gmmkit.core.gaps.incomplete import partial_e_step
from gmmkit.core.gaps.known import Known
from gmmkit.core.gaps.partial import KnownSource, make_partial_pass
from gmmkit.core.maximization import Regularization
from gmmkit.core.sources.blocks import Block
from gmmkit.core.units import Units, units_of
from gmmkit.errors import InputError, ParameterError

GAP = np.nan
ROWS = with_gaps(blobs(60, 3, 2, seed=4, separation=1.0))
LABELS = np.where(np.arange(60) % 4 == 0, np.arange(60) % 3, -1)
WEIGHTS = np.random.default_rng(4).uniform(0.1, 3.0, 60)


def swept(mixture, route, rows=ROWS, weights=None, labels=None, executor=None):
    """The statistics of a whole source in the data's own units."""
    source = KnownSource.of(rows, weights, labels=labels, n_components=mixture.n_components)
    units = Units.plain(mixture.n_features)
    go = make_partial_pass(mixture, units, route, source.n_rows, 1)
    return (executor or SerialExecutor()).total(go, source)


def iterate(mixture, rows, iterations, **known):
    """The mixtures of EM on incomplete rows, and their log likelihoods."""
    kind, d = mixture.covariance.family, mixture.n_features
    floor = Regularization(1e-12 * np.eye(d), np.zeros(d))
    for _ in range(iterations):
        statistics = partial_e_step(rows, mixture, **known)
        yield mixture, statistics.log_likelihood
        mixture = m_step(statistics, kind, regularization=floor, previous=mixture)


@pytest.mark.parametrize("route", [Route.FLOAT64, Route.CENTERED])
@pytest.mark.parametrize("name", FAMILIES)
def test_incomplete_rows_add_up_to_the_sums_of_a_loop(name, route):
    mixture = make_mixture(name, 3, 3, seed=1)
    rows = ROWS[~np.isnan(ROWS).all(axis=1)]
    origin = mixture.means if route is Route.CENTERED else None
    expected = partial_sums(rows, mixture, origin=origin)
    assert_sums_agree(swept(mixture, route, rows), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("route", [Route.FLOAT64, Route.CENTERED])
@pytest.mark.parametrize("name", FAMILIES)
def test_weighted_labeled_incomplete_rows_add_up_to_the_sums_of_a_loop(name, route):
    mixture = make_mixture(name, 3, 3, seed=2)
    silent = np.isnan(ROWS).all(axis=1) & (LABELS < 0)
    rows, weights, labels = ROWS[~silent], WEIGHTS[~silent], LABELS[~silent]
    origin = mixture.means if route is Route.CENTERED else None
    expected = partial_sums(rows, mixture, weights, labels=labels, origin=origin)
    found = swept(mixture, route, rows, weights, labels)
    assert_sums_agree(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", OTHER_FAMILIES)
def test_the_sums_of_every_other_family_are_those_of_a_loop(name):
    mixture, rows = mixture_of(name), ROWS[~np.isnan(ROWS).all(axis=1)]
    expected = partial_sums(rows, mixture)
    assert_sums_agree(swept(mixture, Route.FLOAT64, rows), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", FAMILIES)
def test_sets_of_allowed_components_restrict_as_the_equation_says(name):
    mixture = make_mixture(name, 3, 2, seed=3)
    rows, allowed = blobs(20, 2, 2, seed=3), np.ones((20, 3), bool)
    allowed[:, 1] = False
    joint = mixture.log_joint(rows)[:, [0, 2]]
    found = partial_e_step(rows, mixture, labels=allowed)
    assert found.log_likelihood == pytest.approx(np.logaddexp(*joint.T).sum())
    shares = np.exp(joint - np.logaddexp(*joint.T)[:, None]).sum(axis=0)
    np.testing.assert_allclose(found.weight, [shares[0], 0.0, shares[1]])


@pytest.mark.parametrize("name", FAMILIES)
def test_complete_rows_give_the_bits_of_the_ordinary_pass(name):
    mixture, rows = make_mixture(name, 2, 3, seed=5), blobs(50, 3, 2, seed=5)
    found, expected = partial_e_step(rows, mixture), e_step(rows, mixture)
    assert found.log_likelihood == expected.log_likelihood
    np.testing.assert_array_equal(found.second, expected.second)


def test_a_block_of_which_nothing_is_said_goes_through_the_ordinary_pass():
    mixture = make_mixture("full", 2, 2)
    rows = blobs(9, 2, 1)
    go = make_partial_pass(mixture, Units.plain(2), Route.FLOAT64, 9)
    assert go(Block(rows, None)).log_likelihood == pytest.approx(mixture.log_density(rows).sum())


@pytest.mark.parametrize("name", FAMILIES)
def test_statistics_of_complete_and_incomplete_rows_can_be_added(name):
    mixture = make_mixture(name, 2, 3, seed=6)
    complete = blobs(30, 3, 2, seed=6)
    parts = e_step(complete, mixture) + partial_e_step(ROWS, mixture)
    whole = partial_e_step(np.concatenate([complete, ROWS]), mixture)
    np.testing.assert_allclose(parts.second, whole.second, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", FAMILIES)
def test_single_precision_is_near_where_its_bound_allows_it(name):
    mixture = make_mixture(name, 2, 3, seed=7)
    rows = with_gaps(blobs(60, 3, 2, seed=7, separation=1.0)).astype(np.float32)
    single, double = swept(mixture, Route.FLOAT32, rows), swept(mixture, Route.FLOAT64, rows)
    assert single.log_likelihood == pytest.approx(double.log_likelihood, abs=0.05)


def test_any_number_of_threads_gives_the_same_bits():
    mixture = make_mixture("full", 3, 3, seed=8)
    with ThreadExecutor(3) as executor:
        threaded = swept(mixture, Route.FLOAT64, executor=executor)
    with ThreadExecutor(2) as executor:
        other = swept(mixture, Route.FLOAT64, executor=executor)
    np.testing.assert_array_equal(threaded.second, other.second)


def test_far_from_the_origin_gaps_change_nothing():
    mixture = make_mixture("full", 2, 3, seed=9)
    moved = Mixture(mixture.weights, mixture.means + 1e8, mixture.covariance)
    near, far = partial_e_step(ROWS, mixture), partial_e_step(np.round(ROWS, 6) + 1e8, moved)
    assert far.log_likelihood == pytest.approx(near.log_likelihood, rel=1e-5)


def test_only_the_units_of_observed_cells_enter_the_likelihood():
    mixture = Mixture([1.0], [[0.0, 0.0]], np.diag([1.0, 100.0**2])[None])
    found = partial_e_step([[0.0, GAP]], mixture)
    assert found.log_likelihood == pytest.approx(-0.5 * np.log(2 * np.pi))


def test_a_labeled_row_is_not_noise():
    mixture = Mixture([0.5], [[0.0]], [[[1.0]]], Noise(0.5, -1.0))
    found = partial_e_step([[0.0]], mixture, labels=[0])
    assert found.noise_weight == 0.0
    assert found.log_likelihood == pytest.approx(np.log(0.5) - 0.5 * np.log(2 * np.pi))


def test_an_unlabeled_row_beside_labeled_ones_may_still_be_noise():
    mixture = Mixture([0.5], [[0.0]], [[[1.0]]], Noise(0.5, -1.0))
    found = partial_e_step([[0.0], [50.0]], mixture, labels=[0, -1])
    assert found.noise_weight == pytest.approx(1.0)


def test_noise_beside_gaps_is_refused():
    mixture = Mixture([0.5], [[0.0, 0.0]], [np.eye(2)], Noise(0.5, -1.0))
    with pytest.raises(ParameterError, match="noise"):
        partial_e_step([[0.0, GAP]], mixture)


def test_a_label_of_a_component_without_weight_is_refused():
    mixture = Mixture([1.0, 0.0], [[0.0], [1.0]], np.ones((2, 1, 1)))
    with pytest.raises(ParameterError, match="weight zero"):
        partial_e_step([[0.0]], mixture, labels=[1])


def test_rows_that_say_nothing_are_left_out_and_counted():
    source = KnownSource.of(
        [[GAP, GAP], [1.0, GAP], [GAP, GAP], [GAP, GAP]], [1, 1, 0, 2], n_components=2
    )
    assert (source.n_rows, source.n_left_out) == (1, 2)


def test_a_label_without_cells_tells_of_the_weights():
    mixture = make_mixture("full", 2, 2)
    found = partial_e_step([[GAP, GAP]], mixture, labels=[1])
    assert found.log_likelihood == pytest.approx(np.log(mixture.weights[1]))
    np.testing.assert_allclose(found.weight, [0.0, 1.0])


def test_by_hard_assignment_labels_without_cells_choose_the_heaviest_they_allow():
    mixture = Mixture([0.5, 0.2, 0.3], [[0.0], [1.0], [2.0]], np.ones((3, 1, 1)))
    source = KnownSource.of([[GAP]], labels=np.array([[False, True, True]]), n_components=3)
    go = make_partial_pass(mixture, Units.plain(1), Route.FLOAT64, 1, hard=True)
    found = SerialExecutor().total(go, source)
    assert found.weight.tolist() == [0.0, 0.0, 1.0]
    assert found.log_likelihood == pytest.approx(np.log(0.3))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_label_without_cells_moves_no_gaussian(name):
    mixture = make_mixture(name, 2, 2)
    statistics = partial_e_step([[GAP, GAP]] * 2, mixture, labels=[0, 1])
    after = m_step(statistics, family(name))
    np.testing.assert_allclose(after.means, mixture.means, atol=1e-12)
    weighted = np.average(mixture.covariances, axis=0)
    expected = np.array([weighted] * 2) if name == "tied" else mixture.covariances
    np.testing.assert_allclose(after.covariances, expected, atol=1e-12)


def test_rows_without_any_value_are_refused():
    with pytest.raises(InputError, match="no row"):
        KnownSource.of([[GAP, GAP]], n_components=1)


def test_a_source_says_where_its_rows_stood():
    rows = np.array([[1.0, GAP], [2.0, 3.0], [4.0, GAP]])
    source = KnownSource.of(rows, n_components=1)
    np.testing.assert_array_equal(source.rows, rows[source.index])
    np.testing.assert_array_equal(source.take([0, 2]).rows, source.rows[[0, 2]])


def test_blocks_are_cut_by_count_within_what_is_known():
    rows = np.zeros((70_000, 1))
    source = KnownSource.of(rows, labels=np.arange(70_000) % 2, n_components=2)
    sizes = [len(block.rows) for block in source]
    assert sum(sizes) == 70_000
    assert max(sizes) <= 32_768
    assert {block.known for block in source} == {
        Known((True,), (True, False), labeled=True),
        Known((True,), (False, True), labeled=True),
    }


def test_weights_travel_with_their_rows():
    source = KnownSource.of([[1.0, GAP], [2.0, 3.0], [4.0, GAP]], [5, 6, 7], n_components=1)
    by_value = {block.rows[0, 0]: block.weights[0] for block in source}
    assert by_value in ({1.0: 5.0, 2.0: 6.0}, {4.0: 7.0, 2.0: 6.0})


@pytest.mark.parametrize("name", FAMILIES)
def test_a_column_without_any_value_leaves_the_fit_of_the_others(name):
    """EM over a column that nobody saw walks the way of EM without it."""
    mixture = make_mixture(name, 2, 3, seed=11)
    rows = blobs(80, 3, 2, seed=11, separation=2.0)
    rows[:, 1] = GAP
    kept = [0, 2]
    covariances = mixture.covariances[:, kept][:, :, kept]
    values = family(name).from_dense(np.ascontiguousarray(covariances))
    marginal = Mixture(mixture.weights, mixture.means[:, kept], Covariance(name, values))
    steps = 1 if name == "spherical" else 15
    found = [value for _, value in iterate(mixture, rows, steps)]
    expected = [value for _, value in iterate(marginal, rows[:, kept], steps)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_em_on_monotone_gaps_ends_at_the_closed_form_of_regression():
    """Anderson (1957): a mean is moved along the regression on what was always observed."""
    random = np.random.default_rng(12)
    x = random.normal(size=200)
    y = 2.0 + 1.5 * x + random.normal(size=200)
    rows = np.column_stack([x, np.where(x > 0.3, GAP, y)])
    seen = ~np.isnan(rows[:, 1])
    slope = np.cov(x[seen], y[seen], ddof=0)[0, 1] / x[seen].var()
    residual = (y[seen] - y[seen].mean() - slope * (x[seen] - x[seen].mean())).var()
    *_, (mixture, _) = iterate(Mixture([1.0], [[0.0, 0.0]], [np.eye(2)]), rows, 400)
    mean = y[seen].mean() + slope * (x.mean() - x[seen].mean())
    np.testing.assert_allclose(mixture.means[0], [x.mean(), mean], rtol=1e-6)
    variance = residual + slope**2 * x.var()
    np.testing.assert_allclose(mixture.covariances[0, 1, 1], variance, rtol=1e-6)


def test_cells_missing_at_random_do_not_bias_the_fit():
    """Each estimate is at least as sure as the mean of the cells that are left.

    Sixteen numbers beyond five of its standard errors: a false alarm in 1e5 seeds.
    """
    truth = Mixture([0.4, 0.6], [[0.0] * 4, [8.0] * 4], Covariance("diag", np.ones((2, 4))))
    rows, labels = truth.sample_with_labels(3000, seed=13)
    gappy = with_gaps(rows, 0.3, seed=13)
    *_, (mixture, _) = iterate(truth, gappy, 20)
    for k in range(2):
        left = (~np.isnan(gappy[labels == k])).sum(axis=0)
        assert (np.abs(mixture.means[k] - truth.means[k]) < 5 / np.sqrt(left)).all()
        variances = mixture.covariance.values[k]
        assert (np.abs(variances - 1) < 5 * np.sqrt(2 / left)).all()


def test_labels_of_all_rows_make_one_iteration_the_answer():
    rows, labels = blobs(90, 2, 3, seed=14), np.arange(90) % 3
    mixture = m_step(
        partial_e_step(rows, make_mixture("full", 3, 2), labels=labels), family("full")
    )
    for k in range(3):
        np.testing.assert_allclose(mixture.means[k], rows[labels == k].mean(axis=0))
        np.testing.assert_allclose(
            mixture.covariances[k], np.cov(rows[labels == k].T, ddof=0), atol=1e-10
        )


def test_labels_can_name_components_that_nothing_tells_apart():
    """Two halves of one lump: only their labels say which is which."""
    random = np.random.default_rng(15)
    rows = random.normal(size=(200, 1))
    labels = np.where(np.arange(200) < 100, (rows[:, 0] > 0).astype(int), -1)
    start = Mixture([0.5, 0.5], [[0.0], [0.0]], np.ones((2, 1, 1)))
    *_, (mixture, _) = iterate(start, rows, 5, labels=labels)
    assert mixture.means[0, 0] < mixture.means[1, 0]


def test_working_units_do_not_change_the_sums():
    mixture = make_mixture("full", 2, 3, seed=16, offset=40.0)
    rows = ROWS + 40.0
    plain = partial_e_step(rows, mixture, units=Units.plain(3))
    units = units_of(mixture)
    found = partial_e_step(rows, mixture, units=units)
    assert found.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-9)
    means = found.means * units.scale + units.origin
    np.testing.assert_allclose(means, plain.means, rtol=1e-9)
