"""What the demo's statements look for in PostgreSQL's indexes, read from its plans.

Sequential scans are made dear, so that a plan without an index condition has none that it could use.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from sqlalchemy import create_engine, text

from edm.declare import load_directory
from edm.expressions import Call, Const, Prop
from edm.model import ServiceMetadata
from edm.primitives import BOOLEAN, STRING
from edm.query import OrderItem, Query
from erp_adapters import sql
from erp_adapters.sql import SqlAdapter
from erp_adapters.sql_text import told
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.parser import parse_expression

METADATA: ServiceMetadata = load_directory(files("erp_adapters") / "catalog")
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def adapter(demo_postgres_url: str) -> Iterator[SqlAdapter]:
    with closing(sql.connect(demo_postgres_url, METADATA)) as adapter:
        yield adapter


def plan(adapter: SqlAdapter, query: Query) -> str:
    """PostgreSQL's plan, with the values in it."""
    asked = adapter.statements().statement(query)
    engine = create_engine(adapter.url)
    try:
        compiled = asked.statement.rows.select.compile(engine, compile_kwargs={"render_postcompile": True})
        with engine.connect() as connection:
            connection.execute(text("SET enable_seqscan = off"))
            lines = connection.exec_driver_sql(f"EXPLAIN {compiled}", told(compiled, asked.values)).scalars()
            return "\n".join(lines)
    finally:
        engine.dispose()


def query(entity_set: str, condition: str) -> Query:
    found = METADATA[entity_set]
    bound = ExpressionBinder(METADATA, found, NOW).bind(parse_expression(condition))
    return Query(entity_set, (found.type.key,), filter=bound, top=10)


@pytest.mark.parametrize(
    ("entity_set", "condition", "column"),
    [
        ("Invoices", "InvoiceNumber eq '9000012345'", "IVNO"),
        ("InvoiceLines", "InvoiceLineKey eq '9000012345~0001'", "IVLN"),
        ("InvoiceLines", "InvoiceLineKey in ('9000012345~0001','9000012346~0002')", "IVNO"),
        ("InvoiceLines", "InvoiceNumber eq '9000012345'", "IVNO"),
        ("Invoices", "CustomerNumber eq 'C-100042'", "CUNO"),
        ("Invoices", "CustomerNumber in ('C-100042','C-100043')", "CUNO"),
        ("Invoices", "DueDate ge 2026-01-01 and DueDate lt 2026-02-01", "DUDT"),
        ("Customers", "startswith(CustomerNumber,'C-1000')", "CUNO"),
    ],
)  # fmt: skip
def test_conditions_that_an_index_answers(adapter: SqlAdapter, entity_set: str, condition: str, column: str) -> None:
    found = plan(adapter, query(entity_set, condition))
    conditions = [line for line in found.splitlines() if "Index Cond" in line]
    assert any(column in line for line in conditions), found


def test_a_deep_page_walks_the_key(adapter: SqlAdapter) -> None:
    """The continuation of a page token on a composite key: no sort, whatever page it is."""
    key = Prop(("InvoiceLineKey",), STRING, nullable=False)
    beyond = Call("gt", (key, Const("9000012345~0002", STRING)), BOOLEAN)
    found = plan(adapter, Query("InvoiceLines", ("InvoiceLineKey",), filter=beyond, orderby=(OrderItem(key),), top=100))
    assert "Sort" not in found, found
    assert "Index Cond" in found, found
