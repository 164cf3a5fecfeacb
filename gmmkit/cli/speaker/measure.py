"""``gmmkit speaker calibrate|score|evaluate``: words, help texts and their checks."""

from pathlib import Path
from typing import Any

import click

from gmmkit.cli.drawing import picture_name
from gmmkit.cli.options import force_option, json_option, seed_option, threads_option
from gmmkit.cli.session import debug_option
from gmmkit.cli.speaker.options import (
    background_option,
    channel_option,
    registry_argument,
    trials_option,
)

_CALIBRATE_EPILOG = """\b
The models of the trials are people in the registry, the tests are recordings
that they were not enrolled with. The more people and the more like your own
conditions the better; 20 people with two tests each are a beginning. Figures
are of trials of people whom the calibration was not fitted to.
"""
_SCORE_EPILOG = """\b
Examples:
  gmmkit speaker score people.db --trials list.txt --audio wav/ -o scores.txt
  gmmkit speaker score --trials veri_test.txt --audio wav/ -o scores.txt

\b
With a REGISTRY the models of the trials are people in it, and scores are
those of its other commands. Without one each model is a recording, which is
enrolled by itself, and a score depends on the two recordings alone. A
recording that can not be used has the word 'refused' for a score.

\b
--norm puts another normalization in the place of the usual one: none, by the
model (z), by the test (t), by both (s), or by both with the nearest fifty
(as); all but none need recordings of other people, --cohort DIR. What it
gives is not calibrated.
"""
_EVALUATE_EPILOG = """\b
Examples:
  gmmkit speaker evaluate scores.txt trials.txt
  gmmkit speaker evaluate scores.txt trials.txt --op sre08,0.05 --det det.svg

\b
Refused trials count as errors. Cllr and actDCF are about log-likelihood
ratios: of scores that are none they say nothing. Intervals are of speakers
drawn anew, who are taken from the trials: what a target trial joins is one
speaker.
"""


@click.command(
    "calibrate", short_help="Fit log-likelihood ratios to known trials.", epilog=_CALIBRATE_EPILOG
)
@registry_argument
@trials_option
@channel_option
@threads_option
@json_option
@debug_option
def calibrate_command(**options: Any) -> None:
    """Fit the registry's log-likelihood ratios to trials whose answers are known."""
    from gmmkit.cli.speaker.calibrating import Request, calibrate

    as_json = options.pop("as_json")
    calibrate(Request(**options), as_json=as_json)


@click.command("score", short_help="Score a list of trials.", epilog=_SCORE_EPILOG)
@click.argument("registry", type=click.Path(path_type=Path), required=False, metavar="[REGISTRY]")
@trials_option
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="Where the scores go, a line 'model test score' for each trial.",
)
@click.option("--header", is_flag=True, help="Write a table with a header, parted by tabs.")
@click.option(
    "--norm",
    type=click.Choice(["none", "z", "t", "s", "as"]),
    default=None,
    help="Another normalization of scores.  [default: the usual one, then calibration]",
)
@click.option(
    "--cohort",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Recordings of other people, for --norm.",
)
@background_option("What is known of voices in general, without a REGISTRY.  [default: default]")
@channel_option
@threads_option
@force_option
@json_option
@debug_option
def score_command(**options: Any) -> None:
    """Score a list of trials, for evaluate or other programs."""
    if options["registry"] is not None and options["background"] is not None:
        raise click.UsageError("a REGISTRY has its background model: leave --background out")
    if (options["norm"] not in (None, "none")) != (options["cohort"] is not None):
        raise click.UsageError("--norm z, t, s and as go together with --cohort DIR")
    from gmmkit.cli.speaker.scoring import Request, score

    as_json = options.pop("as_json")
    score(Request(**options), as_json=as_json)


@click.command(
    "evaluate", short_help="Say how well scores tell speakers apart.", epilog=_EVALUATE_EPILOG
)
@click.argument("scores", type=click.Path(path_type=Path))
@click.argument("trials", type=click.Path(path_type=Path))
@click.option(
    "--op",
    "points",
    default="0.01,0.05",
    show_default=True,
    metavar="POINTS",
    help="Operating points, joined by commas: presets such as sre08, priors, or "
    "PRIOR:COST_MISS:COST_FALSE_ALARM.",
)
@click.option(
    "--det",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=picture_name,
    metavar="FILE",
    help="Draw the detection error trade-off into a .png or .svg file.",
)
@click.option(
    "--bootstrap",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    metavar="N",
    help="Draws of speakers for 95 % intervals; 0 leaves them out.",
)
@seed_option("Start of the draws.")
@force_option
@json_option
@debug_option
def evaluate_command(**options: Any) -> None:
    """Say how well scores tell speakers apart: SCORES of the trials in TRIALS."""
    from gmmkit.cli.speaker.evaluating import Request, evaluate

    as_json = options.pop("as_json")
    evaluate(Request(**options), as_json=as_json)
