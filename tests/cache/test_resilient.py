"""An ERP in trouble: who is let through, who tries again, and that one finds out when it is back."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from edm.capabilities import Capabilities
from edm.model import EntitySet
from edm.query import Query
from erp_adapters.base import Busy, ContractBroken, Locked, Page, Session, SourceError, TimedOut, Unavailable
from erp_adapters.resilient import Breaker, Budget, Resilient, State
from tests.engine.small import METADATA

QUERY = Query("Invoices", ("InvoiceNumber",), top=1)


@dataclass
class Ticks:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Scripted:
    """Answers what the script says, one item a call: a failure, or the rows of the pages (a failure among them ends the
    answer). At its end it is well."""

    script: list[SourceError | list[int | SourceError]] = field(default_factory=list)
    calls: int = 0

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        return Capabilities()

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        self.calls += 1
        item = self.script.pop(0) if self.script else [1]
        if isinstance(item, SourceError):
            raise item
        for row in item:
            if isinstance(row, SourceError):
                raise row
            yield Page([(row,)])


def around(source: Scripted, ticks: Ticks | None = None, **changes: object) -> Resilient:
    given: dict[str, object] = {"calls": 4, "wait": 0.1, "pause": lambda seconds: None}
    made = Resilient(source, **(given | changes))  # type: ignore[arg-type]
    made.breaker.clock = ticks or Ticks()
    return made


def rows(adapter: Resilient, session: Session | None = None) -> list[tuple[int, ...]]:
    return [row for page in adapter.read(QUERY, session or Session()) for row in page.rows]


def state(of: Resilient | Breaker) -> State:
    return of.breaker.state if isinstance(of, Resilient) else of.state


def fails(adapter: Resilient, kind: type[SourceError]) -> SourceError:
    with pytest.raises(kind) as caught:
        rows(adapter)
    return caught.value


@pytest.mark.parametrize("failure", [Unavailable(), Locked()])
def test_what_may_pass_by_itself_is_tried_again(failure: SourceError) -> None:
    source = Scripted([failure, failure, [7]])
    assert rows(around(source)) == [(7,)]
    assert source.calls == 3


@pytest.mark.parametrize("failure", [TimedOut(), Busy(), ContractBroken("Invoices")])
def test_what_another_try_makes_worse_is_not(failure: SourceError) -> None:
    source = Scripted([failure])
    fails(around(source), type(failure))
    assert source.calls == 1


def test_a_third_try_is_the_last() -> None:
    source = Scripted([Unavailable()] * 9)
    fails(around(source), Unavailable)
    assert source.calls == 3


def test_what_was_handed_on_is_not_read_again() -> None:
    source = Scripted([[1, 2, Unavailable()]])
    pages = around(source).read(QUERY, Session())
    assert [next(pages).rows, next(pages).rows] == [[(1,)], [(2,)]]
    with pytest.raises(Unavailable):
        next(pages)
    assert source.calls == 1


def test_what_took_long_to_fail_is_not_tried_again() -> None:
    """A host that drops packets costs the time to connect: once."""
    ticks = Ticks()

    class Slow(Scripted):
        def read(self, query: Query, session: Session) -> Iterator[Page]:
            ticks.now += 3
            return super().read(query, session)

    source = Slow([Unavailable()] * 3)
    fails(around(source, clock=ticks), Unavailable)
    assert source.calls == 1


def test_tries_are_a_share_of_all_calls() -> None:
    """While the ERP fails now and then, tries help; while it fails throughout, they do not double its load."""
    source = Scripted([Locked() if number % 12 == 3 else [number] for number in range(300)])
    adapter = around(source)
    succeeded = sum(1 for _ in range(250) if rows(adapter))
    assert succeeded == 250
    source = Scripted([Locked()] * 1_000)
    adapter = around(source, budget=Budget())
    for _ in range(100):
        fails(adapter, Locked)
    assert source.calls <= 100 + 3 + 10


def test_no_try_begins_when_the_time_is_up() -> None:
    source = Scripted([Unavailable()] * 3)
    session = Session(deadline=time.monotonic())
    with pytest.raises(SourceError):
        rows(around(source), session)
    assert source.calls <= 1


def test_the_breaker_opens_and_one_call_finds_out() -> None:
    ticks, source = Ticks(), Scripted([TimedOut()] * 5)
    adapter = around(source, ticks)
    for _ in range(5):
        fails(adapter, TimedOut)
    assert state(adapter) == State.OPEN
    refused = fails(adapter, Unavailable)
    assert ("Retry-After", "5") in refused.headers
    assert source.calls == 5, "nobody asks while it is open"
    ticks.now += 5
    assert state(adapter) == State.HALF_OPEN
    source.script = [TimedOut()]
    fails(adapter, TimedOut)
    fails(adapter, Unavailable)
    assert source.calls == 6
    ticks.now += 5
    assert rows(adapter) == [(1,)]
    assert state(adapter) == State.CLOSED


@dataclass
class Learning(Scripted):
    """Has to learn from the ERP what it can be asked, which fails while the script has failures."""

    def prepare(self) -> None:
        self.capabilities(METADATA["Invoices"])

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        self.calls += 1
        if self.script and isinstance(self.script[0], SourceError):
            raise self.script.pop(0)  # type: ignore[misc]
        return Capabilities()


def test_an_erp_that_was_never_reached_is_left_alone_as_well() -> None:
    ticks, source = Ticks(), Learning([Unavailable()] * 5)
    adapter = around(source, ticks)
    for _ in range(9):
        with pytest.raises(Unavailable):
            adapter.capabilities(METADATA["Invoices"])
    assert (source.calls, state(adapter)) == (5, State.OPEN)
    ticks.now += 5
    assert adapter.capabilities(METADATA["Invoices"])
    assert adapter.capabilities(METADATA["Invoices"])
    assert source.calls == 7


@pytest.mark.parametrize("prepared", [True, False])
def test_what_was_learnt_before_serves_while_nobody_asks(prepared: bool) -> None:
    source = Learning()
    adapter = around(source)
    adapter.prepare() if prepared else adapter.capabilities(METADATA["Invoices"])
    for _ in range(5):
        adapter.breaker.failed()
    assert state(adapter) == State.OPEN
    assert adapter.capabilities(METADATA["Invoices"])
    if prepared:
        assert adapter.capabilities(METADATA["Customers"]), "answers about them may be kept"
    else:
        with pytest.raises(Unavailable):
            adapter.capabilities(METADATA["Customers"])


def test_the_next_one_finds_out_as_long_after_the_last_one_began() -> None:
    """A call that takes long to fail does not put off the next one by as much."""
    ticks, source = Ticks(), Scripted([TimedOut()] * 5)
    adapter = around(source, ticks)
    for _ in range(5):
        fails(adapter, TimedOut)

    class Slow(Scripted):
        seconds = 3.0

        def read(self, query: Query, session: Session) -> Iterator[Page]:
            ticks.now += self.seconds
            return super().read(query, session)

    slow = adapter.adapter = Slow([TimedOut()] * 5)
    for seconds, wait in ((3.0, 2.0), (4.5, 1.0), (25.0, 1.0)):
        slow.seconds, calls = seconds, slow.calls
        ticks.now += 5
        fails(adapter, TimedOut)
        assert slow.calls == calls + 1
        ticks.now += wait - 0.1
        fails(adapter, Unavailable)
        assert slow.calls == calls + 1, "but there is always a while in between"
        ticks.now += 0.1
        assert state(adapter) == State.HALF_OPEN


@pytest.mark.parametrize("fails_again", [False, True])
def test_nobody_waits_for_the_one_that_finds_out(fails_again: bool) -> None:
    ticks, source = Ticks(), Scripted([TimedOut()] * (6 if fails_again else 5))
    with ThreadPoolExecutor(1) as probes:
        adapter = around(source, ticks, probes=probes)
        for _ in range(5):
            fails(adapter, TimedOut)
        ticks.now += 5
        release, read = threading.Event(), source.read

        def slow(query: Query, session: Session) -> Iterator[Page]:
            release.wait(10)
            return read(query, session)

        source.read = slow  # type: ignore[method-assign]
        started = time.monotonic()
        refusals = [fails(adapter, Unavailable) for _ in range(20)]
        assert time.monotonic() - started < 1
        assert ("Retry-After", "1") in refusals[0].headers
        release.set()
    assert source.calls == 6
    assert state(adapter) == (State.OPEN if fails_again else State.CLOSED)


def test_calls_from_before_it_opened_tell_nothing_new() -> None:
    breaker = Breaker(failures=1, seconds=5, clock=(ticks := Ticks()))
    late = [breaker.admit() for _ in range(3)]
    breaker.failed()
    ticks.now += 4
    breaker.failed(late[0])
    ticks.now += 1
    assert breaker.admit(), "it has not been put off"
    breaker.failed(late[1])
    with pytest.raises(Unavailable):
        breaker.admit()  # the one that finds out is still under way
    breaker.succeeded()
    assert state(breaker) == State.CLOSED


def test_exactly_one_finds_out() -> None:
    ticks, source = Ticks(), Scripted([TimedOut()] * 5)
    adapter = around(source, ticks, calls=50)
    for _ in range(5):
        fails(adapter, TimedOut)
    ticks.now += 5
    entered, release = threading.Event(), threading.Event()

    class Slow(Scripted):
        def read(self, query: Query, session: Session) -> Iterator[Page]:
            self.calls += 1
            entered.set()
            release.wait(10)
            yield Page([(1,)])

    slow = adapter.adapter = Slow()
    with ThreadPoolExecutor(40) as pool:
        probe = pool.submit(rows, adapter)
        assert entered.wait(5)
        others = [pool.submit(fails, adapter, Unavailable) for _ in range(39)]
        assert all(other.result() for other in others)
        assert slow.calls == 1
        release.set()
        assert probe.result() == [(1,)]
    assert state(adapter) == State.CLOSED


def test_who_leaves_without_an_answer_lets_another_one_find_out() -> None:
    ticks, source = Ticks(), Scripted([TimedOut()] * 5)
    adapter = around(source, ticks, calls=1)
    for _ in range(5):
        fails(adapter, TimedOut)
    ticks.now += 5
    assert adapter._room.acquire()
    fails(adapter, Busy)
    adapter._room.release()
    assert rows(adapter) == [(1,)]


def test_a_success_in_between_keeps_it_closed() -> None:
    script: list[SourceError | list[int | SourceError]] = [TimedOut(), TimedOut(), [1]]
    source = Scripted(script * 10)
    adapter = around(source)
    for _ in range(10):
        fails(adapter, TimedOut)
        fails(adapter, TimedOut)
        assert rows(adapter)
    assert state(adapter) == State.CLOSED


def test_refusals_are_no_outage() -> None:
    source = Scripted([ContractBroken("Invoices")] * 20)
    adapter = around(source)
    for _ in range(20):
        fails(adapter, ContractBroken)
    assert state(adapter) == State.CLOSED


def test_no_more_than_so_many_ask_at_once() -> None:
    most, now, lock = 0, 0, threading.Lock()

    class Slow(Scripted):
        def read(self, query: Query, session: Session) -> Iterator[Page]:
            nonlocal most, now
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.05)
            with lock:
                now -= 1
            yield Page([(1,)])

    adapter = around(Slow(), wait=5.0)
    with ThreadPoolExecutor(30) as pool:
        assert all(pool.map(lambda _: rows(adapter), range(30)))
    assert most == 4


def test_who_finds_no_room_is_refused_in_time() -> None:
    adapter = around(Scripted())
    for _ in range(4):
        adapter._room.acquire()
    started = time.monotonic()
    fails(adapter, Busy)
    assert time.monotonic() - started < 1


def test_a_breaker_counts_outages_in_a_row() -> None:
    breaker = Breaker(failures=2, seconds=1, clock=Ticks())
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert state(breaker) == State.CLOSED
    breaker.failed()
    assert state(breaker) == State.OPEN
