"""The frames of a video: image files in the order of the numbers in their names, pages of TIFFs.

Videos themselves are not decoded; the error says how to take them apart.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from gmmkit.errors import ImageFormatError
from gmmkit.io.formats import SNIFFED_BYTES, sniff_format
from gmmkit.io.image import DEFAULT_MAX_PIXELS, Picture, read_image
from gmmkit.io.reading import open_regular_file

_NUMBERS = re.compile(r"(\d+)")
_VIDEOS = (
    (b"RIFF", 8, b"AVI ", "an AVI video"),
    (b"\x1aE\xdf\xa3", 0, b"", "a Matroska or WebM video"),
    (b"\x00\x00\x01\xba", 0, b"", "an MPEG video"),
    (b"\x00\x00\x01\xb3", 0, b"", "an MPEG video"),
    (b"FLV\x01", 0, b"", "a Flash video"),
    (b"GIF8", 0, b"", "a GIF"),
)
_STILL_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif")


@dataclass(frozen=True)
class FrameFile:
    """Where one frame of a video is.

    Parameters
    ----------
    path : Path
        The file.
    page : int or None
        The page, counted from 0, of a TIFF that has several.
    stem : str
        What to call files that are made of it: the file's name without its extension, and the
        number of the page.
    offset : int, optional
        Where the page begins in the file, so that those before it need not be counted again.

    Examples
    --------
    >>> str(FrameFile(Path("in/scan.tif"), 3, "scan-3"))
    'in/scan.tif, page 3'
    """

    path: Path
    page: int | None
    stem: str
    offset: int | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return str(self.path) if self.page is None else f"{self.path}, page {self.page}"


def natural_key(text: str | PathLike[str]) -> tuple[tuple[int, str], ...]:
    """Return what to sort names by, so that numbers in them count as numbers.

    Parameters
    ----------
    text : str or path-like
        A name.

    Returns
    -------
    tuple
        Names that differ only in zeros before a number keep the order of their texts.

    Examples
    --------
    >>> sorted(["frame10.png", "frame2.png", "Frame1.png"], key=natural_key)
    ['Frame1.png', 'frame2.png', 'frame10.png']
    """
    parts = _NUMBERS.split(str(text))
    # Odd places hold the numbers; of the same number the longer text comes later.
    keys = [
        (int(part), "0" * len(part)) if index % 2 else (0, part.casefold())
        for index, part in enumerate(parts)
    ]
    return (*keys, (0, str(text)))


def frames_in(path: str | PathLike[str]) -> list[FrameFile]:
    """Return the frames that one file holds: itself, or the pages of a TIFF.

    Parameters
    ----------
    path : str or path-like
        A file in a format that `gmmkit.io.image.read_image` reads. Of an animation among them only
        the first picture is a frame, and a warning says so on reading.

    Returns
    -------
    list of FrameFile

    Raises
    ------
    FileAccessError
        If the file is missing, unreadable or no regular file.
    ImageFormatError
        If it is no image; for a video with the command that makes images of it.
    ImageError
        If it is a TIFF without an end.

    Examples
    --------
    >>> from gmmkit.io.samples import sample_path
    >>> [frame.stem for frame in frames_in(sample_path("coffee"))]
    ['coffee']
    """
    name = Path(path)
    with open_regular_file(name) as stream:
        head = stream.read(SNIFFED_BYTES)
        _refuse_video(head, name)
        stream.seek(0)
        offsets = _page_offsets(stream, name) if sniff_format(head, str(name)) == "TIFF" else ()
    if len(offsets) < 2:
        return [FrameFile(name, None, name.stem)]
    digits = len(str(len(offsets) - 1))
    return [
        FrameFile(name, page, f"{name.stem}-{page:0{digits}}", offset)
        for page, offset in enumerate(offsets)
    ]


def in_natural_order(paths: Iterable[Path]) -> list[Path]:
    """Return paths in the natural order of their names, folder by folder.

    Examples
    --------
    >>> [path.name for path in in_natural_order([Path("b/2.png"), Path("b/10.png"), Path("a/9")])]
    ['9', '2.png', '10.png']
    """
    return sorted(paths, key=natural_key)


def read_frame(frame: FrameFile) -> Picture:
    """Read one frame; see `gmmkit.io.image.read_image` for what raises.

    Examples
    --------
    >>> from gmmkit.io.samples import sample_path
    >>> read_frame(FrameFile(sample_path("coffee"), None, "coffee")).shape
    (400, 600)
    """
    if frame.offset is None:
        return read_image(frame.path, page=frame.page)
    from gmmkit.io.tiff import read_tiff

    with open_regular_file(frame.path) as stream:
        return read_tiff(
            stream,
            frame.path,
            page=frame.page,
            max_pixels=DEFAULT_MAX_PIXELS,
            offset=frame.offset,
        )


def _page_offsets(stream: BinaryIO, path: Path) -> tuple[int, ...]:
    from gmmkit.io.tiff_pages import attempted_offsets

    return attempted_offsets(stream, str(path))


def _refuse_video(head: bytes, path: Path) -> None:
    kind = _video_kind(head)
    if kind is None:
        return
    raise ImageFormatError(
        f"{path} is no frame that gmmkit reads",
        found=kind,
        needed="image files, one a frame, or a TIFF of many pages",
        hint=f"make images of it with 'ffmpeg -i {path.name} frames/%06d.png' and name the folder",
    )


def _video_kind(head: bytes) -> str | None:
    for magic, place, second, kind in _VIDEOS:
        if head.startswith(magic) and head[place : place + len(second)] == second:
            return kind
    if head[4:8] == b"ftyp" and head[8:12] not in _STILL_BRANDS:
        return f"an MP4 or QuickTime video ({head[8:12]!r})"
    return None
