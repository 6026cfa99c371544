"""Which indexes PostgreSQL uses for columns as old ERPs have them, read from its plans."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from edm.expressions import Prop
from edm.query import OrderItem, Query
from erp_adapters.sql import SqlAdapter
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.parser import parse_expression
from tests.adapters import quirks, schema
from tests.adapters.test_sql_indexes import NOW, plan
from tests.servers import PostgresServer

#: What the ERP indexes.
INDEXES = {
    "QDT": ("D0I", "D0C", "D0T", "D1I", "D1N", "D1C", "D4I", "D8N", "D11T", "DNN"),
    "QNM": ("AMT", "WRBTR", "SGN", "BTH", "CFG"),
    "QCH": ("TXD", "TXE", "NMA", "NMB", "BLK", "HLD", "STA"),
    "QTM": ("UPMJ", "ERDAT", "BIS", "BISD", "BISC", "PST", "PSL", "RMK", "BLK", "LIM"),
}


@pytest.fixture(scope="module")
def adapter(postgres_server: PostgresServer, worker_id: str) -> Iterator[SqlAdapter]:
    name = f"quirks_indexes_{worker_id}"
    postgres_server.drop_database(name)
    url = postgres_server.create_database(name)
    quirks.create(url)
    schema.execute(url, *(f'CREATE INDEX ON "{t}" ("{c}")' for t, columns in INDEXES.items() for c in columns))
    with closing(schema.adapter(url, quirks.METADATA)) as adapter:
        yield adapter
    postgres_server.drop_database(name)


def entity_set_of(table: str) -> str:
    return next(quirky.name for quirky in quirks.SETS if quirky.table == table)


@pytest.mark.parametrize(
    ("table", "condition", "column"),
    [
        ("QDT", "CyydddInteger eq 2026-11-23", "D1I"),
        ("QDT", "CyydddInteger ge 2026-01-01 and CyydddInteger lt 2026-02-01", "D1I"),
        ("QDT", "CyydddInteger in (2026-11-23,2026-11-24)", "D1I"),
        ("QDT", "CyydddInteger eq null", "D1I"),
        ("QDT", "CyydddNumber lt 2026-02-01", "D1N"),
        ("QDT", "YyyymmddText eq 2026-11-23", "D0T"),
        ("QDT", "YyyymmddText gt 2026-11-23", "D0T"),
        ("QDT", "YyyymmddText eq null", "D0T"),
        ("QDT", "YyyymmddChar eq 2026-11-23", "D0C"),
        ("QDT", "CyydddChar eq 2026-11-23", "D1C"),
        ("QDT", "CyydddChar le 2026-11-23", "D1C"),
        ("QDT", "CyydddChar in (2026-11-23,2026-11-24)", "D1C"),
        ("QDT", "YymmddInteger eq 2026-11-23", "D4I"),
        ("QDT", "MmddyyyyNumber eq 2026-11-23", "D8N"),
        ("QTM", "AuditAt ge 2026-11-01T00:00:00Z and AuditAt lt 2026-11-02T00:00:00Z", "UPMJ"),
        ("QTM", "EnteredAt eq 2026-11-01T00:00:00Z", "ERDAT"),
        ("QTM", "EnteredAt gt 2026-11-01T00:00:00Z", "ERDAT"),
        ("QTM", "Until eq null", "BIS"),
        ("QTM", "Until ge 2026-01-01", "BIS"),
        ("QTM", "Until eq 2026-01-01", "BIS"),
        ("QTM", "UntilDigits ge 2026-01-01", "BISD"),
        ("QTM", "UntilText eq 2026-01-01", "BISC"),
        ("QTM", "PostedAt gt 2026-01-01T00:00:00Z", "PST"),
        ("QTM", "PostedLocalAt gt 2026-01-01T00:00:00Z", "PSL"),
        ("QTM", "Remark eq 'a'", "RMK"),
        ("QTM", "Remark eq null", "RMK"),
        ("QTM", "Limit gt 100", "LIM"),
        ("QNM", "Amount eq 1234.56", "AMT"),
        ("QNM", "Amount ge 1000 and Amount lt 2000", "AMT"),
        ("QNM", "Shifted gt 100", "WRBTR"),
        ("QNM", "Signed lt -10", "SGN"),
        ("QNM", "Both in (1,2)", "BTH"),
        ("QNM", "Configured gt 5", "CFG"),
        ("QCH", "Text eq 'Bolt'", "TXD"),
        ("QCH", "Text eq 'Bolt'", "TXE"),
        ("QCH", "Name in ('a','b')", "NMB"),
        ("QCH", "Blocked", "BLK"),
        ("QCH", "Hold eq false", "HLD"),
        ("QCH", "State eq 'Open'", "STA"),
    ],
)
def test_conditions_that_an_index_answers(adapter: SqlAdapter, table: str, condition: str, column: str) -> None:
    entity_set = quirks.METADATA[entity_set_of(table)]
    bound = ExpressionBinder(quirks.METADATA, entity_set, NOW).bind(parse_expression(condition))
    found = plan(adapter, Query(entity_set.name, ("Key",), filter=bound, top=10))
    assert any(f'"{column}"' in line for line in found.splitlines() if "Index Cond" in line), found


@pytest.mark.parametrize(
    ("name", "descending"),
    [("CyydddNumber", False), ("CyydddNumber", True), ("Always", True), ("Blank", False)],
)
def test_orders_that_an_index_gives(adapter: SqlAdapter, name: str, descending: bool) -> None:
    entity_set = next(s for s in quirks.METADATA.sets if s.type.property(name) is not None)
    prop = entity_set.type.property(name)
    assert prop is not None
    item = OrderItem(Prop((name,), prop.type, nullable=prop.nullable), descending=descending)
    found = plan(adapter, Query(entity_set.name, ("Key",), orderby=(item,), top=10))
    assert "Sort" not in found, found
    assert "Index" in found, found
