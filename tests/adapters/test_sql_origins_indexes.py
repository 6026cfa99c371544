"""Where rows come from more than one table, or from some rows of one: which indexes PostgreSQL uses, read from its plans.
Tables big enough for it to choose, with the statistics that it chooses by.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from edm.expressions import Prop
from edm.model import ServiceMetadata
from edm.primitives import DATE, STRING
from edm.query import OrderItem, Query
from erp_adapters.sql import SqlAdapter
from erp_adapters.sql_current import today
from erp_adapters.sql_text import told
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.parser import parse_expression
from tests.adapters import schema
from tests.adapters.origins import C
from tests.adapters.schema import prop
from tests.adapters.test_sql_indexes import NOW
from tests.servers import PostgresServer

#: As prepared statements name their parameters.
DOLLARS: Any = PGDialect_psycopg(paramstyle="numeric_dollar")

ITEMS = schema.entity_set(
    "Items", "Item", "Key",
    [
        prop("Key", "String", key=True, max_length=16),
        prop("Number", "String", max_length=12),
        prop("Company", "String", nullable=False),
        prop("State", "String", nullable=False),
        prop("Customer", "String", nullable=False),
        prop("Day", "Date", nullable=False),
        prop("Open", "Int64", nullable=False),
    ],
    {
        "each": {"company": ["AAA", "BBB"]},
        "table": [
            {"table": "{company}$OPEN", "as": "open"},
            {"table": "{company}$DONE", "as": "done", "where": {"VOID": ""}},
        ],
        "where": {"DEL": ""},
        "totals": {"open": {"table": "{company}$PART", "on": {"NO": "NO"}, "sum": "QTY"}},
        "columns": {
            "Key": {"columns": ["NO", "@company"], "widths": [8], "separator": "~"}, "Number": "NO", "Company": "@company",
            "State": "@table", "Customer": "CUST", "Day": {"column": "DAY", "date": "yyyymmdd"}, "Open": "open",
        },
    },
)  # fmt: skip
PRICES = schema.entity_set(
    "Prices", "Price", "Key",
    [prop("Key", "String", key=True, max_length=16), prop("Item", "String", nullable=False)],
    {"table": "PRICE", "where": {"DEL": ""}, "current": {"from": "A", "to": "B"}, "columns": {"Key": "K", "Item": "ITEM"}},
)  # fmt: skip
METADATA = ServiceMetadata("ErpOData", "1.0.0", (ITEMS, PRICES))

_TABLES = [f"{company}${table}" for company in ("AAA", "BBB") for table in ("OPEN", "DONE")]
_DDL = [
    *(
        f'CREATE TABLE "{table}" ("NO" VARCHAR(8){C} PRIMARY KEY, "CUST" VARCHAR(8){C} NOT NULL, "DAY" INTEGER NOT NULL, '
        '"DEL" CHAR(1) NOT NULL, "VOID" CHAR(1) NOT NULL)'
        for table in _TABLES
    ),
    *(
        f"INSERT INTO \"{table}\" SELECT '{n}' || lpad(i::text, 7, '0'), 'C' || i % 2000, 20240000 + i % 1000, "
        "CASE WHEN i % 3 = 0 THEN '' ELSE 'X' END, '' FROM generate_series(1, 20000) i"
        for n, table in enumerate(_TABLES)
    ),
    *(f'CREATE INDEX "{table}_day" ON "{table}" ("DAY")' for table in _TABLES),
    *(f'CREATE INDEX "{table}_live" ON "{table}" ("CUST") WHERE "DEL" = \'\'' for table in _TABLES),
    *(
        f'CREATE TABLE "{company}$PART" ("NO" VARCHAR(8){C} NOT NULL, "QTY" INTEGER)' for company in ("AAA", "BBB")
    ),
    *(
        f"INSERT INTO \"{company}$PART\" SELECT '{n}' || lpad((i / 3)::text, 7, '0'), i % 5 FROM generate_series(1, 30000) i"
        for n, company in enumerate(("AAA", "BBB"))
    ),
    *(f'CREATE INDEX "{company}_part" ON "{company}$PART" ("NO")' for company in ("AAA", "BBB")),
    f'CREATE TABLE "PRICE" ("K" VARCHAR(8){C} PRIMARY KEY, "ITEM" VARCHAR(8){C} NOT NULL, "A" DATE, "B" DATE, "DEL" CHAR(1) NOT NULL)',
    (
        "INSERT INTO \"PRICE\" SELECT 'K' || i, 'I' || i % 500, date '2020-01-01' + i % 3000, date '2020-01-01' + i % 3000 + 9, "
        "CASE WHEN i % 3 = 0 THEN '' ELSE 'X' END FROM generate_series(1, 20000) i"
    ),
    'CREATE INDEX "PRICE_live" ON "PRICE" ("ITEM", "A") WHERE "DEL" = \'\'',
    "ANALYZE",
]  # fmt: skip


@pytest.fixture(scope="module")
def adapter(postgres_server: PostgresServer, worker_id: str) -> Iterator[SqlAdapter]:
    name = f"origins_indexes_{worker_id}"
    postgres_server.drop_database(name)
    url = postgres_server.create_database(name)
    schema.execute(url, *_DDL)
    with closing(schema.adapter(url, METADATA)) as adapter:
        yield adapter
    postgres_server.drop_database(name)


def planned(adapter: SqlAdapter, query: Query, *, generic: bool = False) -> str:
    """PostgreSQL's own plan; ``generic``: that of a prepared statement, whose parameters it does not know yet."""
    prepared, engine = adapter.statements().statement(query), create_engine(adapter.url)
    select = prepared.statement.rows.select
    try:
        with engine.connect() as connection:
            if generic:
                there = select.compile(dialect=DOLLARS, compile_kwargs={"render_postcompile": True})
                return "\n".join(connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN) {there}").scalars())
            compiled = select.compile(engine, compile_kwargs={"render_postcompile": True})
            lines = connection.exec_driver_sql(f"EXPLAIN {compiled}", told(compiled, prepared.values)).scalars()
            return "\n".join(lines)
    finally:
        engine.dispose()


