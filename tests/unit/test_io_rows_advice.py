"""Reading ahead: the system is asked for the blocks behind the one that was read."""

import errno
import os

import numpy as np
import pytest
from strategies import blobs

import gmmkit

pytestmark = pytest.mark.skipif(
    not hasattr(os, "posix_fadvise"), reason="this system takes no advice"
)

ROWS = blobs(300_000, 2)
WIDTH = 2 * 8


@pytest.fixture
def asked(monkeypatch):
    """What the system is asked for, as (advice, first byte, how many)."""
    noted = []
    monkeypatch.setattr(
        os,
        "posix_fadvise",
        lambda _descriptor, start, length, advice: noted.append((advice, start, length)),
    )
    return noted


def written(folder, rows=ROWS):
    """The rows in a file, where the first of them begins, and the file's size."""
    path = folder / "rows.npy"
    np.save(path, rows)
    size = path.stat().st_size
    return path, size - rows.nbytes, size


def needed(asked):
    return [each[1:] for each in asked if each[0] == os.POSIX_FADV_WILLNEED]


def merged(ranges):
    """Ranges that touch, as one each."""
    found = []
    for start, length in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1][1] = max(found[-1][1], start + length)
        else:
            found.append([start, start + length])
    return found


def test_with_the_first_block_the_next_two_are_asked_for(tmp_path, asked):
    path, begin, _ = written(tmp_path)
    piece = next(gmmkit.open_rows(path).pieces())
    assert piece.load().rows.shape[0] == piece.stop
    assert merged(needed(asked)) == [[begin + at * piece.stop * WIDTH for at in (1, 3)]]


def test_with_others_the_one_after_the_next_is_asked_for(tmp_path, asked):
    path, begin, _ = written(tmp_path)
    _, piece, *_ = gmmkit.open_rows(path).pieces()
    piece.load()
    step = piece.stop - piece.start
    assert merged(needed(asked)) == [[begin + at * step * WIDTH for at in (3, 4)]]


def test_of_columns_that_stand_together_those_that_are_read_are_asked_for(tmp_path, asked):
    rows = np.asfortranarray(blobs(300_000, 4))
    path, begin, _ = written(tmp_path, rows)
    piece = next(gmmkit.open_rows(path, columns=[3, 1]).pieces())
    piece.load()
    expected = [
        [begin + 8 * (column * 300_000 + at * piece.stop) for at in (1, 3)] for column in (1, 3)
    ]
    assert merged(needed(asked)) == expected


def test_nothing_is_asked_for_beyond_the_rows(tmp_path, asked):
    path, begin, size = written(tmp_path)
    pieces = list(gmmkit.open_rows(path).pieces())
    pieces[-1].load()
    pieces[-2].load()
    assert needed(asked) == []
    for piece in pieces:
        piece.load()
    assert sum(length for _, length in needed(asked)) == size - begin - pieces[0].stop * WIDTH
    assert merged(needed(asked)) == [[begin + pieces[0].stop * WIDTH, size]]


def test_requests_are_as_small_as_a_kernel_takes_them_by_default(tmp_path, asked):
    path, *_ = written(tmp_path)
    next(gmmkit.open_rows(path).pieces()).load()
    lengths = [length for _, length in needed(asked)]
    assert 0 < max(lengths) <= 128 * 1024
    assert sum(lengths) < 128 * 1024 * (len(lengths) + 1)


def test_a_file_that_is_passed_over_is_said_to_be_read_in_order(tmp_path, asked):
    path, *_ = written(tmp_path)
    source = gmmkit.open_rows(path)
    n_blocks = len(list(source))
    assert [each for each in asked if each[0] == os.POSIX_FADV_SEQUENTIAL] == [
        (os.POSIX_FADV_SEQUENTIAL, 0, 0)
    ] * n_blocks


def test_of_rows_here_and_there_nothing_is_said(tmp_path, asked):
    path, *_ = written(tmp_path)
    gmmkit.open_rows(path).take(np.array([7, 250_000]))
    assert asked == []


@pytest.mark.parametrize("name", ["posix_fadvise", "POSIX_FADV_WILLNEED"])
def test_where_no_advice_can_be_given_the_rows_are_the_same(tmp_path, monkeypatch, name):
    path, *_ = written(tmp_path)
    monkeypatch.delattr(os, name)
    assert np.array_equal(np.concatenate([b.rows for b in gmmkit.open_rows(path)]), ROWS)


def test_where_no_advice_is_taken_the_rows_are_the_same(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    path, *_ = written(tmp_path)
    monkeypatch.setattr(os, "posix_fadvise", refused)
    assert np.array_equal(np.concatenate([b.rows for b in gmmkit.open_rows(path)]), ROWS)


def test_a_fit_has_the_same_bits_with_and_without_advice(tmp_path, monkeypatch):
    path, *_ = written(tmp_path)
    words = {"seed": 0, "start": ROWS[:3], "max_iter": 2}
    given = gmmkit.fit(gmmkit.open_rows(path), 3, **words)
    monkeypatch.delattr(os, "posix_fadvise")
    without = gmmkit.fit(gmmkit.open_rows(path), 3, **words)
    assert given.mixture.means.tobytes() == without.mixture.means.tobytes()
    assert given.log_likelihood == without.log_likelihood
