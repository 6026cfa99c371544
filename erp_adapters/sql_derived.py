"""Queries whose rows are made of others: each layer a derived table, its columns single values in a known form.

A layer is compiled like a statement for rows of a set; ``Derived`` takes the place of the table. What SQL cannot say
exactly raises ``Unsupported``, and the engine makes that layer itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from sqlalchemy import FromClause, Select, Subquery, and_, func, null, select, union_all
from sqlalchemy import cast as sql_cast

from edm.aggregate import checked
from edm.expressions import IT, Const, Expr, conjuncts
from edm.model import EntitySet, NavigationProperty, Property
from edm.primitives import DECIMAL, PrimitiveType
from edm.query import Aggregate, Concat, Grouping, OrderItem, Query, Ranking
from erp_adapters.dialects_base import Dialect, constant_form
from erp_adapters.sql_bounds import bounded
from erp_adapters.sql_codecs import Codec
from erp_adapters.sql_compile import Compiler, Place
from erp_adapters.sql_decode import Decoder, Output, computed
from erp_adapters.sql_fields import Field
from erp_adapters.sql_values import NUMBERS, Form, Sql, Unsupported, Value


@dataclass(frozen=True, slots=True, eq=False)
class _Column(Field):
    """A column of a derived table."""

    given: Value | None = None

    @property
    def nullable(self) -> bool:
        return self.value().nullable

    def value(self) -> Value:
        assert self.given is not None
        return self.given


class _Derived(Place):
    """A derived table in the place of a set's."""

    def __init__(self, compiler: Compiler, entity_set: EntitySet, layer: "Layer") -> None:
        self.compiler, self.entity_set, self.optional = compiler, entity_set, False
        self.table: FromClause = layer.table
        self._joined = []
        self._values = layer.values

    def field(self, name: str) -> Field:
        value = self._values[name]
        prop = Property(name, value.type, "", "", nullable=value.nullable)
        return _Column(self.compiler.source.dialect, prop, cast("Codec", None), (), None, value)

    def via(self, navigation: NavigationProperty) -> Place:
        raise Unsupported("no navigation leads on from aggregated rows")


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A derived table and its columns as values."""

    table: Subquery
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A statement without columns, and what they can be. ``None`` is null of no form yet."""

    statement: Select[Any]
    values: Mapping[str, Value | None]
    order: tuple[Sql, ...]

    def selected(self, *more: Sql) -> Select[Any]:
        """The statement for the values, as ``c0``, ``c1`` and so on, then ``more``."""
        if None in self.values.values():
            raise Unsupported("null of no form")
        columns = [value.sql for value in self.values.values() if value is not None]
        named = [sql.label(f"c{number}") for number, sql in enumerate(columns)]
        return self.statement.with_only_columns(*named, *more, maintain_column_froms=True)

    def layer(self, d: Dialect, *more: Sql) -> Layer:
        """The rows as a derived table."""
        table = self.selected(*more).subquery()
        given = zip(self.values, self.values.values(), table.c, strict=False)
        return Layer(table, {name: _outside(d, value, sql) for name, value, sql in given if value is not None})


def _outside(d: Dialect, value: Value, sql: Sql) -> Value:
    """The value that a column of a derived table holds, outside of it."""
    outer = Value(sql, value.form, value.type, value.nullable, value.scale, digits=value.digits, long=value.long)
    return replace(outer, sql=d.by_code_point(sql), raw=sql) if value.form is Form.TEXT else outer


