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
NUMBERS: list[tuple[str, dict[str, Any], str]] = [
    ("Decimal", {"column": "D", "decimals": {"by": "C", "values": {"JPY": 0}}}, "decimals by a column need values"),
    ("Decimal", {"column": "D", "decimals": {"by": "C", "values": ["JPY"], "default": 2}}, "need values such as"),
    ("Decimal", {"column": "D", "decimals": {"by": "C", "values": {"X": -10}, "default": 2}}, "from -9 to 18"),
    ("Decimal", {"column": "D", "decimals": {"by": "C", "values": {"X": 3}, "default": 2}}, "has 3 decimals, but"),
    ("Decimal", {"column": "D", "decimals": {"by": "x.C", "default": 2}}, "names the join 'x'"),
    ("Decimal", {"column": "D", "decimals": {"by": "C", "default": 2, "column": "C"}}, "is not known here"),
    ("Decimal", {"column": "D", "decimals": {"column": "j.C"}}, "need a default from 0 to 18"),
    ("Decimal", {"column": "D", "decimals": {"column": "j.C", "default": 2, "stored": -1}}, "stored is such a number"),
    ("Decimal", {"column": "D", "decimals": {"default": 2}}, "is not a column: None"),
    ("Int32", {"column": "D", "decimals": 2}, "maps to Decimal, but the property is Int32"),
    ("Int32", {"column": "D", "times": "T"}, "maps to Decimal, but the property is Int32"),
    ("Decimal", {"column": "D", "sign": 0}, "sign is neither 1, -1 nor"),
    ("Decimal", {"column": "D", "sign": {"by": "T"}}, "negative is not a list of codes"),
    ("Decimal", {"column": "D", "sign": {"negative": ["X"]}}, "is not a column: None"),
    ("String", {"column": "D", "sign": -1}, "maps to Decimal, but the property is String"),
    ("Decimal", {"column": "D", "times": 3}, "is not a column: 3"),
    ("Decimal", {"times": "T"}, "is not a column: None"),
    ("Decimal", {"sum": ["+A"], "sign": -1}, "is not known here"),
    ("Decimal", {"sum": ["A"]}, "sum is not a list of signed columns"),
]
CHOICES: list[tuple[str, dict[str, Any], str]] = [
    ("String", {"first": []}, "first is not a list of columns"),
    ("String", {"first": ["=EUR"]}, "first has columns, and then at most one constant"),
    ("String", {"first": ["=EUR", "A"]}, "first has columns, and then at most one constant"),
    ("String", {"first": ["x.A"]}, "names the join 'x'"),
    ("Int32", {"first": ["A"]}, "maps to String, but the property is Int32"),
    ("String", {"value": 1}, "value is 1, which is no String"),
    ("String", {"value": "E" * 41}, "value has 41 characters, but max_length is 40"),
    ("Decimal", {"value": "0.005"}, "has 3 decimals, but the property's scale is 2"),
    ("Boolean", {"value": "yes"}, "value is 'yes', which is no Boolean"),
    ("Date", {"value": "tomorrow"}, "which is no Date"),
    ("String", {"value": "EUR", "column": "A"}, "is not known here; known are value"),
    ("Boolean", {"column": "A", "true": []}, "true is not a list of codes"),
    ("Boolean", {"column": "A", "true": [1.5]}, "true is not a list of codes"),
    ("Boolean", {"column": "A", "false": ["N"]}, "true is not a list of codes"),
    ("Boolean", {"column": "A", "true": ["Y"], "false": "N"}, "false is not a list of codes"),
    ("Boolean", {"column": "A", "true": ["Y", "1"], "false": [1]}, "1 cannot be both true and false"),
]
TEXTS: list[tuple[str, dict[str, Any], str]] = [
    (
        "String",
        {"columns": ["A", "B", "C"], "widths": [3]},
        "needs columns and as many widths, or one less if the last",
    ),
    ("String", {"columns": ["A"], "widths": []}, "needs columns and as many widths"),
    ("String", {"columns": ["A", "B"], "widths": [3, 0]}, "has a width that is not a number from 1 to 80"),
    ("String", {"column": "A", "trim": "left"}, "trim is neither true nor false: 'left'"),
    ("String", {"column": "A", "width": 12}, 'width goes with trim = "both"'),
    ("String", {"column": "A", "trim": "both", "width": 0}, "width is not a number from 1 to 255: 0"),
    ("Int32", {"column": "A", "trim": "both"}, "maps to String, but the property is Int32"),
    ("String", {"column": "A", "alpha": True}, "alpha is not a number from 1 to 255: True"),
    ("Int32", {"column": "A", "alpha": 10}, "maps to String, but the property is Int32"),
    ("String", {"column": "A", "guid": "swapped"}, 'guid is neither true nor "mixed"'),
    ("Int32", {"column": "A", "guid": True}, "maps to String, but the property is Int32"),
    ("String", {"column": "A", "polymorphic": ""}, "polymorphic is not the name of a model"),
    ("String", {"column": "A", "polymorphic": "a,b"}, "polymorphic is not the name of a model"),
    ("Decimal", {"column": "A", "parse": "date"}, "parse is 'date', which is not one of number"),
    ("String", {"column": "A", "parse": "number"}, "maps to Decimal, but the property is String"),
    ("String", {"columns": ["A"], "separator": "~"}, "columns is not a list of at least two columns"),
    ("String", {"columns": ["A", "B"]}, "columns without widths need a separator, one of ~ ., not None"),
    ("String", {"columns": ["A", "B"], "separator": "-"}, "columns without widths need a separator"),
    ("Int32", {"columns": ["A", "B"], "separator": "~"}, "maps to String, but the property is Int32"),
    ("String", {"column": "A", "when": {}}, "when names no columns"),
    ("String", {"column": "A", "when": "B"}, "when names no columns"),
    ("String", {"column": "A", "when": {"B": []}}, "when.B is not a list of codes"),
    ("String", {"column": "A", "when": {"x.B": "1"}}, "names the join 'x'"),
    ("String", {"column": "A", "codes": ["10"]}, "codes is not a table such as"),
    ("String", {"column": "A", "codes": {"table": "U", "code": "C", "word": ""}}, "is not a name: ''"),
    ("String", {"column": "A", "codes": {"table": "U", "code": "C", "word": "W", "if": "1"}}, "is not known here"),
    (
        "String",
        {"column": "A", "codes": {"table": "U", "code": "C", "word": "W", "where": {"S": 1.5}}},
        "is not a table of",
    ),
]


@pytest.mark.parametrize(("kind", "line", "message"), [*DATES, *NONE, *NUMBERS, *CHOICES, *TEXTS])
def test_a_line_that_is_wrong(kind: str, line: dict[str, Any], message: str) -> None:
    found = faults(kind, line, {})
    assert all(key.startswith("columns.Value") for key, _ in found)
    assert any(message in text for _, text in found), found


def test_an_empty_constant_where_there_must_be_a_value() -> None:
    [(key, text)] = faults("Int32", {"value": ""}, {"nullable": False})
    assert (key, text) == ("columns.Value", "value is '', which is no Int32")


@pytest.mark.parametrize("line", [{"column": "D", "when": {"C": "X"}}, {"column": "D", "polymorphic": "sale"}])
def test_null_for_some_rows_where_there_must_be_a_value(line: dict[str, Any]) -> None:
    [(key, text)] = faults("String", line, {"nullable": False})
    assert key == "columns.Value"
    assert text.endswith("but the property is not nullable")


def test_none_where_there_must_be_a_value() -> None:
    [(key, text)] = faults("Date", {"column": "D", "none": ["1753-01-01"]}, {"nullable": False})
    assert (key, text) == ("columns.Value", "none makes some values null, but the property is not nullable")
