"""Stepwise EM: a mixture that follows a stream of batches, none of which is kept.

The statistics of each batch are blended into those so far, s <- (1 - g) s + g batch, and an M-step
follows. Cappe and Moulines, "On-line expectation-maximization algorithm for latent data models",
JRSS B 71 (2009), equation 10; Liang and Klein, "Online EM for unsupervised models", NAACL 2009.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gmmkit.core.checks import Float64Array, check_nonnegative
from gmmkit.core.em import e_step, m_step
from gmmkit.core.engine.routes import cancellation_bound
from gmmkit.core.families import Moments
from gmmkit.core.maximization import Regularization
from gmmkit.core.mixture import Mixture
from gmmkit.core.statistics import SufficientStatistics, pack_symmetric, upper_triangle
from gmmkit.core.units import Units, units_of
from gmmkit.errors import ParameterError

DECAY = 0.7
# Covariances never fall below this share of that which the stream began with.
_RELATIVE_FLOOR = 1e-10
# Beyond this bound other units are looked for: single precision would need them, double gains.
_RECENTERING_BOUND = 5e4


@dataclass(frozen=True, eq=False)
class Stream:
    """Where a stream stands: a mixture, and the blended statistics that it came from.

    Attributes
    ----------
    mixture : Mixture
        In the data's units.
    statistics : SufficientStatistics
        Per unit weight, about each component's mean.
    regularization : Regularization
        In the working units of the statistics.
    weight : float
        The weight of all rows so far.
    steps : int
        How many batches were blended in.
    log_likelihood : float or None
        Of the last batch before it was learned from, in nats per unit weight: a fall tells that
        the data changed. None before the first.
    """

    mixture: Mixture
    statistics: SufficientStatistics
    regularization: Regularization
    weight: float = 0.0
    steps: int = 0
    log_likelihood: float | None = None

    @property
    def units(self) -> Units:
        """The working coordinates, which change when the data move away from them."""
        return self.statistics.units


def begin(
    mixture: Mixture,
    *,
    units: Units | None = None,
    regularization: Regularization | None = None,
    weight: float = 0.0,
) -> Stream:
    """Return the stream that starts from a mixture, such as a fit of the first rows.

    Its statistics are those that rows drawn from the mixture have on average, so that nothing
    changes until a batch says otherwise.

    Parameters
    ----------
    mixture : Mixture
        In the data's units.
    units : Units, optional
        Working coordinates; by default those that suit the mixture.
    regularization : Regularization, optional
        In those units. The default keeps covariances above 1e-10 of the mixture's own.
    weight : float
        The weight of the rows that the mixture was fitted to.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [9.0]], np.ones((2, 1, 1)))
    >>> begin(mixture, weight=100.0).statistics.weight
    array([0.5, 0.5])
    """
    units = units or units_of(mixture)
    statistics = expected_statistics(mixture, units)
    if regularization is None:
        regularization = _relative_floor(units.standardize(mixture))
    return Stream(mixture, statistics, regularization, check_nonnegative(weight, "weight"))


def expected_statistics(mixture: Mixture, units: Units) -> SufficientStatistics:
    """Return what one row drawn from a mixture says on average, about each component's mean.

    The M-step on it gives the mixture again. Its log likelihood has no closed form and is left
    at zero.

    Parameters
    ----------
    mixture : Mixture
        In the data's units.
    units : Units

    Examples
    --------
    >>> mixture = Mixture([1.0], [[3.0]], [[[2.0]]])
    >>> expected_statistics(mixture, Units.plain(1)).second
    array([[2.]])
    """
    working = units.standardize(mixture)
    moments = working.covariance.family.moments
    return SufficientStatistics(
        log_likelihood=0.0,
        weight=working.weights,
        first=np.zeros(working.means.shape),
        second=_expected_squares(working, moments),
        moments=moments,
        units=units,
        origin=working.means,
        noise_weight=0.0 if mixture.noise is None else mixture.noise.weight,
    )


def _expected_squares(working: Mixture, moments: Moments) -> Float64Array:
    weights, covariances = working.weights, working.covariances
    if moments is Moments.DIAGONAL:
        return weights[:, None] * np.diagonal(covariances, axis1=1, axis2=2)
    if moments is Moments.POOLED:
        return pack_symmetric(weights.sum() * covariances[0])
    return weights[:, None] * pack_symmetric(covariances)


def _relative_floor(working: Mixture) -> Regularization:
    shares = working.weights / working.weights.sum()
    deviations = working.means - shares @ working.means
    between = (deviations * shares[:, None]).T @ deviations
    within = np.einsum("k,kde->de", shares, working.covariances)
    return Regularization(_RELATIVE_FLOOR * (within + between), np.zeros(working.n_features))


def update(
    stream: Stream,
    rows: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    decay: float | None = None,
    forgetting: float | None = None,
) -> Stream:
    """Return the stream after one more batch of rows.

    Parameters
    ----------
    stream : Stream
    rows : array_like of shape (n, D)
        A batch: small ones follow faster, large ones more steadily; a few rows a parameter at
        least. Their order inside the batch does not matter.
    weights : array_like of shape (n,), optional
        Frequencies.
    decay : float, optional
        In (0.5, 1]: batch t of a stream, from 0, counts (t + 2) ** -decay, so that the mixture
        settles. 0.7 if neither this nor `forgetting` is given; less forgets faster.
    forgetting : float, optional
        In (0, 1]: every batch counts this much, so that the mixture follows data that change.
        After m batches an earlier one counts (1 - forgetting) ** m of what it did: half after
        log(1/2) / log(1 - forgetting) batches. :func:`forgetting_of` chooses it by rows. At one
        nothing but the batch counts: an iteration of EM.

    Returns
    -------
    Stream

    Raises
    ------
    InputError
        If rows or weights are unusable.
    ParameterError
        If `decay` or `forgetting` is out of range, or both are given.

    Examples
    --------
    >>> stream = begin(Mixture([1.0], [[0.0]], [[[1.0]]]))
    >>> update(stream, [[3.0], [5.0]], forgetting=0.5).mixture.means
    array([[2.]])
    """
    share = _step_size(stream.steps, decay, forgetting)
    batch = e_step(rows, stream.mixture, weights, units=stream.units)
    total = batch.total
    about_means = batch.scaled(1.0 / total).recentered(stream.statistics.origin)
    blended = stream.statistics.scaled(1.0 - share) + about_means.scaled(share)
    mixture = m_step(
        blended,
        stream.mixture.covariance.family,
        regularization=stream.regularization,
        previous=stream.mixture,
    )
    following = replace(
        stream,
        mixture=mixture,
        statistics=blended.recentered(stream.units.standardize(mixture).means),
        weight=stream.weight + total,
        steps=stream.steps + 1,
        log_likelihood=batch.log_likelihood / total,
    )
    return _well_placed(following)


def forgetting_of(half_life: float, weight: float) -> float:
    """Return the `forgetting` with which rows count half after so many others.

    Parameters
    ----------
    half_life : float
        How many rows later a row counts half of what it did.
    weight : float
        The rows of a batch, or their total weight.

    Raises
    ------
    ParameterError
        If either is not positive.

    Examples
    --------
    >>> forgetting_of(half_life=1000, weight=1000)
    0.5
    """
    for value, name in ((half_life, "half_life"), (weight, "weight")):
        if check_nonnegative(value, name) == 0:
            raise ParameterError(f"{name} is not usable", found="0", needed="a positive number")
    return float(-np.expm1(-np.log(2) * weight / half_life))


def _step_size(steps: int, decay: float | None, forgetting: float | None) -> float:
    if decay is not None and forgetting is not None:
        raise ParameterError(
            "a stream either settles or forgets",
            found=f"decay={decay} and forgetting={forgetting}",
            needed="one of the two",
        )
    if forgetting is not None:
        return _in_range(forgetting, "forgetting", 0.0)
    return float((steps + 2) ** -_in_range(DECAY if decay is None else decay, "decay", 0.5))


def _in_range(value: float, name: str, above: float) -> float:
    number = check_nonnegative(value, name)
    if not above < number <= 1:
        raise ParameterError(
            f"{name} is out of range", found=repr(value), needed=f"above {above}, at most 1"
        )
    return number


def _well_placed(stream: Stream) -> Stream:
    """Return the stream in the units that suit its mixture, where the old ones cancel digits."""
    old = stream.units
    bound = cancellation_bound(old.standardize(stream.mixture))
    if bound <= _RECENTERING_BOUND:
        return stream
    new = units_of(stream.mixture)
    if cancellation_bound(new.standardize(stream.mixture)) > 0.5 * bound:
        return stream
    regularization = _rescaled(stream.regularization, old.scale / new.scale)
    statistics = _in_units(stream.statistics, new, new.apply(stream.mixture.means))
    return replace(stream, statistics=statistics, regularization=regularization)


def _rescaled(regularization: Regularization, ratio: Float64Array) -> Regularization:
    """Return what holds in units that are `ratio` times as fine."""
    floor = regularization.floor
    if floor is not None:
        floor = floor * np.multiply.outer(ratio, ratio)
    return replace(regularization, floor=floor, ridge=regularization.ridge * ratio**2)


def _in_units(
    statistics: SufficientStatistics, units: Units, origin: Float64Array
) -> SufficientStatistics:
    """Return statistics about the means, whose place in other units is `origin`, in those."""
    ratio = statistics.units.scale / units.scale
    row, column = upper_triangle(len(ratio))
    diagonal = statistics.moments is Moments.DIAGONAL
    squares = ratio**2 if diagonal else ratio[row] * ratio[column]
    second = None if statistics.second is None else statistics.second * squares
    first = statistics.first * ratio
    return replace(statistics, first=first, second=second, units=units, origin=origin)
