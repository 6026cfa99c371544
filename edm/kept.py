"""A bounded store of what is worth keeping because making it anew takes time. Knows nothing of what it keeps."""

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

_V = TypeVar("_V")


class _Place(Generic[_V]):
    __slots__ = ("used", "value")

    def __init__(self, value: _V) -> None:
        self.value = value
        self.used = False


class Kept(Generic[_V]):
    """At most ``most`` values. Whoever came first goes first, but for those that were asked for since they were last
    looked at. Usable by any thread; asking takes no lock.
    """

    __slots__ = ("_lock", "_most", "_places")

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._places: dict[Hashable, _Place[_V]] = {}

    def get(self, key: Hashable) -> _V | None:
        """The value, ``None`` if there is none."""
        place = self._places.get(key)
        if place is None:
            return None
        place.used = True
        return place.value

    def put(self, key: Hashable, value: _V) -> None:
        """Keeps a value, which is not ``None``."""
        with self._lock:
            self._places[key] = _Place(value)
            while len(self._places) > self._most:
                oldest = next(iter(self._places))
                place = self._places.pop(oldest)
                if place.used:
                    place.used = False
                    self._places[oldest] = place

    def __len__(self) -> int:
        return len(self._places)
