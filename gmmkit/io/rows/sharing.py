"""What several threads need at a time: made by the first of them, gone when all have moved on."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

Value = TypeVar("Value")
Key = TypeVar("Key", bound=Hashable)


class _Place(Generic[Value]):
    """Room for one value, and who is at making it."""

    def __init__(self) -> None:
        self.making = threading.Lock()
        self.value: Value | None = None


class Shared(Generic[Key, Value]):
    """Values by key. A thread holds on to the one that it asked for last; no others are kept.

    Parameters
    ----------
    make : callable
        From a key to its value.

    Examples
    --------
    >>> made = []
    >>> squares = Shared(lambda number: made.append(number) or number**2)
    >>> [squares(number) for number in (2, 2, 3, 2)], made
    ([4, 4, 9, 4], [2, 3, 2])
    """

    def __init__(self, make: Callable[[Key], Value]) -> None:
        self._make = make
        self._looking = threading.Lock()
        self._places: WeakValueDictionary[Key, _Place[Value]] = WeakValueDictionary()
        self._held = threading.local()

    def __call__(self, key: Key) -> Value:
        """Return a value that another thread has, or make it; who asks meanwhile waits for it."""
        with self._looking:
            place = self._places.setdefault(key, _Place())
        self._held.place = place
        with place.making:
            if place.value is None:
                place.value = self._make(key)
            return place.value
