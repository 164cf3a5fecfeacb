"""Fitting what speaks for a border between regions: logistic regression beside a hidden layer."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from gmmkit.image.pixels import Float32Array, Float64Array

# Adam (Kingma and Ba, 2015), with steps that shrink along a cosine to zero.
_STEP, _FIRST, _SECOND, _TINY = 3e-3, 0.9, 0.999, 1e-8
_EPOCHS, _BATCH = 6, 1024
# Of few rows there are more epochs.
_LEAST_STEPS = 2000
# Weight of the squared parameters of the hidden layer, beside the mean loss.
_DECAY = 1e-4


@dataclass(frozen=True, eq=False)
class Network:
    """Weights of H rectified units and of a direct sum of F columns.

    Parameters
    ----------
    hidden : ndarray of shape (H, F)
    hidden_bias, output : ndarray of shape (H,)
    direct : ndarray of shape (F,)
    bias : ndarray of shape ()
    """

    hidden: Float64Array
    hidden_bias: Float64Array
    output: Float64Array
    direct: Float64Array
    bias: Float64Array

    def odds(self, rows: Float64Array) -> Float64Array:
        """Return the log odds of every row, (n,)."""
        units = np.maximum(rows @ self.hidden.T + self.hidden_bias, 0)
        odds: Float64Array = units @ self.output + rows @ self.direct + self.bias
        return odds

    def of_raw(self, mean: Float64Array, scale: Float64Array) -> "Network":
        """Return the network for rows that are not standardized yet."""
        hidden, direct = self.hidden / scale, self.direct / scale
        hidden_bias = self.hidden_bias - hidden @ mean
        return Network(hidden, hidden_bias, self.output, direct, self.bias - direct @ mean)


def mean_network(networks: Sequence[Network]) -> Network:
    """Return the one network whose log odds are the means of those of several.

    Examples
    --------
    >>> one = Network(np.ones((1, 2)), np.zeros(1), np.ones(1), np.zeros(2), np.array(1.0))
    >>> mean_network([one, one]).odds(np.array([[1.0, 2.0]])).tolist()
    [4.0]
    """
    parts = [astuple(network) for network in networks]
    hidden, hidden_bias, output = (np.concatenate([part[i] for part in parts]) for i in range(3))
    direct, bias = (np.mean([part[i] for part in parts], axis=0) for i in (3, 4))
    return Network(hidden, hidden_bias, output / len(parts), direct, bias)


def fit_network(
    rows: Float64Array,
    targets: Float64Array,
    weights: Float64Array,
    n_units: int,
    random: np.random.Generator,
) -> Network:
    """Return a network of small weighted cross-entropy.

    Parameters
    ----------
    rows : ndarray of shape (n, F)
    targets : ndarray of shape (n,)
        Probabilities, 0 to 1.
    weights : ndarray of shape (n,)
    n_units : int
    random : Generator
        Of the start and of the order of the rows.

    Returns
    -------
    Network
        For rows as they are given.

    References
    ----------
    D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR (2015).
    """
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    data = ((rows - mean) / scale, targets, weights / weights.mean())
    standard, wanted, shares = (part.astype(np.float32) for part in data)
    parameters = _start(n_units, rows.shape[1], random)
    moments = [[np.zeros_like(each) for each in parameters] for _ in range(2)]
    n_batches, step = max(1, len(rows) // _BATCH), 0
    n_epochs = max(_EPOCHS, -(-_LEAST_STEPS // n_batches))
    for epoch in range(n_epochs):
        rate = _STEP * (1 + np.cos(np.pi * epoch / n_epochs)) / 2
        for batch in np.array_split(random.permutation(len(rows)), n_batches):
            step += 1
            gradient = _gradient(parameters, standard[batch], wanted[batch], shares[batch])
            _move(parameters, gradient, moments, rate, step)
    return Network(*(each.astype(np.float64) for each in parameters)).of_raw(mean, scale)


def _start(n_units: int, n_columns: int, random: np.random.Generator) -> list[Float32Array]:
    hidden = random.normal(scale=np.sqrt(2 / n_columns), size=(n_units, n_columns))
    output = random.normal(scale=0.1, size=n_units)
    start = (hidden, np.zeros(n_units), output, np.zeros(n_columns), np.zeros(()))
    return [part.astype(np.float32) for part in start]


def _gradient(
    parameters: Sequence[Float32Array],
    rows: Float32Array,
    targets: Float32Array,
    weights: Float32Array,
) -> list[Float32Array]:
    """Return the gradient of the weighted mean cross-entropy and the penalty."""
    hidden, hidden_bias, output, direct, bias = parameters
    before = rows @ hidden.T + hidden_bias
    units = np.maximum(before, 0)
    odds = units @ output + rows @ direct + bias
    error = (1 / (1 + np.exp(-odds)) - targets) * weights / np.float32(len(rows))
    back = np.outer(error, output) * (before > 0)
    decay = np.float32(_DECAY)
    return [
        back.T @ rows + decay * hidden,
        back.sum(axis=0),
        units.T @ error + decay * output,
        rows.T @ error,
        error.sum(),
    ]


def _move(
    parameters: list[Float32Array],
    gradient: Sequence[Float32Array],
    moments: Sequence[list[Float32Array]],
    rate: float,
    step: int,
) -> None:
    """Take one step of Adam, in place."""
    for i, slope in enumerate(gradient):
        moments[0][i] = _FIRST * moments[0][i] + (1 - _FIRST) * slope
        moments[1][i] = _SECOND * moments[1][i] + (1 - _SECOND) * slope**2
        mean = moments[0][i] / (1 - _FIRST**step)
        spread = np.sqrt(moments[1][i] / (1 - _SECOND**step)) + _TINY
        parameters[i] = (parameters[i] - rate * mean / spread).astype(np.float32)
