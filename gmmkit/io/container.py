"""The safetensors container, with what its own reader lets pass checked first.

The format: eight bytes of header length, a JSON header that places every array, then the arrays
without gaps. Its reader accepts duplicate keys, and its writer scrambles arrays that are not
C-contiguous and orders metadata by chance; so keys are checked here, arrays are made contiguous,
and all metadata are one canonical JSON text under one key.
"""

import json
from collections.abc import Mapping
from math import prod
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as _load
from safetensors.numpy import save as _save

from gmmkit.errors import ModelFileError

Arrays = Mapping[str, npt.NDArray[Any]]

ARRAY_TYPES: Mapping[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("bool"),
}
_METADATA = "__metadata__"
_KEY = "gmmkit"
_LENGTH_BYTES = 8
_LARGEST_HEADER = 16 << 20
_FOREIGN = (
    (b"\x80\x02", "a pickle"),
    (b"\x80\x03", "a pickle"),
    (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"),
    (b"PK\x03\x04", "a ZIP archive such as an npz"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"x\x9c", "a compressed joblib pickle"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
)


def pack_container(metadata: Mapping[str, object], arrays: Arrays) -> bytes:
    """Return the bytes of a container; the same content gives the same bytes.

    Parameters
    ----------
    metadata : mapping
        What JSON can hold, without NaN or infinity.
    arrays : mapping of str to ndarray
        Of the types in `ARRAY_TYPES`, in any memory order.

    Returns
    -------
    bytes

    Examples
    --------
    >>> import numpy as np
    >>> metadata, arrays = unpack_container(pack_container({"a": 1}, {"x": np.eye(2)}), "m.gmm")
    >>> metadata, arrays["x"].tolist()
    ({'a': 1}, [[1.0, 0.0], [0.0, 1.0]])
    """
    contiguous = {
        name: np.asarray(arrays[name], dtype=arrays[name].dtype.newbyteorder("<"), order="C")
        for name in sorted(arrays)
    }
    text = json.dumps(metadata, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return bytes(_save(contiguous, metadata={_KEY: text}))


def unpack_container(
    payload: bytes, label: str
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return the metadata and the arrays in a container, after checking all that it declares.

    Parameters
    ----------
    payload : bytes
        A whole file.
    label : str
        The file's name for errors.

    Returns
    -------
    metadata : dict
    arrays : dict of str to ndarray

    Raises
    ------
    ModelFileError
        If it is another format, or its header is no consistent description of its bytes.

    Examples
    --------
    >>> unpack_container(b"PK\\x03\\x04", "m.gmm")
    Traceback (most recent call last):
    ...
    gmmkit.errors.ModelFileError: m.gmm is no gmmkit model file: found a ZIP archive such as an \
npz; needed a file written by gmmkit.save.
    """
    header, data_size = _read_header(payload, label)
    text = _metadata_text(header, label)
    _check_places(header, data_size, label)
    try:
        return _parse_object(text, label), _load(payload)
    except (SafetensorError, ValueError, TypeError, OverflowError) as error:
        if isinstance(error, ModelFileError):
            raise
        _refuse(label, str(error), "a consistent header")


def _read_header(payload: bytes, label: str) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(payload[:_LENGTH_BYTES], "little")
    available = len(payload) - _LENGTH_BYTES
    if payload[_LENGTH_BYTES : _LENGTH_BYTES + 1] != b"{":
        raise ModelFileError(
            f"{label} is no gmmkit model file",
            found=_foreign_format(payload),
            needed="a file written by gmmkit.save",
        )
    if length > min(available, _LARGEST_HEADER):
        _refuse(label, f"a header of {length:,} bytes", f"at most {available:,}, the file's rest")
    header = _parse_object(payload[_LENGTH_BYTES : _LENGTH_BYTES + length], label)
    return header, available - length


def _foreign_format(payload: bytes) -> str:
    for magic, name in _FOREIGN:
        if payload.startswith(magic):
            return name
    return f"unknown bytes {payload[:8].hex(' ')}" if payload else "0 bytes"


def _parse_object(text: bytes | str, label: str) -> dict[str, Any]:
    try:
        value = json.loads(
            text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            f"{label} is damaged", found=f"a header that is no JSON ({error})", needed="strict JSON"
        ) from error
    if not isinstance(value, dict):
        _refuse(label, f"a header holding a {type(value).__name__}", "a JSON object")
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _metadata_text(header: dict[str, Any], label: str) -> str:
    metadata = header.pop(_METADATA, None)
    text = metadata.get(_KEY) if isinstance(metadata, dict) and len(metadata) == 1 else None
    if not isinstance(text, str):
        raise ModelFileError(
            f"{label} is no gmmkit model file",
            found="a safetensors file of another program",
            needed="a file written by gmmkit.save",
        )
    return text


def _check_places(header: dict[str, Any], data_size: int, label: str) -> None:
    """Refuse gaps, overlaps, bytes left over and shapes that do not fit their bytes."""
    places = sorted(_place(name, entry, label) for name, entry in header.items())
    end = 0
    for begin, stop, name in places:
        if begin != end:
            _refuse(label, f"array {name!r} beginning at byte {begin}", f"byte {end}")
        end = stop
    if end != data_size:
        _refuse(label, f"{data_size:,} bytes of arrays", f"the {end:,} that its header declares")


def _place(name: str, entry: object, label: str) -> tuple[int, int, str]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        _refuse(label, f"array {name!r} described wrongly", "a type, a shape and two offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ARRAY_TYPES:
        _refuse(label, f"array {name!r} of type {dtype!r}", f"one of {', '.join(ARRAY_TYPES)}")
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2:
        _refuse(label, f"array {name!r} with a wrong shape or offsets", "whole numbers")
    begin, stop = offsets
    size = prod(shape) * ARRAY_TYPES[dtype].itemsize
    if stop - begin != size:
        _refuse(label, f"array {name!r} of {stop - begin:,} bytes", f"{size:,} for its shape")
    return begin, stop, name


def _are_sizes(values: object) -> bool:
    return isinstance(values, list) and all(type(v) is int and v >= 0 for v in values)


def _refuse(label: str, found: str, needed: str) -> NoReturn:
    raise ModelFileError(
        f"{label} is damaged",
        found=found,
        needed=needed,
        hint="copy the file again, or fit the model anew",
    )
