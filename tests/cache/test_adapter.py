"""The cache around an ERP: what is asked, what is not, and what an outage looks like."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from edm.model import EntitySet
from edm.query import OrderItem, Query
from erp_adapters.base import Busy, ContractBroken, Locked, Session, SourceError, TimedOut, Unavailable
from erp_adapters.cache.terms import CacheOptions, Freshness
from tests.cache.support import Clock, Shelf, cached, erp, rows
from tests.engine.small import bind

COLUMNS = ("InvoiceNumber", "Amount", "CustomerNumber")
ORDER = (OrderItem(bind("InvoiceNumber")),)
LIST = Query("Invoices", COLUMNS, bind("Positions eq 1"), ORDER, top=10)


def one(number: str, columns: tuple[str, ...] = COLUMNS, more: str = "") -> Query:
    return Query("Invoices", columns, bind(f"InvoiceNumber eq '{number}'{more}"), top=1)


#: A row of the list.
KNOWN = str(rows(erp(), LIST)[0][0])

# --- hits ---------------------------------------------------------------------------------------------------------


def test_the_same_question_is_asked_once_while_fresh() -> None:
    clock, source = Clock(), erp()
    cache = cached(source, clock)
    first = rows(cache, LIST)
    clock.now += 59.9
    assert rows(cache, LIST) == first
    assert len(source.asked) == 1
    clock.now += 0.2
    assert rows(cache, LIST) == first
    assert len(source.asked) == 2


def test_columns_come_in_the_order_asked_and_a_wider_answer_serves() -> None:
    source = erp()
    cache = cached(source)
    wide = rows(cache, LIST)
    turned = rows(cache, LIST.with_(columns=("Amount", "InvoiceNumber")))
    assert turned == [(amount, number) for number, amount, _ in wide]
    assert len(source.asked) == 1
    rows(cache, LIST.with_(columns=(*COLUMNS, "DueDate")))
    assert len(source.asked) == 2


def test_what_narrows_or_slices_differently_is_another_question() -> None:
    source = erp()
    cache = cached(source)
    for query in (LIST, LIST.with_(top=9), LIST.with_(skip=1), LIST.with_(count=True), LIST.with_(orderby=())):
        rows(cache, query)
    assert len(source.asked) == 5


def test_a_list_answers_for_its_details() -> None:
    source = erp()
    cache = cached(source)
    (number, *_), *_ = rows(cache, LIST)
    assert rows(cache, one(number)) == [row for row in rows(cache, LIST) if row[0] == number]
    assert rows(cache, one(number, more=" and Positions eq 1")) == rows(cache, one(number))
    assert len(source.asked) == 1, "the row is known to meet what the list asked"
    assert next(iter(cache.read(one(number).with_(count=True), Session()))).count == 1
    assert len(source.asked) == 1


@pytest.mark.parametrize(
    "query",
    [
        one("I001", more=" and Amount gt 1000"),
        one("I001", columns=(*COLUMNS, "DueDate")),
        one("I001").with_(skip=1),
        one("I002"),
    ],
    ids=["another condition", "another column", "skipped", "not in the list"],
)
def test_a_list_does_not_answer_for_more_than_it_knows(query: Query) -> None:
    source = erp()
    cache = cached(source)
    rows(cache, LIST)
    assert rows(cache, query) == rows(erp(), query)
    assert len(source.asked) == 2


def test_a_narrow_list_does_not_displace_a_whole_record() -> None:
    clock, source = Clock(), erp()
    cache = cached(source, clock)
    wide = (*COLUMNS, "DueDate")
    whole = rows(cache, LIST.with_(columns=wide, top=7))
    clock.now += 1
    (number, *_), *_ = rows(cache, LIST)
    assert rows(cache, one(number, columns=wide)) == [row for row in whole if row[0] == number]
    assert len(source.asked) == 2
    session = Session()
    assert rows(cache, one(number), session)
    assert session.provenance.oldest == clock.now, "the newest that says enough"
    for seconds in range(2, 20):
        clock.now += 1
        rows(cache, LIST.with_(top=seconds, columns=COLUMNS[:1]))
    assert max(map(len, cache.memory._rows.values())) <= 4


def test_an_empty_answer_is_fresh_for_a_moment_only() -> None:
    clock, source = Clock(), erp()
    cache = cached(source, clock)
    for seconds, asked in ((0, 1), (4.9, 1), (0.2, 2)):
        clock.now += seconds
        assert rows(cache, one("none")) == []
        assert len(source.asked) == asked


@pytest.mark.parametrize(
    "freshness", [Freshness(0, 60), Freshness(60, 60, live=True)], ids=["never fresh", "must be live"]
)
def test_sets_that_are_not_to_be_kept(freshness: Freshness) -> None:
    source = erp()
    cache = cached(source, freshness=lambda entity_set: freshness)
    session = Session()
    assert rows(cache, LIST, session) == rows(cache, LIST, session)
    assert len(source.asked) == 2
    assert session.provenance.reads == {"bypass": 2}


def test_an_answer_depends_on_every_set_that_it_looks_at() -> None:
    def freshness(entity_set: EntitySet) -> Freshness:
        return Freshness(0 if entity_set.name == "Customers" else 60, 60)

    source = erp()
    cache = cached(source, freshness=freshness)
    for _ in range(2):
        rows(cache, LIST)
        rows(cache, LIST.with_(filter=bind("Customer/Country eq 'DE'")))
    assert len(source.asked) == 3


def test_answers_of_unknown_size_are_kept_if_they_are_pulled_to_the_end_and_small() -> None:
    source = erp()
    cache = cached(source, options=CacheOptions(most_rows=40))
    small, large = LIST.with_(top=None), Query("Invoices", COLUMNS)
    for query, asked in ((small, 1), (small, 1), (large, 2), (large, 3)):
        assert rows(cache, query) == rows(erp(), query)
        assert len(source.asked) == asked
    pages = cache.read(small.with_(skip=1), Session())
    next(pages)
    pages.close()  # type: ignore[attr-defined]
    rows(cache, small.with_(skip=1))
    assert len(source.asked) == 5


def test_live_asks_the_erp_and_keeps_the_answer_for_others() -> None:
    source = erp()
    cache = cached(source)
    rows(cache, LIST)
    session = Session(live=True)
    rows(cache, LIST, session)
    assert (len(source.asked), session.provenance.reads) == (2, {"live": 1})
    rows(cache, LIST)
    assert len(source.asked) == 2


def test_views_do_not_share() -> None:
    source = erp()
    cache = cached(source)
    for view in ("a", "b", "a", "b"):
        rows(cache, LIST, Session(view=view))
    assert len(source.asked) == 2
    assert not any(rows(cache, one("I001"), Session(view="c")) is None for _ in range(1))
    assert len(source.asked) == 3, "a list of another view does not answer for its details"


# --- one for all --------------------------------------------------------------------------------------------------


def test_two_hundred_clients_and_one_cold_key_are_one_call() -> None:
    source = erp()
    source.before = lambda query, session: time.sleep(0.2)
    cache = cached(source, options=CacheOptions(wait=20))
    sessions = [Session() for _ in range(200)]
    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(lambda session: rows(cache, LIST, session), sessions))
    assert len(source.asked) == 1
    assert all(answer == answers[0] for answer in answers)
    outcomes = {outcome for session in sessions for outcome in session.provenance.reads}
    assert outcomes <= {"miss", "coalesced", "hit"}


def test_a_failure_is_everybodys_and_is_not_kept() -> None:
    source = erp()
    source.before = lambda query, session: time.sleep(0.1)
    source.failure = Unavailable("away")
    cache = cached(source, options=CacheOptions(wait=20))

    def fails(_: int) -> bool:
        with pytest.raises(Unavailable):
            rows(cache, LIST)
        return True

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(fails, range(20)))
    assert len(source.asked) == 1
    source.failure = None
    assert rows(cache, LIST)


def test_who_waits_too_long_asks_for_itself() -> None:
    source, release = erp(), threading.Event()

    def before(query: Query, session: Session) -> None:
        if session.principal != "second":
            release.wait(10)

    source.before = before
    cache = cached(source, options=CacheOptions(wait=0.1))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(rows, cache, LIST)
        while not source.asked:
            time.sleep(0.01)
        assert rows(cache, LIST, Session("second"))
        release.set()
        assert first.result()


# --- refresh ahead ------------------------------------------------------------------------------------------------


class AtOnce(Executor):
    """Runs in the caller's own thread, or later if told so."""

    def __init__(self) -> None:
        self.submitted = 0

    def submit(self, fn: Any, /, *args: Any, **more: Any) -> Future[Any]:
        self.submitted += 1
        fn(*args, **more)
        return Future()


