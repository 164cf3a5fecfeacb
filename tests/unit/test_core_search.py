"""The search: many mixtures at once do what each does alone, moves keep what they must, and a
search ends no lower than it began, within its budget."""

import numpy as np
import pytest
from parsimonious import FOURTEEN, random_member
from strategies import blobs, posterior_oracle

from gmmkit import Covariance, Mixture, Noise, fit
from gmmkit.core.em import run_em
from gmmkit.core.engine.routes import Route
from gmmkit.core.execution import SerialExecutor
from gmmkit.core.families import family
from gmmkit.core.maximization import Parameters, Regularization
from gmmkit.core.search import hunt as hunting
from gmmkit.core.search.beginnings import first_population
from gmmkit.core.search.hunt import Search, hunt
from gmmkit.core.search.moves import children
from gmmkit.core.search.population import PopulationEM, joined, members
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.starts.row_sets import RowSet, distinct_rows
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError

NOISE = Noise(0.1, -6.0)
# Rows on four long lines side by side: nearest centers cut across the lines.
LINES = np.repeat(np.arange(4), 50)


def rows_on_lines():
    """Two hundred rows on the four lines."""
    random = np.random.default_rng(1)
    return np.column_stack([6 * random.normal(size=200), LINES + 0.1 * random.normal(size=200)])


def unregularized(d):
    return Regularization(None, np.zeros(d))


def mixture_of(name, k, d, *, seed, noise=None):
    """A random mixture about the origin, with noise or without."""
    random, kind = np.random.default_rng(seed), family(name)
    covariance = Covariance(
        kind, kind.from_dense(9 * random_member(kind.mclust_name, k, d, random))
    )
    weights = random.dirichlet(np.full(k, 5.0)) * (1.0 - (noise.weight if noise else 0.0))
    return Mixture(weights, random.normal(size=(k, d)), covariance, noise)


def population_of(mixtures):
    """Several mixtures as one population."""
    each = [(m.weights[None], m.means[None], m.covariance.values[None]) for m in mixtures]
    return joined(*(Parameters(*parts) for parts in each))


def searched(rows, name="full", k=3, *, plan, seed=0, noise=None):
    """The finalists of a search."""
    sample = distinct_rows(rows, None)
    regularization = Regularization(1e-10 * np.eye(rows.shape[1]), np.zeros(rows.shape[1]))
    random = np.random.default_rng(seed)
    return hunt(sample, family(name), regularization, k, plan=plan, random=random, noise=noise)


@pytest.mark.parametrize("noise", [None, NOISE])
@pytest.mark.parametrize("name", FOURTEEN)
def test_a_population_does_step_by_step_what_each_mixture_does_alone(name, noise):
    rows, weights = (
        blobs(90, 3, 3, seed=1, separation=2),
        np.random.default_rng(1).uniform(1, 3, 90),
    )
    starts = [mixture_of(name, 3, 3, seed=seed, noise=noise) for seed in range(3)]
    em = PopulationEM.of(RowSet(rows, weights), family(name), unregularized(3), noise)
    population, before = population_of(starts), []
    for _ in range(4):
        population, log_likelihoods = em.step(population)
        before.append(log_likelihoods / weights.sum())
    for number, start in enumerate(starts):
        alone = run_em(
            ArraySource(rows, weights),
            start,
            Units.plain(3),
            SerialExecutor(),
            unregularized(3),
            tol=0.0,
            max_iter=4,
            route=Route.FLOAT64,
        )
        trace = [iteration.log_likelihood for iteration in alone.trace]
        np.testing.assert_allclose(np.array(before)[:, number], trace, rtol=1e-9)
        mixture = alone.mixture
        for ours, theirs in zip(
            members(population, [number]),
            (mixture.weights, mixture.means, mixture.covariance.values),
            strict=True,
        ):
            np.testing.assert_allclose(ours[0], theirs, rtol=1e-6, atol=1e-8)


def test_a_population_in_many_chunks_is_done_as_one_in_few(monkeypatch):
    rows = distinct_rows(blobs(90, 2, 3, seed=2), None)
    em = PopulationEM.of(rows, family("full"), unregularized(2))
    population = population_of([mixture_of("full", 3, 2, seed=seed) for seed in range(5)])
    whole, log_likelihoods = em.step(population)
    monkeypatch.setattr("gmmkit.core.search.population._CHUNK_NUMBERS", 1)
    parts, again = em.step(population)
    np.testing.assert_allclose(again, log_likelihoods, rtol=1e-13)
    np.testing.assert_allclose(parts.means, whole.means, rtol=1e-11)


