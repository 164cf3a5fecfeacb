"""Decoding through libsndfile, block by block, of what the gate has let through.

Uncompressed samples are handed over without their header, and compressed files without their tag
and name, so that libsndfile cannot take either for something else.
"""

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile

from gmmkit.errors import AudioError, AudioSizeError
from gmmkit.io.audio_formats import SNIFFED_BYTES, sniff_audio_format, tag_length
from gmmkit.io.reading import file_size
from gmmkit.io.riff import read_wave_layout
from gmmkit.io.sample_layout import SampleLayout, check_sound
from gmmkit.io.sphere import read_sphere_layout

Block = npt.NDArray[np.float32]

_BLOCK_VALUES = 1 << 18
_LAYOUTS: dict[str, Callable[[BinaryIO, int, str], SampleLayout]] = {
    "WAV": read_wave_layout,
    "SPHERE": read_sphere_layout,
}
# An MP3's length is counted in frames of up to 1152 samples, with delay at both ends.
_SLACK = {"MP3": 2 * 1152}
_LONGEST_PAGE = 65_307
# What libsndfile gives where a FLAC stream does not say how long it is.
_LENGTH_UNKNOWN = 1 << 62


@dataclass(frozen=True)
class Sound:
    """A recording that is open: what its header says, and its samples as they come.

    Parameters
    ----------
    sample_rate : int
        In Hz.
    n_channels : int
        From 1 to 64.
    n_frames : int or None
        Samples of every channel to come; None where only decoding tells.
    promised_frames : int
        Samples of every channel that the header speaks of, less what its format may lack.
    stray_bytes : int
        Bytes after the last whole sample.
    lacks_end : bool
        Whether an Ogg file breaks off before its last page.
    blocks : iterator of ndarray of shape (m, n_channels)
        float32, full scale 1.

    Examples
    --------
    >>> Sound(16_000, 1, 0, 0, 0, False, iter(())).sample_rate
    16000
    """

    sample_rate: int
    n_channels: int
    n_frames: int | None
    promised_frames: int
    stray_bytes: int
    lacks_end: bool
    blocks: Iterator[Block]


@contextlib.contextmanager
def open_sound(stream: BinaryIO, label: str) -> Iterator[Sound]:
    """Open a recording whose format its content tells.

    Parameters
    ----------
    stream : BinaryIO
        A regular file.
    label : str
        The file's name for errors.

    Yields
    ------
    Sound
        Its blocks can be taken until the context ends; taking them may raise AudioError.

    Raises
    ------
    AudioFormatError
        If it is none of the five formats.
    AudioError
        If its header is damaged, or asks for what cannot be read.

    Examples
    --------
    >>> from gmmkit.io.samples import sample_path
    >>> with open(sample_path("ana-1", kind="recording"), "rb") as stream:
    ...     with open_sound(stream, "ana") as sound:
    ...         len(next(sound.blocks)) == sound.n_frames
    True
    """
    size = file_size(stream)
    start = tag_length(stream.read(SNIFFED_BYTES))
    sound = io.BufferedReader(_Part(stream, start, size))
    format_name = sniff_audio_format(sound.read(SNIFFED_BYTES), label)
    if format_name in _LAYOUTS:
        layout = _LAYOUTS[format_name](sound, size - start, label)
        with _open_raw(sound, layout, label) as decoder:
            yield _uncompressed(decoder, layout, label)
        return
    lacks_end = format_name == "OGG" and not _has_last_page(sound, size - start)
    sound.seek(0)
    with _open_compressed(sound, format_name, label) as decoder:
        yield _compressed(decoder, format_name, label, lacks_end=lacks_end)


