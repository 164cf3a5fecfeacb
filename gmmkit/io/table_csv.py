"""A table from lines of text: blocks of plain numbers at once, everything else cell by cell."""

import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.errors import DataWarning, TableError
from gmmkit.io.table_cells import (
    INEXACT_FROM,
    Column,
    NumberColumn,
    TextColumn,
    number_in,
)
from gmmkit.io.table_records import Records, records_of
from gmmkit.io.table_request import Wanted, check_names, listed
from gmmkit.io.table_text import Lines, open_lines

# Large enough that a block costs little beside its cells, small enough to forget.
_BLOCK_CHARACTERS = 1_000_000
_BLOCK_CELLS = 200_000
_QUOTED = re.compile(r'"[^"]*"')
_TAB_SUFFIXES = (".tsv", ".tab")


@dataclass(frozen=True)
class Header:
    """The names of the columns, what parts cells, and the line that the header ends in."""

    names: tuple[str, ...]
    delimiter: str
    last_line: int


def csv_names(path: str | os.PathLike[str], wanted: Wanted) -> tuple[str, ...]:
    """Return the names of the columns of a text file.

    Raises
    ------
    FileAccessError, TableError
    """
    with open_lines(path, wanted.largest) as lines:
        return _header(lines, wanted).names


def read_csv(
    path: str | os.PathLike[str], wanted: Wanted
) -> tuple[tuple[str, ...], dict[str, npt.NDArray[Any]]]:
    """Return the names of all columns of a text file, and the columns that are wanted.

    Raises
    ------
    FileAccessError
        If the file cannot be read.
    TableError
        If it is no table, or a cell is not what was asked for; the line is named.
    """
    names, columns = _read(path, wanted)
    texts = {name for name, column in columns.items() if _turned_out_text(column)}
    if wanted.numeric is None and texts:
        # What was read as numbers before the first text is gone: the file is read once more.
        numeric = tuple(name for name in names if name not in texts.union(wanted.text))
        known = replace(wanted, numeric=numeric, text=(*wanted.text, *texts))
        names, columns = _read(path, known)
    return names, {name: column.finish() for name, column in columns.items()}


def _turned_out_text(column: Column) -> bool:
    return isinstance(column, NumberColumn) and (column.is_text or column.holds_no_number)


def _read(
    path: str | os.PathLike[str], wanted: Wanted
) -> tuple[tuple[str, ...], dict[str, Column]]:
    with open_lines(path, wanted.largest) as lines:
        header = _header(lines, wanted)
        wanted.check(header.names, lines.label)
        columns = _columns(header.names, wanted, lines.label)
        if not sum(_fill(columns, lines, header, wanted.decimal)):
            raise _no_rows(path, header)
    return header.names, {header.names[place]: column for place, column in columns.items()}


def csv_blocks(
    path: str | os.PathLike[str], names: Sequence[str], wanted: Wanted
) -> Iterator[Float64Array]:
    """Yield columns of numbers side by side, some rows at a time; nothing is held beyond them.

    Parameters
    ----------
    path : str or path-like
    names : sequence of str
        The columns, in the order wanted.
    wanted : Wanted
        How the text is written; which columns, `names` says.

    Yields
    ------
    ndarray of shape (n, len(names))

    Raises
    ------
    FileAccessError, TableError
        As :func:`read_csv`.
    """
    asked = replace(wanted, numeric=tuple(names), text=())
    with open_lines(path, wanted.largest) as lines:
        header = _header(lines, asked)
        asked.check(header.names, lines.label)
        columns = {name: _number_column(name, asked, lines.label) for name in names}
        places = {header.names.index(name): column for name, column in columns.items()}
        n_rows = 0
        for n_new in _fill(dict(sorted(places.items())), lines, header, wanted.decimal):
            n_rows += n_new
            yield np.column_stack([column.drain() for column in columns.values()])
    if not n_rows:
        raise _no_rows(path, header)
    for column in columns.values():
        column.finish()


def _no_rows(path: str | os.PathLike[str], header: Header) -> TableError:
    return TableError(
        f"{path} has no rows",
        found=f"a header of {listed(header.names)} and nothing below",
        needed="a line for each row",
    )


def _number_column(name: str, wanted: Wanted, label: str) -> NumberColumn:
    return NumberColumn(
        name,
        label,
        decimal=wanted.decimal,
        keep_missing=wanted.missing == "keep",
        required=wanted.numeric is not None,
    )


def _columns(names: Sequence[str], wanted: Wanted, label: str) -> dict[int, Column]:
    """Return an empty column for each that is wanted, by its place."""
    columns: dict[int, Column] = {}
    for place, name in enumerate(names):
        if wanted.is_number(name):
            columns[place] = _number_column(name, wanted, label)
        elif name in wanted.text:
            columns[place] = TextColumn()
    return columns


def _header(lines: Lines, wanted: Wanted) -> Header:
    first = next(lines)
    delimiter = wanted.delimiter or _delimiter(first, lines.label)
    records = records_of(chain([first], lines), delimiter, 1, lines.label)
    _, cells = next(records)
    names = tuple(cell.strip() for cell in cells)
    check_names(names, lines.label)
    if all(number_in(name, wanted.decimal) is not None for name in names):
        warnings.warn(
            DataWarning(
                f"the columns of {lines.label} are named {listed(names)}: if that is a row, "
                "put a line with names before it"
            ),
            stacklevel=2,
        )
    return Header(names, delimiter, lines.number)


