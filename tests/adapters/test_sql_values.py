"""Every codec and type is read as its values are, on both databases; the expectation is written out per codec here."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from erp_adapters.sql import SqlAdapter
from tests.adapters import schema

Stored = Mapping[str, Any]

_PARENTS = {row["PNO"]: row for row in schema.PARENT_ROWS}
_WORDS = {"10": "Open", "15": "Open", "90": "Closed", "95": "77"}
_LEVELS = {1: "Low", 2: "High", -3: "Odd"}


def _column(name: str) -> Callable[[Stored], Any]:
    return lambda row: row[name]


def _trimmed(name: str) -> Callable[[Stored], Any]:
    return lambda row: None if row[name] is None else row[name].rstrip(" ")


def _digits(name: str) -> Callable[[Stored], Any]:
    def read(row: Stored) -> date | None:
        number = row[name]
        return date(number // 10_000, number // 100 % 100, number % 100) if number else None

    return read


def _moment(name: str, zone: str) -> Callable[[Stored], Any]:
    def read(row: Stored) -> datetime | None:
        local = row[name]
        return None if local is None else local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)

    return read


def _composite(document: str, line: str) -> Callable[[Stored], Any]:
    def read(row: Stored) -> str | None:
        return None if None in (row[document], row[line]) else f"{row[document]}~{row[line]:03}"

    return read


def _parent(row: Stored) -> Stored:
    return _PARENTS.get(row["PNO"], {"GRP": None, "RNK": None})


EXPECTED: dict[str, Callable[[Stored], Any]] = {
    "ThingKey": _composite("DOC", "LIN"),
    "PreviousKey": _composite("PDOC", "PLIN"),
    "ParentNumber": _column("PNO"),
    "Text": _column("TXC"),
    "Worded": _column("TXD"),
    "Padded": _trimmed("TXP"),
    "Trimmed": _trimmed("TXT"),
    "Remarks": _column("TXL"),
    "Native": _column("BOO"),
    "Flagged": lambda row: row["FLG"] in ("X", "Y"),
    "Marked": lambda row: row["FLI"] in (1, 2),
    "Small": _column("I2"),
    "Medium": _column("I4"),
    "Big": _column("I8"),
    "Line": _column("LIN"),
    "Amount": _column("AMT"),
    "Price": lambda row: None if row["PRC"] is None else Decimal(row["PRC"]) / 10_000,
    "Ratio": _column("DBL"),
    "Day": _column("DAY"),
    "DueDate": _digits("DUE"),
    "ShipDate": _digits("SHP"),
    "CreatedAt": _moment("CRT", "UTC"),
    "LocalAt": _moment("LOC", "Europe/Berlin"),
    "ZonedAt": _moment("ZON", "UTC"),
    "Reference": _column("GID"),
    "Status": lambda row: _WORDS.get(row["STS"], row["STS"]),
    "Level": lambda row: None if row["LVL"] is None else _LEVELS.get(row["LVL"], str(row["LVL"])),
    "Net": lambda row: Decimal((row["QA"] or 0) - (row["QB"] or 0)) / 1000,
    "Balance": lambda row: row["QN"] - (row["QA"] or 0),
    "ParentGroup": lambda row: _trimmed("GRP")(_parent(row)),
    "ParentRank": lambda row: _parent(row)["RNK"],
}


@pytest.fixture(scope="module")
def rows(small: SqlAdapter) -> schema.Rows:
    return schema.published(small)


def test_every_property_has_an_expectation() -> None:
    assert set(EXPECTED) == set(schema.THINGS.type.names)


@pytest.mark.parametrize("name", EXPECTED)
def test_values_of(rows: schema.Rows, small: SqlAdapter, name: str) -> None:
    kind = schema.THINGS.type.property(name)
    assert kind is not None
    found = {row["ThingKey"]: row[name] for row in rows["Things"]}
    stored = {EXPECTED["ThingKey"](row): EXPECTED[name](row) for row in schema.thing_rows()}
    backend = small.url.get_backend_name()
    for key, value in stored.items():
        if isinstance(value, float) and (math.isnan(value) if backend == "sqlite" else not math.isfinite(value)):
            value = None if backend != "postgresql" else value  # SQLite has no NaN, MariaDB no infinity either
        assert found[key] == value or (value != value and found[key] != found[key]), key
        assert found[key] is None or type(found[key]) is kind.type.python, key
    assert len({repr(value) for value in stored.values()}) > 1


def test_decimals_have_the_scale_of_their_property(rows: schema.Rows) -> None:
    for row in rows["Things"]:
        for name, scale in (("Amount", 2), ("Price", 4), ("Net", 3)):
            assert row[name] is None or row[name].as_tuple().exponent == -scale
