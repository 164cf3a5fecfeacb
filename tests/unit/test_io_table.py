"""What is read from tables, what is written, and that the two agree."""

import csv
import gzip
import io

import numpy as np
import pytest

from gmmkit import Mixture
from gmmkit.errors import DataWarning, FeatureContractError, ParameterError
from gmmkit.io import table_csv
from gmmkit.io.model import load, save
from gmmkit.io.model_value import Model
from gmmkit.io.table import Table, read_table, table_names
from gmmkit.io.table_model import TableModel, load_table_model
from gmmkit.io.table_writing import csv_text, write_table


@pytest.fixture
def write(tmp_path):
    """A function that writes a text or bytes to a file, and returns its path."""

    def written(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def numbers(path, **options):
    return read_table(path, **options).rows().tolist()


# Text files


def test_columns_of_numbers_are_float64_and_others_are_text(write):
    table = read_table(write("id,weight,size\na1,1.5,-2e3\nb2,.5,+4\n"))
    assert table.names == ("id", "weight", "size")
    assert table.columns["id"].tolist() == ["a1", "b2"]
    assert table.columns["weight"].dtype == np.float64
    assert table.rows(["size", "weight"]).tolist() == [[-2000.0, 1.5], [4.0, 0.5]]


def test_columns_cannot_be_changed(write):
    with pytest.raises(ValueError, match="read-only"):
        read_table(write("a\n1\n")).columns["a"][0] = 2


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n3,4\n",
        "a,b\r\n1,2\r\n3,4\r\n",
        "a,b\n1,2\n3,4",
        "a,b\n1,2\n3,4\n\n\n",
        "\ufeffa,b\n1,2\n3,4\n",
        '"a","b"\n"1","2"\n"3","4"\n',
        " a , b \n 1 , 2 \n3,4\n",
        "a\tb\n1\t2\n3\t4\n",
    ],
)
def test_one_table_can_be_written_in_many_ways(write, text):
    path = write(text)
    assert table_names(path) == ("a", "b")
    assert numbers(path) == [[1.0, 2.0], [3.0, 4.0]]


def test_a_gzipped_file_is_read_as_what_is_in_it(write):
    assert numbers(write(gzip.compress(b"a,b\n1,2\n"), "t.csv.gz")) == [[1.0, 2.0]]


@pytest.mark.parametrize(("name", "names"), [("t.csv", ("a\tb", "c")), ("t.tsv", ("a", "b,c"))])
def test_the_ending_decides_where_the_header_has_commas_and_tabs(write, name, names):
    assert table_names(write("a\tb,c\n", name)) == names


def test_decimal_commas_are_read_when_they_are_asked_for(write):
    path = write("a;b\n1,5;2\n-0,25;1e3\n")
    assert numbers(path, delimiter=";", decimal=",") == [[1.5, 2.0], [-0.25, 1000.0]]


def test_quoted_cells_keep_delimiters_and_line_ends(write):
    table = read_table(write('name,a\n"one, ""two""\nthree",1\nfour,2\n'))
    assert table.columns["name"].tolist() == ['one, "two"\nthree', "four"]
    assert table.columns["a"].tolist() == [1.0, 2.0]


def test_a_column_that_becomes_text_late_keeps_its_first_cells_letter_by_letter(write, monkeypatch):
    monkeypatch.setattr(table_csv, "_BLOCK_CHARACTERS", 8)
    table = read_table(write("id,a\n" + "007,1\n" * 5 + "x,2\n"))
    assert table.columns["id"].tolist() == ["007"] * 5 + ["x"]


def test_a_column_named_as_text_is_never_taken_for_numbers(write):
    table = read_table(write("id,a\n007,1\n123456789012345678901,2\n"), text=["id"])
    assert table.columns["id"].tolist() == ["007", "123456789012345678901"]
    assert table.rows(["a"]).ravel().tolist() == [1.0, 2.0]


def test_only_what_is_asked_for_is_read(write):
    path = write("a,note,b,id\n1,bad,,x\n2,worse,,y\n")
    table = read_table(path, numeric=["a"], text=["id"])
    assert set(table.columns) == {"a", "id"}
    assert table.names == ("a", "note", "b", "id")


def test_missing_numbers_are_nan_where_they_are_allowed(write):
    path = write("a,b\n1,\nNA,2\nnull,NaN\n")
    rows = read_table(path, missing="keep").rows()
    assert np.array_equal(rows, [[1, np.nan], [np.nan, 2], [np.nan, np.nan]], equal_nan=True)


def test_a_column_without_any_number_is_text(write):
    assert read_table(write("a,b\n1,\n2,\n")).columns["b"].tolist() == ["", ""]


def test_numbers_in_blocks_and_cell_by_cell_are_the_same_bits(write, monkeypatch):
    values = np.random.default_rng(0).normal(size=(400, 3)) * 10.0 ** np.arange(-200, 201, 200)
    text = csv_text(dict(zip("abc", values.T, strict=True)))
    monkeypatch.setattr(table_csv, "_BLOCK_CHARACTERS", 1000)
    quick = read_table(write(text)).rows()
    monkeypatch.setattr(table_csv, "plain_matrix", lambda *_: None)
    slow = read_table(write(text)).rows()
    assert np.array_equal(quick, values)
    assert np.array_equal(slow, values)


