"""Fit pixel classes on one photo, find the same classes in others, and save pictures of them.

Usage: python photo_classes.py FIRST [OTHER ...]    (files, or sample:NAME)
"""

import sys

import gmmkit
from gmmkit.image.export import label_png, overlay_png
from gmmkit.io.files import write_atomically
from gmmkit.io.image import read_image

CLASSES = 5


def main(first: str, *others: str) -> None:
    """Segment the first photo, then the others with the classes found in it."""
    model = segment_photo(first, None).model
    for source in others:
        segment_photo(source, model)
    gmmkit.save(model, "classes.gmm", force=True)


def segment_photo(source: str, model: gmmkit.Model | None) -> gmmkit.image.Segmentation:
    """Segment one photo, describe it, and save the pictures."""
    picture = read_image(source)
    result = gmmkit.image.segment(picture, k=CLASSES, model=model)
    describe(picture.name, result)
    write_atomically(f"{picture.name}.labels.png", label_png(result.labels), force=True)
    write_atomically(f"{picture.name}.overlay.png", overlay_png(result), force=True)
    return result


def describe(name: str, result: gmmkit.image.Segmentation) -> None:
    """Print the share and the mean color of every class."""
    print(name)
    for number, (share, color) in enumerate(zip(result.shares, result.mean_colors, strict=True)):
        red, green, blue = color
        print(f"  class {number}: {share:6.1%}   #{red:02x}{green:02x}{blue:02x}")


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["sample:coffee"]))
