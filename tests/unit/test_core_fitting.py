"""Fits as a whole: several starts, replaced parts, stopping, what the result says."""

import math
from itertools import pairwise

import numpy as np
import pytest
from strategies import FAMILIES, blobs, make_mixture, posterior_oracle

from gmmkit import Covariance, Mixture, fit
from gmmkit.core.fits.validity import too_few_rows, too_thin
from gmmkit.core.starts.beginning import Start
from gmmkit.core.starts.start import start_names
from gmmkit.errors import ParameterError


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("method", start_names())
def test_separated_groups_are_found_from_every_start(method, name):
    rows = np.concatenate([blobs(60, 2, 1, seed=s, separation=0) + 40 * s for s in range(3)])
    result = fit(rows, 3, covariance=name, start=method, seed=3, n_init=4, tol=1e-6)
    means = np.sort(result.mixture.means[:, 0])
    expected = [rows[60 * s : 60 * s + 60, 0].mean() for s in range(3)]
    np.testing.assert_allclose(means, expected, atol=1e-3)
    assert result.valid
    assert result.converged


def test_the_log_likelihood_is_the_weighted_sum_of_log_densities():
    rows, weights = blobs(90, 2, 2, seed=1), np.random.default_rng(1).uniform(0.1, 3, 90)
    result = fit(rows, 2, sample_weight=weights, seed=0)
    _, log_density = posterior_oracle(rows, result.mixture)
    assert result.log_likelihood == pytest.approx(weights @ log_density, rel=1e-11)
    assert result.weight == pytest.approx(weights.sum())


def test_information_criteria_follow_their_definitions():
    rows = blobs(90, 2, 2, seed=2)
    result = fit(rows, 2, seed=0, sample_weight=np.full(90, 2.0))
    parameters = 1 + 4 + 6
    assert result.bic() == pytest.approx(parameters * math.log(180) - 2 * result.log_likelihood)
    assert result.aic() == pytest.approx(2 * parameters - 2 * result.log_likelihood)


def test_the_same_seed_gives_the_same_bits_and_the_trace_of_the_winner():
    rows = blobs(200, 3, 4, seed=3, separation=2)
    one, other = (fit(rows, 4, seed=7, n_init=3) for _ in range(2))
    assert one.mixture.means.tobytes() == other.mixture.means.tobytes()
    assert one.trace == other.trace
    assert len(one.trace) == one.n_iter


def test_a_generator_is_a_seed_too():
    rows = blobs(200, 2, 4, seed=4, separation=2)
    means = [
        fit(rows, 4, seed=seed, start="random").mixture.means.tobytes()
        for seed in (5, np.random.default_rng(5))
    ]
    assert means[0] == means[1]


def test_more_starts_never_end_lower_while_all_are_valid():
    rows = blobs(300, 2, 6, seed=5, separation=3)
    best = fit(rows, 5, covariance="diag", seed=1, n_init=6, start="random")
    assert best.valid
    assert len(best.start_log_likelihoods) == 6
    assert best.log_likelihood == max(best.start_log_likelihoods)
    assert min(best.start_log_likelihoods) < best.log_likelihood - 1


def test_a_collapsed_fit_never_beats_a_sound_one_by_its_likelihood():
    """A tight pair of rows is worth a lot of likelihood to a component that collapses on it."""
    rows = blobs(60, 2, 2, seed=6, separation=2)
    rows[1] = rows[0] + 1e-7
    result = fit(rows, 4, seed=2, n_init=20, start="random_from_data", tol=1e-6)
    assert result.valid
    assert max(result.start_log_likelihoods) > result.log_likelihood + 1


def test_a_fit_is_valid_when_every_component_has_rows_and_width_enough():
    thin = Mixture([0.5, 0.5], [[0.0, 0], [5, 5]], [np.eye(2), np.diag([1, 1e-6])])
    assert too_thin(thin).tolist() == [False, True]
    sound = Mixture([0.5, 0.5], [[0.0, 0], [5, 5]], [np.eye(2), np.diag([1, 3e-3])])
    assert too_thin(sound).tolist() == [False, False]
    full = sound.covariance.family
    assert too_few_rows(np.array([4.9, 5.0]), full, 2).tolist() == [True, False]
    assert too_few_rows(np.array([9.9, 10.0]), full, 5).tolist() == [True, False]


def test_thinness_is_measured_against_the_pooled_covariance_whatever_the_units():
    factor = np.array([1e-4, 1e6])
    covariances = np.stack([np.eye(2), np.diag([1.0, 1e-5])])
    moved = np.diag(factor) @ covariances @ np.diag(factor)
    means = [[0.0, 0.0], [1.0, 1.0]]
    assert too_thin(Mixture([0.5, 0.5], means, moved)).tolist() == [False, True]


