"""What a PNG file promises, checked before any decoder sees it (PNG specification, 3rd edition).

Decoders fill rows that are missing with zeros and skip damaged chunks; a mask made of such a
picture would look right and be wrong.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gmmkit.errors import ImageError
from gmmkit.io.inflate import inflated_length

# A text of this name in a picture of labels is the value of excluded pixels, in decimal digits.
EXCLUDED_KEYWORD = "gmmkit-excluded"

_SIGNATURE_LENGTH = 8
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# Row start, row step, column start, column step of Adam7's passes (section 8.2).
_ADAM7 = (
    (0, 8, 0, 8),
    (0, 8, 4, 8),
    (4, 8, 0, 4),
    (0, 4, 2, 4),
    (2, 4, 0, 2),
    (0, 2, 1, 2),
    (1, 2, 0, 1),
)
_COMPRESSED_TEXT = (b"zTXt", b"iTXt", b"iCCP")
_LARGEST_ANCILLARY = 1 << 20


@dataclass(frozen=True)
class PngHeader:
    """The header of a PNG file.

    Parameters
    ----------
    width, height : int
        In pixels; zero is possible here.
    depth : int
        Bits per sample, from 1 to 16.
    color : int
        The color type: 0 gray, 2 RGB, 3 palette, 4 gray with alpha, 6 RGB with alpha.
    interlaced : bool
        Whether the rows come in Adam7's seven passes.

    Examples
    --------
    >>> PngHeader(width=3, height=2, depth=8, color=2, interlaced=False).stream_length
    20
    """

    width: int
    height: int
    depth: int
    color: int
    interlaced: bool

    @property
    def stream_length(self) -> int:
        """How many bytes the inflated pixel stream holds: every row and its filter byte."""
        return sum(rows * self._row_length(columns) for rows, columns in self._passes())

    @property
    def rows_per_byte(self) -> float:
        """Rows for each byte of the stream, to say in rows how much is missing."""
        return self.height / self.stream_length

    def _row_length(self, columns: int) -> int:
        return 1 + (columns * _CHANNELS[self.color] * self.depth + 7) // 8 if columns else 0

    def _passes(self) -> Iterator[tuple[int, int]]:
        if not self.interlaced:
            yield self.height, self.width
            return
        for top, row_step, left, column_step in _ADAM7:
            rows = (self.height - top + row_step - 1) // row_step
            yield rows, (self.width - left + column_step - 1) // column_step


@dataclass(frozen=True)
class _Chunk:
    kind: bytes
    payload: bytes


def read_png_header(stream: BinaryIO, label: str) -> PngHeader:
    """Return the header of a PNG file, from its first 33 bytes.

    Parameters
    ----------
    stream : BinaryIO
        The file, anywhere.
    label : str
        The file's name for errors.

    Returns
    -------
    PngHeader

    Raises
    ------
    ImageError
        If the header is cut off, damaged, or of a kind that does not exist.

    Examples
    --------
    >>> from gmmkit.io.samples import sample_path
    >>> with open(sample_path("coffee"), "rb") as stream:
    ...     read_png_header(stream, "coffee").width
    600
    """
    stream.seek(_SIGNATURE_LENGTH)
    chunk = _next_chunk(stream, label)
    if chunk.kind != b"IHDR" or len(chunk.payload) != 13:
        raise _damaged(label, "no header chunk", "an IHDR chunk of 13 bytes")
    width, height, depth, color, method, filtering, interlace = struct.unpack(
        ">IIBBBBB", chunk.payload
    )
    if depth not in _DEPTHS.get(color, ()) or method or filtering or interlace > 1:
        kind = f"color type {color}, {depth} bits, interlace {interlace}"
        raise _damaged(label, kind, "a combination that PNG has")
    return PngHeader(width, height, depth, color, bool(interlace))


def check_png(stream: BinaryIO, header: PngHeader, label: str) -> frozenset[bytes]:
    """Check that a PNG file is whole: every checksum, every row, no inflating metadata.

    Parameters
    ----------
    stream : BinaryIO
        The file, anywhere.
    header : PngHeader
        What :func:`read_png_header` returned, its size already accepted.
    label : str
        The file's name for errors.

    Returns
    -------
    frozenset of bytes
        The kinds of chunk in the file.

    Raises
    ------
    ImageError
        If a checksum is wrong, rows are missing, or metadata inflate beyond a megabyte.

    Examples
    --------
    >>> from gmmkit.io.samples import sample_path
    >>> with open(sample_path("coffee"), "rb") as stream:
    ...     header = read_png_header(stream, "coffee")
    ...     b"IDAT" in check_png(stream, header, "coffee")
    True
    """
    stream.seek(_SIGNATURE_LENGTH)
    kinds: set[bytes] = set()
    try:
        inflated = inflated_length(_pixel_chunks(stream, kinds, label), header.stream_length)
    except zlib.error as error:
        raise _damaged(label, str(error), "a deflate stream") from error
    if inflated < header.stream_length:
        rows = int(inflated * header.rows_per_byte)
        raise ImageError(
            f"{label} is incomplete",
            found=f"{rows} of {header.height} rows",
            needed="every row",
            hint="copy or download the file again",
        )
    return frozenset(kinds)


def _pixel_chunks(stream: BinaryIO, kinds: set[bytes], label: str) -> Iterator[bytes]:
    """Yield the pixel chunks of a whole file, checking the others on the way."""
    while b"IEND" not in kinds:
        chunk = _next_chunk(stream, label)
        kinds.add(chunk.kind)
        if chunk.kind == b"IDAT":
            yield chunk.payload
        elif chunk.kind in _COMPRESSED_TEXT:
            _check_ancillary(chunk, label)


def _next_chunk(stream: BinaryIO, label: str) -> _Chunk:
    head = stream.read(8)
    length, kind = struct.unpack(">I4s", head) if len(head) == 8 else (0, b"")
    payload = stream.read(length) if length < 1 << 31 else b""
    checksum = stream.read(4)
    if len(payload) != length or len(checksum) != 4:
        raise _damaged(label, "the file ends inside a chunk", "every chunk and an IEND chunk")
    if zlib.crc32(payload, zlib.crc32(kind)) != int.from_bytes(checksum, "big"):
        raise _damaged(label, f"a wrong checksum in chunk {kind!r}", "the checksum of its bytes")
    return _Chunk(kind, payload)


def _check_ancillary(chunk: _Chunk, label: str) -> None:
    """Refuse compressed text or a color profile that would inflate beyond a megabyte."""
    try:
        inflated = inflated_length([_compressed_part(chunk)], _LARGEST_ANCILLARY)
    except zlib.error:
        # Decoders skip metadata that do not inflate; there is nothing to protect from.
        return
    if inflated > _LARGEST_ANCILLARY:
        raise ImageError(
            f"{label} carries metadata that would fill the memory",
            found=f"{len(chunk.payload):,} bytes of {chunk.kind.decode()} that inflate further",
            needed=f"at most {_LARGEST_ANCILLARY:,} bytes inflated",
            hint="save it again without metadata",
        )


def _compressed_part(chunk: _Chunk) -> bytes:
    """Return the deflate stream in a zTXt, iTXt or iCCP chunk (sections 11.3.3 and 11.3.4)."""
    _, _, rest = chunk.payload.partition(b"\0")
    if chunk.kind != b"iTXt":
        return rest[1:]
    return rest[2:].partition(b"\0")[2].partition(b"\0")[2] if rest[:1] == b"\1" else b""


def _damaged(label: str, found: str, needed: str) -> ImageError:
    return ImageError(
        f"{label} is damaged", found=found, needed=needed, hint="copy or download the file again"
    )
