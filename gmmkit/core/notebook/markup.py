"""Small tables as HTML: escaped, without scripts or outside files, legible on light and dark.

Nothing sets a color: text, lines and bars take that of the page that shows them.
"""

from collections.abc import Iterable, Sequence
from html import escape

_CELL = "padding:.15em .8em .15em 0;border:none;text-align:{side};vertical-align:baseline"
_HEAD = "font-weight:normal;opacity:.65;border-bottom:1px solid currentColor"
_BAR = "display:inline-block;height:.6em;width:{width:.2f}em;background:currentColor;opacity:.45"
_BAR_WIDTH = 5.0


def paragraph(text: str, *, strong: bool = False) -> str:
    """Return a paragraph, the text escaped.

    Examples
    --------
    >>> paragraph("a < b")
    '<p style="margin:.4em 0">a &lt; b</p>'
    """
    inside = f"<strong>{escape(text)}</strong>" if strong else escape(text)
    return f'<p style="margin:.4em 0">{inside}</p>'


def bullets(texts: Iterable[str]) -> str:
    """Return a list, its entries escaped; nothing if there are none.

    Examples
    --------
    >>> bullets([])
    ''
    """
    entries = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<ul style="margin:.4em 0">{entries}</ul>' if entries else ""


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, left: Iterable[int] = ()) -> str:
    """Return a table, its cells escaped.

    Parameters
    ----------
    header : sequence of str
    rows : iterable of sequences of str
        As long as the header.
    left : iterable of int
        Which columns are words and stand to the left; the others are numbers.

    Examples
    --------
    >>> table(["name"], [["a&b"]], left=[0]).count("a&amp;b")
    1
    """
    sides = ["left" if index in set(left) else "right" for index in range(len(header))]
    head = _line("th", header, sides, f";{_HEAD}")
    body = "".join(_line("td", row, sides) for row in rows)
    style = "border-collapse:collapse;border:none;margin:.4em 0;font-variant-numeric:tabular-nums"
    return f'<table style="{style}"><thead>{head}</thead><tbody>{body}</tbody></table>'


def card(title: str, *parts: str) -> str:
    """Return parts, which are markup already, under a title, which is escaped.

    Examples
    --------
    >>> card("<Mixture>", paragraph("x")).count("&lt;Mixture&gt;")
    1
    """
    return f'<div style="overflow-x:auto">{paragraph(title, strong=True)}{"".join(parts)}</div>'


def _line(tag: str, cells: Sequence[str], sides: Sequence[str], style: str = "") -> str:
    pairs = zip(cells, sides, strict=True)
    inside = (
        f'<{tag} style="{_CELL.format(side=side)}{style}">{escape(cell)}</{tag}>'
        for cell, side in pairs
    )
    return f'<tr style="background:none">{"".join(inside)}</tr>'
