"""Bound expressions in SQL, at places in a statement.

Conditions are compiled in two positions: ``keep`` gives SQL that is true exactly where the expression is true,
``refuse`` exactly where it is false; elsewhere the SQL may be false or null, which a WHERE does not tell apart. So
Edm's two-valued comparisons need no wrapping, and indexes stay usable. Where SQL cannot tell for every row, more rows
pass than should (``inexact``), and the engine looks at them again; nothing ever loses a row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, case, exists, false, func, not_, null, or_, select, true

from edm.expressions import IT, NULL_CONST, Call, Const, CountOf, Expr, Lambda, Prop
from edm.functions import FUNCTIONS, NullRule
from edm.model import EntitySet, NavigationProperty, ServiceMetadata
from edm.primitives import BOOLEAN, PrimitiveType
from erp_adapters import sql_relations as relations
from erp_adapters.dialects_base import Dialect
from erp_adapters.sql_certain import loose
from erp_adapters.sql_codecs import Codec, ColumnRef
from erp_adapters.sql_compare import SWAPPED, compare_const, compare_values, meet, united
from erp_adapters.sql_fields import Column, Field, text_value
from erp_adapters.sql_fields_keys import CompositeField
from erp_adapters.sql_mapping import SetMapping
from erp_adapters.sql_registry import field as field_at
from erp_adapters.sql_rows import Join, Relation, Total
from erp_adapters.sql_source import Source
from erp_adapters.sql_values import TEXTS, Form, Leaf, Sql, Unsupported, Value, negation

Mappings = Mapping[str, SetMapping]


class Place:
    """One set in a statement: its table under an alias of its own, with the joins that were asked for."""

    def __init__(self, compiler: "Compiler", entity_set: EntitySet, *, optional: bool = False) -> None:
        self.compiler = compiler
        self.entity_set = entity_set
        self.optional = optional
        mapping = compiler.mappings.get(entity_set.name)
        if mapping is None:
            raise Unsupported(f"{entity_set.name} is not in this database")
        self.mapping = mapping
        self.table = compiler.alias(mapping, mapping.rows)
        self._aliases: dict[str, FromClause] = {}
        self._ways: dict[str, Place] = {}
        self._fields: dict[str, Field] = {}
        self._joined: list[tuple[FromClause | Place, Sql]] = []

    def continued(self, compiler: "Compiler") -> "Place":
        """This place for another compiler, which may join more to it than there is here."""
        made = copy(self)
        made.compiler = compiler
        made._aliases, made._fields = dict(self._aliases), dict(self._fields)
        made._ways = {name: way.continued(compiler) for name, way in self._ways.items()}
        own = {id(way): made._ways[name] for name, way in self._ways.items()}
        made._joined = [(own.get(id(joined), joined), on) for joined, on in self._joined]
        return made

    def column(self, ref: ColumnRef) -> Column:
        """A column of the table or of one of its declared joins, which is joined when first asked for; or a total."""
        if ref.alias in self.mapping.totals:
            return self._total(self.mapping.totals[ref.alias])
        source = self._join(ref.alias) if ref.alias else self.table
        facts = relations.facts(self.compiler.source, self.mapping.rows_of(ref), ref.name)
        return Column(source.c[ref.name], facts, self.optional or bool(ref.alias))

    def _join(self, alias: str) -> FromClause:
        joined = self._aliases.get(alias)
        if joined is None:
            join = self.mapping.joins[alias]
            own = [self.column(ref) for ref, _ in join.on]
            joined = self._aliases[alias] = self.compiler.alias(self.mapping, join.rows)
            there = relations.conditions(self.compiler.source, join.rows, joined)
            self._joined.append((joined, and_(*self._related(own, join, joined), *there)))
        return joined

    def _related(self, own: Sequence[Column], to: Join | Total, at: FromClause) -> list[Sql]:
        """The conditions that rows which stand at ``at`` belong to the row here."""
        source = self.compiler.source
        theirs = [Column(at.c[name], relations.facts(source, to.rows, name), optional=False) for _, name in to.on]
        return [_same_column(source.dialect, a, b) for a, b in zip(own, theirs, strict=True)]

    def _total(self, total: Total) -> Column:
        """A total as a column: a subquery over the related rows."""
        source = self.compiler.source
        own = [self.column(ref) for ref, _ in total.on]
        at = self.compiler.alias(self.mapping, total.rows)
        sql = relations.total_sql(source, total, at, self._related(own, total, at))
        if self.optional:
            sql = case((self._present(), sql))
        return Column(sql, relations.total_facts(source, total), self.optional)

    def conditions(self) -> list[Sql]:
        """Under which a row of the table is an entity: no key is null, and what the catalog says holds."""
        key = self.field(self.entity_set.type.key)
        nullable = [column.sql.is_not(None) for column in key.columns if column.nullable and not self.optional]
        return [*nullable, *relations.conditions(self.compiler.source, self.mapping.rows, self.table)]

    def field(self, name: str) -> Field:
        """The property here."""
        found = self._fields.get(name)
        if found is None:
            prop = self.entity_set.type.property(name)
            assert prop is not None
            present = None
            if self.optional and name != self.entity_set.type.key:
                present = self._present()
            codec: Codec = self.mapping.codecs[name]
            found = self._fields[name] = field_at(self.compiler.source.dialect, prop, codec, self.column, present)
        return found

    def _present(self) -> Sql:
        """Whether there is an entity at all, behind an outer join."""
        return and_(*(column.sql.is_not(None) for column in self.field(self.entity_set.type.key).columns))

    def via(self, navigation: NavigationProperty) -> "Place":
        """The entity that a single-valued navigation property leads to: an outer join, made once."""
        found = self._ways.get(navigation.name)
        if found is None:
            target = self.compiler.metadata.target(navigation)
            found = self._ways[navigation.name] = Place(self.compiler, target, optional=True)
            self._joined.append((found, link(self, navigation, found)))
        return found

    def from_clause(self) -> FromClause:
        """The table with everything that was joined to it, in the order in which it was asked for."""
        return self._with_joins(self.table)

    def _with_joins(self, clause: FromClause) -> FromClause:
        for joined, on in self._joined:
            if isinstance(joined, Place):
                clause = joined._with_joins(clause.outerjoin(joined.table, on))
            else:
                clause = clause.outerjoin(joined, on)
        return clause

    def members(self) -> list[FromClause]:
        """All tables of the FROM clause. What a subquery names beyond them belongs to a statement around it."""
        found = [self.table]
        for joined, _ in self._joined:
            found.extend(joined.members() if isinstance(joined, Place) else [joined])
        return found


def link(parent: Place, navigation: NavigationProperty, child: Place) -> Sql:
    """The condition that ``child`` is related to ``parent``; never true of nulls."""
    pairs = [(parent.field(own), child.field(other)) for own, other in navigation.on]
    return and_(*(_same_value(parent.compiler, a, b) for a, b in pairs), *child.conditions())


def _same_column(d: Dialect, a: Column, b: Column) -> Sql:
    """Columns as they are stored. PostgreSQL wants to be told by which of two collations."""
    texts = a.facts.kind in TEXTS and b.facts.kind in TEXTS
    if texts and "other" in (a.facts.collation, b.facts.collation):
        return _same(d, *(text_value(d, column, column.sql, column.nullable) for column in (a, b)))
    return a.sql == (d.by_code_point(b.sql) if texts and a.facts.collation != b.facts.collation else b.sql)


def _same_value(compiler: "Compiler", a: Field, b: Field) -> Sql:
    stored = a.alike()
    if stored is not None and stored == b.alike():
        return and_(*(x.sql == y.sql for x, y in zip(a.columns, b.columns, strict=True)))
    if isinstance(a, CompositeField) and isinstance(b, CompositeField) and a.shape() == b.shape():
        return and_(*(_same(compiler.source.dialect, x, y) for x, y in zip(a.parts(), b.parts(), strict=True)))
    return _same(compiler.source.dialect, a.value(), b.value())


def _same(dialect: Dialect, a: Value, b: Value) -> Sql:
    """Equality of values of any form; of texts with what an index answers, if the database compares them otherwise."""
    left, right = meet(dialect, a, b)
    hint = dialect.joined(a, b)
    return left == right if hint is None else and_(hint, left == right)


@dataclass(slots=True)
class Compiler:
    """Compiles the expressions of one statement. ``inexact`` is set when a condition lets more rows pass than it
    should."""

    metadata: ServiceMetadata
    mappings: Mappings
    source: Source
    #: Aliased rows by relation and number, shared by all statements: making one costs more than using it.
    tables: dict[tuple[Relation, int], FromClause] = field(default_factory=dict)
    #: Comparisons whose constants come as parameters, by identity of the node.
    leaves: Mapping[int, Leaf] = field(default_factory=dict)
    inexact: bool = False
    scope: dict[str, Place] = field(default_factory=dict)
    _aliases: int = 0
    #: Long expressions without constants, shared by those that go on from one compiler, and what it has joined.
    _shared: dict[Expr, Value] = field(default_factory=dict)
    _begun: int = 0

    def alias(self, mapping: SetMapping, rows: Relation) -> FromClause:
        """The rows under a new alias, with the columns that the catalog names."""
        key = (rows, self._aliases)
        made = self.tables.get(key)
        if made is None:
            names = list(dict.fromkeys(name for _, of, name in mapping.named() if of is rows))
            made = self.tables[key] = relations.rows(self.source, rows, names, f"t{self._aliases}")
        self._aliases += 1
        return made

    def continued(self, leaves: Mapping[int, Leaf]) -> "Compiler":
        """A compiler that goes on from here and leaves this one as it is."""
        made = replace(self, scope={}, leaves=leaves, _begun=len(self.scope[IT].members()))
        made.scope = {name: place.continued(made) for name, place in self.scope.items()}
        return made

    def start(self, entity_set: EntitySet) -> Place:
        """The place of the statement's own rows."""
        place = self.scope[IT] = Place(self, entity_set)
        return place

    # --- conditions ---------------------------------------------------------------------------------------------

    def keep(self, expr: Expr) -> Sql:
        """True exactly where ``expr`` is true, or for more rows (then ``inexact`` is set)."""
        if self.source.dialect.certain_only:
            self.inexact = loose(expr, self.field) or self.inexact
        match expr:
            case Const(value=value):
                return true() if value is True else false()
            case Prop():
                return self._truth(expr, negated=False)
            case Call(function="and", args=args):
                return self.every(map(self.keep, args))
            case Call(function="or", args=args):
                return self.some(map(self.keep, args))
            case Call(function="not", args=(inner,)):
                return self.refuse(inner)
            case Call() if FUNCTIONS[expr.function].null is NullRule.COMPARE:
                return self._comparison(expr, negated=False)
            case Lambda():
                return self._exists(expr) if expr.kind == "any" else not_(self._exists(expr))
            case _:
                return self._with_doubt(self.value(expr), lambda sql: sql)

    def refuse(self, expr: Expr) -> Sql:
        """True exactly where ``expr`` is false (not where it is null), or for more rows."""
        match expr:
            case Const(value=value):
                return true() if value is False else false()
            case Prop():
                return self._truth(expr, negated=True)
            case Call(function="and", args=args):
                return self.some(map(self.refuse, args))
            case Call(function="or", args=args):
                return self.every(map(self.refuse, args))
            case Call(function="not", args=(inner,)):
                return self.keep(inner)
            case Call() if FUNCTIONS[expr.function].null is NullRule.COMPARE:
                return self._comparison(expr, negated=True)
            case Lambda():
                found = self._exactly(lambda: self._exists(expr))
                return not_(found) if expr.kind == "any" else found
            case _:
                return self._with_doubt(self.value(expr), negation)

    def every(self, conditions: Iterable[Sql]) -> Sql:
        """All of the conditions."""
        return and_(true(), *self._in_brackets(list(conditions), and_))

    def some(self, conditions: Iterable[Sql]) -> Sql:
        """One of the conditions."""
        return or_(false(), *self._in_brackets(list(conditions), or_))

    def _in_brackets(self, conditions: Sequence[Sql], chain: Callable[..., Sql]) -> Sequence[Sql]:
        """Long chains in parts, where the database wants that. SQLAlchemy would take mere brackets away again."""
        size = self.source.dialect.chain
        if size is None or len(conditions) <= size:
            return conditions
        starts = range(0, len(conditions), size)
        parts = [chain(*conditions[start : start + size]).is_(true()) for start in starts]
        return self._in_brackets(parts, chain)

    def _truth(self, expr: Prop, *, negated: bool) -> Sql:
        field = self.field(expr)
        return field.truth(negated=negated)

    def _with_doubt(self, value: Value, condition: Any) -> Sql:
        if not value.doubt:
            return condition(value.sql)  # type: ignore[no-any-return]
        self.inexact = True
        return or_(condition(value.sql), *value.doubt)

    def _exactly(self, compile_: Callable[[], Sql]) -> Sql:
        """For where more rows inside would mean fewer outside: nothing inexact can be said there."""
        before, self.inexact = self.inexact, False
        sql = compile_()
        if self.inexact:
            raise Unsupported("the negation of an inexact condition would lose rows")
        self.inexact = before
        return sql

    # --- comparisons --------------------------------------------------------------------------------------------

    def _comparison(self, expr: Call, *, negated: bool) -> Sql:
        op, (left, right) = expr.function, expr.args
        if isinstance(left, Const) and isinstance(right, Const):
            return true() if FUNCTIONS[op].evaluate(left.value, right.value) != negated else false()
        if op == "in":
            return self._in(expr, negated=negated)
        if isinstance(left, Const) and not isinstance(right, Const):
            op, left, right = SWAPPED[op], right, left
        if left.type == BOOLEAN and op == "eq" and isinstance(right, Const) and right.value is not None and not negated:
            return self.keep(left) if right.value else self.refuse(left)
        if isinstance(left, Prop) and isinstance(right, Const):
            field = self.field(left)
            self.inexact = self.inexact or (field.approximate and right.value is not None)
            leaf = self.leaves.get(id(expr))
            if leaf is not None:
                return field.say(op, leaf.kind, leaf.stored, negated=negated)
            return field.compare(op, right.value, negated=negated)
        value = self.value(left)
        if isinstance(right, Const):
            doubt, sql = (
                value.doubt,
                compare_const(self.source.dialect, op, value, right.value, negated=negated),
            )
        else:
            other = self.value(right)
            doubt = (*value.doubt, *other.doubt)
            sql = compare_values(self.source.dialect, op, value, other, negated=negated)
        if not doubt:
            return sql
        self.inexact = True
        return or_(sql, *doubt)

    def _in(self, expr: Call, *, negated: bool) -> Sql:
        left, right = expr.args
        if not isinstance(right, Const) or not isinstance(right.value, tuple):
            raise Unsupported("a list of computed items is left to the engine")
        if isinstance(left, Prop):
            field = self.field(left)
            self.inexact = self.inexact or field.approximate
            leaf = self.leaves.get(id(expr))
            if leaf is not None:
                return field.say_list(leaf.kind, leaf.stored, negated=negated)
            return field.one_of(right.value, negated=negated)
        kind = left.type
        assert isinstance(kind, PrimitiveType)
        parts = [Call("eq", (left, Const(item, kind)), BOOLEAN) for item in right.value]
        both = [self._comparison(part, negated=negated) for part in parts]
        return self.every(both) if negated else self.some(both)

    # --- related rows -------------------------------------------------------------------------------------------

    def _exists(self, expr: Lambda) -> Sql:
        """``any``: there is a row that the predicate keeps. ``all``: there is one that it does not."""
        place, condition = self._inner(expr.variable, expr.path)
        conditions = [condition]
        if expr.predicate is not None:
            self.scope[expr.bound] = place
            kept = self.keep(expr.predicate)
            conditions.append(kept if expr.kind == "any" else kept.is_not(true()))
        found = exists().select_from(place.from_clause()).where(*conditions)
        return found.correlate_except(*place.members())

    def _count(self, expr: CountOf) -> Value:
        place, condition = self._inner(expr.variable, expr.path)
        conditions = [condition]
        if expr.predicate is not None:
            self.scope[expr.bound] = place
            conditions.append(self._exactly(partial(self.keep, expr.predicate)))
        counted = select(func.count()).select_from(place.from_clause()).where(*conditions)
        number = counted.correlate_except(*place.members()).scalar_subquery()
        return Value(number, Form.INT, expr.type, nullable=False)

    def _inner(self, variable: str, path: Sequence[str]) -> tuple[Place, Sql]:
        """The place of the rows that a path to a collection leads to, and the condition that relates them."""
        parent = self._walk(self.scope[variable], path[:-1])
        navigation = _navigation(parent, path[-1])
        child = Place(self, self.metadata.target(navigation))
        return child, link(parent, navigation, child)

    def _walk(self, place: Place, path: Sequence[str]) -> Place:
        for name in path:
            place = place.via(_navigation(place, name))
        return place

    # --- values -------------------------------------------------------------------------------------------------

    def field(self, expr: Prop) -> Field:
        """The property that a path names."""
        return self._walk(self.scope[expr.variable], expr.path[:-1]).field(expr.name)

    def value(self, expr: Expr) -> Value:
        """The expression as a value, null where it is null."""
        match expr:
            case Const(value=None):
                raise Unsupported("null as an operand is left to the engine")
            case Const(value=value, type=PrimitiveType() as kind):
                return self.source.dialect.constant(value, kind)
            case Prop():
                return self.field(expr).value()
            case CountOf():
                return self._count(expr)
            case Lambda():
                return Value(self._exactly(lambda: self.keep(expr)), Form.BOOL, BOOLEAN, nullable=False)
            case Call(function="and" | "or" | "not"):
                return self._logic(expr)
            case Call(function="$list"):
                raise Unsupported("a list is no value")
            case Call(function="case"):
                return self._choice(expr)
            case Call() if FUNCTIONS[expr.function].null is NullRule.COMPARE:
                return Value(self._exactly(lambda: self.keep(expr)).is_(true()), Form.BOOL, BOOLEAN, nullable=False)
            case Call(function="$searchtext", args=(Prop(variable=variable),)) if variable == IT:
                return self._search_text(expr)
            case Call():
                return self._row(expr)
        raise Unsupported("a list is no value")

    def _row(self, expr: Call) -> Value:
        """A function."""
        leaf = self.leaves.get(id(expr))
        if leaf is None:
            return self.source.dialect.row(expr, [self.value(arg) for arg in expr.args])
        text = self.value(expr.args[0])  # the other one is a constant (see ``sql_shape``)
        return self.source.dialect.row(expr, [text, self.source.dialect.text(*leaf.stored)])

    def _search_text(self, expr: Call) -> Value:
        """What ``$search`` looks into: the longest of all expressions, and the same for all terms."""
        found = self._shared.get(expr)
        if found is None:
            found = self.source.dialect.row(expr, [self.value(arg) for arg in expr.args])
            if len(self.scope[IT].members()) == self._begun:  # it needs no table that another compiler lacks
                self._shared[expr] = found
        return found

    def _choice(self, expr: Call) -> Value:
        """``case``: SQL's own, as a condition that is null is not true there either."""
        conditions = [self._exactly(partial(self.keep, condition)) for condition in expr.args[::2]]
        chosen = [None if value == NULL_CONST else self.value(value) for value in expr.args[1::2]]
        made = united(self.source.dialect, [value for value in chosen if value is not None])
        if made is None or not isinstance(expr.type, PrimitiveType):
            raise Unsupported("the values of a choice are stored in different forms")
        form, scale, parts = made
        rest = iter(parts)
        pairs = [(c, null() if v is None else next(rest)) for c, v in zip(conditions, chosen, strict=True)]
        return Value(self.source.dialect.choice(pairs, form), form, expr.type, True, scale)

    def _logic(self, expr: Call) -> Value:
        """SQL's own logic: three-valued, as Edm's is."""
        values = [self.value(arg) for arg in expr.args]
        if any(value.doubt for value in values):
            raise Unsupported("an inexact condition is no value")
        parts: list[ColumnElement[Any]] = [value.sql for value in values]
        sql = negation(parts[0]) if expr.function == "not" else and_(*parts) if expr.function == "and" else or_(*parts)
        return Value(sql, Form.BOOL, BOOLEAN, any(value.nullable for value in values))


def _navigation(place: Place, name: str) -> NavigationProperty:
    found = place.entity_set.type.navigation_property(name)
    assert found is not None
    return found
