"""The fourteen families: M-steps against brute force, and everything inside the family's form."""

import copy
import pickle

import numpy as np
import pytest
from parsimonious import (
    CONSTRAINED,
    FORMED,
    FOURTEEN,
    expected_log_likelihood,
    in_layout,
    member,
    random_member,
    scatters,
)
from scipy.optimize import minimize
from strategies import blobs

import gmmkit
from gmmkit import Covariance, Mixture
from gmmkit.core.em import e_step
from gmmkit.core.families import Symmetry, family, family_names
from gmmkit.errors import ParameterError

# Each family, and those that contain it with the fewest more free numbers.
NESTED = {
    "EII": ("VII", "EEI"),
    "VII": ("VEI",),
    "EEI": ("VEI", "EVI", "EEE"),
    "VEI": ("VVI", "VEE"),
    "EVI": ("VVI", "EVE"),
    "VVI": ("VVE",),
    "EEE": ("VEE", "EVE", "EEV"),
    "VEE": ("VVE", "VEV"),
    "EVE": ("VVE", "EVV"),
    "VVE": ("VVV",),
    "EEV": ("VEV", "EVV"),
    "VEV": ("VVV",),
    "EVV": ("VVV",),
}


def estimated(name, scatter, counts, previous=None):
    """Values of a family, and the expected log likelihood that they reach."""
    kind = family(name)
    values = kind.estimate(in_layout(scatter, kind), counts, previous)
    dense = kind.dense(values, *scatter.shape[-3:-1])
    return values, expected_log_likelihood(dense, scatter, counts)


def values_of(name, covariances):
    return family(name).from_dense(covariances)


def brute_force(name, scatter, counts, random):
    """The best expected log likelihood over the family's free numbers, from several starts."""
    k, d = scatter.shape[:2]

    def cost(numbers):
        return -expected_log_likelihood(member(name, numbers, k, d), scatter, counts)

    starts = 0.5 * random.standard_normal((4, family(name).n_parameters(k, d)))
    return max(-minimize(cost, start, options={"gtol": 1e-6}).fun for start in starts)


def group_map(symmetry, d, random):
    """A random map of the group that a family states, as a matrix."""
    if symmetry is Symmetry.SCALING:
        return np.diag(np.exp(random.standard_normal(d)))
    matrix = random.standard_normal((d, d))
    return matrix if symmetry is Symmetry.LINEAR else 0.3 * np.linalg.qr(matrix)[0]


@pytest.mark.parametrize("name", FOURTEEN)
@pytest.mark.parametrize(("k", "d"), [(2, 2), (2, 3)])
def test_the_estimate_reaches_what_numerical_maximization_finds(name, k, d):
    random = np.random.default_rng(d)
    scatter, counts = scatters(k, d, random)
    best = brute_force(name, scatter, counts, random)
    assert estimated(name, scatter, counts)[1] == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("name", NESTED)
def test_a_family_that_contains_another_explains_as_much(name):
    for seed in range(3):
        scatter, counts = scatters(3, 3, np.random.default_rng(seed))
        least = estimated(name, scatter, counts)[1] - 1e-8
        assert all(estimated(larger, scatter, counts)[1] >= least for larger in NESTED[name])


