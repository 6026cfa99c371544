"""The SQL of a handful of queries, as text in ``tests/golden/sql``: one file per query and database.

``ERP_ODATA_WRITE_GOLDEN=1`` writes the files anew; read the difference before it is committed.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edm.query import OrderItem, Query
from erp_adapters.sql import SqlAdapter
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.parser import parse_expression
from tests.adapters.schema import METADATA, THINGS

DIRECTORY = Path(__file__).parent.parent / "golden" / "sql"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
CASES = {
    "key": "ThingKey eq 'D00001~007'",
    "keys": "ThingKey in ('D00001~007','D00002~000')",
    "continuation": "ThingKey gt 'D00001~007'",
    "nullable-composite": "PreviousKey gt 'D00001~007'",
    "text": "Text eq 'a' and Worded eq 'a' and Trimmed eq 'a' and Padded eq 'a'",
    "text-order": "Text gt 'a' and Worded gt 'a'",
    "contains": "contains(Text,'100%_') and startswith(Text,'a') and endswith(Text,'z')",
    "codes": "Status eq 'Open' and Level eq 'Low' and Flagged and not Marked",
    "dates": "DueDate lt 2026-01-01 and ShipDate eq null and Day ge 2026-01-01",
    "numbers": "Price gt 1.5 and Amount eq 0.1 and Net le 2 and Small ne 7",
    "moments": "CreatedAt ge 2026-01-01T00:00:00Z and LocalAt lt 2026-01-01T00:00:00Z and ZonedAt ne null",
    "parent": "Parent/ParentName ne 'x' and ParentRank eq 1",
    "children": "Followers/any(f:f/Text eq 'a') and not Followers/all(f:f/Small gt 1)",
}


def sql_of(adapter: SqlAdapter, condition: str) -> str:
    bind = ExpressionBinder(METADATA, THINGS, NOW).bind
    order = (OrderItem(bind(parse_expression("Worded")), True), OrderItem(bind(parse_expression("ThingKey"))))
    kept = bind(parse_expression(condition))
    query = Query("Things", ("ThingKey", "Text"), filter=kept, orderby=order, skip=2, top=5, count=True)
    return "\n".join(line.rstrip() for line in adapter.explain(query).splitlines()) + "\n"


@pytest.mark.parametrize("name", CASES)
def test_sql(small: SqlAdapter, name: str) -> None:
    path = DIRECTORY / f"{name}.{small.engine().dialect.name}.txt"
    found = f"{CASES[name]}\n\n{sql_of(small, CASES[name])}"
    if os.environ.get("ERP_ODATA_WRITE_GOLDEN"):
        DIRECTORY.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")
