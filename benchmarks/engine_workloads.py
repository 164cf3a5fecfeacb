"""The rows that everybody fits, where everybody starts, and how many iterations are timed.

photo         every pixel of sample:coffee, lab+texture: 5 columns; K = 5, full
saturated     the same of sample:astronaut, whose black areas are nearly a point; float64 rows
texture       sample:coffee, lab+texture+mr8: 13 columns; K = 8, full
speech        frames of the shipped recordings, repeated with noise: 60 columns; K = 512, diagonal
transactions  generated: 284,807 x 30, decaying and heavy-tailed as the principal components of card
              payments are; K = 10, full
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from engine_scorer import Float64Array, Parameters, Rows
from sklearn.cluster import KMeans

# What scikit-learn adds to every variance by default; gmmkit adds the same, so that both maximize
# the same thing.
RIDGE = 1e-6
TEXTURE_FEATURES = "lab+texture+mr8"
N_TRANSACTIONS = 284_807
_START_ROWS = 50_000
_START_ITERATIONS = 10
_SPEECH_NOISE = 0.3
_SPEECH_ROWS_TIMED = 200_000
_QUICK, _QUICK_SPEECH_ROWS = 40, 4000


@dataclass(frozen=True, eq=False)
class Workload:
    """Rows, a start, and how far to go from it.

    Attributes
    ----------
    name : str
    rows : ndarray of shape (N, D)
    start : Parameters
    few, many : int
        A time is that of many iterations less that of few.
    more : int
        How many more gmmkit is timed for: where peers are slow its own few take no time at all.
    collapses : bool
        Whether a component shrinks onto a point, where only a ridge or a floor bounds likelihoods.
    ridge : float or None
        What gmmkit adds to every variance.
    floor : ndarray of shape (D,) or None
        The smallest standard deviations that gmmkit believes.
    """

    name: str
    rows: Rows
    start: Parameters
    few: int
    many: int
    more: int = 0
    collapses: bool = False
    ridge: float | None = RIDGE
    floor: Float64Array | None = None

    @property
    def covariance(self) -> str:
        """The family, in scikit-learn's words."""
        return "diag" if self.start.is_diagonal else "full"

    @property
    def label(self) -> str:
        """Name and sizes."""
        (n, d), k = self.rows.shape, self.start.shape[0]
        return f"{self.name} {n}x{d} {self.rows.dtype}, K={k} {self.covariance}"

    @property
    def operations(self) -> float:
        """Floating-point operations of one iteration's two products, scores and sums."""
        return count_operations(*self.rows.shape, self.start.shape[0], self.covariance)

    def cast(self, kind: npt.DTypeLike) -> "Workload":
        """Return the same with rows of another type."""
        return replace(self, rows=self.rows.astype(kind))


def count_operations(n_rows: int, n_columns: int, k: int, covariance: str) -> float:
    """Return 4 N K times the length of (1, x, x²) or of (1, x, the products of columns)."""
    pairs = n_columns if covariance == "diag" else n_columns * (n_columns + 1) // 2
    return 4.0 * n_rows * k * (1 + n_columns + pairs)


def cluster_moments(rows: Rows, k: int, covariance: str) -> Parameters:
    """Return the moments of k-means clusters of some of the rows."""
    chosen = np.random.default_rng(0).permutation(len(rows))[:_START_ROWS]
    sample = rows[np.sort(chosen)].astype(np.float64)
    means = KMeans(k, n_init=1, max_iter=_START_ITERATIONS, random_state=0)
    labels = means.fit_predict(sample / sample.std(axis=0))
    members = [sample[labels == j] for j in range(k)]
    weights = np.array([len(each) for each in members]) / len(sample)
    spreads = [_spread(each, sample, covariance) for each in members]
    return Parameters(weights, np.array([each.mean(axis=0) for each in members]), np.array(spreads))


def _spread(members: Rows, sample: Rows, covariance: str) -> Rows:
    """Return a cluster's covariance; variances, of few rows each, are drawn towards all rows'."""
    if covariance == "diag":
        return 0.95 * members.var(axis=0) + 0.05 * sample.var(axis=0)
    return np.cov(members.T, bias=True) + RIDGE * np.eye(sample.shape[1])


