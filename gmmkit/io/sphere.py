"""What the header of a NIST SPHERE file says: lines of text, as most speech corpora have them."""

from typing import BinaryIO

from gmmkit.errors import AudioError
from gmmkit.io.sample_layout import SampleLayout, check_sound, header_error

_LONGEST_HEADER = 1 << 16
_CODINGS = {
    ("pcm", 2): "PCM_16",
    ("pcm", 3): "PCM_24",
    ("pcm", 4): "PCM_32",
    ("ulaw", 1): "ULAW",
    ("mu-law", 1): "ULAW",
    ("alaw", 1): "ALAW",
}
# The bytes of a sample in the order of the file, the lowest being 0.
_ENDIANS = {
    "01": "LITTLE",
    "10": "BIG",
    "012": "LITTLE",
    "210": "BIG",
    "0123": "LITTLE",
    "3210": "BIG",
}


def read_sphere_layout(stream: BinaryIO, size: int, label: str) -> SampleLayout:
    """Return where a SPHERE file keeps its samples, and how they are written.

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
        If the header is cut off or contradicts itself, or the samples are compressed.

    Examples
    --------
    >>> import io
    >>> header = b"NIST_1A\\n   1024\\nsample_rate -i 8000\\nsample_n_bytes -i 1\\n"
    >>> header += b"sample_coding -s4 ulaw\\nsample_count -i 8000\\nend_head\\n"
    >>> sphere = header.ljust(1024) + bytes(8000)
    >>> read_sphere_layout(io.BytesIO(sphere), len(sphere), "voice.sph").coding
    'ULAW'
    """
    fields, offset = _read_fields(stream, size, label)
    n_channels = _whole(fields, "channel_count", label, default="1")
    sample_rate = _whole(fields, "sample_rate", label)
    check_sound(sample_rate, n_channels, label)
    coding, endian = _coding(fields, label)
    layout = SampleLayout(
        coding, endian, sample_rate, n_channels, offset, size - offset, size - offset
    )
    if "sample_count" not in fields:
        return layout
    promised = _whole(fields, "sample_count", label) * layout.frame_bytes
    return SampleLayout(
        coding, endian, sample_rate, n_channels, offset, min(promised, size - offset), promised
    )


def _read_fields(stream: BinaryIO, size: int, label: str) -> tuple[dict[str, str], int]:
    """Return the fields by name, and where the samples begin."""
    stream.seek(8)
    words = stream.read(8).split()
    length = _number(words[0].decode("ascii", "replace"), label) if words else 0
    if not 16 <= length <= min(size, _LONGEST_HEADER):
        raise header_error(
            label,
            f"a header of {length:,} bytes in a file of {size:,}",
            f"a whole header of at most {_LONGEST_HEADER:,}",
        )
    text = stream.read(length - 16).decode("latin-1")
    if "end_head" not in text:
        raise header_error(label, "no end of the header", "end_head")
    lines = (line.split(None, 2) for line in text.partition("end_head")[0].splitlines())
    return {parts[0]: parts[2].strip() for parts in lines if len(parts) == 3}, length


def _coding(fields: dict[str, str], label: str) -> tuple[str, str]:
    coding = fields.get("sample_coding", "pcm")
    width = _whole(fields, "sample_n_bytes", label, default="2")
    if "shorten" in coding or (coding, width) not in _CODINGS:
        raise AudioError(
            f"{label} is a kind of SPHERE that gmmkit does not read",
            found=f"{coding}, {width} bytes a sample",
            needed="pcm, ulaw or alaw, not compressed",
            hint="convert it: sph2pipe -f wav IN out.wav",
        )
    order = fields.get("sample_byte_format", "none")
    if width == 1:
        return _CODINGS[coding, width], "LITTLE"
    if order not in _ENDIANS or len(order) != width:
        raise header_error(label, f"byte order {order!r} of {width} bytes", "01 or 10, for example")
    return _CODINGS[coding, width], _ENDIANS[order]


def _whole(fields: dict[str, str], name: str, label: str, *, default: str = "") -> int:
    return _number(fields.get(name, default), label, name)


def _number(text: str, label: str, name: str = "header length") -> int:
    if not text.isdecimal() or len(text) > 15:
        raise header_error(label, f"{name} {text[:40]!r}", "a whole number")
    return int(text)
