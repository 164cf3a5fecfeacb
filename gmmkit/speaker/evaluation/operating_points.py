"""Operating points: what the two errors cost and how often speakers are the same, by name."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import TypeVar

from gmmkit.core.checks import Float64Array
from gmmkit.errors import ParameterError

Rate = TypeVar("Rate", float, Float64Array)


@dataclass(frozen=True)
class OperatingPoint:
    """A prior and two costs, which together say where the best threshold lies.

    Parameters
    ----------
    name : str
        For tables.
    prior : float
        Probability, between 0 and 1 exclusive, that the speakers of a trial are the same.
    cost_miss, cost_false_alarm : float
        Positive costs of rejecting the right speaker and of accepting a wrong one.

    Raises
    ------
    ParameterError
        If the prior or a cost is out of range.

    Examples
    --------
    >>> point = OperatingPoint("door", prior=0.5, cost_false_alarm=10)
    >>> round(point.threshold, 4)
    2.3026
    >>> print(point)
    door (P=0.5, Cmiss=1, Cfa=10)
    """

    name: str
    prior: float
    cost_miss: float = 1.0
    cost_false_alarm: float = 1.0

    def __post_init__(self) -> None:
        if not (_is_number(self.prior) and 0 < self.prior < 1):
            raise ParameterError(
                "prior is not usable",
                found=repr(self.prior),
                needed="a probability between 0 and 1, both exclusive",
            )
        for name in ("cost_miss", "cost_false_alarm"):
            cost = getattr(self, name)
            if not (_is_number(cost) and 0 < cost < math.inf):
                raise ParameterError(
                    f"{name} is not usable", found=repr(cost), needed="a positive, finite number"
                )

    @property
    def threshold(self) -> float:
        """The log-likelihood ratio, in nats, from which on accepting costs least."""
        odds_against = math.log1p(-self.prior) - math.log(self.prior)
        return math.log(self.cost_false_alarm) - math.log(self.cost_miss) + odds_against

    @property
    def effective_prior(self) -> float:
        """The prior that has the same threshold with costs of 1."""
        return 1.0 / (1.0 + math.exp(self.threshold))

    def cost(self, miss_rate: Rate, false_alarm_rate: Rate) -> Rate:
        """Return the normalized detection cost: 1 is that of deciding always the same, unheard.

        Parameters
        ----------
        miss_rate, false_alarm_rate : float or ndarray
            Between 0 and 1.

        Returns
        -------
        float or ndarray

        References
        ----------
        NIST Year 2010 Speaker Recognition Evaluation Plan.

        Examples
        --------
        >>> OperatingPoint("even", prior=0.5).cost(0.25, 0.5)
        0.75
        """
        miss = self.cost_miss * self.prior
        false_alarm = self.cost_false_alarm * (1 - self.prior)
        total = miss * miss_rate + false_alarm * false_alarm_rate
        return total / min(miss, false_alarm)

    def __str__(self) -> str:
        costs = f"Cmiss={self.cost_miss:g}, Cfa={self.cost_false_alarm:g}"
        return f"{self.name} (P={self.prior:g}, {costs})"


OperatingPoints = tuple[OperatingPoint, ...]

_PRIORS = {
    "sre10": (0.001,),
    "sre16": (0.01, 0.005),
    "sre18": (0.01, 0.005),
    "sre19": (0.01, 0.005),
    "vast": (0.05,),
    "voxsrc": (0.05,),
}


def presets() -> dict[str, OperatingPoints]:
    """Return the operating points of public evaluations, by name.

    Those of NIST's Speaker Recognition Evaluations 2008, 2010, 2016, 2018 and 2019 (telephone
    speech), of their VAST part (speech from video), and of the VoxCeleb challenge. Where there are
    two, the cost is the mean of both.

    Returns
    -------
    dict of str to tuple of OperatingPoint

    Examples
    --------
    >>> [point.prior for point in presets()["sre16"]]
    [0.01, 0.005]
    """
    table: dict[str, OperatingPoints] = {"sre08": (OperatingPoint("sre08", 0.01, cost_miss=10.0),)}
    for name, priors in _PRIORS.items():
        table[name] = tuple(OperatingPoint(name, prior) for prior in priors)
    return table


def points_from_words(words: str) -> OperatingPoints:
    """Return the operating points that a word stands for.

    Parameters
    ----------
    words : str
        The name of a preset, a prior such as ``0.01`` with costs of 1, or
        ``PRIOR:COST_MISS:COST_FALSE_ALARM``.

    Returns
    -------
    tuple of OperatingPoint
        More than one where an evaluation averages over several.

    Raises
    ------
    ParameterError
        If the word is none of these; the presets are listed.

    Examples
    --------
    >>> print(*points_from_words("sre08"), *points_from_words("0.01:1:5"))
    sre08 (P=0.01, Cmiss=10, Cfa=1) 0.01:1:5 (P=0.01, Cmiss=1, Cfa=5)
    """
    known = presets()
    if words in known:
        return known[words]
    numbers = _numbers(words)
    if numbers is None or len(numbers) not in (1, 3):
        raise ParameterError(
            "there is no such operating point",
            found=repr(words),
            needed=f"one of {', '.join(known)}, a prior, or PRIOR:COST_MISS:COST_FALSE_ALARM",
            hint="sre16, or 0.01",
        )
    return (OperatingPoint(words, *numbers),)


def _numbers(words: object) -> list[float] | None:
    try:
        return [float(word) for word in words.split(":")] if isinstance(words, str) else None
    except ValueError:
        return None


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