def test_what_is_asked_for_near_its_end_is_renewed_before_it() -> None:
    clock, source, background = Clock(), erp(), AtOnce()
    cache = cached(source, clock, background=background)
    rows(cache, LIST)
    for seconds, calls in ((47, 1), (2, 2), (45, 2), (10, 3)):
        clock.now += seconds
        session = Session()
        rows(cache, LIST, session)
        assert len(source.asked) == calls
        assert session.provenance.reads == {"hit": 1}, "nobody waited"


def test_a_renewal_that_fails_is_counted_and_nobody_sees_it() -> None:
    clock, source = Clock(), erp()
    told = Counter[tuple[str, str]]()
    cache = cached(source, clock, background=AtOnce(), told=lambda *outcome: told.update([outcome]))
    rows(cache, LIST)
    source.failure = Unavailable()
    clock.now += 50
    assert rows(cache, LIST)
    assert told["Invoices", "renewal_failed"] == 1


# --- outage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [Unavailable(), Busy(), Locked(), TimedOut()])
def test_an_older_answer_serves_in_an_outage_and_says_so(failure: SourceError) -> None:
    clock, source = Clock(), erp()
    cache = cached(source, clock)
    first, fetched = rows(cache, LIST), clock.now
    source.failure = failure
    clock.now += 60 + 3_599
    session = Session()
    assert rows(cache, LIST, session) == first
    assert session.provenance.stale
    assert session.provenance.oldest == fetched
    clock.now += 2
    with pytest.raises(type(failure)):
        rows(cache, LIST)


