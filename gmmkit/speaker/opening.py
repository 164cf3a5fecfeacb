"""Which recognizer a registry needs: the one it was made with, or the one asked for."""

import json
from collections.abc import Mapping
from pathlib import Path

from gmmkit.errors import ParameterError, RegistryError
from gmmkit.io.model_value import ContractValue
from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.background_file import (
    background_from_bytes,
    calibration_contract,
    calibration_from_contract,
)
from gmmkit.speaker.calibration import Calibration
from gmmkit.speaker.plain import PlainRecognizer
from gmmkit.speaker.presets import DEFAULT, PRESETS, load_background
from gmmkit.speaker.recognizers import AdaptedRecognizer, Recognizer
from gmmkit.speaker.storage.store import Store

ADAPTED, PLAIN = "gmm-ubm", "gmm"
MODELS = (ADAPTED, PLAIN)


def recognizer_for(
    background: str | Path | BackgroundModel | None, model: str | None
) -> Recognizer:
    """Return the recognizer of a new registry.

    Raises
    ------
    ParameterError
        If the kind of model is unknown, or a plain one is asked to use a background model.
    """
    if model in (None, ADAPTED):
        return AdaptedRecognizer(_loaded(DEFAULT if background is None else background))
    if model == PLAIN and background is None:
        return PlainRecognizer()
    raise _no_such_model(background, model)


def recognizer_of(
    store: Store, background: str | Path | BackgroundModel | None, model: str | None
) -> Recognizer:
    """Return the recognizer that a registry was made with.

    Raises
    ------
    FeatureContractError
        If another one is asked for, or this version of gmmkit comes with another one.
    """
    made_with = store.contract
    kind = str(made_with.get("model"))
    if model not in (None, *MODELS) or (kind == PLAIN and background is not None):
        raise _no_such_model(background, model or kind)
    if model not in (None, kind):
        store.check_contract({**made_with, "model": str(model)})
    if kind == PLAIN:
        recognizer: Recognizer = PlainRecognizer.from_contract(made_with)
    else:
        wanted = _background_of(store, made_with) if background is None else _loaded(background)
        recognizer = AdaptedRecognizer(wanted)
    store.check_contract(recognizer.contract())
    own = store.calibration
    if own is None:
        return recognizer
    return recognizer.calibrated(_calibration_from(own, str(store.path)))


def _no_such_model(
    background: str | Path | BackgroundModel | None, model: str | None
) -> ParameterError:
    return ParameterError(
        "there is no such way to model a speaker",
        found=f"{model!r} with background {background!r}",
        needed=f"one of {MODELS}; {PLAIN!r} takes no background model",
    )


def calibration_bytes(calibration: Calibration) -> bytes:
    """Return a calibration as text to keep.

    Examples
    --------
    >>> calibration_bytes(Calibration(-1.0, (2.0,)))[:31]
    b'{"calibration.features": ["scor'
    """
    return json.dumps(calibration_contract(calibration), sort_keys=True).encode()


def _calibration_from(payload: bytes, label: str) -> Calibration:
    try:
        values = json.loads(payload)
    except ValueError as problem:
        raise RegistryError(
            f"the calibration in {label} is damaged", found=str(problem)
        ) from problem
    calibration = calibration_from_contract(values, label) if isinstance(values, dict) else None
    if calibration is None:
        raise RegistryError(
            f"the calibration in {label} is damaged", found="none", needed="a Calibration"
        )
    return calibration


def _background_of(store: Store, made_with: Mapping[str, ContractValue]) -> BackgroundModel:
    payload = store.background
    if payload is not None:
        return background_from_bytes(payload, f"the background model in {store.path}")
    name = made_with.get("background")
    if name not in PRESETS:
        raise RegistryError(
            f"{store.path} does not say what it was made with",
            found=f"background {name!r}",
            needed=f"one of {PRESETS}, or a model inside",
        )
    return load_background(str(name))


def _loaded(background: str | Path | BackgroundModel) -> BackgroundModel:
    return background if isinstance(background, BackgroundModel) else load_background(background)
