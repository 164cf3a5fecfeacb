"""Files that are no rows: refused when they are opened, or when the bad rows are read."""

import gzip
import io
import os
import pickle
import sys
import warnings

import numpy as np
import pytest

import gmmkit
from gmmkit.errors import (
    FileAccessError,
    InputError,
    MissingDependencyError,
    OutputWriteError,
    ParameterError,
    TableError,
)

polars = pytest.importorskip("polars")


@pytest.fixture
def save(tmp_path):
    """A function that writes an array, a frame, a text or bytes, and returns the path."""

    def saved(content, name="rows.npy"):
        path = tmp_path / name
        if isinstance(content, np.ndarray):
            np.save(path, content, allow_pickle=True)
        elif isinstance(content, polars.DataFrame):
            content.write_parquet(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return saved


def refusal(path, kind=TableError, **options):
    """The message of the error that opening ends with."""
    with pytest.raises(kind) as caught:
        gmmkit.open_rows(path, **options)
    return str(caught.value)


def reading_refusal(source):
    """The message of the error that reading ends with."""
    with pytest.raises(TableError) as caught:
        list(source)
    return str(caught.value)


# Files


def test_a_folder_is_refused(tmp_path):
    assert "found a folder" in refusal(tmp_path, FileAccessError)


def test_a_named_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.npy")
    assert "a named pipe" in refusal(tmp_path / "pipe.npy", FileAccessError)


def test_a_missing_file_is_refused_with_names_like_it(save):
    path = save(np.ones((3, 2)))
    assert "rows.npy" in refusal(path.with_name("row.npy"), FileAccessError)


@pytest.mark.parametrize("path", [None, 3, "", "a\0b"])
def test_what_names_no_file_is_refused(path):
    assert "file" in refusal(path, ParameterError)


def test_an_empty_file_is_refused(save):
    assert "is empty" in refusal(save(b""))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "an HDF5 file"),
        (b"ARROW1\0\0", "write the table as Parquet"),
        (pickle.dumps(np.ones((3, 2))), "no text"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_of_another_kind_is_refused(save, content, words):
    assert words in refusal(save(content))


def test_an_archive_of_arrays_is_refused_with_what_to_do(save):
    stream = io.BytesIO()
    np.savez(stream, np.ones((3, 2)))
    message = refusal(save(stream.getvalue(), "rows.npz"))
    assert "found an archive, such as .npz" in message
    assert "numpy.save" in message


# NumPy's files


@pytest.mark.parametrize("shape", [(), (4,), (2, 2, 2)])
def test_an_array_without_two_dimensions_is_refused(save, shape):
    message = refusal(save(np.ones(shape)))
    assert f"found shape {shape}; needed (rows, columns)" in message


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_an_array_of_nothing_is_refused(save, shape):
    assert "there is nothing to work on in" in refusal(save(np.ones(shape)))


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (np.ones((2, 2), complex), "complex128"),
        (np.array([["a", "b"]]), "dtype <U1"),
        (np.array([[b"a"]]), "dtype |S1"),
        (np.zeros((2, 2), "M8[s]"), "datetime64"),
        (np.zeros((2, 2), [("a", "f8")]), "'a'"),
        (np.array([[1, None]], dtype=object), "Python objects, which are never loaded"),
    ],
)
def test_an_array_of_anything_but_real_numbers_is_refused(save, array, found):
    assert found in refusal(save(array))


def test_nothing_in_an_array_of_objects_is_executed(save, tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    path = save(np.array([[Trap()]], dtype=object))
    refusal(path)
    assert not (tmp_path / "executed").exists()


def with_header(text, version=b"\x01\x00"):
    length = len(text).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return b"\x93NUMPY" + version + length + text.encode() + bytes(64)


@pytest.mark.parametrize(
    "content",
    [
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00",
        b"\x93NUMPY\x01\x00\xff\xff{",
        b"\x93NUMPY\x09\x00" + bytes(80),
        with_header("{"),
        with_header("{'descr': '<f8'}"),
        with_header("{'descr': 'nonsense', 'fortran_order': False, 'shape': (2, 2)}"),
        with_header("{'descr': '<f8', 'fortran_order': 3, 'shape': (2, 2)}"),
        with_header("{'descr': '<f8', 'fortran_order': False, 'shape': 'x'}"),
        with_header("__import__('os').abort()"),
        with_header("(" * 900),
        with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2)}" + " " * 20_000),
    ],
)
def test_a_header_that_was_tampered_with_is_refused(save, content):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "rows.npy" in refusal(save(content))


