"""Calibration: log-likelihood ratios that are right where the truth is known."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import stable

from gmmkit.errors import FitWarning, InputError, ParameterError
from gmmkit.speaker.calibration import Calibration, fit_logistic, posterior
from gmmkit.speaker.isotonic import IsotonicCalibration, fit_isotonic
from gmmkit.speaker.metrics import calibration_loss, cllr

few_scores = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=8)


def gaussian_trials(n_targets=4000, n_nontargets=40_000, seed=3):
    """Scores of unit variance about 3 and 0, whose log-likelihood ratio is 3 s - 4.5."""
    random = np.random.default_rng(seed)
    return random.normal(3, 1, n_targets), random.normal(0, 1, n_nontargets)


def weighted_loss(offset, weights, both, prior):
    """The loss by its definition, in plain loops."""
    total, log_odds = 0.0, math.log(prior / (1 - prior))
    for rows, share, sign in zip(both, (prior, 1 - prior), (-1, 1), strict=True):
        for row in rows:
            llr = offset + sum(w * x for w, x in zip(weights, row, strict=True))
            total += share / len(rows) * math.log1p(math.exp(sign * (llr + log_odds)))
    return total


@pytest.mark.parametrize("prior", [0.5, 0.05])
def test_gaussian_scores_get_the_ratio_that_theory_says(prior):
    calibration = fit_logistic(*gaussian_trials(), prior=prior)
    grid = np.array([0.0, 1.5, 3.0])
    np.testing.assert_allclose(calibration.apply(grid), 3 * grid - 4.5, atol=0.35)


def test_ratios_fitted_on_some_speakers_hold_for_others():
    calibration = fit_logistic(*gaussian_trials())
    others = [calibration.apply(kind) for kind in gaussian_trials(seed=4)]
    assert calibration_loss(*others) < 0.01


@pytest.mark.parametrize("prior", [0.5, 0.02])
@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_no_other_weights_nearby_lose_less(prior, ridge):
    random = np.random.default_rng(2)
    both = random.normal(1, 1, (30, 2)), random.normal(0, 1, (90, 2))
    found = fit_logistic(*both, prior=prior, ridge=ridge, n_scores=2)
    scale = np.concatenate(both).std(axis=0)

    def loss(offset, weights):
        squares = sum((weight * unit) ** 2 for weight, unit in zip(weights, scale, strict=True))
        return weighted_loss(offset, weights, both, prior) + ridge / 2 * squares

    # The ridge holds weights about the mean of all rows, which moves the offset only.
    best = loss(found.offset, found.weights)
    for step in (0.01, -0.01):
        assert loss(found.offset + step, found.weights) > best
        assert loss(found.offset, (found.weights[0] + step, found.weights[1])) > best
        assert loss(found.offset, (found.weights[0], found.weights[1] + step)) > best


def test_units_and_offsets_of_the_features_do_not_matter():
    target, nontarget = gaussian_trials(300, 3000)
    plain = fit_logistic(target, nontarget)
    moved = fit_logistic(1e6 + 1e-3 * target, 1e6 + 1e-3 * nontarget)
    grid = np.linspace(-2, 5, 8)
    np.testing.assert_allclose(moved.apply(1e6 + 1e-3 * grid), plain.apply(grid), atol=1e-4)


def test_a_measure_of_quality_is_used_where_it_tells_something():
    """Short tests score lower, in target trials and others alike."""
    random = np.random.default_rng(5)
    seconds = [random.uniform(0, 2, n) for n in (3000, 9000)]
    target = np.column_stack([random.normal(3, 1, 3000) + 2 * seconds[0], seconds[0]])
    nontarget = np.column_stack([random.normal(0, 1, 9000) + 2 * seconds[1], seconds[1]])
    names = ("score", "log_seconds")
    calibration = fit_logistic(target, nontarget, features=names)
    assert calibration.features == names
    np.testing.assert_allclose(calibration.weights, [3.0, -6.0], atol=0.5)
    alone = fit_logistic(target[:, 0], nontarget[:, 0])
    with_it = cllr(calibration.apply(target), calibration.apply(nontarget))
    assert with_it < cllr(alone.apply(target[:, 0]), alone.apply(nontarget[:, 0])) - 0.05


def test_two_systems_together_lose_less_than_the_better_one():
    random = np.random.default_rng(6)
    target, nontarget = random.normal(2, 1, (2000, 2)), random.normal(0, 1, (2000, 2))
    fused = fit_logistic(target, nontarget, n_scores=2)
    np.testing.assert_allclose(fused.weights, [2.0, 2.0], atol=0.3)
    assert fused.features == ("score_0", "score_1")
    alone = fit_logistic(target[:, 0], nontarget[:, 0])
    both = cllr(fused.apply(target), fused.apply(nontarget))
    assert both < cllr(alone.apply(target[:, 0]), alone.apply(nontarget[:, 0])) - 0.1


def test_a_system_that_only_repeats_another_with_noise_never_counts_negatively():
    random = np.random.default_rng(8)
    target, nontarget = random.normal(2, 1, 500), random.normal(0, 1, 500)
    noise = 3 + np.abs(random.normal(0, 1, 500))
    both = np.column_stack([target, target - noise]), np.column_stack([nontarget, nontarget + 1])
    assert min(fit_logistic(*both, n_scores=2).weights) >= 0


def test_a_column_that_never_changes_gets_no_weight():
    target, nontarget = gaussian_trials(100, 100)
    both = [np.column_stack([kind, np.full(100, 7.0)]) for kind in (target, nontarget)]
    assert fit_logistic(*both).weights[1] == 0.0


def test_trials_told_apart_without_error_get_bounded_ratios_and_a_warning():
    target, nontarget = np.full(20, 3.0), np.zeros(400)
    with pytest.warns(FitWarning, match="without error.*ridge of 0.0024"):
        calibration = fit_logistic(target, nontarget)
    assert 2 < calibration.apply([3.0])[0] < 12


def test_a_ridge_that_was_asked_for_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_logistic([2.0, 3.0], [0.0, 1.0], ridge=0.1)


def test_scores_the_wrong_way_round_are_refused():
    with pytest.raises(InputError, match=r"do not tell .* Try: change the sign"):
        fit_logistic([0.0, 1.0, 2.5], [2.0, 3.0, 4.0])


def test_target_and_nontarget_trials_need_the_same_columns():
    with pytest.raises(InputError, match="found 2 and 1 columns"):
        fit_logistic([[1.0, 2.0]], [[1.0]])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_features_have_to_be_finite(value):
    with pytest.raises(InputError, match=r"target (are infinite|contain NaN)"):
        fit_logistic([1.0, value], [0.0])


@pytest.mark.parametrize(
    "options", [{"prior": 0.0}, {"prior": 1.0}, {"ridge": -1.0}, {"n_scores": 0}, {"n_scores": 2}]
)
def test_arguments_out_of_range_are_refused(options):
    with pytest.raises(ParameterError, match=f"{next(iter(options))} is not usable"):
        fit_logistic([1.0, 2.0], [0.0, 1.5], **options)


def test_every_column_needs_a_name():
    with pytest.raises(ParameterError, match="found 1 names for 2 columns"):
        fit_logistic([[1.0, 2.0]], [[0.0, 1.0]], features=["score"])


@pytest.mark.parametrize("weights", [(-1.0,), (0.0,)])
def test_a_calibration_that_does_not_rise_with_the_score_is_refused(weights):
    with pytest.raises(ParameterError, match="has to rise"):
        Calibration(0.0, weights)


def test_a_measure_of_quality_may_count_negatively():
    assert Calibration(0.0, (1.0, -1.0), ("score", "noise")).apply([[2.0, 1.0]]).tolist() == [1.0]


@pytest.mark.parametrize(
    ("weights", "features", "n_scores"),
    [((1.0,), ("a", "b"), 1), ((1.0,), ("a",), 2), ((1.0,), ("a",), 0), ((), (), 1)],
)
def test_parts_of_a_calibration_that_do_not_fit_are_refused(weights, features, n_scores):
    with pytest.raises(ParameterError, match="do not fit together"):
        Calibration(0.0, weights, features, n_scores)


def test_features_of_another_width_are_refused_with_the_names():
    with pytest.raises(InputError, match="needed 2: score, log_seconds"):
        Calibration(0.0, (1.0, 1.0), ("score", "log_seconds")).apply([1.0, 2.0])


@stable
@given(few_scores, few_scores)
def test_steps_are_finite_rise_and_lose_little_on_their_own_trials(target, nontarget):
    calibration = fit_isotonic(target, nontarget)
    assert np.isfinite(calibration.llr).all()
    applied = [calibration.apply(kind) for kind in (target, nontarget)]
    assert (np.diff(calibration.apply(np.linspace(-9, 9, 50))) >= 0).all()
    # Two more trials of either kind bound what this few trials can say.
    bound = math.log(2 * (len(target) + 1)) + math.log(2 * (len(nontarget) + 1))
    assert max(map(abs, calibration.llr)) <= bound
    assert cllr(*applied) <= 2.0


def test_steps_of_few_trials_are_shares_of_either_kind_with_one_more_at_both_ends():
    """Of 3 targets and 2 others: 1/3 to 2/2, then 1 and 2 pooled, 1/3 to 1/2, then 3/3 to 1/2."""
    calibration = fit_isotonic([1.0, 3.0, 4.0], [0.0, 2.0])
    assert calibration.edges == (0.5, 2.5)
    assert np.exp(calibration.llr) == pytest.approx([1 / 3, 2 / 3, 2])


def test_steps_of_many_trials_are_the_ratio_that_theory_says():
    calibration = fit_isotonic(*gaussian_trials())
    grid = np.array([0.75, 1.5, 2.25])
    np.testing.assert_allclose(calibration.apply(grid), 3 * grid - 4.5, atol=0.6)


def test_a_score_gets_the_ratio_of_its_own_block_even_between_neighboring_numbers():
    after = np.nextafter(1.0, 2.0)
    calibration = fit_isotonic([after] * 9, [1.0] * 9)
    assert calibration.apply([1.0])[0] < 0 < calibration.apply([after])[0]


def test_a_score_beyond_all_gets_the_last_ratio():
    calibration = fit_isotonic([1.0, 2.0], [0.0, -1.0])
    assert calibration.apply([-math.inf, math.inf]).tolist() == list(
        calibration.llr[:: len(calibration.llr) - 1]
    )


@pytest.mark.parametrize(
    ("edges", "llr"),
    [((0.0,), (1.0,)), ((0.0,), (1.0, 0.0)), ((1.0, 0.0), (0.0, 1.0, 2.0)), ((), ())],
)
def test_steps_that_do_not_rise_are_refused(edges, llr):
    with pytest.raises(ParameterError, match="no rising steps"):
        IsotonicCalibration(edges, llr)


def test_one_step_has_no_edge():
    assert fit_isotonic([0.0], [1.0]).apply([5.0]).tolist() == [0.0]


def test_an_infinite_score_cannot_be_calibrated_on():
    with pytest.raises(InputError, match="target scores are infinite"):
        fit_isotonic([math.inf], [0.0])


def test_a_posterior_is_bayes_rule():
    odds = math.exp(3.0) * 0.2 / 0.8
    assert posterior(3.0, prior=0.2) == pytest.approx(odds / (1 + odds))
    assert posterior([-math.inf, 0.0, math.inf], prior=0.2).tolist() == pytest.approx([0, 0.2, 1])


@pytest.mark.parametrize("prior", [0.0, 1.0, math.nan])
def test_a_posterior_needs_a_prior_that_can_change(prior):
    with pytest.raises(ParameterError, match="prior is not usable"):
        posterior([0.0], prior)
