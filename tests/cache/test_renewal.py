"""Asking again while an older answer could serve: who waits, for how long, and that what comes late is not lost."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from edm.query import Query
from erp_adapters.base import Busy, ContractBroken, Session, TimedOut, Unavailable
from erp_adapters.cache.renewal import Renewals
from erp_adapters.cache.terms import CacheOptions
from tests.cache.support import Clock, Counted, Shelf, cached, erp, rows
from tests.cache.test_adapter import LIST


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What an ERP that hangs waits for."""
    made = threading.Event()
    yield made
    made.set()


def renewals(pool: ThreadPoolExecutor, room: int = 4) -> Renewals[int]:
    return Renewals(pool, room, most=1.0, bound=3.0)


def given_up(of: Renewals[int], key: str, gate: threading.Event, took: float = 0.0) -> float:
    """Asks what hangs; the seconds until nobody waited any longer."""
    started = time.monotonic()
    begun, _ = of.start(key, lambda: int(gate.wait(10)))
    assert begun is not None
    with pytest.raises(TimedOut):
        of.awaited(begun, took)
    return time.monotonic() - started


# --- who waits ----------------------------------------------------------------------------------------------------


def test_what_comes_soon_is_waited_for(pool: ThreadPoolExecutor) -> None:
    of = renewals(pool)
    begun, joined = of.start("a", lambda: 7)
    assert begun is not None
    assert (of.awaited(begun, 0.0), joined, of.doubted) == (7, False, False)


def test_the_first_one_waits_for_a_moment_and_then_nobody_does(pool: ThreadPoolExecutor, gate: threading.Event) -> None:
    of = renewals(pool)
    assert 0.2 < given_up(of, "a", gate) < 0.8
    assert of.doubted
    time.sleep(0.3)
    assert given_up(of, "b", gate) < 0.2
    of.learn()
    assert 0.2 < given_up(of, "c", gate) < 0.8, "it has answered, so it is waited for again"


@pytest.mark.parametrize(("took", "least", "most"), [(0.12, 0.45, 0.95), (60.0, 0.95, 1.6)])
def test_what_took_long_before_is_waited_for_longer(
    pool: ThreadPoolExecutor, gate: threading.Event, took: float, least: float, most: float
) -> None:
    assert least < given_up(renewals(pool), "a", gate, took) < most


def test_one_slow_question_among_others_that_are_answered_is_no_outage(
    pool: ThreadPoolExecutor, gate: threading.Event
) -> None:
    of = renewals(pool)
    threading.Timer(0.1, of.learn).start()
    assert 0.9 < given_up(of, "a", gate) < 1.6
    assert not of.doubted


def test_a_source_in_doubt_is_tried_now_and_then(pool: ThreadPoolExecutor) -> None:
    of = renewals(pool)
    of.learn(Unavailable())
    tries, until = 0, time.monotonic() + 1.1
    while time.monotonic() < until:
        begun, _ = of.start(tries, lambda: 1)
        tries += begun is not None
        time.sleep(0.005)
    assert 3 <= tries <= 5


@pytest.mark.parametrize(
    ("error", "doubted"), [(Unavailable(), True), (TimedOut(), True), (ContractBroken("Invoices"), False)]
)
def test_what_an_answer_tells_of_the_source(pool: ThreadPoolExecutor, error: Unavailable, doubted: bool) -> None:
    of = renewals(pool)
    of.learn(error)
    assert (of.doubted, of.answers) == (doubted, not doubted)
    of.learn(Busy())
    assert of.doubted == doubted, "that we have no connection left says nothing of it"


# --- what runs ----------------------------------------------------------------------------------------------------


def test_a_question_that_is_under_way_is_not_put_again(pool: ThreadPoolExecutor, gate: threading.Event) -> None:
    of, asked = renewals(pool), list[int]()

    def ask() -> int:
        asked.append(1)
        return int(gate.wait(10))

    (first, one), (second, other) = of.start("a", ask), of.start("a", ask)
    assert (first is second, one, other) == (True, False, True)
    gate.set()
    assert second is not None
    assert (of.awaited(second, 0.0), len(asked)) == (1, 1)


def test_no_more_than_there_is_room_for(pool: ThreadPoolExecutor, gate: threading.Event) -> None:
    of = renewals(pool, room=2)
    assert [of.start(key, lambda: int(gate.wait(10)))[0] is None for key in "abc"] == [False, False, True]
    gate.set()
    deadline = time.monotonic() + 5
    while of.start("d", lambda: 1)[0] is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("error", [Unavailable(), ValueError("a fault of ours")])
