"""The root of the command line: which groups there are, and how a run begins and ends."""

from collections.abc import Sequence

import click

from gmmkit.cli.doctor import doctor_command
from gmmkit.cli.explain import explain_command
from gmmkit.cli.image.group import image_group
from gmmkit.cli.image.segment import segment_command
from gmmkit.cli.session import Session, debug_option, guarded
from gmmkit.cli.speaker.group import speaker_group
from gmmkit.cli.table.commands import COMMANDS as TABLE_COMMANDS

_EPILOG = """\b
Examples:
  gmmkit segment photo.jpg -k 5       find 5 classes of pixels in a photo
  gmmkit segment sample:coffee        try it without a photo of your own
  gmmkit segment --help               everything that segment can do
  gmmkit speaker enroll people.db ana ana-*.wav
  gmmkit speaker identify people.db someone.wav
  gmmkit fit measures.csv -k 3 -o measures.gmm
  gmmkit select measures.csv          how many groups of rows there are
  gmmkit explain                      what a mixture is, on a basket of fruits

Results go to standard output, messages to standard error.
"""


def _print_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        from gmmkit import __version__

        click.echo(f"gmmkit {__version__}")
        context.exit()


@click.group("gmmkit", epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the version and exit.",
)
@debug_option
def root() -> None:
    """Gaussian mixtures at work: find the few kinds of things that make up your data.

    gmmkit describes data as a mixture of a few bell-shaped clouds of points and tells you which
    cloud each point belongs to. For a photo, the points are pixels and the result is a mask. For a
    voice, they are moments of speech, and the result says who speaks.
    """


root.add_command(segment_command)
root.add_command(image_group)
root.add_command(speaker_group)
for _command in TABLE_COMMANDS:
    root.add_command(_command)
root.add_command(explain_command)
root.add_command(doctor_command)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str
        The words after ``gmmkit``.

    Returns
    -------
    int
        0 on success; the other codes are listed in README.md.

    Examples
    --------
    >>> run(["--version"])  # doctest: +ELLIPSIS
    gmmkit ...
    0
    """

    def invoke(session: Session) -> object:
        return root.main(list(arguments), prog_name="gmmkit", standalone_mode=False, obj=session)

    return guarded(invoke)
