"""Two machines with two workers each, one Redis, one ERP behind a proxy that fails as told: nothing that one process
knows is needed by another, and an outage is hardly seen.
"""

import http.client
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from sqlalchemy import make_url

from tests.fault_proxy import FaultProxy, fault_proxy
from tests.redis_server import RedisServer
from tests.server.test_start import APPLICATION, GUNICORN, OPEN, started

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

#: What everybody has open: lists and reports that come again.
LIST = "Invoices?$select=InvoiceNumber,Status,GrossAmount&$orderby=DueDate desc&$top={}&$filter=Status eq '{}'"
WARM = (
    *(LIST.format(top, status) for status in ("Open", "Paid", "PartiallyPaid") for top in (10, 25)),
    "Customers?$top=25&$count=true", "Items?$top=10&$orderby=ItemName", "SalesOrders/$count", "Warehouses",
)  # fmt: skip


@dataclass
class Answer:
    target: str
    status: int
    seconds: float
    headers: Mapping[str, str]
    body: bytes

    @property
    def origin(self) -> str:
        return self.headers.get("Cache-Status", "").removeprefix("erp-odata; ")

    @property
    def calls(self) -> int:
        """How often the ERP was asked for it."""
        found = re.search(r"erp;dur=[0-9.]+;desc=(\d+)", self.headers.get("Server-Timing", ""))
        return int(found[1]) if found else 0


@dataclass
class Machines:
    """The two services, taken in turn. ``proxy`` stands before the ERP, ``way`` before Redis."""

    roots: tuple[str, ...]
    proxy: FaultProxy
    redis: RedisServer
    way: FaultProxy
    asked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, target: str, machine: int | None = None, **headers: str) -> Answer:
        with self._lock:
            self.asked += 1
            number = self.asked if machine is None else machine
        url = urlsplit(self.roots[number % len(self.roots)])
        started_at = time.monotonic()
        with closing(http.client.HTTPConnection(url.netloc, timeout=40)) as connection:
            connection.request("GET", url.path + quote(target, safe="/?$&=(),':"), headers=headers)
            response = connection.getresponse()
            body = response.read()
        return Answer(target, response.status, time.monotonic() - started_at, dict(response.headers), body)

    def ready(self) -> tuple[int, object]:
        with closing(http.client.HTTPConnection(urlsplit(self.roots[0]).netloc, timeout=40)) as connection:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def well(self) -> None:
        """No faults, and every process has found that out."""
        self.proxy.set()
        deadline, row = time.monotonic() + 30, 0
        while row < 12 and time.monotonic() < deadline:
            fine = self.get(f"Customers('C-{random.randrange(10**9)}')").status == 404
            row = row + 1 if fine else 0
            if not fine:
                time.sleep(0.2)
        assert row == 12


