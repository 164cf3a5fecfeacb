"""Which formats a file may be in, told by its first bytes and never by its name."""

import struct
import zlib
from typing import Final

from gmmkit.errors import ImageFormatError
from gmmkit.io.text import text_excerpt

SNIFFED_BYTES: Final = 1024

_READABLE = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
_AS_PNG = "save it as PNG"
_RENDER = "render it to PNG at the size wanted"
_REFUSED = (
    (b"GIF8", "a GIF", "save the frame wanted as PNG"),
    (b"%!PS", "EPS or PostScript", _RENDER),
    (b"\xc5\xd0\xd3\xc6", "EPS", _RENDER),
    (b"%PDF", "a PDF", _RENDER),
    (b"SIMPLE  =", "a FITS file", "save its image plane as float TIFF"),
    (b"8BPS", "a Photoshop document", _AS_PNG),
    (b"v/1\x01", "OpenEXR", "save it as float TIFF"),
    (b"#?RADIANCE", "Radiance HDR", "save it as float TIFF"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000", _AS_PNG),
    (b"\xff\x4f\xff\x51", "JPEG 2000", _AS_PNG),
    (b"\xff\x0a", "JPEG XL", _AS_PNG),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL", _AS_PNG),
    (b"\x00\x00\x01\x00", "an icon", _AS_PNG),
    (b"P1", "a Netpbm image", _AS_PNG),
    (b"P2", "a Netpbm image", _AS_PNG),
    (b"P3", "a Netpbm image", _AS_PNG),
    (b"P4", "a Netpbm image", _AS_PNG),
    (b"P5", "a Netpbm image", _AS_PNG),
    (b"P6", "a Netpbm image", _AS_PNG),
    (b"\x93NUMPY", "a NumPy array", "load it with numpy.load and pass the array"),
    (b"\x89HDF", "an HDF5 file", "load the array and pass that"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it"),
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
)
_NEEDED = "PNG, JPEG, WebP, BMP or TIFF"

# What image decoders raise on hostile bytes. Only programming errors of our own would hide here,
# and every such error is chained, so --debug still shows it.
DECODER_FAILURES: Final = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    UserWarning,
    ValueError,
    struct.error,
    zlib.error,
)


def sniff_format(head: bytes, label: str) -> str:
    """Return the format of an image file: PNG, JPEG, WEBP, BMP or TIFF.

    Parameters
    ----------
    head : bytes
        The first kilobyte of the file.
    label : str
        The file's name for the error.

    Returns
    -------
    str

    Raises
    ------
    ImageFormatError
        Naming what it is instead, where that can be told, and what to do about it.

    Examples
    --------
    >>> sniff_format(b"RIFF....WEBPVP8 ", "photo.png")
    'WEBP'
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    for magic, name in _READABLE:
        if head.startswith(magic):
            return name
    found, hint = _what_else(head)
    raise ImageFormatError(
        f"{label} is no image that gmmkit reads", found=found, needed=_NEEDED, hint=hint
    )


def _what_else(head: bytes) -> tuple[str, str]:
    if not head:
        return "0 bytes", "copy or download the file again"
    for magic, found, hint in _REFUSED:
        if head.startswith(magic):
            return found, hint
    if head[4:8] == b"ftyp":
        return f"HEIC, AVIF or video ({head[8:12]!r})", "save it as JPEG or PNG"
    if b"<svg" in head:
        return "an SVG drawing", _RENDER
    text = text_excerpt(head)
    if text is not None:
        return f"text beginning {text!r}", "check that the download was an image"
    return f"unknown bytes {head[:8].hex(' ')}", _AS_PNG
