"""A model as bytes and back: the schema of `.gmm` files, every part checked on the way in."""

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

import gmmkit
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ModelFileError, ParameterError
from gmmkit.io.container import pack_container, unpack_container
from gmmkit.io.model_value import Model
from gmmkit.io.packing import PARTS, describe_mixture, file_error, pack_mixture, unpack_mixture

SCHEMA = 1
_MAPPINGS = ("contract", "mixtures", "arrays", "notes")
_KEYS = {"schema", "version", "kind", *_MAPPINGS}


def encode_model(model: Model) -> bytes:
    """Return the bytes of a model file; the same model gives the same bytes.

    Parameters
    ----------
    model : Model

    Returns
    -------
    bytes

    Examples
    --------
    >>> decode_model(encode_model(Model("empty", {"unit": "m"})), "m.gmm").contract["unit"]
    'm'
    """
    return pack_container(_metadata(model), _tensors(model))


def decode_model(payload: bytes, label: str) -> Model:
    """Return the model in the bytes of a file, or say what is wrong with them.

    Parameters
    ----------
    payload : bytes
        A whole file.
    label : str
        Its name, for errors.

    Returns
    -------
    Model

    Raises
    ------
    ModelFileError
        If it is no gmmkit model, damaged, of another schema, or inconsistent.

    Examples
    --------
    >>> decode_model(b"", "m.gmm")
    Traceback (most recent call last):
    ...
    gmmkit.errors.ModelFileError: m.gmm is no gmmkit model file: found 0 bytes; needed a file \
written by gmmkit.save.
    """
    metadata, tensors = unpack_container(payload, label)
    _check_schema(metadata, label)
    _check_keys(metadata, label)
    _check_names(metadata, tensors, label)
    mixtures = {
        name: _mixture(name, description, tensors, label)
        for name, description in metadata["mixtures"].items()
    }
    arrays = {
        name: _array(name, dtype, tensors, label) for name, dtype in metadata["arrays"].items()
    }
    try:
        return Model(metadata["kind"], metadata["contract"], mixtures, arrays, metadata["notes"])
    except ParameterError as error:
        raise file_error(f"{label} is damaged", error) from error


def same_content(one: Model, other: Model) -> bool:
    """Tell whether two models would be the same file: every text, shape, type and bit.

    Parameters
    ----------
    one, other : Model

    Returns
    -------
    bool

    Examples
    --------
    >>> same_content(Model("a", {"rate": 1}), Model("a", {"rate": 2}))
    False
    """
    mine, theirs = _tensors(one), _tensors(other)
    return (
        _metadata(one) == _metadata(other)
        and mine.keys() == theirs.keys()
        and all(_same_array(mine[name], theirs[name]) for name in mine)
    )


def _same_array(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    alike = one.shape == other.shape and one.dtype == other.dtype
    return alike and one.tobytes() == other.tobytes()


def _tensors(model: Model) -> dict[str, npt.NDArray[Any]]:
    tensors = {_array_name(name): array for name, array in model.arrays.items()}
    for name, mixture in model.mixtures.items():
        for part, array in pack_mixture(mixture).items():
            tensors[_part_name(name, part)] = array
    return tensors


def _metadata(model: Model) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "version": gmmkit.__version__,
        "kind": model.kind,
        "contract": dict(model.contract),
        "mixtures": {name: describe_mixture(m) for name, m in model.mixtures.items()},
        "arrays": {name: array.dtype.name for name, array in model.arrays.items()},
        "notes": dict(model.notes),
    }


def _array_name(name: str) -> str:
    return f"array/{name}"


def _part_name(mixture: str, part: str) -> str:
    return f"mixture/{mixture}/{part}"


def _check_schema(metadata: Mapping[str, Any], label: str) -> None:
    schema = metadata.get("schema")
    if schema == SCHEMA and type(schema) is int:
        return
    writer = f"written by gmmkit {metadata.get('version', 'of unknown version')}"
    raise ModelFileError(
        f"{label} has a schema that this gmmkit does not read",
        found=f"schema {schema!r:.40} {writer:.80}",
        needed=f"schema {SCHEMA}, which gmmkit {gmmkit.__version__} reads",
        hint="upgrade gmmkit, or fit the model anew",
    )


def _check_keys(metadata: Mapping[str, Any], label: str) -> None:
    wrong = sorted(_KEYS ^ set(metadata))
    wrong += [key for key in _MAPPINGS if not isinstance(metadata.get(key, {}), dict)]
    if wrong:
        raise ModelFileError(
            f"{label} is described wrongly",
            found=f"missing, unknown or of the wrong kind: {', '.join(wrong):.200}",
            needed="the keys " + ", ".join(sorted(_KEYS)),
        )


def _check_names(
    metadata: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]], label: str
) -> None:
    """Refuse a file whose arrays are not exactly those that its description names."""
    described = {_part_name(name, part) for name in metadata["mixtures"] for part in PARTS}
    described |= {_array_name(name) for name in metadata["arrays"]}
    for problem, names in (
        ("lacks arrays", described - set(tensors)),
        ("holds arrays that it does not describe", set(tensors) - described),
    ):
        if names:
            raise ModelFileError(
                f"{label} {problem}",
                found=", ".join(sorted(names))[:200],
                needed="weights, means and covariance for each mixture, and each named array",
            )


def _mixture(
    name: str, description: object, tensors: Mapping[str, npt.NDArray[Any]], label: str
) -> Mixture:
    parts = {part: tensors[_part_name(name, part)] for part in PARTS}
    return unpack_mixture(description, parts, f"mixture {name!r} in {label}")


def _array(
    name: str, dtype: object, tensors: Mapping[str, npt.NDArray[Any]], label: str
) -> npt.NDArray[Any]:
    array = tensors[_array_name(name)]
    if array.dtype.name != dtype:
        raise ModelFileError(
            f"array {name!r} in {label} does not fit its description",
            found=array.dtype.name,
            needed=f"{dtype!r:.40}",
        )
    return array
