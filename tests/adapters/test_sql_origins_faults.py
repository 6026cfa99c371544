"""What may be wrong about where rows come from: each fault with its key and what to write instead; and what only the
database knows.
"""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from edm.model import EntitySet, ServiceMetadata
from erp_adapters.sql_mapping import parse
from erp_adapters.sql_source import split
from tests.adapters import origins, schema
from tests.adapters.conftest import DATABASES

EACH = {"company": ["A", "B"]}


def entity_set(section: Mapping[str, Any], value: Any = "V") -> EntitySet:
    properties = [schema.prop("Key", "String", key=True, max_length=8), schema.prop("Value", "Int64")]
    whole = {"table": "T", "columns": {"Key": "K", "Value": value}, **section}
    return schema.entity_set("Sets", "Set", "Key", properties, whole)


def faults(section: Mapping[str, Any], value: Any = "V") -> list[tuple[str, str]]:
    mapping, found = parse(entity_set(section, value))
    assert (mapping is None) == bool(found)
    return list(found)


def total(**more: Any) -> dict[str, Any]:
    return {"totals": {"open": {"table": "D", "on": {"K": "K"}, **more}}}


def join(**more: Any) -> dict[str, Any]:
    return {"joins": {"j": {"table": "J", "on": {"K": "K"}, **more}}}


