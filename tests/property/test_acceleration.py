"""An accelerated run never loses likelihood, and ends where EM has nothing left to do."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from parsimonious import FOURTEEN
from strategies import FAMILIES, blobs, datasets, families, make_mixture, stable

from gmmkit import fit
from gmmkit.core.acceleration import path_for
from gmmkit.core.em import EMState, em_step, run_em
from gmmkit.core.engine.routes import Route
from gmmkit.core.execution import SerialExecutor
from gmmkit.core.maximization import Regularization
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.core.units import Units
from gmmkit.errors import GmmkitWarning

# What an iteration may lose to rounding, in nats per unit weight: by itself, and where a floor
# holds up a covariance that is conditioned like 1e10.
ROUNDING, FLOORED_ROUNDING = 1e-10, 1e-6


def fitted(rows, k, **options):
    """A fit from k-means, whatever it warns of."""
    options = {"start": "kmeans", "tol": 1e-9, "max_iter": 60, "seed": 0} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GmmkitWarning)
        return fit(rows, k, **options)


def worst_fall(result, exact=True):
    """The largest loss of an iteration, as a multiple of what rounding may cost."""
    objectives = np.array([info.objective for info in result.trace])
    floored = np.array([info.floored > 0 for info in result.trace])
    allowed = np.where(floored[:-1] | floored[1:], FLOORED_ROUNDING, ROUNDING)
    counted = np.ones(len(allowed), bool) if exact else ~floored[:-1]
    return max((-np.diff(objectives) / allowed)[counted], default=0.0)


@stable
@given(datasets(), families(), st.sampled_from(["plain", "noise", "prior", "trim"]))
def test_the_objective_never_falls(data, name, kind):
    options = {"noise": {"noise": 0.1}, "prior": {"prior": "default"}, "trim": {"trim": 0.1}}
    result = fitted(
        data.rows,
        data.n_components,
        covariance=name,
        sample_weight=data.weights,
        acceleration="squarem",
        **options.get(kind, {}),
    )
    assert worst_fall(result) < 1


@stable
@given(datasets(weighted=False), st.sampled_from(FOURTEEN))
def test_the_objective_never_falls_in_families_that_share_parts(data, name):
    result = fitted(data.rows, data.n_components, covariance=name, acceleration="squarem")
    assume(result.valid)
    assert worst_fall(result, exact=False) < 1


def overlapping(n=2_000, seed=3):
    """Rows of clusters that EM alone takes hundreds of iterations to tell apart."""
    return blobs(n, 3, 4, seed=seed, separation=0.6)


@pytest.mark.parametrize("name", FAMILIES)
def test_an_accelerated_run_takes_at_most_two_thirds_of_the_passes_where_em_is_slow(name):
    rows = overlapping()
    options = {"covariance": name, "tol": 1e-7, "max_iter": 2_000}
    quick = fitted(rows, 4, acceleration="squarem", **options)
    slow = fitted(rows, 4, acceleration="none", **options)
    assert slow.n_iter > 60
    assert sum(info.passes for info in quick.trace) <= 2 / 3 * slow.n_iter


@pytest.mark.parametrize("name", FAMILIES)
def test_an_accelerated_run_ends_where_another_iteration_of_em_changes_nothing(name):
    rows = overlapping()
    end = fitted(rows, 4, covariance=name, acceleration="squarem", tol=1e-12, max_iter=3_000)
    assert end.converged
    options = {"start": end.mixture, "covariance": name, "max_iter": 1, "acceleration": "none"}
    further = fitted(rows, 4, tol=0.0, **options)
    np.testing.assert_allclose(further.mixture.weights, end.mixture.weights, atol=1e-5)
    np.testing.assert_allclose(further.mixture.means, end.mixture.means, atol=1e-5)
    np.testing.assert_allclose(further.mixture.covariances, end.mixture.covariances, atol=1e-5)


@pytest.mark.parametrize("precision", ["float32", "float64", "centered"])
def test_any_number_of_threads_gives_the_same_bits(precision):
    rows = overlapping(60_000).astype(np.float32)
    options = {"acceleration": "squarem", "precision": precision, "tol": 1e-5, "max_iter": 12}
    one, two = (fitted(rows, 4, n_threads=n, **options) for n in (1, 2))
    assert one.trace == two.trace
    assert one.mixture.means.tobytes() == two.mixture.means.tobytes()


def test_hard_assignment_goes_without():
    rows = overlapping()
    runs = [fitted(rows, 4, assignment="hard", acceleration=a) for a in ("squarem", "none")]
    assert runs[0].trace == runs[1].trace


def test_fixed_components_stay_where_they_are():
    rows, fixed = overlapping(), make_mixture("full", 1, 3)
    end = fitted(rows, 3, fixed=fixed, acceleration="squarem")
    np.testing.assert_allclose(end.mixture.means[0], fixed.means[0], rtol=1e-12)


@pytest.mark.parametrize("missing", [False, True])
def test_the_first_three_iterations_are_those_of_em_alone(missing):
    rows = overlapping()
    if missing:
        rows[::7, 1] = np.nan
    options = {"missing": "marginalize" if missing else "refuse", "max_iter": 3}
    runs = [fitted(rows, 4, acceleration=name, **options) for name in ("squarem", "none")]
    assert runs[0].trace == runs[1].trace


def stepped(state, source, n):
    """The state after some iterations, and what they saw."""
    trace = []
    for _ in range(n):
        state, info = em_step(
            state, source, SerialExecutor(), Regularization(None, np.zeros(3)), tol=1e-9
        )
        trace.append(info)
    return state, trace


def test_a_state_holds_all_that_is_needed_to_go_on():
    source, plain = ArraySource(overlapping()), Units.plain(3)
    beginning = make_mixture("full", 4, 3, spread=1.0)
    state = EMState(beginning, plain, Route.FLOAT64, path=path_for("squarem"))
    _, whole = stepped(state, source, 14)
    for stop in (4, 5, 6):
        halfway, first = stepped(state, source, stop)
        copied = EMState(
            halfway.mixture,
            plain,
            halfway.least_route,
            halfway.objective,
            halfway.small_gains,
            path=halfway.path,
        )
        _, second = stepped(copied, source, 14 - stop)
        assert first + second == whole


def test_what_does_not_raise_the_objective_costs_one_pass_and_is_forgotten():
    source, plain = ArraySource(overlapping()), Units.plain(3)
    regularization = Regularization(None, np.zeros(3))
    beginning = make_mixture("full", 4, 3, spread=1.0)
    with SerialExecutor() as executor:
        trace = run_em(
            source,
            beginning,
            plain,
            executor,
            regularization,
            tol=1e-12,
            max_iter=400,
            acceleration="squarem",
        ).trace
    assert {info.passes for info in trace} == {1, 2}
    assert np.diff([info.objective for info in trace]).min() > -ROUNDING


@pytest.mark.parametrize("factor", [1e-5, 7.0, 1e4])
def test_units_of_the_data_do_not_change_the_path(factor):
    rows = overlapping()
    one = fitted(rows, 4, acceleration="squarem", tol=1e-6)
    other = fitted(rows * factor + factor, 4, acceleration="squarem", tol=1e-6)
    assert one.n_iter == other.n_iter
    np.testing.assert_allclose(
        (other.mixture.means - factor) / factor, one.mixture.means, rtol=1e-4, atol=1e-5
    )
