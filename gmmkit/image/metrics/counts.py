"""Counts of pictures at thresholds: frozen values that add up and can be taken at one of them."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from gmmkit.errors import InputError


@dataclass(frozen=True, eq=False)
class AdditiveCounts:
    """What has to be summed over pictures; every array has an entry for each of T thresholds.

    Subclasses say what is counted. Whatever is no array belongs to all thresholds together.

    Examples
    --------
    >>> from gmmkit.image.metrics import count_displacement
    >>> counts = count_displacement([[[0, 0, 1]], [[0, 1, 1]]], [[0, 1, 1]])
    >>> both = counts + counts
    >>> both.distance.tolist(), both.n_images, both.at(0).distance.tolist()
    ([2.0, 0.0], 2, [2.0])
    """

    def __add__(self, other: Self) -> Self:
        if type(other) is not type(self):
            return NotImplemented
        _check_same_thresholds(self._n_thresholds, other._n_thresholds)
        values, others = self._values, other._values
        return type(self)(**{name: values[name] + others[name] for name in values})

    def at(self, index: int) -> Self:
        """Return the counts at one threshold alone.

        Parameters
        ----------
        index : int
            Its place among the thresholds.

        Examples
        --------
        >>> from gmmkit.image.metrics import count_boundaries
        >>> count_boundaries([[[0, 1]], [[0, 0]]], [[0, 1]]).at(1).recall.tolist()
        [0.0]
        """
        values = self._values.items()
        chosen = {n: v[[index]] if isinstance(v, np.ndarray) else v for n, v in values}
        return type(self)(**chosen)

    @property
    def _values(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def _n_thresholds(self) -> int:
        return next(len(v) for v in self._values.values() if isinstance(v, np.ndarray))


def _check_same_thresholds(n: int, other: int) -> None:
    if n != other:
        raise InputError(
            "counts at different thresholds do not add up",
            found=f"{n} and {other} of them",
            needed="the same thresholds for every picture",
        )