TABLES: list[tuple[dict[str, Any], str, str]] = [
    ({"table": []}, "table", "is a list of no tables"),
    ({"table": 7}, "table", "is not a name: 7"),
    ({"table": ["A", 7]}, "table", "is not a name: 7"),
    ({"table": {"table": "T"}}, "table", "is not a name, nor a list of tables"),
    ({"table": [{"tabel": "T"}]}, "table.tabel", "is not known here; known are as, columns, table, where"),
    ({"table": [{"table": "T", "columns": ["A"]}]}, "table.columns", "is not a table such as"),
    ({"table": [{"table": "T", "columns": {"A": 7}}]}, "table.columns.A", "is not a name: 7"),
    ({"table": [{"table": "T", "columns": {"A": {"value": 1.5}}}]}, "table.columns.A", "is no column, nor {"),
    ({"table": [{"table": "T", "columns": {"A": {"null": False}}}]}, "table.columns.A", "is no column, nor {"),
    ({"table": [{"table": "T", "as": ""}]}, "table.as", "is not a text: ''"),
    ({"table": ["T", "T"]}, "table", "names a table twice; tell them apart by as"),
    ({"table": [{"table": "T", "where": {"A": []}}]}, "table.where.A", "is an empty list"),
]
EACHES: list[tuple[dict[str, Any], str, str]] = [
    ({"each": ["A"]}, "each", "is not a table such as { company = [..] }"),
    ({"each": {"company": "A"}}, "each.company", "is not a list of texts"),
    ({"each": {"company": []}}, "each.company", "is not a list of texts, or an empty one"),
    ({"each": {"company": ["A", 7]}}, "each.company", "holds something that is not a text"),
    ({"each": {"company": ["A", "A"]}}, "each.company", "holds a value twice"),
    ({"each": {"the company": ["A"]}}, "each.the company", "is no name of a placeholder"),
    ({"each": {"table": ["A"]}}, "each.table", "is no name of a placeholder"),
    ({"each": EACH}, "table", "has no placeholder {company}, and so every row would come once per value"),
    ({"table": "{company}$T"}, "table", "has the placeholder {company}, which [sql.each] does not have"),
    ({"each": EACH, "table": "{company}$T{year}"}, "table", "has the placeholder {year}, which"),
    ({"each": EACH, "table": ["{company}$T", "T"]}, "table", "has a placeholder in some of its tables only"),
]
WHERES: list[tuple[dict[str, Any], str, str]] = [
    ({"where": ["A"]}, "where", "is not a table such as { COLUMN = [..] }"),
    ({"where": {"A": []}}, "where.A", "is an empty list"),
    ({"where": {"A": 1.5}}, "where.A", "1.5 is not a text, a whole number, a Boolean or a date"),
    ({"where": {"A": 2**63}}, "where.A", "is not a text, a whole number"),
    ({"where": {"A": "a\0"}}, "where.A", "is not a text, a whole number"),
    ({"where": {"A": datetime(2026, 1, 1)}}, "where.A", "is not a text, a whole number, a Boolean or a date"),
    ({"where": {"A": ["a", 1]}}, "where.A", "holds values of several types"),
    ({"where": {"A": [1, True]}}, "where.A", "holds values of several types"),
    ({"where": {"A": {"not": []}}}, "where.A", "is an empty list"),
    ({"where": {"A": {"not": [1.5]}}}, "where.A", "1.5 is not a text"),
    ({"where": {"A": {}}}, "where.A", "is not one of { not = [..] }"),
    ({"where": {"A": {"not": "a", "null": True}}}, "where.A", "is not one of { not = [..] }"),
    ({"where": {"A": {"from": True}}}, "where.A", "from and to are texts, whole numbers or dates"),
    ({"where": {"A": {"from": 1, "to": "b"}}}, "where.A", "from and to are of two types"),
    ({"where": {"A": {"null": "yes"}}}, "where.A", "is not one of { not = [..] }"),
    ({"where": {"@company": "A"}}, "where.@company", "is no pseudo-column here; there is none"),
    (join(where={"A": []}), "joins.j.where.A", "is an empty list"),
    (total(count=True, where={"A": []}), "totals.open.where.A", "is an empty list"),
]
CURRENT: list[tuple[dict[str, Any], str, str]] = [
    ({"current": "DATAB"}, "current", "names no columns"),
    ({"current": {"date": "yyyymmdd"}}, "current", "names no columns"),
    ({"current": {"from": "A", "since": "B"}}, "current.since", "is not known here"),
    ({"current": {"from": 7}}, "current.from", "is not a column: 7"),
    (
        {"current": {"from": "A", "date": "yymmdd"}},
        "current.from",
        "dates of the form yymmdd do not sort as they are stored",
    ),
    ({"current": {"from": "A", "date": "yymm"}}, "current.from", "date is 'yymm', which is not one of"),
    ({"current": {"to": "A", "timezone": "Mars/Base"}}, "current", "timezone is not a name"),
    ({"current": {"to": {"sum": ["+A"]}}}, "current.to", "maps to Decimal, but"),
    (join(current={"from": "A", "none": 7}), "joins.j.current.from", "none is not a list of values"),
]
TOTALS: list[tuple[dict[str, Any], str, str]] = [
    ({"totals": ["x"]}, "totals", "is not a table"),
    ({"totals": {"open": "x"}}, "totals.open", "is not a table"),
    ({"totals": {"a.b": {}}}, "totals.a.b", "is no name: it has a dot"),
    ({"totals": {"@a": {}}}, "totals.@a", "is no name: it has a dot, or begins with @"),
    (total(), "totals.open", "needs one of sum, min, max, count"),
    (total(sum="A", count=True), "totals.open", "needs one of sum, min, max, count"),
    (total(count="A"), "totals.open.count", "is not true"),
    (total(sum=7), "totals.open.sum", "is not a name: 7"),
    (total(avg="A"), "totals.open.avg", "is not known here"),
    ({"totals": {"open": {"table": "D", "count": True}}}, "totals.open.on", "names no columns"),
    (total(count=True, on={"x.A": "K"}), "totals.open.on", "names the join 'x', which is not declared before"),
    (total(count=True, on={"K": "@x"}), "totals.open.on.K", "@x is no pseudo-column there"),
    ({**join(), "totals": {"j": {"table": "D", "on": {"K": "K"}, "count": True}}}, "totals.j", "is the name of a join, too"),
]  # fmt: skip


@pytest.mark.parametrize(("section", "key", "message"), [*TABLES, *EACHES, *WHERES, *CURRENT, *TOTALS])
def test_a_section_that_is_wrong(section: dict[str, Any], key: str, message: str) -> None:
    found = faults(section)
    assert any(at == key and message in text for at, text in found), found


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("@company", "@company is no pseudo-column here; there is none"),
        (
            "A.B",
            "names the join 'A', which is not declared before; a column with a dot in its name is written '\"A.B\"'",
        ),
        ("j.@table", "@table is no pseudo-column here"),
        ("j.", "names the join 'j'"),
    ],
)
def test_a_column_that_is_none(value: str, message: str) -> None:
    found = faults(join(), value)
    assert any(key == "columns.Value" and message in text for key, text in found), found


