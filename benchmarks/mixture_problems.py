"""Tables that mixtures are fitted to, and the one outside density that every fit is judged by.

A likelihood is unbounded: a component on a few rows can reach any. So a fit counts only where every
component has rows enough and is not thin beside the others, and what counts is looked up here, not
asked of the library that made the fit.
"""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp
from scipy.stats import Covariance, multivariate_normal

VARIABLE = "GMMKIT_REFERENCE_DATA"
# The first column names a group there.
_NAMED = ("banknote", "chevron", "diabetes", "thyroid")
_SMALLEST_RELATIVE_EIGENVALUE = 1e-3

Rows = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """What an outsider says of a fit.

    Attributes
    ----------
    log_likelihood : float
        In nats, summed over rows; minus infinity where the fit does not count.
    fewest_rows : float
        The smallest effective count of a component; NaN where one is too thin to be asked.
    thinnest : float
        The smallest eigenvalue of W^-1/2 Sigma_k W^-1/2, W the pooled within-covariance.
    """

    log_likelihood: float
    fewest_rows: float
    thinnest: float

    @property
    def valid(self) -> bool:
        """Whether the fit counts."""
        return bool(np.isfinite(self.log_likelihood))


def folder() -> Path | None:
    """Return where the tables are, or None if nobody said."""
    named = os.environ.get(VARIABLE)
    return None if named is None else Path(named) / "tables" / "mclust"


@cache
def table(name: str) -> Rows:
    """Return the rows of a table by its name; iris is scikit-learn's."""
    if name == "iris":
        from sklearn.datasets import load_iris

        return np.asarray(load_iris().data, dtype=np.float64)
    place = folder()
    if place is None:
        raise FileNotFoundError(f"set {VARIABLE} to the directory that has tables/mclust")
    width = len((place / f"{name}.csv").read_text().partition("\n")[0].split(","))
    columns = range(int(name in _NAMED), width)
    read = np.loadtxt(
        place / f"{name}.csv", delimiter=",", skiprows=1, usecols=columns, quotechar='"', ndmin=2
    )
    return np.asarray(read, dtype=np.float64)


def judged(rows: Rows, weights: Rows, means: Rows, covariances: Rows) -> Verdict:
    """Return what a mixture of full covariances is worth on some rows."""
    thinnest = _thinnest(weights, covariances)
    if not thinnest >= _SMALLEST_RELATIVE_EIGENVALUE:
        return Verdict(-np.inf, np.nan, thinnest)
    joint = joint_log_density(rows, weights, means, covariances)
    marginal = logsumexp(joint, axis=1)
    fewest = float(np.exp(joint - marginal[:, None]).sum(axis=0).min())
    enough = fewest >= max(2 * rows.shape[1], rows.shape[1] + 3)
    return Verdict(float(marginal.sum()) if enough else -np.inf, fewest, thinnest)


def joint_log_density(rows: Rows, weights: Rows, means: Rows, covariances: Rows) -> Rows:
    """Return log w_k N(x; mu_k, Sigma_k), (N, K)."""
    densities = [
        multivariate_normal(mean, Covariance.from_cholesky(np.linalg.cholesky(covariance)))
        for mean, covariance in zip(means, covariances, strict=True)
    ]
    columns = [density.logpdf(rows) for density in densities]
    return np.stack(columns, axis=1) + np.log(weights)


def _thinnest(weights: Rows, covariances: Rows) -> float:
    """Return the smallest relative eigenvalue, zero where a covariance is not positive."""
    if np.linalg.eigvalsh(covariances).min() <= 0 or (weights <= 0).any():
        return 0.0
    within = np.einsum("k,kij->ij", weights, covariances)
    values, vectors = np.linalg.eigh(within)
    unroot = (vectors / np.sqrt(values)) @ vectors.T
    return float(np.linalg.eigvalsh(unroot @ covariances @ unroot).min())
