"""Chi-square tails against arithmetic of 60 digits, far beyond where probabilities vanish."""

import mpmath
import numpy as np
import pytest

from gmmkit.core.algebra.chi_square import chi_square_quantile, log_chi_square_tail

mpmath.mp.dps = 60


@pytest.mark.parametrize("degrees", [1, 2, 5, 60, 2000])
def test_a_log_tail_is_exact_to_twelve_digits(degrees):
    squares = np.array([1e-8, 0.5, degrees, 3.0 * degrees, 1e3, 1290.0, 1400.0, 5e3, 1e6, 1e12])
    half = mpmath.mpf(degrees) / 2
    expected = [
        float(mpmath.log(mpmath.gammainc(half, mpmath.mpf(float(x)) / 2, regularized=True)))
        for x in squares
    ]
    found = log_chi_square_tail(squares, degrees)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("degrees", [1, 2, 5, 60])
@pytest.mark.parametrize("probability", [1e-6, 0.5, 0.95, 0.999])
def test_a_quantile_is_where_the_cumulative_probability_is(probability, degrees):
    value = mpmath.mpf(chi_square_quantile(probability, degrees))
    below = mpmath.gammainc(mpmath.mpf(degrees) / 2, 0, value / 2, regularized=True)
    assert float(below) == pytest.approx(probability, rel=1e-9)


def test_an_infinite_distance_has_a_tail_below_all_others():
    assert log_chi_square_tail(np.array([np.inf]), 3)[0] < -1e299
