"""A sheet of photos with what several methods found in them, for a person to look at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bsds import Labels, Photo, Pixels
from PIL import Image, ImageDraw

from gmmkit.image.export.overlay import contours

CELL_WIDTH, GAP, HEAD = 300, 8, 24
_LIGHT = 140


@dataclass(frozen=True)
class Cell:
    """A picture and the words above it."""

    words: str
    pixels: Pixels


def drawn(photo: Pixels, labels: Labels) -> Pixels:
    """Return every region in its mean color, outlined in black or white."""
    numbers = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
    counts = np.bincount(numbers.ravel())
    sums = [np.bincount(numbers.ravel(), plane.ravel()) for plane in np.moveaxis(photo, 2, 0)]
    colors = (np.stack(sums, axis=1) / counts[:, None]).astype(np.uint8)
    picture = colors[numbers]
    lines = contours(numbers.astype(np.int32))
    picture[lines] = np.where(picture[lines].mean(axis=1, keepdims=True) > _LIGHT, 0, 255)
    return picture


def typical_drawing(photo: Photo) -> Labels:
    """Return the annotation with the middle number of regions."""
    by_detail = sorted(photo.annotations, key=lambda each: len(np.unique(each)))
    return by_detail[len(by_detail) // 2]


def write_sheet(rows: Iterable[Sequence[Cell]], path: Path) -> None:
    """Write rows of pictures, one photo each, below each other."""
    strips = [_strip(cells) for cells in rows]
    height = sum(strip.height for strip in strips)
    sheet = Image.new("RGB", (max(strip.width for strip in strips), height), "white")
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height
    sheet.save(path)


def _strip(cells: Sequence[Cell]) -> Image.Image:
    pictures = [_shrunk(cell.pixels) for cell in cells]
    height = HEAD + GAP + max(picture.height for picture in pictures)
    strip = Image.new("RGB", (len(cells) * (CELL_WIDTH + GAP), height), "white")
    draw = ImageDraw.Draw(strip)
    for place, (cell, picture) in enumerate(zip(cells, pictures, strict=True)):
        left = place * (CELL_WIDTH + GAP)
        draw.text((left + 4, 6), cell.words, "black", font_size=14)
        strip.paste(picture, (left + (CELL_WIDTH - picture.width) // 2, HEAD))
    return strip


def _shrunk(pixels: Pixels) -> Image.Image:
    """Return a picture that fits the width of a cell; tall ones become as high as others wide."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((CELL_WIDTH, CELL_WIDTH), Image.Resampling.LANCZOS)
    return picture
