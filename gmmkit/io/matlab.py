"""MATLAB files of version 5 to 7: numbers, cells and structures, every length checked.

SciPy's reader ends the process on some damaged files, so this one reads the few kinds of values
that are needed by itself (MathWorks, "MAT-File Format", R2017b, chapter 1). Others are passed over.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from gmmkit.errors import ImageError, ImageFormatError

# An array of numbers, a cell array, or an array of structures; None for what is passed over.
Value: TypeAlias = "npt.NDArray[Any] | list[Value] | list[dict[str, Value]] | None"

LARGEST_CONTENT = 1 << 30

_MAGIC, _MAGIC_HDF5 = b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"
_HEADER, _TAG, _SMALL = 128, 8, 4
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8"}
_NUMBERS |= {13: "u8"}
_TEXT, _INT32, _UINT32, _MATRIX, _COMPRESSED = 1, 5, 6, 14, 15
_CELL, _STRUCTURE = 1, 2
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8"}
_CLASSES |= {15: "u8"}
_COMPLEX = 0x0800
_DEEPEST = 8


def is_matlab(head: bytes) -> bool:
    """Tell whether a file begins as MATLAB's do.

    Examples
    --------
    >>> is_matlab(b"MATLAB 5.0 MAT-file, Platform: GLNXA64"), is_matlab(b"PNG")
    (True, False)
    """
    return head.startswith((_MAGIC, _MAGIC_HDF5))


def read_matlab(payload: bytes, names: Sequence[str], label: str) -> dict[str, Value]:
    """Return those of the variables that a file has.

    Parameters
    ----------
    payload : bytes
        The whole file.
    names : sequence of str
        The variables to read; others are passed over.
    label : str
        The file's name for errors.

    Returns
    -------
    dict of str to value
        ndarrays of numbers; lists in the place of cells; lists of dicts in that of structures,
        both in MATLAB's order, column after column.

    Raises
    ------
    ImageFormatError
        If it is a file of version 7.3, or none of MATLAB's.
    ImageError
        If it is damaged, inflates beyond a gigabyte, or has none of the variables.

    Examples
    --------
    >>> import io, scipy.io
    >>> stream = io.BytesIO()
    >>> scipy.io.savemat(stream, {"ucm2": np.zeros((3, 5))}, do_compression=True)
    >>> read_matlab(stream.getvalue(), ["ucm2", "segs"], "a.mat")["ucm2"].shape
    (3, 5)
    """
    _check_version(payload, label)
    found: dict[str, Value] = {}
    there: list[str] = []
    for matrix in _variables(payload, label):
        name, value = matrix.name(), None
        there.append(name)
        if name in names:
            value = matrix.value()
            found[name] = value
    if not found:
        raise ImageError(
            f"{label} holds no segmentation",
            found=", ".join(there) or "no variable",
            needed="a variable named " + " or ".join(names),
        )
    return found


def _check_version(payload: bytes, label: str) -> None:
    if payload.startswith(_MAGIC_HDF5):
        raise ImageFormatError(
            f"{label} is a MATLAB file of version 7.3",
            found="HDF5",
            needed="version 5 to 7",
            hint="save it in MATLAB with save(..., '-v7')",
        )
    if not payload.startswith(_MAGIC) or payload[126:_HEADER] not in (b"IM", b"MI"):
        raise ImageFormatError(f"{label} is no whole MATLAB file", needed="a header of 128 bytes")


def _variables(payload: bytes, label: str) -> Iterator["_Matrix"]:
    """Yield every variable, inflated if need be, as long as they stay below the limit."""
    order = "<" if payload[126:_HEADER] == b"IM" else ">"
    left = LARGEST_CONTENT
    for kind, content in _Elements(memoryview(payload)[_HEADER:], order, label, padded=False):
        if kind == _COMPRESSED:
            content = _inflated(content, left, label)
            kind, content = next(iter(_Elements(content, order, label)), (0, content))
        left -= len(content)
        if kind == _MATRIX:
            yield _Matrix(content, order, label)


def _inflated(content: memoryview, limit: int, label: str) -> memoryview:
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(content, max(limit, 1))
    except zlib.error as error:
        raise _damaged(label, str(error)) from error
    if not inflater.eof:
        raise _damaged(label, f"a variable that is cut off, or beyond {LARGEST_CONTENT:,} bytes")
    return memoryview(inflated)


@dataclass(frozen=True)
class _Elements:
    """Tagged pieces of bytes, one after the other."""

    content: memoryview
    order: str
    label: str
    padded: bool = True

    def __iter__(self) -> Iterator[tuple[int, memoryview]]:
        place = 0
        while place < len(self.content):
            first, length = self._tag(place)
            small = first >> 16
            kind, start = (first & 0xFFFF, place + _SMALL) if small else (first, place + _TAG)
            length = small or length
            if small > _SMALL or start + length > len(self.content):
                raise _damaged(self.label, f"{length:,} bytes where fewer are left")
            yield kind, self.content[start : start + length]
            place = place + _TAG if small else start + length
            place += -place % _TAG if self.padded else 0

    def _tag(self, place: int) -> tuple[int, int]:
        tag = self.content[place : place + _TAG]
        if len(tag) < _TAG:
            raise _damaged(self.label, "half a tag at the end")
        first, length = np.frombuffer(tag, f"{self.order}u4").tolist()
        return first, length


@dataclass(frozen=True)
class _Matrix:
    """One value of MATLAB's, not read yet: its flags, dimensions and name come first."""

    content: memoryview
    order: str
    label: str
    depth: int = 0

    def name(self) -> str:
        """Return what the variable is called."""
        return bytes(self._parts(3)[2]).decode("ascii", "replace")

    def value(self) -> Value:
        """Return the value, None if it is neither numbers nor cells nor structures."""
        flags, dimensions, _, *parts = self._parts(None)
        kind = int(self._numbers(flags, 2)[0])
        shape = tuple(self._numbers(dimensions, len(dimensions) // 4).astype(np.int32).tolist())
        if not shape or min(shape) < 0:
            raise _damaged(self.label, f"an array of shape {shape}")
        if kind & 0xFF in _CLASSES and not kind & _COMPLEX:
            return self._array(_CLASSES[kind & 0xFF], shape)
        if kind & 0xFF == _CELL:
            return self._children(parts, prod(shape))
        if kind & 0xFF == _STRUCTURE:
            return self._structures(parts, prod(shape))
        return None

    def _parts(self, count: int | None) -> list[memoryview]:
        """Return the first parts, or all; the first three have to be there."""
        elements = _Elements(self.content, self.order, self.label)
        kinds, parts = [], []
        for kind, part in elements:
            kinds.append(kind)
            parts.append(part)
            if len(parts) == count:
                break
        if kinds[:3] != [_UINT32, _INT32, _TEXT]:
            raise _damaged(self.label, "a value without flags, dimensions or name")
        return parts

    def _numbers(self, part: memoryview, count: int) -> npt.NDArray[np.uint32]:
        if len(part) != 4 * count or not count:
            raise _damaged(self.label, f"{len(part)} bytes of flags or dimensions")
        return np.frombuffer(part, f"{self.order}u4")

    def _array(self, dtype: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        elements = list(_Elements(self.content, self.order, self.label))
        kind, part = elements[3] if len(elements) > 3 else (_TEXT, memoryview(b""))
        stored = np.dtype(f"{self.order}{_NUMBERS.get(kind, 'u1')}")
        if prod(shape) * np.dtype(dtype).itemsize > LARGEST_CONTENT:
            raise _damaged(self.label, f"an array of shape {shape}, too large to read")
        if kind not in _NUMBERS or len(part) != prod(shape) * stored.itemsize:
            raise _damaged(self.label, f"{len(part):,} bytes for an array of shape {shape}")
        numbers = np.frombuffer(part, stored).astype(dtype)
        return np.ascontiguousarray(numbers.reshape(shape, order="F"))

    def _children(self, parts: Sequence[memoryview], count: int) -> list[Value]:
        if len(parts) != count or self.depth == _DEEPEST:
            raise _damaged(self.label, f"{len(parts)} of {count} cells or fields")
        children = (_Matrix(each, self.order, self.label, self.depth + 1) for each in parts)
        # An empty cell may have no content at all.
        return [child.value() if len(child.content) else None for child in children]

    def _structures(self, parts: Sequence[memoryview], count: int) -> list[dict[str, Value]]:
        if len(parts) < 2:
            raise _damaged(self.label, "a structure without names of fields")
        width = int(self._numbers(parts[0], 1)[0])
        names = bytes(parts[1])
        if not 0 < width <= len(names) or len(names) % width:
            raise _damaged(self.label, f"{len(names)} bytes of names, {width} each")
        fields = [
            names[start : start + width].split(b"\0")[0].decode("ascii", "replace")
            for start in range(0, len(names), width)
        ]
        values = self._children(parts[2:], count * len(fields))
        rows = (values[start : start + len(fields)] for start in range(0, len(values), len(fields)))
        return [dict(zip(fields, row, strict=True)) for row in rows]


def _damaged(label: str, found: str) -> ImageError:
    return ImageError(
        f"{label} cannot be decoded",
        found=f"MATLAB: {found}",
        needed="a whole file",
        hint="copy or download the file again, or save it anew",
    )
