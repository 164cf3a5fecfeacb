"""``gmmkit image regions``: words, help texts and their checks."""

from pathlib import Path
from typing import Any

import click

from gmmkit.cli.image.options import NumberOrAuto, how, what_and_where

_EPILOG = """\b
Examples:
  gmmkit image regions photo.jpg
  gmmkit image regions photo.jpg -n 12 --out labels,coco,table
  gmmkit image regions photos/ -o out --strength
  gmmkit image regions sample:coffee --threshold 0.8

\b
For NAME.jpg this prints the largest regions and writes
  NAME.labels.png    the value of a pixel is its region, 0 the largest
  NAME.overlay.png   the photo with every region outlined
  NAME.strength.png  with --strength: how surely a border is one, 16-bit gray
or what --out asks for.

\b
Exit codes: 0 done; 2 wrong usage; 3 an image or option that can not be used
(the other images are still done); 4 a bad model file.
"""


@click.command("regions", short_help="Outline what people would.", epilog=_EPILOG)
@what_and_where
@click.option(
    "-n",
    "--count",
    "regions",
    type=NumberOrAuto("-n 12"),
    default="auto",
    show_default=True,
    metavar="N|auto",
    help="How many regions.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0.0, 1.0),
    default=None,
    metavar="T",
    help="Merge regions that people would keep apart with at most this probability: 0 leaves the "
    "finest, 1 the whole image.  [default: what agreed best with people]",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What was learned from other images, by gmmkit.image.learn_regions.",
)
@how
@click.pass_context
def regions_command(context: click.Context, /, **words: Any) -> int:
    """Find the connected regions of each photo, as people would outline them.

    IMAGE is a file (PNG, JPEG, WebP, BMP, TIFF), a folder of them, a quoted pattern such as
    'trip/*.jpg', or sample:NAME. Unlike the classes of gmmkit segment, two cups are two regions.
    """
    if words["threshold"] is not None and words["regions"] != "auto":
        raise click.UsageError("--threshold and --count exclude each other", context)
    from gmmkit.cli.image.request import Request
    from gmmkit.cli.image.segmenting import segment_images

    as_json = words.pop("as_json")
    return segment_images(Request(**words), as_json=as_json)
