"""What is MariaDB's own: collations that take more for equal, indexes all the same, locks, limits, lost connections, odd
types of columns.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
from sqlalchemy import make_url, text

from edm.capabilities import Match
from edm.declare import load_directory
from edm.expressions import Call, Const, Expr, Prop
from edm.model import EntitySet, ServiceMetadata
from edm.primitives import BOOLEAN, STRING
from edm.query import OrderItem, Query
from erp_adapters import sql
from erp_adapters.base import Busy, ContractBroken, Locked, Session, TimedOut, Unavailable
from erp_adapters.sql import SqlAdapter
from erp_adapters.sql_doctor_asking import explained
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.parser import parse_expression
from tests.adapters import schema
from tests.adapters.schema import entity_set, prop
from tests.adapters.test_sql_faults import PARENTS, THINGS, connected, within
from tests.servers import MariaServer

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DEMO = load_directory(files("erp_adapters") / "catalog")


@pytest.fixture
def own_url(mariadb_url: str) -> str:
    """Tables that a test may change."""
    schema.create(mariadb_url)
    return mariadb_url


@pytest.fixture
def own(own_url: str) -> Iterator[SqlAdapter]:
    with closing(schema.adapter(own_url)) as adapter:
        yield adapter


def bound(metadata: ServiceMetadata, name: str, condition: str) -> Expr:
    return ExpressionBinder(metadata, metadata[name], NOW).bind(parse_expression(condition))


# --- indexes ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(demo_mariadb_url: str) -> Iterator[SqlAdapter]:
    with closing(sql.connect(demo_mariadb_url, DEMO)) as adapter:
        yield adapter


def plan(adapter: SqlAdapter, query: Query) -> list[dict[str, Any]]:
    asked = adapter.statements().statement(query)
    with adapter.engine().connect() as connection:
        return [dict(row) for row in explained(connection, asked).mappings()]


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("Invoices", "InvoiceNumber eq '9000012345'"),
        ("InvoiceLines", "InvoiceLineKey eq '9000012345~0001'"),
        ("InvoiceLines", "InvoiceLineKey in ('9000012345~0001','9000012346~0002')"),
        ("InvoiceLines", "InvoiceNumber eq '9000012345'"),
        ("Invoices", "CustomerNumber eq 'C-100042'"),
        ("Invoices", "CustomerNumber in ('C-100042','C-100043')"),
        ("Invoices", "DueDate ge 2026-01-01 and DueDate lt 2026-01-03"),
        ("Customers", "startswith(CustomerNumber,'C-1000')"),
    ],
)
def test_conditions_that_an_index_answers(demo: SqlAdapter, name: str, condition: str) -> None:
    """Although every column of the demo has a collation that takes more for equal."""
    found = DEMO[name]
    (row,) = plan(demo, Query(name, (found.type.key,), filter=bound(DEMO, name, condition), top=10))
    if row["table"] is None:  # there is no such key: the plan ends with having looked
        assert "const table" in row["Extra"], row
        return
    assert row["type"] in ("const", "ref", "range"), row
    assert row["key"], row


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("Invoices", "InvoiceNumber eq '9000012345' and Customer/City eq 'Hamburg'"),
        ("Customers", "CustomerNumber eq 'C-100042' and Invoices/any(i:i/OpenAmount gt 0)"),
        ("InvoiceLines", "InvoiceLineKey eq '9000012345~0001' and Invoice/Customer/City ne 'Hamburg'"),
    ],
)
def test_related_rows_that_an_index_finds(demo: SqlAdapter, name: str, condition: str) -> None:
    found = DEMO[name]
    rows = plan(demo, Query(name, (found.type.key,), filter=bound(DEMO, name, condition), top=10))
    for row in rows:
        impossible = row["table"] is None  # there is no such key: the plan ends with it
        assert impossible or row["type"] in ("const", "eq_ref", "ref", "range"), rows


def test_a_deep_page_by_a_key_of_numbers_walks_the_index(own_url: str) -> None:
    numbers = entity_set(
        "Parents", "Parent", "Number", [prop("Number", "String", key=True, max_length=12), prop("Name", "String")],
        {"table": "NUM", "columns": {"Number": "N", "Name": "V"}},
    )  # fmt: skip
    schema.execute(
        own_url, 'CREATE TABLE "NUM" ("N" VARCHAR(12) COLLATE utf8mb4_nopad_bin PRIMARY KEY, "V" VARCHAR(9))'
    )
    schema.execute(own_url, "INSERT INTO \"NUM\" SELECT seq, 'x' FROM seq_1_to_5000", 'ANALYZE TABLE "NUM"')
    key = Prop(("Number",), STRING, nullable=False)
    beyond = Call("gt", (key, Const("4000", STRING)), BOOLEAN)
    with closing(schema.adapter(own_url, ServiceMetadata("ErpOData", "1.0.0", (numbers,)))) as adapter:
        (row,) = plan(adapter, Query("Parents", ("Number",), filter=beyond, orderby=(OrderItem(key),), top=100))
    assert (row["type"], row["key"]) == ("range", "PRIMARY")
    assert "filesort" not in row["Extra"]


# --- collations -------------------------------------------------------------------------------------------------------

_TEXTS = ("abc", "ABC", "abc ", "äbc", "aBc", "abc\t", "ß", "ss", "Straße", "STRASSE", "日本", "", " ")


def collated(url: str, collation: str, charset: str) -> ServiceMetadata:
    schema.execute(
        url,
        f'CREATE TABLE "COL" ("K" INTEGER PRIMARY KEY, "V" VARCHAR(20) CHARACTER SET {charset} COLLATE {collation}, KEY ("V"))',
        *(f"INSERT INTO \"COL\" VALUES ({n}, '{value}')" for n, value in enumerate(_TEXTS) if _fits(value, charset)),
    )
    found = entity_set(
        "Parents", "Parent", "Number", [prop("Number", "String", key=True, max_length=12), prop("Name", "String")],
        {"table": "COL", "columns": {"Number": "K", "Name": "V"}},
    )  # fmt: skip
    return ServiceMetadata("ErpOData", "1.0.0", (found,))


def _fits(value: str, charset: str) -> bool:
    return charset != "latin1" or value.isascii() or "日" not in value


@pytest.mark.parametrize(
    ("collation", "charset"),
    [
        ("utf8mb4_general_ci", "utf8mb4"), ("utf8mb4_unicode_520_nopad_ci", "utf8mb4"), ("utf8mb4_bin", "utf8mb4"),
        ("utf8mb4_uca1400_ai_ci", "utf8mb4"), ("utf8mb4_czech_ci", "utf8mb4"), ("latin1_german2_ci", "latin1"),
        ("latin1_bin", "latin1"), ("utf8mb3_general_ci", "utf8mb3"), ("utf8mb4_nopad_bin", "utf8mb4"),
    ],
)  # fmt: skip
def test_texts_are_what_they_are(mariadb_url: str, collation: str, charset: str) -> None:
    metadata = collated(mariadb_url, collation, charset)
    with closing(schema.adapter(mariadb_url, metadata)) as adapter:
        stored = [name for (name,) in schema.read(adapter, Query("Parents", ("Name",)))]
        assert sorted(stored) == sorted(value for value in _TEXTS if _fits(value, charset))
        for value in (*_TEXTS, "😀", "ł", "x'"):
            for op, expected in (("eq", value.__eq__), ("ne", value.__ne__), ("gt", value.__lt__)):
                query = Query(
                    "Parents", ("Name",), filter=Call(op, (Prop(("Name",), STRING), Const(value, STRING)), BOOLEAN)
                )
                assert adapter.capabilities(metadata["Parents"]).match(query.filter) is Match.EXACT  # type: ignore[arg-type]
                assert sorted(name for (name,) in schema.read(adapter, query)) == sorted(filter(expected, stored)), op
        order = Query("Parents", ("Name",), orderby=(OrderItem(Prop(("Name",), STRING)),))
        assert [name for (name,) in schema.read(adapter, order)] == sorted(stored)


# --- columns of all kinds ---------------------------------------------------------------------------------------------

_KINDS: dict[str, tuple[str, str, str, Any]] = {
    "bit": ("BIT(1)", "b'1'", "Boolean", True),
    "tinyint": ("TINYINT(1)", "1", "Boolean", True),
    "unsigned": ("BIGINT UNSIGNED", "9223372036854775807", "Int64", 2**63 - 1),
    "year": ("YEAR", "2026", "Int16", 2026),
    "decimal": ("DECIMAL(20,4)", "-12345678901234.5678", "Decimal", Decimal("-12345678901234.5678")),
    "timestamp": ("TIMESTAMP(6) NULL", "'2026-07-01 10:00:00.25'", "DateTimeOffset", datetime(2026, 7, 1, 10, 0, 0, 250000, UTC)),
    "datetime": ("DATETIME", "'2026-07-01 10:00:00'", "DateTimeOffset", datetime(2026, 7, 1, 10, tzinfo=UTC)),
    "date": ("DATE", "'2026-07-01'", "Date", date(2026, 7, 1)),
    "enum": ("ENUM('open','Open','shut')", "'shut'", "String", "shut"),
    "uuid": ("UUID", "'0f8fad5b-d9cb-469f-a165-70867728950e'", "String", "0f8fad5b-d9cb-469f-a165-70867728950e"),
    "text": ("TEXT", "'abc'", "String", "abc"),
}  # fmt: skip


def one_column(url: str, column: str, kind: str, value: str) -> EntitySet:
    schema.execute(
        url, f'CREATE TABLE "ONE" ("K" INTEGER PRIMARY KEY, "V" {column})', "SET SESSION time_zone = '+00:00'",
        f'INSERT INTO "ONE" VALUES (1, {value}), (2, NULL)',
    )  # fmt: skip
    facets: dict[str, Any] = {"precision": 20, "scale": 4} if kind == "Decimal" else {}
    return entity_set(
        "Parents", "Parent", "Number", [prop("Number", "String", key=True, max_length=12), prop("Value", kind, **facets)],
        {"table": "ONE", "columns": {"Number": "K", "Value": "V"}},
    )  # fmt: skip


@pytest.mark.parametrize("name", _KINDS)
def test_columns_of_all_kinds(mariadb_url: str, name: str) -> None:
    """They are read as what they are, and found by it."""
    column, stored, kind, value = _KINDS[name]
    found = one_column(mariadb_url, column, kind, stored)
    value_prop = found.type.property("Value")
    assert value_prop is not None
    with closing(schema.adapter(mariadb_url, ServiceMetadata("ErpOData", "1.0.0", (found,)))) as adapter:
        assert schema.read(adapter, Query("Parents", ("Number", "Value"))) == [("1", value), ("2", None)]
        for op, expected in (("eq", [("1",)]), ("ne", [("2",)])):
            equal = Call(op, (Prop(("Value",), value_prop.type), Const(value, value_prop.type)), BOOLEAN)
            assert adapter.capabilities(found).match(equal) is Match.EXACT
            assert schema.read(adapter, Query("Parents", ("Number",), filter=equal)) == expected


@pytest.mark.parametrize(
    ("column", "kind", "value"),
    [
        ("DATE", "Date", "'0000-00-00'"), ("DATETIME", "DateTimeOffset", "'2026-00-00 00:00:00'"),
        ("BIGINT UNSIGNED", "Int64", "18446744073709551615"), ("DECIMAL(30,2)", "Decimal", "123456789012345678901.5"),
        ("VARBINARY(9)", "String", "x'ff'"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit(mariadb_url: str, column: str, kind: str, value: str) -> None:
    found = one_column(mariadb_url, column, kind, value)
    with closing(schema.adapter(mariadb_url, ServiceMetadata("ErpOData", "1.0.0", (found,)))) as adapter:
        with pytest.raises(ContractBroken) as caught:
            schema.read(adapter, Query("Parents", ("Number", "Value")))
        assert "Value" in caught.value.detail


# --- faults -----------------------------------------------------------------------------------------------------------


def test_nobody_listens() -> None:
    with closing(schema.adapter("mysql://u:p@127.0.0.1:1/erp")) as adapter, pytest.raises(Unavailable) as caught:
        schema.read(adapter, THINGS)
    assert "127.0.0.1" not in caught.value.message


def test_no_such_database(own_url: str) -> None:
    url = make_url(own_url).set(database="nowhere").render_as_string(hide_password=False)
    with closing(schema.adapter(url)) as adapter, pytest.raises(Unavailable):
        adapter.ping(Session())


def test_a_wrong_password(own_url: str) -> None:
    url = make_url(own_url).set(username="nobody", password="wrong").render_as_string(hide_password=False)
    with closing(schema.adapter(url)) as adapter, pytest.raises(Unavailable) as caught:
        adapter.ping(Session())
    assert "wrong" not in caught.value.detail


def test_a_table_that_the_user_may_not_read(mariadb_server: MariaServer, own_url: str) -> None:
    database = make_url(own_url).database
    mariadb_server.execute(
        f"CREATE USER IF NOT EXISTS {database}@localhost IDENTIFIED BY 'p'", f"GRANT SELECT ON {database}.PAR TO {database}@localhost"
    )  # fmt: skip
    url = make_url(own_url).set(username=database, password="p").render_as_string(hide_password=False)
    with closing(schema.adapter(url)) as adapter:
        assert len(schema.read(adapter, PARENTS)) == len(schema.PARENT_ROWS)
        with pytest.raises(ContractBroken):
            schema.read(adapter, THINGS)
    mariadb_server.execute(f"DROP USER {database}@localhost")


def test_a_lock_of_the_erp_outlasts_the_deadline(own_url: str, own: SqlAdapter) -> None:
    schema.read(own, PARENTS)
    with connected(own_url) as erp:
        erp.execute(text("LOCK TABLES THG WRITE"))
        started = time.monotonic()
        with pytest.raises(TimedOut):
            schema.read(own, THINGS, within(0.3))
        assert time.monotonic() - started < 10
        assert schema.read(own, PARENTS, within(10))
        erp.execute(text("UNLOCK TABLES"))
    assert schema.read(own, THINGS, within(10))


def test_a_lock_without_a_deadline_ends_too(own_url: str, own: SqlAdapter) -> None:
    schema.read(own, PARENTS)
    with connected(own_url) as erp:
        erp.execute(text("LOCK TABLES THG WRITE"))
        with pytest.raises(Locked):
            schema.read(own, THINGS)
        erp.execute(text("UNLOCK TABLES"))


def test_the_limit_of_one_request_is_not_that_of_the_next(own: SqlAdapter) -> None:
    def limit(session: Session) -> float:
        with own.connection(session) as connection:
            return float(connection.scalar(text("SELECT @@max_statement_time")) or 0)

    assert limit(within(1.5)) <= 1.5
    assert limit(Session()) == own.options.statement_timeout


def test_all_connections_of_the_server_are_taken(mariadb_server: MariaServer, own_url: str) -> None:
    database = make_url(own_url).database
    mariadb_server.execute(
        f"CREATE USER {database}@localhost IDENTIFIED BY 'p' WITH MAX_USER_CONNECTIONS 1",
        f"GRANT SELECT ON {database}.* TO {database}@localhost",
    )
    url = make_url(own_url).set(username=database, password="p").render_as_string(hide_password=False)
    with connected(url) as taken, closing(schema.adapter(url)) as adapter:
        taken.execute(text("SELECT 1"))
        with pytest.raises(Busy):
            schema.read(adapter, PARENTS)
    mariadb_server.execute(f"DROP USER {database}@localhost")


def test_killed_connections_are_replaced(own_url: str, own: SqlAdapter) -> None:
    before = schema.read(own, THINGS)
    with connected(own_url) as erp:
        mine = erp.scalar(text("SELECT CONNECTION_ID()"))
        others = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> :mine"
        for (number,) in erp.execute(text(others), {"mine": mine}).all():
            erp.exec_driver_sql("KILL %s", (number,))
    assert schema.read(own, THINGS) == before
    assert schema.read(own, PARENTS)


def test_a_reader_who_stops_within_many_rows(own_url: str, own: SqlAdapter) -> None:
    """The rest, which may be millions of rows, is not read for nothing."""
    schema.execute(own_url, 'INSERT INTO "PAR" ("PNO") SELECT CONCAT(\'N\', seq) FROM seq_1_to_60000')
    query = Query("Parents", ("ParentNumber",))
    pages = own.read(query, Session())
    assert len(next(pages).rows) == 1_000
    pages.close()  # type: ignore[attr-defined]
    pool: Any = own.engine().pool
    assert pool.checkedout() == 0
    assert len(schema.read(own, query)) == 60_000 + len(schema.PARENT_ROWS)


def test_count_and_rows_are_of_one_moment(own_url: str, own: SqlAdapter) -> None:
    pages = own.read(Query("Parents", ("ParentNumber",), count=True), Session())
    first = next(pages)
    schema.execute(own_url, "INSERT INTO \"PAR\" VALUES ('N1', NULL, NULL, NULL)")
    assert first.count == len(first.rows) == len(schema.PARENT_ROWS)
    pages.close()  # type: ignore[attr-defined]
    assert len(schema.read(own, PARENTS)) == len(schema.PARENT_ROWS) + 1


def test_numbers_beyond_64_bits_are_no_answer(own_url: str, own: SqlAdapter) -> None:
    schema.execute(own_url, 'UPDATE "THG" SET "QN" = -9223372036854775808, "QA" = 1')
    with pytest.raises(Exception, match="no result"):
        schema.read(own, Query("Things", ("Balance",)))


def test_column_names_are_found_in_any_letter_case(own_url: str) -> None:
    lowered = entity_set(
        "Parents", "Parent", "ParentNumber", [prop("ParentNumber", "String", key=True, max_length=8)],
        {"table": "PAR", "columns": {"ParentNumber": "pno"}},
    )  # fmt: skip
    with closing(schema.adapter(own_url, ServiceMetadata("ErpOData", "1.0.0", (lowered,)))) as adapter:
        key = Prop(("ParentNumber",), STRING, nullable=False)
        query = Query("Parents", ("ParentNumber",), filter=Call("eq", (key, Const("p1", STRING)), BOOLEAN))
        assert schema.read(adapter, query) == []
