"""Pictures: pixels in, classes and their probabilities out."""

from typing import TYPE_CHECKING

from gmmkit.lazy import lazy_names

if TYPE_CHECKING:
    from gmmkit.image import metrics
    from gmmkit.image.background.model import BackgroundModel
    from gmmkit.image.background.video import subtract_background
    from gmmkit.image.choosing import ClassCurve, class_curve
    from gmmkit.image.classes import Segmentation, segment
    from gmmkit.image.features import compute_features, own_feature
    from gmmkit.image.hierarchy import Hierarchy, RegionModel, learn_regions, regions
    from gmmkit.image.marking import Cutout, cut_out, read_marks
    from gmmkit.image.models import fit_shared
    from gmmkit.image.parts import connected_regions
    from gmmkit.image.properties import region_table
    from gmmkit.image.smoothing import smooth

_HOMES = {
    "BackgroundModel": "gmmkit.image.background.model",
    "Cutout": "gmmkit.image.marking",
    "ClassCurve": "gmmkit.image.choosing",
    "Hierarchy": "gmmkit.image.hierarchy",
    "RegionModel": "gmmkit.image.hierarchy",
    "Segmentation": "gmmkit.image.classes",
    "class_curve": "gmmkit.image.choosing",
    "compute_features": "gmmkit.image.features",
    "connected_regions": "gmmkit.image.parts",
    "cut_out": "gmmkit.image.marking",
    "fit_shared": "gmmkit.image.models",
    "learn_regions": "gmmkit.image.hierarchy",
    "own_feature": "gmmkit.image.features",
    "read_marks": "gmmkit.image.marking",
    "region_table": "gmmkit.image.properties",
    "regions": "gmmkit.image.hierarchy",
    "segment": "gmmkit.image.classes",
    "smooth": "gmmkit.image.smoothing",
    "subtract_background": "gmmkit.image.background.video",
}

__all__ = [
    "BackgroundModel",
    "ClassCurve",
    "Cutout",
    "Hierarchy",
    "RegionModel",
    "Segmentation",
    "class_curve",
    "compute_features",
    "connected_regions",
    "cut_out",
    "fit_shared",
    "learn_regions",
    "metrics",
    "own_feature",
    "read_marks",
    "region_table",
    "regions",
    "segment",
    "smooth",
    "subtract_background",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES, {"metrics": "gmmkit.image.metrics"})
