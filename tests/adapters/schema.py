"""Small tables with every codec of the ``[sql]`` section and every type, on each database, with odd data.

``create`` makes and fills them; ``METADATA`` is their catalog, built here in Python because the published types are
fewer than those that the adapter reads.
"""

import math
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, create_engine, text

from edm.model import EntitySet, EntityType, NavigationProperty, Property, ServiceMetadata
from edm.primitives import PRIMITIVES
from edm.query import Query
from erp_adapters import sql
from erp_adapters.base import Adapter, Session
from erp_adapters.sql import SqlAdapter
from erp_adapters.sql_drivers import driver_url

Rows = Mapping[str, Sequence[Mapping[str, Any]]]

# --- the catalog ------------------------------------------------------------------------------------------------------


def prop(name: str, kind: str, *, key: bool = False, **facets: Any) -> Property:
    """A property; strings have a length, decimals their digits."""
    if kind == "String":
        facets.setdefault("max_length", 40)
    nullable = facets.pop("nullable", not key)
    return Property(name, PRIMITIVES[kind], name, f"{name}.", nullable, **facets)


def entity_set(
    name: str, kind: str, key: str, properties: Sequence[Property], section: Mapping[str, Any],
    navigation: Sequence[NavigationProperty] = (), order: int = 0,
) -> EntitySet:  # fmt: skip
    made = EntityType(kind, key, tuple(properties), tuple(navigation))
    return EntitySet(name, made, kind, name, ".", "ERP", order, {"sql": section})


def both_ways(
    name: str, own: str, dependent: str, target: str, key: str, partner: str
) -> tuple[NavigationProperty, NavigationProperty]:
    """A reference and its inverse."""
    there = NavigationProperty(name, target, False, partner, ((own, key),), name, ".", dependent=True)
    back = NavigationProperty(
        partner, dependent, True, name, ((key, own),), partner, ".", dependent=False, nullable=False
    )
    return there, back


_PARENT, _CHILDREN = both_ways("Parent", "ParentNumber", "Things", "Parents", "ParentNumber", "Things")
_PREVIOUS, _FOLLOWERS = both_ways("Previous", "PreviousKey", "Things", "Things", "ThingKey", "Followers")

PARENTS = entity_set(
    "Parents", "Parent", "ParentNumber",
    [
        prop("ParentNumber", "String", key=True, max_length=8),
        prop("ParentName", "String", searchable=True),
        prop("Group", "String", max_length=4),
        prop("Rank", "Int16"),
    ],
    {
        "table": "PAR",
        "columns": {
            "ParentNumber": "PNO", "ParentName": "NM", "Group": {"column": "GRP", "trim": True}, "Rank": "RNK",
        },
    },
    [_CHILDREN],
    1,
)  # fmt: skip

