"""Labels and probabilities as TIFF, strip by strip: a large map never has a second copy."""

import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import check_count
from gmmkit.errors import InputError
from gmmkit.image.export.labeled import Labeled, as_label_map
from gmmkit.image.pixels import Float32Array, Uint8Array

_COMPRESSION = 3
_STRIP_BYTES = 1 << 20
_ASCII, _GDAL_NODATA = "s", 42113
_TYPES = (np.uint8, np.uint16, np.uint32)
# Offsets of the classic format have 32 bits; whatever may come near them gets 64.
_LARGEST_CLASSIC = 4_000_000_000


def label_tiff(labels: Labeled) -> bytes:
    """Return a TIFF whose pixel values are the labels, with no limit to their number.

    Parameters
    ----------
    labels : Segmentation, LabelMap or array_like of shape (H, W)
        Whole numbers from 0; -1 where a pixel is excluded.

    Returns
    -------
    bytes
        As from `strips_tiff`; up to 255 labels have their colors as its color map.

    Examples
    --------
    >>> import tifffile
    >>> tifffile.imread(BytesIO(label_tiff([[0, 700, -1]]))).tolist()
    [[0, 700, 65535]]
    """
    label_map = as_label_map(labels)
    return strips_tiff(
        (label_map.labels[rows] for rows in label_map.strips()),
        label_map.labels.shape,
        largest=label_map.count - 1,
        palette=label_map.palette if label_map.count < 256 else None,
    )


def strips_tiff(
    strips: Iterable[npt.NDArray[Any]],
    shape: tuple[int, ...],
    *,
    largest: int,
    palette: Uint8Array | None = None,
) -> bytes:
    """Return a TIFF of labels that come a few rows at a time, from top to bottom.

    Parameters
    ----------
    strips : iterable of ndarray of shape (h, W)
        Whole numbers from 0 to `largest`; -1 where a pixel is excluded. They may differ in height.
    shape : tuple of int
        Rows and columns of the whole.
    largest : int
        The largest label that may come, which settles how many bits a pixel has.
    palette : ndarray of shape (n, 3), optional
        uint8 colors, for 8-bit labels alone; gray without it.

    Returns
    -------
    bytes
        One page, deflated in strips of about a megabyte, 8, 16 or 32 bits unsigned. Excluded
        pixels have the largest value of the type, which the tag GDAL_NODATA names;
        `gmmkit.io.segmentations` and geographic programs tell it from a label by that.

    Raises
    ------
    InputError
        If the strips do not make up the shape, or hold other values.

    Examples
    --------
    >>> import tifffile
    >>> rows = (np.full((2, 3), number) for number in range(3))
    >>> tifffile.imread(BytesIO(strips_tiff(rows, (6, 3), largest=2)))[:, 0].tolist()
    [0, 0, 1, 1, 2, 2]
    """
    from tifffile import TiffWriter

    height, width = (check_count(side, "a side of the map") for side in shape)
    dtype = _type_for(check_count(largest, "largest", least=0))
    rows = max(1, _STRIP_BYTES // (width * dtype.itemsize))
    ready = (_stored(strip, width, largest, dtype) for strip in strips)
    options = _palette_options(palette) if dtype == np.uint8 else {"photometric": "minisblack"}
    stream = BytesIO()
    with TiffWriter(stream, bigtiff=height * width * dtype.itemsize > _LARGEST_CLASSIC) as writer:
        writer.write(
            _deflated(_regrouped(ready, (height, width), rows)),
            shape=(height, width),
            dtype=dtype,
            rowsperstrip=rows,
            compression="zlib",
            metadata=None,
            software="gmmkit",
            extratags=[(_GDAL_NODATA, _ASCII, 0, str(np.iinfo(dtype).max), True)],
            **options,
        )
    return stream.getvalue()


def probability_tiff(probabilities: Float32Array) -> bytes:
    """Return probabilities as a float32 TIFF with a page for each class.

    Parameters
    ----------
    probabilities : ndarray of shape (H, W, k)
        From 0 to 1.

    Returns
    -------
    bytes
        Deflated, without loss.

    Examples
    --------
    >>> import tifffile
    >>> stack = probability_tiff(np.full((4, 5, 3), 1 / 3, np.float32))
    >>> tifffile.imread(BytesIO(stack)).shape
    (3, 4, 5)
    """
    from tifffile import TiffWriter

    height, width, k = probabilities.shape
    rows = max(1, _STRIP_BYTES // (width * 4))
    stream = BytesIO()
    with TiffWriter(stream, bigtiff=probabilities.size * 4 > _LARGEST_CLASSIC) as writer:
        for number in range(k):
            planes = (
                np.ascontiguousarray(probabilities[start : start + rows, :, number], np.float32)
                for start in range(0, height, rows)
            )
            writer.write(
                _deflated(planes),
                shape=(height, width),
                dtype=np.dtype(np.float32),
                rowsperstrip=rows,
                compression="zlib",
                photometric="minisblack",
                metadata=None,
                software="gmmkit",
            )
    return stream.getvalue()


def _type_for(largest: int) -> np.dtype[Any]:
    """Return the smallest type that has a value to spare for excluded pixels."""
    return np.dtype(next(kind for kind in _TYPES if largest < np.iinfo(kind).max))


def _stored(
    strip: npt.NDArray[Any], width: int, largest: int, dtype: np.dtype[Any]
) -> npt.NDArray[Any]:
    if strip.ndim != 2 or strip.shape[1] != width or strip.dtype.kind not in "bui":
        raise InputError(
            "a strip of labels does not fit the map",
            found=f"{strip.dtype.name}, shape {strip.shape}",
            needed=f"whole numbers, shape (rows, {width})",
        )
    if strip.size and (strip.min() < -1 or strip.max() > largest):
        raise InputError(
            "a strip of labels holds other values than announced",
            found=f"{strip.min()} to {strip.max()}",
            needed=f"-1 to {largest}",
        )
    # -1 becomes the largest value by itself.
    return strip.astype(dtype)


def _regrouped(
    strips: Iterator[npt.NDArray[Any]], shape: tuple[int, int], rows: int
) -> Iterator[npt.NDArray[Any]]:
    """Cut strips of any height anew, holding no more than two of them."""
    height, missing = shape[0], shape[0]
    waiting: list[npt.NDArray[Any]] = []
    for strip in strips:
        missing -= len(strip)
        waiting.append(strip)
        if sum(map(len, waiting)) >= rows:
            whole = np.concatenate(waiting)
            cut = len(whole) - len(whole) % rows
            yield from (whole[start : start + rows] for start in range(0, cut, rows))
            waiting = [whole[cut:]]
    if missing:
        raise InputError(
            "the strips do not make up the map",
            found=f"{height - missing} rows",
            needed=f"{height}",
        )
    if sum(map(len, waiting)):
        yield np.concatenate(waiting)


def _deflated(strips: Iterable[npt.NDArray[Any]]) -> Iterator[bytes]:
    return (zlib.compress(strip.tobytes(), _COMPRESSION) for strip in strips)


def _palette_options(palette: Uint8Array | None) -> dict[str, Any]:
    if palette is None:
        return {"photometric": "minisblack"}
    # TIFF 6.0, section 5: 16-bit values, all reds before all greens.
    table = np.zeros((3, 256), dtype=np.uint16)
    table[:, : min(len(palette), 256)] = palette[:256].T.astype(np.uint16) * 257
    return {"photometric": "palette", "colormap": table}
