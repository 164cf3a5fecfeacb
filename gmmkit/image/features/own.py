"""A user's own function as a feature: checked when it is made, when it is used, by every model."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import check_count
from gmmkit.errors import FeatureContractError, ParameterError
from gmmkit.image.features.feature import Feature
from gmmkit.image.features.window import Window

OwnFunction: TypeAlias = Callable[[npt.NDArray[Any]], npt.ArrayLike]

_LARGEST_HALO = 500
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_VERSIONED = re.compile(r"([^+()@]+)@([0-9]+)")


def own_feature(
    name: str,
    function: OwnFunction,
    *,
    columns: Sequence[str] = (),
    halo: int,
    reads: Literal["lightness", "pixels"] = "lightness",
    step: float = 1e-3,
    version: int = 1,
) -> Feature:
    """Return a feature that is computed by a function of your own, for `features=[...]`.

    The function is called on rectangles of a picture, so it must give a pixel the same values
    whatever rectangle it is called on: no sums, extremes or random numbers over all of its input.

    Parameters
    ----------
    name : str
        Lower-case letters, digits, "-" and "_"; none of ``FEATURES``.
    function : callable
        Array to array: from (h, w), or (h, w, C) if it reads pixels, to (h, w) or
        (h, w, n columns). Excluded pixels are filled with the mean of those within the halo.
    columns : sequence of str, optional
        The name of each column; one named as the feature by default.
    halo : int
        How many pixels away the function looks, 0 to 500.
    reads : {"lightness", "pixels"}
        L of a color (0 to 100, float64; 100 times the mean of bands), or the channels (float32;
        integer types fill 0 to 1).
    step : float
        Differences below this mean nothing: no class is ever narrower.
    version : int
        A model remembers name and version and refuses any other. Raise it when the function
        changes.

    Returns
    -------
    Feature

    Raises
    ------
    ParameterError
        If an argument cannot be used. Also later, when the function returns another shape, or
        what is not finite, or looks farther than the halo.

    Examples
    --------
    >>> from scipy import ndimage
    >>> from gmmkit.image import compute_features
    >>> laplace = own_feature("laplace", ndimage.laplace, halo=1)
    >>> compute_features(np.eye(5), ["lab", laplace]).shape
    (5, 5, 2)
    """
    _check_name(name)
    _check_function(function, reads, step)
    _check_halo(halo)
    names = _checked_columns(columns) or (name,)
    text = f"{name}@{check_count(version, 'version')}"
    again = (_remade, (name, function, names, halo, reads, step, version))
    return Feature(
        text,
        lambda _: names,
        _Planes(name, function, len(names), halo, reads),
        lambda *_: [float(step)] * len(names),
        # The function looks at filled pixels, which look as far again.
        2 * halo,
        "lightness" if reads == "lightness" else "values",
        again,
    )


def check_functions(recorded: str, features: Sequence[Feature], label: str) -> None:
    """Raise FeatureContractError when a model needs a function that is not given.

    Parameters
    ----------
    recorded : str
        The features of the model.
    features : sequence of Feature
        Those at hand.
    label : str
        The model, for the error.

    Examples
    --------
    >>> check_functions("lab+texture(2,4)", (), "scene.gmm")
    """
    given = {feature.text for feature in features}
    for name, version in _VERSIONED.findall(recorded):
        if f"{name}@{version}" not in given:
            raise FeatureContractError(
                f"{label} needs a feature that is a function of its maker's own",
                found="features " + "+".join(feature.text for feature in features),
                needed=f"{name!r}, version {version}, as in {recorded}",
                hint=f"pass features=[..., own_feature({name!r}, ..., version={version})]",
            )


def _remade(name: str, function: OwnFunction, columns: tuple[str, ...], *rest: Any) -> Feature:
    halo, reads, step, version = rest
    return own_feature(
        name, function, columns=columns, halo=halo, reads=reads, step=step, version=version
    )


@dataclass(frozen=True)
class _Planes:
    """Calls the function on a window and looks at what comes back."""

    name: str
    function: OwnFunction
    n_columns: int
    halo: int
    reads: str

    def __call__(self, window: Window) -> list[npt.NDArray[Any]]:
        source = window.lightness if self.reads == "lightness" else window.values
        result = np.asarray(self.function(window.filled(source, self.halo)))
        planes = result[..., None] if result.ndim == 2 else result
        self._check(planes, window)
        return [planes[..., i] for i in range(self.n_columns)]

    def _check(self, planes: npt.NDArray[Any], window: Window) -> None:
        shape = (*window.lightness.shape, self.n_columns)
        if planes.shape != shape or planes.dtype.kind not in "fiub":
            raise ParameterError(
                f"the function of feature {self.name!r} returned something else than columns",
                found=f"shape {planes.shape}, dtype {planes.dtype}",
                needed=f"real numbers of shape {shape}",
            )
        usable = np.abs(planes) <= np.finfo(np.float32).max
        bad = int(planes.size - np.count_nonzero(usable))
        if bad:
            raise ParameterError(
                f"the function of feature {self.name!r} returned what no column can hold",
                found=f"{bad} of {planes.size} values NaN or infinite",
                needed="finite float32 values everywhere",
            )


def _check_name(name: str) -> None:
    from gmmkit.image.features.catalog import FEATURES

    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in FEATURES:
        raise ParameterError(
            "the name of a feature cannot be used",
            found=repr(name),
            needed=f"lower-case letters, digits, - and _, none of {', '.join(FEATURES)}",
        )


def _check_function(function: object, reads: object, step: object) -> None:
    if not callable(function):
        raise ParameterError(
            "a feature needs a function", found=type(function).__name__, needed="a callable"
        )
    if reads not in ("lightness", "pixels"):
        raise ParameterError(
            "what a feature reads is unknown", found=repr(reads), needed="'lightness' or 'pixels'"
        )
    if not isinstance(step, int | float) or not 0 < step < np.inf:
        raise ParameterError(
            "the step of a feature is unusable", found=repr(step), needed="a number above 0"
        )


def _check_halo(halo: int) -> None:
    if check_count(halo, "halo", least=0) > _LARGEST_HALO:
        raise ParameterError(
            "the halo of a feature is too large",
            found=repr(halo),
            needed=f"at most {_LARGEST_HALO} pixels",
            hint="shrink the picture first: what is farther is hardly about this pixel",
        )


def _checked_columns(columns: Sequence[str]) -> tuple[str, ...]:
    texts = not isinstance(columns, str) and all(isinstance(c, str) and c for c in columns)
    if not texts or len(set(columns)) < len(columns):
        raise ParameterError(
            "columns of a feature cannot be named like this",
            found=repr(columns),
            needed="different texts in a list, one for each column",
        )
    return tuple(columns)