@pytest.mark.parametrize(
    ("value", "used"),
    [
        ('"A.B"', ("T", "A.B")), ('j."A.B"', ("J", "A.B")), ('"@company"', ("T", "@company")), ('"open"', ("T", "open")),
        ('A"B', ("T", 'A"B')), ('"A""B"', ("T", 'A"B')), ('j.A "B"', ("J", 'A "B"')), ("a b$%:", ("T", "a b$%:")),
    ],
)  # fmt: skip
def test_names_of_columns(value: str, used: tuple[str, str]) -> None:
    mapping, found = parse(entity_set({**join(), **total(count=True)}, value))
    assert mapping is not None, found
    assert [(table, column) for key, table, column in mapping.used() if key == "columns.Value"] == [used]


@pytest.mark.parametrize(
    ("table", "parts", "bare"),
    [
        ("T", (None, "T"), "T"), ("erp.T", ("erp", "T"), "erp.T"), ('"A.B"', (None, "A.B"), "A.B"),
        ('dbo."A.B"', ("dbo", "A.B"), 'dbo."A.B"'), ('"my.erp"."A.B"', ("my.erp", "A.B"), '"my.erp"."A.B"'),
        ('A"B', (None, 'A"B'), 'A"B'), ('"A""B"', (None, 'A"B'), 'A"B'), ("a.b.T", ("a.b", "T"), "a.b.T"),
    ],
)  # fmt: skip
def test_names_of_tables(table: str, parts: tuple[str | None, str], bare: str) -> None:
    assert split(table) == parts
    assert split(table, schemas=False) == (None, bare)


# --- what the database knows ------------------------------------------------------------------------------------------

KINDS = {
    "T": {"K": "VARCHAR(8) NOT NULL", "V": "INTEGER", "N": "VARCHAR(8)", "D": "DATE"},
    "U": {"K": "VARCHAR(8) NOT NULL", "V": "VARCHAR(8)", "N": "VARCHAR(8)"},
    "A.B": {"K": "VARCHAR(8) NOT NULL", "V": "INTEGER"},
}


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    found = f"sqlite:///{tmp_path / 'some.sqlite'}"
    if request.param != "sqlite":
        found = str(request.getfixturevalue("mariadb_url" if request.param == "mariadb" else "postgres_url"))
    origins.make(found, KINDS, {})
    return found


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({}, []),
        ({"table": '"A.B"'}, []),
        ({"table": ["T", "GONE"]}, [("sql.table", "the database has no table GONE")]),
        (join(table="GONE"), [("sql.joins.j.table", "the database has no table GONE")]),
        (total(table="GONE", count=True), [("sql.totals.open.table", "the database has no table GONE")]),
        (
            {"each": EACH, "table": "{company}$T"},
            [("sql.table", "the database has no table A$T"), ("sql.table", "the database has no table B$T")],
        ),
        ({"where": {"X": 1}}, [("sql.where.X", "the table T has no column X")]),
        ({"table": ["T", {"table": "A.B", "columns": {"V": "W"}}]}, None),
        (
            {"table": ["T", {"table": '"A.B"', "columns": {"V": "W"}}]},
            [("sql.columns.Value", 'the table "A.B" has no column W')],
        ),
        (join(current={"from": "X"}), [("sql.joins.j.table", "the database has no table J")]),
        ({"current": {"from": "X"}}, [("sql.current", "the table T has no column X")]),
        (total(table="T", sum="X"), [("sql.totals.open.sum", "the table T has no column X")]),
        (
            {"table": ["T", "U"]},
            [("sql.columns.Value", "V of T holds integer and V of U text: a column has one kind in all tables")],
        ),
        ({"where": {"V": "1"}}, [("sql.where.V", "V holds integer, and is compared with '1'")]),
        ({"where": {"N": [1, 2]}}, [("sql.where.N", "N holds text, and is compared with 1")]),
        ({"where": {"N": {"from": 1}}}, [("sql.where.N", "N holds text, and is compared with 1")]),
        ({"where": {"N": True}}, [("sql.where.N", "N holds text, and is compared with True")]),
        ({"where": {"N": {"null": True}}}, []),
        (total(table="T", sum="N"), [("sql.totals.open.sum", "N holds text, which has no sum")]),
        (total(table="T", max="N"), []),
    ],
)
def test_what_the_database_lacks(url: str, section: dict[str, Any], expected: list[tuple[str, str]] | None) -> None:
    metadata = ServiceMetadata("ErpOData", "1.0.0", (entity_set(section),))
    with closing(schema.adapter(url, metadata)) as adapter:
        found = [(key, message) for _, key, message in adapter.lacks(metadata)]
    if expected is None:  # a dot is a schema's end, where there are schemas
        assert len(found) == 1
    else:
        assert found == expected
