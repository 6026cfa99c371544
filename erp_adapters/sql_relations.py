"""Where rows come from, in SQL: one table as it is, several as a UNION ALL, and under which conditions a row counts.

Conditions stand beside the union, not in its parts: PostgreSQL takes the parts of a bare union for those of one table,
with an index scan of each, in order if that is wanted, and drops those whose constants contradict a condition. What
holds of one part alone says so by the part's number. Constants are literals, so that partial indexes serve.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from functools import partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    FromClause,
    Text,
    and_,
    bindparam,
    cast,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table
from sqlalchemy.types import TypeEngine

from erp_adapters.dialects_base import Dialect
from erp_adapters.sql_codecs import Codec
from erp_adapters.sql_current import DAY, today
from erp_adapters.sql_fields import Column
from erp_adapters.sql_registry import field
from erp_adapters.sql_rows import Condition, Constant, Current, Relation, Total
from erp_adapters.sql_source import Source, split
from erp_adapters.sql_values import TEXTS, UNKNOWN, ColumnFacts, Fresh, Kind, Sql

Columns = Callable[[str], Column]
_Test = Callable[[Column, Sequence[Any]], Sql]

#: The number of a row's part, where a condition holds of one part alone.
_PART = "@part"
_NUMBER = ColumnFacts(Kind.INTEGER, not_null=True)
_TOLD = ColumnFacts(Kind.TEXT, not_null=True, collation="C")


# --- tables -----------------------------------------------------------------------------------------------------------


def rows(source: Source, relation: Relation, names: Sequence[str], alias: str) -> FromClause:
    """The rows with the columns of these names, under an alias."""
    if len(relation.branches) == 1 and all(relation.branches[0].column(name) == name for name in names):
        return table(source, relation.table, names).alias(alias)
    return union(source, relation, names, alias)


def table(source: Source, name: str, columns: Iterable[str]) -> FromClause:
    """A table of the database."""
    schema, bare = split(name, schemas=source.dialect.schemas)
    return sql_table(bare, *map(sql_column, columns), schema=schema)


def union(source: Source, relation: Relation, names: Sequence[str], alias: str) -> FromClause:
    """The rows of all tables, with the columns of these names."""
    told: dict[int, list[Sql]] = {number: [] for number in range(len(relation.branches))}
    for name in names:
        for number, sql in enumerate(_column(source, relation, name)):
            told[number].append(sql.label(name))
    parts = []
    for number, branch in enumerate(relation.branches):
        real = [found for name in names if isinstance(found := branch.column(name), str)]
        columns = told[number]
        if _numbered(relation):
            columns = [*columns, literal_column(str(branch.item)).label(_PART)]
        parts.append(select(*(columns or [literal_column("1")])).select_from(table(source, branch.table, real)))
    return (union_all(*parts) if len(parts) > 1 else parts[0]).subquery(alias)


def _numbered(relation: Relation) -> bool:
    return any(condition.item is not None for condition in relation.conditions)


def _column(source: Source, relation: Relation, name: str) -> Iterator[Sql]:
    """The column in each part. All have one type: what a table has instead of it is of that type by itself, if a column
    stands in one of the first two parts."""
    found = [branch.column(name) for branch in relation.branches]
    d, kind = source.dialect, facts(source, relation, name).kind
    told = all(isinstance(one, Constant) for one in found[:2])
    for one in found:
        if isinstance(one, str):
            yield sql_column(one)
        elif name.startswith("@"):
            yield d.by_code_point(cast(literal(one.value, kind), Text()))
        else:
            sql = null() if one.value is None else literal(one.value, kind)
            yield cast(sql, d.wide_number if kind is Kind.NUMERIC else _TYPES.get(kind, Text())) if told else sql


_TYPES: dict[Kind, TypeEngine[Any]] = {
    Kind.INTEGER: BigInteger(),
    Kind.BOOLEAN: Boolean(),
    Kind.DATE: Date(),
    Kind.TIMESTAMP: DateTime(),
}


# --- facts ------------------------------------------------------------------------------------------------------------


def facts(source: Source, relation: Relation, name: str) -> ColumnFacts:
    """What holds of a column in all tables."""
    if name in relation.pseudo:
        return _TOLD
    if name == _PART:
        return _NUMBER
    found = [branch.column(name) for branch in relation.branches]
    known = [
        source.facts(branch.table, one)
        for branch, one in zip(relation.branches, found, strict=True)
        if isinstance(one, str)
    ]
    if not known:
        return UNKNOWN
    constants = [one for one in found if isinstance(one, Constant)]
    if not constants and len(set(known)) == 1:
        return known[0]
    kinds, collations = {one.kind for one in known}, {one.collation for one in known}
    return ColumnFacts(
        kinds.pop() if len(kinds) == 1 else Kind.OTHER,
        all(one.not_null for one in known) and all(one.value is not None for one in constants),
        # Where they differ PostgreSQL knows none: both equality and order say which one is meant.
        collations.pop() if len(collations) == 1 and not constants else "other",
        max(one.bits for one in known),
        long=any(one.long for one in known),
    )


# --- conditions -------------------------------------------------------------------------------------------------------


def conditions(source: Source, relation: Relation, at: FromClause) -> list[Sql]:
    """Under which a row of the relation, which stands at ``at``, is one."""
    column = partial(_at, source, relation, at)
    found = [_condition(source.dialect, condition, column) for condition in relation.conditions]
    return [*found, *(_current(source.dialect, relation.current, column) if relation.current else ())]


def _at(source: Source, relation: Relation, at: FromClause, name: str) -> Column:
    return Column(at.c[name], facts(source, relation, name), optional=False)


def _condition(d: Dialect, condition: Condition, column: Columns) -> Sql:
    values = condition.values
    if condition.test in ("in", "not"):  # what no column can hold equals none
        values = tuple(one for one in values if not isinstance(one, str) or d.encoding.holds(one))
    sql = _tested(d, _TESTS[condition.test], column(condition.column), values)
    if condition.item is None:
        return sql
    return or_(column(_PART).sql != literal_column(str(condition.item)), sql)


def _tested(d: Dialect, test: _Test, column: Column, values: Sequence[Any]) -> Sql:
    """By code point; beside it as the column compares, where that is named and finds more, for its index."""
    if column.facts.collation != "other" or not column.facts.named or test is _null:
        return test(column, values)
    exact = test(replace(column, sql=d.column_text(column.sql, column.facts)), values)
    return and_(test(column, values), exact) if test is _in else exact


def _in(column: Column, values: Sequence[Any]) -> Sql:
    told = [literal(value, column.facts.kind) for value in values]
    if not told:
        return false()
    return column.sql == told[0] if len(told) == 1 else column.sql.in_(told)


def _not(column: Column, values: Sequence[Any]) -> Sql:
    """Nulls are kept."""
    told = [literal(value, column.facts.kind) for value in values]
    if not told:
        return true()
    sql = column.sql != told[0] if len(told) == 1 else column.sql.not_in(told)
    return or_(sql, column.sql.is_(None)) if column.nullable else sql


def _range(column: Column, values: Sequence[Any]) -> Sql:
    low, high = values
    parts = [] if low is None else [column.sql >= literal(low, column.facts.kind)]
    if high is not None:
        parts.append(column.sql <= literal(high, column.facts.kind, last=True))
    return and_(*parts)


def _null(column: Column, values: Sequence[Any]) -> Sql:
    return column.sql.is_(None) if values[0] else column.sql.is_not(None)


_TESTS: dict[str, _Test] = {"in": _in, "not": _not, "range": _range, "null": _null}


def literal(value: Any, kind: Kind, *, last: bool = False) -> Sql:
    """A constant of the catalog as a literal, quoted by SQLAlchemy for the database. A day that meets a timestamp is
    its first moment, as ``last`` its last one."""
    made: TypeEngine[Any]
    match value:
        case bool():
            if kind is not Kind.INTEGER:
                return true() if value else false()
            value, made = int(value), BigInteger()
        case int():
            made = BigInteger()
        case date() if kind in (Kind.TIMESTAMP, Kind.TIMESTAMP_TZ):
            value, made = datetime.combine(value, time.max if last else time.min), DateTime()
        case date():
            made = Date()
        case _:
            made = Text()
    return bindparam(None, value, made, unique=True, literal_execute=True)


# --- today ------------------------------------------------------------------------------------------------------------


def _current(d: Dialect, current: Current, column: Columns) -> Iterator[Sql]:
    """Neither begun later nor over: what has no date is open."""
    for op, codec in (("gt", current.starts), ("lt", current.ends)):
        if codec is not None:
            yield _not_beyond(d, current.zone, op, codec, column)


def _not_beyond(d: Dialect, zone: str, op: str, codec: Codec, column: Columns) -> Sql:
    there = field(d, DAY, codec, lambda ref: column(ref.name), None)
    fitted = there.fit(op, today(zone))
    values = [
        Fresh(number, value, make=partial(_fresh, there, op, zone, number))
        for number, value in enumerate(fitted.values)
    ]
    return there.say(op, fitted.kind, values, negated=True)


def _fresh(there: Any, op: str, zone: str, number: int) -> Any:
    return there.fit(op, today(zone)).values[number]


# --- totals -----------------------------------------------------------------------------------------------------------


def total_facts(source: Source, total: Total) -> ColumnFacts:
    """What is known of a total, as of a column."""
    if total.method == "count":
        return _NUMBER
    of = facts(source, total.rows, total.column)
    if total.method == "sum":
        return ColumnFacts(of.kind, not_null=True)
    text = of.kind in TEXTS
    return replace(of, not_null=False, collation="C" if text else of.collation)


def total_sql(source: Source, total: Total, at: FromClause, related: Sequence[Sql]) -> Sql:
    """The total as a subquery over the rows at ``at`` that are ``related``. No rows: 0, or null for the least and the
    greatest."""
    d = source.dialect
    if total.method == "count":
        made: Sql = func.count()
    else:
        column = _at(source, total.rows, at, total.column)
        made = _METHODS[total.method](d, column)
    where = [*related, *conditions(source, total.rows, at)]
    return select(made).select_from(at).where(*where).correlate_except(at).scalar_subquery()


def _sum(d: Dialect, column: Column) -> Sql:
    return func.coalesce(d.added(column.sql, column.facts.kind), literal_column("0"))


def _extreme(function: Callable[[Sql], Sql], d: Dialect, column: Column) -> Sql:
    return function(d.by_code_point(column.sql) if column.facts.kind in TEXTS else column.sql)


_METHODS: Mapping[str, Callable[[Dialect, Column], Sql]] = {
    "sum": _sum,
    "min": partial(_extreme, func.min),
    "max": partial(_extreme, func.max),
}
