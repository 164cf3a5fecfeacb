"""A fit while it runs: which iteration it is in, what the last one saw, how far it has come."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gmmkit.cli.progress import Passes
from gmmkit.cli.table.counting import CountedSource
from gmmkit.core.sources.blocks import Source

if TYPE_CHECKING:
    from gmmkit.core.checks import Float64Array
    from gmmkit.core.em import Iteration


class Following:
    """Shows the iterations of a fit, and how far each is through the rows.

    Parameters
    ----------
    shown : Passes
    name : str
        Of the fit, where there are several.
    on_pass : callable, optional
        Called when a pass over the rows begins.

    Examples
    --------
    >>> from gmmkit.core.em import Iteration
    >>> shown = []
    >>> following = Following(Passes(lambda text, share: shown.append(text), print))
    >>> following.on_iteration(12, Iteration(-3.5, "float64", 0))
    >>> shown[-1]
    'iteration 12, mean log likelihood -3.500000'
    """

    def __init__(
        self, shown: Passes, name: str = "", on_pass: Callable[[], None] | None = None
    ) -> None:
        self._shown = shown
        self._before = f"{name}: " if name else ""
        self._on_pass = on_pass
        self._text = f"{self._before}looking for a start"
        shown.show(self._text, None)

    def watched(self, rows: "Float64Array | Source") -> "Float64Array | Source":
        """Return rows that tell how far a pass has come, if they are passed over."""
        return CountedSource(rows, self._on_piece) if isinstance(rows, Source) else rows

    def on_iteration(self, number: int, saw: "Iteration") -> None:
        """Show that an iteration ended."""
        likelihood = f"mean log likelihood {saw.log_likelihood:,.6f}"
        self._text = f"{self._before}iteration {number}, {likelihood}"
        self._shown.show(self._text, None)

    def _on_piece(self, share: float) -> None:
        if share == 0 and self._on_pass is not None:
            self._on_pass()
        self._shown.show(self._text, share)
