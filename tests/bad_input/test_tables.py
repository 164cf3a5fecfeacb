"""Tables that cannot be read faithfully: refused, with the file, the line and the column."""

import csv
import gzip
import os
import sys
import time
import tracemalloc

import pytest

from gmmkit.errors import (
    FileAccessError,
    MissingDependencyError,
    ParameterError,
    TableError,
)
from gmmkit.io import table_csv, table_records
from gmmkit.io.table import Table, read_table, table_names
from gmmkit.io.table_writing import check_table_suffix


@pytest.fixture
def write(tmp_path):
    """A function that writes a text or bytes to a file, and returns its path."""

    def written(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def refusal(path, kind=TableError, **options):
    """The message of the error that reading ends with."""
    with pytest.raises(kind) as caught:
        read_table(path, **options)
    return str(caught.value)


# Files


@pytest.mark.parametrize("content", ["", "\ufeff"])
def test_an_empty_file_is_refused(write, content):
    assert "t.csv is empty" in refusal(write(content))


@pytest.mark.parametrize("content", ["a,b", "a,b\n", "a,b\n\n\n"])
def test_a_header_alone_is_refused(write, content):
    assert "has no rows: found a header of 'a', 'b'" in refusal(write(content))


def test_a_folder_is_refused(tmp_path):
    assert "found a folder" in refusal(tmp_path, FileAccessError)


def test_a_named_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    assert "a named pipe" in refusal(tmp_path / "pipe.csv", FileAccessError)


def test_a_missing_file_is_refused_with_names_like_it(write):
    path = write("a\n1\n", "table.csv")
    assert "table.csv" in refusal(path.with_name("tabel.csv"), FileAccessError)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused(write, encoding):
    message = refusal(write("a,b\n1,2\n".encode(encoding)))
    assert "UTF-16" in message or "a NUL character" in message


def test_bad_utf_8_is_refused_with_its_line_and_byte(write):
    message = refusal(write(b"a,b\n1,2\n3,\xe9\n"))
    assert "line 3" in message
    assert "byte 0xe9" in message


def test_a_nul_character_is_refused_with_its_line(write):
    assert "line 2" in refusal(write(b"a,b\n1,\x002\n"))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"PK\x03\x04rest", "a zip archive or a workbook"),
        (b"\xd0\xcf\x11\xe0rest", "a workbook"),
        (b"\x89PNG\r\n\x1a\n\x01", "bytes that are no text"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_what_it_is(write, head, kind):
    assert f"found {kind}" in refusal(write(head))


def test_a_truncated_archive_is_refused(write):
    whole = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    assert "is a damaged gzip archive" in refusal(write(whole[:-10], "t.csv.gz"))


def test_an_archive_that_grows_beyond_the_cap_is_refused(write):
    bomb = gzip.compress(b"a\n" + b"1\n" * 500_000)
    assert len(bomb) < 5_000
    assert "at most 100,000" in refusal(write(bomb), largest=100_000)


def test_a_file_beyond_the_cap_is_refused(write):
    assert "at most 100" in refusal(write("a\n" + "1\n" * 100), largest=100)


# Headers


def test_columns_of_one_name_are_refused_with_their_places(write):
    assert "'b' in columns 2, 4" in refusal(write("a,b,c,b\n1,2,3,4\n"))


def test_a_column_without_a_name_is_refused(write):
    assert "column 1 of" in refusal(write(",a\n0,5\n1,6\n"))


def test_a_million_columns_are_refused_quickly(write):
    names = ",".join(f"c{number}" for number in range(1_000_000))
    path = write(f"{names}\n{'1,' * 999_999}1\n")
    begin = time.perf_counter()
    message = refusal(path)
    assert "found 1,000,000; needed 1 to 10,000" in message
    assert time.perf_counter() - begin < 5


def test_semicolons_are_refused_with_the_option_that_reads_them(write):
    assert "--delimiter ';'" in refusal(write("a;b\n1,5;2\n"))


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "5", ".", "ß"])
def test_what_can_part_no_cells_is_no_delimiter(write, delimiter):
    assert "delimiter" in refusal(write("a\n1\n"), ParameterError, delimiter=delimiter)