def test_sizes_beyond_the_file_are_refused_before_anything_is_made_of_them(save):
    for shape in ("(10**9, 10**9)", "(1000000000, 1000000000)", "(-1, 2)", "(-3, -4)"):
        content = with_header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}")
        assert "rows.npy" in refusal(save(content))


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_truncated_array_is_refused_when_it_is_opened(save, order):
    path = save(np.ones((100, 2), order=order))
    os.truncate(path, path.stat().st_size - 8)
    message = refusal(path)
    assert "rows.npy ends before its rows do" in message
    assert order == "F" or "99 of 100 rows" in message


def test_the_same_bytes_after_an_array_do_no_harm(save):
    path = save(np.ones((4, 2)))
    path.write_bytes(path.read_bytes() + bytes(9))
    assert gmmkit.open_rows(path).n_rows == 4


# Numbers


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_number_that_is_none_is_refused_with_its_row_and_the_block(save, bad, dtype, order):
    rows = np.zeros((40_000, 2), dtype, order=order)
    rows[30_000, 1] = bad
    message = reading_refusal(gmmkit.open_rows(save(rows)))
    assert "rows.npy contains NaN or infinity: found the first in row 30000, column 1" in message
    assert "among rows 20224 to 39999" in message


@pytest.mark.parametrize("bad", [None, np.nan, np.inf])
def test_a_number_missing_in_parquet_is_refused_with_its_row(save, bad):
    values = [0.0] * 40_000
    values[30_000] = bad
    frame = polars.DataFrame({"a": [0.0] * 40_000, "b": values})
    message = reading_refusal(gmmkit.open_rows(save(frame, "rows.parquet")))
    assert "rows.parquet contains NaN or infinity: found the first in row 30000" in message
    assert "among rows 0 to 39999" in message


def test_numbers_too_large_to_square_are_refused(save):
    rows = np.ones((10, 2))
    rows[7, 0] = -1e200
    message = reading_refusal(gmmkit.open_rows(save(rows)))
    assert "found 1.0e+200 in row 7, among rows 0 to 9" in message


@pytest.mark.parametrize("large", [1e149, -1e150])
def test_large_numbers_that_can_be_squared_are_taken(save, large):
    rows = np.full((1000, 4), large)
    assert len(list(gmmkit.open_rows(save(rows)))) == 1


def test_large_float32_numbers_are_taken(save):
    assert len(list(gmmkit.open_rows(save(np.full((100, 2), 1e30, np.float32))))) == 1


@pytest.mark.parametrize("bad", ["", "NaN", "inf", "1e400", "NA"])
def test_a_number_missing_in_a_text_is_refused_with_its_line(save, tmp_path, bad):
    path = save("a,b\n" + "1,2\n" * 50 + f"1,{bad}\n" + "1,2\n" * 50, "t.csv")
    message = refusal(path, scratch=tmp_path)
    assert "t.csv has" in message
    assert "line 52, column 'b'" in message
    assert [name for name in os.listdir(tmp_path) if name != "t.csv"] == []


def test_a_large_number_in_a_text_is_refused_by_the_name_of_the_text(save):
    message = refusal(save("a\n1\n1e200\n", "t.csv"))
    assert "t.csv has numbers too large to square" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n", "t.csv has no rows"),
        ("a,b\n1,x\n", "'x' in line 2, column 'b'"),
        ("a,b\n1,2\n3\n", "line 3"),
        ("a,a\n1,2\n", "columns of the same name"),
        ('a,b\n1,"2\n', "malformed"),
        ("a;b\n1;2\n", "semicolons"),
        ("a,b\n1,2\n\n3,4\n", "line 3"),
        ("a,b\n1,\x002\n", "line 2"),
    ],
)
def test_a_text_that_is_no_table_of_numbers_is_refused(save, text, words):
    assert words in refusal(save(text, "t.csv"))


def test_a_truncated_archive_is_refused_and_leaves_nothing(save, tmp_path):
    whole = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    path = save(whole[:-10], "t.csv.gz")
    assert "damaged gzip archive" in refusal(path, scratch=tmp_path)
    assert os.listdir(tmp_path) == ["t.csv.gz"]


# Parquet


def test_a_truncated_parquet_file_is_refused(save):
    path = save(polars.DataFrame({"a": [1.0, 2.0]}), "rows.parquet")
    os.truncate(path, path.stat().st_size - 5)
    assert "rows.parquet is a damaged Parquet file" in refusal(path)


def test_parquet_without_rows_is_refused(save):
    assert "has no rows" in refusal(save(polars.DataFrame({"a": [1.0]})[:0], "rows.parquet"))


