"""From a query to its statements: which columns, joined how, filtered, sorted and sliced; and what can be said in
SQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    FromClause,
    Select,
    UnaryExpression,
    and_,
    false,
    func,
    literal,
    null,
    select,
    true,
)
from sqlalchemy.engine import Dialect as Driver

from edm.capabilities import Capabilities, Match
from edm.expressions import IT, Expr, Prop, conjuncts
from edm.model import EntitySet, ServiceMetadata
from edm.query import OrderItem, Query
from erp_adapters.base import ContractBroken
from erp_adapters.sql_bounds import bounded
from erp_adapters.sql_compile import Compiler, Mappings, Place
from erp_adapters.sql_decode import Output, computed
from erp_adapters.sql_derived import Deriver, outputs
from erp_adapters.sql_source import Source
from erp_adapters.sql_values import Form, Sql, Unsupported, Value


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement for the rows, the one for the count if it was asked for, and how rows are read."""

    rows: Select[Any]
    count: Select[Any] | None
    outputs: tuple[Output, ...]

    def explain(self, driver: Driver) -> str:
        """SQL and parameters, for people."""
        statements = [("", self.rows), *([("count: ", self.count)] if self.count is not None else [])]
        return "\n\n".join(_explained(title, statement, driver) for title, statement in statements)


def _explained(title: str, statement: Select[Any], driver: Driver) -> str:
    compiled = statement.compile(dialect=driver, compile_kwargs={"render_postcompile": True})
    parameters = "\n".join(f"  :{name} = {value!r}" for name, value in compiled.params.items())
    return f"{title}{compiled}" + (f"\nparameters\n{parameters}" if parameters else "")


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
    _answers: Callable[[str, str, Expr], Any] = field(init=False, repr=False)
    _frames: Callable[[Query], _Frame] = field(init=False, repr=False)
    _made: Callable[[Query], Statement] = field(init=False, repr=False)
    _derived: Callable[[Query], Statement | None] = field(init=False, repr=False)
    _tables: dict[tuple[str, int], FromClause] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_answers", lru_cache(maxsize=2048)(self._answer))
        object.__setattr__(self, "_frames", lru_cache(maxsize=512)(self._frame))
        object.__setattr__(self, "_derived", lru_cache(maxsize=256)(self._derive))
        object.__setattr__(self, "_made", lru_cache(maxsize=128)(self._make))  # list views come again and again

    # --- what can be said ---------------------------------------------------------------------------------------

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        """What this database answers by itself: whatever compiles."""
        if entity_set.name not in self.mappings:
            raise ContractBroken(entity_set.name, "the set has no valid [sql] section")
        name = entity_set.name
        return Capabilities(
            match=lambda expr: Match(self._answers(name, "match", expr)),
            sort=lambda expr: bool(self._answers(name, "sort", expr)),
            compute=lambda expr: bool(self._answers(name, "compute", expr)),
            skip=True,
            top=True,
            count=True,
            derive=lambda query: self._derived(query) is not None,
        )

    def _answer(self, name: str, question: str, expr: Expr) -> Any:
        compiler = self._frames(Query(name, ())).compiler.continued()
        place = compiler.scope[IT]
        asked: dict[str, Callable[[], Sequence[Sql]]] = {
            "match": lambda: [compiler.keep(expr)],
            "sort": lambda: [value.sql for value in _sort_values(compiler, place, expr)],
            "compute": lambda: [_exact(compiler.value(expr)).sql],
        }
        try:
            bounded(expr, asked[question], self.source.dialect.depth)
        except Unsupported:
            return Match.NO if question == "match" else False
        return (Match.INEXACT if compiler.inexact else Match.EXACT) if question == "match" else True

    # --- statements ---------------------------------------------------------------------------------------------

    def statement(self, query: Query) -> Statement:
        """The statements of a query that holds only what ``capabilities`` accepted."""
        if query.source is None:
            return self._made(query)
        found = self._derived(query)
        assert found is not None, "the capabilities did not accept it"
        return found

    def _derive(self, query: Query) -> Statement | None:
        """The statement of a query whose rows are made of others; ``None`` where SQL cannot say all of it."""
        try:
            rows = Deriver(self._compiler, self._order, _keyed).rows(query)
            statement = rows.selected()
            if not (query.skip or query.top is not None):
                statement = statement.order_by(*rows.order)
            count = None
            if query.count:
                every = Deriver(self._compiler, self._order, _keyed).rows(query.with_(skip=0, top=None, orderby=()))
                count = select(func.count()).select_from(every.statement.with_only_columns(literal(1)).subquery())
        except Unsupported:
            return None
        return Statement(statement, count, outputs(rows))

    def _compiler(self) -> Compiler:
        return Compiler(self.metadata, self.mappings, self.source, self._tables)

    def _make(self, query: Query) -> Statement:
        frame = self._frames(query.with_(filter=None, skip=0, top=None, count=False))
        compiler = frame.compiler.continued()
        place = compiler.scope[IT]
        conditions = _conditions(compiler, place, query)
        statement = frame.statement(place).where(*conditions)
        if query.skip:
            statement = statement.offset(query.skip)
        if query.top is not None:
            statement = statement.limit(query.top)
        return Statement(statement, self._count(query) if query.count else None, frame.outputs)

    def _frame(self, query: Query) -> _Frame:
        compiler = self._compiler()
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

    def _count(self, query: Query) -> Select[Any]:
        compiler = self._frames(Query(query.entity_set, ())).compiler.continued()
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


_CONSTANTS = (type(true()), type(false()), type(null()), BindParameter)


def _is_constant(sql: Sql) -> bool:
    bare: Any = sql
    while isinstance(bare, UnaryExpression):  # SQLAlchemy wraps what it folds
        bare = bare.element
    return isinstance(bare, _CONSTANTS)


def _conditions(compiler: Compiler, place: Place, query: Query) -> list[Sql]:
    parts = [*map(compiler.keep, conjuncts(query.filter)), *_keyed(place)]
    return [compiler.every(parts)] if parts else []


def _keyed(place: Place) -> list[Sql]:
    """A row whose key is null is no entity."""
    key = place.field(place.entity_set.type.key)
    nullable = [column.sql.is_not(None) for column in key.columns if column.nullable]
    return [and_(*nullable)] if nullable else []


def _sort_values(compiler: Compiler, place: Place, expr: Expr) -> Sequence[Value]:
    """What to sort by, most significant first."""
    values = compiler.field(expr).order() if isinstance(expr, Prop) else (_exact(compiler.value(expr)),)
    if any(value.form is Form.FLOAT for value in values) and compiler.source.dialect.has_nan:
        raise Unsupported("the database gives NaN a place in the order, which Edm does not")
    return values


def _exact(value: Value) -> Value:
    if value.doubt:
        raise Unsupported("SQL cannot tell the value for every row")
    return value
