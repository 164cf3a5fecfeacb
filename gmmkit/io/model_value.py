"""What a model file holds: mixtures, arrays, notes, and the contract of what their rows meant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from os import PathLike
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.mixture import Mixture
from gmmkit.errors import FeatureContractError, ParameterError

Scalar = str | int | float | bool
ContractValue = Scalar | list[Scalar]

# The kind of a file that holds one mixture and nothing else, and that mixture's name.
BARE = "mixture"
ARRAY_TYPES = frozenset(
    {"bool", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
_LONGEST_NAME = 100


@dataclass(frozen=True, eq=False)
class Model:
    """What a model file holds.

    Parameters
    ----------
    kind : str
        What the model is for, such as ``"image-classes"``. ``"mixture"`` is one bare mixture.
    contract : mapping of str to str, int, float, bool or list of those
        What a row was: features, units, rates. Checked by whoever uses the model.
    mixtures : mapping of str to Mixture
    arrays : mapping of str to ndarray
        Numbers or booleans, finite; copied and read-only.
    notes : mapping of str to str
        For people; never interpreted.

    Raises
    ------
    ParameterError
        If a name or a value cannot be kept in a file.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> Model("voices", {"sample_rate": 16000}, {"speech": mixture}).contract["sample_rate"]
    16000
    """

    kind: str
    contract: Mapping[str, ContractValue] = field(default_factory=dict)
    mixtures: Mapping[str, Mixture] = field(default_factory=dict)
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_name(self.kind, "kind")
        contract = {_check_name(k, "contract"): _plain(v, k) for k, v in self.contract.items()}
        arrays = {_check_name(k, "array"): _kept(v, k) for k, v in self.arrays.items()}
        mixtures = {_check_name(k, "mixture"): _mixture(v, k) for k, v in self.mixtures.items()}
        notes = {_check_name(k, "note"): _text(v, k) for k, v in self.notes.items()}
        object.__setattr__(self, "contract", MappingProxyType(contract))
        object.__setattr__(self, "arrays", MappingProxyType(arrays))
        object.__setattr__(self, "mixtures", MappingProxyType(mixtures))
        object.__setattr__(self, "notes", MappingProxyType(notes))
        if self.kind == BARE and (set(mixtures) != {BARE} or contract or arrays or notes):
            raise ParameterError(
                f"kind {BARE!r} is for one bare mixture",
                found=f"mixtures {sorted(mixtures)} and more",
                needed=f"the one mixture {BARE!r} and nothing else",
                hint="give the model a kind of its own",
            )

    def __reduce__(self) -> tuple[object, ...]:
        mappings = (self.contract, self.mixtures, self.arrays, self.notes)
        return Model, (self.kind, *map(dict, mappings))


def check_contract(
    model: Model, expected: Mapping[str, ContractValue], label: str | PathLike[str]
) -> None:
    """Refuse a model whose rows meant something else than the rows at hand.

    Parameters
    ----------
    model : Model
    expected : mapping
        The contract of the rows at hand.
    label : str or path-like
        The model's file, for the error.

    Raises
    ------
    FeatureContractError
        Naming what differs, on both sides.

    Examples
    --------
    >>> check_contract(Model("voices", {"sample_rate": 8000}), {"sample_rate": 8000}, "m.gmm")
    """
    wanted = {key: _plain(value, key) for key, value in expected.items()}
    keys = sorted(
        key
        for key in {*model.contract, *wanted}
        if key not in model.contract or key not in wanted or model.contract[key] != wanted[key]
    )
    if keys:
        raise FeatureContractError(
            f"{label} was made for other rows",
            found=f"a model for {_shown(model.contract, keys)}",
            needed=f"one for {_shown(wanted, keys)}",
            hint="use the options that the model was made with, or fit a new one",
        )


def _shown(contract: Mapping[str, ContractValue], keys: list[str]) -> str:
    return ", ".join(f"{key}={contract[key]!r}" if key in contract else f"no {key}" for key in keys)


def _check_name(name: object, what: str) -> str:
    if (
        isinstance(name, str)
        and 0 < len(name) <= _LONGEST_NAME
        and name.isprintable()
        and "/" not in name
    ):
        return name
    raise ParameterError(
        f"this cannot name the {what} of a model",
        found=f"{name!r:.120}",
        needed=f"1 to {_LONGEST_NAME} printable characters without '/'",
    )


def _text(value: object, name: str) -> str:
    if isinstance(value, str):
        return value
    raise ParameterError(f"note {name!r} is no text", found=type(value).__name__, needed="a str")


def _mixture(value: object, name: str) -> Mixture:
    if isinstance(value, Mixture):
        return value
    raise ParameterError(
        f"{name!r} is no mixture", found=type(value).__name__, needed="a gmmkit.Mixture"
    )


def _plain(value: object, name: str) -> ContractValue:
    """Return a contract's value as JSON gives it back."""
    if isinstance(value, (list, tuple)):
        return [_scalar(item, name) for item in value]
    return _scalar(value, name)


def _scalar(value: object, name: str) -> Scalar:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (str, int)) or (isinstance(value, float) and isfinite(value)):
        return value
    raise ParameterError(
        f"{name!r} cannot stand in a feature contract",
        found=f"{value!r:.120}",
        needed="a str, bool, int, finite float, or a list of those",
    )


def _kept(value: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    array = np.array(value, order="C")
    if array.dtype.name not in ARRAY_TYPES:
        raise ParameterError(
            f"array {name!r} cannot be kept in a model",
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
