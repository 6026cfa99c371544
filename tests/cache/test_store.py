"""The shared store on a real Redis that is killed, stopped, filled, made read-only, locked and poisoned."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from erp_adapters.cache.terms import CacheOptions
from erp_adapters.resilient import State
from odata_server.store import MARK_SECONDS, SharedMarks, SharedStore
from tests.cache.support import PICKLE, SPRUNG, Clock, cached, erp, rows
from tests.cache.test_adapter import LIST
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


@pytest.fixture
def store(redis: RedisServer) -> SharedStore:
    return SharedStore(redis.url)


def took(started: float) -> float:
    return time.monotonic() - started


def test_what_is_put_comes_back_and_has_an_end(store: SharedStore, redis: RedisServer) -> None:
    store.put("a", b"\x00\xff", 30)
    assert store.get("a") == b"\x00\xff"
    assert store.get("b") is None
    assert store.get_many(["b", "a"]) == [None, b"\x00\xff"]
    assert 0 < redis.client().ttl("erp-odata:a") <= 30


def test_a_claim_is_one_callers_until_its_end(store: SharedStore, redis: RedisServer) -> None:
    assert store.claim("c", b"mine", 5)
    assert not store.claim("c", b"yours", 5)
    assert 0 < redis.client().ttl("erp-odata:c") <= 5
    store.release("c", b"yours")
    assert not store.claim("c", b"yours", 5)
    store.release("c", b"mine")
    assert store.claim("c", b"yours", 5)


def test_two_hundred_clients_of_four_processes_make_one_call(redis: RedisServer) -> None:
    sources = [erp() for _ in range(4)]
    for source in sources:
        source.before = lambda query, session: time.sleep(0.2)
    options = CacheOptions(wait=20)
    stores = [SharedStore(redis.url) for _ in sources]
    caches = [
        cached(source, Clock(), store=store, options=options) for source, store in zip(sources, stores, strict=True)
    ]
    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(lambda number: rows(caches[number % 4], LIST), range(200)))
    assert all(answer == answers[0] for answer in answers)
    calls = [len(source.asked) for source in sources]
    slow = any(store.faults for store in stores)  # a busy machine: who cannot ask Redis asks the ERP
    assert max(calls) == 1
    assert sum(calls) == 1 or slow


def test_killed_while_in_use(store: SharedStore, redis: RedisServer) -> None:
    source = erp()
    cache = cached(source, store=store)
    first = rows(cache, LIST)
    redis.kill()
    started = time.monotonic()
    for top in range(1, 11):
        assert rows(cache, LIST.with_(top=top)) == first[:top]
    assert took(started) < 1
    assert store.breaker.state == State.OPEN
    redis.start()
    time.sleep(store.breaker.seconds)
    store.put("back", b"1", 5)
    assert store.get("back") == b"1"


def test_away_from_the_start(redis: RedisServer) -> None:
    redis.kill()
    try:
        store = SharedStore(redis.url)
        assert store.problem() == "ConnectionError"
        assert rows(cached(erp(), store=store), LIST) == rows(erp(), LIST)
    finally:
        redis.start()


def test_hangs_once_and_is_left_alone_then(store: SharedStore, redis: RedisServer) -> None:
    store.put("a", b"1", 60)
    redis.pause()
    try:
        times = []
        for _ in range(10):
            started = time.monotonic()
            assert store.get("a") is None
            times.append(took(started))
        assert max(times) < 0.45
        assert sum(times) < 1.0, "after two of them nobody waits"
        assert store.claim("b", b"x", 5), "nobody can tell: who asks may ask the ERP"
    finally:
        redis.resume()
    time.sleep(store.breaker.seconds)
    assert store.get("a") == b"1"


def test_full(store: SharedStore, redis: RedisServer) -> None:
    redis.configure("maxmemory", "1")
    assert rows(cached(erp(), store=store), LIST) == rows(erp(), LIST)
    assert store.last_fault == "OutOfMemoryError"


def test_evicted_and_flushed_under_load(store: SharedStore, redis: RedisServer) -> None:
    cache = cached(erp(), Clock(), store=store)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(rows, cache, LIST.with_(top=1 + number % 30)) for number in range(300)]
        for _ in range(20):
            redis.client().flushall()
        assert all(len(one.result()) == 1 + number % 30 for number, one in enumerate(asked))
    assert store.faults == 0


def test_a_read_only_replica(store: SharedStore, redis: RedisServer) -> None:
    redis.client().replicaof("127.0.0.1", "1")
    assert rows(cached(erp(), store=store), LIST) == rows(erp(), LIST)
    assert store.last_fault in ("ReadOnlyError", "BusyLoadingError", "ResponseError")


def test_a_wrong_password(redis: RedisServer) -> None:
    redis.configure("requirepass", "right")
    try:
        store = SharedStore(redis.url.replace("redis://", "redis://:wrong@"))
        assert store.problem() == "AuthenticationError"
        assert rows(cached(erp(), store=store), LIST) == rows(erp(), LIST)
    finally:
        redis.client(password="right").config_set("requirepass", "")


@pytest.mark.parametrize("poison", [PICKLE, b"!" + PICKLE, b"!", b"\xff\xfe", b"x" * 50_000_000, b""])
def test_poison_is_a_miss(store: SharedStore, redis: RedisServer, poison: bytes) -> None:
    cache = cached(erp(), Clock(), store=store)
    rows(cache, LIST)
    client = redis.client()
    names = list(client.scan_iter("erp-odata:*"))
    for name in names:
        client.set(name, poison)
    source = erp()
    other = cached(source, Clock(), store=SharedStore(redis.url))
    assert rows(other, LIST) == rows(erp(), LIST)
    assert (len(names), len(source.asked), SPRUNG) == (1, 1, [])


def test_a_value_of_another_kind_is_a_miss(store: SharedStore, redis: RedisServer) -> None:
    redis.client().lpush("erp-odata:a", "1")
    assert store.get("a") is None


def test_marks_reach_other_processes(redis: RedisServer) -> None:
    sets = ("Customers", "Invoices")
    one, other = (SharedMarks(SharedStore(redis.url), sets) for _ in range(2))
    assert (one.since("Invoices"), other.since("Invoices")) == (0, 0)
    one.mark(["Invoices"])
    assert one.since("Invoices") > 0
    time.sleep(1.05)
    assert other.since("Invoices") == one.since("Invoices")
    assert other.since("Customers") == 0
    assert 0 < redis.client().ttl("erp-odata:changed:Invoices") <= MARK_SECONDS


@pytest.mark.parametrize("value", ["soon", "nan", "1e300", "inf"])
def test_marks_that_cannot_be_are_ignored(redis: RedisServer, value: str) -> None:
    redis.client().set("erp-odata:changed:Invoices", value)
    assert SharedMarks(SharedStore(redis.url), ("Invoices",)).since("Invoices") == 0


def test_marks_hold_without_a_store() -> None:
    marks = SharedMarks(None, ("Invoices",))
    marks.mark(["Invoices"])
    assert marks.since("Invoices") > 0
