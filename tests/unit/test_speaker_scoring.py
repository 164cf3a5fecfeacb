"""Log-likelihood ratios of many models at once, against densities computed one at a time."""

import math

import numpy as np
import pytest
from strategies import log_joint_oracle, log_sum_exp, make_mixture

from gmmkit import Covariance, Mixture
from gmmkit.core.adapt import mean_statistics
from gmmkit.errors import ParameterError
from gmmkit.speaker.scoring import ModelBank, judged, linear_scores, log_likelihood_ratios


def background(family="diag", k=7, d=3, *, seed=0):
    return make_mixture(family, k, d, seed=seed, spread=1.5)


def some_frames(n=60, d=3, *, seed=1):
    return np.random.default_rng(seed).normal(scale=1.5, size=(n, d)).astype(np.float32)


def some_offsets(ubm, n_speakers, *, seed=2, scale=0.7):
    shape = (n_speakers, *ubm.means.shape)
    return list(np.random.default_rng(seed).normal(scale=scale, size=shape))


def adapted(ubm, offset):
    return Mixture(ubm.weights, ubm.means + offset, ubm.covariance)


def ratios(frames, ubm, offsets, *, top=None, n_threads=None):
    bank = ModelBank.of(ubm, offsets)
    return log_likelihood_ratios(judged(frames, ubm, top=top), bank, n_threads=n_threads)


def top_oracle(frames, ubm, offset, top):
    """Both likelihoods over the UBM's best components of each frame, in plain loops."""
    under_ubm = log_joint_oracle(frames, ubm)
    under_speaker = log_joint_oracle(frames, adapted(ubm, offset))
    total = 0.0
    for old, new in zip(under_ubm, under_speaker, strict=True):
        best = sorted(range(len(old)), key=lambda k: -old[k])[:top]
        total += log_sum_exp([new[k] for k in best]) - log_sum_exp([old[k] for k in best])
    return total / len(frames)


@pytest.mark.parametrize("family", ["diag", "spherical"])
def test_over_all_components_the_ratio_is_that_of_the_two_mixtures(family):
    ubm, frames = background(family), some_frames()
    offsets = some_offsets(ubm, 5)
    expected = [
        (adapted(ubm, offset).log_density(frames) - ubm.log_density(frames)).mean()
        for offset in offsets
    ]
    np.testing.assert_allclose(ratios(frames, ubm, offsets), expected, atol=2e-6, rtol=2e-6)


@pytest.mark.parametrize("top", [1, 2, 5, 7])
def test_over_the_best_components_both_likelihoods_are_those_of_a_slow_loop(top):
    ubm, frames = background(), some_frames()
    offsets = some_offsets(ubm, 3)
    expected = [top_oracle(frames, ubm, offset, top) for offset in offsets]
    found = ratios(frames, ubm, offsets, top=top)
    np.testing.assert_allclose(found, expected, atol=2e-6, rtol=2e-6)


def test_five_components_are_taken_unless_told_otherwise():
    ubm, frames = background(), some_frames()
    bank = ModelBank.of(ubm, some_offsets(ubm, 3))
    by_default = log_likelihood_ratios(judged(frames, ubm), bank)
    five = log_likelihood_ratios(judged(frames, ubm, top=5), bank)
    np.testing.assert_array_equal(by_default, five)


def test_more_components_than_there_are_is_all_of_them():
    ubm, frames = background(k=3), some_frames()
    offsets = some_offsets(ubm, 2)
    found = ratios(frames, ubm, offsets, top=50)
    np.testing.assert_array_equal(found, ratios(frames, ubm, offsets))


def test_a_speaker_scores_the_same_among_others_as_alone():
    ubm, frames = background(), some_frames(n=150)
    offsets = some_offsets(ubm, 300)
    together = ratios(frames, ubm, offsets, top=5)
    alone = [ratios(frames, ubm, [offset], top=5)[0] for offset in offsets[::29]]
    np.testing.assert_allclose(together[::29], alone, atol=1e-5)


def test_any_number_of_threads_gives_the_same_bits():
    ubm, frames = background(), some_frames(n=1200)
    offsets = some_offsets(ubm, 700)
    one, two, five = (ratios(frames, ubm, offsets, top=5, n_threads=n) for n in (1, 2, 5))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, five)


def test_the_order_of_the_frames_does_not_matter():
    """Beyond a block of frames, so that blocks hold others than before."""
    ubm, frames = background(), some_frames(n=2500)
    offsets = some_offsets(ubm, 4)
    shuffled = np.random.default_rng(0).permutation(frames)
    found = ratios(shuffled, ubm, offsets, top=5)
    np.testing.assert_allclose(found, ratios(frames, ubm, offsets, top=5), atol=1e-5)


def test_the_order_of_the_speakers_is_that_of_the_scores():
    ubm, frames = background(), some_frames()
    offsets = some_offsets(ubm, 6)
    backwards = ratios(frames, ubm, offsets[::-1])
    np.testing.assert_allclose(backwards[::-1], ratios(frames, ubm, offsets), atol=1e-6)


