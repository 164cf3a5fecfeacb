"""The report of a mixture: its numbers are the mixture's, and its words say what they are."""

import numpy as np
import pytest
from strategies import make_mixture, posterior_oracle

from gmmkit import Covariance, Mixture, Noise
from gmmkit.errors import InputError, ParameterError
from gmmkit.report import describe
from gmmkit.report.columns import percent, with_spread


def plane(*means, covariances=None, weights=None):
    """A mixture in two columns, round of variance one unless told otherwise."""
    k = len(means)
    covariances = np.array([np.eye(2)] * k) if covariances is None else covariances
    return Mixture(np.full(k, 1 / k) if weights is None else weights, means, covariances)


def words(mixture, **options):
    return [component.apart for component in describe(mixture, **options).components]


def test_share_center_and_spread_are_those_of_the_mixture():
    mixture = make_mixture("full", 3, 4, seed=1)
    for k, component in enumerate(describe(mixture).components):
        assert (component.index, component.share) == (k, mixture.weights[k])
        assert component.center.tolist() == mixture.means[k].tolist()
        np.testing.assert_allclose(component.spread**2, np.diag(mixture.covariances[k]))


def test_the_nearest_component_is_the_one_of_the_largest_overlap():
    report = describe(plane([0.0, 0.0], [3.0, 0.0], [10.0, 0.0]))
    assert [component.nearest for component in report.components] == [1, 0, 1]
    assert report.components[0].overlap == pytest.approx(np.exp(-9 / 8))
    assert report.components[2].overlap == pytest.approx(np.exp(-49 / 8))


def test_the_nearest_of_components_too_far_to_overlap_is_still_named():
    report = describe(plane([0.0, 0.0], [900.0, 0.0], [400.0, 0.0]))
    assert [component.nearest for component in report.components] == [2, 2, 0]
    assert report.components[0].overlap == 0.0


def test_principal_directions_hold_the_variance_in_deviations_of_the_columns():
    mixture = make_mixture("full", 2, 3, seed=4)
    shares = mixture.weights
    mean = shares @ mixture.means
    second = np.einsum("k,kij->ij", shares, mixture.covariances)
    second += np.einsum("k,ki,kj->ij", shares, mixture.means - mean, mixture.means - mean)
    deviations = np.sqrt(np.diag(second))
    for k, component in enumerate(describe(mixture).components):
        scaled = mixture.covariances[k] / np.outer(deviations, deviations)
        assert sum(direction.share for direction in component.directions) == pytest.approx(1.0)
        for direction in component.directions:
            variance = direction.share * np.trace(scaled)
            np.testing.assert_allclose(
                scaled @ direction.loadings, variance * direction.loadings, atol=1e-12
            )


@pytest.mark.parametrize("seed", range(4))
def test_the_largest_loading_of_every_direction_is_positive(seed):
    for component in describe(make_mixture("full", 3, 3, seed=seed)).components:
        for direction in component.directions:
            assert direction.loadings.max() == np.abs(direction.loadings).max()


def test_columns_that_go_against_the_first_carry_a_minus():
    mixture = plane([0.0, 0.0], covariances=[[[1.0, -0.8], [-0.8, 1.01]]])
    first = describe(mixture, names=["height", "age"]).components[0].directions[0]
    assert first.loadings.max() > 0
    assert sorted(part.strip("−") for part in first.words.split(", ")) == ["age", "height"]
    assert first.words.count("−") == 1
    assert not first.words.startswith("−")


def test_units_of_a_column_change_no_words():
    mixture = make_mixture("full", 3, 2, seed=5, spread=4.0)
    scale = np.array([1000.0, 1e-3])
    covariances = mixture.covariances * np.outer(scale, scale)
    scaled = Mixture(mixture.weights, mixture.means * scale, covariances)
    assert words(scaled) == words(mixture)
    both = zip(describe(scaled).components, describe(mixture).components, strict=True)
    for one, other in both:
        assert one.directions[0].words == other.directions[0].words


def test_what_sets_apart_is_measured_in_pooled_deviations_from_the_rest():
    weights = np.array([0.2, 0.3, 0.5])
    mixture = plane([0.0, 0.0], [2.0, 7.0], [6.0, -1.0], weights=weights)
    first = describe(mixture, names=["a", "b"]).components[0].distinctions
    assert first[0].gap == pytest.approx(-(0.3 * 2.0 + 0.5 * 6.0) / 0.8)
    assert [distinction.words for distinction in first] == ["very low a", "low b"]


def test_components_about_one_center_are_told_apart_by_their_spread():
    covariances = np.array([np.diag([1.0, 1.0]), np.diag([1.0, 25.0])])
    mixture = plane([0.0, 0.0], [0.0, 0.0], covariances=covariances)
    assert words(mixture, names=["a", "b"]) == ["narrow in b", "wide in b"]


def test_equal_components_are_said_to_differ_in_nothing():
    assert words(plane([0.0, 0.0], [0.0, 0.0])) == ["nothing in its center or spread"] * 2


def test_a_single_component_has_no_rest_to_differ_from():
    (component,) = describe(plane([1.0, 2.0])).components
    assert (component.nearest, component.apart) == (None, "")


def test_rows_are_counted_by_their_responsibilities_and_weights():
    mixture = make_mixture("full", 3, 2, seed=2)
    rows = mixture.sample(80, seed=0)
    weights = np.random.default_rng(1).uniform(0.5, 3.0, 80)
    report = describe(mixture, rows=rows, weights=weights)
    posteriors, _ = posterior_oracle(rows, mixture)
    counts = [component.rows for component in report.components]
    np.testing.assert_allclose(counts, weights @ posteriors)
    assert report.rows == pytest.approx(weights.sum())
    expected = weights @ (1 - posteriors.max(axis=1)) / weights.sum()
    assert report.uncertainty == pytest.approx(expected)


