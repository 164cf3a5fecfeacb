"""Rows of Dask's, made in this process: as good as an array, a few partitions at a time."""

import sys

import dask
import dask.array
import dask.bag
import dask.dataframe
import numpy as np
import pandas as pd
import pytest
from clusters import assert_same_fit, chunked, fitted, framed, uncounted
from scipy import sparse
from strategies import blobs

from gmmkit import rows_from
from gmmkit.backends import connected, dask_rows
from gmmkit.core.scanning import score
from gmmkit.errors import InputError, InputTypeError, MissingDependencyError, ParameterError

ROWS = blobs(1200)


@pytest.fixture(autouse=True)
def one_partition_at_a_time():
    with dask.config.set(num_workers=1):
        yield


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32])
@pytest.mark.parametrize("chunks", [(1200, 2), (250, 1), (70, 2)], ids=str)
def test_an_array_of_dask_has_the_fit_of_the_array_bit_for_bit(dtype, chunks):
    rows = ROWS.astype(dtype)
    assert_same_fit(fitted(chunked(rows, chunks)), fitted(rows), rtol=0)


def test_partitions_of_unknown_sizes_are_counted():
    assert dask_rows(uncounted(ROWS)).n_rows == len(ROWS)
    assert_same_fit(fitted(uncounted(ROWS)), fitted(ROWS), rtol=0)


def test_a_data_frame_has_the_fit_of_its_numbers():
    assert_same_fit(fitted(framed(ROWS)), fitted(ROWS), rtol=0)


def test_a_data_frame_is_single_precision_where_all_its_columns_are():
    single = framed(ROWS).astype({"a": "float32", "b": "float32"})
    assert dask_rows(single).dtype == np.float32
    assert dask_rows(single.assign(c=single["a"].astype("float64"))).dtype == np.float64


def test_types_with_missing_values_of_their_own_are_numbers_while_nothing_is_missing():
    frame = framed(np.round(ROWS)).astype({"a": "Int64", "b": "Float64"})
    assert_same_fit(fitted(frame), fitted(np.round(ROWS)), rtol=0)


def test_weights_come_in_an_array_beside_the_rows():
    weights = np.arange(len(ROWS)) % 3
    rows = dask_rows(chunked(ROWS), weights=dask.array.from_array(weights, chunks=100))
    assert_same_fit(fitted(rows), fitted(rows_from([(ROWS, weights)])), rtol=0)


def test_weights_may_be_in_partitions_of_unknown_sizes_too():
    both = uncounted(np.column_stack([ROWS, np.arange(len(ROWS)) % 3]))
    rows = dask_rows(both[:, :2], weights=both[:, 2])
    expected = fitted(rows_from([(ROWS, np.arange(len(ROWS)) % 3)]))
    assert_same_fit(fitted(rows), expected, rtol=0)


def test_weights_come_in_a_column_of_a_data_frame():
    weights = np.arange(len(ROWS)) % 3
    frame = pd.DataFrame(ROWS, columns=["a", "b"]).assign(n=weights)
    rows = dask_rows(dask.dataframe.from_pandas(frame, npartitions=3), weights="n")
    assert_same_fit(fitted(rows), fitted(rows_from([(ROWS, weights)])), rtol=0)


def test_a_partition_in_which_no_row_has_weight_is_as_good_as_none():
    weights = dask.array.from_array(np.repeat([0.0, 1.0], 600), chunks=300)
    assert dask_rows(chunked(ROWS, (300, 2)), weights=weights).n_rows == 600


def test_partitions_are_made_when_a_pass_comes_to_them():
    made = []

    def note(block):
        made.append(len(block))
        return block

    rows = dask_rows(chunked(ROWS, (1000, 2)).map_blocks(note, meta=ROWS[:0]))
    next(rows.pieces())
    del made[:]
    pieces = rows.pieces()
    for _ in pieces:
        assert len(made) <= 2
    assert made == [1000, 200]


