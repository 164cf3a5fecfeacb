"""A covariance value: what the constructor accepts, refuses and says."""

import pickle

import numpy as np
import pytest

from gmmkit import Covariance
from gmmkit.core.families import family
from gmmkit.errors import ParameterError


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("EII", 2.0),
        ("VII", [1.0, 2.0]),
        ("EEI", [1.0, 4.0]),
        ("VVI", [[1.0, 4.0]]),
        ("EEE", [[2.0, 1.0], [1.0, 2.0]]),
        ("VEE", [[[2.0, 1.0], [1.0, 2.0]], [[4.0, 2.0], [2.0, 4.0]]]),
    ],
)
def test_values_are_kept_as_they_were_given(name, values):
    assert Covariance(name, values).values.tolist() == np.asarray(values).tolist()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("EII", [1.0]),
        ("VII", 1.0),
        ("EEI", [[1.0]]),
        ("VEI", [1.0]),
        ("EEE", [1.0]),
        ("EVV", [[1.0]]),
    ],
)
def test_a_wrong_number_of_axes_is_refused_with_an_example_of_the_shape(name, values):
    with pytest.raises(ParameterError, match="wrong shape") as caught:
        Covariance(name, values)
    assert str(family(name).shape(3, 2)) in caught.value.needed


@pytest.mark.parametrize(("name", "values"), [("EII", 0.0), ("EEI", [1.0, -1.0]), ("VII", [0.0])])
def test_variances_that_are_not_positive_are_refused_with_the_smallest(name, values):
    with pytest.raises(ParameterError, match="must be positive") as caught:
        Covariance(name, values)
    assert float(caught.value.found) == np.min(values)


def test_matrices_that_are_not_square_are_refused():
    with pytest.raises(ParameterError, match="wrong shape"):
        Covariance("VEV", np.ones((2, 3, 2)))


def test_matrices_that_are_not_symmetric_are_refused():
    with pytest.raises(ParameterError, match="not symmetric"):
        Covariance("EEE", [[1.0, 0.5], [0.4, 1.0]])


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_matrices_may_be_lopsided_by_a_hundred_millionth_of_their_deviations(unit):
    scale = np.outer([unit, 1.0], [unit, 1.0])
    Covariance("EEE", scale * np.array([[1.0, 0.5], [0.5 + 0.9e-8, 1.0]]))
    with pytest.raises(ParameterError, match="not symmetric"):
        Covariance("EEE", scale * np.array([[1.0, 0.5], [0.5 + 1.2e-8, 1.0]]))


@pytest.mark.parametrize("name", ["EEE", "VVE", "VVV"])
def test_matrices_that_are_not_positive_definite_are_refused_with_the_smallest_eigenvalue(name):
    values = np.array([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ParameterError, match="positive definite") as caught:
        Covariance(name, values if name == "EEE" else values[None])
    assert "-1" in caught.value.found


def test_a_form_that_components_do_not_share_is_refused_with_words_for_it():
    with pytest.raises(ParameterError, match="differ in what all components share") as caught:
        Covariance("EVI", [[1.0, 1.0], [2.0, 2.0]])
    assert caught.value.needed == "one volume, a shape each, axes along the columns"


def test_a_covariance_survives_pickling_with_its_family():
    covariance = Covariance("VEI", [[1.0, 2.0], [3.0, 6.0]])
    again = pickle.loads(pickle.dumps(covariance))
    assert again.family is covariance.family
    assert again.values.tolist() == covariance.values.tolist()
