"""What was learned from people's borders: how to weigh cues, and what speaks for merging."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmkit.core.checks import check_count
from gmmkit.core.mixture import Mixture
from gmmkit.errors import FeatureContractError, ParameterError
from gmmkit.image.hierarchy.compiled.judgement import evidence_names
from gmmkit.image.hierarchy.cues import cue_names
from gmmkit.image.pixels import Float64Array

if TYPE_CHECKING:
    from gmmkit.io.model import Model

MODEL_KIND = "image-regions"
VERSION = 1
_SHIPPED = "regions.gmm"
# Below this a cue compares a pixel with itself.
_LEAST_RADIUS = 1.0
_ARRAYS = ("cue_weights", "hidden", "hidden_bias", "output", "direct")
_NUMBERS = ("cue_bias", "bias", "threshold")


@dataclass(frozen=True, eq=False)
class RegionModel:
    """How to find borders and which regions to merge.

    Parameters
    ----------
    radii : tuple of float
        Of the cues, in pixels of a photo of 481 x 321.
    n_textons, n_mixtures : int
        Components of a texton dictionary, and how many dictionaries.
    cue_weights : ndarray of shape (3 len(radii),)
        Of the logistic regression from cues to the boundary strength of a pixel.
    cue_bias : float
    hidden : ndarray of shape (H, F)
        Weights of H rectified units on the evidence about two neighbors.
    hidden_bias, output : ndarray of shape (H,)
    direct : ndarray of shape (F,)
        Weights of the evidence itself.
    bias : float
        The log odds that two regions differ are ``bias + direct·e + output·max(hidden e +
        hidden_bias, 0)``.
    threshold : float
        The probability of differing up to which regions are merged by default, 0 to 1.

    Raises
    ------
    ParameterError
        If sizes do not fit together, or a number is out of range.

    Examples
    --------
    >>> model = shipped_model()
    >>> model.radii, model.evidence[-1]
    ((2.5, 5.0, 10.0, 20.0), 'height')
    """

    radii: tuple[float, ...]
    n_textons: int
    n_mixtures: int
    cue_weights: Float64Array
    cue_bias: float
    hidden: Float64Array
    hidden_bias: Float64Array
    output: Float64Array
    direct: Float64Array
    bias: float
    threshold: float

    def __post_init__(self) -> None:
        _check(self)

    @property
    def cues(self) -> tuple[str, ...]:
        """The names of what is summed along a border."""
        return (*cue_names(self.radii), "strength", "strongest")

    @property
    def evidence(self) -> tuple[str, ...]:
        """The names of the columns of the evidence."""
        return evidence_names(self.cues)

    @property
    def network(self) -> tuple[Any, ...]:
        """What the compiled merging takes."""
        return (self.hidden, self.hidden_bias, self.output, self.direct, float(self.bias))

    def packed(self) -> "Model":
        """Return the model as it is kept in a file, for `gmmkit.save`."""
        from gmmkit.io.model_value import Model

        arrays = {name: np.asarray(getattr(self, name), np.float64) for name in _ARRAYS}
        numbers = {name: float(getattr(self, name)) for name in _NUMBERS}
        return Model(MODEL_KIND, _contract(self) | numbers, {}, arrays)


def _check(model: RegionModel) -> None:
    """Raise ParameterError unless sizes fit together and numbers make sense."""
    _check_radii(model.radii)
    check_count(model.n_textons, "n_textons")
    check_count(model.n_mixtures, "n_mixtures")
    units, columns = np.shape(model.hidden_bias), len(model.evidence)
    shapes = {
        "cue_weights": (len(cue_names(model.radii)),),
        "hidden": (*units, columns),
        "hidden_bias": (np.size(model.hidden_bias),),
        "output": units,
        "direct": (columns,),
    }
    wrong = [name for name, shape in shapes.items() if np.shape(getattr(model, name)) != shape]
    numbers = np.array([model.cue_bias, model.bias, model.threshold], np.float64)
    if wrong or not np.isfinite(numbers).all() or not 0 <= model.threshold <= 1:
        raise ParameterError(
            "this is no model of regions",
            found=f"{wrong or numbers.tolist()} out of shape or range",
            needed=f"{columns} columns of evidence, finite numbers, a threshold from 0 to 1",
        )


def _check_radii(radii: tuple[float, ...]) -> None:
    values = np.asarray(radii, np.float64)
    if not values.size or not np.isfinite(values).all() or values.min() < _LEAST_RADIUS:
        raise ParameterError(
            "radii are not usable",
            found=repr(radii),
            needed=f"one number or more, of at least {_LEAST_RADIUS:g}",
        )


def _contract(model: RegionModel) -> dict[str, Any]:
    return {
        "version": VERSION,
        "radii": list(model.radii),
        "n_textons": model.n_textons,
        "n_mixtures": model.n_mixtures,
        "evidence": list(model.evidence),
    }


def unpacked(kept: "Model", label: str = "the model") -> RegionModel:
    """Return the model that a file kept.

    Raises
    ------
    FeatureContractError
        If it is a model of something else, or of another version.
    """
    if kept.kind != MODEL_KIND or kept.contract.get("version") != VERSION:
        version = kept.contract.get("version")
        raise _unsuitable(label, f"kind {kept.kind!r}, version {version!r}")
    try:
        model = _rebuilt(kept)
    except (KeyError, TypeError, ValueError, ParameterError) as error:
        raise _unsuitable(label, f"{type(error).__name__}: {error}") from error
    if _contract(model)["evidence"] != kept.contract.get("evidence"):
        raise _unsuitable(label, "evidence of another kind than this version weighs")
    return model


def _rebuilt(kept: "Model") -> RegionModel:
    contract: Any = kept.contract
    learned: dict[str, Any] = {name: np.array(kept.arrays[name]) for name in _ARRAYS}
    learned |= {name: float(contract[name]) for name in _NUMBERS}
    return RegionModel(
        radii=tuple(float(radius) for radius in contract["radii"]),
        n_textons=contract["n_textons"],
        n_mixtures=contract["n_mixtures"],
        **learned,
    )


def region_model(given: "RegionModel | Model | str | Path | None" = None) -> RegionModel:
    """Return a region model: as it is, unpacked, from a file, or the one that comes with gmmkit.

    Raises
    ------
    FeatureContractError
        If it is a model of something else.
    """
    if given is None:
        return shipped_model()
    if isinstance(given, RegionModel):
        return given
    from gmmkit.io.model import load

    kept = load(given) if isinstance(given, str | Path) else given
    label = str(given) if isinstance(given, str | Path) else "the model"
    if isinstance(kept, Mixture):
        raise _unsuitable(label, "one mixture")
    if not hasattr(kept, "contract"):
        raise ParameterError(
            "this is no model", found=type(kept).__name__, needed="a RegionModel, a Model or a path"
        )
    return unpacked(kept, label)


def _unsuitable(label: str, found: str) -> FeatureContractError:
    return FeatureContractError(
        f"{label} does not say how to merge regions",
        found=found,
        needed=f"kind {MODEL_KIND!r}, version {VERSION}",
        hint="use a model that learn_regions made",
    )


@lru_cache(maxsize=1)
def shipped_model() -> RegionModel:
    """Return the model that comes with gmmkit, learned from the training photos of BSDS500.

    Examples
    --------
    >>> 0 < shipped_model().threshold < 1
    True
    """
    from gmmkit.io.codec import decode_model

    label = "the shipped model of regions"
    resource = files("gmmkit.image.hierarchy") / _SHIPPED
    return unpacked(decode_model(resource.read_bytes(), label), label)