@pytest.mark.parametrize("name", FOURTEEN)
def test_the_stated_maps_of_the_data_map_the_estimate(name):
    random, kind = np.random.default_rng(5), family(name)
    scatter, counts = scatters(3, 3, random)
    move = group_map(kind.symmetry, 3, random)
    dense = kind.dense(estimated(name, scatter, counts)[0], 3, 3)
    moved = kind.dense(estimated(name, move @ scatter @ move.T, counts)[0], 3, 3)
    np.testing.assert_allclose(moved, move @ dense @ move.T, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", FOURTEEN)
@pytest.mark.parametrize(("k", "d"), [(1, 1), (1, 3), (3, 1), (3, 4)])
def test_a_batch_is_done_as_each_of_its_members(name, k, d):
    random, kind = np.random.default_rng(6), family(name)
    scatter, counts = scatters(k, d, random, batch=(2, 3))
    sums, floor = in_layout(scatter, kind), 0.4 * np.eye(d)
    values = kind.estimate(sums, counts)
    floored, hits = kind.floored(values, floor)
    hits_one_by_one = 0
    for index in np.ndindex(2, 3):
        alone = kind.estimate(sums[index], counts[index])
        np.testing.assert_allclose(values[index], alone, rtol=1e-4, atol=1e-5)
        lifted, hit = kind.floored(values[index], floor)
        hits_one_by_one += hit
        np.testing.assert_allclose(floored[index], lifted, rtol=1e-9, atol=1e-12)
        for together, single in (
            (kind.factors(values, d)[index], kind.factors(values[index], d)),
            (kind.dense(values, k, d)[index], kind.dense(values[index], k, d)),
        ):
            np.testing.assert_allclose(together, single, rtol=1e-12, atol=1e-14)
    assert hits == hits_one_by_one


@pytest.mark.parametrize("name", FOURTEEN)
def test_an_estimate_never_falls_behind_the_values_before(name):
    random = np.random.default_rng(7)
    for _ in range(5):
        scatter, counts = scatters(3, 4, random)
        dense = random_member(name, 3, 4, random)
        before = expected_log_likelihood(dense, scatter, counts)
        after = estimated(name, scatter, counts, values_of(name, dense))[1]
        assert after >= before - 1e-9


@pytest.mark.parametrize("name", ["VEI", "VEE", "EVE", "VVE", "VEV"])
def test_an_iterative_estimate_stays_where_it_has_arrived(name):
    scatter, counts = scatters(3, 3, np.random.default_rng(8))
    values, best = estimated(name, scatter, counts)
    again, second = estimated(name, scatter, counts, values)
    np.testing.assert_allclose(again, values, rtol=1e-4, atol=1e-4)
    assert second == pytest.approx(best, abs=1e-8)


def test_free_numbers_of_whole_mixtures_are_those_published():
    counts = (15, 17, 18, 20, 24, 26, 24, 26, 30, 32, 36, 38, 42, 44)
    published = dict(zip(FOURTEEN, counts, strict=True))
    random = np.random.default_rng(9)
    for name, count in published.items():
        covariance = Covariance(name, values_of(name, random_member(name, 3, 4, random)))
        mixture = Mixture(np.full(3, 1 / 3), random.standard_normal((3, 4)), covariance)
        assert mixture.n_parameters == count


@pytest.mark.parametrize("name", FOURTEEN)
def test_a_floor_is_reached_in_every_direction_inside_the_form(name):
    random, kind, d = np.random.default_rng(10), family(name), 3
    values = values_of(name, random_member(name, 4, d, random, spread=2.0))
    floor = 0.7 * np.eye(d)
    if kind.symmetry is Symmetry.LINEAR:
        root = random.standard_normal((d, d))
        floor = root @ root.T + 0.1 * np.eye(d)
    floored, hits = kind.floored(values, floor)
    assert hits > 0
    unroot = np.linalg.inv(np.linalg.cholesky(floor))
    dense = kind.dense(Covariance(kind, floored).values, 4, d)
    assert np.linalg.eigvalsh(unroot @ dense @ unroot.T).min() >= 1 - 1e-9


@pytest.mark.parametrize("name", FOURTEEN)
def test_a_floor_below_everything_changes_no_bit(name):
    values = values_of(name, random_member(name, 3, 3, np.random.default_rng(11)))
    floored, hits = family(name).floored(values, 1e-6 * np.eye(3))
    assert hits == 0
    assert floored.tobytes() == values.tobytes()


@pytest.mark.parametrize("name", ["EVI", "EVE", "EVV"])
def test_no_feasible_shapes_of_that_volume_beat_floored_ones(name):
    """Equal volumes: thin axes are raised at the expense of others, and that is the best."""
    random, kind = np.random.default_rng(12), family(name)
    shapes = np.exp([[2.0, 0.5, -2.5], [1.0, 0.0, -1.0], [0.3, 0.1, -0.4]])
    scatter, counts = 30 * shapes[..., None] * np.eye(3), np.full(3, 30.0)
    values = kind.estimate(in_layout(scatter, kind), counts)
    floored, hits = kind.floored(values, 0.5 * np.eye(3))
    best = expected_log_likelihood(kind.dense(floored, 3, 3), scatter, counts)
    assert hits > 0
    lifted = np.diagonal(kind.dense(floored, 3, 3), axis1=1, axis2=2)
    np.testing.assert_allclose(lifted.prod(axis=1), 1.0, rtol=1e-9)
    feasible = 0
    for _ in range(400):
        logs = np.log(lifted) + 0.1 * random.standard_normal((3, 3))
        other = np.exp(logs - logs.mean(axis=1, keepdims=True))
        if other.min() >= 0.5:
            feasible += 1
            dense = other[..., None] * np.eye(3)
            assert expected_log_likelihood(dense, scatter, counts) <= best + 1e-9
    assert feasible > 20


def test_a_component_that_collapses_to_a_point_leaves_the_common_shape_alone():
    scatter = np.array([[40.0, 10.0], [80.0, 20.0], [0.0, 0.0]])
    for name in ("VEI", "VEV", "VEE"):
        kind = family(name)
        sums = scatter if kind.axis_aligned else scatter[..., None] * np.eye(2)
        values, _ = kind.floored(kind.estimate(sums, np.full(3, 10.0)), 1e-8 * np.eye(2))
        spectra = np.linalg.eigvalsh(kind.dense(values, 3, 2))
        np.testing.assert_allclose(spectra[:, 1] / spectra[:, 0], 4.0, rtol=1e-4)
        assert spectra[2].min() == pytest.approx(1e-8)


@pytest.mark.parametrize("name", FOURTEEN)
@pytest.mark.parametrize("case", ["nothing", "a line", "lines", "a constant column", "a dead one"])
def test_singular_scatters_give_finite_values_that_a_floor_makes_usable(name, case):
    random, kind, d = np.random.default_rng(13), family(name), 3
    scatter, counts = scatters(3, d, random)
    line = random.standard_normal((3 if case == "lines" else 1, d, 1))
    if case == "nothing":
        scatter = np.zeros_like(scatter)
    elif case in ("a line", "lines"):
        scatter = np.broadcast_to(line @ line.swapaxes(1, 2), scatter.shape)
    elif case == "a constant column":
        scatter[:, 0], scatter[:, :, 0] = 0.0, 0.0
    else:
        scatter[1], counts[1] = 0.0, 0.0
    values = kind.estimate(in_layout(scatter, kind), counts)
    assert np.isfinite(values).all()
    floored, _ = kind.floored(values, 1e-10 * np.eye(d))
    assert np.isfinite(kind.factors(Covariance(kind, floored).values, d)).all()


@pytest.mark.parametrize("name", FORMED)
def test_covariances_of_another_form_are_refused_with_the_form_that_is_needed(name):
    values = values_of(name, random_member("VVV", 3, 3, np.random.default_rng(14)))
    if family(name).axis_aligned:
        values = np.array([[1.0, 2.0], [3.0, 1.0], [5.0, 5.0]])
    with pytest.raises(ParameterError, match=f"{name} covariances differ") as caught:
        Covariance(name, values)
    assert caught.value.needed == family(name).form


@pytest.mark.parametrize("name", FORMED)
def test_a_form_is_recognized_whatever_the_units_and_the_condition(name):
    random, kind = np.random.default_rng(15), family(name)
    for spread in (0.1, 3.0):
        values = values_of(name, random_member(name, 3, 3, random, spread=spread))
        factor = np.exp2([20.0, -15.0, 3.0] if kind.separate_scales else [-30.0] * 3)
        assert kind.conforms(kind.rescaled(values, factor))


@pytest.mark.parametrize("name", CONSTRAINED)
def test_a_small_breach_of_the_form_is_seen(name):
    kind = family(name)
    if not kind.per_component:
        return  # one set of values for all components cannot differ between them
    values = values_of(name, random_member(name, 3, 3, np.random.default_rng(16))).copy()
    if kind.axis_aligned:
        values[0, 0] *= 1.001
    else:
        values[0, 0, 0] *= 1.001
    assert not kind.conforms(values)


@pytest.mark.parametrize("name", FOURTEEN)
def test_a_ridge_keeps_the_form_and_explains_what_the_ridge_added(name):
    kind, dense = family(name), random_member(name, 3, 3, np.random.default_rng(17))
    values = values_of(name, dense)
    ridged = Covariance(kind, kind.ridged(values, np.full(3, 0.5))).dense(3, 3)
    sums, ones = dense + 0.5 * np.eye(3), np.ones(3)
    without = expected_log_likelihood(dense, sums, ones)
    assert expected_log_likelihood(ridged, sums, ones) > without


@pytest.mark.parametrize("name", ["EII", "EEI", "EEE", "EEV", "VVE"])
def test_a_round_ridge_is_only_added_where_the_form_allows(name):
    kind = family(name)
    values = values_of(name, random_member(name, 3, 3, np.random.default_rng(18)))
    ridged = kind.dense(kind.ridged(values, np.full(3, 0.5)), 3, 3)
    expected = kind.dense(values, 3, 3) + 0.5 * np.eye(3)
    np.testing.assert_allclose(ridged, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", FORMED)
def test_a_dead_component_keeps_what_is_its_own_and_shares_the_rest(name):
    random, kind = np.random.default_rng(19), family(name)
    values, previous = (values_of(name, random_member(name, 3, 3, random)) for _ in range(2))
    alive = np.array([True, False, True])
    kept = Covariance(kind, kind.kept(values, previous, alive)).values
    np.testing.assert_allclose(kept[alive], values[alive], rtol=1e-5, atol=1e-6)
    own, was, other = (kind.dense(v, 3, 3)[1] for v in (kept, previous, values))
    assert np.linalg.norm(own - other) > 1e-3 * np.linalg.norm(other)
    if name in ("EVI", "EVV"):
        np.testing.assert_allclose(own / own.trace(), was / was.trace(), atol=1e-6)


@pytest.mark.parametrize("name", FOURTEEN)
def test_every_family_is_found_copied_and_described(name):
    kind = family(name)
    assert name in family_names()
    assert pickle.loads(pickle.dumps(kind)) is kind
    assert copy.deepcopy(kind) is kind
    assert name in repr(kind)
    assert kind.form


def test_one_column_families_are_the_round_ones_and_refuse_more_columns():
    for name, wider in (("E", "EII"), ("V", "VII")):
        kind, counts = family(name), np.array([10.0, 20.0])
        scatter = np.array([[30.0], [10.0]])
        expected = family(wider).estimate(scatter, counts)
        assert kind.estimate(scatter, counts).tolist() == expected.tolist()
        assert kind.n_parameters(2, 1) == family(wider).n_parameters(2, 1)
        kind.check_width(1)
        with pytest.raises(ParameterError, match="one column") as caught:
            kind.check_width(2)
        assert wider in caught.value.hint


def test_components_with_a_matrix_to_themselves_need_most_rows():
    needed = {name: family(name).minimum_count(5) for name in FOURTEEN}
    assert {name for name, count in needed.items() if count == 10} == {"VVV", "EVV"}
    assert {name for name, count in needed.items() if count == 6} == {"EEV", "VEV"}


def test_only_three_families_let_one_component_be_replaced():
    assert {name for name in FOURTEEN if family(name).independent} == {"VVV", "VVI", "VII"}


@pytest.mark.parametrize("name", [*FOURTEEN, "E", "V"])
def test_a_saved_mixture_comes_back_bit_by_bit(name, tmp_path):
    random, d = np.random.default_rng(20), 1 if len(name) == 1 else 3
    dense = random_member({"E": "EII", "V": "VII"}.get(name, name), 2, d, random)
    covariance = Covariance(name, values_of(name, dense))
    mixture = Mixture([0.3, 0.7], random.standard_normal((2, d)), covariance)
    gmmkit.save(mixture, tmp_path / "m.gmm")
    loaded = gmmkit.load(tmp_path / "m.gmm")
    assert loaded.covariance.family is family(name)
    assert loaded.covariance.values.tobytes() == mixture.covariance.values.tobytes()


@pytest.mark.parametrize("name", FOURTEEN)
def test_densities_are_those_of_the_dense_covariances(name):
    random = np.random.default_rng(21)
    dense = random_member(name, 3, 2, random)
    means = random.standard_normal((3, 2))
    mixture = Mixture([0.2, 0.3, 0.5], means, Covariance(name, values_of(name, dense)))
    rows = random.standard_normal((20, 2))
    full = Mixture([0.2, 0.3, 0.5], means, dense)
    np.testing.assert_allclose(mixture.log_density(rows), full.log_density(rows), rtol=1e-10)
    found, expected = e_step(rows, mixture), e_step(rows, full)
    np.testing.assert_allclose(found.weight, expected.weight, rtol=1e-9)


@pytest.mark.parametrize("name", FOURTEEN)
def test_expectation_maximization_never_loses_likelihood(name):
    found = gmmkit.fit(blobs(150, 3, 3, seed=1), 3, covariance=name, seed=0, precision="float64")
    steps = np.diff([iteration.log_likelihood for iteration in found.trace])
    assert steps.min() >= -1e-9
    assert found.mixture.covariance.family is family(name)