def test_frames_said_twice_score_as_they_did_once():
    ubm, frames = background(), some_frames()
    offsets = some_offsets(ubm, 3)
    doubled = ratios(np.concatenate([frames, frames]), ubm, offsets)
    np.testing.assert_allclose(doubled, ratios(frames, ubm, offsets), atol=1e-6)


def test_a_model_that_did_not_move_scores_zero():
    ubm, frames = background(), some_frames()
    nobody = [np.zeros(ubm.means.shape)] * 3
    np.testing.assert_allclose(ratios(frames, ubm, nobody, top=5), 0.0, atol=1e-6)


def test_a_bank_of_nobody_gives_no_scores():
    ubm = background()
    assert ratios(some_frames(), ubm, []).shape == (0,)


def test_part_of_a_bank_scores_as_in_the_whole():
    ubm, frames = background(), judged(some_frames(), background())
    bank = ModelBank.of(ubm, some_offsets(ubm, 6))
    part = bank.part(slice(2, 5))
    assert (bank.n_speakers, part.n_speakers) == (6, 3)
    expected = log_likelihood_ratios(frames, bank)[2:5]
    np.testing.assert_allclose(log_likelihood_ratios(frames, part), expected, atol=1e-6)


def test_frames_far_from_the_origin_in_wide_units_keep_their_ratios():
    ubm = background()
    frames, offsets = some_frames(), some_offsets(ubm, 3)
    values = ubm.covariance.values * 1e6
    moved = Mixture(ubm.weights, 1e3 * ubm.means + 1e5, Covariance("diag", values))
    far = (1e3 * frames + 1e5).astype(np.float32)
    found = ratios(far, moved, [1e3 * offset for offset in offsets])
    np.testing.assert_allclose(found, ratios(frames, ubm, offsets), atol=1e-3)


@pytest.mark.parametrize("size", [1.0, 5.0, 8.0])
def test_a_model_that_moved_far_from_all_that_is_said_scores_as_low_as_it_is(size):
    """One component, where the ratio is (x - mu) d / v - d² / (2 v) without any logarithm."""
    ubm = Mixture([1.0], [[0.0, 0.0]], Covariance("diag", [[1.0, 4.0]]))
    frames = some_frames(d=2)
    d = np.array([[size, -size]])
    expected = (frames * d / [1.0, 4.0] - d**2 / [2.0, 8.0]).sum(axis=1).mean()
    np.testing.assert_allclose(ratios(frames, ubm, [d]), expected, rtol=1e-5)


@pytest.mark.parametrize("size", [20.0, 1e3, -1e3, 1e6])
@pytest.mark.parametrize("top", [1, 5])
def test_scores_are_finite_and_low_however_far_a_model_moved(size, top):
    ubm, frames = background(), some_frames()
    found = ratios(frames, ubm, [np.full(ubm.means.shape, size)], top=top)
    assert np.isfinite(found).all()
    assert found[0] < -50


def test_a_frame_that_nobody_could_have_said_does_not_decide_for_infinity():
    ubm, frames = background(), some_frames()
    frames[3] = 1e4
    assert np.isfinite(ratios(frames, ubm, some_offsets(ubm, 2), top=5)).all()


@pytest.mark.parametrize("family", ["full", "tied"])
def test_a_background_model_with_correlations_is_refused(family):
    ubm = background(family)
    for ask in (
        lambda: ModelBank.of(ubm, some_offsets(ubm, 1)),
        lambda: linear_scores(mean_statistics(some_frames(), ubm), ubm, some_offsets(ubm, 1)),
    ):
        with pytest.raises(ParameterError, match="universal background model"):
            ask()


@pytest.mark.parametrize("family", ["diag", "spherical"])
def test_linear_scores_are_offsets_times_statistics_over_variances_a_frame(family):
    ubm, frames = background(family), some_frames()
    statistics, offsets = mean_statistics(frames, ubm), some_offsets(ubm, 4)
    expected = []
    for offset in offsets:
        total = 0.0
        for k in range(ubm.n_components):
            for d in range(ubm.n_features):
                variance = ubm.covariances[k, d, d]
                total += offset[k, d] * statistics.first[k, d] / variance
        expected.append(total / len(frames))
    np.testing.assert_allclose(linear_scores(statistics, ubm, offsets), expected, rtol=1e-11)


def test_linear_scores_are_the_slope_of_the_ratio_for_models_that_hardly_moved():
    ubm, frames = background(), some_frames()
    offset = some_offsets(ubm, 1)[0]
    step = 1e-3
    up, down = (
        adapted(ubm, sign * step * offset).log_density(frames).mean() for sign in (1.0, -1.0)
    )
    linear = linear_scores(mean_statistics(frames, ubm), ubm, [offset])[0]
    assert math.isclose((up - down) / (2 * step), linear, rel_tol=1e-3)
