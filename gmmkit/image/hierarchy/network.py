"""Fitting what speaks for a border between regions: logistic regression beside a hidden layer."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from gmmkit.image.pixels import Float64Array

# Weight of the squared parameters, beside the mean loss.
_DECAY = 1e-4
_ITERATIONS = 150


@dataclass(frozen=True, eq=False)
class Network:
    """Weights of `H` rectified units and of a direct sum of `F` columns.

    Parameters
    ----------
    hidden : ndarray of shape (H, F)
    hidden_bias, output : ndarray of shape (H,)
    direct : ndarray of shape (F,)
    bias : float
    """

    hidden: Float64Array
    hidden_bias: Float64Array
    output: Float64Array
    direct: Float64Array
    bias: float

    @classmethod
    def of(cls, vector: Float64Array, n_units: int) -> "Network":
        """Return the network whose parameters are strung together in a vector."""
        n_columns = (vector.size - 1 - 2 * n_units) // (n_units + 1)
        ends = np.cumsum([n_units * n_columns, n_units, n_units, n_columns])
        hidden, hidden_bias, output, direct, bias = np.split(vector, ends)
        return cls(hidden.reshape(n_units, n_columns), hidden_bias, output, direct, float(bias[0]))

    def vector(self) -> Float64Array:
        """Return the parameters in one vector."""
        parts = (self.hidden.ravel(), self.hidden_bias, self.output, self.direct, [self.bias])
        return np.concatenate(parts)

    def odds(self, rows: Float64Array) -> Float64Array:
        """Return the log odds of every row, (n,)."""
        units = np.maximum(rows @ self.hidden.T + self.hidden_bias, 0)
        odds: Float64Array = units @ self.output + rows @ self.direct + self.bias
        return odds

    def of_raw(self, mean: Float64Array, scale: Float64Array) -> "Network":
        """Return the network for rows that are not standardized yet."""
        hidden, direct = self.hidden / scale, self.direct / scale
        hidden_bias = self.hidden_bias - hidden @ mean
        return Network(hidden, hidden_bias, self.output, direct, self.bias - float(direct @ mean))


def fit_network(
    rows: Float64Array,
    targets: Float64Array,
    weights: Float64Array,
    n_units: int,
    random: np.random.Generator,
) -> Network:
    """Return the network of least weighted cross-entropy.

    Parameters
    ----------
    rows : ndarray of shape (n, F)
    targets : ndarray of shape (n,)
        Probabilities, 0 to 1.
    weights : ndarray of shape (n,)
    n_units : int
    random : Generator
        Of the start.

    Returns
    -------
    Network
        For rows as they are given.
    """
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    standard, shares = (rows - mean) / scale, weights / weights.sum()
    n_columns = rows.shape[1]
    start = Network(
        random.normal(scale=np.sqrt(2 / n_columns), size=(n_units, n_columns)),
        np.zeros(n_units),
        random.normal(scale=0.1, size=n_units),
        np.zeros(n_columns),
        0.0,
    )

    def loss(vector: Float64Array) -> tuple[float, Float64Array]:
        return _loss(Network.of(vector, n_units), standard, targets, shares)

    best = minimize(
        loss, start.vector(), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS}
    )
    return Network.of(best.x, n_units).of_raw(mean, scale)


def _loss(
    network: Network, rows: Float64Array, targets: Float64Array, shares: Float64Array
) -> tuple[float, Float64Array]:
    """Return the penalized mean cross-entropy and its gradient."""
    before = rows @ network.hidden.T + network.hidden_bias
    units = np.maximum(before, 0)
    odds = units @ network.output + rows @ network.direct + network.bias
    # log(1 + exp(z)) - t z, the cross-entropy of a logistic output.
    losses = np.logaddexp(0, odds) - targets * odds
    error = (1 / (1 + np.exp(-odds)) - targets) * shares
    back = np.outer(error, network.output) * (before > 0)
    gradient = Network(
        back.T @ rows, back.sum(axis=0), units.T @ error, rows.T @ error, float(error.sum())
    )
    vector = network.vector()
    penalty = _DECAY / 2 * float(vector @ vector)
    return float(losses @ shares) + penalty, gradient.vector() + _DECAY * vector
