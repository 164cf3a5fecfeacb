"""Where EM begins: given wholly, in part, or found, with many rows by EM on a sample first."""

import numpy as np
import pytest
from strategies import make_mixture

from gmmkit import fit
from gmmkit.core.engine.passes import USUAL_PASSES
from gmmkit.core.execution import SerialExecutor
from gmmkit.core.families import family
from gmmkit.core.fits.data import read_data
from gmmkit.core.fits.preparation import prepare
from gmmkit.core.fits.runs import Run
from gmmkit.core.mixture import Mixture
from gmmkit.core.starts.beginning import Start, expected_passes
from gmmkit.errors import ParameterError


def problem_of(rows, k, name="full"):
    return prepare(
        read_data(rows, n_components=k),
        family(name),
        SerialExecutor(),
        np.random.default_rng(0),
        n_components=k,
        reg_covar=None,
        floor=None,
    )


def test_a_start_that_went_ahead_on_a_sample_is_nearly_there_on_all_rows():
    rows = make_mixture("full", 3, 3, spread=1).sample(30_000, seed=1)
    result = fit(rows, 3, seed=0, tol=1e-6, max_iter=500)
    assert result.converged
    reached = result.log_likelihood / len(rows)
    assert 0 <= reached - result.trace[0].log_likelihood < 0.01


def test_few_passes_are_expected_after_a_sample_unless_the_tolerance_is_zero():
    problem = problem_of(make_mixture("full", 3, 3).sample(12_000, seed=2), 3)
    few = expected_passes(problem, Start(), 3, Run(tol=1e-3, max_iter=100))
    assert few < USUAL_PASSES
    assert expected_passes(problem, Start(), 3, Run(tol=0.0, max_iter=100)) == USUAL_PASSES


@pytest.mark.parametrize("start", [Start(means=[[0.0], [1.0]]), Start("random", weights=[1, 2])])
def test_nothing_goes_ahead_of_a_start_that_is_partly_given(start):
    problem = problem_of(np.random.default_rng(3).normal(size=(12_000, 1)), 2)
    assert expected_passes(problem, start, 2, Run(tol=1e-3, max_iter=100)) == USUAL_PASSES


def test_a_sample_of_few_rows_a_component_is_not_gone_ahead_on():
    """A hundred components of ten thousand rows would collapse onto single ones."""
    problem = problem_of(np.random.default_rng(4).normal(size=(12_000, 20)), 100)
    assert expected_passes(problem, Start(), 100, Run(tol=1e-3, max_iter=100)) == USUAL_PASSES


def test_a_start_given_by_all_its_parts_is_a_mixture():
    settled = Start("kmeans", [0.5, 0.5], [[0.0], [1.0]], [1.0, 2.0]).settled(family("spherical"))
    assert isinstance(settled, Mixture)
    assert settled.covariances.ravel().tolist() == [1.0, 2.0]


def test_a_start_of_no_known_method_is_refused_even_if_it_is_given_wholly():
    with pytest.raises(ParameterError, match="no such start"):
        Start("guess", [1.0], [[0.0]], [1.0]).settled(family("spherical"))
