"""Wherever rows are, the fit to them has the same bits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import blobs, stable

import gmmkit

polars = pytest.importorskip("polars")
NAMES = list("abcdef")


def in_files(folder, rows, group, cuts):
    """The same rows in every way in which they can be had."""
    frame = polars.DataFrame(rows, schema=NAMES[: rows.shape[1]])
    np.save(folder / "rows.npy", rows)
    np.save(folder / "turned.npy", np.asfortranarray(rows))
    np.save(folder / "swapped.npy", rows.astype(rows.dtype.newbyteorder()))
    frame.write_parquet(folder / "rows.parquet", row_group_size=group)
    yield gmmkit.rows_from(np.array_split(rows, sorted(cuts)))
    yield np.load(folder / "rows.npy", mmap_mode="r")
    for name in ("rows.npy", "turned.npy", "swapped.npy", "rows.parquet"):
        yield gmmkit.open_rows(folder / name)
    if rows.dtype == np.float64:
        frame.write_csv(folder / "rows.csv")
        yield gmmkit.open_rows(folder / "rows.csv")


def bits(fitted):
    mixture = fitted.mixture
    parts = mixture.weights, mixture.means, mixture.covariance.values
    return [part.tobytes() for part in parts], fitted.log_likelihood, fitted.trace


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("rows")


@settings(stable, max_examples=6)
@given(
    n=st.sampled_from([30, 300, 12_000, 40_001]),
    d=st.integers(1, 4),
    dtype=st.sampled_from([np.float64, np.float32]),
    group=st.integers(900, 50_000),
    cuts=st.lists(st.integers(0, 30), max_size=3),
    seed=st.integers(0, 99),
)
def test_a_fit_of_rows_in_files_has_the_bits_of_a_fit_of_the_array(
    folder, n, d, dtype, group, cuts, seed
):
    rows = blobs(n, d, seed=seed).astype(dtype)
    asked = {"seed": 0, "max_iter": 2, "start": "kmeans"}
    expected = bits(gmmkit.fit(rows, 2, **asked))
    for source in in_files(folder, rows, group, cuts):
        assert bits(gmmkit.fit(source, 2, **asked)) == expected


def test_a_search_for_starts_goes_the_same_way_through_rows_in_a_file(folder):
    rows = blobs(200, 2)
    np.save(folder / "rows.npy", rows)
    fitted = gmmkit.fit(gmmkit.open_rows(folder / "rows.npy"), 3, seed=0)
    assert bits(fitted) == bits(gmmkit.fit(rows, 3, seed=0))


@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_fit_of_rows_in_a_file_has_the_same_bits_on_any_number_of_threads(folder, n_threads):
    rows = blobs(70_001, 3)
    np.save(folder / "rows.npy", rows)
    fitted = gmmkit.fit(
        gmmkit.open_rows(folder / "rows.npy"), 3, seed=0, max_iter=3, n_threads=n_threads
    )
    assert bits(fitted) == bits(gmmkit.fit(rows, 3, seed=0, max_iter=3, n_threads=2))


@pytest.mark.parametrize("wanted", [{"prior": "default"}, {"noise": True}, {"assignment": "hard"}])
def test_what_a_fit_can_be_asked_for_it_can_be_of_rows_in_a_file(folder, wanted):
    rows = blobs(2_000, 2)
    np.save(folder / "rows.npy", rows)
    source = gmmkit.open_rows(folder / "rows.npy")
    asked = {"seed": 0, "max_iter": 4, **wanted}
    assert bits(gmmkit.fit(source, 2, **asked)) == bits(gmmkit.fit(rows, 2, **asked))


@pytest.mark.parametrize(("name", "column"), [("w.npy", 2), ("w.parquet", "w"), ("w.csv", "w")])
def test_weights_in_a_file_are_weights_of_an_array(folder, name, column):
    rows, weights = blobs(2_000, 2), np.arange(2_000) % 4.0
    both = np.column_stack([rows, weights])
    frame = polars.DataFrame(both, schema=["a", "b", "w"])
    np.save(folder / "w.npy", both)
    frame.write_parquet(folder / "w.parquet", row_group_size=300)
    frame.write_csv(folder / "w.csv")
    fitted = gmmkit.fit(gmmkit.open_rows(folder / name, weights=column), 2, seed=0, max_iter=4)
    assert bits(fitted) == bits(gmmkit.fit(rows, 2, sample_weight=weights, seed=0, max_iter=4))
