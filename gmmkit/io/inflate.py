"""How long a deflate stream is, without keeping it and without trusting it."""

import zlib
from collections.abc import Iterable

_BLOCK = 1 << 18


def inflated_length(chunks: Iterable[bytes], limit: int) -> int:
    """Inflate a stream and count its bytes, stopping soon after `limit` of them.

    Parameters
    ----------
    chunks : iterable of bytes
        The stream in pieces, each read only when it is needed.
    limit : int
        Beyond this many bytes the count stops, at most a quarter megabyte later.

    Returns
    -------
    int
        The bytes that came out; fewer than `limit` if the stream ends before.

    Raises
    ------
    zlib.error
        If it is no deflate stream, or damaged.

    Examples
    --------
    >>> inflated_length([zlib.compress(bytes(1000))], limit=5000)
    1000
    """
    inflater = zlib.decompressobj()
    total = 0
    for chunk in chunks:
        pending = chunk
        while pending and total <= limit and not inflater.eof:
            total += len(inflater.decompress(pending, _BLOCK))
            pending = inflater.unconsumed_tail
    return total
