"""What a model file holds: mixtures, arrays, notes, and the contract of what their rows meant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from types import MappingProxyType
from typing import Any

import numpy.typing as npt

from gmmkit.core.mixture import Mixture
from gmmkit.errors import FeatureContractError, ParameterError
from gmmkit.io.plain_values import ContractValue, check_key, kept_array, plain_value

__all__ = ["BARE", "ContractValue", "Model", "check_contract"]

# The kind of a file that holds one mixture and nothing else, and that mixture's name.
BARE = "mixture"


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
        check_key(self.kind, "kind")
        contract = {check_key(k, "contract"): plain_value(v, k) for k, v in self.contract.items()}
        arrays = {check_key(k, "array"): kept_array(v, k) for k, v in self.arrays.items()}
        mixtures = {check_key(k, "mixture"): _mixture(v, k) for k, v in self.mixtures.items()}
        notes = {check_key(k, "note"): _text(v, k) for k, v in self.notes.items()}
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
    wanted = {key: plain_value(value, key) for key, value in expected.items()}
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
