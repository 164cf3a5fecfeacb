"""Normalized scores against their definitions, in plain loops."""

import math

import numpy as np
import pytest

from gmmkit.errors import InputError
from gmmkit.speaker.score_normalization import (
    adaptive_s_norm,
    registry_t_norm,
    s_norm,
    t_norm,
    z_norm,
)

# What the docstring of registry_t_norm promises of the fixed cohort.
IN_MEAN, IN_VARIANCE = 3, 10


def matrices(n_tests=4, n_models=3, n_cohort=9, *, seed=0):
    """Scores, and those of models and tests against a cohort."""
    random = np.random.default_rng(seed)
    shapes = (n_tests, n_models), (n_models, n_cohort), (n_tests, n_cohort)
    return tuple(random.normal(loc=1.0, scale=2.0, size=shape) for shape in shapes)


def mean_and_deviation(values):
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))


def normalized_by(score, values):
    mean, deviation = mean_and_deviation(values)
    return (score - mean) / deviation


def by_loops(scores, one):
    """A matrix whose entries are `one(test, model)`."""
    n_tests, n_models = scores.shape
    return [[one(test, model) for model in range(n_models)] for test in range(n_tests)]


def test_z_norm_is_by_what_each_model_scores_on_others():
    scores, models, _ = matrices()
    expected = by_loops(scores, lambda t, m: normalized_by(scores[t, m], models[m]))
    np.testing.assert_allclose(z_norm(scores, models), expected, rtol=1e-12)


def test_t_norm_is_by_what_others_score_on_each_test():
    scores, _, tests = matrices()
    expected = by_loops(scores, lambda t, m: normalized_by(scores[t, m], tests[t]))
    np.testing.assert_allclose(t_norm(scores, tests), expected, rtol=1e-12)


def test_s_norm_is_the_mean_of_both():
    scores, models, tests = matrices()
    expected = (z_norm(scores, models) + t_norm(scores, tests)) / 2
    np.testing.assert_allclose(s_norm(scores, models, tests), expected, rtol=1e-12)


@pytest.mark.parametrize("top", [2, 5])
def test_adaptive_s_norm_counts_the_largest_of_the_cohort_on_either_side(top):
    scores, models, tests = matrices()

    def one(t, m):
        by_model = normalized_by(scores[t, m], sorted(models[m])[-top:])
        return (by_model + normalized_by(scores[t, m], sorted(tests[t])[-top:])) / 2

    found = adaptive_s_norm(scores, models, tests, top=top)
    np.testing.assert_allclose(found, by_loops(scores, one), rtol=1e-12)


def test_adaptive_s_norm_over_a_small_cohort_is_s_norm():
    scores, models, tests = matrices(n_cohort=9)
    found = adaptive_s_norm(scores, models, tests, top=50)
    np.testing.assert_allclose(found, s_norm(scores, models, tests), rtol=1e-12)


def test_a_cohort_that_always_scores_the_same_gives_finite_scores():
    scores, models, tests = matrices()
    assert np.isfinite(z_norm(scores, np.full_like(models, scores[0, 0]))).all()
    assert np.isfinite(t_norm(scores, np.full_like(tests, 1.0))).all()


@pytest.mark.parametrize("normalize", [z_norm, t_norm])
@pytest.mark.parametrize(
    "cohort", [np.zeros((2, 5)), np.zeros((4, 1)), np.zeros(4), np.full((4, 5), np.nan)]
)
def test_a_cohort_that_does_not_fit_is_refused(normalize, cohort):
    with pytest.raises(InputError, match="do not fit together"):
        normalize(np.zeros((4, 4)), cohort)


def registry_oracle(enrolled, cohort, counted=None):
    """T-norm by the other people enrolled and a cohort, one claim at a time.

    Others are all counted but the claimed and the best scorer of the rest. In a registry of one or
    two nobody is left.
    """
    counted = [True] * len(enrolled) if counted is None else counted
    cohort_mean, cohort_deviation = mean_and_deviation(cohort)
    result = []
    for claimed, score in enumerate(enrolled):
        rest = [i for i in range(len(enrolled)) if i != claimed]
        rival = max(rest, key=lambda i: enrolled[i], default=None)
        others = [enrolled[i] for i in rest if i != rival and counted[i]]
        mean = (math.fsum(others) + IN_MEAN * cohort_mean) / (len(others) + IN_MEAN)
        own = mean_and_deviation(others)[1] if others else 0.0
        squares = len(others) * own**2 + IN_VARIANCE * cohort_deviation**2
        result.append((score - mean) / math.sqrt(squares / (len(others) + IN_VARIANCE)))
    return result


