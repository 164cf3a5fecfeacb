"""The two mixtures of a cutout as a model: saved, and used as they are on other pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gmmkit.errors import FeatureContractError
from gmmkit.image.features import FeatureSet
from gmmkit.image.marking.appearance import Appearance
from gmmkit.image.models import prepare, prepare_like
from gmmkit.image.pixels import ImageLike, Raster, as_raster

if TYPE_CHECKING:
    from gmmkit.io.model import Model

CUTOUT_KIND = "image-cutout"
# Not blurred, as classes are: an outline is as sharp as its pixels.
COLOR_FEATURES = "lab(0)"
_NAMES = ("foreground", "background")


def appearance_model(
    appearance: Appearance, features: FeatureSet, notes: Sequence[str] = ()
) -> "Model":
    """Return what object and background look like, as a model that can be saved.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.mixture import Mixture
    >>> from gmmkit.image.features import parse_features
    >>> one = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> sorted(appearance_model(Appearance(one, one), parse_features("lab", 1)).mixtures)
    ['background', 'foreground']
    """
    from gmmkit.io.model_value import Model

    mixtures = {"foreground": appearance.foreground, "background": appearance.background}
    return Model(CUTOUT_KIND, features.contract(), mixtures, {}, {"notes": "; ".join(notes)})


def prepare_pair(
    image: ImageLike, features: str | None, mask: Any, given: "Model | str | Path | None"
) -> tuple[Raster, FeatureSet, Appearance | None]:
    """Return a picture, its features, and the mixtures of a model if there is one.

    Raises
    ------
    InputError
        If the picture cannot be used.
    FeatureContractError
        If the model is none of a cutout, or of other features.

    Examples
    --------
    >>> import numpy as np
    >>> raster, chosen, _ = prepare_pair(np.zeros((2, 3, 5), np.uint8), None, None, None)
    >>> chosen.text
    'bands'
    """
    if given is None:
        raster = as_raster(image, mask, as_bands=features == "bands")
        raster, chosen = prepare(image, features or _suitable(raster), mask)
        return raster, chosen, None
    model, label = _loaded(given)
    wanted = features or str(model.contract.get("features"))
    raster, chosen = prepare_like(model, image, wanted, mask, label=label)
    return raster, chosen, _checked(model, chosen, label)


def _suitable(raster: Raster) -> str:
    has_color = raster.n_channels == 1 or (raster.n_channels == 3 and raster.colors)
    return COLOR_FEATURES if has_color else "bands"


def _loaded(given: "Model | str | Path") -> tuple["Model", str]:
    from gmmkit.io.model import load

    label = str(given) if isinstance(given, str | Path) else "the model"
    model = load(given) if isinstance(given, str | Path) else given
    kind = model.kind if hasattr(model, "kind") else "mixture"
    if kind != CUTOUT_KIND:
        raise FeatureContractError(
            f"{label} does not describe an object and its background",
            found=f"a model of kind {kind!r}",
            needed=f"kind {CUTOUT_KIND!r}",
            hint="use a model that was saved after cutting out an object",
        )
    return cast("Model", model), label


def _checked(model: "Model", features: FeatureSet, label: str) -> Appearance:
    mixtures = [model.mixtures.get(name) for name in _NAMES]
    if any(m is None or m.n_features != len(features.columns) for m in mixtures):
        raise FeatureContractError(
            f"{label} has no mixtures that fit its own contract",
            found=f"mixtures {sorted(model.mixtures)}",
            needed=f"{_NAMES[0]!r} and {_NAMES[1]!r} with {len(features.columns)} columns",
        )
    return Appearance(model.mixtures[_NAMES[0]], model.mixtures[_NAMES[1]])
