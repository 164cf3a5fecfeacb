"""A model of the background as what a `.gmm` file holds, and back."""

from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import FeatureContractError, ModelFileError, ParameterError
from gmmkit.image.background.format import PIXEL_TYPES, FrameFormat
from gmmkit.image.background.settings import BackgroundSettings, settings_from
from gmmkit.image.background.state import ARRAY_NAMES, BackgroundState
from gmmkit.io.model_value import ContractValue, Model

KIND = "image-background"
_SCHEMA = 1
_FRAME_KEYS = ("schema", "height", "width", "n_channels", "pixels")
_TYPES = (np.float32, np.float32, np.float32, np.uint8, np.uint8)
_SUM_TOLERANCE = 1e-3


def as_model(
    settings: BackgroundSettings, frame_format: FrameFormat, state: BackgroundState
) -> Model:
    """Return settings, format and state as a model that can be saved.

    Examples
    --------
    >>> from gmmkit.image.background.state import empty_state
    >>> frame_format = FrameFormat((2, 3), 1, "uint8")
    >>> model = as_model(BackgroundSettings(), frame_format, empty_state((2, 3), 1, 5))
    >>> model.kind, model.contract["pixels"]
    ('image-background', 'uint8')
    """
    height, width = frame_format.shape
    values = (_SCHEMA, height, width, frame_format.n_channels, frame_format.pixels)
    contract: dict[str, ContractValue] = dict(zip(_FRAME_KEYS, values, strict=True))
    progress = np.array([state.n_frames, state.noise], dtype=np.float64)
    arrays: dict[str, npt.NDArray[Any]] = {**state.arrays, "progress": progress}
    return Model(KIND, contract | settings.contract(), {}, arrays, {})


def from_model(
    model: object, label: str
) -> tuple[BackgroundSettings, FrameFormat, BackgroundState]:
    """Return what `as_model` was given.

    Raises
    ------
    FeatureContractError
        If it is a model of something else, or of another schema.
    ModelFileError
        If its parts do not fit together.
    """
    if not isinstance(model, Model) or model.kind != KIND:
        kind = model.kind if isinstance(model, Model) else type(model).__name__
        raise FeatureContractError(
            f"{label} holds no background of a video",
            found=f"a model of kind {kind!r}",
            needed=f"kind {KIND!r}",
            hint="use one that gmmkit image background --save-model wrote",
        )
    contract = dict(model.contract)
    schema, height, width, n_channels, pixels = (contract.pop(key, None) for key in _FRAME_KEYS)
    if schema != _SCHEMA:
        raise FeatureContractError(
            f"{label} is of another schema", found=repr(schema), needed=repr(_SCHEMA)
        )
    try:
        settings = settings_from(contract)
        frame_format = FrameFormat((int(height), int(width)), int(n_channels), str(pixels))  # type: ignore[arg-type]
    except (ParameterError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{label} has unusable settings", found=str(error), needed="those of a background"
        ) from error
    if pixels not in PIXEL_TYPES:
        raise ModelFileError(
            f"{label} is for no pixels", found=repr(pixels), needed=", ".join(PIXEL_TYPES)
        )
    return settings, frame_format, _state(model, settings, frame_format, label)


def _state(
    model: Model, settings: BackgroundSettings, frame_format: FrameFormat, label: str
) -> BackgroundState:
    per_component = (*frame_format.shape, settings.max_components)
    means = (*per_component, frame_format.n_channels)
    shapes = (per_component, means, per_component, per_component, frame_format.shape)
    for name, shape, kind in zip(ARRAY_NAMES, shapes, _TYPES, strict=True):
        _check_array(model.arrays.get(name), shape, np.dtype(kind), f"{name} of {label}")
    progress = model.arrays.get("progress")
    _check_array(progress, (2,), np.dtype(np.float64), f"progress of {label}")
    n_frames, noise = model.arrays["progress"].tolist()
    arrays = {name: model.arrays[name].copy() for name in ARRAY_NAMES}
    state = BackgroundState(**arrays, n_frames=int(n_frames), noise=noise)
    _check_values(state, label)
    return state


def _check_array(
    array: npt.NDArray[Any] | None, shape: tuple[int, ...], dtype: np.dtype[Any], label: str
) -> None:
    if array is None or array.shape != shape or array.dtype != dtype:
        found = "none" if array is None else f"{array.dtype.name} {array.shape}"
        raise ModelFileError(
            f"the {label} do not fit its description", found=found, needed=f"{dtype.name} {shape}"
        )


def _check_values(state: BackgroundState, label: str) -> None:
    """Refuse numbers that no video leads to; that they are finite was checked before."""
    weights, used = state.weights, state.weights > 0
    problems = {
        "weights that do not fall": (np.diff(weights, axis=2) > _SUM_TOLERANCE).any(),
        "weights below 0": weights.min() < 0,
        "weights that do not sum to 1": (abs(weights.sum(axis=2) - 1) > _SUM_TOLERANCE).any(),
        "components after the last": (np.diff(used.astype(np.int8), axis=2) > 0).any(),
        "a variance that is not above 0": (state.variances[used] <= 0).any(),
        "no frames": state.n_frames < 1,
        "a noise below 0": state.noise < 0,
    }
    found = [problem for problem, present in problems.items() if present]
    if found:
        raise ModelFileError(
            f"{label} is no background of a video",
            found=", ".join(found),
            needed="mixtures that a video leads to",
        )