def asked(condition: str = "", order: tuple[OrderItem, ...] = (), columns: tuple[str, ...] = ("Key",)) -> Query:
    bound = ExpressionBinder(METADATA, ITEMS, NOW).bind(parse_expression(condition)) if condition else None
    return Query("Items", columns, filter=bound, orderby=order, top=26)


KEY = OrderItem(Prop(("Key",), STRING, nullable=False))
DAY = OrderItem(Prop(("Day",), DATE, nullable=False), descending=True)


def scans(plan: str) -> list[str]:
    return [line for line in plan.splitlines() if " Scan" in line]


@pytest.mark.parametrize(
    ("condition", "column"),
    [
        ("Key eq '00000042~AAA'", "NO"),
        ("Key in ('00000042~AAA','30000007~BBB')", "NO"),
        ("Number eq '00000042'", "NO"),
        ("Customer eq 'C17'", "CUST"),
        ("Customer in ('C17','C18')", "CUST"),
        ("Day eq 2024-05-17", "DAY"),
    ],
)
def test_a_condition_uses_the_index_of_each_table(adapter: SqlAdapter, condition: str, column: str) -> None:
    found = planned(adapter, asked(condition))
    assert "Seq Scan" not in found, found
    conditions = [line for line in found.splitlines() if "Index Cond" in line]
    assert conditions, found
    assert all(f'"{column}"' in line for line in conditions), found


@pytest.mark.parametrize("condition", ["Company eq 'BBB'", "Key eq '00000042~BBB'", "Company ne 'AAA'"])
def test_a_filter_on_the_company_leaves_the_others_out(adapter: SqlAdapter, condition: str) -> None:
    found = planned(adapter, asked(condition))
    assert any("BBB$" in line for line in scans(found)), found
    assert not any("AAA$" in line for line in scans(found)), found


def test_a_filter_on_the_table_leaves_the_others_out(adapter: SqlAdapter) -> None:
    found = planned(adapter, asked("State eq 'done' and Customer eq 'C17'"))
    assert not any("$OPEN" in line for line in scans(found)), found


def test_a_statement_that_knows_no_constants_tests_them_before_it_scans(adapter: SqlAdapter) -> None:
    """Prepared statements may be planned without their parameters: then each part asks whether it is meant at all."""
    found = planned(adapter, asked("Company eq 'BBB' and Customer eq 'C17'"), generic=True)
    assert found.count("One-Time Filter") == 4, found
    assert "Seq Scan" not in found, found


def test_the_default_order_merges_the_tables(adapter: SqlAdapter) -> None:
    """By key, whose first column every table has an index of: nothing is sorted but rows of one number."""
    found = planned(adapter, asked(order=(KEY,)))
    assert "Merge Append" in found, found
    assert "Presorted Key" in found, found
    assert "Seq Scan" not in found, found


def test_a_deep_page_goes_on_where_it_was(adapter: SqlAdapter) -> None:
    found = planned(adapter, asked("Key gt '10000042~AAA'", (KEY,)))
    assert "Merge Append" in found, found
    assert any("Index Cond" in line and ">=" in line for line in found.splitlines()), found


def test_an_order_by_an_indexed_column_merges_the_tables(adapter: SqlAdapter) -> None:
    found = planned(adapter, asked(order=(DAY, KEY)))
    assert "Merge Append" in found, found
    assert "Scan Backward" in found, found


def test_what_holds_of_all_rows_uses_a_partial_index(adapter: SqlAdapter) -> None:
    """Its constant is a literal: a parameter proves nothing to a plan that is made without it."""
    for generic in (False, True):
        found = planned(adapter, asked("Customer eq 'C17'"), generic=generic)
        assert found.count("_live") == 4, found


def test_a_page_sums_its_own_rows(adapter: SqlAdapter) -> None:
    """Totals are asked for the rows of the page alone, by the index of the related rows, in one company each."""
    found = planned(adapter, asked(order=(KEY,), columns=("Key", "Open")))
    assert "Seq Scan" not in found, found
    assert any("SubPlan" in line for line in found.splitlines()), found
    assert found.count("One-Time Filter") == 2, found


def test_validity_and_soft_deletion_use_a_partial_index(adapter: SqlAdapter) -> None:
    bound = ExpressionBinder(METADATA, PRICES, NOW).bind(parse_expression("Item eq 'I7'"))
    found = planned(adapter, Query("Prices", ("Key",), filter=bound, top=26))
    assert "PRICE_live" in found, found
    assert f"'{today('UTC')}'" in found, found
