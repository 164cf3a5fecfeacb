"""``gmmkit speaker list|show|rename|remove|export|import``: words, help texts and their checks."""

from pathlib import Path

import click

from gmmkit.cli.options import force_option, json_option
from gmmkit.cli.session import debug_option
from gmmkit.cli.speaker.options import registry_argument


@click.command("list", short_help="List who is enrolled.")
@registry_argument
@click.option(
    "-l", "--long", "in_detail", is_flag=True, help="Seconds of speech and recordings too."
)
@json_option
@debug_option
def list_command(*, registry: Path, in_detail: bool, as_json: bool) -> None:
    """List who is enrolled, one name a line."""
    from gmmkit.cli.speaker.keeping import list_people

    list_people(registry, in_detail=in_detail, as_json=as_json)


@click.command("show", short_help="Show what is kept of a person or a registry.")
@registry_argument
@click.argument("name", required=False)
@json_option
@debug_option
def show_command(*, registry: Path, name: str | None, as_json: bool) -> None:
    """Show what is kept of a person, or, without NAME, what a registry was made with."""
    from gmmkit.cli.speaker.showing import show

    show(registry, name, as_json=as_json)


@click.command("rename")
@registry_argument
@click.argument("old")
@click.argument("new")
@debug_option
def rename_command(*, registry: Path, old: str, new: str) -> None:
    """Give a person another name."""
    from gmmkit.cli.speaker.keeping import rename

    rename(registry, old, new)


@click.command("remove", short_help="Erase what is kept of a person.")
@registry_argument
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@debug_option
def remove_command(*, registry: Path, name: str, yes: bool) -> None:
    """Erase everything that is kept of a person, in the file itself."""
    from gmmkit.cli.speaker.keeping import remove

    remove(registry, name, is_sure=yes)


@click.command("export", short_help="Write people to a new registry.")
@registry_argument
@click.argument("output", type=click.Path(path_type=Path), metavar="OUT")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@force_option
@debug_option
def export_command(*, registry: Path, output: Path, names: tuple[str, ...], force: bool) -> None:
    """Write everyone, or those who are named, to a new registry OUT."""
    from gmmkit.cli.speaker.keeping import export

    export(registry, output, names, force=force)


@click.command("import", short_help="Take over people of another registry.")
@registry_argument
@click.argument("source", type=click.Path(path_type=Path), metavar="FROM")
@click.option("--skip-existing", is_flag=True, help="Leave out names that are enrolled here.")
@click.option("--replace-existing", is_flag=True, help="Replace names that are enrolled here.")
@json_option
@debug_option
def import_command(
    *, registry: Path, source: Path, skip_existing: bool, replace_existing: bool, as_json: bool
) -> None:
    """Take over everyone in the registry FROM, made with the same background model, or nobody."""
    if skip_existing and replace_existing:
        raise click.UsageError("--skip-existing and --replace-existing exclude each other")
    from gmmkit.cli.speaker.keeping import import_people
    from gmmkit.speaker.storage.transfer import OnExisting

    fate: OnExisting = "skip" if skip_existing else "replace" if replace_existing else "error"
    import_people(registry, source, on_existing=fate, as_json=as_json)
