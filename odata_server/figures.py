"""What the pages show of the data themselves: row counts, a first key, sample rows. In time, or not at all.

Everything is asked through ``Service.handle`` as the caller, so a page never shows more than a request would.
"""

import contextvars
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import msgspec

from edm.model import EntitySet
from odata_server.auth import Principal
from odata_server.messages import Headers, ODataRequest
from odata_server.service import Service

#: No control information, and numbers that would not survive a float as text.
_ACCEPT = Headers({"Accept": "application/json;odata.metadata=none;IEEE754Compatible=true"})
SAMPLE_ROWS = 5


class _Error(msgspec.Struct):
    code: str
    message: str


class _Body(msgspec.Struct):
    """An OData answer: a collection or an error."""

    value: list[dict[str, Any]] = []
    count: int | str | None = msgspec.field(default=None, name="@odata.count")
    error: _Error | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A set's row count and the key of its first row. Without a count: ``pending``, or a ``problem``."""

    count: int | None = None
    key: str | None = None
    problem: str | None = None

    @property
    def pending(self) -> bool:
        return self.count is None and self.problem is None


@dataclass(frozen=True, slots=True)
class Sample:
    """Some rows by property name, with decimals and long integers as text; or why there are none."""

    rows: tuple[Mapping[str, Any], ...] = ()
    problem: str | None = None


PENDING = Figure()


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks which service, under which root and correlation id."""

    service: Service
    principal: Principal
    root: str
    correlation_id: str = "-"

    def read(self, path: str, query: str, seconds: float) -> _Body:
        """The answer to one request that may take so long."""
        options = replace(self.service.options, deadline=min(seconds, self.service.options.deadline))
        request = ODataRequest("GET", path, query, _ACCEPT, root=self.root, correlation_id=self.correlation_id)
        answer = replace(self.service, options=options).handle(request, self.principal)
        return msgspec.json.decode(answer.body, type=_Body)

    def figure(self, entity_set: EntitySet, seconds: float) -> Figure:
        key = entity_set.type.key
        body = self.read(quote(entity_set.name), f"$count=true&$top=1&$select={quote(key)}", seconds)
        if body.error is not None or body.count is None:
            return Figure(problem=body.error.message if body.error else "There is no count.")
        return Figure(int(body.count), next((row[key] for row in body.value), None))

    def sample(self, entity_set: EntitySet, seconds: float = 5.0) -> Sample:
        """The first rows. In a context of its own: what the service tells observers is of another request."""
        context = contextvars.copy_context()
        body = context.run(self.read, quote(entity_set.name), f"$top={SAMPLE_ROWS}", seconds)
        if body.error is not None:
            return Sample(problem=body.error.message)
        return Sample(tuple(body.value))


_Key = tuple[Principal, str]


class Figures:
    """Figures of many sets, remembered for a while by caller and set.

    A few threads ask, for each set once at a time. Who wants figures waits ``patience`` seconds for all of
    them; what comes later is there for the next one.
    """

    THREADS = 4
    REMEMBERED = 2_000
    #: Callers may ask for so many sets before answers are in; nobody else's questions wait behind them.
    UNDER_WAY = 200

    def __init__(
        self,
        *,
        patience: float = 2.0,
        deadline: float = 10.0,
        fresh: float = 60.0,
        fresh_problem: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience = patience
        self._deadline = deadline
        self._fresh = fresh
        self._fresh_problem = fresh_problem
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[_Key, tuple[float, Figure]] = OrderedDict()
        self._asked: dict[_Key, Future[Figure]] = {}
        self._threads: ThreadPoolExecutor | None = None

    def of(self, asking: Asking, sets: Iterable[EntitySet]) -> dict[str, Figure]:
        """The figure of each set by its name, ``PENDING`` where the answer is not in yet."""
        futures = {entity_set.name: self._ask(asking, entity_set) for entity_set in sets}
        wait([future for future in futures.values() if future is not None], timeout=self._patience)
        return {name: _result(future) for name, future in futures.items()}

    def _ask(self, asking: Asking, entity_set: EntitySet) -> Future[Figure] | None:
        key = (asking.principal, entity_set.name)
        with self._lock:
            until, known = self._known.get(key, (0.0, PENDING))
            if self._clock() < until:
                return _done(known)
            if key not in self._asked and len(self._asked) < self.UNDER_WAY:
                # Not before the first question: threads do not survive a server's fork.
                self._threads = self._threads or ThreadPoolExecutor(self.THREADS, "figures")
                self._asked[key] = self._threads.submit(self._answer, asking, entity_set)
            return self._asked.get(key)

    def _answer(self, asking: Asking, entity_set: EntitySet) -> Figure:
        key, figure = (asking.principal, entity_set.name), Figure(problem="The service failed to count.")
        try:
            figure = asking.figure(entity_set, self._deadline)
        finally:
            with self._lock:
                fresh = self._fresh_problem if figure.count is None else self._fresh
                self._known[key] = (self._clock() + fresh, figure)
                self._known.move_to_end(key)
                while len(self._known) > self.REMEMBERED:
                    self._known.popitem(last=False)
                self._asked.pop(key, None)
        return figure


def _done(figure: Figure) -> Future[Figure]:
    future: Future[Figure] = Future()
    future.set_result(figure)
    return future


def _result(future: Future[Figure] | None) -> Figure:
    if future is None or not future.done():
        return PENDING
    return Figure(problem="The service failed to count.") if future.exception() else future.result()
