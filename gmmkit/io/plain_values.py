"""What may stand in a file of ours: names, plain values and arrays, checked beforehand."""

from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import ParameterError

Scalar = str | int | float | bool
ContractValue = Scalar | list[Scalar]

ARRAY_TYPES = frozenset(
    {"bool", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
_LONGEST_NAME = 100


def check_key(name: object, what: str) -> str:
    """Return a name of a part of a file, if it can be one; `what` is the part, for the error.

    Raises
    ------
    ParameterError
        If it cannot.

    Examples
    --------
    >>> check_key("means", "array")
    'means'
    """
    if (
        isinstance(name, str)
        and 0 < len(name) <= _LONGEST_NAME
        and name.isprintable()
        and "/" not in name
    ):
        return name
    raise ParameterError(
        f"this cannot name the {what} in a file",
        found=f"{name!r:.120}",
        needed=f"1 to {_LONGEST_NAME} printable characters without '/'",
    )


def plain_value(value: object, name: str) -> ContractValue:
    """Return a value as JSON gives it back.

    Raises
    ------
    ParameterError
        If JSON cannot keep it.

    Examples
    --------
    >>> plain_value((np.int64(3), "Hz"), "rate")
    [3, 'Hz']
    """
    if isinstance(value, (list, tuple)):
        return [_scalar(item, name) for item in value]
    return _scalar(value, name)


def _scalar(value: object, name: str) -> Scalar:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (str, int)) or (isinstance(value, float) and isfinite(value)):
        return value
    raise ParameterError(
        f"the value of {name!r} cannot be kept in a file",
        found=f"{value!r:.120}",
        needed="a str, bool, int, finite float, or a list of those",
    )


def kept_array(value: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """Return a read-only copy of an array, C-contiguous and in native byte order.

    Raises
    ------
    ParameterError
        If it is of a type that no file of ours holds, or not finite.

    Examples
    --------
    >>> kept_array([1.5], "means").flags.writeable
    False
    """
    array = np.array(value, order="C")
    if array.dtype.name not in ARRAY_TYPES:
        raise ParameterError(
            f"array {name!r} cannot be kept in a file",
            found=array.dtype.name,
            needed="numbers or booleans of at most 64 bits",
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ParameterError(
            f"array {name!r} holds values that are no numbers", needed="finite values"
        )
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    array.flags.writeable = False
    return array
