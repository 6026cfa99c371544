"""What goes wrong with a database, made to go wrong: each failure has its name, none is taken for an answer, and
after it the adapter works again.
"""

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from edm.declare import load_directory
from edm.errors import ODataError
from edm.expressions import Call, Const, Expr, Prop
from edm.model import EntitySet, ServiceMetadata
from edm.primitives import BOOLEAN, STRING, CollectionType
from edm.query import Query
from erp_adapters import sql
from erp_adapters.base import Busy, ContractBroken, Locked, Session, TimedOut, Unavailable
from erp_adapters.sql import SqlAdapter
from erp_adapters.sql_drivers import driver_url
from tests.adapters import schema

THINGS = Query("Things", ("ThingKey", "Text"))
PARENTS = Query("Parents", ("ParentNumber",), top=50)


def within(seconds: float) -> Session:
    return Session(deadline=time.monotonic() + seconds)


def text_is(op: str, value: Any) -> Expr:
    kind: Any = CollectionType(STRING) if op == "in" else STRING
    return Call(op, (Prop(("Text",), STRING), Const(value, kind)), BOOLEAN)


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection beside the adapter's, as the ERP has."""
    engine = create_engine(driver_url(url))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def own_url(postgres_url: str) -> str:
    """Tables on PostgreSQL that a test may change."""
    schema.create(postgres_url)
    return postgres_url


@pytest.fixture
def own_sqlite_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'own.sqlite'}"
    schema.create(url)
    return url


@pytest.fixture
def own(own_url: str) -> Iterator[SqlAdapter]:
    with closing(schema.adapter(own_url)) as adapter:
        yield adapter


# --- not there ------------------------------------------------------------------------------------------------------


def test_nobody_listens() -> None:
    started = time.monotonic()
    with closing(schema.adapter("postgresql://u:p@127.0.0.1:1/erp")) as adapter, pytest.raises(Unavailable) as caught:
        schema.read(adapter, THINGS)
    assert time.monotonic() - started < 20
    assert caught.value.code == "erp_unavailable"
    assert "127.0.0.1" not in caught.value.message
    assert "127.0.0.1" in caught.value.detail


def test_no_such_database(own_url: str) -> None:
    url = make_url(own_url).set(database="nowhere").render_as_string(hide_password=False)
    with closing(schema.adapter(url)) as adapter, pytest.raises(Unavailable):
        adapter.ping(Session())


def test_no_such_file(tmp_path: Path) -> None:
    path = tmp_path / "missing.sqlite"
    with closing(schema.adapter(f"sqlite:///{path}")) as adapter, pytest.raises(Unavailable):
        schema.read(adapter, THINGS)
    assert not path.exists()


def test_no_sqlite_in_memory() -> None:
    with closing(schema.adapter("sqlite://")) as adapter, pytest.raises(Unavailable):
        schema.read(adapter, THINGS)


def test_unknown_database() -> None:
    with pytest.raises(ValueError, match="firebird"):
        driver_url("firebird://u@h/d")


# --- tables that do not fit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["own_url", "own_sqlite_url"])
def test_a_column_is_gone_and_comes_back(request: pytest.FixtureRequest, database: str) -> None:
    url = request.getfixturevalue(database)
    with closing(schema.adapter(url)) as adapter:
        before = schema.read(adapter, THINGS)
        schema.execute(url, 'ALTER TABLE "THG" RENAME COLUMN "TXC" TO "GONE"')
        with pytest.raises(ContractBroken) as caught:
            schema.read(adapter, THINGS)
        assert caught.value.code == "erp_contract"
        assert "TXC" in caught.value.detail
        assert "TXC" not in caught.value.message
        assert schema.read(adapter, PARENTS)
        schema.execute(url, 'ALTER TABLE "THG" RENAME COLUMN "GONE" TO "TXC"')
        assert schema.read(adapter, THINGS) == before


@pytest.mark.parametrize("database", ["own_url", "own_sqlite_url"])
def test_what_the_database_lacks_is_listed(request: pytest.FixtureRequest, database: str) -> None:
    url = request.getfixturevalue(database)
    with closing(schema.adapter(url)) as adapter:
        assert list(adapter.lacks(schema.METADATA)) == []
    schema.execute(url, 'ALTER TABLE "THG" RENAME COLUMN "TXC" TO "GONE"', 'ALTER TABLE "PAR" RENAME TO "PARS"')
    with closing(schema.adapter(url)) as adapter:
        found = set(adapter.lacks(schema.METADATA))
    assert ("Things", "sql.columns.Text", "the table THG has no column TXC") in found
    assert ("Parents", "sql.table", "the database has no table PAR") in found


