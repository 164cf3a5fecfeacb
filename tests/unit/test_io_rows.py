"""Rows in files as sources: the same rows as in an array, read a block at a time."""

import gc
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from processes import ended, other_processes
from strategies import blobs

import gmmkit
from gmmkit.core.sources.arrays import ArraySource
from gmmkit.errors import DataWarning
from gmmkit.io import table_csv
from gmmkit.io.rows.matrix_file import MatrixFile
from gmmkit.io.rows.parquet import ParquetChunks
from gmmkit.io.table_request import Wanted

polars = pytest.importorskip("polars")

KINDS = ("npy", "parquet", "csv")


@pytest.fixture
def write(tmp_path):
    """A function that writes rows as a file of some kind, and returns its path."""

    def written(rows, kind="npy", names="abcdefgh", **options):
        path = tmp_path / f"rows.{kind}"
        frame = polars.DataFrame(np.asarray(rows), schema=list(names[: np.shape(rows)[1]]))
        if kind == "npy":
            np.save(path, rows)
        elif kind == "parquet":
            frame.write_parquet(path, **options)
        else:
            frame.write_csv(path)
        return path

    return written


def all_rows(source):
    return np.concatenate([block.rows for block in source])


# What is read


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_are_cut_as_those_of_an_array(write, kind):
    rows = blobs(70_000, 2)
    source = gmmkit.open_rows(write(rows, kind))
    expected = [len(block.rows) for block in ArraySource(rows)]
    assert len(expected) > 2
    assert [len(block.rows) for block in source] == expected
    assert np.array_equal(all_rows(source), rows)


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", ">f4", "f2", "i1", "<i4", ">i8", "u2", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_type_and_order_of_numbers_is_read_as_an_array_would_be(write, dtype, order):
    rows = np.asarray(np.arange(30).reshape(10, 3) % 7, dtype=dtype, order=order)
    source = gmmkit.open_rows(write(rows) if dtype != "f2" else _saved(write, rows))
    (block,) = source
    single = dtype in ("<f4", ">f4")
    assert source.dtype == block.rows.dtype == (np.float32 if single else np.float64)
    assert block.rows.dtype.isnative
    assert block.rows.flags.c_contiguous
    assert np.array_equal(block.rows, rows.astype(np.float64))


def _saved(write, rows):
    path = write(np.zeros((1, 1)))
    np.save(path, rows)
    return path


def test_parquet_is_float32_only_if_all_that_is_read_is(tmp_path):
    path = tmp_path / "t.parquet"
    polars.DataFrame(
        {"a": np.ones(3, np.float32), "b": np.ones(3, np.float32), "n": [1, 2, 3]}
    ).write_parquet(path)
    assert gmmkit.open_rows(path, columns=["a", "b"]).dtype == np.float32
    assert gmmkit.open_rows(path, drop=["a", "b"]).dtype == np.float64
    assert gmmkit.open_rows(path, weights="n").dtype == np.float32
    assert gmmkit.open_rows(path).dtype == np.float64


def test_the_content_says_which_format_it_is_and_not_the_name(write, tmp_path):
    rows = blobs(20, 2)
    for kind in KINDS:
        path = tmp_path / f"{kind}.data"
        write(rows, kind).rename(path)
        assert np.array_equal(all_rows(gmmkit.open_rows(path)), rows)


@pytest.mark.parametrize(("kind", "names"), [("npy", [2, 0]), ("parquet", "ca"), ("csv", "ca")])
def test_columns_are_taken_in_the_order_asked_for(write, kind, names):
    rows = blobs(20, 4)
    source = gmmkit.open_rows(write(rows, kind), columns=list(names))
    assert np.array_equal(all_rows(source), rows[:, [2, 0]])
    assert all(block.rows.flags.c_contiguous for block in source)


@pytest.mark.parametrize(("kind", "name"), [("npy", 1), ("parquet", "b"), ("csv", "b")])
def test_columns_can_be_left_out(write, kind, name):
    rows = blobs(20, 3)
    source = gmmkit.open_rows(write(rows, kind), drop=[name])
    assert np.array_equal(all_rows(source), rows[:, [0, 2]])


