"""What of a mapping does not fit its database: tables and columns that are missing, kinds of columns that do not go
together. Each fault is a pair of the key within the section and what is wrong."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any

from sqlalchemy import Inspector
from sqlalchemy.exc import NoSuchTableError

from erp_adapters.sql_mapping import SetMapping
from erp_adapters.sql_relations import facts
from erp_adapters.sql_rows import Condition, Relation
from erp_adapters.sql_source import Source, split
from erp_adapters.sql_values import TEXTS, Kind

Faults = Iterator[tuple[str, str]]


def lacking(mapping: SetMapping, source: Source, inspector: Inspector) -> Faults:
    """Everything, each once."""
    missing = list(_missing(mapping, source, inspector))
    yield from missing
    if not missing:
        yield from dict.fromkeys((*_apart(mapping, source), *_compared(mapping, source), *_summed(mapping, source)))


def _missing(mapping: SetMapping, source: Source, inspector: Inspector) -> Faults:
    """Tables are named once, at the key of their rows, and so are columns, whatever uses them first."""
    known: dict[str, set[str] | None] = {}
    at = [(f"{key}table", branch.table) for key, rows in mapping.relations() for branch in rows.branches]
    for key, table in (*at, *(("table", table) for table in mapping.tables())):  # those of codes, too
        if table not in known:
            known[table] = _columns(inspector, table, source)
            if known[table] is None:
                yield key, f"the database has no table {table}"
    named: set[tuple[str, str]] = set()
    for key, table, column in mapping.used():
        if table not in known:  # one that codes are read from
            known[table] = _columns(inspector, table, source)
            if known[table] is None:
                yield "table", f"the database has no table {table}"
        columns = known[table]
        if columns is not None and _named(column, source) not in columns and (table, column) not in named:
            named.add((table, column))
            yield key, f"the table {table} has no column {column}"


def _columns(inspector: Inspector, table: str, source: Source) -> set[str] | None:
    schema, bare = split(table, schemas=source.dialect.schemas)
    with suppress(NoSuchTableError):
        return {_named(found["name"], source) for found in inspector.get_columns(bare, schema)}
    return None


def _named(column: str, source: Source) -> str:
    return column.lower() if source.dialect.any_case else column


def _apart(mapping: SetMapping, source: Source) -> Faults:
    """Columns of several tables that are of several kinds."""
    for key, rows, name in mapping.named():
        kinds: dict[Kind, str] = {}
        for table, column in rows.real(name):
            kinds.setdefault(source.facts(table, column).kind, f"{column} of {table}")
        if len(kinds) > 1:
            (first, one), (second, other) = list(kinds.items())[:2]
            yield key, f"{one} holds {first.value} and {other} {second.value}: a column has one kind in all tables"


#: The kinds of columns that a value of a type is compared with.
_COMPARED: dict[type[Any], frozenset[Kind]] = {
    str: TEXTS | {Kind.UUID, Kind.OTHER},
    int: frozenset({Kind.INTEGER, Kind.NUMERIC, Kind.FLOAT}),
    bool: frozenset({Kind.BOOLEAN, Kind.INTEGER}),
    date: frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ}),
}


def _compared(mapping: SetMapping, source: Source) -> Faults:
    """Conditions whose values are of another kind than their column."""
    for _, rows in mapping.relations():
        for condition in rows.conditions:
            found = _told(rows, condition, source)
            if found is not None:
                yield condition.key, found


def _told(rows: Relation, condition: Condition, source: Source) -> str | None:
    kind = facts(source, rows, condition.column).kind
    for value in condition.values:
        if value is not None and condition.test != "null" and kind not in _COMPARED[type(value)]:
            return f"{condition.column} holds {kind.value}, and is compared with {value!r}"
        if isinstance(value, str) and not source.dialect.encoding.holds(value):
            return f"{condition.column} is compared with {value!r}, which this database cannot hold"
    return None


def _summed(mapping: SetMapping, source: Source) -> Faults:
    for total in mapping.totals.values():
        if total.method == "sum":
            kind = facts(source, total.rows, total.column).kind
            if kind not in _COMPARED[int]:
                yield f"totals.{total.name}.sum", f"{total.column} holds {kind.value}, which has no sum"