def test_faults_of_form_need_no_database() -> None:
    broken: EntitySet = schema.entity_set(
        "Parents", "Parent", "ParentNumber",
        [
            schema.prop("ParentNumber", "String", key=True),
            schema.prop("Day", "Date"),
            schema.prop("At", "DateTimeOffset"),
        ],
        {
            "table": "PAR", "tabel": "x",
            "columns": {
                "ParentNumber": "q.PNO", "Day": {"column": "D", "date": "yymm"},
                "At": {"column": "A", "timezone": "Mars/Base"},
            },
        },
    )  # fmt: skip
    metadata = ServiceMetadata("ErpOData", "1.0.0", (broken,))
    with closing(schema.adapter("postgresql://u:p@127.0.0.1:1/erp", metadata)) as adapter:
        keys = {key for _, key, _ in adapter.faults(metadata)}
    assert keys == {"sql.tabel", "sql.columns.ParentNumber", "sql.columns.Day", "sql.columns.At"}


BROKEN_ON_BOTH = {
    "DueDate": 'UPDATE "THG" SET "DUE" = 20260230',
    "ShipDate": 'UPDATE "THG" SET "SHP" = -1',
    "ThingKey": 'UPDATE "THG" SET "LIN" = "LIN" + 1000',
    "Price": 'UPDATE "THG" SET "PRC" = 1000000000000000000',
}
BROKEN_ON_SQLITE = {
    "Amount": 'UPDATE "THG" SET "AMT" = 0.001',
    "Small": 'UPDATE "THG" SET "I2" = 40000',
    "Medium": """UPDATE "THG" SET "I4" = 'abc'""",
    "Big": """UPDATE "THG" SET "I8" = 'abc'""",
    "Text": """UPDATE "THG" SET "TXC" = x'616263'""",
    "Remarks": """UPDATE "THG" SET "TXL" = x'616263'""",
    "Padded": """UPDATE "THG" SET "TXP" = x'616263'""",
    "Native": 'UPDATE "THG" SET "BOO" = 2',
    "Ratio": """UPDATE "THG" SET "DBL" = 'abc'""",
    "Day": """UPDATE "THG" SET "DAY" = '2026-W01-1'""",
    "CreatedAt": """UPDATE "THG" SET "CRT" = '2026-01-01T00:00:00'""",
    "LocalAt": """UPDATE "THG" SET "LOC" = '2026-01-01 00:00:00.000+01'""",
    "Reference": """UPDATE "THG" SET "GID" = '{00000000000000000000000000000001}'""",
    "Level": 'UPDATE "THG" SET "LVL" = 1.5',
    "Net": """UPDATE "THG" SET "QA" = 1.5""",
}
BROKEN_ON_POSTGRESQL = {
    "Day": """UPDATE "THG" SET "DAY" = 'infinity'""",
    "CreatedAt": """UPDATE "THG" SET "CRT" = '0044-03-15 00:00:00 BC'""",
    "ZonedAt": """UPDATE "THG" SET "ZON" = '20000-01-01 00:00:00+00'""",
    "Amount": """UPDATE "THG" SET "AMT" = 'NaN'""",
    "Small": 'ALTER TABLE "THG" ALTER "I2" TYPE INTEGER; UPDATE "THG" SET "I2" = 40000',
    "Text": """ALTER TABLE "THG" ALTER "TXC" TYPE DATE USING '2026-01-01'""",
}


def _broken(url: str, name: str, statements: str) -> None:
    schema.execute(url, *statements.split("; "))
    with closing(schema.adapter(url)) as adapter:
        with pytest.raises(ContractBroken) as caught:
            schema.read(adapter, Query("Things", (name,)))
        assert caught.value.detail
        assert schema.read(adapter, PARENTS)


@pytest.mark.parametrize("name", [*BROKEN_ON_BOTH, *BROKEN_ON_SQLITE])
def test_values_that_do_not_fit_on_sqlite(own_sqlite_url: str, name: str) -> None:
    _broken(own_sqlite_url, name, {**BROKEN_ON_BOTH, **BROKEN_ON_SQLITE}[name])


@pytest.mark.parametrize("name", [*BROKEN_ON_BOTH, *BROKEN_ON_POSTGRESQL])
def test_values_that_do_not_fit_on_postgresql(own_url: str, name: str) -> None:
    _broken(own_url, name, {**BROKEN_ON_BOTH, **BROKEN_ON_POSTGRESQL}[name])