class _Part(io.RawIOBase):
    """A part of an open file as a file of its own, which has no name to guess a format from."""

    def __init__(self, stream: BinaryIO, start: int, end: int) -> None:
        super().__init__()
        self._stream, self._start, self._length = stream, start, max(0, end - start)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = (0, self._position, self._length)[whence]
        # A damaged file sends the decoder to places before its beginning.
        self._position = max(0, origin + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), max(0, self._length - self._position))
        self._stream.seek(self._start + self._position)
        payload = self._stream.read(wanted)
        buffer[: len(payload)] = payload
        self._position += len(payload)
        return len(payload)


class _Decoder(soundfile.SoundFile):  # type: ignore[misc]
    """A decoder that never seeks: soundfile would after every block, inexactly in an MP3."""

    def seekable(self) -> bool:
        return False


def _open_raw(stream: BinaryIO, layout: SampleLayout, label: str) -> _Decoder:
    if not layout.n_frames:
        raise _empty_error(label, layout.promised_bytes)
    end = layout.offset + layout.n_frames * layout.frame_bytes
    part = _Part(stream, layout.offset, end)
    return _Decoder(
        part,
        "r",
        layout.sample_rate,
        layout.n_channels,
        layout.coding,
        layout.endian,
        "RAW",
    )


def _open_compressed(part: BinaryIO, format_name: str, label: str) -> _Decoder:
    try:
        decoder = _Decoder(part)
    except soundfile.SoundFileError as error:
        raise _undecodable(label, format_name, error) from error
    if decoder.format != format_name:
        found = f"{decoder.format}, {decoder.subtype}"
        decoder.close()
        raise AudioError(
            f"{label} begins as {format_name} and is something else",
            found=found,
            needed=f"{format_name} throughout",
            hint="save it as WAV or FLAC",
        )
    return decoder


def _has_last_page(stream: BinaryIO, size: int) -> bool:
    """Tell whether the last page of an Ogg file is marked as such (RFC 3533, section 6)."""
    stream.seek(max(0, size - _LONGEST_PAGE))
    tail = stream.read(_LONGEST_PAGE)
    page = tail.rfind(b"OggS")
    return 0 <= page < len(tail) - 5 and bool(tail[page + 5] & 4)


def _uncompressed(decoder: _Decoder, layout: SampleLayout, label: str) -> Sound:
    blocks = _blocks(decoder, layout.n_channels, layout.coding, label)
    return Sound(
        layout.sample_rate,
        layout.n_channels,
        layout.n_frames,
        layout.promised_frames,
        layout.stray_bytes,
        lacks_end=False,
        blocks=blocks,
    )


def _compressed(decoder: _Decoder, format_name: str, label: str, *, lacks_end: bool) -> Sound:
    sample_rate, n_channels = int(decoder.samplerate), int(decoder.channels)
    check_sound(sample_rate, n_channels, label)
    known = 0 <= decoder.frames < _LENGTH_UNKNOWN
    n_frames = int(decoder.frames) if known else None
    if n_frames == 0:
        raise _empty_error(label, 0)
    promised = max(0, (n_frames or 0) - _SLACK.get(format_name, 0))
    blocks = _blocks(decoder, n_channels, format_name, label)
    return Sound(sample_rate, n_channels, n_frames, promised, 0, lacks_end, blocks)


def _blocks(decoder: _Decoder, n_channels: int, coding: str, label: str) -> Iterator[Block]:
    frames = max(1, _BLOCK_VALUES // n_channels)
    while True:
        try:
            block = decoder.read(frames, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise _undecodable(label, coding, error) from error
        if not len(block):
            return
        yield block


def _undecodable(label: str, coding: str, error: Exception) -> AudioError:
    reason = str(getattr(error, "error_string", error)).strip(". ")
    return AudioError(
        f"{label} cannot be decoded",
        found=f"{coding}: {reason}",
        needed="a whole file",
        hint="copy or record it again, or save it as WAV",
    )


def _empty_error(label: str, promised: int) -> AudioError:
    return AudioSizeError(
        f"{label} holds no samples",
        found=f"0 samples, where the header speaks of {promised:,} bytes",
        needed="at least one",
        hint="record it again; a recorder that was cut off may have left the header unfinished",
    )