@pytest.mark.parametrize("name", FOURTEEN)
def test_moves_keep_shapes_and_every_covariance_positive_definite(name):
    parents = population_of([mixture_of(name, 4, 3, seed=seed) for seed in range(3)])
    before = [part.copy() for part in parents]
    born = children(parents, 300, blobs(50, 3), family(name), np.random.default_rng(0))
    assert [p.shape[1:] for p in born] == [p.shape[1:] for p in parents]
    assert len(born.weights) == 300
    dense = family(name).dense(born.values, 4, 3)
    assert np.linalg.eigvalsh(dense).min() > 0
    assert all((now == then).all() for now, then in zip(parents, before, strict=True))


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_moves_leave_noise_its_share(share):
    noise = Noise(share, -6.0) if share else None
    parents = population_of([mixture_of("diag", 3, 2, seed=seed, noise=noise) for seed in (1, 2)])
    born = children(parents, 200, blobs(50, 2), family("diag"), np.random.default_rng(0))
    assert born.weights.min() > 0
    np.testing.assert_allclose(born.weights.sum(axis=1), 1.0 - share, rtol=1e-12)


def test_a_move_leaves_all_but_two_components_where_they_are():
    parents = population_of([mixture_of("full", 5, 2, seed=3)])
    born = children(parents, 300, blobs(50, 2), family("full"), np.random.default_rng(0))
    stayed = (born.means[:, :, None] == parents.means[:, None]).all(axis=3).any(axis=2).sum(axis=1)
    assert set(stayed.tolist()) == {3, 4, 5}


def test_a_component_that_comes_back_does_so_at_a_row_or_about_another_component():
    parents, rows = population_of([mixture_of("full", 4, 2, seed=4)]), 100 + blobs(50, 2)
    born = children(parents, 300, rows, family("full"), np.random.default_rng(0))
    returned = (born.means > 50).all(axis=2)
    assert (returned.sum(axis=1) <= 1).all()
    assert 0.4 < returned.any(axis=1).mean() < 0.8
    places = born.means[returned]
    assert (places[:, None] == rows).all(axis=2).any(axis=1).all()
    # Halves of a split are as far from the parent on one side as on the other.
    means = parents.means[0]
    stayed = (born.means[:, :, None] == means).all(axis=3)
    split = ~returned.any(axis=1) & (stayed.any(axis=2).sum(axis=1) == 2)
    for child, kept in zip(born.means[split], stayed[split].any(axis=2), strict=True):
        middle = child[~kept].mean(axis=0)
        assert np.abs(means - middle).max(axis=1).min() < 1e-12


@pytest.mark.parametrize("name", FOURTEEN)
def test_the_first_population_is_of_full_size_and_finite(name):
    rows = distinct_rows(blobs(80, 2, 3, seed=5), None)
    em = PopulationEM.of(rows, family(name), unregularized(2), NOISE)
    population = first_population(em, rows, 3, 24, np.random.default_rng(0))
    assert [len(part) for part in population] == [24, 24, 24]
    np.testing.assert_allclose(population.weights.sum(axis=1), 0.9, rtol=1e-12)
    assert np.linalg.eigvalsh(family(name).dense(population.values, 3, 2)).min() > 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["full", "EVE", "spherical"])
def test_a_search_ends_no_lower_than_its_first_population(name, seed):
    rows = blobs(120, 2, 5, seed=seed, separation=2)
    without, after = (
        searched(rows, name, 4, plan=Search(rounds=rounds), seed=seed)[0] for rounds in (0, 6)
    )
    assert (after.valid, after.log_likelihood) >= (without.valid, without.log_likelihood - 1e-3)


@pytest.mark.parametrize("noise", [None, NOISE])
@pytest.mark.parametrize("name", ["full", "tied", "VEI", "EII"])
def test_a_finalist_has_the_likelihood_that_is_said_of_it(name, noise):
    outliers = np.random.default_rng(6).uniform(-30, 30, (20, 2))
    rows = np.concatenate([blobs(80, 2, 3, seed=6), outliers])
    for finalist in searched(rows, name, plan=Search(rounds=2), noise=noise):
        weights, means, values = finalist.parameters
        left = None if noise is None else Noise(1.0 - weights.sum(), noise.log_density)
        mixture = Mixture(weights, means, Covariance(name, values), left)
        expected = posterior_oracle(rows, mixture)[1].sum()
        assert finalist.log_likelihood == pytest.approx(expected, rel=1e-10)


def test_valid_finalists_come_before_collapsed_ones_and_better_before_worse():
    seen = set()
    for seed in range(4):
        rows = blobs(40, 2, 2, seed=seed, separation=2)
        finalists = searched(rows, "full", 5, plan=Search(rounds=3))
        found = [(finalist.valid, finalist.log_likelihood) for finalist in finalists]
        assert found == sorted(found, reverse=True)
        seen |= {(valid, likelihood > found[0][1]) for valid, likelihood in found}
    # Some that collapsed are likelier than the valid ones before them.
    assert (False, True) in seen


