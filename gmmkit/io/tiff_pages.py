"""The pages of a TIFF, which are a chain: where each begins, and how many there are.

tifffile would follow a chain that closes to a ring for ever.
"""

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO
from warnings import warn

from tifffile import TiffFile, TiffPage

from gmmkit.errors import GmmkitError, ImageError, ImageWarning
from gmmkit.io.formats import DECODER_FAILURES

_MOST_PAGES = 100_000


@contextmanager
def opened_tiff(stream: BinaryIO, label: str) -> Iterator[TiffFile]:
    """Open a TIFF, so that whatever fails on its bytes is an error that says so.

    Parameters
    ----------
    stream : BinaryIO
        The file, at its beginning.
    label : str
        The file's name for errors.

    Yields
    ------
    TiffFile

    Raises
    ------
    ImageError
        If it is damaged.

    Examples
    --------
    >>> import io, tifffile, numpy as np
    >>> stream = io.BytesIO()
    >>> tifffile.imwrite(stream, np.zeros((3, 4), np.uint8))
    >>> _ = stream.seek(0)
    >>> with opened_tiff(stream, "empty.tif") as tiff:
    ...     tiff.pages.first.shape
    (3, 4)
    """
    _silence_decoder()
    try:
        with TiffFile(stream) as tiff:
            yield tiff
    except (GmmkitError, ImageWarning):
        raise
    except DECODER_FAILURES as error:
        raise damaged_tiff(label, f"TIFF: {error}") from error


def page_offsets(stream: BinaryIO, label: str) -> tuple[int, ...]:
    """Return where each page of a TIFF begins, reduced copies included.

    Parameters
    ----------
    stream : BinaryIO
        The file, at its beginning.
    label : str
        The file's name for errors.

    Returns
    -------
    tuple of int
        In bytes from the beginning, in the order of the file.

    Raises
    ------
    ImageError
        If it is damaged, or its pages have no end.

    Examples
    --------
    >>> import io, tifffile, numpy as np
    >>> stream = io.BytesIO()
    >>> tifffile.imwrite(stream, np.zeros((3, 20, 30), np.uint8), photometric="minisblack")
    >>> stream.seek(0)
    0
    >>> first, second, third = page_offsets(stream, "stack.tif")
    >>> first
    8
    """
    with opened_tiff(stream, label) as tiff:
        return _offsets(tiff, label)


def attempted_offsets(stream: BinaryIO, label: str) -> tuple[int, ...]:
    """Return where pages begin, as far as can be told: reading will say what is wrong with them.

    Parameters
    ----------
    stream, label
        As in `page_offsets`.

    Returns
    -------
    tuple of int
        Empty if the file is too damaged to tell.

    Raises
    ------
    ImageError
        If its pages have no end.

    Examples
    --------
    >>> import io
    >>> attempted_offsets(io.BytesIO(b"II*"), "half.tif")
    ()
    """
    _silence_decoder()
    try:
        with TiffFile(stream) as tiff:
            return _offsets(tiff, label)
    except ImageError:
        raise
    except DECODER_FAILURES:
        return ()


def select_page(
    tiff: TiffFile, page: int | None, label: str, *, offset: int | None = None
) -> TiffPage:
    """Return one page of an open TIFF.

    Parameters
    ----------
    tiff : TiffFile
        From `opened_tiff`.
    page : int or None
        Counted from 0; None is the first, with a warning when there are more.
    label : str
        The file's name for errors.
    offset : int, optional
        Where the page begins, if `page_offsets` has told; the chain is then not followed to it.

    Returns
    -------
    TiffPage

    Raises
    ------
    ImageError
        If there is no such page.

    Examples
    --------
    >>> import io, tifffile, numpy as np
    >>> stream = io.BytesIO()
    >>> tifffile.imwrite(stream, np.zeros((3, 4), np.uint8))
    >>> _ = stream.seek(0)
    >>> with opened_tiff(stream, "one.tif") as tiff:
    ...     select_page(tiff, None, "one.tif").shape
    (3, 4)
    """
    if offset is not None:
        tiff.filehandle.seek(offset)
        return TiffPage(tiff, page or 0)
    count = len(_offsets(tiff, label))
    if page is None and count > 1:
        message = f"{label}: only the first of {count} pages was read; choose one by its number"
        warn(ImageWarning(message), stacklevel=5)
    if (page or 0) >= count:
        raise ImageError(
            f"{label} has no page {page}",
            found="1 page" if count == 1 else f"{count} pages",
            needed=f"a page from 0 to {count - 1}",
        )
    return tiff.pages[page or 0].aspage()


def damaged_tiff(label: str, found: str, needed: str = "a whole file") -> ImageError:
    """Return the error of a TIFF that is not what its own tags say.

    Examples
    --------
    >>> print(damaged_tiff("a.tif", "no pages"))
    a.tif is damaged: found no pages; needed a whole file. Try: copy or download the file again.
    """
    return ImageError(
        f"{label} is damaged", found=found, needed=needed, hint="copy or download the file again"
    )


def _silence_decoder() -> None:
    # Its warnings about damaged tags would otherwise reach the terminal beside our own error.
    logging.getLogger("tifffile").addHandler(logging.NullHandler())


def _offsets(tiff: TiffFile, label: str) -> tuple[int, ...]:
    """Follow the chain of pages, refusing a ring."""
    layout, handle = tiff.tiff, tiff.filehandle
    # The keys of a dictionary keep their order.
    offset, seen = tiff.pages.first.offset, dict[int, None]()
    while 0 < offset < handle.size:
        if offset in seen or len(seen) == _MOST_PAGES:
            raise damaged_tiff(label, f"a chain of pages that goes on after {len(seen)}", "an end")
        seen[offset] = None
        handle.seek(offset)
        tags = struct.unpack(layout.tagnoformat, handle.read(layout.tagnosize))[0]
        handle.seek(offset + layout.tagnosize + tags * layout.tagsize)
        offset = struct.unpack(layout.offsetformat, handle.read(layout.offsetsize))[0]
    return tuple(seen)