@pytest.fixture(scope="module")
def machines(demo_postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    url = make_url(demo_postgres_url)
    directory, port = str(url.query["host"]), url.port or 5432
    redis = RedisServer(Path(tmp_path_factory.mktemp("redis")))
    redis.start()
    with ExitStack() as stack:
        stack.callback(redis.kill)
        proxy = stack.enter_context(fault_proxy(f"{directory}/.s.PGSQL.{port}"))
        way = stack.enter_context(fault_proxy(("127.0.0.1", redis.port)))
        through = url.set(host="127.0.0.1", port=proxy.port, query={"sslmode": "disable", "gssencmode": "disable"})
        values = OPEN | {
            "DATABASE_URL": through.render_as_string(hide_password=False), "REDIS_URL": f"redis://127.0.0.1:{way.port}/0",
            "WEB_CONCURRENCY": "2", "ERP_ODATA_BREAKER_SECONDS": "1", "ERP_ODATA_LOG_LEVEL": "error",
            "ERP_ODATA_PUBLIC_URL": "http://127.0.0.1:1", "ERP_ODATA_DEADLINE": "8",
            "ERP_ODATA_LIVE_USERS": "anonymous",
            "ERP_ODATA_FRESHNESS": json.dumps({"Invoices": 2, "Customers": 2, "Items": 2, "SalesOrders": 2, "Warehouses": 2}),
        }  # fmt: skip
        roots = tuple(
            stack.enter_context(started([*GUNICORN, APPLICATION], Path(tmp_path_factory.mktemp("machine")), values))
            for _ in range(2)
        )
        yield Machines(roots, proxy, redis, way)


@pytest.fixture
def fresh(machines: Machines) -> Machines:
    """Nothing kept that is shared, nothing wrong."""
    machines.redis.clear()
    machines.well()
    return machines


def ms(answers: list[Answer], share: float) -> float:
    """The time within which that share of the answers came, in milliseconds."""
    times = sorted(answer.seconds * 1_000 for answer in answers)
    return times[min(len(times) - 1, int(len(times) * share))]


def test_what_one_machine_has_read_the_other_one_has(fresh: Machines) -> None:
    target = f"Shipments?$top=7&$skip={random.randrange(100)}"
    answers = [fresh.get(target, machine) for machine in (0, 1, 0, 1, 0, 1)]
    assert [answer.origin for answer in answers] == ["fwd=uri-miss; stored", *["hit"] * 5]
    assert {answer.body for answer in answers} == {answers[0].body}


def test_one_cold_key_and_two_hundred_clients_are_one_call(fresh: Machines) -> None:
    target = f"Shipments?$top=9&$skip={random.randrange(100)}"
    fresh.get("Shipments?$top=1", 0)  # tables were looked at
    fresh.get("Shipments?$top=1", 1)
    fresh.proxy.set(delay=0.05)
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda number: fresh.get(target, number), range(200)))
    assert {answer.status for answer in answers} == {200}
    assert sum(answer.calls for answer in answers) <= 4, "one for each process at most"
    assert sum(answer.calls for answer in answers) >= 1


def test_pages_go_on_at_another_machine(fresh: Machines) -> None:
    numbers, target, machine = [], "Invoices?$select=InvoiceNumber&$orderby=InvoiceNumber&$filter=Status eq 'Open'", 0
    while target:
        answer = fresh.get(target, machine, Prefer="odata.maxpagesize=100")
        body = json.loads(answer.body)
        numbers += [row["InvoiceNumber"] for row in body["value"]]
        following = body.get("@odata.nextLink", "")
        target, machine = following.partition("/odata/v4/")[2].replace("%27", "'").replace("%20", " "), machine + 1
    assert machine > 3
    assert numbers == sorted(set(numbers))
    assert len(numbers) == int(fresh.get("Invoices/$count?$filter=Status eq 'Open'").body)


def test_what_is_kept_serves_while_the_erp_refuses(fresh: Machines) -> None:  # F001
    for target in WARM:
        assert fresh.get(target).status == 200
    time.sleep(2.1)
    fresh.proxy.set(refuse=True)
    answers = [fresh.get(target) for _ in range(8) for target in WARM]
    assert {answer.status for answer in answers} == {200}
    assert {answer.origin for answer in answers} <= {"hit", "hit; detail=stale"}
    assert all(int(answer.headers["Age"]) >= 2 for answer in answers if "stale" in answer.origin)
    refused = fresh.get(f"Payments?$top=5&$skip={random.randrange(99)}")
    assert (refused.status, json.loads(refused.body)["error"]["code"]) == (503, "erp_unavailable")
    assert 1 <= int(refused.headers["Retry-After"]) <= 3


def test_readiness(fresh: Machines) -> None:
    def soon(expected: tuple[int, object]) -> None:
        deadline = time.monotonic() + 8
        while (found := fresh.ready()) != expected:
            assert time.monotonic() < deadline, found
            time.sleep(0.1)

    soon((200, {"status": "ready", "cache": "ready"}))
    fresh.proxy.set(refuse=True)
    soon((200, {"status": "degraded", "code": "erp_unavailable", "cache": "ready"}))
    fresh.redis.kill()
    soon((503, {"status": "unavailable", "code": "erp_unavailable", "cache": "unavailable"}))
    fresh.proxy.set()
    soon((200, {"status": "degraded", "cache": "unavailable"}))
    fresh.redis.start()
    soon((200, {"status": "ready", "cache": "ready"}))
    time.sleep(2.1)


def test_an_open_breaker_refuses_at_once(fresh: Machines) -> None:  # F002
    fresh.proxy.set(refuse=True)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: fresh.get(f"Payments?$top=5&$skip={n}"), range(60)))
        quick = list(pool.map(lambda n: fresh.get(f"Payments?$top=6&$skip={n}"), range(60)))
    assert {answer.status for answer in quick} == {503}
    assert ms(quick, 0.5) < 50


