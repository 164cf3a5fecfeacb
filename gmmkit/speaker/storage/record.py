"""What is kept of one speaker: sums over frames, a row for the shortlist, and plain facts.

No audio, and never a pickle: a record is a checked container of arrays.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import ModelFileError, ParameterError, StoredRecordError
from gmmkit.io.container import pack_container, unpack_container
from gmmkit.io.plain_values import ContractValue, Scalar, check_key, kept_array, plain_value
from gmmkit.speaker.storage.names import speaker_name

Fact = ContractValue

SCHEMA = 1
LARGEST_RECORD = 64 << 20
LARGEST_PROJECTION = 1024
PROJECTION_TYPES = ("float16", "float32", "int8")

_KEYS = {"schema", "name", "facts"}
_PROJECTION = "projection"
_ARRAY = "array/"
_LONGEST_FINGERPRINT = 128


@dataclass(frozen=True, eq=False)
class Record:
    """What a registry keeps of one speaker.

    Parameters
    ----------
    name : str
        1 to 100 printable characters; kept in normalization form NFC.
    arrays : mapping of str to ndarray
        Sufficient statistics by name: finite numbers of any shape, copied and read-only.
    projection : ndarray of shape (P,)
        The row that a shortlist compares first: float16, float32 or int8, at most 1 KiB.
    facts : mapping of str to str, int, float, bool or list of those
        Seconds of speech, how many recordings, and the like. A list ``"fingerprints"`` of
        hexadecimal digests tells which recordings were enrolled.

    Raises
    ------
    ParameterError
        If a part of it cannot be kept.

    Examples
    --------
    >>> row = np.zeros(4, np.float16)
    >>> record = Record("ana", {"weight": np.ones(2)}, row, {"seconds": 12.5})
    >>> Record.decode(record.encode()).facts["seconds"]
    12.5
    """

    name: str
    arrays: Mapping[str, npt.NDArray[Any]]
    projection: npt.NDArray[Any]
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        arrays = {
            check_key(key, "array"): kept_array(value, key) for key, value in self.arrays.items()
        }
        facts = {
            check_key(key, "fact"): plain_value(value, key) for key, value in self.facts.items()
        }
        object.__setattr__(self, "name", speaker_name(self.name).display)
        object.__setattr__(self, "arrays", MappingProxyType(arrays))
        object.__setattr__(self, "facts", MappingProxyType(facts))
        object.__setattr__(self, "projection", _checked_projection(self.projection))
        _check_fingerprints(facts.get("fingerprints", []))

    def __reduce__(self) -> tuple[object, ...]:
        return Record, (self.name, dict(self.arrays), self.projection, dict(self.facts))

    @property
    def key(self) -> str:
        """What the name is compared by."""
        return speaker_name(self.name).key

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Fingerprints of the recordings that were enrolled."""
        listed = self.facts.get("fingerprints", [])
        return tuple(map(str, listed)) if isinstance(listed, list) else ()

    def encode(self) -> bytes:
        """Return the record as bytes; the same record gives the same bytes.

        Raises
        ------
        ParameterError
            If it is larger than 64 MiB.
        """
        metadata = {"schema": SCHEMA, "name": self.name, "facts": dict(self.facts)}
        arrays = {_ARRAY + name: array for name, array in self.arrays.items()}
        payload = pack_container(metadata, {_PROJECTION: self.projection, **arrays})
        if len(payload) <= LARGEST_RECORD:
            return payload
        raise ParameterError(
            f"the record of {self.name!r} is too large",
            found=f"{len(payload):,} bytes",
            needed=f"at most {LARGEST_RECORD:,}",
            hint="use a background model of fewer components",
        )

    @classmethod
    def decode(cls, payload: bytes, label: str = "a speaker's record") -> "Record":
        """Return the record in bytes that `encode` made, or say what is wrong with them.

        Parameters
        ----------
        payload : bytes
        label : str
            Whose record it is, for errors.

        Raises
        ------
        StoredRecordError
            If they are anything but one whole, valid record.
        """
        try:
            metadata, tensors = unpack_container(payload, label)
            _check_metadata(metadata, label)
            projection = tensors.pop(_PROJECTION, np.zeros(0))
            arrays = {name.removeprefix(_ARRAY): tensors[name] for name in tensors}
            return cls(metadata["name"], arrays, projection, metadata["facts"])
        except (ModelFileError, ParameterError) as error:
            if isinstance(error, StoredRecordError):
                raise
            raise record_error(label, error.found or error.problem) from error


def record_error(label: str, found: str) -> StoredRecordError:
    """Return the error for one record that cannot be used.

    Parameters
    ----------
    label : str
        Whose record it is, and in which file.
    found : str
        What is wrong with it.

    Examples
    --------
    >>> print(record_error("the record of 'ana' in people.db", "another checksum"))
    the record of 'ana' in people.db is damaged: found another checksum; needed what was enrolled. \
Try: remove the speaker and enroll again, or restore a copy of the file.
    """
    return StoredRecordError(
        f"{label} is damaged",
        found=found,
        needed="what was enrolled",
        hint="remove the speaker and enroll again, or restore a copy of the file",
    )


def _check_metadata(metadata: Mapping[str, Any], label: str) -> None:
    if set(metadata) != _KEYS or not isinstance(metadata["facts"], dict):
        raise record_error(label, "another description than a record has")
    if metadata["schema"] != SCHEMA or type(metadata["schema"]) is not int:
        raise StoredRecordError(
            f"{label} has a schema that this gmmkit does not read",
            found=f"schema {metadata['schema']!r:.40}",
            needed=f"schema {SCHEMA}",
            hint="upgrade gmmkit",
        )


def _checked_projection(value: npt.ArrayLike) -> npt.NDArray[Any]:
    array = kept_array(value, _PROJECTION)
    wrong = array.ndim != 1 or array.dtype.name not in PROJECTION_TYPES
    if wrong or not 0 < array.nbytes <= LARGEST_PROJECTION:
        raise ParameterError(
            "this cannot be a shortlist's row",
            found=f"{array.dtype.name} of shape {array.shape}",
            needed=f"{' or '.join(PROJECTION_TYPES)} of one dimension in 1 to "
            f"{LARGEST_PROJECTION:,} bytes",
        )
    return array


def _check_fingerprints(value: Fact) -> None:
    if isinstance(value, list) and all(map(_is_fingerprint, value)):
        return
    raise ParameterError(
        "fingerprints are wrong",
        found=f"{value!r:.120}",
        needed=f"a list of hexadecimal texts of up to {_LONGEST_FINGERPRINT} digits",
    )


def _is_fingerprint(value: Scalar) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST_FINGERPRINT
        and set(value) <= set("0123456789abcdef")
    )
