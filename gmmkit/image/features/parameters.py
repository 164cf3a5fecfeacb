"""The numbers and words in a feature's parentheses: which are allowed, how they are written."""

from dataclasses import dataclass
from typing import TypeAlias

from gmmkit.errors import ParameterError

Value: TypeAlias = float | str


@dataclass(frozen=True)
class Parameter:
    """One parameter of a feature: some numbers of a range, or some words of a list.

    Parameters
    ----------
    name : str
        As the user writes it.
    default : tuple of float or str
        Its values when nothing is written.
    low, high : float
        The range of numbers, ends included.
    most : int
        How many values it takes; with 1 it is a single value.
    words : tuple of str
        The words that are allowed; without any, it takes numbers.
    whole : bool
        Whether only whole numbers are allowed.

    Examples
    --------
    >>> scales = Parameter("scales", (2.0, 4.0), low=0.5, high=50, most=8)
    >>> scales.read(["8", "2.50"], "texture")
    (2.5, 8.0)
    >>> scales.written((2.5, 8.0), with_name=True)
    'scales=2.5,8'
    """

    name: str
    default: tuple[Value, ...]
    low: float = 0.0
    high: float = 0.0
    most: int = 1
    words: tuple[str, ...] = ()
    whole: bool = False

    def read(self, written: list[str] | None, feature: str) -> tuple[Value, ...]:
        """Return the values that were written, in ascending order or that of the words.

        Raises
        ------
        ParameterError
            If there are too many or too few, one twice, or one that is not allowed.
        """
        if written is None:
            return self.default
        try:
            values = [self._value(text) for text in written]
        except ValueError:
            raise self._refusal(written, feature) from None
        if not 1 <= len(values) <= self.most or len(set(values)) < len(values):
            raise self._refusal(written, feature)
        return tuple(sorted(values, key=self.words.index if self.words else None))

    def single(self, values: tuple[Value, ...]) -> tuple[Value, ...] | Value:
        """Return the one value of a parameter that takes one, else all of them."""
        return values[0] if self.most == 1 else values

    def written(self, values: tuple[Value, ...], *, with_name: bool) -> str:
        """Return the values as a user writes them, every digit kept."""
        text = ",".join(v if isinstance(v, str) else repr(v).removesuffix(".0") for v in values)
        return f"{self.name}={text}" if with_name else text

    def _value(self, text: str) -> Value:
        """Return what one text stands for; ValueError if it is not allowed."""
        if self.words:
            return self.words[self.words.index(text)]
        number = float(text)
        if not self.low <= number <= self.high or (self.whole and number != int(number)):
            raise ValueError(text)
        return number

    def _refusal(self, written: list[str], feature: str) -> ParameterError:
        return ParameterError(
            f"{self.name} of feature {feature!r} cannot be used",
            found=",".join(written) or "nothing",
            needed=self._needed(),
        )

    def _needed(self) -> str:
        if self.words:
            some = "one" if self.most == 1 else "one or more"
            return f"{some} of {', '.join(self.words)}"
        kind = "whole number" if self.whole else "number"
        some = f"one {kind}" if self.most == 1 else f"1 to {self.most} different {kind}s"
        return f"{some} from {self.low:g} to {self.high:g}"


def scales(*default: float, low: float = 0.5, high: float = 50.0) -> Parameter:
    """Return the parameter of a feature that looks at several scales, in pixels.

    Examples
    --------
    >>> scales(2, 4).default
    (2.0, 4.0)
    """
    return Parameter("scales", tuple(map(float, default)), low=low, high=high, most=8)