THINGS = entity_set(
    "Things", "Thing", "ThingKey",
    [
        prop("ThingKey", "String", key=True, max_length=10),
        prop("ParentNumber", "String", max_length=8),
        prop("PreviousKey", "String", max_length=10),
        prop("Text", "String", searchable=True),
        prop("Worded", "String", searchable=True),
        prop("Padded", "String", max_length=8),
        prop("Trimmed", "String", max_length=12),
        prop("Remarks", "String", max_length=4000, prose=True),
        prop("Native", "Boolean"),
        prop("Flagged", "Boolean", nullable=False),
        prop("Marked", "Boolean", nullable=False),
        prop("Small", "Int16"),
        prop("Medium", "Int32"),
        prop("Big", "Int64"),
        prop("Line", "Int32", nullable=False),
        prop("Amount", "Decimal", precision=15, scale=2),
        prop("Price", "Decimal", precision=18, scale=4),
        prop("Ratio", "Double"),
        prop("Day", "Date"),
        prop("DueDate", "Date"),
        prop("ShipDate", "Date"),
        prop("CreatedAt", "DateTimeOffset", precision=6),
        prop("LocalAt", "DateTimeOffset", precision=0),
        prop("ZonedAt", "DateTimeOffset", precision=6),
        prop("Reference", "Guid"),
        prop("Status", "String", max_length=10),
        prop("Level", "String", max_length=10),
        prop("Net", "Decimal", precision=18, scale=3),
        prop("Balance", "Int64", nullable=False),
        prop("ParentGroup", "String", max_length=4),
        prop("ParentRank", "Int16"),
    ],
    {
        "table": "THG",
        "joins": {"p": {"table": "PAR", "on": {"PNO": "PNO"}}},
        "columns": {
            "ThingKey": {"columns": ["DOC", "LIN"], "widths": [6, 3], "separator": "~"},
            "ParentNumber": "PNO",
            "PreviousKey": {"columns": ["PDOC", "PLIN"], "widths": [6, 3], "separator": "~"},
            "Text": "TXC",
            "Worded": "TXD",
            "Padded": {"column": "TXP", "trim": True},
            "Trimmed": {"column": "TXT", "trim": True},
            "Remarks": "TXL",
            "Native": "BOO",
            "Flagged": {"column": "FLG", "true": ["X", "Y"], "trim": True},
            "Marked": {"column": "FLI", "true": ["1", "2"]},
            "Small": "I2",
            "Medium": "I4",
            "Big": "I8",
            "Line": "LIN",
            "Amount": "AMT",
            "Price": {"column": "PRC", "decimals": 4},
            "Ratio": "DBL",
            "Day": "DAY",
            "DueDate": {"column": "DUE", "date": "yyyymmdd"},
            "ShipDate": {"column": "SHP", "date": "yyyymmdd"},
            "CreatedAt": {"column": "CRT", "timezone": "UTC"},
            "LocalAt": {"column": "LOC", "timezone": "Europe/Berlin"},
            "ZonedAt": "ZON",
            "Reference": "GID",
            "Status": {"column": "STS", "codes": {"10": "Open", "15": "Open", "90": "Closed", "95": "77"}},
            "Level": {"column": "LVL", "codes": {"1": "Low", "2": "High", "-3": "Odd"}},
            "Net": {"sum": ["+QA", "-QB"], "decimals": 3},
            "Balance": {"sum": ["-QA", "+QN"]},
            "ParentGroup": {"column": "p.GRP", "trim": True},
            "ParentRank": "p.RNK",
        },
    },
    [_PARENT, _PREVIOUS, _FOLLOWERS],
    2,
)  # fmt: skip

METADATA = ServiceMetadata("ErpOData", "1.0.0", (PARENTS, THINGS))

# --- the tables -------------------------------------------------------------------------------------------------------

_DDL = """
CREATE TABLE "PAR" (
    "PNO" VARCHAR(8){k} NOT NULL PRIMARY KEY, "NM" VARCHAR(40), "GRP" CHAR(4), "RNK" SMALLINT
);
CREATE TABLE "THG" (
    "DOC" VARCHAR(6){k} NOT NULL, "LIN" INTEGER NOT NULL, "PNO" VARCHAR(8){k}, "PDOC" VARCHAR(6){c}, "PLIN" INTEGER,
    "TXC" VARCHAR(40){c}, "TXD" VARCHAR(40), "TXP" CHAR(8), "TXT" VARCHAR(12){p}, "TXL" TEXT,
    "BOO" BOOLEAN, "FLG" CHAR(2), "FLI" SMALLINT, "I2" SMALLINT, "I4" INTEGER, "I8" BIGINT,
    "AMT" NUMERIC(15,2), "PRC" BIGINT, "DBL" DOUBLE PRECISION,
    "DAY" DATE, "DUE" INTEGER, "SHP" INTEGER NOT NULL,
    "CRT" {stamp}, "LOC" {stamp}, "ZON" {zoned}, "GID" {guid},
    "STS" VARCHAR(6){s}, "LVL" SMALLINT, "QA" INTEGER, "QB" BIGINT, "QN" BIGINT NOT NULL,
    PRIMARY KEY ("DOC", "LIN")
);
"""
#: Per database: what text compares by code point, in keys, padded and in statuses, and how types are called.
_WORDS = {
    "postgresql": {
        **dict.fromkeys("ckps", ' COLLATE "C"'), "stamp": "TIMESTAMP", "zoned": "TIMESTAMPTZ", "guid": "UUID",
    },
    "sqlite": {**dict.fromkeys("ckps", ""), "stamp": "TIMESTAMP", "zoned": "TIMESTAMP", "guid": "CHAR(32)"},
    "mysql": {
        "c": " COLLATE utf8mb4_nopad_bin", "k": " COLLATE utf8mb4_unicode_ci", "p": " COLLATE utf8mb4_bin",
        "s": " CHARACTER SET latin1", "stamp": "DATETIME(6)", "zoned": "DATETIME(6)", "guid": "CHAR(32)",
    },
}  # fmt: skip

