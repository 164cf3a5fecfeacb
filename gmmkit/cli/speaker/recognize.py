"""``gmmkit speaker identify|verify|compare``: words, help texts and their checks."""

from pathlib import Path

import click

from gmmkit.cli.options import json_option
from gmmkit.cli.session import debug_option
from gmmkit.cli.speaker.options import (
    LLR_EPILOG,
    background_option,
    channel_option,
    registry_argument,
    threshold_options,
)


@click.command(
    "identify", short_help="Say who speaks, or that it is none of them.", epilog=LLR_EPILOG
)
@registry_argument
@click.argument("recordings", nargs=-1, required=True, metavar="RECORDING...")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    metavar="N",
    help="How many candidates to list.",
)
@click.option(
    "--closed-set",
    is_flag=True,
    help="The speaker is known to be enrolled: always name the best, never answer 'unknown'.",
)
@channel_option
@json_option
@debug_option
def identify_command(
    *,
    registry: Path,
    recordings: tuple[str, ...],
    top: int,
    closed_set: bool,
    channel: int | None,
    as_json: bool,
) -> int:
    """Say who of the people enrolled speaks in each recording, or that it is none of them.

    Prints an answer and a ranked list. The more people are enrolled, the more evidence a name
    takes, so that strangers stay unknown. The exit code is 0 whoever it is.
    """
    from gmmkit.cli.speaker.identifying import Question, identify_all

    question = Question(registry, recordings, top, closed_set, channel)
    return identify_all(question, as_json=as_json)


@click.command("verify", short_help="Check the claim that a person speaks.", epilog=LLR_EPILOG)
@registry_argument
@click.argument("name")
@click.argument("recording")
@threshold_options
@channel_option
@json_option
@debug_option
def verify_command(
    *,
    registry: Path,
    name: str,
    recording: str,
    threshold: float | None,
    operating_point: str | None,
    channel: int | None,
    as_json: bool,
) -> int:
    """Check the claim that NAME speaks in a recording.

    The exit code is 0 if the claim is accepted and 7 if it is rejected. This is not an
    authentication factor: a recording of a voice passes for the voice.
    """
    from gmmkit.cli.speaker.verifying import chosen_threshold, verify_claim

    return verify_claim(
        registry,
        name,
        recording,
        threshold=chosen_threshold(threshold, operating_point),
        channel=channel,
        as_json=as_json,
    )


@click.command(
    "compare", short_help="Say whether two recordings are of one voice.", epilog=LLR_EPILOG
)
@click.argument("first")
@click.argument("second")
@background_option("What is known of voices in general.  [default: default]")
@threshold_options
@click.option(
    "--exit-status", is_flag=True, help="End with exit code 7 if the voices differ, for scripts."
)
@channel_option
@json_option
@debug_option
def compare_command(
    *,
    first: str,
    second: str,
    background: str | None,
    threshold: float | None,
    operating_point: str | None,
    exit_status: bool,
    channel: int | None,
    as_json: bool,
) -> int:
    """Say whether two recordings are of the same voice, without a registry."""
    from gmmkit.cli.speaker.verifying import chosen_threshold, compare_recordings

    code = compare_recordings(
        (first, second),
        background=background,
        threshold=chosen_threshold(threshold, operating_point),
        channel=channel,
        as_json=as_json,
    )
    return code if exit_status else 0
