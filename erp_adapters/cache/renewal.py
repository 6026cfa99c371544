"""Asking an ERP again while an older answer could serve: in the background, and who waits for it how long.

Nobody waits long for what may be away. Whoever would be served an older answer waits for as long as the ERP usually
takes and some more; if nothing was answered meanwhile, the source is doubted, and from then on nobody waits at all
until it has answered. What was asked goes on in the background and is kept when it comes.
"""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from erp_adapters.base import Busy, SourceError, TimedOut

T = TypeVar("T")

#: How many times as long as before an answer may take until something seems to be wrong, and seconds that always pass.
_USUAL, _SOON = 4.0, 0.25
#: Seconds between two tries of a source that is doubted.
_BETWEEN = 0.25


@dataclass(slots=True)
class Renewals(Generic[T]):
    """What is being renewed from one source, ``room`` questions at a time, and whether the source is doubted.

    ``most`` is how many seconds anybody waits; ``bound`` how many a renewal may take, if it did not take long before.
    """

    pool: Executor
    room: int
    most: float
    bound: float
    clock: Callable[[], float] = time.monotonic
    doubted: bool = False
    _answered: float = 0.0
    _next: float = 0.0
    _under_way: dict[Hashable, "Future[T]"] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def answers(self) -> bool:
        """Whether the source has answered a moment ago: if there is no room then, it is because there is much to do."""
        return not self.doubted and self.clock() - self._answered < _SOON

    def deadline(self, took: float) -> float:
        """Until when a renewal may go on of what took so many seconds before."""
        return self.clock() + max(self.bound, _USUAL * took)

    def start(self, key: Hashable, ask: Callable[[], T]) -> "tuple[Future[T] | None, bool]":
        """The answer to come, and whether somebody else had asked for it; ``None`` if there is no room, or if the
        source is doubted and was tried a moment ago.
        """
        with self._lock:
            found = self._under_way.get(key)
            if found is not None:
                return found, True
            if len(self._under_way) >= self.room or not self._may_try():
                return None, False
            begun = self._under_way[key] = Future()
        self.pool.submit(self._run, key, ask, begun)
        return begun, False

    def _may_try(self) -> bool:
        now = self.clock()
        if self.doubted and now < self._next:
            return False
        self._next = now + _BETWEEN
        return True

    def _run(self, key: Hashable, ask: Callable[[], T], begun: "Future[T]") -> None:
        try:
            begun.set_result(ask())
        except BaseException as error:  # noqa: BLE001 (it is raised where somebody waits)
            begun.set_exception(error)
        finally:
            with self._lock:
                del self._under_way[key]

    def awaited(self, begun: "Future[T]", took: float) -> T:
        """The answer, if it comes while it is worth waiting for. Raises ``SourceError`` if it does not."""
        since, first = self.clock(), min(self.most, max(_SOON, _USUAL * took))
        if self.doubted and not begun.done():
            raise TimedOut("not waited for: the source did not answer others")
        try:
            return begun.result(first)
        except TimeoutError:
            if self._answered < since:
                self.doubted = True
                raise TimedOut("not waited for any longer: nobody was answered meanwhile") from None
        try:
            return begun.result(self.most - first)
        except TimeoutError:
            raise TimedOut("not waited for any longer") from None

    def learn(self, error: SourceError | None = None) -> None:
        """The source has answered, or failed in this way."""
        if error is not None and error.outage:
            self.doubted = True
        elif not isinstance(error, Busy):
            self.doubted, self._answered = False, self.clock()
