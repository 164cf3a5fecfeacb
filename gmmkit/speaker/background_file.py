"""Background models as `.gmm` files."""

from collections.abc import Mapping
from os import PathLike

import numpy as np

from gmmkit.errors import FeatureContractError, ModelFileError
from gmmkit.io.codec import decode_model, encode_model
from gmmkit.io.model import load, save
from gmmkit.io.model_value import ContractValue, Model
from gmmkit.speaker.background import BackgroundModel, Subsystem
from gmmkit.speaker.calibration import Calibration
from gmmkit.speaker.features.frontend import Frontend

KIND = "speaker-background"
_SCHEMA = 1


def save_background(
    background: BackgroundModel, path: str | PathLike[str], *, force: bool = False
) -> None:
    """Write a background model, whole or not at all; see :func:`gmmkit.save` for what raises.

    Examples
    --------
    >>> import tempfile
    >>> from gmmkit.speaker.presets import load_background
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_background(load_background("fast"), f"{folder}/mine.gmm")
    ...     read_background(f"{folder}/mine.gmm").name
    'fast'
    """
    save(_as_model(background), path, force=force)


def read_background(path: str | PathLike[str]) -> BackgroundModel:
    """Read a background model.

    Raises
    ------
    FileAccessError
        If the file is missing or unreadable.
    ModelFileError
        If it is damaged or holds something else.
    FeatureContractError
        If its front end is of another version.

    Examples
    --------
    >>> read_background("no-such.gmm")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    gmmkit.errors.FileAccessError: no-such.gmm does not exist: ...
    """
    return _from_model(load(path), str(path))


def background_bytes(background: BackgroundModel) -> bytes:
    """Return what `save_background` would write."""
    return encode_model(_as_model(background))


def background_from_bytes(payload: bytes, label: str) -> BackgroundModel:
    """Return the background model that some bytes hold; `label` names them in errors."""
    return _from_model(decode_model(payload, label), label)


def calibration_contract(calibration: Calibration) -> dict[str, ContractValue]:
    """Return a calibration as plain values.

    Examples
    --------
    >>> calibration_contract(Calibration(-1.0, (2.0,)))["calibration.offset"]
    -1.0
    """
    return {
        "calibration.offset": calibration.offset,
        "calibration.weights": list(calibration.weights),
        "calibration.features": list(calibration.features),
        "calibration.n_scores": calibration.n_scores,
    }


def calibration_from_contract(contract: Mapping[str, object], label: str) -> Calibration | None:
    """Return the calibration among some plain values, None if there is none.

    Raises
    ------
    ModelFileError
        If it is not one.
    """
    if "calibration.offset" not in contract:
        return None
    try:
        return Calibration(
            float(contract["calibration.offset"]),  # type: ignore[arg-type]
            tuple(map(float, contract["calibration.weights"])),  # type: ignore[call-overload]
            tuple(map(str, contract["calibration.features"])),  # type: ignore[call-overload]
            int(contract["calibration.n_scores"]),  # type: ignore[call-overload]
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise ModelFileError(
            f"the calibration in {label} is not usable", found=str(problem), needed="a Calibration"
        ) from problem


def _as_model(background: BackgroundModel) -> Model:
    contract: dict[str, ContractValue] = {
        "schema": _SCHEMA,
        "name": background.name,
        "n_subsystems": background.n_subsystems,
        "relevance": float(background.relevance),
        "conditions": list(background.conditions),
    }
    mixtures, arrays = {}, {"babble": background.babble}
    for index, subsystem in enumerate(background.subsystems):
        front = subsystem.frontend.contract()
        contract |= {f"{index}.{key}": value for key, value in front.items()}
        mixtures[f"{index}.ubm"] = subsystem.ubm
        arrays |= {f"{index}.cohort.{c}": a for c, a in subsystem.cohort.items()}  # type: ignore[misc]
    if background.calibration is not None:
        contract |= calibration_contract(background.calibration)
    return Model(KIND, contract, mixtures, arrays, dict(background.notes))


def _from_model(model: object, label: str) -> BackgroundModel:
    if not isinstance(model, Model) or model.kind != KIND:
        kind = model.kind if isinstance(model, Model) else type(model).__name__
        raise ModelFileError(
            f"{label} holds no background model for speakers",
            found=f"a model of kind {kind!r}",
            needed=repr(KIND),
            hint="make one with gmmkit speaker train-ubm",
        )
    if model.contract.get("schema") != _SCHEMA:
        raise ModelFileError(
            f"{label} is of another schema",
            found=repr(model.contract.get("schema")),
            needed=repr(_SCHEMA),
        )
    try:
        return _assembled(model, label)
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        if isinstance(problem, FeatureContractError | ModelFileError):
            raise
        raise ModelFileError(
            f"{label} is no whole background model", found=str(problem), needed="all of its parts"
        ) from problem


def _assembled(model: Model, label: str) -> BackgroundModel:
    contract = model.contract
    conditions = [str(condition) for condition in contract["conditions"]]  # type: ignore[union-attr]
    subsystems = tuple(
        Subsystem(
            Frontend.from_contract(_part(contract, f"{index}.")),
            model.mixtures[f"{index}.ubm"],
            {c: model.arrays[f"{index}.cohort.{c}"].astype(np.float16) for c in conditions},
        )
        for index in range(int(contract["n_subsystems"]))  # type: ignore[arg-type]
    )
    return BackgroundModel(
        str(contract["name"]),
        subsystems,
        float(contract["relevance"]),  # type: ignore[arg-type]
        model.arrays["babble"].astype(np.int16),
        calibration_from_contract(contract, label),
        model.notes,
    )


def _part(contract: Mapping[str, ContractValue], prefix: str) -> dict[str, ContractValue]:
    return {
        key.removeprefix(prefix): value for key, value in contract.items() if key.startswith(prefix)
    }
