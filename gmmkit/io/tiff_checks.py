"""What the tags of a TIFF page promise, checked before any decoder sees its strips (TIFF 6.0).

tifffile fills missing strips with zeros and inflates without a limit.
"""

from math import ceil, prod

from tifffile import TIFF, TiffPage

from gmmkit.errors import ImageError, ImageSizeError
from gmmkit.io.inflate import inflated_length
from gmmkit.io.pixels import check_shape
from gmmkit.io.tiff_pages import damaged_tiff

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_PREMULTIPLIED, _ALPHA = 1, 2
_NO_COMPRESSION, _LZW, _PACKBITS = 1, 5, 32773
_DEFLATE = frozenset({8, 32946})
_OF_TIFFFILE = _DEFLATE | {_NO_COMPRESSION, _LZW, _PACKBITS}
_DEPTHS = frozenset({1, 8, 16, 32, 64})
_BYTES_PER_PIXEL = 16


def check_page(ifd: TiffPage, size: int, label: str, max_pixels: int) -> None:
    """Refuse what its tags alone rule out: sizes, missing strips, streams that inflate further.

    Parameters
    ----------
    ifd : TiffPage
        The page, of an open file.
    size : int
        How many bytes the file has.
    label : str
        The file's name for errors.
    max_pixels : int
        The largest width times height accepted.

    Raises
    ------
    ImageSizeError
        If the page has no pixels, or more than `max_pixels`.
    ImageError
        If strips are missing or would inflate beyond their pixels, or it is a volume.

    Examples
    --------
    >>> import io, tifffile, numpy as np
    >>> stream = io.BytesIO()
    >>> tifffile.imwrite(stream, np.zeros((3, 4), np.uint16))
    >>> _ = stream.seek(0)
    >>> with tifffile.TiffFile(stream) as tiff:
    ...     check_page(tiff.pages.first, len(stream.getvalue()), "gray.tif", 100)
    """
    check_shape(ifd.imagelength, ifd.imagewidth, label, max_pixels)
    if ifd.is_tiled:
        check_shape(ifd.tilelength, ifd.tilewidth, f"a tile of {label}", max_pixels)
    limit = _BYTES_PER_PIXEL * max_pixels
    if ifd.nbytes > limit:
        raise ImageSizeError(
            f"{label} is too large",
            found=f"{ifd.samplesperpixel} bands, {ifd.nbytes:,} bytes of pixels",
            needed=f"at most {limit:,} bytes",
            hint="raise max_pixels (--max-pixels), or read fewer bands",
        )
    if ifd.imagedepth != 1:
        raise unsupported_tiff(label, f"a volume of {ifd.imagedepth} slices", "flat pages")
    _check_strips(ifd, size, label)
    if ifd.compression in _DEFLATE:
        _check_deflate(ifd, label)


def _check_strips(ifd: TiffPage, size: int, label: str) -> None:
    places = list(zip(ifd.dataoffsets, ifd.databytecounts, strict=True))
    needed = prod(ifd.chunked)
    if ifd.is_contiguous:
        places, needed = [(ifd.dataoffsets[0], ifd.nbytes)], 1
    whole = sum(min(offset, count) > 0 and offset + count <= size for offset, count in places)
    if whole < max(needed, len(places)):
        raise ImageError(
            f"{label} is incomplete",
            found=f"{whole} of {needed} strips or tiles",
            needed="every one inside the file",
            hint="copy or download the file again",
        )


def _check_deflate(ifd: TiffPage, label: str) -> None:
    """Refuse a strip that inflates to more than its pixels, before tifffile inflates it."""
    rows, columns = ifd.rowsperstrip, ifd.imagewidth
    if ifd.is_tiled:
        rows, columns = ifd.tilelength, ifd.tilewidth
    samples = ifd.samplesperpixel if ifd.planarconfig == 1 else 1
    limit = min(rows, max(ifd.imagelength, ifd.tilelength)) * ceil(
        columns * samples * ifd.bitspersample / 8
    )
    for offset, count in zip(ifd.dataoffsets, ifd.databytecounts, strict=True):
        ifd.parent.filehandle.seek(offset)
        length = inflated_length([ifd.parent.filehandle.read(count)], limit)
        if length > limit:
            raise damaged_tiff(label, "a strip that inflates beyond its pixels", f"{limit:,} bytes")


def is_for_pillow(ifd: TiffPage, label: str) -> bool:
    """Tell whether Pillow has to decode the page, or refuse what neither does faithfully.

    Raises
    ------
    ImageError

    Examples
    --------
    >>> import io, tifffile, numpy as np
    >>> stream = io.BytesIO()
    >>> tifffile.imwrite(stream, np.zeros((3, 4), np.uint16))
    >>> _ = stream.seek(0)
    >>> with tifffile.TiffFile(stream) as tiff:
    ...     is_for_pillow(tiff.pages.first, "gray.tif")
    False
    """
    if ifd.photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR):
        raise unsupported_tiff(label, f"{ifd.photometric!r}", "gray, RGB, palette, CMYK or YCbCr")
    if _suits_tifffile(ifd):
        return False
    one_band = ifd.samplesperpixel == 1
    if ifd.bitspersample > 8 and not (one_band and ifd.bitspersample in (16, 32)):
        raise unsupported_tiff(label, f"{ifd.compression!r}, {ifd.bitspersample} bits", "deflate")
    if any(extra not in (_PREMULTIPLIED, _ALPHA) for extra in ifd.extrasamples):
        raise unsupported_tiff(label, f"{ifd.compression!r} of many bands", "deflate")
    return True


def _suits_tifffile(ifd: TiffPage) -> bool:
    if ifd.photometric in (_CMYK, _YCBCR) or ifd.fillorder != 1:
        return False
    if ifd.bitspersample not in _DEPTHS or ifd.compression not in _OF_TIFFFILE:
        return False
    try:
        TIFF.DECOMPRESSORS[ifd.compression]
        TIFF.UNPREDICTORS[ifd.predictor]
    except KeyError:
        return False
    return True


def unsupported_tiff(label: str, found: str, needed: str) -> ImageError:
    """Return the error of a TIFF that could be whole, but that nothing here decodes.

    Examples
    --------
    >>> unsupported_tiff("a.tif", "JPEG of 12 bits", "deflate").found
    'JPEG of 12 bits'
    """
    return ImageError(
        f"{label} is a kind of TIFF that gmmkit does not read",
        found=found,
        needed=needed,
        hint="save it as TIFF with deflate or no compression, or as PNG",
    )
