"""``gmmkit fit|select``: words, help texts and their checks."""

from pathlib import Path
from typing import Any

import click

from gmmkit.cli.drawing import picture_name
from gmmkit.cli.options import force_option, jobs_option, json_option, threads_option
from gmmkit.cli.session import debug_option
from gmmkit.cli.table.fit_options import (
    FAMILIES,
    check_fit_words,
    components_option,
    data_options,
    fit_options,
    model_option,
    split_families,
)
from gmmkit.cli.table.long_options import (
    large_table_options,
    long_fit_options,
    settle_long_fit_words,
)
from gmmkit.cli.table.options import table_options

_FIT_EPILOG = """\b
Examples:
  gmmkit fit measures.csv -k 3 -o measures.gmm
  gmmkit fit measures.csv -k auto --drop id,name --covariance tied
  gmmkit fit export.csv -k 4 --delimiter ';' --decimal , --columns age,income
  gmmkit fit sample:fruit-basket -k 3 --drop fruit
  gmmkit fit rows.npy -k 8 --checkpoint rows.progress -o rows.gmm

\b
The first line of a table names its columns; those of a .npy are named by their
numbers, from 0. All of them are compared, and one that holds text is refused:
choose by --columns or --drop. With full, tied and diag, units do not matter:
grams and kilograms give the same groups.

\b
A .npy and a table above 1 GB are passed over block by block: the model is the
same, and --labels, --missing and --trim, which need all rows, are refused.

\b
Exit codes: 0 done; 2 wrong usage; 3 a table, an option or a scheduler that can
not be used; 4 a --checkpoint that is another file; 5 a degenerate fit (with
--strict); 130 interrupted.
"""
_SELECT_EPILOG = """\b
Examples:
  gmmkit select measures.csv --drop id,name
  gmmkit select measures.csv -k 2:6 --covariance all -o best.gmm --plot bic.png
  gmmkit select sample:fruit-basket --drop fruit --criterion held-out

\b
Every covariance is fitted with every number of components, and all fits are
ranked. A fit of which a component collapsed is never the best. Where several
components describe one group that is not bell-shaped, entropy says which
(Baudry et al. 2010); the model keeps them apart.

\b
  bic       likelihood less a price for each parameter (the usual choice)
  icl       the same, and groups that overlap cost extra
  aic       a lower price: more components
  held-out  how likely rows are that were not fitted, by cross-validation
Of a .npy or a table above 1 GB, which is passed over block by block: bic or aic.
"""


@click.command("fit", short_help="Fit a mixture to the rows of a table.", epilog=_FIT_EPILOG)
@click.argument("table", metavar="TABLE")
@components_option(required=True)
@model_option("Where the model goes.  [default: it is only described]")
@click.option(
    "--covariance",
    type=click.Choice(FAMILIES, case_sensitive=False),
    default="full",
    show_default=True,
    metavar="FAMILY",
    help="How freely the shape of a group may vary: each its own in any direction (full), one for "
    "all (tied), along the columns only (diag), round (spherical); or a family as mclust calls "
    "it, EII to VVV.",
)
@data_options
@click.option(
    "--labels",
    default=None,
    metavar="NAME",
    help="The column that names the groups of those rows of which they are known, empty for the "
    "others; not compared itself.",
)
@fit_options
@long_fit_options
@table_options
@large_table_options
@threads_option
@force_option
@json_option
@debug_option
def fit_command(**words: Any) -> None:
    """Find the few kinds of rows that make up a table.

    TABLE is a CSV, TSV, Parquet or .npy file, or sample:NAME. Nothing has to be labeled before:
    rows that are alike become a group, with a center, a spread and a share.
    """
    check_fit_words(words)
    if words["labels"] and len(words["components"]) > 1:
        raise click.UsageError("--labels takes one number of components: -k K")
    settle_long_fit_words(words)
    from gmmkit.cli.table.fitting import Request, fit_table

    as_json = words.pop("as_json")
    fit_table(Request(**words), as_json=as_json)


@click.command("select", short_help="Say how many groups, of which shape.", epilog=_SELECT_EPILOG)
@click.argument("table", metavar="TABLE")
@components_option(default="1:9")
@click.option(
    "--covariance",
    "covariances",
    default=None,
    callback=split_families,
    metavar="FAMILIES",
    help="Which shapes to try, joined by commas, or all for mclust's fourteen.  "
    "[default: full,tied,diag,spherical]",
)
@click.option(
    "--criterion",
    type=click.Choice(["bic", "icl", "aic", "held-out"]),
    default="bic",
    show_default=True,
    help="What fits are compared by.",
)
@click.option(
    "--folds",
    type=click.IntRange(min=2, max=1000),
    default=None,
    metavar="N",
    help="Into how many parts held-out cuts the table.  [default: 5]",
)
@model_option("Where the best model goes.  [default: it is not kept]")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=picture_name,
    default=None,
    metavar="FILE",
    help="Draw the criterion against the number of components: a .png or .svg file.",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="How many of the fits to list; --json lists all.",
)
@data_options
@fit_options
@table_options
@large_table_options
@jobs_option(
    "How many fits to run side by side, each on a CPU of its own; the result does not depend on "
    "it.  [default: one after the other]"
)
@force_option
@json_option
@debug_option
def select_command(**words: Any) -> None:
    """Say how many groups of rows a table has, and of which shape they are.

    TABLE is a CSV, TSV, Parquet or .npy file, or sample:NAME.
    """
    check_fit_words(words)
    if words["folds"] is not None and words["criterion"] != "held-out":
        raise click.UsageError("--folds goes with --criterion held-out")
    words["folds"] = words["folds"] or 5
    words["criterion"] = words["criterion"].replace("-", "_")
    from gmmkit.cli.table.selecting import Request, select_table

    as_json = words.pop("as_json")
    select_table(Request(**words), as_json=as_json)
