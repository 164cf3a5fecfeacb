"""The gate for images: a regular file, a format told by content, a size cap, then pixels."""

from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from typing import BinaryIO, overload
from warnings import warn

from PIL import BmpImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from gmmkit.errors import ImageError, ImageSizeError, ImageWarning, ParameterError
from gmmkit.io.formats import SNIFFED_BYTES, sniff_format
from gmmkit.io.pixels import Picture, check_pixels, check_shape
from gmmkit.io.png import PngHeader, check_png, read_png_header
from gmmkit.io.raster import decode_raster, open_raster
from gmmkit.io.reading import checked_path, file_size, open_regular_file
from gmmkit.io.samples import SAMPLE_PREFIX, sample_path

__all__ = ["Pages", "Picture", "check_pixels", "open_image", "read_image", "read_pages"]

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
# With the labels of so many pixels `gmmkit segment` stays within a gigabyte and a half.
DEFAULT_MAX_PIXELS = 128_000_000


def read_image(
    source: str | Path, *, page: int | None = None, max_pixels: int = DEFAULT_MAX_PIXELS
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
    return _read(source, page, max_pixels)


def open_image(
    source: str | Path, *, page: int | None = None, max_pixels: int = DEFAULT_MAX_PIXELS
) -> Picture:
    """Read one image, but leave the pixels of a large TIFF in the file until they are needed.

    Parameters
    ----------
    source, page, max_pixels
        As in `read_image`.

    Returns
    -------
    Picture
        Of a page that takes more than 64 MB, ``pixels`` (H, W, C) is no array: rectangles
        ``pixels[rows, columns]`` are read from the file, which must not change meanwhile. Pages
        that are no more than numbers in strips or tiles (uncompressed or deflated, upright, no
        palette) are left there; everything else is read whole, as by `read_image`.

    Raises
    ------
    InputError
        As in `read_image`.

    Warns
    -----
    ImageWarning
        As in `read_image`.

    Examples
    --------
    >>> open_image("sample:coffee").pixels[:2, :3].shape
    (2, 3, 3)
    """
    return _read(source, page, max_pixels, on_demand=True)


class Pages(Sequence[Picture]):
    """The pages of an image file, each read when it is taken out.

    A page that cannot be read raises where it is taken, and the others can still be.

    Parameters
    ----------
    path : Path
        The file.
    count : int
        How many pages it has.
    max_pixels : int
        The largest page accepted.

    Examples
    --------
    >>> pages = read_pages("sample:coffee")
    >>> len(pages), pages[0].shape
    (1, (400, 600))
    """

    def __init__(self, path: Path, count: int, max_pixels: int) -> None:
        self._path, self._count, self._max_pixels = path, count, max_pixels

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> Picture: ...
    @overload
    def __getitem__(self, number: slice) -> list[Picture]: ...
    def __getitem__(self, number: int | slice) -> Picture | list[Picture]:
        places = range(self._count)[number]
        if isinstance(places, range):
            return [self[place] for place in places]
        return open_image(self._path, page=places, max_pixels=self._max_pixels)


def read_pages(source: str | Path, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Pages:
    """Return the pages of an image file, to be read one after the other.

    Parameters
    ----------
    source : str or Path
        A file as of `read_image`; all but TIFFs have one page.
    max_pixels : int
        The largest width times height of a page.

    Returns
    -------
    Pages
        A sequence of Picture, as `open_image` returns them; in the order of the file, reduced
        copies included.

    Raises
    ------
    InputError
        If the file cannot be read or is no image. What is wrong with a page is said when it is
        taken.

    Examples
    --------
    >>> [page.shape for page in read_pages("sample:coffee")]
    [(400, 600)]
    """
    _check_arguments(0, max_pixels)
    path = _resolve(source)
    return Pages(path, count_pages(path), max_pixels)


def count_pages(path: Path) -> int:
    """Return how many pages an image file has: of a TIFF as many as it holds, else one.

    Raises
    ------
    FileAccessError, ImageError
        If it cannot be read, is no image, or is a TIFF without an end.

    Examples
    --------
    >>> count_pages(sample_path("coffee"))
    1
    """
    with open_regular_file(path) as stream:
        format_name = sniff_format(stream.read(SNIFFED_BYTES), str(path))
        stream.seek(0)
        if format_name != "TIFF":
            return 1
        from gmmkit.io import tiff

        return tiff.count_pages(stream, str(path))


def _read(
    source: str | Path, page: int | None, max_pixels: int, *, on_demand: bool = False
) -> Picture:
    _check_arguments(page, max_pixels)
    path = _resolve(source)
    with open_regular_file(path) as stream:
        format_name = sniff_format(stream.read(SNIFFED_BYTES), str(path))
        stream.seek(0)
        if format_name == "TIFF":
            from gmmkit.io.tiff import read_tiff

            return read_tiff(stream, path, page=page, max_pixels=max_pixels, on_demand=on_demand)
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
    warn(ImageWarning(message), stacklevel=6)


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
        warn(ImageWarning(message), stacklevel=5)
