"""Variational Bayes: a posterior over mixtures, by the same passes as expectation-maximization."""

from gmmkit.core.bayes.concentrations import Concentration, Dirichlet, Sticks
from gmmkit.core.bayes.fitting import BayesResult, fit_bayes
from gmmkit.core.bayes.inference import BayesIteration
from gmmkit.core.bayes.posterior import BayesPosterior
from gmmkit.core.bayes.priors import BayesPrior
from gmmkit.core.bayes.wishart import NormalWishart

__all__ = [
    "BayesIteration",
    "BayesPosterior",
    "BayesPrior",
    "BayesResult",
    "Concentration",
    "Dirichlet",
    "NormalWishart",
    "Sticks",
    "fit_bayes",
]
