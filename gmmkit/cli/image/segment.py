"""``gmmkit image segment``, or ``gmmkit segment``: words, help texts and their checks."""

from pathlib import Path
from typing import Any

import click

from gmmkit.cli.image.options import (
    NumberOrAuto,
    how,
    rectangle_option,
    refuse_beside,
    scribbles_option,
    what_and_where,
)
from gmmkit.cli.options import strict_option

_EPILOG = """\b
Examples:
  gmmkit segment photo.jpg -k 5
  gmmkit segment photos/ -o masks --json > masks.json
  gmmkit segment a.jpg b.jpg --shared-model --save-model scene.gmm
  gmmkit segment c.jpg --model scene.gmm
  gmmkit segment trip/ --out labels,masks,coco,table
  gmmkit segment stack.tif --page all
  gmmkit segment photo.jpg --regions
  gmmkit segment photo.jpg --rect 120,40,300,260
  gmmkit segment sample:coffee          (gmmkit doctor lists the samples)

\b
For NAME.jpg this prints a table and writes
  NAME.labels.png         a mask: the value of a pixel is its class, 0 the
                          largest; 255 where the photo is transparent
  NAME.overlay.png        the photo with its classes drawn over it
  NAME.probabilities.npz  how sure each pixel is (with --probabilities)
or what --out asks for. Large TIFFs stay on the disk and are done in parts.

\b
Exit codes: 0 done; 2 wrong usage; 3 an image or option that can not be used
(the other images are still done); 4 a bad model file; 5 a degenerate fit
(with --strict).
"""
_FIXED_BY_MODEL = ("classes", "features", "covariance", "shared_model", "save_model")
_OF_CLASSES = (*_FIXED_BY_MODEL, "smoothness", "probabilities", "model", "strict")


@click.command("segment", epilog=_EPILOG)
@what_and_where
@click.option(
    "-k",
    "--classes",
    type=NumberOrAuto("-k 5"),
    default="5",
    show_default=True,
    metavar="K|auto",
    help="How many kinds of pixels to look for; auto tries 2 to 9 and shows how each does.",
)
@click.option(
    "--regions",
    type=NumberOrAuto("--regions=12"),
    is_flag=False,
    flag_value="auto",
    default=None,
    metavar="[=N|auto]",
    help="Find connected regions that people would outline instead of classes, N of them or as "
    "many as there are; like gmmkit image regions.",
)
@rectangle_option
@scribbles_option
@click.option(
    "--features",
    default="lab+texture",
    show_default=True,
    metavar="NAMES",
    help="What to compare pixels by: lab, luv, rgb, hsv, gray, bands, position, texture, "
    "statistics, edges, hessian, tensor, gabor, lbp, lm or mr8, joined by +, with numbers if "
    "wanted: 'lab+texture(2,4,8)'.",
)
@click.option(
    "--covariance",
    type=click.Choice(["full", "tied", "diag", "spherical"]),
    default="full",
    show_default=True,
    help="How freely the shape of a class may vary: each its own in any direction (full), one for "
    "all (tied), along the features only (diag), round (spherical).",
)
@click.option(
    "--smoothness",
    type=click.FloatRange(min=0.0, max=10.0),
    default=None,
    metavar="S",
    help="How strongly neighboring pixels pull toward the same class, 0 (not at all) to 10.  "
    "[default: 2]",
)
@click.option("--probabilities", is_flag=True, help="Also write the probability of every class.")
@click.option(
    "--save-model",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the fitted model, to use with --model later. For one image, or with --shared-model.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use the classes of a saved model instead of fitting new ones.",
)
@click.option("--shared-model", is_flag=True, help="Fit one model to all the images together.")
@strict_option
@how
@click.pass_context
def segment_command(context: click.Context, /, **words: Any) -> int:
    """Find the few kinds of pixels that make up each photo.

    IMAGE is a file (PNG, JPEG, WebP, BMP, TIFF), a folder of them, a quoted pattern such as
    'trip/*.jpg', or sample:NAME. Every pixel gets a class: sky, cup, table ... whatever differs
    most in color and texture. Nothing has to be trained or labeled before.
    """
    _refuse_contradictions(context, words)
    rectangle, scribbles = words.pop("rectangle"), words.pop("scribbles")
    if rectangle is not None or scribbles is not None:
        return _cut_out(context, words, rectangle=rectangle, scribbles=scribbles)
    from gmmkit.cli.image.request import Request
    from gmmkit.cli.image.segmenting import segment_images

    as_json = words.pop("as_json")
    return segment_images(Request(**words), as_json=as_json)


def _cut_out(context: click.Context, words: dict[str, Any], **marks: Any) -> int:
    """Do what ``gmmkit image cutout`` does."""
    refuse_beside(context, "--rect or --scribbles", (*_OF_CLASSES, "regions", "out"))
    if len(words["images"]) != 1 or words["page"] == "all":
        raise click.UsageError("--rect and --scribbles are for one image at a time", context)
    from gmmkit.cli.image.cutting import CutoutRequest, cut_out_image

    shared = ("folder", "max_pixels", "page", "seed", "threads", "force")
    request = {name: words[name] for name in shared}
    return cut_out_image(
        CutoutRequest(image=words["images"][0], **marks, **request), as_json=words["as_json"]
    )


def _refuse_contradictions(context: click.Context, words: dict[str, Any]) -> None:
    """A word against what another one fixes is a slip, not a wish."""
    if words["regions"] is not None:
        refuse_beside(context, "--regions", _OF_CLASSES)
    elif words["strength"]:
        raise click.UsageError("--strength is of regions: add --regions", context)
    if words["model"] is not None:
        refuse_beside(context, "--model", _FIXED_BY_MODEL)