def _delimiter(first_line: str, label: str) -> str:
    """Find out what parts the cells: a comma or a tab, by the ending of the name if in doubt."""
    bare = _QUOTED.sub("", first_line)
    if "\t" in bare and "," in bare:
        plain_name = label.lower().removesuffix(".gz")
        return "\t" if plain_name.endswith(_TAB_SUFFIXES) else ","
    if "\t" not in bare and "," not in bare and ";" in bare:
        raise TableError(
            f"the columns of {label} are parted by semicolons",
            found=f"{first_line.strip()!r:.80}",
            needed="commas or tabs, or to be told",
            hint="--delimiter ';' (delimiter=';'), and --decimal , if commas are decimal marks",
        )
    return "\t" if "\t" in bare else ","


def _fill(
    columns: Mapping[int, Column], lines: Lines, header: Header, decimal: str
) -> Iterator[int]:
    """Fill columns with the rows below the header, and yield how many more, time after time."""
    places = [place for place, column in columns.items() if isinstance(column, NumberColumn)]
    line = header.last_line + 1
    for block in _line_blocks(lines):
        if any('"' in each for each in block):
            # A quoted cell may go on in the next block: from here on there are only records.
            yield from _fill_cells(columns, chain(block, lines), header, line, lines.label)
            return
        matrix = plain_matrix(block, header, places, decimal)
        if matrix is None:
            yield from _fill_cells(columns, block, header, line, lines.label)
            _refuse_gap(block, lines, line)
        else:
            _fill_plainly(columns, block, header, matrix)
            yield len(block)
        line += len(block)


def _refuse_gap(block: Sequence[str], lines: Lines, line: int) -> None:
    """Refuse an empty line at the end of a block where another block follows."""
    if block[-1].strip("\r\n"):
        return
    number = line + len(block) - 1
    for later in lines:
        if later.strip("\r\n"):
            raise _empty_line(lines.label, number)


def _line_blocks(lines: Lines) -> Iterator[list[str]]:
    block: list[str] = []
    size = 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size >= _BLOCK_CHARACTERS:
            yield block
            block, size = [], 0
    if block:
        yield block


def plain_matrix(
    block: Sequence[str], header: Header, places: Sequence[int], decimal: str
) -> Float64Array | None:
    """Return columns of a block without quotes, None if any cell has to be looked at closely.

    Examples
    --------
    >>> header = Header(("a", "b", "c"), ",", 1)
    >>> plain_matrix(["1,2,x\\n", "3,4,y\\n"], header, [0, 1], ".")
    array([[1., 2.],
           [3., 4.]])
    >>> plain_matrix(["1,,x\\n"], header, [0, 1], ".") is None
    True
    """
    separators = {line.count(header.delimiter) for line in block}
    text = "".join(block)
    blank_or_odd = not text.strip() or "\r" in text.replace("\r\n", "")
    if not places or separators != {len(header.names) - 1} or blank_or_odd:
        return None
    if decimal == ",":
        block = [line.replace(".", "\0").replace(",", ".") for line in block]
    try:
        matrix = np.loadtxt(
            block, delimiter=header.delimiter, comments=None, usecols=places, ndmin=2
        )
    except ValueError:
        return None
    # The second is false for NaN and infinity too.
    usable = len(matrix) == len(block) and bool((np.abs(matrix) < INEXACT_FROM).all())
    return matrix if usable else None


def _fill_plainly(
    columns: Mapping[int, Column], block: Sequence[str], header: Header, matrix: Float64Array
) -> None:
    values = iter(matrix.T)
    for place, column in columns.items():
        if isinstance(column, NumberColumn):
            column.add_values(next(values))
        else:
            split = (line.rstrip("\r\n").split(header.delimiter, place + 1) for line in block)
            column.add_cells([cells[place] for cells in split], ())


def _fill_cells(
    columns: Mapping[int, Column], source: Iterable[str], header: Header, line: int, label: str
) -> Iterator[int]:
    records = _rows(records_of(source, header.delimiter, line, label), header, label)
    for numbers, rows in _record_blocks(records, len(header.names)):
        cells = list(zip(*rows, strict=True))
        for place, column in columns.items():
            column.add_cells(cells[place], numbers)
        yield len(rows)


def _record_blocks(records: Records, width: int) -> Iterator[tuple[list[int], list[list[str]]]]:
    numbers: list[int] = []
    rows: list[list[str]] = []
    for number, cells in records:
        numbers.append(number)
        rows.append(cells)
        if len(rows) * width >= _BLOCK_CELLS:
            yield numbers, rows
            numbers, rows = [], []
    if rows:
        yield numbers, rows


def _rows(records: Records, header: Header, label: str) -> Records:
    """Yield records of the header's width; empty lines may only be the last."""
    empty = 0
    for line, cells in records:
        if not cells:
            empty = empty or line
            continue
        if empty:
            raise _empty_line(label, empty)
        if len(cells) != len(header.names):
            raise _ragged(label, line, cells, header)
        yield line, cells


def _empty_line(label: str, line: int) -> TableError:
    return TableError(
        f"line {line} of {label} is empty",
        found="rows below it",
        needed="a row in each line",
        hint="take the line out; a missing number in a table of one column is written NA",
    )


def _ragged(label: str, line: int, cells: Sequence[str], header: Header) -> TableError:
    n_cells, width = len(cells), len(header.names)
    hint = "quote cells that hold the delimiter, or complete the row"
    if header.delimiter == "," and n_cells == 2 * width:
        hint = (
            "if commas are decimal marks, write the table with another delimiter, and --decimal ,"
        )
    return TableError(
        f"line {line} of {label} does not fit the header",
        found=f"{n_cells:,} cell{'s' if n_cells != 1 else ''}",
        needed=f"{width:,}, one for each column",
        hint=hint,
    )
