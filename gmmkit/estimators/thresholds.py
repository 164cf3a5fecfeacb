"""Below which score a row is an outlier: by a share of rows, or by a rate of false alarms."""

import numpy as np

from gmmkit.core.checks import Float64Array
from gmmkit.errors import InputError

# Products such as 0.07 * 100 miss whole numbers by a rounding error.
_ROUNDING = 1e-9


def share_threshold(scores: Float64Array, weights: Float64Array, share: float) -> float:
    """Return the largest score below which at most a share of the weight lies.

    Parameters
    ----------
    scores, weights : ndarray of shape (N,)
    share : float
        Above 0 and below 1.

    Examples
    --------
    >>> share_threshold(np.arange(10.0), np.ones(10), 0.2)
    2.0
    """
    order = np.argsort(scores, kind="stable")
    cumulative = np.cumsum(weights[order])
    below = np.searchsorted(cumulative, (share + _ROUNDING) * cumulative[-1], side="right")
    return float(scores[order[min(int(below), len(scores) - 1)]])


def conformal_threshold(scores: Float64Array, weights: Float64Array, rate: float) -> float:
    """Return the score below which another row like these falls with probability at most `rate`.

    Split conformal prediction (Vovk, Gammerman and Shafer 2005): of N + 1 exchangeable rows every
    one is as likely to have the lowest score, whatever the scores are. With m = floor(rate (N + 1))
    the threshold is the m-th lowest.

    Parameters
    ----------
    scores, weights : ndarray of shape (N,)
        Of rows that were not fitted; weights are frequencies.
    rate : float
        The probability of a false alarm, above 0 and below 1.

    Raises
    ------
    InputError
        If there are too few rows for so low a rate.

    Examples
    --------
    >>> conformal_threshold(np.arange(99.0), np.ones(99), 0.05)
    4.0
    """
    total = float(weights.sum())
    rank = np.floor(rate * (total + 1) + _ROUNDING)
    if rank < 1:
        raise InputError(
            "too few rows were held out for so low a rate of false alarms",
            found=f"{total:g} rows for a rate of {rate:g}",
            needed=f"at least {np.ceil(1 / rate - 1):g}",
            hint="raise held_out or false_alarm_rate",
        )
    order = np.argsort(scores, kind="stable")
    cumulative = np.cumsum(weights[order])
    place = np.searchsorted(cumulative, rank * (1 - _ROUNDING), side="left")
    return float(scores[order[place]])
