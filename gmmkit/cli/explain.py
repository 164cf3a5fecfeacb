"""``gmmkit explain``: words, help texts and their checks."""

from pathlib import Path
from typing import Any

import click

from gmmkit.cli.options import force_option, json_option, seed_option
from gmmkit.cli.session import debug_option

_EPILOG = """\b
Examples:
  gmmkit explain                              a basket of fruits, in words
  gmmkit explain -o lesson.gif                the same as an animation
  gmmkit explain -o frames                    ... or a picture of each step
  gmmkit explain --columns diameter_mm,hue_deg --seed 3
  gmmkit explain my.csv -k 2 --columns height_cm,weight_kg

\b
The basket (sample:fruit-basket) holds 60 apples, 50 oranges and 40 lemons. EM
sees what the scale and the ruler say, and never the names.
"""


@click.command("explain", epilog=_EPILOG)
@click.argument("table", default="sample:fruit-basket", metavar="[TABLE]")
@click.option(
    "-k",
    "--components",
    type=click.IntRange(min=1, max=7),
    default=3,
    show_default=True,
    metavar="K",
    help="How many groups to look for, up to 7.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE.gif|DIR",
    help="Draw it too: an animation, or a folder with a picture of each step.",
)
@click.option(
    "--columns",
    default=None,
    metavar="NAMES",
    help="Which columns to look at, joined by commas; pictures show the first two.  "
    "[default: the first two columns of numbers]",
)
@click.option("--both", "assignment", flag_value="both", default=True, help="Soft, then hard.")
@click.option("--soft", "assignment", flag_value="soft", help="Rows belong to groups in part.")
@click.option("--hard", "assignment", flag_value="hard", help="Each row belongs to one alone.")
@seed_option("What the start is drawn by. Another start may end elsewhere.")
@force_option
@json_option
@debug_option
def explain_command(**words: Any) -> int:
    """Watch a mixture being found, step by step, in plain words.

    TABLE is a CSV or Parquet file of at most 5,000 rows; without one, a basket of fruits.
    """
    from gmmkit.cli.explaining import ExplainRequest, explain_table

    names = words.pop("columns")
    columns = None if names is None else tuple(name.strip() for name in names.split(","))
    as_json = words.pop("as_json")
    return explain_table(ExplainRequest(columns=columns, **words), as_json=as_json)
