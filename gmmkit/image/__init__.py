"""Pictures: pixels in, classes and their probabilities out."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gmmkit.image.classes import Segmentation, segment
    from gmmkit.image.features import compute_features
    from gmmkit.image.models import fit_shared
    from gmmkit.image.smoothing import smooth

_HOMES = {
    "Segmentation": "gmmkit.image.classes",
    "compute_features": "gmmkit.image.features",
    "fit_shared": "gmmkit.image.models",
    "segment": "gmmkit.image.classes",
    "smooth": "gmmkit.image.smoothing",
}

__all__ = ["Segmentation", "compute_features", "fit_shared", "segment", "smooth"]


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gmmkit.image' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
