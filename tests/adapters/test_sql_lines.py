"""Lines of ``[sql.columns]`` that are wrong: each has its fault, with its key and what to write instead."""

from typing import Any

import pytest

from erp_adapters.sql_mapping import parse
from tests.adapters import schema

FACETS: dict[str, dict[str, Any]] = {"Decimal": {"precision": 15, "scale": 2}}


def faults(kind: str, line: Any, facets: dict[str, Any]) -> list[tuple[str, str]]:
    properties = [
        schema.prop("Key", "String", key=True, max_length=8),
        schema.prop("Value", kind, **{**FACETS.get(kind, {}), **facets}),
    ]
    section = {
        "table": "T",
        "joins": {"j": {"table": "J", "on": {"K": "K"}}},
        "columns": {"Key": "K", "Value": line},
    }
    mapping, found = parse(schema.entity_set("Sets", "Set", "Key", properties, section))
    assert (mapping is None) == bool(found)
    return found


DATES: list[tuple[str, dict[str, Any], str]] = [
    ("Date", {"column": "D", "date": "yymm"}, "date is 'yymm', which is not one of yyyymmdd, cyyddd"),
    ("Date", {"column": "D", "date": 8}, "date is 8, which is not one of"),
    ("String", {"column": "D", "date": "cyyddd"}, "maps to Date, but the property is String"),
    ("Date", {"date": "cyyddd"}, "is not a column: None"),
    ("Date", {"column": "x.D", "date": "cyyddd"}, "names the join 'x'"),
    ("Date", {"column": "D", "date": "cyyddd", "trim": True}, "is not known here"),
    ("DateTimeOffset", {"column": "D", "date": "cyyddd"}, "maps to Date, but"),
    ("DateTimeOffset", {"column": "D", "date": "cyyddd", "time": "hhmmss"}, "needs time_column and timezone too"),
    ("DateTimeOffset", {"column": "D", "date": "cyyddd", "timezone": "UTC"}, "needs time and time_column too"),
    (
        "DateTimeOffset",
        {"column": "D", "date": "cyyddd", "time": "hhmmss", "time_column": "T", "timezone": "Mars/Base"},
        "timezone is not a name such as",
    ),
    (
        "DateTimeOffset",
        {"column": "D", "date": "cyyddd", "time": "ss", "time_column": "T", "timezone": "UTC"},
        "time is 'ss', which is not one of hhmmss",
    ),
    (
        "Date",
        {"column": "D", "date": "cyyddd", "time": "hhmmss", "time_column": "T", "timezone": "UTC"},
        "maps to DateTimeOffset, but the property is Date",
    ),
]
NONE: list[tuple[str, dict[str, Any], str]] = [
    ("Date", {"column": "D", "none": []}, "none is not a list of values"),
    ("Date", {"column": "D", "none": "1753-01-01"}, "none is not a list of values"),
    ("Date", {"column": "D", "none": ["1753"]}, "none holds '1753', which is no Date"),
    ("Date", {"column": "D", "none": [17530101]}, "none holds 17530101, which is no Date"),
    ("DateTimeOffset", {"column": "D", "none": ["never"]}, "which is no DateTimeOffset"),
    ("String", {"column": "D", "none": [0]}, "none holds 0, which is no String"),
    ("Int32", {"column": "D", "none": ["0"]}, "none holds '0', which is no Int32"),
    ("Int32", {"column": "D", "none": [True]}, "which is no Int32"),
    ("Decimal", {"column": "D", "none": ["NaN"]}, "which is no Decimal"),
    ("Boolean", {"column": "D", "none": [True]}, "none is for values"),
    ("Boolean", {"column": "D", "true": ["X"], "none": ["Y"]}, "none is for values"),
]


@pytest.mark.parametrize(("kind", "line", "message"), [*DATES, *NONE])
def test_a_line_that_is_wrong(kind: str, line: dict[str, Any], message: str) -> None:
    found = faults(kind, line, {})
    assert all(key.startswith("columns.Value") for key, _ in found)
    assert any(message in text for _, text in found), found


def test_none_where_there_must_be_a_value() -> None:
    [(key, text)] = faults("Date", {"column": "D", "none": ["1753-01-01"]}, {"nullable": False})
    assert (key, text) == ("columns.Value", "none makes some values null, but the property is not nullable")
