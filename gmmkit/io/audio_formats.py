"""Which format a recording is in, told by its first bytes and never by its name."""

from typing import Final

from gmmkit.errors import AudioFormatError
from gmmkit.io.text import text_excerpt

SNIFFED_BYTES: Final = 1024

_NEEDED = "WAV, FLAC, Ogg, MP3 or NIST SPHERE"
_AS_WAV = "save it as WAV or FLAC"
_CONVERT = "record as WAV or FLAC, or convert it: ffmpeg -i IN -vn out.wav"
_TO_ARRAY = "load the array and pass (samples, sample_rate)"
_WAVE_STARTS = (b"RIFF", b"RIFX", b"RF64", b"BW64")
_OGG_CODECS = (
    (b"\x01vorbis", ""),
    (b"OpusHead", ""),
    (b"Speex   ", "Speex in Ogg"),
    (b"\x7fFLAC", "FLAC in Ogg"),
    (b"\x80theora", "an Ogg video"),
    (b"fishead", "an Ogg video"),
)
_REFUSED = (
    (b"\x1a\x45\xdf\xa3", "WebM or Matroska", _CONVERT),
    (b"\x30\x26\xb2\x75", "Windows Media", _CONVERT),
    (b"#!AMR", "AMR", _CONVERT),
    (b"FORM", "AIFF", _AS_WAV),
    (b".snd", "Sun audio", _AS_WAV),
    (b"caff", "Core Audio", _AS_WAV),
    (b"riff", "Wave64", _AS_WAV),
    (b"wvpk", "WavPack", _AS_WAV),
    (b"MThd", "MIDI, which holds notes and no sound", "record it"),
    (b"MATLAB 5.0", "a MATLAB file", _TO_ARRAY),
    (b"\x93NUMPY", "a NumPy array", _TO_ARRAY),
    (b"\x89HDF", "an HDF5 file", _TO_ARRAY),
    (b"\x89PNG", "a PNG image", "check the file name"),
    (b"\xff\xd8\xff", "a JPEG image", "check the file name"),
    (b"%PDF", "a PDF", "check the file name"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it"),
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
)


def sniff_audio_format(head: bytes, label: str) -> str:
    """Return the format of a recording: WAV, FLAC, OGG, MP3 or SPHERE.

    Parameters
    ----------
    head : bytes
        The first kilobyte, after an ID3 tag if there is one.
    label : str
        The file's name for the error.

    Returns
    -------
    str

    Raises
    ------
    AudioFormatError
        Naming what it is instead, where that can be told, and what to do about it.

    Examples
    --------
    >>> sniff_audio_format(b"RIFF....WAVEfmt ", "voice.mp3")
    'WAV'
    """
    if head[:4] in _WAVE_STARTS and head[8:12] == b"WAVE":
        return "WAV"
    if head.startswith(b"fLaC"):
        return "FLAC"
    if head.startswith(b"NIST_1A\n"):
        return "SPHERE"
    if _is_layer_three(head):
        return "MP3"
    if head.startswith(b"OggS"):
        _check_ogg_codec(head, label)
        return "OGG"
    raise _format_error(label, *_what_else(head))


def tag_length(head: bytes) -> int:
    """Return how many bytes an ID3v2 tag takes at the beginning of a file (ID3v2.4, section 3.1).

    Parameters
    ----------
    head : bytes
        At least the first ten bytes.

    Returns
    -------
    int
        0 where there is no tag.

    Examples
    --------
    >>> tag_length(b"ID3" + bytes([4, 0, 0, 0, 0, 2, 1]))
    267
    """
    if head[:3] != b"ID3" or len(head) < 10 or any(byte > 127 for byte in head[6:10]):
        return 0
    length = sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    footer = 10 if head[5] & 0x10 else 0
    return 10 + length + footer


def _is_layer_three(head: bytes) -> bool:
    """Tell whether an MPEG audio frame of layer III begins here (ISO 11172-3, 2.4.1.3)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bit_rate, sample_rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer == 1 and bit_rate != 15 and sample_rate != 3


def _check_ogg_codec(head: bytes, label: str) -> None:
    """Refuse an Ogg file whose first page begins neither Vorbis nor Opus (RFC 3533, section 6)."""
    segments = head[26] if len(head) > 26 else 0
    packet = head[27 + segments :]
    found = next((name for magic, name in _OGG_CODECS if packet.startswith(magic)), "another codec")
    if found:
        raise _format_error(label, found, _CONVERT)


def _what_else(head: bytes) -> tuple[str, str]:
    if not head:
        return "0 bytes", "record or copy the file again"
    for magic, found, hint in _REFUSED:
        if head.startswith(magic):
            return found, hint
    if head[4:8] == b"ftyp":
        return f"MP4, M4A or another film format ({head[8:12]!r})", _CONVERT
    if head[:4] == b"RIFF":
        return f"RIFF of kind {head[8:12]!r}", _CONVERT
    if head[0] == 0xFF and head[1:2] >= b"\xe0":
        return "MPEG audio other than MP3", _CONVERT
    text = text_excerpt(head)
    if text is not None:
        return f"text beginning {text!r}", "check the file name"
    return f"unknown bytes {head[:8].hex(' ')}", _AS_WAV


def _format_error(label: str, found: str, hint: str) -> AudioFormatError:
    return AudioFormatError(
        f"{label} is no recording that gmmkit reads", found=found, needed=_NEEDED, hint=hint
    )
