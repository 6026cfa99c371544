"""From a query to its statements: which columns, joined how, filtered, sorted and sliced; and what can be said in
SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Literal

from sqlalchemy import (
    BindParameter,
    FromClause,
    Integer,
    Select,
    UnaryExpression,
    bindparam,
    false,
    func,
    literal,
    null,
    select,
    true,
)

from edm.capabilities import Capabilities, Match
from edm.expressions import IT, Expr, Prop, conjuncts
from edm.kept import Kept
from edm.model import EntitySet, ServiceMetadata
from edm.primitives import STRING
from edm.query import OrderItem, Query
from erp_adapters.base import ContractBroken
from erp_adapters.sql_bounds import bounded
from erp_adapters.sql_certain import ordered
from erp_adapters.sql_compile import Compiler, Mappings, Place
from erp_adapters.sql_decode import Output, computed
from erp_adapters.sql_derived import Deriver, outputs
from erp_adapters.sql_fields import Field
from erp_adapters.sql_rows import Relation
from erp_adapters.sql_shape import Shape, Shapes
from erp_adapters.sql_source import Source
from erp_adapters.sql_text import Asked, Prepared, Statement
from erp_adapters.sql_values import Form, Leaf, Parameter, Sql, Unsupported, Value


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """What the statements of all queries for the same columns in the same order begin with: making it takes longer
    than all else about a statement.
    """

    compiler: Compiler
    bare: Select[Any]
    joined: Select[Any]
    tables: int
    outputs: tuple[Output, ...]

    def statement(self, place: Place) -> Select[Any]:
        """The beginning, from the tables of ``place``: a condition may have joined more."""
        if len(place.members()) == self.tables:
            return self.joined
        return self.bare.select_from(place.from_clause())


@dataclass(frozen=True, slots=True, eq=False)
class Statements:
    """Makes statements for one database."""

    metadata: ServiceMetadata
    mappings: Mappings
    source: Source
    _shapes: Shapes = field(init=False, repr=False)
    _frames: Callable[[Query], _Frame] = field(init=False, repr=False)
    _answers: Kept[Match] = field(default_factory=lambda: Kept(4096), repr=False)
    _made: Kept[Statement] = field(default_factory=lambda: Kept(512), repr=False)
    _derived: Kept[Statement | Literal["none"]] = field(default_factory=lambda: Kept(256), repr=False)
    _capabilities: dict[str, Capabilities] = field(default_factory=dict, repr=False)
    _tables: dict[tuple[Relation, int], FromClause] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_shapes", Shapes(self.metadata, cache(self._field), self.source.dialect))
        object.__setattr__(self, "_frames", lru_cache(maxsize=512)(self._frame))

    def _field(self, entity_set: str, path: tuple[str, ...]) -> Field | None:
        """The field of a property, to fit constants to; ``None`` if its SQL has to be made for each constant."""
        compiler = self._compiler({})
        try:
            compiler.start(self.metadata[entity_set])
            found = compiler.field(Prop(path, STRING))
        except Unsupported:
            return None
        return found if found.shared else None

    # --- what can be said ---------------------------------------------------------------------------------------

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        """What this database answers by itself: whatever compiles."""
        if entity_set.name not in self.mappings:
            raise ContractBroken(entity_set.name, "the set has no valid [sql] section")
        name = entity_set.name
        found = self._capabilities.get(name)
        if found is None:
            found = self._capabilities[name] = Capabilities(
                match=lambda expr: self._answer(name, "match", expr),
                sort=lambda expr: bool(self._answer(name, "sort", expr)),
                compute=lambda expr: bool(self._answer(name, "compute", expr)),
                skip=True,
                top=True,
                count=True,
                derive=lambda query: self._derive(query) is not None,
            )
        return found

    def _answer(self, name: str, question: str, expr: Expr) -> Match:
        """How well the question is answered: by all expressions of a shape alike."""
        shape = self._shapes.of_expression(name, expr)
        key = (name, question, shape.key)
        found = self._answers.get(key)
        if found is None:
            found = self._tried(name, question, expr, shape)
            if shape.kept:
                self._answers.put(key, found)
        return found

    def _tried(self, name: str, question: str, expr: Expr, shape: Shape) -> Match:
        if question == "compute" and self.source.dialect.certain_only:
            return Match.NO
        compiler = self._frames(Query(name, ())).compiler.continued(shape.leaves)
        place = compiler.scope[IT]
        asked: dict[str, Callable[[], Sequence[Sql]]] = {
            "match": lambda: [compiler.keep(expr)],
            "sort": lambda: [value.sql for value in _sort_values(compiler, place, expr)],
            "compute": lambda: [_exact(compiler.value(expr)).sql],
        }
        try:
            bounded(expr, asked[question], self.source.dialect.depth)
        except Unsupported:
            return Match.NO
        return Match.INEXACT if compiler.inexact and question == "match" else Match.EXACT

    # --- statements ---------------------------------------------------------------------------------------------

    def statement(self, query: Query) -> Asked:
        """The statements of a query that holds only what ``capabilities`` accepted."""
        if query.source is not None:
            found = self._derive(query)
            assert found is not None, "the capabilities did not accept it"
            return found
        shape = self._shapes.of(query)
        made = self._made.get(shape.key)
        if made is None:
            made = self._make(query, shape)
            if shape.kept:
                self._made.put(shape.key, made)
        return Asked(made, shape.values)

    def _derive(self, query: Query) -> Asked | None:
        """The statements of a query whose rows are made of others; ``None`` where SQL cannot say all of it."""
        if self.source.dialect.certain_only:
            return None
        shape = self._shapes.of(query)
        found = self._derived.get(shape.key)
        if found is None:
            found = self._make_derived(query, shape) or "none"
            if shape.kept:
                self._derived.put(shape.key, found)
        return None if found == "none" else Asked(found, shape.values)

    def _make_derived(self, query: Query, shape: Shape) -> Statement | None:
        deriver = Deriver(lambda: self._compiler(shape.leaves), self._order)
        try:
            rows = deriver.rows(query)
            statement = rows.selected()
            if not (query.skip or query.top is not None):
                statement = statement.order_by(*rows.order)
            count = None
            if query.count:
                every = deriver.rows(query.with_(skip=0, top=None, orderby=()))
                count = select(func.count()).select_from(every.statement.with_only_columns(literal(1)).subquery())
        except Unsupported:
            return None
        return _statement(statement, count, outputs(rows))

    def _compiler(self, leaves: Mapping[int, Leaf]) -> Compiler:
        return Compiler(self.metadata, self.mappings, self.source, self._tables, leaves)

    def _make(self, query: Query, shape: Shape) -> Statement:
        frame = self._frames(query.with_(filter=None, skip=0, top=None, count=False))
        compiler = frame.compiler.continued(shape.leaves)
        place = compiler.scope[IT]
        conditions = _conditions(compiler, place, query)
        statement = frame.statement(place).where(*conditions)
        dialect = self.source.dialect
        if shape.skip is not None:
            statement = statement.offset(_number(shape.skip))
        if query.top is not None:
            statement = statement.limit(dialect.limit(query.top) if shape.top is None else _number(shape.top))
        return _statement(statement, self._count(query, shape) if query.count else None, frame.outputs)

    def _frame(self, query: Query) -> _Frame:
        compiler = self._compiler({})
        place = compiler.start(self.metadata[query.entity_set])
        columns, outputs = self._columns(compiler, place, query)
        order = [clause for item in query.orderby for clause in self._order(compiler, place, item)]
        bare = select(*columns).order_by(*order)
        return _Frame(compiler, bare, bare.select_from(place.from_clause()), len(place.members()), outputs)

    def _columns(self, compiler: Compiler, place: Place, query: Query) -> tuple[list[Sql], tuple[Output, ...]]:
        """The columns to read, each once, and how the published columns are made of them."""
        sql: list[Sql] = []
        positions: dict[int, int] = {}
        outputs: list[Output] = []
        expressions = {item.name: item.expr for item in query.compute}
        for name in query.columns:
            sources: tuple[Sql, ...]
            types: frozenset[type]
            if name in expressions:
                value = compiler.value(expressions[name])
                sources, decode, required, types = (value.sql,), computed(value), False, frozenset()
            else:
                found = place.field(name)
                (sources, decode), required = found.output(), found.required
                types = frozenset({found.prop.type.python, type(None)})
            for source in sources:
                if id(source) not in positions:
                    positions[id(source)] = len(sql)
                    sql.append(source)
            outputs.append(Output(name, tuple(positions[id(s)] for s in sources), decode, required, types))
        return [source.label(f"c{number}") for number, source in enumerate(sql)], tuple(outputs)

    def _count(self, query: Query, shape: Shape) -> Select[Any]:
        compiler = self._frames(Query(query.entity_set, ())).compiler.continued(shape.leaves)
        place = compiler.scope[IT]
        conditions = _conditions(compiler, place, query)
        return select(func.count()).select_from(place.from_clause()).where(*conditions)

    def _order(self, compiler: Compiler, place: Place, item: OrderItem) -> list[Any]:
        """Nulls first ascending and last descending."""
        dialect = self.source.dialect
        return [
            dialect.ordered(value, descending=item.descending)
            for value in _sort_values(compiler, place, item.expr)
            if not _is_constant(dialect.comparable(value))  # one value for all rows; PostgreSQL takes it for a mistake
        ]


def _statement(rows: Select[Any], count: Select[Any] | None, outputs: tuple[Output, ...]) -> Statement:
    if count is None:
        return Statement(Prepared(rows), None, None, outputs)
    both = rows.add_columns(count.correlate(None).scalar_subquery().label("n"))
    return Statement(Prepared(rows), Prepared(count), Prepared(both), outputs)


def _number(value: Parameter) -> Sql:
    """A number of rows that is told when the statement is executed."""
    return bindparam(None, value, type_=Integer(), unique=True)


_CONSTANTS = (type(true()), type(false()), type(null()), BindParameter)


def _is_constant(sql: Sql) -> bool:
    bare: Any = sql
    while isinstance(bare, UnaryExpression):  # SQLAlchemy wraps what it folds
        bare = bare.element
    return isinstance(bare, _CONSTANTS)


def _conditions(compiler: Compiler, place: Place, query: Query) -> list[Sql]:
    parts = [*map(compiler.keep, conjuncts(query.filter)), *place.conditions()]
    return [compiler.every(parts)] if parts else []


def _sort_values(compiler: Compiler, place: Place, expr: Expr) -> Sequence[Value]:
    """What to sort by, most significant first."""
    if compiler.source.dialect.certain_only:
        return ordered(expr, compiler.field)
    values = compiler.field(expr).order() if isinstance(expr, Prop) else (_exact(compiler.value(expr)),)
    dialect = compiler.source.dialect
    if any(value.form in (Form.TEXT, Form.CHAR) for value in values) and not dialect.encoding.sorts:
        raise Unsupported("the database sorts texts otherwise")
    if any(value.form is Form.FLOAT for value in values) and dialect.has_nan:
        raise Unsupported("the database gives NaN a place in the order, which Edm does not")
    if any(value.long for value in values):
        raise Unsupported("the database sorts by the first part of a long text alone")
    return values


def _exact(value: Value) -> Value:
    if value.doubt:
        raise Unsupported("SQL cannot tell the value for every row")
    return value