TEXTS = (
    None, "", " ", "a", "A", "a ", "%", "_", "\\", "100%_\\", "'", "O'Neil & Söhne", '"', "Müller", "MÜLLER",
    "İstanbul", "ß", "ẞ", "SS", "ΟΔΟΣ", "οδός", "e\u0301", "é", "ﬁ", "FI",
    "😀", "A😀B", "\uffff", "\U0010ffff", "日本商事", "\t\n",
    "\u00a0x\u00a0", "Acme, Inc.", "acme inc", "ǅ", "ŉ", "00", "-1",
)  # fmt: skip
_PADDED = (None, "", "AB", "AB ", " AB", "ab", "Ünïcöd", "12345678", "%", "'")
_STATUS = (None, "10", "15", "90", "95", "77", "Open", "", "10 ", "99", "Ö")
_LEVEL = (None, 1, 2, -3, 0, 7, 32767)
_FLAGS = (None, "X", "Y", "x", "", "N", " X", "1")
_I2 = (None, 0, 1, -1, 7, -32768, 32767)
_I4 = (None, 0, 1, -1, 12, -(2**31), 2**31 - 1)
_I8 = (None, 0, 1, -1, 5, -(2**63), 2**63 - 1, 2**53 + 1)
_AMOUNTS = (
    None, "0", "0.01", "-0.01", "0.10", "0.30", "19.99", "-250000.5", "1234567890123.45", "-9999999999999.99", "100",
)  # fmt: skip
_PRICES = (None, 0, 1, -1, 123456, -99990000, 10**18 - 1, -(10**18) + 1, 50000)
_RATIOS = (None, 0.0, -0.0, 0.1, 1.5, -2.25, 1e300, 5e-324, float("inf"), float("-inf"), float("nan"), 3.0)
_DAYS = (None, date(2024, 2, 29), date(2025, 12, 31), date(2026, 1, 1), date(1, 1, 1), date(9999, 12, 31))
_DIGITS = (None, 0, 20240229, 20251231, 20260101, 10101, 99991231)
_MOMENTS = (
    None, datetime(2026, 1, 1), datetime(2025, 12, 31, 23, 59, 59, 999999), datetime(2026, 3, 29, 1, 0),
    datetime(2026, 6, 15, 12, 30, 15, 250000), datetime(1, 1, 2), datetime(9999, 12, 30, 23, 59, 59),
)  # fmt: skip
#: Around the two changes of the clock in Berlin in 2026: a time that does not exist, and one that is there twice.
_LOCAL = (
    None, datetime(2026, 3, 29, 1, 59, 59), datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 3, 0),
    datetime(2026, 10, 25, 1, 59), datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 3, 0), datetime(2026, 7, 1),
    datetime(1990, 1, 1),
)  # fmt: skip
_GUIDS = (None, UUID(int=0), UUID(int=1), UUID("01234567-89ab-cdef-0123-456789abcdef"), UUID(int=2**128 - 1))
_QUANTITIES = (None, 0, 1, 5, 1500, -1500, 2**31 - 1)

PARENT_ROWS = tuple(
    {
        "PNO": f"P{n}", "NM": TEXTS[n * 5 % len(TEXTS)], "GRP": (None, "A", "AB", "ABCD", "")[n % 5],
        "RNK": _I2[n % len(_I2)],
    }
    for n in range(9)
)  # fmt: skip