def test_more_digits_than_sqlite_keeps(tmp_path: Path) -> None:
    """A NUMERIC(18,2) of 17 digits is a float there, and no longer the number that was stored."""
    wide = schema.entity_set(
        "Parents", "Parent", "ParentNumber",
        [schema.prop("ParentNumber", "String", key=True), schema.prop("Sum", "Decimal", precision=18, scale=2)],
        {"table": "W", "columns": {"ParentNumber": "K", "Sum": "S"}},
    )  # fmt: skip
    url = f"sqlite:///{tmp_path / 'wide.sqlite'}"
    schema.execute(
        url, "CREATE TABLE W (K TEXT PRIMARY KEY, S NUMERIC(18,2))", "INSERT INTO W VALUES ('a', '123456789012345.67')"
    )
    with closing(schema.adapter(url, ServiceMetadata("ErpOData", "1.0.0", (wide,)))) as adapter:
        with pytest.raises(ContractBroken):
            schema.read(adapter, Query("Parents", ("Sum",)))
        schema.execute(url, "UPDATE W SET S = '1234567890123456'")
        assert schema.read(adapter, Query("Parents", ("Sum",))) == [(1234567890123456,)]


# --- time and load ----------------------------------------------------------------------------------------------------


def _running(url: str) -> int:
    with connected(url) as connection:
        statement = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'erp-odata' AND state = 'active'"
        return int(connection.scalar(text(statement)) or 0)


def test_a_lock_of_the_erp_outlasts_the_deadline(own_url: str, own: SqlAdapter) -> None:
    schema.read(own, PARENTS)
    with connected(own_url) as erp:
        erp.execute(text('LOCK TABLE "THG" IN ACCESS EXCLUSIVE MODE'))
        started = time.monotonic()
        with pytest.raises(TimedOut):
            schema.read(own, THINGS, within(0.3))
        assert time.monotonic() - started < 10
        assert schema.read(own, PARENTS, within(10))
        assert _running(own_url) == 0
        erp.rollback()
    assert schema.read(own, THINGS, within(10))


def test_a_lock_without_a_deadline_ends_too(own_url: str, own: SqlAdapter) -> None:
    with connected(own_url) as erp:
        erp.execute(text('LOCK TABLE "THG" IN ACCESS EXCLUSIVE MODE'))
        with pytest.raises(Locked, match="locked"):
            schema.read(own, THINGS)
        erp.rollback()


def test_no_time_left(small: SqlAdapter) -> None:
    with pytest.raises(TimedOut):
        schema.read(small, THINGS, within(-1))


def test_sqlite_is_interrupted(small_sqlite_url: str) -> None:
    with closing(schema.adapter(small_sqlite_url)) as adapter:
        schema.read(adapter, PARENTS)
        session = within(0.2)
        with pytest.raises(TimedOut), adapter._connection("Things", session, None, session.timings) as connection:
            connection.execute(
                text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
            )
        assert time.monotonic() - (session.deadline or 0) < 10
        assert schema.read(adapter, THINGS, within(10))


def test_all_connections_taken(small_url: str) -> None:
    with closing(schema.adapter(small_url, pool_size=1, pool_wait=0.2)) as adapter:
        pages = adapter.read(THINGS, Session())
        next(pages)
        started = time.monotonic()
        with pytest.raises(Busy):
            schema.read(adapter, PARENTS)
        assert time.monotonic() - started < 10
        pages.close()  # type: ignore[attr-defined]
        assert schema.read(adapter, PARENTS)


def test_a_reader_who_stops_gives_the_connection_back(small: SqlAdapter) -> None:
    pages = small.read(THINGS, Session())
    next(pages)
    pages.close()  # type: ignore[attr-defined]
    pool: Any = small.engine().pool
    assert pool.checkedout() == 0


def test_killed_connections_are_replaced(own_url: str, own: SqlAdapter) -> None:
    before = schema.read(own, THINGS)
    schema.execute(
        own_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'erp-odata' AND datname = current_database()",  # other tests have theirs
    )
    assert schema.read(own, THINGS) == before