@dataclass(frozen=True, slots=True)
class Deriver:
    """Makes statements of derived rows. ``compiler`` begins a new one, ``order`` gives the clauses of a sort
    item."""

    compiler: Callable[[], Compiler]
    order: Callable[[Compiler, Place, OrderItem], list[Any]]
    layers: int = 0

    @property
    def _d(self) -> Dialect:
        return self.compiler().source.dialect

    def rows(self, query: Query) -> Rows:
        """The rows of any query; raises ``Unsupported`` for what SQL cannot say exactly."""
        if self.layers > self._d.layers:
            raise Unsupported("nested too deeply for one statement")
        compiler = self.compiler()
        entity_set = compiler.metadata[query.entity_set]
        if query.source is None:
            place = compiler.start(entity_set)
            conditions = place.conditions()
        else:
            place = compiler.scope[IT] = _Derived(compiler, entity_set, self._layer(query))
            conditions = []
        computed = {item.name: item.expr for item in query.compute}
        values = {name: self._value(compiler, place, name, computed.get(name)) for name in query.columns}
        conditions += [self._bounded(part, partial(compiler.keep, part)) for part in conjuncts(query.filter)]
        order = [clause for item in query.orderby for clause in self.order(compiler, place, item)]
        if compiler.inexact:
            raise Unsupported("some rows would have to be looked at again")
        statement = select().select_from(place.from_clause())
        if conditions:
            statement = statement.where(compiler.every(conditions))
        if query.skip or query.top is not None:
            statement = statement.order_by(*order).offset(query.skip or None).limit(query.top)
        return Rows(statement, values, tuple(order))

    def _bounded(self, expr: Expr, compile_: Callable[[], Sql]) -> Sql:
        return bounded(expr, lambda: [compile_()], self._d.depth)[0]

    def _value(self, compiler: Compiler, place: Place, name: str, expr: Expr | None) -> Value | None:
        if isinstance(expr, Const) and expr.value is None:
            return None
        value = place.field(name).value() if expr is None else compiler.value(expr)
        if expr is not None:
            self._bounded(expr, lambda: value.sql)
        if value.doubt:
            raise Unsupported("SQL cannot tell the value for every row")
        return value

    # --- sources --------------------------------------------------------------------------------------------------

    def _inner(self) -> "Deriver":
        return replace(self, layers=self.layers + 1)

    def _layer(self, query: Query) -> Layer:
        source = query.source
        match source:
            case Query():
                return self._inner().rows(source).layer(self._d)
            case Grouping():
                return self._grouped(source)
            case Concat():
                return self._concatenated(source, query)
            case Ranking():
                return self._ranked(source)
        raise AssertionError(source)

    def _grouped(self, grouping: Grouping) -> Layer:
        given = self._inner().rows(grouping.of).layer(self._d)
        keys = [given.values[name] for name in grouping.keys]
        by = [self._d.comparable(key) for key in keys]
        values: dict[str, Value | None] = {
            name: replace(key, sql=sql, raw=None) for name, key, sql in zip(grouping.keys, keys, by, strict=True)
        }
        values |= {item.name: self._aggregated(item, given) for item in grouping.aggregates}
        return Rows(select().select_from(given.table).group_by(*by), values, ()).layer(self._d)

    def _aggregated(self, item: Aggregate, given: Layer) -> Value:
        if item.column is None:
            return Value(func.count(), Form.INT, DECIMAL, nullable=False)
        value = given.values[item.column]
        if value.form in (Form.FLOAT, Form.GUID) and item.method != "countdistinct":
            raise Unsupported(f"{item.method} of {value.form.value} is left to the engine")
        if value.form is Form.TEXT and item.method in ("min", "max") and not self._d.encoding.sorts:
            raise Unsupported("the database sorts texts otherwise")
        return self._d.aggregate(item.method, value, item.type)

    def _concatenated(self, source: Concat, query: Query) -> Layer:
        parts = [self._inner().rows(part) for part in source.parts]
        forms = {name: _common(self._d, [part.values[name] for part in parts]) for name in source.parts[0].columns}
        kinds = {name: _kind(name, source) for name in forms}
        alike = [
            replace(part, values={name: forms[name](part.values[name], kinds[name]) for name in forms})
            for part in parts
        ]
        table = union_all(*(part.selected() for part in alike)).subquery()
        found = zip(forms, zip(*(part.values.values() for part in alike), strict=True), table.c, strict=True)
        return Layer(table, {name: _outside(self._d, _either(values), sql) for name, values, sql in found})

    def _ranked(self, ranking: Ranking) -> Layer:
        of = self._inner().rows(ranking.of)
        if ranking.method != "count":
            raise Unsupported("running sums are left to the engine")
        partition = [self._d.comparable(value) for name in ranking.partition if (value := of.values[name]) is not None]
        place = func.row_number().over(partition_by=partition or None, order_by=of.order or None)
        numbered = of.layer(self._d, place.label("place"))
        number = numbered.table.c.place
        kept = [number > ranking.skip] if ranking.skip else []
        if ranking.limit is not None:
            kept.append(number <= ranking.skip + int(ranking.limit))
        statement = select().select_from(numbered.table).where(and_(*kept))
        return Rows(statement, dict(numbered.values), ()).layer(self._d)


def _kind(name: str, source: Concat) -> PrimitiveType:
    """The type of a column in all parts, which is said wherever it is null in a part."""
    for part in source.parts:
        for item in part.compute:
            if item.name == name and isinstance(item.expr.type, PrimitiveType):
                return item.expr.type
    return DECIMAL


def _common(d: Dialect, values: Sequence[Value | None]) -> Callable[[Value | None, PrimitiveType], Value]:
    """Brings the values of one column to one form."""
    known = [value for value in values if value is not None]
    forms = {(value.form, value.scale) for value in known}
    if len(forms) == 1:
        form, scale = forms.pop()
        change: Callable[[Value], Value] = lambda value: value  # noqa: E731
    elif known and {form for form, _ in forms} <= NUMBERS - {Form.FLOAT}:
        form, scale = Form.EXACT, 0
        change = lambda value: value.of(d.exact(value), Form.EXACT, 0)  # noqa: E731
    elif known:
        raise Unsupported("the parts hold one column in several forms")
    else:
        form, scale = None, 0

    def bring(value: Value | None, kind: PrimitiveType) -> Value:
        if value is not None:
            return change(value)
        own = constant_form(None, kind) if form is None and not kind.integral else form or Form.INT
        stored = d.boolean if own is Form.BOOL else d.binds[own][0]
        return Value(sql_cast(null(), stored), own, kind, True, scale)

    return bring


def _either(values: Sequence[Value]) -> Value:
    """What holds of one column in all parts."""
    return replace(values[0], nullable=any(value.nullable for value in values))


# --- reading ----------------------------------------------------------------------------------------------------------


def outputs(rows: Rows) -> tuple[Output, ...]:
    """How the columns of the whole statement are read."""
    return tuple(
        Output(name, (number,), _decoder(value)) for number, (name, value) in enumerate(rows.values.items()) if value
    )


def _decoder(value: Value) -> Decoder | None:
    decode = computed(value)
    if not value.type.integral or decode is None:
        return decode
    read = decode
    return lambda number: checked(read(number))
