"""Pictures: pixels in, classes and their probabilities out."""

from typing import TYPE_CHECKING

from gmmkit.lazy import lazy_names

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

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
