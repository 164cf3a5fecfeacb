"""``gmmkit image cutout``: words, help texts and their checks."""

from pathlib import Path
from typing import Any

import click

from gmmkit.cli.image.options import (
    folder_option,
    max_pixels_option,
    rectangle_option,
    scribbles_option,
)
from gmmkit.cli.options import (
    force_option,
    json_option,
    model_name,
    seed_option,
    threads_option,
)
from gmmkit.cli.session import debug_option

_EPILOG = """\b
Examples:
  gmmkit image cutout photo.jpg --rect 120,40,300,260
  gmmkit image cutout photo.jpg --scribbles strokes.png -o out
  gmmkit image cutout photo.jpg --rect 120,40,300,260 --scribbles fix.png
  gmmkit image cutout next.jpg --model bear.gmm --rect 90,60,280,240

\b
Strokes are a picture of the photo's size, drawn in any program:
  green on the object, red beside it; or white and black without any color.
  Whatever else, and what is transparent, is for the program to decide.
  A gray picture of values 0 to 3 has OpenCV's meanings.

\b
For NAME.jpg this writes
  NAME.mask.png     255 on the object, 0 elsewhere
  NAME.alpha.png    how much of each pixel is object, soft along the outline
  NAME.cutout.png   the photo with that as transparency
  NAME.overlay.png  the photo with everything else dimmed

\b
Exit codes: 0 done; 2 wrong usage; 3 an image, marks or option that can not be
used; 4 a bad model file.
"""


@click.command("cutout", short_help="Cut an object out of a photo.", epilog=_EPILOG)
@click.argument("image", metavar="IMAGE")
@rectangle_option
@scribbles_option
@folder_option
@click.option(
    "--contrast",
    type=click.FloatRange(min=0.0, max=1000.0),
    default=None,
    metavar="NATS",
    help="More makes outlines smoother and longer along edges.  [default: 20]",
)
@click.option(
    "--location",
    type=click.FloatRange(min=0.0, max=100.0),
    default=1.0,
    show_default=True,
    metavar="S",
    help="How much more likely the middle of the rectangle is the object; 0 not at all.",
)
@click.option(
    "--components",
    type=click.IntRange(min=1, max=100),
    default=5,
    show_default=True,
    metavar="K",
    help="Gaussians for the object, and for what is around it.",
)
@click.option("--hard", is_flag=True, help="Transparency is all or nothing.")
@click.option(
    "--alpha-bits",
    type=click.Choice(["8", "16"]),
    default="8",
    show_default=True,
    help="Bits a pixel of NAME.alpha.png.",
)
@click.option(
    "--save-model",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    callback=model_name,
    help="Keep what object and background look like, for --model.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use what --save-model wrote, as it is.",
)
@max_pixels_option
@click.option(
    "--page",
    type=click.IntRange(min=0),
    default=None,
    metavar="N",
    help="Which page of a multi-page TIFF, counted from 0.  [default: the first]",
)
@seed_option("Start of every random choice: the same seed gives the same files.")
@threads_option
@force_option
@json_option
@debug_option
@click.pass_context
def cutout_command(context: click.Context, /, **words: Any) -> int:
    """Cut an object out of a photo, by a rectangle around it or strokes on it.

    IMAGE is a file (PNG, JPEG, WebP, BMP, TIFF) or sample:NAME. What is inside the rectangle, or
    on green strokes, is compared with what is outside, or on red ones; the outline then follows
    the edges of the photo.
    """
    if words["rectangle"] is None and words["scribbles"] is None and words["model"] is None:
        raise click.UsageError("say where the object is, with --rect or --scribbles", context)
    if words["model"] is not None and words["save_model"] is not None:
        raise click.UsageError("--save-model and --model exclude each other", context)
    from gmmkit.cli.image.cutting import CutoutRequest, cut_out_image

    as_json = words.pop("as_json")
    words["alpha_bits"] = int(words["alpha_bits"])
    return cut_out_image(CutoutRequest(**words), as_json=as_json)
