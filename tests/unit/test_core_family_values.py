"""Numbers that families give by name: factors as they are kept, and the weights of priors."""

import numpy as np
import pytest
from parsimonious import FOURTEEN, random_member

from gmmkit.core.families import family

# What joins each component's scatter (a share of the prior's squares) and count, for K = 3
# components, D = 4 columns and 6 degrees of freedom: Fraley and Raftery (2007), table 1, and for
# VEI, EVI, EEV and VEV what mclust divides by.
PRIOR_SHARES = {
    "EII": (1 / 12, 1 + 8 / 12),
    "VII": (1 / 4, 1 + 8 / 4),
    "EEI": (1 / 3, 1 + 8 / 3),
    "VEI": (1.0, 9 / 4),
    "EVI": (1.0, 8 / 3),
    "VVI": (1.0, 9.0),
    "EEE": (1 / 3, 1 + 11 / 3),
    "VEE": (1.0, 12.0),
    "EVE": (1.0, 12.0),
    "VVE": (1.0, 12.0),
    "EEV": (1.0, 12 / 3),
    "VEV": (1.0, 0.0),
    "EVV": (1.0, 12.0),
    "VVV": (1.0, 12.0),
}


def values_of(name, k=3, d=3, *, seed=0):
    """Random values of a family, and their dense form."""
    dense = random_member(name, k, d, np.random.default_rng(seed))
    return family(name).from_dense(dense), dense


@pytest.mark.parametrize("name", FOURTEEN)
def test_a_prior_counts_for_as_many_rows_as_published(name):
    found = family(name).prior_shares(3, 4, 6.0)
    assert found == pytest.approx(PRIOR_SHARES[name])


@pytest.mark.parametrize("name", FOURTEEN)
def test_factors_are_kept_in_the_shape_of_the_values(name):
    kind, (values, _) = family(name), values_of(name)
    factors = kind.factors(values, 3)
    packed = kind.packed_factors(factors)
    assert np.shape(packed) == np.shape(values)
    if kind.per_component:
        np.testing.assert_array_equal(packed, factors[:, 0] if packed.ndim == 1 else factors)


@pytest.mark.parametrize("name", FOURTEEN)
def test_factors_multiply_to_the_precisions(name):
    kind, (values, dense) = family(name), values_of(name, seed=1)
    factors = np.broadcast_to(kind.factors(values, 3), (3, 3) if kind.axis_aligned else (3, 3, 3))
    for factor, covariance in zip(factors, dense, strict=True):
        root = np.diag(factor) if kind.axis_aligned else factor
        np.testing.assert_allclose(root @ root.T, np.linalg.inv(covariance), rtol=1e-9, atol=1e-9)
        assert (root == np.triu(root)).all()


@pytest.mark.parametrize("name", FOURTEEN)
def test_values_become_dense_and_come_back(name):
    kind, (values, dense) = family(name), values_of(name, seed=2)
    np.testing.assert_allclose(kind.dense(values, 3, 3), dense, rtol=1e-12, atol=1e-15)
    stacked = np.stack([values, 2 * values])
    again = kind.from_dense(kind.dense(stacked, 3, 3))
    np.testing.assert_array_equal(again, stacked)


@pytest.mark.parametrize("name", FOURTEEN)
def test_values_follow_the_units_of_the_columns(name):
    kind, (values, _) = family(name), values_of(name, seed=3)
    factor = np.array([2.0, 0.5, 8.0]) if kind.separate_scales else np.full(3, 4.0)
    moved = kind.dense(kind.rescaled(values, factor), 3, 3)
    np.testing.assert_array_equal(moved, kind.dense(values, 3, 3) * np.outer(factor, factor))


@pytest.mark.parametrize("name", ["VVE", "VEE", "VVV"])
def test_a_component_is_not_lifted_because_another_is_very_much_wider(name):
    """How thin a matrix may be is a matter of its own largest variance alone."""
    values = np.stack([1e14 * np.diag([2.0, 3.0]), np.diag([2.0, 3.0])])
    kept, count = family(name).floored(values, np.eye(2))
    assert count == 0
    assert kept.tobytes() == values.tobytes()
