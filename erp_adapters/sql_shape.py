"""The shape of a query: all that its statement depends on. Constants are taken out of it and come as parameters, so
that one statement serves all queries of a shape.

A comparison of a property with a constant leaves the kind of question that the constant asks (``Field.fit``). Whatever
is not known to be said alike for many constants stays in the shape as it is.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edm.evaluate import target_of
from edm.expressions import IT, Call, Const, CountOf, Expr, Lambda, Prop
from edm.model import ServiceMetadata
from edm.primitives import STRING
from edm.query import Concat, Grouping, Query, Ranking
from erp_adapters.dialects_base import Dialect
from erp_adapters.dialects_common import fit_text
from erp_adapters.sql_compare import SWAPPED
from erp_adapters.sql_fields import Field
from erp_adapters.sql_values import Fitted, Leaf, Parameter, Unsupported

#: What finds the field of a property: by the set and the path from it; ``None`` where there is none.
Fields = Callable[[str, tuple[str, ...]], Field | None]
#: The sets of the rows that variables stand for, ``None`` for rows that are made of others.
_Scope = Mapping[str, str | None]
#: Statements with more constants than this are not worth keeping.
_MOST = 200
#: A ``top`` up to here belongs to the shape, for the planner's sake; pages have few sizes. Others are parameters.
SMALL = 2_001


@dataclass(slots=True)
class Shape:
    """``key`` is the shape itself, ``values`` are the constants' stored values in order. ``leaves`` tell by identity of
    its node what a comparison became. ``skip`` and ``top`` are parameters, if they are."""

    key: Hashable = None
    values: list[Any] = field(default_factory=list)
    leaves: dict[int, Leaf] = field(default_factory=dict)
    skip: Parameter | None = None
    top: Parameter | None = None
    _fields: dict[int, Field | None] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether what is made for this shape is worth keeping."""
        return len(self.leaves) <= _MOST

    def parameter(self, value: Any) -> Parameter:
        """The next parameter."""
        made = Parameter(len(self.values), value)
        self.values.append(value)
        return made

    def leaf(self, expr: Call, what: Hashable, fitted: Fitted, of: Field | None) -> Hashable:
        """The place of a leaf in the shape. A node that stands in several places has one set of parameters, which is
        not the shape of two nodes."""
        number = id(expr)
        if number not in self.leaves:
            self._fields[number] = of
            self.leaves[number] = Leaf(fitted.kind, tuple([self.parameter(value) for value in fitted.values]))
            return ("$leaf", what, fitted.kind)
        if self._fields[number] is not of:
            raise _Several
        return ("$same", list(self.leaves).index(number))


class _Several(Exception):  # not an error: such a query has no shape
    """One node stands for comparisons of different properties."""


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Finds shapes."""

    metadata: ServiceMetadata
    fields: Fields
    dialect: Dialect

    def of(self, query: Query) -> Shape:
        """The shape of a whole query."""
        found = Shape()
        try:
            found.key = self._query(query, found)
        except _Several:
            return Shape(query)
        if query.source is None:
            if query.skip:
                found.skip = found.parameter(query.skip)
            if query.top is not None and query.top > SMALL:
                found.top = found.parameter(query.top)
        return found

    def of_expression(self, entity_set: str, expr: Expr) -> Shape:
        """The shape of a condition or value over rows of a set."""
        found = Shape()
        try:
            found.key = self._expr(expr, {IT: entity_set}, found)
        except _Several:
            return Shape(expr)
        return found

    def _query(self, query: Query, shape: Shape) -> Hashable:
        source = query.source
        scope: _Scope = {IT: query.entity_set if source is None else None}
        skip: object = query.skip
        top: object = query.top
        if source is None:
            skip = bool(skip)
            top = top if query.top is None or query.top <= SMALL else "many"
        condition = None if query.filter is None else self._expr(query.filter, scope, shape)
        made = None if source is None else self._source(source, shape)
        return (query.entity_set, query.columns, condition, query.orderby, skip, top, query.count, query.compute, made)

    def _source(self, source: Query | Grouping | Ranking | Concat, shape: Shape) -> Hashable:
        match source:
            case Query():
                return self._query(source, shape)
            case Grouping(of=of, keys=keys, aggregates=aggregates):
                return ("grouping", self._query(of, shape), keys, aggregates)
            case Ranking(of=of):
                rest = (source.partition, source.method, source.limit, source.column, source.skip)
                return ("ranking", self._query(of, shape), rest)
            case Concat(parts=parts):
                return ("concat", *(self._query(part, shape) for part in parts))

    def _expr(self, expr: Expr, scope: _Scope, shape: Shape) -> Hashable:
        if isinstance(expr, Call):
            fit = _LEAVES.get(expr.function)
            if fit is not None:
                found = fit(self, expr, scope, shape)
                if found is not None:
                    return found
            return (expr.function, expr.type, tuple([self._expr(arg, scope, shape) for arg in expr.args]))
        if isinstance(expr, Lambda | CountOf):
            return self._related(expr, scope, shape)
        return expr

    def _related(self, expr: Lambda | CountOf, scope: _Scope, shape: Shape) -> Hashable:
        kind = expr.kind if isinstance(expr, Lambda) else "$count"
        predicate = None
        if expr.predicate is not None:
            start = scope.get(expr.variable)
            target = None if start is None else target_of(expr.path, self.metadata[start], self.metadata).name
            predicate = self._expr(expr.predicate, {**scope, expr.bound: target}, shape)
        return (kind, expr.path, expr.bound, expr.variable, predicate)

    # --- leaves -------------------------------------------------------------------------------------------------

    def _field(self, prop: Prop, scope: _Scope) -> Field | None:
        entity_set = scope.get(prop.variable)
        return None if entity_set is None else self.fields(entity_set, prop.path)

    def _comparison(self, expr: Call, scope: _Scope, shape: Shape) -> Hashable | None:
        """A property compared with a constant, on either side."""
        op, (left, right) = expr.function, expr.args
        if isinstance(left, Const):
            op, left, right = SWAPPED[op], right, left
        if not (isinstance(left, Prop) and isinstance(right, Const)):
            return None
        found = self._field(left, scope)
        if found is None:
            return None
        try:
            fitted = found.fit(op, right.value)
        except Unsupported:
            return None
        return shape.leaf(expr, (op, left.path, left.variable), fitted, found)

    def _list(self, expr: Call, scope: _Scope, shape: Shape) -> Hashable | None:
        """A property in a list of constants."""
        left, right = expr.args
        if not (isinstance(left, Prop) and isinstance(right, Const) and isinstance(right.value, tuple)):
            return None
        found = self._field(left, scope)
        if found is None:
            return None
        try:
            fitted = found.fit_list(right.value)
        except Unsupported:
            return None
        return shape.leaf(expr, ("in", left.path, left.variable), fitted, found)

    def _text(self, expr: Call, scope: _Scope, shape: Shape) -> Hashable | None:
        """A constant text in another."""
        text, part = expr.args
        if not (isinstance(part, Const) and part.type is STRING and isinstance(part.value, str)):
            return None
        fitted = fit_text(self.dialect, expr.function, part.value)
        if fitted is None or isinstance(text, Const):
            return None
        return shape.leaf(expr, (expr.function, self._expr(text, scope, shape)), fitted, None)


_Fit = Callable[[Shapes, Call, _Scope, Shape], Hashable | None]
_LEAVES: dict[str, _Fit] = {
    **dict.fromkeys(SWAPPED, Shapes._comparison),
    "in": Shapes._list,
    **dict.fromkeys(("contains", "startswith", "endswith"), Shapes._text),
}