def test_the_decimal_mark_is_no_delimiter(write):
    assert "delimiter" in refusal(write("a\n1\n"), ParameterError, delimiter=",", decimal=",")


@pytest.mark.parametrize("option", [{"decimal": "'"}, {"missing": "drop"}])
def test_unknown_words_are_refused(write, option):
    assert next(iter(option)) in refusal(write("a\n1\n"), ParameterError, **option)


def test_a_column_that_is_not_there_is_refused_with_the_nearest(write):
    message = refusal(write("Weight,size\n1,2\n"), numeric=["weight"])
    assert "no column 'weight'" in message
    assert message.endswith("Try: 'Weight'.")


# Rows


@pytest.mark.parametrize("block", [5, 1_000_000])
@pytest.mark.parametrize(("row", "found"), [("3", "1 cell"), ("3,4,5", "3 cells")])
def test_a_ragged_row_is_refused_with_its_line(write, monkeypatch, row, found, block):
    monkeypatch.setattr(table_csv, "_BLOCK_CHARACTERS", block)
    message = refusal(write(f"a,b\n1,2\n{row}\n5,6\n"))
    assert "line 3 of" in message
    assert f"found {found}; needed 2" in message


def test_a_ragged_row_below_a_quoted_one_of_two_lines_has_its_own_line(write):
    assert "line 4 of" in refusal(write('a,b\n"x\ny",2\n3\n'))


@pytest.mark.parametrize("block", [4, 1_000_000])
def test_an_empty_line_between_rows_is_refused(write, monkeypatch, block):
    monkeypatch.setattr(table_csv, "_BLOCK_CHARACTERS", block)
    assert "line 3 of" in refusal(write("a,b\n1,2\n\n3,4\n"))


def test_rows_with_decimal_commas_get_the_option_that_reads_them(write):
    assert "--decimal ," in refusal(write("a,b\n1,5,2,5\n"))


@pytest.mark.parametrize("size", [1, 200_000])
def test_a_quote_that_is_never_closed_is_refused_with_its_line(write, size):
    message = refusal(write('a,b\n1,2\n"3,4\n' + "5,6\n" * size))
    assert "line 3 of" in message
    assert "quotation mark" in message