def test_a_broken_mapping_is_no_outage() -> None:
    clock, source = Clock(), erp()
    cache = cached(source, clock)
    rows(cache, LIST)
    source.failure = ContractBroken("Invoices")
    clock.now += 61
    with pytest.raises(ContractBroken):
        rows(cache, LIST)


def test_answers_of_unknown_size_serve_in_an_outage_too() -> None:
    clock, source = Clock(), erp()
    cache = cached(source, clock)
    first = rows(cache, LIST.with_(top=None))
    source.failure = Unavailable()
    clock.now += 61
    session = Session()
    assert rows(cache, LIST.with_(top=None), session) == first
    assert session.provenance.stale


def test_a_slow_erp_is_waited_for_only_if_there_is_nothing_older() -> None:
    clock, source = Clock(), erp()
    left: list[float] = []
    source.before = lambda query, session: left.append(session.remaining())
    cache = cached(source, clock)
    rows(cache, LIST, Session(deadline=time.monotonic() + 25))
    clock.now += 61
    rows(cache, LIST, Session(deadline=time.monotonic() + 25))
    assert left[0] > 20
    assert left[1] <= 0.5


# --- the shared store ---------------------------------------------------------------------------------------------


def two(clock: Clock, **changes: Any) -> Iterator[Any]:
    """Two processes over one store."""
    shelf = Shelf()
    for _ in range(2):
        source = erp()
        yield source, cached(source, clock, store=shelf, **changes)
    yield shelf, None


def test_processes_share_through_the_store() -> None:
    clock = Clock()
    (first, one_), (second, other), (shelf, _) = two(clock)
    assert rows(one_, LIST) == rows(other, LIST)
    assert (len(first.asked), len(second.asked)) == (1, 0)
    (name,) = (name for name in shelf.content if not name.startswith("lock:"))
    assert shelf.lifetimes[name] == 60 + 3_600, "no entry without an end"
    clock.now += 61
    second.failure = Unavailable()
    assert rows(other, LIST) == rows(one_, LIST)


@pytest.mark.parametrize("detail", [one(KNOWN), LIST.with_(columns=("Amount",))], ids=["a detail", "fewer columns"])
def test_what_was_made_of_a_list_is_shared_too(detail: Query) -> None:
    """In an outage the other process has not got the list, and was never asked for it."""
    clock = Clock()
    (first, one_), (second, other), _ = two(clock)
    rows(one_, LIST)
    shown = rows(one_, detail)
    assert len(first.asked) == 1
    second.failure = Unavailable()
    session = Session()
    assert rows(other, detail, session) == shown
    assert session.provenance.reads == {"hit": 1}
    clock.now += 60
    assert rows(other, detail) == shown
    assert second.asked, "as old as the list, not younger"


def test_what_was_made_of_a_list_is_shared_once() -> None:
    writes = list[str]()

    class Noted(Shelf):
        def put(self, name: str, value: bytes, seconds: int) -> None:
            writes.append(name)

    source = erp()
    cache = cached(source, store=Noted())
    for _ in range(3):
        rows(cache, LIST)
        rows(cache, one(KNOWN))
        rows(cache, LIST.with_(columns=("Amount",)))
    assert (len(writes), len(set(writes)), len(source.asked)) == (3, 3, 1)


