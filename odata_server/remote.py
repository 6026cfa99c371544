"""Parts of a condition that lie behind one navigation property: what has to be asked of the related rows alone, so that
their keys tell where the part is true. Here is only what to ask; who reads it is in ``semijoin``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from edm.errors import ODataError
from edm.evaluate import compile_expression
from edm.expressions import (
    FALSE,
    IT,
    TRUE,
    Call,
    Const,
    CountOf,
    Expr,
    Lambda,
    Prop,
    call,
    conjunction,
    disjunction,
    walk,
)
from edm.model import EntitySet, NavigationProperty, ServiceMetadata
from edm.primitives import INT64, CollectionType
from edm.query import Aggregate, Grouping, Query

#: The column of a number of related rows; no property has such a name.
_NUMBER = "$number"
#: What is asked for, and whether the part is true where no key is found.
_Asked = tuple[Query, bool]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a condition that lies behind ``navigation``. True of a row if its ``own`` value is one of the keys that
    ``keys`` reads, or none of them if ``negated``.
    """

    navigation: NavigationProperty
    own: Prop
    other: str
    keys: Query
    negated: bool

    def said(self, values: frozenset[Any]) -> Expr:
        """The part as a condition on the own value. Null is in no list."""
        if not values:
            return TRUE if self.negated else FALSE
        listed = Const(tuple(sorted(values, key=str)), CollectionType(self.own.type))
        within = call("in", self.own, listed)
        return call("not", within) if self.negated else within


def part_of(expr: Expr, entity_set: EntitySet, metadata: ServiceMetadata) -> Part | None:
    """``expr`` as a part, if all that it looks at lies behind one navigation property that joins on one value."""
    link = _link(expr, entity_set)
    if link is None or len(link.on) != 1:
        return None
    (own, other), target = link.on[0], metadata.target(link)
    found = entity_set.type.property(own)
    asking = _Asking(entity_set, target, other, metadata)
    made = asking.of_many(expr) if link.collection else asking.of_one(expr)
    if made is None or found is None:
        return None
    return Part(link, Prop((own,), found.type, IT, found.nullable), other, *made)


def gathered(parts: Iterable[Expr], entity_set: EntitySet) -> list[Expr]:
    """The conditions, those on one and the same related entity as one: fewer keys meet them all."""
    made: dict[object, list[Expr]] = {}
    for part in parts:
        link = _link(part, entity_set)
        made.setdefault(part if link is None or link.collection else link.name, []).append(part)
    return [conjunction(*group) or group[0] for group in made.values()]


def rewritten(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """``expr`` with its parts changed; parts are looked for below ``and`` and ``or`` alone."""
    changed = change(expr)
    if changed is not None:
        return changed
    if isinstance(expr, Call) and expr.function in ("and", "or"):
        parts = [rewritten(arg, change) for arg in expr.args]
        return (conjunction if expr.function == "and" else disjunction)(*parts) or expr
    return expr


def _link(expr: Expr, entity_set: EntitySet) -> NavigationProperty | None:
    """The one navigation property behind which everything lies that ``expr`` looks at."""
    bound = {n.bound for n in walk(expr) if isinstance(n, Lambda | CountOf)}
    first: set[str] = set()
    for node in walk(expr):
        if isinstance(node, Prop) and node.variable == IT and len(node.path) == 1:
            return None
        if isinstance(node, Prop | Lambda | CountOf) and node.variable not in bound:
            if node.variable != IT:
                return None
            first.add(node.path[0])
    return entity_set.type.navigation_property(first.pop()) if len(first) == 1 else None


@dataclass(frozen=True, slots=True)
class _Asking:
    """Makes the question of a part. ``other`` is the property of the ``target`` that the own value is joined with."""

    entity_set: EntitySet
    target: EntitySet
    other: str
    metadata: ServiceMetadata

    def of_one(self, expr: Expr) -> _Asked | None:
        """Keys of the entities of which ``expr`` is true; or, if it is true where there is none, of those of which it
        is not.
        """
        return self._asked(expr, _behind(expr))

    def of_many(self, expr: Expr) -> _Asked | None:
        """Keys with a related row (``any``), with one too many (``all``), or with such a number of them."""
        match expr:
            case Call(function="not", args=(Lambda() as inner,)):
                made = self.of_many(inner)
                return (made[0], not made[1]) if made is not None else None
            case Lambda(path=(_,)):
                condition = _inside(expr)
                if condition is not None and expr.kind == "all":
                    condition = _not_true(condition)
                return self._grouped(condition), expr.kind == "all"
            case Call():
                return self._numbered(expr)
        return None

    def _numbered(self, expr: Call) -> _Asked | None:
        """A condition on one number of related rows. A key without any is in no group."""
        numbers = {n for n in walk(expr) if isinstance(n, Lambda | CountOf)}
        number = numbers.pop()
        if numbers or not isinstance(number, CountOf) or len(number.path) != 1:
            return None
        condition = _replaced(expr, number, Prop((_NUMBER,), INT64, IT, False))
        groups = self._grouped(_inside(number), Aggregate(_NUMBER, "count", None, INT64))
        made = self._asked(expr, condition)
        return None if made is None else (groups.with_(filter=made[0].filter), made[1])

    def _grouped(self, condition: Expr | None, *numbers: Aggregate) -> Query:
        rows = Query(self.target.name, (self.other,), filter=condition)
        return Query(self.target.name, (self.other,), source=Grouping(rows, (self.other,), numbers))

    def _asked(self, expr: Expr, condition: Expr) -> _Asked | None:
        """``condition`` says of related rows what ``expr`` says of the row. What that is where there are none, the
        evaluator tells.
        """
        try:
            alone = compile_expression(expr, self.metadata, {IT: self.entity_set}, lambda *_: ())({IT: {}})
        except ODataError:
            return None
        condition = _not_true(condition) if alone is True else condition
        return Query(self.target.name, (self.other,), filter=condition), alone is True


def _not_true(expr: Expr) -> Expr:
    """True where ``expr`` is false or null."""
    return call("not", call("eq", expr, TRUE))


def _inside(expr: Lambda | CountOf) -> Expr | None:
    """The predicate over the related row itself."""
    if expr.predicate is None:
        return None
    return _mapped(expr.predicate, lambda n: replace(n, variable=IT) if n.variable == expr.bound else n)


def _behind(expr: Expr) -> Expr:
    """What is said of the entity that the first step of every path leads to."""
    return _mapped(expr, lambda n: replace(n, path=n.path[1:]) if n.variable == IT else n)


def _mapped(expr: Expr, change: Callable[[Any], Any]) -> Expr:
    """``expr`` with its paths changed."""
    match expr:
        case Call(args=args):
            return replace(expr, args=tuple(_mapped(arg, change) for arg in args))
        case Lambda() | CountOf():
            inner = None if expr.predicate is None else _mapped(expr.predicate, change)
            changed: Expr = change(replace(expr, predicate=inner))
            return changed
        case Prop():
            named: Expr = change(expr)
            return named
    return expr


def _replaced(expr: Expr, old: Expr, new: Expr) -> Expr:
    if expr == old:
        return new
    return replace(expr, args=tuple(_replaced(a, old, new) for a in expr.args)) if isinstance(expr, Call) else expr