def test_columns_of_a_matrix_stored_by_columns_are_read_alone(write):
    rows = np.asfortranarray(blobs(50, 4))
    source = gmmkit.open_rows(write(rows), columns=[3, 1])
    assert np.array_equal(all_rows(source), rows[:, [3, 1]])


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize(("kind", "name"), [("npy", 2), ("parquet", "c"), ("csv", "c")])
def test_a_column_of_weights_counts_rows_and_zero_leaves_them_out(write, kind, name, zeros):
    weights = np.arange(40_000) % 3 + (0 if zeros else 1)
    rows = np.column_stack([blobs(40_000, 2), weights])
    source = gmmkit.open_rows(write(rows, kind), weights=name)
    kept = weights > 0
    assert source.n_rows == kept.sum()
    assert source.weight == weights.sum()
    assert np.array_equal(all_rows(source), rows[kept, :2])
    assert np.array_equal(np.concatenate([b.weights for b in source]), weights[kept])
    assert all(block.rows.flags.c_contiguous for block in source)
    some = source.take(np.array([5, 0, 20_000]))
    assert np.array_equal(some.weights, weights[kept][[5, 0, 20_000]])


def test_a_gzipped_text_is_read_as_what_is_in_it(tmp_path):
    import gzip

    path = tmp_path / "t.tsv.gz"
    path.write_bytes(gzip.compress(b"a\tb\n1\t2\n3\t4\n"))
    assert all_rows(gmmkit.open_rows(path)).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_decimal_commas_are_read_when_they_are_asked_for(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a;b\n1,5;2\n")
    source = gmmkit.open_rows(path, delimiter=";", decimal=",")
    assert all_rows(source).tolist() == [[1.5, 2.0]]


def test_quoted_cells_of_a_text_are_read_like_others(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('name,a\n"one, two",1\nx,2\n"three\nfour",3\n')
    assert all_rows(gmmkit.open_rows(path, columns=["a"])).ravel().tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("characters", [1, 20, 200])
@pytest.mark.parametrize("quoted", [0, 30, 60])
def test_a_text_is_read_the_same_in_blocks_of_any_size(tmp_path, monkeypatch, characters, quoted):
    path = tmp_path / "t.csv"
    lines = [f"{n},x,{n / 7}\n" for n in range(60)]
    lines[quoted:quoted] = ['1,"x, y\n and z",2\n']
    path.write_text("a,name,b\n" + "".join(lines))
    expected = gmmkit.read_table(path, numeric=["a", "b"]).rows(["b", "a"])
    monkeypatch.setattr(table_csv, "_BLOCK_CHARACTERS", characters)
    monkeypatch.setattr(table_csv, "_BLOCK_CELLS", 7)
    source = gmmkit.open_rows(path, columns=["b", "a"])
    assert np.array_equal(all_rows(source), expected)


def test_a_text_is_never_whole_in_memory(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("a\n" + "1.5\n" * 5_000)
    monkeypatch.setattr(table_csv, "_BLOCK_CHARACTERS", 400)
    lengths = [len(rows) for rows in table_csv.csv_blocks(path, ["a"], Wanted())]
    assert sum(lengths) == 5_000
    assert max(lengths) == 100


def test_digits_that_a_text_loses_are_warned_of_once(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("a\n" + "9007199254740993\n" * 100)
    monkeypatch.setattr(table_csv, "_BLOCK_CHARACTERS", 100)
    with pytest.warns(DataWarning, match="lose digits") as caught:
        gmmkit.open_rows(path)
    assert len(caught) == 1


def test_whole_numbers_that_lose_digits_are_warned_of(write):
    with pytest.warns(DataWarning, match=r"beyond 2\*\*53 in .*rows.npy"):
        all_rows(gmmkit.open_rows(write(np.array([[2**60 + 1]]))))


# Places


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("places", [[0], [69_999, 3, 3, 40_000], list(range(0, 70_000, 7))])
def test_rows_at_places_are_those_of_the_array(write, kind, places):
    rows = blobs(70_000, 2)
    block = gmmkit.open_rows(write(rows, kind)).take(np.array(places))
    assert np.array_equal(block.rows, rows[places])
    assert block.weights is None


def test_no_places_are_no_rows(write):
    assert gmmkit.open_rows(write(blobs(9, 2))).take(np.array([], int)).rows.shape == (0, 2)


def test_rows_close_to_each_other_are_read_at_once(write, monkeypatch):
    reads = []
    real = MatrixFile.read

    def counted(self, stream, start, stop, columns=None):
        reads.append(stop - start)
        return real(self, stream, start, stop, columns)

    monkeypatch.setattr(MatrixFile, "read", counted)
    source = gmmkit.open_rows(write(blobs(300_000, 2)))
    near = [*range(0, 15_000, 10), 299_000, 299_001]
    source.take(np.array(near))
    assert reads == [14_991, 2]
    reads.clear()
    source.take(np.arange(300_000))
    assert max(reads) <= 32_768


# Where the rows are


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_can_be_sent_to_a_process_that_is_elsewhere(write, kind, tmp_path, monkeypatch):
    rows = blobs(40_000, 2)
    monkeypatch.chdir(tmp_path)
    source = gmmkit.open_rows(write(rows, kind).name)
    sent = pickle.dumps(list(source.pieces()))
    assert len(sent) < 5_000
    code = """
import pickle, sys
pieces = pickle.loads(sys.stdin.buffer.read())
print(sum(float(piece.load().rows.sum()) for piece in pieces))
"""
    monkeypatch.chdir("/")
    done = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, check=True)
    assert float(done.stdout) == pytest.approx(rows.sum())


def test_opening_a_matrix_reads_its_header_alone(write, monkeypatch):
    path = write(np.full((9, 2), np.nan))
    monkeypatch.setattr(MatrixFile, "read", None)
    assert gmmkit.open_rows(path).n_rows == 9


def test_parquet_is_read_a_chunk_at_a_time(write, monkeypatch):
    lengths = []
    real = ParquetChunks._frame

    def noted(self, start, stop):
        lengths.append(stop - start)
        return real(self, start, stop)

    monkeypatch.setattr(ParquetChunks, "_frame", noted)
    monkeypatch.setattr("gmmkit.io.rows.parquet._CHUNK_BYTES", 800_000)
    source = gmmkit.open_rows(write(blobs(300_000, 2), "parquet", row_group_size=60_000))
    assert lengths == []
    next(source.pieces()).load()
    assert len(lengths) == 1
    assert max(lengths) <= 50_000


def test_a_name_with_wildcards_is_the_name_of_one_file(write, tmp_path):
    path = tmp_path / "a[1]*.parquet"
    write(blobs(20, 2), "parquet").rename(path)
    assert gmmkit.open_rows(path).n_rows == 20


# Scratch files


def test_the_numbers_of_a_text_are_kept_where_they_are_told_to(write, tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    with gmmkit.open_rows(write(blobs(20, 2), "csv"), scratch=folder) as source:
        (kept,) = folder.iterdir()
        assert np.load(kept).shape == (20, 2)
        assert "rows.csv" in repr(source)
    assert list(folder.iterdir()) == []


def test_the_numbers_of_a_text_are_removed_with_the_last_that_needs_them(write, tmp_path):
    source = gmmkit.open_rows(write(blobs(20, 2), "csv"), scratch=tmp_path)
    copy = pickle.loads(pickle.dumps(source))
    del copy
    gc.collect()
    assert source.take(np.array([1])).rows.shape == (1, 2)
    del source
    gc.collect()
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


@pytest.mark.parametrize("ending", ["", "raise SystemExit", "os.fork() or os._exit(0)"])
def test_the_numbers_of_a_text_are_removed_at_the_end_of_the_process(write, tmp_path, ending):
    path = write(blobs(20, 2), "csv")
    code = f"""
import os, sys, gmmkit
kept = gmmkit.open_rows(sys.argv[1], scratch=sys.argv[2])
print(len(os.listdir(sys.argv[2])))
{ending}
"""
    with other_processes("") as start:
        process = start(code, path, tmp_path)
        assert ended(process) == ["2"]
    assert os.listdir(tmp_path) == ["rows.csv"]


def test_a_child_of_a_fork_leaves_the_numbers_of_its_parent_alone(write, tmp_path):
    source = gmmkit.open_rows(write(blobs(20, 2), "csv"), scratch=tmp_path)
    child = os.fork()
    if child == 0:
        source.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert all_rows(source).shape == (20, 2)


# Mapped arrays


def test_an_array_that_numpy_maps_is_fitted_as_it_is(write):
    rows = blobs(500, 2)
    mapped = np.load(write(rows), mmap_mode="r")
    ours = gmmkit.fit(mapped, 3, seed=0)
    assert ours.log_likelihood == gmmkit.fit(rows, 3, seed=0).log_likelihood
