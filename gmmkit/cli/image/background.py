"""``gmmkit image background``: words, help texts and their checks."""

from pathlib import Path
from typing import Any

import click

from gmmkit.cli.image.options import refuse_beside
from gmmkit.cli.options import Decorator, force_option, json_option, model_name, threads_option
from gmmkit.cli.session import debug_option

_EPILOG = """\b
Examples:
  gmmkit image background frames/ -o masks
  gmmkit image background 'street/*.jpg' -o masks --warm-up 50 --overlay
  gmmkit image background scan.tif --tiff masks.tif --background-image empty.png
  gmmkit image background night/ -o masks --save-model yard.gmm
  gmmkit image background later/ -o masks --model yard.gmm --learning-rate 0

\b
Of a video, make images first:
  ffmpeg -i video.mp4 frames/%06d.png

\b
For NAME.png this writes
  NAME.foreground.png  255 what moves, 127 its shadow, 0 the background
  NAME.overlay.png     the frame with what moves colored (with --overlay)

\b
Exit codes: 0 done; 2 wrong usage; 3 a frame or option that can not be used
(the other frames are still done); 4 a bad model file.
"""
_FIXED_BY_MODEL = ("history", "threshold", "shadows", "smoothing", "lighting")


def _file_option(*names: str, text: str, **options: Any) -> Decorator:
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option(*names, type=kind, metavar="FILE", help=text, **options)


@click.command("background", epilog=_EPILOG)
@click.argument("frames", nargs=-1, required=True, metavar="FRAMES...")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where the masks go; made if missing.  [default: the current folder]",
)
@_file_option("--tiff", text="Write all masks as the pages of one TIFF instead.")
@click.option("--overlay", is_flag=True, help="Also write each frame with what moves colored.")
@_file_option("--background-image", text="Write what was learned of the background, as PNG.")
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0.0, max=1.0),
    default=None,
    metavar="R",
    help="How much one frame counts; 0 learns nothing.  [default: 1 / frames so far, then "
    "1 / history]",
)
@click.option(
    "--history",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    metavar="N",
    help="Over how many frames the background is learned.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(min=0.001, max=1e6),
    default=16.0,
    show_default=True,
    metavar="D2",
    help="From which squared Mahalanobis distance on a pixel is foreground; less finds more.",
)
@click.option(
    "--shadows/--no-shadows", default=True, show_default=True, help="Tell shadows from objects."
)
@click.option(
    "--smoothing",
    type=click.IntRange(min=0, max=10),
    default=1,
    show_default=True,
    metavar="PIXELS",
    help="How far around a pixel its neighbors have a say; 0 decides pixel by pixel.",
)
@click.option(
    "--lighting/--no-lighting",
    default=True,
    show_default=True,
    help="Allow for light that changes everywhere at once.",
)
@click.option(
    "--warm-up",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Learn N frames before the first mask.",
)
@_file_option("--save-model", text="Keep what was learned, for --model.", callback=model_name)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Go on with a model that --save-model wrote.",
)
@threads_option
@force_option
@json_option
@debug_option
@click.pass_context
def background_command(context: click.Context, /, **words: Any) -> int:
    """Find what moves before a fixed camera.

    FRAMES are the frames of a video as files (PNG, JPEG, WebP, BMP, TIFF): a folder, a quoted
    pattern, several files, or a TIFF of many pages. They are taken in the order of the numbers in
    their names: frame2 comes before frame10.
    """
    _refuse_contradictions(context, words)
    from gmmkit.cli.image.subtracting import Request, subtract_frames

    as_json = words.pop("as_json")
    return subtract_frames(Request(**words), as_json=as_json)


def _refuse_contradictions(context: click.Context, words: dict[str, Any]) -> None:
    """A model file fixes what it was learned with; a word against it is a slip, not a wish."""
    if words["tiff"] is not None and words["overlay"]:
        raise click.UsageError("--overlay and --tiff exclude each other", context)
    if words["model"] is not None:
        refuse_beside(context, "--model", _FIXED_BY_MODEL)
