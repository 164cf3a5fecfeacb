"""The gate for images: a regular file, a format told by content, a size cap, then pixels."""

from numbers import Integral
from pathlib import Path
from typing import BinaryIO
from warnings import warn

from PIL import BmpImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from gmmkit.errors import ImageError, ImageSizeError, ImageWarning, ParameterError
from gmmkit.io.formats import SNIFFED_BYTES, sniff_format
from gmmkit.io.pixels import Picture, check_pixels, check_shape
from gmmkit.io.png import PngHeader, check_png, read_png_header
from gmmkit.io.raster import decode_raster, open_raster
from gmmkit.io.reading import checked_path, file_size, open_regular_file
from gmmkit.io.samples import SAMPLE_PREFIX, sample_path

__all__ = ["Picture", "check_pixels", "read_image"]

# The plugins themselves: Image.open would try other formats, and has a cap of its own.
_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}
# No format here needs more than 16-bit RGBA does, apart from its header and metadata.
_BYTES_PER_PIXEL = 8
_BYTES_BESIDE_PIXELS = 64 << 20
_GRAY, _GRAY_AND_ALPHA = 0, 4


def read_image(
    source: str | Path, *, page: int | None = None, max_pixels: int = 128_000_000
) -> Picture:
    """Read one image from a file, upright, with its transparent pixels masked.

    PNG, JPEG, WebP, BMP and TIFF are told apart by content. Conversions: palette, CMYK and YCbCr
    become 8-bit RGB without color management; one bit becomes 0 and 255; gray keeps its 8 or 16
    bits; TIFF keeps uint8, uint16, float32 and float64 with any number of bands; the EXIF
    rotation is applied; pixels whose alpha is 0 are masked.

    Parameters
    ----------
    source : str or Path
        A file, or ``sample:NAME`` for a photo that scikit-image carries.
    page : int, optional
        Which page of a TIFF, counted from 0 in the order of the file. Without it the first is
        read, with a warning when there are more.
    max_pixels : int
        The largest width times height accepted, checked before anything is decoded.

    Returns
    -------
    Picture

    Raises
    ------
    FileAccessError
        If the file is missing, unreadable or no regular file.
    ImageFormatError
        If it is none of the five formats.
    ImageSizeError
        If it has no pixels, or more than `max_pixels`.
    ImageError
        If it is damaged, entirely transparent, not finite, or has no such page.

    Warns
    -----
    ImageWarning
        If 16-bit color was cut to 8 bits, or only the first of several frames or pages was read.

    Examples
    --------
    >>> read_image("sample:coffee").pixels.shape
    (400, 600, 3)
    """
    _check_arguments(page, max_pixels)
    path = _resolve(source)
    with open_regular_file(path) as stream:
        format_name = sniff_format(stream.read(SNIFFED_BYTES), str(path))
        stream.seek(0)
        if format_name == "TIFF":
            from gmmkit.io.tiff import read_tiff

            return read_tiff(stream, path, page=page, max_pixels=max_pixels)
        return _read_with_pillow(stream, format_name, path, page, max_pixels)


def _read_with_pillow(
    stream: BinaryIO, format_name: str, path: Path, page: int | None, max_pixels: int
) -> Picture:
    label = str(path)
    _check_only_page(page, label, format_name)
    _check_file_size(file_size(stream), label, max_pixels)
    header = _checked_png_header(stream, label, max_pixels) if format_name == "PNG" else None
    image = open_raster(_PLUGINS[format_name], stream, label)
    check_shape(image.height, image.width, label, max_pixels)
    _warn_of_frames(image, label)
    depth = header.depth if header else 8
    # Pillow spreads 16-bit gray with alpha over three equal channels.
    mode = "LA" if header and header.color == _GRAY_AND_ALPHA else None
    pixels, mask = decode_raster(image, label, depth=depth, mode=mode)
    return Picture(pixels, mask, path.stem, path, colors=pixels.ndim == 3)


def _checked_png_header(stream: BinaryIO, label: str, max_pixels: int) -> PngHeader:
    header = read_png_header(stream, label)
    check_shape(header.height, header.width, label, max_pixels)
    kinds = check_png(stream, header, label)
    stream.seek(0)
    if header.depth == 16 and header.color != _GRAY:
        _warn_of_depth(label, keyed=b"tRNS" in kinds)
    return header


def _warn_of_depth(label: str, *, keyed: bool) -> None:
    if keyed:
        raise ImageError(
            f"{label} marks one 16-bit color as transparent",
            found="a tRNS chunk with 16-bit color",
            needed="an alpha channel",
            hint="save it as TIFF, or as PNG with an alpha channel",
        )
    message = f"{label}: 16-bit color was cut to 8 bits; save it as TIFF to keep all 16"
    warn(ImageWarning(message), stacklevel=5)


def _resolve(source: str | Path) -> Path:
    if isinstance(source, str) and source.startswith(SAMPLE_PREFIX):
        return sample_path(source)
    return checked_path(source)


def _check_arguments(page: int | None, max_pixels: int) -> None:
    for name, value, least in (("page", page or 0, 0), ("max_pixels", max_pixels, 1)):
        if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
            raise ParameterError(
                f"{name} is not usable",
                found=repr(value),
                needed=f"a whole number of at least {least}",
            )


def _check_only_page(page: int | None, label: str, format_name: str) -> None:
    if page:
        raise ImageError(
            f"{label} has no page {page}",
            found=f"a {format_name} file, which has page 0 alone",
            needed="a TIFF of several pages",
            hint="leave the page out",
        )


def _check_file_size(size: int, label: str, max_pixels: int) -> None:
    limit = _BYTES_PER_PIXEL * max_pixels + _BYTES_BESIDE_PIXELS
    if size > limit:
        raise ImageSizeError(
            f"{label} is too large",
            found=f"a file of {size:,} bytes",
            needed=f"at most {limit:,} for {max_pixels / 1e6:,g} megapixels",
            hint="raise max_pixels (--max-pixels)",
        )


def _warn_of_frames(image: ImageFile.ImageFile, label: str) -> None:
    frames = int(getattr(image, "n_frames", 1))
    if frames > 1:
        message = f"{label}: only the first of {frames} frames was read"
        warn(ImageWarning(message), stacklevel=4)
