"""NumPy archives (.npz): one array of them, its declared size checked before it is made."""

import zipfile
from collections.abc import Sequence
from io import BytesIO
from math import prod
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import ImageError
from gmmkit.io.formats import DECODER_FAILURES

LARGEST_ARRAY = 1 << 30

MAGIC = b"PK\x03\x04"


def read_archive(payload: bytes, names: Sequence[str], label: str) -> tuple[str, npt.NDArray[Any]]:
    """Return the first of the arrays that an archive has, and its name.

    Parameters
    ----------
    payload : bytes
        The whole file.
    names : sequence of str
        Arrays in the order of preference.
    label : str
        The file's name for errors.

    Returns
    -------
    name : str
    array : ndarray

    Raises
    ------
    ImageError
        If it is damaged, has none of them, or one that is of objects or beyond a gigabyte.

    Examples
    --------
    >>> stream = BytesIO()
    >>> np.savez(stream, labels=np.zeros((2, 3), int))
    >>> read_archive(stream.getvalue(), ["segmentations", "labels"], "a.npz")[0]
    'labels'
    """
    try:
        with zipfile.ZipFile(BytesIO(payload)) as archive:
            members = {each.filename: each for each in archive.infolist()}
            name = next((each for each in names if f"{each}.npy" in members), None)
            if name is None:
                raise _without_any(label, list(members), names)
            member = members[f"{name}.npy"]
            with archive.open(member) as stream:
                _check_header(stream, member.file_size, label)
            with archive.open(member) as stream:
                return name, np.lib.format.read_array(stream, allow_pickle=False)
    except ImageError:
        raise
    except (*DECODER_FAILURES, zipfile.BadZipFile) as error:
        raise _damaged(label, str(error) or type(error).__name__) from error


def _check_header(stream: IO[bytes], size: int, label: str) -> None:
    """Refuse an array that declares more than its member holds, or that holds objects."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    length = prod(shape) * dtype.itemsize
    if dtype.hasobject or dtype.kind not in "fiub":
        raise _damaged(label, f"an array of {dtype}", "numbers")
    if length > LARGEST_ARRAY or stream.tell() + length != size:
        found = f"an array of shape {shape} in {size:,} bytes"
        raise _damaged(label, found, f"as many bytes as it has, at most {LARGEST_ARRAY:,}")


def _without_any(label: str, members: Sequence[str], names: Sequence[str]) -> ImageError:
    there = [each.removesuffix(".npy") for each in members]
    return ImageError(
        f"{label} holds no segmentation",
        found=", ".join(there) or "an empty archive",
        needed="an array named " + " or ".join(names),
    )


def _damaged(label: str, found: str, needed: str = "a whole file") -> ImageError:
    return ImageError(
        f"{label} cannot be decoded",
        found=f"npz: {found}",
        needed=needed,
        hint="copy or download the file again, or save it anew",
    )