def test_count_and_rows_are_of_one_moment(own_url: str, own: SqlAdapter) -> None:
    pages = own.read(Query("Parents", ("ParentNumber",), count=True), Session())
    statement = own._execute

    def write_between(*given: Any) -> Any:
        result = statement(*given[1:])
        schema.execute(own_url, f"INSERT INTO \"PAR\" VALUES ('N{time.monotonic_ns() % 10**6}', NULL, NULL, NULL)")
        return result

    SqlAdapter._execute, original = write_between, SqlAdapter._execute  # type: ignore[assignment, method-assign]
    try:
        page = next(pages)
    finally:
        SqlAdapter._execute = original  # type: ignore[method-assign]
        pages.close()  # type: ignore[attr-defined]
    assert page.count == len(page.rows) == len(schema.PARENT_ROWS)
    assert len(schema.read(own, PARENTS)) > len(schema.PARENT_ROWS)


def test_nothing_can_be_written(small: SqlAdapter) -> None:
    session = Session()
    for query in (None, THINGS, PARENTS, Query("Parents", ("ParentNumber",), count=True)):
        refused = pytest.raises((ODataError, DBAPIError))
        with refused, small._connection("Parents", session, query, session.timings) as connection:
            connection.execute(text("INSERT INTO \"PAR\" VALUES ('W', NULL, NULL, NULL)"))
    with small.engine().connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("INSERT INTO \"PAR\" VALUES ('W', NULL, NULL, NULL)"))
    assert len(schema.read(small, PARENTS)) == len(schema.PARENT_ROWS)


def test_a_fork_makes_connections_of_its_own(small: SqlAdapter) -> None:
    before = schema.read(small, PARENTS)
    parent = small.engine()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            same = small.engine() is not parent and schema.read(small, PARENTS) == before
            os.write(writing, b"1" if same else b"0")
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        assert answer.read() == b"1"
    os.waitpid(child, 0)
    assert small.engine() is parent
    assert schema.read(small, PARENTS) == before


# --- values of queries -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["a\0b", "\0", "\ud800", "a\udfff"])
@pytest.mark.parametrize("op", ["eq", "ne", "gt", "ge", "lt", "le", "contains", "startswith", "endswith", "in"])
@pytest.mark.parametrize("name", ["Text", "Trimmed", "ThingKey", "Status", "Level", "Padded", "Worded"])
def test_texts_that_no_database_holds(small: SqlAdapter, name: str, op: str, value: str) -> None:
    """Either the adapter declines, for the engine to answer, or it answers without an error."""
    kind: Any = CollectionType(STRING) if op == "in" else STRING
    given = Const((value,) if op == "in" else value, kind)
    for expr in (
        Call(op, (Prop((name,), STRING), given), BOOLEAN),
        Call("not", (Call(op, (Prop((name,), STRING), given), BOOLEAN),), BOOLEAN),
    ):
        if small.capabilities(schema.THINGS).match(expr):
            found = schema.read(small, Query("Things", ("ThingKey",), filter=expr))
            if op in ("eq", "in", "contains", "startswith", "endswith"):
                assert not found or expr.function == "not"


@pytest.mark.parametrize("count", [2_000, 40_000])
def test_long_lists(small: SqlAdapter, count: int) -> None:
    values = (*(f"no {n}" for n in range(count)), "a")
    found = schema.read(small, Query("Things", ("Text",), filter=text_is("in", values)))
    assert set(found) == {("a",)}
    keys = (*(f"X{n:05}~{n % 1000:03}" for n in range(count)), "D00001~007")
    listed = Call("in", (Prop(("ThingKey",), STRING, nullable=False), Const(keys, CollectionType(STRING))), BOOLEAN)
    assert schema.read(small, Query("Things", ("ThingKey",), filter=listed)) == [("D00001~007",)]


def test_the_demo_catalog_fits_its_tables(demo_url: str) -> None:
    metadata = load_directory(files("erp_adapters") / "catalog")
    with closing(sql.connect(demo_url, metadata)) as adapter:
        assert list(adapter.faults(metadata)) == []
        assert list(adapter.lacks(metadata)) == []


def test_only_the_set_of_a_missing_table_fails(demo_postgres_copy: str) -> None:
    metadata = load_directory(files("erp_adapters") / "catalog")
    table = str(metadata["Assets"].sources["sql"]["table"])
    schema.execute(demo_postgres_copy, f'ALTER TABLE "{table}" RENAME TO elsewhere')
    with closing(sql.connect(demo_postgres_copy, metadata)) as adapter:
        for entity_set in metadata.sets:
            query = Query(entity_set.name, (entity_set.type.key,), top=1)
            if entity_set.name == "Assets":
                with pytest.raises(ContractBroken):
                    schema.read(adapter, query)
            else:
                assert len(schema.read(adapter, query)) == 1
