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
    "QTX": (
        "UNC",
        "MCU",
        "BRA",
        "MAT",
        "MTC",
        "SER",
        "CNT",
        "REF",
        "TOK",
        "TKC",
        "RAW",
        "MIX",
        "ORI",
        "AT1",
        "AT2",
        "RYIN",
    ),
    "QPA": ("KUN",),
    "QDO": ("DOC", "PTY", "PDOC", "OBJ", "ACC"),
    "QOB": ("OID",),
    "QAC": ("ANO",),
    "QCH": ("TXD", "TXE", "NMA", "NMB", "BLK", "HLD", "STA"),
    "QTM": ("UPMJ", "ERDAT", "BIS", "BISD", "BISC", "PST", "PSL", "RMK", "BLK", "LIM"),
}


@pytest.fixture(scope="module")
def adapter(postgres_server: PostgresServer, worker_id: str) -> Iterator[SqlAdapter]:
    name = f"quirks_indexes_{worker_id}"
    postgres_server.drop_database(name)
    url = postgres_server.create_database(name)
    quirks.create(url)
    # Plans of small tables depend on whether autovacuum has looked at them by now: it never does.
    schema.execute(url, *(f'ALTER TABLE "{t}" SET (autovacuum_enabled = off)' for t in INDEXES))
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
        ("QTX", "BusinessUnit eq '30'", "MCU"),
        ("QTX", "BusinessUnit in ('30','5')", "MCU"),
        ("QTX", "Branch eq '30'", "BRA"),
        ("QTX", "Material eq '42'", "MAT"),
        ("QTX", "MaterialChar eq '42'", "MTC"),
        ("QTX", "Serial eq '42'", "SER"),
        ("QTX", "Count in ('42','43')", "CNT"),
        ("QTX", "Reference eq '00112233-4455-6677-8899-aabbccddeeff'", "REF"),
        ("QTX", "Reference gt '00112233-4455-6677-8899-aabbccddeeff'", "REF"),
        ("QTX", "Token eq '00112233-4455-6677-8899-aabbccddeeff'", "TOK"),
        ("QTX", "Raw eq '00112233-4455-6677-8899-aabbccddeeff'", "RAW"),
        ("QTX", "Raw ge '00112233-4455-6677-8899-aabbccddeeff'", "RAW"),
        ("QTX", "Mixed eq '00112233-4455-6677-8899-aabbccddeeff'", "MIX"),
        ("QTX", "Origin eq '12'", "ORI"),
        ("QTX", "Origin ne null", "ORI"),
        ("QTX", "Route eq 'N1'", "AT1"),
        ("QTX", "Visit ge 2026-01-01", "AT2"),
        ("QTX", "Instrument eq 'Card'", "RYIN"),
        ("QPA", "Number eq '42'", "KUN"),
        ("QDO", "DocumentKey eq '7~RI~00001'", "DOC"),
        ("QDO", "DocumentKey in ('7~RI~00001','8~RI~00001')", "DOC"),
        ("QDO", "Account eq '5'", "ACC"),
        ("QPA", "Documents/any(d:d/Account eq '5')", "KUN"),
        ("QDO", "Previous/Account eq '5'", "DOC"),
        ("QDO", "Ledger/Account ne null", "ANO"),
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
    found = plan(adapter, Query(entity_set.name, (entity_set.type.key,), filter=bound, top=10))
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
    found = plan(adapter, Query(entity_set.name, (entity_set.type.key,), orderby=(item,), top=10))
    assert "Sort" not in found, found
    assert "Index" in found, found
