"""``gmmkit speaker list|rename|remove|export|import``: people in registry files, no sound."""

import sys
from pathlib import Path

import click

from gmmkit.cli.results import Report, columns, json_text, plural
from gmmkit.cli.session import collected_warnings, put, tell
from gmmkit.cli.speaker.registries import store_of
from gmmkit.errors import AlreadyEnrolledError, OutputExistsError
from gmmkit.speaker.storage.store import Store
from gmmkit.speaker.storage.transfer import OnExisting


def list_people(path: Path, *, in_detail: bool, as_json: bool) -> None:
    """Print who is enrolled.

    Raises
    ------
    GmmkitError
        If the registry cannot be read.
    """
    with store_of(path) as store, collected_warnings():
        names = list(store.names())
        details = _details(store) if in_detail else {}
    if as_json:
        people = {"people": list(details.values())} if in_detail else {}
        put(json_text("speaker.list", {"registry": str(path), "names": names} | people))
    elif in_detail:
        rows = [
            (each["name"], f"{each['seconds']:.1f} s", str(each["recordings"]))
            for each in details.values()
        ]
        put(columns([("name", "speech", "recordings"), *rows], right=[1, 2], indent=0))
    elif names:
        put("\n".join(names))
    if not names:
        tell("note", f"nobody is enrolled in {path}")


def rename(path: Path, old: str, new: str) -> None:
    """Give someone another name.

    Raises
    ------
    GmmkitError
        If nobody has the old name, someone else has the new one, or the registry cannot be written.
    """
    with collected_warnings(), store_of(path, read_only=False) as store:
        try:
            store.rename(old, new)
        except AlreadyEnrolledError as error:
            raise error.reworded(hint="another name, or remove that person first") from error
    put(f"{old}: now {new}")


def remove(path: Path, name: str, *, is_sure: bool) -> None:
    """Erase someone, after asking on a terminal.

    Raises
    ------
    click.UsageError
        If nobody can be asked and `is_sure` is false.
    GmmkitError
        If nobody has the name, or the registry cannot be written.
    """
    with store_of(path) as store:
        if name not in store:
            store.record(name)  # which refuses the name, and says which are near
    if not is_sure and not sys.stdin.isatty():
        raise click.UsageError(f"this would erase {name!r} for good: add --yes if that is meant")
    question = f"Erase everything that is kept of {name!r}?"
    if not is_sure and not click.confirm(question, err=True):
        tell("note", f"{name!r} is still enrolled")
        return
    with collected_warnings(), store_of(path, read_only=False) as store:
        store.remove(name)
    put(f"{name}: removed")


def export(path: Path, output: Path, names: tuple[str, ...], *, force: bool) -> None:
    """Write some or all of the people to a new registry.

    Raises
    ------
    GmmkitError
        If a name is not enrolled, the output exists, or a file cannot be read or written.
    """
    with collected_warnings(), store_of(path) as store:
        try:
            count = store.export(output, list(dict.fromkeys(names)) or None, force=force)
        except OutputExistsError as error:
            hint = "another name for the output" if force else "--force, or another name"
            raise error.reworded(hint=hint) from error
    put(f"{output}: {plural(count, 'person', 'people')} written")


def import_people(path: Path, source: Path, *, on_existing: OnExisting, as_json: bool) -> None:
    """Take over the people of another registry.

    Raises
    ------
    GmmkitError
        If names are taken, the registries were made with different models, or a file cannot be
        read or written.
    """
    with collected_warnings(), store_of(path, read_only=False) as store:
        try:
            done = store.import_from(source, on_existing=on_existing)
        except AlreadyEnrolledError as error:
            hint = "--skip-existing, --replace-existing, or rename them first"
            raise error.reworded(hint=hint) from error
    fates = {"added": done.added, "replaced": done.replaced, "skipped": done.skipped}
    if as_json:
        put(json_text("speaker.import", {"registry": str(path), "from": str(source), **fates}))
        return
    for fate, names in fates.items():
        for name in names:
            put(f"{name}: {fate}")


def _details(store: Store) -> dict[str, Report]:
    return {
        record.name: {
            "name": record.name,
            "seconds": record.facts.get("seconds", 0.0),
            "recordings": record.facts.get("n_recordings", 0),
        }
        for record in store.records(skip_damaged=True)
    }
