"""What the library says of a fit, in the words of the command line.

The library names arguments and numbers columns; here there are options and names.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PHRASES = (
    ("try n_init=10", "try --starts 10"),
    ("start='kmeans', n_init=20", "--start kmeans --starts 20"),
    ("(n_init)", "(--starts)"),
    ("raise max_iter, or go on from this mixture (start=)", "raise --iterations"),
    ("give floor=", "give --floor"),
    ("give it as floor=", "give it as --floor"),
    ("or use 'diag'", "or take --covariance diag"),
    ("('diag', 'tied')", "(--covariance diag or tied)"),
)
# What is said of the table, or of all fits to it, is not about one of them.
_OF_ALL = ("every fit", "column")
_CONSTANT = re.compile(r"columns \[([\d, ]+)\] are constant")


@dataclass(frozen=True)
class Wording:
    """Rewords what is said of a fit to a table.

    Parameters
    ----------
    columns : sequence of str
        What the columns of the rows are called.

    Examples
    --------
    >>> Wording(["age", "size"])("columns [1] are constant: leave such out, or use 'diag'")
    "column 'size' is constant: leave such out, or take --covariance diag"
    """

    columns: Sequence[str]

    def __call__(self, text: str) -> str:
        """Return the text in the words of the command line."""
        for library, command_line in _PHRASES:
            text = text.replace(library, command_line)
        return _CONSTANT.sub(self._named, text)

    def among_candidates(self, text: str) -> str:
        """Return what is said of one or other of many fits.

        Examples
        --------
        >>> Wording(["age"]).among_candidates("1 component lost all rows")
        'among the candidates: 1 component lost all rows'
        """
        own = self(text)
        return own if own.startswith(_OF_ALL) else f"among the candidates: {own}"

    def _named(self, found: re.Match[str]) -> str:
        from gmmkit.io.table_request import listed

        names = [self.columns[int(number)] for number in found[1].split(",")]
        noun, verb = ("column", "is") if len(names) == 1 else ("columns", "are")
        return f"{noun} {listed(names)} {verb} constant"