def photo(quick: bool = False) -> Workload:
    """Return the workload of one photo."""
    return replace(colors("coffee", quick), name="photo")


def colors(name: str, quick: bool = False) -> Workload:
    """Return the pixels of a sample photo, by color and texture."""
    rows = _pixels(name, "lab+texture", quick)
    return Workload(name, rows, cluster_moments(rows, 5, "full"), 2, 22)


def saturated(quick: bool = False) -> Workload:
    """Return the workload of a photo with saturated areas."""
    return replace(colors("astronaut", quick), name="saturated", collapses=True).cast(np.float64)


def texture(quick: bool = False) -> Workload:
    """Return the workload of a photo with many texture features."""
    rows = _pixels("coffee", TEXTURE_FEATURES, quick)
    return Workload("texture", rows, cluster_moments(rows, 8, "full"), 2, 12)


def transactions(quick: bool = False) -> Workload:
    """Return the workload of a wide table."""
    rows = transaction_rows(N_TRANSACTIONS // (_QUICK if quick else 1))
    return Workload("transactions", rows, cluster_moments(rows, 10, "full"), 1, 4, more=6)


def speech(n_rows: int, quick: bool = False) -> Workload:
    """Return the workload of a universal background model."""
    rows = speech_rows(_QUICK_SPEECH_ROWS if quick else n_rows)
    more = _SPEECH_ROWS_TIMED // len(rows)
    return Workload("speech", rows, speech_start(16 if quick else 512), 1, 3, more)


@cache
def speech_start(k: int) -> Parameters:
    """Return one start for any number of rows."""
    return cluster_moments(speech_rows(_START_ROWS), k, "diag")


def _pixels(name: str, features: str, quick: bool) -> npt.NDArray[np.float32]:
    import gmmkit.image

    found = gmmkit.image.compute_features(f"sample:{name}", features)
    rows = found.reshape(-1, found.shape[2])
    return np.ascontiguousarray(rows[:: _QUICK if quick else 1])


@cache
def spoken_frames() -> npt.NDArray[np.float32]:
    """Return the frames of all shipped recordings: 20 cepstra, slopes, and slopes of those."""
    from gmmkit.io.audio import as_recording
    from gmmkit.io.samples import sample_names, sample_path
    from gmmkit.speaker.features.analysis import analyze_recording
    from gmmkit.speaker.features.frontend import Frontend

    frontend = Frontend(n_cepstra=20)
    recordings = [
        as_recording(sample_path(name, kind="recording")) for name in sample_names("recording")
    ]
    return np.concatenate(
        [analyze_recording(frontend, one.samples, one.sample_rate).frames for one in recordings]
    ).astype(np.float32)


@cache
def speech_rows(n_rows: int) -> npt.NDArray[np.float32]:
    """Return frames drawn anew, each with noise of a share of every column's spread."""
    frames = spoken_frames()
    random = np.random.default_rng(0)
    rows = frames[random.integers(len(frames), size=n_rows)]
    spread = (_SPEECH_NOISE * frames.std(axis=0)).astype(np.float32)
    rows += spread * random.standard_normal(rows.shape, dtype=np.float32)
    rows.flags.writeable = False
    return rows


def transaction_rows(n_rows: int) -> npt.NDArray[np.float32]:
    """Return rows of several habits: correlated, with tails as Student's t has, decaying scales."""
    random = np.random.default_rng(0)
    n_columns, n_habits = 30, 8
    scales = np.linspace(2.0, 0.3, n_columns)
    habits = random.choice(n_habits, size=n_rows, p=np.arange(n_habits, 0, -1) / 36)
    rows = np.empty((n_rows, n_columns), dtype=np.float32)
    for habit in range(n_habits):
        of_habit = np.flatnonzero(habits == habit)
        turn = np.linalg.qr(random.normal(size=(n_columns, n_columns)))[0]
        stretch = random.lognormal(0.0, 0.5, n_columns)
        normal = random.standard_normal((len(of_habit), n_columns)) * stretch @ turn
        tails = np.sqrt(random.chisquare(4 + habit, len(of_habit)) / (4 + habit))
        rows[of_habit] = (random.normal(0.0, 1.0, n_columns) + normal / tails[:, None]) * scales
    return rows
