"""Connected regions of a picture, at every level of detail, as people would outline them."""

from typing import TYPE_CHECKING

from gmmkit.lazy import lazy_names

if TYPE_CHECKING:
    from gmmkit.image.hierarchy.finding import regions
    from gmmkit.image.hierarchy.learning import learn_regions
    from gmmkit.image.hierarchy.model import RegionModel
    from gmmkit.image.hierarchy.tree import Hierarchy

_HOMES = {
    "Hierarchy": "gmmkit.image.hierarchy.tree",
    "RegionModel": "gmmkit.image.hierarchy.model",
    "learn_regions": "gmmkit.image.hierarchy.learning",
    "regions": "gmmkit.image.hierarchy.finding",
}

__all__ = ["Hierarchy", "RegionModel", "learn_regions", "regions"]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
