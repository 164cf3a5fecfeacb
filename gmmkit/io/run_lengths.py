"""Masks as run lengths, the way COCO annotations keep them.

Pixels are taken column by column; the counts of excluded and included pixels take turns, excluded
ones first. As text, each count is a number of 5-bit digits, lowest first, whose sixth bit says
that another follows, written as the character 48 further on; from the fourth count on the
difference to the count two places before is written.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.errors import InputError, ParameterError

Counts = npt.NDArray[np.int64]

_DIGIT_BITS, _DIGIT, _SIGN, _MORE, _FIRST_CHARACTER = 5, 31, 16, 32, 48
# Twelve digits hold any 59-bit number.
_MOST_DIGITS = 12


def rle_encode(mask: npt.ArrayLike) -> Counts:
    """Return the run lengths of a mask.

    Parameters
    ----------
    mask : array_like of shape (H, W)
        bool.

    Returns
    -------
    ndarray of shape (n,)
        int64, excluded pixels first, column by column.

    Raises
    ------
    ParameterError
        If it is no mask.

    Examples
    --------
    >>> rle_encode(np.array([[False, True], [False, True], [True, True]])).tolist()
    [2, 4]
    """
    pixels = np.asarray(mask)
    if pixels.ndim != 2 or pixels.dtype != bool:
        raise ParameterError(
            "this is no mask", found=f"{pixels.dtype}, shape {pixels.shape}", needed="bool (H, W)"
        )
    flat = pixels.T.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    first = [0, 0] if flat.size and flat[0] else [0]
    return np.diff(np.concatenate([first, changes, [flat.size]])).astype(np.int64)


def rle_decode(counts: npt.ArrayLike, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return the mask of run lengths.

    Parameters
    ----------
    counts : array_like of shape (n,)
        Whole numbers that add up to H W, excluded pixels first, column by column.
    shape : tuple of int
        (H, W).

    Returns
    -------
    ndarray of shape (H, W)
        bool.

    Raises
    ------
    InputError
        If they do not add up, or are no counts.

    Examples
    --------
    >>> rle_decode([2, 4], (3, 2)).tolist()
    [[False, True], [False, True], [True, True]]
    """
    runs = np.asarray(counts)
    height, width = shape
    whole = runs.ndim == 1 and (runs.dtype.kind in "ui" or not runs.size)
    if not whole or (runs < 0).any() or (runs > height * width).any():
        raise InputError(
            "these are no run lengths", found=f"{counts!r:.80}", needed="counts of pixels"
        )
    total = int(runs.sum())
    if total != height * width:
        raise InputError(
            "the run lengths do not fit the image",
            found=f"{total:,} pixels",
            needed=f"{height} × {width} = {height * width:,}",
        )
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs.astype(np.int64)).reshape(width, height).T


def rle_text(counts: Counts) -> str:
    """Return run lengths as COCO's compressed text.

    Parameters
    ----------
    counts : ndarray of shape (n,)
        From `rle_encode`.

    Returns
    -------
    str
        ASCII.

    Examples
    --------
    >>> rle_text(np.array([2, 4])), rle_text(np.array([10, 3, 40, 1]))
    ('24', ':3X1N')
    """
    rest = np.array(counts, dtype=np.int64)
    rest[3:] -= counts[1:-2]
    characters = np.zeros((len(rest), _MOST_DIGITS), dtype=np.uint8)
    open_ = np.ones(len(rest), dtype=bool)
    for place in range(_MOST_DIGITS):
        digit = rest & _DIGIT
        rest >>= _DIGIT_BITS
        # The last digit carries the sign: what is left has to be all sign already.
        more = rest != np.where(digit & _SIGN, -1, 0)
        characters[open_, place] = (digit | np.where(more, _MORE, 0))[open_] + _FIRST_CHARACTER
        open_ &= more
        if not open_.any():
            break
    return characters[characters > 0].tobytes().decode("ascii")


def rle_counts(text: str) -> Counts:
    """Return the run lengths of COCO's compressed text.

    Parameters
    ----------
    text : str
        From `rle_text` or another program.

    Returns
    -------
    ndarray of shape (n,)
        int64.

    Raises
    ------
    InputError
        If the text is none.

    Examples
    --------
    >>> rle_counts(":3X1N").tolist()
    [10, 3, 40, 1]
    """
    codes = _codes(text)
    ends = np.flatnonzero(codes < _MORE)
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)
    lengths = ends - starts + 1
    if not len(codes) or codes[-1] >= _MORE or lengths.max() > _MOST_DIGITS:
        raise _bad_text(text)
    places = np.arange(len(codes)) - np.repeat(starts, lengths)
    digits = (codes & _DIGIT) << (_DIGIT_BITS * places)
    values = np.add.reduceat(digits, starts)
    values -= np.where(codes[ends] & _SIGN, np.int64(1) << (_DIGIT_BITS * lengths), 0)
    # The first, second and third stand as they are; each further one is a difference.
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def _codes(text: str) -> Counts:
    try:
        raw = text.encode("ascii")
    except UnicodeEncodeError as error:
        raise _bad_text(text) from error
    codes = np.frombuffer(raw, dtype=np.uint8).astype(np.int64) - _FIRST_CHARACTER
    if ((codes < 0) | (codes >= 2 * _MORE)).any():
        raise _bad_text(text)
    return codes


def _bad_text(text: Any) -> InputError:
    return InputError(
        "this is no compressed run-length text",
        found=f"{text!r:.60}",
        needed="characters from '0' to 'o' that end in a last digit",
    )