def test_one_process_waits_for_the_one_that_is_asking() -> None:
    clock = Clock()
    (first, one_), (second, other), _ = two(clock)
    first.before = lambda query, session: time.sleep(0.2)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(rows, one_, LIST)
        while not first.asked:
            time.sleep(0.01)
        assert rows(other, LIST) == asking.result()
    assert (len(first.asked), len(second.asked)) == (1, 0)


def test_a_process_that_died_while_asking_holds_nobody_up_for_long() -> None:
    clock = Clock()
    (_, one_), (second, other), (shelf, _) = two(clock)
    rows(one_, LIST)
    (name,) = shelf.content
    shelf.content = {f"lock:{name}": b"the dead one's"}
    started = time.monotonic()
    assert rows(other, LIST)
    assert time.monotonic() - started < 2
    assert len(second.asked) == 1
    assert shelf.content[f"lock:{name}"] == b"the dead one's", "what is not ours is not released"


@pytest.mark.parametrize("spoil", ["flip", "copy", "cut", "garbage"])
def test_what_was_tampered_with_is_a_miss(spoil: str) -> None:
    clock = Clock()
    (_, one_), (second, other), (shelf, _) = two(clock)
    rows(one_, LIST)
    (name,) = shelf.content
    good = shelf.content[name]
    rows(one_, LIST.with_(top=3))
    (third,) = set(shelf.content) - {name}
    refused = Counter[tuple[str, str]]()
    other.told = lambda *outcome: refused.update([outcome])
    shelf.content[name] = {
        "flip": bytes([good[0] ^ 1]) + good[1:], "copy": shelf.content[third], "cut": good[:-1], "garbage": b"!",
    }[spoil]  # fmt: skip
    assert rows(other, LIST) == rows(erp(), LIST)
    assert len(second.asked) == 1
    assert refused["Invoices", "refused"] >= 1


def test_another_model_or_source_finds_nothing() -> None:
    clock, shelf, source = Clock(), Shelf(), erp()
    rows(cached(erp(), clock, store=shelf), LIST)
    rows(cached(source, clock, store=shelf, namespace="small 1.1.0"), LIST)
    assert len(source.asked) == 1


def test_a_store_that_is_away_costs_nothing_but_hits() -> None:
    clock, source = Clock(), erp()
    cache = cached(source, clock, store=Shelf(broken=True))
    assert rows(cache, LIST) == rows(cache, LIST) == rows(erp(), LIST)
    assert len(source.asked) == 1


@pytest.mark.parametrize("jump", [-3_600, 3_600])
def test_a_clock_that_jumps_makes_no_eternal_entry(jump: int) -> None:
    clock, source = Clock(), erp()
    cache = cached(source, clock)
    rows(cache, LIST)
    clock.now += jump
    assert rows(cache, LIST)
    assert len(source.asked) == 2
    clock.now += 30
    rows(cache, LIST)
    assert len(source.asked) == 2


def test_what_was_declared_changed_is_asked_again() -> None:
    changed = {"Invoices": 0.0}

    class Marked:
        def since(self, entity_set: str) -> float:
            return changed.get(entity_set, 0.0)

    clock, source = Clock(), erp()
    cache = cached(source, clock, marks=Marked())
    rows(cache, LIST)
    clock.now += 10
    changed["Invoices"] = clock.now
    clock.now += 3
    rows(cache, LIST)
    assert len(source.asked) == 2
    rows(cache, LIST)
    assert len(source.asked) == 2
    rows(cache, Query("Customers", ("CustomerNumber",), top=5))
    changed["Invoices"] = clock.now + 10
    rows(cache, Query("Customers", ("CustomerNumber",), top=5))
    assert len(source.asked) == 3


def test_memory_is_bounded() -> None:
    cache = cached(erp())
    cache.memory.most = 500
    for top in range(1, 60):
        rows(cache, LIST.with_(top=top))
    kept = sum((len(e.rows) + 1) * (len(e.columns) + 1) for v in cache.memory._answers.values() for e in v)
    assert kept == cache.memory._cells <= 500


def test_the_decision_is_told_to_people() -> None:
    clock = Clock()
    cache = cached(erp(), clock)
    assert "nothing kept" in cache.decision(LIST)
    rows(cache, LIST)
    clock.now += 5
    assert "kept for 5 s; fresh for 60 s, in an outage for 3600 s more" in cache.decision(LIST)
