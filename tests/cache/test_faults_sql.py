"""Faults of a SQL database as whoever asks the service sees them, by the numbers of the catalogue: the status, no words
of the ERP, the detail in the log, an answer as soon as it is over. What the adapter makes of them is in
``tests/adapters/test_sql_faults.py``, networks that fail in ``test_sql_network.py``.

The database is a PostgreSQL of this module's own, which may be killed and stopped.
"""

import json
import os
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from edm.query import Query
from erp_adapters.base import Session
from odata_server.app import create_app
from odata_server.compose import compose
from odata_server.observe import Event, Handled, remember
from odata_server.settings import Settings
from tests import servers, serving
from tests.fault_proxy import fault_proxy
from tests.server.support import SECRET

pytestmark = pytest.mark.postgres

LIST = "Invoices?$top=5&$select=InvoiceNumber,GrossAmount"


@dataclass
class Server:
    """A PostgreSQL server with the demo ERP in it."""

    directory: Path
    url: str = ""

    def start(self) -> None:
        servers.start_postgres(self.directory / "postgres")

    @property
    def pids(self) -> list[int]:
        """The first process and all that it has begun."""
        first = int((self.directory / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    def signal(self, number: int) -> None:
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Connections are taken by the kernel, and nobody says anything."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """As if its machine had lost its power."""
        pids = self.pids
        self.signal(signal.SIGKILL)
        deadline = time.monotonic() + 10
        while any(_runs(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.02)
        # A process that nobody has collected yet would be taken for a server that is still there.
        for left in ("postmaster.pid", ".s.PGSQL.5432.lock", ".s.PGSQL.5432"):
            (self.directory / "postgres" / left).unlink(missing_ok=True)

    @contextmanager
    def changed(self, do: str, undo: str) -> Iterator[None]:
        self.execute(do)
        try:
            yield
        finally:
            self.execute(undo)

    def execute(self, statement: str) -> Any:
        engine = create_engine(self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            found = connection.execute(text(statement))
            return found.all() if found.returns_rows else None


def _runs(pid: int) -> bool:
    with suppress(OSError):
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    directory = Path(tempfile.mkdtemp(prefix="erp-odata-"))
    made = Server(directory)
    made.start()
    found = servers.PostgresServer(servers._maintenance_url(directory / "postgres"))
    made.url = servers.demo_postgres(directory, found)
    yield made
    servers.stop_postgres(directory)
    shutil.rmtree(directory, ignore_errors=True)


@dataclass
class Whole:
    """A service before it, without anything in between but its own code."""

    client: Any
    told: list[Event] = field(default_factory=list)
    composition: Any = None

    def ask(self, target: str = LIST, **headers: str) -> tuple[int, Any]:
        found = self.client.get(f"/odata/v4/{target}", headers=headers)
        body = json.loads(found.text)  # JSON whatever happens
        if found.status_code == 200:
            return 200, body.get("value", body)
        for secret in ("OINVHD", "postgres", "psycopg", "SELECT", "Traceback"):
            assert secret not in found.text, "no words of the ERP"
        return found.status_code, body["error"]["code"]

    def timed(self, target: str = LIST) -> tuple[int, Any, float]:
        started = time.monotonic()
        status, told = self.ask(target)
        return status, told, time.monotonic() - started

    @property
    def detail(self) -> str:
        return next(event.detail for event in reversed(self.told) if isinstance(event, Handled))


def whole(url: str, **settings: Any) -> Whole:
    told: list[Event] = []
    given = {
        "anonymous": True, "secret_key": SECRET, "log_level": "error", "deadline": 4, "breaker_failures": 1_000,
        "database_url": url, **settings,
    }  # fmt: skip
    made = compose(Settings.model_validate(given), observers=(told.append, remember))
    return Whole(create_app(composition=made).test_client(), told, made)


@pytest.fixture
def service(server: Server) -> Iterator[Whole]:
    made = whole(server.url)
    status, before = made.ask()
    assert status == 200
    yield made
    deadline = time.monotonic() + 15
    while made.ask() != (200, before):  # over is over
        assert time.monotonic() < deadline
        time.sleep(0.1)
    made.composition.adapter.close()


# --- the database is away -------------------------------------------------------------------------------------------


def test_f001_killed(server: Server, service: Whole) -> None:
    server.kill()
    try:
        status, code, seconds = service.timed()
        assert (status, code) == (503, "erp_unavailable")
        assert seconds < 2
        answer = service.client.get(f"/odata/v4/{LIST}")
        assert 1 <= int(answer.headers["Retry-After"]) <= 3
        assert service.client.get("/healthz").status_code == 200
    finally:
        server.start()


def test_f002_stopped(server: Server) -> None:
    """Connections are there, new ones are taken, and nobody answers: at most the deadline, then the breaker."""
    service = whole(server.url, breaker_failures=2, breaker_seconds=2, deadline=1)
    assert service.ask()[0] == 200
    with server.paused():
        for _ in range(2):
            status, code, seconds = service.timed()
            assert (status, code) in ((503, "erp_unavailable"), (504, "erp_timeout"))
            assert seconds < 1 + 3 + 1
        refused = [service.timed() for _ in range(5)]
        assert {(status, code) for status, code, _ in refused} == {(503, "erp_unavailable")}
        assert min(seconds for *_, seconds in refused) < 0.05
        assert service.client.get("/healthz").status_code == 200
    deadline = time.monotonic() + 10
    while service.ask()[0] != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    service.composition.adapter.close()


@pytest.mark.parametrize("limits", [{"deadline": 1}, {"statement_timeout": 0.5}], ids=["f004", "f028"])
def test_a_query_that_takes_too_long(server: Server, limits: dict[str, float]) -> None:
    """At the deadline of the request, or at that of the statement: 504, and the query is cancelled."""
    service = whole(server.url, **{"deadline": 25, **limits})
    assert service.ask()[0] == 200
    server.execute('ALTER TABLE "OINVHD" RENAME TO "QUICK"')
    try:
        slow = 'CREATE VIEW "OINVHD" AS SELECT "QUICK".* FROM "QUICK", (SELECT pg_sleep(40)) AS s'
        with server.changed(slow, 'DROP VIEW "OINVHD"'):
            status, code, seconds = service.timed()
            assert (status, code) == (504, "erp_timeout")
            assert seconds < 3
            time.sleep(0.6)
            active = "SELECT query FROM pg_stat_activity WHERE application_name = 'erp-odata' AND state = 'active'"
            assert server.execute(active) == []
            assert service.ask("Customers?$top=1")[0] == 200
    finally:
        server.execute('ALTER TABLE "QUICK" RENAME TO "OINVHD"')
    assert service.ask()[0] == 200
    service.composition.adapter.close()


@pytest.mark.parametrize("bytes_", [1, 300, 2_000])
def test_f006_dies_within_the_rows(server: Server, bytes_: int) -> None:
    url = make_url(server.url)
    with fault_proxy(f"{url.query['host']}/.s.PGSQL.{url.port or 5432}") as proxy:
        through = url.set(host="127.0.0.1", port=proxy.port, query={"sslmode": "disable", "gssencmode": "disable"})
        service = whole(through.render_as_string(hide_password=False))
        wide = "Invoices?$top=500"
        assert service.ask(wide)[0] == 200
        proxy.set(cut=bytes_)
        proxy.drop()
        assert service.ask(wide) == (503, "erp_unavailable")
        proxy.set()
        assert len(service.ask(wide)[1]) == 500
        service.composition.adapter.close()


def test_f024_all_connections_are_killed(server: Server, service: Whole) -> None:
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'erp-odata'"
    for _ in range(5):
        server.execute(kill)
        assert service.ask()[0] == 200


def test_f025_it_takes_no_more_connections(server: Server) -> None:
    with server.changed("CREATE ROLE few LOGIN; GRANT pg_read_all_data TO few", "DROP ROLE few"):
        service = whole(make_url(server.url).set(username="few").render_as_string(hide_password=False))
        with server.changed("ALTER ROLE few CONNECTION LIMIT 0", "ALTER ROLE few CONNECTION LIMIT 4"):
            status, code, seconds = service.timed()
            assert (status, code) in ((503, "erp_busy"), (503, "erp_unavailable"))
            assert seconds < 2
        assert service.ask()[0] == 200
        service.composition.adapter.close()


def test_f026_all_of_ours_are_in_use(server: Server) -> None:
    service = whole(server.url, pool_size=1, pool_wait=0.3)
    assert service.ask()[0] == 200
    (guard,) = service.composition.guarded.sources.values()
    assert guard._room.acquire()
    status, code, seconds = service.timed()
    assert (status, code) == (503, "erp_busy")
    assert 0.2 < seconds < 1.5
    guard._room.release()
    assert service.ask()[0] == 200
    service.composition.adapter.close()


def test_f027_locked(server: Server, service: Whole) -> None:
    engine = create_engine(server.url)
    with engine.connect() as blocking:
        blocking.execute(text('LOCK TABLE "OINVHD" IN ACCESS EXCLUSIVE MODE'))
        status, code, seconds = service.timed()
        assert (status, code) in ((503, "erp_busy"), (504, "erp_timeout"))
        assert seconds < 6
        assert service.ask("Customers?$top=1")[0] == 200
    engine.dispose()


# --- tables that changed --------------------------------------------------------------------------------------------


def test_f012_new_columns(server: Server, service: Whole) -> None:
    before = service.ask("Invoices?$top=2")
    with server.changed('ALTER TABLE "OINVHD" ADD "NEWC" TEXT DEFAULT \'x\'', 'ALTER TABLE "OINVHD" DROP "NEWC"'):
        assert service.ask("Invoices?$top=2") == before


def test_f013_a_column_is_gone(server: Server, service: Whole) -> None:
    gone, back = 'ALTER TABLE "OINVHD" RENAME "GRAM" TO "GONE"', 'ALTER TABLE "OINVHD" RENAME "GONE" TO "GRAM"'
    with server.changed(gone, back):
        assert service.ask() == (502, "erp_contract")
        assert "GRAM" in service.detail
        assert service.ask("Customers?$top=2")[0] == 200
        assert service.ask("Payments?$top=2")[0] == 200


def test_f014_a_column_is_of_another_type(server: Server, service: Whole) -> None:
    """Of the same name, with other values in it: garbage is never shown."""
    server.execute('ALTER TABLE "OINVHD" RENAME "GRAM" TO "SAFE"')
    try:
        with server.changed('ALTER TABLE "OINVHD" ADD "GRAM" TEXT DEFAULT \'abc\'', 'ALTER TABLE "OINVHD" DROP "GRAM"'):
            assert service.ask() == (502, "erp_contract")
            assert "GrossAmount" in service.detail
            assert service.ask("Invoices?$top=5&$select=InvoiceNumber")[0] == 200
            assert service.ask("Customers?$top=2")[0] == 200
    finally:
        server.execute('ALTER TABLE "OINVHD" RENAME "SAFE" TO "GRAM"')


def test_f017_more_rows_than_fit_into_memory(server: Server) -> None:
    """Many wide rows are read a part at a time."""
    service = whole(server.url, deadline=60)
    rest = "CROSS JOIN generate_series(1, 9)"
    server.execute('ALTER TABLE "OINVLN" RENAME TO "FEW"')
    try:
        with server.changed(f'CREATE VIEW "OINVLN" AS SELECT "FEW".* FROM "FEW" {rest}', 'DROP VIEW "OINVLN"'):
            session = Session(deadline=time.monotonic() + 60)
            before = most = _resident()
            rows = 0
            for page in service.composition.adapter.read(Query("InvoiceLines", EVERYTHING), session):
                rows, most = rows + len(page.rows), max(most, _resident())
            assert rows > 130_000
            assert most - before < 64_000_000
    finally:
        server.execute('ALTER TABLE "FEW" RENAME TO "OINVLN"')
    service.composition.adapter.close()


EVERYTHING = tuple(name for name in serving.demo_metadata()["InvoiceLines"].type.names)


def _resident() -> int:
    """Bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


# --- rows that should not be ----------------------------------------------------------------------------------------


@pytest.fixture
def spoiled(server: Server) -> Iterator[Server]:
    """A database of its own, whose warehouses have no constraints any more."""
    found = servers.PostgresServer(servers._maintenance_url(server.directory / "postgres"))
    made = Server(server.directory, found.create_database("spoiled", template=servers.DEMO_TEMPLATE))
    made.execute('CREATE TABLE copied AS TABLE "OWHLOC"')
    made.execute('DROP TABLE "OWHLOC" CASCADE')
    made.execute('ALTER TABLE copied RENAME TO "OWHLOC"')
    yield made
    found.drop_database("spoiled")


def test_f015_the_same_key_twice(spoiled: Server) -> None:
    service = whole(spoiled.url)
    keys = [row["WarehouseCode"] for row in service.ask("Warehouses")[1]]
    spoiled.execute('INSERT INTO "OWHLOC" SELECT * FROM "OWHLOC"')
    assert [row["WarehouseCode"] for row in service.ask("Warehouses")[1]] == sorted(2 * keys)
    for size in (1, 2, 3):
        found, target = [], "Warehouses"
        while target:
            answer = service.client.get(f"/odata/v4/{target}", headers={"Prefer": f"maxpagesize={size}"}).json
            found += [row["WarehouseCode"] for row in answer["value"]]
            target = answer.get("@odata.nextLink", "").partition("/odata/v4/")[2]
            assert len(found) <= 2 * len(keys), "pages have an end"
        assert found == sorted(found)
        assert set(found) == set(keys)
    assert service.ask(f"Warehouses('{keys[0]}')")[1]["WarehouseCode"] == keys[0]
    service.composition.adapter.close()


def test_f016_a_row_without_a_key(spoiled: Server) -> None:
    service = whole(spoiled.url)
    before, count = service.ask("Warehouses"), service.client.get("/odata/v4/Warehouses/$count").text
    spoiled.execute('INSERT INTO "OWHLOC" SELECT * FROM "OWHLOC" LIMIT 1')
    spoiled.execute('UPDATE "OWHLOC" SET "WHLO" = NULL WHERE ctid = (SELECT max(ctid) FROM "OWHLOC")')
    assert service.ask("Warehouses") == before
    assert service.client.get("/odata/v4/Warehouses/$count").text == count
    assert service.ask("Warehouses?$filter=Country eq 'DE' or Country ne 'DE'") == before
    service.composition.adapter.close()
