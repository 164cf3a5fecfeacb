"""Longer steps for EM: where three iterations show a curve, the fourth goes further along it.

Squared extrapolation (Varadhan and Roland, "Simple and globally convergent methods for accelerating
the convergence of any EM algorithm", Scandinavian Journal of Statistics 35 (2008), scheme S3), of
sufficient statistics: a sum of statistics whose factors add up to one is again a set of statistics,
and the M-step of every family makes a mixture of it. What does not raise the objective is dropped.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array
from gmmkit.core.engine.routes import choose_route
from gmmkit.core.families import Moments
from gmmkit.core.mixture import Mixture
from gmmkit.core.statistics import SufficientStatistics
from gmmkit.errors import ParameterError

ACCELERATIONS = ("squarem", "none")

# Steps may be so long at first; a limit that was reached grows, one that was too long shrinks.
_FIRST_LIMIT = 4.0
_LEAST_LIMIT = 2.0
_LIMIT_FACTOR = 4.0
# A step is shortened at most so often until it leads to a mixture; one this short is EM's own.
_ATTEMPTS = 6
_SHORTEST = 1.01
# No component may lose more than nine tenths of its weight in one step.
_LEAST_SHARE = 0.1
# Nats per unit weight: where less is left to gain, differences are roundings, which would grow.
_NOTICEABLE = 1e-9

# From statistics to a mixture, and how often the floor acted.
Maximizing = Callable[[SufficientStatistics], tuple[Mixture, int]]


@dataclass(frozen=True, eq=False)
class Stage:
    """What one iteration of EM summed up, the mixture made of it, and how often the floor acted."""

    statistics: SufficientStatistics
    mixture: Mixture
    floored: int = 0


@dataclass(frozen=True, eq=False)
class Path:
    """Where EM has been of late, and how far ahead it may go at once.

    Attributes
    ----------
    stages : tuple of Stage
        At most two before the present one, each made from the one before by an iteration; the
        first may be extrapolated.
    way_back : Mixture, optional
        Where EM alone would be, while the state stands at an extrapolated mixture.
    limit : float
        The longest step, in EM's own steps.
    """

    stages: tuple[Stage, ...] = ()
    way_back: Mixture | None = None
    limit: float = _FIRST_LIMIT

    def turned_back(self) -> "Path":
        """Return the path from the way back on, with shorter steps.

        Examples
        --------
        >>> Path(limit=16.0).turned_back().limit
        4.0
        """
        return Path(limit=max(_LEAST_LIMIT, self.limit / _LIMIT_FACTOR))


def check_acceleration(acceleration: object) -> str:
    """Return the name of an acceleration.

    Raises
    ------
    ParameterError
        If there is no such acceleration.

    Examples
    --------
    >>> check_acceleration("none")
    'none'
    """
    if acceleration in ACCELERATIONS:
        return str(acceleration)
    raise ParameterError(
        "there is no such acceleration",
        found=repr(acceleration),
        needed=" or ".join(map(repr, ACCELERATIONS)),
    )


def path_for(acceleration: str, *, hard: bool = False) -> Path | None:
    """Return where an accelerated run begins; None for EM alone.

    Parameters
    ----------
    acceleration : str
        ``"squarem"`` or ``"none"``.
    hard : bool
        Whether rows belong to one component alone: such runs end after a few iterations, and no
        curve leads from one assignment to the next.

    Raises
    ------
    ParameterError
        If there is no such acceleration.

    Examples
    --------
    >>> path_for("squarem", hard=True) is None
    True
    """
    return None if check_acceleration(acceleration) == "none" or hard else Path()


def go_on(
    path: Path, stage: Stage, maximizing: Maximizing, *, gain: float, tol: float
) -> tuple[Path, Mixture]:
    """Return the path with another stage, and the mixture to go on with.

    Parameters
    ----------
    path : Path
    stage : Stage
        What the present iteration saw, and where EM alone would go.
    maximizing : callable
        The M-step.
    gain, tol : float
        What the present iteration gained, and which gains count as small, in nats per unit weight.
    """
    stages = (*path.stages, stage)
    if len(stages) < 3:
        return replace(path, stages=stages, way_back=None), stage.mixture
    length = step_length(*(each.mixture for each in stages))
    found = None
    if _is_worthwhile(length, gain, tol):
        found = _furthest(stages, min(length, path.limit), maximizing)
    if found is None:
        return Path(stages[1:], limit=path.limit), stage.mixture
    limit = path.limit * (_LIMIT_FACTOR if length >= path.limit else 1.0)
    return Path((found,), stage.mixture, limit), found.mixture


def _is_worthwhile(length: float, gain: float, tol: float) -> bool:
    """Tell whether all further steps of EM together would gain enough, by the rate of the last."""
    if length <= _SHORTEST:
        return False
    # Distances shrink by this factor in a step, gains by its square.
    rate, tol = (1.0 - 1.0 / length) ** 2, max(tol, _NOTICEABLE)
    return gain >= tol or gain * rate >= tol * (1.0 - rate)


def _furthest(stages: tuple[Stage, ...], length: float, maximizing: Maximizing) -> Stage | None:
    """Return where the longest step leads that leads to a mixture; None if none does."""
    of = tuple(stage.statistics for stage in stages)
    for _ in range(_ATTEMPTS):
        if length <= _SHORTEST:
            return None
        statistics = extrapolated(of, length)
        stage = _stage(statistics, maximizing) if _is_possible(statistics, stages[-1]) else None
        if stage is not None and _is_as_regular(stage, stages[-1]):
            return stage
        length = 0.5 * (length + 1.0)
    return None


def _stage(statistics: SufficientStatistics, maximizing: Maximizing) -> Stage | None:
    """Return the stage that statistics lead to, None if its covariances cannot be."""
    try:
        return Stage(statistics, *maximizing(statistics))
    except ParameterError:
        return None


def _is_as_regular(stage: Stage, usual: Stage) -> bool:
    """Tell whether neither floors nor a more exact route are needed more than they are anyway."""
    return stage.floored <= usual.floored and choose_route(stage.mixture) <= choose_route(
        usual.mixture
    )


def step_length(first: Mixture, second: Mixture, third: Mixture) -> float:
    """Return how many of EM's steps to go at once, at least one: |r| / |v| of scheme S3.

    With r the first step and v the change from it to the second. Lengths are those that the Fisher
    information of rows with known components gives, so that they depend on no units.

    Parameters
    ----------
    first, second, third : Mixture
        Each made from the one before by an iteration.

    Examples
    --------
    >>> at = [Mixture([1.0], [[mean]], [[[1.0]]]) for mean in (0.0, 1.0, 1.5)]
    >>> step_length(*at)
    2.0
    """
    start, middle, end = (_coordinates(each, third) for each in (first, second, third))
    step = middle - start
    bend = (end - middle) - step
    longest, shortest = float(np.sum(step * step)), float(np.sum(bend * bend))
    return max(1.0, float(np.sqrt(longest / shortest))) if shortest > 0 else 1.0


def _coordinates(mixture: Mixture, reference: Mixture) -> Float64Array:
    """Return a mixture in coordinates in which the reference has unit information."""
    root = np.sqrt(reference.weights)
    inverse_root = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)
    factors, deviations = reference.factors, mixture.means - reference.means
    if reference.covariance.family.axis_aligned:
        means = deviations * factors
        covariances = mixture.variances * factors**2
    else:
        means = np.einsum(
            "kd,kde->ke", deviations, np.broadcast_to(factors, (len(root), *factors.shape[1:]))
        )
        covariances = factors.transpose(0, 2, 1) @ mixture.covariances @ factors
    half = np.sqrt(0.5) * root
    parts = [
        mixture.weights * inverse_root,
        (root[:, None] * means).ravel(),
        (half.reshape(-1, *[1] * (covariances.ndim - 1)) * covariances).ravel(),
    ]
    if mixture.noise is not None and reference.noise is not None and reference.noise.weight > 0:
        parts.append(np.array([mixture.noise.weight / np.sqrt(reference.noise.weight)]))
    return np.concatenate(parts)


def extrapolated(path: tuple[SufficientStatistics, ...], length: float) -> SufficientStatistics:
    """Return s + 2 l (s' - s) + l² (s'' - 2 s' + s) for three successive statistics.

    Parameters
    ----------
    path : tuple of SufficientStatistics
        s, s' and s'' in the same units; the result is about the origin of the last.
    length : float
        One gives s'' itself.

    Examples
    --------
    >>> from gmmkit.core.em import e_step
    >>> at = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> path = tuple(e_step([[x], [x + 2.0]], at) for x in (0.0, 4.0, 6.0))
    >>> [float(extrapolated(path, length).means[0, 0]) for length in (1.0, 2.0)]
    [7.0, 9.0]
    """
    factors = (1.0 - length) ** 2, 2.0 * length * (1.0 - length), length**2
    origin = path[-1].origin
    about = [each if each.origin is origin else each.recentered(origin) for each in path]
    return reduce(add, (each.scaled(factor) for each, factor in zip(about, factors, strict=True)))


def _is_possible(statistics: SufficientStatistics, last: Stage) -> bool:
    """Tell whether rows could sum up to extrapolated statistics, as far as estimates rely on it."""
    weight, noise_weight = last.statistics.weight, np.asarray(last.statistics.noise_weight)
    kept = bool((statistics.weight >= _LEAST_SHARE * weight).all())
    noise_kept = bool(np.all(statistics.noise_weight >= _LEAST_SHARE * noise_weight))
    # What is estimated from one scatter alone is checked when the mixture is made of it.
    direct = last.mixture.covariance.family.independent
    return kept and noise_kept and (direct or _spreads(statistics, weight > 0))


def _spreads(statistics: SufficientStatistics, alive: npt.NDArray[np.bool_]) -> bool:
    """Tell whether all components that have rows spread in every direction."""
    safe = replace(statistics, weight=np.where(alive, statistics.weight, 1.0))
    if statistics.moments is Moments.DIAGONAL:
        return bool((safe.scatter()[alive] > 0).all())
    scatter = safe.scatter()
    try:
        np.linalg.cholesky(scatter if statistics.moments is Moments.POOLED else scatter[alive])
    except np.linalg.LinAlgError:
        return False
    return True
