"""``gmmkit image …``: the group and its commands."""

import click

from gmmkit.cli.image.background import background_command
from gmmkit.cli.image.cutout import cutout_command
from gmmkit.cli.image.evaluate import evaluate_command
from gmmkit.cli.image.regions import regions_command
from gmmkit.cli.image.segment import segment_command


@click.group("image")
def image_group() -> None:
    """Segment photos and other images."""


image_group.add_command(segment_command)
image_group.add_command(regions_command)
image_group.add_command(evaluate_command)
image_group.add_command(background_command)
image_group.add_command(cutout_command)