def one_test(n, *, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=n), random.normal(loc=-0.3, scale=0.8, size=7)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 40])
def test_registry_t_norm_leaves_out_the_claimed_and_the_best_of_the_rest(n):
    for seed in range(5):
        enrolled, cohort = one_test(n, seed=seed)
        expected = registry_oracle(enrolled, cohort)
        np.testing.assert_allclose(registry_t_norm(enrolled, cohort), expected, rtol=1e-9)


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_people_are_compared_with_the_cohort_alone(n):
    enrolled, cohort = one_test(n)
    found = registry_t_norm(enrolled, cohort)
    np.testing.assert_allclose(found, (enrolled - cohort.mean()) / cohort.std(), rtol=1e-12)


def test_the_best_scorer_does_not_count_for_anybody_else():
    enrolled, cohort = one_test(6)
    best = int(np.argmax(enrolled))
    higher = enrolled.copy()
    higher[best] += 100.0
    others = np.arange(6) != best
    found = registry_t_norm(higher, cohort)[others]
    np.testing.assert_allclose(found, registry_t_norm(enrolled, cohort)[others], rtol=1e-9)


def test_the_second_best_does_not_count_for_the_best():
    enrolled, cohort = one_test(6)
    best, second = np.argsort(-enrolled)[:2]
    closer = enrolled.copy()
    closer[second] = (enrolled[best] + enrolled[second]) / 2
    found = registry_t_norm(closer, cohort)[best]
    assert math.isclose(found, registry_t_norm(enrolled, cohort)[best], rel_tol=1e-12)


def test_of_equal_best_scorers_one_counts_and_one_does_not():
    cohort = one_test(1)[1]
    found = registry_t_norm([2.0, 2.0, 2.0, 0.0], cohort)
    expected = registry_oracle([2.0, 2.0, 2.0, 0.0], cohort)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("n_counted", [0, 1, 2, 5, 9])
def test_only_those_counted_are_compared_with(n_counted):
    for seed in range(5):
        enrolled, cohort = one_test(9, seed=seed)
        counted = np.zeros(9, bool)
        counted[np.random.default_rng(seed).permutation(9)[:n_counted]] = True
        found = registry_t_norm(enrolled, cohort, counted=counted)
        np.testing.assert_allclose(found, registry_oracle(enrolled, cohort, counted), rtol=1e-9)


def test_scores_of_people_who_are_not_counted_do_not_move_those_of_others():
    """So that a shortlist, of which others are strangers to it, gives the scores of the whole."""
    enrolled, cohort = one_test(12)
    counted = np.arange(12) % 3 == 0
    kept = counted | (enrolled >= np.sort(enrolled)[-3])
    part = registry_t_norm(enrolled[kept], cohort, counted=counted[kept])
    whole = registry_t_norm(enrolled, cohort, counted=counted)[kept]
    np.testing.assert_allclose(part, whole, rtol=1e-9)


def test_a_constant_added_to_all_scores_of_a_test_does_not_matter():
    enrolled, cohort = one_test(8)
    found = registry_t_norm(enrolled + 50.0, cohort + 50.0)
    np.testing.assert_allclose(found, registry_t_norm(enrolled, cohort), rtol=1e-9)


def test_everyone_scoring_alike_gives_finite_scores():
    assert np.isfinite(registry_t_norm(np.full(5, 0.3), np.full(4, 0.3))).all()


@pytest.mark.parametrize(
    ("enrolled", "cohort"),
    [
        ([[1.0]], [0.0, 1.0]),
        ([1.0], [0.0]),
        ([1.0], [[0.0, 1.0]]),
        ([np.nan], [0.0, 1.0]),
        ([1.0], [0.0, np.inf]),
    ],
)
def test_scores_that_are_not_of_one_test_are_refused(enrolled, cohort):
    with pytest.raises(InputError, match="scores of one test"):
        registry_t_norm(enrolled, cohort)