def test_certainty_is_the_average_over_rows_of_the_label():
    mixture = plane([0.0, 0.0], [3.0, 0.0])
    rows = mixture.sample(60, seed=3)
    posteriors, _ = posterior_oracle(rows, mixture)
    labels = posteriors.argmax(axis=1)
    for component in describe(mixture, rows=rows).components:
        own = posteriors[labels == component.index, component.index]
        assert component.certainty == pytest.approx(own.mean())


def test_a_component_without_rows_of_its_label_has_no_certainty():
    report = describe(plane([0.0, 0.0], [90.0, 0.0]), rows=[[0.0, 0.0]])
    assert report.components[1].certainty is None
    assert "-" in str(report).splitlines()[5].split()


def test_a_lost_component_is_described_and_reported():
    report = describe(plane([0.0, 0.0], [9.0, 0.0], weights=[1.0, 0.0]))
    (advice,) = report.advice
    assert (advice.code, advice.components) == ("empty", (1,))
    assert str(advice).startswith("component 1 has lost all rows: ask for fewer components")


def test_nearly_equal_components_are_reported_with_their_overlap():
    report = describe(plane([0.0, 0.0], [0.5, 0.0], [9.0, 9.0]))
    (advice,) = report.advice
    assert (advice.code, advice.components) == ("nearly_equal", (0, 1))
    assert f"overlap {np.exp(-0.25 / 8):.2f}" in advice.problem


def test_components_that_overlap_by_less_than_nine_tenths_are_not():
    apart = np.sqrt(-8 * np.log(0.89))
    assert not describe(plane([0.0, 0.0], [apart, 0.0])).advice


def test_a_component_with_too_few_rows_is_reported_with_the_rows_that_it_needs():
    mixture = plane([0.0, 0.0], [50.0, 0.0], weights=[0.9, 0.1])
    rows = [[0.1 * i, 0.0] for i in range(20)] + [[50.0, 0.0], [50.0, 1.0]]
    (advice,) = describe(mixture, rows=rows).advice
    assert (advice.code, advice.components) == ("few_rows", (1,))
    assert advice.problem == "component 1 has too few rows (2.0 where 5 are needed)"


def test_a_collapsed_component_is_reported_and_the_floor_named():
    covariances = np.array([np.eye(2), np.diag([1.0, 1e-9])])
    (advice,) = describe(plane([0.0, 0.0], [9.0, 0.0], covariances=covariances)).advice
    assert (advice.code, advice.components) == ("collapsed", (1,))
    assert "floor=" in advice.remedy


def test_the_text_names_columns_with_their_units():
    text = str(describe(plane([0.0, 0.0], [9.0, 0.0]), names=["size", "age"], units=["cm", ""]))
    lines = [line.split("  ")[1] for line in text.splitlines() if " ± " in line]
    assert lines == ["size (cm)", "age"]


def test_noise_is_written_with_its_share():
    mixture = Mixture([0.75], [[0.0]], [[[1.0]]], Noise(0.25, -3.0))
    report = describe(mixture)
    assert report.noise == 0.25
    assert "noise explains 25.0 %" in str(report)


def test_many_components_are_listed_and_said_not_to_be_shown_in_full():
    k = 40
    mixture = Mixture(
        np.full(k, 1 / k), 9 * np.arange(k)[:, None], Covariance("spherical", [1] * k)
    )
    text = str(describe(mixture))
    assert "centers of components 24 to 39 are not shown here" in text
    assert sum(line.split()[:2] == ["39", "2.5"] for line in text.splitlines()) == 1


@pytest.mark.parametrize(
    ("center", "spread", "expected"),
    [
        (0.0, 1.0, "0.0 ± 1.0"),
        (-12.345, 0.0678, "-12.345 ± 0.068"),
        (1234567.0, 8910.0, "1,234,567 ± 8,910"),
        (3e-9, 2e-10, "3.000e-09 ± 2.0e-10"),
        (1.0, 1e-13, "1.000e+00 ± 1.0e-13"),
        (0.0, 4e12, "0.000e+00 ± 4.0e+12"),
    ],
)
def test_numbers_are_written_to_the_digits_that_their_spread_leaves(center, spread, expected):
    assert with_spread(center, spread) == expected


def test_a_share_that_is_there_is_never_shown_as_nothing():
    assert [percent(share) for share in (0.0, 1e-9, 0.0005, 1.0)] == [
        "0 %",
        "< 0.1 %",
        "0.1 %",
        "100.0 %",
    ]


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"names": ["a"]}, ParameterError, "names do not match the columns: found 1 names"),
        ({"names": "ab"}, ParameterError, "names do not match the columns"),
        ({"units": ["a"]}, ParameterError, "units do not match the columns: found 1 units"),
        ({"names": ["a", "a"]}, ParameterError, "two columns have one name: found 'a'"),
        ({"rows": [[1.0]]}, InputError, "found 1 columns; needed 2"),
        ({"rows": [[1.0, 2.0]], "weights": [-1.0]}, InputError, "finite and nonnegative"),
    ],
)
def test_what_does_not_fit_the_mixture_is_refused(options, error, match):
    with pytest.raises(error, match=match):
        describe(plane([0.0, 0.0]), **options)
