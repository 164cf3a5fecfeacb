"""What one can do with mixtures besides fitting them: every function takes and gives values.

Parts of mixtures and their images, regression, divergences, reduction, regions and tails.
"""

from gmmkit.core.algebra.affinities import (
    bhattacharyya_bounds,
    bhattacharyya_coefficient,
    bhattacharyya_distance,
    component_overlap,
    hellinger_distance,
    misclassification,
)
from gmmkit.core.algebra.conditioning import conditional
from gmmkit.core.algebra.densities import DensityDistribution, density_distribution
from gmmkit.core.algebra.ellipsoids import Ellipsoids, confidence_ellipsoids
from gmmkit.core.algebra.estimates import Bounds, Estimate
from gmmkit.core.algebra.integrals import (
    cauchy_schwarz_divergence,
    l2_distance,
    log_product_integral,
    normalized_l2_distance,
)
from gmmkit.core.algebra.kullback import (
    kullback_leibler,
    kullback_leibler_bounds,
    kullback_leibler_matched,
    kullback_leibler_variational,
)
from gmmkit.core.algebra.marginals import (
    marginal,
    mixture_covariance,
    mixture_mean,
    transformed,
)
from gmmkit.core.algebra.merging import (
    Combination,
    combine_by_entropy,
    combined_responsibilities,
)
from gmmkit.core.algebra.reduction import Reduction, merge_components, merged, reduced
from gmmkit.core.algebra.regression import Regression, regress
from gmmkit.core.algebra.tails import (
    HighestDensityRegion,
    highest_density_region,
    log_tail_probability,
    tail_probability,
)
from gmmkit.core.algebra.transport import Transport, wasserstein_distance
from gmmkit.core.algebra.univariate import cumulative_distribution, quantile

__all__ = [
    "Bounds",
    "Combination",
    "DensityDistribution",
    "Ellipsoids",
    "Estimate",
    "HighestDensityRegion",
    "Reduction",
    "Regression",
    "Transport",
    "bhattacharyya_bounds",
    "bhattacharyya_coefficient",
    "bhattacharyya_distance",
    "cauchy_schwarz_divergence",
    "combine_by_entropy",
    "combined_responsibilities",
    "component_overlap",
    "conditional",
    "confidence_ellipsoids",
    "cumulative_distribution",
    "density_distribution",
    "hellinger_distance",
    "highest_density_region",
    "kullback_leibler",
    "kullback_leibler_bounds",
    "kullback_leibler_matched",
    "kullback_leibler_variational",
    "l2_distance",
    "log_product_integral",
    "log_tail_probability",
    "marginal",
    "merge_components",
    "merged",
    "misclassification",
    "mixture_covariance",
    "mixture_mean",
    "normalized_l2_distance",
    "quantile",
    "reduced",
    "regress",
    "tail_probability",
    "transformed",
    "wasserstein_distance",
]