def test_a_collapsed_component_is_named_in_the_notes():
    rows = np.concatenate([blobs(50, 2, 1, seed=7), np.full((6, 2), 40.0)])
    result = fit(rows, 2, seed=0)
    assert not result.valid
    assert any("collapsed" in note for note in result.notes)
    assert any("floor" in note for note in result.notes)


def test_a_component_of_few_rows_is_counted_in_the_notes():
    rows = np.concatenate([blobs(50, 2, 1, seed=8, separation=0), [[90.0, 90], [91, 90], [90, 92]]])
    result = fit(rows, 2, seed=0)
    assert not result.valid
    assert "fewer rows than a covariance needs: in 1 component" in result.notes


def test_a_sound_fit_has_nothing_to_note():
    result = fit(blobs(200, 2, 2, seed=9, separation=5), 2, seed=0)
    assert result.valid
    assert result.notes == ()


def test_no_iterations_return_the_start_with_its_likelihood():
    rows, start = blobs(60, 2, 2, seed=10), make_mixture("full", 2, 2)
    result = fit(rows, 2, start=start, max_iter=0)
    np.testing.assert_allclose(result.mixture.means, start.means, rtol=1e-12)
    np.testing.assert_allclose(result.mixture.covariances, start.covariances, rtol=1e-12)
    assert (result.converged, result.n_iter, result.trace) == (False, 0, ())
    _, log_density = posterior_oracle(rows, start)
    assert result.log_likelihood == pytest.approx(log_density.sum(), rel=1e-11)


@pytest.mark.parametrize("name", FAMILIES)
def test_given_parts_replace_those_of_the_start(name):
    rows, wanted = blobs(60, 2, 3, seed=11), make_mixture(name, 3, 2, seed=5)
    values = wanted.covariance.values
    start = Start("kmeans", wanted.weights, wanted.means, values)
    mixture = fit(rows, 3, covariance=name, start=start, max_iter=0, seed=0).mixture
    np.testing.assert_allclose(mixture.weights, wanted.weights, rtol=1e-12)
    np.testing.assert_allclose(mixture.means, wanted.means, rtol=1e-12)
    np.testing.assert_allclose(mixture.covariance.values, values, rtol=1e-12)


@pytest.mark.parametrize("part", ["weights", "means", "covariances"])
def test_parts_that_are_not_given_stay_those_of_the_method(part):
    rows, wanted = blobs(60, 2, 3, seed=12), make_mixture("full", 3, 2, seed=5)
    own = fit(rows, 3, start="kmeans", max_iter=0, seed=0).mixture
    given = {"weights": wanted.weights, "means": wanted.means, "covariances": wanted.covariances}
    mixture = fit(rows, 3, start=Start("kmeans", **{part: given[part]}), max_iter=0, seed=0).mixture
    for name, value in given.items():
        expected = value if name == part else getattr(own, name)
        np.testing.assert_allclose(getattr(mixture, name), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "start",
    [
        Start("kmeans", weights=[0.5, 0.4]),
        Start("kmeans", weights=[1.0]),
        Start("kmeans", means=np.zeros((3, 2))),
        Start("kmeans", means=np.zeros((2, 3))),
        Start("kmeans", means=np.full((2, 2), np.nan)),
        Start("kmeans", covariances=np.eye(2)),
        Start("kmeans", covariances=[-np.eye(2), np.eye(2)]),
    ],
)
def test_parts_that_do_not_fit_are_refused(start):
    with pytest.raises(ParameterError):
        fit(blobs(60, 2), 2, start=start)


def test_a_fit_goes_on_from_a_mixture():
    rows, start = blobs(150, 2, 3, seed=13, separation=2), make_mixture("full", 3, 2)
    whole = fit(rows, 3, start=start, max_iter=8, tol=0)
    half = fit(rows, 3, start=start, max_iter=4, tol=0)
    rest = fit(rows, 3, start=half.mixture, max_iter=4, tol=0)
    np.testing.assert_allclose(rest.mixture.means, whole.mixture.means, rtol=1e-9)
    assert rest.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-12)


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (make_mixture("full", 2, 3), "3 columns"),
        (make_mixture("diag", 2, 2), "diag"),
    ],
)
def test_a_starting_mixture_of_another_kind_is_refused_with_what_it_is(start, found):
    with pytest.raises(ParameterError, match=found):
        fit(blobs(60, 2), 2, start=start)


def test_a_starting_mixture_of_another_number_of_components_is_refused():
    with pytest.raises(ParameterError, match="component"):
        fit(blobs(60, 2), 3, start=make_mixture("full", 2, 2))


def test_a_start_of_another_kind_is_refused_as_ours():
    with pytest.raises(ParameterError, match="start"):
        fit(blobs(60, 2), 2, start=3)


