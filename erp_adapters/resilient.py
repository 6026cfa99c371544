"""What stands between callers and an ERP in trouble: a bound on how many ask at once, another try where that may help,
and a circuit breaker, so that an ERP that is away is not asked, and nobody waits for it.

One of these stands around each source. What is kept of earlier answers is not known here.
"""

import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum

from edm.capabilities import Capabilities
from edm.model import EntitySet
from edm.query import Query
from erp_adapters.base import Adapter, Busy, Explains, Page, Prepares, Session, SourceError, Unavailable

#: Seconds after which a failure tells that the ERP is not there, rather than that one connection was lost.
_QUICK = 0.5
#: The part of the breaker's seconds within which the ERP has to answer to be back.
_PROBE = 0.6


class State(Enum):
    """Of a circuit breaker: calls pass, nobody's do, one may find out."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"


@dataclass(slots=True)
class Breaker:
    """Opens after ``failures`` outages in a row, for ``seconds``; then one call finds out whether the ERP is back. If
    not, the next one does so many seconds after that one began, however long it took to fail.

    A call that ends without telling (neither ``succeeded`` nor ``failed``) leaves the question open for the next one.
    """

    failures: int = 5
    seconds: float = 5.0
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _row: int = 0
    _until: float = 0.0
    _probing: bool = False
    _began: float = 0.0

    @property
    def state(self) -> State:
        if self._row < self.failures:
            return State.CLOSED
        return State.OPEN if self.clock() < self._until else State.HALF_OPEN

    def admit(self) -> bool:
        """Whether the call is the one that finds out; raises ``Unavailable`` if it must not be made."""
        with self._lock:
            state = self.state
            if state is State.CLOSED:
                return False
            if state is State.OPEN or self._probing:
                left = max(1, math.ceil(self._until - self.clock()))
                raise Unavailable("the circuit breaker is open", retry_after=left)
            self._probing, self._began = True, self.clock()
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._row, self._probing = 0, False

    def failed(self, probing: bool = False) -> None:
        """A call that was admitted has failed. One from before the breaker opened tells nothing new."""
        with self._lock:
            now = self.clock()
            if probing:
                self._probing = False
                self._until = max(self._began + self.seconds, now + self.seconds / 5)
            elif self.state is State.CLOSED:
                self._row += 1
                self._until = now + self.seconds

    def left(self, probing: bool) -> None:
        """The call ended and tells nothing of the ERP."""
        if probing:
            with self._lock:
                self._probing = False


@dataclass(slots=True)
class Budget:
    """Tries that may be made again: a share of all calls, and a few to begin with."""

    share: float = 0.1
    most: float = 10.0
    _left: float = 3.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def earn(self) -> None:
        with self._lock:
            self._left = min(self.most, self._left + self.share)

    def spend(self) -> bool:
        """Whether there is one left."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True


@dataclass(slots=True)
class Resilient:
    """Asks ``adapter`` for at most ``calls`` callers at a time; who finds no room for ``wait`` seconds is refused.

    ``probes`` runs the call that finds out whether the ERP is back, so that nobody waits for it: who brings it is
    refused like the others. Without it the caller waits.
    """

    adapter: Adapter
    calls: int
    wait: float = 2.0
    tries: int = 3
    breaker: Breaker = field(default_factory=Breaker)
    budget: Budget = field(default_factory=Budget)
    probes: Executor | None = None
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _told: set[str] = field(default_factory=set)
    _prepared: bool = False
    _room: threading.BoundedSemaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._room = threading.BoundedSemaphore(self.calls)

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        """Those of the source. One that has things to learn first has to be asked for them, as it is for rows."""
        if self._prepared or entity_set.name in self._told or not isinstance(self.adapter, Prepares):
            return self.adapter.capabilities(entity_set)
        probing = self._admitted(lambda: self._learnt(entity_set, True))
        try:
            return self._learnt(entity_set, probing)
        finally:
            self.breaker.left(probing)

    def prepare(self) -> None:
        """Has the source learn what it has to know. Raises ``SourceError``."""
        if isinstance(self.adapter, Prepares):
            self.adapter.prepare()
            self._prepared = True

    def _learnt(self, entity_set: EntitySet, probing: bool) -> Capabilities:
        try:
            found = self.adapter.capabilities(entity_set)
        except SourceError as error:
            self._learn(error, probing)
            raise
        self._told.add(entity_set.name)
        return found

    def explain(self, query: Query) -> str:
        return self.adapter.explain(query) if isinstance(self.adapter, Explains) else ""

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        self.budget.earn()
        probing = self._admitted(lambda: self._first_page(query, session))
        try:
            with self._entered(session):
                yield from self._tried(query, session, probing)
        finally:
            self.breaker.left(probing)

    def _admitted(self, probe: Callable[[], object]) -> bool:
        """Whether the call is the one that finds out; ``probe`` does so instead where nobody has to wait for it."""
        probing = self.breaker.admit()
        if probing and self.probes is not None:
            self.probes.submit(self._probed, probe)
            raise Unavailable("the circuit breaker is open; whether it may close is being found out", retry_after=1)
        return probing

    def _probed(self, probe: Callable[[], object]) -> None:
        try:
            with suppress(SourceError):
                probe()
        finally:
            self.breaker.left(True)

    def _first_page(self, query: Query, session: Session) -> None:
        """Finds out by the caller's question whether the ERP is back, in time for the next one to do so."""
        until = time.monotonic() + _PROBE * self.breaker.seconds
        own = Session(session.principal, session.correlation_id, until, view=session.view)
        with self._entered(own):
            next(self._tried(query, own, True), None)

    @contextmanager
    def _entered(self, session: Session) -> Iterator[None]:
        if not self._room.acquire(timeout=min(self.wait, session.remaining())):
            raise Busy(f"{self.calls} calls are under way")
        try:
            yield
        finally:
            self._room.release()

    def _tried(self, query: Query, session: Session, probing: bool) -> Iterator[Page]:
        """The pages. Only the first one is tried for again: what was handed on cannot be taken back."""
        first, pages = self._first(query, session, probing)
        if first is None:
            return
        yield first
        try:
            yield from pages
        except SourceError as error:
            self._learn(error, probing)
            raise

    def _first(self, query: Query, session: Session, probing: bool) -> tuple[Page | None, Iterator[Page]]:
        """The first page and the rest."""
        attempt = 0
        while True:
            attempt += 1
            began = self.clock()
            pages = self.adapter.read(query, session)
            try:
                first = next(pages, None)
            except SourceError as error:
                self._learn(error, probing)
                quick = self.clock() - began < _QUICK
                if not quick or not self._again(error, attempt, session):
                    raise
            else:
                self.breaker.succeeded()
                return first, pages

    def _learn(self, error: SourceError, probing: bool) -> None:
        if error.outage:
            self.breaker.failed(probing)
        elif not isinstance(error, Busy):
            self.breaker.succeeded()  # it answers, if only by refusing

    def _again(self, error: SourceError, attempt: int, session: Session) -> bool:
        """Whether another try is worth it; waits for a moment of random length, so that callers do not come at once."""
        pause = random.uniform(0, 0.05 * 2**attempt)  # noqa: S311 (nothing is kept secret by it)
        worth = error.retried and attempt < self.tries and self.breaker.state is State.CLOSED
        if not worth or session.remaining() <= pause or not self.budget.spend():
            return False
        self.pause(pause)
        return True
