"""Several databases behind one service: which answers what, what one costs the other when it is away, slow or busy."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from edm.capabilities import Match
from edm.expressions import Expr, call
from edm.model import ServiceMetadata
from edm.query import Query
from erp_adapters import sql
from erp_adapters.base import DEFAULT_SOURCE, Adapter, Busy, Session, TimedOut, Unavailable
from erp_adapters.sql_drivers import driver_url
from erp_adapters.wrappers import Routed, problems
from odata_server.auth import ANONYMOUS
from odata_server.cli import main
from odata_server.compose import connect
from odata_server.messages import ODataRequest
from odata_server.service import Service, ServiceOptions
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.parser import parse_expression
from tests.adapters import schema
from tests.properties.expressions import encoded
from tests.server.support import open_application, settings
from tests.serving import NOW, demo_metadata
from tests.splitting import mixed, routed, split

NOWHERE = "postgresql://reader:canary-password@127.0.0.1:1/erp"
APART = split(demo_metadata())


def service(adapter: Adapter, metadata: ServiceMetadata = APART, **options: Any) -> Service:
    return Service(metadata, adapter, (b"s" * 32,), ServiceOptions(**options))


@contextmanager
def serving(here: str, there: str, **options: Any) -> Iterator[Service]:
    with closing(routed(APART, mixed(here, there))) as adapter:
        yield service(adapter, **options)


def ask(target: Service, path: str, query: str = "") -> tuple[int, Any, int]:
    """Status, body and number of calls to databases."""
    answer = target.handle(ODataRequest("GET", path, encoded(query)), ANONYMOUS)
    calls = (answer.header("Server-Timing") or "").split("desc=")[1].split(",")[0]
    return answer.status, json.loads(answer.body), int(calls)


# --- who answers what -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both(demo_sqlite_url: str, demo_postgres_url: str) -> Iterator[Service]:
    with serving(demo_sqlite_url, demo_postgres_url) as target:
        yield target


@pytest.fixture(scope="module")
def one(demo_sqlite_url: str) -> Iterator[Service]:
    with closing(sql.connect(demo_sqlite_url, demo_metadata())) as adapter:
        yield service(adapter, demo_metadata())


@pytest.mark.parametrize(
    ("path", "query", "calls"),
    [
        ("Customers", "$top=5", 1),
        ("Customers", "$filter=Country eq 'DE'\n$count=true\n$top=5", 1),
        # Conditions that lead there: the keys, the rows with the count.
        ("Customers", "$filter=Invoices/any(i:i/Status eq 'PartiallyPaid')\n$count=true\n$top=5", 2),
        ("Customers", "$filter=Invoices/all(i:i/OpenAmount lt 90000)\n$top=5", 2),
        ("Customers", "$filter=not Invoices/any()\n$top=5", 2),
        ("Customers", "$filter=Invoices/$count gt 25\n$top=5", 2),
        ("Customers", "$filter=Invoices/$count($filter=Status eq 'Open') eq 0\n$top=5", 2),
        ("Invoices", "$filter=Customer/Country eq 'DE'\n$orderby=DueDate desc\n$top=5\n$count=true", 2),
        ("Invoices", "$filter=Customer/Country ne 'DE' and Status eq 'Open'\n$top=5", 2),
        ("Invoices", "$filter=Customer/City eq null or Customer/Country eq 'FR'\n$top=5", 2),
        # Expansion: a call for each relation, whatever the number of rows.
        ("Customers", "$expand=Invoices($top=3;$orderby=DueDate)\n$top=20", 2),
        ("Invoices", "$expand=Customer,Lines\n$top=20", 3),
        ("Invoices", "$filter=Customer/Country eq 'DE'\n$expand=Customer($expand=SalesOrders($top=1))\n$top=9", 4),
        # Aggregation: of the invoices of some customers, all of it there.
        ("Invoices", "$apply=filter(Customer/Country eq 'DE')/groupby((Status),aggregate($count as N))", 2),
    ],
)
def test_calls(both: Service, one: Service, path: str, query: str, calls: int) -> None:
    status, body, found = ask(both, path, query)
    assert (status, body) == ask(one, path, query)[:2]
    assert status == 200
    assert body["value"] or "value" not in body
    assert found == calls


@pytest.mark.parametrize(
    ("path", "query", "most"),
    [
        ("Customers", "$filter=Invoices/any(i:i/GrossAmount gt CreditLimit)\n$select=CustomerNumber", 5),
        ("Invoices", "$orderby=Customer/CustomerName desc\n$top=5\n$filter=Status eq 'PartiallyPaid'", 5),
        ("Customers", "$orderby=Invoices/$count desc\n$top=5\n$filter=Country eq 'DE'", 5),
        ("Invoices", "$apply=groupby((Customer/Country),aggregate(OpenAmount with sum as Open))", 8),
        ("Invoices", "$compute=Customer/CreditLimit sub OpenAmount as Rest\n$select=InvoiceNumber,Rest\n$top=50", 3),
    ],
)
def test_what_is_finished_here_is_read_in_batches(
    both: Service, one: Service, path: str, query: str, most: int
) -> None:
    status, body, found = ask(both, path, query)
    assert (status, body) == ask(one, path, query)[:2]
    assert status == 200, body
    assert 2 <= found <= most


def test_a_source_declines_what_is_elsewhere(demo_sqlite_url: str) -> None:
    """Navigation, whole or within something else, in conditions, values, orders and pipelines."""
    with closing(sql.connect(demo_sqlite_url, APART)) as adapter:
        found = adapter.capabilities(APART["Customers"])
        for condition in ("Invoices/any()", "Invoices/$count eq 0", "SalesOrders/any(o:o/Invoices/any())"):
            bound = bind(condition)
            assert found.match(bound) is Match.NO
            assert found.match(call("or", bound, call("not", bound))) is Match.NO
            assert not found.sort(bound)
            assert not found.compute(bound)
            assert not found.derive(Query("Customers", (), source=Query("Customers", (), filter=bound)))
        assert found.match(bind("SalesOrders/any(o:o/Customer/City eq 'Ulm')")) is Match.EXACT


def bind(text: str) -> Expr:
    return ExpressionBinder(APART, APART["Customers"], NOW).bind(parse_expression(text))


def test_explain_shows_what_goes_where(both: Service) -> None:
    query = encoded("$filter=Invoices/any(i:i/Status eq 'Open')\n$top=5\n$select=CustomerNumber")
    found = both.explain(ODataRequest("GET", "Customers", query), ANONYMOUS)
    assert found.residual is None
    assert found.notes == ("first up to 5000 keys of Invoices: Invoices/any(i:i/Status eq 'Open')",)
    first, second = (found.native or "").split("\n\n")
    assert "OINVHD" in first
    assert "GROUP BY" in first
    assert "OCUSMA" in second
    assert "keys of Invoices" in second


# --- away, slow, busy -------------------------------------------------------------------------------------------------


def test_one_source_is_away(demo_sqlite_url: str) -> None:
    """From the start: the other one answers, and the log says which one does not."""
    with serving(demo_sqlite_url, NOWHERE) as target:
        assert ask(target, "Customers", "$top=2")[0] == 200
        assert ask(target, "SalesOrders", "$expand=Customer\n$top=2")[0] == 200
        for path, query in (
            ("Invoices", ""),
            ("Customers", "$expand=Invoices\n$top=1"),
            ("Customers", "$filter=Invoices/any()"),
        ):
            status, body, _ = ask(target, path, query)
            assert (status, body["error"]["code"]) == (503, "erp_unavailable")
            assert "canary" not in json.dumps(body)
        with pytest.raises(Unavailable) as caught:
            target.adapter.capabilities(APART["Invoices"])
        assert caught.value.detail.startswith("finance: ")


def test_a_source_that_comes_back_is_asked_again(demo_sqlite_url: str, postgres_url: str) -> None:
    with closing(routed(schema_apart(), mixed(demo_sqlite_url, postgres_url))) as adapter:
        target = service(adapter, schema_apart())
        assert ask(target, "Things")[0] == 502
        schema.create(postgres_url)
        assert ask(target, "Things")[0] == 200


def schema_apart() -> ServiceMetadata:
    return split(schema.METADATA)


@pytest.fixture
def slow_url(postgres_url: str) -> str:
    """Things in a view that takes its time."""
    schema.create(postgres_url)
    schema.execute(
        postgres_url,
        'ALTER TABLE "THG" RENAME TO "THG_"',
        'CREATE VIEW "THG" AS SELECT t.* FROM "THG_" t, (SELECT pg_sleep(30)) s',
    )
    return postgres_url


def test_one_source_is_slow(slow_url: str, tmp_path: Path) -> None:
    """Its own requests end at the deadline; the others take no longer than before."""
    here = f"sqlite:///{tmp_path / 'here.sqlite'}"
    schema.create(here)
    with closing(routed(schema_apart(), mixed(here, slow_url))) as adapter:
        target = service(adapter, schema_apart(), deadline=1.0)
        started = time.monotonic()
        assert ask(target, "Things")[1]["error"]["code"] == "erp_timeout"
        assert time.monotonic() - started < 5
        started = time.monotonic()
        assert ask(target, "Parents")[0] == 200
        assert time.monotonic() - started < 1


def test_one_pool_is_exhausted(small_sqlite_url: str, small_postgresql_url: str) -> None:
    """Each source has connections of its own."""
    metadata = schema_apart()
    there = sql.connect(small_postgresql_url, metadata, source="finance", pool_size=1, pool_wait=0.2)
    with (
        closing(sql.connect(small_sqlite_url, metadata)) as here,
        closing(there),
        there.engine().connect(),
    ):
        adapter = Routed(metadata, {DEFAULT_SOURCE: here, "finance": there})
        target = service(adapter, metadata)
        assert ask(target, "Parents")[0] == 200
        assert ask(target, "Things")[1]["error"]["code"] == "erp_busy"
        found = problems(adapter, Session())
        assert found[DEFAULT_SOURCE] is None
        assert isinstance(found["finance"], Busy)


def test_health_is_told_by_source(demo_sqlite_url: str) -> None:
    for here, there, status, body in (
        (demo_sqlite_url, demo_sqlite_url, 200, {"default": "ready", "finance": "ready"}),
        (demo_sqlite_url, NOWHERE, 200, {"default": "ready", "finance": "erp_unavailable"}),
        (NOWHERE, NOWHERE, 503, {"default": "erp_unavailable", "finance": "erp_unavailable"}),
    ):
        with closing(routed(APART, mixed(here, there))) as adapter:
            answer = open_application(adapter).test_client().get("/readyz")
            assert answer.status_code == status
            assert answer.get_json()["sources"] == body
            assert "127.0.0.1" not in answer.text


def test_a_slow_source_takes_no_time_from_the_health_of_others(small_postgresql_url: str) -> None:
    class Slow:
        def ping(self, session: Session) -> None:
            time.sleep(0.3)
            raise TimedOut("slow")

    slow: Any = Slow()
    with closing(sql.connect(small_postgresql_url, schema.METADATA)) as quick:
        adapter = Routed(schema.METADATA, {"a": slow, "b": slow, "c": slow, "default": quick})
        started = time.monotonic()
        found = problems(adapter, Session())
        assert time.monotonic() - started < 0.8
        assert [error is None for error in found.values()] == [False, False, False, True]
        adapter.ping(Session())
    with pytest.raises(TimedOut):
        Routed(schema.METADATA, {"a": slow, "b": slow}).ping(Session())


# --- what connections begin with --------------------------------------------------------------------------------------


def test_statements_of_the_session_choose_the_schema(postgres_url: str) -> None:
    """Each company has a schema of its own; the catalog names none."""
    schema.create(postgres_url)
    engine = create_engine(driver_url(postgres_url))
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA company_b"))
        connection.execute(text('CREATE TABLE company_b."PAR" AS SELECT * FROM "PAR" LIMIT 1'))
    engine.dispose()
    statements = ["SET search_path TO company_b, public"]
    with (
        closing(sql.connect(postgres_url, schema.METADATA, pool_size=2)) as all_rows,
        closing(sql.connect(postgres_url, schema.METADATA, pool_size=2, session=statements)) as of_b,
    ):
        assert len(schema.read(all_rows, Query("Parents", ("ParentNumber",)))) > 1
        for _ in range(4):
            assert len(schema.read(of_b, Query("Parents", ("ParentNumber",), top=9))) == 1
            assert len(schema.read(of_b, Query("Parents", ("ParentNumber",)))) == 1


@pytest.mark.parametrize("name", ["small_postgresql_url", "small_sqlite_url"])
def test_a_session_that_cannot_begin_is_not_used(name: str, request: pytest.FixtureRequest) -> None:
    """It might see the rows of another company."""
    url = request.getfixturevalue(name)
    with closing(sql.connect(url, schema.METADATA, session=["SET nonsense of 'canary'"])) as adapter:
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                adapter.ping(Session())
            assert "a statement of the source's session failed" in caught.value.detail
            assert "session" not in caught.value.message


def test_a_session_cannot_write(small_postgresql_url: str) -> None:
    with (
        closing(sql.connect(small_postgresql_url, schema.METADATA, session=['DELETE FROM "PAR"'])) as adapter,
        pytest.raises(Unavailable) as caught,
    ):
        adapter.ping(Session())
    assert "read-only" in caught.value.detail


# --- configuration ----------------------------------------------------------------------------------------------------


def test_the_adapter_of_the_settings(demo_sqlite_url: str, small_sqlite_url: str) -> None:
    source = {"url": small_sqlite_url, "pool_size": 3, "session": ["PRAGMA cache_size = 10"]}
    found = connect(settings(database_url=demo_sqlite_url, sources={"finance": source}), APART)
    assert isinstance(found, Routed)
    there = found.sources["finance"]
    assert isinstance(there, sql.SqlAdapter)
    assert (there.options.pool_size, there.options.session) == (3, ("PRAGMA cache_size = 10",))
    assert there.options.statement_timeout == settings().statement_timeout
    assert isinstance(connect(settings(database_url=demo_sqlite_url), demo_metadata()), sql.SqlAdapter)


def test_sources_that_nobody_configured_are_faults(demo_sqlite_url: str) -> None:
    def faults(**changes: Any) -> dict[str, str]:
        adapter = connect(settings(**changes), APART)
        assert isinstance(adapter, Routed)
        return {name: f"{key} {message}" for name, key, message in adapter.faults(APART)}

    found = faults(database_url=demo_sqlite_url)
    assert set(found) == {"Invoices", "Payments", "Warehouses", "SalesOrderLines", "ShipmentLines", "Prices"}
    assert found["Invoices"] == "sql.source 'finance' is not configured; configured are default"
    found = faults(database_url=None, sources={"finance": {"url": demo_sqlite_url}})
    assert found["Customers"] == "sql.source is missing: there is no database_url, and the sources are finance"
    assert "Invoices" not in found
    assert not faults(database_url=demo_sqlite_url, sources={"finance": {"url": demo_sqlite_url}})


def test_reading_from_a_source_that_nobody_configured(demo_sqlite_url: str) -> None:
    with closing(Routed(APART, {DEFAULT_SOURCE: sql.connect(demo_sqlite_url, APART)})) as adapter:
        assert ask(service(adapter), "Invoices")[1]["error"]["code"] == "erp_contract"
        assert ask(service(adapter), "Customers", "$top=1")[0] == 200


def test_what_each_source_lacks(demo_sqlite_url: str, small_sqlite_url: str) -> None:
    with closing(routed(APART, mixed(demo_sqlite_url, small_sqlite_url))) as adapter:
        lacking = {name for name, _, _ in adapter.lacks(APART)}
    assert lacking == {"Invoices", "Payments", "Warehouses", "SalesOrderLines", "ShipmentLines", "Prices"}


def test_validate_names_the_source(demo_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one source lacks, and that another one is away, at once."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "ERP_ODATA_CATALOG": str(catalog_apart(tmp_path)),
        "ERP_ODATA_DATABASE_URL": f"sqlite:///{tmp_path / 'nowhere.sqlite'}",
        "ERP_ODATA_SOURCES__FINANCE__URL": demo_sqlite_url,
        "ERP_ODATA_SOURCES__CRM__URL": NOWHERE,
    }.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(main, ["validate", "--json"])
    found = {fault["file"]: fault for fault in json.loads(result.stdout)}
    assert found["database"]["key"] == found["sources.crm"]["key"] == "erp_unavailable"
    assert found["Payments.toml"]["message"] == "the database has no table OPAYMT_GONE"
    assert "Invoices.toml" not in found
    assert "canary" not in result.output


def catalog_apart(directory: Path) -> Path:
    """The demo's catalog with invoices and payments in another source, and a table that is not there."""
    target = directory / "catalog"
    shutil.copytree(str(files("erp_adapters") / "catalog"), target)
    for name in ("Invoices", "Payments"):
        path = target / f"{name}.toml"
        text_ = path.read_text().replace("[sql]\n", '[sql]\nsource = "finance"\n')
        path.write_text(text_.replace('table = "OPAYMT"', 'table = "OPAYMT_GONE"') if name == "Payments" else text_)
    return target