@pytest.mark.parametrize("values", [["x"], [[1.0]], [b"x"], [None]])
def test_a_column_of_parquet_that_holds_no_numbers_is_refused_by_its_name(save, values):
    path = save(polars.DataFrame({"a": [1.0], "label": values}), "rows.parquet")
    message = refusal(path)
    assert "column 'label' of" in message
    assert "drop=['label']" in message
    assert gmmkit.open_rows(path, drop=["label"]).n_features == 1


def test_parquet_without_polars_says_what_to_install(save, monkeypatch):
    path = save(polars.DataFrame({"a": [1.0]}), "rows.parquet")
    monkeypatch.setitem(sys.modules, "polars", None)
    assert "gmmkit[tables]" in refusal(path, MissingDependencyError)


# Columns and weights


@pytest.mark.parametrize("columns", ["ab", b"ab", 3, [1.5], [True], [None], [["a"]]])
def test_what_lists_no_columns_is_refused(save, columns):
    path = save("a,b\n1,2\n", "t.csv")
    assert "column" in refusal(path, ParameterError, columns=columns)


@pytest.mark.parametrize(
    "options",
    [
        {"columns": ["a", "a"]},
        {"columns": ["a"], "weights": "a"},
        {"drop": ["a"], "weights": "a"},
        {"columns": ["a"], "drop": ["a"]},
    ],
)
def test_a_column_named_twice_is_refused(save, options):
    path = save("a,b\n1,2\n", "t.csv")
    assert "asked for twice" in refusal(path, ParameterError, **options)


@pytest.mark.parametrize(
    ("content", "name", "asked"),
    [
        ("a,b\n1,2\n", "t.csv", ["c"]),
        ("a,b\n1,2\n", "t.csv", [0]),
        (np.ones((3, 2)), "rows.npy", [2]),
        (np.ones((3, 2)), "rows.npy", [-1]),
        (np.ones((3, 2)), "rows.npy", ["a"]),
    ],
)
def test_a_column_that_is_not_there_is_refused(save, content, name, asked):
    path = save(content, name)
    for option in ("columns", "drop"):
        assert f"has no column {asked[0]!r}" in refusal(path, **{option: asked})
    assert f"has no column {asked[0]!r}" in refusal(path, weights=asked[0])


def test_no_column_left_is_refused(save):
    path = save("a,b\n1,2\n", "t.csv")
    assert "no column of" in refusal(path, drop=["a"], weights="b")
    assert "no column of" in refusal(path, columns=[])


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("name", ["rows.npy", "rows.parquet"])
def test_a_weight_that_is_no_frequency_is_refused_with_its_row(save, bad, name):
    rows = np.ones((40_000, 2))
    rows[30_000, 1] = bad
    content = rows if name == "rows.npy" else polars.DataFrame(rows, schema=["0", "1"])
    message = refusal(save(content, name), weights=1 if name == "rows.npy" else "1")
    assert f"{name} has a weight that is no frequency: found {bad} in row 30000" in message


@pytest.mark.parametrize("name", ["rows.npy", "rows.parquet", "rows.csv"])
def test_weights_that_leave_no_row_are_refused(save, name):
    rows = np.zeros((3, 2))
    frame = polars.DataFrame(rows, schema=["a", "b"])
    content = {"rows.npy": rows, "rows.parquet": frame}.get(name, "a,b\n1,0\n2,0\n")
    weights = 1 if name == "rows.npy" else "b"
    assert "leave no row: found all zero" in refusal(save(content, name), weights=weights)


# Arguments


@pytest.mark.parametrize("options", [{"delimiter": ";"}, {"decimal": ","}])
def test_options_of_text_are_refused_where_there_is_none(save, options):
    path = save(np.ones((3, 2)))
    assert "is for text" in refusal(path, ParameterError, **options)


def test_a_scratch_folder_that_is_none_is_refused(save, tmp_path):
    message = refusal(save("a\n1\n", "t.csv"), OutputWriteError, scratch=tmp_path / "none")
    assert "name another folder (scratch=...)" in message


def test_what_needs_rows_in_memory_is_refused(save):
    source = gmmkit.open_rows(save(np.random.default_rng(0).normal(size=(50, 2))))
    for asked in ({"sample_weight": np.ones(50)}, {"missing": "marginalize"}, {"trim": 0.1}):
        with pytest.raises(InputError, match="needs all rows in memory"):
            gmmkit.fit(source, 2, **asked)


def test_fewer_rows_than_components_are_refused(save):
    with pytest.raises(InputError, match="fewer rows than components"):
        gmmkit.fit(gmmkit.open_rows(save(np.ones((2, 2)))), 3)
