"""The records of a text table: cells parted and unquoted, each record with its line."""

import csv
from collections.abc import Iterable, Iterator

from gmmkit.errors import TableError
from gmmkit.io.table_text import LONGEST_RECORD, too_long

Records = Iterator[tuple[int, list[str]]]


class _Feed(Iterator[str]):
    """Lines for the csv module, which itself sets no end to a record that is never closed."""

    def __init__(self, lines: Iterable[str], label: str) -> None:
        self.record_size = 0
        self.record_line = 1
        self._lines = iter(lines)
        self._label = label

    def __next__(self) -> str:
        line = next(self._lines)
        self.record_size += len(line)
        if self.record_size > LONGEST_RECORD:
            raise too_long(self._label, self.record_line)
        return line


def records_of(source: Iterable[str], delimiter: str, line: int, label: str) -> Records:
    """Yield the cells of each record with the line that it begins in.

    Parameters
    ----------
    source : iterable of str
        Lines with their ends.
    delimiter : str
    line : int
        The number of the first of them in the file.
    label : str
        The file's name, for errors.

    Raises
    ------
    TableError
        If a record is malformed, or does not end.

    Examples
    --------
    >>> list(records_of(['a,"b\\n', 'c"\\n', "d,e\\n"], ",", 1, "t.csv"))
    [(1, ['a', 'b\\nc']), (3, ['d', 'e'])]
    """
    feed = _Feed(source, label)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    feed.record_line = line
    try:
        for cells in reader:
            yield feed.record_line, cells
            feed.record_line = line + reader.line_num
            feed.record_size = 0
    except csv.Error as error:
        raise _malformed(label, feed.record_line, str(error)) from error


def _malformed(label: str, line: int, reason: str) -> TableError:
    if "end of data" in reason or "field limit" in reason:
        reason, hint = "a quotation mark that is never closed", "close it, or take it out"
    elif "new-line" in reason:
        reason, hint = "a carriage return inside a row", "save it again with line feeds"
    else:
        hint = "double the quotation marks inside a quoted cell"
    return TableError(f"the row in line {line} of {label} is malformed", found=reason, hint=hint)
