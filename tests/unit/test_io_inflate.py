"""Counting a deflate stream without keeping it."""

import zlib
from random import Random

import pytest

from gmmkit.io.inflate import inflated_length

_STREAM = zlib.compress(bytes(5_000_000))


@pytest.mark.parametrize("size", [1, 7, 1000, len(_STREAM)])
def test_a_stream_in_pieces_of_any_size_is_counted_whole(size):
    pieces = [_STREAM[start : start + size] for start in range(0, len(_STREAM), size)]
    assert inflated_length(pieces, limit=10_000_000) == 5_000_000


def test_counting_stops_a_quarter_megabyte_after_the_limit():
    assert 1000 < inflated_length([_STREAM], limit=1000) <= 1000 + (1 << 18)


def test_bytes_after_the_end_of_the_stream_are_not_counted():
    assert inflated_length([_STREAM, b"more", b""], limit=10_000_000) == 5_000_000


def test_a_stream_that_ends_early_counts_what_is_there():
    half = zlib.compress(Random(0).randbytes(10_000))[:5_000]
    assert 0 < inflated_length([half], limit=10_000) < 10_000


def test_what_is_no_stream_is_an_error():
    with pytest.raises(zlib.error):
        inflated_length([b"no stream"], limit=10)