@pytest.mark.parametrize("seed", range(3))
def test_a_search_finds_lines_that_nearest_centers_cut_across(seed):
    rows = rows_on_lines()
    best = fit(rows, 4, start=LINES, tol=1e-7)
    assert fit(rows, 4, start="kmeans", seed=seed).log_likelihood < best.log_likelihood - 50
    found = fit(rows, 4, seed=seed)
    assert found.log_likelihood > best.log_likelihood - 1e-3
    assert found.valid


def test_a_search_beside_noise_finds_the_lines_and_the_rows_between_them():
    outliers = np.random.default_rng(7).uniform([-15, -3], [15, 6], (30, 2))
    rows = np.concatenate([rows_on_lines(), outliers])
    best = fit(rows, 4, start=np.append(LINES, np.zeros(30, int)), noise=0.1, tol=1e-7)
    assert fit(rows, 4, noise=0.1, seed=0).log_likelihood > best.log_likelihood - 1e-3


@pytest.fixture
def rounds_done(monkeypatch):
    """Counts how often moves are made."""
    calls = []

    def counted(*arguments):
        calls.append(len(arguments))
        return children(*arguments)

    monkeypatch.setattr(hunting, "children", counted)
    return calls


def test_a_search_of_no_rounds_makes_no_moves(rounds_done):
    assert searched(blobs(60), plan=Search(rounds=0))
    assert rounds_done == []


def test_a_search_makes_at_most_the_rounds_it_was_given(rounds_done):
    searched(blobs(60, 2, 5, separation=1), k=4, plan=Search(rounds=3, patience=100))
    assert len(rounds_done) == 3


def test_a_search_ends_once_its_patience_is_used_up(rounds_done):
    """One optimum, which every start finds: the second look at it brings nothing."""
    rows = np.concatenate([blobs(60, 2, 1, separation=0), 90 + blobs(60, 2, 1, separation=0)])
    searched(rows, "spherical", 2, plan=Search(rounds=50, patience=2))
    assert len(rounds_done) == 2


@pytest.mark.parametrize(("affordable", "done"), [(8.5, 8), (0.0, hunting.FEWEST_ROUNDS)])
def test_work_is_what_a_round_costs_times_their_number_of_which_a_few_are_free(
    rounds_done, affordable, done
):
    rows = blobs(60, 2, 5, separation=1)
    cost = hunting.round_work(distinct_rows(rows, None), 4, family("full"))
    searched(rows, k=4, plan=Search(work=affordable * cost, patience=100))
    assert len(rounds_done) == done


def test_a_search_that_is_late_makes_no_more_moves(rounds_done, monkeypatch):
    times = iter(range(1000))
    monkeypatch.setattr(hunting, "monotonic", lambda: float(next(times)))
    searched(blobs(60, 2, 5, separation=1), k=4, plan=Search(seconds=2.5, patience=100))
    assert len(rounds_done) == 2


def test_one_component_needs_no_moves(rounds_done):
    found = searched(blobs(60), k=1, plan=Search())
    assert rounds_done == []
    assert len(found) == 1


@pytest.mark.parametrize(
    "arguments",
    [{"rounds": -1}, {"rounds": 1.5}, {"patience": 0}, {"work": -1.0}, {"seconds": float("nan")}],
)
def test_a_budget_that_is_none_is_refused_by_name(arguments):
    with pytest.raises(ParameterError, match=next(iter(arguments))):
        Search(**arguments)


@pytest.mark.parametrize("name", ["full", "VEE", "diag"])
def test_neither_order_nor_copies_nor_threads_change_what_a_search_finds(name):
    rows = blobs(120, 2, 4, seed=8, separation=3)
    rows = np.concatenate([rows, rows[:30]])
    whole = fit(rows, 3, covariance=name, start="search", seed=0)
    order = np.random.default_rng(0).permutation(150)
    weights = np.where(np.arange(120) < 30, 2.0, 1.0)
    others = [
        fit(rows[order], 3, covariance=name, start="search", seed=0),
        fit(rows[:120], 3, covariance=name, start="search", seed=0, sample_weight=weights),
        fit(rows, 3, covariance=name, start="search", seed=0, n_threads=2),
    ]
    for other in others:
        assert other.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-6)
        np.testing.assert_allclose(other.mixture.means, whole.mixture.means, atol=1e-5)


def test_the_same_seed_searches_the_same_way():
    rows = blobs(120, 2, 5, seed=9, separation=1)
    one, other = (fit(rows, 4, seed=3) for _ in range(2))
    assert one.mixture.means.tobytes() == other.mixture.means.tobytes()
    assert one.start_log_likelihoods == other.start_log_likelihoods


def test_what_a_search_found_beside_the_best_is_told_as_optima():
    result = fit(rows_on_lines(), 3, seed=0)
    assert len(result.start_log_likelihoods) > 1
    assert result.optima[0].log_likelihood == result.log_likelihood
    assert result.log_likelihood == max(o.log_likelihood for o in result.optima if o.valid)