def test_rows_are_scored_where_dask_makes_them():
    mixture = fitted(ROWS).mixture
    assert score(mixture, chunked(ROWS)) == score(mixture, ROWS)


def test_single_rows_are_taken_in_the_order_asked_for():
    places = np.array([1199, 0, 700, 0])
    np.testing.assert_array_equal(dask_rows(chunked(ROWS)).take(places).rows, ROWS[places])


def with_nan_in_row(number):
    rows = ROWS.copy()
    rows[number, 1] = np.nan
    return rows


TEXT = pd.DataFrame({"a": [1.0, 2.0], "name": ["x", "y"]})
UNUSABLE = {
    "partition 2: rows contain NaN or infinity: found the first in row 7": (
        lambda: chunked(with_nan_in_row(507))
    ),
    "partition 0: rows contain NaN": lambda: framed(with_nan_in_row(3)),
    "partition 1: rows have the wrong width: found 3 columns; needed 2": (
        lambda: chunked(ROWS, (600, 2)).map_blocks(widened, dtype=float)
    ),
    "partition 0: rows are not real numbers": (
        lambda: chunked(ROWS, (600, 2)).map_blocks(lambda block: block + 1j, dtype=float)
    ),
    "rows are sparse": lambda: chunked(ROWS).rechunk((250, 2)).map_blocks(sparse.csr_matrix),
    "rows are not real numbers: found dtype complex128": lambda: chunked(ROWS) + 1j,
    "rows need two dimensions: found Array with 1": lambda: chunked(ROWS)[:, 0],
    "rows need two dimensions: found Series with 1": lambda: framed(ROWS)["a"],
    "nobody knows how many columns": lambda: uncounted(ROWS).T,
    "columns of the data frame are not all numbers: found name": (
        lambda: dask.dataframe.from_pandas(TEXT, npartitions=1)
    ),
    "found no columns": lambda: framed(ROWS)[[]],
    "there is nothing to work on": lambda: chunked(ROWS)[:0],
    "the chunks make no table of rows: found 0 rows": lambda: uncounted(ROWS[:0]),
}


def widened(block, block_id=None):
    """The second partition with a column more."""
    return np.column_stack([block, block[:, 0]]) if block_id[0] else block


@pytest.mark.parametrize("complaint", UNUSABLE)
def test_unusable_rows_are_refused_by_partition(complaint):
    with pytest.raises(InputError, match=complaint.replace("(", r"\(")):
        fitted(UNUSABLE[complaint]())


def test_a_bag_is_no_rows():
    with pytest.raises(InputTypeError, match=r"needed a dask\.array\.Array or a dask"):
        fitted(dask.bag.from_sequence([1, 2]))


@pytest.mark.parametrize(
    ("rows", "weights", "complaint"),
    [
        (chunked(ROWS), dask.array.ones(7), "weights do not match the rows: found 7"),
        (chunked(ROWS), "n", "weights do not go with an array"),
        (framed(ROWS), "n", "needed the name of a column: a, b"),
        (framed(ROWS), np.ones(1200), "found ndarray"),
    ],
)
def test_weights_that_match_nothing_are_refused(rows, weights, complaint):
    with pytest.raises(InputError, match=complaint):
        dask_rows(rows, weights=weights)


def test_negative_weights_are_refused_by_partition():
    weights = dask.array.from_array(np.repeat([1.0, -1.0], 600), chunks=300)
    with pytest.raises(InputError, match="partition 2: sample_weight must be"):
        dask_rows(chunked(ROWS, (300, 2)), weights=weights)


def test_something_else_is_no_place_for_passes():
    with pytest.raises(ParameterError, match=r"passes cannot run there: found Array"):
        fitted(ROWS, executor=chunked(ROWS))


def test_without_distributed_rows_are_made_here_and_clusters_refused_in_words(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert_same_fit(fitted(chunked(ROWS)), fitted(ROWS), rtol=0)
    with (
        pytest.raises(MissingDependencyError, match=r'pip install "gmmkit\[cluster\]"'),
        connected("tcp://127.0.0.1:1"),
    ):
        pass
