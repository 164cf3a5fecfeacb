"""``gmmkit score|sample|inspect``: words, help texts and their checks."""

from pathlib import Path
from typing import Any

import click

from gmmkit.cli.options import force_option, json_option, seed_option
from gmmkit.cli.session import debug_option
from gmmkit.cli.table.fit_commands import fit_command, select_command
from gmmkit.cli.table.long_options import large_table_options, scheduler_option
from gmmkit.cli.table.options import names_option, output_option, table_options

_SCORE_EPILOG = """\b
Examples:
  gmmkit score measures.gmm new.csv -o scores.csv --keep id
  gmmkit score measures.gmm new.csv > scores.csv
  gmmkit score rows.gmm rows.npy -o scores.parquet

\b
Columns are found by their names, in whatever order they stand. Each row gets
  component         the group that it most probably belongs to; -1 for noise
  probability       how probable that group is
  log_density       how usual such a row is, in nats: the lower, the stranger
  tail_probability  how often a row of the model's own is at least as strange:
                    0.001 is one in a thousand (not for a model with noise,
                    and not with --no-tail, which is faster)

\b
A .npy and a table above 1 GB are passed over block by block, and results are
written as they come; --keep then takes columns of numbers, and no cell may be
missing. The columns of a .npy are named by their numbers, from 0.

\b
Exit codes: 0 done; 2 wrong usage; 3 a table, an option or a scheduler that can
not be used; 4 a file that is no model of a table; 130 interrupted.
"""
_SAMPLE_EPILOG = """\b
Examples:
  gmmkit sample measures.gmm -n 1000 -o drawn.csv
  gmmkit sample measures.gmm -n 5 --labels
"""


@click.command("score", short_help="Say which group each row belongs to.", epilog=_SCORE_EPILOG)
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL.gmm")
@click.argument("table", metavar="TABLE")
@output_option("FILE", "A .csv, .tsv or .parquet file.  [default: CSV on standard output]")
@names_option("--keep", name="keep", text="Columns to copy beside the results, such as an id.")
@click.option("--no-tail", is_flag=True, help="Leave the tail probabilities out.")
@scheduler_option("Score")
@table_options
@large_table_options
@force_option
@json_option
@debug_option
def score_command(**words: Any) -> None:
    """Say which group of a fitted model each row of a TABLE belongs to, and how surely.

    TABLE is a CSV, TSV, Parquet or .npy file, or sample:NAME.
    """
    from gmmkit.cli.table.scoring import Request, score_table

    as_json = words.pop("as_json")
    score_table(Request(**words), as_json=as_json)


@click.command("sample", short_help="Draw new rows from a model.", epilog=_SAMPLE_EPILOG)
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL.gmm")
@click.option(
    "-n",
    "--rows",
    "count",
    type=click.IntRange(min=1, max=100_000_000),
    required=True,
    metavar="N",
    help="How many rows to draw.",
)
@output_option("FILE", "A .csv, .tsv or .parquet file.  [default: CSV on standard output]")
@click.option("--labels", is_flag=True, help="Also say which group each row comes from.")
@seed_option("The same seed draws the same rows.")
@force_option
@json_option
@debug_option
def sample_command(**words: Any) -> None:
    """Draw new rows that look like those that a model was fitted to."""
    from gmmkit.cli.table.sampling import Request, sample_table

    as_json = words.pop("as_json")
    sample_table(Request(**words), as_json=as_json)


@click.command("inspect", short_help="Show what a model file holds.")
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL.gmm")
@json_option
@debug_option
def inspect_command(*, model: Path, as_json: bool) -> None:
    """Show what a model file holds: of tables, pictures, voices, or a bare mixture."""
    from gmmkit.cli.table.inspecting import inspect_model

    inspect_model(model, as_json=as_json)


COMMANDS = (fit_command, select_command, score_command, sample_command, inspect_command)
