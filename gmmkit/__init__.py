"""gmmkit: Gaussian mixtures for pictures, voices, tables and maps, on one EM core."""

from typing import TYPE_CHECKING

from gmmkit.lazy import lazy_names

if TYPE_CHECKING:
    __version__: str
    from gmmkit import algebra, image, lesson, plot, report, speaker
    from gmmkit.core.adapt import map_adapt
    from gmmkit.core.bayes import fit_bayes
    from gmmkit.core.covariance import Covariance
    from gmmkit.core.fits.fitting import fit
    from gmmkit.core.fits.result import FitResult
    from gmmkit.core.fits.selection import Selection, select
    from gmmkit.core.gaps.incomplete import filled, impute
    from gmmkit.core.mixture import Mixture
    from gmmkit.core.noise import Noise
    from gmmkit.core.priors import ConjugatePrior
    from gmmkit.core.scanning import scan, score
    from gmmkit.core.search.hunt import Search
    from gmmkit.core.sources.streams import rows_from
    from gmmkit.core.starts.beginning import Start
    from gmmkit.core.statistics import SufficientStatistics
    from gmmkit.estimators import (
        BayesianGaussianMixture,
        GaussianMixture,
        GaussianMixtureClassifier,
        GaussianMixtureRegressor,
        MixtureOutlierDetector,
    )
    from gmmkit.io.checkpoint import Checkpoint
    from gmmkit.io.model import Model, load, save
    from gmmkit.io.rows.opening import open_rows
    from gmmkit.io.table import Table, read_table

_HOMES = {
    "BayesianGaussianMixture": "gmmkit.estimators",
    "Checkpoint": "gmmkit.io.checkpoint",
    "ConjugatePrior": "gmmkit.core.priors",
    "Covariance": "gmmkit.core.covariance",
    "FitResult": "gmmkit.core.fits.result",
    "GaussianMixture": "gmmkit.estimators",
    "GaussianMixtureClassifier": "gmmkit.estimators",
    "GaussianMixtureRegressor": "gmmkit.estimators",
    "Mixture": "gmmkit.core.mixture",
    "MixtureOutlierDetector": "gmmkit.estimators",
    "Model": "gmmkit.io.model",
    "Noise": "gmmkit.core.noise",
    "Search": "gmmkit.core.search.hunt",
    "Selection": "gmmkit.core.fits.selection",
    "Start": "gmmkit.core.starts.beginning",
    "SufficientStatistics": "gmmkit.core.statistics",
    "Table": "gmmkit.io.table",
    "filled": "gmmkit.core.gaps.incomplete",
    "fit": "gmmkit.core.fits.fitting",
    "fit_bayes": "gmmkit.core.bayes",
    "impute": "gmmkit.core.gaps.incomplete",
    "load": "gmmkit.io.model",
    "map_adapt": "gmmkit.core.adapt",
    "open_rows": "gmmkit.io.rows.opening",
    "read_table": "gmmkit.io.table",
    "rows_from": "gmmkit.core.sources.streams",
    "save": "gmmkit.io.model",
    "scan": "gmmkit.core.scanning",
    "score": "gmmkit.core.scanning",
    "select": "gmmkit.core.fits.selection",
}

_SUBPACKAGES = {
    "algebra": "gmmkit.algebra",
    "image": "gmmkit.image",
    "lesson": "gmmkit.lesson",
    "plot": "gmmkit.plot",
    "report": "gmmkit.report",
    "speaker": "gmmkit.speaker",
}

__all__ = [
    "BayesianGaussianMixture",
    "Checkpoint",
    "ConjugatePrior",
    "Covariance",
    "FitResult",
    "GaussianMixture",
    "GaussianMixtureClassifier",
    "GaussianMixtureRegressor",
    "Mixture",
    "MixtureOutlierDetector",
    "Model",
    "Noise",
    "Search",
    "Selection",
    "Start",
    "SufficientStatistics",
    "Table",
    "__version__",
    "algebra",
    "filled",
    "fit",
    "fit_bayes",
    "image",
    "impute",
    "lesson",
    "load",
    "map_adapt",
    "open_rows",
    "plot",
    "read_table",
    "report",
    "rows_from",
    "save",
    "scan",
    "score",
    "select",
    "speaker",
]


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gmmkit")
    except PackageNotFoundError:
        return "0+unknown"


_load, __dir__ = lazy_names(__name__, _HOMES, _SUBPACKAGES)


def __getattr__(name: str) -> object:
    """Load a public name, a subpackage or the version when it is first asked for."""
    return _version() if name == "__version__" else _load(name)