def thing_rows(count: int = 140) -> list[dict[str, Any]]:
    """Rows of ``THG``: every odd value in turn, so that each occurs, and by chance, so that they mix."""
    dice = random.Random(2)

    def one(values: Sequence[Any], n: int) -> Any:
        return values[n] if n < len(values) else dice.choice(values)

    rows: list[dict[str, Any]] = []
    for n in range(count):
        amount = one(_AMOUNTS, n)
        rows.append(
            {
                "DOC": f"D{n // 4:05}", "LIN": n % 4 * 7,
                "PNO": None if n % 6 == 0 else f"P{n % 11}",  # P9, P10: dangling
                "PDOC": None if n % 5 == 0 else f"D{n // 8:05}", "PLIN": None if n % 7 == 0 else n % 3 * 7,
                "TXC": one(TEXTS, n), "TXD": one(TEXTS, n), "TXP": one(_PADDED, n),
                "TXT": one(("a", "a ", "a  ", "a!", "a\t", *_PADDED), n), "TXL": one(TEXTS, n),
                "BOO": one((None, True, False), n), "FLG": one(_FLAGS, n), "FLI": one((None, 0, 1, 2, 3), n),
                "I2": one(_I2, n), "I4": one(_I4, n), "I8": one(_I8, n),
                "AMT": None if amount is None else Decimal(amount), "PRC": one(_PRICES, n), "DBL": one(_RATIOS, n),
                "DAY": one(_DAYS, n), "DUE": one(_DIGITS, n), "SHP": one(_DIGITS[1:], n),
                "CRT": one(_MOMENTS, n), "LOC": one(_LOCAL, n), "ZON": one(_MOMENTS, n), "GID": one(_GUIDS, n),
                "STS": one(_STATUS, n), "LVL": one(_LEVEL, n),
                "QA": one(_QUANTITIES, n), "QB": one((*_QUANTITIES, 10**14), n), "QN": one((0, 1, -7), n),
            }
        )  # fmt: skip
    return rows


def for_sqlite(value: Any) -> Any:
    """As SQLAlchemy stores it in SQLite, NaN aside, which SQLite has not."""
    match value:
        case datetime():
            return value.isoformat(" ", "microseconds")
        case date():
            return value.isoformat()
        case UUID():
            return value.hex
        case Decimal():
            return str(value)
    return value


def for_mysql(value: Any) -> Any:
    """Without infinities and NaN, which it has not."""
    match value:
        case UUID():
            return value.hex
        case float() if not math.isfinite(value):
            return None
    return value


def execute(url: str, *statements: str) -> None:
    """Runs statements as the ERP would: on a connection that may write."""
    engine = create_engine(driver_url(url))
    try:
        with engine.begin() as connection:
            quoted_as_usual(connection)
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()


def quoted_as_usual(connection: Connection) -> None:
    """Names in double quotes, on MariaDB too."""
    if connection.dialect.name == "mysql":
        connection.execute(text("SET SESSION sql_mode = 'ANSI_QUOTES'"))


def create(url: str) -> None:
    """Makes the tables and fills them."""
    engine = create_engine(driver_url(url))
    name = engine.dialect.name
    try:
        with engine.begin() as connection:
            quoted_as_usual(connection)
            for statement in _DDL.format(**_WORDS[name]).split(";"):
                if statement.strip():
                    connection.execute(text(statement))
            for table, rows in (("PAR", PARENT_ROWS), ("THG", thing_rows())):
                columns = tuple(rows[0])
                named = ", ".join(f'"{column}"' for column in columns)
                values = ", ".join(f":{c}" for c in columns)
                insert = text(f'INSERT INTO "{table}" ({named}) VALUES ({values})')
                connection.execute(insert, [_stored(name, row) for row in rows])
    finally:
        engine.dispose()


def _stored(dialect: str, row: Mapping[str, Any]) -> dict[str, Any]:
    if dialect == "sqlite":
        return {column: for_sqlite(value) for column, value in row.items()}
    if dialect == "mysql":
        return {column: for_mysql(value) for column, value in row.items()}
    zoned = row.get("ZON")
    return {**row, "ZON": zoned.replace(tzinfo=UTC)} if zoned is not None else dict(row)


def adapter(url: str, metadata: ServiceMetadata = METADATA, **options: Any) -> SqlAdapter:
    return sql.connect(url, metadata, **options)


def read(source: Adapter, query: Query, session: Session | None = None) -> list[tuple[Any, ...]]:
    """All rows of the answer."""
    return [row for page in source.read(query, session or Session()) for row in page.rows]


def published(source: Adapter, metadata: ServiceMetadata = METADATA) -> Rows:
    """All rows of all sets, as the adapter publishes them."""
    return {
        s.name: [dict(zip(s.type.names, row, strict=True)) for row in read(source, Query(s.name, s.type.names))]
        for s in metadata.sets
    }
