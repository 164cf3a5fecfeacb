"""How good a segmentation is: measures of regions and of boundaries against people's own."""

from typing import TYPE_CHECKING

from gmmkit.lazy import lazy_names

if TYPE_CHECKING:
    from gmmkit.image.metrics.agreement import (
        covering,
        global_consistency_error,
        probabilistic_rand_index,
        variation_of_information,
    )
    from gmmkit.image.metrics.boundaries import BoundaryScore, boundary_f
    from gmmkit.image.metrics.boundary_counts import BoundaryCounts, count_boundaries
    from gmmkit.image.metrics.data_sets import evaluate
    from gmmkit.image.metrics.displacement import (
        DisplacementCounts,
        boundary_displacement_error,
        count_displacement,
    )
    from gmmkit.image.metrics.evaluation import Best, Evaluation
    from gmmkit.image.metrics.region_counts import RegionCounts, count_regions
    from gmmkit.image.metrics.scores import Scores, score
    from gmmkit.image.metrics.sweeps import Sweep, sweep_of

_HOMES = {
    "Best": "gmmkit.image.metrics.evaluation",
    "BoundaryCounts": "gmmkit.image.metrics.boundary_counts",
    "BoundaryScore": "gmmkit.image.metrics.boundaries",
    "DisplacementCounts": "gmmkit.image.metrics.displacement",
    "Evaluation": "gmmkit.image.metrics.evaluation",
    "RegionCounts": "gmmkit.image.metrics.region_counts",
    "Scores": "gmmkit.image.metrics.scores",
    "Sweep": "gmmkit.image.metrics.sweeps",
    "boundary_displacement_error": "gmmkit.image.metrics.displacement",
    "boundary_f": "gmmkit.image.metrics.boundaries",
    "count_boundaries": "gmmkit.image.metrics.boundary_counts",
    "count_displacement": "gmmkit.image.metrics.displacement",
    "count_regions": "gmmkit.image.metrics.region_counts",
    "covering": "gmmkit.image.metrics.agreement",
    "evaluate": "gmmkit.image.metrics.data_sets",
    "global_consistency_error": "gmmkit.image.metrics.agreement",
    "probabilistic_rand_index": "gmmkit.image.metrics.agreement",
    "score": "gmmkit.image.metrics.scores",
    "sweep_of": "gmmkit.image.metrics.sweeps",
    "variation_of_information": "gmmkit.image.metrics.agreement",
}

__all__ = [
    "Best",
    "BoundaryCounts",
    "BoundaryScore",
    "DisplacementCounts",
    "Evaluation",
    "RegionCounts",
    "Scores",
    "Sweep",
    "boundary_displacement_error",
    "boundary_f",
    "count_boundaries",
    "count_displacement",
    "count_regions",
    "covering",
    "evaluate",
    "global_consistency_error",
    "probabilistic_rand_index",
    "score",
    "sweep_of",
    "variation_of_information",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
