"""A value made of other values as the parts of a model file, and back, to the bit.

What a file may hold is read off the types of the value's own fields, never from the file.
"""

from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from gmmkit.core.covariance import Covariance
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ParameterError
from gmmkit.io.model_value import Model
from gmmkit.io.plain_values import ContractValue

Value = TypeVar("Value")

_SCALARS = (bool, int, float, str)
_NOTHING = "nothing"
# Files hold triangles of symmetric matrices; the halves of one at work differ by rounding.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Parts:
    """What a value comes to, by names that say where in it each part stands."""

    contract: dict[str, ContractValue] = field(default_factory=dict)
    mixtures: dict[str, Mixture] = field(default_factory=dict)
    arrays: dict[str, npt.NDArray[Any]] = field(default_factory=dict)


def pack_value(value: object, kind: str) -> Model:
    """Return a frozen value of dataclasses, tuples, mixtures, arrays and scalars as a model.

    Parameters
    ----------
    value : dataclass
    kind : str
        Of the model.

    Examples
    --------
    >>> from gmmkit.core.em import Iteration
    >>> model = pack_value(Iteration(-1.5, "float64", 0), "an iteration")
    >>> unpack_value(model, Iteration).log_likelihood
    -1.5
    """
    parts = Parts()
    _pack(value, type(value).__name__.lower(), parts)
    return Model(kind, parts.contract, parts.mixtures, parts.arrays)


def unpack_value(model: Model, kind: type[Value]) -> Value:
    """Return the value of a known type in a model.

    Parameters
    ----------
    model : Model
        What :func:`pack_value` returned, as it came out of a file.
    kind : type
        The dataclass.

    Raises
    ------
    ParameterError
        If a part is missing, left over, or of another type.
    """
    parts = Parts(dict(model.contract), dict(model.mixtures), dict(model.arrays))
    try:
        value = cast("Value", _unpack(kind, kind.__name__.lower(), parts))
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, ParameterError):
            raise
        raise ParameterError(
            "parts do not make the value", found=f"{type(error).__name__}: {error}"
        ) from error
    left = sorted({*parts.contract, *parts.mixtures, *parts.arrays})
    if left:
        raise ParameterError("parts are left over", found=", ".join(left)[:200])
    return value


def _pack(value: Any, name: str, parts: Parts) -> None:
    if value is None:
        parts.contract[name] = _NOTHING
    elif isinstance(value, Mixture):
        parts.mixtures[name] = value
        parts.arrays[f"{name} covariance"] = value.covariance.values
    elif isinstance(value, np.ndarray):
        parts.arrays[name] = value
    elif isinstance(value, Enum):
        parts.contract[name] = value.name
    elif isinstance(value, tuple):
        _pack_many(value, name, parts)
    elif is_dataclass(value):
        for each in fields(value):
            _pack(getattr(value, each.name), f"{name} {each.name}", parts)
    else:
        parts.contract[name] = value.item() if isinstance(value, np.generic) else value


def _pack_many(values: tuple[Any, ...], name: str, parts: Parts) -> None:
    parts.contract[f"{name} count"] = len(values)
    if not values or not _is_row(type(values[0])):
        for number, each in enumerate(values):
            _pack(each, f"{name} {number}", parts)
        return
    for each, kind in get_type_hints(type(values[0])).items():
        column = [getattr(row, each) for row in values]
        if kind is str:
            parts.contract[f"{name} {each}"] = column
        else:
            parts.arrays[f"{name} {each}"] = np.array(column, dtype=kind)


def _unpack(kind: Any, name: str, parts: Parts) -> Any:
    options = get_args(kind) if get_origin(kind) is UnionType else (kind,)
    if NoneType in options and parts.contract.get(name) == _NOTHING:
        return parts.contract.pop(name) and None
    if name in parts.arrays and any(map(_is_array, options)):
        return parts.arrays.pop(name)
    return _unpack_one(
        next(each for each in options if each is not NoneType and not _is_array(each)), name, parts
    )


def _unpack_one(kind: Any, name: str, parts: Parts) -> Any:
    if get_origin(kind) is tuple:
        return _unpack_many(get_args(kind)[0], name, parts)
    if kind in _SCALARS:
        return _of_type(kind, parts.contract.pop(name), name)
    if kind is Mixture:
        return _exact(parts.mixtures.pop(name), parts.arrays.pop(f"{name} covariance"))
    if issubclass(kind, Enum):
        return kind[str(parts.contract.pop(name))]
    hints = get_type_hints(kind)
    return kind(**{each: _unpack(hint, f"{name} {each}", parts) for each, hint in hints.items()})


def _unpack_many(kind: Any, name: str, parts: Parts) -> tuple[Any, ...]:
    count = _of_type(int, parts.contract.pop(f"{name} count"), f"{name} count")
    if not count or not _is_row(kind):
        return tuple(_unpack(kind, f"{name} {number}", parts) for number in range(count))
    columns = {each: _column(hint, f"{name} {each}", parts) for each, hint in _hints(kind)}
    if {len(column) for column in columns.values()} != {count}:
        raise ValueError(f"{name} are not {count}")
    rows = zip(*columns.values(), strict=True)
    return tuple(kind(**dict(zip(columns, row, strict=True))) for row in rows)


def _column(kind: type, name: str, parts: Parts) -> list[Any]:
    if kind is not str:
        return [_of_type(kind, each, name) for each in parts.arrays.pop(name).tolist()]
    words = parts.contract.pop(name)
    return [_of_type(str, each, name) for each in (words if isinstance(words, list) else [])]


def _hints(kind: type) -> list[tuple[str, type]]:
    return list(get_type_hints(kind).items())


def _is_row(kind: Any) -> bool:
    """Tell whether many of a kind make a table: dataclasses of nothing but scalars."""
    return is_dataclass(kind) and all(hint in _SCALARS for hint in get_type_hints(kind).values())


def _is_array(kind: Any) -> bool:
    # A later NumPy names the type of arrays by an alias, which holds it.
    return get_origin(getattr(get_origin(kind), "__value__", kind)) is np.ndarray


def _of_type(kind: type, value: object, name: str) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{name} is {value!r:.60}")
    return value


def _exact(mixture: Mixture, values: npt.NDArray[Any]) -> Mixture:
    """Return a mixture with every bit of its covariances."""
    near = mixture.covariance.values
    if values.shape != near.shape or np.abs(values - near).max() > _ROUNDING * np.abs(near).max():
        raise ValueError("covariances differ from their mixture's")
    covariance = Covariance(mixture.covariance.family, values)
    return Mixture(mixture.weights, mixture.means, covariance, mixture.noise)
