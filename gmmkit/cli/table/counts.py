"""How many components: one number, several, a range, or as many as a criterion says."""

import click

AUTO = tuple(range(1, 10))
_MOST_NUMBERS = 100
_SPELLINGS = "a number such as 3, a range such as 1:9, several such as 2,4,8, or auto (1:9)"


def component_counts(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[int, ...]:
    """Return the numbers of components that a word means, ascending.

    Raises
    ------
    click.UsageError
        If it means none.

    Examples
    --------
    >>> component_counts(None, None, "8,2:4")
    (2, 3, 4, 8)
    """
    if value is None:
        raise click.UsageError(f"-k is missing, the number of groups: {_SPELLINGS}")
    if value.strip().lower() == "auto":
        return AUTO
    spans = [_span(part) for part in value.split(",")]
    if sum(high - low + 1 for low, high in spans) > _MOST_NUMBERS:
        raise click.BadParameter(f"{value!r} is more than {_MOST_NUMBERS} numbers to try")
    return tuple(sorted({k for low, high in spans for k in range(low, high + 1)}))


def _span(part: str) -> tuple[int, int]:
    """Return the first and last number of a part such as 4 or 2:6."""
    words = [word.strip() for word in part.split(":")]
    if len(words) > 2 or not all(word.isascii() and word.isdecimal() for word in words):
        raise click.BadParameter(f"{part!r} is not {_SPELLINGS}")
    low, high = int(words[0]), int(words[-1])
    if not 0 < low <= high:
        raise click.BadParameter(f"{part!r} does not go up from 1 or more")
    return low, high
