"""Ends what does not end by itself: at the deadline of its request a connection that still waits for the database is
cut.

The database's own statement timeout comes first. This is for a database, or a network, that says nothing any more or
says it byte by byte: no timeout of the driver covers that.
"""

import heapq
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

#: Seconds by which the database's own timeout may be late.
SLACK = 0.5


class Watch:
    """One thread for all connections of the process, begun with the first one that is watched."""

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)  # which takes no threads along, but locks as they are

    def _forget(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._live: set[int] = set()
        self._numbers = count()
        self._begun = False

    @contextmanager
    def over(self, deadline: float | None, cut: Callable[[], None]) -> Iterator[None]:
        """Calls ``cut`` if the block is not left by ``deadline`` (of ``time.monotonic``) and a moment more."""
        if deadline is None:
            yield
            return
        with self._changed:
            self._begin()
            number = next(self._numbers)
            self._live.add(number)
            heapq.heappush(self._due, (deadline + SLACK, number, cut))
            if self._due[0][1] == number:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._live.discard(number)

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            threading.Thread(target=self._run, name="deadlines", daemon=True).start()

    def _run(self) -> None:
        with self._changed:
            while True:
                while self._due and self._due[0][1] not in self._live:
                    heapq.heappop(self._due)
                if not self._due:
                    self._changed.wait()
                    continue
                late = self._due[0][0] - time.monotonic()
                if late > 0:
                    self._changed.wait(late)
                    continue
                _, number, cut = heapq.heappop(self._due)
                self._live.discard(number)
                cut()


WATCH = Watch()
