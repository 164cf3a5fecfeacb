"""The features there are, by name. A new one is one more line in ``FEATURES``."""

from collections.abc import Mapping
from types import MappingProxyType

from gmmkit.image.features import conversions
from gmmkit.image.features.banks import lm_of, mr8_of
from gmmkit.image.features.color import color_space
from gmmkit.image.features.derivatives import edges_of, hessian_of
from gmmkit.image.features.feature import FeatureKind
from gmmkit.image.features.gabor import gabor_of
from gmmkit.image.features.moments import MEASURES, statistics_of, texture_of
from gmmkit.image.features.parameters import Parameter, scales
from gmmkit.image.features.patterns import lbp_of
from gmmkit.image.features.plain import bands_of, position_of
from gmmkit.image.features.tensor import tensor_of

_MEASURES = Parameter("measures", ("mean", "deviation"), words=tuple(MEASURES), most=len(MEASURES))
_FREQUENCIES = Parameter("frequencies", (0.08, 0.16, 0.32), low=0.02, high=0.5, most=8)
_POOL = Parameter("pool", ("none",), words=("none", "mean", "max"))
_SMOOTHING = Parameter("smoothing", (0.0,), low=0.0, high=50.0)
_RADII = Parameter("radii", (1.0,), low=1.0, high=16.0, most=4)
_HISTOGRAM = Parameter("histogram", (4.0,), low=1.0, high=50.0)
_TOLERANCE = Parameter("tolerance", (2.0,), low=0.01, high=50.0)


def _orientations(default: int) -> Parameter:
    return Parameter("orientations", (float(default),), low=1, high=16, whole=True)


_KINDS = (
    color_space("lab", conversions.lab, ("L", "a", "b"), ("L",)),
    color_space("luv", conversions.luv, ("L(uv)", "u", "v"), ("L(uv)",)),
    color_space("rgb", conversions.unchanged, ("red", "green", "blue"), ("gray",)),
    color_space("gray", conversions.gray, ("luminance",), ("luminance",)),
    color_space("hsv", conversions.hsv, ("saturation cos", "saturation sin", "value"), ("value",)),
    FeatureKind("texture", texture_of, (scales(2, 4),)),
    FeatureKind("bands", bands_of),
    FeatureKind("position", position_of),
    FeatureKind("statistics", statistics_of, (scales(2, 4), _MEASURES)),
    FeatureKind("edges", edges_of, (scales(1, 2, 4),)),
    FeatureKind("hessian", hessian_of, (scales(1, 2, 4),)),
    FeatureKind("tensor", tensor_of, (scales(4, low=1),)),
    FeatureKind("gabor", gabor_of, (_FREQUENCIES, _orientations(4), _POOL)),
    FeatureKind("lbp", lbp_of, (_RADII, _HISTOGRAM, _TOLERANCE)),
    FeatureKind("lm", lm_of, (scales(1.4, 2, 2.8, high=8), _orientations(6), _SMOOTHING)),
    FeatureKind("mr8", mr8_of, (scales(1, 2, 4, high=8), _orientations(6), _SMOOTHING)),
)

FEATURES: Mapping[str, FeatureKind] = MappingProxyType({kind.name: kind for kind in _KINDS})
