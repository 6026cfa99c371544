"""One asks, the others wait: a question that is under way in this process is not put to the ERP again."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from erp_adapters.base import SourceError

T = TypeVar("T")


@dataclass(slots=True)
class _Flight(Generic[T]):
    landed: threading.Event = field(default_factory=threading.Event)
    result: T | None = None
    error: SourceError | None = None


class Flights(Generic[T]):
    """Questions under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight[T]] = {}

    def run(self, key: Hashable, ask: Callable[[], T], patience: float) -> tuple[T, bool]:
        """The answer to ``key``, and whether somebody else had asked.

        Who waits for longer than ``patience`` seconds asks for itself. A ``SourceError`` is everybody's answer; if
        the one who asked ended otherwise, each asks for itself.
        """
        with self._lock:
            flight = self._flights.get(key)
            leads = flight is None
            if flight is None:
                flight = self._flights[key] = _Flight()
        if leads:
            return self._lead(key, flight, ask), False
        if flight.landed.wait(patience):
            if flight.error is not None:
                raise flight.error
            if flight.result is not None:
                return flight.result, True
        return ask(), False

    def _lead(self, key: Hashable, flight: _Flight[T], ask: Callable[[], T]) -> T:
        try:
            flight.result = ask()
        except SourceError as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                del self._flights[key]
            flight.landed.set()
        return flight.result

    def under_way(self, key: Hashable) -> bool:
        return key in self._flights
