"""gmmkit: Gaussian mixtures for pictures, voices, tables and maps, on one EM core."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str
    from gmmkit import image, plot, speaker
    from gmmkit.core.adapt import map_adapt
    from gmmkit.core.covariance import Covariance
    from gmmkit.core.fitting import FitResult, fit
    from gmmkit.core.mixture import Mixture, Noise
    from gmmkit.core.statistics import SufficientStatistics
    from gmmkit.estimators import GaussianMixture
    from gmmkit.io.model import Model, load, save

_HOMES = {
    "Covariance": "gmmkit.core.covariance",
    "FitResult": "gmmkit.core.fitting",
    "GaussianMixture": "gmmkit.estimators",
    "Mixture": "gmmkit.core.mixture",
    "Model": "gmmkit.io.model",
    "Noise": "gmmkit.core.mixture",
    "SufficientStatistics": "gmmkit.core.statistics",
    "fit": "gmmkit.core.fitting",
    "load": "gmmkit.io.model",
    "map_adapt": "gmmkit.core.adapt",
    "save": "gmmkit.io.model",
}

_SUBPACKAGES = ("image", "plot", "speaker")

__all__ = [
    "Covariance",
    "FitResult",
    "GaussianMixture",
    "Mixture",
    "Model",
    "Noise",
    "SufficientStatistics",
    "__version__",
    "fit",
    "image",
    "load",
    "map_adapt",
    "plot",
    "save",
    "speaker",
]


def __getattr__(name: str) -> object:
    """Load a public name, a subpackage or the version when it is first asked for."""
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name in _SUBPACKAGES:
        value = import_module(f"gmmkit.{name}")
    elif name == "__version__":
        value = _version()
    else:
        raise AttributeError(f"module 'gmmkit' has no attribute {name!r}")
    globals()[name] = value
    return value


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gmmkit")
    except PackageNotFoundError:
        return "0+unknown"


def __dir__() -> list[str]:
    return __all__