def test_it_takes_connections_and_resets_them(fresh: Machines) -> None:  # F003
    fresh.proxy.set(reset=True)
    fresh.proxy.drop()
    answer = fresh.get(f"Payments?$top=5&$skip={random.randrange(999)}")
    assert (answer.status, answer.seconds < 6) == (503, True)


def test_a_failover_ends_every_connection(fresh: Machines) -> None:  # F024
    for number in range(12):
        fresh.get(f"Assets?$top=1&$skip={number}")
    fresh.proxy.drop()
    statuses = Counter(fresh.get(f"Assets?$top=2&$skip={number}").status for number in range(40))
    assert statuses == {200: 40}


def test_redis_fails_over(fresh: Machines, tmp_path: Path) -> None:
    """Under load another Redis takes over, which has nothing, and all connections end; a little later the first one is
    back, with what it had. Nobody sees an error, and the ERP is asked by each process once for what is lost."""
    spare = RedisServer(tmp_path)
    spare.start()
    answers, stop = list[tuple[float, Answer]](), time.monotonic() + 6

    def client(number: int) -> None:
        dice = random.Random(number)
        while time.monotonic() < stop:
            answers.append((time.monotonic(), fresh.get(dice.choice(WARM))))
            time.sleep(0.05)

    try:
        for target in WARM:
            fresh.get(target)
        with ThreadPoolExecutor(6) as pool:
            running = [pool.submit(client, number) for number in range(6)]
            time.sleep(2)
            fresh.way.switch(("127.0.0.1", spare.port))
            switched = time.monotonic()
            time.sleep(2)
            assert len([*spare.client().scan_iter("erp-odata:[0-9a-f]*")]) >= len(WARM) // 2, "it is used"
            fresh.way.switch(("127.0.0.1", fresh.redis.port))
            assert [one.result() for one in running] == [None] * 6
    finally:
        fresh.way.switch(("127.0.0.1", fresh.redis.port))
        spare.kill()
    assert {answer.status for _, answer in answers} == {200}
    lost = [answer for moment, answer in answers if switched <= moment < switched + 1.5]
    asked = Counter[str]()
    for answer in lost:
        asked[answer.target] += answer.calls
    assert max(asked.values()) <= 4, "one for each process at most"
    assert ms([answer for _, answer in answers], 0.5) < 250


@pytest.mark.parametrize("case", ["nobody there", "wrong password"])  # F036, F042
def test_it_starts_without_redis(fresh: Machines, demo_postgres_url: str, tmp_path: Path, case: str) -> None:
    locked = RedisServer(tmp_path)
    if case == "wrong password":
        locked.start("--requirepass", "right")
    values = OPEN | {"DATABASE_URL": demo_postgres_url, "REDIS_URL": locked.url.replace("//", "//:wrong@")}
    try:
        with started([*GUNICORN, APPLICATION], tmp_path, values) as root:
            alone = Machines((root,), fresh.proxy, locked, fresh.way)
            answers = [alone.get("Invoices?$top=3") for _ in range(6)]
            assert {answer.status for answer in answers} == {200}
            assert {answer.origin for answer in answers} <= {"hit", "fwd=uri-miss; stored"}
            status, body = alone.ready()
            assert (status, body) == (200, {"status": "degraded", "cache": "unavailable"})
    finally:
        locked.kill()
    said = [json.loads(line) for line in (tmp_path / "stdout").read_text().splitlines() if line.startswith("{")]
    faults = {"nobody there": "ConnectionError", "wrong password": "AuthenticationError"}
    assert [line["fault"] for line in said if line["event"].startswith("redis does not answer")] == [faults[case]]


def test_redis_goes_away_and_comes_back(fresh: Machines) -> None:  # F037
    target = f"Shipments?$top=8&$skip={random.randrange(100)}"
    fresh.get(target)
    fresh.redis.kill()
    answers = [fresh.get(f"Shipments?$top=3&$skip={number}") for number in range(20)]
    assert {answer.status for answer in answers} == {200}
    assert ms(answers, 1.0) < 1_500
    fresh.redis.start()
    time.sleep(2.1)  # each process tries it again after two seconds