def test_an_unclosed_quote_over_a_hundred_megabytes_takes_little_memory(write):
    path = write(b'a,b\n"1,2\n' + b"3,4\n" * 25_000_000)
    tracemalloc.start()
    try:
        message = refusal(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "line 2 of" in message
    assert peak < 50_000_000


def test_an_unclosed_quote_ends_even_where_cells_may_have_any_length(write, monkeypatch):
    monkeypatch.setattr(table_records, "LONGEST_RECORD", 10_000)
    before = csv.field_size_limit(sys.maxsize)
    try:
        message = refusal(write('a,b\n1,2\n"3,4\n' + "5,6\n" * 10_000))
    finally:
        csv.field_size_limit(before)
    assert "the row in line 3 of" in message


def test_a_line_that_never_ends_takes_little_memory(write):
    assert "does not end" in refusal(write(b"a,b\n1," + b"2" * 20_000_000))


def test_text_after_a_quoted_cell_is_refused(write):
    assert "malformed" in refusal(write('a,b\n1,2\n"3"4,5\n'))


def test_carriage_returns_alone_are_refused(write):
    assert "carriage return" in refusal(write("a,b\r1,2\r"))


# Cells


@pytest.mark.parametrize("block", [5, 1_000_000])
@pytest.mark.parametrize("cell", ["abc", "1_000", "0x1F", "١٢", "5%", "1 000", "1d5", "True"])
def test_text_among_numbers_is_refused_with_line_and_column(write, monkeypatch, cell, block):
    monkeypatch.setattr(table_csv, "_BLOCK_CHARACTERS", block)
    message = refusal(write(f"a,b\n1,2\n3,{cell}\n"), numeric=["a", "b"])
    assert f"found {cell!r} in line 3, column 'b'" in message


def test_a_text_column_that_is_asked_for_as_numbers_is_refused_with_its_row(write):
    table = read_table(write("a,b\n1,2\n3,x\n"))
    with pytest.raises(TableError, match="'x' in row 2, column 'b'"):
        table.rows()


def test_a_decimal_comma_gets_the_option_that_reads_it(write):
    assert "--decimal ," in refusal(write("a\tb\n1,5\t2\n"), numeric=["a"])


def test_a_decimal_point_among_decimal_commas_is_refused(write):
    message = refusal(write("a;b\n1,5;2\n1.5;2\n"), numeric=["a"], delimiter=";", decimal=",")
    assert "found '1.5' in line 3" in message


@pytest.mark.parametrize("cell", ["", "NaN", "NA", "null"])
def test_a_missing_number_is_refused_with_line_and_column(write, cell):
    message = refusal(write(f"a,b\n1,2\n3,{cell}\n"))
    assert "line 3, column 'b'" in message
    assert "--missing" in message


@pytest.mark.parametrize("missing", ["refuse", "keep"])
@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e400"])
def test_an_infinite_number_is_refused_even_where_numbers_may_be_missing(write, cell, missing):
    message = refusal(write(f"a,b\n1,2\n3,{cell}\n"), missing=missing)
    assert f"found {cell!r} in line 3, column 'b'" in message


# Parquet


def test_parquet_without_polars_is_refused_with_the_extra_that_brings_it(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    message = refusal(write(b"PAR1 and more"), MissingDependencyError)
    assert 'pip install "gmmkit[tables]"' in message
    with pytest.raises(MissingDependencyError, match="writing"):
        check_table_suffix("out.parquet")


@pytest.fixture
def parquet(tmp_path):
    """A function that writes columns as Parquet by polars itself."""
    polars = pytest.importorskip("polars")

    def written(columns):
        path = tmp_path / "t.parquet"
        polars.DataFrame(columns).write_parquet(path)
        return path

    return written


@pytest.mark.parametrize("cut", [5, 30, 60])
def test_truncated_parquet_is_refused(parquet, cut):
    path = parquet({"a": [1.0, 2.0]})
    path.write_bytes(path.read_bytes()[:-cut])
    assert "is a damaged Parquet file" in refusal(path)


def test_text_in_parquet_that_is_asked_for_as_numbers_is_refused(parquet):
    message = refusal(parquet({"a": [1.0, 2.0], "s": [None, "x"]}), numeric=["a", "s"])
    assert "'x' in row 2, column 's'" in message


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_number_that_parquet_lacks_is_refused_with_its_row(parquet, value):
    assert "row 2, column 'a'" in refusal(parquet({"a": [1.0, value]}))


def test_lists_in_parquet_are_refused_with_their_type(parquet):
    assert "List(Int64)" in refusal(parquet({"a": [[1, 2]]}))


def test_parquet_without_rows_is_refused(parquet):
    assert "has no rows" in refusal(parquet({"a": []}))


def test_parquet_with_more_numbers_than_the_cap_is_refused(parquet):
    assert "at most 125 numbers" in refusal(parquet({"a": [0] * 100_000}), largest=1_000)


def test_the_names_of_a_damaged_table_are_refused_too(write):
    with pytest.raises(TableError, match="same name"):
        table_names(write("a,a\n"))


def test_a_column_that_was_not_read_is_no_part_of_a_table():
    with pytest.raises(TableError, match="no column 'b'"):
        Table("t", ("a", "b"), {}).rows(["b"])
