"""``gmmkit speaker train-ubm``: words, help texts and their checks."""

from pathlib import Path
from typing import Any

import click

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
  gmmkit speaker train-ubm corpus/ -o own.gmm         (one folder a speaker)
  gmmkit speaker train-ubm list.txt -o own.gmm --preset fast
  gmmkit speaker enroll people.db ana a.wav --background own.gmm

\b
A LIST is a text file with a line for each recording, 'speaker path' or the
path alone, which makes each recording a speaker of its own. Minutes of speech
of a hundred people are a good beginning. Without a calibration a background
model ranks people and decides nothing: see gmmkit speaker calibrate.
"""


@click.command("train-ubm", short_help="Train a background model of your own.", epilog=_EPILOG)
@click.argument("sources", nargs=-1, required=True, metavar="DIR|LIST...")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=model_name,
    required=True,
    metavar="FILE.gmm",
    help="Where the model goes.",
)
@click.option(
    "--preset",
    type=click.Choice(["default", "fast", "telephone"]),
    default="default",
    show_default=True,
    help="Which front ends listen: four at 16 kHz, one of them, or one for telephone speech.",
)
@click.option(
    "--components",
    type=click.IntRange(min=1),
    default=128,
    show_default=True,
    metavar="K",
    help="Gaussians in each mixture.",
)
@click.option(
    "--start",
    type=click.Choice(["kmeans", "splitting"]),
    default="kmeans",
    show_default=True,
    help="Where the mixture begins: at clusters, or at one Gaussian that is split.",
)
@click.option(
    "--cohort",
    type=click.IntRange(min=2),
    default=80,
    show_default=True,
    metavar="N",
    help="How many of the speakers stand for those whom nobody enrolls.",
)
@seed_option("Start of every random choice: the same seed gives the same file.")
@click.option(
    "--audio",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="What the paths in a LIST are relative to.  [default: the current folder]",
)
@threads_option
@force_option
@json_option
@debug_option
def train_command(**options: Any) -> None:
    """Train a universal background model on recordings of many people."""
    from gmmkit.cli.speaker.training import Request, train

    as_json = options.pop("as_json")
    train(Request(**options), as_json=as_json)