def test_a_quote_far_down_is_read_across_blocks(write, monkeypatch):
    monkeypatch.setattr(table_csv, "_BLOCK_CHARACTERS", 10)
    path = write("a,b\n" + "1,2\n" * 20 + '3,"4\n"\n' + "5,6\n" * 20)
    assert numbers(path) == [[1, 2]] * 20 + [[3, 4]] + [[5, 6]] * 20


def test_whole_numbers_beyond_two_to_the_53_are_warned_of(write):
    with pytest.warns(DataWarning, match="column 'id'.*9007199254740993"):
        read_table(write("id\n9007199254740993\n"))


def test_large_numbers_that_lose_nothing_are_not_warned_of(write):
    assert numbers(write("a\n9007199254740994\n1e300\n")) == [[9007199254740994.0], [1e300]]


def test_names_that_are_numbers_are_warned_of(write):
    with pytest.warns(DataWarning, match="put a line with names before it"):
        read_table(write("1.5,2.5\n3,4\n"))


# Parquet


@pytest.fixture
def parquet(tmp_path):
    """A function that writes columns as Parquet by polars itself."""
    polars = pytest.importorskip("polars")

    def written(columns):
        path = tmp_path / "t.parquet"
        polars.DataFrame(columns).write_parquet(path)
        return path

    return written


def test_parquet_is_known_by_its_content(parquet):
    path = parquet({"a": [1, 2], "s": ["x", None], "b": [0.5, 1.5], "yes": [True, False]})
    table = read_table(path.rename(path.with_suffix(".dat")))
    assert table.rows(["a", "b", "yes"]).tolist() == [[1, 0.5, 1], [2, 1.5, 0]]
    assert table.columns["s"].tolist() == ["x", ""]


def test_nulls_in_parquet_are_missing_numbers(parquet):
    rows = read_table(parquet({"a": [1.0, None]}), missing="keep").rows()
    assert np.array_equal(rows, [[1.0], [np.nan]], equal_nan=True)


def test_a_whole_number_in_parquet_can_be_kept_letter_by_letter(parquet):
    table = read_table(parquet({"id": [2**60 + 1], "a": [1.0]}), numeric=["a"], text=["id"])
    assert table.columns["id"].tolist() == [str(2**60 + 1)]


def test_whole_numbers_of_parquet_beyond_two_to_the_53_are_warned_of(parquet):
    with pytest.warns(DataWarning, match=r"2\*\*53"):
        read_table(parquet({"id": [2**53 + 1]}))


# Writing


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet"])
def test_what_is_written_is_read_back(tmp_path, name):
    if name.endswith("parquet"):
        pytest.importorskip("polars")
    columns = {
        "id": np.array(["a,b", 'say "c"'], dtype=object),
        "value": np.array([0.1, -1e-300]),
        "count": np.array([3, 4]),
    }
    write_table(columns, tmp_path / name)
    table = read_table(tmp_path / name)
    assert table.columns["id"].tolist() == ["a,b", 'say "c"']
    assert table.rows(["value", "count"]).tolist() == [[0.1, 3], [-1e-300, 4]]


def test_an_ending_that_no_table_has_is_refused_by_name(tmp_path):
    with pytest.raises(ParameterError, match=r"'\.xlsx'.*\.csv, \.tsv, \.parquet"):
        write_table({"a": np.array([1.0])}, tmp_path / "t.xlsx")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(start):
    cell = f"{start}cmd|' /C calc'!A0"
    text = csv_text({cell: np.array([cell], dtype=object)})
    assert list(csv.reader(io.StringIO(text, newline=""))) == [[f"'{cell}"], [f"'{cell}"]]


def test_numbers_get_no_apostrophe():
    columns = {"a": np.array([-1.5]), "id": np.array(["+41"], dtype=object)}
    assert csv_text(columns) == "a,id\n-1.5,+41\n"


# Models of tables


def mixture():
    return Mixture([1.0], [[0.0, 9.0]], [np.eye(2)])


def test_a_model_keeps_the_names_of_its_columns_in_order(tmp_path):
    save(TableModel(mixture(), ("b", "a"), {"rows": "7"}).to_model(), tmp_path / "m.gmm")
    model = load_table_model(tmp_path / "m.gmm")
    assert (model.columns, model.notes["rows"]) == (("b", "a"), "7")
    assert np.array_equal(model.mixture.means, mixture().means)


@pytest.mark.parametrize("names", [("a",), ("a", "a"), ("a", "b", "c")])
def test_a_model_has_one_name_for_each_column(names):
    with pytest.raises(ParameterError, match="do not fit the mixture"):
        TableModel(mixture(), names)


@pytest.mark.parametrize(
    "model",
    [
        mixture(),
        Model("image-classes", {"features": "lab"}, {"classes": mixture()}),
        Model("table-mixture", {"table_schema": 1, "columns": ["a"]}, {"components": mixture()}),
        Model("table-mixture", {"table_schema": 1, "columns": "ab"}, {"components": mixture()}),
        Model("table-mixture", {"table_schema": 2, "columns": ["a", "b"]}),
    ],
)
def test_a_file_that_does_not_name_the_columns_of_a_table_is_refused(tmp_path, model):
    save(model, tmp_path / "m.gmm")
    assert load(tmp_path / "m.gmm") is not None
    with pytest.raises(FeatureContractError, match=r"m\.gmm"):
        load_table_model(tmp_path / "m.gmm")


def test_a_table_says_how_many_rows_it_has():
    assert Table("t", ("a",), {"a": np.zeros(3)}).n_rows == 3
