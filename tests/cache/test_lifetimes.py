"""How long answers live, whatever happens to clocks, to Redis and to the process: never longer than they may be shown."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edm.model import EntitySet
from edm.query import Query
from erp_adapters.base import Busy, ContractBroken, Locked, Session, SourceError, TimedOut, Unavailable
from erp_adapters.cache.terms import CacheOptions, Freshness
from odata_server.store import SharedStore
from tests.cache.support import Clock, Shelf, cached, erp, rows
from tests.cache.test_adapter import COLUMNS, KNOWN, LIST, one
from tests.redis_server import RedisServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    made = RedisServer(Path(tmp_path_factory.mktemp("redis")))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def redis(server: RedisServer) -> RedisServer:
    server.clear()
    return server


# --- freshness --------------------------------------------------------------------------------------------------------


def test_what_comes_from_another_process_is_as_old_as_it_is_there() -> None:
    clock, shelf, source = Clock(), Shelf(), erp()
    rows(cached(erp(), clock, store=shelf), LIST)
    other = cached(source, clock, store=shelf)
    clock.now += 50
    rows(other, LIST)
    clock.now += 9.9
    rows(other, LIST)
    assert source.asked == []
    clock.now += 0.2
    rows(other, LIST)
    assert len(source.asked) == 1, "it does not begin to be fresh when it comes"


def test_a_row_of_a_list_is_as_old_as_the_list() -> None:
    clock, source = Clock(), erp()
    cache = cached(source, clock)
    rows(cache, LIST)
    for seconds, calls in ((50, 1), (9.9, 1), (0.2, 2)):
        clock.now += seconds
        rows(cache, one(KNOWN))
        assert len(source.asked) == calls


def test_what_must_be_live_is_kept_nowhere_and_never_stale() -> None:
    shelf, source = Shelf(), erp()
    cache = cached(source, store=shelf, freshness=lambda entity_set: Freshness(60, 3_600, live=True))
    rows(cache, LIST)
    assert (shelf.content, list(cache.memory._answers), list(cache.memory._rows)) == ({}, [], [])
    source.failure = Unavailable()
    with pytest.raises(Unavailable):
        rows(cache, LIST)


def test_what_depends_on_a_set_that_must_be_live_is_live() -> None:
    def freshness(entity_set: EntitySet) -> Freshness:
        return Freshness(60, 3_600, live=entity_set.name == "Customers")

    shelf, source = Shelf(), erp()
    cache = cached(source, store=shelf, freshness=freshness)
    rows(cache, LIST)
    assert len(shelf.content) == 1
    from tests.engine.small import bind

    rows(cache, LIST.with_(filter=bind("Customer/Country eq 'DE'")))
    assert len(shelf.content) == 1


def test_whoever_asks_for_the_erps_own_answer_gets_no_older_one() -> None:
    source = erp()
    cache = cached(source)
    rows(cache, LIST)
    source.failure = Unavailable()
    with pytest.raises(Unavailable):
        rows(cache, LIST, Session(live=True))
    assert rows(cache, LIST)


@pytest.mark.parametrize("failure", [Unavailable(), TimedOut(), Busy(), Locked(), ContractBroken("Invoices")])
@pytest.mark.parametrize("query", [LIST, LIST.with_(top=None)], ids=["a page", "of unknown size"])
def test_failures_are_kept_nowhere(failure: SourceError, query: Query) -> None:
    shelf, source = Shelf(), erp()
    cache = cached(source, store=shelf)
    source.failure = failure
    for _ in range(2):
        with pytest.raises(SourceError):
            rows(cache, query)
    assert (shelf.content, list(cache.memory._answers), len(source.asked)) == ({}, [], 2)
    source.failure = None
    assert rows(cache, query)


def test_no_rows_are_kept_for_a_moment_and_serve_an_outage() -> None:
    clock, shelf, source = Clock(), Shelf(), erp()
    cache = cached(source, clock, store=shelf)
    assert rows(cache, one("none")) == []
    assert list(shelf.lifetimes.values()) == [5 + 3_600]
    source.failure = Unavailable()
    clock.now += 3_604
    assert rows(cache, one("none")) == []
    clock.now += 2
    with pytest.raises(Unavailable):
        rows(cache, one("none"))


# --- clocks (F054) ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [3_600, 86_400 * 365])
def test_f054_an_entry_of_the_future_is_none(ahead: int) -> None:
    """Another machine's clock is wrong: what it keeps would be fresh here for as long as it is ahead."""
    shelf, source, ours = Shelf(), erp(), Clock()
    wrong = Clock(ours.now + ahead)
    rows(cached(erp(), wrong, store=shelf), LIST)
    cache = cached(source, ours, store=shelf)
    assert rows(cache, LIST) == rows(erp(), LIST)
    assert len(source.asked) == 1
    ours.now += 59
    rows(cache, LIST)
    assert len(source.asked) == 1, "ours stands in its place"