def test_whoever_waits_hears_of_the_failure_and_the_next_one_asks_again(
    pool: ThreadPoolExecutor, error: Exception
) -> None:
    def fail() -> int:
        raise error

    of = renewals(pool)
    begun, _ = of.start("a", fail)
    assert begun is not None
    with pytest.raises(type(error)):
        of.awaited(begun, 0.0)
    deadline = time.monotonic() + 5
    while of._under_way:
        assert time.monotonic() < deadline
    again, _ = of.start("a", lambda: 3)
    assert again is not None
    assert of.awaited(again, 0.0) == 3


# --- within the cache ---------------------------------------------------------------------------------------------


def slow(source: Counted, seconds: float) -> None:
    source.before = lambda query, session: time.sleep(seconds)


def asked(cache: object, query: Query = LIST) -> tuple[str, float]:
    """How the query was answered, and within how many seconds."""
    session, started = Session(deadline=time.monotonic() + 25), time.monotonic()
    rows(cache, query, session)  # type: ignore[arg-type]
    (outcome,) = session.provenance.reads
    return outcome, time.monotonic() - started


@pytest.mark.parametrize("query", [LIST, LIST.with_(top=None)], ids=["a page", "of unknown size"])
def test_what_comes_late_is_kept_for_the_next_one(pool: ThreadPoolExecutor, query: Query) -> None:
    clock, source = Clock(), erp()
    cache = cached(source, clock, background=pool, options=CacheOptions())
    rows(cache, query)
    clock.now += 61
    slow(source, 0.8)
    outcome, seconds = asked(cache, query)
    assert (outcome, seconds < 0.7) == ("stale", True)
    time.sleep(0.8)
    assert asked(cache, query)[0] == "hit", "it was not given up, only nobody waited"
    assert len(source.asked) == 2
    clock.now += 61
    outcome, seconds = asked(cache, query)
    assert (outcome, seconds > 0.7) == ("miss", True), "now it is known to take so long"


def test_an_erp_that_hangs_is_waited_for_once(pool: ThreadPoolExecutor, gate: threading.Event) -> None:
    clock, source = Clock(), erp()
    cache = cached(source, clock, background=pool, options=CacheOptions())
    queries = [LIST.with_(top=top) for top in range(1, 41)]
    for query in queries:
        rows(cache, query)
    clock.now += 61

    def hang(query: Query, session: Session) -> None:
        gate.wait(10)

    source.before = hang
    found = [asked(cache, query) for query in queries]
    assert {outcome for outcome, _ in found} == {"stale"}
    assert sum(seconds for _, seconds in found) < 1.5
    assert len(source.asked) <= 40 + 4, "no more of them than there is room for"


def test_an_answer_that_has_grown_is_read_as_it_is_pulled(pool: ThreadPoolExecutor) -> None:
    clock, source = Clock(), erp()
    options = CacheOptions(most_rows=40)
    small = LIST.with_(top=None)
    cache = cached(source, clock, background=pool, options=options)
    before = rows(cache, small)
    clock.now += 61
    cache.options = CacheOptions(most_rows=len(before) - 1)
    session = Session()
    assert rows(cache, small, session) == before
    assert session.provenance.reads == {"miss": 1}
    assert len(source.asked) == 3


def test_what_another_process_has_renewed_is_not_renewed_again(pool: ThreadPoolExecutor) -> None:
    clock, shelf, sources = Clock(), Shelf(), [erp(), erp()]
    one, other = (cached(source, clock, store=shelf, background=pool) for source in sources)
    rows(one, LIST)
    rows(other, LIST)
    clock.now += 50
    for cache in (one, other, one, other):
        assert asked(cache)[0] == "hit"
        deadline = time.monotonic() + 5
        while any(of._under_way for of in cache._renewals.values()):
            assert time.monotonic() < deadline
    assert [len(source.asked) for source in sources] == [2, 0]
    clock.now += 30
    assert asked(one)[0] == asked(other)[0] == "hit"


def test_an_answer_that_came_just_before_our_claim_is_taken() -> None:
    """Another process keeps its answer and gives the claim back between our look and our claim."""
    clock, source = Clock(), erp()

    class Late(Shelf):
        looks = 0

        def get(self, name: str) -> bytes | None:
            self.looks += 1
            if self.looks == 2:  # nothing yet; then the other one is done
                self.content.pop(f"lock:{name}")
                rows(cached(erp(), clock, store=shelf), LIST)
                return None
            return super().get(name)

    shelf = Shelf()
    late = Late(content=shelf.content)
    rows(cached(erp(), clock, store=shelf), LIST)
    (name,) = shelf.content
    shelf.content.clear()
    shelf.content[f"lock:{name}"] = b"the other one's"
    assert rows(cached(source, clock, store=late), LIST) == rows(erp(), LIST)
    assert source.asked == []
