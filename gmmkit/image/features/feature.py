"""What a feature is: columns computed from a rectangle of a picture, and what has to be known."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy.typing as npt

from gmmkit.errors import ParameterError
from gmmkit.image.features.parameters import Parameter, Value
from gmmkit.image.features.window import Window

Reads: TypeAlias = Literal["color", "lightness", "values", "place"]
Columns: TypeAlias = Callable[[int], tuple[str, ...]]
Planes: TypeAlias = Callable[[Window], Iterable[npt.NDArray[Any]]]
Steps: TypeAlias = Callable[[int, float, tuple[int, int]], list[float]]


@dataclass(frozen=True)
class Feature:
    """One feature with all its parameters; features of the same text are the same.

    Parameters
    ----------
    text : str
        How a user writes it, such as "lab" or "texture(2,4,8)". What a model remembers.
    columns : callable
        Number of channels to the names of the columns.
    planes : callable
        Window to one (h, w) array per column.
    steps : callable
        Number of channels, quantization step of the input (0 to 1) and shape of the picture to
        the step in each column.
    halo : int
        How many pixels away it looks.
    reads : str
        "color" (one or three channels from 0 to 1), "lightness" (L of a color, or 100 times the
        mean of bands), "values" (channels of any kind) or "place" (no channel at all).
    again : tuple
        A callable and its arguments that make the same feature in another process; empty for what
        its text alone can make.

    Examples
    --------
    >>> from gmmkit.image.features import named_features
    >>> texture, = named_features("texture(2, 8)")
    >>> texture.text, texture.columns(3), texture.halo
    ('texture(2,8)', ('texture 2', 'texture 8'), 32)
    """

    text: str
    columns: Columns = field(repr=False, compare=False)
    planes: Planes = field(repr=False, compare=False)
    steps: Steps = field(repr=False, compare=False)
    halo: int
    reads: Reads = "lightness"
    again: tuple[Any, ...] = field(default=(), repr=False, compare=False)

    @property
    def is_own(self) -> bool:
        """Whether it is a user's own function; such a text ends with the function's version."""
        return "@" in self.text

    def __reduce__(self) -> tuple[Any, ...]:
        return self.again or (_named, (self.text,))


def _named(text: str) -> Feature:
    from gmmkit.image.features.parsing import named_features

    return named_features(text)[0]


@dataclass(frozen=True)
class FeatureKind:
    """A feature that still has its parameters free.

    Parameters
    ----------
    name : str
        How a user asks for it.
    make : callable
        The text of a feature and the value of each parameter, in order, to the Feature.
    parameters : tuple of Parameter
        The first can be given without its name.

    Examples
    --------
    >>> from gmmkit.image.features import FEATURES
    >>> FEATURES["texture"].feature({"scales": ["4", "2"]}).text
    'texture'
    """

    name: str
    make: Callable[..., Feature] = field(repr=False)
    parameters: tuple[Parameter, ...] = ()

    def feature(self, written: dict[str, list[str]]) -> Feature:
        """Return the feature with what a user wrote for some parameters, and defaults for others.

        Raises
        ------
        ParameterError
            If a parameter does not exist, or a value is not allowed.
        """
        unknown = [name for name in written if name not in {p.name for p in self.parameters}]
        if unknown:
            raise self._unknown_parameter(unknown[0])
        values = [p.read(written.get(p.name), self.name) for p in self.parameters]
        return self.make(self._text(values), *(p.single(v) for p, v in self._paired(values)))

    def _paired(
        self, values: list[tuple[Value, ...]]
    ) -> Iterable[tuple[Parameter, tuple[Value, ...]]]:
        return zip(self.parameters, values, strict=True)

    def _text(self, values: list[tuple[Value, ...]]) -> str:
        """Return the one way to write it: defaults left out, the first parameter without a name."""
        parts = [
            p.written(v, with_name=p is not self.parameters[0])
            for p, v in self._paired(values)
            if v != p.default
        ]
        return f"{self.name}({'; '.join(parts)})" if parts else self.name

    def _unknown_parameter(self, name: str) -> ParameterError:
        names = ", ".join(p.name for p in self.parameters)
        return ParameterError(
            f"feature {self.name!r} has no such parameter",
            found=repr(name),
            needed=f"one of {names}" if names else f"{self.name!r} alone: it has none",
        )
