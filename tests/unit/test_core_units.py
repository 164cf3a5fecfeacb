"""Working units: powers of two, inside the family's symmetry, undone without a trace."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import FAMILIES, make_mixture, mixtures, stable

from gmmkit.core.families import Symmetry, family
from gmmkit.core.units import Units


def units_for(name, mean, deviation):
    """The units of data with that mean and standard deviation in each column."""
    variance = np.asarray(deviation, dtype=np.float64) ** 2
    return Units.of(np.asarray(mean, dtype=np.float64), variance, family(name).symmetry)


@stable
@given(st.lists(st.floats(1e-100, 1e100), min_size=1, max_size=4))
def test_scales_are_powers_of_two_next_to_the_deviations(deviations):
    scale = units_for("full", np.zeros(len(deviations)), deviations).scale
    mantissas, _ = np.frexp(scale)
    assert (mantissas == 0.5).all()
    ratio = scale / deviations
    assert (ratio > 0.7).all()
    assert (ratio < 1.42).all()


def test_a_spherical_family_has_one_scale_for_all_columns():
    scale = units_for("spherical", [0.0, 0.0], [1.0, 100.0]).scale
    assert scale[0] == scale[1] == 64.0


@pytest.mark.parametrize("name", FAMILIES)
def test_a_constant_column_is_reported_and_keeps_a_finite_scale(name):
    units = units_for(name, [5.0, 3.0], [0.0, 2.0])
    assert units.constant.tolist() == [True, False]
    assert np.isfinite(units.scale).all()
    assert (units.scale > 0).all()


def test_a_constant_column_has_scale_one():
    assert units_for("full", [5.0, 3.0], [0.0, 2.0]).scale.tolist() == [1.0, 2.0]


def test_rounding_of_a_far_constant_counts_as_no_spread():
    assert units_for("full", [1e8], [1e-9]).constant.tolist() == [True]
    assert units_for("full", [1e8], [1.0]).constant.tolist() == [False]


@pytest.mark.parametrize("symmetry", Symmetry)
def test_data_without_any_spread_has_units_of_one(symmetry):
    units = Units.of(np.array([3.0, 4.0]), np.zeros(2), symmetry)
    assert units.scale.tolist() == [1.0, 1.0]
    assert units.constant.all()


@stable
@given(mixtures(), st.integers(-30, 30))
def test_a_mixture_comes_back_from_working_units_as_it_was(mixture, exponent):
    d = mixture.n_features
    units = Units(np.full(d, 3.0), np.full(d, 2.0**exponent), np.zeros(d, dtype=bool))
    back = units.restore(units.standardize(mixture))
    np.testing.assert_allclose(back.means, mixture.means, rtol=1e-12, atol=1e-14)
    assert back.covariance.values.tolist() == mixture.covariance.values.tolist()
    assert back.weights.tolist() == mixture.weights.tolist()


@stable
@given(mixtures(), st.integers(0, 100))
def test_a_density_in_working_units_differs_by_the_log_volume_alone(mixture, seed):
    d = mixture.n_features
    units = Units(np.full(d, -1.5), np.full(d, 4.0), np.zeros(d, dtype=bool))
    rows = np.random.default_rng(seed).normal(size=(6, d))
    working = units.standardize(mixture).log_density(units.apply(rows))
    expected = mixture.log_density(rows)
    np.testing.assert_allclose(working - units.log_volume, expected, rtol=1e-9, atol=1e-9)


def test_noise_keeps_its_density_relative_to_the_components():
    mixture = make_mixture("diag", 2, 2, noise=0.2)
    units = Units(np.zeros(2), np.array([2.0, 16.0]), np.zeros(2, dtype=bool))
    rows = np.random.default_rng(0).normal(scale=5, size=(20, 2))
    working = units.standardize(mixture).responsibilities(units.apply(rows))
    np.testing.assert_allclose(working, mixture.responsibilities(rows), rtol=1e-11)


def test_plain_units_change_nothing():
    rows = np.random.default_rng(1).normal(size=(5, 3))
    assert Units.plain(3).apply(rows).tolist() == rows.tolist()
    assert Units.plain(3).log_volume == 0.0


def test_units_are_the_same_as_an_equal_map_and_as_no_other():
    one = Units(np.zeros(2), np.ones(2), np.zeros(2, dtype=bool))
    assert one.same_as(Units.plain(2))
    assert not one.same_as(Units(np.ones(2), np.ones(2), one.constant))
    assert not one.same_as(Units(np.zeros(2), np.full(2, 2.0), one.constant))
