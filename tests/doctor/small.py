"""A small catalog of two sets and their tables, healthy; each test makes one thing of it wrong."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import create_engine

from edm.declare import load_texts
from edm.model import ServiceMetadata
from erp_adapters.base import Finding
from erp_adapters.sql_drivers import driver_url
from odata_server.compose import compose
from odata_server.doctor.checks import Outcome, examine
from odata_server.doctor.patient import Whole
from tests.server.support import settings

_HEAD = 'label = "{0}"\nlabel_plural = "{0}s"\ndescription = "."\nsystem_of_record = "ERP"\n'
PARTNERS = f"""
entity_set = "Partners"
entity_type = "Partner"
{_HEAD.format("Partner")}
key = "PartnerNumber"

[properties.PartnerNumber]
type = "String"
max_length = 8
label = "Number"
description = "."
[properties.Country]
type = "String"
max_length = 2
label = "Country"
description = "."
allowed = ["DE", "US"]

[sql]
table = "PARTNER"
[sql.columns]
PartnerNumber = "PNO"
Country = "CTRY"
"""
ORDERS = f"""
entity_set = "Orders"
entity_type = "Order"
{_HEAD.format("Order")}
key = "OrderNumber"

[properties.OrderNumber]
type = "String"
max_length = 8
label = "Number"
description = "."
[properties.PartnerNumber]
type = "String"
max_length = 8
label = "Partner"
description = "."
[properties.PartnerCountry]
type = "String"
max_length = 2
label = "Country"
description = "."
[properties.Text]
type = "String"
max_length = 20
label = "Text"
description = "."
[properties.Amount]
type = "Decimal"
precision = 9
scale = 2
minimum = 0
label = "Amount"
description = "."
[properties.DueDate]
type = "Date"
label = "Due"
description = "."
[properties.ChangedAt]
type = "DateTimeOffset"
label = "Changed"
description = "."

[navigation.Partner]
target = "Partners"
on = {{ PartnerNumber = "PartnerNumber" }}
partner = "Orders"
label = "Partner"
description = "."
partner_label = "Orders"
partner_description = "."

[sql]
table = "ORDERHD"
[sql.joins.p]
table = "PARTNER"
on = {{ PNO = "PNO" }}
[sql.columns]
OrderNumber = "ONO"
PartnerNumber = "PNO"
PartnerCountry = "p.CTRY"
Text = "TXT"
Amount = "AMT"
DueDate = {{ column = "DUE", date = "yyyymmdd" }}
ChangedAt = {{ column = "CHG", timezone = "UTC" }}
"""

#: Statements of a healthy database; ``{c}`` is the collation of keys.
TABLES = (
    'CREATE TABLE "PARTNER" ("PNO" VARCHAR(8){c} NOT NULL PRIMARY KEY, "CTRY" VARCHAR(2))',
    """CREATE TABLE "ORDERHD" ("ONO" VARCHAR(8){c} NOT NULL PRIMARY KEY, "PNO" VARCHAR(8){c}, "TXT" VARCHAR(20),
       "AMT" NUMERIC(9,2), "DUE" INTEGER, "CHG" TIMESTAMP)""",
    'CREATE INDEX "ORDERHD_01" ON "ORDERHD" ("PNO")',
)
_ROWS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number})
INSERT INTO "{table}" SELECT {values} FROM n
"""
_VALUES = {
    "PARTNER": "'P-' || substr('0000' || i, -4, 4), CASE i % 2 WHEN 0 THEN 'DE' ELSE 'US' END",
    "ORDERHD": "'O-' || substr('0000' || i, -4, 4), 'P-' || substr('0000' || (i % {number} + 1), -4, 4), 'text ' || i,"
    " i + 0.5, 20260101 + i % 28, '2026-01-01 00:00:00.000000'",
}


def metadata() -> ServiceMetadata:
    """The model."""
    return changed()


def changed(*pairs: tuple[str, str]) -> ServiceMetadata:
    """The model with texts of the catalog replaced."""
    texts = {"Partners.toml": PARTNERS, "Orders.toml": ORDERS}
    for old, new in pairs:
        assert any(old in text for text in texts.values()), old
        texts = {name: text.replace(old, new) for name, text in texts.items()}
    return load_texts(texts)


def execute(url: str, *statements: str) -> None:
    """Changes the database, as its administrator."""
    arguments = {"client_encoding": "utf8"} if url.startswith("postgresql") else {}
    engine = create_engine(driver_url(url), isolation_level="AUTOCOMMIT", connect_args=arguments)
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%") if "psycopg" in engine.driver else statement)
    finally:
        engine.dispose()


def create(url: str, *, partners: int = 10, orders: int = 30) -> str:
    """The tables with rows, on either database. PostgreSQL pads in its own words."""
    postgres = url.startswith("postgresql")
    collation = ' COLLATE "C"' if postgres else ""
    execute(url, *(statement.format(c=collation) for statement in TABLES))
    for table, number in (("PARTNER", partners), ("ORDERHD", orders)):
        values = _VALUES[table].replace("{number}", str(partners))
        if postgres:
            values = values.replace("substr('0000' || i, -4, 4)", "lpad(i::text, 4, '0')")
            values = values.replace(
                f"substr('0000' || (i % {partners} + 1), -4, 4)", f"lpad((i % {partners} + 1)::text, 4, '0')"
            ).replace("'2026-01-01 00:00:00.000000'", "TIMESTAMP '2026-01-01'")
        execute(url, _ROWS.format(number=number, table=table, values=values))
    execute(url, "ANALYZE")
    return url


@contextmanager
def examined(url: str, model: ServiceMetadata | None = None, **changes: Any) -> Iterator[list[Outcome]]:
    """The outcomes of all checks of the source."""
    values: dict[str, Any] = {"database_url": url, "cache": "off"} | changes
    composed = compose(settings(**values), metadata=model or metadata(), observers=())
    service = replace(composed.service, adapter=composed.adapter)
    whole = Whole(composed.settings, {}, composed.metadata, service, iter(()))
    try:
        yield list(examine(whole, sample=100))
    finally:
        getattr(composed.adapter, "close", lambda: None)()


def found(url: str, check: str, model: ServiceMetadata | None = None, **changes: Any) -> list[Finding]:
    """What one check finds."""
    with examined(url, model, **changes) as outcomes:
        (outcome,) = (each for each in outcomes if each.check.id == check)
        assert not outcome.skipped, outcome.skipped
        return list(outcome.findings)


def problems(url: str, model: ServiceMetadata | None = None, **changes: Any) -> Mapping[str, list[str]]:
    """By check of the source what is found."""
    with examined(url, model, **changes) as outcomes:
        return {o.check.id: [f.what for f in o.findings] for o in outcomes if o.source and o.findings}
