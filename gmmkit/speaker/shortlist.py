"""Who is worth a closer look: one short row a speaker, compared with one of the recording.

A speaker's adapted means, in standard deviations and weighted as the UBM's components are, make a
supervector e; a recording's first-order statistics make another, f, and f e - e e / 2 is the
recording's log-likelihood ratio a frame, to first order (Glembek et al. 2009, linear scoring). A
random rotation (signs, then a cosine transform) spreads either evenly over all coordinates, of
which two bits each are then enough (Jégou, Douze and Schmid, "Product quantization for nearest
neighbor search", 2011).
"""

import numpy as np
import numpy.typing as npt

from gmmkit.core.adapt import mean_statistics
from gmmkit.core.checks import Float64Array
from gmmkit.core.execution import threads
from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.enrollment import Enrollment, Heard

Int8Array = npt.NDArray[np.int8]
Float32Array = npt.NDArray[np.float32]

# Up to this many people everyone is scored; beyond, those whom the shortlist finds.
EXACT_LIMIT = 1_000
SHORTLIST = 500
# Who scores are compared with in a larger registry: as many as in one where everyone is scored.
COUNTED = 300
# A row: codes of four coordinates a byte, then two single-precision numbers.
ROW_BYTES = 1_024
_CODE_BYTES = ROW_BYTES - 8
_COORDINATES = 4 * _CODE_BYTES
# Max's quantizer of a standard normal distribution at four levels (1960).
_STEP = 0.9957
_SEED = 20_001
_ROWS_AT_ONCE = 2_048


def projection_of(enrollment: Enrollment, background: BackgroundModel) -> Int8Array:
    """Return a speaker's row, (1024,): the mean of all conditions' models, first subsystem.

    1,016 bytes of codes, then the codes' scale and minus half of the squared length.
    """
    first = background.subsystems[0]
    offsets = enrollment.offsets(background.relevance)[0]
    mean = np.mean([offsets[condition] for condition in first.conditions], axis=0)
    vector = _supervector(mean, background)
    rotated = _rotated(vector - _cohort_mean(background))
    scale = float(rotated.std()) or 1.0
    levels = np.clip(np.floor(rotated / (scale * _STEP)), -2, 1).astype(np.int64) + 2
    padded = np.zeros(_COORDINATES, np.uint8)
    padded[: len(levels)] = levels
    codes = (padded.reshape(-1, 4) << np.array([0, 2, 4, 6], np.uint8)).sum(axis=1, dtype=np.uint8)
    numbers = np.array([scale, -0.5 * vector @ vector], "<f4")
    return np.concatenate([codes, numbers.view(np.uint8)]).view(np.int8)


def query_of(heard: Heard, background: BackgroundModel) -> Float32Array:
    """Return what rows are compared with: a recording's rotated statistics, (4064,)."""
    ubm = background.subsystems[0].ubm
    statistics = mean_statistics(heard.frames[0], ubm)
    shares = statistics.first / statistics.weight.sum()
    rotated = _rotated((shares * ubm.factors / np.sqrt(ubm.weights)[:, None]).ravel())
    query = np.zeros(_COORDINATES, np.float32)
    # What is left out of a long vector stands for as much of it as is kept.
    query[: len(rotated)] = rotated * (ubm.means.size / len(rotated))
    return query


def nearest(query: Float32Array, rows: npt.NDArray[np.integer], count: int) -> npt.NDArray[np.intp]:
    """Return which of the rows (n, 1024) fit a query best, in their order.

    Examples
    --------
    >>> rows = np.zeros((3, ROW_BYTES), np.int8)
    >>> nearest(np.zeros(4064, np.float32), rows, 5).tolist()
    [0, 1, 2]
    """
    if count >= len(rows):
        return np.arange(len(rows))
    found = np.argpartition(-approximate_scores(query, rows), count - 1)[:count]
    return np.sort(found)


def approximate_scores(query: Float32Array, rows: npt.NDArray[np.integer]) -> Float32Array:
    """Return first-order log-likelihood ratios of rows (n, 1024), up to a common constant."""
    tables = _tables(query)
    first = 256 * np.arange(_CODE_BYTES)
    numbers = np.ascontiguousarray(rows[:, _CODE_BYTES:]).view("<f4")

    def scores(start: int) -> Float32Array:
        part = slice(start, start + _ROWS_AT_ONCE)
        codes = rows[part, :_CODE_BYTES].view(np.uint8)
        sums = tables.take(codes + first).sum(axis=1)
        return np.asarray(numbers[part, 0] * sums + numbers[part, 1])

    starts = range(0, len(rows), _ROWS_AT_ONCE)
    with threads(1 if len(starts) < 2 else None) as executor:
        return np.concatenate(list(executor.map(scores, starts)))


def evenly_spread(n: int, count: int) -> npt.NDArray[np.intp]:
    """Return `count` of n positions that depend on n alone.

    Examples
    --------
    >>> evenly_spread(10, 5).tolist()
    [0, 2, 4, 6, 8]
    """
    return np.unique(np.arange(count) * n // count)


def _tables(query: Float32Array) -> Float32Array:
    """Return what every byte of codes is worth in every place, (1016 * 256,)."""
    values = (np.arange(256)[:, None] >> np.array([0, 2, 4, 6])) & 3
    levels = ((values - 1.5) * _STEP).astype(np.float32)
    return np.ascontiguousarray((query.reshape(-1, 4) @ levels.T).ravel())


def _supervector(offsets: Float64Array, background: BackgroundModel) -> Float64Array:
    ubm = background.subsystems[0].ubm
    weighted: Float64Array = offsets * ubm.factors * np.sqrt(ubm.weights)[:, None]
    return weighted.ravel()


def _cohort_mean(background: BackgroundModel) -> Float64Array:
    cohort = background.subsystems[0].cohort.values()
    mean = np.mean([offsets.mean(axis=0, dtype=np.float64) for offsets in cohort], axis=0)
    return _supervector(mean, background)


def _rotated(vector: Float64Array) -> Float64Array:
    """Return at most 4,064 coordinates of a randomly rotated vector."""
    from scipy.fft import dct

    random = np.random.default_rng(_SEED)
    signs = random.choice([-1.0, 1.0], len(vector))
    kept = np.sort(random.permutation(len(vector))[:_COORDINATES])
    return np.asarray(dct(signs * vector, norm="ortho")[kept])
