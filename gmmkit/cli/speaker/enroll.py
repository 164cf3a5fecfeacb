"""``gmmkit speaker enroll``: words, help texts and their checks."""

from pathlib import Path
from typing import Any

import click

from gmmkit.cli.options import json_option
from gmmkit.cli.session import debug_option
from gmmkit.cli.speaker.options import background_option, channel_option, registry_argument

_EPILOG = """\b
Examples:
  gmmkit speaker enroll people.db ana ana-1.wav ana-2.wav
  gmmkit speaker enroll people.db ana ana-3.wav --append
  gmmkit speaker enroll people.db --from-dirs people/     (one folder a person)

\b
This is not an authentication factor: a recording of a voice passes for the
voice. The registry keeps statistics of voices, which are personal data, and
no sound.
"""


@click.command("enroll", short_help="Enroll a person in a registry.", epilog=_EPILOG)
@registry_argument
@click.argument("words", nargs=-1, metavar="[NAME RECORDING...]")
@click.option(
    "--from-dirs",
    type=click.Path(path_type=Path),
    metavar="PEOPLE",
    help="Enroll everyone who has a folder with recordings in the folder PEOPLE, under its name.",
)
@click.option("--append", is_flag=True, help="Add the recordings to who is enrolled already.")
@click.option("--replace", is_flag=True, help="Put them in the place of who is enrolled already.")
@background_option("Of a new registry: what is known of voices in general.  [default: default]")
@click.option(
    "--model",
    type=click.Choice(["gmm-ubm", "gmm"]),
    default=None,
    help="Of a new registry: voices as changes of the background model, or the classic way, a "
    "mixture of each voice's own, which ranks people and does not know strangers.  "
    "[default: gmm-ubm]",
)
@channel_option
@json_option
@debug_option
def enroll_command(*, words: tuple[str, ...], **options: Any) -> int:
    """Enroll a person in a registry, a file that the first enrollment makes.

    RECORDING is a file (WAV, FLAC, Ogg, MP3, SPHERE) or sample:NAME. Ten seconds of speech or more
    in all make a good model; what is under one second in a recording is refused.
    """
    _check_words(words, options)
    from gmmkit.cli.speaker.enrolling import Existing, Request, enroll_people

    as_json = options.pop("as_json")
    append, replace = options.pop("append"), options.pop("replace")
    existing: Existing = "append" if append else "replace" if replace else "error"
    return enroll_people(Request(words=words, existing=existing, **options), as_json=as_json)


def _check_words(words: tuple[str, ...], options: dict[str, Any]) -> None:
    if options["append"] and options["replace"]:
        raise click.UsageError("--append and --replace exclude each other")
    if options["model"] == "gmm" and options["background"] is not None:
        raise click.UsageError("--model gmm has no background model: leave --background out")
    if options["from_dirs"] is not None:
        if words:
            raise click.UsageError("--from-dirs takes the names from folders: leave NAME out")
        return
    if not words:
        raise click.UsageError("say whom to enroll: NAME RECORDING..., or --from-dirs PEOPLE")
    if Path(words[0]).is_file():
        raise click.UsageError(
            f"{words[0]!r} is a file, where the name of a person should be: REGISTRY NAME "
            "RECORDING..."
        )
    if len(words) < 2:
        raise click.UsageError(f"no recording of {words[0]!r} is given")