def test_weights_of_zero_are_the_same_as_rows_left_out():
    rows = blobs(80, 2, 2, seed=14)
    keep = np.arange(80) % 4 != 0
    junk = np.where(keep[:, None], rows, 1e6)
    with_zeros = fit(junk, 2, sample_weight=keep.astype(float), seed=0)
    without = fit(rows[keep], 2, seed=0)
    assert with_zeros.log_likelihood == without.log_likelihood
    assert with_zeros.mixture.means.tobytes() == without.mixture.means.tobytes()


def test_the_data_are_left_as_they_were():
    rows, weights = blobs(80, 2, 2, seed=15), np.full(80, 2.0)
    before = rows.tobytes(), weights.tobytes()
    rows.flags.writeable = weights.flags.writeable = False
    fit(rows, 2, sample_weight=weights, seed=0)
    assert (rows.tobytes(), weights.tobytes()) == before


@pytest.mark.parametrize("order", ["F", "strided", "big-endian"])
def test_the_layout_of_the_rows_does_not_matter(order):
    rows = blobs(80, 3, 2, seed=16)
    other = {
        "F": np.asfortranarray(rows),
        "strided": np.repeat(rows, 2, axis=0)[::2],
        "big-endian": rows.astype(">f8"),
    }[order]
    ours, theirs = fit(rows, 2, seed=0), fit(other, 2, seed=0)
    assert ours.mixture.means.tobytes() == theirs.mixture.means.tobytes()


@pytest.mark.parametrize("name", FAMILIES)
def test_float32_rows_agree_with_float64_to_a_ten_thousandth_nat(name):
    rows = blobs(300, 3, 3, seed=17).astype(np.float32)
    ours = fit(rows, 3, covariance=name, seed=0, tol=1e-7)
    wide = fit(rows.astype(np.float64), 3, covariance=name, seed=0, tol=1e-7)
    assert ours.log_likelihood == pytest.approx(wide.log_likelihood, abs=300e-4)


def test_a_tighter_tolerance_runs_longer_and_ends_no_lower():
    rows = blobs(300, 2, 3, seed=18, separation=1)
    options = {"start": "kmeans", "seed": 0, "max_iter": 2000}
    fits = [fit(rows, 3, tol=tol, **options) for tol in (1e-2, 1e-4, 1e-6)]
    assert all(a.n_iter < b.n_iter for a, b in pairwise(fits))
    assert all(a.log_likelihood <= b.log_likelihood for a, b in pairwise(fits))


def test_a_fit_that_runs_out_of_iterations_says_so():
    rows = blobs(300, 2, 3, seed=19, separation=1)
    result = fit(rows, 3, start="kmeans", seed=0, tol=1e-9, max_iter=3)
    assert not result.converged
    assert result.n_iter == 3


def test_an_absolute_ridge_is_in_the_units_of_the_data():
    rows = 100 * blobs(80, 2, 1, seed=20)
    mixture = fit(rows, 1, reg_covar=50.0).mixture
    expected = np.cov(rows.T, ddof=0) + 50 * np.eye(2)
    np.testing.assert_allclose(mixture.covariances[0], expected, rtol=1e-9)


@pytest.mark.parametrize("name", FAMILIES)
def test_without_a_ridge_one_component_has_exactly_the_data_covariance(name):
    rows = blobs(80, 2, 1, seed=21)
    mixture = fit(rows, 1, covariance=name).mixture
    covariance = np.cov(rows.T, ddof=0)
    np.testing.assert_allclose(np.trace(mixture.covariances[0]), np.trace(covariance), rtol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_floor_is_a_standard_deviation_in_the_units_of_the_data(name):
    rows = np.column_stack([np.arange(20.0), np.full(20, 3.0)])
    mixture = fit(rows, 1, covariance=name, floor=[0.5, 0.5]).mixture
    smallest = np.linalg.eigvalsh(mixture.covariances[0]).min()
    assert smallest == pytest.approx(0.25, rel=1e-6) or name == "spherical"
    assert smallest >= 0.25 * (1 - 1e-9)


def test_one_floor_stands_for_every_column():
    rows = np.column_stack([np.arange(20.0), np.full(20, 3.0)])
    one, each = (fit(rows, 1, floor=floor).mixture for floor in (0.5, [0.5, 0.5]))
    assert one.covariances.tobytes() == each.covariances.tobytes()


def test_mclusts_codes_name_the_same_fits():
    rows = blobs(90, 2, 2, seed=22)
    for ours, theirs in zip(FAMILIES, ["VVV", "EEE", "VVI", "VII"], strict=True):
        one, other = (fit(rows, 2, covariance=name, seed=0) for name in (ours, theirs))
        assert one.log_likelihood == other.log_likelihood


def test_a_mixture_of_a_fit_keeps_its_family():
    assert isinstance(fit(blobs(30), 2, covariance="tied", seed=0).mixture.covariance, Covariance)
