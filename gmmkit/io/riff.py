"""What the header of a WAV file says, read here so that no decoder has to trust it.

RIFF, big-endian RIFX, and RF64 or BW64 with 64-bit sizes (EBU Tech 3306).
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from gmmkit.errors import AudioError
from gmmkit.io.sample_layout import SampleLayout, check_sound, header_error

_PCM, _FLOAT, _A_LAW, _MU_LAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_CODINGS = {
    (_PCM, 8): "PCM_U8",
    (_PCM, 16): "PCM_16",
    (_PCM, 24): "PCM_24",
    (_PCM, 32): "PCM_32",
    (_FLOAT, 32): "FLOAT",
    (_FLOAT, 64): "DOUBLE",
    (_A_LAW, 8): "ALAW",
    (_MU_LAW, 8): "ULAW",
}
_COMPRESSED = {
    0x02: "Microsoft ADPCM",
    0x11: "IMA ADPCM",
    0x31: "GSM 6.10",
    0x50: "MPEG audio",
    0x55: "MP3",
    0x161: "Windows Media",
}
# The end of the identifier that stands for a format tag in the extensible form.
_TAG_IDENTIFIER = bytes.fromhex("800000aa00389b71")
_SHORTEST, _LONGEST = 16, 40
_IN_64_BITS = 0xFFFFFFFF
_MOST_CHUNKS = 1000
_AS_PCM = "convert it: ffmpeg -i IN -c:a pcm_s16le out.wav"


@dataclass(frozen=True)
class _Chunk:
    kind: bytes
    offset: int
    promised: int
    present: int


def read_wave_layout(stream: BinaryIO, size: int, label: str) -> SampleLayout:
    """Return where a WAV file keeps its samples, and how they are written.

    Parameters
    ----------
    stream : BinaryIO
        The file, anywhere.
    size : int
        Its length in bytes.
    label : str
        The file's name for errors.

    Returns
    -------
    SampleLayout

    Raises
    ------
    AudioError
        If the header is cut off or contradicts itself, or the samples are neither PCM, floating
        point, A-law nor µ-law.

    Examples
    --------
    >>> import io
    >>> header = b"RIFF\\x28\\0\\0\\0WAVEfmt \\x10\\0\\0\\0" + bytes.fromhex(
    ...     "01000100803e0000007d000002001000")
    >>> wave = header + b"data\\x04\\0\\0\\0" + bytes(4)
    >>> layout = read_wave_layout(io.BytesIO(wave), len(wave), "voice.wav")
    >>> layout.coding, layout.sample_rate, layout.n_frames
    ('PCM_16', 16000, 2)
    """
    stream.seek(0)
    start = stream.read(12)
    order = ">" if start[:4] == b"RIFX" else "<"
    chunks = _chunks_before_samples(stream, size, order, label)
    samples = chunks[b"data"]
    coding, n_channels, sample_rate = _read_format(stream, chunks, order, label)
    endian = "BIG" if order == ">" else "LITTLE"
    return SampleLayout(
        coding, endian, sample_rate, n_channels, samples.offset, samples.present, samples.promised
    )


def _chunks_before_samples(
    stream: BinaryIO, size: int, order: str, label: str
) -> dict[bytes, _Chunk]:
    """Return the first chunk of each kind up to `data`, that one with its 64-bit size."""
    chunks: dict[bytes, _Chunk] = {}
    offset = 12
    for _ in range(_MOST_CHUNKS):
        chunk = _read_chunk(stream, offset, size, order, label)
        if chunk.kind == b"data" and b"fmt " not in chunks:
            raise header_error(label, "samples before their format", "a fmt chunk first")
        if chunk.kind == b"fmt " and b"fmt " in chunks:
            raise header_error(label, "two fmt chunks", "one")
        chunks.setdefault(chunk.kind, chunk)
        if chunk.kind == b"data":
            return chunks | {b"data": _with_long_size(stream, chunks, size, label)}
        offset = chunk.offset + chunk.promised + chunk.promised % 2
    raise header_error(label, f"{_MOST_CHUNKS:,} chunks and no data chunk", "fewer chunks")


def _read_chunk(stream: BinaryIO, offset: int, size: int, order: str, label: str) -> _Chunk:
    if offset + 8 > size:
        raise header_error(label, f"the end of the file at {size:,} bytes", "a data chunk")
    stream.seek(offset)
    kind, promised = struct.unpack(f"{order}4sI", stream.read(8))
    return _Chunk(kind, offset + 8, promised, min(promised, size - offset - 8))


def _with_long_size(stream: BinaryIO, chunks: dict[bytes, _Chunk], size: int, label: str) -> _Chunk:
    data = chunks[b"data"]
    if data.promised != _IN_64_BITS or b"ds64" not in chunks:
        return data
    sizes_chunk = chunks[b"ds64"]
    if sizes_chunk.present < 16:
        raise header_error(label, f"a ds64 chunk of {sizes_chunk.present} bytes", "at least 16")
    stream.seek(sizes_chunk.offset)
    sizes = stream.read(16)
    promised = int.from_bytes(sizes[8:], "little")
    return _Chunk(data.kind, data.offset, promised, min(promised, size - data.offset))


def _read_format(
    stream: BinaryIO, chunks: dict[bytes, _Chunk], order: str, label: str
) -> tuple[str, int, int]:
    """Return the coding, the number of channels and the sample rate."""
    chunk = chunks[b"fmt "]
    if chunk.present < _SHORTEST:
        found = f"a fmt chunk of {chunk.present} bytes"
        raise header_error(label, found, f"at least {_SHORTEST}")
    stream.seek(chunk.offset)
    fields = stream.read(min(chunk.present, _LONGEST))
    tag, n_channels, sample_rate, _, frame_bytes, bits = struct.unpack(
        f"{order}HHIIHH", fields[:_SHORTEST]
    )
    if tag == _EXTENSIBLE:
        tag = _extended_tag(fields, order, label)
    check_sound(sample_rate, n_channels, label)
    coding = _coding(tag, bits, label)
    if frame_bytes * 8 != n_channels * bits:
        found = f"{frame_bytes} bytes for {n_channels} channels of {bits} bits"
        raise header_error(label, found, f"{n_channels * bits // 8} bytes")
    return coding, n_channels, sample_rate


def _coding(tag: int, bits: int, label: str) -> str:
    coding = _CODINGS.get((tag, bits))
    if coding is not None:
        return coding
    if any(tag == known for known, _ in _CODINGS):
        depths = ", ".join(str(depth) for known, depth in _CODINGS if known == tag)
        raise header_error(label, f"{bits} bits a sample", f"{depths} bits", _AS_PCM)
    raise AudioError(
        f"{label} is compressed in a way that gmmkit does not read",
        found=_COMPRESSED.get(tag, f"format tag {tag:#06x}"),
        needed="PCM, floating point, A-law or µ-law",
        hint=_AS_PCM,
    )


def _extended_tag(fields: bytes, order: str, label: str) -> int:
    """Return the format tag inside the identifier of the extensible form."""
    if len(fields) < _LONGEST:
        found = f"an extensible format of {len(fields)} bytes"
        raise header_error(label, found, f"{_LONGEST} bytes")
    bits, valid_bits = struct.unpack_from(f"{order}H2xH", fields, 14)
    tag, second, third, rest = struct.unpack_from(f"{order}IHH8s", fields, 24)
    if (second, third, rest) != (0, 0x10, _TAG_IDENTIFIER) or tag > 0xFFFF:
        raise header_error(label, "an unknown format identifier", "PCM or floating point", _AS_PCM)
    if not 0 <= valid_bits <= bits:
        raise header_error(label, f"{valid_bits} valid bits of {bits}", f"at most {bits}")
    return int(tag)
