"""``gmmkit image …``: the group and its commands."""

import click

from gmmkit.cli.image.segment import segment_command


@click.group("image")
def image_group() -> None:
    """Segment photos and other images."""


image_group.add_command(segment_command)