@pytest.mark.parametrize("jump", [-3_600, 3_600])
def test_f054_a_jump_while_the_erp_is_asked_makes_no_lifetime_odd(jump: int, redis: RedisServer) -> None:
    clock, source = Clock(time.time()), erp()

    def jumps(query: Query, session: Session) -> None:
        clock.now += jump

    source.before = jumps
    rows(cached(source, clock, store=SharedStore(redis.url)), LIST)
    (name,) = redis.client().scan_iter("erp-odata:[0-9a-f]*")
    assert 0 < redis.client().ttl(name) <= 60 + 3_600
    again = erp()
    assert rows(cached(again, clock, store=SharedStore(redis.url)), LIST) == rows(erp(), LIST)


def test_f054_redis_ends_entries_by_its_own_clock(redis: RedisServer) -> None:
    """Whatever the clocks of the machines say: an entry that is never asked for again is gone."""
    clock = Clock(1.0)
    cache = cached(erp(), clock, store=SharedStore(redis.url), freshness=lambda entity_set: Freshness(1, 1))
    rows(cache, LIST)
    assert len([*redis.client().scan_iter("erp-odata:*")]) == 1
    time.sleep(2.2)
    assert [*redis.client().scan_iter("erp-odata:*")] == []


# --- what Redis does by itself ----------------------------------------------------------------------------------------


def test_f040_it_evicts_everything(redis: RedisServer) -> None:
    """So little memory that claims and answers push each other out: right answers, and no more questions than without."""
    client = redis.client()
    redis.configure("maxmemory-policy", "allkeys-lru")
    redis.configure("maxmemory", str(int(client.info("memory")["used_memory"]) + 100_000))
    evicted = int(client.info("stats")["evicted_keys"])
    sources = [erp() for _ in range(4)]
    stores = [SharedStore(redis.url) for _ in sources]
    caches = [cached(source, Clock(), store=store) for source, store in zip(sources, stores, strict=True)]
    queries = [Query("Invoices", COLUMNS, top=300, skip=skip) for skip in range(80)]
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(rows, caches[n % 4], queries[n // 4 % len(queries)]) for n in range(4 * len(queries))]
        answers = [one.result() for one in asked]
    for number, answer in enumerate(answers):
        assert answer == rows(erp(), queries[number // 4 % len(queries)])
    slow = any(store.faults for store in stores)  # a busy machine: Redis is left alone for a while
    assert int(client.info("stats")["evicted_keys"]) > evicted or slow, client.info("memory")
    for source in sources:
        assert len(source.asked) <= len(queries), "each process asks a question once at most"


def test_what_redis_has_lost_serves_an_outage_from_the_process(redis: RedisServer) -> None:
    clock, source = Clock(), erp()
    cache = cached(source, clock, store=SharedStore(redis.url))
    before = rows(cache, LIST)
    redis.client().flushall()
    source.failure = Unavailable()
    clock.now += 3_000
    assert rows(cache, LIST) == before


def test_f047_what_is_too_large_is_the_processs_alone(redis: RedisServer) -> None:
    source = erp()
    cache = cached(source, store=SharedStore(redis.url), options=CacheOptions(most_bytes=100))
    wide = LIST.with_(top=100)
    assert rows(cache, wide) == rows(cache, wide)
    assert (len(source.asked), [*redis.client().scan_iter("erp-odata:[0-9a-f]*")]) == (1, [])


def test_f049_whoever_asks_for_all_is_killed(redis: RedisServer) -> None:
    """The claim of a process that is gone holds nobody up for longer than others are waited for, and ends by itself."""
    url = redis.url
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        source = erp()

        def hang(query: Query, session: Session) -> None:
            os.write(told, b"1")
            time.sleep(60)

        source.before = hang
        try:
            rows(cached(source, Clock(), store=SharedStore(url)), LIST)
        finally:
            os._exit(0)
    assert os.read(ready, 1) == b"1"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    (claim,) = redis.client().scan_iter("erp-odata:lock:*")
    assert 0 < redis.client().ttl(claim) <= 5
    source, started = erp(), time.monotonic()
    assert rows(cached(source, Clock(), store=SharedStore(url)), LIST) == rows(erp(), LIST)
    assert time.monotonic() - started < 3
    assert len(source.asked) == 1
