"""How a fit may end below an optimum: what mclust's stopping rule leaves on the way.

mclust runs EM once, from a hierarchical clustering, and stops when an iteration gains less than
1e-5 of the log likelihood: with 1,000 nats, less than 0.01 nats. Where EM creeps, much is left.
A printed value is explained where EM from such a clustering passes it while gaining less than
that, and goes on; what it then converges to may still be another optimum than ours.

For VVE mclust has no M-step in closed form: the shared axes are moved toward the maximum by
majorization (Browne and McNicholas, "Estimating common principal components in high dimensions",
Advances in Data Analysis and Classification 8 (2014)), and gain little a step. One step an
iteration is done here.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import numpy.typing as npt
from mixture_problems import Rows, joint_log_density
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.special import logsumexp

import gmmkit

STOP = 1e-5
_MOST_ITERATIONS = 2000
_CONVERGED = 1e-7
_LINKAGES = ("ward", "average", "complete", "weighted")

Labels = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Passing:
    """A run of EM that passes some value.

    Attributes
    ----------
    start : str
    gain : float
        Of the iteration that passed it, as a share of the log likelihood.
    end : float
        What the run converged to, in nats.
    """

    start: str
    gain: float
    end: float

    @property
    def explains(self) -> bool:
        """Whether mclust's rule would have stopped there."""
        return self.gain < STOP


def passing_of(rows: Rows, family: str, k: int, value: float) -> Passing | None:
    """Return the first run that explains a value; failing that the slowest that passes it."""
    slowest = None
    for passing in _passings(rows, family, k, value):
        if passing.explains:
            return passing
        slowest = passing if slowest is None or passing.gain < slowest.gain else slowest
    return slowest


def _passings(rows: Rows, family: str, k: int, value: float) -> Iterator[Passing]:
    run = _majorized_path if family == "VVE" else partial(_path, family=family)
    for name, labels in _clusterings(rows, k):
        path = run(rows, labels, k)
        after = int(np.argmax(path >= value)) if len(path) else 0
        if after:
            gain = (path[after] - path[after - 1]) / (1 + abs(path[after]))
            yield Passing(name, float(gain), float(path[-1]))


def _clusterings(rows: Rows, k: int) -> Iterator[tuple[str, Labels]]:
    """Yield hierarchical clusterings into k groups, in raw, standard and whitened coordinates."""
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    whitened = np.linalg.svd(standard, full_matrices=False)[0]
    spaces = {"raw": rows, "standardized": standard, "whitened": whitened}
    for (space, points), method in product(spaces.items(), _LINKAGES):
        labels = fcluster(linkage(points, method), k, "maxclust") - 1
        if np.bincount(labels, minlength=k).min() > rows.shape[1]:
            yield f"{method}, {space}", labels.astype(np.intp)


def _path(rows: Rows, labels: Labels, k: int, family: str) -> Rows:
    """Return the log likelihood before every iteration of EM; nothing of a run that collapses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = gmmkit.fit(
            rows, k, covariance=family, start=labels, tol=_CONVERGED / len(rows),
            max_iter=_MOST_ITERATIONS,
        )  # fmt: skip
    path = len(rows) * np.array([iteration.log_likelihood for iteration in fit.trace])
    return path if fit.valid else path[:0]


def _majorized_path(rows: Rows, labels: Labels, k: int) -> Rows:
    """Return the same for VVE, its axes moved by one majorization step an iteration."""
    responsibilities, axes = np.eye(k)[labels], np.eye(rows.shape[1])
    path: list[float] = []
    while len(path) < _MOST_ITERATIONS:
        counts = responsibilities.sum(axis=0)
        means = responsibilities.T @ rows / counts[:, None]
        scatters = np.stack(
            [
                (share[:, None] * (rows - mean)).T @ (rows - mean)
                for share, mean in zip(responsibilities.T, means, strict=True)
            ]
        )
        axes = _majorized_axes(axes, scatters, counts)
        covariances = (axes * _variances(axes, scatters, counts)[:, None]) @ axes.T
        joint = joint_log_density(rows, counts / len(rows), means, covariances)
        marginal = logsumexp(joint, axis=1)
        responsibilities = np.exp(joint - marginal[:, None])
        path.append(float(marginal.sum()))
        if len(path) > 1 and path[-1] - path[-2] < _CONVERGED:
            break
    return np.array(path)


def _variances(axes: Rows, scatters: Rows, counts: Rows) -> Rows:
    """Return the variances along shared axes, (K, D)."""
    along = np.diagonal(axes.T @ scatters @ axes, axis1=1, axis2=2)
    return np.asarray(along / counts[:, None])


def _majorized_axes(axes: Rows, scatters: Rows, counts: Rows) -> Rows:
    """Return orthogonal axes one step on: of what bounds sum tr(S_k D A_k^-1 D') from above."""
    precisions = 1 / _variances(axes, scatters, counts)
    largest = np.linalg.eigvalsh(scatters)[:, -1]
    slack = scatters - largest[:, None, None] * np.eye(len(axes))
    slope = np.einsum("kd,ed,kef->df", precisions, axes, slack)
    left, _, right = np.linalg.svd(slope)
    return -right.T @ left.T
