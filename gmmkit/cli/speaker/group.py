"""``gmmkit speaker …``: the group and its commands."""

import click

from gmmkit.cli.session import debug_option
from gmmkit.cli.speaker.enroll import enroll_command
from gmmkit.cli.speaker.measure import calibrate_command, evaluate_command, score_command
from gmmkit.cli.speaker.people import (
    export_command,
    import_command,
    list_command,
    remove_command,
    rename_command,
    show_command,
)
from gmmkit.cli.speaker.recognize import compare_command, identify_command, verify_command
from gmmkit.cli.speaker.train import train_command

_EPILOG = """\b
Examples:
  gmmkit speaker enroll people.db ana data/speech/ana-*.wav
  gmmkit speaker enroll people.db ben data/speech/ben-*.wav
  gmmkit speaker identify people.db data/speech/someone.wav
  gmmkit speaker verify people.db ana data/speech/someone.wav
  gmmkit speaker compare a.wav b.wav

\b
This is not an authentication factor: a recording of a voice passes for the
voice.

\b
Exit codes: 0 done, whoever it is; 2 wrong usage; 3 a recording, name or
option that can not be used (other recordings are still done); 4 a bad
registry or model file; 6 a registry that another process is writing to;
7 a claim that is rejected (verify).
"""
_COMMANDS = (
    enroll_command,
    identify_command,
    verify_command,
    compare_command,
    list_command,
    show_command,
    rename_command,
    remove_command,
    export_command,
    import_command,
    train_command,
    calibrate_command,
    score_command,
    evaluate_command,
)


class _InOrder(click.Group):
    """A group whose help lists commands in the order in which one needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group("speaker", cls=_InOrder, epilog=_EPILOG)
@debug_option
def speaker_group() -> None:
    """Recognize people by their voices: who speaks, and is it who they say?"""


for _command in _COMMANDS:
    speaker_group.add_command(_command)
