"""A network that fails between us and PostgreSQL: what was promised of deadlines holds whatever it does.

Each case goes both ways: a page by one prepared statement, and a long answer that is streamed.
"""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from edm.query import Query
from erp_adapters import sql
from erp_adapters.base import Session, SourceError, TimedOut, Unavailable
from erp_adapters.sql import SqlAdapter
from erp_adapters.watch import SLACK
from tests.fault_proxy import FaultProxy, fault_proxy
from tests.serving import demo_metadata

pytestmark = pytest.mark.postgres

PAGE = Query("InvoiceLines", ("InvoiceLineKey", "NetAmount"), top=500)
ALL = PAGE.with_(top=None)
BOTH = pytest.mark.parametrize("query", [PAGE, ALL], ids=["page", "streamed"])


@pytest.fixture(scope="module")
def server(demo_postgres_url: str) -> URL:
    return make_url(demo_postgres_url)


@pytest.fixture
def proxy(server: URL) -> Iterator[FaultProxy]:
    with fault_proxy(f"{server.query['host']}/.s.PGSQL.{server.port or 5432}") as made:
        yield made


@pytest.fixture
def adapter(server: URL, proxy: FaultProxy) -> Iterator[SqlAdapter]:
    through = server.set(host="127.0.0.1", port=proxy.port, query={"sslmode": "disable", "gssencmode": "disable"})
    made = sql.connect(through.render_as_string(hide_password=False), demo_metadata(), pool_size=2)
    yield made
    made.close()


def read(adapter: SqlAdapter, query: Query, seconds: float = 20.0) -> int:
    session = Session(deadline=time.monotonic() + seconds)
    return sum(len(page.rows) for page in adapter.read(query, session))


def fails(adapter: SqlAdapter, query: Query, kind: type[SourceError], seconds: float, *, within: float) -> None:
    started = time.monotonic()
    with pytest.raises(kind):
        read(adapter, query, seconds)
    assert time.monotonic() - started < within


@BOTH
def test_nobody_listens_any_more(adapter: SqlAdapter, proxy: FaultProxy, query: Query) -> None:  # F001
    assert read(adapter, query) > 0
    proxy.set(refuse=True)
    fails(adapter, query, Unavailable, 20, within=2)
    proxy.set()
    assert read(adapter, query) > 0


@BOTH
def test_packets_vanish(adapter: SqlAdapter, proxy: FaultProxy, query: Query) -> None:  # F002
    assert read(adapter, query) > 0
    proxy.set(accept=True)
    proxy.drop()
    fails(adapter, query, Unavailable, 20, within=3 + 2)


@BOTH
def test_the_first_byte_is_late(adapter: SqlAdapter, proxy: FaultProxy, query: Query) -> None:  # F004
    for _ in range(3):
        assert read(adapter, query) > 0
    proxy.set(delay=30)
    fails(adapter, query, TimedOut, 1.5, within=1.5 + SLACK + 1)
    proxy.set()
    assert read(adapter, query) > 0


@BOTH
def test_it_trickles(adapter: SqlAdapter, proxy: FaultProxy, query: Query) -> None:  # F005
    assert read(adapter, query) > 0
    proxy.set(trickle=1.0)
    fails(adapter, query, TimedOut, 1.5, within=1.5 + SLACK + 1)


@BOTH
@pytest.mark.parametrize("bytes_", [1, 400, 9_000])
def test_it_dies_within_the_rows(adapter: SqlAdapter, proxy: FaultProxy, query: Query, bytes_: int) -> None:  # F006
    everything = read(adapter, query)
    proxy.set(cut=bytes_)
    proxy.drop()
    fails(adapter, query, Unavailable, 20, within=5)
    proxy.set()
    assert read(adapter, query) == everything


@BOTH
def test_it_stops_within_the_rows(adapter: SqlAdapter, proxy: FaultProxy, query: Query) -> None:
    assert read(adapter, query) > 0
    proxy.drop()
    proxy.set(hold=9_000)
    fails(adapter, query, TimedOut, 1.5, within=1.5 + SLACK + 1)


@BOTH
def test_all_connections_end_at_a_failover(adapter: SqlAdapter, proxy: FaultProxy, query: Query) -> None:  # F024
    everything = read(adapter, query)
    for _ in range(5):
        proxy.drop()
        assert read(adapter, query) == everything


def test_the_query_of_a_request_that_timed_out_is_cancelled(adapter: SqlAdapter, server: URL) -> None:
    slow = Query("InvoiceLines", ("InvoiceLineKey",), top=1, skip=10**9)
    lock = create_engine(server)
    with lock.connect() as blocking:
        table = adapter.mappings["InvoiceLines"].table
        blocking.execute(text(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE'))
        with pytest.raises(SourceError):
            read(adapter, slow, 0.5)
        time.sleep(SLACK + 0.5)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'erp-odata' AND state = 'active'"
        assert blocking.scalar(text(waiting)) == 0
    lock.dispose()
