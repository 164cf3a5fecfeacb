"""``gmmkit image evaluate``: words, help texts and their checks."""

from pathlib import Path
from typing import Any

import click

from gmmkit.cli.drawing import picture_name
from gmmkit.cli.options import force_option, jobs_option, json_option
from gmmkit.cli.session import debug_option

_EPILOG = """\b
Examples:
  gmmkit image evaluate labels.png truth.mat
  gmmkit image evaluate out/ BSDS500/groundTruth/val -o pictures.csv
  gmmkit image evaluate 'ucm2/*.mat' groundTruth/ --curve curve.svg
  gmmkit image evaluate png/ groundTruth/ --kind strength

\b
RESULTS and TRUTH are files, folders or quoted patterns, matched by name:
  .mat          groundTruth, segs or ucm2, as in BSDS500
  .npz          segmentations (n, H, W), labels (H, W), or ucm2
  .png, .tif    labels, a value for each region; the indices of a palette; what
                gmmkit wrote as excluded, and a GDAL "no data" value, count nowhere

\b
A map of boundary strengths (ucm2, floats, or gray images with --kind
strength) is cut at every threshold. Three kinds of choosing one:
  best        the one that suits this measure best, over all pictures (ODS)
  own best    for each picture the one that suits it best (OIS)
  at T        one for all pictures and all measures

\b
What is measured:
  covering    overlap of each annotated region with its best match, 0 to 1
  Rand index  share of pairs of pixels that are rightly together or apart
  variation of information  bits that one tells beyond the other
  consistency error         how far from one refining the other
  boundary F  boundary pixels matched one to one within 0.0075 diagonals
  boundary displacement     mean distance of boundaries, in pixels

\b
Exit codes: 0 done; 2 wrong usage; 3 a file that can not be used, such as one
of another size than its annotation (the other pictures are still done).
"""


@click.command("evaluate", short_help="Compare segmentations with people's own.", epilog=_EPILOG)
@click.argument("results", metavar="RESULTS")
@click.argument("truth", metavar="TRUTH")
@click.option(
    "--kind",
    type=click.Choice(["auto", "labels", "strength"]),
    default="auto",
    show_default=True,
    help="What numbers in RESULTS mean: labels of regions or strengths of boundaries. By itself, "
    "whole numbers are labels and floats are strengths.",
)
@click.option(
    "--thresholds",
    type=click.IntRange(min=1, max=9999),
    default=99,
    show_default=True,
    metavar="N",
    help="How many thresholds to cut strengths at, evenly between 0 and 1.",
)
@click.option(
    "--at",
    type=click.FloatRange(min=0.0, min_open=True),
    default=None,
    metavar="T",
    help="The one threshold for all measures, or of several label maps the number, from 1.  "
    "[default: the best for covering]",
)
@click.option(
    "--measures",
    type=click.Choice(["all", "regions", "boundaries"]),
    default="all",
    show_default=True,
    help="Regions alone take a tenth of a second a photo, boundaries some seconds.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0.0, max=1.0),
    default=0.0075,
    show_default=True,
    metavar="SHARE",
    help="How far apart matching boundary pixels may be, as a share of the diagonal.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a table with a row for each picture: .csv, .tsv or .parquet.",
)
@click.option(
    "--curve",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=picture_name,
    metavar="FILE",
    help="Draw precision over recall of boundaries: .png or .svg.",
)
@jobs_option("Pictures to do at a time; the result does not depend on it.  [default: all cores]")
@force_option
@json_option
@debug_option
def evaluate_command(**options: Any) -> int:
    """Say how well segmentations agree with annotations, such as people's own.

    Each picture has a result and one or more annotations. Every measure is computed against all of
    them, at every threshold if the result is a map of boundary strengths.
    """
    if options["curve"] is not None and options["measures"] == "regions":
        raise click.UsageError("--curve is about boundaries: leave --measures regions out")
    from gmmkit.cli.image.evaluating import Request, evaluate_files

    as_json = options.pop("as_json")
    return evaluate_files(Request(**options), as_json=as_json)
