"""What is computed from pixels: the columns of the rows that a mixture is fitted to."""

from typing import TYPE_CHECKING

from gmmkit.lazy import lazy_names

if TYPE_CHECKING:
    from gmmkit.image.features.catalog import FEATURES
    from gmmkit.image.features.composition import (
        DEFAULT_FEATURES,
        FeatureSet,
        compute_features,
        is_default,
        parse_features,
        reads_bands,
    )
    from gmmkit.image.features.feature import Feature
    from gmmkit.image.features.own import check_functions, own_feature
    from gmmkit.image.features.parsing import FeaturesLike, feature_text, named_features

_HOMES = {
    "DEFAULT_FEATURES": "gmmkit.image.features.composition",
    "FEATURES": "gmmkit.image.features.catalog",
    "Feature": "gmmkit.image.features.feature",
    "FeatureSet": "gmmkit.image.features.composition",
    "FeaturesLike": "gmmkit.image.features.parsing",
    "check_functions": "gmmkit.image.features.own",
    "compute_features": "gmmkit.image.features.composition",
    "feature_text": "gmmkit.image.features.parsing",
    "is_default": "gmmkit.image.features.composition",
    "named_features": "gmmkit.image.features.parsing",
    "own_feature": "gmmkit.image.features.own",
    "parse_features": "gmmkit.image.features.composition",
    "reads_bands": "gmmkit.image.features.composition",
}

__all__ = [
    "DEFAULT_FEATURES",
    "FEATURES",
    "Feature",
    "FeatureSet",
    "FeaturesLike",
    "check_functions",
    "compute_features",
    "feature_text",
    "is_default",
    "named_features",
    "own_feature",
    "parse_features",
    "reads_bands",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
